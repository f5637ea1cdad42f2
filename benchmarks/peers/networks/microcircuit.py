"""The cortical microcircuit of Potjans and Diesmann (2014): one column of 77,169 neurons and 299 million synapses."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np

from benchmarks.peers.networks import DT, GENN_POISSON
from gpusyn import models
from gpusyn.models.microcircuit import (
    C_M,
    DELAYS,
    E_L,
    EXTERNAL,
    G_L,
    INHIBITION,
    NAMES,
    T_REF,
    TAU,
    V_MEAN,
    V_RESET,
    V_SD,
    V_TH,
    WEIGHT_SD,
    Scaled,
)

TITLE = "Cortical microcircuit of Potjans and Diesmann"
EQUATIONS = """C_m V' = g_L (E_L - V) + I + I_e, I' = -I/tau; background of independent Poisson spikes for each neuron;
normal weights and delays of each synapse, synapses drawn with replacement. Scaled to x, there are x times the neurons
and x times the synapses of each; weights grow by 1/sqrt(x), and a current replaces the lost mean input"""
METHODS = {
    "gpusyn": "exact; Poisson input",
    "NEST": "exact (`iaf_psc_exp`); Poisson input (`poisson_generator`)",
    "Brian2": "exact; binomial input of all background sources (`PoissonInput`)",
    "GeNN": "exact; Poisson input",
}
TOLERANCE = 0.2  # of each of eight populations, the smallest of which has 106 neurons at scale 0.1


class Numbers(Scaled):
    """What distinguishes the cases: the scale of neurons and of synapses of each neuron."""

    def lacking(self, simulator: str) -> str | None:
        """Return why a simulator cannot run it, None if it can."""
        if simulator == "Brian2" and self.scale > 0.3:
            return "needs about 50 bytes a synapse, and its program would read all pairs from a file"
        return None


def gpusyn(gs: Any, n: Numbers) -> tuple[Any, Any]:
    """Return the network, and a function that sets its state at time 0."""
    return models.microcircuit(n.scale)[0], lambda sim: None


def nest(nest: Any, n: Numbers) -> dict[str, Any]:
    """Return the populations."""
    cell = {"C_m": C_M, "tau_m": C_M / G_L, "E_L": E_L, "V_th": V_TH, "V_reset": V_RESET, "t_ref": T_REF}
    cell |= {"tau_syn_ex": TAU, "tau_syn_in": TAU}
    parts = []
    for t, size in enumerate(n.populations.values()):
        cells = nest.Create("iaf_psc_exp", size, {**cell, "I_e": n.currents()[t]})
        cells.set(V_m=nest.random.normal(V_MEAN[t], V_SD[t]))
        background = nest.Create("poisson_generator", params={"rate": n.rate(t)})
        nest.Connect(background, cells, syn_spec={"weight": n.external_weight, "delay": DELAYS[0][0]})
        parts.append(cells)
    normal, redraw = nest.random.normal, nest.math.redraw
    for p in n.projections():
        low, high = (0.0, np.inf) if p.weight > 0 else (-np.inf, 0.0)
        weight = redraw(normal(p.weight, WEIGHT_SD * abs(p.weight)), min=low, max=high)
        delay = redraw(normal(*p.delay), min=DT, max=np.inf)
        rule = {"rule": "fixed_total_number", "N": p.synapses}
        nest.Connect(parts[p.source], parts[p.target], rule, {"weight": weight, "delay": delay})
    return dict(zip(n.populations, parts, strict=True))


BRIAN2 = """
dv/dt = (g_L*(E_L - v) + I + I_e)/C_m : volt (unless refractory)
dI/dt = -I/tau : amp
I_e : amp (constant)
"""


def brian2(b2: Any, n: Numbers) -> tuple[list[Any], list[Any]]:
    """Return all objects, and the groups whose spikes are recorded; one group and one set of synapses are fastest."""
    space = {
        "C_m": C_M * b2.pF, "g_L": G_L * b2.nS, "E_L": E_L * b2.mV, "V_th": V_TH * b2.mV, "V_reset": V_RESET * b2.mV,
        "tau": TAU * b2.ms, "shortest": DT * b2.ms,
    }  # fmt: skip
    sizes = list(n.populations.values())
    begin = np.concatenate([[0], np.cumsum(sizes)])
    cells = b2.NeuronGroup(
        int(begin[-1]), BRIAN2, threshold="v >= V_th", reset="v = V_reset", refractory=T_REF * b2.ms, method="exact",
        namespace=space,
    )  # fmt: skip
    objects: list[Any] = [cells]
    for t, (a, b) in enumerate(itertools.pairwise(begin)):
        part = cells[int(a) : int(b)]
        part.v = f"{V_MEAN[t]}*mV + {V_SD[t]}*mV*randn()"
        part.I_e = n.currents()[t] * b2.pA
        sources = round(EXTERNAL[t] * n.scale)
        weight = n.external_weight * b2.pA
        objects.append(b2.PoissonInput(part, "I", sources, n.rate(t) / sources * b2.Hz, weight))
    draw = np.random.default_rng(1)
    synapses = b2.Synapses(cells, cells, "w : amp", on_pre="I += w", namespace=space)
    pairs = [
        [draw.integers(begin[k], begin[k + 1], p.synapses, np.int32) for k in (p.source, p.target)]
        for p in n.projections()
    ]
    synapses.connect(i=np.concatenate([i for i, _ in pairs]), j=np.concatenate([j for _, j in pairs]))
    inhibits = " + ".join(f"int(i >= {a} and i < {b})" for a, b in zip(begin[1:-1:2], begin[2::2], strict=True))
    doubled = f"int(i >= {begin[2]} and i < {begin[3]} and j < {begin[1]})"
    mean = f"{n.external_weight}*pA*(1 + ({INHIBITION} - 1)*({inhibits}) + {doubled})"
    synapses.w = f"{mean}*(1 + {WEIGHT_SD}*randn())"
    (mean_e, sd_e), (mean_i, sd_i) = DELAYS
    mean, sd = (f"({e} + {i - e}*({inhibits}))" for e, i in ((mean_e, mean_i), (sd_e, sd_i)))
    delay = f"({mean} + {sd}*randn())*ms"
    synapses.delay = delay
    for _ in range(3):
        synapses.delay["delay < shortest"] = delay  # drawn again, as elsewhere
    synapses.delay["delay < shortest"] = "shortest"
    return [*objects, synapses], [cells]


GENN_STEP = (
    """
if (left > 0) left -= 1;
else V = E_L + I_e / g_L + keep_V * (V - E_L - I_e / g_L) + from_I * I;
"""
    + GENN_POISSON
    + """\
I = I * keep_I + in_I + external * events;
"""
)


def genn(pygenn: Any, model: Any, n: Numbers) -> dict[str, Any]:
    """Add the network to the model, and return the populations; a delay of one step is GeNN's shortest, its zero."""
    tau_m = C_M / G_L
    keep_V, keep_I = math.exp(-DT / tau_m), math.exp(-DT / TAU)
    shared = {
        "g_L": G_L, "E_L": E_L, "V_th": V_TH, "V_reset": V_RESET, "t_ref": round(T_REF / DT), "keep_V": keep_V,
        "keep_I": keep_I, "from_I": TAU * tau_m / (tau_m - TAU) * (keep_V - keep_I) / C_M,
        "external": n.external_weight,
    }  # fmt: skip
    cell = pygenn.create_neuron_model(
        "microcircuit",
        params=[*shared, "I_e", "mean", "exp_mean"],
        vars=[("V", "scalar"), ("I", "scalar"), ("left", "int")],
        additional_input_vars=[("in_I", "scalar", 0.0)],
        sim_code=GENN_STEP,
        threshold_condition_code="left == 0 && V >= V_th",
        reset_code="V = V_reset; left = t_ref;",
    )
    parts = []
    for t, (name, size) in enumerate(n.populations.items()):
        mean = n.rate(t) * DT * 1e-3
        own = {"I_e": n.currents()[t], "mean": mean, "exp_mean": math.exp(-mean)}
        start = {"V": pygenn.init_var("Normal", {"mean": V_MEAN[t], "sd": V_SD[t]}), "I": 0.0, "left": 0}
        parts.append(model.add_neuron_population(name, size, cell, {**shared, **own}, start))
    for p in n.projections():
        mean, sd = p.delay
        longest = mean + 6 * sd
        low, high = (0.0, 2 * p.weight) if p.weight > 0 else (2 * p.weight, 0.0)
        drawn = {
            "g": pygenn.init_var(
                "NormalClipped", {"mean": p.weight, "sd": WEIGHT_SD * abs(p.weight), "min": low, "max": high}
            ),
            "d": pygenn.init_var("NormalClippedDelay", {"mean": mean - DT, "sd": sd, "min": 0.0, "max": longest - DT}),
        }
        synapses = model.add_synapse_population(
            f"{NAMES[p.source]}_{NAMES[p.target]}", "SPARSE", parts[p.source], parts[p.target],
            pygenn.init_weight_update("StaticPulseDendriticDelay", {}, drawn), pygenn.init_postsynaptic("DeltaCurr"),
            pygenn.init_sparse_connectivity("FixedNumberTotalWithReplacement", {"num": p.synapses}),
        )  # fmt: skip
        synapses.post_target_var = "in_I"
        synapses.max_dendritic_delay_timesteps = round(longest / DT)
    return dict(zip(n.populations, parts, strict=True))
