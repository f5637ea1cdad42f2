"""Draws of a fixed number of different pairs, each set of so many equally likely."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from gpusyn.connectivity.base import BLOCK, DrawingBytes, Ids
from gpusyn.connectivity.free_pairs import drawn_cells
from gpusyn.numerics.rng import Stream
from gpusyn.numerics.sampling import draws_needed, first_distinct
from gpusyn.utils.typing import Bools, Integers

__all__ = ["Allowed", "DistinctPairs", "drawn_pairs"]

Allowed = Callable[[Ids, Ids], Bools]  # which of some pairs can be drawn, given as positions in the two selections

_DRAWN = 30  # bytes of a pair while those that occur again are found
_AGAIN = 20  # and of each that does
_PAIR = 8  # bytes of a pair that was found


@dataclass(frozen=True)
class DistinctPairs:
    """The first `n` different pairs of a sequence of draws; those to leave out are drawn if they are fewer.

    Attributes
    ----------
    n : int
        Number of pairs, at most `possible`.
    possible : int
        Number of pairs that can be drawn.
    n_pre, n_post : int
        Sizes of the two selections.
    allowed : callable, optional
        Which pairs can be drawn; by default all.
    """

    n: int
    possible: int
    n_pre: int
    n_post: int
    allowed: Allowed | None = None

    def blocks(self, stream: Stream) -> Iterator[tuple[Ids, Ids]]:
        """Yield the pairs in consecutive blocks."""
        if self.n:
            pair = self._cells(stream)
            for start in range(0, self.n, BLOCK):
                yield np.divmod(pair[start : start + BLOCK], self.n_post)

    def drawing_bytes(self) -> DrawingBytes:
        """Return the bytes of the pairs that are drawn at once to find distinct ones."""
        if not self.n:
            return DrawingBytes(0, 0)
        draws = self._draws
        finding = _DRAWN * draws + _AGAIN * max(draws - self._wanted, 0)
        every = self.n_pre * self.n_post if self._leaves_out else 0  # a byte for each pair
        return DrawingBytes(max(finding, (_PAIR + 1) * draws + every + _PAIR * self.n), _PAIR * self.n)

    @property
    def _leaves_out(self) -> bool:
        """True if the pairs to leave out are drawn, which are fewer."""
        return 2 * self.n > self.possible

    @property
    def _wanted(self) -> int:
        """Number of distinct pairs to draw."""
        return self.possible - self.n if self._leaves_out else self.n

    @property
    def _draws(self) -> int:
        """A number of pairs that almost surely has as many distinct ones; some may not be allowed."""
        return draws_needed(self._wanted, self.possible) * self.n_pre * self.n_post // self.possible

    def _cells(self, stream: Stream) -> Integers:
        """Return the pairs, pre * n_post + post."""
        n_draws, chosen = self._draws, None
        while chosen is None:
            drawn = drawn_pairs(stream, 0, n_draws, self.n_pre, self.n_post, self.allowed)
            chosen = first_distinct(drawn[None, :], np.array([self._wanted]))
            n_draws *= 2
        if not self._leaves_out:
            kept: Integers = drawn[chosen[0]]
            return kept
        left = np.ones(self.n_pre * self.n_post, dtype=np.bool_)
        if self.allowed is not None:
            for first in range(0, len(left), BLOCK):
                cells = np.arange(first, min(first + BLOCK, len(left)))
                left[first : first + BLOCK] = self.allowed(*np.divmod(cells, self.n_post))
        left[drawn[chosen[0]]] = False
        return np.flatnonzero(left)


def drawn_pairs(
    stream: Stream, start: int, count: int, n_pre: int, n_post: int, allowed: Allowed | None = None
) -> Integers:
    """Return a part of a sequence of pairs, pre * n_post + post (-1: one that is not allowed)."""
    pair = drawn_cells(stream, start, count, n_pre, n_post)
    if allowed is None:
        return pair
    for first in range(0, count, BLOCK):
        part = pair[first : first + BLOCK]
        part[~allowed(*np.divmod(part, n_post))] = -1
    return pair
