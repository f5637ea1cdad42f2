"""The cortical microcircuit of Potjans and Diesmann (2014): one column of 77,169 neurons and 299 million synapses."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from benchmarks.peers.networks import DT, GENN_POISSON

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

# One column per population. P[target][source] is the probability of a connection; RATES are the mean rates of the full
# network (Hz), which scaling preserves.
NAMES = ("L23E", "L23I", "L4E", "L4I", "L5E", "L5I", "L6E", "L6I")
SIZES = (20683, 5834, 21915, 5479, 4850, 1065, 14395, 2948)
P = (
    (0.1009, 0.1689, 0.0437, 0.0818, 0.0323, 0.0, 0.0076, 0.0),
    (0.1346, 0.1371, 0.0316, 0.0515, 0.0755, 0.0, 0.0042, 0.0),
    (0.0077, 0.0059, 0.0497, 0.1350, 0.0067, 0.0003, 0.0453, 0.0),
    (0.0691, 0.0029, 0.0794, 0.1597, 0.0033, 0.0, 0.1057, 0.0),
    (0.1004, 0.0622, 0.0505, 0.0057, 0.0831, 0.3726, 0.0204, 0.0),
    (0.0548, 0.0269, 0.0257, 0.0022, 0.0600, 0.3158, 0.0086, 0.0),
    (0.0156, 0.0066, 0.0211, 0.0166, 0.0572, 0.0197, 0.0396, 0.2252),
    (0.0364, 0.0010, 0.0034, 0.0005, 0.0277, 0.0080, 0.0658, 0.1443),
)
EXTERNAL = (1600, 1500, 2100, 1900, 2000, 1900, 2900, 2100)
RATES = (0.903, 2.965, 4.414, 5.876, 7.569, 8.633, 1.105, 7.829)
V_MEAN = (-68.28, -63.16, -63.33, -63.45, -63.11, -61.66, -66.72, -61.43)  # mV, at the start
V_SD = (5.36, 4.57, 4.74, 4.94, 4.94, 4.55, 5.46, 4.48)
PSC, INHIBITION, BACKGROUND, TAU = 87.81, -4.0, 8.0, 0.5  # pA, ratio, Hz, ms
C_M, G_L, E_L, V_TH, V_RESET, T_REF = 250.0, 25.0, -65.0, -50.0, -65.0, 2.0  # pF, nS, mV and ms
WEIGHT_SD = 0.1  # of the mean
DELAYS = ((1.5, 0.75), (0.75, 0.375))  # mean and standard deviation (ms) of excitation and inhibition


class Projection(NamedTuple):
    """Synapses from one population to another: indices, number, mean weight (pA), mean and SD of the delay (ms)."""

    source: int
    target: int
    synapses: int
    weight: float
    delay: tuple[float, float]


class Numbers(NamedTuple):
    """What distinguishes the cases: the scale of neurons and of synapses of each neuron."""

    scale: float = 1.0

    @property
    def populations(self) -> dict[str, int]:
        """Sizes of the populations."""
        return {name: round(self.scale * size) for name, size in zip(NAMES, SIZES, strict=True)}

    @property
    def expected_synapses(self) -> float:
        """Number of synapses."""
        return float(sum(p.synapses for p in self.projections()))

    @property
    def external_weight(self) -> float:
        """Weight of the background (pA)."""
        return PSC / math.sqrt(self.scale)

    def projections(self) -> Iterator[Projection]:
        """Yield the projections that have synapses."""
        for t in range(8):
            for s in range(8):
                n = round(_synapses(t, s) * self.scale**2)
                if n:
                    yield Projection(s, t, n, _psc(t, s) / math.sqrt(self.scale), DELAYS[s % 2])

    def currents(self) -> list[float]:
        """Return the current (pA) into each population that replaces the mean input lost by scaling."""
        lost = 1e-3 * TAU * (1.0 - math.sqrt(self.scale))
        return [
            lost * (PSC * EXTERNAL[t] * BACKGROUND
                    + sum(_psc(t, s) * _synapses(t, s) / SIZES[t] * RATES[s] for s in range(8)))
            for t in range(8)
        ]  # fmt: skip

    def rate(self, target: int) -> float:
        """Return the rate of all background spikes of one neuron (Hz)."""
        return EXTERNAL[target] * BACKGROUND * self.scale

    def lacking(self, simulator: str) -> str | None:
        """Return why a simulator cannot run it, None if it can."""
        if simulator == "Brian2" and self.scale > 0.3:
            return "needs about 50 bytes a synapse, and its program would read all pairs from a file"
        return None


def _psc(target: int, source: int) -> float:
    """Return the mean amplitude of a connection (pA); that of L4E to L23E is doubled."""
    if source % 2:
        return INHIBITION * PSC
    return 2.0 * PSC if (target, source) == (0, 2) else PSC


def _synapses(target: int, source: int) -> float:
    """Return the number of synapses of a connection in the full network.

    They are drawn with replacement, so there are more than p times the number of pairs.
    """
    p, pairs = P[target][source], SIZES[target] * SIZES[source]
    return math.log(1.0 - p) / math.log1p(-1.0 / pairs)


def gpusyn(gs: Any, n: Numbers) -> tuple[Any, Any]:
    """Return the network, and a function that sets its state at time 0."""
    net = gs.Network()
    synapse = gs.CurrentReceptor("synapse", tau_decay=TAU)
    parts = []
    for t, (name, size) in enumerate(n.populations.items()):
        cell = gs.LIF(C_m=C_M, g_L=G_L, E_L=E_L, V_th=V_TH, V_reset=V_RESET, t_ref=T_REF, I_e=n.currents()[t])
        parts.append(net.population(name, size, cell, receptors=[synapse], V=gs.Normal(V_MEAN[t], V_SD[t])))
        net.drive(parts[t], "synapse", rate=n.rate(t), weight=n.external_weight)
    for p in n.projections():
        limit = {"low": 0.0} if p.weight > 0 else {"high": 0.0}  # redrawn while the sign is wrong
        net.connect(
            parts[p.source],
            parts[p.target],
            gs.FixedTotalNumber(p.synapses),
            receptor="synapse",
            weight=gs.Normal(p.weight, WEIGHT_SD * abs(p.weight), **limit),
            delay=gs.Normal(*p.delay, low=DT),
        )
    return net, lambda sim: None


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
