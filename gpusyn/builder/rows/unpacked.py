"""Conversion of stored synapses back to pairs of neurons with delays."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from gpusyn.builder.layout import Pathway
from gpusyn.builder.rows.stored import StoredWeights
from gpusyn.kernels.synapse_words import decode_address, decode_synapse
from gpusyn.utils.typing import Array

Read = Callable[[str, int, int], Array]  # array, start, stop -> its values there


class UnpackedSynapses(NamedTuple):
    """Synapses in stored order: positions in the projection's selections, and delays (steps)."""

    stored: StoredWeights
    pre: Array
    post: Array
    delay: Array


def unpack(stored: StoredWeights, read: Read) -> UnpackedSynapses:
    """Return the synapses of one pathway onto one receptor, from the parts of arrays that `read` returns."""
    pathway = stored.pathway
    if stored.shared:
        pre, post, delay = _shared_pairs(stored, read)
    elif stored.history is not None:
        row, address = _rows(stored, read, "address")
        source, delay = decode_address(address, stored.history)
        pre, post = source, row
    else:
        row, word = _rows(stored, read, "words")
        target, delay = decode_synapse(word)
        pre = row // pathway.post.slices + pathway.pre_range[0]
        post = target + (row % pathway.post.slices) * pathway.post.slice_size
    return UnpackedSynapses(stored, *_positions(pathway, pre, post), delay)


def _rows(stored: StoredWeights, read: Read, array: str) -> tuple[Array, Array]:
    """Return the number of each word's row, and the words."""
    begin = read(stored.array("row_begin"), stored.begin, stored.begin + stored.rows + 1)
    row = np.repeat(np.arange(stored.rows), np.diff(begin))
    return row, read(stored.array(array), stored.words, stored.words + int(begin[-1]))


def _shared_pairs(stored: StoredWeights, read: Read) -> tuple[Array, Array, Array]:
    """Return all pairs of a pathway that stores one word per source, and their delays."""
    pathway = stored.pathway
    ids = np.asarray(pathway.projection.pre.parts[pathway.pre_part][1])
    pre = np.repeat(ids, pathway.post.size)
    post = np.tile(np.arange(pathway.post.size), len(ids))
    if len(pathway.own_ids):
        others = pre != post
        pre, post = pre[others], post[others]
    first = decode_synapse(read("words", stored.words, stored.words + 1)).delay
    return pre, post, np.full(len(pre), int(first[0]) if len(first) else 0)


def _positions(pathway: Pathway, pre: Array, post: Array) -> tuple[Array, Array]:
    """Return the positions in the projection's selections of local ids of the pathway's populations."""
    projection = pathway.projection
    sides = []
    for selection, part, local in (
        (projection.pre, pathway.pre_part, pre),
        (projection.post, pathway.post_part, post),
    ):
        start = sum(len(ids) for _, ids in selection.parts[:part])
        sides.append(start + np.searchsorted(np.asarray(selection.parts[part][1]), local.astype(np.int64)))
    return sides[0], sides[1]
