"""The networks that `gpusyn check` runs: small, and together they launch every kernel and have every neuron model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

import gpusyn as gs
from gpusyn.commands.demo import demo_network


class Case(NamedTuple):
    """A network, its duration (ms) and its number types; all data of its recorders are compared."""

    name: str
    network: Callable[[], gs.Network]
    duration: float
    precision: str = "single"
    weights: str = "exact"


def small_demo_network() -> gs.Network:
    """Return the network of `gpusyn demo`, with 300 neurons."""
    net = demo_network(300).net
    E = net.populations["E"]
    net.record(E, ["V", "g_AMPA", "g_NMDA", "h_NMDA", "B_NMDA", "g_GABA_A"], every=0.1, name="state")
    return net


def synapse_network() -> gs.Network:
    """Return a network with gates on every synapse: transmitter pulses, exponential and rising kinetics."""
    net = gs.Network()
    receptors = [
        gs.AMPA(kinetics=gs.kinetics.FirstOrder(alpha=1.1, beta=0.19), gating="per-synapse"),
        gs.NMDA(Mg=1.0, gating="per-synapse"),
        gs.GABA_A(tau_decay=8.0, gating="per-synapse"),
    ]
    cells = net.population("cells", 90, gs.LIF(I_e=gs.Normal(120.0, 30.0)), receptors=receptors)
    inputs = net.population("inputs", 150, gs.PoissonSource(rate=np.linspace(20.0, 80.0, 150)))
    net.connect(
        inputs, cells, gs.FixedInDegree(40), delay=gs.Normal(2.0, 0.5, low=0.1),
        weight={"AMPA": gs.LogNormal(0.6, 0.3), "NMDA": gs.Ratio("AMPA", 0.5)},
    )  # fmt: skip
    net.connect(cells, cells, gs.FixedTotalNumber(1500), receptor="GABA_A", weight=0.8, delay=1.0)
    net.record(cells, "spikes", name="spikes")
    net.record(cells, ["V", "g_AMPA", "g_NMDA", "I_GABA_A"], every=0.1, name="state")
    return net


def current_network() -> gs.Network:
    """Return a network of current-based synapses, as in the CUBA benchmark of Brette et al. (2007)."""
    net = gs.Network()
    cell = gs.LIF(C_m=200.0, g_L=10.0, E_L=-49.0, V_th=-50.0, V_reset=-60.0, t_ref=5.0)
    rising = gs.CurrentReceptor("in", kinetics=gs.kinetics.Alpha(tau=6.0))
    receptors = [gs.CurrentReceptor("ex", tau=5.0), rising]
    E = net.population("E", 240, cell, receptors=receptors, V=gs.Uniform(-60.0, -50.0))
    I = net.population("I", 60, cell, receptors=receptors, V=gs.Uniform(-60.0, -50.0))
    net.connect(E, E + I, gs.FixedProbability(0.2), receptor="ex", weight=gs.Normal(16.2, 3.0), delay=0.1)
    net.connect(I, E + I, gs.FixedOutDegree(60), receptor="in", weight=-40.0, delay=0.8)
    net.record(E + I, "spikes", name="spikes")
    net.record(E, ["V", "I_ex", "I_in", "h_in"], every=0.1, name="state")
    return net


def driven_network() -> gs.Network:
    """Return a network with every input from outside: Poisson drives, waveforms, currents, noise, clamps, spikes."""
    net = gs.Network()
    receptors = [gs.AMPA(tau_rise=0.4, tau_decay=3.0), gs.GABA_A()]
    cells = net.population("cells", 120, gs.LIF(V_th=gs.Normal(-55.0, 1.0)), receptors=receptors)
    listed = net.population("listed", 30, gs.SpikeSource([3.0 + 7.0 * k for k in range(9)]))
    ramp = gs.Waveform([0.0, 40.0, 80.0], [10.0, 90.0, 30.0], interpolation="linear")
    varied = net.population("varied", 60, gs.PoissonSource(rate=ramp))
    regular = net.population("regular", 60, gs.GammaSource(ramp, shape=np.geomspace(0.2, 50.0, 60)))
    refractory = net.population("refractory", 140, gs.PoissonSource(np.linspace(0.0, 400.0, 140), dead_time=2.0))
    net.connect(regular + refractory, cells, gs.FixedProbability(0.1), receptor="GABA_A", weight=0.2, delay=0.4)
    net.connect(listed, cells, gs.AllToAll(), receptor="AMPA", weight=0.2)
    net.connect(varied, cells, gs.FixedProbability(0.3), receptor="GABA_A", weight=gs.Gamma(2.0, 0.2), delay=1.3)
    net.drive(cells, "AMPA", rate=gs.Waveform([0.0, 30.0], [900.0, 1500.0]), weight=gs.Uniform(0.5, 2.5))
    net.drive(cells[:50], "GABA_A", rate=20000.0, weight=0.05, start=20.0, stop=60.0)
    net.inject(cells[40:], gs.Waveform([10.0, 50.0], [80.0, -40.0]), name="steps")
    net.inject(cells[:40], np.linspace(0.0, 150.0, 40), start=5.0, name="constant")
    net.inject(cells[20:], gs.WhiteNoise(mean=20.0, std=150.0, dt=0.5), stop=50.0, name="white noise")
    net.inject(cells[::2], gs.OrnsteinUhlenbeck(std=np.linspace(0.0, 90.0, 60), tau=4.0), name="slow noise")
    net.clamp(cells[110:], gs.Waveform([0.0, 90.0], [-80.0, 10.0], interpolation="linear"))
    net.record(cells, "spikes", name="spikes")
    net.record(varied + regular + refractory, "spikes", name="sources")
    net.record(cells, ["V", "g_AMPA", "I_GABA_A"], every=0.2, name="state")
    return net


def columns_network() -> gs.Network:
    """Return a network in which each neuron and source has a column of a waveform."""
    net = gs.Network()
    cells = net.population("cells", 150, gs.LIF(), receptors=[gs.AMPA(), gs.GABA_A()])
    times, phase = np.arange(0.0, 60.0, 2.75), np.linspace(0.0, 6.0, 200)
    waves = 0.5 + 0.5 * np.round(np.cos(0.3 * times[:, np.newaxis] + phase), 6)
    sources = net.population("sources", 200, gs.PoissonSource(gs.Waveform(times, 150.0 * waves, "linear")))
    net.connect(sources, cells, gs.FixedProbability(0.1), receptor="AMPA", weight=1.5)
    regular = net.population("regular", 200, gs.GammaSource(gs.Waveform(times, 90.0 * waves), shape=4.0))
    dead = net.population("dead", 200, gs.PoissonSource(gs.Waveform(times, 90.0 * waves, "linear"), dead_time=3.0))
    net.connect(regular + dead, cells, gs.FixedProbability(0.1), receptor="GABA_A", weight=0.5)
    net.drive(cells[20:], "GABA_A", rate=gs.Waveform(times, 40_000.0 * waves[:, :130]), weight=0.03)
    net.inject(cells, gs.Waveform(times, 300.0 * waves[:, :150], "linear"), name="waves")
    net.inject(cells[100:], gs.Waveform([10.3], [50.0]), name="step")
    net.clamp(cells[:10], gs.Waveform([0.0, 30.0], [np.linspace(-80.0, -60.0, 10), np.linspace(-60.0, 0.0, 10)]))
    net.record(cells + sources + regular + dead, "spikes", name="spikes")
    net.record(cells, ["V", "g_AMPA", "I_GABA_A"], every=0.2, name="state")
    return net


def bath_network() -> gs.Network:
    """Return a network with gates on the sources and a changing bath: drugs of each kind, glycine, and calcium."""
    net = gs.Network()
    glycine = gs.Waveform([0.0, 30.0, 60.0], [3.0, 0.2, 1.0], interpolation="linear")
    receptors = [
        gs.AMPA(kinetics=gs.kinetics.FirstOrder.AMPA()),
        gs.AMPA(name="slow", kinetics=gs.kinetics.Saturating.NMDA()),
        gs.NMDA(glycine=glycine, block=gs.MgBlock.HillTononi()),
        gs.GABA_A(tau_rise=0.5),
        gs.GABA_B(),
    ]
    cells = net.population("cells", 90, gs.LIF(I_e=gs.Normal(180.0, 30.0)), receptors=receptors)
    inputs = net.population("inputs", 120, gs.PoissonSource(rate=np.linspace(20.0, 120.0, 120)))
    net.connect(
        inputs, cells, gs.FixedInDegree(40), delay=gs.Normal(2.0, 0.5, low=0.1),
        weight={"AMPA": gs.LogNormal(1.0, 0.3), "slow": gs.Ratio("AMPA", 0.05), "NMDA": gs.Ratio("AMPA", 0.5)},
    )  # fmt: skip
    net.connect(cells, cells, gs.FixedTotalNumber(1500), weight={"GABA_A": 0.6, "GABA_B": 2.0}, delay=1.0)
    net.infuse("CNQX", 0.3, start=10.0, stop=40.0, wash_in=10.0, wash_out=5.0)
    net.infuse("MK-801", 1.0, start=15.0)
    net.infuse("benzodiazepine", 0.1, start=20.0)
    net.record(cells, "spikes", name="spikes")
    net.record(cells, ["V", "g_AMPA", "g_slow", "I_NMDA", "g_GABA_A", "g_GABA_B", "Ca"], every=0.1, name="state")
    return net


def neuron_network() -> gs.Network:
    """Return a network of the neuron models with more variables than V, which excite each other."""
    net = gs.Network()
    receptors = [gs.AMPA(), gs.GABA_A()]
    adex = gs.AdEx(I_e=gs.Normal(900.0, 100.0), t_ref=2.0)
    izhikevich = gs.Izhikevich(I_e=np.linspace(5.0, 15.0, 40), c=gs.Uniform(-65.0, -50.0))
    squid = gs.HodgkinHuxley(I_e=np.linspace(100.0, 500.0, 40))
    cells = [
        net.population(name, 40, model, receptors=receptors, V=gs.Uniform(-70.0, -60.0))
        for name, model in (("adex", adex), ("izhikevich", izhikevich), ("squid", squid))
    ]
    every = cells[0] + cells[1] + cells[2]
    net.connect(every, every, gs.FixedInDegree(10), weight={"AMPA": gs.Uniform(0.2, 1.0)}, delay=gs.Uniform(0.1, 2.0))
    net.connect(every, every, gs.FixedOutDegree(5), receptor="GABA_A", weight=0.5, delay=1.0)
    net.record(every, "spikes", name="spikes")
    for population in cells:
        net.record(population, [*population.model.STATES, "V", "g_AMPA"], every=0.1, name=f"state of {population.name}")
    return net


def threshold_network() -> gs.Network:
    """Return a network of neurons whose threshold and reset change: GLIF of each level, LIF whose threshold adapts."""
    net = gs.Network()
    receptors: dict[str, list[gs.Receptor]] = {
        "currents": [gs.CurrentReceptor("I", tau=2.0)],
        "conductances": [gs.AMPA()],
    }
    inputs = net.population("inputs", 40, gs.PoissonSource(rate=100.0))
    adaptive = gs.LIF(theta_jump=gs.Uniform(0.5, 3.0), tau_theta=40.0, I_e=500.0)
    models = [gs.GLIF(level=level, t_ref=2.0, I_e=gs.Uniform(300.0, 600.0)) for level in range(1, 6)]
    cells = []
    for number, model in enumerate([*models, adaptive]):
        for kind, several in receptors.items():
            population = net.population(f"{model.kind} {number} with {kind}", 30, model, receptors=several)
            weight = 40.0 if kind == "currents" else 1.0
            net.connect(inputs, population, gs.FixedInDegree(8), receptor=several[0].name, weight=weight)
            net.record(population, ["V", *model.STATES], every=0.1, name=f"state of {population.name}")
            cells.append(population)
    net.record(sum(cells[1:], cells[0] + inputs), "spikes", name="spikes")
    return net


def compartment_network() -> gs.Network:
    """Return a network of cells with dendrites: calcium, a clamp and currents of each, drugs, gates of every owner."""
    net = gs.Network()
    inputs = net.population("inputs", 60, gs.PoissonSource(rate=np.linspace(20.0, 400.0, 60)))
    slow = gs.NMDA(name="slow", block=gs.MgBlock.HillTononi())
    receptors: dict[str, list[gs.Receptor]] = {
        "soma": [gs.GABA_A()],
        "apical": [gs.AMPA(), gs.NMDA(), gs.AMPA(name="pulsed", kinetics=gs.kinetics.FirstOrder.AMPA())],
        "basal": [gs.AMPA(gating="per-synapse"), slow],
    }
    apical = gs.Dendrite(C_m=gs.Uniform(80.0, 120.0), g_c=np.linspace(5.0, 20.0, 40))
    somata = (gs.LIF(I_e=500.0), gs.AdEx(I_e=1500.0), gs.HodgkinHuxley(I_e=500.0))
    for soma in somata:
        model = gs.Compartments(soma=soma, dendrites={"apical": apical, "basal": gs.Dendrite(E_L=-66.0)})
        cells = net.population(f"{soma.kind} cells", 40, model, receptors=receptors)
        weight = {"apical.AMPA": gs.Uniform(0.2, 1.0), "apical.NMDA": 0.5, "basal.AMPA": 0.3, "basal.slow": 0.5}
        net.connect(inputs, cells, gs.FixedInDegree(20), weight=weight, delay=gs.Uniform(0.1, 2.0))
        net.connect(inputs, cells, gs.FixedInDegree(5), receptor="apical.pulsed", weight=0.3)
        net.connect(cells, cells, gs.FixedInDegree(10), receptor="GABA_A", weight=0.5, delay=1.0)
        net.inject(cells[:20], gs.Waveform([5.0, 20.0], [0.0, 90.0], "linear"), compartment="basal")
        net.clamp(cells[30:], gs.Waveform([0.0, 10.0], [-60.0, -40.0]), compartment="apical")
        net.record(cells, "spikes", name=f"spikes of {cells.name}")
        net.record(cells, ["V", "V_apical", "V_basal", "Ca_apical", "I_apical.NMDA", "B_basal.slow"], every=0.1,
                   name=f"state of {cells.name}")  # fmt: skip
    net.infuse("CNQX", 0.3, start=10.0, wash_in=10.0)
    return net


def saturating_network() -> gs.Network:
    """Return a network with a gate on every synapse, of each of the kinetics that saturate."""
    net = gs.Network()
    k = gs.kinetics
    receptors = [
        gs.AMPA(name="markov", kinetics=k.Markov.NMDA(), gating="per-synapse"),
        gs.AMPA(name="rising", kinetics=k.Saturating(0.3, 2.0, 60.0), gating="per-synapse"),
        gs.AMPA(name="jumping", kinetics=k.Saturating(0.3, 2.0, 60.0, jump=True), gating="per-synapse"),
        gs.GABA_B(name="cascade", kinetics=k.GProtein(K3=10.0), gating="per-synapse"),
    ]
    cells = net.population("cells", 40, gs.LIF(I_e=gs.Normal(150.0, 30.0)), receptors=receptors)
    inputs = net.population("inputs", 60, gs.PoissonSource(rate=np.linspace(20.0, 120.0, 60)))
    weight = {receptor.name: gs.Uniform(0.1, 0.5) for receptor in receptors}
    net.connect(inputs, cells, gs.FixedInDegree(20), weight=weight, delay=gs.Uniform(0.1, 2.0))
    net.record(cells, "spikes", name="spikes")
    net.record(cells, ["V", *(f"g_{name}" for name in weight)], every=0.1, name="state")
    return net


def built_network() -> gs.Network:
    """Return a network with so many synapses that kernels build it, by each rule that they know."""
    net = gs.Network()
    receptors = [gs.AMPA(), gs.GABA_A(), gs.NMDA(gating="per-synapse")]
    cells = net.population("cells", 1000, gs.LIF(I_e=gs.Normal(220.0, 20.0)), receptors=receptors)
    spread, late = gs.LogNormal(0.04, 0.02), gs.Uniform(0.5, 8.0)
    net.connect(cells, cells, gs.FixedProbability(0.06), receptor="AMPA", weight=spread, delay=late)
    net.connect(cells, cells, gs.FixedTotalNumber(60_000), receptor="GABA_A", weight=0.1, delay=gs.Normal(2.0, 0.5))
    net.connect(cells, cells, gs.FixedInDegree(50), receptor="AMPA", weight=gs.Uniform(0.0, 0.1), delay=late)
    net.connect(cells, cells, gs.FixedOutDegree(40, multapses=False), receptor="GABA_A", weight=0.1, delay=1.5)
    net.connect(cells, cells, gs.FixedInDegree(8), receptor="NMDA", weight=gs.Uniform(0.0, 0.1), delay=0.7)
    net.record(cells, "spikes", name="spikes")
    net.record(cells[::10], ["V", "g_AMPA", "g_NMDA"], every=0.5, name="state")
    return net


def short_term_network() -> gs.Network:
    """Return a network whose sources release parts of one weight or of drawn ones, after one delay or drawn delays."""
    net = gs.Network()
    receptors = [gs.AMPA(), gs.GABA_A()]
    cells = net.population("cells", 150, gs.LIF(I_e=gs.Normal(200.0, 30.0)), receptors=receptors)
    inputs = net.population("inputs", 100, gs.PoissonSource(rate=np.linspace(20.0, 400.0, 100)))
    depressing, facilitating = gs.TsodyksMarkram(0.5, 80.0), gs.TsodyksMarkram(0.05, 30.0, 200.0)
    drawn, late, rule = gs.LogNormal(0.5, 0.2), gs.Uniform(0.5, 4.0), gs.FixedInDegree(30)
    net.connect(inputs, cells, rule, receptor="AMPA", weight=drawn, delay=late, plasticity=depressing)
    net.connect(inputs + cells, cells, rule, receptor="AMPA", weight=0.4, delay=late, plasticity=facilitating)
    net.connect(cells, cells, rule, receptor="GABA_A", weight=drawn, delay=1.0, plasticity=depressing)
    net.connect(cells, cells, gs.AllToAll(autapses=False), receptor="GABA_A", weight=0.05, plasticity=facilitating)
    net.record(cells, "spikes", name="spikes")
    net.record(cells, ["V", "g_AMPA", "g_GABA_A"], every=0.1, name="state")
    return net


def release_network() -> gs.Network:
    """Return a network whose synapses release one by one: at random, or with parameters of their own."""
    net = gs.Network()
    cells = net.population("cells", 100, gs.LIF(I_e=gs.Normal(200.0, 30.0)), receptors=[gs.AMPA(), gs.NMDA()])
    inputs = net.population("inputs", 60, gs.PoissonSource(rate=np.linspace(20.0, 2000.0, 60)))
    shared = gs.TsodyksMarkram(0.5, 80.0, 20.0)
    own = gs.TsodyksMarkram(gs.Uniform(0.1, 0.9), gs.LogNormal(80.0, 20.0), gs.Uniform(0.0, 50.0))
    contact = {"AMPA": gs.LogNormal(0.2, 0.1), "NMDA": gs.Ratio("AMPA", 0.2)}
    late, forms = gs.Uniform(0.5, 4.0), ([own], [gs.QuantalRelease(5, 0.4, 0.5)], [shared, gs.QuantalRelease(9)])
    for form in (*forms, [own, gs.QuantalRelease(3)]):
        net.connect(inputs + cells, cells, gs.FixedInDegree(15), weight=contact, delay=late, plasticity=form)
        net.connect(inputs, cells, gs.FixedInDegree(5), receptor="AMPA", weight=0.3, delay=late, plasticity=form)
    net.record(cells, "spikes", name="spikes")
    net.record(cells, ["V", "g_AMPA", "g_NMDA"], every=0.1, name="state")
    return net


def active_network() -> gs.Network:
    """Return a network that releases what is active for a time, by sources and by synapses, beside what is not."""
    net = gs.Network()
    cells = net.population("cells", 80, gs.LIF(I_e=gs.Normal(200.0, 30.0)), receptors=[gs.AMPA(), gs.GABA_A()])
    inputs = net.population("inputs", 60, gs.PoissonSource(rate=np.linspace(20.0, 2000.0, 60)))
    forms = (
        gs.TsodyksMarkram(0.5, 80.0, tau_psc=3.0),
        gs.TsodyksMarkram(0.05, 30.0, 200.0, tau_psc=30.0),
        gs.TsodyksMarkram(0.5, 80.0),
        gs.TsodyksMarkram(gs.Uniform(0.1, 0.9), gs.LogNormal(80.0, 20.0), gs.Uniform(0.0, 50.0), gs.Uniform(1.0, 99.0)),
        gs.TsodyksMarkram(gs.Uniform(0.1, 0.9), 80.0, 20.0, tau_psc=5.0),
        gs.TsodyksMarkram(gs.Uniform(0.1, 0.9), 80.0, 20.0),
    )
    late, rule = gs.Uniform(0.5, 4.0), gs.FixedInDegree(15)
    contact = {"AMPA": gs.LogNormal(0.4, 0.1), "GABA_A": gs.Ratio("AMPA", 0.2)}
    for form in forms:
        net.connect(inputs + cells, cells, rule, weight=contact, delay=late, plasticity=form)
    net.record(cells, "spikes", name="spikes")
    net.record(cells, ["V", "g_AMPA", "g_GABA_A"], every=0.1, name="state")
    return net


def learning_network() -> gs.Network:
    """Return a network whose synapses learn by every rule, with axons of all lengths, and are scaled."""
    net = gs.Network()
    cells = net.population("cells", 90, gs.LIF(I_e=gs.Normal(280.0, 40.0)), receptors=[gs.AMPA(), gs.GABA_A()])
    inputs = net.population("inputs", 60, gs.PoissonSource(rate=np.linspace(20.0, 400.0, 60)))
    late, rule = gs.Uniform(0.1, 1.5), gs.FixedInDegree(20)
    bounded: dict[str, Any] = {"weight": gs.Uniform(0.0, 0.8), "w_max": 0.8, "receptor": "AMPA"}
    rules = {
        "pairs": gs.STDP(A_plus=0.1, A_minus=0.1, mu_plus=0.4, mu_minus=1.0, axonal=0.5),
        "nearest pairs": gs.STDP(A_plus=0.1, A_minus=0.1, pairing="nearest"),
        "triplets": gs.TripletSTDP(A2_plus=0.05, A3_minus=0.05, axonal=1.0),
    }
    for name, plasticity in rules.items():
        net.connect(inputs + cells, cells, rule, **bounded, delay=late, plasticity=plasticity, name=name)
    reward = gs.DopamineSTDP(gs.STDP(A_plus=0.1, A_minus=0.1), 200.0, 50.0, modulator=inputs[:3])
    scaling = gs.HomeostaticScaling(rate=20.0, tau=20.0, tau_rate=10.0, every=2.1)
    net.connect(inputs, cells, rule, **bounded, delay=late, plasticity=[reward, scaling], name="rewarded")
    net.connect(inputs, cells, rule, **bounded, delay=late, plasticity=scaling, name="scaled")
    inhibition = gs.InhibitorySTDP(eta=0.1, rate=20.0)
    net.connect(cells, cells, rule, receptor="GABA_A", weight=0.5, w_max=2.0, delay=1.5, plasticity=inhibition)
    net.record(cells, "spikes", name="spikes")
    net.record(cells, ["V", "g_AMPA", "g_GABA_A"], every=0.1, name="state")
    return net


def spine_network() -> gs.Network:
    """Return a network whose synapses learn from their calcium: through gates of all kinetics, as glycine changes."""
    net = gs.Network()
    glycine = gs.Waveform([0.0, 8.0, 16.0], [3.0, 0.1, 1.0], interpolation="linear")
    kinetics: dict[str, Any] = {
        "exponential": gs.kinetics.Exponential(60.0),
        "dual": gs.kinetics.DualExponential(2.0, 80.0),
        "pulses": gs.kinetics.FirstOrder(alpha=0.5, beta=0.02, T_max=1.0, T_dur=1.0),
        "saturating": gs.kinetics.Saturating.NMDA(),
        "jumps": gs.kinetics.Saturating(jump=True),
        "channels": gs.kinetics.Markov.NMDA(),
    }
    inputs = net.population("inputs", 60, gs.PoissonSource(rate=np.linspace(20.0, 400.0, 60)))
    rule = gs.NMDAPlasticity(speed=1000.0, G=0.01, bap_delay=0.5)
    for name, kind in kinetics.items():
        receptors = [gs.AMPA(), gs.NMDA(kinetics=kind, glycine=glycine if name == "dual" else None)]
        cells = net.population(name, 30, gs.LIF(I_e=gs.Normal(280.0, 40.0)), receptors=receptors)
        net.connect(
            inputs + cells, cells, gs.FixedInDegree(20), weight={"AMPA": gs.Uniform(0.0, 0.8), "NMDA": 0.1},
            w_max={"AMPA": 0.8}, delay=gs.Uniform(0.1, 1.5), plasticity=rule,
        )  # fmt: skip
        net.record(cells, "spikes", name=f"spikes {name}")
        net.record(cells, ["V", "g_AMPA"], every=0.1, name=f"state {name}")
    return net


def calcium_network() -> gs.Network:
    """Return a network whose synapses learn from calcium, with noise and without; `state` has their effects."""
    net = gs.Network()
    cells = net.population("cells", 60, gs.LIF(I_e=gs.Normal(300.0, 40.0)), receptors=[gs.AMPA()])
    inputs = net.population("inputs", 40, gs.PoissonSource(rate=np.linspace(20.0, 200.0, 40)))
    for name, sigma, axonal in (("noisy", 5.0, 0.5), ("certain", 0.0, 0.0)):
        rule = gs.CalciumSTDP(D=3.0, sigma=sigma, tau=1000.0, axonal=axonal)
        net.connect(
            inputs + cells, cells, gs.FixedInDegree(20), receptor="AMPA", weight=gs.Uniform(0.0, 0.8), w_max=0.8,
            delay=gs.Uniform(0.1, 1.5), plasticity=rule, name=name,
        )  # fmt: skip
    net.record(cells, "spikes", name="spikes")
    net.record(cells, ["V", "g_AMPA"], every=0.1, name="state")
    return net


def rewired_network() -> gs.Network:
    """Return a network whose weak synapses are replaced every 5 ms, beside all that is kept of a synapse."""
    net = gs.Network()
    cells = net.population("cells", 60, gs.LIF(I_e=gs.Normal(280.0, 40.0)), receptors=[gs.AMPA(), gs.NMDA()])
    inputs = net.population("inputs", 60, gs.PoissonSource(rate=np.linspace(20.0, 400.0, 60)))
    rewiring = gs.Rewiring(every=5.0, prune_below=0.2, weight=gs.Uniform(0.1, 0.8), learns="AMPA")
    reward = gs.Waveform([0.0, 10.0], [50.0, -20.0])
    learning: dict[str, list[gs.Plasticity]] = {
        "alone": [],
        "pairs": [gs.STDP(A_plus=0.1, A_minus=0.1, learns="AMPA"), gs.TsodyksMarkram(0.5, 80.0)],
        "reward": [gs.DopamineSTDP(gs.STDP(0.2, 0.2, learns="AMPA"), 200.0, 50.0, modulator=reward)],
        "calcium": [gs.CalciumSTDP(D=3.0, sigma=0.0, tau=1000.0, learns="AMPA")],
        "spines": [gs.NMDAPlasticity(speed=1000.0, G=0.01)],
    }
    for name, rules in learning.items():
        rule = gs.FixedInDegree(15, multapses=False) if name != "calcium" else gs.FixedProbability(0.2)
        net.connect(
            inputs, cells, rule, weight={"AMPA": gs.Uniform(0.0, 0.8), "NMDA": gs.Ratio("AMPA", 0.2)},
            w_max={"AMPA": 0.8}, delay=gs.Uniform(0.1, 1.5), plasticity=[*rules, rewiring], name=name,
        )  # fmt: skip
    net.record(cells, "spikes", name="spikes")
    net.record(cells, ["V", "g_AMPA", "g_NMDA"], every=0.1, name="state")
    return net


def procedural_network() -> gs.Network:
    """Return a network that stores no synapses: rows of three rules are drawn again at each spike."""
    net = gs.Network()
    receptors = [gs.AMPA(), gs.NMDA(kinetics=gs.kinetics.Saturating.NMDA())]
    cells = net.population("cells", 200, gs.LIF(I_e=gs.Normal(220.0, 20.0)), receptors=receptors)
    weights, late = {"AMPA": gs.Normal(0.2, 0.1, low=0.0), "NMDA": 0.05}, gs.Uniform(0.5, 8.0)
    net.connect(cells, cells, gs.FixedProbability(0.1), weight=weights, delay=late, storage="procedural")
    net.connect(cells, cells, gs.FixedOutDegree(9, multapses=False), receptor="AMPA", weight=gs.Uniform(0.0, 0.3),
                delay=0.7, storage="procedural")  # fmt: skip
    net.connect(cells[:20], cells, gs.AllToAll(autapses=False), receptor="AMPA", weight=0.03, delay=late,
                storage="procedural")  # fmt: skip
    net.record(cells, "spikes", name="spikes")
    net.record(cells[::10], ["V", "g_AMPA", "g_NMDA"], every=0.5, name="state")
    return net


def coupled_network() -> gs.Network:
    """Return a network of neuron models that gap junctions couple, within populations and between them."""
    net = gs.Network()
    apart = gs.Uniform(-70.0, -60.0)
    lif = net.population("lif", 130, gs.LIF(I_e=250.0), V=apart)
    adex = net.population("adex", 130, gs.AdEx(I_e=700.0), receptors=gs.GABA_A(), V=apart)
    squid = net.population("squid", 130, gs.HodgkinHuxley(I_e=gs.Uniform(200.0, 400.0)), receptors=gs.AMPA(), V=apart)
    net.couple(lif + adex + squid, lif + adex + squid, gs.FixedTotalNumber(3000), gs.Uniform(0.0, 0.3))
    net.couple(squid, squid, gs.FixedProbability(0.1), 0.5)
    net.inject(adex, gs.WhiteNoise(std=100.0))
    net.connect(squid, adex, gs.FixedInDegree(9), receptor="GABA_A", weight=1.0)
    net.record(lif + adex + squid, "spikes", name="spikes")
    net.record(lif + adex + squid, "V", every=0.5, name="state")
    return net


def jumping_network() -> gs.Network:
    """Return a network of cells whose V spikes make jump, as that of Brunel (2000), and of cells with a dendrite."""
    net = gs.Network()
    both = [gs.DeltaReceptor("delta"), gs.DeltaReceptor("kept", refractory="keep")]
    cell = gs.LIF(V_reset=-60.0)
    E, I = (net.population(name, size, cell, receptors=both) for name, size in (("E", 240), ("I", 60)))
    star = gs.Compartments(soma=gs.LIF(I_e=150.0), dendrites={"apical": gs.Dendrite(g_c=gs.Uniform(5.0, 20.0))})
    branched = net.population("branched", 40, star, receptors={"soma": both, "apical": [both[0], gs.NMDA()]})
    net.connect(
        E, E + I, gs.FixedInDegree(24), receptor="delta", weight=gs.Normal(0.5, 0.1), delay=gs.Uniform(0.1, 2.0)
    )
    net.connect(I, E + I, gs.FixedProbability(0.1), receptor="delta", weight=-2.0, delay=1.5, storage="procedural")
    contact = {"apical.delta": gs.Uniform(0.0, 2.0), "apical.NMDA": 0.1, "kept": 0.5}
    net.connect(E, branched, gs.FixedInDegree(12), weight=contact, delay=0.5)
    net.drive(E + I, "kept", rate=1200.0, weight=0.6)
    net.record(E + I + branched, "spikes", name="spikes")
    net.record(branched, ["V", "V_apical", "I_apical.NMDA"], every=0.2, name="state")
    return net


CASES = (
    Case("demo network", small_demo_network, 90.0),
    Case("demo network, double", small_demo_network, 60.0, "double"),
    Case("per-synapse gates", synapse_network, 60.0),
    Case("per-synapse gates, double", synapse_network, 30.0, "double"),
    Case("source gates and drugs", bath_network, 60.0),
    Case("source gates and drugs, double", bath_network, 30.0, "double"),
    Case("current-based", current_network, 90.0),
    Case("current-based, compact weights", current_network, 60.0, weights="compact"),
    Case("jumps of V", jumping_network, 60.0),
    Case("jumps of V, double", jumping_network, 30.0, "double"),
    Case("drives and waveforms", driven_network, 90.0),
    Case("drives and waveforms, double", driven_network, 60.0, "double"),
    Case("columns of waveforms", columns_network, 60.0),
    Case("columns of waveforms, double", columns_network, 30.0, "double"),
    Case("neuron models", neuron_network, 60.0),
    Case("neuron models, double", neuron_network, 30.0, "double"),
    Case("thresholds that change", threshold_network, 60.0),
    Case("thresholds that change, double", threshold_network, 30.0, "double"),
    Case("compartments", compartment_network, 30.0),
    Case("compartments, double", compartment_network, 15.0, "double"),
    Case("saturating gates", saturating_network, 60.0),
    Case("saturating gates, double", saturating_network, 30.0, "double"),
    Case("short-term plasticity", short_term_network, 60.0),
    Case("short-term plasticity, double", short_term_network, 30.0, "double"),
    Case("release of each synapse", release_network, 25.0),
    Case("release of each synapse, double", release_network, 12.0, "double"),
    Case("release that stays active", active_network, 25.0),
    Case("release that stays active, double", active_network, 12.0, "double"),
    Case("learning", learning_network, 25.0),
    Case("learning, double", learning_network, 12.0, "double"),
    Case("calcium of spines", spine_network, 25.0),
    Case("calcium of spines, double", spine_network, 12.0, "double"),
    Case("learning from calcium", calcium_network, 25.0),
    Case("learning from calcium, double", calcium_network, 12.0, "double"),
    Case("rewiring", rewired_network, 25.0),
    Case("rewiring, double", rewired_network, 12.0, "double"),
    Case("gap junctions", coupled_network, 30.0),
    Case("gap junctions, double", coupled_network, 15.0, "double"),
    Case("procedural rows", procedural_network, 60.0),
    Case("procedural rows, double", procedural_network, 30.0, "double"),
    Case("network built by kernels", built_network, 40.0),
)
