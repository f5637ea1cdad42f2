"""Poisson counts by counter: comparisons of one random word with integer limits, the same on every backend.

Limit k of a mean is P(count > k) as an integer of 64 bits, and the count of a uniform number of 64 bits is the number
of limits above it. The upper half of the number is a word of Philox, of which one call gives those of four elements.
The lower half comes from another call, and only where the upper half equals that of a limit. Large means are drawn in
equal pieces, which are added. ``kernels/poisson.cuh`` is the same in C++.

Counter words: element // 4, step (low and high 32 bits), and 2 x piece for the upper halves, 2 x piece + 1 for the
lower ones; the words that come out belong to the four elements.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gpusyn.errors import ParameterError
from gpusyn.numerics import portable_math
from gpusyn.numerics.philox import philox
from gpusyn.utils.typing import Array, Floats

__all__ = ["Pieces", "piece_limits", "pieces_of", "poisson_counts", "poisson_limits"]

_LARGEST_PIECE = 16.0  # exp(-16) is far from underflow, and there are at most 80 limits
_LARGEST_MEAN = 1e6
_MOST_LEVELS = 128
_AT_ONCE = 4  # limits that the kernels compare at once


class Pieces(NamedTuple):
    """How the counts of all means up to a largest one are drawn.

    Attributes
    ----------
    number : int
        Number of pieces of equal mean.
    levels : int
        Number of limits of a piece, a multiple of four; the last limit is 0.
    """

    number: int
    levels: int


def pieces_of(largest: float) -> Pieces:
    """Return how counts of means up to a largest one are drawn.

    Parameters
    ----------
    largest : float
        Largest mean count per step, from 0 to 1e6.

    Raises
    ------
    ParameterError
        If the mean is negative, above 1e6 or not a number.
    """
    check_mean(largest)
    count = max(int(np.ceil(largest / _LARGEST_PIECE)), 1)
    positive = int(np.count_nonzero(_more_than(np.array([largest / count]), _MOST_LEVELS) >= 2.0**-64))
    return Pieces(count, _AT_ONCE * (positive // _AT_ONCE + 1))


def check_mean(largest: float) -> None:
    """Refuse a mean count per step that is too large to draw."""
    if not 0.0 <= largest <= _LARGEST_MEAN:
        raise ParameterError(
            f"Poisson events: the mean count per step must lie in 0 ... {_LARGEST_MEAN:g} "
            f"(got {largest:g}); lower the rate or the time step"
        )


def poisson_limits(mean: Array | float, pieces: Pieces) -> NDArray[np.uint32]:
    """Return the limits with which `poisson_counts` draws counts of the given means.

    Parameters
    ----------
    mean : float or float64 array, shape (n,)
        Mean counts per step, at most that for which the pieces are.
    pieces : Pieces
        From `pieces_of`.

    Returns
    -------
    uint32 array, shape (2, levels, n)
        Upper and lower halves of the limits of a piece, from the largest limit on.
    """
    return piece_limits(np.atleast_1d(np.asarray(mean, np.float64)) / pieces.number, pieces.levels)


def piece_limits(mean: Floats, levels: int) -> NDArray[np.uint32]:
    """Return the limits of pieces of the given means, shape (2, levels, n); ``kernels/find_limits.cu`` does the same.

    Parameters
    ----------
    mean : float64 array, shape (n,)
        Mean counts of a piece.
    levels : int
        Number of limits, as of `Pieces`.
    """
    limit = np.ldexp(_more_than(mean, levels), 64).astype(np.uint64)
    limit[-1] = 0
    return np.stack([limit >> np.uint64(32), limit & np.uint64(0xFFFFFFFF)]).astype(np.uint32)


def _more_than(mean: Floats, levels: int) -> Floats:
    """Return P(count > k) for k = 0 ... levels - 1 as rows; small terms are added first, so small rates are exact."""
    result = np.empty((levels, mean.size))
    with np.errstate(under="ignore"):
        p = portable_math.exp(-mean)
        for k in range(levels):
            p = p * mean / float(k + 1)
            result[k] = p
    for k in range(levels - 2, -1, -1):
        result[k] += result[k + 1]
    return result


def poisson_counts(
    key: int, first: int, size: int, step: int, limits: NDArray[np.uint32], pieces: int, most: int
) -> NDArray[np.int32]:
    """Return the Poisson counts of consecutive elements in one step.

    Parameters
    ----------
    key : int
        Key of the random stream.
    first, size : int
        Number of the first element, and of elements.
    step : int
        Number of the step.
    limits : uint32 array, shape (2, levels, 1 or size)
        From `poisson_limits`: one set for all elements, or one for each.
    pieces : int
        Number of pieces.
    most : int
        Upper limit on a count.

    Returns
    -------
    int32 array, shape (size,)
    """
    top, low = limits
    counts = np.zeros(size, np.int64)
    for piece in range(pieces):
        word, tied = _words(key, first, size, step, 2 * piece), np.zeros(size, bool)
        for limit in top:
            tied |= word == limit
            above = word < limit
            if not above.any():
                break
            counts += above
        if tied.any():
            more = _words(key, first, size, step, 2 * piece + 1)
            counts += ((word == top) & (more < low)).sum(axis=0)
    return np.minimum(counts, most).astype(np.int32)


def _words(key: int, first: int, size: int, step: int, place: int) -> NDArray[np.uint32]:
    """Return the random word of each element: four words of each call."""
    begin, end = first // 4, -(-(first + size) // 4)
    words = philox(key, np.arange(begin, end), step, step >> 32, place)
    return np.stack(words, axis=1).reshape(-1)[first - 4 * begin :][:size]
