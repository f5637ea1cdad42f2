"""Random numbers by counter: Philox4x32-10, the same words on every backend.

A draw is a pure function of a key and a counter (Salmon, Moraes, Dror and Shaw 2011, "Parallel random numbers: as easy
as 1, 2, 3", SC11). The key is a hash of the seed, of the purpose and of the name of an object; the counter holds the
element and the step or draw. Therefore no draw depends on an order: neither on threads, blocks or ranks, nor on the
other objects of the network.

Counter words: c0 = element, c1 and c2 = step or draw (low and high 32 bits), c3 = block (low 16 bits) and
the element's bits from 32 up (high 16 bits). ``kernels/philox.cuh`` is the same in C++.
"""

from __future__ import annotations

import hashlib
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpusyn.errors import ParameterError
from gpusyn.numerics import portable_math
from gpusyn.numerics.philox import LOW_WORD, Words, philox, uniform32, uniform53, unsigned
from gpusyn.utils.typing import Floats, Integers

__all__ = [
    "Stream",
    "StreamPurpose",
    "philox",
    "poisson_counts",
    "poisson_parameters",
    "stream_key",
    "uniform32",
    "uniform53",
]

_LARGEST_PIECE = 16.0  # with exp(-16) the sums of the inversion are still accurate
_LARGEST_MEAN = 1e6
_LARGEST_COUNT = 128  # of one piece; it is never reached, but the loop must end for every u


class StreamPurpose(StrEnum):
    """Purposes of random streams. The words are part of the keys, so they must never change."""

    CONNECT = "connect"
    WEIGHT = "weight"
    DELAY = "delay"
    DRIVE = "drive"
    SOURCE = "source"
    PARAMETER = "parameter"
    INITIAL_V = "initial V"
    SET = "set"


def stream_key(seed: int, purpose: StreamPurpose, name: str, trial: int = 0) -> int:
    """Return the 64-bit Philox key of one stream: BLAKE2b of seed, purpose, object name and trial.

    Parameters
    ----------
    seed : int
        Seed of the simulation.
    purpose : StreamPurpose
        Purpose of the stream.
    name : str
        Unique name of the population, projection or drive to which the numbers belong.
    trial : int
        Number of the trial; 0 for what is the same in every trial.

    Returns
    -------
    int
        A number in [0, 2**64).

    Examples
    --------
    >>> from gpusyn.numerics import rng
    >>> weight = rng.StreamPurpose.WEIGHT
    >>> rng.stream_key(1, weight, "E->I") == rng.stream_key(1, weight, "I->E")
    False
    """
    own = f"\0trial {trial}" if trial else ""
    digest = hashlib.blake2b(f"{seed}\0{purpose}\0{name}{own}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little")


class Stream:
    """Random words and uniform numbers of one key, addressed by element and draw.

    Parameters
    ----------
    key : int
        Key from `stream_key`.

    Examples
    --------
    >>> import numpy as np
    >>> from gpusyn.numerics.rng import Stream, StreamPurpose, stream_key
    >>> stream = Stream(stream_key(7, StreamPurpose.WEIGHT, "E->E"))
    >>> all_at_once = stream.uniform(np.arange(5))
    >>> bool(all_at_once[3] == stream.uniform(3))
    True
    """

    def __init__(self, key: int) -> None:
        self.key = key

    def words(self, element: Any, draw: Any, block: Any = 0) -> Words:
        """Return four uint32 words per element.

        Parameters
        ----------
        element : int or int array
            Number of the element, below 2**48.
        draw : int or int array
            Number of the draw for this element, below 2**64.
        block : int or int array, optional
            Number of the block of four words of this draw, below 2**16.

        Returns
        -------
        tuple of four uint32 arrays of the broadcast shape
        """
        return philox(self.key, *_counter(element, draw, block))

    def uniform(self, element: Any, draw: Any = 0) -> Floats:
        """Return one uniform float64 inside (0, 1) per element.

        Parameters
        ----------
        element : int or int array
            Number of the element, below 2**48.
        draw : int or int array, optional
            Number of the draw for this element, below 2**64.

        Returns
        -------
        float64 array of the broadcast shape
        """
        w0, w1, _, _ = self.words(element, draw)
        result: Floats = uniform53(w0, w1)
        return result


def _counter(element: Any, draw: Any, block: Any) -> tuple[Any, Any, Any, Any]:
    """Return the four counter words; `philox` drops their higher bits."""
    element = unsigned(element)
    c3: Any = block
    if element.size and int(element.max()) > LOW_WORD:
        c3 = ((element >> np.uint64(32)) << np.uint64(16)) | unsigned(block)
    draw = unsigned(draw)
    return element, draw, draw >> np.uint64(32) if draw.dtype == np.uint64 else 0, c3


def poisson_parameters(
    mean: Any,
) -> tuple[Floats, Floats, NDArray[np.int32], NDArray[np.int32]]:
    """Return the arguments with which `poisson_counts` draws counts of the given means.

    Parameters
    ----------
    mean : float64 array
        Expected counts per step, from 0 to 1e6.

    Returns
    -------
    mean_piece : float64 array
        Mean of each of the equal pieces, at most 16.
    p0 : float64 array
        Probability that the count of a piece is 0.
    pieces : int32 array
        Number of pieces, at least 1.
    cap : int32 array
        Upper limit on the count: 24 more than 12 standard deviations above the mean.

    Raises
    ------
    ParameterError
        If a mean is negative, above 1e6 or not a number.
    """
    mean = np.asarray(mean, np.float64)
    wrong = ~((mean >= 0.0) & (mean <= _LARGEST_MEAN))
    if wrong.any():
        raise ParameterError(
            f"Poisson events: the mean count per step must lie in 0 ... {_LARGEST_MEAN:g} "
            f"(got {mean[wrong].flat[0]:g}); lower the rate or the time step"
        )
    pieces = np.maximum(np.ceil(mean / _LARGEST_PIECE), 1.0)
    mean_piece = np.asarray(mean / pieces)
    p0 = np.asarray(portable_math.exp(-mean_piece))
    cap = np.ceil(mean + 12.0 * np.sqrt(mean) + 24.0)
    return mean_piece, p0, np.asarray(pieces, np.int32), np.asarray(cap, np.int32)


def poisson_counts(
    key: Any, element: Any, step: Any, mean_piece: Any, p0: Any, pieces: Any, cap: Any
) -> NDArray[np.int32]:
    """Return the Poisson counts of one step, one per element.

    Each piece is drawn by inversion with its own 53-bit uniform number, and the pieces are added.

    Parameters
    ----------
    key : int
        Key of the source's stream.
    element, step : int or int array
        Number of the source and number of the step.
    mean_piece, p0, pieces, cap : array
        From `poisson_parameters`.

    Returns
    -------
    int32 array of the broadcast shape
    """
    arrays = np.broadcast_arrays(element, step, mean_piece, p0, pieces, cap)
    shape = arrays[0].shape
    element, step, mean_piece, p0, pieces, cap = (a.reshape(-1) for a in arrays)
    total = np.zeros(element.size, np.int64)
    index = np.arange(element.size)
    words: Words | None = None
    for piece in range(int(pieces.max(initial=0))):
        if piece % 2 == 0:
            index = index[pieces[index] > piece]
            words = philox(key, *_counter(element[index], step[index], piece // 2))
            u = uniform53(words[0], words[1])
        else:
            assert words is not None
            more = pieces[index] > piece
            index = index[more]
            u = uniform53(words[2][more], words[3][more])
        total[index] += _inversion(u, mean_piece[index], p0[index])
    counts: NDArray[np.int32] = np.minimum(total, cap).astype(np.int32).reshape(shape)
    return counts


def _inversion(u: Floats, mean: Floats, p0: Floats) -> Integers:
    """Return the smallest k with u < P(count <= k) for each u; only unfinished elements stay in the loop."""
    counts = np.zeros(u.size, np.int64)
    index = np.flatnonzero(u >= p0)
    u, mean, p, c = u[index], mean[index], p0[index], p0[index]
    with np.errstate(under="ignore"):
        for k in range(1, _LARGEST_COUNT + 1):
            if not index.size:
                break
            counts[index] = k
            p = p * mean / float(k)
            c = c + p
            on = u >= c
            index, u, mean, p, c = index[on], u[on], mean[on], p[on], c[on]
    return counts
