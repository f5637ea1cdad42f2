"""A network that launches every kernel, on emulated CUDA and on numpy: the same bits.

``python -m tests.helpers.sanitized_network [PRECISION ...]`` runs it in a process of its own, as sanitizers need.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Sequence

import numpy as np

import gpusyn as gs
from gpusyn.backends.cuda.backend import CudaBackend
from gpusyn.kernels.spec import KERNELS
from tests.emulation import ORDERS, cupy, using
from tests.helpers.runs import Outcome, outcome

DT = 0.1


def describe(active: bool = False) -> gs.Network:
    """Gates of every kind on targets, sources and synapses, neurons with conductances and currents, all inputs.

    Short-term plasticity that is `active` for a time takes kernels in the place of those that know no such thing.
    """
    net = gs.Network()
    cell = gs.LIF(C_m=gs.Uniform(150.0, 250.0), E_L=-60.0, V_th=-50.0, V_reset=-60.0, t_ref=0.5)
    receptors = [
        gs.AMPA(kinetics=gs.kinetics.FirstOrder.AMPA()),
        gs.NMDA(gating="per-synapse"),
        gs.GABA_A(gating="per-synapse"),
        gs.AMPA(name="lumped"),
        gs.AMPA(name="again"),
        gs.AMPA(name="each", kinetics=gs.kinetics.FirstOrder.AMPA(), gating="per-synapse"),
    ]
    E = net.population("E", 140, cell, receptors=receptors, V=gs.Uniform(-52.0, -49.0))
    C = net.population("C", 20, gs.LIF(I_e=3000.0), receptors=[gs.CurrentReceptor("syn", tau=2.0)])
    noise = net.population("noise", 20, gs.PoissonSource(rate=5000.0))
    listed = net.population("listed", 3, gs.SpikeSource([[0.1, 0.1, 0.4], [], [0.3] * 6]))
    renewals(net, E)
    contact = {"AMPA": gs.Uniform(0.0, 2.0), "NMDA": 0.5, "GABA_A": 0.2, "lumped": gs.Ratio("AMPA", 0.5), "each": 0.2}
    net.connect(E + noise, E, gs.FixedInDegree(12), weight=contact, delay=gs.Uniform(0.1, 0.6))
    net.connect(listed, E, gs.AllToAll(), weight={"GABA_A": 1.0, "lumped": 2.0}, delay=DT)
    net.connect(E + listed, C, gs.FixedProbability(0.2), receptor="syn", weight=gs.Normal(0.0, 50.0), delay=2 * DT)
    net.connect(E, E, gs.AllToAll(autapses=False), receptor="AMPA", weight=0.01, name="shared")
    short_term(net, E, C, noise + listed)
    saturating(net, E + noise)
    branched(net, noise + listed)
    fluctuating(net)
    coupled(net)
    jumping(net, noise + listed)
    adapting(net, noise + listed)
    procedural(net, E, noise)
    learning(net, E, C, noise)
    plastic(net, E, noise + listed, active)
    spines(net, E, noise + E[:9])
    net.drive(E[:70], "lumped", rate=gs.Waveform([0.0, 0.5], [3000.0, 9000.0]), weight=0.5)
    net.drive(C, "syn", rate=20_000.0, weight=10.0)
    net.drive(C[3:], "syn", rate=gs.Waveform([0.0, 0.55], np.linspace(0.0, 400_000.0, 34).reshape(2, 17)), weight=1.0)
    net.inject(E[5:9], gs.Waveform([0.2], [500.0]))
    net.inject(E[6:8], gs.Waveform([0.1, 0.5], [[50.0, -50.0], [0.0, 30.0]], interpolation="linear"))
    net.clamp(E[3], gs.Waveform([0.0, 0.4], [-70.0, 20.0]))
    net.clamp(E[10:12], gs.Waveform([0.0, 0.3], [[-70.0, -60.0], [-55.0, 20.0]]))
    net.record(E + C + noise + listed, "spikes", name="spikes")
    net.record(E[100:], ["V", "g_AMPA", "h_NMDA", "I_GABA_A", "B_NMDA", "Ca", "g_each"], name="traces")
    net.record(C, ["V", "I_syn"], every=2 * DT, name="currents")
    return net


def renewals(net: gs.Network, E: gs.Population) -> None:
    """Sources with gamma intervals, whose rate changes, and with a dead time, of which one is silent."""
    changing = gs.Waveform([0.0, 0.5], [5000.0, 90_000.0])
    shape = np.append(np.full(60, 0.01), np.geomspace(0.01, 100.0, 70))  # the smallest also has intervals near 0
    gamma = gs.GammaSource(changing, shape=shape, max_events=20)
    sources = net.population("gamma", 130, gamma)
    sources += net.population("dead", 9, gs.PoissonSource(np.linspace(0.0, 3900.0, 9), dead_time=0.25))
    net.connect(sources, E, gs.FixedProbability(0.1), receptor="lumped", weight=0.2, delay=DT)


def short_term(net: gs.Network, E: gs.Population, C: gs.Population, sources: gs.Selection) -> None:
    """Short-term plasticity with one weight and with drawn ones, delivered when due, into rings and to shared sums."""
    plasticity, later = gs.TsodyksMarkram(U=0.4, tau_rec=2.0, tau_facil=1.0), gs.Uniform(0.1, 0.6)
    rule = gs.FixedInDegree(9)
    net.connect(E + sources, E, rule, receptor="lumped", weight=0.5, delay=later, plasticity=plasticity)
    net.connect(sources[3:], C, rule, receptor="syn", weight=gs.Uniform(0.0, 9.0), delay=later, plasticity=plasticity)
    net.connect(sources, C, gs.AllToAll(), receptor="syn", weight=gs.Uniform(0.0, 9.0), plasticity=plasticity)
    net.connect(E, E, gs.AllToAll(autapses=False), receptor="lumped", weight=0.01, plasticity=plasticity)


def procedural(net: gs.Network, E: gs.Population, noise: gs.Population) -> None:
    """Rows that are drawn again by every rule, with events of neurons and of gates on sources."""
    drawn = {"weight": {"lumped": gs.Normal(0.02, 0.01, low=0.0), "AMPA": gs.Ratio("lumped", 0.5)}}
    later, odd = gs.Uniform(0.1, 0.6), E[::2]
    rules = {
        "some": (noise + odd, E[20:], gs.FixedProbability(0.05, autapses=False), drawn | {"delay": later}),
        "few": (noise, odd, gs.FixedProbability(0.0009), {"receptor": "lumped", "weight": 0.5}),
        "each": (E[:9], E, gs.AllToAll(autapses=False), drawn | {"delay": 0.3}),
        "chosen": (noise, odd, gs.FixedOutDegree(5), drawn),
        "different": (odd, E, gs.FixedOutDegree(3, multapses=False, autapses=False), drawn | {"delay": later}),
        "left": (noise, E, gs.FixedOutDegree(130, multapses=False), {"receptor": "AMPA", "weight": 0.001}),
    }
    for name, (pre, post, rule, values) in rules.items():
        net.connect(pre, post, rule, **values, storage="procedural", name=f"drawn {name}")


def learning(net: gs.Network, E: gs.Population, C: gs.Population, noise: gs.Population) -> None:
    """Synapses that learn by every rule, with long and short axons, from neurons and from sources of several events."""
    strong = gs.STDP(A_plus=0.1, A_minus=0.2, mu_plus=0.5, mu_minus=0.5)
    rules = {
        "pairs": (noise + E, C, "syn", 200.0, strong, 0.0),
        "nearest": (noise, E[::3], "lumped", 2.0, gs.STDP(A_plus=0.1, pairing="nearest"), 0.5),
        "triplets": (C, E, "lumped", 2.0, gs.TripletSTDP(), 1.0),
        "inhibition": (C, C, "syn", 100.0, gs.InhibitorySTDP(eta=1.0), 0.0),
        "calcium": (noise + E, C, "syn", 200.0, gs.CalciumSTDP(D=0.2, sigma=20.0, tau=100.0), 0.4),
        "reward": (noise, E, "lumped", 2.0, gs.DopamineSTDP(gs.STDP(0.1, 0.1), 1.0, 0.5, modulator=noise[:3]), 0.0),
        "course": (
            C,
            C,
            "syn",
            200.0,
            gs.DopamineSTDP(gs.STDP(0.1, 0.1), 2.0, 0.5, gs.Waveform([0, 1], [99, -9])),
            0.0,
        ),
    }
    scaling = gs.HomeostaticScaling(rate=50.0, tau=1.0, tau_rate=1.0, every=0.3)
    rules |= {
        "scaled pairs": (noise, C, "syn", 200.0, [strong, scaling], 0.0),
        "scaled reward": (noise, C, "syn", 200.0, [rules["reward"][4], scaling], 0.0),
        "scaled": (noise, E, "lumped", 2.0, scaling, None),
    }
    for name, (pre, post, receptor, largest, rule, axonal) in rules.items():
        net.connect(
            pre, post, gs.FixedProbability(0.2), receptor=receptor, weight=gs.Uniform(0.0, largest / 2), w_max=largest,
            delay=gs.Uniform(0.1, 0.5), plasticity=rule, axonal=axonal, name=f"learns {name}",
        )  # fmt: skip


def spines(net: gs.Network, E: gs.Population, sources: gs.Selection) -> None:
    """Synapses that learn from calcium, through gates that follow events and pulses, with one delay and with several.

    No magnesium blocks them, because a drug blocks the open channels of all NMDA receptors.
    """
    forms = {"lumped": ("again", gs.Uniform(0.1, 0.5), 0.1), "again": ("AMPA", 0.2, 0.0)}
    for learns, (calcium, delay, bap_delay) in forms.items():
        rule = gs.NMDAPlasticity(calcium, learns, speed=100.0, G=0.1, bap_delay=bap_delay)
        net.connect(
            sources, E, gs.FixedProbability(0.1), weight={learns: gs.Uniform(0.0, 1.0), calcium: 0.1},
            w_max={learns: 2.0}, delay=delay, plasticity=rule, name=f"calcium of {calcium}",
        )  # fmt: skip
        net.record(f"calcium of {calcium}", "Ca", every=2 * DT, name=f"spines of {calcium}")
    limits = {"highest": (2.0, 1.0, 0.0), "lowest": (0.0, 0.0, 130.0)}  # weight, where it rests, where calcium stops
    for name, (weight, rest, V_Ca) in limits.items():
        rule = gs.NMDAPlasticity("lumped", "again", speed=100.0, G=0.0, W_rest=rest, V_Ca=V_Ca)
        net.connect(
            sources, E, gs.FixedProbability(0.02), weight={"again": weight, "lumped": 0.1}, w_max={"again": 2.0},
            delay=0.3, plasticity=rule, name=f"{name} spines",
        )  # fmt: skip


def rewired(net: gs.Network) -> None:
    """Synapses that are replaced between two steps, where the host moves all that is kept of each."""
    E, noise = net.populations["E"], net.populations["noise"]
    moved = gs.Rewiring(0.6, prune_below=0.5, weight=gs.Uniform(0.2, 2.0), learns="lumped")
    modulator = gs.Waveform([0.0], [50.0])
    rules = {
        "pairs": gs.STDP(A_plus=0.1, A_minus=0.2, axonal=0.5, learns="lumped"),
        "reward": gs.DopamineSTDP(gs.STDP(0.1, 0.1, learns="lumped"), 1.0, 0.5, modulator),
        "spines": gs.NMDAPlasticity("again", "lumped", speed=100.0, G=0.1),
    }
    for name, rule in rules.items():
        net.connect(
            noise, E, gs.FixedProbability(0.1), weight={"lumped": gs.Uniform(0.0, 2.0), "again": 0.1},
            w_max={"lumped": 2.0}, delay=gs.Uniform(0.1, 0.5), plasticity=[rule, moved], name=f"rewired {name}",
        )  # fmt: skip


def plastic(net: gs.Network, E: gs.Population, sources: gs.Selection, active: bool) -> None:
    """Short-term plasticity of sources and of each synapse, and random release, onto one receptor and two."""
    both, weight = {"lumped": 0.5, "again": gs.Uniform(0.0, 1.0)}, {"lumped": gs.Uniform(0.0, 1.0)}
    U = 0.6502010226249695  # six events of one step release a part that is rounded to more than 1
    each, own = (gs.TsodyksMarkram(u, gs.Uniform(1.0, 9.0), gs.Uniform(0.0, 9.0)) for u in (U, gs.Uniform(0.2, 0.8)))
    shared, sites = gs.TsodyksMarkram(U, 3.0, 1.0), gs.QuantalRelease(6)
    forms = {
        "shared": (shared, weight), "shared weight": (shared, {"lumped": 0.5}), "each": (each, both),
        "quanta": (gs.QuantalRelease(5, 0.4, 1.0), weight), "sites": ([shared, sites], both),
        "own sites": ([own, sites], weight),
    }  # fmt: skip
    later, rest = gs.Uniform(1.0, 4.0), (0.5, 3.0, 1.0)
    kept = {
        "active": (gs.TsodyksMarkram(*rest, tau_psc=2.0), weight),
        "each active": (gs.TsodyksMarkram(*rest, tau_psc=later), both),
        "each recovers": (gs.TsodyksMarkram(0.5, later, 1.0, tau_psc=2.0), weight),
    }
    for name, (plasticity, weights) in (forms | (kept if active else {})).items():
        delay, p = (0.3, 0.01) if name == "quanta" else (gs.Uniform(0.1, 0.6), 0.1)
        options = {"weight": weights, "delay": delay, "plasticity": plasticity}
        net.connect(sources + E[:9], E, gs.FixedProbability(p), **options, name=f"plastic {name}")


def saturating(net: gs.Network, sources: gs.Selection) -> None:
    """Kinetics that saturate: on the sources (by several), on the synapses (each, two of them blocked by a drug)."""
    kinetics = {
        "markov": gs.kinetics.Markov.GABA_A(),
        "jump": gs.kinetics.Saturating(jump=True),
        "rise": gs.kinetics.Saturating(),
        "protein": gs.kinetics.GProtein(K3=10.0),
    }
    owned = [gs.AMPA(name=name, kinetics=k) for name, k in kinetics.items()]
    slow = gs.MgBlock.HillTononi()
    gated = [
        gs.GABA_A(name="markov", kinetics=kinetics["markov"], gating="per-synapse"),
        gs.NMDA(name="jump", kinetics=kinetics["jump"]),
        gs.NMDA(name="rise", kinetics=kinetics["rise"], block=slow),
        gs.GABA_B(name="protein", kinetics=kinetics["protein"], gating="per-synapse"),
    ]
    for name, receptors in (("S", owned), ("G", gated)):
        cells = net.population(name, 20, gs.LIF(), receptors=receptors)
        weight = dict.fromkeys(kinetics, gs.Uniform(0.1, 0.5))
        net.connect(
            sources, cells, gs.FixedProbability(0.1), weight=weight, delay=gs.Uniform(0.1, 0.5), name=f"to {name}"
        )
        net.record(cells, ["V", "Ca", *(f"g_{key}" for key in kinetics)], name=f"saturating {name}")
    net.infuse("MK-801", 5.0, start=DT)


def branched(net: gs.Network, sources: gs.Selection) -> None:
    """Cells of compartments, with one row of coefficients and with rows of their own, under each input."""
    slow = gs.NMDA(name="slow", block=gs.MgBlock.HillTononi())
    receptors = {"soma": [gs.GABA_A()], "apical": [gs.AMPA(), gs.NMDA(gating="per-synapse")], "basal": [slow]}
    for name, soma in (("B", gs.LIF(I_e=gs.Normal(3000.0, 100.0))), ("T", gs.LIF(I_e=3000.0))):
        model = gs.Compartments(soma=soma, dendrites={"apical": gs.Dendrite(), "basal": gs.Dendrite(g_c=9.0)})
        cells = net.population(name, 12, model, receptors=receptors)
        weight = {"GABA_A": 0.1, "apical.AMPA": gs.Uniform(0.1, 0.5), "apical.NMDA": 0.2, "basal.slow": 0.2}
        net.connect(sources, cells, gs.FixedProbability(0.2), weight=weight, delay=gs.Uniform(0.1, 0.5))
        net.inject(cells[2:], gs.Waveform([0.2], [300.0]), compartment="apical")
        net.clamp(cells[:3], gs.Waveform([0.2], [-40.0]), compartment="basal")
        net.record(cells, list(cells.variables), name=f"branched {name}")


def fluctuating(net: gs.Network) -> None:
    """White noise and the Ornstein-Uhlenbeck process into a soma or a dendrite, for a time, of equal and other std."""
    cells = net.population("F", 140, gs.LIF(I_e=200.0), receptors=[gs.CurrentReceptor("syn", tau=2.0)])
    net.inject(cells[5:136], gs.WhiteNoise(mean=50.0, std=100.0, dt=0.3), start=0.2, stop=1.0)
    net.inject(cells[::3], gs.OrnsteinUhlenbeck(mean=10.0, std=np.linspace(0.0, 90.0, 47), tau=0.5))
    net.inject("B", gs.OrnsteinUhlenbeck(std=200.0, tau=2.0), compartment="apical")
    net.record(cells, "V", name="fluctuating")


def coupled(net: gs.Network) -> None:
    """Gap junctions between cells of several models, with noise and without, and somas of cells with dendrites."""
    squid = net.population("H", 9, gs.HodgkinHuxley(I_e=300.0), receptors=[gs.AMPA()], V=gs.Uniform(-80.0, -60.0))
    cells = net.populations["F"] + net.populations["B"] + squid
    net.couple(cells, cells, gs.FixedProbability(0.05), gs.Uniform(0.0, 1.0))
    net.couple(squid[:5], squid[3:], gs.AllToAll(), 2.0)
    net.record(squid, ["V", "m"], name="coupled")


def jumping(net: gs.Network, sources: gs.Selection) -> None:
    """Cells whose V spikes make jump, at the soma and at a dendrite; some are held when spikes arrive."""
    both = [gs.DeltaReceptor("lost"), gs.DeltaReceptor("kept", refractory="keep")]
    star = gs.Compartments(soma=gs.LIF(I_e=3000.0), dendrites={"apical": gs.Dendrite()})
    cells = {
        "J": net.population("J", 12, gs.LIF(I_e=3000.0), receptors=both),
        "K": net.population("K", 12, star, receptors={"soma": [*both, gs.NMDA()], "apical": both[:1]}),
    }
    for name, own in cells.items():
        weight = {receptor.name: gs.Uniform(0.0, 2.0) for receptor in own.receptors}
        net.connect(sources, own, gs.FixedProbability(0.2), weight=weight, delay=gs.Uniform(0.1, 0.5))
        net.record(own, list(own.variables), name=f"jumping {name}")


def adapting(net: gs.Network, sources: gs.Selection) -> None:
    """Cells whose threshold changes, with currents and with conductances, some of which are held when spikes arrive."""
    glif = gs.GLIF(level=5, I_e=gs.Uniform(2000.0, 4000.0), t_ref=0.33)
    lif = gs.LIF(I_e=3000.0, t_ref=0.2, theta_jump=2.0, tau_theta=5.0)
    for kind, model in (("G", glif), ("L", lif)):
        for receptor, weight in ((gs.CurrentReceptor("syn", tau=2.0), 50.0), (gs.AMPA(), 0.5)):
            cells = net.population(f"{kind} {receptor.name}", 12, model, receptors=receptor)
            net.connect(sources, cells, gs.FixedProbability(0.2), receptor=receptor.name, weight=weight, delay=DT)
            net.record(cells, ["V", *model.STATES], name=f"adapting {kind} {receptor.name}")


def run(backend: object, precision: str, steps: int) -> tuple[list[np.ndarray], set[str]]:
    """Everything recorded, and the kernels that were launched."""
    net = describe(active=precision == "double")
    rewired(net)
    with gs.Simulator(net, dt=DT, seed=3, backend=backend, precision=precision, chunk_steps=36) as sim:
        sim.step(steps)
        spikes = sim.data["spikes"]
        found = [spikes.times, spikes.ids]
        for name in ("pairs", "reward", "spines"):
            weights, done = sim.weights(f"rewired {name}"), sim.rewirings(f"rewired {name}")
            assert done.created.sum() > 50
            found += [weights.pre, weights.post, weights.weight["lumped"], weights.delay, done.deleted]
        names = ("traces", "currents", "saturating S", "saturating G", "spines of again", "spines of AMPA")
        names += ("branched B", "branched T", "fluctuating", "coupled", "jumping J", "jumping K")
        names += tuple(name for name in sim.data if name.startswith("adapting"))
        for name in names:
            found += [sim.data[name][variable] for variable in sim.data[name]]
        return found, {launch.kernel for launch in sim._compiled.program.launches}


@functools.cache
def by_numpy(steps: int) -> Outcome:
    """Return everything that a run shows, as numpy computes it, which takes seconds."""
    with gs.Simulator(describe(), dt=DT, seed=3, backend="numpy") as sim:
        sim.step(steps)
        return outcome(sim)


#: Size of a block, order of its threads and number of steps of each precision.
RUNS = {"single": (64, "forward", 40), "double": (96, "drawn-1", 12)}


def main(precisions: Sequence[str]) -> None:
    """Compare with numpy in each precision; print the kernels that ran."""
    for precision in precisions:
        block, order, steps = RUNS[precision]
        expected, kernels = run("numpy", precision, steps)
        assert kernels == set(KERNELS)
        with using(order=ORDERS[order]):
            found, _ = run(CudaBackend(block, importer=lambda: cupy), precision, steps)
        same = [a.dtype == b.dtype and a.tobytes() == b.tobytes() for a, b in zip(found, expected, strict=True)]
        assert all(same), (precision, same)
        assert len(found[0]) > 50
        print("ran", precision, *sorted(kernels))


if __name__ == "__main__":
    main(sys.argv[1:] or list(RUNS))
