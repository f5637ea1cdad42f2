"""Philox: published vectors, numpy equal to compiled C, addressing; Poisson counts: distribution and bits."""

import ctypes
import math

import numpy as np
import pytest

from gpusyn.errors import ParameterError
from gpusyn.numerics import philox as philox_module
from gpusyn.numerics import portable_math, rng
from tests.helpers import host_functions

# Random123 1.x, kat_vectors: philox 4x32 10; counter, key, words.
KNOWN_ANSWERS = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]
MEANS = [1e-4, 0.01, 0.3, 1.0, 5.0, 15.9, 16.0, 16.1, 33.0, 100.0, 250.0]


@pytest.fixture(scope="module")
def c(tmp_path_factory):
    return host_functions.library(tmp_path_factory)


def compiled_words(c, key, counters):
    words = np.ascontiguousarray(counters, np.uint32)
    key = np.ascontiguousarray(np.broadcast_to(np.asarray(key, np.uint64), words.shape[:1]))
    c.philox_words(*host_functions.pointers(key, words), ctypes.c_longlong(len(words)))
    return words


def compiled_counts(c, key, element, step, parameters, flushed=False):
    types = (np.uint32, np.int64, np.float64, np.float64, np.int32, np.int32)
    arrays = np.broadcast_arrays(element, step, *parameters)
    arrays = [np.ascontiguousarray(a.astype(t)) for a, t in zip(arrays, types, strict=True)]
    counts = np.empty(arrays[0].size, np.int32)
    pointers = host_functions.pointers(*arrays, counts)
    c.poisson(ctypes.c_ulonglong(key), *pointers, ctypes.c_longlong(counts.size), int(flushed))
    return counts


@pytest.mark.parametrize(("counter", "key", "words"), KNOWN_ANSWERS)
def test_published_vectors(counter, key, words, c):
    whole_key = key[0] | key[1] << 32
    assert tuple(int(w) for w in rng.philox(whole_key, *counter)) == words
    assert tuple(compiled_words(c, whole_key, [counter])[0]) == words


def test_words_equal_compiled_words(c):
    g = np.random.default_rng(3)
    n = philox_module._CHUNK + 1001
    counters = g.integers(0, 2**32, (n, 4), dtype=np.uint32)
    keys = g.integers(0, 2**64, n, dtype=np.uint64)
    for key in (12345678901234567890, keys):
        words = rng.philox(key, *counters.T)
        assert all(w.dtype == np.uint32 for w in words)
        assert np.array_equal(np.stack(words, 1), compiled_words(c, key, counters))


def test_broadcasting_and_integer_types():
    rows = np.arange(3)[:, None]
    columns = np.arange(5, dtype=np.uint32)
    words = rng.philox(9, rows, columns, np.int8(2), 2**32 + 7)
    assert all(w.shape == (3, 5) for w in words)
    for i in range(3):
        for j in range(5):
            assert [w[i, j] for w in words] == list(rng.philox(9, i, j, 2, 7))
    assert all(w.shape == () for w in rng.philox(9, 1, 2, 3, 4))
    assert all(w.shape == (0,) for w in rng.philox(9, np.arange(0), 2, 3, 4))
    negative = rng.philox(1, np.array([-1], np.int32), 0, 0, 0)
    assert [w[0] for w in negative] == list(rng.philox(1, 2**32 - 1, 0, 0, 0))


def test_stream_addresses_every_word_of_the_counter():
    stream = rng.Stream(rng.stream_key(1, "test", "a"))
    big = 5 * 2**32 + 17
    assert list(stream.words(17, 3, 4)) == list(rng.philox(stream.key, 17, 3, 0, 4))
    assert list(stream.words(17, big, 4)) == list(rng.philox(stream.key, 17, 17, 5, 4))
    assert list(stream.words(big, 3, 4)) == list(rng.philox(stream.key, 17, 3, 0, 4 | 5 << 16))
    mixed = stream.words(np.array([17, big]), np.array([3, big]), np.array([4, 4]))
    assert [w[0] for w in mixed] == list(stream.words(17, 3, 4))
    assert [w[1] for w in mixed] == list(stream.words(big, big, 4))
    w = stream.words(np.arange(7), 2)
    assert np.array_equal(stream.uniform(np.arange(7), 2), rng.uniform53(w[0], w[1]))


def test_keys_depend_on_every_part():
    keys = [
        rng.stream_key(*parts) for parts in ((1, "a", "b"), (2, "a", "b"), (1, "c", "b"), (1, "a", "d"), (1, "ab", ""))
    ]
    assert len(set(keys)) == len(keys)
    assert all(0 <= key < 2**64 for key in keys)
    # Written down once: seeds in published work must keep their networks.
    assert {purpose.name: rng.stream_key(1, purpose, "E->I") for purpose in rng.StreamPurpose} == {
        "CONNECT": 0x224AD68716DAFC97,
        "WEIGHT": 0x1CD227907D21B537,
        "DELAY": 0x1BBD21D00ABFE5ED,
        "DRIVE": 0x3B34F7B5FA114327,
        "SOURCE": 0x5F744E5BAE9CABB3,
        "PARAMETER": 0xFF0657426AB8B51D,
        "INITIAL_V": 0x1CFF2EF96BAE1B71,
        "SET": 0x3728BDDAA796D7C0,
    }


def test_uniform_numbers_never_reach_their_limits(c):
    words = np.array([[0, 0], [0xFFFFFFFF, 0xFFFFFFFF], [0, 63], [0, 64], [63, 0], [64, 0], [1 << 31, 0]], np.uint32)
    words = np.concatenate([words, np.stack(rng.philox(1, np.arange(1000), 0, 0, 0)[:2], 1)])
    u53, u32 = rng.uniform53(words[:, 0], words[:, 1]), rng.uniform32(words[:, 0])
    assert u53[:7].tolist() == [
        2.0**-53, 1 - 2.0**-53, 2.0**-53, 3 * 2.0**-53, 2.0**-53, 2.0**-26 + 2.0**-53, 0.5 + 2.0**-53,
    ]  # fmt: skip
    assert u32[:2].tolist() == [2.0**-33, 1 - 2.0**-33]
    one, two = np.empty(len(words)), np.empty(len(words))
    c.uniforms(*host_functions.pointers(np.ascontiguousarray(words), one, two), ctypes.c_longlong(len(words)))
    assert np.array_equal(u53, one)
    assert np.array_equal(u32, two)


def test_uniform_numbers_are_uniform():
    stats = pytest.importorskip("scipy.stats")
    u = rng.Stream(rng.stream_key(3, "test", "uniform")).uniform(np.arange(200_000))
    assert stats.kstest(u, "uniform").pvalue > 1e-3
    assert abs(np.corrcoef(u[:-1], u[1:])[0, 1]) < 4 / math.sqrt(u.size)


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
def test_poisson_counts_follow_the_distribution(mean):
    stats = pytest.importorskip("scipy.stats")
    n = 200_000 if mean >= 0.1 else 1_000_000
    counts = rng.poisson_counts(77, np.arange(n), 5, *rng.poisson_parameters(mean))
    assert counts.dtype == np.int32
    assert chi_square(stats, counts, mean) > 1e-3
    assert abs(counts.mean() - mean) < 4 * math.sqrt(mean / n)


def test_the_distribution_check_can_fail():
    stats = pytest.importorskip("scipy.stats")
    counts = rng.poisson_counts(77, np.arange(200_000), 5, *rng.poisson_parameters(5.0))
    assert chi_square(stats, counts, 5.05) < 1e-6


def test_poisson_at_a_hundredth_of_a_hertz(c):
    """Mean 1e-6 a step (0.01 Hz at 0.1 ms): compiled, since few of very many steps have an event."""
    stats = pytest.importorskip("scipy.stats")
    mean, p0, _, _ = rng.poisson_parameters(1e-6)
    n = 30_000_000
    tally = np.zeros(3, np.int64)
    arguments = (ctypes.c_ulonglong(11), ctypes.c_double(mean), ctypes.c_double(p0), ctypes.c_longlong(n))
    c.poisson_tally(*arguments, *host_functions.pointers(tally))
    assert tally.sum() == n
    assert stats.binomtest(int(tally[1]), n, 1e-6).pvalue > 1e-3
    assert tally[2] == 0


@pytest.mark.parametrize("flushed", [False, True], ids=["ieee", "subnormals-flushed"])
def test_poisson_counts_equal_compiled_counts(flushed, c):
    if flushed and not c.can_flush():
        pytest.skip("this processor has no known flush-to-zero switch")
    g = np.random.default_rng(4)
    n = 30_000
    mean = np.concatenate([10.0 ** g.uniform(-6, 3, n - 6), [0.0, 16.0, 32.0, 1e4, 2e4, 2.0**-1000]])
    element = g.integers(0, 2**32, n)
    step = np.concatenate([g.integers(0, 2**20, n // 2), g.integers(0, 2**60, n - n // 2)])
    parameters = list(rng.poisson_parameters(mean))
    for cap in (parameters[3], np.int32(3)):
        parameters[3] = cap
        counts = rng.poisson_counts(2**63 + 5, element, step, *parameters)
        assert np.array_equal(counts, compiled_counts(c, 2**63 + 5, element, step, parameters, flushed))
        assert (counts <= cap).all()


def test_poisson_counts_do_not_depend_on_company():
    mean = np.array([[0.5, 40.0, 3.0], [100.0, 0.0, 17.0]])
    element = np.arange(6).reshape(2, 3)
    together = rng.poisson_counts(8, element, 3, *rng.poisson_parameters(mean))
    assert together.shape == (2, 3)
    for i, alone in np.ndenumerate(element):
        assert rng.poisson_counts(8, alone, 3, *rng.poisson_parameters(mean[i])) == together[i]
    assert rng.poisson_counts(8, np.arange(0), 3, *rng.poisson_parameters(np.zeros(0))).shape == (0,)


def test_poisson_parameters():
    mean = np.array([0.0, 1e-6, 16.0, 16.5, 100.0, 1e6])
    piece, p0, pieces, cap = rng.poisson_parameters(mean)
    assert pieces.tolist() == [1, 1, 1, 2, 7, 62500]
    assert (piece <= 16).all()
    assert np.array_equal(piece, mean / pieces)
    assert np.array_equal(p0, portable_math.exp(-piece))
    assert (cap >= mean + 12 * np.sqrt(mean) + 24).all()
    assert pieces.dtype == cap.dtype == np.int32
    assert (rng.poisson_counts(1, np.arange(1000), 0, piece[0], p0[0], pieces[0], cap[0]) == 0).all()


@pytest.mark.parametrize("mean", [-1e-9, np.nan, np.inf, 1.1e6])
def test_impossible_means_are_refused(mean):
    with pytest.raises(ParameterError, match="mean count"):
        rng.poisson_parameters(np.array([1.0, mean]))
