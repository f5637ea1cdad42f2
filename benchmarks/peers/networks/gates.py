"""A gate on every synapse (Destexhe, Mainen and Sejnowski 1994): millions of small equations in every step."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from benchmarks.peers.networks import DT, genn_delay

TITLE = "A first-order gate on every synapse"
EQUATIONS = """r' = alpha [T] (1 - r) - beta r with [T] = 1 mM for 1 ms after each spike that arrives, g = sum of w r;
C_m V' = g_L (E_L - V) + g (E_rev - V). Poisson sources; every synapse has a weight, a delay and a gate of its own"""
METHODS = {
    "gpusyn": 'exact gates; `gating="per-synapse"`, though gates on the sources would be exact and cheaper',
    "Brian2": "exact gates (exponential Euler)",
    "GeNN": "exact gates; the gates are delayed, not the spikes, which is the same",
}
TOLERANCE = 0.15

ALPHA, BETA, T_MAX, T_DUR, E_REV = 1.1, 0.19, 1.0, 1.0, 0.0  # 1/(mM ms), 1/ms, mM, ms, mV
C_M, G_L, E_L, V_TH, V_RESET, T_REF = 200.0, 10.0, -70.0, -55.0, -70.0, 2.0  # pF, nS, mV and ms
RATE, TOTAL, DELAY = 10.0, 90.0, (0.5, 5.0)  # Hz, nS of all synapses of a neuron, ms


class Numbers(NamedTuple):
    """What distinguishes the cases: Poisson sources, target neurons, and synapses onto each."""

    sources: int
    targets: int
    synapses: int

    @property
    def populations(self) -> dict[str, int]:
        """Sizes of the populations."""
        return {"sources": self.sources, "targets": self.targets}

    @property
    def expected_synapses(self) -> float:
        """Number of synapses."""
        return float(self.targets) * self.synapses

    @property
    def weights(self) -> tuple[float, float]:
        """Smallest and largest weight (nS)."""
        return 0.5 * TOTAL / self.synapses, 1.5 * TOTAL / self.synapses

    def lacking(self, simulator: str) -> str | None:
        """Return why a simulator cannot run it, None if it can."""
        if simulator == "NEST":
            return "its neuron models keep one gate per receptor, none per synapse"
        return None


def gpusyn(gs: Any, n: Numbers) -> tuple[Any, Any]:
    """Return the network, and a function that sets its state at time 0."""
    net = gs.Network()
    kinetics = gs.kinetics.FirstOrder(alpha=ALPHA, beta=BETA, T_max=T_MAX, T_dur=T_DUR)
    receptor = gs.AMPA(E_rev=E_REV, kinetics=kinetics, gating="per-synapse")
    cell = gs.LIF(C_m=C_M, g_L=G_L, E_L=E_L, V_th=V_TH, V_reset=V_RESET, t_ref=T_REF)
    sources = net.population("sources", n.sources, gs.PoissonSource(rate=RATE))
    targets = net.population("targets", n.targets, cell, receptors=[receptor], V=gs.Uniform(V_RESET, V_TH))
    rule, weight, delay = gs.FixedInDegree(n.synapses), gs.Uniform(*n.weights), gs.Uniform(*DELAY)
    net.connect(sources, targets, rule, receptor="AMPA", weight=weight, delay=delay)
    return net, lambda sim: None


BRIAN2 = """
dv/dt = (g_L*(E_L - v) + g*(E_rev - v))/C_m : volt (unless refractory)
g : siemens
"""
# A spike arrives after the gates of its step have advanced, so a pulse covers the T_dur/dt steps that follow.
BRIAN2_GATE = """
dr/dt = alpha*T_max*int(t < off + dt/2)*(1 - r) - beta*r : 1 (clock-driven)
off : second
w : siemens (constant)
g_post = w*r : siemens (summed)
"""


def brian2(b2: Any, n: Numbers) -> tuple[list[Any], list[Any]]:
    """Return all objects, and the groups whose spikes are recorded."""
    space = {
        "C_m": C_M * b2.pF, "g_L": G_L * b2.nS, "E_L": E_L * b2.mV, "V_th": V_TH * b2.mV, "V_reset": V_RESET * b2.mV,
        "E_rev": E_REV * b2.mV, "alpha": ALPHA / b2.ms, "beta": BETA / b2.ms, "T_max": T_MAX, "T_dur": T_DUR * b2.ms,
        "low": n.weights[0] * b2.nS, "high": n.weights[1] * b2.nS,
        "shortest": DELAY[0] * b2.ms, "longest": DELAY[1] * b2.ms,
    }  # fmt: skip
    sources = b2.PoissonGroup(n.sources, RATE * b2.Hz)
    targets = b2.NeuronGroup(
        n.targets, BRIAN2, threshold="v >= V_th", reset="v = V_reset", refractory=T_REF * b2.ms,
        method="exponential_euler", namespace=space,
    )  # fmt: skip
    targets.v = "V_reset + rand()*(V_th - V_reset)"
    synapses = b2.Synapses(
        sources, targets, BRIAN2_GATE, on_pre="off = t + T_dur", method="exponential_euler", namespace=space
    )
    synapses.connect(i=f"k for k in sample(N_pre, size={n.synapses})")
    synapses.off = -1 * b2.second
    synapses.w = "low + rand()*(high - low)"
    synapses.delay = "shortest + rand()*(longest - shortest)"
    return [sources, targets, synapses], [sources, targets]


GENN_STEP = """
if (left > 0) left -= 1;
else {
    const scalar g = g_L + in_g;
    const scalar rest = (g_L * E_L + in_g * E_rev) / g;
    V = rest + (V - rest) * exp(-dt * g / C_m);
}
"""


def genn(pygenn: Any, model: Any, n: Numbers) -> dict[str, Any]:
    """Add the network to the model, and return the populations; what a gate lets through is delayed, not the spike."""
    source = pygenn.create_neuron_model(
        "source",
        params=["p", "pulse"],
        vars=[("draw", "scalar"), ("left", "int")],
        sim_code="if (left > 0) left -= 1; draw = gennrand_uniform();",
        threshold_condition_code="draw < p",
        reset_code="left = pulse;",
    )
    parameters = {
        "C_m": C_M, "g_L": G_L, "E_L": E_L, "E_rev": E_REV, "V_th": V_TH, "V_reset": V_RESET,
        "t_ref": round(T_REF / DT),
    }  # fmt: skip
    target = pygenn.create_neuron_model(
        "target",
        params=list(parameters),
        vars=[("V", "scalar"), ("left", "int")],
        additional_input_vars=[("in_g", "scalar", 0.0)],
        sim_code=GENN_STEP,
        threshold_condition_code="left == 0 && V >= V_th",
        reset_code="V = V_reset; left = t_ref;",
    )
    fires = {"p": 1.0 - math.exp(-RATE * DT * 1e-3), "pulse": round(T_DUR / DT)}
    start = {"V": pygenn.init_var("Uniform", {"min": V_RESET, "max": V_TH}), "left": 0}
    parts = {
        "sources": model.add_neuron_population("sources", n.sources, source, fires, {"draw": 1.0, "left": 0}),
        "targets": model.add_neuron_population("targets", n.targets, target, parameters, start),
    }
    pace = ALPHA * T_MAX + BETA
    rates = {"open": ALPHA * T_MAX / pace, "on": math.exp(-DT * pace), "off": math.exp(-DT * BETA)}
    gate = pygenn.create_weight_update_model(
        "gate",
        params=list(rates),
        vars=[
            ("r", "scalar"),
            ("w", "scalar", pygenn.VarAccess.READ_ONLY),
            ("d", "uint8_t", pygenn.VarAccess.READ_ONLY),
        ],
        pre_neuron_var_refs=[("left", "int")],
        synapse_dynamics_code="r = (left > 0) ? open + on * (r - open) : off * r; addToPostDelay(w * r, d);",
    )
    steps = [round(t / DT) - 1 for t in DELAY]
    drawn = {
        "r": 0.0,
        "w": pygenn.init_var("Uniform", dict(zip(("min", "max"), n.weights, strict=True))),
        "d": pygenn.init_var(genn_delay(pygenn), dict(zip(("low", "high"), steps, strict=True))),
    }
    refs = {"left": pygenn.create_var_ref(parts["sources"], "left")}
    synapses = model.add_synapse_population(
        "gates", "SPARSE", *parts.values(), pygenn.init_weight_update(gate, rates, drawn, pre_var_refs=refs),
        pygenn.init_postsynaptic("DeltaCurr"),
        pygenn.init_sparse_connectivity("FixedNumberPreWithReplacement", {"num": n.synapses}),
    )  # fmt: skip
    synapses.post_target_var = "in_g"
    synapses.max_dendritic_delay_timesteps = steps[1] + 1
    return parts
