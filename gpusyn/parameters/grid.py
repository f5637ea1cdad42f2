"""The time grid: which times lie on it, and how drawn, computed and listed times are rounded to it."""

from __future__ import annotations

from typing import Any

import numpy as np

from gpusyn.utils.typing import Bools, Floats, Integers

# Distances (in steps) within which a time counts as on its step: any time, which may be the sum of a million steps, and
# at most a time with the rounding error of float32, so that its nearest step is beyond doubt.
TOLERANCE, LARGEST_TOLERANCE = 1e-4, 0.2
FLOAT32 = float(np.finfo(np.float32).eps)  # bound of the relative error of k * dt in float32


def interval(value: Any) -> Any:
    """Return an interval of which times are multiples; one in float32 is the decimal that it prints as.

    A multiple of 0.1 in float32 would be off by as many times its rounding error.

    >>> interval(np.float32(0.1)), interval(0.1)
    (0.1, 0.1)
    """
    if isinstance(value, (np.float32, np.ndarray)) and value.dtype == np.float32 and value.ndim == 0:
        return float(str(value))
    return value


def off_grid(times: Floats, dt: float) -> Bools:
    """Return a mask of the times (ms) that lie on no step of `dt`.

    A time is on the grid if it is within 1e-4 of a step. A time that float32 can hold may have come as float32, and may
    therefore also be off by float32's rounding error, 1.2e-7 of the time, as long as that is at most a fifth of a step.
    The number itself tells, so the type that held a time before it became a double need not be carried along.

    >>> off_grid(np.array([15.3, 15.25, np.float32(2000.01), 2000.0101]), 0.01)
    array([False, False, False,  True])
    """
    with np.errstate(over="ignore", invalid="ignore"):  # infinite times, and those beyond float32
        steps = np.abs(times / dt)
        held = times == times.astype(np.float32)
        distance = np.abs(steps - np.rint(steps))
    tolerance = np.where(held, np.clip(FLOAT32 * steps, TOLERANCE, LARGEST_TOLERANCE), TOLERANCE)
    # A double has 53 bits: beyond 2^40 steps, a time in ms no longer identifies a step.
    off: Bools = ~(distance <= tolerance) | (steps > 2.0**40)
    return off


def rounded_steps(times: Floats, dt: float, low: int) -> Integers:
    """Return the steps nearest to drawn, computed or listed times, each at least `low`.

    >>> rounded_steps(np.array([0.02, 0.26]), 0.1, low=1)
    array([1, 3])
    """
    return np.clip(np.rint(times / dt), low, 2.0**62).astype(np.int64)


def rounding_shift(times: Floats, dt: float) -> Floats:
    """Return by how much (ms) listed times are moved to their steps, which are at least 1; 0 for times on the grid.

    >>> rounding_shift(np.array([0.0, 0.3, 0.34]), 0.1).round(9)
    array([0.1 , 0.  , 0.04])
    """
    steps = rounded_steps(times, dt, low=1)
    return np.where(off_grid(times, dt) | (times < 0.5 * dt), np.abs(steps * dt - times), 0.0)
