"""Procedural projections: the same results as those of stored synapses, in every bit, and nothing stored."""

import numpy as np
import pytest

import gpusyn as gs
from gpusyn.builder.rows import tables
from gpusyn.builder.rows.compiled import CompiledRows
from gpusyn.builder.rows.reference import NumpyRows
from gpusyn.kernels.records import DrawnSet, read_rows
from gpusyn.numerics.rng import Stream, StreamPurpose, stream_key
from gpusyn.numerics.sampling import bernoulli_lists
from tests.emulation import ORDERS, check_guards, using
from tests.helpers.building import EmulatedLauncher
from tests.helpers.long_checks import every
from tests.helpers.runs import cpu, differences, emulated, outcome

DT, STEPS = 0.1, 90
FIRST_ORDER = gs.kinetics.FirstOrder.AMPA()
MOST_BYTES = 16  # of a source and projection: its row, the column that it leaves out, the number of its first synapse


def lively(storage, size=60):
    """Every rule, with constants and drawn values, onto gates of targets and of sources, from parts of populations."""
    net = gs.Network()
    cell = gs.LIF(C_m=200.0, g_L=10.0, E_L=-60.0, V_th=-50.0, V_reset=-60.0, t_ref=1.0)
    receptors = [gs.AMPA(), gs.NMDA(), gs.AMPA(name="first", kinetics=FIRST_ORDER), gs.CurrentReceptor("I", tau=2.0)]
    initial = gs.Uniform(-60.0, -49.0)
    E = net.population("E", size, cell, receptors=receptors, V=initial)
    I = net.population("I", size // 2, cell, receptors=receptors, V=initial)
    bg = net.population("bg", 20, gs.PoissonSource(rate=gs.Waveform([0.0, 5.0], [300.0, 1e5]), max_events=20))
    odd, ends = E[::2], E[-5:] + I + E[:5]
    both = {"AMPA": gs.LogNormal(1.0, 0.5), "first": gs.Ratio("AMPA", 0.5), "NMDA": gs.Ratio("AMPA", 0.1)}
    later = gs.Uniform(0.1, 2.0)
    ratio, fractions = {"AMPA": 2.0, "NMDA": gs.Ratio("AMPA", 0.1)}, {"first": gs.Uniform(0.0, 1.0)}
    cases = {
        "constants": (bg, E + I, gs.FixedProbability(0.3), {"AMPA": 8.0}, 1.0),
        "ratio": (E, E + I, gs.FixedProbability(0.2, autapses=False), ratio, 1.5),
        "out-degree": (E + I, I + odd, gs.FixedOutDegree(7, autapses=False), both, later),
        "distinct": (odd, odd, gs.FixedOutDegree(9, multapses=False, autapses=False), fractions, 0.1),
        "most": (ends, E + I, gs.FixedOutDegree(80, multapses=False), {"NMDA": gs.Exponential(0.01)}, 0.7),
        "all": (I, I, gs.AllToAll(autapses=False), {"I": gs.Normal(0.0, 30.0)}, gs.Exponential(1.0, high=5.0)),
        "shared": (E, I, gs.AllToAll(), {"I": 0.5}, 0.4),
        "part": (E, odd, gs.AllToAll(), {"I": 0.5}, 0.4),
        "rare": (ends, ends, gs.FixedProbability(0.0009, autapses=False), {"first": gs.Normal(1.0, 0.1, low=0.0)}, 0.3),
        "certain": (bg, odd, gs.FixedProbability(1.0), {"AMPA": gs.Uniform(0.0, 0.1)}, 0.2),
        "none": (bg, odd, gs.FixedProbability(0.0), {"AMPA": 1.0}, 0.2),
        "no degree": (bg, odd, gs.FixedOutDegree(0), {"AMPA": 1.0}, 0.2),
    }  # fmt: skip
    for name, (pre, post, rule, weight, delay) in cases.items():
        net.connect(pre, post, rule, weight=weight, delay=delay, storage=storage, name=name)
    net.record(E + I, "spikes", name="spikes")
    net.record(E[:20], ["V", "g_AMPA", "g_NMDA", "g_first", "I_I"], name="traces")
    return net


def play(storage, backend, steps=STEPS, **options):
    with gs.Simulator(lively(storage), dt=DT, seed=5, backend=backend, **options) as sim:
        sim.step(steps)
        assert len(sim.data["spikes"].times) > steps
        return outcome(sim)


@pytest.fixture(scope="module", params=every(2, ["single", "double"]))
def stored(request):
    """The results of stored synapses, computed by numpy."""
    return request.param, play("stored", "numpy", precision=request.param)


def test_numpy(stored):
    precision, expected = stored
    assert differences(expected, play("procedural", "numpy", precision=precision)) == []


@pytest.mark.parametrize("threads", [1, 3])
def test_threads(stored, threads):
    precision, expected = stored
    assert differences(expected, play("procedural", cpu(threads), precision=precision)) == []


@pytest.mark.parametrize(("block", "order"), [(32, "backward"), (256, "drawn-1")])
def test_emulated_blocks(block, order):
    expected = play("stored", "numpy", steps=60)
    with using(order=ORDERS[order]):
        assert differences(expected, play("procedural", emulated(block), steps=60)) == []
        check_guards()


def long_rows(storage):
    """Rows of more synapses than are drawn at a time, or than one unit of work has."""
    net, n = gs.Network(), 5000
    cells = net.population("cells", n, gs.LIF(V_th=1e6), receptors=[gs.AMPA()])
    sources = net.population("sources", 3, gs.SpikeSource([0.1, 0.2]))
    drawn = {"receptor": "AMPA", "weight": gs.Uniform(0.0, 1.0), "delay": gs.Uniform(0.1, 0.5), "storage": storage}
    net.connect(sources, cells, gs.FixedProbability(0.6), **drawn, name="some")
    net.connect(sources, cells, gs.FixedProbability(0.0009), **drawn | {"weight": 1.0, "delay": 0.1}, name="few")
    net.connect(sources, cells[3:], gs.FixedOutDegree(4500), **drawn, name="chosen")
    net.connect(sources, cells, gs.FixedOutDegree(2100, multapses=False), **drawn, name="different")
    net.connect(sources, cells, gs.FixedOutDegree(4100, multapses=False), **drawn, name="left")
    net.connect(sources, cells[800:], gs.AllToAll(), **drawn, name="each")
    net.record(cells, "g_AMPA", name="traces")
    return net


def test_long_rows():
    def play(storage, backend):
        with gs.Simulator(long_rows(storage), dt=DT, seed=5, backend=backend) as sim:
            sim.step(8)
            return {"g": sim.data["traces"]["g_AMPA"]} | {n: sim.weights(n).weight for n in sim.net.projections}

    expected = play("stored", "numpy")
    assert (expected["g"][-1] > 0).all()
    for backend in ("numpy", cpu(1), cpu(3), emulated(64)):
        assert differences(expected, play("procedural", backend)) == []


def fine_and_coarse(storage):
    """Drawn weights that reach two populations, whose sums have different quanta."""
    net = gs.Network()
    sources = net.population("sources", 5, gs.SpikeSource([0.1, 0.2]))
    fine, coarse = (net.population(name, 20, gs.LIF(), receptors=[gs.AMPA()]) for name in ("fine", "coarse"))
    net.drive(coarse, "AMPA", rate=1.0, weight=1000.0)
    net.connect(
        sources, fine + coarse, gs.FixedProbability(0.5), receptor="AMPA", weight=gs.Exponential(1.0), storage=storage
    )
    net.record(fine + coarse, "g_AMPA", name="traces")
    return net


def test_populations_of_different_quanta():
    def play(storage, backend):
        with gs.Simulator(fine_and_coarse(storage), dt=DT, seed=5, precision="double", backend=backend) as sim:
            sim.step(20)
            return {"g": sim.data["traces"]["g_AMPA"]}

    expected = play("stored", "numpy")
    assert expected["g"].any(axis=0).mean() > 0.5
    for backend in ("numpy", cpu(2)):
        assert differences(expected, play("procedural", backend)) == []


def test_compact_weights():
    expected = play("stored", "numpy", weights="compact")
    assert differences(expected, play("procedural", "numpy", weights="compact")) == []


def test_stored_and_procedural_projections_side_by_side():
    """Some of each: both add to the same sums."""
    expected = play("stored", "numpy")
    mixed, drawn = lively("stored"), lively("procedural")
    chosen = [name for n, name in enumerate(mixed.projections) if n % 2]
    for name in chosen:
        mixed._objects["projection"][name] = drawn.projections[name]
    with gs.Simulator(mixed, dt=DT, seed=5, backend=cpu(2)) as sim:
        sim.step(STEPS)
        assert differences(expected, outcome(sim)) == []


def test_reset_and_chunks():
    """Nothing of the drawing is left from one step to the next."""
    expected = play("procedural", "numpy")
    with gs.Simulator(lively("procedural"), dt=DT, seed=5, backend=cpu(2), chunk_steps=7) as sim:
        sim.step(33)
        sim.reset()
        sim.step(STEPS)
        assert differences(expected, outcome(sim)) == []


def test_no_addition_is_lost_where_workers_add_to_the_same_sum():
    net, degree, weight = gs.Network(), 500_000, 2.0**-10
    sources = net.population("sources", 10, gs.SpikeSource([0.1]))
    cell = net.population("cell", 1, gs.LIF(V_th=1e6), receptors=[gs.AMPA(tau_decay=1e-3)])
    rule, values = gs.FixedOutDegree(degree), {"receptor": "AMPA", "weight": weight, "delay": DT}
    net.connect(sources, cell, rule, **values, storage="procedural")
    with gs.Simulator(net, dt=DT, backend=cpu(4)) as sim:
        sim.step(2)
        assert sim.get(cell, "g_AMPA")[0] == 10 * degree * weight


# ---- how rows are built ----
@pytest.mark.parametrize("maker", ["cpu", "blocks"])
def test_kernels_count_rows_as_numpy_does(maker):
    launcher = cpu(2).launcher() if maker == "cpu" else EmulatedLauncher()
    rows, stream = CompiledRows(launcher), Stream(77)
    same = np.arange(300) + 5, np.arange(400)
    for rule in (
        gs.FixedProbability(0.3), gs.FixedProbability(0.0005), gs.FixedProbability(0.3, autapses=False),
        gs.FixedProbability(1.0, autapses=False), gs.FixedProbability(0.0), gs.FixedOutDegree(3),
    ):  # fmt: skip
        sizes = [made.row_sizes(rule, 300, 400, stream, same) for made in (rows, NumpyRows())]
        assert sizes[0].tolist() == sizes[1].tolist()
    launcher.close()


def test_a_large_network_is_counted_by_kernels(monkeypatch):
    expected = play("stored", "numpy")
    monkeypatch.setattr(tables, "FEW", 0)
    assert differences(expected, play("procedural", cpu(2))) == []


def test_nothing_is_stored_of_synapses():
    net = lively("procedural", size=2000)
    plan = gs.plan(net)
    for name, projection in net.projections.items():
        kept = plan.bytes.get(f"synapses {name}", 0)
        assert kept <= MOST_BYTES * (projection.pre.size + projection.post.size)
    with gs.Simulator(net, backend="numpy") as sim:
        assert sim._compiled.program.specs["targets"].size == 2000  # one for each source of 'shared'
        for name, spec in plan.specs.items():
            built = sim._compiled.program.specs[name]
            assert name in ("waves",) or built.shape == spec.shape, name


def test_rows_with_one_delay_are_drawn_when_they_are_due():
    """Then their sums need one step, however long the delay is."""
    net = gs.Network()
    cells = net.population("cells", 50, gs.LIF(), receptors=[gs.AMPA(), gs.AMPA(name="first", kinetics=FIRST_ORDER)])
    options = {"weight": 1.0, "storage": "procedural"}
    net.connect(cells, cells, gs.FixedOutDegree(3), receptor="AMPA", delay=20.0, **options)
    net.connect(cells, cells, gs.FixedOutDegree(3), receptor="first", delay=20.0, **options)
    with gs.Simulator(net, backend="numpy") as sim:
        due, at_once = read_rows(sim._compiled.program.initial["deliver_procedural.sets"], DrawnSet)
        slots = [sums.ring.slots for sums in sim.plan.layout.populations["cells"].sums]
    assert (due.of_gates, due.age, due.delay) == (0, 199, 1)
    assert (at_once.of_gates, at_once.age, at_once.delay) == (1, 0, 200)  # what a gate sends is known in one step only
    assert slots == [1, 256]


# ---- weights ----
def test_weights_are_drawn_again_and_cannot_be_set():
    with gs.Simulator(lively("procedural"), backend="numpy") as sim:
        assert len(sim.weights("all").pre) == 30 * 29
        with pytest.raises(gs.ParameterError, match=r"drawn again at each spike.*storage='stored' and w_max="):
            sim.set_weights("all", 1.0)


# ---- the plan ----
def test_the_plan_says_it():
    text = gs.plan(lively("procedural")).describe()
    assert "procedural: " in text
    assert "synapses of constants and 10 more: nothing stored, rows drawn at each spike" in text
    assert "procedural" not in gs.plan(lively("stored")).describe()


def too_large():
    net = gs.Network()
    cells = net.population("cells", 10**6, gs.LIF(), receptors=[gs.AMPA(), gs.NMDA(gating="per-synapse")])
    options = {"receptor": "AMPA", "weight": 0.1}
    for n in range(5):
        net.connect(cells, cells, gs.FixedProbability(0.1 + 0.1 * n), **options, name=f"p{n}")
    net.connect(cells, cells, gs.FixedInDegree(10**6), **options, name="by target")
    net.connect(cells, cells, gs.FixedProbability(0.9), **options, w_max=1.0, name="plastic")
    net.connect(cells, cells, gs.FixedProbability(0.9), receptor="NMDA", weight=0.1, name="gated")
    return net


def test_the_plan_offers_it_where_memory_does_not_suffice():
    plan = gs.plan(too_large())
    offer = "storage='procedural' for 'p4', 'p3', 'p2' and 2 more saves up to "
    assert not plan.fits
    assert f"to fit: {offer}" in plan.describe()
    with pytest.raises(gs.PlanMemoryError) as found:
        gs.Simulator(too_large(), backend="numpy")
    assert f"; or {offer}" in str(found.value)
    small = lively("stored")
    assert "to fit" not in gs.plan(small).describe()


# ---- as large as no memory could hold ----
def test_ten_thousand_million_synapses():
    """1e5 sources, each with 1e5 synapses: the sum of all conductances is known, because no synapse can be lost."""
    net, degree, weight = gs.Network(), 100_000, 2.0**-10
    sources = net.population("sources", 100_000, gs.PoissonSource(rate=1.0))
    cells = net.population("cells", 100_000, gs.LIF(V_th=1e6), receptors=[gs.AMPA(tau_decay=1e-3)])
    net.connect(
        sources, cells, gs.FixedOutDegree(degree), receptor="AMPA", weight=weight, delay=DT, storage="procedural"
    )
    net.record(sources, "spikes", name="spikes")
    plan = gs.plan(net)
    assert (plan.synapses, plan.fits) == (1e10, True)
    assert plan.bytes_per_synapse == 0
    with gs.Simulator(net, dt=DT, backend=cpu(2)) as sim:
        sim.step(3)
        g = np.zeros(cells.size)
        for _ in range(2):
            sim.step(1)
            g += sim.get(cells, "g_AMPA")  # what has arrived in this step: nothing is left of the step before
        steps = np.rint(sim.data["spikes"].times / DT).astype(int)
    arrived = np.isin(steps, [3, 4]).sum()
    assert arrived > 5
    assert g.sum() == arrived * degree * weight
    mean = arrived * degree / cells.size * weight
    assert abs(g - mean).max() < 8 * np.sqrt(mean * weight)


def test_rows_among_ten_thousand_million_synapses_are_those_of_the_rule():
    """1e6 neurons with 1e4 synapses each: what the rows of a few neurons add, beside the draws of the rule."""
    net, n, spiking = gs.Network(), 10**6, np.array([0, 123_456, 10**6 - 1])
    V = np.full(n, -70.0)
    V[spiking] = 0.0  # above the threshold
    cells = net.population("cells", n, gs.LIF(E_L=-70.0), receptors=[gs.AMPA(tau_decay=1e-3)], V=V)
    rule, weight = gs.FixedProbability(0.01), 2.0**-10
    net.connect(cells, cells, rule, receptor="AMPA", weight=weight, delay=DT, storage="procedural", name="p")
    with gs.Simulator(net, dt=DT, seed=3, backend=cpu(2)) as sim:
        assert (sim.plan.synapses, sim.plan.bytes_per_synapse) == (1e10, 0)
        sim.step(2)
        g = sim.get(cells, "g_AMPA")
        with pytest.raises(gs.PlanMemoryError, match=r"weights\('p'\): its 1e\+10 synapses are not stored"):
            sim.weights("p")
    key = stream_key(3, StreamPurpose.CONNECT, "p")
    _, targets = bernoulli_lists(Stream(key), spiking, np.full(3, n), rule.p)
    assert (g == weight * np.bincount(targets, minlength=n)).all()
    assert len(targets) > 29_000


def test_a_weight_of_nothing_has_no_sign():
    """A negative weight times a Ratio of 0 is 0, as where it is stored."""
    found = {}
    for storage in ("stored", "procedural"):
        net = gs.Network()
        cells = net.population("cells", 3, gs.LIF(), receptors=[gs.CurrentReceptor(x, tau=2.0) for x in "ab"])
        weight = {"a": -0.4, "b": gs.Ratio("a", 0.0)}
        net.connect(cells[1:], cells[1:], gs.AllToAll(), weight=weight, storage=storage, name="c")
        with gs.Simulator(net, backend="numpy") as sim:
            found[storage] = sim.weights("c", "b").weight.tobytes()
    assert found["procedural"] == found["stored"]
