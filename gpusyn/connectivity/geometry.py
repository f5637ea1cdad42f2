"""Positions of the neurons of two selections: their distances, and a bound on the number of sources near a target."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np

from gpusyn.errors import ArgumentError, ParameterError
from gpusyn.parameters.limits import Limits
from gpusyn.parameters.scalars import frozen, one_of, show
from gpusyn.parameters.units import as_floats
from gpusyn.utils.immutable import Immutable
from gpusyn.utils.typing import Floats, Integers

__all__ = ["Places", "checked_boundary", "given_places", "length_of", "places_of"]

Extent = tuple[float, ...]

SOURCE_CELLS, TARGET_CELLS = 1024, 4096  # upper limits for bounds; the work is their product
_SHRINK = 1 - 1e-9  # applied to distances that rounding must not make too long


class Places(Immutable):
    """Coordinates of the neurons of two selections, in an open space or on a torus.

    Two objects are equal if all their numbers are equal.

    Attributes
    ----------
    pre, post : ndarray, shapes (n_pre, dimensions) and (n_post, dimensions)
        Coordinates, in the order of the selections.
    extent : tuple of float, or None
        Length of each dimension after which space repeats itself; ``None``: an open space.
    reach : float
        Distance beyond which no pair is of interest.
    """

    pre: Floats
    post: Floats
    extent: Extent | None
    reach: float

    def __init__(self, pre: Any, post: Any, extent: Extent | None, where: str, reach: float = math.inf) -> None:
        first, second = _coordinates(pre, f"{where}: pre"), _coordinates(post, f"{where}: post")
        dimensions = first.shape[1]
        if second.shape[1] != dimensions:
            raise ParameterError(
                f"{where}: the two selections must lie in the same space "
                f"(got positions of {dimensions} and {second.shape[1]} dimensions)"
            )
        if extent is not None and len(extent) not in (1, dimensions):
            raise ParameterError(
                f"{where}: extent must be one length, or {dimensions}, one per dimension (got {len(extent)})"
            )
        lengths = extent * (dimensions // len(extent)) if extent else None
        self._set(pre=first, post=second, extent=lengths, reach=reach)

    @property
    def dimensions(self) -> int:
        """Number of dimensions of the space."""
        return int(self.pre.shape[1])

    def along(self, pre: Any, post: Any) -> Iterator[Floats]:
        """Yield the way from neurons to others, which are given by their positions in the selections, by dimension."""
        for k in range(self.dimensions):
            yield self._shortest(self.post[post, k] - self.pre[pre, k], k)

    def distance(self, pre: Any, post: Any) -> Floats:
        """Return the distances between pairs of neurons, which are given by their positions in the selections."""
        return length_of(self.along(pre, post))

    def farthest(self) -> float:
        """Return a length that no distance of interest exceeds."""
        total = 0.0
        for k in range(self.pre.shape[1]):
            both = np.concatenate([self.pre[:, k], self.post[:, k]])
            span = float(both.max() - both.min()) if both.size else 0.0
            if self.extent is not None:
                span = min(span, self.extent[k] / 2)
            total += span * span
        return min(float(np.sqrt(total)) / _SHRINK, self.reach)

    def densest(self, weigh: Callable[[Floats], tuple[Integers, ...]]) -> list[int]:
        """Return bounds on the sums, over all sources, of what `weigh` gives for their distance from any one target.

        `weigh` must return arrays of non-negative integers that do not increase with distance. Neurons that are close
        together count as if all were at the nearest place, which limits the work for any number of neurons. Sums of
        integers are the same on every machine.
        """
        source = cells_of(self.pre, SOURCE_CELLS)
        same = np.array_equal(self.pre, self.post)
        target = cells_of(self.post, TARGET_CELLS, source if same else None)
        count = np.diff(source.bounds)
        (low, high), (lowest, highest) = source.boxes(self.pre), target.boxes(self.post)
        slack = self._slack()
        largest: list[int] = []
        for first in range(0, len(lowest), 64):
            from_, to = lowest[first : first + 64], highest[first : first + 64]
            total: Any = 0.0
            for k in range(self.pre.shape[1]):
                apart = (from_[:, None, k] + to[:, None, k]) / 2 - (low[None, :, k] + high[None, :, k]) / 2
                reach = (to[:, None, k] - from_[:, None, k]) / 2 + (high[None, :, k] - low[None, :, k]) / 2
                gap = np.maximum(np.abs(self._shortest(apart, k)) * _SHRINK - reach - slack, 0.0)
                total = total + gap * gap
            sums = [int((each * count).sum(axis=1).max()) for each in weigh(np.asarray(np.sqrt(total) * _SHRINK))]
            largest = [max(pair) for pair in zip(largest, sums, strict=True)] if largest else sums
        return largest

    def widest_gap(self, distance: float) -> float:
        """Return a length that no two coordinates of a pair at this distance exceed, whatever was rounded."""
        return distance / _SHRINK + self._slack()

    def _slack(self) -> float:
        """Return a bound on what rounding does to differences of coordinates; there must be neurons."""
        return 1e-12 * max(float(np.abs(self.pre).max()), float(np.abs(self.post).max()))

    def _shortest(self, along: Any, k: int) -> Any:
        """Return the differences in coordinate `k` to the nearest image."""
        if self.extent is None:
            return along
        return along - self.extent[k] * np.rint(along / self.extent[k])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Places):
            return NotImplemented
        same = np.array_equal(self.pre, other.pre) and np.array_equal(self.post, other.post)
        return same and (self.extent, self.reach) == (other.extent, other.reach)

    def __hash__(self) -> int:
        return hash((self.pre.tobytes(), self.post.tobytes(), self.extent, self.reach))

    def __repr__(self) -> str:
        return f"Places({len(self.pre)} and {len(self.post)} neurons in {self.pre.shape[1]} dimensions)"


def length_of(along: Iterable[Floats]) -> Floats:
    """Return the lengths of ways, which are given by dimension."""
    total: Any = 0.0
    for part in along:
        total = total + part * part
    return np.asarray(np.sqrt(total))


def places_of(pre: Any, post: Any, extent: Extent | None, where: str, reach: float = math.inf) -> Places:
    """Return the places of two selections from the positions of their populations.

    Raises
    ------
    ParameterError
        If a population has no positions, or the dimensions differ.
    """
    return Places(_gathered(pre, where), _gathered(post, where), extent, where, reach)


def given_places(positions: Any, extent: Extent | None, where: str, reach: float = math.inf) -> Places | None:
    """Return positions that the user gave as places; None if there are none."""
    if positions is None or isinstance(positions, Places):
        return positions
    if not isinstance(positions, (tuple, list)) or len(positions) != 2:
        raise ArgumentError(f"{where}: must be a pair of arrays, one for pre and one for post (got {show(positions)})")
    return Places(positions[0], positions[1], extent, where, reach)


def _gathered(selection: Any, where: str) -> Floats:
    rows = []
    for population, ids in selection.parts:
        if population.positions is None:
            raise ParameterError(
                f"{where}: needs positions, and population {population.name!r} has none; "
                f"give it positions=, an array of shape ({population.size}, 1 to 3)"
            )
        rows.append(population.positions[ids])
    if len({row.shape[1] for row in rows}) > 1:
        raise ParameterError(f"{where}: the populations of {selection.name} have positions of different dimensions")
    return np.concatenate(rows)


def checked_boundary(boundary: Any, extent: Any, where: str) -> Extent | None:
    """Return the lengths after which space repeats itself; ``None`` for an open boundary."""
    if one_of(boundary, ("open", "periodic"), f"{where}.boundary") == "open":
        if extent is not None:
            raise ArgumentError(f"{where}.extent: is only for boundary='periodic' (got {show(extent)})")
        return None
    if extent is None:
        raise ArgumentError(f"{where}: boundary='periodic' needs extent=, the length after which space repeats itself")
    lengths = np.atleast_1d(as_floats(extent, f"{where}.extent", "", "must be a length, or one per dimension"))
    if lengths.ndim != 1 or not 1 <= len(lengths) <= 3:
        raise ParameterError(f"{where}.extent: must be a length, or one per dimension (got {show(extent)})")
    Limits(above=0.0).check(lengths, f"{where}.extent")
    return tuple(float(length) for length in lengths)


def _coordinates(positions: Any, where: str) -> Floats:
    must = "must be an array of shape (n, 1 to 3), one row per neuron"
    if isinstance(positions, (list, tuple)):
        positions = [list(p) if isinstance(p, (list, tuple, np.ndarray)) else p for p in positions]
    array = as_floats(positions, where, "", must)
    if array.ndim != 2 or not 1 <= array.shape[1] <= 3:
        raise ParameterError(f"{where}: {must} (got shape {array.shape})")
    Limits().check(array.ravel(), where)
    return frozen(array)


class Cells(NamedTuple):
    """Groups of neighbouring points: ``order[bounds[i] : bounds[i + 1]]`` are the points of group i."""

    order: Integers
    bounds: Integers

    def boxes(self, points: Floats) -> tuple[Floats, Floats]:
        """Return the lowest and highest coordinates of each group."""
        here, begins = points[self.order], self.bounds[:-1]
        return np.minimum.reduceat(here, begins, axis=0), np.maximum.reduceat(here, begins, axis=0)

    def halved(self, points: Floats, ranks: Integers) -> Cells:
        """Return the halves of all groups that have several points, along the longest side of each."""
        sizes = np.diff(self.bounds)
        low, high = self.boxes(points)
        group = np.repeat(np.arange(len(sizes)), sizes)
        along = ranks[self.order, np.argmax(high - low, axis=1)[group]]
        order = self.order[_stable_order(group, along)]
        middle = (self.bounds[:-1] + sizes // 2)[sizes > 1]
        return Cells(order, np.sort(np.concatenate([self.bounds, middle])))


def cells_of(points: Floats, most: int, begin: Cells | None = None) -> Cells:
    """Cut points into at most `most` groups of neighbours: halve all groups repeatedly, maybe those of `begin`."""
    ranks = np.stack([np.unique(column, return_inverse=True)[1] for column in points.T], axis=1)
    cells = begin or Cells(np.arange(len(points), dtype=np.int64), np.array([0, len(points)]))
    while 2 * (len(cells.bounds) - 1) <= most and len(cells.bounds) <= len(points):
        cells = cells.halved(points, ranks)
    return cells


def _stable_order(first: Integers, second: Integers) -> Integers:
    """Return the stable order by two keys, numbers from 0 that are no larger than the number of all."""
    bits = len(first).bit_length()
    if 3 * bits > 63:
        return np.lexsort((second, first))
    both = (first << 2 * bits) + (second << bits) + np.arange(len(first))  # numpy sorts numbers sooner than places
    both.sort()
    order: Integers = both & ((1 << bits) - 1)
    return order
