"""The networks whose spikes and traces are kept as digests: small, and between them everything that gpusyn has.

They use the public names `gs.X` alone (and `gpusyn.sonata`), so that no module that moves touches them. Numbers are
written down or come from gpusyn's own distributions: no other library's random numbers or functions, whose bits may
change.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse

import gpusyn as gs
from tests.digests.case import (
    CASES,
    case,
    change,
    circuit,
    gated,
    lif_cells,
    line,
    no_circuit,
    nonlinear,
    receptors,
    record,
    set_conductance,
    set_gate,
    set_noise,
    set_states,
    start_over,
    without_calcium,
)

__all__ = ["BLOCKERS", "CASES"]

BLOCKERS = ("MK-801", "ketamine", "memantine")
k = gs.kinetics


@case(30.0, seed=2**64 + 3, midway=set_states)
def neuron_models() -> gs.Network:
    """Every neuron model: parameters as numbers, arrays and distributions; with and without refractoriness."""
    net = gs.Network()
    background = net.population("background", 20, gs.PoissonSource(rate=line(20, 50.0, 20.0)))
    listed = net.population("listed", 4, gs.SpikeSource([[1.0, 4.0], [2.0, 2.0, 9.5], [], [0.0, 30.0]]))
    n = 12
    pauses = np.arange(n) % 4 * 0.5
    currents = [gs.CurrentReceptor("fast", tau=3.0), gs.CurrentReceptor("slow", kinetics=k.Alpha(4.0))]
    lif = gs.LIF(C_m=gs.Uniform(150.0, 250.0), g_L=line(n, 8.0, 0.5), V_th=gs.Normal(-52.0, 1.0), I_e=300.0)
    adex = gs.AdEx.regular_bursting(I_e=line(n, 150.0, 60.0))
    adapting = gs.AdEx(I_e=gs.Normal(900.0, 100.0), tau_w=line(n, 30.0, 10.0), b=line(n, 0.0, 10.0), t_ref=pauses)
    izhikevich = gs.Izhikevich(a=line(n, 0.02, 0.005), c=gs.Uniform(-65.0, -50.0), t_ref=pauses, I_e=12.0)
    squid = gs.HodgkinHuxley(I_e=line(n, 100.0, 60.0), g_K=gs.Uniform(5000.0, 7000.0), t_ref=pauses)
    cells = [
        net.population("lif", n, lif, receptors=receptors(), V=gs.Uniform(-70.0, -55.0)),
        net.population("adex", n, adex, receptors=receptors()),
        net.population("adapting", n, adapting, receptors=receptors(), V=line(n, -70.0, 1.0)),
        net.population("izhikevich", n, izhikevich, receptors=currents),
        net.population("squid", n, squid, receptors=[gs.AMPA(), gs.GABA_A(tau_rise=0.5)], V=gs.Uniform(-70.0, -60.0)),
    ]
    for population in cells:
        excitation, inhibition = population.receptors[0], population.receptors[-1]
        scale = 0.5 if excitation.is_current else 4.0
        contact = {excitation.name: scale, population.receptors[1].name: 0.2 * scale}
        net.connect(background, population, gs.FixedInDegree(8), weight=contact)
        net.connect(listed, population, gs.AllToAll(), receptor=excitation.name, weight=2 * scale, delay=0.7)
        net.connect(sum(cells[1:], cells[0]), population, gs.FixedProbability(0.1), receptor=inhibition.name,
                    weight=gs.Uniform(0.0, scale), delay=1.5)  # fmt: skip
        net.record(population, without_calcium(population), name=f"state of {population.name}")
    net.record(sum(cells[1:], background + listed + cells[0]), "spikes", name="spikes")
    return net


@case(50.0, dt=0.25)
def current_based() -> gs.Network:
    """LIF neurons with currents alone, solved exactly: every linear kinetics, weights of both signs."""
    net = gs.Network()
    model = gs.LIF(C_m=200.0, g_L=10.0, E_L=-49.0, V_th=-50.0, V_reset=-60.0, t_ref=5.0)
    fast, alpha = gs.CurrentReceptor("fast", tau=5.0), gs.CurrentReceptor("slow", kinetics=k.Alpha(2.0))
    dual = gs.CurrentReceptor("slow", tau_rise=1.0, tau_decay=8.0)
    E = net.population("E", 40, model, receptors=[fast, alpha], V=gs.Uniform(-60.0, -50.0))
    I = net.population("I", 10, model, receptors=[fast, dual], V=gs.Uniform(-60.0, -50.0))
    excitation = {"fast": gs.Normal(16.0, 4.0), "slow": gs.Ratio("fast", -0.2)}
    net.connect(E, E + I, gs.FixedProbability(0.3), weight=excitation, delay=0.25)
    net.connect(I, E + I, gs.FixedOutDegree(20), receptor="slow", weight=-40.0, delay=gs.Exponential(2.0, high=9.0))
    net.drive(I, "slow", rate=400.0, weight=30.0)
    record(net)
    return net


@case(40.0)
def thresholds() -> gs.Network:
    """GLIF neurons of each level and LIF neurons whose threshold adapts, with currents and with conductances."""
    net = gs.Network()
    n = 12
    inputs = net.population("inputs", 20, gs.PoissonSource(rate=150.0))
    slow, fast = gs.CurrentReceptor("slow", kinetics=k.Alpha(4.0)), gs.CurrentReceptor("fast", tau=2.0)
    glif = {"t_ref": line(n, 0.0, 0.37), "I_e": line(n, 250.0, 30.0), "asc_amps": (gs.Uniform(-40.0, 20.0), -100.0)}
    models = {f"level {level}": gs.GLIF(level=level, **glif) for level in range(1, 6)}
    models["adaptive"] = gs.LIF(I_e=line(n, 250.0, 30.0), theta_jump=2.0, tau_theta=gs.Uniform(20.0, 80.0))
    cells = []
    for name, model in models.items():
        for kind, several in (("", [slow, fast]), (" with conductances", [gs.AMPA(), gs.GABA_A()])):
            population = net.population(name + kind, n, model, receptors=several, V=gs.Uniform(-75.0, -60.0))
            first, second = (one.name for one in several)
            scale = 1.0 if kind else 40.0
            net.connect(inputs, population, gs.FixedInDegree(6), weight={first: scale, second: 0.5 * scale}, delay=0.8)
            net.record(population, without_calcium(population), name=f"state of {population.name}")
            cells.append(population)
    net.record(sum(cells[1:], cells[0] + inputs), "spikes", name="spikes")
    return net


@case(30.0)
def compartments() -> gs.Network:
    """A soma of every model with dendrites: their receptors, gates of every owner, inputs, drugs and calcium."""
    net = gs.Network()
    n = 10
    pauses = np.arange(n) % 3 * 0.5
    somata = [
        gs.LIF(I_e=300.0),
        gs.AdEx(I_e=900.0, t_ref=pauses),
        gs.Izhikevich(C_m=100.0, I_e=2e3),
        gs.HodgkinHuxley(),
    ]
    apical = gs.Dendrite(C_m=gs.Uniform(80.0, 120.0), g_c=line(n, 5.0, 2.0))
    basal = gs.Dendrite(E_L=-66.0, g_c=8.0)
    slow = gs.NMDA(name="slow", block=gs.MgBlock.HillTononi())
    kinds = {
        "soma": [gs.GABA_A()],
        "apical": [gs.AMPA(), gs.NMDA(), gs.AMPA(name="pulsed", kinetics=k.FirstOrder.AMPA())],
        "basal": [gs.AMPA(), slow, gs.CurrentReceptor("current", tau=3.0)],
    }
    inputs = net.population("inputs", 25, gs.PoissonSource(rate=100.0))
    for soma in somata:
        model = gs.Compartments(soma=soma, dendrites={"apical": apical, "basal": basal})
        start = {"basal": gs.Uniform(-70.0, -60.0)}
        cells = net.population(f"{soma.kind} cells", n, model, receptors=kinds, V=start)
        both = {"apical.AMPA": gs.Uniform(0.5, 2.0), "apical.NMDA": gs.Ratio("apical.AMPA", 0.5)}
        net.connect(inputs, cells, gs.FixedInDegree(8), weight=both, delay=gs.Uniform(0.5, 3.0))
        net.connect(inputs, cells, gs.FixedInDegree(4), receptor="apical.pulsed", weight=0.5)
        net.connect(inputs, cells, gs.FixedInDegree(4), weight={"basal.slow": 0.5, "basal.current": -5.0})
        net.connect(cells, cells, gs.FixedInDegree(2), receptor="soma.GABA_A", weight=1.0)
        net.drive(cells, "basal.AMPA", rate=500.0, weight=0.5)
        net.inject(cells, 60.0, compartment="apical")
        net.inject(cells[:4], gs.Waveform([5.0, 20.0], [0.0, 90.0], "linear"), compartment="basal")
        net.clamp(cells[7:], gs.Waveform([0.0, 10.0], [-60.0, -40.0]), compartment="basal")
        net.record(cells, list(cells.variables), name=f"state of {cells.name}")
    net.infuse("CNQX", 0.5, start=10.0, wash_in=5.0)
    net.infuse("memantine", 20.0, start=5.0)
    net.record(sum((net.populations[f"{s.kind} cells"] for s in somata[1:]), net.populations["LIF cells"]), "spikes")
    return net


@case(40.0)
def gates_on_targets() -> gs.Network:
    """Exponential, alpha and dual exponential conductances; a population that is sampled at every seventh step."""
    net = gs.Network()
    inputs = net.population("inputs", 140, gs.PoissonSource(rate=80.0))
    cells = lif_cells(net, receptors=receptors(kinetics=k.Alpha(10.0)))
    more = net.population("more", 15, gs.LIF(t_ref=line(15, 0.0, 0.3), I_e=200.0), receptors=receptors())
    net.connect(inputs, cells + more, gs.FixedInDegree(10), weight={"AMPA": 1.5, "NMDA": gs.Ratio("AMPA", 0.3)})
    net.connect(cells, more + cells, gs.FixedProbability(0.2), receptor="GABA_A", weight=2.0, delay=2.5)
    few = {"AMPA": 2.0, "GABA_A": 1.0}
    net.connect(cells[[1, 4, 9]], more[[0, 1, 7]] + cells[::4], gs.FixedInDegree(2), weight=few, name="few")
    net.record(more, without_calcium(more), every=0.7, name="state of more")
    return net


@case(30.0)
def gates_on_sources() -> gs.Network:
    """Every kinetics that saturates, with its gates on the sources; with and without a dead time."""
    return gated(nonlinear())


@case(30.0)
def gates_on_synapses() -> gs.Network:
    """Every kinetics with a gate on each synapse, which weights that may change ask for as well."""
    own = {"gating": "per-synapse"}
    linear = [
        gs.AMPA(name="exponential", kinetics=k.Exponential(3.0), **own),
        gs.AMPA(name="alpha", kinetics=k.Alpha(2.0), **own),
        gs.NMDA(name="dual", **own),
        gs.CurrentReceptor("current", tau=5.0, **own),
    ]
    net = gated([*nonlinear(**own), *linear, gs.AMPA(name="plastic", kinetics=k.FirstOrder.AMPA())])
    cells, burst = net.populations["cells"], net.populations["burst"]
    net.connect(burst, cells, gs.FixedInDegree(2), receptor="plastic", weight=0.5, w_max=2.0, delay=7.0, name="plastic")
    return net


@case(40.0)
def magnesium_glycine_calcium() -> gs.Network:
    """Every form of the magnesium block, magnesium and glycine that change in time, and the trace of calcium."""
    net = gs.Network()
    Mg = gs.Waveform([0.0, 10.0, 25.0], [1.0, 0.2, 2.0], interpolation="linear")
    glycine = gs.Waveform([5.0, 15.0], [3.0, 0.3])
    own = gs.MgBlock(unblock=gs.SlowUnblock(0.5, 15.0, slope=0.0))
    kinds = [
        [
            gs.NMDA(name="at_once", Mg=Mg, glycine=2.0),
            gs.NMDA(name="slow", glycine=glycine, block=gs.MgBlock.HillTononi()),
        ],
        [
            gs.NMDA(name="at_once", Mg=1.2, block=gs.MgBlock.Mel(), glycine=glycine, Pf=0.15),
            gs.NMDA(name="slow", Mg=Mg, glycine=2.0, glycine_site=gs.GlycineSite(EC50=0.72), block=own),
        ],
    ]
    model = gs.LIF(E_L=gs.Uniform(-70.0, -60.0), I_e=line(15, 50.0, 20.0), t_ref=1.0)
    inputs = net.population("inputs", 25, gs.PoissonSource(rate=100.0))
    for n, two in enumerate(kinds):
        calcium = gs.Calcium(tau=30.0, gain=0.002) if n else None
        cells = net.population(f"cells {n}", 15, model, receptors=two, calcium=calcium)
        for receptor in two:
            net.connect(inputs, cells, gs.FixedInDegree(10), receptor=receptor.name, weight=gs.Uniform(0.1, 0.5))
    record(net)
    return net


def drugs(blocker: str) -> gs.Network:
    """Return a network in the bath of every drug of the library but the other open-channel blockers."""
    net = gs.Network()
    kinds = [gs.AMPA(), gs.NMDA(glycine=1.5), gs.GABA_A(tau_rise=0.5)]
    cells = net.population("cells", 20, gs.LIF(I_e=line(20, 150.0, 10.0)), receptors=kinds)
    inputs = net.population("inputs", 25, gs.PoissonSource(rate=120.0))
    net.connect(inputs, cells, gs.FixedInDegree(10), weight={"AMPA": 1.0, "NMDA": gs.Gamma(2.0, 0.2)})
    net.connect(cells, cells, gs.FixedInDegree(5), receptor="GABA_A", weight=3.0, delay=1.1)
    others = [name for name in gs.drugs.LIBRARY if name not in BLOCKERS]
    for n, name in enumerate(others):
        net.infuse(name, 0.4 + 0.1 * n, start=1.0 * n, stop=20.0 + 0.5 * n, wash_in=2.0 * (n % 3), wash_out=3.0)
    net.infuse(blocker, 50.0, start=2.0, wash_in=1.0)
    net.infuse(blocker, 30.0, start=10.0, stop=25.0, name="more")
    own = gs.Drug("own", gs.drugs.NonCompetitiveAntagonist("AMPA", IC50=2.0, n=1.5))
    net.infuse(own, 0.7, start=12.0)
    record(net)
    return net


for _blocker in BLOCKERS:
    case(30.0, name=f"drugs with {_blocker}", midway=set_gate)(lambda blocker=_blocker: drugs(blocker))


@case(40.0, seed=4)
def inputs() -> gs.Network:
    """Drives, currents, clamps and sources, as numbers, arrays and waveforms, with starts and stops."""
    net = gs.Network()
    cells = lif_cells(net)
    ramp = gs.Waveform([0.0, 15.0, 30.0], [20.0, 400.0, 50.0], interpolation="linear")
    timed = net.population("timed", 10, gs.PoissonSource(rate=ramp))
    dense = net.population("dense", 5, gs.PoissonSource(rate=2e4, max_events=3))
    shared = net.population("shared", 6, gs.SpikeSource([0.0, 3.0, 3.0, 17.2]))
    net.record(timed + dense + shared, "spikes", name="sources")
    net.connect(timed, cells, gs.FixedProbability(0.3), receptor="GABA_A", weight=1.0, delay=1.3)
    net.connect(dense, cells, gs.FixedInDegree(3), receptor="NMDA", weight=0.02)
    net.connect(shared, cells, gs.FixedInDegree(2), receptor="AMPA", weight=3.0)
    net.drive(cells, "AMPA", rate=gs.Waveform([0.0, 20.0], [900.0, 1500.0]), weight=gs.Uniform(0.5, 1.5), name="a")
    net.drive(cells[:20], "GABA_A", rate=line(20, 0.0, 500.0), weight=0.1, start=5.0, stop=25.0, name="b")
    net.drive(cells[5:], "NMDA", rate=300.0, weight=line(25, 0.0, 0.05), name="c")
    net.drive(cells[:9], "GABA_A", rate=3e5, weight=0.001, name="d")
    net.inject(cells, 5.0, name="always")
    net.inject(cells[10:], gs.Waveform([10.0, 20.0], [150.0, -40.0]), name="steps")
    net.inject(cells[:10], gs.Waveform([5.0, 35.0], [0.0, 200.0], "linear"), stop=30.0, name="ramp")
    net.inject(cells[3:7], 40.0, start=2.0, name="constant")
    net.inject(cells[::3], line(10, -50.0, 20.0), start=7.5, name="each")
    net.clamp(cells[27:], gs.Waveform([0.0, 30.0], [-80.0, 10.0], interpolation="linear"), name="moving")
    net.clamp(cells[[24, 26]], -40.0, name="held")
    return net


@case(40.0, seed=6)
def renewals() -> gs.Network:
    """Sources with gamma intervals and with dead times, with rates as numbers, arrays and waveforms."""
    net = gs.Network()
    cells = lif_cells(net)
    ramp = gs.Waveform([0.0, 15.0, 30.0], [20.0, 400.0, 50.0], interpolation="linear")
    models = {
        "regular": gs.GammaSource(90.0, shape=9.0),
        "bursts": gs.GammaSource(ramp, shape=0.3),
        "each": gs.GammaSource(line(12, 10.0, 30.0), shape=line(12, 0.5, 0.4)),
        "dead": gs.PoissonSource(line(12, 20.0, 15.0), dead_time=3.0),
        "changing": gs.PoissonSource(ramp, dead_time=2.05),
        "dense": gs.GammaSource(2e4, shape=2.0, max_events=3),
    }
    for name, model in models.items():
        sources = net.population(name, 12, model)
        net.connect(sources, cells, gs.FixedProbability(0.3), receptor="AMPA", weight=0.4, delay=1.3)
        net.record(sources, "spikes", name=f"spikes of {name}")
    return net


@case(30.0, seed=9, midway=set_noise)
def noise() -> gs.Network:
    """Both kinds of noise: for all and for each, with windows, into parts of populations and into dendrites."""
    net = gs.Network()
    cells = lif_cells(net)
    model = gs.Compartments(soma=gs.AdEx(I_e=300.0), dendrites={"apical": gs.Dendrite()})
    stars = net.population("stars", 140, model, receptors={"apical": [gs.AMPA()]})
    net.record(stars[100:], list(stars.variables), name="state of stars")
    net.inject(cells + stars[5:], gs.WhiteNoise(mean=50.0, std=100.0, dt=0.5), name="white")
    net.inject(cells[::3], gs.WhiteNoise(mean=line(10, -50.0, 10.0), std=line(10, 0.0, 20.0), dt=0.1), stop=20.0,
               name="each")  # fmt: skip
    net.inject(stars[3:133], gs.OrnsteinUhlenbeck(std=80.0, tau=5.0), start=3.0, compartment="apical", name="slow")
    net.inject(stars, gs.OrnsteinUhlenbeck(mean=20.0, std=60.0, tau=line(140, 0.5, 0.1)), name="own")
    return net


@case(30.0, seed=11)
def jumps() -> gs.Network:
    """V that spikes make jump, lost and kept while it is held: alone, beside others, and of dendrites."""
    net = gs.Network()
    both = [gs.DeltaReceptor("lost"), gs.DeltaReceptor("kept", refractory="keep")]
    models = {
        "exact": (gs.LIF(I_e=130.0), both),
        "beside": (gs.LIF(I_e=130.0), [*both, gs.CurrentReceptor("fast", tau=3.0), gs.AMPA()]),
        "squids": (gs.HodgkinHuxley(I_e=100.0), both),
        "stars": (
            gs.Compartments(soma=gs.AdEx(I_e=400.0, t_ref=1.0), dendrites={"apical": gs.Dendrite()}),
            {"soma": both, "apical": both[:1]},
        ),
    }
    inputs = net.population("inputs", 30, gs.PoissonSource(rate=line(30, 20.0, 20.0)))
    burst = net.population("burst", 3, gs.SpikeSource([[1.0, 1.4, 1.8, 2.6], [3.0, 3.0, 12.0], line(20, 5.0, 0.4)]))
    for name, (model, kinds) in models.items():
        cells = net.population(name, 20, model, receptors=kinds)
        weight = {receptor.name: gs.Uniform(0.0, 3.0) for receptor in cells.receptors}
        net.connect(inputs + burst, cells, gs.FixedInDegree(6), weight=weight, delay=gs.Uniform(0.1, 4.0))
        net.connect(cells, cells, gs.FixedTotalNumber(60), receptor="lost", weight=gs.Normal(0.0, 2.0), delay=0.3)
    net.drive(net.populations["exact"], "kept", rate=2000.0, weight=-0.3)
    record(net)
    return net


@case(30.0, seed=10, midway=set_conductance)
def gap_junctions() -> gs.Network:
    """Gap junctions by every kind of rule, within and between populations of every neuron model."""
    net = gs.Network()
    models = [gs.LIF(I_e=250.0), gs.AdEx(I_e=700.0), gs.Izhikevich(C_m=50.0, I_e=500.0), gs.HodgkinHuxley(I_e=300.0)]
    models.append(gs.Compartments(soma=gs.LIF(), dendrites={"apical": gs.Dendrite()}))
    placed = {"V": line(30, -75.0, 0.5), "positions": line(30, 0.0, 1.0)[:, None]}
    kinds = [[], [gs.AMPA()], [], [gs.AMPA()], {"soma": [gs.AMPA()]}]
    made = [net.population(f"cells {n}", 30, models[n], receptors=kinds[n], **placed) for n in range(5)]
    every = made[0] + made[1] + made[2] + made[3] + made[4]
    net.couple(every, every, gs.FixedProbability(0.1), gs.Gamma(2.0, 0.1), name="every")
    net.couple(made[0], made[1], gs.FixedInDegree(5), line(150, 0.1, 0.001))
    net.couple(made[2][:20], made[2][10:], gs.FixedTotalNumber(90), 0.2)
    net.couple(made[3][:-1], made[3][1:], gs.OneToOne(), 3.0)
    net.couple(made[3], made[3], gs.DistanceDependent(sigma=3.0), 0.3)
    net.couple(made[4], made[4], gs.FromArrays([0, 5, 9, 2], [5, 0, 2, 9]), 2.0)
    record(net)
    return net


@case(30.0, seed=5)
def rules() -> gs.Network:
    """Every connection rule, with weights and delays as numbers, arrays, distributions and by distance."""
    net = gs.Network()
    cells = lif_cells(net)
    n = 20
    source = net.population("source", n, gs.PoissonSource(rate=150.0), positions=line(n, 0.0, 0.4)[:, None])
    pre, post = np.arange(50) * 7 % n, np.arange(50) * 11 % 30
    matrix = scipy.sparse.coo_array((line(40, 0.1, 0.02), (np.arange(40) % n, np.arange(40) * 3 % 30)), shape=(n, 30))
    ring = {"boundary": "periodic", "extent": 7.5, "autapses": False}
    far, round_ = gs.DistanceDelay(1.0, offset=0.3), gs.DistanceDelay(2.0, boundary="periodic", extent=[7.5])
    plans: list[tuple[Any, Any, Any, Any, Any]] = [
        (source, cells[:n], gs.OneToOne(), 1.5, 0.1),
        (source, cells, gs.AllToAll(), line(n * 30, 0.0, 0.0005), far),
        (cells, cells, gs.AllToAll(autapses=False), gs.Uniform(0.0, 0.1), 1.0),
        (source, cells, gs.FixedProbability(0.2), gs.Normal(0.5, 0.2, low=0.0), gs.Normal(2.0, 0.5, low=0.1)),
        (cells, cells, gs.FixedProbability(0.2, autapses=False), 0.2, gs.Uniform(0.2, 6.0)),
        (source, cells, gs.FixedInDegree(4), gs.LogNormal(0.5, 0.3), gs.Gamma(2.0, 0.5)),
        (cells, cells, gs.FixedInDegree(20, autapses=False, multapses=False), gs.Exponential(0.05), 0.8),
        (source, cells, gs.FixedOutDegree(5), gs.Gamma(0.7, 0.5), gs.LogNormal(1.0, 0.4)),
        (cells, cells, gs.FixedOutDegree(3, autapses=False, multapses=False), 0.2, 3.3),
        (source + cells, cells, gs.FixedTotalNumber(90), line(90, 0.0, 0.01), 0.1 * (1 + np.arange(90) % 37)),
        (source, cells, gs.FixedTotalNumber(60, multapses=False), 0.2, 1.0),
        (cells, cells, gs.FixedTotalNumber(700, autapses=False, multapses=False), 0.01, 1.0),
        (source, cells, gs.DistanceDependent(0.9, sigma=1.0, max_distance=4.0), 0.4, far),
        (cells, cells, gs.DistanceDependent(0.8, sigma=0.7, profile="exponential", **ring), 0.2, far),
        (cells, cells, gs.DistanceDependent(0.5, sigma=1.5, profile="step", **ring), 0.2, 1.0),
        (source, cells, gs.FromArrays(pre, post), line(50, 0.0, 0.02), round_),
        (source, cells, gs.FromSparse(matrix), matrix.data, gs.Exponential(1.0, high=5.0)),
    ]
    for number, (before, after, rule, weight, delay) in enumerate(plans):
        receptor = "AMPA" if before is source else "GABA_A"
        net.connect(before, after, rule, receptor=receptor, weight=weight, delay=delay, name=f"{number}")
    return net


def near(distance: np.ndarray) -> np.ndarray:
    """Return a profile of operations that every machine rounds alike."""
    return 1.0 / (1.0 + distance * distance)


@case(30.0, seed=8)
def distances() -> gs.Network:
    """Kernels of one's own, every mask, in open and in periodic space, and weights by distance."""
    net = gs.Network()
    cells = lif_cells(net)
    n = 20
    source = net.population("source", n, gs.PoissonSource(rate=250.0), positions=line(n, 0.0, 0.4)[:, None])
    ring = {"boundary": "periodic", "extent": 7.5, "autapses": False}
    plane = line(30, 0.0, 0.2) * np.array([[1.0], [0.5]])
    flat = {"positions": (plane.T, plane.T + np.array([0.1, -0.3]))}
    contact = {"AMPA": gs.DistanceWeight(near), "NMDA": gs.Ratio("AMPA", 0.1)}
    plans: list[tuple[Any, Any, Any, Any]] = [
        (source, gs.DistanceDependent(0.9, kernel=near, max_distance=5.0), 0.4, gs.DistanceDelay(1.0, offset=0.3)),
        (source, gs.DistanceDependent(0.7, mask=gs.Rectangle(-0.5, 2.0)), contact, 1.0),
        (source, gs.FixedProbability(0.2), {"AMPA": gs.DistanceWeight(np.sqrt, low=0.0, high=9.0)}, 0.8),
        (cells, gs.DistanceDependent(0.8, kernel=near, mask=gs.Annulus(0.5, 3.0), **ring), 0.2, 1.0),
        (cells, gs.DistanceDependent(0.5, mask=gs.Ellipse(4.0, 1.5, azimuth_angle=30.0), **flat), contact, 1.5),
        (cells, gs.DistanceDependent(0.5, sigma=1.5, mask=gs.Annulus(0.0, 1.0, anchor=[0.5])), 0.2, 2.0),
    ]
    for number, (before, rule, weight, delay) in enumerate(plans):
        chosen = weight if isinstance(weight, dict) else {"GABA_A": weight}
        net.connect(before, cells, rule, weight=chosen, delay=delay, name=f"{number}")
    return net


@case(30.0, seed=7)
def procedural() -> gs.Network:
    """Rows that are drawn again at each spike, by every rule that can, with weights and delays that are drawn too."""
    net = gs.Network()
    kinds = [*receptors(), gs.AMPA(name="first", kinetics=k.FirstOrder(1.1, 0.19))]
    cells = lif_cells(net, receptors=kinds)
    source = net.population("source", 20, gs.PoissonSource(rate=150.0))
    contact = {"AMPA": gs.LogNormal(0.5, 0.3), "first": gs.Ratio("AMPA", 0.5)}
    plans: list[tuple[Any, Any, Any, dict[str, Any], Any]] = [
        (source, cells, gs.FixedProbability(0.2), {"AMPA": 0.5}, 0.3),
        (cells, cells[::2], gs.FixedProbability(0.2, autapses=False), contact, gs.Uniform(0.2, 6.0)),
        (cells, cells, gs.FixedProbability(0.0009), {"GABA_A": gs.Uniform(0.0, 1.0)}, 0.8),
        (source + cells, cells, gs.FixedOutDegree(5), {"NMDA": gs.Exponential(0.05)}, gs.Normal(2.0, 0.5, low=0.1)),
        (cells, cells, gs.FixedOutDegree(3, autapses=False, multapses=False), contact, 3.3),
        (source, cells, gs.FixedOutDegree(20, multapses=False), {"GABA_A": 0.02}, gs.Exponential(1.0, high=5.0)),
        (cells, cells, gs.AllToAll(autapses=False), {"GABA_A": gs.Normal(0.05, 0.02, low=0.0)}, gs.LogNormal(1.0, 0.4)),
    ]
    for number, (before, after, rule, weight, delay) in enumerate(plans):
        net.connect(before, after, rule, weight=weight, delay=delay, storage="procedural", name=f"{number}")
    return net


@case(40.0, seed=6, midway=change)
def weights() -> gs.Network:
    """One weight from all to all, ratios, and weights and states that are replaced in the course of the run."""
    net = gs.Network()
    cells = lif_cells(net)
    source = net.population("source", 20, gs.PoissonSource(rate=100.0))
    net.connect(source, cells, gs.AllToAll(), receptor="AMPA", weight=0.1, delay=1.2, name="shared")
    ratio = {"NMDA": 0.01, "AMPA": gs.Ratio("NMDA", 5.0)}
    net.connect(cells, cells, gs.AllToAll(autapses=False), weight=ratio, name="shared by two")
    net.connect(cells, cells, gs.AllToAll(), weight={"GABA_A": gs.Uniform(0.0, 0.3)}, delay=2.0, name="drawn")
    net.connect(source, cells, gs.FixedInDegree(5), receptor="AMPA", weight=0.5, w_max=2.0, name="plastic")
    contact = {"NMDA": gs.Ratio("AMPA", 0.08), "AMPA": gs.Uniform(0.2, 1.0)}
    limits = {"AMPA": 1.5, "NMDA": 0.2}
    net.connect(source, cells[3:], gs.FixedProbability(0.3), weight=contact, w_max=limits, delay=0.9, name="both")
    return net


case(40.0, name="weights after a reset", seed=6, midway=start_over)(weights)


@case(40.0, seed=8)
def releases() -> gs.Network:
    """Short-term plasticity of sources and of each synapse, also with what is released active before it recovers."""
    net = gs.Network()
    cells = lif_cells(net)
    source = net.population("source", 20, gs.PoissonSource(rate=line(20, 50.0, 50.0)))
    own = gs.Uniform(0.2, 0.8), gs.Uniform(20.0, 80.0), gs.Uniform(0.0, 30.0)
    forms = {
        "shared": gs.TsodyksMarkram(0.4, 60.0, 20.0), "active": gs.TsodyksMarkram(0.4, 60.0, 20.0, tau_psc=5.0),
        "own": gs.TsodyksMarkram(*own), "own active": gs.TsodyksMarkram(*own, tau_psc=gs.Uniform(2.0, 60.0)),
    }  # fmt: skip
    for name, form in forms.items():
        net.connect(source, cells, gs.FixedInDegree(5), receptor="AMPA", weight=0.5, plasticity=form, name=name)
        net.record(name, [*form.variables], every=2.0, name=f"of {name}")
    return net


@case(40.0, seed=42)
def demo() -> gs.Network:
    """Describe the network of the demo, written out, with 150 neurons."""
    net = gs.Network()
    model = gs.LIF(C_m=200.0, g_L=10.0, E_L=-60.0, V_th=-50.0, V_reset=-60.0, t_ref=5.0)
    kinds = [gs.AMPA(tau_decay=5.0, E_rev=0.0), gs.NMDA(Mg=1.0), gs.GABA_A(tau_decay=10.0, E_rev=-80.0)]
    E = net.population("E", 120, model, receptors=kinds, V=gs.Uniform(-60.0, -50.0))
    I = net.population("I", 30, model, receptors=kinds, V=gs.Uniform(-60.0, -50.0))
    bg = net.population("bg", 37, gs.PoissonSource(rate=20.0))
    rule = gs.FixedProbability(80 / 150)
    net.connect(bg, E + I, rule, receptor="AMPA", weight=1.2)
    net.connect(E, E + I, rule, weight={"AMPA": 4.0, "NMDA": gs.Ratio("AMPA", 0.08)}, delay=1.5)
    inhibition = gs.LogNormal(mean=51.0, std=5.0)
    net.connect(I, E + I, rule, receptor="GABA_A", weight=inhibition, delay=gs.Uniform(0.5, 2.0))
    net.record(E + I, "spikes", name="spikes")
    net.record(E[:10], ["V", "I_AMPA", "I_NMDA", "I_GABA_A"], every=0.5, name="traces")
    return net


@case(20.0, seed=3)
def microcircuit() -> gs.Network:
    """The published network at a 250th of its size, with a thalamic pulse."""
    net, populations = gs.models.microcircuit(0.004, initial="original", thalamus=5.0)
    net.record(sum(populations.values()), "spikes", name="spikes")
    return net


@case(20.0, seed=4)
def brunel() -> gs.Network:
    """The published network with few neurons and few, strong synapses."""
    net, populations = gs.models.brunel("SI-fast", scale=0.02, C_E=40, J=2.5)
    net.record(sum(populations.values()), "spikes", name="spikes")
    return net


@case(20.0, seed=5)
def decision() -> gs.Network:
    """The published network with few cells, which each fire for little evidence."""
    net, populations = gs.models.decision(0.5, 0.05, seed=1, stimulus=(2.0, 15.0))
    net.record(sum(populations.values()), "spikes", name="spikes")
    return net


@case(20.0, seed=6)
def stdp() -> gs.Network:
    """The published network in which inhibition learns, with few neurons."""
    net, populations = gs.models.stdp(0.02, eta=0.5)
    net.record(sum(populations.values()), "spikes", name="spikes")
    return net


@case(30.0, dt=0.01, seed=0, precisions=("double",), lacks=no_circuit)
def allen_circuit() -> gs.Network:
    """300 neurons of the Allen Institute, from SONATA files, in the precision that they are run in."""
    from gpusyn import sonata

    folder = circuit()
    assert folder is not None
    return sonata.build(sonata.read_config(folder / "config.json")).net
