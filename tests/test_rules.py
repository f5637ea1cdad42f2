"""Connection rules: what each promises, for all sizes, and plain loops that say what the fast code means."""

import math
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gpusyn import portable_math
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
    degree,
    rules,
    sampling,
    total,
)
from gpusyn.connectivity.base import autapse_positions, id_type, tail_bound
from gpusyn.connectivity.sampling import multiply_shift
from gpusyn.errors import ArgumentError, ParameterError
from gpusyn.rng import Stream, stream_key, uniform32, uniform53

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
        for module in (base, degree, rules, sampling, total):
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


# ---- FixedProbability ----


def _loop_probability(p, n_pre, n_post, stream):
    """Say in plain loops what FixedProbability means."""
    log_q = portable_math.log(np.float64(1.0 - p))
    for row in range(n_pre):
        column, call = -1, 0
        while column < n_post:
            w = stream.words(row, call)
            u = [uniform32(x) for x in w] if p >= 2**-10 else [uniform53(w[0], w[1]), uniform53(w[2], w[3])]
            for value in u:
                column += 1 + int(portable_math.log(np.float64(value)) / log_q)
                if column < n_post:
                    yield row, column
            call += 1


@pytest.mark.parametrize("p", [2.0**-11, 2.0**-7, 0.25, 0.875])
@pytest.mark.parametrize("n_post", [1, 7, 300, 2500])
def test_fixed_probability_is_geometric_skipping(p, n_post):
    pre, post = FixedProbability(p).draw(4, n_post, STREAM)
    assert _pairs(pre, post) == list(_loop_probability(p, 4, n_post, STREAM))


@pytest.mark.parametrize(
    ("p", "n_pre", "n_post"),
    [(1e-6, 1000, 10**8), (5e-4, 100, 10**6), (2e-3, 100, 10**6), (0.1, 1000, 1000), (0.9, 500, 1000)],
)
def test_fixed_probability_counts_are_binomial(p, n_pre, n_post):
    stats = pytest.importorskip("scipy.stats")
    pre, post = FixedProbability(p).draw(n_pre, n_post, STREAM)
    sd = math.sqrt(n_pre * n_post * p * (1 - p))
    assert abs(len(pre) - n_pre * n_post * p) < 4 * sd
    # rows as a whole: the index of dispersion of binomial counts
    counts = np.bincount(pre, minlength=n_pre)
    dispersion = ((counts - n_post * p) ** 2).sum() / (n_post * p * (1 - p))
    assert 1e-4 < stats.chi2.cdf(dispersion, n_pre) < 1 - 1e-4
    # no column is preferred, and a gap is as long as it should be
    assert stats.chisquare(np.histogram(post, 50, (0, n_post))[0]).pvalue > 1e-4


@pytest.mark.parametrize("p", [0.02, 0.3, 0.75])
def test_cells_of_a_row_are_independent(p):
    stats = pytest.importorskip("scipy.stats")
    n = 40_000
    cells = np.zeros((n, 3), dtype=np.int64)
    cells[FixedProbability(p).draw(n, 3, STREAM)] = 1
    seen = np.bincount(cells @ [4, 2, 1], minlength=8)
    share = [p ** bin(i).count("1") * (1 - p) ** (3 - bin(i).count("1")) for i in range(8)]
    assert stats.chisquare(seen, n * np.array(share)).pvalue > 1e-4


def test_no_autapses_leaves_the_other_synapses_alone():
    same = _keys(60, 50, 4)
    pre, post = FixedProbability(0.4).draw(60, 50, STREAM, same)
    keep = same[0][pre] != same[1][post]
    assert not keep.all()
    drawn = FixedProbability(0.4, autapses=False).draw(60, 50, STREAM, same)
    np.testing.assert_array_equal(drawn, (pre[keep], post[keep]))


@pytest.mark.parametrize(
    "rule",
    [FixedProbability(0.1), FixedOutDegree(7), FixedOutDegree(7, multapses=False), AllToAll()],
    ids=repr,
)
def test_a_row_does_not_depend_on_the_other_rows(rule):
    pre, post = rule.draw(40, 90, STREAM)
    fewer = rule.draw(25, 90, STREAM)
    np.testing.assert_array_equal(fewer, (pre[pre < 25], post[pre < 25]))


def test_other_streams_give_other_synapses():
    here = FixedProbability(0.5).draw(100, 100, STREAM)
    there = FixedProbability(0.5).draw(100, 100, Stream(stream_key(3, "structure", "E->I:NMDA")))
    both = len(set(_pairs(*here)) & set(_pairs(*there)))
    assert abs(both - 2500) < 5 * math.sqrt(10_000 * 0.25 * 0.75)


def test_scratch_memory_is_bounded():
    FixedProbability(0.05).draw(10, 10, STREAM)
    tracemalloc.start()
    pre, post = FixedProbability(0.05).draw(2000, 20_000, STREAM)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1.02 * (pre.nbytes + post.nbytes) + 8e6


def test_selections_beyond_32_bits():
    pre, post = FixedProbability(1e-8).draw(1, 2**32, STREAM)
    assert pre.dtype == np.int32
    assert post.dtype == np.int64
    assert post.max() > 2**31
    assert (np.diff(post) > 0).all()
    sources, _ = FixedInDegree(50, multapses=False).draw(2**32 - 7, 3, STREAM)
    assert sources.max() > 2**31
    assert id_type(2**31) is np.int32


# ---- fixed degrees and totals ----


def _loop_distinct(k, n, row, stream):
    """Say in plain loops which k of n a row takes: the first distinct ones drawn, or all but these."""
    wanted, chosen, draw = k if 2 * k <= n else n - k, [], 0
    while len(chosen) < wanted:
        words = [int(w) for w in stream.words(row, draw // 2)]
        high, low = words[2 * (draw % 2) : 2 * (draw % 2) + 2]
        value = ((high << 32 | low) * n) >> 64
        if value not in chosen:
            chosen.append(value)
        draw += 1
    return chosen if 2 * k <= n else sorted(set(range(n)) - set(chosen))


@pytest.mark.parametrize(("k", "n"), [(1, 1), (1, 5), (3, 6), (4, 6), (6, 6), (40, 1000), (30, 61)])
def test_distinct_partners_are_the_first_drawn(k, n):
    pre, post = FixedInDegree(k, multapses=False).draw(n, 20, STREAM)
    assert pre.reshape(20, k).tolist() == [_loop_distinct(k, n, row, STREAM) for row in range(20)]
    assert post.tolist() == np.repeat(np.arange(20), k).tolist()


@pytest.mark.parametrize("k", [2, 3])
@pytest.mark.parametrize("autapses", [True, False])
def test_every_set_of_partners_is_equally_likely(k, autapses):
    stats = pytest.importorskip("scipy.stats")
    n_post, n = 30_000, 4 if autapses else 5
    pre_key, post_key = np.arange(n), np.full(n_post, -1)
    post_key = np.arange(n_post) + 10
    post_key[0] = 2
    rule = FixedInDegree(k, autapses=autapses, multapses=False)
    pre, _ = rule.draw(n, n_post, STREAM, (pre_key, post_key))
    seen = np.bincount((1 << pre.reshape(n_post, k).astype(np.int64)).sum(axis=1), minlength=2**n)
    seen = seen[[bin(i).count("1") == k for i in range(2**n)]]
    assert stats.chisquare(seen).pvalue > 1e-4


def test_partners_other_than_oneself_are_equally_likely():
    stats = pytest.importorskip("scipy.stats")
    keys = np.arange(50)
    for multapses in (True, False):
        pre, post = FixedInDegree(20, autapses=False, multapses=multapses).draw(50, 50, STREAM, (keys, keys))
        apart = (pre - post) % 50
        assert apart.min() == 1
        seen = np.bincount(apart, minlength=50)[1:]
        assert stats.chisquare(seen).pvalue > 1e-4


@pytest.mark.parametrize("rule", [FixedInDegree(30), FixedTotalNumber(60_000)], ids=repr)
def test_partners_with_multapses_are_equally_likely(rule):
    stats = pytest.importorskip("scipy.stats")
    pre, post = rule.draw(100, 2000, STREAM)
    assert stats.chisquare(np.bincount(pre, minlength=100)).pvalue > 1e-4
    assert stats.chisquare(np.bincount(post // 100 * 10 + pre // 10)).pvalue > 1e-4


def test_out_degree_mirrors_in_degree():
    keys = _keys(30, 20, 3)
    for multapses in (True, False):
        pre, post = FixedInDegree(6, autapses=False, multapses=multapses).draw(30, 20, STREAM, keys)
        mirrored = FixedOutDegree(6, autapses=False, multapses=multapses).draw(20, 30, STREAM, keys[::-1])
        np.testing.assert_array_equal(mirrored, (post, pre))


@pytest.mark.parametrize("n", [2, 4])
def test_every_set_of_pairs_is_equally_likely(n):
    stats = pytest.importorskip("scipy.stats")
    rule = FixedTotalNumber(n, autapses=False, multapses=False)  # 6 of the 8 pairs are no autapses
    seen = {}
    for seed in range(1500):
        drawn = rule.draw(2, 4, Stream(seed), (np.array([0, 1]), np.array([5, 1, 0, 6])))
        pairs = frozenset(_pairs(*drawn))
        seen[pairs] = seen.get(pairs, 0) + 1
    assert len(seen) == 15
    assert stats.chisquare(list(seen.values())).pvalue > 1e-4


def test_total_number_is_a_prefix_of_a_larger_one():
    for multapses in (True, False):
        pre, post = FixedTotalNumber(500, multapses=multapses).draw(60, 40, STREAM)
        fewer = FixedTotalNumber(200, multapses=multapses).draw(60, 40, STREAM)
        np.testing.assert_array_equal(fewer, (pre[:200], post[:200]))


def test_distinct_pairs_of_huge_selections_need_the_second_sort():
    pre, post = FixedTotalNumber(3000, multapses=False).draw(2**31, 2**31, STREAM)
    assert len(set(_pairs(pre, post))) == 3000
    assert pre.max() > 2**30
    values = np.array([[7, 3, 7, -1, 3, 2**60, 1]])
    assert sampling.first_distinct(values, np.array([4])).tolist() == [[1, 1, 0, 0, 0, 1, 1]]
    small = np.array([[7, 3, 7, -1, 3, 60, 1]])
    assert sampling.first_distinct(small, np.array([3])).tolist() == [[1, 1, 0, 0, 0, 1, 0]]
    assert sampling.first_distinct(small, np.array([5])) is None


def test_multiply_shift_is_exact():
    rng = np.random.default_rng(5)
    high, low = rng.integers(0, 2**32, (2, 1000), dtype=np.uint32)
    for n in (1, 10, 2**31, 2**32 - 1, 2**32):
        exact = [((int(h) << 32 | int(w)) * n) >> 64 for h, w in zip(high, low, strict=True)]
        assert multiply_shift(high, low, n).tolist() == exact


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
        ([0.5, 1.0], [0, 1], ArgumentError, r"FromArrays\.pre: must be integers \(got float64\)"),
        ([True], [0], ArgumentError, r"FromArrays\.pre: must be integers \(got bool\)"),
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
        with pytest.raises(
            ParameterError, match=r"\(3, 2\) of the selections \(got \(2, 3\)\); transpose it"
        ):
            rule.check(3, 2, "Projection 'x'")
    with pytest.raises(ParameterError, match=r"shape"):
        rule.draw(2, 4, STREAM)
    with pytest.raises(ArgumentError, match=r"FromSparse\.matrix: must be a sparse matrix"):
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
    "rule",
    [
        FixedProbability(0.2),
        FixedInDegree(5, multapses=False),
        FixedTotalNumber(50),
        FixedTotalNumber(50, multapses=False),
    ],
    ids=repr,
)
def test_only_portable_arithmetic(rule, monkeypatch):
    expected = rule.draw(30, 30, STREAM)

    def forbidden(*args, **kwargs):
        raise AssertionError("the bits of this function depend on the machine")

    for name in ("log", "exp", "log1p", "expm1", "power"):
        monkeypatch.setattr(np, name, forbidden)
    # The number of draws made at a time comes from the machine's logarithm: other numbers change nothing.
    monkeypatch.setattr(sampling, "draws_needed", lambda count, n: count + 1)
    for module in (degree, total):
        monkeypatch.setattr(module, "draws_needed", lambda count, n: count + 1)
    np.testing.assert_array_equal(rule.draw(30, 30, STREAM), expected)
    rule.max_in_degree(30, 30)
