"""Weights that depend on distance."""

from __future__ import annotations

import math
from dataclasses import KW_ONLY, dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from gpusyn.connectivity.base import Ids, Rule
from gpusyn.connectivity.by_distance import hold_space, space_between
from gpusyn.connectivity.candidates import Candidates
from gpusyn.connectivity.distance_dependent import DistanceDependent
from gpusyn.connectivity.distance_function import DistanceFunction
from gpusyn.connectivity.geometry import Places
from gpusyn.errors import ParameterError
from gpusyn.numerics.rng import Stream
from gpusyn.parameters.distributions import Distribution
from gpusyn.parameters.scalars import public, real
from gpusyn.utils.typing import Bools, Floats, Integers

__all__ = ["DistanceWeight", "PlacedWeight"]

_PROBES = 4097  # distances at which the bounds are looked for
_MARGIN = 1.01  # by which the largest value may be larger between two of them
_PAIRS = 1 << 14  # pairs that stand for all


@public
@dataclass(frozen=True)
class DistanceWeight:
    """A weight that depends on distance, for ``weight=`` of a connection.

    If the rule is a :class:`DistanceDependent` and no boundary or positions are given here, the distances of the rule
    are used.

    Parameters
    ----------
    function : callable
        Function that takes an array of distances, in the unit of the positions, and returns the weight at each of them
        (nS, pA for a CurrentReceptor, mV for a DeltaReceptor).
    low, high : float, optional
        Bounds of the weights; a weight beyond them is refused. By default they are those of the function at some
        thousand distances, between 0 and the longest. The largest weight limits how finely sums are rounded.
    boundary : {"open", "periodic"}
        As for :class:`DistanceDependent`, if the rule is another one.
    extent : float or sequence of float, optional
        As for :class:`DistanceDependent`, if the rule is another one.
    positions : pair of array_like, shapes (n_pre, 1 to 3) and (n_post, 1 to 3), optional
        As for :class:`DistanceDependent`, if the rule is another one.

    Raises
    ------
    ArgumentError
        If an argument has the wrong type, or `extent` is given without a periodic boundary or is missing with one. When
        it is connected: if the function raises an error, or does not return one number for each distance.
    ParameterError
        If `low` is above `high`, or an array has the wrong shape. When it is connected: if a weight is out of range.
    UnknownNameError
        If the boundary is unknown.

    Examples
    --------
    >>> import gpusyn as gs
    >>> import numpy as np
    >>> net = gs.Network()
    >>> line = np.arange(5.0)[:, None]
    >>> cells = net.population("cells", 5, gs.LIF(), receptors=gs.AMPA(), positions=line)
    >>> weight = gs.DistanceWeight(lambda d: 2.0 * np.exp(-d / 3.0))
    >>> projection = net.connect(cells, cells[:1], gs.AllToAll(), receptor="AMPA", weight=weight)
    >>> with gs.Simulator(net, backend="numpy") as sim:
    ...     sim.weights(projection).weight.round(3)
    array([2.   , 1.433, 1.027, 0.736, 0.527])
    """

    function: Any
    _: KW_ONLY
    low: float | None = None
    high: float | None = None
    boundary: str | None = None
    extent: float | tuple[float, ...] | None = None
    positions: Any = field(default=None, repr=False)

    def __post_init__(self) -> None:
        given = self.function.function if isinstance(self.function, DistanceFunction) else self.function
        keep = {name: real(getattr(self, name), f"DistanceWeight.{name}")
                for name in ("low", "high") if getattr(self, name) is not None}  # fmt: skip
        low, high = keep.get("low", -math.inf), keep.get("high", math.inf)
        if low > high:
            raise ParameterError(f"DistanceWeight.low: must be at most high = {high:g} (got {low:g})")
        for name, value in keep.items():
            object.__setattr__(self, name, value)
        function = DistanceFunction(given, "DistanceWeight.function", low, high, "give other bounds low= and high=")
        object.__setattr__(self, "function", function)
        hold_space(self)

    def bind(self, pre: Any, post: Any, rule: Rule, where: str, *, signed: bool) -> PlacedWeight:
        """Return the weight of the synapses between two selections.

        Parameters
        ----------
        pre, post : Selection
            Presynaptic and postsynaptic neurons.
        rule : Rule
            Connection rule, whose distances are used if it has distances and the weight has no places of its own.
        where : str
            Place of the weight, for messages.
        signed : bool
            Whether it may be negative, as that of a current.

        Returns
        -------
        PlacedWeight

        Raises
        ------
        ArgumentError
            If the function raises an error, or does not return one number for each distance.
        ParameterError
            If it has the positions of other selections, a population has no positions, the dimensions differ, or a
            weight is out of range.
        """
        places = space_between(self, pre, post, rule, where)
        low = max(self.function.low, -math.inf if signed else 0.0)
        place, move = f"{where}: DistanceWeight.function", "give low= and high=, if no two neurons are at this distance"
        if not signed:
            move = f"inhibition is the receptor's E_rev and not a sign; {move}"
        function = DistanceFunction(self.function.function, place, low, self.function.high, move)
        placed = PlacedWeight(self, function, places, rule if isinstance(rule, DistanceDependent) else None)
        placed.bounds()
        return placed

    def __repr__(self) -> str:
        names = ("low", "high", "boundary", "extent")
        given = [f"{name}={getattr(self, name)!r}" for name in names if getattr(self, name) is not None]
        return f"DistanceWeight({', '.join([repr(self.function), *given])})"


@dataclass(frozen=True, repr=False)
class PlacedWeight(Distribution):
    """The weights that a DistanceWeight gives to the pairs of two selections.

    To those who plan, it is a distribution: that of the weights of some pairs.

    Parameters
    ----------
    given : DistanceWeight
        What the user gave.
    function : DistanceFunction
        Its function, with the bounds of the receptor.
    places : Places
        Positions of the two selections.
    rule : DistanceDependent or None
        Rule that says how likely pairs are; None: all alike.
    """

    given: DistanceWeight
    function: DistanceFunction
    places: Places
    rule: DistanceDependent | None

    low = high = None

    def between(self, pre: Ids, post: Ids) -> Floats:
        """Return the weights of pairs of neurons.

        Parameters
        ----------
        pre, post : ndarray of int, shape (n,)
            Positions of the neurons in the presynaptic and the postsynaptic selection.

        Returns
        -------
        ndarray of float64, shape (n,)

        Raises
        ------
        ArgumentError
            If the function raises an error, or does not return one number for each distance.
        ParameterError
            If a weight is beyond the bounds.
        """
        distance = self.places.distance(pre, post)
        found = self.function(distance)
        low, high = self.bounds()
        wrong = np.flatnonzero((found < low) | (found > high))
        if wrong.size:
            at = int(wrong[0])
            raise ParameterError(
                f"{self.function.where}: {self.function!r} returned {found[at]:.10g} at distance {distance[at]:.10g}, "
                f"and {low:.6g} to {high:.6g} at {_PROBES} others, for which sums were planned; give it low= and high="
            )
        return found

    def _whole_bounds(self) -> tuple[float, float]:
        return self._bounds

    @cached_property
    def _bounds(self) -> tuple[float, float]:
        low, high = self.given.low, self.given.high
        if low is None or high is None:
            far = self.places.farthest() if len(self._pairs[0]) else 0.0
            seen = self.function(np.concatenate([np.linspace(0.0, far, _PROBES), self.places.distance(*self._pairs)]))
            least, most = float(seen.min()), float(seen.max())
            low = least * (_MARGIN if least < 0 else 1 / _MARGIN) if low is None else low
            high = most * (_MARGIN if most > 0 else 1 / _MARGIN) if high is None else high
        return max(low, self.function.low), high

    @cached_property
    def _pairs(self) -> tuple[Integers, Integers]:
        """Some of the pairs that the rule may connect."""
        if not (len(self.places.pre) and len(self.places.post)):
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        near = Candidates(self.places if self.rule is None else self.rule.positions)
        pre, post = near.drawn(Stream(0), np.arange(_PAIRS))
        return pre[post >= 0], post[post >= 0]

    @cached_property
    def _some(self) -> tuple[Floats, Floats]:
        """Weights of some pairs, and how often each occurs, in parts of 1."""
        pre, post = self._pairs
        often = np.ones(len(pre)) if self.rule is None else self.rule.between(pre, post)
        if not often.any():  # no pair, or all of them too far apart
            return np.array(self.bounds()), np.full(2, 0.5)
        chosen = np.flatnonzero(often)
        return self.between(pre[chosen], post[chosen]), often[chosen] / often.sum()

    def _propose(self, stream: Stream, elements: Integers, attempt: Integers) -> tuple[Floats, Bools | None]:
        values, often = self._some
        at = np.searchsorted(np.cumsum(often), stream.uniform(elements, attempt))
        return values[np.minimum(at, len(values) - 1)], None

    def _nodes(self) -> tuple[Floats, Floats]:
        return self._some

    def _whole_mean(self) -> float:
        values, often = self._some
        return math.fsum((values * often).tolist())

    def __repr__(self) -> str:
        return repr(self.given)
