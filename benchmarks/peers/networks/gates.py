"""A gate on every synapse (Destexhe, Mainen and Sejnowski 1994): millions of small equations in every step."""

from __future__ import annotations

from typing import Any, NamedTuple

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
BRIAN2_GATE = """
dr/dt = alpha*T_max*int(t < off - dt/2)*(1 - r) - beta*r : 1 (clock-driven)
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
