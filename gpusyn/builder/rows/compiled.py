"""Drawing and placing of synapses by compiled kernels, with the bits of the reference."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gpusyn.builder.ownership import Range
from gpusyn.builder.rows.reference import (
    Column,
    Counters,
    Losses,
    NumpyRows,
    Room,
    Slot,
    Synapses,
    is_each,
)
from gpusyn.connectivity import AllToAll, FixedInDegree, FixedOutDegree, FixedProbability, FixedTotalNumber
from gpusyn.connectivity.base import Ids, Keys, Rule, autapse_positions
from gpusyn.connectivity.explicit import GivenSynapses
from gpusyn.kernels.program import Launcher
from gpusyn.numerics.portable_math import log1p
from gpusyn.numerics.rng import Stream
from gpusyn.numerics.sampling import calls_for, gaps_per_call
from gpusyn.parameters.distributions import Distribution, law_of
from gpusyn.utils.typing import Array, Floats, Integers

BLOCK = 1 << 18  # synapses of one block, so that its scratch stays in the caches
PIECE = 512  # random numbers in one pass over a row, as PIECE in kernels/distributions.cuh


class GapDraws(NamedTuple):
    """How kernels draw the gaps between the columns that are set: log(1 - p), 53 bits for each or 32, calls at a time.

    If all columns are set, `log_q` is 0.
    """

    log_q: float
    fine: int
    calls: int


def gap_draws(p: float, n_columns: int) -> GapDraws:
    """Return how kernels draw rows of which each column is set with probability `p`."""
    a_call = gaps_per_call(p)
    return GapDraws(log1p(-p) if p < 1 else 0.0, int(a_call == 2), calls_for(n_columns * p, p, PIECE // a_call))


def is_drawn(rule: Rule) -> bool:
    """Return whether a kernel draws the pairs of a rule, or they are given, so that blocks are of `BLOCK` synapses."""
    if type(rule) is FixedTotalNumber:
        return rule.multapses
    if type(rule) in (FixedInDegree, FixedOutDegree):
        return bool(rule.k)  # type: ignore[attr-defined]
    if type(rule) is FixedProbability:
        return rule.p >= 1e-300
    return type(rule) is AllToAll or isinstance(rule, GivenSynapses)


class _Found(NamedTuple):
    """The segment of each synapse of a block, the number of its slot, its target in the slice, and how late it is."""

    segment: NDArray[np.uint32]
    pathway: NDArray[np.uint16]
    target: NDArray[np.uint16]
    late: NDArray[np.uint8]


class CompiledRows(NumpyRows):
    """The functions of `RowMaker` by compiled kernels; what no kernel draws comes from numpy, block by block."""

    def __init__(self, launcher: Launcher) -> None:
        self._launch, self.memory = launcher.launch, launcher.memory
        self.workers, self.numbered = launcher.workers, not launcher.in_order
        self._blocks = launcher.blocks
        self._scratch: dict[str, Any] = {}
        self._moved_ids: dict[int, tuple[Array, Any]] = {}  # by their `id`, while they are kept
        self._none = self.memory.zeros(1, np.int32)  # where a kernel needs no array
        self._row_counts: dict[tuple[Any, ...], NDArray[np.int32]] = {}

    def _room(self, name: str, dtype: Any, n: int) -> Any:
        """Return scratch of `n` elements, valid until its name is asked for again."""
        held = self._scratch.get(name)
        if held is None or len(held) < n:
            held = self._scratch[name] = self.memory.empty(max(n, BLOCK), dtype)
        return held[:n]

    # ---- drawing ----
    def pairs(
        self, rule: Rule, n_pre: int, n_post: int, stream: Stream, same: Keys | None
    ) -> Iterator[tuple[Ids, Ids]]:
        """Yield the pairs of a rule in blocks."""
        drawn = self._drawn(rule, n_pre, n_post, stream, same) if min(n_pre, n_post) > 0 else None
        for pre, post in super().pairs(rule, n_pre, n_post, stream, same) if drawn is None else drawn:
            yield _contiguous(pre, np.int32), _contiguous(post, np.int32)

    def _drawn(
        self, rule: Rule, n_pre: int, n_post: int, stream: Stream, same: Keys | None
    ) -> Iterator[tuple[Ids, Ids]] | None:
        """Return the blocks of a rule that numpy need not draw, else None."""
        if not is_drawn(rule):
            return None
        if isinstance(rule, GivenSynapses):
            pre, post = rule.draw(n_pre, n_post, stream, same)
            return ((pre[i : i + BLOCK], post[i : i + BLOCK]) for i in range(0, len(pre), BLOCK))
        if isinstance(rule, FixedInDegree):
            own_rows = self._own(rule, n_post, n_pre, turned_keys(same))
            rows = self._degrees(rule, _rows_at_once(rule.k, n_post), n_pre, stream, own_rows)
            return ((pre, post) for post, pre in rows)
        own = self._own(rule, n_pre, n_post, same)
        if isinstance(rule, FixedTotalNumber):
            return self._total(rule.n, n_pre, n_post, stream, own)
        if isinstance(rule, FixedOutDegree):
            return self._degrees(rule, _rows_at_once(rule.k, n_pre), n_post, stream, own)
        return self._bernoulli(rule.p if isinstance(rule, FixedProbability) else 1.0, n_pre, n_post, stream, own)

    def _total(
        self, left: int, n_pre: int, n_post: int, stream: Stream, own: NDArray[np.int32] | None
    ) -> Iterator[tuple[Ids, Ids]]:
        first = 0
        while left:
            n = min(BLOCK, left + (0 if own is None else 16))
            pre, post = self._room("pre", np.int32, n), self._room("post", np.int32, n)
            self._launch(
                "draw_pairs", pre=pre, post=post, **self._autapses(own), n=n, first=first, key=stream.key,
                n_pre=n_pre, n_post=n_post,
            )  # fmt: skip
            first += n
            if own is not None:
                pre, post = self.memory.host(pre), self.memory.host(post)
                kept = np.flatnonzero(pre >= 0)[:left]
                pre, post = pre[kept], post[kept]
            left -= len(pre)
            yield pre, post

    def _degrees(
        self, rule: FixedInDegree | FixedOutDegree, parts: Iterable[list[Range]], n_columns: int, stream: Stream,
        own: NDArray[np.int32] | None,
    ) -> Iterator[tuple[Ids, Ids]]:  # fmt: skip
        """Yield rows and columns where each row has k of them; `parts` are the ranges of rows of each block."""
        k, kernel, more = rule.k, "draw_degrees", {}
        if not rule.multapses:
            kernel, more = "draw_distinct", {"seen": self.memory.zeros(self._blocks * -(-n_columns // 32), np.uint32)}
        for part in parts:
            n, at = k * sum(end - begin for begin, end in part), 0
            rows, columns = self._room("pre", np.int32, n), self._room("post", np.int32, n)
            for begin, end in part:
                self._launch(
                    kernel, rows=rows[at:], columns=columns[at:], **self._autapses(own), n_rows=end - begin,
                    first_row=begin, k=k, key=stream.key, n_columns=n_columns, **more,
                )  # fmt: skip
                at += k * (end - begin)
            yield rows, columns

    def _bernoulli(
        self, p: float, n_rows: int, n_columns: int, stream: Stream, own: NDArray[np.int32] | None
    ) -> Iterator[tuple[Ids, Ids]]:
        """Yield the cells of rows that are each set with a probability; rows are counted once, and then written."""
        for first, n in parts_of_rows(p, n_rows, n_columns):
            key = (stream.key, first, p, n_columns, own is None)
            known = self._row_counts.get(key)
            if known is None:
                count = self._count_rows(p, first, n, n_columns, stream, own)
                known = self._row_counts[key] = count.astype(np.int32)
            begin = np.zeros(n + 1, np.int64)
            np.cumsum(known, out=begin[1:])
            size = int(begin[-1])
            rows, columns = self._room("pre", np.int32, size), self._room("post", np.int32, size)
            if size:
                self._draw_rows(
                    p, first, n, n_columns, stream, own, rows=rows, columns=columns,
                    count=self._room("count", np.int64, n), begin=begin, writes=1,
                )  # fmt: skip
                yield rows, columns

    def _count_rows(
        self, p: float, first: int, n: int, n_columns: int, stream: Stream, own: NDArray[np.int32] | None
    ) -> Integers:
        """Return the number of cells that are set in each of `n` rows."""
        count = self._room("count", np.int64, n)
        self._draw_rows(
            p, first, n, n_columns, stream, own, rows=self._none, columns=self._none, count=count, begin=count,
            writes=0,
        )  # fmt: skip
        found: Integers = self.memory.host(count)
        return found

    def _draw_rows(
        self, p: float, first: int, n: int, n_columns: int, stream: Stream, own: NDArray[np.int32] | None, **room: Any
    ) -> None:
        self._launch(
            "draw_rows", **self._autapses(own), n_rows=n, first_row=first, key=stream.key, n_columns=n_columns,
            **gap_draws(p, n_columns)._asdict(), **room,
        )  # fmt: skip

    def row_sizes(self, rule: Rule, n_pre: int, n_post: int, stream: Stream, same: Keys | None) -> Integers:
        """Return the number of synapses of each source."""
        if type(rule) is not FixedProbability or rule.p < 1e-300:
            return super().row_sizes(rule, n_pre, n_post, stream, same)
        own = self._own(rule, n_pre, n_post, same)
        parts = parts_of_rows(rule.p, n_pre, n_post)
        return np.concatenate([self._count_rows(rule.p, i, n, n_post, stream, own).copy() for i, n in parts])

    def values(self, given: Distribution, key: int, elements: Integers | int, n: int) -> Floats:
        """Return values of a distribution."""
        law = law_of(given)
        if law is None:
            return super().values(given, key, self.memory.host(elements), n)
        values: Floats = self.memory.empty(n, np.float64)
        fault = np.zeros(1, np.int64)
        kernel, name = ("draw_values", "first") if isinstance(elements, int) else ("draw_listed", "elements")
        self._launch(kernel, values=values, n=n, **{name: elements}, key=key, **law._asdict(), fault=fault)
        if fault[0]:  # the reference says what is wrong
            return super().values(given, key, self.memory.host(elements), n)
        return values

    def steps(self, times: Floats, dt: float) -> NDArray[np.int32]:
        """Return times as steps."""
        delay: NDArray[np.int32] = self._room("delay", np.int32, len(times))
        self._launch("round_delays", delay=delay, values=_contiguous(times, np.float64), n=len(times), dt=dt)
        return delay

    def _own(self, rule: Any, n_rows: int, n_columns: int, same: Keys | None) -> Any:
        """Return what `autapse_columns` returns, in the memory of the kernels."""
        own = autapse_columns(rule, n_rows, n_columns, same)
        return None if own is None else self.memory.moved(own)

    def _autapses(self, own: NDArray[np.int32] | None) -> dict[str, Any]:
        return {"own": self._none if own is None else own, "has_own": int(own is not None)}

    def _moved(self, ids: Array | None) -> Any:
        """Return ids in the memory of the kernels, to which they are moved once for all blocks."""
        if ids is None:
            return self._none
        if id(ids) not in self._moved_ids:
            self._moved_ids[id(ids)] = ids, self.memory.moved(ids)
        return self._moved_ids[id(ids)][1]

    # ---- placing ----
    def count(self, block: Synapses, slots: list[Slot], counters: Counters) -> None:
        """Add the synapses of a block to the numbers of synapses of their segments."""
        segment = self._find(block, slots).segment
        self._launch("count_synapses", count=counters, segment=segment, n=len(segment), segments=len(counters))

    def count_targets(self, block: Synapses, degree: NDArray[np.int32]) -> None:
        """Add the synapses of a block to the numbers of synapses of their targets."""
        self._launch(
            "count_targets", degree=degree, post=_contiguous(block.post, np.int32), n=len(block.post),
            n_post=degree.shape[1],
        )  # fmt: skip

    def place(
        self, block: Synapses, slots: list[Slot], counters: Counters, room: Room, first: int
    ) -> list[list[Losses]]:
        """Write the synapses of a block to their rows."""
        found = self._find(block, slots)
        segment, n = found.segment, len(found.segment)
        place = self._room("place", np.uint32, n)
        self._launch("find_places", place=place, next=counters, segment=segment, n=n, segments=len(counters))
        self._launch(
            "put_targets", targets=room.targets, lates=found.late if room.late is None else room.late,
            created=room.numbers, place=place, segment=segment, target=found.target, late=found.late, n=n,
            is_late=int(room.late is not None), is_numbered=int(room.numbered), first=first % 2**32,
        )  # fmt: skip
        losses: list[list[Losses]] = [[] for _ in slots]
        for i in range(len(room.weights)):
            row = room.weights[i]
            stored = self._room("stored", np.int64, n)
            for number, slot in enumerate(slots):
                values = block.weights[slot.columns[i].receptor]
                losses[number].append(self._round(values, slot.columns[i], found, number, stored))
            self._launch(
                "put_weights", weights=row.view(np.uint8), place=place, segment=segment, stored=stored, n=n,
                bytes=row.itemsize,
            )  # fmt: skip
        return losses

    def _round(self, values: Any, column: Column, found: _Found, number: int, stored: Any) -> Losses:
        """Round the weights of one of the slots, and return how many are lost or refused."""
        n, lost, refused = len(stored), np.zeros(1, np.int64), np.zeros(1, np.int64)
        self._launch(
            "round_weights", stored=stored, pathway=found.pathway, number=number, n=n, least=column.least,
            largest=column.largest, scale=math.ldexp(1.0, -column.exponent), lost=lost, refused=refused,
            values=_contiguous(values, np.float64) if is_each(values) else np.full(n, values),
        )  # fmt: skip
        return Losses(int(lost[0]), int(refused[0]))

    def finish(self, bounds: Counters, room: Room) -> None:
        """Bring the synapses of each segment into the order of creation, if they have been placed in another one."""
        if self.numbered:
            self._launch(
                "arrange_rows", created=room.numbers, targets=room.targets, begin=bounds, segments=len(bounds) - 1,
                lates=self._none.view(np.uint8) if room.late is None else room.late, is_late=int(room.late is not None),
                weights=room.weights.reshape(-1).view(np.uint8), columns=len(room.weights), step=len(room.targets),
                bytes=room.weights.itemsize,
            )  # fmt: skip

    def _find(self, block: Synapses, slots: list[Slot]) -> _Found:
        """Return the segments of the synapses of a block."""
        n, delay = len(block.pre), block.delay
        found = _Found(
            self._room("segment", np.uint32, n), self._room("pathway", np.uint16, n),
            self._room("target", np.uint16, n), self._room("late", np.uint8, n),
        )  # fmt: skip
        own_delay = is_each(delay)
        for number, slot in enumerate(slots):
            pre, post, targets, timing = slot.pre, slot.post, slot.bundle.targets, slot.bundle.timing
            self._launch(
                "find_segments", **found._asdict(), n=n, number=number,
                pre=_contiguous(block.pre, np.int32), post=_contiguous(block.post, np.int32),
                delay=_contiguous(delay, np.int32) if own_delay else self._none,
                same_delay=-1 if own_delay else delay, listed=(pre.ids is not None) + 2 * (post.ids is not None),
                pre_ids=self._moved(pre.ids), pre_begin=pre.begin, pre_size=pre.size,
                pre_shift=pre.shift, post_ids=self._moved(post.ids), post_begin=post.begin,
                post_size=post.size, post_shift=post.shift, slices=slot.bundle.slices,
                first_slice=slot.bundle.slice, slice_size=targets.slice_size,
                first=timing.first, width=timing.width, blocks=timing.blocks,
            )  # fmt: skip
        return found


def _contiguous(values: Any, dtype: Any) -> Any:
    """Return values as kernels take them; those of other memory are so already."""
    return np.ascontiguousarray(values, dtype) if isinstance(values, np.ndarray) else values


def turned_keys(same: Keys | None) -> Any:
    """Return the ids of both selections in turn."""
    return None if same is None else (same[1], same[0])


def _rows_at_once(k: int, n_rows: int) -> Iterator[list[Range]]:
    """Yield the ranges of rows of each block of synapses, if each row has `k` of them."""
    step = max(1, BLOCK // k)
    return ([(first, min(first + step, n_rows))] for first in range(0, n_rows, step))


def parts_of_rows(p: float, n_rows: int, n_columns: int) -> Iterator[tuple[int, int]]:
    """Yield the first row and the number of rows of each block of synapses."""
    step = max(1, int(BLOCK // (n_columns * p + 1)))
    return ((first, min(step, n_rows - first)) for first in range(0, n_rows, step))


def autapse_columns(rule: Any, n_rows: int, n_columns: int, same: Keys | None) -> NDArray[np.int32] | None:
    """Return the column of the same neuron for each row (-1: none), None if no autapse is to be left out."""
    own: Integers | None = None if rule.autapses else autapse_positions(n_rows, n_columns, same)
    return None if own is None else own.astype(np.int32)
