"""The list of spikes on the device: it must hold the spikes of a chunk, and those that are still on their way."""

from __future__ import annotations

from typing import Any

import numpy as np

from gpusyn.backends.base import Session
from gpusyn.builder.compile import Compiled
from gpusyn.builder.rows.event_driven import ages
from gpusyn.utils.typing import Array


class SpikeList:
    """The list of spikes of a session, which begins again at its start when it is full."""

    def __init__(self, compiled: Compiled, session: Session) -> None:
        self._compiled, self._session = compiled, session
        self._oldest = max(ages(compiled.layout), default=-1) + 1  # steps for which a spike is needed
        self._sources = compiled.layout.n_sources
        self._size: int = compiled.program.specs["spike_id"].size
        self._steps: int = compiled.program.specs["spike_begin"].size

    def room(self, start: int, steps: int) -> int:
        """Return how many of `steps` steps can run from step `start` on; the list grows if it has no room for one."""
        if not self._oldest:
            return steps
        begin, total = self._total(start - self._oldest), self._total(start)
        if self._size - (total - begin) < self._sources:
            self._grow(begin, total)
        return min(steps, (self._size - (total - begin)) // max(self._sources, 1)) if self._sources else steps

    def events(self, start: int, steps: int) -> tuple[Array, Array]:
        """Return step and source of each spike of a chunk; a spike that stands for several events is repeated."""
        begin = self._session.read("spike_begin")[np.arange(start, start + steps + 1) % self._steps]
        source = self._part("spike_id", int(begin[0]), int(begin[-1]))
        events = self._part("spike_events", int(begin[0]), int(begin[-1]))
        step = np.repeat(start + 1 + np.arange(steps), np.diff(begin))
        if source.size and int(events.max()) > 1:
            return np.repeat(step, events), np.repeat(source, events)
        return step, source

    def recent(self, start: int) -> tuple[Array, Array]:
        """Return step (from 0) and source of each spike before step `start` that some synapses may still wait for."""
        first = max(start - self._oldest, 0)
        step, source = self.events(first, start - first)
        return step - 1, source

    def _total(self, step: int) -> int:
        """Return the number of spikes before a step."""
        at = max(step, 0) % self._steps
        return int(self._session.read("spike_begin", at, at + 1)[0])

    def _part(self, name: str, begin: int, end: int) -> Array:
        """Return the spikes `begin` to `end`, which may go on at the start of the list."""
        first = begin % self._size
        last = first + end - begin
        if last <= self._size:
            return self._session.read(name, first, last)
        return np.concatenate(
            [self._session.read(name, first, self._size), self._session.read(name, 0, last - self._size)]
        )

    def _grow(self, begin: int, end: int) -> None:
        """Double the list, and keep the spikes `begin` to `end`."""
        size = 2 * self._size
        arrays: dict[str, Any] = {}
        for name in ("spike_id", "spike_events"):
            arrays[name] = np.zeros(size, np.int32)
            arrays[name][np.arange(begin, end) % size] = self._part(name, begin, end)
        self._compiled.program = self._compiled.enlarged(arrays)
        self._session.rebind(self._compiled.program, arrays)
        self._size = size
