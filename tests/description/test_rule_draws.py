"""Drawing of synapses: plain loops that say what the fast code means, and statistics against scipy."""

import math
import tracemalloc

import numpy as np
import pytest

from gpusyn.connectivity import (
    AllToAll,
    FixedInDegree,
    FixedOutDegree,
    FixedProbability,
    FixedTotalNumber,
    distinct_pairs,
    fixed_degree,
)
from gpusyn.connectivity.base import id_type
from gpusyn.numerics import portable_math, sampling
from gpusyn.numerics.rng import Stream, stream_key, uniform32, uniform53
from gpusyn.numerics.sampling import multiply_shift

STREAM = Stream(stream_key(3, "structure", "E->I:AMPA"))


def _keys(n_pre, n_post, shift):
    """Global ids of two selections of one population that overlap, the second in another order."""
    return np.arange(n_pre), (np.arange(n_post) + shift)[::-1].copy()


def _pairs(pre, post):
    return list(zip(pre.tolist(), post.tolist(), strict=True))


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


@pytest.mark.parametrize("block", [4, 32, 200])
@pytest.mark.parametrize("p", [0.0005, 0.05, 0.5, 0.97])
def test_rows_that_need_more_draws_than_planned(block, p, monkeypatch):
    expected = FixedProbability(p).draw(6, 500, STREAM)
    monkeypatch.setattr(sampling, "BLOCK", block)
    np.testing.assert_array_equal(FixedProbability(p).draw(6, 500, STREAM), expected)
    # several rows in a block, each needing several rounds
    cells = list(sampling._skip(STREAM, np.arange(6), 500, p, 1))
    row, column = (np.concatenate(parts) for parts in zip(*cells, strict=True))
    assert sorted(_pairs(row, column)) == _pairs(*expected)


def test_rows_that_need_more_draws_come_in_order(monkeypatch):
    expected = FixedProbability(0.5).draw(20, 60, STREAM)
    monkeypatch.setattr(sampling.math, "sqrt", lambda x: -x / 8)  # too few draws for most rows, many rows a block
    np.testing.assert_array_equal(FixedProbability(0.5).draw(20, 60, STREAM), expected)


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
    for module in (fixed_degree, distinct_pairs):
        monkeypatch.setattr(module, "draws_needed", lambda count, n: count + 1)
    np.testing.assert_array_equal(rule.draw(30, 30, STREAM), expected)
    rule.max_in_degree(30, 30)
