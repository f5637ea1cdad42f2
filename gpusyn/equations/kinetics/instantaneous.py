"""No gate at all, in numpy (``kernels/kinetics/instantaneous.cuh``): what arrives acts at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from gpusyn.equations.coefficients import Number
from gpusyn.equations.effects import Real
from gpusyn.equations.kinetics.base import Arrivals, Lumped, lumped
from gpusyn.utils.typing import Array


class InstantaneousCoefficients(NamedTuple):
    """The size of an event of weight 1."""

    jump: Number


@lumped
class Instantaneous(Lumped):
    """Nothing is left of an event in the next step; an effect that makes V jump takes what arrives."""

    C = InstantaneousCoefficients
    STATES, VALUE = 0, ()

    def average(self, x: Sequence[Array], c: InstantaneousCoefficients) -> Real:
        """Return nothing."""
        return np.zeros((), np.float32)

    def step(self, x: Sequence[Array], c: InstantaneousCoefficients, arrivals: Arrivals) -> None:
        """Do nothing."""

    def value(self, x: Sequence[Array]) -> Array:
        """Return nothing."""
        return np.zeros((), np.float32)

    def arrived(self, c: InstantaneousCoefficients, arrivals: Arrivals, real: np.dtype[np.floating]) -> Array:
        """Return what is due at the end of this step; it is taken once."""
        total: Array = c.jump * arrivals.take(0).astype(real)
        return total
