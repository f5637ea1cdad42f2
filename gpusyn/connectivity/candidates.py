"""The pairs of neurons that may be connected because they are near each other: drawn one by one, or all of them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gpusyn.connectivity.geometry import Places
from gpusyn.connectivity.grid import grid_of
from gpusyn.numerics.rng import Stream
from gpusyn.numerics.sampling import multiply_shift
from gpusyn.utils.typing import Integers

__all__ = ["Candidates"]


class Candidates:
    """The candidates of each source: the targets near it, or all.

    Parameters
    ----------
    places : Places
        Positions of the two selections.

    Attributes
    ----------
    number : int
        Number of pairs.
    """

    def __init__(self, places: Places) -> None:
        self._n_pre, self._n_post = len(places.pre), len(places.post)
        grid = grid_of(places)
        self._near = None if grid is None else grid.near_all()
        self._lengths = np.full(self._n_pre, self._n_post) if self._near is None else self._near.lengths
        self._longest = int(self._lengths.max(initial=0))
        self.number = int(self._lengths.sum())

    def drawn(self, stream: Stream, number: Integers) -> tuple[Integers, Integers]:
        """Return the pairs of some numbers in a sequence, each drawn from all candidates with equal probability.

        Some draws give no pair: they are left out, with a post of -1.
        """
        words = stream.words(number, 0)
        pre = multiply_shift(words[0], words[1], self._n_pre)
        place = multiply_shift(words[2], words[3], self._longest)
        inside = place < self._lengths[pre]  # a source with few candidates is drawn less often
        post = np.full(len(pre), -1, dtype=np.int64)
        post[inside] = self._targets(pre[inside], place[inside])
        return pre, post

    def _targets(self, pre: Integers, place: Integers) -> Integers:
        return place if self._near is None else self._near.targets(pre, place)

    def blocks(self, most: int) -> Iterator[tuple[Integers, Integers]]:
        """Yield all pairs, about `most` at a time unless those of one source are more."""
        ends, begin = np.cumsum(self._lengths), 0
        while begin < self._n_pre:
            done = int(ends[begin - 1]) if begin else 0
            end = max(begin + 1, int(np.searchsorted(ends, done + most, side="right")))
            pre = np.repeat(np.arange(begin, end, dtype=np.int64), self._lengths[begin:end])
            lengths = self._lengths[begin:end]
            place = np.arange(len(pre)) - np.repeat(ends[begin:end] - lengths - done, lengths)
            yield pre, self._targets(pre, place)
            begin = end
