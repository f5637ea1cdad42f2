"""Distances for values of synapses that depend on them, such as delays and weights."""

from __future__ import annotations

from typing import Any, Protocol

from gpusyn.connectivity.base import Rule
from gpusyn.connectivity.distance_dependent import DistanceDependent
from gpusyn.connectivity.geometry import Places, checked_boundary, given_places, places_of
from gpusyn.errors import ParameterError

__all__ = ["ByDistance", "hold_space", "space_between"]


class ByDistance(Protocol):
    """What depends on distances: of the rule, unless it has a boundary or positions of its own."""

    @property
    def boundary(self) -> str | None:
        """How space ends, if it is not that of the rule."""

    @property
    def extent(self) -> float | tuple[float, ...] | None:
        """Length after which space repeats itself."""

    @property
    def positions(self) -> Any:
        """Positions, or places, of the two selections."""


def hold_space(one: ByDistance) -> None:
    """Check the boundary, the extent and the positions that the user gave, and keep them as they are used."""
    name = type(one).__name__
    period = checked_boundary("open" if one.boundary is None else one.boundary, one.extent, name)
    if period is not None:
        object.__setattr__(one, "extent", period[0] if len(period) == 1 else period)
    object.__setattr__(one, "positions", given_places(one.positions, period, f"{name}.positions"))


def space_between(one: ByDistance, pre: Any, post: Any, rule: Rule, where: str) -> Places:
    """Return the places of two selections: its own, those of the rule, or those of the populations.

    Raises
    ------
    ParameterError
        If it has the positions of other selections, a population has no positions, or the dimensions differ.
    """
    name, places = type(one).__name__, one.positions
    if places is None and one.boundary is None and isinstance(rule, DistanceDependent):
        places = rule.positions
    if places is None:
        period = checked_boundary("open" if one.boundary is None else one.boundary, one.extent, where)
        places = places_of(pre, post, period, f"{where}: {name}")
    if (len(places.pre), len(places.post)) != (pre.size, post.size):
        raise ParameterError(
            f"{where}: {name} has positions of {len(places.pre)} and {len(places.post)} neurons, "
            f"and the selections have {pre.size} and {post.size}; give positions of the neurons selected"
        )
    found: Places = places
    return found
