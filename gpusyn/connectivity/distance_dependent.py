"""The rule that connects by distance."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import KW_ONLY, dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from gpusyn.connectivity.base import (
    BLOCK,
    Ids,
    Keys,
    Pairs,
    Rule,
    autapse_positions,
    tail_bound,
    taken_cells,
    without_autapses,
)
from gpusyn.connectivity.candidates import Candidates
from gpusyn.connectivity.fixed_probability import FixedProbability
from gpusyn.connectivity.free_pairs import free_among, is_taken, lowest, ranks
from gpusyn.connectivity.geometry import Places, checked_boundary, given_places, places_of
from gpusyn.connectivity.grid import Grid, grid_of
from gpusyn.errors import ParameterError
from gpusyn.numerics import portable_math
from gpusyn.numerics.rng import Stream, uniform53
from gpusyn.numerics.sampling import bernoulli_lists
from gpusyn.parameters.scalars import flag, one_of, public, real
from gpusyn.utils.typing import Bools, Floats, Integers

__all__ = ["DistanceDependent"]


PROFILES = ("gaussian", "exponential", "step")
_ACCEPT = 1  # block of the random words that accept pairs; block 0 draws the pairs
_LEAST = 2.0**-54  # no uniform number is smaller
_MOST_PAIRS = 1 << 22  # up to this many pairs the expected number is a sum over all; beyond, over some of the rows
_FEW_ROWS = 1024  # so many tell how many candidates a source has
_GOLDEN = 0.6180339887498949  # steps of this fraction visit rows evenly, whatever lattice the neurons form
_UNIT = 1 << 30  # probabilities are summed as integers of this unit


@public
@dataclass(frozen=True)
class DistanceDependent(Rule):
    """Each pair of neurons is connected with a probability that decreases with distance, independently of the others.

    Distances are between the `positions` of the populations, in their unit. A pair at distance d is connected with
    probability ``p * f(d)``: f = exp(-d**2 / (2 sigma**2)) for ``"gaussian"``, f = exp(-d / sigma) for
    ``"exponential"``, and for ``"step"`` f is 1 up to sigma and 0 beyond.

    Parameters
    ----------
    p : float
        Probability at distance 0, 0 to 1. A pair has at most one synapse; there are no multapses.
    sigma : float
        Width of the profile, in the unit of the positions, > 0.
    profile : {"gaussian", "exponential", "step"}
        Shape of the profile.
    max_distance : float, optional
        Distance beyond which no pair is connected, > 0.
    boundary : {"open", "periodic"}
        With ``"periodic"``, space repeats itself after `extent`, and the distance is that of the nearest image.
    extent : float or sequence of float, optional
        Length after which space repeats itself, one for all dimensions or one per dimension; for a periodic boundary.
    autapses : bool
        If False, no neuron contacts itself; the other synapses stay the same.
    positions : pair of array_like, shapes (n_pre, 1 to 3) and (n_post, 1 to 3), optional
        Positions of the two selections, instead of those of the populations.

    Raises
    ------
    ArgumentError
        If an argument has the wrong type, or `extent` is given without a periodic boundary or is missing with one.
    ParameterError
        If a value is out of range, or an array has the wrong shape.
    UnknownNameError
        If the profile or the boundary is unknown.

    Notes
    -----
    Pairs are drawn as by :class:`FixedProbability` with the largest probability `p`. Each drawn pair is then kept with
    probability f, according to one uniform number that belongs to the pair. A connection therefore depends on the
    positions of its two neurons alone. The time that drawing takes is proportional to p times the number of pairs.

    If the reach (`max_distance`, or the `sigma` of a step) is less than a quarter of the space in some dimension, pairs
    are drawn only among the candidates of each source. Space is cut into cells no smaller than the reach. The
    candidates are the targets in the cell of the source and in those that touch it: at most 3 cells on a line, 9 in a
    plane and 27 in a volume. The time is then proportional to p times the number of candidates, and a connection also
    depends on which targets are candidates of its source.

    Synapses are created by presynaptic neuron, and those of one neuron by postsynaptic neuron.

    Examples
    --------
    >>> import numpy as np
    >>> from gpusyn.numerics.rng import Stream, StreamPurpose, stream_key
    >>> line = np.arange(1000.0)[:, None]
    >>> rule = DistanceDependent(0.5, sigma=10.0, boundary="periodic", extent=1000.0, positions=(line, line))
    >>> pre, post = rule.draw(1000, 1000, Stream(stream_key(1, StreamPurpose.CONNECT, "E->E")))
    >>> len(pre), round(rule.expected(1000, 1000)), int(np.median(np.abs(pre - post)))
    (12435, 12533, 7)
    """

    p: float
    _: KW_ONLY
    sigma: float
    profile: str = "gaussian"
    max_distance: float | None = None
    boundary: str = "open"
    extent: float | tuple[float, ...] | None = None
    autapses: bool = True
    positions: Any = field(default=None, repr=False)

    def __post_init__(self) -> None:
        name = "DistanceDependent"
        keep: dict[str, Any] = {
            "p": real(self.p, f"{name}.p", low=0.0, high=1.0),
            "sigma": real(self.sigma, f"{name}.sigma", above=0.0),
            "profile": one_of(self.profile, PROFILES, f"{name}.profile"),
            "autapses": flag(self.autapses, f"{name}.autapses"),
        }
        if self.max_distance is not None:
            keep["max_distance"] = real(self.max_distance, f"{name}.max_distance", above=0.0)
        period = checked_boundary(self.boundary, self.extent, name)
        if period is not None:
            keep["extent"] = period[0] if len(period) == 1 else period
        for key, value in keep.items():
            object.__setattr__(self, key, value)
        places = self.positions
        if isinstance(places, Places):
            places = places.pre, places.post
        object.__setattr__(self, "positions", given_places(places, period, f"{name}.positions", self._reach))

    def bind(self, pre: Any, post: Any, where: str) -> DistanceDependent:
        """Return the rule with the positions of two selections, unless it already has positions.

        Raises
        ------
        ParameterError
            If a population has no positions, or the dimensions differ.
        """
        if self.positions is not None:
            return self
        period = checked_boundary(self.boundary, self.extent, where)
        return replace(self, positions=places_of(pre, post, period, f"{where}: DistanceDependent", self._reach))

    @property
    def exact(self) -> bool:
        """True if p is 0, so that no pair is ever connected."""
        return self.p == 0.0

    @property
    def _reach(self) -> float:
        """Longest distance at which a pair can be connected."""
        reach = self.sigma if self.profile == "step" else math.inf
        return reach if self.max_distance is None else min(reach, self.max_distance)

    @property
    def _places(self) -> Places:
        if isinstance(self.positions, Places):
            return self.positions
        raise ParameterError(
            "DistanceDependent: has no positions; give the populations positions=, or the rule positions=(pre, post)"
        )

    def share(self, distance: Floats) -> Floats:
        """Return the profile f: the connection probability relative to `p`, 1 at distance 0.

        Parameters
        ----------
        distance : ndarray of float64
            Distances, in the unit of the positions.

        Returns
        -------
        ndarray of float64
            Values of f, of the same shape.
        """
        if self.profile == "step":
            found = np.where(distance <= self.sigma, 1.0, 0.0)
        else:
            x = distance / self.sigma
            found = portable_math.exp(-0.5 * (x * x) if self.profile == "gaussian" else -x)
        if self.max_distance is not None:
            found = np.where(distance <= self.max_distance, found, 0.0)
        return np.asarray(found)

    def check(self, n_pre: int, n_post: int, where: str, same: Keys | None = None) -> None:
        """Check that the rule has the positions of these selections."""
        places = self._places
        if (len(places.pre), len(places.post)) != (n_pre, n_post):
            raise ParameterError(
                f"{where}: DistanceDependent has positions of {len(places.pre)} and {len(places.post)} neurons, "
                f"and the selections have {n_pre} and {n_post}; give positions of the neurons selected"
            )

    def expected(self, n_pre: int, n_post: int, same: Keys | None = None) -> float:
        """Return the expected number of synapses; if there are millions of pairs, estimate it from some of the rows."""
        total = self._total
        if not self.autapses and same is not None:
            own = autapse_positions(n_pre, n_post, same)
            if own is not None:
                rows = np.flatnonzero(own >= 0)
                total -= float(self.share(self._places.distance(rows, own[rows])).sum())
        return self.p * max(total, 0.0)

    @cached_property
    def _total(self) -> float:
        """Return the sum of f over all pairs."""
        places = self._places
        n_pre, n_post = len(places.pre), len(places.post)
        grid = grid_of(places)
        if grid is not None:
            return self._total_near(grid, n_pre)
        rows = _spread(n_pre, _MOST_PAIRS // max(n_post, 1))
        every = np.arange(n_post, dtype=np.int64)
        sums = [float(self.share(places.distance(row, every)).sum()) for row in rows]
        return sum(sums) * (n_pre / len(rows)) if sums else 0.0

    def _total_near(self, grid: Grid, n_pre: int) -> float:
        """Return the sum of f over the candidates of a grid."""
        some = _spread(n_pre, _FEW_ROWS)
        each = sum(int(near.lengths.sum()) for near in grid.near(some, _MOST_PAIRS)) / len(some)
        rows = _spread(n_pre, int(_MOST_PAIRS / max(each, 1.0)))
        total = 0.0
        for near in grid.near(rows, BLOCK):
            index, place = near.pairs()
            distance = self._places.distance(near.rows[index], near.targets(index, place))
            total += float(self.share(distance).sum())
        return total * (n_pre / len(rows))

    def max_in_degree(self, n_pre: int, n_post: int) -> int:
        """Return a number that any target exceeds with probability < 1e-15.

        It is Chernoff's bound, which for unequal probabilities holds with their mean (Hoeffding 1956), and at most the
        number of sources within reach.
        """
        return self._most

    @cached_property
    def _most(self) -> int:
        places = self._places
        n_pre, n_post = len(places.pre), len(places.post)
        if self.p == 0.0 or not n_pre or not n_post:
            return 0

        def weigh(distance: Floats) -> tuple[Integers, Integers]:
            found, near = np.zeros(distance.shape), distance <= self._reach
            found[near] = self.share(distance[near])
            rounded = np.where(found > 0, np.ceil(found * _UNIT) + 1, 0)  # up, and once more for the rounding of exp
            return (found > 0).astype(np.int64), rounded.astype(np.int64)

        within, total = places.densest(weigh)
        mean = self.p * (total / _UNIT)
        return min(within, tail_bound(n_pre, min(mean / n_pre, 1.0), n_post))

    def blocks(self, n_pre: int, n_post: int, stream: Stream, same: Keys | None = None) -> Iterator[tuple[Ids, Ids]]:
        """Yield the synapses in consecutive blocks of rows."""
        grid = grid_of(self._places)
        if grid is None or self.p < 1e-300:  # counts as 0, as for FixedProbability
            drawn = FixedProbability(self.p, autapses=self.autapses).blocks(n_pre, n_post, stream, same)
        else:
            own = None if self.autapses else autapse_positions(n_pre, n_post, same)
            drawn = without_autapses(own, self._near(grid, n_pre, stream))
        for pre, post in drawn:
            keep = self._kept(stream, pre, post, self.share(self._places.distance(pre, post)))
            if grid is None:
                yield pre[keep], post[keep]
            else:
                yield np.divmod(np.sort(pre[keep] * n_post + post[keep]), n_post)

    def _near(self, grid: Grid, n_pre: int, stream: Stream) -> Iterator[tuple[Ids, Ids]]:
        """Yield pairs that are drawn among the candidates of a grid, each with probability `p`."""
        for near in grid.near(np.arange(n_pre, dtype=np.int64), int(min(BLOCK / self.p, 2.0**62))):
            if self.p < 1.0:
                row, place = bernoulli_lists(stream, near.rows, near.lengths, self.p)
                index = row - near.rows[0]
            else:
                index, place = near.pairs()
            yield near.rows[index], near.targets(index, place)

    def rewire(
        self, kept: Pairs, deleted: Pairs, n_pre: int, n_post: int, stream: Stream, same: Keys | None = None
    ) -> tuple[Ids, Ids]:
        """Draw new synapses one after the other, from the pairs that are not connected, in proportion to f."""
        taken = taken_cells(*kept, n_pre, n_post, same, autapses=self.autapses)
        wanted, near = len(deleted.pre), Candidates(self._places)
        drawn, cells, found = 0, np.zeros(0, np.int64), None
        more = round((1.2 * wanted + 16) * near.number / max(self._total, 1.0))
        while found is None and drawn <= 4 * near.number:
            cells = np.concatenate([cells, *self._proposed(near, stream, drawn, drawn + more)])
            found = free_among(cells, wanted, taken)
            drawn, more = drawn + more, drawn + more
        return np.divmod(self._ranked(near, stream, wanted, taken) if found is None else found, n_post)

    def rewired_in_degree(self, n_pre: int, n_post: int) -> int:
        """Return the number of sources: no pair has two synapses."""
        return n_pre

    def _proposed(self, near: Candidates, stream: Stream, start: int, stop: int) -> Iterator[Integers]:
        """Yield a part of a sequence of pairs, pre * n_post + post, that are drawn in proportion to f."""
        n_post = len(self._places.post)
        for first in range(start, stop, BLOCK):
            number = np.arange(first, min(first + BLOCK, stop))
            pre, post = near.drawn(stream, number)
            some = np.flatnonzero(post >= 0)
            pre, post = pre[some], post[some]
            words = stream.words(number[some], 0, _ACCEPT)
            kept = uniform53(words[0], words[1]) < self.share(self._places.distance(pre, post))
            yield pre[kept] * n_post + post[kept]

    def _ranked(self, near: Candidates, stream: Stream, wanted: int, taken: Integers) -> Integers:
        """Return free pairs as if drawn one after the other in proportion to f, where few are left.

        They are those with the shortest of times that are exponential with the rate f (Efraimidis & Spirakis 2006).
        """
        n_post = len(self._places.post)
        time, cells = np.zeros(0), np.zeros(0, np.int64)
        for pre, post in near.blocks(BLOCK):
            share, cell = self.share(self._places.distance(pre, post)), pre * n_post + post
            free = (share > _LEAST) & ~is_taken(cell, taken)
            waits = -portable_math.log(ranks(stream, cell[free], 0)) / share[free]
            time, cells = np.concatenate([time, waits]), np.concatenate([cells, cell[free]])
            first = lowest(time, wanted)
            time, cells = time[first], cells[first]
        return cells

    @staticmethod
    def _kept(stream: Stream, pre: Ids, post: Ids, share: Floats) -> Bools:
        """Return a mask of the pairs that are kept; draw a number only for a pair that is not certain."""
        keep = share >= 1.0
        open_ = np.flatnonzero((share > _LEAST) & ~keep)
        words = stream.words(pre[open_], post[open_], _ACCEPT)
        keep[open_] = uniform53(words[0], words[1]) < share[open_]
        return np.asarray(keep)


def _spread(n_rows: int, count: int) -> Integers:
    """Return `count` rows, at least one, spread evenly over all of them; every row if they are no more."""
    count = max(1, count)
    if count >= n_rows:
        return np.arange(n_rows, dtype=np.int64)
    rows: Integers = np.floor(np.mod((np.arange(count) + 0.5) * _GOLDEN, 1.0) * n_rows).astype(np.int64)
    return rows
