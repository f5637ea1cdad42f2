"""Drawing and placing of synapses in numpy: the reference, and what is fastest for a small network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from gpusyn.builder.pathways import Bundle, Pathway
from gpusyn.builder.rows.own_targets import OwnTargets
from gpusyn.connectivity.base import Ids, Keys, Rule
from gpusyn.kernels.memory import HOST, Memory
from gpusyn.network.populations import Selection, first_position
from gpusyn.numerics.rng import Stream
from gpusyn.parameters.distributions import Distribution
from gpusyn.parameters.grid import rounded_steps
from gpusyn.utils.ids import Span, as_ids, is_consecutive
from gpusyn.utils.typing import Array, Bools, Floats, Integers

AnyIntegers = NDArray[np.integer[Any]]
Counters = NDArray[np.uint32]
Numbered = tuple[Ids, Ids, Integers | int]  # pairs, and their numbers: those of each, or that of the first of a run


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


def is_each(value: Any) -> bool:
    """Return whether delays or weights are given for each synapse, and are not one number for all."""
    return hasattr(value, "shape") and bool(value.shape)


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
    def of(cls, ids: Span, begin: int, shift: int) -> Side:
        """Return the side whose positions from `begin` on stand for the local ids plus `shift`."""
        if is_consecutive(ids):
            return cls(begin, len(ids), shift + (int(ids[0]) if len(ids) else 0))
        return cls(begin, len(ids), shift, as_ids(ids).astype(np.int32))

    def holds(self, positions: AnyIntegers) -> Bools:
        """Return a mask of the positions that are of this side."""
        return (positions >= self.begin) & (positions < self.begin + self.size)

    def places(self, positions: AnyIntegers) -> AnyIntegers:
        """Return what positions stand for."""
        local = positions - self.begin
        return (local if self.ids is None else self.ids[local]) + self.shift


class Column(NamedTuple):
    """The form of the weights of one receptor, and those that are refused.

    A stored weight times 2^`exponent` is the weight. Weights below `least`, or larger than `largest`, are refused.
    """

    receptor: str
    exponent: int
    least: float
    largest: float


class Slot(NamedTuple):
    """The segments of a bundle in which the synapses of one pathway belong, and the forms of its stored weights."""

    pre: Side
    post: Side
    bundle: Bundle
    columns: Sequence[Column] = ()

    @classmethod
    def of(cls, pathway: Pathway, bundle: Bundle, columns: Sequence[Column] = ()) -> Slot:
        """Return the segments of a pathway."""
        projection, first, offset = pathway.projection, bundle.pre_range[0], pathway.post.offset
        if bundle.taken_back:  # its synapses are those of its sources to themselves
            ids = pathway.own_ids
            return cls(_sources(ids, 0, -first, pathway), Side.of(ids, 0, offset), bundle)
        begin = first_position(projection.pre, pathway.pre_part)
        pre = _sources(projection.pre.parts[pathway.pre_part].span, begin, -first, pathway)
        return cls(pre, side_of(projection.post, pathway.post_part, offset), bundle, columns)


def _sources(ids: Span, begin: int, shift: int, pathway: Pathway) -> Side:
    """Return the side of sources; a position stands for the number of the source plus `shift`, if it has a number."""
    place = pathway.pre
    if place.senders is None or not len(ids):
        return Side.of(ids, begin, shift)
    first, last = int(ids[0]), int(ids[-1])
    if is_consecutive(ids) and place.below(last + 1) - place.below(first) == len(ids):
        return Side(begin, len(ids), shift + place.below(first))
    return Side(begin, len(ids), shift, place.numbers(as_ids(ids)).astype(np.int32))


def side_of(selection: Selection, part: int, shift: int) -> Side:
    """Return the neurons of one part of a selection; a position stands for its local id plus `shift`."""
    begin = first_position(selection, part)
    return Side.of(selection.parts[part].span, begin, shift)


class Room(NamedTuple):
    """The place of the rows of a bundle: what is stored of each synapse.

    `weights` has one row for each receptor that stores weights. `numbers` are given to synapses in the order in which
    they are created, if they are `numbered`: they are known by it later, or a `RowMaker` does not place them in order.
    """

    targets: NDArray[np.uint16]
    late: NDArray[np.uint8] | None
    weights: NDArray[np.signedinteger[Any]]
    numbers: NDArray[np.uint32]
    numbered: bool = False


class Losses(NamedTuple):
    """Weights of one receptor: the number of those that are not 0 but stored as 0, and of those that are refused."""

    zeros: int
    refused: int


class RowMaker(Protocol):
    """Functions that draw synapses in blocks, and count and place them in the segments of their bundles."""

    def pairs(
        self, rule: Rule, n_pre: int, n_post: int, stream: Stream, same: Keys | None
    ) -> Iterator[tuple[Ids, Ids]]:
        """Yield the pairs of a rule in blocks, in `memory` or on the host; an array is valid until the next block."""

    def pairs_onto(
        self, own: OwnTargets, rule: Rule, n_pre: int, n_post: int, stream: Stream, same: Keys | None, numbered: bool
    ) -> Iterator[Numbered] | None:
        """Yield the pairs onto own targets alone; None if this rule must draw all pairs to know them.

        Numbers in the order of creation are those among all pairs, if they must be `numbered`.
        """

    def kept(self, own: OwnTargets, pre: Ids, post: Ids, first: int) -> Numbered:
        """Return those of the pairs of a block, whose first one has a number, onto own targets, and their numbers."""

    def row_sizes(self, rule: Rule, n_pre: int, n_post: int, stream: Stream, same: Keys | None) -> Integers:
        """Return the number of synapses of each source."""

    def values(self, given: Distribution, key: int, elements: Integers | int, n: int) -> Floats:
        """Return `n` values of a distribution, those of some elements, or of consecutive ones from an element on."""

    def steps(self, times: Floats, dt: float) -> NDArray[np.int32]:
        """Return times (ms) as steps, each at least 1."""

    def count(self, block: Synapses, slots: list[Slot], counters: Counters) -> None:
        """Add the synapses of a block to the numbers of synapses of their segments; all slots are of one bundle."""

    def count_targets(self, block: Synapses, degree: NDArray[np.int32]) -> None:
        """Add the synapses of a block to the numbers of synapses of their targets; `degree` has a row per worker."""

    def place(
        self, block: Synapses, slots: list[Slot], counters: Counters, room: Room, first: int
    ) -> list[list[Losses]]:
        """Write the synapses of a block to their rows, each to the next place of its segment, which `counters` hold.

        The first synapse of the block has the number `first`.

        Returns
        -------
        list of list of Losses
            For each slot and each of its columns.
        """

    def finish(self, bounds: Counters, room: Room) -> None:
        """Bring the synapses of each segment into the order of creation, if they have been placed in another one."""

    @property
    def memory(self) -> Memory:
        """Memory in which blocks are drawn, counted and placed."""

    @property
    def workers(self) -> int:
        """Number of workers."""

    @property
    def numbered(self) -> bool:
        """True if the synapses of a segment are placed in any order, and are sorted by their numbers at the end."""


class NumpyRows:
    """The reference of `RowMaker`."""

    memory: Memory = HOST
    workers = 1
    numbered = False

    def pairs(
        self, rule: Rule, n_pre: int, n_post: int, stream: Stream, same: Keys | None
    ) -> Iterator[tuple[Ids, Ids]]:
        """Yield the pairs of a rule in blocks."""
        return rule.checked_blocks(n_pre, n_post, stream, same)

    def pairs_onto(
        self, own: OwnTargets, rule: Rule, n_pre: int, n_post: int, stream: Stream, same: Keys | None, numbered: bool
    ) -> Iterator[Numbered] | None:
        """Yield the pairs onto own targets alone, if the rule can do so."""
        return rule.blocks_onto(own.positions, n_pre, n_post, stream, same, numbered=numbered)

    def kept(self, own: OwnTargets, pre: Ids, post: Ids, first: int) -> Numbered:
        """Return those of the pairs of a block onto own targets, and their numbers."""
        here = own.find(post)
        return pre[here], post[here], first + here

    def row_sizes(self, rule: Rule, n_pre: int, n_post: int, stream: Stream, same: Keys | None) -> Integers:
        """Return the number of synapses of each source."""
        size = np.zeros(n_pre, np.int64)
        for pre, _ in self.pairs(rule, n_pre, n_post, stream, same):
            size += np.bincount(pre, minlength=n_pre)
        return size

    def values(self, given: Distribution, key: int, elements: Integers | int, n: int) -> Floats:
        """Return values of a distribution."""
        some = np.arange(elements, elements + n) if isinstance(elements, int) else elements
        return given.checked_draw(Stream(key), some)

    def steps(self, times: Floats, dt: float) -> NDArray[np.int32]:
        """Return times as steps."""
        return rounded_steps(times, dt, low=1).astype(np.int32)

    def count(self, block: Synapses, slots: list[Slot], counters: Counters) -> None:
        """Add the synapses of a block to the numbers of synapses of their segments."""
        segment, number = np.unique(_sorted_in(block, slots).segment, return_counts=True)
        counters[segment] += number.astype(np.uint32)

    def count_targets(self, block: Synapses, degree: NDArray[np.int32]) -> None:
        """Add the synapses of a block to the numbers of synapses of their targets."""
        degree[0] += np.bincount(block.post, minlength=degree.shape[1]).astype(np.int32)

    def place(
        self, block: Synapses, slots: list[Slot], counters: Counters, room: Room, first: int
    ) -> list[list[Losses]]:
        """Write the synapses of a block to their rows."""
        found = _sorted_in(block, slots)
        segment, begin, number = np.unique(found.segment, return_index=True, return_counts=True)
        place = counters[found.segment] + (np.arange(len(found.segment)) - np.repeat(begin, number))
        counters[segment] += number.astype(np.uint32)
        room.targets[place] = found.target
        if room.numbered:
            room.numbers[place] = (first + found.order).astype(np.uint32)
        if room.late is not None:
            room.late[place] = found.late
        losses: list[list[Losses]] = []
        for k, slot in enumerate(slots):
            mine = np.flatnonzero(found.slot == k)
            losses.append([
                _put(block.weights[column.receptor], column, found.order[mine], row, place[mine])
                for column, row in zip(slot.columns, room.weights, strict=True)
            ])  # fmt: skip
        return losses

    def finish(self, bounds: Counters, room: Room) -> None:
        """Do nothing: the order is that of creation."""


def _put(weights: Any, column: Column, order: Array, row: Array, place: Array) -> Losses:
    """Store weights of the synapses at `order` of a block, and return how many are lost or refused."""
    exact = weights[order] if isinstance(weights, np.ndarray) else np.full(len(place), weights)
    stored = np.rint(np.ldexp(exact, -column.exponent))
    with np.errstate(invalid="ignore"):  # of weights that are refused
        row[place] = stored
    refused = (exact < column.least) | (np.abs(exact) > column.largest)
    zeros = int(np.count_nonzero(stored == 0)) - int(np.count_nonzero(exact == 0))
    return Losses(zeros, int(np.count_nonzero(refused)))


class _Sorted(NamedTuple):
    """The synapses of a block that belong in some slots, sorted by segment; `order` is the place in the block."""

    order: Array
    slot: Array
    segment: Array
    target: Array
    late: Array


def _sorted_in(block: Synapses, slots: list[Slot]) -> _Sorted:
    """Return the synapses of a block that belong in the slots of one bundle, sorted by segment and then by creation."""
    n = len(block.pre)
    number, (segment, target, late) = np.full(n, -1), np.zeros((3, n), np.int64)
    for k, (pre, post, bundle, _) in enumerate(slots):
        timing, size = bundle.timing, max(bundle.targets.slice_size, 1)
        mine = np.flatnonzero(pre.holds(block.pre) & post.holds(block.post))
        piece, target[mine] = np.divmod(post.places(block.post[mine]).astype(np.int64), size)
        after = (block.delay[mine] if isinstance(block.delay, np.ndarray) else block.delay) - timing.first
        delays, late[mine] = np.divmod(after, timing.width)
        source = pre.places(block.pre[mine]).astype(np.int64)
        segment[mine] = (source * bundle.slices + piece - bundle.slice) * timing.blocks + delays
        number[mine] = k
    found = np.flatnonzero(number >= 0)
    order = found[stable_order(segment[found])]
    return _Sorted(order, number[order], segment[order], target[order], late[order])


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
