"""Delays that grow with distance."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, field, replace
from typing import Any

import numpy as np

from gpusyn.connectivity.base import Ids, Rule
from gpusyn.connectivity.by_distance import hold_space, space_between
from gpusyn.connectivity.geometry import Places
from gpusyn.errors import ParameterError
from gpusyn.parameters.scalars import public, real
from gpusyn.utils.typing import Floats

__all__ = ["DistanceDelay"]


@public
@dataclass(frozen=True)
class DistanceDelay:
    """A delay that increases with distance: ``offset + distance / velocity``, for ``delay=`` of a connection.

    The delay is rounded to the time grid and is at least one step. If the rule is a :class:`DistanceDependent` and no
    boundary or positions are given here, the distances of the rule are used.

    Parameters
    ----------
    velocity : float
        Conduction velocity, in the unit of the positions per ms, > 0.
    offset : float
        Delay at distance 0 (ms), >= 0, such as the delay of transmission.
    boundary : {"open", "periodic"}
        As for :class:`DistanceDependent`, if the rule is another one.
    extent : float or sequence of float, optional
        As for :class:`DistanceDependent`, if the rule is another one.
    positions : pair of array_like, shapes (n_pre, 1 to 3) and (n_post, 1 to 3), optional
        As for :class:`DistanceDependent`, if the rule is another one.

    Raises
    ------
    ArgumentError
        If an argument has the wrong type, or `extent` is given without a periodic boundary or is missing with one.
    ParameterError
        If a value is out of range, or an array has the wrong shape.
    UnknownNameError
        If the boundary is unknown.

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
        hold_space(self)

    def bind(self, pre: Any, post: Any, rule: Rule, where: str) -> DistanceDelay:
        """Return the delay with the places of two selections, unless it already has places.

        Parameters
        ----------
        pre, post : Selection
            Presynaptic and postsynaptic neurons.
        rule : Rule
            Connection rule, whose distances are used if it has distances and the delay has no places of its own.
        where : str
            Place of the projection, for the message.

        Returns
        -------
        DistanceDelay

        Raises
        ------
        ParameterError
            If it has the positions of other selections, a population has no positions, or the dimensions differ.
        """
        return replace(self, positions=space_between(self, pre, post, rule, where))

    @property
    def _places(self) -> Places:
        if isinstance(self.positions, Places):
            return self.positions
        raise ParameterError(
            "DistanceDelay: has no positions yet; give positions=, or use it in connect(), which takes the populations'"
        )

    def bounds(self) -> tuple[float, float]:
        """Return the bounds of the delays.

        Returns
        -------
        (float, float)
            Shortest and longest delay that any pair can have (ms), before they are rounded.

        Raises
        ------
        ParameterError
            If the delay has no positions yet.
        """
        return self.offset, self.offset + self._places.farthest() / self.velocity

    def between(self, pre: Ids, post: Ids) -> Floats:
        """Return the delays between pairs of neurons.

        Parameters
        ----------
        pre, post : ndarray of int, shape (n,)
            Positions of the neurons in the presynaptic and the postsynaptic selection.

        Returns
        -------
        ndarray of float64, shape (n,)
            Delays (ms), before they are rounded.

        Raises
        ------
        ParameterError
            If the delay has no positions yet.
        """
        return np.asarray(self.offset + self._places.distance(pre, post) / self.velocity)
