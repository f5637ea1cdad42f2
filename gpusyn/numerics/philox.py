"""The Philox4x32-10 generator and its uniform numbers, vectorised in numpy.

Salmon, Moraes, Dror and Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3", SC11. A draw is a pure
function of a 64-bit key and a 128-bit counter. ``kernels/philox.cuh`` is the same in C++.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpusyn.utils.typing import Array

__all__ = ["LOW_WORD", "Words", "philox", "uniform32", "uniform53", "unsigned"]

Words = tuple[NDArray[np.uint32], NDArray[np.uint32], NDArray[np.uint32], NDArray[np.uint32]]

LOW_WORD = 0xFFFFFFFF
_MULTIPLIERS = (np.uint64(0xD2511F53), np.uint64(0xCD9E8D57))
_WEYL = (0x9E3779B9, 0xBB67AE85)
_ROUNDS = 10
_CHUNK = 16384  # counters at a time: the six work arrays stay in the processor's cache


def philox(key: Any, c0: Any, c1: Any, c2: Any, c3: Any) -> Words:
    """Return the four words of Philox4x32-10 for each counter.

    Parameters
    ----------
    key : int or uint64 array
        Key; its low 32 bits are the first key word.
    c0, c1, c2, c3 : int or integer array
        Counter words, taken modulo 2**32. All arguments broadcast against each other.

    Returns
    -------
    tuple of four uint32 arrays of the broadcast shape

    Examples
    --------
    >>> from gpusyn.numerics import rng
    >>> [f"{int(word):08x}" for word in rng.philox(0, 0, 0, 0, 0)]
    ['6627e8d5', 'e169c58d', 'bc57ac4c', '9b00dbd8']
    """
    arguments = [unsigned(a) for a in (c0, c1, c2, c3, key)]
    shape = np.broadcast_shapes(*(a.shape for a in arguments))
    # A single element stays single; everything else becomes a flat array.
    flat = [a.reshape(1) if a.size == 1 else np.broadcast_to(a, shape).reshape(-1) for a in arguments]
    size = int(np.prod(shape, dtype=np.int64))
    out = tuple(np.empty(size, np.uint32) for _ in range(4))
    work = np.empty((6, min(size, _CHUNK)), np.uint64)
    for start in range(0, size, _CHUNK):
        stop = min(start + _CHUNK, size)
        parts = [a if a.size == 1 else a[start:stop] for a in flat]
        words = _rounds(parts, work[:, : stop - start])
        for target, word in zip(out, words, strict=True):
            target[start:stop] = word
    return out[0].reshape(shape), out[1].reshape(shape), out[2].reshape(shape), out[3].reshape(shape)


def unsigned(value: Any) -> Array:
    """Return integers as an unsigned array; Python integers are taken modulo 2**64."""
    if isinstance(value, int):
        return np.array(value & 0xFFFFFFFFFFFFFFFF, np.uint64)
    array = np.asarray(value)
    return array if array.dtype == np.uint32 else array.astype(np.uint64)


def _rounds(parts: list[Array], work: NDArray[np.uint64]) -> tuple[NDArray[np.uint64], ...]:
    """Run the ten rounds on one chunk; the low 32 bits of each returned array are the words.

    The bits of c1 and c3 above the low 32 are meaningless; the shift to the left removes them.
    """
    c0, c1, c2, c3, p0, p1 = work
    for c, part in zip((c0, c1, c2, c3), parts, strict=False):
        c[...] = part
    c0 &= np.uint64(LOW_WORD)
    c2 &= np.uint64(LOW_WORD)
    shift = np.uint64(32)
    key = parts[4].astype(np.uint64)
    k0, k1 = key << shift, key & np.uint64(LOW_WORD << 32)  # each in the upper half
    for _ in range(_ROUNDS):
        np.multiply(c0, _MULTIPLIERS[0], out=p0)
        np.multiply(c2, _MULTIPLIERS[1], out=p1)
        for c, p, k in ((c1, p1, k0), (c3, p0, k1)):
            np.left_shift(c, shift, out=c)
            np.bitwise_xor(c, p, out=c)
            np.bitwise_xor(c, k, out=c)
            np.right_shift(c, shift, out=c)
        # The two arrays that are now free receive the next products.
        c0, c1, c2, c3, p0, p1 = c1, p1, c3, p0, c0, c2
        k0 = k0 + np.uint64(_WEYL[0] << 32)
        k1 = k1 + np.uint64(_WEYL[1] << 32)
    return c0, c1, c2, c3


def uniform53(hi: Any, lo: Any) -> Any:
    """Return uniform float64 numbers inside (0, 1) from two words each.

    They have 52 random bits and half a step: odd multiples of 2**-53, all exact, so neither 0 nor 1 can occur.

    Parameters
    ----------
    hi, lo : uint32 array

    Returns
    -------
    float64 array, from 2**-53 to 1 - 2**-53
    """
    high = (np.asarray(hi, np.uint32) >> np.uint32(6)).astype(np.float64)
    low = (np.asarray(lo, np.uint32) >> np.uint32(6)).astype(np.float64)
    return (high * 67108864.0 + low + 0.5) * 2.0**-52


def uniform32(w: Any) -> Any:
    """Return uniform float64 numbers inside (0, 1) from one word each: (w + 1/2) / 2**32.

    Parameters
    ----------
    w : uint32 array

    Returns
    -------
    float64 array
    """
    return (np.asarray(w, np.uint32).astype(np.float64) + 0.5) * 2.0**-32
