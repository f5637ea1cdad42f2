"""``kernels/poisson.cuh`` in numpy: Poisson input from outside."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from gpusyn.backends.numpy.spikes import Step
from gpusyn.kernels.records import PoissonDrive
from gpusyn.numerics.poisson import poisson_counts
from gpusyn.utils.typing import Array


def poisson_events(a: SimpleNamespace, drive: PoissonDrive, step: Step, offset: int, size: int) -> Array | None:
    """Return the Poisson events of elements `offset` to `offset + size` in one step; None outside start and stop."""
    if not drive.start <= step.now < drive.stop:
        return None
    elements = np.arange(offset, offset + size) if drive.limit_step else np.array([0])
    places = drive.limits + step.local * drive.time_step + np.arange(2 * drive.levels)[:, None] * drive.level_step
    limits = a.drive_limits[places + elements].reshape(2, drive.levels, elements.size)
    key = drive.key_high << 32 | drive.key_low
    return poisson_counts(key, offset, size, step.now, limits, drive.pieces, drive.most_events)


def add_drive(a: SimpleNamespace, drive: PoissonDrive, step: Step, offset: int, size: int, due: list[Array]) -> None:
    """Add private Poisson input to the sums that are due at the end of this step."""
    events = poisson_events(a, drive, step, offset, size)
    if events is None:
        return
    weight = a.drive_weight[drive.weight + np.arange(offset, offset + size) * drive.weight_step]
    sums = due[drive.input]
    sums += events.astype(sums.dtype) * weight.astype(sums.dtype)
