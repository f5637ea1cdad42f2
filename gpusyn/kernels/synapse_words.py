"""Encoding and decoding of what represents a synapse in memory.

An event-driven synapse is its target within a slice (16 bits), in the segment of its source, slice and block of delays;
if a block has several delays, 1, 2, 4 or 8 bits more hold by how many steps it is later than the first. The index of
segments holds the place of the first synapse of each, or, if that would take much memory beside the synapses, their
sizes in unary (the index of Elias and Fano): a 1 for each synapse and then a 0, segment by segment, and the place of
the first synapse of every `UNARY_STEP`-th segment. A synapse with a gate of its own is an *address* in its target's
row: the bit of the source histories that its delay has reached, as the number of a 32-bit word (high 27 bits) and of
the bit within it (low 5 bits). ``kernels/segments.cuh`` and ``kernels/advance_synapses.cu`` read them; tests compare
both sides.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gpusyn.kernels.records import History
from gpusyn.utils.typing import Array

Words = NDArray[np.uint32]
_BIT_BITS = 5
LARGEST_SLICE = 1 << 16  # targets
LATE_BITS = 0, 1, 2, 4, 8  # of a synapse that is later than the first of its block
MOST_LATE = 1 << LATE_BITS[-1]  # delays of one block
UNARY_STEP = 64  # segments from one stored bound to the next, as in kernels/segments.cuh
_WORD = 64  # bits of a word of sizes in unary
_PACKED = 1 << 14  # segments that are packed at a time
LONGEST_DELAY = (1 << 16) - 1  # steps
MOST_HISTORY = 1 << 32 - _BIT_BITS  # words of all histories


class Bits(NamedTuple):
    """Targets of addresses: the number of a 32-bit word of the source histories, and of a bit within it."""

    word: Array
    bit: Array


class Origin(NamedTuple):
    """Synapses with gates of their own: `source` within its population, `delay` in steps."""

    source: Array
    delay: Array


def late_bytes(synapses: int, bits: int) -> int:
    """Return the number of bytes that hold how late some synapses are."""
    return -(-synapses * bits // 8)


def pack_late(late: NDArray[np.uint8], bits: int) -> NDArray[np.uint8]:
    """Return numbers of `bits` bits each in bytes, the first number lowest.

    >>> pack_late(np.array([1, 2, 3], np.uint8), 4).tolist()
    [33, 3]
    """
    each = 8 // bits
    padded = np.zeros(late_bytes(len(late), bits) * each, np.uint8)
    padded[: len(late)] = late
    packed = padded[::each].copy()
    for k in range(1, each):
        packed |= padded[k::each] << np.uint8(k * bits)
    return packed


def unpack_late(packed: Array, bits: int, synapses: Any) -> Array:
    """Return the numbers of some synapses from all bytes of their rows.

    >>> unpack_late(np.array([33, 3], np.uint8), 4, np.arange(3)).tolist()
    [1, 2, 3]
    """
    bit = synapses * bits
    found: Array = packed[bit >> 3] >> (bit & 7).astype(np.uint8) & np.uint8((1 << bits) - 1)
    return found


def unary_words(segments: int, synapses: int) -> int:
    """Return the number of words that hold the sizes of segments in unary."""
    return -(-(segments + synapses) // _WORD)


def unary_bounds(segments: int) -> int:
    """Return the number of bounds beside the sizes of segments in unary; the last is the number of synapses."""
    return -(-segments // UNARY_STEP) + 1


def unary_sizes(bounds: Array) -> NDArray[np.uint64]:
    """Return the sizes of segments in unary, from the bounds of all segments.

    >>> [f"{word:b}" for word in unary_sizes(np.array([0, 2, 2, 5]))]  # sizes 2, 0 and 3, the first lowest
    ['1110011']
    """
    segments, synapses = len(bounds) - 1, int(bounds[-1])
    sizes = np.zeros(8 * unary_words(segments, synapses), np.uint8)
    at, left = 0, np.zeros(0, np.uint8)  # bits that do not fill a byte yet
    for first in range(0, segments, _PACKED):
        ends = bounds[first : first + _PACKED + 1].astype(np.int64) - int(bounds[first])
        bits = np.ones(len(left) + int(ends[-1]) + len(ends) - 1, np.uint8)
        bits[: len(left)] = left
        bits[len(left) + ends[1:] + np.arange(len(ends) - 1)] = 0
        full = len(bits) // 8
        sizes[at : at + full] = np.packbits(bits[: 8 * full], bitorder="little")
        at, left = at + full, bits[8 * full :]
    if len(left):
        sizes[at] = np.packbits(left, bitorder="little")[0]
    return sizes.view("<u8").astype(np.uint64, copy=False)


def bounds_from_unary(sizes: Array, segments: int) -> Array:
    """Return the bounds of all segments from their sizes in unary.

    >>> bounds_from_unary(np.array([0b1110011], np.uint64), 3).tolist()
    [0, 2, 2, 5]
    """
    bits = np.unpackbits(sizes.astype("<u8").view(np.uint8), bitorder="little")
    ends = np.flatnonzero(bits == 0)[:segments] - np.arange(segments)
    return np.concatenate([[0], ends])


def segments_in_unary(sizes: Array, bounds: Array, segments: Array, every: int) -> tuple[Array, Array]:
    """Return the place of the first synapse and the number of synapses of some segments, from their sizes in unary.

    Parameters
    ----------
    sizes, bounds : ndarray
        The sizes of all segments in unary, and the place of the first synapse of every `UNARY_STEP`-th one.
    segments : ndarray of int
        Numbers of the segments that are wanted.
    every : int
        Number of all segments.

    Returns
    -------
    begin, length : ndarray of int64

    >>> segments_in_unary(np.array([0b1110011], np.uint64), np.array([0, 5]), np.array([2, 0]), 3)
    (array([2, 0]), array([3, 2]))
    """
    group, own = np.unique(segments // UNARY_STEP, return_inverse=True)
    first, end = bounds[group].astype(np.int64), bounds[group + 1].astype(np.int64)
    start, stop = first + UNARY_STEP * group, end + np.minimum(UNARY_STEP * (group + 1), every)  # bits of each group
    words = (stop - 1) // _WORD - start // _WORD + 1
    owner = np.repeat(np.arange(len(group)), words)
    word = np.arange(len(owner)) + (start // _WORD - (np.cumsum(words) - words))[owner]
    bits = np.unpackbits(sizes[word].astype("<u8").view(np.uint8), bitorder="little")
    zero = np.flatnonzero(bits == 0)
    place, owner = _WORD * word[zero // _WORD] + zero % _WORD, owner[zero // _WORD]
    inside = (place >= start[owner]) & (place < stop[owner])  # a word may be of several groups
    place = place[inside] - np.repeat(start, np.minimum(UNARY_STEP, every - UNARY_STEP * group))
    k = segments % UNARY_STEP
    last = UNARY_STEP * own + k  # all groups but the last of all have as many segments
    before = np.where(k > 0, place[last - 1] + 1, 0)
    return first[own] + before - k, place[last] - before


def encode_address(source: Array, delay: Any, history: History) -> Words:
    """Return the addresses of synapses in the history of their sources.

    Parameters
    ----------
    source : ndarray
        Source within its population.
    delay : int or ndarray
        Delay (steps), from 1 to the longest that `history` holds.
    history : History
        History of the population.
    """
    late = np.asarray((delay - _lag(history)) * history.bits, np.uint32)
    words: Words = source.astype(np.uint32) * np.uint32(history.words << _BIT_BITS) + late
    return words


def decode_address(address: Array, history: History) -> Origin:
    """Return the sources and delays of addresses, in the type of the addresses."""
    bits = history.words << _BIT_BITS  # bits of one source
    return Origin(address // bits, address % bits // history.bits + _lag(history))


def split_address(address: Array) -> Bits:
    """Return the word and the bit to which addresses refer, in the type of the addresses.

    >>> split_address(np.array([0, 33]))
    Bits(word=array([0, 1]), bit=array([0, 1]))
    """
    return Bits(address >> _BIT_BITS, address & ((1 << _BIT_BITS) - 1))


def _lag(history: History) -> int:
    """Return the lag at which a history is read (steps): a pulse acts from its first step on, events at its end."""
    return 0 if history.pulse else 1
