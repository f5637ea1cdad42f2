"""Synapses that make V jump, on every backend: the same bits, with any model, rule of weights and input."""

from __future__ import annotations

import numpy as np
import pytest

import gpusyn as gs
from tests.helpers.runs import cpu, differences, emulated, outcome

MODELS = {
    "LIF": gs.LIF(I_e=gs.Uniform(100.0, 140.0)),
    "AdEx": gs.AdEx(I_e=500.0, t_ref=1.0),
    "Izhikevich": gs.Izhikevich(I_e=4.0, t_ref=0.5),
    "HodgkinHuxley": gs.HodgkinHuxley(I_e=100.0),
    "GLIF": gs.GLIF(I_e=300.0, t_ref=1.0),
    "star": gs.Compartments(
        soma=gs.LIF(I_e=200.0), dendrites={"apical": gs.Dendrite(g_c=gs.Uniform(5.0, 15.0)), "basal": gs.Dendrite()}
    ),
}
N = 140  # more than a chunk
BOTH = [gs.DeltaReceptor("lost"), gs.DeltaReceptor("kept", refractory="keep")]


def receptors(model: str, others: bool) -> object:
    """Receptors of both kinds, beside none or a current and conductances; on dendrites too."""
    more = [gs.CurrentReceptor("current", tau=3.0), gs.AMPA(), gs.NMDA(Pf=0.1)] if others else []
    own = [BOTH[0], *more, BOTH[1]]
    return {"soma": own, "apical": [*BOTH, gs.NMDA(Pf=0.1)], "basal": BOTH[:1]} if model == "star" else own


def network(model: str, others: bool) -> gs.Network:
    net = gs.Network()
    cells = net.population("cells", N, MODELS[model], receptors=receptors(model, others))
    noise = net.population("noise", 30, gs.PoissonSource(rate=400.0))
    listed = net.population("listed", 3, gs.SpikeSource([[0.1, 0.1, 0.4], [1.0, 1.2, 3.0], [0.3] * 6]))
    some, later, names = gs.FixedInDegree(5), gs.Uniform(0.1, 2.0), [r.name for r in cells.receptors]
    jumping = [name for name in names if name.rpartition(".")[2] in ("lost", "kept")]
    net.connect(noise, cells, some, weight={n: gs.Normal(0.5, 1.0) for n in jumping}, delay=later, name="drawn")
    net.connect(listed, cells, gs.AllToAll(), weight=dict.fromkeys(jumping, 3.0), delay=0.3, name="shared")
    again = {"weight": gs.Uniform(0.0, 1.0), "delay": later, "storage": "procedural", "name": "again"}
    net.connect(cells, cells, gs.FixedOutDegree(5), receptor="kept", **again)
    learning = {"receptor": "lost", "weight": gs.Uniform(0.0, 1.0), "w_max": 2.0, "delay": later}
    rules = {"pairs": gs.STDP(A_plus=0.1, A_minus=0.1), "calcium": gs.CalciumSTDP(tau=100.0)}
    released = {"depressed": gs.TsodyksMarkram(0.5, 100.0), "quanta": gs.QuantalRelease(5, 0.4, cv=0.2)}
    for name, rule in rules.items():
        net.connect(noise + cells, cells, some, **learning, plasticity=rule, name=name)
    for name, rule in released.items():
        net.connect(noise, cells, some, receptor="kept", weight=gs.Uniform(-1.0, 2.0), plasticity=rule, name=name)
    net.drive(cells[5:], "kept", rate=gs.Waveform([0.0, 3.0], [500.0, 20_000.0]), weight=-0.2)
    net.drive(cells, jumping[-1], rate=900.0, weight=np.linspace(-1.0, 2.0, N))
    if others:
        more = {"current": -20.0, "AMPA": 0.2, "NMDA": gs.Ratio("AMPA", 0.5)}
        net.connect(noise, cells, some, weight=more, delay=later, name="others")
        net.infuse("D-AP5", 5.0, start=2.0)
    net.clamp(cells[7:12], gs.Waveform([0.0, 2.0], [-60.0, -70.0]))
    net.inject(cells[20:], gs.Waveform([1.0, 5.0], [0.0, 90.0], "linear"))
    net.record(cells, list(cells.variables) if others else ["V"], name="state")
    net.record(cells, "spikes", name="spikes")
    return net


def played(model: str, others: bool, backend: object, precision: str, cuts: tuple[int, ...] = (40, 80)) -> dict:
    with gs.Simulator(network(model, others), dt=0.1, seed=3, backend=backend, precision=precision) as sim:
        done = 0
        for stop in cuts:
            sim.step(stop - done)
            done = stop
            if stop == 40:
                sim.set("cells", "V", gs.Uniform(-70.0, -60.0))
                sim.set_weights("pairs", sim.weights("pairs").weight[::-1])
        return outcome(sim)


def check(model: str, others: bool, precision: str) -> None:
    wanted = played(model, others, "numpy", precision)
    assert len(wanted["spikes ids"]) > 50
    assert np.ptp(wanted["pairs lost weight"]) > 0
    for threads in (1, 2, 3):
        cut = played(model, others, cpu(threads), precision, (3, 40, 41, 77, 80))
        assert not differences(wanted, cut), threads
    assert not differences(wanted, played(model, others, emulated(), precision, (17, 40, 80)))


def test_every_backend_has_the_bits_of_numpy():
    """The richest case; the long checks have all of them."""
    check("star", True, "single")


@pytest.mark.fuzz
@pytest.mark.parametrize("precision", ["single", "double"])
@pytest.mark.parametrize("others", [False, True], ids=["alone", "beside others"])
@pytest.mark.parametrize("model", MODELS)
def test_every_model_has_the_bits_of_numpy(model, others, precision):
    check(model, others, precision)


def test_what_waits_is_in_a_checkpoint_and_reset_forgets_it(tmp_path):
    """Stopped where an event waits for the end of the refractory time, and gone on with elsewhere."""
    net = gs.Network()
    cells = net.population("cells", 2, gs.LIF(I_e=gs.Uniform(0.0, 50.0)), receptors=BOTH)
    spikes = net.population("spikes", 1, gs.SpikeSource([1.0, 2.0]))
    net.connect(spikes, cells, gs.AllToAll(), weight={"lost": 20.0, "kept": [5.0, 20.0]}, delay=0.5)
    net.record(cells, ["spikes", "V"], name="cells")

    def first(sim: gs.Simulator) -> None:
        sim.run(3.0)  # V is held until 3.5 ms, and what arrived at 2.5 ms waits

    with gs.Simulator(net, seed=3, backend="numpy") as sim:
        first(sim)
        sim.save_checkpoint(tmp_path / "point.h5")
        sim.run(2.0)
        wanted = outcome(sim)
        assert np.rint(wanted["cells:spikes times"] / 0.1).tolist() == [15, 15, 36]
        first_V, V = wanted["cells:V V"][:30], wanted["cells:V V"][35:]
        assert V[0, 0] - first_V[-1, 0] > 5.0
        assert V[0, 1] == first_V[-1, 1]
        sim.reset()
        first(sim)
        sim.reset()  # nothing waits any more
        first(sim)
        sim.run(2.0)
        assert not differences(wanted, outcome(sim))
    for backend in ("numpy", cpu(3), emulated()):
        with gs.Simulator.load_checkpoint(net, tmp_path / "point.h5", backend=backend) as sim:
            sim.run(2.0)
            assert not differences(wanted, outcome(sim))
