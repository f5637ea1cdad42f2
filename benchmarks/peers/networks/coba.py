"""Conductance-based networks after Vogels and Abbott (2005), as specified by Brette et al. (2007), benchmark 1."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from benchmarks.peers.networks import DT, genn_delay

TITLE = "Conductance-based network of Vogels and Abbott (COBA)"
EQUATIONS = """C_m V' = g_L (E_L - V) + g_e (E_e - V) + g_i (E_i - V) + I_e, g_e' = -g_e/tau_e, g_i' = -g_i/tau_i;
four fifths of the neurons excite, every pair is connected with the same probability"""
METHODS = {
    "gpusyn": "exponential Euler with means of the gates over a step",
    "NEST": "adaptive Runge-Kutta (`iaf_cond_exp`)",
    "Brian2": "exponential Euler",
    "GeNN": "exponential Euler",
}
TOLERANCE = 0.2  # the mean rate scatters by 6 % from one drawn network of 4,000 x 80 to the next; NEST's is 10 % lower

# pF, nS, mV and ms
C_M, G_L, E_L, V_TH, V_RESET, T_REF = 200.0, 10.0, -60.0, -50.0, -60.0, 5.0
E_E, E_I, TAU_E, TAU_I = 0.0, -80.0, 5.0, 10.0
# Upper limits of the random conductances (nS) that start the published network. With more excitation, or with less
# varied inhibition, one volley of spikes occurs more often, and its inhibition ends the activity for good: with these
# in none of 40 drawn networks, with 40 and 200 in every tenth.
START_E, START_I = 10.0, 100.0
SPREAD = 0.5  # own weights are uniform in (1 - SPREAD, 1 + SPREAD) times the mean


class Numbers(NamedTuple):
    """What distinguishes the cases.

    Attributes
    ----------
    neurons, synapses : int
        Number of neurons, and mean number of synapses onto each.
    w_e, w_i : float
        Mean peak conductance of one event (nS).
    current : float
        Constant current into every neuron (pA); without it, random conductances start the activity.
    own : bool
        If True, every synapse has a weight of its own.
    delay : tuple of float
        Smallest and largest delay of a synapse (ms), uniform in between; one delay for all if they are equal.
    """

    neurons: int
    synapses: int
    w_e: float = 6.0
    w_i: float = 67.0
    current: float = 0.0
    own: bool = False
    delay: tuple[float, float] = (DT, DT)

    @property
    def populations(self) -> dict[str, int]:
        """Sizes of the populations."""
        return {"E": self.neurons * 4 // 5, "I": self.neurons - self.neurons * 4 // 5}

    @property
    def p(self) -> float:
        """Probability of a connection."""
        return self.synapses / self.neurons

    @property
    def expected_synapses(self) -> float:
        """Expected number of synapses."""
        return float(self.neurons) * self.synapses

    def lacking(self, simulator: str) -> str | None:
        """Return why a simulator cannot run it, None if it can."""
        return None


def driven(neurons: int, synapses: int, current: float = 350.0, *, own: bool = False) -> Numbers:
    """Return a network that a current keeps active; its weights have the same sum for any number of synapses."""
    delay = (0.5, 3.0) if own else (DT, DT)
    return Numbers(neurons, synapses, 50.0 / synapses, 500.0 / synapses, current, own, delay)


def gpusyn(gs: Any, n: Numbers) -> tuple[Any, Any]:
    """Return the network, and a function that sets its state at time 0."""
    net = gs.Network()
    cell = gs.LIF(C_m=C_M, g_L=G_L, E_L=E_L, V_th=V_TH, V_reset=V_RESET, t_ref=T_REF, I_e=n.current)
    receptors = [gs.AMPA(tau_decay=TAU_E, E_rev=E_E), gs.GABA_A(tau_decay=TAU_I, E_rev=E_I)]
    start = gs.Uniform(V_RESET, V_TH)
    E, I = (net.population(name, size, cell, receptors=receptors, V=start) for name, size in n.populations.items())
    delay = n.delay[0] if n.delay[0] == n.delay[1] else gs.Uniform(*n.delay)
    for source, receptor, mean in ((E, "AMPA", n.w_e), (I, "GABA_A", n.w_i)):
        weight = gs.Uniform((1 - SPREAD) * mean, (1 + SPREAD) * mean) if n.own else mean
        net.connect(source, E + I, gs.FixedProbability(n.p), receptor=receptor, weight=weight, delay=delay)

    def kick(sim: Any) -> None:
        for population in () if n.current else (E, I):
            sim.set(population, "g_AMPA", gs.Uniform(0.0, START_E))
            sim.set(population, "g_GABA_A", gs.Uniform(0.0, START_I))

    return net, kick


def nest(nest: Any, n: Numbers) -> dict[str, Any]:
    """Return the populations."""
    draw = nest.random.uniform
    cell = {"C_m": C_M, "g_L": G_L, "E_L": E_L, "V_th": V_TH, "V_reset": V_RESET, "t_ref": T_REF, "I_e": n.current}
    cell |= {"E_ex": E_E, "E_in": E_I, "tau_syn_ex": TAU_E, "tau_syn_in": TAU_I}
    parts = {name: nest.Create("iaf_cond_exp", size, cell) for name, size in n.populations.items()}
    for cells in parts.values():
        cells.set(V_m=draw(V_RESET, V_TH))
        if not n.current:
            cells.set(g_ex=draw(0.0, START_E), g_in=draw(0.0, START_I))
    delay = n.delay[0] if n.delay[0] == n.delay[1] else draw(*n.delay)
    for source, mean in (("E", n.w_e), ("I", -n.w_i)):  # the sign chooses the receptor
        weight = draw(*sorted(((1 - SPREAD) * mean, (1 + SPREAD) * mean))) if n.own else mean
        for target in parts.values():
            rule = {"rule": "pairwise_bernoulli", "p": n.p}
            nest.Connect(parts[source], target, rule, {"weight": weight, "delay": delay})
    return parts


BRIAN2 = """
dv/dt = (g_L*(E_L - v) + g_e*(E_e - v) + g_i*(E_i - v) + I_e)/C_m : volt (unless refractory)
dg_e/dt = -g_e/tau_e : siemens
dg_i/dt = -g_i/tau_i : siemens
"""


def brian2(b2: Any, n: Numbers) -> tuple[list[Any], list[Any]]:
    """Return all objects, and the groups whose spikes are recorded."""
    space = {
        "C_m": C_M * b2.pF, "g_L": G_L * b2.nS, "E_L": E_L * b2.mV, "V_th": V_TH * b2.mV, "V_reset": V_RESET * b2.mV,
        "E_e": E_E * b2.mV, "E_i": E_I * b2.mV, "tau_e": TAU_E * b2.ms, "tau_i": TAU_I * b2.ms,
        "I_e": n.current * b2.pA, "w_e": n.w_e * b2.nS, "w_i": n.w_i * b2.nS, "spread": SPREAD,
        "most_e": START_E * b2.nS, "most_i": START_I * b2.nS,
        "shortest": n.delay[0] * b2.ms, "longest": n.delay[1] * b2.ms,
    }  # fmt: skip
    cells = b2.NeuronGroup(
        n.neurons, BRIAN2, threshold="v >= V_th", reset="v = V_reset", refractory=T_REF * b2.ms,
        method="exponential_euler", namespace=space,
    )  # fmt: skip
    cells.v = "V_reset + rand()*(V_th - V_reset)"
    if not n.current:
        cells.g_e, cells.g_i = "rand()*most_e", "rand()*most_i"
    size = n.populations["E"]
    objects = [cells]
    for source, g, w in ((cells[:size], "g_e", "w_e"), (cells[size:], "g_i", "w_i")):
        one = n.delay[0] == n.delay[1]
        synapses = b2.Synapses(
            source, cells, "w : siemens" if n.own else "", on_pre=f"{g} += {'w' if n.own else w}",
            delay=n.delay[0] * b2.ms if one else None, namespace=space,
        )  # fmt: skip
        synapses.connect(p=n.p)
        if n.own:
            synapses.w = f"{w}*(1 + spread*(2*rand() - 1))"
        if not one:
            synapses.delay = "shortest + rand()*(longest - shortest)"
        objects.append(synapses)
    return objects, [cells]


GENN_STEP = """
if (left > 0) left -= 1;
else {
    const scalar g = g_L + g_e + g_i;
    const scalar rest = (g_L * E_L + g_e * E_e + g_i * E_i + I_e) / g;
    V = rest + (V - rest) * exp(-dt * g / C_m);
}
g_e = g_e * keep_e + in_e;
g_i = g_i * keep_i + in_i;
"""


def genn(pygenn: Any, model: Any, n: Numbers) -> dict[str, Any]:
    """Add the network to the model, and return the populations; a delay of one step is GeNN's shortest, its zero."""
    parameters = {
        "C_m": C_M, "g_L": G_L, "E_L": E_L, "E_e": E_E, "E_i": E_I, "V_th": V_TH, "V_reset": V_RESET,
        "I_e": n.current, "t_ref": round(T_REF / DT), "keep_e": math.exp(-DT / TAU_E), "keep_i": math.exp(-DT / TAU_I),
    }  # fmt: skip
    cell = pygenn.create_neuron_model(
        "coba",
        params=list(parameters),
        vars=[("V", "scalar"), ("g_e", "scalar"), ("g_i", "scalar"), ("left", "int")],
        additional_input_vars=[("in_e", "scalar", 0.0), ("in_i", "scalar", 0.0)],
        sim_code=GENN_STEP,
        threshold_condition_code="left == 0 && V >= V_th",
        reset_code="V = V_reset; left = t_ref;",
    )

    def uniform(low: float, high: float) -> Any:
        return pygenn.init_var("Uniform", {"min": low, "max": high})

    parts = {}
    for name, size in n.populations.items():
        start = {"V": uniform(V_RESET, V_TH), "left": 0, "g_e": uniform(0.0, START_E), "g_i": uniform(0.0, START_I)}
        if n.current:
            start |= {"g_e": 0.0, "g_i": 0.0}
        parts[name] = model.add_neuron_population(name, size, cell, parameters, start)
    steps = [round(t / DT) - 1 for t in n.delay]
    for source, port, mean in (("E", "in_e", n.w_e), ("I", "in_i", n.w_i)):
        weight = uniform((1 - SPREAD) * mean, (1 + SPREAD) * mean) if n.own else mean
        for target in parts:
            if n.own:
                drawn = {"g": weight, "d": pygenn.init_var(genn_delay(pygenn), {"low": steps[0], "high": steps[1]})}
                update = pygenn.init_weight_update("StaticPulseDendriticDelay", {}, drawn)
            else:
                update = pygenn.init_weight_update("StaticPulseConstantWeight", {"g": mean})
            rule = pygenn.init_sparse_connectivity("FixedProbability", {"prob": n.p})
            synapses = model.add_synapse_population(
                f"{source}{target}", "SPARSE", parts[source], parts[target], update,
                pygenn.init_postsynaptic("DeltaCurr"), rule,
            )  # fmt: skip
            synapses.post_target_var = port
            if n.own:
                synapses.max_dendritic_delay_timesteps = steps[1] + 1
            else:
                synapses.axonal_delay_steps = steps[0]
    return parts
