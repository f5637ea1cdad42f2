"""Drawn synapses sorted by (target, source, creation), for gates on each synapse; and runs of consecutive targets."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gpusyn.builder.pathways import Pathway
from gpusyn.builder.rows.reference import AnyIntegers, Synapses, stable_order
from gpusyn.kernels.memory import Memory
from gpusyn.kernels.records import History
from gpusyn.kernels.synapse_words import encode_address

LONG_RUN = 32  # targets
_PIECE = 1 << 16  # targets that are looked at together


class AddressRows(NamedTuple):
    """Synapses sorted by target: `begin` holds the bounds of each row in `word`, `order` the synapse of each word."""

    begin: AnyIntegers
    word: NDArray[np.uint32]
    order: Any


def in_runs(target: NDArray[np.uint16], bounds: NDArray[np.uint32], memory: Memory) -> bool:
    """Return True if the targets of each segment ascend, in runs of at least `LONG_RUN` consecutive ones on average.

    The targets are in `memory`.
    """
    runs, segment = 1, 0
    for start in range(0, len(target) - 1, _PIECE):
        piece = memory.host(target[start : start + _PIECE + 1])
        runs += int(np.count_nonzero(piece[1:] != piece[:-1] + np.uint16(1)))
        end = int(np.searchsorted(bounds, np.uint32(start + len(piece))))
        inner = bounds[segment:end].astype(np.int64) - start - 1  # a segment may begin anywhere
        descends = piece[1:] <= piece[:-1]
        descends[inner[inner >= 0]] = False
        if runs * LONG_RUN > len(target) or descends.any():
            return False
        segment = end
    return runs * LONG_RUN <= len(target)


def target_rows(synapses: Synapses, pathway: Pathway, history: History) -> AddressRows:
    """Return the rows of the target neurons of the pathway that have places; a word is an address in `history`."""
    key = synapses.post.astype(np.int64) * max(pathway.pre.size, 1)
    key += synapses.pre
    order = stable_order(key)
    pre, target = synapses.pre[order], synapses.post[order]
    delay = synapses.delay[order].astype(np.int64) if isinstance(synapses.delay, np.ndarray) else synapses.delay
    begin = np.zeros(pathway.post.kept + 1, np.int64)
    row = target.astype(np.int64) - pathway.post.hull[0]
    np.cumsum(np.bincount(row, minlength=pathway.post.kept), out=begin[1:])
    return AddressRows(begin, encode_address(pathway.pre.numbers(pre), delay, history), order)
