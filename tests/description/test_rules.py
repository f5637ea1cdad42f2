"""Connection rules: what each promises, for all sizes; bounds, given synapses, refusals."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gpusyn as gs
from gpusyn.connectivity import (
    AllToAll,
    FixedInDegree,
    FixedOutDegree,
    FixedProbability,
    FixedTotalNumber,
    FromArrays,
    FromSparse,
    OneToOne,
    base,
    fixed_degree,
    one_to_one,
    total_number,
)
from gpusyn.connectivity.base import autapse_positions, tail_bound
from gpusyn.errors import ArgumentError, ParameterError
from gpusyn.numerics import sampling
from gpusyn.numerics.rng import Stream, stream_key

STREAM = Stream(stream_key(3, "structure", "E->I:AMPA"))
SIZES = st.integers(0, 12)


def _keys(n_pre, n_post, shift):
    """Global ids of two selections of one population that overlap, the second in another order."""
    return np.arange(n_pre), (np.arange(n_post) + shift)[::-1].copy()


@st.composite
def _selections(draw):
    n_pre, n_post = draw(SIZES), draw(SIZES)
    same = draw(st.none() | st.integers(0, 8).map(lambda shift: _keys(n_pre, n_post, shift)))
    return n_pre, n_post, same


@st.composite
def _rules(draw):
    autapses, multapses = draw(st.booleans()), draw(st.booleans())
    count = draw(st.integers(0, 15))
    return draw(
        st.sampled_from(
            [
                OneToOne(),
                AllToAll(autapses=autapses),
                FixedProbability(draw(st.sampled_from([0.0, 1e-6, 0.1, 0.5, 0.97, 1.0])), autapses=autapses),
                FixedInDegree(count, autapses=autapses, multapses=multapses),
                FixedOutDegree(count, autapses=autapses, multapses=multapses),
                FixedTotalNumber(5 * count, autapses=autapses, multapses=multapses),
            ]
        )
    )


def _autapses(pre, post, same):
    return 0 if same is None else int((same[0][pre] == same[1][post]).sum())


def _pairs(pre, post):
    return list(zip(pre.tolist(), post.tolist(), strict=True))


@settings(max_examples=400)
@given(_rules(), _selections(), st.integers(0, 3))
def test_every_rule_keeps_its_promises(rule, selections, seed):
    n_pre, n_post, same = selections
    stream = Stream(stream_key(seed, "structure", "p"))
    try:
        rule.check(n_pre, n_post, "Projection 'p'", same)
    except ParameterError:
        with pytest.raises(ParameterError):
            rule.draw(n_pre, n_post, stream, same)
        return
    pre, post = rule.draw(n_pre, n_post, stream, same)
    assert pre.dtype == post.dtype == np.int32
    assert len(pre) == len(post)
    assert all(0 <= i < n_pre for i in pre)
    assert all(0 <= j < n_post for j in post)
    if rule.exact:
        assert len(pre) == rule.expected(n_pre, n_post, same)
    if not getattr(rule, "autapses", True):
        assert _autapses(pre, post, same) == 0
    if not getattr(rule, "multapses", False):
        assert len(set(_pairs(pre, post))) == len(pre)
    assert np.bincount(post).max(initial=0) <= rule.max_in_degree(n_pre, n_post)
    if isinstance(rule, FixedInDegree):
        assert np.bincount(post, minlength=n_post).tolist() == [rule.k] * n_post
    if isinstance(rule, FixedOutDegree):
        assert np.bincount(pre, minlength=n_pre).tolist() == [rule.k] * n_pre
    if not isinstance(rule, FixedTotalNumber):
        rows = post if isinstance(rule, FixedInDegree) else pre
        assert (np.diff(rows) >= 0).all()


@given(_rules(), _selections(), st.integers(4, 60))
def test_synapses_do_not_depend_on_the_size_of_a_block(rule, selections, size):
    try:
        expected = rule.draw(selections[0], selections[1], STREAM, selections[2])
    except ParameterError:
        return
    with pytest.MonkeyPatch.context() as patch:
        for module in (base, fixed_degree, one_to_one, sampling, total_number):
            patch.setattr(module, "BLOCK", size)
        drawn = rule.draw(selections[0], selections[1], STREAM, selections[2])
        blocks = list(rule.blocks(selections[0], selections[1], STREAM, selections[2]))
    assert _pairs(*drawn) == _pairs(*expected)
    assert [pair for block in blocks for pair in _pairs(*block)] == _pairs(*expected)


def test_expected_is_a_hint_not_a_limit(monkeypatch):
    pre, post = FixedProbability(0.3).draw(50, 40, STREAM)
    monkeypatch.setattr(FixedProbability, "expected", lambda *args: 10.0)
    again = FixedProbability(0.3).draw(50, 40, STREAM)
    np.testing.assert_array_equal(again, (pre, post))


# ---- bounds ----


@pytest.mark.parametrize(
    ("trials", "p", "targets"),
    [(1000, 0.1, 1000), (20_000, 0.05, 20_000), (100, 0.9, 10), (10**9, 1e-6, 10**6)],
)
def test_tail_bound_is_safe_and_not_wasteful(trials, p, targets):
    stats = pytest.importorskip("scipy.stats")
    bound = tail_bound(trials, p, targets)
    assert targets * stats.binom.sf(bound, trials, p) < 1e-15
    sharp = stats.binom.isf(1e-15 / targets, trials, p)
    assert bound <= sharp + 0.1 * (sharp - trials * p) + 2


def test_tail_bound_at_the_ends():
    assert tail_bound(0, 0.5, 10) == 0
    assert tail_bound(10, 0.0, 10) == 0
    assert tail_bound(10, 1.0, 10) == 10
    assert tail_bound(10, 0.5, 0) == 0
    assert tail_bound(10, 0.999, 1000) == 10
    assert 1 <= tail_bound(10**6, 1e-12, 1) <= 4


def test_hard_bounds():
    assert OneToOne().max_in_degree(5, 5) == 1
    assert AllToAll().max_in_degree(7, 3) == 7
    assert FixedInDegree(9).max_in_degree(100, 3) == 9
    assert FixedProbability(1.0).max_in_degree(7, 3) == 7
    assert FixedOutDegree(3, multapses=False).max_in_degree(7, 3) == 7
    assert FixedTotalNumber(10**6, multapses=False).max_in_degree(7, 300_000) == 7


# ---- given synapses ----


def test_from_arrays_returns_what_was_given():
    rule = FromArrays([3, 0, 0, 3], np.array([1, 2, 2, 0], dtype=np.uint8))
    pre, post = rule.draw(4, 3, STREAM)
    assert _pairs(pre, post) == [(3, 1), (0, 2), (0, 2), (3, 0)]
    assert rule.exact
    assert rule.expected(4, 3) == 4
    assert rule.max_in_degree(4, 3) == 2
    assert not pre.flags.writeable
    assert repr(rule) == "FromArrays(4 synapses)"


def test_from_arrays_keeps_its_own_copy():
    given_pre = np.array([0, 1])
    rule = FromArrays(given_pre, [1, 1])
    given_pre[0] = 9
    assert rule.draw(2, 2, STREAM)[0].tolist() == [0, 1]
    assert rule == FromArrays([0, 1], [1, 1])
    assert hash(rule) == hash(FromArrays([0, 1], [1, 1]))
    assert rule != FromArrays([0, 1], [1, 0])
    assert rule != AllToAll()
    with pytest.raises(AttributeError):
        rule.pre = given_pre


def test_from_arrays_may_be_empty():
    pre, post = FromArrays([], []).draw(0, 5, STREAM)
    assert len(pre) == len(post) == 0
    assert FromArrays([], []).max_in_degree(0, 5) == 0


@pytest.mark.parametrize(
    ("pre", "post", "error", "message"),
    [
        ([0.5, 1.0], [0, 1], ArgumentError, r"FromArrays\.pre: must be integers \(got \[0.5, 1.0\]\); convert"),
        ([True], [0], ArgumentError, r"FromArrays\.pre: must be integers \(got \[True\]\)"),
        ([0, 1], ["a", "b"], ArgumentError, r"FromArrays\.post: must be integers"),
        ([0, 1], [1, -2], ParameterError, r"FromArrays\.post: must be positions >= 0 \(got -2 at index 1\)"),
        ([0, 1], [1], ParameterError, r"equal length \(got 2 and 1\)"),
        ([[0], [1]], [1, 1], ParameterError, r"one-dimensional \(got shape \(2, 1\)\)"),
        ([2**40], [1], ParameterError, r"below 2\*\*32"),
    ],
)
def test_from_arrays_refuses(pre, post, error, message):
    with pytest.raises(error, match=message):
        FromArrays(pre, post)


def test_from_arrays_refuses_positions_beyond_the_selection():
    message = r"Projection 'x': FromArrays\.post must be positions below 3, .* \(got 3 at index 2\)"
    with pytest.raises(ParameterError, match=message):
        FromArrays([0, 1, 2, 3], [0, 1, 3, 5]).check(4, 3, "Projection 'x'")


def test_from_sparse():
    sparse = pytest.importorskip("scipy.sparse")
    dense = np.array([[0.0, 2.0, 0.0], [1.0, 0.0, 3.0]])
    for kind in (sparse.csr_array, sparse.csc_array, sparse.coo_matrix):
        rule = FromSparse(kind(dense))
        assert sorted(_pairs(*rule.draw(2, 3, STREAM))) == [(0, 1), (1, 0), (1, 2)]
        assert rule == FromSparse(kind(dense))
        assert rule != FromSparse(kind(np.pad(dense, 1)[1:, 1:]))
        with pytest.raises(ParameterError, match=r"\(3, 2\) of the selections \(got \(2, 3\)\); transpose it"):
            rule.check(3, 2, "Projection 'x'")
    with pytest.raises(ParameterError, match=r"shape"):
        rule.draw(2, 4, STREAM)
    with pytest.raises(
        ArgumentError, match=r"FromSparse\.matrix: must be a sparse matrix.*give scipy\.sparse\.coo_array\(matrix\)"
    ):
        FromSparse(dense)


# ---- refusals ----


@pytest.mark.parametrize(
    ("rule", "sizes", "message"),
    [
        (OneToOne(), (3, 4), r"equal size \(got 3 and 4 neurons\)"),
        (
            FixedInDegree(3, multapses=False),
            (2, 5),
            r"k = 3 partners from a presynaptic selection of 2 neurons",
        ),
        (FixedOutDegree(3, multapses=False), (5, 2), r"from a postsynaptic selection of 2 neurons"),
        (FixedInDegree(1), (0, 5), r"from a presynaptic selection of 0 neurons; lower k or enlarge it"),
        (FixedTotalNumber(7, multapses=False), (2, 3), r"n = 7 synapses from 6 possible pairs"),
        (FixedTotalNumber(1), (0, 3), r"from 0 possible pairs"),
    ],
    ids=repr,
)
def test_impossible_rules_are_refused(rule, sizes, message):
    with pytest.raises(ParameterError, match="Projection 'x': .*" + message):
        rule.check(*sizes, "Projection 'x'")


def test_oneself_does_not_count_as_a_partner():
    keys = (np.arange(3), np.arange(3))
    FixedInDegree(2, autapses=False, multapses=False).check(3, 3, "x", keys)
    with pytest.raises(ParameterError, match=r"multapses=False, autapses=False; lower k or allow multapses"):
        FixedInDegree(3, autapses=False, multapses=False).check(3, 3, "x", keys)
    one = (np.array([4]), np.array([4]))
    for rule in (FixedInDegree(1, autapses=False), FixedTotalNumber(1, autapses=False)):
        with pytest.raises(ParameterError):
            rule.check(1, 1, "x", one)


def test_a_neuron_twice_in_a_selection_is_refused():
    with pytest.raises(ParameterError, match="twice"):
        autapse_positions(2, 2, (np.array([1, 1]), np.array([1, 2])))


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: FixedProbability(1.5), ParameterError, r"FixedProbability\.p: .*<= 1 \(got 1\.5\)"),
        (lambda: FixedProbability(-0.1), ParameterError, r"FixedProbability\.p"),
        (lambda: FixedProbability(math.nan), ParameterError, r"FixedProbability\.p"),
        (lambda: FixedProbability(), ArgumentError, r"FixedProbability\(\)"),
        (lambda: FixedProbability(0.1, autapse=False), ArgumentError, r"did you mean 'autapses'"),
        (lambda: FixedInDegree(2.5), ArgumentError, r"FixedInDegree\.k: must be a whole number"),
        (lambda: FixedOutDegree(-1), ParameterError, r"FixedOutDegree\.k: .*>= 0"),
        (
            lambda: FixedTotalNumber(3, multapses=1),
            ArgumentError,
            r"FixedTotalNumber\.multapses: must be True or",
        ),
        (lambda: OneToOne(3), ArgumentError, r"OneToOne\(\)"),
        (lambda: AllToAll(False), ArgumentError, r"AllToAll\(\)"),
    ],
)
def test_wrong_parameters_are_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_text_and_equality():
    assert repr(FixedInDegree(3)) == "FixedInDegree(k=3, autapses=True, multapses=True)"
    assert repr(AllToAll(autapses=False)) == "AllToAll(autapses=False)"
    assert FixedProbability(0.5) == FixedProbability(0.5)
    assert FixedInDegree(3) != FixedOutDegree(3)
    with pytest.raises(AttributeError):
        FixedProbability(0.5).p = 0.1


@pytest.mark.parametrize(
    "pair",
    [([0, 1], [1, 2]), (np.arange(3), np.arange(2)), (np.arange(3.0), np.arange(3.0)), (np.arange(3), np.arange(1, 4)),
     (np.arange(3), np.arange(-1, 2)), (np.zeros((3, 1), int), np.zeros(3, int))],
    ids=["lists", "lengths", "floats", "beyond", "negative", "dimensions"],
)  # fmt: skip
def test_a_rule_that_yields_anything_but_positions_is_refused(monkeypatch, pair):
    monkeypatch.setattr(gs.AllToAll, "blocks", lambda *_: iter([pair]))
    with pytest.raises(gs.ArgumentError, match=r"AllToAll.blocks: must yield two integer arrays of one length, pos"):
        gs.AllToAll().draw(3, 3, Stream(0))


@pytest.mark.parametrize("precision", ["single", "double"])
def test_a_rule_whose_bound_is_too_low_is_refused(monkeypatch, precision):
    monkeypatch.setattr(gs.AllToAll, "max_in_degree", lambda *_: 2)
    net = gs.Network()
    cells = net.population("E", 3, gs.LIF(), receptors=[gs.AMPA()])
    net.connect(cells, cells, gs.AllToAll(), receptor="AMPA", weight=gs.Uniform(0.0, 1.0))
    with pytest.raises(gs.ParameterError, match=r"a target has 3 synapses, more than the 2 .* raise AllToAll.max_in_"):
        gs.Simulator(net, backend="numpy", precision=precision)
