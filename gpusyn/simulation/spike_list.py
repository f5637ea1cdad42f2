"""The list of spikes on the device: it must hold the spikes of a chunk, and those that are still on their way."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from gpusyn.backends.base import Session
from gpusyn.builder.compile import Compiled
from gpusyn.builder.plasticity.releases import release_slots
from gpusyn.builder.rows.event_driven import ages
from gpusyn.builder.specs import holds_all_spikes
from gpusyn.kernels.spec import KERNELS
from gpusyn.utils.held_signals import held_signals
from gpusyn.utils.typing import Array


class Waiting(NamedTuple):
    """Spikes that some synapses may still wait for: step (from 0), source, number of events, and what each releases."""

    step: Array
    source: Array
    events: Array
    parts: Array  # one row for each spike, one column for each slot


class SpikeList:
    """The list of spikes of a session, which begins again at its start when it is full."""

    def __init__(self, compiled: Compiled, session: Session) -> None:
        self._compiled, self._session = compiled, session
        layout = compiled.layout
        # steps for which a spike is needed
        self._oldest = max(ages([*layout.bundles, *layout.procedural]), default=-1) + 1
        #: Whether it grows while steps run, before spikes of other ranks enter it.
        self.grows = layout.share is not None and not holds_all_spikes(layout)
        self._sources = layout.n_own if self.grows else layout.n_sources  # whose spikes may enter it at any time
        self._first, self._end = 0, 0  # number of the first spike that is needed in a run, and its last step
        self._may_repeat = any(compiled.layout.sources(kernel) for kernel in KERNELS)  # neurons have one event a step
        self._slots = max(release_slots(layout).values(), default=-1) + 1  # parts of weights that a spike releases
        self._size: int = compiled.program.specs["spike_id"].size
        self._steps: int = compiled.program.specs["spike_begin"].size

    def room(self, start: int, steps: int, unread: int = 0, unknown: int = 0) -> int:
        """Return how many of `steps` steps can run from step `start` on; the list grows if it has no room for one.

        The spikes of the last `unread` steps are still to be read. Those of other ranks in the last `unknown` steps are
        still to come.
        """
        kept = max(self._oldest, unread)
        if not self.grows and self._sources * (kept + steps) <= self._size:
            return steps  # even if every source had an event in every step
        totals = self._part("spike_begin", max(start - kept, 0), start + 1, self._steps)
        begin, total = int(totals[0]), int(totals[-1])
        self._first, self._end = begin, start + steps
        needed = total - begin + (0 if self.grows else unknown * self._sources)
        while self._size - needed < self._sources:
            self._grow(max(total - self._size, 0), total)
        return min(steps, (self._size - needed) // max(self._sources, 1))

    def reserve(self, total: int, step: int) -> None:
        """Make room for spikes up to the number `total`, and for those after `step` in the steps that may run."""
        needed = total - self._first + max(self._end - step, 0) * self._sources
        if needed > self._size:
            present = int(self._session.read("spike_total")[0])
            while needed > self._size:
                self._grow(max(present - self._size, 0), present)

    def events(self, start: int, steps: int, after: object = None) -> tuple[Array, Array] | None:
        """Return step and source of each spike of a chunk, None if there is none; one of several events is repeated.

        `after` is the mark of the chunk's end, if later steps may run meanwhile.
        """
        begin = self._part("spike_begin", start, start + steps + 1, self._steps, after)
        first, last = int(begin[0]), int(begin[-1])
        if first == last:
            return None
        source = self._part("spike_id", first, last, self._size, after)
        step = np.repeat(start + 1 + np.arange(steps), np.diff(begin))
        if self._may_repeat:
            events = self._part("spike_events", first, last, self._size, after)
            if int(events.max()) > 1:
                return np.repeat(step, events), np.repeat(source, events)
        return step, source

    def waiting(self, start: int) -> Waiting:
        """Return the spikes before step `start` that some synapses may still wait for."""
        oldest = max(start - self._oldest, 0)
        begin = self._part("spike_begin", oldest, start + 1, self._steps)
        first, last = int(begin[0]), int(begin[-1])
        step = np.repeat(np.arange(oldest, start), np.diff(begin))
        source, events = (self._part(name, first, last, self._size) for name in ("spike_id", "spike_events"))
        return Waiting(step, source, events, self._parts(first, last))

    def _parts(self, first: int, last: int) -> Array:
        """Return what some spikes release, one row for each."""
        n = self._slots
        return self._part("spike_release", first * n, last * n, self._size * n).reshape(last - first, n)

    def _part(self, name: str, begin: int, end: int, size: int, after: object = None) -> Array:
        """Return the elements `begin` to `end` of an array that begins again at its start after `size` elements."""
        first = begin % size if size else 0
        last = first + end - begin
        if last <= size:
            return self._session.read(name, first, last, after)
        parts = (first, size), (0, last - size)
        return np.concatenate([self._session.read(name, *part, after) for part in parts])

    def _grow(self, begin: int, end: int) -> None:
        """Double the list, and keep the spikes `begin` to `end`."""
        kept = {name: self._part(name, begin, end, self._size) for name in ("spike_id", "spike_events")}
        self._resize(2 * self._size, begin, kept | {"spike_release": self._parts(begin, end)})

    def restore(self, waiting: Waiting, start: int) -> None:
        """Replace the list by spikes before step `start`, in the order of their steps."""
        mine = waiting.step >= start - self._oldest
        step, source, events, parts = (column[mine] for column in waiting)
        size = self._size
        while size < len(step):
            size *= 2
        arrays = {"spike_id": source, "spike_events": events, "spike_release": parts}
        if size > self._size:
            self._resize(size, 0, arrays)
        for name, array in self._resized(size, 0, arrays).items():
            self._session.write(name, array)
        steps = np.arange(max(start + 1 - self._steps, 0), start + 1)
        begin = np.zeros(self._steps, np.int64)
        begin[steps % self._steps] = np.searchsorted(step, steps)
        dtype = self._compiled.program.specs["spike_begin"].dtype
        self._session.write("spike_begin", begin.astype(dtype))
        total = self._compiled.program.specs["spike_total"]
        self._session.write("spike_total", np.full(total.shape, len(step), total.dtype))

    def _resize(self, size: int, begin: int, kept: dict[str, Array]) -> None:
        """Make the list as long as `size`, and keep the spikes from number `begin` on."""
        arrays = self._resized(size, begin, kept)
        with held_signals():
            self._compiled.program = self._compiled.enlarged(arrays)
            self._session.rebind(self._compiled.program, arrays)
            self._size = size

    def _resized(self, size: int, begin: int, kept: dict[str, Array]) -> dict[str, Any]:
        """Return the arrays of a list of `size` spikes that holds some from number `begin` on."""
        found: dict[str, Any] = {}
        for name, spikes in kept.items():
            if name != "spike_release" or self._slots:
                found[name] = np.zeros((size, *spikes.shape[1:]), spikes.dtype)
                found[name][np.arange(begin, begin + len(spikes)) % size] = spikes
        return found
