"""Currents of several electrodes as one."""

from __future__ import annotations

from typing import Any

import numpy as np

from gpusyn.parameters.waveform import Waveform


def added(courses: list[tuple[Waveform | float, Any]], size: int) -> Waveform | float:
    """Return the sum of courses for `size` cells, each with the places of the cells that it reaches."""
    waves = [(one, places) for one, places in courses if isinstance(one, Waveform)]
    if not waves:
        return 0.0
    times = np.unique(np.concatenate([one.times for one, _ in waves]))
    everyone = all(len(places) == size for _, places in waves)
    total = np.zeros((len(times), 1 if everyone else size))
    for one, places in waves:
        total[:, slice(None) if everyone else places] += one.sample(times)[:, None]
    return Waveform(times, total[:, 0] if everyone else total)
