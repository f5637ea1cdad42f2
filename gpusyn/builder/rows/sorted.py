"""Drawn synapses sorted into the two forms that kernels read.

Event-driven rows belong to sources: they are sorted by (source, slice of targets, block of delays, creation), and
pathways of one bundle share them. Per-synapse rows belong to targets, sorted by (target, source, creation).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gpusyn.builder.layout import Bundle, Pathway
from gpusyn.builder.rows.drawn import AnyIntegers, Synapses
from gpusyn.kernels.records import History
from gpusyn.kernels.synapse_words import encode_address

Places = NDArray[np.intp]
LONG_RUN = 32  # targets


class Segments(NamedTuple):
    """The synapses of one pathway, sorted into the segments of its bundle.

    Attributes
    ----------
    sizes : ndarray of unsigned integers, shape (segments,)
        Number of synapses of each segment, in the smallest type that holds all.
    target : ndarray of uint16, shape (synapses,)
        Target of each synapse within its slice.
    late : ndarray of uint8, shape (synapses,), or None
        Delay of each synapse, counted from the first of its block (steps); None if blocks have one delay.
    order : ndarray or slice
        Place of each synapse in the order of creation; None once it is needed no more.
    """

    sizes: AnyIntegers
    target: NDArray[np.uint16]
    late: NDArray[np.uint8] | None
    order: Any


class AddressRows(NamedTuple):
    """Synapses sorted by target: `begin` holds the bounds of each row in `word`, `order` the synapse of each word."""

    begin: AnyIntegers
    word: NDArray[np.uint32]
    order: Any


def source_segments(synapses: Synapses, pathway: Pathway, bundle: Bundle) -> Segments:
    """Return the synapses of one pathway (local ids) in the segments of its bundle."""
    targets, timing = bundle.targets, bundle.timing
    segment: AnyIntegers = synapses.pre.astype(np.uint32 if bundle.segments < 2**32 else np.uint64)
    segment -= bundle.pre_range[0]
    segment *= bundle.slices
    post = synapses.post.astype(np.uint32)
    post += pathway.post.offset
    piece = post // np.uint32(targets.slice_size)
    segment += piece - np.uint32(bundle.slice)
    piece *= targets.slice_size
    post -= piece
    target = post.astype(np.uint16)
    del post, piece  # before room is needed for sorting
    segment *= timing.blocks
    delay = (np.asarray(synapses.delay) - timing.first).astype(np.uint32)
    segment += delay // timing.width
    late = None if timing.width == 1 else np.broadcast_to((delay % timing.width).astype(np.uint8), target.shape)
    del delay
    order = stable_order(segment)
    sizes = _counts(segment.astype(np.int64), bundle.segments)
    return Segments(sizes, target[order], None if late is None else late[order], order)


def shared_segments(bundle: Bundle) -> Segments:
    """Return the segments of a bundle whose targets all receive the same: one synapse stands for those of a source."""
    pathway = bundle.pathways[0]
    first, end = bundle.pre_range
    ids = np.asarray(pathway.projection.pre.parts[pathway.pre_part][1])
    return Segments(_counts(ids - first, end - first), np.zeros(len(ids), np.uint16), None, slice(None))


def _counts(segment: AnyIntegers, n: int) -> AnyIntegers:
    """Return the number of synapses of each of `n` segments, from the segment of each synapse."""
    sizes = np.bincount(segment, minlength=n)
    return sizes.astype(np.min_scalar_type(sizes.max(initial=0)))


def bounds_of(parts: list[Segments]) -> NDArray[np.uint32]:
    """Return the place of the first synapse of each segment that the parts share, and the number of synapses."""
    bounds = np.zeros(len(parts[0].sizes) + 1, np.uint32)
    for part in parts:
        bounds[1:] += part.sizes
    return np.cumsum(bounds, dtype=np.uint32, out=bounds)


def merge_places(parts: list[Segments], bounds: NDArray[np.uint32]) -> Iterator[Places]:
    """Yield the place of each synapse of one part after the other in the rows that the parts share."""
    begin = bounds[:-1].astype(np.int64)  # place at which the next part's synapses of each segment begin
    for part in parts:
        own = np.cumsum(part.sizes, dtype=np.int64) - part.sizes
        place = np.repeat(begin - own, part.sizes)
        place += np.arange(len(place))
        yield place
        begin += part.sizes


def in_runs(target: NDArray[np.uint16], bounds: NDArray[np.uint32]) -> bool:
    """Return True if the targets of each segment ascend, in runs of at least `LONG_RUN` consecutive ones on average."""
    runs = 1 + np.count_nonzero(target[1:] != target[:-1] + np.uint16(1))
    if runs * LONG_RUN > len(target):
        return False
    ascends = target[1:] > target[:-1]
    inner = bounds[(bounds > 0) & (bounds < len(target))]
    ascends[inner.astype(np.int64) - 1] = True  # a segment may begin anywhere
    return bool(ascends.all())


def target_rows(synapses: Synapses, pathway: Pathway, history: History) -> AddressRows:
    """Return the rows of all neurons of the pathway's target population; a word is an address in `history`."""
    key = synapses.post.astype(np.int64) * max(pathway.pre.size, 1)
    key += synapses.pre
    order = stable_order(key)
    pre, target = synapses.pre[order], synapses.post[order]
    delay = synapses.delay[order].astype(np.int64) if isinstance(synapses.delay, np.ndarray) else synapses.delay
    begin = np.zeros(pathway.post.size + 1, np.int64)
    np.cumsum(np.bincount(target.astype(np.int64), minlength=pathway.post.size), out=begin[1:])
    return AddressRows(begin, encode_address(pre, delay, history), order)


def stable_order(key: AnyIntegers) -> Any:
    """Return the stable order by key: a slice of everything if sorted already, as from most rules.

    numpy sorts 16-bit numbers in linear time, so longer keys are sorted by one 16-bit digit after the other.
    """
    if len(key) < 2 or bool(np.all(key[1:] >= key[:-1])):
        return slice(None)
    if len(key) < 1000:
        return np.argsort(key, kind="stable")
    order: Places = np.argsort(key.astype(np.uint16), kind="stable")
    for shift in range(16, int(key.max()).bit_length(), 16):
        digit = (key >> shift).astype(np.uint16)[order]
        order = order[np.argsort(digit, kind="stable")]
    return order
