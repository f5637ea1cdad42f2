"""The plan of a rank is what the rank builds and exchanges: bytes of arrays, what is whole, traffic."""

from __future__ import annotations

import numpy as np
import pytest

import gpusyn as gs
from gpusyn.backends.numpy.backend import NumpyBackend
from gpusyn.builder.compile import Compiled
from gpusyn.builder.ownership import Spread
from gpusyn.builder.plan import Asked, Plan, plan
from gpusyn.distributed.ranks import Ranks
from gpusyn.distributed.spreading import OWNERS
from gpusyn.distributed.threads import on_threads
from gpusyn.kernels.arrays import EXPECTED
from tests.helpers.long_checks import pairs
from tests.helpers.networks import seeded_case

DT = 0.1
EVENTS = 12  # standard deviations of a number of synapses that are drawn at random, at most
OF_KNOWN = frozenset(  # extents that grow with the sources that a rank knows, some of which may be found by drawing
    {"ids", "coupled ids", "remembered ids", "gates", "payloads", "releases", "history words", "source states"}
    | {"gate means", "train spikes", "train values", "train sources", "releasing sources", "active sources"}
    | {"rested sources", "scaled targets", "segments", "size words", "drawn ids", "row starts"}
)


def planned(net, spread, dt=DT, precision="single"):
    """Return the plan of one rank."""
    return plan(net, Asked(dt, precision, "exact", 1, "plan()", spread), None)


def spreads():
    """Yield some ranks of 1 to 5, and of blocks that are dealt."""
    yield from (Spread(ranks // 2, ranks) for ranks in (1, 2, 3, 4, 5))
    yield from (Spread(rank, 3, "dealt") for rank in (0, 2))


@pytest.mark.parametrize("seed", [1, 4, 11, 18])
def test_the_arrays_of_each_rank_of_a_drawn_network_are_as_planned(seed):
    case = seeded_case(seed)
    for spread in spreads():
        found = planned(case.net, spread, case.dt, case.precision)
        program = Compiled(found.layout, case.seed).program
        assert sum(spec.nbytes for spec in found.specs.values()) == pytest.approx(program.nbytes, rel=0.05), spread
        for name, spec in program.specs.items():
            extents = set(map(str, spec.extents))
            if found.layout.drawn_reach and extents & OF_KNOWN:
                assert abs(found.specs[name].size / spec.size - 1) <= EVENTS / max(found.layout.n_sources, 1) ** 0.5
            elif EXPECTED.isdisjoint(extents):
                assert found.specs[name].nbytes == spec.nbytes, (spread, name)
            else:  # drawn at random, of which a rank has a part
                assert abs(found.specs[name].size - spec.size) <= EVENTS * (1 + spec.size) ** 0.5, (spread, name)


def large_network():
    """Return a network of which synapses are most of the memory, onto selections too, and given ones."""
    net = gs.Network()
    receptors = [gs.AMPA(), gs.GABA_A(gating="per-synapse")]
    cells = net.population("cells", 1000, gs.LIF(), receptors=receptors)
    few = net.population("few", 90, gs.LIF(), receptors=receptors)
    noise = net.population("noise", 400, gs.PoissonSource(30.0))
    net.connect(cells, cells + few, gs.FixedInDegree(100), receptor="AMPA", weight=gs.LogNormal(0.1, 0.1))
    net.connect(noise, cells[100:350], gs.FixedProbability(0.3), receptor="AMPA", weight=1.0, delay=3.0)
    net.connect(few, cells[::2], gs.FixedProbability(0.5), receptor="GABA_A", weight=1.0)
    net.connect(cells[:50], few, gs.AllToAll(), receptor="AMPA", weight=0.1)
    given = gs.FromArrays(np.repeat(np.arange(20), 50), np.tile(np.arange(50), 20))
    net.connect(cells, cells[700:], given, receptor="AMPA", weight=gs.Uniform(0.0, 1.0))
    return net


@pytest.mark.parametrize("owners", OWNERS)
@pytest.mark.parametrize("ranks", [1, 2, 3, 4, 5])
def test_bytes_of_a_network_with_many_synapses(ranks, owners):
    net = large_network()
    synapses = 0.0
    for rank in range(ranks):
        found = planned(net, Spread(rank, ranks, owners))
        program = Compiled(found.layout, 1).program
        assert sum(spec.nbytes for spec in found.specs.values()) == pytest.approx(program.nbytes, rel=0.05)
        own = sum(n for name, n in found.bytes.items() if name.startswith("synapses"))
        parts = [s.nbytes for s in program.specs.values() if not {"targets", "synapses"}.isdisjoint(s.extents)]
        assert sum(parts) < own
        synapses += found.synapses
    assert synapses == pytest.approx(gs.plan(net).synapses)


def test_given_synapses_onto_one_rank_are_all_its_own():
    """The given synapses end on neurons 700 to 749, which rank 2 of 3 owns."""
    net = large_network()
    layouts = [planned(net, Spread(rank, 3)).layout for rank in range(3)]
    given = [p.expected for one in layouts for p in one.pathways if isinstance(p.projection.rule, gs.FromArrays)]
    assert given == [0.0, 0.0, 1000.0]


def test_what_is_whole_does_not_shrink_and_what_is_own_does():
    net = large_network()
    one, four = planned(net, Spread(0, 1)), planned(net, Spread(1, 4))
    assert one.rank is not None
    assert four.rank is not None
    assert list(four.rank.whole) == ["index of rows", "lists by id", "list of spikes"]
    assert four.rank.whole["lists by id"] == one.rank.whole["lists by id"]
    groups = [sum(group.size for group in found.layout.groups) for found in (one, four)]
    assert 4 * groups[1] == pytest.approx(groups[0], abs=16)
    assert 4 * four.layout.ring_size == pytest.approx(one.layout.ring_size, rel=0.05)
    assert four.rank.replicas == one.rank.replicas
    assert list(four.rank.replicas) == ["histories and last spikes"]
    assert one.rank.neurons == 1490
    assert 4 * four.rank.neurons == pytest.approx(1490, abs=16)
    assert four.synapses < 0.4 * one.synapses
    assert one.rank.traffic.received == 0.0


def test_blocks_that_are_dealt_span_all_neurons():
    contiguous, dealt = (planned(large_network(), Spread(1, 4, owners)).rank for owners in OWNERS)
    assert contiguous is not None
    assert dealt is not None
    assert "states and parameters of neurons" in dealt.whole
    assert "states and parameters of neurons" not in contiguous.whole


def test_a_plan_of_ranks_knows_both_ways_to_own():
    found = gs.plan(large_network(), ranks=4, owners="dealt").rank
    assert found == planned(large_network(), Spread(0, 4, "dealt")).rank
    with pytest.raises(gs.UnknownNameError, match=r"plan\(\)\.owners"):
        gs.plan(large_network(), ranks=4, owners="round")


def test_no_rank_is_planned_where_there_is_one_process():
    assert gs.plan(large_network()).rank is None
    assert "rank" not in str(gs.plan(large_network())).splitlines()[0]


def test_the_text_says_which_rank_what_is_whole_and_what_travels():
    text = str(planned(large_network(), Spread(1, 4)))
    assert text.startswith("plan: rank 1 of 4 fits (")
    for part in (
        "\n  rank 1 of 4: 372 of 1490 neurons and sources, and the synapses onto them",
        "\n  over the whole network on every rank: ",
        " index of rows",
        "\n  replicas on every rank: ",
        " histories and last spikes",
        "\n  exchange: in every step, 10000 times in 1 s of model time; this rank receives ",
        "(neurons: as many as plans expect, mostly 20 Hz; headers not counted)",
    ):
        assert part in text, part


@pytest.mark.parametrize("delay", [0.1, 1.5])
@pytest.mark.parametrize("gating", ["auto", "per-synapse"])
def test_the_window_is_the_shortest_delay_unless_something_else_reads_spikes(delay, gating):
    net = gs.Network()
    cells = net.population("cells", 100, gs.LIF(), receptors=[gs.AMPA(gating=gating)])
    net.connect(cells, cells, gs.FixedProbability(0.1), receptor="AMPA", weight=1.0, delay=delay)
    steps = 1 if gating == "per-synapse" else round(delay / DT)
    found = planned(net, Spread(0, 2)).rank
    assert found is not None
    assert (found.traffic.window, found.traffic.exchanges) == (steps, pytest.approx(1000 / DT / steps))


class Counting(Ranks):
    """Ranks that count the bytes of the arrays of the others that each receives."""

    received = 0
    exchanges = 0

    def arrays(self, mine, meanwhile=None):
        found = super().arrays(mine, meanwhile)
        if mine.dtype == np.int32:  # spikes, and not how many steps the ranks can run next
            self.received += sum(one.nbytes for rank, one in enumerate(found) if rank != self.rank)
            self.exchanges += 1
        return found


def sources_alone(rate):
    """Return a network whose neurons never fire, and whose sources do at known rates."""
    net = gs.Network()
    cells = net.population("cells", 40, gs.LIF(), receptors=[gs.AMPA()])
    fast = net.population("fast", 600, gs.PoissonSource(rate))
    slow = net.population("slow", 300, gs.PoissonSource(np.linspace(5.0, 60.0, 300)))
    listed = net.population("listed", 50, gs.SpikeSource(np.arange(1, 101).tolist()))
    net.connect(fast + slow + listed, cells, gs.FixedProbability(0.1), receptor="AMPA", weight=1e-6, delay=1.5)
    return net


def counted(net, ranks, steps, monkeypatch):
    """Return the ranks that have run a network, each with what it received."""
    used = []

    def run(rank):
        counting = Counting(rank._transport)
        monkeypatch.setattr("gpusyn.distributed.spreading.as_ranks", lambda comm: comm)
        with gs.Simulator(net, dt=DT, seed=3, backend=NumpyBackend(), comm=counting) as sim:
            counting.received = counting.exchanges = 0
            sim.step(steps)
        used.append(counting)

    on_threads(ranks, run)
    return sorted(used, key=lambda one: one.rank)


@pytest.mark.parametrize(("rate", "ranks"), pairs([20.0, 3000.0], [2, 3]))  # single events, and several in a step
def test_traffic_is_what_a_run_exchanges(rate, ranks, monkeypatch):
    net, steps = sources_alone(rate), 300
    for one in counted(net, ranks, steps, monkeypatch):
        silent = Asked(DT, "single", "exact", 1, "plan()", Spread(one.rank, ranks), rate=0.0)
        traffic = plan(net, silent, None).rank.traffic
        seconds = steps * DT * 1e-3
        assert one.received == pytest.approx(traffic.received * seconds, rel=0.05)
        assert one.exchanges == pytest.approx(traffic.exchanges * seconds, abs=2)


def test_the_rate_that_was_measured_gives_the_bytes_that_were_exchanged(monkeypatch):
    net = gs.Network()
    cells = net.population("cells", 500, gs.LIF(), receptors=[gs.AMPA()], V=gs.Uniform(-70.0, -50.0))
    net.inject(cells, np.tile(np.linspace(400.0, 900.0, 20), 25))
    net.connect(cells, cells, gs.FixedInDegree(20), receptor="AMPA", weight=0.1, delay=gs.Uniform(0.5, 2.0))
    recorder = net.record(cells, "spikes")
    steps = 600
    with gs.Simulator(net, dt=DT, seed=3, backend="numpy") as sim:
        sim.step(steps)
        measured = sim.data[recorder].rate()
    assert measured > 5.0
    for one in counted(net, 3, steps, monkeypatch):
        found = plan(net, Asked(DT, "single", "exact", 1, "plan()", Spread(one.rank, 3), measured), None).rank
        assert one.received == pytest.approx(found.traffic.received * steps * DT * 1e-3, rel=0.05)


def test_potentials_of_gap_junctions_are_planned_at_their_most(monkeypatch):
    net = gs.Network()
    cells = net.population("cells", 40, gs.LIF())
    net.population("others", 40, gs.LIF())
    net.couple(cells, cells, gs.FixedProbability(0.5), conductance=0.1)
    traffic = planned(net, Spread(0, 2)).rank.traffic
    assert traffic.potentials == pytest.approx(20 * 4 * 1e4)
    assert traffic.received == traffic.potentials


def test_a_plan_of_many_ranks_takes_no_memory_for_each_neuron():
    net = gs.Network()
    cells = net.population("cells", 1_000_000_000, gs.LIF(), receptors=[gs.AMPA()])
    net.connect(cells, cells, gs.FixedInDegree(10_000), receptor="AMPA", weight=gs.LogNormal(1.0, 0.5), delay=1.0)
    net.record(cells, "spikes")
    net.record(cells[::1000], "V")
    found = gs.plan(net, ranks=1024, device="H100", rate=4.0)
    assert isinstance(found, Plan)
    assert found.synapses == pytest.approx(1e13 / 1024, rel=1e-3)
    assert found.rank.neurons == pytest.approx(1e9 / 1024, rel=1e-3)
    assert found.rank.traffic.received == pytest.approx(4e9 * 4 * 1023 / 1024 + 4e4 * 1023, rel=1e-3)
    assert "rank 0 of 1024" in str(found)


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"ranks": 0}, gs.ParameterError, r"plan\(\)\.ranks: must be a whole number >= 1 and <= 16777216"),
        ({"ranks": 2.5}, gs.ArgumentError, r"plan\(\)\.ranks: must be a whole number"),
        ({"rate": 5.0}, gs.ArgumentError, r"plan\(\)\.rate: is of use to the model of a GPU and to ranks alone"),
        ({"rate": -5.0, "ranks": 2}, gs.ParameterError, r"plan\(\)\.rate: must be "),
    ],
)
def test_wrong_ranks_are_refused(options, error, text):
    with pytest.raises(error, match=text):
        gs.plan(large_network(), **options)


def test_the_plan_of_a_simulator_is_that_of_its_rank(monkeypatch):
    net = large_network()

    def run(ranks):
        with gs.Simulator(net, dt=DT, seed=3, backend="numpy", comm=ranks) as sim:
            return str(sim.plan).splitlines()[0], sim.plan.rank

    found = on_threads(4, run)
    assert [line.split(" fits")[0] for line, _ in found] == [f"plan: rank {rank} of 4" for rank in range(4)]
    assert [plan.rank for _, plan in found] == [0, 1, 2, 3]
    assert sum(plan.neurons for _, plan in found) == 1490


def test_a_rank_whose_part_does_not_fit_refuses_it(monkeypatch):
    class Small(NumpyBackend):
        def free_memory(self):
            return 1_000_000

        def start(self, program):
            raise AssertionError("started")

    with pytest.raises(gs.PlanMemoryError, match="Nothing was allocated"):
        on_threads(2, lambda ranks: gs.Simulator(large_network(), dt=DT, backend=Small(), comm=ranks))
