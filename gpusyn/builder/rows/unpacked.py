"""Conversion of stored synapses back to pairs of neurons with delays."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from gpusyn.builder.pathways import Pathway
from gpusyn.builder.rows.reference import Synapses
from gpusyn.builder.rows.stored import DrawnWeights, StoredAddresses, StoredSegments, StoredWeights
from gpusyn.kernels.arrays import array_name
from gpusyn.kernels.synapse_words import (
    bounds_from_unary,
    decode_address,
    late_bytes,
    unary_bounds,
    unary_words,
    unpack_late,
)
from gpusyn.network.populations import first_position
from gpusyn.utils.typing import Array

Read = Callable[[str, int, int], Array]  # array, start, stop -> its values there
Redraw = Callable[[Pathway], Synapses]  # the synapses of a pathway in order of creation, with local ids


class UnpackedSynapses(NamedTuple):
    """Synapses: positions in the projection's selections, delays (steps), and the place of each one's weight.

    Synapses of one pair are in the order of their creation. `size` is the number of weights in their rows, which
    synapses of other pathways may share. Weights that have no place are `drawn`.
    """

    stored: StoredWeights
    pre: Array
    post: Array
    delay: Array
    place: Array
    size: int
    drawn: Array | None = None


def unpack(stored: StoredWeights, read: Read, redraw: Redraw) -> UnpackedSynapses:
    """Return the synapses of one pathway onto one receptor, from the parts of arrays that `read` returns."""
    if isinstance(stored, DrawnWeights):
        return _redrawn(stored, redraw(stored.pathway))
    if isinstance(stored, StoredAddresses):
        pre, post, delay, place, size = _addresses(stored, read)
    else:
        assert isinstance(stored, StoredSegments)
        shared = stored.bundle.shared
        pre, post, delay, place, size = _shared_pairs(stored) if shared else _segments(stored, read, redraw)
    return UnpackedSynapses(stored, *positions(stored.pathway, pre, post), delay, place, size)


def _redrawn(stored: DrawnWeights, synapses: Synapses) -> UnpackedSynapses:
    """Return procedural synapses, and their weights as multiples of 2^`exponent`."""
    order = np.lexsort((synapses.post, synapses.pre))
    pre, post = positions(stored.pathway, synapses.pre[order], synapses.post[order])
    found = synapses.delay, synapses.weights[stored.receptor]
    delay, weight = (np.broadcast_to(x, order.shape)[order] for x in found)
    whole = np.rint(np.ldexp(weight, -stored.exponent)) + 0.0  # never -0: stored weights are integers
    return UnpackedSynapses(stored, pre, post, delay, order, len(order), whole)


def _addresses(stored: StoredAddresses, read: Read) -> tuple[Array, Array, Array, Array, int]:
    post = stored.pathway.post
    begin = read(array_name("row_begin", kernel=stored.kernel), stored.begin, stored.begin + post.kept + 1)
    words = array_name("address", kernel=stored.kernel)
    source, delay = decode_address(read(words, stored.words, stored.words + int(begin[-1])), stored.history)
    source = stored.pathway.pre.local(source)
    return source, np.repeat(np.arange(*post.hull), np.diff(begin)), delay, np.arange(len(source)), len(source)


class Located(NamedTuple):
    """Synapses in the rows of a bundle, in their order there: segments, local ids of their neurons, blocks of delays.

    Those of other pathways have a `post` outside the population.
    """

    segment: Array
    pre: Array
    post: Array
    block: Array


def located(stored: StoredSegments, read: Read) -> Located:
    """Return the segments and neurons of all synapses in the rows of a bundle."""
    bundle, timing = stored.bundle, stored.bundle.timing
    begin = segment_bounds(stored, read)
    segment = np.repeat(np.arange(len(begin) - 1), np.diff(begin))
    row, piece = np.divmod(segment // timing.blocks, bundle.slices)
    post = read("targets", stored.words, stored.words + len(segment)).astype(np.int64)
    post += (piece + bundle.slice) * bundle.targets.slice_size - stored.pathway.post.offset
    pre = stored.pathway.pre.local(row + bundle.pre_range[0])
    return Located(segment, pre, post, segment % timing.blocks)


def delays_of(stored: StoredSegments, read: Read, block: Array, size: int, synapses: Array) -> Array:
    """Return the delays (steps) of some of the `size` synapses of a bundle, which are of these blocks of delays."""
    timing = stored.bundle.timing
    delay: Array = timing.first + block * timing.width
    return delay + late_steps(stored, read, size, synapses) if stored.late >= 0 else delay


def _segments(stored: StoredSegments, read: Read, redraw: Redraw) -> tuple[Array, Array, Array, Array, int]:
    """Return the synapses of one pathway in the rows of its bundle, sorted by (pre, post, creation)."""
    timing, all_ = stored.bundle.timing, located(stored, read)
    n = len(all_.segment)
    first, end = stored.pathway.post.hull
    mine = np.flatnonzero((all_.post >= first) & (all_.post < end))
    pre, post, block = all_.pre[mine], all_.post[mine], all_.block[mine]
    delay = delays_of(stored, read, block, n, mine)
    order = np.lexsort((post, pre))
    pre, post, delay, block = pre[order], post[order], delay[order], block[order]
    again = (pre[1:] == pre[:-1]) & (post[1:] == post[:-1])
    if (again & (block[1:] != block[:-1])).any():  # segments have lost the order of creation
        drawn = redraw(stored.pathway)
        later = (np.broadcast_to(drawn.delay, drawn.pre.shape) - timing.first) // timing.width
        created = np.lexsort((later, drawn.post, drawn.pre))
        again_in_order = np.lexsort((created, post, pre))
        order, delay = order[again_in_order], delay[again_in_order]
    return pre, post, delay, mine[order], n


def segment_bounds(stored: StoredSegments, read: Read) -> Array:
    """Return the place of the first synapse of each segment of a bundle, and the number of synapses."""
    segments = stored.bundle.segments
    if stored.sizes < 0:
        return read("segment_begin", stored.begin, stored.begin + segments + 1)
    last = stored.begin + unary_bounds(segments) - 1
    words = unary_words(segments, int(read("segment_begin", last, last + 1)[0]))
    return bounds_from_unary(read("segment_sizes", stored.sizes, stored.sizes + words), segments)


def late_steps(stored: StoredSegments, read: Read, size: int, synapses: Array) -> Array:
    """Return by how many steps some of the `size` synapses of a bundle are later than the first of their block."""
    bits = stored.bundle.timing.late_bits
    return unpack_late(read("late", stored.late, stored.late + late_bytes(size, bits)), bits, synapses)


def _shared_pairs(stored: StoredSegments) -> tuple[Array, Array, Array, Array, int]:
    """Return all pairs of a pathway that stores one synapse per source."""
    pathway = stored.pathway
    ids = np.asarray(pathway.projection.pre.parts[pathway.pre_part][1])
    pre = np.repeat(ids, pathway.post.size)
    post = np.tile(np.arange(pathway.post.size), len(ids))
    if len(pathway.own_ids):
        others = pre != post
        pre, post = pre[others], post[others]
    return pre, post, np.full(len(pre), stored.bundle.timing.first), np.zeros(len(pre), np.int64), 1


def positions(pathway: Pathway, pre: Array, post: Array) -> tuple[Array, Array]:
    """Return the positions in the projection's selections of local ids of the pathway's populations."""
    projection = pathway.projection
    sides = []
    for selection, number, local in (
        (projection.pre, pathway.pre_part, pre),
        (projection.post, pathway.post_part, post),
    ):
        start = first_position(selection, number)
        sides.append(start + np.searchsorted(selection.parts[number].ids, local.astype(np.int64)))
    return sides[0], sides[1]
