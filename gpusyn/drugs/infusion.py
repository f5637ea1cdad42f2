"""A drug that is in the bath of a whole network from one time to another."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from gpusyn.drugs.drug import Drug
from gpusyn.numerics import portable_math
from gpusyn.parameters.limits import Limits
from gpusyn.parameters.scalars import public
from gpusyn.parameters.units import as_floats
from gpusyn.parameters.waveform import SLACK
from gpusyn.utils.typing import Floats

__all__ = ["Infusion"]


@public
@dataclass(frozen=True, eq=False)
class Infusion:
    """A drug in the bath; made by :meth:`gpusyn.Network.infuse`.

    From `start` to `stop` the concentration is C (1 - exp(-(t - start)/wash_in)). From `stop` on it decays as
    exp(-(t - stop)/wash_out). A time constant of 0 makes the change instantaneous.

    Attributes
    ----------
    name : str
        Name of the infusion, unique in the network.
    drug : Drug
        Drug that is infused.
    concentration : float
        Final concentration C (uM).
    start : float
        Time at which the infusion begins (ms).
    stop : float or None
        Time at which it ends (ms); ``None``: never.
    wash_in, wash_out : float
        Time constants (ms).
    """

    _MADE_BY: ClassVar[str] = "net.infuse(drug, concentration)"

    name: str
    drug: Drug
    concentration: float
    start: float
    stop: float | None
    wash_in: float
    wash_out: float

    @public
    def sample(self, t: npt.ArrayLike) -> Floats:
        """Return the concentration at given times, which need not lie on the time grid.

        Parameters
        ----------
        t : array_like
            Times (ms), of any shape.

        Returns
        -------
        ndarray of float64
            Concentration (uM), of the shape of `t`.

        Raises
        ------
        ArgumentError
            If the times are not numbers.
        ParameterError
            If a time is not finite.
        """
        at = as_floats(t, "Infusion.sample().t", "ms", "must be times in ms", copy=False)
        Limits("ms").check(at.reshape(-1), "Infusion.sample().t")
        stop = np.inf if self.stop is None else self.stop
        found = self.concentration * _approach(np.minimum(at, stop) - self.start, self.wash_in)
        if self.stop is not None:
            found = found * _left(at - stop, self.wash_out)
        out: Floats = found
        return out


def _approach(elapsed: Floats, tau: float) -> Floats:
    """Return 1 - exp(-elapsed/tau) from time 0 on, and 0 before."""
    if tau < SLACK:
        return np.where(elapsed >= -SLACK, 1.0, 0.0)
    rise: Floats = 0.0 - portable_math.expm1(-np.maximum(elapsed, 0.0) / tau)
    return rise


def _left(elapsed: Floats, tau: float) -> Floats:
    """Return exp(-elapsed/tau) from time 0 on, and 1 before."""
    if tau < SLACK:
        return np.where(elapsed >= -SLACK, 0.0, 1.0)
    fall: Floats = portable_math.exp(-np.maximum(elapsed, 0.0) / tau)
    return fall


def concentrations(infusions: Iterable[Infusion], t: npt.ArrayLike) -> dict[Drug, Floats]:
    """Return the concentration (uM) of each drug at times `t` (ms).

    Several infusions of one drug add up in the order of their creation.
    """
    found: dict[Drug, Floats] = {}
    for infusion in infusions:
        more = infusion.sample(t)
        found[infusion.drug] = found[infusion.drug] + more if infusion.drug in found else more
    return found
