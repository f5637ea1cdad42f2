"""Spikes that are given as lists of times."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from gpusyn.builder.layout import Layout
from gpusyn.builder.notes import Note
from gpusyn.parameters.grid import rounded_steps, rounding_shift
from gpusyn.utils.typing import Array


class ListedSpikes(NamedTuple):
    """The spikes of one population: the source's id, the time (ms) and the step of each spike."""

    source: Array
    time: Array
    on_grid: Array


class SpikeLists:
    """The listed spikes of a layout, sorted by step and source.

    Attributes
    ----------
    exist : bool
        True if any population has lists.
    step : ndarray of int64, shape (n,)
        Step of each event: the step that ends at the spike's time.
    source : ndarray of int32, shape (n,)
        Id of the source of each event.
    events : ndarray of int32, shape (n,)
        Number of spikes of the source in that step.
    """

    def __init__(self, layout: Layout) -> None:
        found = list(_listed(layout))
        self.exist = bool(found)
        step = np.concatenate([spikes.on_grid.astype(np.int64) - 1 for spikes in found] or [np.zeros(0, np.int64)])
        source = np.concatenate([spikes.source for spikes in found] or [np.zeros(0, np.int64)])
        pairs, counts = np.unique(np.stack([step, source], axis=1), axis=0, return_counts=True)
        self.step = pairs[:, 0]
        self.source, self.events = pairs[:, 1].astype(np.int32), counts.astype(np.int32)

    def begin(self, start: int, steps: int) -> Array:
        """Return the bounds of the events of each of `steps` steps from `start` on."""
        return np.searchsorted(self.step, start + np.arange(steps + 1)).astype(np.int64)

    def arrays(self) -> dict[str, Array]:
        """Return the tables by name."""
        return {"listed_id": self.source, "listed_events": self.events}


def _listed(layout: Layout) -> Iterator[ListedSpikes]:
    """Yield the spikes of each population that has lists."""
    for place in layout.sources("advance_lists"):
        times = place.population.model.times
        lists = times if isinstance(times, tuple) else (times,) * place.size
        who = np.repeat(np.arange(place.size), [len(t) for t in lists])
        when = np.concatenate([np.asarray(t, float) for t in lists]) if lists else np.zeros(0)
        yield ListedSpikes(place.source + who, when, rounded_steps(when, layout.dt, low=1))


def rounded_times(layout: Layout) -> list[Note]:
    """Return a note on spike times that are off the time grid, if there are any."""
    shifts = np.concatenate([rounding_shift(spikes.time, layout.dt) for spikes in _listed(layout)] or [np.zeros(0)])
    moved = int(np.count_nonzero(shifts))
    if not moved:
        return []
    rounded = f"rounded to {layout.dt:g} ms, by at most {shifts.max():.3g} ms"
    return [Note("", "", f"{moved} input spike times", rounded)]
