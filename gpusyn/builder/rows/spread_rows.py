"""Drawing by compiled kernels of the synapses onto own targets, where a network is spread on several ranks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gpusyn.builder.rows import compiled
from gpusyn.builder.rows.compiled import CompiledRows, gap_draws, parts_of_rows, turned_keys
from gpusyn.builder.rows.own_targets import OwnTargets
from gpusyn.builder.rows.reference import Numbered
from gpusyn.connectivity import FixedInDegree, FixedProbability
from gpusyn.connectivity.base import Ids, Keys, Rule
from gpusyn.kernels.program import Launcher
from gpusyn.numerics.rng import Stream
from gpusyn.utils.typing import Integers

FEW_RUNS = 8  # of own columns, of which each costs a launch


class _Scanned(NamedTuple):
    """What is known of some rows: where own columns begin, for each run of them, and the number of all synapses.

    `before` and `within`, the synapses before a run and of it, have a row for each row and a column for each run.
    """

    reached: list[Any]
    before: NDArray[np.int32]
    within: NDArray[np.int32]
    total: NDArray[np.int32]

    def numbers(self, first: int) -> Integers:
        """Return the numbers of the own synapses, if the first one of all has the number `first`."""
        rows = first + np.cumsum(self.total, dtype=np.int64) - self.total
        count = self.within.reshape(-1).astype(np.int64)
        starts = (rows[:, None] + self.before).reshape(-1) - (np.cumsum(count) - count)
        return np.repeat(starts, count) + np.arange(int(count.sum()))


class SpreadRows(CompiledRows):
    """The functions of `RowMaker` by compiled kernels, which draw the synapses of one of several ranks."""

    def __init__(self, launcher: Launcher) -> None:
        super().__init__(launcher)
        self._scanned: dict[tuple[Any, ...], _Scanned] = {}

    def pairs_onto(
        self, own: OwnTargets, rule: Rule, n_pre: int, n_post: int, stream: Stream, same: Keys | None, numbered: bool
    ) -> Iterator[Numbered] | None:
        """Yield the pairs onto own targets alone, if the rule can do so."""
        if type(rule) is FixedInDegree and rule.k and n_pre:
            return self._in_degrees(own, rule, n_pre, n_post, stream, same)
        if type(rule) is FixedProbability and 1e-300 <= rule.p < 1 and len(own.runs) <= FEW_RUNS and n_pre:
            skip = self._own(rule, n_pre, n_post, same)
            return self._bernoulli_onto(own, rule.p, n_pre, n_post, stream, skip, numbered)
        found = super().pairs_onto(own, rule, n_pre, n_post, stream, same, numbered)
        if found is None:
            return None
        return (
            (np.ascontiguousarray(pre, np.int32), np.ascontiguousarray(post, np.int32), numbers)
            for pre, post, numbers in found
        )

    def _bernoulli_onto(
        self, own: OwnTargets, p: float, n_rows: int, n_columns: int, stream: Stream, skip: Any, numbered: bool
    ) -> Iterator[Numbered]:
        """Yield the own cells of rows that are set with a probability; rows are scanned once, and not again."""
        done = 0  # synapses of the rows before
        for first, n in parts_of_rows(p, n_rows, own.size):
            given = {
                **self._autapses(skip), "n_rows": n, "first_row": first, "key": stream.key, "n_columns": n_columns,
                **gap_draws(p, n_columns)._asdict(),
            }  # fmt: skip
            key = (stream.key, first, p, n_columns, skip is None, numbered, *own.runs)
            found = self._scanned.pop(key, None)
            if found is None:
                found = self._scanned[key] = self._scan(own, given, numbered)
            size = int(found.within.sum(dtype=np.int64))
            begin = (np.cumsum(found.within, dtype=np.int64) - found.within.reshape(-1)).reshape(found.within.shape)
            rows, columns = self._room("pre", np.int32, size), self._room("post", np.int32, size)
            for (low, high), reached, to in zip(own.runs, found.reached, begin.T, strict=True):
                self._launch(
                    "draw_within", rows=rows, columns=columns, reached=reached, left=self._none, before=self._none,
                    count=self._none, total=self._none, begin=np.ascontiguousarray(to), writes=1, low=low, high=high,
                    ends=0, **given,
                )  # fmt: skip
            if size:
                yield rows, columns, found.numbers(done) if numbered else 0
            done += int(found.total.sum(dtype=np.int64))

    def _scan(self, own: OwnTargets, given: dict[str, Any], numbered: bool) -> _Scanned:
        """Count the own cells of rows, and those before each run of own columns."""
        n, runs = given["n_rows"], own.runs
        left, reached = self.memory.zeros(3 * n, np.int32), []
        before, within = np.empty((2, n, len(runs)), np.int32)
        row = [self.memory.zeros(n, np.int32) for _ in range(3)]
        for k, (low, high) in enumerate(runs):
            start, left = left, self.memory.zeros(3 * n, np.int32)
            ends = numbered and k + 1 == len(runs)
            self._launch(
                "draw_within", rows=self._none, columns=self._none, reached=start, left=left, before=row[0],
                count=row[1], total=row[2], begin=np.zeros(1, np.int64), writes=0, low=low, high=high,
                ends=int(ends), **given,
            )  # fmt: skip
            reached.append(start)
            before[:, k], within[:, k] = self.memory.host(row[0]), self.memory.host(row[1])
        return _Scanned(reached, before, within, np.array(self.memory.host(row[2])))

    def kept(self, own: OwnTargets, pre: Ids, post: Ids, first: int) -> Numbered:
        """Return those of the pairs of a block onto own targets, and their numbers."""
        n, low, mask = len(pre), own.runs[0] if len(own.runs) == 1 else (0, 0), own.mask
        count = self._room("kept count", np.int64, -(-n // compiled.PIECE))
        given = {
            "pre": pre, "post": post, "mask": self._none.view(np.uint8) if mask is None else self._moved(mask),
            "has_mask": int(mask is not None), "low": low[0], "size": low[1] - low[0], "n": n, "first": first,
        }  # fmt: skip
        none, numbers = self._none, self._room("number", np.int64, 0)
        self._launch(
            "keep_own", kept_pre=none, kept_post=none, number=numbers, count=count, begin=count, writes=0, **given
        )
        counted = self.memory.host(count)
        begin, size = np.cumsum(counted) - counted, int(counted.sum())
        found = (self._room(f"kept {name}", np.int32, size) for name in ("pre", "post"))
        kept_pre, kept_post, numbers = *found, self._room("number", np.int64, size)
        if size:
            self._launch(
                "keep_own", kept_pre=kept_pre, kept_post=kept_post, number=numbers, count=count, begin=begin, writes=1,
                **given,
            )  # fmt: skip
        return kept_pre, kept_post, numbers

    def _in_degrees(
        self, own: OwnTargets, rule: FixedInDegree, n_pre: int, n_post: int, stream: Stream, same: Keys | None
    ) -> Iterator[Numbered]:
        k, turned = rule.k, turned_keys(same)
        parts = list(own.parts(max(1, compiled.BLOCK // k)))
        drawn = self._degrees(rule, parts, n_pre, stream, self._own(rule, n_post, n_pre, turned))
        for part, (post, pre) in zip(parts, drawn, strict=True):
            runs = [np.arange(k * begin, k * end) for begin, end in part] if len(part) > 1 else []
            yield pre, post, np.concatenate(runs) if runs else k * part[0][0]
