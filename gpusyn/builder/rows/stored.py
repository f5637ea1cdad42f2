"""The places of a projection's synapses in the arrays, and the assembly of the arrays."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gpusyn.builder.layout import Bundle, Pathway
from gpusyn.builder.rows.drawn import Synapses
from gpusyn.kernels.records import History
from gpusyn.utils.typing import Array


@dataclass
class Pool:
    """One array that is assembled from pieces."""

    dtype: Any
    size: int = 0
    _pieces: list[Array] = field(default_factory=list)

    def add(self, piece: Array) -> int:
        """Append a piece, and return the place at which it starts."""
        start = self.size
        self._pieces.append(np.asarray(piece, self.dtype))
        self.size += len(piece)
        return start

    def join(self) -> Array:
        """Return the whole array, of at least one element."""
        if self.size and len(self._pieces) > 1:
            self._pieces = [np.concatenate(self._pieces)]  # the pieces are released
        return self._pieces[0] if self.size else np.zeros(1, self.dtype)


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
    there are none). A stored weight times 2^`exponent` is the weight (nS or pA).
    """

    bundle: Bundle
    sizes: int
    late: int
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
