"""Collective operations on ranks that are threads: what they bring, and how errors end all of them."""

import numpy as np
import pytest

from gpusyn.distributed.ranks import Ranks
from gpusyn.distributed.threads import on_threads
from gpusyn.errors import ParameterError, SimulationError

SIZES = [1, 2, 3, 5]
DTYPES = ["<i8", "<i4", "<f4", "<f8", "|b1", "<u2"]


def outcomes(size, function):
    """Call a function on each rank, and return what it returned there, or the error that it raised."""

    def attempt(ranks):
        try:
            return function(ranks)
        except Exception as error:
            return error

    return on_threads(size, attempt)


def drawn(seed, rank, turn):
    """Return the array that a rank gives in a turn: often empty, often long."""
    turns = np.random.default_rng([seed, turn])
    dtype = DTYPES[turns.integers(len(DTYPES))]
    most = [0, 3, 100, 600, 20_000][turns.integers(5)]
    rng = np.random.default_rng([seed, turn, rank])
    return rng.integers(0, 2**31, rng.integers(most + 1) * rng.integers(2)).astype(dtype)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("seed", range(3))
def test_arrays_of_all_ranks_arrive(size, seed):
    def run(ranks):
        return [ranks.arrays(drawn(seed, ranks.rank, turn)) for turn in range(60)]

    for received in on_threads(size, run):
        for turn, parts in enumerate(received):
            given = [drawn(seed, rank, turn) for rank in range(size)]
            assert [p.dtype for p in parts] == [g.dtype for g in given]
            assert all(np.array_equal(p, g) for p, g in zip(parts, given, strict=True))


def test_received_arrays_share_no_memory_with_those_given():
    def run(ranks):
        mine = np.full(4, ranks.rank)
        received = ranks.arrays(mine)
        ranks.arrays(mine)
        mine[:] = -1
        received[1 - ranks.rank][:] = -2
        ranks.arrays(mine)
        return received[ranks.rank]

    assert [list(part) for part in on_threads(2, run)] == [[0] * 4, [1] * 4]


def test_arrays_with_strides_arrive():
    assert list(on_threads(2, lambda ranks: ranks.arrays(np.arange(10)[::-3]))[0][1]) == [9, 6, 3, 0]
