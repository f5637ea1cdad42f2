"""Which pathways share rows, which populations they reach together, and when their synapses are delivered."""

import numpy as np
import pytest

import gpusyn as gs
from gpusyn.builder import bundles
from gpusyn.builder.pathways import Timing
from gpusyn.builder.placement import lay_out
from gpusyn.builder.specs import bundle_bytes, described, extents
from gpusyn.kernels.records import Route, read_rows

DT = 0.1
FIRST_ORDER = gs.AMPA(kinetics=gs.kinetics.FirstOrder.AMPA())
SATURATING = gs.NMDA(kinetics=gs.kinetics.Saturating())
ALWAYS, NEVER = ((x, x) for x in (0.0, 1e12))
DRAWN = gs.Uniform(0.5, 1.5)


def network(*names, receptors=None, n=10):
    net = gs.Network()
    cells = [net.population(name, n, gs.LIF(), receptors=receptors or [gs.AMPA(), gs.GABA_A()]) for name in names]
    return net, *cells


def layout_of(net, workers=1, precision="single"):
    return lay_out(net, DT, precision, workers)


def rows(net, **options):
    """The names of the projections of each bundle, with its parts if a projection has several."""
    return [tuple(p.projection.name for p in bundle.pathways) for bundle in layout_of(net, **options).bundles]


def groups(net, **options):
    """Populations of each target group, with their places in it."""
    layout = layout_of(net, **options)
    seen = {id(p.targets): p.targets for p in layout.populations.values()}
    for group in seen.values():
        assert group.size == sum(p.size for p in group.populations)
        assert [p.offset for p in group.populations] == np.cumsum(
            [0, *(p.size for p in group.populations[:-1])]
        ).tolist()
        assert all(p.targets is group for p in group.populations)
        assert group.slices * group.slice_size >= group.size
    return [[p.population.name for p in group.populations] for group in seen.values()]


def connect(net, pre, post, name, rule=None, *, receptor="AMPA", weight=DRAWN, delay=1.0, **options):
    weight = {receptor: weight} if isinstance(receptor, str) else weight
    net.connect(pre, post, rule or gs.FixedInDegree(3), weight=weight, delay=delay, name=name, **options)


# --- rows that are shared ----------------------------------------------------------------------------------------


def test_projections_of_one_population_onto_several_share_rows_and_targets():
    net, a, b, c = network("a", "b", "c")
    for k, (pre, post) in enumerate([(a, a), (a, b), (b, c), (a, c)]):
        connect(net, pre, post, f"p{k}")
    assert rows(net) == [("p0", "p1", "p3"), ("p2",)]
    assert groups(net) == [["a", "b", "c"]]


def test_populations_that_no_row_reaches_together_stay_apart():
    net, a, b, c, _ = network("a", "b", "c", "d")
    connect(net, a, b, "p")
    connect(net, c, c, "q")
    connect(net, b, a, "r")
    assert rows(net) == [("p",), ("q",), ("r",)]
    assert groups(net) == [["a"], ["b"], ["c"], ["d"]]


def test_groups_that_have_a_population_in_common_are_one():
    net, a, b, c, d = network("a", "b", "c", "d")
    for pre, pair in ((a, (d, c)), (b, (c, a))):
        for post in pair:
            connect(net, pre, post, f"{pre.name}{post.name}")
    assert rows(net) == [("ad", "ac"), ("bc", "ba")]
    assert groups(net) == [["a", "c", "d"], ["b"]]


def test_one_row_reaches_a_population_by_one_projection_only():
    net, a, b = network("a", "b")
    for name, post in (("p0", a), ("p1", a), ("p2", b), ("p3", a), ("p4", b)):
        connect(net, a, post, name)
    assert rows(net) == [("p0", "p2"), ("p1", "p4"), ("p3",)]


@pytest.mark.parametrize("precision", ["single", "double"])
def test_equal_weights_share_rows_and_others_do_not(precision):
    net, a, b, c = network("a", "b", "c")
    for name, post, weight in (("p0", a, 1.0), ("p1", b, 1.0), ("p2", c, 1.25), ("p3", a, DRAWN), ("p4", b, DRAWN)):
        connect(net, a, post, name, weight=weight)
    assert rows(net, precision=precision) == [("p0", "p1"), ("p2",), ("p3", "p4")]


@pytest.mark.parametrize(("degree", "sums", "together"), [(100, "int32", False), (100_000, "int64", True)])
def test_equal_weights_onto_sums_of_other_quanta_share_rows_if_sums_are_much_finer(degree, sums, together):
    net, a, b = network("a", "b")
    for post, factor in ((a, 1), (b, 8)):
        connect(net, a, post, f"to {post.name}", gs.FixedInDegree(degree * factor, multapses=True), weight=1.0)
    connect(net, b, a, "back", gs.FixedInDegree(1), weight=1.0)  # no bit of a may depend on what it only sends to
    layout = layout_of(net)
    exponents = {p.sums[0].quantum.exponent for p in layout.populations.values()}
    assert layout.numbers.acc == sums
    assert (len(exponents) == 1) == together
    assert rows(net)[:-1] == ([("to a", "to b")] if together else [("to a",), ("to b",)])


@pytest.mark.parametrize("what", ["w_max", "receptor", "receptors", "delay"])
def test_rows_are_apart_if_something_differs(what):
    net, a, b = network("a", "b")
    other = {
        "w_max": {"w_max": 4.0},
        "receptor": {"receptor": "GABA_A"},
        "receptors": {"receptor": None, "weight": {"AMPA": DRAWN, "GABA_A": DRAWN}},
        "delay": {"delay": 1.1},
    }[what]
    connect(net, a, a, "p")
    connect(net, a, b, "q", **other)
    assert rows(net) == [("p",), ("q",)]
    assert groups(net) == [["a"], ["b"]]


def test_weights_that_may_change_are_alone_also_within_one_projection():
    net, a, b = network("a", "b")
    connect(net, a, a + b, "p", w_max=4.0)
    connect(net, a, a + b, "q")
    assert rows(net) == [("p",), ("p",), ("q", "q")]


def test_projections_of_several_delays_share_rows():
    net, a, b = network("a", "b")
    connect(net, a, a, "p", delay=gs.Uniform(0.5, 1.0))
    connect(net, a, b, "q", delay=gs.Uniform(0.2, 0.6))
    (bundle,) = layout_of(net).bundles
    assert bundle.timing.first == 2
    assert bundle.timing.width * bundle.timing.blocks >= 9


def test_receptors_named_in_another_order_are_the_same():
    net, a, b = network("a", "b")
    other = net.population("other", 7, gs.LIF(), receptors=[gs.GABA_A(), gs.NMDA(), gs.AMPA()])
    connect(net, a, b, "p", receptor=None, weight={"AMPA": DRAWN, "GABA_A": DRAWN})
    connect(net, a, other, "q", receptor=None, weight={"GABA_A": DRAWN, "AMPA": DRAWN})
    connect(net, a, a, "r", receptor=None, weight={"GABA_A": DRAWN, "AMPA": gs.Ratio("GABA_A", 0.5)})
    (bundle,) = layout_of(net).bundles
    assert bundle.receptors == ("AMPA", "GABA_A")
    assert [p.projection.name for p in bundle.pathways] == ["p", "q", "r"]


def test_gates_on_sources_share_rows_if_their_kinetics_are_the_same():
    net, a, b = network("a", "b", receptors=[SATURATING])
    slower = gs.NMDA(kinetics=gs.kinetics.Saturating(tau_decay=80.0))
    c = net.population("c", 4, gs.LIF(), receptors=[slower])
    lumped = net.population("d", 4, gs.LIF(), receptors=[gs.NMDA()])
    for post in (a, b, c, lumped):
        connect(net, a, post, f"to {post.name}", receptor="NMDA")
    layout = layout_of(net)
    assert len(layout.gates) == 2
    assert rows(net) == [("to a", "to b"), ("to c",), ("to d",)]
    assert [bundle.timing.at_once for bundle in layout.bundles] == [True, True, False]


def test_all_to_all_with_one_weight_is_shared_and_its_targets_take_back_what_is_their_own():
    net, a, b = network("a", "b")
    connect(net, a, a, "p", gs.AllToAll(autapses=False), weight=1.0)
    connect(net, a, b, "q", gs.AllToAll(), weight=1.0)
    connect(net, a, b, "r", gs.AllToAll())
    connect(net, a, b[:5], "s", gs.AllToAll(), weight=1.0)
    found = layout_of(net).bundles
    assert [(b.pathways[0].projection.name, b.shared, b.taken_back) for b in found] == [
        ("r", False, False), ("s", False, False), ("p", True, False), ("p", False, True), ("q", True, False)
    ]  # fmt: skip


# --- slices ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("size", "slices"), [(1, 1), (2**16, 1), (2**16 + 1, 2), (2**17, 2), (2**17 + 1, 3)])
def test_slices_have_targets_of_16_bits(size, slices):
    net, a, _ = network("a", "b", n=1)
    big = net.population("big", size, gs.LIF(), receptors=[gs.AMPA()])
    connect(net, a, big, "p", gs.OneToOne() if size == 1 else gs.FixedInDegree(1))
    group = layout_of(net).populations["big"].targets
    assert group.slices == slices
    assert group.slice_size <= 2**16
    assert layout_of(net, workers=5).populations["big"].targets.slices == min(max(slices, 5), size)


@pytest.mark.parametrize(("size", "workers", "slices"), [(2**17 + 1, 2, 4), (2**17, 2, 2), (2**18 + 1, 3, 6)])
def test_each_worker_owns_as_many_slices(size, workers, slices):
    net, a, _ = network("a", "b", n=1)
    connect(net, a, net.population("big", size, gs.LIF(), receptors=[gs.AMPA()]), "p", gs.FixedInDegree(1))
    assert layout_of(net, workers).populations["big"].targets.slices == slices


def test_targets_around_the_bound_of_a_slice_are_reached():
    """Targets 65534 to 65538 of a group of two populations, which slices of 2^16 cut within the second."""
    net = gs.Network()
    source = net.population("source", 2, gs.SpikeSource([[0.1], [0.2]]))
    small = net.population("small", 3, gs.LIF(), receptors=[gs.AMPA(tau_decay=1e-3)])
    big = net.population("big", 2**16, gs.LIF(), receptors=[gs.AMPA(tau_decay=1e-3)])
    post = np.array([0, 65530, 65531, 65532, 65533, 65534, 65535])
    weight = np.arange(1.0, 8.0)
    connect(net, source, big, "p", gs.FromArrays(np.arange(7) % 2, post), weight=weight, delay=0.1)
    connect(net, source, small, "q", gs.FromArrays([0, 1], [2, 0]), weight=np.array([8.0, 9.0]), delay=0.1)
    with gs.Simulator(net, dt=DT, backend="numpy") as sim:
        (bundle,) = sim.plan.layout.bundles
        assert (bundle.targets.slices, bundle.targets.size) == (2, 2**16 + 3)
        for step in (1, 2, 3):
            sim.step()
            expected = np.zeros(2**16)
            if step > 1:
                mine = np.arange(7) % 2 == step - 2
                expected[post[mine]] = weight[mine]
            assert sim.get(big, "g_AMPA").tolist() == expected.tolist()
            assert sim.get(small, "g_AMPA").tolist() == [[0, 0, 0], [0, 0, 8], [9, 0, 0]][step - 1]
        assert sim.weights("p").post.tolist() == post[np.lexsort((post, np.arange(7) % 2))].tolist()


# --- when due, or in a ring --------------------------------------------------------------------------------------


def timing_of(delay, rule=None, n=200, workers=1, **options):
    net, a = network("a", n=n)
    connect(net, a, a, "p", rule, delay=delay, **options)
    layout = layout_of(net, workers)
    return layout.bundles[0].timing, layout


def form_of(delay, rule=None, **options):
    """First delay, width and number of blocks, and whether they are delivered at once."""
    return timing_of(delay, rule, **options)[0][:4]


@pytest.mark.parametrize("degree", [1, 150])
def test_one_delay_is_delivered_when_due(degree):
    timing, layout = timing_of(2.5, gs.FixedInDegree(degree))
    assert timing == Timing(25, 1, 1, False)
    assert layout.populations["a"].sums[0].ring.slots == 1


def test_weights_that_may_change_are_delivered_at_once():
    timing, layout = timing_of(gs.Uniform(0.3, 1.0), w_max=2.0)
    assert timing == Timing(3, 8, 1, True)
    assert layout.populations["a"].sums[0].ring.slots == 16  # for 1 to 10 steps
    assert form_of(40.0, w_max=2.0) == (400, 1, 1, True)
    assert form_of(gs.Uniform(0.1, 60.0), w_max=2.0) == (1, 256, 3, True)


def test_long_segments_are_delivered_when_due_and_short_ones_into_a_ring(monkeypatch):
    delay, rule = gs.Uniform(0.1, 1.0), gs.FixedInDegree(100)  # ten synapses in a segment
    monkeypatch.setattr(bundles, "ROOM", 1e9)
    for threshold, due in ((9.0, True), (11.0, False)):
        monkeypatch.setattr(bundles, "DUE_FROM", (threshold, 1e9))
        assert form_of(delay, rule) == ((1, 1, 10, False) if due else (1, 10, 1, False))
        assert form_of(delay, rule, workers=2) == (1, 10, 1, False)  # segments are half as long
    monkeypatch.setattr(bundles, "CACHE", 0)
    for threshold, due in ((9.0, True), (11.0, False)):
        monkeypatch.setattr(bundles, "DUE_FROM", (1e9, threshold))
        assert (timing_of(delay, rule)[0].width == 1) == due


def test_delays_that_are_seldom_drawn_count_little(monkeypatch):
    """Segments of a narrow distribution with far bounds are as long as those of the delays that it has."""
    monkeypatch.setattr(bundles, "DUE_FROM", (9.0, 9.0))
    monkeypatch.setattr(bundles, "ROOM", 1e9)
    narrow = gs.Normal(1.0, 0.1, low=0.1, high=20.0)  # about 4 delays
    assert timing_of(narrow, gs.FixedInDegree(100))[0].width == 1
    assert timing_of(gs.Uniform(0.1, 20.0), gs.FixedInDegree(100))[0].width > 1


def test_a_large_ring_is_cut_into_blocks_of_delays(monkeypatch):
    monkeypatch.setattr(bundles, "DUE_FROM", NEVER)
    delay = gs.Uniform(0.1, 10.0)
    assert form_of(delay) == (1, 100, 1, False)
    monkeypatch.setattr(bundles, "CACHE", 0)
    monkeypatch.setattr(bundles, "ROOM", 1e9)
    assert form_of(delay) == (1, 100, 1, False)
    monkeypatch.setattr(bundles, "ROOM", 0.0)
    timing, layout = timing_of(delay)
    assert timing.blocks > 1
    assert timing.width * (timing.blocks - 1) < 100 <= timing.width * timing.blocks
    assert layout.populations["a"].sums[0].ring.slots == timing.width
    assert timing_of(gs.Uniform(0.1, 100.0))[0].width <= bundles.MOST_LATE


@pytest.mark.parametrize(("width", "bits"), [(1, 0), (2, 1), (3, 2), (4, 2), (5, 4), (16, 4), (17, 8), (256, 8)])
def test_late_steps_take_as_few_bits_as_their_block_needs(width, bits):
    assert Timing(1, width, 1).late_bits == bits


@pytest.mark.parametrize(("high", "when_due"), [(5.0, True), (1000.0, False)])
def test_few_synapses_beside_many_are_delivered_when_due_unless_their_bounds_need_much_memory(high, when_due):
    net, a = network("a", n=150_000)
    connect(net, a, a, "many", gs.FixedInDegree(1000), delay=gs.Uniform(0.5, 3.0))
    connect(net, a, a, "few", gs.FixedInDegree(1), delay=gs.Uniform(0.5, high))
    layout = layout_of(net)
    many, few = layout.bundles
    assert many.timing.width == 1
    assert (few.timing.width == 1) == when_due
    assert bundle_bytes(few, layout) < 0.2 * bundle_bytes(many, layout)


def test_the_ring_of_a_receptor_is_as_deep_as_its_deepest_bundle(monkeypatch):
    monkeypatch.setattr(bundles, "DUE_FROM", NEVER)
    net, a, b, c = network("a", "b", "c")
    connect(net, a, a, "p", delay=gs.Uniform(0.1, 3.0))
    connect(net, a, b, "q", delay=gs.Uniform(0.1, 1.0))
    connect(net, b, b, "r", receptor="GABA_A", delay=5.0)
    connect(net, c, c, "s", delay=0.4)
    layout = layout_of(net)
    a_, b_, c_ = (layout.populations[name].sums for name in "abc")
    assert a_[0].ring is b_[0].ring
    assert a_[1].ring is b_[1].ring
    assert [s.ring.slots for s in (*a_, *c_)] == [32, 1, 1, 1]
    rings = list({id(s.ring): s.ring for s in (*a_, *b_, *c_)}.values())
    ends = [ring.base + ring.size for ring in rings]
    assert [ring.base for ring in rings] == [0, *ends[:-1]]  # none overlaps
    assert ends[-1] == layout.ring_size
    assert rings[0].size == 32 * 20


# --- what is planned is what is built ------------------------------------------------------------------------------

FORMS = {
    "as planned": {},
    "when due": {"DUE_FROM": ALWAYS, "ROOM": 1e9},
    "compressed": {"DUE_FROM": ALWAYS, "ROOM": 1e9, "COMPRESSED": (True,)},
    "ring": {"DUE_FROM": NEVER, "LONG": 1e9},
    "blocks": {"DUE_FROM": NEVER, "CACHE": 0, "ROOM": 0.0, "MOST_LATE": 4},
    "slices": {"DUE_FROM": ALWAYS, "ROOM": 1e9, "LARGEST_SLICE": 7},
}


def mixed():
    """Something of every kind of bundle, with a number of synapses that is known."""
    net, a, b = network("a", "b", receptors=[gs.AMPA(), gs.GABA_A(), SATURATING])
    gated = net.population("gated", 6, gs.LIF(), receptors=[gs.AMPA(), gs.GABA_A(gating="per-synapse")])
    listed = net.population("listed", 3, gs.SpikeSource([1.0]))
    pairs = gs.FromArrays([0, 0, 2, 7], [1, 1, 3, 9])
    connect(net, a, a, "p", delay=gs.Uniform(0.1, 3.0))
    connect(net, a, b, "q", pairs, delay=np.array([3, 1, 2, 40]) * DT)
    connect(net, a[3:6], gated, "g", receptor=None, weight={"AMPA": DRAWN, "GABA_A": 1.0}, delay=gs.Uniform(0.1, 1.0))
    connect(net, listed, a + b, "l", gs.FixedOutDegree(4), receptor="GABA_A", weight=2.0, delay=gs.Uniform(0.5, 0.9))
    connect(net, b, b, "plastic", delay=gs.Uniform(0.1, 3.0), w_max=2.0)
    connect(net, b, a, "source", receptor="NMDA", delay=gs.Uniform(0.1, 2.0))
    connect(net, a, a, "own", gs.AllToAll(autapses=False), weight=1.0, delay=0.3)
    connect(net, a, b, "all", gs.AllToAll(), receptor="NMDA", weight=1.0, delay=0.3)
    connect(net, b, b[:1], "nobody", gs.FixedInDegree(0), delay=gs.Uniform(0.1, 1.0))
    connect(net, b, a, "nothing", gs.FixedTotalNumber(0))
    return net


def check_routes(routes, layout):
    """No route reaches beyond the slots of its ring, nor the ring beyond the array."""
    assert len(routes) == sum(len(b.receptors) * (b.timing.blocks if b.timing.at_once else 1) for b in layout.bundles)
    for route in routes:
        assert 1 <= route.ahead <= route.ahead + (route.width - 1) * (route.late >= 0) <= route.mask + 1
        assert route.mask & (route.mask + 1) == 0
        assert route.source < route.source_end
        assert route.ring + (route.mask + 1) * route.stride <= layout.ring_size


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("precision", "threads"), [("single", 1), ("double", 3)])
def test_extents_are_those_of_what_is_built(form, precision, threads, monkeypatch):
    for name, value in FORMS[form].items():
        monkeypatch.setattr(bundles, name, value)
    net = mixed()
    with gs.Simulator(net, dt=DT, precision=precision, backend="numpy", threads=threads) as sim:
        layout, program = sim.plan.layout, sim._compiled.program
        planned = {spec.name: spec for _, spec in described(layout, extents(layout, sim._compiled.steps))}
        assert {name: spec.shape for name, spec in planned.items()} == {
            name: array.shape for name, array in ((name, program.live(name)) for name in program.specs)
        }
        arrays = ["segment_begin", "targets", "late", "weights"]
        arrays += ["segment_sizes"] if any(bundle.compressed for bundle in layout.bundles) else []
        assert sum(bundle_bytes(bundle, layout) for bundle in layout.bundles) == sum(
            program.specs[name].nbytes for name in arrays
        )
        check_routes(read_rows(program.live("routes"), Route), layout)
    widths = {bundle.timing.width for bundle in layout.bundles if not bundle.timing.at_once}
    assert (widths == {1}) == (form in ("when due", "compressed", "slices"))
    if form == "compressed":
        assert all(bundle.compressed for bundle in layout.bundles if not (bundle.timing.at_once or bundle.shared))
    assert (max(bundle.targets.slices for bundle in layout.bundles) > 1) == (form == "slices" or threads > 1)


def test_building_needs_room_for_the_projections_that_are_drawn_together():
    def planned(projections):
        net, a = network("a", n=1000)
        for k in range(projections):
            connect(net, a, a, f"p{k}", gs.FixedInDegree(10), delay=1.0)
        return gs.plan(net, dt=DT, backend="numpy")

    assert planned(1).scratch >= 40 * 10_000  # bytes, which each synapse of a block needs while it is drawn
    assert planned(20).scratch == planned(1).scratch


def total_memory(n, degree, delay):
    net = gs.Network()
    cells = net.population("cells", n, gs.LIF(), receptors=[gs.AMPA()])
    connect(net, cells, cells, "p", gs.FixedInDegree(degree), delay=delay)
    return gs.plan(net, dt=DT).total


@pytest.mark.parametrize("high", [3.0, 20.0, 200.0, 1000.0])
@pytest.mark.parametrize(("n", "degree"), [(10_000, 1000), (80_000, 1000), (80_000, 4000)])
def test_delays_cost_at_most_a_fifth_more_memory(n, degree, high):
    assert total_memory(n, degree, gs.Uniform(0.1, high)) <= 1.2 * total_memory(n, degree, 1.0)


@pytest.mark.parametrize("delay", [gs.Exponential(2.0), gs.LogNormal(1.5, 0.75)], ids=repr)
def test_delays_with_a_long_tail_cost_at_most_a_fifth_more_memory(delay):
    assert total_memory(80_000, 4000, delay) <= 1.2 * total_memory(80_000, 4000, 1.0)


def test_rows_have_segments_only_in_the_slices_of_their_targets():
    """Each of 200 populations of 1,000 neurons reaches two others: all of them are one group of four slices."""
    net = gs.Network()
    cells = [net.population(f"c{k}", 1000, gs.LIF(), receptors=[gs.AMPA()]) for k in range(200)]
    for k, pre in enumerate(cells):
        for other in (1, 2):
            connect(net, pre, cells[(k + other) % 200], f"p{k} {other}", gs.FixedInDegree(8))
    layout = layout_of(net)
    (slices,) = {bundle.targets.slices for bundle in layout.bundles}
    assert slices == 4
    assert sum(bundle.slices == 1 for bundle in layout.bundles) > 190
    assert {bundle.slice for bundle in layout.bundles} == {0, 1, 2, 3}
    rows = 200 * 1000
    assert sum(bundle.segments for bundle in layout.bundles) < 1.1 * rows
