"""Sources that reach no neuron of a rank have no number there: the same bits, and no memory."""

import functools
from contextlib import suppress

import numpy as np
import pytest

import gpusyn as gs
from gpusyn.builder import reach, specs
from gpusyn.builder.compile import Compiled
from gpusyn.builder.ownership import Spread
from gpusyn.builder.plan import Asked, plan
from gpusyn.builder.rows import tables
from gpusyn.builder.rows.drawn import draw_synapses, part_of
from gpusyn.builder.senders import ExpectedSenders, Senders, joined_runs
from gpusyn.builder.specs import listed_spikes
from gpusyn.distributed.exchanged_spikes import ExchangedSpikes
from gpusyn.distributed.spreading import OWNERS
from gpusyn.distributed.threads import on_threads
from gpusyn.io.checkpoint import read_checkpoint
from gpusyn.simulation.spike_list import SpikeList
from tests.helpers.long_checks import pairs
from tests.helpers.networks import Case
from tests.helpers.on_ranks import play_on_ranks
from tests.helpers.runs import backend_named, differences, outcome, play, same_bits

BLOCKS = 6  # of neurons that reach one another


@pytest.fixture(autouse=True)
def _small_blocks(small_blocks):
    """Every rank has some neurons."""


def modular(gates=False):
    """Return populations that do not reach each other, given synapses within blocks, and sources for one neuron each.

    The neurons of `silent` reach nothing; those of `ring` reach the next ones.
    """
    net, r = gs.Network(), np.random.default_rng(8)
    receptors = [gs.AMPA()]
    cells = net.population("cells", 60, gs.LIF(I_e=np.linspace(300.0, 1500.0, 60)), receptors=receptors)
    ring = net.population("ring", 40, gs.LIF(I_e=np.linspace(900.0, 400.0, 40)), receptors=receptors)
    silent = net.population("silent", 30, gs.LIF(I_e=600.0), receptors=receptors)
    many = net.population("many", 40, gs.PoissonSource(4000.0))
    listed = net.population("listed", 60, gs.SpikeSource([[0.5 + k % 7, 2.0 + 0.1 * k] for k in range(60)]))
    size = 60 // BLOCKS
    drawn = gs.Uniform(0.3, 2.5)
    block = np.repeat(np.arange(BLOCKS), 40) * size
    pairs = [block + r.integers(size, size=len(block)) for _ in range(2)]
    net.connect(cells, cells, gs.FromArrays(*pairs), receptor="AMPA", weight=gs.Uniform(0.5, 3.0), delay=drawn)
    turn = np.arange(40)
    net.connect(ring, ring, gs.FromArrays(turn, (turn + 1) % 40), receptor="AMPA", weight=2.0, w_max=4.0)
    net.connect(many, ring, gs.OneToOne(), receptor="AMPA", weight=0.3, delay=0.7)
    net.connect(listed[10:40] + many[5:25], cells[:30] + silent[3:23], gs.OneToOne(), receptor="AMPA", weight=3.0)
    net.connect(listed[:4], silent, gs.AllToAll(), receptor="AMPA", weight=0.5)
    if gates:
        _gated(net, cells, many)
    net.record(cells + ring + silent + listed, "spikes", name="spikes")
    net.record(silent[::5] + ring[3:7], "V", name="V")
    return Case(net, 0.1, 3, "single", 120, set())


def _gated(net, cells, many):
    """Add neurons whose receptors have gates on sources, or on synapses."""
    kinetics = gs.kinetics.FirstOrder.AMPA()
    pulsed, own = gs.AMPA(kinetics=kinetics), gs.AMPA(kinetics=kinetics, gating="per-synapse", name="own")
    more = net.population("more", 40, gs.LIF(), receptors=[pulsed, gs.NMDA(), own])
    to = np.arange(60) * 2 // 3
    for receptor in ("AMPA", "own", "NMDA"):
        rule = gs.FromArrays(np.arange(60), to)
        net.connect(cells, more, rule, receptor=receptor, weight=1.0, delay=gs.Uniform(0.3, 1.5), name=receptor)
    net.connect(many, more, gs.FixedProbability(0.03), receptor="own", weight=2.0, delay=0.5, name="few")
    net.record(more, "V", name="V of more")


@functools.cache
def alone(gates=False):
    found = play(modular(gates), backend_named("numpy"))
    assert len(found["spikes times"]) > 200
    return found


def rank_plan(net, rank, ranks, owners="contiguous"):
    return plan(net, Asked(0.1, "single", "exact", 1, "plan()", Spread(rank, ranks, owners)), None)


@pytest.mark.parametrize(("owners", "ranks"), pairs(OWNERS, [1, 2, 3, 4, 5]))
def test_ranks_that_know_some_sources_have_the_bits_of_one_process(ranks, owners):
    assert not differences(alone(), play_on_ranks(modular, lambda: backend_named("numpy"), ranks, owners))


@pytest.mark.parametrize(
    ("ranks", "owners"), [(2, "dealt"), (3, "contiguous"), pytest.param(5, "dealt", marks=pytest.mark.fuzz)]
)
def test_gates_of_known_sources_have_the_bits_of_one_process(ranks, owners):
    make = functools.partial(modular, True)
    assert not differences(alone(True), play_on_ranks(make, lambda: backend_named("numpy"), ranks, owners))


@pytest.mark.parametrize(("name", "ranks", "owners"), [("cpu", 3, "dealt"), ("cuda-emulated", 2, "contiguous")])
def test_other_backends_have_the_same_bits(name, ranks, owners):
    how = {"cuts": (3, 11), "reset_at": 7, "chunk_steps": 4}
    options = {"threads": 1} if name == "cpu" else {}
    make = functools.partial(modular, True)
    assert not differences(
        play(make(), backend_named("numpy"), **how),
        play_on_ranks(make, functools.partial(backend_named, name, **options), ranks, owners, **how),
    )


def test_a_source_without_a_number_that_is_delivered_would_be_noticed(monkeypatch):
    monkeypatch.setattr(ExchangedSpikes, "_known", lambda self, ids: (ids % self._senders.size, slice(None)))
    with pytest.raises(AssertionError):
        assert not differences(alone(), play_on_ranks(modular, lambda: backend_named("numpy"), 3))


# ---- which sources have a number ----
def present(layout, name):
    place = layout.populations[name]
    return place.local(np.arange(place.sources)).tolist()


@pytest.mark.parametrize("owners", OWNERS)
def test_own_sources_have_a_number_and_those_that_reach_own_neurons(owners):
    net = modular().net
    for rank in range(3):
        layout = rank_plan(net, rank, 3, owners).layout
        own = {
            name: np.flatnonzero(layout.share.owns(name, np.arange(p.size))) for name, p in layout.populations.items()
        }
        assert present(layout, "silent") == own["silent"].tolist()
        assert present(layout, "ring") == sorted({*own["ring"], *((own["ring"] - 1) % 40)})
        pathways = net.projections["cells->cells:AMPA"].rule
        reaching = pathways.pre[np.isin(pathways.post, own["cells"])]
        assert present(layout, "cells") == sorted({*own["cells"].tolist(), *reaching.tolist()})
        assert set(range(4)) <= set(present(layout, "listed"))


def test_rules_that_may_reach_all_leave_out_none():
    net = gs.Network()
    cells = net.population("cells", 100, gs.LIF(), receptors=[gs.AMPA()])
    net.connect(cells, cells, gs.FixedInDegree(8), receptor="AMPA", weight=1.0)
    assert rank_plan(net, 0, 4).layout.senders is None


# ---- memory ----
def pairs_of_blocks(n):
    """Return a network of which each rank of `n` has the sources of its own neurons, but for one remote source."""
    net = gs.Network()
    cells = net.population("cells", 4000, gs.LIF(), receptors=[gs.AMPA()])
    some = np.arange(4000)
    net.connect(cells, cells, gs.FromArrays(some, some), receptor="AMPA", weight=gs.Uniform(0.0, 1.0), delay=1.5)
    return net


def test_the_arrays_are_those_of_present_sources():
    found = rank_plan(pairs_of_blocks(4), 1, 4)
    program = Compiled(found.layout, 1).program
    assert found.layout.n_sources == 1000
    assert found.layout.n_neurons == 4000
    for name in ("segment_begin", "source_population", "spike_id"):
        assert program.specs[name].shape == found.specs[name].shape
    assert program.specs["source_population"].size == 1000
    assert [bundle.rows for bundle in found.layout.bundles] == [1000]
    assert "4000 neurons and sources" in str(found)
    assert "1000 of 4000 neurons and sources, and the synapses onto them; it knows 1000 sources\n" in str(found)


def far_sources(n):
    """Return a network of which rank 0 of 4 has one synapse from each of `n` sources of others, none beside another."""
    net = gs.Network()
    cells = net.population("cells", 400, gs.LIF(), receptors=[gs.AMPA()])
    far = net.population("far", 40_000, gs.PoissonSource(5.0))
    some = np.arange(n)
    onto = gs.FromArrays(12_000 + 7 * some, some % 100)
    net.connect(far, cells, onto, receptor="AMPA", weight=gs.Uniform(0.0, 1.0), delay=gs.Uniform(0.5, 2.0))
    return net


def test_a_remote_source_takes_at_most_24_bytes(monkeypatch):
    monkeypatch.setattr(specs, "SPREAD_HELD", 1)  # the list of spikes of a large network
    kept = []
    for n in (1000, 3000):
        layout = rank_plan(far_sources(n), 0, 4).layout
        program = Compiled(layout, 1).program
        assert layout.n_sources == 100 + 10_000 + n
        synapses = sum(program.specs[name].nbytes for name in ("targets", "weights", "late"))
        assert program.specs["targets"].size == n
        kept.append(program.nbytes - synapses + layout.senders.begin.nbytes + layout.senders.number.nbytes)
    assert 0 < kept[1] - kept[0] <= 24 * 2000, (kept[1] - kept[0]) / 2000


# ---- the list of spikes ----
def noisy():
    """Return many sources that fire in nearly every step, of whose spikes those of many steps are on their way."""
    net = gs.Network()
    cells = net.population("cells", 16, gs.LIF(), receptors=[gs.AMPA()])
    noise = net.population("noise", 160, gs.PoissonSource(30000.0))
    net.connect(noise, cells, gs.FixedInDegree(20), receptor="AMPA", weight=gs.Uniform(0.1, 0.4), delay=3.0)
    net.record(cells + noise, "spikes", name="spikes")
    net.record(cells, "V", name="V")
    return Case(net, 0.1, 3, "single", 100, set())


@pytest.mark.parametrize(
    ("name", "ranks", "options"), [("numpy", 3, {}), ("cpu", 2, {"threads": 2}), ("cuda-emulated", 2, {})]
)
def test_a_list_grows_before_spikes_of_other_ranks_enter_it(name, ranks, options, monkeypatch):
    monkeypatch.setattr(specs, "SPREAD_HELD", 16)
    sizes = []

    def looked_at(sim):
        program = sim._running.compiled.program
        sizes.append((listed_spikes(sim.plan.layout, sim._running.compiled.steps), program.specs["spike_id"].size))
        return outcome(sim)

    how = {"cuts": (3, 50), "chunk_steps": 2, "look": looked_at}
    one = play(noisy(), backend_named("numpy"), **how)
    sizes.clear()
    backend = functools.partial(backend_named, name, **options)
    assert not differences(one, play_on_ranks(noisy, backend, ranks, **how))
    assert len(sizes) == ranks
    assert all(first < now for first, now in sizes), sizes


def test_a_list_that_does_not_grow_is_noticed(monkeypatch):
    monkeypatch.setattr(specs, "SPREAD_HELD", 16)
    monkeypatch.setattr(SpikeList, "reserve", lambda self, total, step: None)
    how = {"cuts": (3, 50), "chunk_steps": 2}
    one = play(noisy(), backend_named("numpy"), **how)
    with suppress(AssertionError, ValueError, gs.GpusynError):
        assert not differences(one, play_on_ranks(noisy, lambda: backend_named("numpy"), 3, **how))
        pytest.fail("nothing was lost")


# ---- checkpoints ----
def start_and_save(path, gates, comm=None, owners="contiguous", backend="numpy"):
    case = modular(gates)
    with gs.Simulator(case.net, dt=0.1, seed=3, backend=backend_named(backend), comm=comm, owners=owners) as sim:
        sim.step(50)
        sim.save_checkpoint(path)


def go_on(path, gates, comm=None, owners="contiguous", backend="numpy"):
    case = modular(gates)
    how = {"backend": backend_named(backend), "comm": comm, "owners": owners}
    with gs.Simulator.load_checkpoint(case.net, path, **how) as sim:
        sim.step(70)
        return outcome(sim)


@pytest.mark.parametrize("gates", [False, True])
def test_checkpoints_go_on_with_other_ranks(gates, tmp_path):
    pytest.importorskip("h5py")
    one, three = tmp_path / "one.h5", tmp_path / "three.h5"
    start_and_save(one, gates)
    on_threads(3, lambda comm: start_and_save(three, gates, comm, "dealt"))
    saved = [read_checkpoint(path) for path in (one, three)]
    spikes = [each["spikes"] for each in saved]
    states = [each["states"] for each in saved]
    assert [name for name in states[0] if not same_bits(states[0][name], states[1][name])] == []
    assert (states[0]["history"].size > 1) == gates
    kept = [set(zip(s["step"].tolist(), s["source"].tolist(), strict=True)) for s in spikes]
    assert kept[0] <= kept[1]
    assert len(kept[0]) > 20
    whole = go_on(one, gates)
    assert not differences(whole, go_on(three, gates))
    for path, ranks, owners in ((one, 4, "dealt"), (three, 2, "contiguous")):
        found = on_threads(ranks, lambda comm, path=path, owners=owners: go_on(path, gates, comm, owners))
        assert not differences(whole, found[0])


# ---- numbers ----
def test_numbers_are_those_of_sorted_ids():
    r = np.random.default_rng(2)
    for _ in range(30):
        lists = [np.sort(r.choice(80, r.integers(30), replace=False)) for _ in range(2)]
        ranges = [tuple(sorted(r.integers(80, size=2).tolist())) for _ in range(r.integers(3))]
        ids = sorted({*lists[0], *lists[1], *(k for a, b in ranges for k in range(a, b))})
        begin, end = joined_runs([one for one in ranges if one[0] < one[1]], *lists)
        assert (begin[1:] > end[:-1]).all()
        senders = Senders(begin, end)
        assert senders.size == len(ids)
        numbers, here = senders.numbers(np.arange(80))
        assert np.flatnonzero(here).tolist() == ids
        assert numbers[here].tolist() == list(range(len(ids)))
        assert senders.ids(np.arange(len(ids))).tolist() == ids
        assert [senders.below(k) for k in range(82)] == [sum(one < k for one in ids) for k in range(82)]


# ---- sources that are drawn ----
RULES = {
    "in-degree": gs.FixedInDegree(2),
    "distinct": gs.FixedInDegree(2, multapses=False),
    "out-degree": gs.FixedOutDegree(2),
    "probability": gs.FixedProbability(0.005),
    "total": gs.FixedTotalNumber(800),
}


def random_network(rule, weight=None):
    """Return a network with few synapses, drawn by a rule, from and onto parts of populations."""
    net = gs.Network()
    cells = net.population("cells", 400, gs.LIF(), receptors=[gs.AMPA()], V=gs.Uniform(-70.0, -50.0))
    noise = net.population("noise", 160, gs.PoissonSource(3000.0))
    net.inject(cells, np.tile([600.0, 1200.0], 200))
    weight = gs.Uniform(0.5, 3.0) if weight is None else weight
    net.connect(cells, cells, rule, receptor="AMPA", weight=weight, delay=gs.Uniform(0.3, 1.5))
    part = cells[200:] + noise[::2]
    net.connect(part, cells[:40] + cells[300:], gs.FixedProbability(0.004), receptor="AMPA", weight=4.0, delay=0.4)
    net.record(cells + noise, "spikes", name="spikes")
    net.record(cells[::30], "V", name="V")
    return Case(net, 0.1, 3, "single", 80, set())


GRID = np.stack(np.divmod(np.arange(400), 20), axis=1) / 20.0
NEAR = gs.DistanceDependent(0.6, sigma=0.06, profile="step", max_distance=0.1, positions=(GRID, GRID))


# The rows that kernels draw are those of numpy, which other tests compare for each rule.
@pytest.mark.parametrize(
    ("rule", "spread"),
    pairs([*RULES, "distance"], [("numpy", 4, "contiguous"), ("numpy", 5, "dealt"), ("cpu", 3, "dealt")]),
)
def test_sources_that_were_drawn_have_the_bits_of_one_process(rule, spread, monkeypatch):
    name, ranks, owners = spread
    make = functools.partial(random_network, RULES.get(rule, NEAR))
    one = play(make(), backend_named("numpy"))
    assert len(one["spikes times"]) > 200
    if name == "cpu":
        monkeypatch.setattr(tables, "FEW", 0)  # kernels draw them
    assert not differences(one, play_on_ranks(make, lambda: backend_named(name, threads=1), ranks, owners))


@pytest.mark.parametrize("owners", OWNERS)
@pytest.mark.parametrize("rule", RULES)
def test_a_plan_expects_as_many_sources_as_are_drawn(rule, owners):
    net = random_network(RULES[rule]).net
    found = rank_plan(net, 2, 5, owners)
    layout, expected = found.layout, {p.population.name: p.sources for p in found.layout.populations.values()}
    assert layout.drawn_reach
    assert found.rank.sources == layout.n_sources < 500
    planned, runs = sum(spec.nbytes for spec in found.specs.values()), layout.senders.nbytes
    assert found.bytes["numbers of known sources, for the host"] == runs
    program = Compiled(layout, 3).program
    for name, place in layout.populations.items():
        assert abs(place.sources - expected[name]) <= 4 * place.size**0.5
        reaching = np.zeros(place.size, bool)
        for pathway in layout.pathways:
            if pathway.pre is place:
                drawn = part_of(draw_synapses(pathway.projection, layout, 3), pathway)
                reaching[drawn.pre] = True
        own = layout.share.owns(name, np.arange(place.size))
        assert present(layout, name) == np.flatnonzero(reaching | own).tolist()
    assert sum(spec.nbytes for spec in program.specs.values()) == pytest.approx(planned, rel=0.05)
    assert layout.senders.nbytes == pytest.approx(runs, abs=8 * 40)


def test_a_rank_of_near_neurons_knows_those_nearby():
    layout = rank_plan(random_network(NEAR).net, 2, 10).layout
    own = np.flatnonzero(layout.share.owns("cells", np.arange(400)))
    near = np.abs(GRID[:, None] - GRID[own]).max(axis=2).min(axis=1)
    lists = [p for p in layout.pathways if isinstance(p.projection.rule, gs.DistanceDependent)]
    known = reach._known(lists[0], layout)
    assert np.flatnonzero(near <= 0.06).size <= len(known) <= np.flatnonzero(near <= 0.25).size
    assert set(np.flatnonzero(near <= 0.06)) <= set(known.tolist())


def test_a_rule_of_ones_own_may_draw_others_the_next_time():
    class Own(gs.FixedProbability):
        """A rule of a user's own."""

    layout = rank_plan(random_network(Own(0.002)).net, 1, 5).layout
    assert present(layout, "cells") == list(range(400))


def test_what_is_expected_is_between_what_is_certain():
    senders = ExpectedSenders(np.array([0, 100, 150]), np.array([100, 150, 400]), np.array([0.5, 1.0, 0.1]))
    assert senders.size == 50 + 50 + 25
    assert [senders.below(k) for k in (0, 50, 100, 120, 150, 160, 400)] == [0, 25, 50, 70, 100, 101, 125]


@pytest.mark.parametrize(("owners", "ranks"), pairs(["contiguous", "dealt"], [2, 4]))
def test_a_part_that_reaches_all_stands_beside_a_sparse_projection(ranks, owners):
    """The part's sources are expected, but have no numbers yet, when their shared synapses are planned."""

    def spikes(comm=None, **how):
        net = gs.Network()
        a, b = (net.population(name, 40, gs.LIF(I_e=400.0), receptors=[gs.AMPA()]) for name in "ab")
        net.connect(a[::2], a, gs.AllToAll(), receptor="AMPA", weight=1.0, delay=2.0)
        net.connect(a[:20], b[30:], gs.FixedProbability(0.02), receptor="AMPA", weight=1.0, delay=2.0)
        net.connect(b, b, gs.FixedProbability(0.02), receptor="AMPA", weight=1.0, delay=2.0)
        net.record(a + b, "spikes", name="spikes")
        net.record(a, "V", name="V")
        with gs.Simulator(net, seed=4, backend="numpy", comm=comm, **how) as sim:
            sim.run(50.0)
            return sim.gather("spikes"), sim.gather("V")

    assert on_threads(ranks, lambda one: spikes(one, owners=owners))[0] == spikes()


def test_a_rank_that_knows_no_source_goes_on_with_the_gates_of_others(tmp_path):
    """Of 3 ranks, the last has none of 8 cells, and nothing reaches it."""

    def states(comm=None, load=None):
        net = gs.Network()
        cells = net.population("cells", 8, gs.LIF(I_e=600.0), receptors=[gs.NMDA(gating="per-synapse")])
        net.connect(cells, cells, gs.FixedProbability(0.1), receptor="NMDA", weight=1.0)
        if load:
            with gs.Simulator.load_checkpoint(net, load, backend="numpy", comm=comm) as sim:
                sim.run(20.0)
                return sim.get(cells, "V")
        with gs.Simulator(net, seed=3, backend="numpy", comm=comm) as sim:
            sim.run(20.0)
            sim.save_checkpoint(tmp_path / f"{comm is not None}.h5")
            sim.run(20.0)
            return sim.get(cells, "V")

    whole = states()
    assert same_bits(on_threads(3, states)[0], whole)
    for path in (tmp_path / "True.h5", tmp_path / "False.h5"):
        assert same_bits(on_threads(3, lambda one, path=path: states(one, path))[0], whole)
        assert same_bits(states(load=path), whole)
