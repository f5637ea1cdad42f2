"""Poisson counts: limits against exact probabilities, the distribution, and numpy equal to compiled C."""

import ctypes
import math
from decimal import Decimal, localcontext

import numpy as np
import pytest

from gpusyn.errors import ParameterError
from gpusyn.kernels.records import NEVER, PoissonDrive
from gpusyn.numerics import rng
from gpusyn.numerics.poisson import pieces_of, poisson_counts, poisson_limits
from tests.helpers import host_functions

MEANS = [1e-4, 0.01, 0.3, 1.0, 5.0, 15.9, 16.0, 16.1, 33.0, 100.0, 250.0]
KEY = 2**63 + 5
MOST = 2**20


@pytest.fixture(scope="module")
def c(tmp_path_factory):
    return host_functions.library(tmp_path_factory)


def draw(mean, size, key=77, step=5, first=0):
    """Counts of a mean, the same for all elements or one for each."""
    pieces = pieces_of(np.max(mean))
    return poisson_counts(key, first, size, step, poisson_limits(mean, pieces), pieces.number, MOST)


def drive_of(limits, key=KEY, pieces=1, most=MOST):
    """The record of a drive with these limits alone."""
    _, levels, size = limits.shape
    drive = PoissonDrive(
        key_low=key & 0xFFFFFFFF, key_high=key >> 32, input=0, limits=0, limit_step=int(size > 1), level_step=size,
        time_step=0, levels=levels, pieces=pieces, weight=0, weight_step=0, most_events=most, start=0, stop=NEVER,
    )  # fmt: skip
    return np.array(drive, np.int64)


def compiled_counts(c, limits, first, size, step, **options):
    drive, counts = drive_of(limits, **options), np.empty(size, np.int32)
    places = host_functions.pointers(drive, np.ascontiguousarray(limits))
    numbers = (ctypes.c_longlong(first), ctypes.c_longlong(size), ctypes.c_longlong(step))
    c.poisson(*places, *numbers, *host_functions.pointers(counts))
    return counts


def exactly_more_than(mean, k):
    """P(count > k) to 50 digits."""
    with localcontext(prec=60):
        mean = Decimal(mean)
        return (-mean).exp() * sum(mean**i / math.factorial(i) for i in range(k + 1, k + 160))


@pytest.mark.parametrize("mean", [1e-300, 1e-11, 1e-6, 0.002, 0.3, 1.28, 7.0, 16.0])
def test_limits_are_the_exact_probabilities(mean):
    pieces = pieces_of(mean)
    assert pieces.number == 1
    top, low = poisson_limits(mean, pieces)[..., 0].astype(object)
    assert len(top) == pieces.levels
    for k, limit in enumerate(top * 2**32 + low):
        exact = exactly_more_than(mean, k) * 2**64
        assert abs(limit - exact) <= 1 + exact * Decimal("1e-14")
    assert exactly_more_than(mean, pieces.levels - 1) < Decimal(2) ** -64


def test_limits_of_many_means_are_those_of_each():
    mean = np.concatenate([[0.0, 16.0], 10.0 ** np.linspace(-9, 1, 50)])
    pieces = pieces_of(16.0)
    limits = poisson_limits(mean, pieces)
    for j, one in enumerate(mean):
        assert np.array_equal(limits[..., j], poisson_limits(one, pieces)[..., 0])
    assert not limits[..., 0].any()
    whole = limits[0].astype(np.uint64) << np.uint64(32) | limits[1]
    assert (whole[:-1] >= whole[1:]).all()


@pytest.mark.parametrize(
    ("mean", "count", "levels"),
    [(0.0, 1, 4), (1e-12, 1, 4), (1e-6, 1, 4), (1.28, 1, 24), (16.5, 2, 48), (1e6, 62500, 68)],
)
def test_pieces(mean, count, levels):
    assert pieces_of(mean) == (count, levels)


@pytest.mark.parametrize("mean", [-1e-9, math.nan, math.inf, 1.1e6])
def test_impossible_means_are_refused(mean):
    with pytest.raises(ParameterError, match="mean count"):
        pieces_of(mean)


def chi_square(stats, counts, mean):
    """p-value of the counts under a Poisson distribution, rare values pooled to at least 8 expected."""
    n = counts.size
    k = np.arange(int(mean + 12 * math.sqrt(mean) + 24))
    expected = n * stats.poisson.pmf(k, mean)
    wanted = np.flatnonzero(expected >= 8)
    low, high = wanted[0], wanted[-1]
    edges = [expected[: low + 1].sum(), *expected[low + 1 : high], n * stats.poisson.sf(high - 1, mean)]
    seen = np.bincount(np.clip(counts, low, high) - low, minlength=high - low + 1)
    expected = np.array(edges)
    return stats.chi2.sf(((seen - expected) ** 2 / expected).sum(), len(edges) - 1)


@pytest.mark.parametrize("mean", MEANS)
def test_counts_follow_the_distribution(mean):
    stats = pytest.importorskip("scipy.stats")
    n = 200_000 if mean >= 0.1 else 1_000_000
    counts = draw(mean, n)
    assert counts.dtype == np.int32
    assert chi_square(stats, counts, mean) > 1e-3
    assert abs(counts.mean() - mean) < 4 * math.sqrt(mean / n)


def test_the_distribution_check_can_fail():
    stats = pytest.importorskip("scipy.stats")
    assert chi_square(stats, draw(5.0, 200_000), 5.05) < 1e-6


RARE = [pytest.param(1e-6, 30_000_000, marks=pytest.mark.fuzz), (1e-7, 100_000_000)]


@pytest.mark.parametrize(("mean", "n"), RARE, ids=["0.01 Hz", "0.001 Hz"])
def test_rare_events_have_their_rate(mean, n, c):
    """Compiled, since few of very many steps have an event; rates at a step of 0.1 ms."""
    stats = pytest.importorskip("scipy.stats")
    limits = poisson_limits(mean, pieces_of(mean))
    n, tally = n // 128 * 128, np.zeros(3, np.int64)
    places = host_functions.pointers(drive_of(limits, key=11), limits)
    c.poisson_tally(*places, ctypes.c_longlong(n), *host_functions.pointers(tally))
    assert tally.sum() == n
    assert stats.binomtest(int(tally[1]), n, mean).pvalue > 1e-3
    assert tally[2] == 0


def test_counts_of_neighbours_and_steps_are_independent():
    """The four words of one call, and those of consecutive steps."""
    counts = np.stack([draw(1.0, 40_000, step=step) for step in (8, 9)])
    four = counts.reshape(2, -1, 4).transpose(0, 2, 1).reshape(8, -1)
    between = np.corrcoef(four)[np.triu_indices(8, 1)]
    assert np.abs(between).max() < 4.5 / math.sqrt(four.shape[1])


def words(size, step, place, key=KEY):
    four = rng.philox(key, np.arange(-(-size // 4)), step & 0xFFFFFFFF, step >> 32, place)
    return np.stack(four, 1).reshape(-1)[:size]


@pytest.mark.parametrize("step", [3, 2**33 + 3])
def test_words_that_equal_a_limit_are_decided_by_32_more_bits(step, c):
    """Limits that each element's own word meets: at the first, a middle, several, or the last level that is not 0."""
    size, g = 301, np.random.default_rng(5)
    word, more = words(size, step, 0), words(size, step, 1)
    limits = np.zeros((2, 8, size), np.uint32)
    limits[0, :7] = np.sort(g.integers(0, 2**32, (7, size), dtype=np.uint32), axis=0)[::-1]
    limits[1, :7] = g.integers(0, 2**32, (7, size), dtype=np.uint32)
    for j in range(size):
        at = j % 7
        limits[0, at:7, j] = np.minimum(limits[0, at:7, j], word[j])
        limits[0, :at, j] = np.maximum(limits[0, :at, j], word[j])
        limits[0, at, j] = word[j]
    limits[0, 1:3, ::5] = word[::5]  # two levels in one word
    limits[1, :7, ::2] = more[::2]  # not above
    limits[1, :7, 1::2] = np.minimum(more[1::2], np.uint32(2**32 - 2)) + 1  # above
    number = word.astype(object) * 2**32 + more.astype(object)
    expected = (number < limits[0].astype(object) * 2**32 + limits[1].astype(object)).sum(axis=0)
    assert np.array_equal(poisson_counts(KEY, 0, size, step, limits, 1, MOST), expected)
    assert np.array_equal(compiled_counts(c, limits, 0, size, step), expected)
    plain = (word < limits[0]).sum(axis=0)
    assert (expected > plain)[1::2].all()
    assert (expected == plain)[::2].all()


def test_a_word_of_zero_below_tiny_limits(c):
    """A mean below 2^-32 has events only where the word is 0: it is drawn from 64 bits all the same."""
    limits = poisson_limits(1e-11, pieces_of(1e-11))
    assert limits[0].max() == 0 < limits[1].max()
    found = poisson_counts(KEY, 0, 1000, 3, limits, 1, MOST)
    assert not found.any()
    assert np.array_equal(compiled_counts(c, limits, 0, 1000, 3), found)


@pytest.mark.parametrize("own", [False, True], ids=["one rate", "own rates"])
@pytest.mark.parametrize("step", [0, 2**20 + 1, 2**60 + 12345])
@pytest.mark.parametrize("largest", [1e-6, 0.02, 1.28, 15.0, 50.0, 1000.0])
def test_counts_equal_compiled_counts(largest, step, own, c):
    size, first = 1003, 128 * 5
    mean = largest * np.random.default_rng(4).uniform(0, 1, size) if own else largest
    pieces = pieces_of(largest)
    limits = poisson_limits(mean, pieces)
    for most in (MOST, 3):
        counts = poisson_counts(KEY, first, size, step, limits, pieces.number, most)
        # the compiled function reads the limits of its elements from their place in the population
        placed = np.concatenate([np.zeros((2, pieces.levels, first), np.uint32), limits], axis=2) if own else limits
        found = compiled_counts(c, placed, first, size, step, pieces=pieces.number, most=most)
        assert np.array_equal(found, counts)
        assert counts.max() <= most
    assert largest < 0.01 or counts.any()


def test_counts_do_not_depend_on_company():
    mean = np.array([0.5, 14.0, 3.0, 10.0, 0.0, 7.0, 1e-3])
    pieces = pieces_of(14.0)
    together = draw(mean, 7, key=8, step=3)
    for j, one in enumerate(mean):
        alone = poisson_counts(8, j, 1, 3, poisson_limits(one, pieces), pieces.number, MOST)
        assert alone[0] == together[j]
    assert np.array_equal(draw(3.0, 9, first=2), draw(3.0, 11)[2:])
    assert draw(0.0, 0).shape == (0,)


def test_large_means_are_sums_of_pieces():
    stats = pytest.importorskip("scipy.stats")
    counts = draw(1e5, 100)
    assert abs(counts.mean() - 1e5) < 4 * math.sqrt(1e5 / 100)
    assert stats.kstest((counts - 1e5) / math.sqrt(1e5), "norm").pvalue > 1e-3
