"""What a rank draws and stores of a network: the synapses onto its own neurons, with the bits of one process."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gpusyn as gs
from gpusyn.builder import reach
from gpusyn.builder.compile import Compiled
from gpusyn.builder.ownership import Spread
from gpusyn.builder.placement import lay_out
from gpusyn.builder.rows import compiled, scanned, spread_rows, tables
from gpusyn.builder.rows.drawn import Drawing
from gpusyn.builder.rows.own_targets import OwnTargets
from gpusyn.builder.rows.reference import NumpyRows
from gpusyn.builder.rows.spread_rows import SpreadRows
from gpusyn.builder.rows.unpacked import unpack
from gpusyn.connectivity import RULES
from gpusyn.numerics.rng import Stream
from gpusyn.parameters.distributions import Distribution, law_of
from tests.emulation import cupy
from tests.helpers.building import DELAYS, WEIGHTS, drawn_network, launcher

SPREADS = [Spread(rank, ranks, owners) for ranks, owners in ((1, "contiguous"), (2, "contiguous"), (5, "contiguous"),
           (3, "dealt")) for rank in range(ranks)]  # fmt: skip
KINDS = [None, 1, 2, "emulated", "cuda"]


@pytest.fixture(autouse=True)
def _kernels_for_few(monkeypatch):
    """Build small networks by kernels too, in blocks that are smaller than their projections."""
    monkeypatch.setattr(tables, "FEW", 0)
    monkeypatch.setattr(compiled, "BLOCK", 700)


class Pairs(gs.FixedProbability):
    """A rule of a user's own."""

    def blocks(self, n_pre, n_post, stream, same=None):
        """Yield the pairs of FixedProbability, one row after the other."""
        for pre, post in super().blocks(n_pre, n_post, stream, same):
            yield pre[::2], post[::2]


def _given(r, n_pre, n_post):
    n = int(r.integers(400)) if n_pre and n_post else 0
    return r.integers(max(n_pre, 1), size=n), r.integers(max(n_post, 1), size=n)


def _sparse(r, n_pre, n_post):
    from scipy.sparse import coo_array

    pre, post = _given(r, n_pre, n_post)
    return gs.FromSparse(coo_array((np.ones(len(pre)), (pre, post)), shape=(n_pre, n_post)))


DRAWN_RULES = {
    "FixedProbability": lambda r, *_: gs.FixedProbability(
        float(r.choice([0.0, 0.0009, 0.04, 0.5, 1.0])), autapses=bool(r.integers(2))
    ),
    "AllToAll": lambda r, *_: gs.AllToAll(autapses=bool(r.integers(2))),
    "FixedInDegree": lambda r, *_: gs.FixedInDegree(int(r.integers(40)), autapses=bool(r.integers(2))),
    "FixedInDegree distinct": lambda r, n_pre, _: gs.FixedInDegree(
        int(r.integers(max(n_pre, 1))), autapses=bool(r.integers(2)), multapses=False
    ),
    "FixedOutDegree": lambda r, *_: gs.FixedOutDegree(int(r.integers(40)), autapses=bool(r.integers(2))),
    "FixedTotalNumber": lambda r, *_: gs.FixedTotalNumber(int(r.integers(3000)), autapses=bool(r.integers(2))),
    "FixedTotalNumber distinct": lambda r, n_pre, n_post: gs.FixedTotalNumber(
        int(r.integers(n_pre * max(n_post - 1, 0) + 1)), autapses=bool(r.integers(2)), multapses=False
    ),
    "OneToOne": lambda *_: gs.OneToOne(),
    "DistanceDependent": lambda r, n_pre, n_post: gs.DistanceDependent(
        0.7, sigma=float(r.choice([0.05, 0.3])), profile=str(r.choice(["step", "gaussian"])),
        autapses=bool(r.integers(2)), max_distance=0.4, positions=(r.random((n_pre, 2)), r.random((n_post, 2))),
    ),
    "FromArrays": lambda r, *sizes: gs.FromArrays(*_given(r, *sizes)),
    "FromTable": lambda r, *sizes: gs.FromTable(dict(zip(("pre", "post"), _given(r, *sizes), strict=True))),
    "FromSparse": _sparse,
    "own": lambda r, *_: Pairs(0.3),
}  # fmt: skip


def test_all_rules_are_drawn():
    assert {name.split()[0] for name in DRAWN_RULES} - {"own"} == set(RULES)


def projection_of(name, seed):
    """Return a network with one projection of a rule: between populations or parts, or within a population."""
    r = np.random.default_rng([seed, len(name)])
    net = gs.Network()
    cells = [net.population(key, int(r.integers(1, 60)), gs.LIF(), receptors=[gs.AMPA(), gs.GABA_A()]) for key in "ab"]
    one, other = (cells[0], cells[0]) if r.integers(2) else cells
    some = other[np.sort(r.choice(other.size, r.integers(1, other.size + 1), replace=False))]
    pre, post = one, (other, some, other[other.size // 2 :], cells[0] + cells[1])[r.integers(4)]
    if name == "OneToOne":
        size = min(pre.size, post.size)
        pre, post = pre[:size], post[:size]
    rule = DRAWN_RULES[name](r, pre.size, post.size)
    given_all = rule.exact and r.integers(3) == 0
    n = round(rule.expected(pre.size, post.size)) if given_all and not hasattr(rule, "autapses") else None
    weight = WEIGHTS[r.integers(len(WEIGHTS))] if n is None else r.random(n)
    delay = DELAYS[r.integers(len(DELAYS))] if n is None else np.round(r.uniform(0.1, 3.0, n), 1)
    if r.integers(4) == 0:
        weight, delay = 2.0, 1.5
    net.connect(pre, post, rule, weight={"AMPA": weight, "GABA_A": gs.Ratio("AMPA", 0.5)}, delay=delay, name="p")
    return net


def drawn(layout, seed, rows):
    """Return pre, post, delay, weights and numbers of the synapses of a projection."""
    drawing = Drawing(layout.net.projections["p"], layout, seed, rows)
    if layout.share is not None and drawing._numbered:
        drawing.numbers = []
    found = drawing.all()
    numbers = np.arange(len(found.pre)) if layout.share is None else drawing.number(slice(None))
    each = [np.broadcast_to(x, found.pre.shape) for x in (found.delay, *found.weights.values())]
    return {"pre": found.pre, "post": found.post, "each": np.array(each)}, numbers, drawing._numbered


def assert_parts_of_the_whole(net, seed, make_rows, spreads):
    whole, numbers, numbered = drawn(lay_out(net, 0.1, "double"), seed, NumpyRows())
    for spread in spreads:
        layout = lay_out(net, 0.1, "double", spread=spread)
        mine = np.isin(whole["post"], layout.share.chosen(net.projections["p"].post))
        found, own_numbers, _ = drawn(layout, seed, make_rows())
        for key, expected in whole.items():
            np.testing.assert_array_equal(found[key], expected[..., mine], err_msg=f"{key} {spread}")
        if numbered:
            np.testing.assert_array_equal(own_numbers, numbers[mine])


def drawable(name, seed):
    try:
        return projection_of(name, seed)
    except gs.ParameterError:  # a rule that such small populations cannot satisfy
        return None


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", DRAWN_RULES)
def test_a_rank_draws_its_part(name, kind):
    make = NumpyRows if kind is None else lambda: SpreadRows(launcher(kind))
    make()  # skips where it cannot compile

    @given(seed=st.integers(0, 10**6))
    @settings(max_examples=5 if kind in (None, 1) else 2, deadline=None)
    def draws(seed):
        net = drawable(name, seed)
        if net is not None:
            assert_parts_of_the_whole(net, seed, make, SPREADS if kind in (None, 1) else SPREADS[1::4])

    draws()


def unpacked(layout, seed, make):
    """Return what is stored of all synapses: pre, post, delay and the stored weight, by projection and receptor."""
    built = Compiled(layout, seed, launcher=make)
    initial = {name: cupy.asnumpy(array) for name, array in built.program.initial.items()}
    found = {}
    for one in built.stored:
        synapses = unpack(one, lambda name, start, stop: initial[name][start:stop], built.redraw)
        weights = np.full(len(synapses.pre), float(one.weight or 0))
        if one.weight is None:
            weights = initial["weights"][one.weights : one.weights + synapses.size][synapses.place].astype(float)
        rows = np.array([synapses.pre, synapses.post, synapses.delay, np.ldexp(weights, one.exponent)])
        key = one.pathway.projection.name, one.receptor
        found[key] = np.concatenate([found.get(key, rows[:, :0]), rows], axis=1)
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_a_rank_stores_its_part(kind):
    make = (lambda: None) if kind is None else lambda: launcher(kind)
    make()

    @given(seed=st.integers(0, 10**6), slices=st.sampled_from([1, 3]), spread=st.sampled_from(SPREADS))
    @settings(max_examples=15 if kind in (None, 1) else 3, deadline=None)
    def stores(seed, slices, spread):
        net = drawn_network(seed, most=70)
        whole = unpacked(lay_out(net, 0.1, "single", slices), seed, lambda: None)
        layout = lay_out(net, 0.1, "single", slices, spread=spread)
        found = unpacked(layout, seed, make)
        for (name, receptor), expected in whole.items():
            mine = np.isin(expected[1], layout.share.chosen(net.projections[name].post))
            np.testing.assert_array_equal(found[name, receptor], expected[:, mine], err_msg=name)

    stores()


# ---- what is drawn ----
class _Counting:
    """A launcher that counts the random words that its kernels draw for pairs and values."""

    def __init__(self):
        self._launcher, self.words = launcher(1), 0

    def __getattr__(self, name):
        return getattr(self._launcher, name)

    def launch(self, kernel, **arguments):
        if kernel in ("draw_degrees", "draw_distinct"):
            self.words += arguments["n_rows"] * arguments["k"]
        elif kernel in ("draw_values", "draw_listed", "draw_pairs"):
            self.words += arguments["n"]
        self._launcher.launch(kernel, **arguments)


def _regular():
    net = gs.Network()
    cells = net.population("cells", 400, gs.LIF(), receptors=[gs.AMPA()])
    rule = gs.FixedInDegree(25, autapses=False)
    net.connect(cells, cells, rule, receptor="AMPA", weight=gs.Uniform(0.5, 1.0), delay=gs.Uniform(0.5, 2.0))
    return net


def _words_by_kernels(layout):
    counted = _Counting()
    Compiled(layout, 1, launcher=lambda: counted)
    return counted.words


def _words_of_numpy(layout, monkeypatch):
    words, drawn_words = [], Stream.words

    def count(self, *element_and_draw):
        found = drawn_words(self, *element_and_draw)
        words.append(found[0].size)
        return found

    monkeypatch.setattr(Stream, "words", count)
    Compiled(layout, 1)
    return sum(words)


@pytest.mark.parametrize("kind", [None, 1])
@pytest.mark.parametrize("owners", ["contiguous", "dealt"])
def test_ranks_share_the_work_of_drawing(kind, owners, monkeypatch):
    """Together, 4 ranks draw as much as one process draws, and each a quarter of it, if all sources get a number."""
    monkeypatch.setattr(reach, "WORTH", 0.0)
    found = []
    for spread in (None, *(Spread(rank, 4, owners) for rank in range(4))):
        layout = lay_out(_regular(), 0.1, "single", spread=spread)
        with monkeypatch.context() as patched:
            found.append(_words_by_kernels(layout) if kind else _words_of_numpy(layout, patched))
    whole, *parts = found
    neurons = [128, 128, 128, 16] if owners == "dealt" else [100] * 4
    assert whole > 2 * 400 * 25
    assert parts == [whole * n // 400 for n in neurons]


def test_values_are_drawn_for_own_synapses_of_scanned_rules():
    net = gs.Network()
    cells = net.population("cells", 400, gs.LIF(), receptors=[gs.AMPA()])
    net.connect(cells, cells, gs.FixedTotalNumber(9000), receptor="AMPA", weight=gs.Uniform(0.5, 1.0), delay=1.0)
    counted = _Counting()
    layout = lay_out(net, 0.1, "single", spread=Spread(1, 4))
    program = Compiled(layout, 1, launcher=lambda: counted).program
    assert counted.words == 2 * 9000 + program.specs["targets"].size  # pairs are counted, and then placed


def test_gaps_are_scanned_once(monkeypatch):
    """Later, they are drawn from where own columns begin: only the first pass goes through whole rows."""
    net = gs.Network()
    a, b = (net.population(name, 300, gs.LIF(), receptors=[gs.AMPA()]) for name in "ab")
    net.connect(a, a + b, gs.FixedProbability(0.2), receptor="AMPA", weight=gs.Uniform(0.5, 1.0), delay=1.0)
    seen = []

    class Seeing(_Counting):
        def launch(self, kernel, **arguments):
            super().launch(kernel, **arguments)
            if kernel == "draw_within" and arguments["writes"]:
                seen.append((arguments["low"], arguments["high"], arguments["reached"].reshape(-1, 3).copy()))

    monkeypatch.setattr(compiled, "PIECE", 32)  # gaps of one pass, so that a row has several
    layout = lay_out(net, 0.1, "single", spread=Spread(3, 4))
    Compiled(layout, 1, launcher=Seeing)
    assert {(low, high) for low, high, _ in seen} == set(OwnTargets(layout.share, a + b).runs)
    assert len({low for low, _, _ in seen}) == 2
    for low, _, reached in seen:
        assert (reached[:, 1] <= low).all()
        assert (reached[:, 1] > low - 320).all()
        assert (reached[:, 0] > 0).all()


@pytest.mark.parametrize("kind", [1, 3, "emulated", "cuda"])
@pytest.mark.parametrize("distribution", [d for d in (*WEIGHTS, *DELAYS) if isinstance(d, Distribution)], ids=repr)
def test_values_of_listed_elements_are_those_of_the_distribution(kind, distribution):
    rows = SpreadRows(launcher(kind))
    elements = np.unique(np.random.default_rng(1).integers(0, 2**34, 1500))
    expected = NumpyRows().values(distribution, 2**64 - 7, elements, len(elements))
    found = rows.memory.host(rows.values(distribution, 2**64 - 7, elements, len(elements)))
    np.testing.assert_array_equal(found, expected)
    consecutive = NumpyRows().values(distribution, 2**64 - 7, 2**32 - 50, 100)
    listed = rows.values(distribution, 2**64 - 7, np.arange(2**32 - 50, 2**32 + 50), 100)
    np.testing.assert_array_equal(rows.memory.host(listed), consecutive)


@pytest.mark.parametrize("kind", [1, "emulated", "cuda"])
def test_a_range_that_no_draw_meets_is_refused_as_by_numpy(kind):
    normal = gs.Normal(0.0, 1.0)
    object.__setattr__(normal, "low", 8.5)  # beyond the largest of all draws; it would have been refused
    assert law_of(normal) is not None
    with pytest.raises(gs.ParameterError, match=r"outside low .. high after 100000 draws"):
        SpreadRows(launcher(kind)).values(normal, 1, np.array([0, 7]), 2)


# ---- own targets ----
@given(seed=st.integers(0, 10**6), spread=st.sampled_from(SPREADS), most=st.integers(1, 50))
@settings(max_examples=40, deadline=None)
def test_own_targets_are_those_chosen(seed, spread, most):
    net = drawn_network(seed, most=700)
    share = lay_out(net, 0.1, "single", spread=spread).share
    for projection in net.projections.values():
        chosen, own = share.chosen(projection.post), OwnTargets(share, projection.post)
        np.testing.assert_array_equal(own.positions, chosen)
        assert own.size == len(chosen)
        assert all(after > end for (_, end), (after, _) in zip(own.runs, own.runs[1:], strict=False))
        post = np.random.default_rng(seed).integers(0, projection.post.size, 500).astype(np.int32)
        np.testing.assert_array_equal(own.find(post), np.flatnonzero(np.isin(post, chosen)))
        np.testing.assert_array_equal(own.places(post[own.find(post)]), np.searchsorted(chosen, post[own.find(post)]))
        parts = list(own.parts(most))
        sizes = [sum(end - begin for begin, end in part) for part in parts]
        assert all(size == most for size in sizes[:-1])
        assert [p for part in parts for begin, end in part for p in range(begin, end)] == chosen.tolist()


def test_rows_of_many_runs_are_looked_through(monkeypatch):
    """Beyond a number of runs of own columns, each of which costs a launch, pairs are drawn and then left out."""
    net = gs.Network()
    cells = net.population("cells", 600, gs.LIF(), receptors=[gs.AMPA()])
    net.connect(cells, cells, gs.FixedProbability(0.1), receptor="AMPA", weight=gs.Uniform(0.5, 1.0), name="p")
    whole, numbers, _ = drawn(lay_out(net, 0.1, "single"), 1, NumpyRows())
    layout = lay_out(net, 0.1, "single", spread=Spread(0, 2, "dealt"))
    mine = np.isin(whole["post"], layout.share.chosen(cells))
    for few in (1, 8):
        monkeypatch.setattr(spread_rows, "FEW_RUNS", few)
        found, own_numbers, _ = drawn(layout, 1, SpreadRows(launcher(1)))
        np.testing.assert_array_equal(found["post"], whole["post"][mine])
        np.testing.assert_array_equal(own_numbers, numbers[mine])


# ---- sizes ----
def _connected(rule, **how):
    net = gs.Network()
    cells = net.population("cells", 100, gs.LIF(), receptors=[gs.AMPA()])
    net.connect(cells, cells, rule, receptor="AMPA", weight=gs.Uniform(0.5, 1.0), delay=1.0, name="p", **how)
    return net


@pytest.mark.parametrize("rule", [
    gs.FixedProbability(0.5), gs.FixedOutDegree(30), gs.FixedTotalNumber(3000), Pairs(0.5),
    gs.FixedTotalNumber(200, multapses=False),
], ids=repr)  # fmt: skip
def test_a_scanned_rule_is_refused_beyond_a_size(rule, monkeypatch):
    monkeypatch.setattr(scanned, "MOST_SCANNED", 2000)
    monkeypatch.setattr(scanned, "MOST_HELD", 100)
    with pytest.raises(gs.ParameterError, match=r"'p'.rule: each of the 3 ranks would draw .* use .*FixedInDegree"):
        lay_out(_connected(rule), 0.1, "single", spread=Spread(0, 3))
    lay_out(_connected(rule), 0.1, "single", spread=Spread(0, 1))
    lay_out(_connected(rule), 0.1, "single")


@pytest.mark.parametrize("rule", [
    gs.FixedInDegree(30), gs.AllToAll(), gs.OneToOne(), gs.FromArrays([0] * 3000, [1] * 3000),
    gs.FixedTotalNumber(90, multapses=False), gs.FixedTotalNumber(1900),
], ids=repr)  # fmt: skip
def test_other_rules_have_any_size(rule, monkeypatch):
    monkeypatch.setattr(scanned, "MOST_SCANNED", 2000)
    monkeypatch.setattr(scanned, "MOST_HELD", 100)
    lay_out(_connected(rule), 0.1, "single", spread=Spread(0, 3))


def test_rows_that_are_not_stored_have_any_size(monkeypatch):
    monkeypatch.setattr(scanned, "MOST_SCANNED", 2000)
    lay_out(_connected(gs.FixedOutDegree(30), storage="procedural"), 0.1, "single", spread=Spread(0, 3))
    with pytest.raises(gs.ParameterError, match="3 ranks"):  # its synapses need numbers, for which rows are drawn
        lay_out(_connected(gs.FixedProbability(0.3), storage="procedural"), 0.1, "single", spread=Spread(0, 3))


@pytest.mark.parametrize("rank", range(3))
@pytest.mark.parametrize("listed", [False, True])
def test_procedural_rows_are_added_to_own_targets_alone(rank, listed):
    net = gs.Network()
    a, b = (net.population(name, size, gs.LIF(), receptors=[gs.AMPA()]) for name, size in (("a", 90), ("b", 50)))
    post = a[np.array([1, 2, 5, 40, 44, 88, 89])] + b if listed else a + b
    net.connect(b, post, gs.FixedOutDegree(3), receptor="AMPA", weight=1.0, storage="procedural", name="p")

    def targets(spread):
        layout = lay_out(net, 0.1, "single", spread=spread)
        tables_ = Compiled(layout, 1).program.initial
        parts, ids = (tables_[f"deliver_procedural.{name}"] for name in ("parts", "ids"))
        found = {}
        for begin, size, shift, first in np.asarray(parts).tolist():
            for q in range(size):
                found[begin + q] = (q if first < 0 else ids[first + q]) + shift
        return {q: place - firsts(layout)[q] for q, place in found.items()}, layout.share

    def firsts(layout):
        """Return for each position the place of the first neuron of its population."""
        return np.concatenate(
            [np.full(part.size, layout.populations[part.population.name].offset) for part in post.parts]
        )

    whole, _ = targets(None)
    assert list(whole) == list(range(post.size))
    found, share = targets(Spread(rank, 3))
    assert found == {position: whole[position] for position in share.chosen(post)}
    dealt, share = targets(Spread(rank, 3, "dealt"))  # in blocks that are larger than these populations
    assert dealt == {position: whole[position] for position in share.chosen(post)}


@pytest.mark.parametrize("kind", [1, "emulated"])
@pytest.mark.parametrize("part", [False, True])
@pytest.mark.parametrize("p", [0.002, 0.01, 0.3])
def test_gaps_of_own_columns_leave_out_autapses(p, part, kind):
    net = gs.Network()
    cells, more = (
        net.population(name, n, gs.LIF(), receptors=[gs.AMPA()]) for name, n in (("cells", 260), ("more", 40))
    )
    pre, post = (cells[100:] + more, more + cells[40:160]) if part else (cells, cells)
    rule = gs.FixedProbability(p, autapses=False)
    net.connect(pre, post, rule, receptor="AMPA", weight=gs.Uniform(0.1, 0.2), name="p")
    launcher(kind)  # skips where it cannot compile
    assert_parts_of_the_whole(net, 3, lambda: SpreadRows(launcher(kind)), SPREADS)


@pytest.mark.parametrize("kind", [1, "emulated"])
def test_rows_of_many_gaps_begin_and_end_in_several_pieces(kind):
    net = gs.Network()
    few, many = (net.population(name, n, gs.LIF(), receptors=[gs.AMPA()]) for name, n in (("few", 5), ("many", 4000)))
    net.connect(few, many, gs.FixedProbability(0.4), receptor="AMPA", weight=gs.Uniform(0.1, 0.2), name="p")
    launcher(kind)  # skips where it cannot compile
    assert_parts_of_the_whole(net, 3, lambda: SpreadRows(launcher(kind)), SPREADS)
