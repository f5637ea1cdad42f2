"""Drawing and placing of synapses in numpy: the reference, and what is fastest for a small network."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from gpusyn.builder.layout import Bundle, Pathway
from gpusyn.connectivity.base import Ids, Keys, Rule
from gpusyn.network.populations import Selection
from gpusyn.numerics.rng import Stream
from gpusyn.parameters.distributions import Distribution
from gpusyn.parameters.grid import rounded_steps
from gpusyn.utils.typing import Array, Floats

AnyIntegers = NDArray[np.integer[Any]]
Counters = NDArray[np.uint32]


class Synapses(NamedTuple):
    """Drawn synapses of a projection in creation order: positions in the selections, delay in steps, weights.

    A delay, or the weight on a receptor, that all synapses share is a number.
    """

    pre: AnyIntegers
    post: AnyIntegers
    delay: AnyIntegers | int
    weights: dict[str, Floats | float]

    def take(self, index: Any) -> Synapses:
        """Return the synapses at `index`."""
        delay = self.delay[index] if isinstance(self.delay, np.ndarray) else self.delay
        weights = {k: w[index] if isinstance(w, np.ndarray) else w for k, w in self.weights.items()}
        return Synapses(self.pre[index], self.post[index], delay, weights)


class Side(NamedTuple):
    """The neurons of one side of a pathway, among the positions in a selection.

    They have the `size` positions from `begin` on. The position p stands for p - `begin` + `shift`, or for
    ``ids[p - begin] + shift`` if the neurons are not consecutive.
    """

    begin: int
    size: int
    shift: int
    ids: NDArray[np.int32] | None = None

    @classmethod
    def of(cls, ids: Any, begin: int, shift: int) -> Side:
        """Return the side whose positions from `begin` on stand for the local ids plus `shift`."""
        local = np.asarray(ids)
        if not len(local) or int(local[-1]) - int(local[0]) == len(local) - 1:
            return cls(begin, len(local), shift + (int(local[0]) if len(local) else 0))
        return cls(begin, len(local), shift, np.ascontiguousarray(local, np.int32))

    def places(self, positions: AnyIntegers) -> AnyIntegers:
        """Return what positions stand for."""
        local = positions - self.begin
        return (local if self.ids is None else self.ids[local]) + self.shift


class Slot(NamedTuple):
    """The segments of a bundle in which the synapses of one pathway belong."""

    pre: Side
    post: Side
    bundle: Bundle
    pathway: Pathway

    @classmethod
    def of(cls, pathway: Pathway, bundle: Bundle) -> Slot:
        """Return the segments of a pathway."""
        projection, first, offset = pathway.projection, bundle.pre_range[0], pathway.post.offset
        if bundle.taken_back:  # its synapses are those of its sources to themselves
            ids = pathway.own_ids
            return cls(Side.of(ids, 0, -first), Side.of(ids, 0, offset), bundle, pathway)
        pre = _side(projection.pre, pathway.pre_part, -first)
        return cls(pre, _side(projection.post, pathway.post_part, offset), bundle, pathway)


def _side(selection: Selection, part: int, shift: int) -> Side:
    """Return the neurons of one part of a selection; a position stands for its local id plus `shift`."""
    begin = sum(len(ids) for _, ids in selection.parts[:part])
    return Side.of(selection.parts[part][1], begin, shift)


class Column(NamedTuple):
    """The form of the weights of one receptor, and those that are refused.

    A stored weight times 2^`exponent` is the weight. Weights below `least`, or larger than `largest`, are refused.
    """

    receptor: str
    exponent: int
    least: float
    largest: float


class Room(NamedTuple):
    """The place of the rows of a bundle: what is stored of each synapse.

    `weights` has one row for each receptor that stores weights. `numbers` are given to synapses in the order in which
    they are created, where a `RowMaker` does not place them in this order.
    """

    targets: NDArray[np.uint16]
    late: NDArray[np.uint8] | None
    weights: NDArray[np.signedinteger[Any]]
    numbers: NDArray[np.uint32]


class Losses(NamedTuple):
    """Weights of one receptor: the number of those that are not 0 but stored as 0, and of those that are refused."""

    zeros: int
    refused: int


class RowMaker(Protocol):
    """Functions that draw synapses in blocks, and count and place them in the segments of their bundles."""

    def pairs(
        self, rule: Rule, n_pre: int, n_post: int, stream: Stream, same: Keys | None
    ) -> Iterator[tuple[Ids, Ids]]:
        """Yield the pairs of a rule in blocks; an array is valid until the next block is drawn."""

    def values(self, given: Distribution, key: int, first: int, n: int) -> Floats:
        """Return `n` values of a distribution, those of the elements from `first` on."""

    def steps(self, times: Floats, dt: float) -> NDArray[np.int32]:
        """Return times (ms) as steps, each at least 1."""

    def count(self, block: Synapses, slot: Slot, counters: Counters) -> None:
        """Add the synapses of a block to the numbers of synapses of their segments."""

    def count_targets(self, block: Synapses, degree: NDArray[np.int32]) -> None:
        """Add the synapses of a block to the numbers of synapses of their targets; `degree` has a row per worker."""

    def place(self, block: Synapses, slot: Slot, counters: Counters, room: Room, columns: list[Column]) -> list[Losses]:
        """Write the synapses of a block to their rows, each to the next place of its segment, which `counters` hold."""

    def finish(self, bounds: Counters, room: Room) -> None:
        """Bring the synapses of each segment into the order of creation, if they have been placed in another one."""

    @property
    def workers(self) -> int:
        """Number of workers."""

    @property
    def numbered(self) -> bool:
        """True if the synapses of a segment are placed in any order, and are sorted by their numbers at the end."""


class NumpyRows:
    """The reference of `RowMaker`."""

    workers = 1
    numbered = False

    def pairs(
        self, rule: Rule, n_pre: int, n_post: int, stream: Stream, same: Keys | None
    ) -> Iterator[tuple[Ids, Ids]]:
        """Yield the pairs of a rule in blocks."""
        return rule.checked_blocks(n_pre, n_post, stream, same)

    def values(self, given: Distribution, key: int, first: int, n: int) -> Floats:
        """Return values of a distribution."""
        return given.draw(Stream(key), np.arange(first, first + n))

    def steps(self, times: Floats, dt: float) -> NDArray[np.int32]:
        """Return times as steps."""
        return rounded_steps(times, dt, low=1).astype(np.int32)

    def count(self, block: Synapses, slot: Slot, counters: Counters) -> None:
        """Add the synapses of a block to the numbers of synapses of their segments."""
        segment, number = np.unique(_sorted_in(block, slot).segment, return_counts=True)
        counters[segment] += number.astype(np.uint32)

    def count_targets(self, block: Synapses, degree: NDArray[np.int32]) -> None:
        """Add the synapses of a block to the numbers of synapses of their targets."""
        degree[0] += np.bincount(block.post, minlength=degree.shape[1]).astype(np.int32)

    def place(self, block: Synapses, slot: Slot, counters: Counters, room: Room, columns: list[Column]) -> list[Losses]:
        """Write the synapses of a block to their rows."""
        found = _sorted_in(block, slot)
        segment, begin, number = np.unique(found.segment, return_index=True, return_counts=True)
        place = counters[found.segment] + (np.arange(len(found.segment)) - np.repeat(begin, number))
        counters[segment] += number.astype(np.uint32)
        room.targets[place] = found.target
        if room.late is not None and found.late is not None:
            room.late[place] = found.late
        losses = []
        for column, row in zip(columns, room.weights, strict=True):
            weights = block.weights[column.receptor]
            exact = weights[found.order] if isinstance(weights, np.ndarray) else np.full(len(place), weights)
            stored = np.rint(np.ldexp(exact, -column.exponent))
            row[place] = stored
            refused = (exact < column.least) | (np.abs(exact) > column.largest)
            zeros = int(np.count_nonzero(stored == 0)) - int(np.count_nonzero(exact == 0))
            losses.append(Losses(zeros, int(np.count_nonzero(refused))))
        return losses

    def finish(self, bounds: Counters, room: Room) -> None:
        """Do nothing: the order is that of creation."""


class _Sorted(NamedTuple):
    """The synapses of one pathway in a block, sorted by segment; `order` is the place of each in the block."""

    order: Array
    segment: Array
    target: Array
    late: Array | None


def _sorted_in(block: Synapses, slot: Slot) -> _Sorted:
    """Return the synapses of a block that belong in a slot, sorted by segment and then by creation."""
    pre, post, targets, timing = slot.pre, slot.post, slot.bundle.targets, slot.bundle.timing
    inside = (block.pre >= pre.begin) & (block.pre < pre.begin + pre.size)
    inside &= (block.post >= post.begin) & (block.post < post.begin + post.size)
    mine = np.flatnonzero(inside)
    source = pre.places(block.pre[mine]).astype(np.int64)
    piece, target = np.divmod(post.places(block.post[mine]).astype(np.int64), max(targets.slice_size, 1))
    after = (block.delay[mine] if isinstance(block.delay, np.ndarray) else block.delay) - timing.first
    number, late = np.divmod(after, timing.width)
    segment = (source * targets.slices + piece) * timing.blocks + number
    order = stable_order(segment)
    spread = np.broadcast_to(late, segment.shape)[order] if timing.width > 1 else None
    return _Sorted(mine[order], segment[order], target[order], spread)


def stable_order(key: AnyIntegers) -> Any:
    """Return the stable order by key: a slice of everything if sorted already, as from most rules.

    numpy sorts 16-bit numbers in linear time, so longer keys are sorted by one 16-bit digit after the other.
    """
    if len(key) < 2 or bool(np.all(key[1:] >= key[:-1])):
        return slice(None)
    if len(key) < 1000:
        return np.argsort(key, kind="stable")
    order: NDArray[np.intp] = np.argsort(key.astype(np.uint16), kind="stable")
    for shift in range(16, int(key.max()).bit_length(), 16):
        digit = (key >> shift).astype(np.uint16)[order]
        order = order[np.argsort(digit, kind="stable")]
    return order
