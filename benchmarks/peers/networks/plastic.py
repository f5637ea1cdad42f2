"""A network whose excitatory synapses change, by the times of spikes or for a short term, or stay as they are."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from benchmarks.peers.networks import DT, LEARNED

TITLE = "Synapses that change"
EQUATIONS = """C_m V' = g_L (E_L - V) + I_e + I_i + I_0, I_e' = -I_e/tau_e, I_i' = -I_i/tau_i; four fifths of the
neurons excite, every pair is connected with the same probability, all delays are 1.5 ms. *STDP*: additive, all pairs
(Song, Miller & Abbott 2000), on every excitatory synapse, with a dendritic delay: a spike of the target reaches the
synapse after it. All weights begin at w_max/2. *Short-term*: depression of every excitatory synapse (Tsodyks & Markram
1997, U = 0.5, tau_rec = 800 ms, no facilitation), with the same parameters for all, and with 12.5 times the weight, for
which the rates are those of the twin. The *static twin* of each has weights that stay, own ones for STDP"""
METHODS = {
    "gpusyn": "exact",
    "NEST": "exact (`iaf_psc_exp`; `stdp_synapse_hom`, `tsodyks2_synapse` with u = U at first)",
    "Brian2": "exact; STDP with event-driven traces; x of short-term depression is kept by the source",
    "GeNN": "exact; traces and x are kept by source and target",
}
TOLERANCE = 0.15  # of the rates

# pF, nS, mV, ms and pA
C_M, G_L, E_L, V_TH, V_RESET, T_REF = 200.0, 10.0, -60.0, -50.0, -60.0, 5.0
TAU_E, TAU_I, CURRENT, DELAY = 5.0, 10.0, 285.0, 1.5
W_E, W_I = 1.25, 12.5  # for 1000 synapses; the sum is the same for any number
SPREAD = 0.5  # own weights that stay are uniform in (1 - SPREAD, 1 + SPREAD) times the mean
A_PLUS, A_MINUS, TAU_STDP = 0.005, 0.00525, 20.0
W_MAX = 2.0  # times the weight at the beginning
U, TAU_REC = 0.5, 800.0
RELEASED = 0.08  # weights are divided by it, and the rates are those of the static twin

STDP, SHORT_TERM = "STDP", "short-term"


class Numbers(NamedTuple):
    """What distinguishes the cases.

    Attributes
    ----------
    neurons, synapses : int
        Number of neurons, and mean number of synapses onto each.
    plasticity : {"", "STDP", "short-term"}
        How the excitatory synapses change.
    own : bool
        If True, every excitatory synapse has a weight of its own; so it has with STDP.
    """

    neurons: int
    synapses: int
    plasticity: str = ""
    own: bool = False

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

    @property
    def twin(self) -> Numbers | None:
        """The same network with weights that stay, None if this is one."""
        return self._replace(plasticity="", own=self.plasticity == STDP) if self.plasticity else None

    @property
    def out_degree(self) -> float:
        """Expected number of synapses that a spike of an excitatory neuron reaches."""
        return float(self.synapses)

    def events(self, rates: Mapping[str, float]) -> float:
        """Return how many spikes reach a plastic synapse in a second, for the rates of the populations (Hz)."""
        return rates["E"] * self.populations["E"] * self.out_degree

    @property
    def plastic_synapses(self) -> float:
        """Expected number of synapses that change."""
        return self.populations["E"] * self.out_degree if self.plasticity else 0.0

    @property
    def w_e(self) -> float:
        """Weight of excitation (pA), the mean or that at the beginning."""
        return W_E * 1000.0 / self.synapses / (RELEASED if self.plasticity == SHORT_TERM else 1.0)

    @property
    def w_i(self) -> float:
        """Weight of inhibition (pA)."""
        return -W_I * 1000.0 / self.synapses

    @property
    def w_max(self) -> float:
        """Largest weight that STDP makes (pA)."""
        return W_MAX * self.w_e

    @property
    def limits(self) -> tuple[float, float]:
        """Limits of own weights that stay (pA)."""
        return (1 - SPREAD) * self.w_e, (1 + SPREAD) * self.w_e

    def lacking(self, simulator: str) -> str | None:
        """Return why a simulator cannot run it, None if it can."""
        return None


def gpusyn(gs: Any, n: Numbers) -> tuple[Any, Any]:
    """Return the network, and a function that sets its state at time 0."""
    net = gs.Network()
    cell = gs.LIF(C_m=C_M, g_L=G_L, E_L=E_L, V_th=V_TH, V_reset=V_RESET, t_ref=T_REF, I_e=CURRENT)
    receptors = [gs.CurrentReceptor("exc", tau_decay=TAU_E), gs.CurrentReceptor("inh", tau_decay=TAU_I)]
    start = gs.Uniform(V_RESET, V_TH)
    E, I = (net.population(name, size, cell, receptors=receptors, V=start) for name, size in n.populations.items())
    rule = gs.FixedProbability(n.p)
    excitation: dict[str, Any] = {
        "receptor": "exc",
        "weight": gs.Uniform(*n.limits) if n.own else n.w_e,
        "delay": DELAY,
    }
    if n.plasticity == STDP:
        stdp = gs.STDP(A_plus=A_PLUS, A_minus=A_MINUS, tau_plus=TAU_STDP, tau_minus=TAU_STDP)
        excitation |= {"plasticity": stdp, "w_max": n.w_max, "name": LEARNED}
    elif n.plasticity:
        excitation["plasticity"] = gs.TsodyksMarkram(U=U, tau_rec=TAU_REC)
    net.connect(E, E + I, rule, **excitation)
    net.connect(I, E + I, rule, receptor="inh", weight=n.w_i, delay=DELAY)
    return net, lambda sim: None


def nest(nest: Any, n: Numbers) -> dict[str, Any]:
    """Return the populations."""
    draw = nest.random.uniform
    cell = {"C_m": C_M, "tau_m": C_M / G_L, "E_L": E_L, "V_th": V_TH, "V_reset": V_RESET, "t_ref": T_REF}
    cell |= {"I_e": CURRENT, "tau_syn_ex": TAU_E, "tau_syn_in": TAU_I, "tau_minus": TAU_STDP}
    parts = {name: nest.Create("iaf_psc_exp", size, cell) for name, size in n.populations.items()}
    for cells in parts.values():
        cells.set(V_m=draw(V_RESET, V_TH))
    excitation: dict[str, Any] = {"weight": draw(*n.limits) if n.own else n.w_e, "delay": DELAY}
    if n.plasticity == STDP:
        rule = {"lambda": A_PLUS, "alpha": A_MINUS / A_PLUS, "mu_plus": 0.0, "mu_minus": 0.0}
        nest.CopyModel("stdp_synapse_hom", LEARNED, {**rule, "tau_plus": TAU_STDP, "Wmax": n.w_max})
        excitation["synapse_model"] = LEARNED
    elif n.plasticity:
        nest.CopyModel("tsodyks2_synapse", "depressing", {"U": U, "u": U, "tau_rec": TAU_REC, "tau_fac": 0.0})
        excitation["synapse_model"] = "depressing"
    for source, synapse in (("E", excitation), ("I", {"weight": n.w_i, "delay": DELAY})):
        for target in parts.values():
            nest.Connect(parts[source], target, {"rule": "pairwise_bernoulli", "p": n.p}, synapse)
    return parts


BRIAN2 = """
dv/dt = (g_L*(E_L - v) + (I_e + I_i + I_0)*pA)/C_m : volt (unless refractory)
dI_e/dt = -I_e/tau_e : 1
dI_i/dt = -I_i/tau_i : 1
"""
BRIAN2_SOURCE = "x : 1\nreleased : 1\nlast : second\n"
BRIAN2_RELEASE = """
x = 1 - (1 - x)*exp((last - t)/tau_rec)
released = U*x
x -= released
last = t
"""
BRIAN2_STDP: dict[str, Any] = {
    "model": """w : 1
dpre/dt = -pre/tau_stdp : 1 (event-driven)
dpost/dt = -post/tau_stdp : 1 (event-driven)""",
    "on_pre": "w = clip(w - A_minus*post, 0, w_max)\nI_e_post += w\npre += 1",
    "on_post": "w = clip(w + A_plus*pre, 0, w_max)\npost += 1",
}


def brian2(b2: Any, n: Numbers) -> tuple[list[Any], list[Any]]:
    """Return all objects, and the groups whose spikes are recorded; currents and weights are in pA.

    What a source has released is still that of the last spike when it arrives, because refractoriness outlasts delays.
    A dendritic delay is the same as one of pre and twice that of post, because only the difference counts.
    """
    low, high = n.limits
    space = {
        "C_m": C_M * b2.pF, "g_L": G_L * b2.nS, "E_L": E_L * b2.mV, "V_th": V_TH * b2.mV, "V_reset": V_RESET * b2.mV,
        "tau_e": TAU_E * b2.ms, "tau_i": TAU_I * b2.ms, "I_0": CURRENT, "w_e": n.w_e, "w_i": n.w_i, "low": low,
        "high": high, "A_plus": A_PLUS * n.w_max, "A_minus": A_MINUS * n.w_max, "w_max": n.w_max,
        "tau_stdp": TAU_STDP * b2.ms, "U": U, "tau_rec": TAU_REC * b2.ms,
    }  # fmt: skip
    releases = n.plasticity == SHORT_TERM
    cells = b2.NeuronGroup(
        n.neurons, BRIAN2 + (BRIAN2_SOURCE if releases else ""), threshold="v >= V_th",
        reset="v = V_reset" + (BRIAN2_RELEASE if releases else ""), refractory=T_REF * b2.ms, method="exact",
        namespace=space,
    )  # fmt: skip
    cells.v = "V_reset + rand()*(V_th - V_reset)"
    if releases:
        cells.x = 1
    size, delay = n.populations["E"], DELAY * b2.ms
    kind: dict[str, Any] = {"on_pre": "I_e_post += w_e*released_pre" if releases else "I_e_post += w_e", "delay": delay}
    if n.plasticity == STDP:
        kind = {**BRIAN2_STDP, "delay": {"pre": delay, "post": 2 * delay}, "name": LEARNED}
    elif n.own:
        kind |= {"model": "w : 1", "on_pre": "I_e_post += w"}
    excitation = b2.Synapses(cells[:size], cells, namespace=space, **kind)
    inhibition = b2.Synapses(cells[size:], cells, on_pre="I_i_post += w_i", delay=delay, namespace=space)
    for synapses in (excitation, inhibition):
        synapses.connect(p=n.p)
    if n.plasticity == STDP:
        excitation.w = "w_e"
    elif n.own:
        excitation.w = "low + rand()*(high - low)"
    return [cells, excitation, inhibition], [cells]


GENN_STEP = """
if (left > 0) left -= 1;
else V = rest + keep_V * (V - rest) + from_e * I_e + from_i * I_i;
I_e = I_e * keep_e + in_e;
I_i = I_i * keep_i + in_i;
"""
GENN_STDP: dict[str, Any] = {
    "params": ["A_plus", "A_minus", "w_max", "keep", ("steps", "int")],
    "vars": [("g", "scalar")],
    "pre_vars": [("pre", "scalar")],
    "post_vars": [("post", "scalar")],
    "pre_spike_code": "pre += 1.0;",
    "post_spike_code": "post += 1.0;",
    "pre_dynamics_code": "pre *= keep;",
    "post_dynamics_code": "post *= keep;",
    "pre_spike_syn_code": "g = fmax(0.0, g - A_minus * post);\naddToPostDelay(g, steps);",
    "post_spike_syn_code": "g = fmin(w_max, g + A_plus * pre);",
}
GENN_RELEASE: dict[str, Any] = {
    "params": ["g", "U", "tau_rec"],
    "pre_vars": [("x", "scalar"), ("released", "scalar"), ("last", "scalar")],
    "pre_spike_code": """
x = 1.0 - (1.0 - x) * exp((last - t) / tau_rec);
released = U * x;
x -= released;
last = t;
""",
    "pre_spike_syn_code": "addToPost(g * released);",
}


def genn(pygenn: Any, model: Any, n: Numbers) -> dict[str, Any]:
    """Add the network to the model, and return the populations; a delay of one step is GeNN's shortest, its zero."""
    tau_m = C_M / G_L
    keep_V, keep_e, keep_i = (math.exp(-DT / tau) for tau in (tau_m, TAU_E, TAU_I))
    parameters = {
        "rest": E_L + CURRENT / G_L, "V_th": V_TH, "V_reset": V_RESET, "t_ref": round(T_REF / DT), "keep_V": keep_V,
        "keep_e": keep_e, "keep_i": keep_i, "from_e": TAU_E * tau_m / (tau_m - TAU_E) * (keep_V - keep_e) / C_M,
        "from_i": TAU_I * tau_m / (tau_m - TAU_I) * (keep_V - keep_i) / C_M,
    }  # fmt: skip
    cell = pygenn.create_neuron_model(
        "plastic",
        params=list(parameters),
        vars=[("V", "scalar"), ("I_e", "scalar"), ("I_i", "scalar"), ("left", "int")],
        additional_input_vars=[("in_e", "scalar", 0.0), ("in_i", "scalar", 0.0)],
        sim_code=GENN_STEP,
        threshold_condition_code="left == 0 && V >= V_th",
        reset_code="V = V_reset; left = t_ref;",
    )
    start = {"V": pygenn.init_var("Uniform", {"min": V_RESET, "max": V_TH}), "I_e": 0.0, "I_i": 0.0, "left": 0}
    parts = {
        name: model.add_neuron_population(name, size, cell, parameters, start) for name, size in n.populations.items()
    }
    steps = round(DELAY / DT) - 1
    for source, port, kind in (("E", "in_e", n.plasticity), ("I", "in_i", "")):
        for target in parts:
            synapses = model.add_synapse_population(
                f"{LEARNED if kind == STDP else source}_{target}", "SPARSE", parts[source], parts[target],
                _genn_update(pygenn, n, source, kind), pygenn.init_postsynaptic("DeltaCurr"),
                pygenn.init_sparse_connectivity("FixedProbability", {"prob": n.p}),
            )  # fmt: skip
            synapses.post_target_var = port
            if kind == STDP:
                synapses.max_dendritic_delay_timesteps = steps + 1
                synapses.back_prop_delay_steps = steps + 1
            else:
                synapses.axonal_delay_steps = steps
    return parts


@functools.cache  # GeNN keeps no reference to it
def _genn_model(pygenn: Any, plasticity: str) -> Any:
    """Return GeNN's model of synapses that change."""
    return pygenn.create_weight_update_model("plastic", **(GENN_STDP if plasticity == STDP else GENN_RELEASE))


def _genn_update(pygenn: Any, n: Numbers, source: str, kind: str) -> Any:
    """Return what spikes of a source do to a synapse."""
    if kind == STDP:
        numbers = {
            "A_plus": A_PLUS * n.w_max, "A_minus": A_MINUS * n.w_max, "w_max": n.w_max,
            "keep": math.exp(-DT / TAU_STDP), "steps": round(DELAY / DT) - 1,
        }  # fmt: skip
        return pygenn.init_weight_update(_genn_model(pygenn, kind), numbers, {"g": n.w_e}, {"pre": 0.0}, {"post": 0.0})
    if kind == SHORT_TERM:
        begin = {"x": 1.0, "released": 0.0, "last": 0.0}
        numbers = {"g": n.w_e, "U": U, "tau_rec": TAU_REC}
        return pygenn.init_weight_update(_genn_model(pygenn, kind), numbers, {}, begin)
    if n.own and source == "E":
        low, high = n.limits
        return pygenn.init_weight_update(
            "StaticPulse", {}, {"g": pygenn.init_var("Uniform", {"min": low, "max": high})}
        )
    return pygenn.init_weight_update("StaticPulseConstantWeight", {"g": n.w_e if source == "E" else n.w_i})
