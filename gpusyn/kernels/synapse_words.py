"""Encoding and decoding of the two kinds of 32-bit words that represent synapses.

An event-driven synapse is a *word* in its source's row: its target within a slice (low 16 bits) and its delay in steps
(high 16 bits). A synapse with a gate of its own is an *address* in its target's row: the bit of the source histories
that its delay has reached, as the number of a 32-bit word (high 27 bits) and of the bit within it (low 5 bits).
``kernels/deliver_spikes.cu`` and ``kernels/advance_synapses.cu`` read them; a test compares both sides.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gpusyn.kernels.records import History
from gpusyn.utils.typing import Array

Words = NDArray[np.uint32]
_TARGET_BITS, _BIT_BITS = 16, 5
LARGEST_SLICE = 1 << _TARGET_BITS  # targets
LONGEST_DELAY = (1 << 32 - _TARGET_BITS) - 1  # steps
MOST_HISTORY = 1 << 32 - _BIT_BITS  # words of all histories


class Destination(NamedTuple):
    """Event-driven synapses: `target` within its slice, `delay` in steps; arrays of one type."""

    target: Array
    delay: Array


class Bits(NamedTuple):
    """Targets of addresses: the number of a 32-bit word of the source histories, and of a bit within it."""

    word: Array
    bit: Array


class Origin(NamedTuple):
    """Synapses with gates of their own: `source` within its population, `delay` in steps."""

    source: Array
    delay: Array


def encode_synapse(target: Any, delay: Any) -> Words:
    """Return the words of synapses.

    Parameters
    ----------
    target : int or ndarray
        Target within its slice, below `LARGEST_SLICE`.
    delay : int or ndarray
        Delay (steps), 1 to `LONGEST_DELAY`.

    >>> encode_synapse(np.array([0, 7]), 2).tolist()
    [131072, 131079]
    """
    late = np.left_shift(np.asarray(delay, np.uint32), np.uint32(_TARGET_BITS), dtype=np.uint32)
    words: Words = np.asarray(target, np.uint32) | late
    return words


def decode_synapse(word: Array) -> Destination:
    """Return the targets and delays of words, in the type of the words.

    >>> decode_synapse(np.array([131072, 131079]))
    Destination(target=array([0, 7]), delay=array([2, 2]))
    """
    return Destination(word & (LARGEST_SLICE - 1), word >> _TARGET_BITS)


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
