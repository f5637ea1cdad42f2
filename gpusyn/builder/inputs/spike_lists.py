"""Spikes that are given as lists of times."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from gpusyn.builder.layout import Layout
from gpusyn.builder.notes import Note
from gpusyn.builder.places import PlacedPopulation
from gpusyn.neurons.sources import Source
from gpusyn.parameters.grid import rounded_steps, rounding_shift
from gpusyn.utils.typing import Array, Bools, Floats, Integers


class ListedSpikes(NamedTuple):
    """The spikes of one population: the source's id, the time (ms) and the step of each spike."""

    source: Array
    time: Array
    on_grid: Array


class NewLists(NamedTuple):
    """Lists of times (ms) that replace those of some sources of a population, given by their local ids."""

    ids: Integers
    lists: tuple[Floats, ...]


class SpikeLists:
    """The listed spikes of a layout, sorted by step and source.

    Attributes
    ----------
    exist : bool
        True if any population has lists.
    step : ndarray of int64, shape (n,)
        Step of each event: the step that ends at the spike's time.
    source : ndarray of int32, shape (n,)
        Number of the source of each event.
    events : ndarray of int32, shape (n,)
        Number of spikes of the source in that step.
    found : dict of str to ListedSpikes
        The spikes of each population as they were listed, also those that are over.
    """

    def __init__(self, layout: Layout, models: Mapping[str, Source]) -> None:
        self.layout = layout
        places = layout.sources("advance_lists")
        self._set({p.population.name: _listed(p, models[p.population.name], layout.dt) for p in places}, 0)

    def _set(self, found: dict[str, ListedSpikes], now: int) -> None:
        """Merge the spikes of all populations that come after step `now`."""
        self.found, self.exist = found, bool(found)
        step = np.concatenate([s.on_grid - 1 for s in found.values()] or [np.zeros(0, np.int64)])
        source = np.concatenate([s.source for s in found.values()] or [np.zeros(0, np.int64)])
        here = np.concatenate([self._here(name, s.source) for name, s in found.items()] or [np.zeros(0, bool)])
        coming = np.flatnonzero((step >= now) & here)
        order = coming[np.lexsort((source[coming], step[coming]))]
        step, source = step[order], source[order]
        first = np.flatnonzero(np.diff(step, prepend=-1) | np.diff(source, prepend=-1))  # of equal ones
        senders, source = self.layout.senders, source[first]
        numbers = source if senders is None else senders.numbers(source)[0]
        self.step, self.source = step[first], numbers.astype(np.int32)
        self.events = np.diff(first, append=len(step)).astype(np.int32)
        self.source.flags.writeable = self.events.flags.writeable = False

    def _here(self, population: str, source: Array) -> Bools:
        """Return which sources, given by their ids, are simulated here."""
        if self.layout.share is None:
            return np.ones(len(source), bool)
        return self.layout.share.owns(population, source.astype(np.int64) - self.layout.populations[population].id)

    def replaced(self, new: Mapping[str, list[NewLists]], now: int) -> SpikeLists:
        """Return the spikes after step `now` with new lists of some sources, by the names of their populations."""
        changed, found = copy.copy(self), dict(self.found)
        for name, parts in new.items():
            for part in parts:
                source = self.layout.populations[name].id + part.ids
                kept = np.flatnonzero(~np.isin(found[name].source, source))
                own = _rounded(source, part.lists, self.layout.dt, now)
                pairs = zip(found[name], own, strict=True)
                found[name] = ListedSpikes(*(np.concatenate([old[kept], more]) for old, more in pairs))
        changed._set(found, now)
        return changed

    def restored(self, population: str, spikes: ListedSpikes, now: int) -> SpikeLists:
        """Return the spikes after step `now`, those of one population as they were in `found` before."""
        changed = copy.copy(self)
        changed._set({**self.found, population: spikes}, now)
        return changed

    def begin(self, start: int, steps: int) -> Array:
        """Return the bounds of the events of each of `steps` steps from `start` on."""
        return np.searchsorted(self.step, start + np.arange(steps + 1)).astype(np.int64)

    def arrays(self) -> dict[str, Array]:
        """Return the tables by name."""
        return {"listed_id": self.source, "listed_events": self.events}


def _listed(place: PlacedPopulation, model: Any, dt: float) -> ListedSpikes:
    """Return the spikes of a population that has lists."""
    lists = model.times if isinstance(model.times, tuple) else (model.times,) * place.size
    return _rounded(place.id + np.arange(place.size), lists, dt, 0)


def _rounded(source: Array, lists: tuple[Floats, ...], dt: float, now: int) -> ListedSpikes:
    """Return the spikes of each source, each at the nearest step after `now`."""
    time = np.concatenate([np.zeros(0), *lists])
    return ListedSpikes(np.repeat(source, [len(t) for t in lists]), time, rounded_steps(time, dt, low=now + 1))


def rounded_times(layout: Layout) -> list[Note]:
    """Return a note on spike times that are off the time grid, if there are any."""
    found = [_listed(place, place.population.model, layout.dt) for place in layout.sources("advance_lists")]
    shifts = np.concatenate([rounding_shift(spikes.time, layout.dt) for spikes in found] or [np.zeros(0)])
    moved = int(np.count_nonzero(shifts))
    if not moved:
        return []
    rounded = f"rounded to {layout.dt:g} ms, by at most {shifts.max():.3g} ms"
    return [Note("", "", f"{moved} input spike times", rounded)]
