"""The time grid of a circuit: which times must lie on it, and where input times go that do not."""

from __future__ import annotations

import math

import numpy as np

from gpusyn.parameters.grid import off_grid
from gpusyn.parameters.scalars import whole_steps_array
from gpusyn.utils.typing import Floats

__all__ = ["check_grid", "next_steps"]


def check_grid(times: Floats, dt: float, where: str, *, low: int = 1) -> None:
    """Refuse times that are not multiples of `dt`; if dt itself could not be read (NaN), say nothing more."""
    if not math.isnan(dt):
        whole_steps_array(times, dt, where, low=low)


def next_steps(times: Floats, dt: float) -> Floats:
    """Return the times of the steps at or behind input times, the first step at least, as NEST's ``precise_times``.

    >>> next_steps(np.array([0.0, 0.3, 0.31, 0.39]), 0.1).round(9)
    array([0.1, 0.3, 0.4, 0.4])
    """
    steps = np.where(off_grid(times, dt), np.ceil(times / dt), np.rint(times / dt))
    return np.maximum(steps, 1.0) * dt
