"""The places of a projection's synapses in the arrays, and the assembly of the arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from gpusyn.builder.pathways import Bundle, Pathway
from gpusyn.builder.rows.reference import Synapses
from gpusyn.kernels.memory import HOST, Memory
from gpusyn.kernels.records import History
from gpusyn.utils.typing import Array


class Pool:
    """One array that is assembled from pieces.

    Parameters
    ----------
    dtype : dtype
        Type of the elements.
    expected : int
        Number of elements for which there is room from the start; the host's memory is used as it is filled.
    memory : Memory
        Memory in which the array is.
    """

    def __init__(self, dtype: Any, expected: int = 0, memory: Memory = HOST) -> None:
        self.size, self.memory = 0, memory
        self._array = memory.empty(expected, dtype)

    def reserve(self, n: int) -> int:
        """Make room for `n` more elements, and return the place at which they start; no part may be in use."""
        start, self.size = self.size, self.size + n
        if self.size > len(self._array):
            self._array = self.memory.grown(self._array, self.size)
        return start

    def part(self, start: int, n: int) -> Any:
        """Return the `n` elements from a place on, valid until there is more room."""
        return self._array[start : start + n]

    def add(self, piece: Array) -> int:
        """Append a piece, and return the place at which it starts."""
        start = self.reserve(len(piece))
        self.memory.write(self.part(start, len(piece)), piece)
        return start

    def join(self) -> Any:
        """Return the whole array, of at least one element."""
        return self._array[: self.size] if self.size else np.zeros(1, self._array.dtype)


@dataclass(frozen=True, kw_only=True)
class StoredWeights:
    """The places of the synapses of one pathway onto one receptor, for `weights` and `set_weights`.

    Attributes
    ----------
    pathway : Pathway
        The pathway.
    receptor : str
        Name of the receptor.
    begin, words : int
        Places at which its bounds (of segments or rows) and its words (targets or addresses) start in their arrays.
    weights : int
        Place at which its weights start in their array.
    weight : float or None
        Weight of all its synapses, in the unit of stored weights; None if each has its own.
    """

    pathway: Pathway
    receptor: str
    begin: int
    words: int
    weights: int
    weight: float | None


@dataclass(frozen=True, kw_only=True)
class StoredSegments(StoredWeights):
    """Event-driven synapses, in the rows of a bundle.

    `sizes` and `late` are the places at which the sizes of segments in unary and the late steps of synapses start (-1:
    there are none). A stored weight times 2^`exponent` is the weight (nS, pA or mV).
    """

    bundle: Bundle
    sizes: int
    late: int
    exponent: int


@dataclass(frozen=True, kw_only=True)
class DrawnWeights(StoredWeights):
    """Procedural synapses, which have no place: they are drawn again. A weight is a multiple of 2^`exponent`."""

    exponent: int


@dataclass(frozen=True, kw_only=True)
class StoredAddresses(StoredWeights):
    """Synapses that own gates of a kernel's kind, as addresses in a history."""

    kernel: str
    history: History


def ordered_weights(pathway: Pathway, receptor: str, synapses: Synapses, order: Any) -> Array:
    """Return the weights in stored order; one element if all are equal and may not change."""
    weight = synapses.weights[receptor]
    if isinstance(weight, np.ndarray):
        ordered: Array = weight[order]
        return ordered
    may_change = receptor in (pathway.projection.w_max or {})
    return np.full(len(synapses.pre) if may_change else 1, weight)
