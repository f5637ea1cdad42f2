"""The Philox4x32-10 generator and its uniform numbers, vectorised in numpy.

Salmon, Moraes, Dror and Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3", SC11. A draw is a pure
function of a 64-bit key and a 128-bit counter. ``kernels/philox.cuh`` is the same in C++.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpusyn.utils.typing import Array

__all__ = ["LOW_WORD", "Words", "philox", "uniform32", "uniform53", "unsigned"]

Words = tuple[NDArray[np.uint32], NDArray[np.uint32], NDArray[np.uint32], NDArray[np.uint32]]

LOW_WORD = 0xFFFFFFFF
_LOW, _HIGH, _SHIFT = np.uint64(LOW_WORD), np.uint64(LOW_WORD << 32), np.uint64(32)
_MULTIPLIERS = np.array([[0xD2511F53], [0xCD9E8D57]], np.uint64)  # of words 0 and 2
_WEYL = np.array([[0x9E3779B9 << 32], [0xBB67AE85 << 32]], np.uint64)
_ROUNDS = 10
_CHUNK = 16384  # counters at a time: the work arrays stay in the processor's cache


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
    size = math.prod(shape)
    out = np.empty((4, size), np.uint32)
    work = np.empty((3, 2, min(size, _CHUNK)), np.uint64)
    for start in range(0, size, _CHUNK):
        stop = min(start + _CHUNK, size)
        parts = [a if a.size == 1 else a[start:stop] for a in flat]
        even, odd = _rounds(parts, work[:, :, : stop - start])
        out[::2, start:stop] = even
        out[1::2, start:stop] = odd
    return out[0].reshape(shape), out[1].reshape(shape), out[2].reshape(shape), out[3].reshape(shape)


def unsigned(value: Any) -> Array:
    """Return integers as an unsigned array; Python integers are taken modulo 2**64."""
    if isinstance(value, int):
        return np.array(value & 0xFFFFFFFFFFFFFFFF, np.uint64)
    array = np.asarray(value)
    return array if array.dtype == np.uint32 else array.astype(np.uint64)


def _rounds(parts: list[Array], work: NDArray[np.uint64]) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Run the ten rounds on one chunk; the low 32 bits of each returned array are the words 0 and 2, and 1 and 3.

    The bits of words 1 and 3 above the low 32 are meaningless; the shift to the left removes them. The two words of a
    pair are rows of one array, so that a few counters take half the calls of numpy.
    """
    even, odd, product = work
    even[0], odd[0], even[1], odd[1] = parts[:4]
    even &= _LOW
    key = parts[4].astype(np.uint64)
    keys = np.stack([key << _SHIFT, key & _HIGH])  # each in the upper half
    for _ in range(_ROUNDS):
        np.multiply(even, _MULTIPLIERS, out=product)
        crossed = product[::-1]  # the product of word 2 goes to words 0 and 1
        np.left_shift(odd, _SHIFT, out=odd)
        np.bitwise_xor(odd, crossed, out=odd)
        np.bitwise_xor(odd, keys, out=odd)
        np.right_shift(odd, _SHIFT, out=odd)
        # The array that is now free receives the next products.
        even, odd, product = odd, crossed, even
        keys += _WEYL
    return even, odd


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
