"""A grid of cells over the neurons of two selections, which finds the targets near each source."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

import numpy as np

from gpusyn.connectivity.geometry import Places
from gpusyn.utils.typing import Array, Floats, Integers

__all__ = ["Grid", "Near", "grid_of"]

LEAST_CELLS = 4  # along a dimension; the three around a source are all of three, so fewer leave nobody out
MOST_CELLS = 1 << 20  # along a dimension, so that the number of a cell fits into 64 bits
_ROWS = 1024  # sources whose cells are looked up at a time


class Grid:
    """Cells that are no smaller than the reach, so that a pair within reach lies in one cell or in two that touch.

    Each dimension is cut into equal cells: an open one from the lowest to the highest coordinate, a periodic one from 0
    to its extent. A dimension too short for four cells is not cut. Only cells that hold targets take memory.

    Parameters
    ----------
    places : Places
        Positions of the two selections.
    counts : tuple of int
        Number of cells in each dimension.
    """

    def __init__(self, places: Places, counts: tuple[int, ...]) -> None:
        self._places, self._counts = places, counts
        self._low, self._lengths = _box(places)
        cells = self._numbers(self._coordinates(places.post))
        self._order = np.argsort(cells, kind="stable")  # targets by cell, ascending in each
        self._cells, first = np.unique(cells[self._order], return_index=True)
        self._bounds = np.append(first, len(cells)).astype(np.int64)
        self._around = list(itertools.product(*((-1, 0, 1) if count > 1 else (0,) for count in counts)))

    def near(self, rows: Integers, most: int) -> Iterator[Near]:
        """Yield the candidates of the sources `rows`, of some sources at a time.

        Parameters
        ----------
        rows : ndarray of int64, shape (n,)
            Positions of the sources in their selection.
        most : int
            Number of candidates at a time, unless those of one source are more.
        """
        for begin in range(0, len(rows), _ROWS):
            some = rows[begin : begin + _ROWS]
            starts, sizes = self._segments(some)
            ends = np.cumsum(sizes.sum(axis=1))
            at = 0
            while at < len(some):
                done = int(ends[at - 1]) if at else 0
                end = max(at + 1, int(np.searchsorted(ends, done + most, side="right")))
                yield Near(some[at:end], self._order, starts[at:end], sizes[at:end])
                at = end

    def near_all(self) -> Near:
        """Return the candidates of all sources, in the order of their positions in their selection."""
        rows = np.arange(len(self._places.pre), dtype=np.int64)
        return Near(rows, self._order, *self._segments(rows))

    def sources(self) -> Integers:
        """Return the positions of the sources that have candidates."""
        n = len(self._places.pre)
        parts = (np.arange(begin, min(begin + _ROWS, n)) for begin in range(0, n, _ROWS))
        found = [part[self._segments(part)[1].any(axis=1)] for part in parts]
        return np.concatenate([np.zeros(0, np.int64), *found])

    def _segments(self, rows: Integers) -> tuple[Integers, Integers]:
        """Return where in the order the targets of each cell around the sources start, and how many they are."""
        own = self._coordinates(self._places.pre[rows])
        cells = np.stack([self._numbers(own + np.array(step)) for step in self._around], axis=1)
        found = np.minimum(np.searchsorted(self._cells, cells), len(self._cells) - 1)
        starts = self._bounds[found]
        sizes = np.where(self._cells[found] == cells, self._bounds[found + 1] - starts, 0)
        return starts, sizes

    def _coordinates(self, points: Floats) -> Integers:
        """Return the cells of some points, one number per dimension."""
        cells = np.zeros(points.shape, dtype=np.int64)
        for k, count in enumerate(self._counts):
            if count > 1:
                periodic = self._places.extent is not None
                along = np.mod(points[:, k], self._lengths[k]) if periodic else points[:, k] - self._low[k]
                cells[:, k] = np.minimum(np.floor(along / (self._lengths[k] / count)), count - 1)
        return cells

    def _numbers(self, cells: Integers) -> Integers:
        """Return one number for each cell; -1 for a cell outside an open space."""
        number = np.zeros(len(cells), dtype=np.int64)
        outside = np.zeros(len(cells), dtype=bool)
        for k, count in enumerate(self._counts):
            if self._places.extent is None:
                outside |= (cells[:, k] < 0) | (cells[:, k] >= count)
            number = number * count + np.mod(cells[:, k], count)
        return np.where(outside, -1, number)


class Near:
    """The candidates of some sources: the targets in the cell of each and in those that touch it, cell by cell.

    Attributes
    ----------
    rows : ndarray of int64, shape (n,)
        Positions of the sources.
    lengths : ndarray of int64, shape (n,)
        Number of candidates of each source.
    """

    def __init__(self, rows: Integers, order: Array, starts: Integers, sizes: Integers) -> None:
        self.rows, self._order = rows, order
        self.lengths: Integers = sizes.sum(axis=1)
        self._ends = np.cumsum(sizes)
        self._shift = starts.ravel() - (self._ends - sizes.ravel())
        self._first = np.cumsum(self.lengths) - self.lengths

    def pairs(self) -> tuple[Integers, Integers]:
        """Return all candidates: index into `rows`, and place in the list of that source."""
        index = np.repeat(np.arange(len(self.rows)), self.lengths)
        return index, np.arange(len(index)) - self._first[index]

    def targets(self, index: Integers, place: Integers) -> Integers:
        """Return the targets at places in the lists of the sources ``rows[index]``."""
        at = self._first[index] + place
        return np.asarray(self._order[at + self._shift[np.searchsorted(self._ends, at, side="right")]])


def grid_of(places: Places) -> Grid | None:
    """Return a grid over two selections; None if it would leave out no pair, as when the reach is long or infinite."""
    if not len(places.pre) or not len(places.post) or math.isinf(places.reach):
        return None
    least = places.widest_gap(places.reach)
    ratios = [length / least for length in _box(places)[1].tolist()]
    counts = tuple(int(min(ratio, MOST_CELLS)) if ratio >= LEAST_CELLS else 1 for ratio in ratios)
    return Grid(places, counts) if max(counts) > 1 else None


def _box(places: Places) -> tuple[Floats, Floats]:
    """Return the lowest coordinates of a space, and its lengths."""
    low = np.minimum(places.pre.min(axis=0), places.post.min(axis=0))
    if places.extent is not None:
        return np.zeros_like(low), np.array(places.extent)
    return low, np.maximum(places.pre.max(axis=0), places.post.max(axis=0)) - low
