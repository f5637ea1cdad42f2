"""Delays that grow with distance."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, field, replace
from typing import Any

import numpy as np

from gpusyn.connectivity.base import Ids, Rule
from gpusyn.connectivity.distance_dependent import DistanceDependent
from gpusyn.connectivity.geometry import Places, checked_boundary, given_places, places_of
from gpusyn.errors import ParameterError
from gpusyn.parameters.scalars import public, real
from gpusyn.utils.typing import Floats

__all__ = ["DistanceDelay"]


@public
@dataclass(frozen=True)
class DistanceDelay:
    """A delay that grows with distance: ``offset + distance / velocity``, for ``delay=`` of a connection.

    It is rounded to the grid, and at least one step. If the rule is a :class:`DistanceDependent` and no other
    boundary or positions are given, its distances are used.

    Parameters
    ----------
    velocity : float
        Conduction velocity, in the unit of the positions per ms.
    offset : float
        Delay at distance 0 (ms), such as that of transmission.
    boundary, extent, positions
        As for :class:`DistanceDependent`, where the rule is another one.

    Examples
    --------
    >>> import numpy as np
    >>> line = np.array([[0.0], [300.0], [900.0]])
    >>> delay = DistanceDelay(300.0, offset=0.5, positions=(line, line))  # um and um/ms: 0.3 m/s
    >>> delay.between(np.array([0, 0, 2]), np.array([0, 1, 0]))
    array([0.5, 1.5, 3.5])
    """

    velocity: float
    _: KW_ONLY
    offset: float = 0.0
    boundary: str | None = None
    extent: float | tuple[float, ...] | None = None
    positions: Any = field(default=None, repr=False)

    def __post_init__(self) -> None:
        name = "DistanceDelay"
        object.__setattr__(self, "velocity", real(self.velocity, f"{name}.velocity", above=0.0))
        object.__setattr__(self, "offset", real(self.offset, f"{name}.offset", unit="ms", low=0.0))
        period = checked_boundary(self.boundary or "open", self.extent, name)
        if period is not None:
            object.__setattr__(self, "extent", period[0] if len(period) == 1 else period)
        object.__setattr__(self, "positions", given_places(self.positions, period, f"{name}.positions"))

    def bind(self, pre: Any, post: Any, rule: Rule, where: str) -> DistanceDelay:
        """Return the delay with the places of two selections, unless it has some already.

        Raises
        ------
        ParameterError
            If it has the positions of other selections, a population has no positions, or the dimensions differ.
        """
        places = self.positions
        if places is None and self.boundary is None and isinstance(rule, DistanceDependent):
            places = rule.positions
        if places is None:
            period = checked_boundary(self.boundary or "open", self.extent, where)
            places = places_of(pre, post, period, f"{where}: DistanceDelay")
        if (len(places.pre), len(places.post)) != (pre.size, post.size):
            raise ParameterError(
                f"{where}: DistanceDelay has positions of {len(places.pre)} and {len(places.post)} neurons, and "
                f"the selections have {pre.size} and {post.size}; give positions of the neurons selected"
            )
        return replace(self, positions=places)

    @property
    def _places(self) -> Places:
        if isinstance(self.positions, Places):
            return self.positions
        raise ParameterError("DistanceDelay: has no positions yet; it gets those of the populations when connected")

    def bounds(self) -> tuple[float, float]:
        """Return the shortest and longest delay (ms) that any pair can have."""
        return self.offset, self.offset + self._places.farthest() / self.velocity

    def between(self, pre: Ids, post: Ids) -> Floats:
        """Return the delays (ms) between neurons, given by their positions in the selections."""
        return np.asarray(self.offset + self._places.distance(pre, post) / self.velocity)
