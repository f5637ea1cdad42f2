"""Homeostatic scaling in numpy (``kernels/scale_weights.cu``)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gpusyn.equations.coefficients import Number
from gpusyn.numerics.portable_math import expm1
from gpusyn.utils.typing import Array


class ScalingCoefficients(NamedTuple):
    """Numbers of a scaling: `share` is what a spike adds to r/rate, and `gain` the interval over the time constant."""

    share: Number
    gain: Number


def growth_of(trace: Array, rest: Array, c: ScalingCoefficients) -> Array:
    """Return the part of themselves by which weights grow, from the trace of spikes and what is left of the first r."""
    one = trace.dtype.type(1)
    growth: Array = expm1(c.gain * (one - (trace * c.share + rest)))
    return growth


def scaled(weight: Array, growth: Array, w_max: int) -> Array:
    """Return stored weights that have grown by parts of themselves, rounded half away from zero."""
    half = growth.dtype.type(0.5)
    change = weight.astype(growth.dtype) * growth
    change = np.where(change < 0, change - half, change + half).astype(weight.dtype)
    new: Array = np.maximum(weight + np.minimum(change, weight.dtype.type(w_max) - weight), weight.dtype.type(0))
    return new
