"""The time grid of a circuit: which times must lie on it, and where others go that do not."""

from __future__ import annotations

import math

import numpy as np

from gpusyn.errors import FileError
from gpusyn.kernels.synapse_words import LONGEST_DELAY
from gpusyn.parameters.grid import off_grid
from gpusyn.parameters.scalars import whole_steps_array
from gpusyn.sonata.findings import Findings
from gpusyn.utils.typing import Floats

__all__ = ["check_grid", "delays_on_steps", "lengths_on_steps", "next_steps"]


def check_grid(times: Floats, dt: float, where: str, *, low: int = 1) -> None:
    """Refuse times that are not multiples of `dt`; if dt itself could not be read (NaN), say nothing more."""
    if not math.isnan(dt):
        whole_steps_array(times, dt, where, low=low)


def delays_on_steps(delays: Floats, dt: float, where: str, findings: Findings) -> Floats:
    """Return delays at the nearest steps, the later one of two, as NEST takes them; a note says how many moved.

    >>> findings = Findings()
    >>> delays_on_steps(np.array([0.3, 1.04, 1.05, 1.15]), 0.1, "edges", findings).round(9)
    array([0.3, 1. , 1.1, 1.2])
    >>> findings.notes
    ['edges: 3 of 4 delays off the grid of dt = 0.1 ms; taken at the nearest step, as NEST does']
    """
    if math.isnan(dt):
        return delays
    off = off_grid(delays, dt)
    moved: Floats = np.where(off, np.floor(delays * (1.0 / dt) + 0.5) * dt, delays)
    short = moved < 0.5 * dt
    check_grid(np.unique(delays[short]), dt, where)  # refuses them
    if moved.max(initial=0.0) > (LONGEST_DELAY + 0.5) * dt:
        raise FileError(
            f"{where}: must be at most {LONGEST_DELAY} steps = {LONGEST_DELAY * dt:g} ms (got {moved.max():g}); "
            "correct it, or use a larger dt"
        )
    if off.any():
        findings.note(
            f"{where}: {off.sum():,} of {len(delays):,} delays off the grid of dt = {dt:g} ms; "
            "taken at the nearest step, as NEST does"
        )
    return moved


def lengths_on_steps(lengths: Floats, dt: float, where: str, findings: Findings) -> Floats:
    """Return lengths of time in whole steps, of which a part counts as one, as NEST takes them; a note says so.

    >>> findings = Findings()
    >>> lengths_on_steps(np.array([0.0, 2.0, 2.01]), 0.1, "nodes: t_ref", findings).round(9)
    array([0. , 2. , 2.1])
    >>> findings.notes
    ['nodes: t_ref: 1 of 3 off the grid of dt = 0.1 ms; taken up to the next step, as NEST does']
    """
    if math.isnan(dt) or (lengths < 0).any():
        return lengths
    off = off_grid(lengths, dt)
    if off.any():
        findings.note(
            f"{where}: {off.sum():,} of {len(lengths):,} off the grid of dt = {dt:g} ms; "
            "taken up to the next step, as NEST does"
        )
    moved: Floats = np.where(off, np.ceil(lengths / dt) * dt, lengths)
    return moved


def next_steps(times: Floats, dt: float) -> Floats:
    """Return the times of the steps at or behind input times, the first step at least, as NEST's ``precise_times``.

    >>> next_steps(np.array([0.0, 0.3, 0.31, 0.39]), 0.1).round(9)
    array([0.1, 0.3, 0.4, 0.4])
    """
    steps = np.where(off_grid(times, dt), np.ceil(times / dt), np.rint(times / dt))
    return np.maximum(steps, 1.0) * dt
