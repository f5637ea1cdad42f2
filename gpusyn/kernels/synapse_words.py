"""Encoding and decoding of what represents a synapse in memory.

An event-driven synapse is its target within a slice (16 bits), in the segment of its source, slice and block of delays;
if a block has several delays, 8 bits more hold by how many steps it is later than the first. A synapse with a gate of
its own is an *address* in its target's row: the bit of the source histories that its delay has reached, as the number
of a 32-bit word (high 27 bits) and of the bit within it (low 5 bits). ``kernels/advance_synapses.cu`` reads it; a test
compares both sides.
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
MOST_LATE = 1 << 8  # delays of one block
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
