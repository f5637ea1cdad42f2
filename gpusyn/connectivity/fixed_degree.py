"""Rules in which every neuron of one side has the same number of partners."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import KW_ONLY, dataclass
from typing import ClassVar, TypeVar

import numpy as np

from gpusyn.connectivity.base import (
    BLOCK,
    Ids,
    Keys,
    Pairs,
    Rule,
    autapse_positions,
    count_autapses,
    tail_bound,
    taken_cells,
)
from gpusyn.connectivity.free_pairs import free_in_rows
from gpusyn.errors import ParameterError
from gpusyn.numerics.rng import Stream
from gpusyn.numerics.sampling import chosen_columns, draws_needed
from gpusyn.parameters.scalars import flag, integer, public
from gpusyn.utils.typing import Integers

__all__ = ["FixedInDegree", "FixedOutDegree"]

MOST_PARTNERS = 2**31 - 1  # synapses of a row: their number is a 32-bit one
T = TypeVar("T")


@dataclass(frozen=True)
class _FixedDegree(Rule):
    """Each row chooses `k` columns: rows are the neurons with the fixed degree, columns are their partners."""

    UNORDERED: ClassVar[str] = "degree"

    k: int
    _: KW_ONLY
    autapses: bool = True
    multapses: bool = True

    def __post_init__(self) -> None:
        name = type(self).__name__
        object.__setattr__(self, "k", integer(self.k, f"{name}.k", low=0, high=MOST_PARTNERS))
        object.__setattr__(self, "autapses", flag(self.autapses, f"{name}.autapses"))
        object.__setattr__(self, "multapses", flag(self.multapses, f"{name}.multapses"))

    @staticmethod
    @abstractmethod
    def _turn(pre: T, post: T) -> tuple[T, T]:
        """Turn (pre, post) into (rows, columns), or back."""

    @property
    def exact(self) -> bool:
        """Always."""
        return True

    def expected(self, n_pre: int, n_post: int, same: Keys | None = None) -> float:
        """Return the number of synapses."""
        return float(self.k * self._turn(n_pre, n_post)[0])

    def _own(self, n_pre: int, n_post: int, same: Keys | None) -> Integers | None:
        """Return for each row the column of the same neuron (-1: none); None if no autapse is to be left out."""
        if self.autapses or same is None:
            return None
        return autapse_positions(*self._turn(n_pre, n_post), self._turn(*same))

    def check(self, n_pre: int, n_post: int, where: str, same: Keys | None = None) -> None:
        """Check that each row has at least `k` partners to choose from; with multapses one is enough."""
        n_rows, n_columns = self._turn(n_pre, n_post)
        left_out = int(not self.autapses and count_autapses(n_pre, n_post, same) > 0)
        enough = self.k <= n_columns - left_out or (self.multapses and n_columns > left_out)
        if n_rows == 0 or self.k == 0 or enough:
            return
        side = "presynaptic" if self._turn("pre", "post")[1] == "pre" else "postsynaptic"
        reasons = "" if self.multapses else ", multapses=False"
        reasons += ", autapses=False" if left_out else ""
        raise ParameterError(
            f"{where}: {type(self).__name__} cannot choose k = {self.k} partners from a {side} selection "
            f"of {n_columns} neurons{reasons}; lower k or " + ("enlarge it" if self.multapses else "allow multapses")
        )

    def blocks(self, n_pre: int, n_post: int, stream: Stream, same: Keys | None = None) -> Iterator[tuple[Ids, Ids]]:
        """Yield the synapses in consecutive blocks of rows."""
        n_rows, n_columns = self._turn(n_pre, n_post)
        if self.k == 0:
            return
        own, n_block = self._own(n_pre, n_post, same), self._rows_at_once(n_columns)
        for first in range(0, n_rows, n_block):
            rows = np.arange(first, min(first + n_block, n_rows), dtype=np.int64)
            yield self._turn(*self._of(rows, own, n_columns, stream))

    def _rows_at_once(self, n_columns: int) -> int:
        """Return the number of rows of one block."""
        a_row = self.k if self.multapses else max(draws_needed(min(self.k, n_columns // 2), n_columns), self.k)
        return max(1, BLOCK // a_row)

    def _of(self, rows: Integers, own: Integers | None, n_columns: int, stream: Stream) -> tuple[Ids, Ids]:
        """Return the synapses of some rows."""
        skip = np.full(len(rows), -1, dtype=np.int64) if own is None else own[rows]
        index, column = chosen_columns(stream, rows, self.k, n_columns, skip, multapses=self.multapses)
        return rows[index], column

    def rewire(
        self, kept: Pairs, deleted: Pairs, n_pre: int, n_post: int, stream: Stream, same: Keys | None = None
    ) -> tuple[Ids, Ids]:
        """Draw for each row as many new partners as were deleted, from those that it is not connected to."""
        n_rows, n_columns = self._turn(n_pre, n_post)
        ids = None if same is None else self._turn(*same)
        taken = taken_cells(*self._turn(*kept), n_rows, n_columns, ids, autapses=self.autapses)
        rows, wanted = np.unique(self._turn(*deleted)[0], return_counts=True)
        cells = free_in_rows(stream, rows.astype(np.int64), wanted, taken, n_columns)
        return self._turn(*np.divmod(cells, n_columns))


@public
@dataclass(frozen=True)
class FixedInDegree(_FixedDegree):
    """Each postsynaptic neuron receives `k` synapses from presynaptic neurons drawn at random.

    Of a network on several ranks, each rank draws those of its own neurons alone, whatever their number.

    Parameters
    ----------
    k : int
        Synapses per target, >= 0.
    autapses : bool
        If False, no neuron contacts itself.
    multapses : bool
        If False, no source is drawn more than once for the same target.

    Raises
    ------
    ArgumentError
        If an argument has the wrong type.
    ParameterError
        If `k` is negative or above 2^31 - 1. When it is connected: if there are fewer than `k` sources to choose from.

    Examples
    --------
    >>> FixedInDegree(80, autapses=False)
    FixedInDegree(k=80, autapses=False, multapses=True)
    """

    @staticmethod
    def _turn(pre: T, post: T) -> tuple[T, T]:
        return post, pre

    def max_in_degree(self, n_pre: int, n_post: int) -> int:
        """Return k."""
        return self.k

    def blocks_onto(
        self,
        targets: Integers,
        n_pre: int,
        n_post: int,
        stream: Stream,
        same: Keys | None = None,
        *,
        numbered: bool = True,
    ) -> Iterator[tuple[Ids, Ids, Integers]]:
        """Yield the synapses onto some targets: target i has those from number k * i on."""
        if self.k == 0 or n_pre == 0:
            return
        own, n_block = self._own(n_pre, n_post, same), self._rows_at_once(n_pre)
        for first in range(0, len(targets), n_block):
            rows = targets[first : first + n_block]
            post, pre = self._of(rows, own, n_pre, stream)
            yield pre, post, (self.k * rows[:, None] + np.arange(self.k)).reshape(-1)

    def rewired_in_degree(self, n_pre: int, n_post: int) -> int:
        """Return k, too: a target gets as many new synapses as it has lost."""
        return self.k


@public
@dataclass(frozen=True)
class FixedOutDegree(_FixedDegree):
    """Each presynaptic neuron makes `k` synapses on postsynaptic neurons drawn at random.

    Of a network on several ranks, each rank draws all pairs, without weights and delays, so at most 1e10 are possible.

    Parameters
    ----------
    k : int
        Synapses per source, >= 0.
    autapses : bool
        If False, no neuron contacts itself.
    multapses : bool
        If False, no target is drawn more than once for the same source.

    Raises
    ------
    ArgumentError
        If an argument has the wrong type.
    ParameterError
        If `k` is negative or above 2^31 - 1. When it is connected: if there are fewer than `k` targets to choose from.

    Examples
    --------
    >>> FixedOutDegree(80)
    FixedOutDegree(k=80, autapses=True, multapses=True)
    """

    @staticmethod
    def _turn(pre: T, post: T) -> tuple[T, T]:
        return pre, post

    def max_in_degree(self, n_pre: int, n_post: int) -> int:
        """Return a number that any target exceeds with probability < 1e-15 (binomial)."""
        choices = max(n_post - (not self.autapses), 1)
        if self.multapses:
            return tail_bound(n_pre * self.k, 1.0 / choices, n_post)
        return tail_bound(n_pre, self.k / choices, n_post)

    def rewired_in_degree(self, n_pre: int, n_post: int) -> int:
        """Return the number of sources; and those that choose a target more than once, where that is allowed."""
        return n_pre + (self.max_in_degree(n_pre, n_post) if self.multapses else 0)
