"""The rule that connects by distance."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import KW_ONLY, dataclass, field, fields, replace
from functools import cached_property
from typing import Any, ClassVar

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
from gpusyn.connectivity.distance_function import DistanceFunction
from gpusyn.connectivity.fixed_probability import FixedProbability
from gpusyn.connectivity.free_pairs import free_among, is_taken, lowest, ranks
from gpusyn.connectivity.geometry import Places, checked_boundary, given_places, length_of, places_of
from gpusyn.connectivity.grid import Grid, grid_of
from gpusyn.connectivity.masks import Mask
from gpusyn.errors import ArgumentError, ParameterError
from gpusyn.numerics import portable_math
from gpusyn.numerics.rng import Stream, uniform53
from gpusyn.numerics.sampling import bernoulli_lists
from gpusyn.parameters.scalars import flag, instance, one_of, public, real
from gpusyn.utils.typing import Bools, Floats, Integers

__all__ = ["DistanceDependent"]


PROFILES = ("gaussian", "exponential", "step")
_ACCEPT = 1  # block of the random words that accept pairs; block 0 draws the pairs
_LEAST = 2.0**-54  # no uniform number is smaller
_MOST_PAIRS = 1 << 22  # up to this many pairs the expected number is a sum over all; beyond, over some of the rows
_FEW_ROWS = 1024  # so many tell how many candidates a source has
_GOLDEN = 0.6180339887498949  # steps of this fraction visit rows evenly, whatever lattice the neurons form
_MOST_COUNTED = 1 << 24  # up to this many candidates, each is looked at for the bound on the in-degree
_UNIT = 1 << 30  # probabilities are summed as integers of this unit


@public
@dataclass(frozen=True)
class DistanceDependent(Rule):
    """Each pair of neurons is connected with a probability that depends on distance, independently of the others.

    Distances are between the `positions` of the populations, in their unit. A pair at distance d is connected with
    probability ``p * f(d)``: f = exp(-d**2 / (2 sigma**2)) for ``"gaussian"``, f = exp(-d / sigma) for
    ``"exponential"``, and for ``"step"`` f is 1 up to sigma and 0 beyond. A `kernel` is an f of your own; without it
    and without `sigma`, f is 1 as far as `mask` and `max_distance` go.

    Parameters
    ----------
    p : float
        Largest probability, 0 to 1. A pair has at most one synapse; there are no multapses.
    sigma : float, optional
        Width of the profile, in the unit of the positions, > 0.
    profile : {"gaussian", "exponential", "step"}, optional
        Shape of the profile; gaussian by default.
    kernel : callable, optional
        Function that takes an array of distances and returns f, 0 to 1, for each of them; in place of `sigma`.
    mask : Rectangle, Annulus or Ellipse, optional
        Region around each presynaptic neuron outside which no neuron is contacted.
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
        If an argument has the wrong type, `extent` is given without a periodic boundary or is missing with one, or it
        is not said what the probability depends on. When it is connected: if the kernel raises an error, or does not
        return one number for each distance.
    ParameterError
        If a value is out of range, or an array has the wrong shape. When it is connected: if the mask is for other
        dimensions or larger than space, or a value of the kernel is out of range.
    UnknownNameError
        If the profile or the boundary is unknown.

    Notes
    -----
    Pairs are drawn as by :class:`FixedProbability` with the largest probability `p`. Each drawn pair is then kept with
    probability f, according to one uniform number that belongs to the pair. A connection therefore depends on the
    positions of its two neurons alone. The time that drawing takes is proportional to p times the number of pairs.

    If the reach (of the mask, `max_distance`, or the `sigma` of a step) is less than a quarter of the space in some
    dimension, pairs are drawn only among the candidates of each source. Space is cut into cells no smaller than the
    reach. The candidates are the targets in the cell of the source and in those that touch it: at most 3 cells on a
    line, 9 in a plane and 27 in a volume. The time is then proportional to p times the number of candidates, and a
    connection also depends on which targets are candidates of its source.

    A kernel is called with the distances of pairs that are drawn and lie in the mask, in any order and number. Give the
    largest probability as `p` and let the kernel begin at 1, and give `max_distance`, or every pair must be looked at.
    The synapses are the same on every backend; on other machines only if the kernel's values are the same to the last
    bit. From many millions of pairs on, its sums are planned as if f were 1.

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

    Neurons on each side, but not the nearest, and a cosine of distance:

    >>> from gpusyn import Annulus
    >>> ring = DistanceDependent(0.5, mask=Annulus(5.0, 25.0), positions=(line, line))
    >>> wave = DistanceDependent(0.2, kernel=lambda d: (1 + np.cos(d / 10.0)) / 2, max_distance=90.0)
    """

    UNORDERED: ClassVar[str] = "each"

    p: float = 1.0
    _: KW_ONLY
    sigma: float | None = None
    profile: str | None = None
    kernel: Any = None
    mask: Mask | None = None
    max_distance: float | None = None
    boundary: str = "open"
    extent: float | tuple[float, ...] | None = None
    autapses: bool = True
    positions: Any = field(default=None, repr=False)

    def __post_init__(self) -> None:
        name = "DistanceDependent"
        keep: dict[str, Any] = {
            "p": real(self.p, f"{name}.p", low=0.0, high=1.0),
            "autapses": flag(self.autapses, f"{name}.autapses"),
            **self._shape(name),
        }
        if self.mask is not None:
            instance(self.mask, Mask, f"{name}.mask", "a mask (gs.Rectangle, gs.Annulus, gs.Ellipse)")
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

    def __repr__(self) -> str:
        given = ((each.name, getattr(self, each.name)) for each in fields(self) if each.repr)
        return f"DistanceDependent({', '.join(f'{name}={value!r}' for name, value in given if value is not None)})"

    def _shape(self, name: str) -> dict[str, Any]:
        """Return what f depends on: a profile and its width, or a kernel, or neither."""
        if self.sigma is not None:
            if self.kernel is not None:
                raise ArgumentError(f"{name}: takes sigma= or kernel= (got both); a kernel has a width of its own")
            profile = one_of("gaussian" if self.profile is None else self.profile, PROFILES, f"{name}.profile")
            return {"sigma": real(self.sigma, f"{name}.sigma", above=0.0), "profile": profile}
        if self.profile is not None:
            one_of(self.profile, PROFILES, f"{name}.profile")
            raise ArgumentError(f"{name}: profile={self.profile!r} needs sigma=, its width in the unit of positions")
        if self.kernel is not None:
            placed = isinstance(self.kernel, DistanceFunction)
            return {"kernel": self.kernel if placed else _kernel(self.kernel, f"{name}.kernel")}
        if self.mask is None and self.max_distance is None:
            raise ArgumentError(
                f"{name}: needs sigma=, the width of a profile, or kernel=, a function of distance, or mask= or "
                "max_distance= (got none of them); without distance, use FixedProbability(p)"
            )
        return {}

    def bind(self, pre: Any, post: Any, where: str) -> DistanceDependent:
        """Return the rule with the positions of two selections, unless it already has positions.

        Raises
        ------
        ParameterError
            If a population has no positions, or the dimensions differ.
        """
        name, rule = f"{where}: DistanceDependent", self
        if self.kernel is not None:
            rule = replace(rule, kernel=_kernel(self.kernel.function, f"{name}.kernel"))
        if self.positions is not None:
            return rule
        period = checked_boundary(self.boundary, self.extent, where)
        return replace(rule, positions=places_of(pre, post, period, name, self._reach))

    @property
    def exact(self) -> bool:
        """True if p is 0, so that no pair is ever connected."""
        return self.p == 0.0

    @property
    def _reach(self) -> float:
        """Longest distance at which a pair can be connected."""
        width = self.sigma if self.profile == "step" else None
        reach = None if self.mask is None else self.mask.reach / (1 - 1e-9)  # whatever was rounded
        return min([math.inf, *(each for each in (width, reach, self.max_distance) if each is not None)])

    @property
    def _places(self) -> Places:
        if isinstance(self.positions, Places):
            return self.positions
        raise ParameterError(
            "DistanceDependent: has no positions; give the populations positions=, or the rule positions=(pre, post)"
        )

    def share(self, distance: Floats) -> Floats:
        """Return f as far as it depends on distance alone: the connection probability relative to `p`.

        Parameters
        ----------
        distance : ndarray of float64
            Distances, in the unit of the positions.

        Returns
        -------
        ndarray of float64
            Values of f, of the same shape.
        """
        if self.kernel is not None:
            found = np.zeros(distance.shape)
            near = distance <= (math.inf if self.max_distance is None else self.max_distance)
            found[near] = self.kernel(distance[near])
            return found
        if self.sigma is None:
            found = np.ones(distance.shape)
        elif self.profile == "step":
            found = np.where(distance <= self.sigma, 1.0, 0.0)
        else:
            x = distance / self.sigma
            found = portable_math.exp(-0.5 * (x * x) if self.profile == "gaussian" else -x)
        if self.max_distance is not None:
            found = np.where(distance <= self.max_distance, found, 0.0)
        return np.asarray(found)

    def between(self, pre: Any, post: Any) -> Floats:
        """Return f of pairs of neurons, which is 0 outside the mask.

        Parameters
        ----------
        pre, post : ndarray of int, shape (n,)
            Positions of the neurons in the two selections.

        Returns
        -------
        ndarray of float64, shape (n,)
            Connection probabilities relative to `p`.
        """
        places = self._places
        if self.mask is None:
            return self.share(places.distance(pre, post))
        along = list(places.along(pre, post))
        inside = self.mask.contains(along)
        found = np.zeros(inside.shape)
        found[inside] = self.share(length_of(along)[inside])
        return found

    def check(self, n_pre: int, n_post: int, where: str, same: Keys | None = None) -> None:
        """Check that the rule has the positions of these selections, its mask, and some values of its kernel."""
        places = self._places
        if self.mask is not None:
            self.mask.check(places.dimensions, places.extent, f"{where}: DistanceDependent.mask")
        if (len(places.pre), len(places.post)) != (n_pre, n_post):
            raise ParameterError(
                f"{where}: DistanceDependent has positions of {len(places.pre)} and {len(places.post)} neurons, "
                f"and the selections have {n_pre} and {n_post}; give positions of the neurons selected"
            )
        if self.kernel is not None:  # of a few pairs
            self.between(*np.divmod(_spread(n_pre * n_post, _FEW_ROWS), max(n_post, 1)))

    def expected(self, n_pre: int, n_post: int, same: Keys | None = None) -> float:
        """Return the expected number of synapses; if there are millions of pairs, estimate it from some of the rows."""
        total = self._total
        if not self.autapses and same is not None:
            own = autapse_positions(n_pre, n_post, same)
            if own is not None:
                rows = np.flatnonzero(own >= 0)
                total -= float(self.between(rows, own[rows]).sum())
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
        sums = [float(self.between(row, every).sum()) for row in rows]
        return sum(sums) * (n_pre / len(rows)) if sums else 0.0

    def _total_near(self, grid: Grid, n_pre: int) -> float:
        """Return the sum of f over the candidates of a grid."""
        some = _spread(n_pre, _FEW_ROWS)
        each = sum(int(near.lengths.sum()) for near in grid.near(some, _MOST_PAIRS)) / len(some)
        rows = _spread(n_pre, int(_MOST_PAIRS / max(each, 1.0)))
        total = 0.0
        for near in grid.near(rows, BLOCK):
            index, place = near.pairs()
            total += float(self.between(near.rows[index], near.targets(index, place)).sum())
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
            found[near] = 1.0 if self.kernel is not None else self.share(distance[near])
            return _counted(found)

        decreasing = self.kernel is None and self.mask is None
        near = None if decreasing else Candidates(places)
        if near is None or near.number > _MOST_COUNTED:
            within, total = places.densest(weigh)
        else:
            within, total = self._densest(near)
        mean = self.p * (total / _UNIT)
        return min(within, tail_bound(n_pre, min(mean / n_pre, 1.0), n_post))

    def _densest(self, near: Candidates) -> tuple[int, int]:
        """Return the largest number of sources of any target, and the largest sum of f in `_UNIT`."""
        sums = np.zeros((2, len(self._places.post)), np.int64)
        for pre, post in near.blocks(BLOCK):
            for row, values in zip(sums, _counted(self.between(pre, post)), strict=True):
                # Sums of whole numbers up to 2^53 are exact.
                row += np.bincount(post, values, minlength=len(row)).astype(np.int64)
        within, total = sums.max(axis=1).tolist()
        return within, total

    def blocks(self, n_pre: int, n_post: int, stream: Stream, same: Keys | None = None) -> Iterator[tuple[Ids, Ids]]:
        """Yield the synapses in consecutive blocks of rows."""
        near, pairs = self._drawn(n_pre, n_post, stream, same)
        for pre, post in pairs:
            yield self._chosen(pre, post, n_post, stream, near=near)

    def blocks_onto(
        self,
        targets: Integers,
        n_pre: int,
        n_post: int,
        stream: Stream,
        same: Keys | None = None,
        *,
        numbered: bool = True,
    ) -> Iterator[tuple[Ids, Ids, Integers]] | None:
        """Yield the synapses onto some targets, without numbers: f is not asked for others, of which it depends."""
        if numbered:
            return None
        mask = np.zeros(n_post, np.bool_)
        mask[targets] = True
        near, pairs = self._drawn(n_pre, n_post, stream, same)
        own = ((pre[mask[post]], post[mask[post]]) for pre, post in pairs)
        chosen = (self._chosen(*pair, n_post, stream, near=near) for pair in own)
        return ((pre, post, np.arange(len(pre))) for pre, post in chosen)

    def _drawn(
        self, n_pre: int, n_post: int, stream: Stream, same: Keys | None
    ) -> tuple[bool, Iterator[tuple[Ids, Ids]]]:
        """Return pairs that are drawn with probability `p`, in blocks of rows, and whether those near are tried alone.

        Then those of a row are in no order.
        """
        grid = grid_of(self._places)
        if grid is None or self.p < 1e-300:  # counts as 0, as for FixedProbability
            return False, FixedProbability(self.p, autapses=self.autapses).blocks(n_pre, n_post, stream, same)
        own = None if self.autapses else autapse_positions(n_pre, n_post, same)
        return True, without_autapses(own, self._near(grid, n_pre, stream))

    def _chosen(self, pre: Ids, post: Ids, n_post: int, stream: Stream, *, near: bool) -> tuple[Ids, Ids]:
        """Return those pairs that become synapses, in order of creation."""
        keep = self._kept(stream, pre, post, self.between(pre, post))
        if near:
            return np.divmod(np.sort(pre[keep] * n_post + post[keep]), n_post)
        return pre[keep], post[keep]

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
            kept = uniform53(words[0], words[1]) < self.between(pre, post)
            yield pre[kept] * n_post + post[kept]

    def _ranked(self, near: Candidates, stream: Stream, wanted: int, taken: Integers) -> Integers:
        """Return free pairs as if drawn one after the other in proportion to f, where few are left.

        They are those with the shortest of times that are exponential with the rate f (Efraimidis & Spirakis 2006).
        """
        n_post = len(self._places.post)
        time, cells = np.zeros(0), np.zeros(0, np.int64)
        for pre, post in near.blocks(BLOCK):
            share, cell = self.between(pre, post), pre * n_post + post
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


def _kernel(function: Any, where: str) -> DistanceFunction:
    """Return a kernel that says where it is when it returns what is no share of a probability."""
    move = "give the largest probability as p, and divide the kernel by its own largest value"
    return DistanceFunction(function, where, 0.0, 1.0, move)


def _counted(share: Floats) -> tuple[Integers, Integers]:
    """Return which values of f are above 0, as 1, and f in whole `_UNIT`, rounded up."""
    rounded = np.where(share > 0, np.ceil(share * _UNIT) + 1, 0)  # and once more for the rounding of exp
    return (share > 0).astype(np.int64), rounded.astype(np.int64)


def _spread(n_rows: int, count: int) -> Integers:
    """Return `count` rows, at least one, spread evenly over all of them; every row if they are no more."""
    count = max(1, count)
    if count >= n_rows:
        return np.arange(n_rows, dtype=np.int64)
    rows: Integers = np.floor(np.mod((np.arange(count) + 0.5) * _GOLDEN, 1.0) * n_rows).astype(np.int64)
    return rows


def sources_near(rule: DistanceDependent, post: Integers) -> Integers | None:
    """Return the positions of the sources that are near some targets, given by their positions; None: all may be."""
    places = rule._places
    grid = grid_of(Places(places.pre, places.post[post], places.extent, "DistanceDependent", places.reach))
    return None if grid is None else grid.sources()
