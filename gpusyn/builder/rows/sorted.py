"""Drawn synapses sorted into the two forms that kernels read.

Event-driven rows belong to sources, sorted by (source, target, creation); per-synapse rows belong to targets, sorted by
(target, source, creation). Duplicates keep the order in which they were created.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gpusyn.builder.layout import Pathway
from gpusyn.builder.rows.drawn import AnyIntegers, Synapses
from gpusyn.kernels.records import History
from gpusyn.kernels.synapse_words import encode_address, encode_synapse


class SortedRows(NamedTuple):
    """Sorted synapses: `begin` holds the bounds of each row in `word`, `order` the synapse of each word."""

    begin: AnyIntegers
    word: NDArray[np.uint32]
    order: Any


def source_rows(synapses: Synapses, pathway: Pathway) -> SortedRows:
    """Return the rows of the sources in the pathway's range, each cut into the slices of the target."""
    first, end = pathway.pre_range
    post = pathway.post
    order = _sorted(synapses.pre, synapses.post, post.size)
    pre, target, delay = synapses.pre[order], synapses.post[order], _at(synapses.delay, order)
    piece = target // post.slice_size
    cell = (pre.astype(np.int64) - first) * post.slices + piece
    begin = _bounds(cell, (end - first) * post.slices)
    return SortedRows(begin, encode_synapse(target - piece * post.slice_size, delay), order)


def shared_rows(pathway: Pathway, delay: int) -> SortedRows:
    """Return the rows of a pathway whose targets all receive the same: one word per source."""
    first, end = pathway.pre_range
    ids = np.asarray(pathway.projection.pre.parts[pathway.pre_part][1])
    begin = _bounds(ids - first, end - first)
    return SortedRows(begin, encode_synapse(np.zeros(len(ids), np.uint32), delay), slice(None))


def own_rows(pathway: Pathway, delay: int) -> SortedRows:
    """Return the rows by which the sources of a shared pathway subtract the events that they sent to themselves."""
    ids = pathway.own_ids.astype(np.int64)
    return source_rows(Synapses(ids, ids, delay, {}), pathway)


def target_rows(synapses: Synapses, pathway: Pathway, history: History) -> SortedRows:
    """Return the rows of all neurons of the pathway's target population; a word is an address in `history`."""
    order = _sorted(synapses.post, synapses.pre, pathway.pre.size)
    pre, target, delay = synapses.pre[order], synapses.post[order], _at(synapses.delay, order)
    begin = _bounds(target.astype(np.int64), pathway.post.size)
    return SortedRows(begin, encode_address(pre, delay, history), order)


def _at(delay: AnyIntegers | int, order: Any) -> Any:
    return delay[order].astype(np.int64) if isinstance(delay, np.ndarray) else delay


def _sorted(major: AnyIntegers, minor: AnyIntegers, n_minor: int) -> Any:
    """Return the stable order by (major, minor): a slice of everything if sorted already, as from most rules."""
    key = major.astype(np.int64) * max(n_minor, 1)
    key += minor
    if len(key) < 2 or bool(np.all(key[1:] >= key[:-1])):
        return slice(None)
    return np.argsort(key, kind="stable")


def _bounds(cell: AnyIntegers, n: int) -> AnyIntegers:
    begin = np.zeros(n + 1, np.int64)
    np.cumsum(np.bincount(cell, minlength=n), out=begin[1:])
    return begin
