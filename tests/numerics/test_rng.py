"""Philox: published vectors, numpy equal to compiled C, addressing; uniform numbers."""

import ctypes
import math

import numpy as np
import pytest

from gpusyn.numerics import philox as philox_module
from gpusyn.numerics import rng
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


@pytest.fixture(scope="module")
def c(tmp_path_factory):
    return host_functions.library(tmp_path_factory)


def compiled_words(c, key, counters):
    words = np.ascontiguousarray(counters, np.uint32)
    key = np.ascontiguousarray(np.broadcast_to(np.asarray(key, np.uint64), words.shape[:1]))
    c.philox_words(*host_functions.pointers(key, words), ctypes.c_longlong(len(words)))
    return words


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
        "RENEWAL": 0x8A48CB29DA89C466,
        "PARAMETER": 0xFF0657426AB8B51D,
        "INITIAL_V": 0x1CFF2EF96BAE1B71,
        "SET": 0x3728BDDAA796D7C0,
        "PLASTICITY": 0xCC3E60A74FA5956B,
        "RELEASE": 0x442F3BE239C9C16A,
        "QUANTUM": 0x0024148331BCF1A1,
        "REWIRING": 0x5E688C373F33F1C7,
        "CALCIUM_NOISE": 0xDA7A06BE8475FF8F,
        "CURRENT_NOISE": 0xB4AE3998CBBBC778,
        "COUPLE": 0x93BC606757D73283,
        "JUNCTION": 0xA05BBF6A54B23DC8,
    }


def test_uniform_numbers_never_reach_their_limits():
    words = np.array([[0, 0], [0xFFFFFFFF, 0xFFFFFFFF], [0, 63], [0, 64], [63, 0], [64, 0], [1 << 31, 0]], np.uint32)
    u53, u32 = rng.uniform53(words[:, 0], words[:, 1]), rng.uniform32(words[:, 0])
    assert u53.tolist() == [
        2.0**-53, 1 - 2.0**-53, 2.0**-53, 3 * 2.0**-53, 2.0**-53, 2.0**-26 + 2.0**-53, 0.5 + 2.0**-53,
    ]  # fmt: skip
    assert u32[:2].tolist() == [2.0**-33, 1 - 2.0**-33]


def test_uniform_numbers_are_uniform():
    stats = pytest.importorskip("scipy.stats")
    u = rng.Stream(rng.stream_key(3, "test", "uniform")).uniform(np.arange(200_000))
    assert stats.kstest(u, "uniform").pvalue > 1e-3
    assert abs(np.corrcoef(u[:-1], u[1:])[0, 1]) < 4 / math.sqrt(u.size)
