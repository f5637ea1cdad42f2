"""Currents that fluctuate, in numpy (``kernels/noise.cuh``).

What is kept of a neuron is a standard normal number x: its current is mean + std x. White noise replaces x by another;
the Ornstein-Uhlenbeck process moves it, so that it stays a standard normal number. Either begins with a number of its
own, so x is stationary from the start, and parameters may change at any time. Operations have the order of the kernels,
because the order determines the bits.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from gpusyn.equations.coefficients import Number
from gpusyn.numerics.portable_math import expm1, flush
from gpusyn.utils.typing import Array


class NoiseCoefficients(NamedTuple):
    """The part of x that is `lost` in a step, the factor of the `fresh` number, mean and std of the current (pA)."""

    lost: Number
    fresh: Number
    mean: Number
    std: Number


def noise_coefficients(dt: float, mean: Any, std: Any, tau: Any = None) -> NoiseCoefficients:
    """Return the coefficients of a step; without `tau`, those of white noise."""
    if tau is None:
        return NoiseCoefficients(1.0, 1.0, mean, std)
    steps = dt / np.asarray(tau, np.float64)
    return NoiseCoefficients(-expm1(-steps), np.sqrt(-expm1(-2.0 * steps)), mean, std)


def moved(x: Array, fresh: Array, c: NoiseCoefficients, anew: bool) -> Array:
    """Return x after a step with a fresh standard normal number, which takes its place if it is drawn `anew`."""
    found: Array = flush(fresh if anew else x + (c.fresh * fresh - c.lost * x))
    return found


def added(current: Array, x: Array, c: NoiseCoefficients) -> Array:
    """Return a current with that of the noise."""
    found: Array = flush(current + (c.mean + c.std * x))
    return found
