"""Numbers of the sources that a rank knows: its own ones, and those of others that may have synapses onto its neurons.

In one process, the number of a source is its id. On a rank, an array that has something for each source has it for
those with a number alone, so that a source that reaches no neuron of the rank costs nothing there.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gpusyn.builder.ownership import Range
from gpusyn.utils.typing import Array, Bools, Floats, Integers

RUN_BYTES = 8  # of a run of consecutive ids, of which a rank has at most one for each remote source


class Senders:
    """Ids that are numbered from 0 on in increasing order: runs of consecutive ones.

    Parameters
    ----------
    begin, end : ndarray of int64, shape (n,)
        First id of each run, and one past its last; sorted, and no two runs touch each other.

    Attributes
    ----------
    begin : ndarray of int32, shape (n,)
        First id of each run.
    number : ndarray of int32, shape (n + 1,)
        Number of this id, and the number of all ids.
    """

    def __init__(self, begin: Integers, end: Integers) -> None:
        self.begin: NDArray[np.int32] = begin.astype(np.int32)
        self.number: NDArray[np.int32] = np.concatenate([[0], np.cumsum(end - begin)]).astype(np.int32)

    @property
    def size(self) -> int:
        """How many ids have a number."""
        return int(self.number[-1])

    @property
    def nbytes(self) -> int:
        """Bytes of the runs."""
        return RUN_BYTES * len(self.begin)

    def below(self, id_: int) -> int:
        """Return how many ids that are smaller than one have a number."""
        run = int(np.searchsorted(self.begin, id_)) - 1
        if run < 0:
            return 0
        return min(int(self.number[run]) + id_ - int(self.begin[run]), int(self.number[run + 1]))

    def numbers(self, ids: Array) -> tuple[Integers, Bools]:
        """Return the numbers of some ids, and which of them have one; what the others get means nothing."""
        if not self.size:
            return np.zeros(len(ids), np.int64), np.zeros(len(ids), bool)
        run = np.searchsorted(self.begin, ids, side="right") - 1
        found = self.number[run] + (ids - self.begin[run])
        return found.astype(np.int64), (run >= 0) & (found < self.number[run + 1])

    def among(self, ids: Array) -> int:
        """Return how many of some ids have a number."""
        return int(np.count_nonzero(self.numbers(ids)[1]))

    def ids(self, numbers: Array) -> Integers:
        """Return the ids of some numbers."""
        run = np.searchsorted(self.number, numbers, side="right") - 1
        found: Integers = self.begin[run].astype(np.int64) + numbers - self.number[run]
        return found


class ExpectedSenders(Senders):
    """How many ids are expected to have a number, where it is known only when synapses are drawn.

    Parameters
    ----------
    begin, end : ndarray of int64, shape (n,)
        First id of each of consecutive pieces of all ids, and one past its last.
    part : ndarray of float64, shape (n,)
        The part of its ids that are expected to have a number; 1: all have.
    """

    def __init__(self, begin: Integers, end: Integers, part: Floats) -> None:
        count = np.rint((end - begin) * part).astype(np.int64)
        self.begin, self._part, self._end = begin.astype(np.int32), part, int(end[-1])
        self.number = np.concatenate([[0], np.cumsum(count)]).astype(np.int32)

    @property
    def nbytes(self) -> int:
        """Bytes of the runs that are expected, if sources of a piece have a number at random."""
        length = np.diff(self.begin, append=self._end)
        return RUN_BYTES * int(np.sum(length * self._part * (1.0 - self._part)) + np.count_nonzero(self._part == 1.0))

    def below(self, id_: int) -> int:
        """Return how many ids that are smaller than one are expected to have a number."""
        run = int(np.searchsorted(self.begin, id_)) - 1
        if run < 0:
            return 0
        inside = round((id_ - int(self.begin[run])) * float(self._part[run]))
        return min(int(self.number[run]) + inside, int(self.number[run + 1]))

    def among(self, ids: Array) -> int:
        """Return how many of some ids are expected to have a number."""
        return round(float(np.sum(self._part[np.searchsorted(self.begin, ids, side="right") - 1])))

    def numbers(self, ids: Array) -> tuple[Integers, Bools]:
        """Refuse: what is expected is no number."""
        raise NotImplementedError

    def ids(self, numbers: Array) -> Integers:
        """Refuse: what is expected is no number."""
        raise NotImplementedError


def joined_runs(ranges: Sequence[Range], *lists: Integers) -> tuple[Integers, Integers]:
    """Return begin and end of the runs of all ids that are in some ranges or lists."""
    pairs = np.array(ranges, np.int64).reshape(-1, 2)
    begin, end = [pairs[:, 0]], [pairs[:, 1]]
    for ids in lists:
        some = np.unique(ids)
        begin.append(some[np.flatnonzero(np.diff(some, prepend=-2) > 1)])
        end.append(some[np.flatnonzero(np.diff(some, append=np.iinfo(np.int64).max) > 1)] + 1)
    first, last = np.concatenate(begin), np.concatenate(end)
    order = np.argsort(first, kind="stable")
    first, last = first[order], np.maximum.accumulate(last[order])
    apart = np.flatnonzero(first[1:] > last[:-1])
    return first[np.append(0, apart + 1)[: len(first)]], last[np.append(apart, len(last) - 1)[: len(last)]]
