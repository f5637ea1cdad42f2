"""Sources of synapses that change, of procedural rows, of gap junctions: a rank has those alone that may reach it."""

import functools

import numpy as np
import pytest

import gpusyn as gs
from gpusyn.builder.compile import Compiled
from gpusyn.builder.ownership import Spread
from gpusyn.builder.plan import Asked, plan
from gpusyn.builder.plasticity.trains import LEAST_DEPTH
from gpusyn.distributed.spreading import OWNERS
from gpusyn.distributed.threads import on_threads
from gpusyn.simulation import spread_checkpoint
from tests.helpers.long_checks import every, pairs
from tests.helpers.networks import Case
from tests.helpers.on_ranks import everything, play_on_ranks
from tests.helpers.runs import backend_named, differences, play

SIZE, BLOCKS = 48, 6  # neurons, in blocks that do not reach each other
CELLS = {"E_L": -60.0, "V_th": -50.0, "V_reset": -60.0, "t_ref": 1.0}
STDP = {"A_plus": 0.2, "A_minus": 0.1}


@pytest.fixture(autouse=True)
def _small_blocks(small_blocks):
    """Every rank has some neurons."""


def within_blocks(seed):
    """Return listed pairs of neurons of one block."""
    r, each = np.random.default_rng(seed), SIZE // BLOCKS
    first = np.repeat(np.arange(BLOCKS), 20) * each
    return gs.FromArrays(first + r.integers(each, size=len(first)), first + r.integers(each, size=len(first)))


def network(plasticity=None, rule=None, couple=None, **options):
    """Return neurons that spike often, with what is asked for between those of a block, and sources that reach few."""
    net = gs.Network()
    receptors = [gs.AMPA(), gs.NMDA()]
    cells = net.population("cells", SIZE, gs.LIF(**CELLS, I_e=np.linspace(300.0, 2500.0, SIZE)), receptors=receptors)
    others = net.population("others", SIZE, gs.PoissonSource(np.linspace(50.0, 600.0, SIZE)))
    reward = net.population("reward", 3, gs.PoissonSource(300.0))
    learning = plasticity(reward) if callable(plasticity) else plasticity
    if learning is not None or options:
        options = {"weight": gs.Uniform(0.5, 3.0), "receptor": "AMPA", "delay": gs.Uniform(0.2, 1.5)} | options
        rule = within_blocks(1) if rule is None else rule
        net.connect(cells, cells, rule, plasticity=learning, name="recurrent", **options)
        rule = within_blocks(2) if isinstance(rule, gs.FromArrays) else rule
        net.connect(others, cells, rule, plasticity=learning, name="from others", **options)
    else:
        net.connect(others, cells, within_blocks(2), receptor="AMPA", weight=1.0, name="from others")
    if couple is not None:
        net.couple(cells, cells, couple, 2.0)
    net.record(cells, "spikes", name="spikes")
    net.record(cells[3:15:2], ["V", "g_AMPA"], name="traces", every=0.3)
    return Case(net, 0.1, 11, "single", 150, set())


def ring():
    """Return the pairs of neighbours in a ring, in both directions."""
    here, there = np.arange(SIZE), (np.arange(SIZE) + 1) % SIZE
    return gs.FromArrays(np.concatenate([here, there]), np.concatenate([there, here]))


def learning(plasticity, **more):
    return functools.partial(network, plasticity, **{"w_max": 4.0} | more)


BOTH = {"weight": {"AMPA": gs.Uniform(0.5, 3.0), "NMDA": 0.4}, "receptor": None, "w_max": {"AMPA": 4.0}}
SPARSE = gs.FixedProbability(0.03)
#: Networks of which a rank can leave out sources.
KINDS = {
    "pairs": learning(gs.STDP(**STDP)),
    "drawn pairs": learning(gs.STDP(**STDP), rule=SPARSE),
    "triplets": learning(gs.TripletSTDP()),
    "dopamine": learning(lambda reward: gs.DopamineSTDP(gs.STDP(**STDP), 50.0, 5.0, reward)),
    "scaling": learning([gs.STDP(**STDP), gs.HomeostaticScaling(rate=20.0, tau=50.0, tau_rate=30.0, every=2.0)]),
    "drifting": learning(gs.CalciumSTDP(sigma=0.5), rule=SPARSE),
    "spines": learning(gs.NMDAPlasticity(calcium="NMDA"), **BOTH),
    "shared releases": functools.partial(network, gs.TsodyksMarkram(U=0.4, tau_rec=80.0, tau_facil=30.0)),
    "own releases": functools.partial(network, gs.TsodyksMarkram(U=gs.Uniform(0.2, 0.6), tau_rec=80.0), rule=SPARSE),
    "quantal": functools.partial(network, [gs.TsodyksMarkram(U=0.4, tau_rec=80.0), gs.QuantalRelease(n=3)]),
    "junctions": functools.partial(network, couple=ring()),
    "junctions of learning neurons": learning(gs.STDP(**STDP), couple=ring()),
}
LINE = np.arange(SIZE, dtype=float)[:, np.newaxis]
NEAR = gs.DistanceDependent(1.0, sigma=1.0, profile="step", max_distance=1.2, positions=(LINE, LINE))
KINDS["junctions of near neurons"] = functools.partial(network, couple=NEAR)
#: And those in which it knows all sources of a projection.
WHOLE = {
    "procedural": functools.partial(network, rule=gs.FixedProbability(0.1), storage="procedural"),
    "rewired": learning(
        [gs.STDP(**STDP), gs.Rewiring(every=3.0, prune_below=0.8, weight=0.5)], rule=gs.FixedProbability(0.1)
    ),
    "junctions that are drawn": functools.partial(network, couple=gs.FixedProbability(0.1)),
}
ALL = KINDS | WHOLE


def layout_of(net, rank, ranks, owners="contiguous"):
    return plan(net, Asked(0.1, "single", "exact", 1, "plan()", Spread(rank, ranks, owners)), None).layout


@pytest.mark.parametrize(("kind", "owners"), pairs(list(ALL), OWNERS))
def test_ranks_have_the_bits_of_one_process(kind, owners):
    backend = functools.partial(backend_named, "cpu", threads=1)
    how = {"cuts": (3, 11), "reset_at": 7, "chunk_steps": 4, "look": everything}
    one = play(ALL[kind](), backend(), **how)
    assert len(one["spikes times"]) > 150
    assert not differences(one, play_on_ranks(ALL[kind], backend, 3, owners, **how))


@pytest.mark.fuzz
@pytest.mark.parametrize("kind", ALL)
def test_other_numbers_of_ranks_have_them(kind):
    one = play(ALL[kind](), backend_named("numpy"), look=everything)
    for size, owners in ((2, "contiguous"), (4, "dealt"), (5, "contiguous")):
        found = play_on_ranks(ALL[kind], lambda: backend_named("numpy"), size, owners, look=everything)
        assert not differences(one, found), (size, owners)


@pytest.mark.parametrize("kind", ALL)
def test_a_rank_leaves_out_sources(kind):
    net = ALL[kind]().net
    known = [Compiled(layout_of(net, rank, 6), 11).layout.populations["cells"].sources for rank in range(6)]
    if kind in KINDS:
        assert max(known) < SIZE
    else:
        assert min(known) == SIZE


def test_trains_are_those_of_known_sources():
    net, part = KINDS["pairs"]().net, {}
    for ranks in (1, 6):
        specs = Compiled(layout_of(net, ranks // 2, ranks), 11).program.specs
        part[ranks] = specs["train_count"].size
    assert part[6] < 0.5 * part[1]


def test_potentials_of_a_ring_are_those_of_neighbours():
    layout = layout_of(KINDS["junctions"]().net, 1, 3)
    begin, end = layout.populations["cells"].hull
    place = layout.populations["cells"]
    assert place.local(np.arange(place.sources)).tolist() == list(range(begin - 1, end + 1))


def test_potentials_of_near_neurons_are_those_nearby():
    layout = layout_of(ALL["junctions of near neurons"]().net, 1, 6)
    begin, end = layout.populations["cells"].hull
    place = layout.populations["cells"]
    known = place.local(np.arange(place.sources)).tolist()
    assert set(range(begin - 1, end + 1)) <= set(known) <= set(range(begin - 8, end + 8))


# ---- checkpoints ----
def start_and_save(kind, path, steps, comm=None, owners="contiguous"):
    case = ALL[kind]()
    how = {"backend": backend_named("cpu", threads=1), "comm": comm, "owners": owners}
    with gs.Simulator(case.net, dt=case.dt, seed=case.seed, **how) as sim:
        sim.step(steps)
        sim.save_checkpoint(path)
        sim.step(60)
        return everything(sim)


def go_on(kind, path, comm=None, owners="contiguous"):
    how = {"backend": backend_named("cpu", threads=1), "comm": comm, "owners": owners}
    with gs.Simulator.load_checkpoint(ALL[kind]().net, path, **how) as sim:
        sim.step(60)
        return everything(sim)


@pytest.mark.parametrize("kind", every(3, ALL))
def test_checkpoints_go_on_with_other_ranks(kind, tmp_path):
    pytest.importorskip("h5py")
    one, three, steps = tmp_path / "one.h5", tmp_path / "three.h5", 90
    end = start_and_save(kind, one, steps)
    found = on_threads(3, lambda comm: start_and_save(kind, three, steps, comm, "dealt"))
    assert not differences(end, found[0])
    assert not differences(end, go_on(kind, three))
    for path, ranks, owners in ((one, 4, "dealt"), (three, 2, "contiguous")):
        found = on_threads(ranks, lambda comm, path=path, owners=owners: go_on(kind, path, comm, owners))
        assert not differences(end, found[0]), (path.name, ranks)


LONG = 2392  # steps: rank 0 has just settled its synapses, of which some neuron had spiked often, and others have not


@pytest.mark.parametrize("kind", every(3, ["pairs", "drifting", "dopamine"]))
def test_weights_that_were_settled_at_different_times_go_on(kind, tmp_path):
    pytest.importorskip("h5py")
    end = start_and_save(kind, tmp_path / "one.h5", LONG)
    assert np.bincount(end["spikes ids"], minlength=SIZE).max() > LEAST_DEPTH
    on_threads(3, lambda comm: start_and_save(kind, tmp_path / "three.h5", LONG, comm))
    assert not differences(end, go_on(kind, tmp_path / "three.h5"))


def test_weights_that_are_not_settled_alike_are_noticed(tmp_path, monkeypatch):
    pytest.importorskip("h5py")
    monkeypatch.setattr(spread_checkpoint, "settle_events", lambda *given: None)
    end = start_and_save("pairs", tmp_path / "one.h5", LONG)
    on_threads(3, lambda comm: start_and_save("pairs", tmp_path / "three.h5", LONG, comm))
    assert differences(end, go_on("pairs", tmp_path / "three.h5"))


@pytest.mark.parametrize("owners", OWNERS)
def test_neurons_with_places_are_known_where_their_trains_are_read(owners):
    net = KINDS["pairs"]().net
    for rank in range(3):
        place = layout_of(net, rank, 3, owners).populations["cells"]
        ids = place.local(np.arange(place.sources))
        assert set(range(*place.hull)) <= set(ids.tolist())
