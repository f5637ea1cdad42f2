"""Random numbers by counter: Philox4x32-10, the same words on every backend.

A draw is a pure function of a key and a counter (Salmon, Moraes, Dror and Shaw 2011, "Parallel random numbers: as easy
as 1, 2, 3", SC11). The key is a hash of the seed, of the purpose and of the name of an object; the counter holds the
element and the step or draw. Therefore no draw depends on an order: neither on threads, blocks or ranks, nor on the
other objects of the network.

Counter words: c0 = element, c1 and c2 = step or draw (low and high 32 bits), c3 = block (low 16 bits) and
the element's bits from 32 up (high 16 bits). Poisson counts, which kernels draw too, have counters of their own
(`gpusyn.numerics.poisson`).
"""

from __future__ import annotations

import hashlib
from enum import StrEnum
from typing import Any

import numpy as np

from gpusyn.numerics.philox import LOW_WORD, Words, philox, uniform32, uniform53, unsigned
from gpusyn.utils.typing import Floats

__all__ = [
    "Stream",
    "StreamPurpose",
    "philox",
    "stream_key",
    "uniform32",
    "uniform53",
]


class StreamPurpose(StrEnum):
    """Purposes of random streams. The words are part of the keys, so they must never change."""

    CONNECT = "connect"
    WEIGHT = "weight"
    DELAY = "delay"
    DRIVE = "drive"
    SOURCE = "source"
    RENEWAL = "renewal"
    PARAMETER = "parameter"
    INITIAL_V = "initial V"
    SET = "set"
    PLASTICITY = "plasticity"
    RELEASE = "release"
    QUANTUM = "quantum"
    CALCIUM_NOISE = "calcium noise"
    REWIRING = "rewiring"
    CURRENT_NOISE = "current noise"
    COUPLE = "couple"
    JUNCTION = "junction"


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
