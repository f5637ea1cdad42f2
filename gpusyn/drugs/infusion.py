"""A drug in the bath of a whole network, from one time to another."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gpusyn.drugs.drug import Drug
from gpusyn.numerics import portable_math
from gpusyn.parameters.scalars import public
from gpusyn.parameters.waveform import SLACK
from gpusyn.utils.typing import Floats

__all__ = ["Infusion"]


@dataclass(frozen=True, eq=False)
class Infusion:
    """A drug in the bath; made by :meth:`gpusyn.Network.infuse`.

    From `start` on the concentration is C (1 - exp(-(t - start)/wash_in)); from `stop` on it falls from what it was
    then as exp(-(t - stop)/wash_out). A time constant of 0 means at once.

    Attributes
    ----------
    name : str
        Unique in the network.
    drug : Drug
        What is infused.
    concentration : float
        Final concentration C (uM).
    start, stop : float
        When it flows (ms); a stop of ``None`` is never.
    wash_in, wash_out : float
        Time constants (ms).
    """

    name: str
    drug: Drug
    concentration: float
    start: float
    stop: float | None
    wash_in: float
    wash_out: float

    @public
    def sample(self, t: npt.ArrayLike) -> Floats:
        """Return the concentration (uM) at times `t` (ms, any shape); it does not depend on the grid."""
        at = np.asarray(t, dtype=np.float64)
        stop = np.inf if self.stop is None else self.stop
        found = self.concentration * _approach(np.minimum(at, stop) - self.start, self.wash_in)
        if self.stop is not None:
            found = found * _left(at - stop, self.wash_out)
        out: Floats = found
        return out


def _approach(elapsed: Floats, tau: float) -> Floats:
    """1 - exp(-elapsed/tau) from time 0 on, and 0 before."""
    if tau < SLACK:
        return np.where(elapsed >= -SLACK, 1.0, 0.0)
    rise: Floats = 0.0 - portable_math.expm1(-np.maximum(elapsed, 0.0) / tau)
    return rise


def _left(elapsed: Floats, tau: float) -> Floats:
    """exp(-elapsed/tau) from time 0 on, and 1 before."""
    if tau < SLACK:
        return np.where(elapsed >= -SLACK, 0.0, 1.0)
    fall: Floats = portable_math.exp(-np.maximum(elapsed, 0.0) / tau)
    return fall


def concentrations(infusions: Iterable[Infusion], t: npt.ArrayLike) -> dict[Drug, Floats]:
    """Concentration (uM) of each drug at times `t` (ms); several infusions of one drug add, in order of creation."""
    found: dict[Drug, Floats] = {}
    for infusion in infusions:
        more = infusion.sample(t)
        found[infusion.drug] = found[infusion.drug] + more if infusion.drug in found else more
    return found
