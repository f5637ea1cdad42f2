"""A function of distance that a user gives: it is called with arrays, and what it returns is checked."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from gpusyn.errors import ArgumentError, ParameterError
from gpusyn.parameters.scalars import show
from gpusyn.utils.immutable import Immutable
from gpusyn.utils.typing import Floats

__all__ = ["DistanceFunction"]


class DistanceFunction(Immutable):
    """A function of distance, whose values must lie between two numbers.

    Parameters
    ----------
    function : callable
        Function that takes an array of distances and returns one number for each.
    where : str
        Place of the function, for messages.
    low, high : float
        Smallest and largest value that it may return.
    move : str
        Advice for a user whose function returns another one.

    Raises
    ------
    ArgumentError
        If it cannot be called. When it is called: if it raises an error, or returns no numbers.
    ParameterError
        When it is called: if a value is out of range or not finite.
    """

    function: Callable[[Floats], Any]
    where: str
    low: float
    high: float
    move: str

    def __init__(self, function: Any, where: str, low: float, high: float, move: str) -> None:
        if not callable(function) or isinstance(function, type):
            raise ArgumentError(
                f"{where}: must be a function of an array of distances, such as lambda d: np.exp(-d / 100.0) "
                f"(got {show(function)})"
            )
        self._set(function=function, where=where, low=low, high=high, move=move)

    def __call__(self, distance: Floats) -> Floats:
        """Return the values at an array of distances."""
        if not distance.size:
            return np.zeros(distance.shape)
        try:
            given = np.asarray(self.function(distance.copy()))
        except Exception as error:  # whatever the function of a user raises
            raise ArgumentError(
                f"{self.where}: {self!r} raised {type(error).__name__} ({' '.join(str(error).split())[:200]}) for an "
                f"array of {distance.size} distances; return one number for each of them, with numpy's functions "
                "(np.where in place of if)"
            ) from error
        if given.dtype.kind not in "biuf" or given.shape not in ((), distance.shape):
            raise ArgumentError(
                f"{self.where}: {self!r} must return an array of {distance.size} numbers, one for each distance "
                f"(got {show(given)})"
            )
        found = np.broadcast_to(given.astype(np.float64), distance.shape)
        good = (found >= self.low) & (found <= self.high) & np.isfinite(found)
        if not good.all():
            at = int(np.flatnonzero(~good)[0])
            raise ParameterError(
                f"{self.where}: {self!r} must return {self._allowed()} "
                f"(got {found.flat[at]:.10g} at distance {distance.flat[at]:.10g}); {self.move}"
            )
        return found

    def _allowed(self) -> str:
        limits = [f">= {self.low:g}"] * (self.low > -math.inf) + [f"<= {self.high:g}"] * (self.high < math.inf)
        return " ".join(["finite numbers", " and ".join(limits)]).strip()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, DistanceFunction):
            return NotImplemented
        return self.function == other.function and (self.low, self.high) == (other.low, other.high)

    def __hash__(self) -> int:
        return hash((self.low, self.high))

    def __repr__(self) -> str:
        return str(getattr(self.function, "__name__", None) or type(self.function).__name__)
