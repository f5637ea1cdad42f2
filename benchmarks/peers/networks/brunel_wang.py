"""The network of Brunel and Wang (2001) with the numbers of Wang (2002), in its spontaneous state.

Its excitation is mostly through slow, saturating NMDA.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from benchmarks.peers.networks import DT, GENN_POISSON

TITLE = "All-to-all network with saturating NMDA (Brunel and Wang)"
EQUATIONS = """C_m V' = g_L (E_L - V) - (g_AMPA + g_NMDA B(V)) V + g_GABA (E_I - V),
B = 1/(1 + [Mg]/3.57 exp(-0.062 V)). Gates of AMPA and GABA decay exponentially, NMDA saturates: x' = -x/tau_rise,
S' = -S/tau_decay + alpha x (1 - S); with *jump*, S grows by k0 + k1 S at each spike instead. Every pair is connected;
Poisson background of 2,400 Hz"""
METHODS = {
    "gpusyn": "exponential Euler with means of the gates over a step",
    "NEST": "adaptive Runge-Kutta (`iaf_bw_2001`, which has the jump)",
    "Brian2": "exponential Euler; binomial input of 2,400 sources of 1 Hz",
    "GeNN": "exponential Euler; own weights of AMPA and NMDA are drawn apart",
}
TOLERANCE = 0.15  # NMDA makes the rates wander for seconds; AMPA that is held over a step adds 2.5 % of excitation

BACKGROUND, DELAY, MG = 2400.0, 0.5, 1.0  # Hz, ms, mM
ALPHA, TAU_RISE, TAU_DECAY, TAU_AMPA, TAU_GABA = 0.5, 2.0, 100.0, 2.0, 5.0  # 1/ms and ms
E_L, V_TH, V_RESET, E_I, START = -70.0, -50.0, -55.0, -70.0, -60.0  # mV; V starts between START and V_TH
SPREAD = 0.5  # own weights are uniform in (1 - SPREAD, 1 + SPREAD) times the mean
SIZES = {"E": 1600, "I": 400}  # for which the weights are


class Cell(NamedTuple):
    """Parameters of one type of cell (pF, nS, ms), and weights of the synapses onto it (nS)."""

    C_m: float
    g_L: float
    t_ref: float
    external: float
    AMPA: float
    NMDA: float
    GABA: float


CELLS = {"E": Cell(500.0, 25.0, 2.0, 2.1, 0.05, 0.165, 1.3), "I": Cell(200.0, 20.0, 1.0, 1.62, 0.04, 0.13, 1.0)}


class Numbers(NamedTuple):
    """What distinguishes the cases.

    Attributes
    ----------
    neurons : int
        Number of neurons, four fifths of which are excitatory; the weights have the same sum for any number.
    own : bool
        If True, every pair has a weight of its own, NMDA in proportion to AMPA.
    jump : bool
        If True, NMDA gates jump at a spike instead of rising.
    """

    neurons: int = 2000
    own: bool = False
    jump: bool = False

    @property
    def populations(self) -> dict[str, int]:
        """Sizes of the populations."""
        return {"E": self.neurons * 4 // 5, "I": self.neurons - self.neurons * 4 // 5}

    @property
    def expected_synapses(self) -> float:
        """Number of connected pairs."""
        return float(self.neurons) ** 2

    def onto(self, target: str) -> Cell:
        """Return the parameters of a population, with weights for this number of neurons."""
        cell, factor = CELLS[target], sum(SIZES.values()) / self.neurons
        return cell._replace(AMPA=cell.AMPA * factor, NMDA=cell.NMDA * factor, GABA=cell.GABA * factor)

    def lacking(self, simulator: str) -> str | None:
        """Return why a simulator cannot run it, None if it can."""
        if simulator == "NEST" and not self.jump:
            return "`iaf_bw_2001_exact` solves every gate of every neuron with an adaptive method: hours per second"
        return None


def jump() -> tuple[float, float]:
    """Return k0 and k1 of the jump.

    k0 = a^(1 - p) gamma_lower(p, a) by its series, with a = alpha tau_rise and p = 1 - tau_rise/tau_decay.
    """
    a, p = ALPHA * TAU_RISE, 1.0 - TAU_RISE / TAU_DECAY
    term = total = 1.0 / p
    for k in range(1, 40):
        term *= a / (p + k)
        total += term
    return a * math.exp(-a) * total, math.exp(-a) - 1.0


def gpusyn(gs: Any, n: Numbers) -> tuple[Any, Any]:
    """Return the network, and a function that sets its state at time 0."""
    net = gs.Network()
    kinetics = gs.kinetics.Saturating(alpha=ALPHA, tau_rise=TAU_RISE, tau_decay=TAU_DECAY, jump=n.jump)
    receptors = [
        gs.AMPA(tau_decay=TAU_AMPA),
        gs.NMDA(Mg=MG, kinetics=kinetics),
        gs.GABA_A(tau_decay=TAU_GABA, E_rev=E_I),
    ]

    def drawn(mean: float) -> Any:
        return gs.Uniform((1 - SPREAD) * mean, (1 + SPREAD) * mean) if n.own else mean

    parts = {}
    for name, size in n.populations.items():
        c = n.onto(name)
        cell = gs.LIF(C_m=c.C_m, g_L=c.g_L, E_L=E_L, V_th=V_TH, V_reset=V_RESET, t_ref=c.t_ref)
        parts[name] = net.population(name, size, cell, receptors=receptors, V=gs.Uniform(START, V_TH))
        net.drive(parts[name], "AMPA", rate=BACKGROUND, weight=c.external)
    for name, target in parts.items():
        c = n.onto(name)
        excitation = {"AMPA": drawn(c.AMPA), "NMDA": gs.Ratio("AMPA", c.NMDA / c.AMPA)}
        net.connect(parts["E"], target, gs.AllToAll(), weight=excitation, delay=DELAY)
        net.connect(parts["I"], target, gs.AllToAll(), receptor="GABA_A", weight=drawn(c.GABA), delay=DELAY)
    return net, lambda sim: None


def nest(nest: Any, n: Numbers) -> dict[str, Any]:
    """Return the populations."""
    parts = {}
    for name, size in n.populations.items():
        c = n.onto(name)
        cell = {"C_m": c.C_m, "g_L": c.g_L, "E_L": E_L, "V_th": V_TH, "V_reset": V_RESET, "t_ref": c.t_ref}
        cell |= {"E_ex": 0.0, "E_in": E_I, "tau_AMPA": TAU_AMPA, "tau_GABA": TAU_GABA, "conc_Mg2": MG}
        cell |= {"alpha": ALPHA, "tau_rise_NMDA": TAU_RISE, "tau_decay_NMDA": TAU_DECAY}
        parts[name] = nest.Create("iaf_bw_2001", size, cell)
        parts[name].set(V_m=nest.random.uniform(START, V_TH))
    port = nest.GetDefaults("iaf_bw_2001")["receptor_types"]
    for name, target in parts.items():
        c = n.onto(name)
        background = nest.Create("poisson_generator", params={"rate": BACKGROUND})
        for source, receptor, weight in (
            (background, "AMPA", c.external),
            (parts["E"], "AMPA", c.AMPA),
            (parts["E"], "NMDA", c.NMDA),
            (parts["I"], "GABA", c.GABA),
        ):
            own = n.own and source is not background
            drawn = nest.random.uniform((1 - SPREAD) * weight, (1 + SPREAD) * weight) if own else weight
            synapse = {"receptor_type": port[receptor], "weight": drawn, "delay": DELAY}
            nest.Connect(source, target, "all_to_all", synapse)
    return parts


BRIAN2 = """
dv/dt = (g_L*(E_L - v) - (g_AMPA + g_NMDA*B)*v + g_GABA*(E_I - v))/C_m : volt (unless refractory)
B = 1/(1 + Mg/3.57*exp(-0.062*v/mV)) : 1 (constant over dt)
dg_AMPA/dt = -g_AMPA/tau_AMPA : siemens
dg_GABA/dt = -g_GABA/tau_GABA : siemens
"""
BRIAN2_GATES = {
    False: "dx/dt = -x/tau_rise : 1\nds/dt = -s/tau_decay + alpha*x*(1 - s) : 1\n",
    True: "ds/dt = -s/tau_decay : 1\n",
}


def brian2(b2: Any, n: Numbers) -> tuple[list[Any], list[Any]]:
    """Return all objects, and the groups whose spikes are recorded; with uniform weights, NMDA is one sum for all."""
    k0, k1 = jump()
    common = {
        "E_L": E_L * b2.mV, "V_th": V_TH * b2.mV, "V_reset": V_RESET * b2.mV, "E_I": E_I * b2.mV,
        "start": START * b2.mV,
        "tau_rise": TAU_RISE * b2.ms, "tau_decay": TAU_DECAY * b2.ms, "tau_AMPA": TAU_AMPA * b2.ms,
        "tau_GABA": TAU_GABA * b2.ms, "alpha": ALPHA / b2.ms, "Mg": MG, "k0": k0, "k1": k1, "spread": SPREAD,
    }  # fmt: skip
    total = b2.NeuronGroup(1, "S : 1")
    groups, spaces, objects = {}, {}, [total]
    for name, size in n.populations.items():
        c = n.onto(name)
        spaces[name] = {
            **common, "C_m": c.C_m * b2.pF, "g_L": c.g_L * b2.nS, "w_AMPA": c.AMPA * b2.nS, "w_NMDA": c.NMDA * b2.nS,
            "w_GABA": c.GABA * b2.nS, "ratio": c.NMDA / c.AMPA,
        }  # fmt: skip
        equations = BRIAN2 + (BRIAN2_GATES[n.jump] if name == "E" else "")
        equations += "g_NMDA : siemens\n" if n.own else "g_NMDA = w_NMDA*S : siemens\nS : 1 (linked)\n"
        cells = groups[name] = b2.NeuronGroup(
            size, equations, threshold="v >= V_th", reset="v = V_reset", refractory=c.t_ref * b2.ms,
            method="exponential_euler", namespace=spaces[name],
        )  # fmt: skip
        cells.v = "start + rand()*(V_th - start)"
        if not n.own:
            cells.S = b2.linked_var(total, "S", index=[0] * size)
        objects += [cells, b2.PoissonInput(cells, "g_AMPA", round(BACKGROUND), 1 * b2.Hz, c.external * b2.nS)]
    delay = DELAY * b2.ms
    E = groups["E"]
    arrival = b2.Synapses(E, E, on_pre="s += k0 + k1*s" if n.jump else "x += 1", delay=delay, namespace=common)
    arrival.connect(j="i")
    objects.append(arrival)
    if not n.own:
        add = b2.Synapses(E, total, "S_post = s_pre : 1 (summed)")
        add.connect()
        objects.append(add)
    for name, target in groups.items():
        for source, g in ((E, "AMPA"), (groups["I"], "GABA")):
            model = "w : siemens (constant)\n" if n.own else ""
            if n.own and source is E:
                model += "g_NMDA_post = ratio*w*s_pre : siemens (summed)\n"
            change = f"g_{g}_post += {'w' if n.own else f'w_{g}'}"
            synapses = b2.Synapses(source, target, model, on_pre=change, delay=delay, namespace=spaces[name])
            synapses.connect()
            if n.own:
                synapses.w = f"w_{g}*(1 + spread*(2*rand() - 1))"
            objects.append(synapses)
    return objects, list(groups.values())


GENN_STEP = (
    """
if (left > 0) left -= 1;
else {
    const scalar excitation = g_AMPA + in_NMDA / (1.0 + Mg / 3.57 * exp(-0.062 * V));
    const scalar g = g_L + excitation + g_GABA;
    const scalar rest = (g_L * E_L + g_GABA * E_I) / g;
    V = rest + (V - rest) * exp(-dt * g / C_m);
}
"""
    + GENN_POISSON
    + """\
g_AMPA = g_AMPA * keep_AMPA + in_AMPA + external * events;
g_GABA = g_GABA * keep_GABA + in_GABA;
"""
)
GENN_GATES = {
    False: """
const scalar pace = 1.0 / tau_decay + alpha * x;
s = alpha * x / pace + (s - alpha * x / pace) * exp(-dt * pace);
x *= exp(-dt / tau_rise);
""",
    True: "s *= exp(-dt / tau_decay);\n",
}


def genn(pygenn: Any, model: Any, n: Numbers) -> dict[str, Any]:
    """Add the network to the model, and return the populations; own weights need a sum over all pairs in each step."""
    k0, k1 = jump()
    shared = {
        "E_L": E_L, "E_I": E_I, "V_th": V_TH, "V_reset": V_RESET, "Mg": MG, "tau_rise": TAU_RISE,
        "tau_decay": TAU_DECAY, "alpha": ALPHA, "k0": k0, "k1": k1, "mean": BACKGROUND * DT * 1e-3,
        "exp_mean": math.exp(-BACKGROUND * DT * 1e-3),
        "keep_AMPA": math.exp(-DT / TAU_AMPA), "keep_GABA": math.exp(-DT / TAU_GABA),
    }  # fmt: skip
    zero = {"g_AMPA": 0.0, "g_GABA": 0.0, "x": 0.0, "s": 0.0, "left": 0}
    parts = {}
    for name, size in n.populations.items():
        c = n.onto(name)
        own = {"C_m": c.C_m, "g_L": c.g_L, "t_ref": round(c.t_ref / DT), "external": c.external}
        cell = pygenn.create_neuron_model(
            "brunel_wang",
            params=[*shared, *own],
            vars=[("V", "scalar"), *((variable, "int" if variable == "left" else "scalar") for variable in zero)],
            additional_input_vars=[(f"in_{receptor}", "scalar", 0.0) for receptor in ("AMPA", "NMDA", "GABA")],
            sim_code=(GENN_GATES[n.jump] if name == "E" else "") + GENN_STEP,
            threshold_condition_code="left == 0 && V >= V_th",
            reset_code="V = V_reset; left = t_ref; " + ("s += k0 + k1 * s;" if n.jump else "x += 1.0;"),
        )
        start = {"V": pygenn.init_var("Uniform", {"min": START, "max": V_TH}), **zero}
        parts[name] = model.add_neuron_population(name, size, cell, {**shared, **own}, start)
    kind = {"vars": [("g", "scalar", pygenn.VarAccess.READ_ONLY)]} if n.own else {"params": ["g"]}
    event = pygenn.create_weight_update_model("event", pre_spike_syn_code="addToPost(g);", **kind)
    graded = pygenn.create_weight_update_model(
        "graded", pre_neuron_var_refs=[("s", "scalar")], synapse_dynamics_code="addToPost(g * s);", **kind
    )

    def connect(source: Any, target: Any, port: str, mean: float, delay: int, *, by_gate: bool = False) -> None:
        limits = {"min": (1 - SPREAD) * mean, "max": (1 + SPREAD) * mean}
        weight = ({}, {"g": pygenn.init_var("Uniform", limits)}) if n.own else ({"g": mean}, {})
        refs = {"pre_var_refs": {"s": pygenn.create_var_ref(source, "s")}} if by_gate else {}
        synapses = model.add_synapse_population(
            f"{source.name}_{target.name}_{port}", "DENSE", source, target,
            pygenn.init_weight_update(graded if by_gate else event, *weight, **refs),
            pygenn.init_postsynaptic("DeltaCurr"),
        )  # fmt: skip
        synapses.post_target_var = port
        synapses.axonal_delay_steps = delay

    delay = round(DELAY / DT) - 1
    gates, gate_delay = parts["E"], delay
    if not n.own:  # one sum for all targets; it takes a step of the delay
        model_of_sum = pygenn.create_neuron_model(
            "sum", vars=[("s", "scalar")], additional_input_vars=[("in_s", "scalar", 0.0)], sim_code="s = in_s;"
        )
        gates, gate_delay = model.add_neuron_population("sum", 1, model_of_sum, {}, {"s": 0.0}), 0
        connect(parts["E"], gates, "in_s", 1.0, delay - 1, by_gate=True)
    for name, target in parts.items():
        c = n.onto(name)
        connect(parts["E"], target, "in_AMPA", c.AMPA, delay)
        connect(parts["I"], target, "in_GABA", c.GABA, delay)
        connect(gates, target, "in_NMDA", c.NMDA, gate_delay, by_gate=True)
    return parts
