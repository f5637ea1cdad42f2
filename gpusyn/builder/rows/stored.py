"""The places of a projection's synapses in the arrays, and the assembly of the arrays."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gpusyn.builder.layout import Pathway
from gpusyn.builder.rows.drawn import Synapses
from gpusyn.kernels.arrays import array_name
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


@dataclass(frozen=True)
class StoredWeights:
    """The places of the synapses of one pathway onto one receptor, for `weights` and `set_weights`.

    Attributes
    ----------
    pathway : Pathway
        The pathway.
    receptor : str
        Name of the receptor.
    begin, words, weights : int
        Places at which its bounds of rows, its words (or addresses) and its weights start in their arrays.
    rows : int
        Number of rows.
    constant : bool
        True if one stored weight stands for all.
    exponent : int
        Exponent e: a stored weight times 2^e is the weight (nS or pA).
    kernel : str or None
        Kernel of per-synapse gates to which its arrays belong; None for event-driven synapses.
    history : History or None
        History to which its addresses refer; None for event-driven synapses.
    shared : bool
        True if one word of a source stands for the synapses to all targets.
    """

    pathway: Pathway
    receptor: str
    begin: int
    rows: int
    words: int
    weights: int
    constant: bool
    exponent: int = 0
    kernel: str | None = None
    history: History | None = None
    shared: bool = False

    def array(self, name: str) -> str:
        """Return the name in the program of one of its arrays."""
        return array_name(name, kernel=self.kernel)


def ordered_weights(pathway: Pathway, receptor: str, synapses: Synapses, order: Any) -> Array:
    """Return the weights in stored order; one element if all are equal and may not change."""
    weight = synapses.weights[receptor]
    if isinstance(weight, np.ndarray):
        ordered: Array = weight[order]
        return ordered
    may_change = receptor in (pathway.projection.w_max or {})
    return np.full(len(synapses.pre) if may_change else 1, weight)


def weight_step(weights: Array, words: Array) -> int:
    """Return the distance from the weight of one synapse to the next: 0 if one weight stands for all."""
    return int(len(weights) != 1 or len(words) == 1)
