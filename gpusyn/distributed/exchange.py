"""How the ids of spikes travel: a session whose steps exchange the spikes of all ranks before any of them is due."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpusyn.backends.base import Session
from gpusyn.builder.compile import Compiled
from gpusyn.builder.layout import Layout
from gpusyn.builder.rows import row_forms
from gpusyn.builder.specs import MOST_STEPS, launched, remembers
from gpusyn.distributed.gathering import Gathered
from gpusyn.distributed.ranks import Ranks
from gpusyn.kernels.program import Program
from gpusyn.kernels.records import Clock
from gpusyn.utils.typing import Array

_LATER = ("deliver_spikes", row_forms.KERNEL)  # kernels that read a spike when the first of its synapses is due
_FEW = 64  # events that are written one by one


def first_after_spikes(layout: Layout) -> int:
    """Return the number of the first launch of a step that comes after the spikes of this step."""
    kernels = [kernel for kernel, _ in launched(layout)]
    emitting = (i for i, kernel in enumerate(kernels) if kernel == "advance_neurons" or layout.sources(kernel))
    return 1 + max(emitting, default=-1)


def window_steps(layout: Layout) -> int:
    """Return after how many steps the ranks exchange their spikes: the shortest delay, or 1.

    It is 1 where something else than delivery reads spikes: gates of sources, histories, trains, short-term plasticity.
    """
    after = launched(layout)[first_after_spikes(layout) :]
    if any(kernel not in _LATER for kernel, _ in after) or remembers(layout):
        return 1
    return min((pathway.shortest for pathway in layout.pathways), default=MOST_STEPS)


class SpreadSession:
    """A session on one of several ranks; see `gpusyn.backends.base.Session`.

    The ranks exchange their spikes every `window` steps since time 0, in the middle of a step: after its spikes, and
    before any synapse can be due that waits for them. The others' spikes enter the list of spikes in the steps in which
    they were emitted, as if the neurons were simulated here.

    Attributes
    ----------
    ranks : Ranks
        The ranks.
    gathering : Gathered
        Joins the parts of the ranks.
    window : int
        Steps between two exchanges.
    exchanges : int
        Number of exchanges so far.
    """

    def __init__(self, session: Session, compiled: Compiled, ranks: Ranks) -> None:
        self._session, self._compiled, self.ranks = session, compiled, ranks
        layout = compiled.layout
        self.window, self._cut = window_steps(layout), first_after_spikes(layout)
        self._remembers = remembers(layout)
        self._repeats = any(place.most_events > 1 for place in layout.populations.values())
        assert layout.share is not None
        self.gathering = Gathered(ranks, layout.share)
        self._next: int | None = None  # first step whose spikes are not exchanged yet
        self.exchanges = 0

    # ---- steps ----
    def run(self, steps: int, first: int = 0, end: int | None = None) -> None:
        """Run the launch list `steps` times, with the exchanges that are due."""
        now = int(self.read("clock")[Clock._fields.index("next")])
        if self._next is None:
            self._next = now
        while steps:
            to_end = self.window - now % self.window
            if steps < to_end:
                self._session.run(steps)
                return
            if to_end > 1:
                self._session.run(to_end - 1)
            self._session.run(1, 0, self._cut)
            self._exchange(now + to_end, complete=False)
            self._session.run(1, self._cut)
            now, steps = now + to_end, steps - to_end

    def finish(self, step: int) -> None:
        """Exchange the spikes before a step that are not exchanged yet, so that all ranks have the same list."""
        if self._next is not None and self._next < step:
            self._exchange(step, complete=True)

    def restart(self, step: int) -> None:
        """Go on at another step, before which all spikes are known."""
        self._next = step

    # ---- spikes ----
    def _exchange(self, end: int, complete: bool) -> None:
        """Exchange the spikes of the steps before `end`; the last of them is `complete`, or it is not yet delivered."""
        assert self._next is not None
        first, n = self._next, end - self._next
        begin = self._list("spike_begin", first, end)
        total = int(self.read("spike_total")[0])
        counts = np.diff(begin, append=total)
        ids = self._list("spike_id", int(begin[0]), total)
        mine = [counts.astype(np.int32), ids]
        if self._repeats:
            mine.append(self._list("spike_events", int(begin[0]), total))
        found = self.ranks.arrays(np.concatenate(mine))
        self._next, self.exchanges = end, self.exchanges + 1
        if sum(map(len, found)) > len(found[self.ranks.rank]) + n * (self.ranks.size - 1):
            self._merge([self._unpacked(one, n) for one in found], int(begin[0]), first, end, complete)

    def _unpacked(self, message: Array, n: int) -> tuple[Array, Array, Array]:
        """Return the step (from the first one on), the source and the number of events of each spike of a message."""
        counts, rest = message[:n], message[n:]
        size = int(counts.sum())
        events = rest[size:] if self._repeats else np.ones(size, np.int32)
        return np.repeat(np.arange(n), counts), rest[:size], events

    def _merge(self, found: list[tuple[Array, Array, Array]], begin: int, first: int, end: int, complete: bool) -> None:
        """Replace the list from place `begin`, the first spike of step `first`, on by the spikes of all ranks."""
        step, ids, events = (np.concatenate(columns) for columns in zip(*found, strict=True))
        if end - first > 1:
            order = np.argsort(step, kind="stable")
            step, ids, events = step[order], ids[order], events[order]
        self._put("spike_id", ids, begin)
        self._put("spike_events", events, begin)
        bounds = begin + np.searchsorted(step, np.arange(1, end - first + complete))
        if len(bounds):
            self._put("spike_begin", bounds, first + 1)
        total = self._spec("spike_total")
        self.write("spike_total", np.full(total.shape, begin + len(ids), total.dtype))
        if self._remembers:
            self._remember(ids, events, end - 1)

    def _remember(self, ids: Array, events: Array, step: int) -> None:
        """Note the events of a step as the last ones of their sources."""
        for name, values in (("event_step", np.full(len(ids), step)), ("event_count", events)):
            dtype = self._spec(name).dtype
            if len(ids) < _FEW:
                for source, value in zip(ids.tolist(), values.astype(dtype), strict=True):
                    self.write(name, np.full(1, value), source)
            else:
                present = self.read(name)
                present[ids] = values
                self.write(name, present)

    def _spec(self, name: str) -> Any:
        return self._compiled.program.specs[name]

    def _list(self, name: str, begin: int, end: int) -> NDArray[Any]:
        """Return the elements `begin` to `end` of an array that begins again at its start when it is full."""
        size = self._spec(name).size
        first = begin % size
        last = first + end - begin
        if last <= size:
            return self.read(name, first, last)
        return np.concatenate([self.read(name, first, size), self.read(name, 0, last - size)])

    def _put(self, name: str, values: Array, begin: int) -> None:
        """Replace elements from `begin` on of an array that begins again at its start when it is full."""
        spec = self._spec(name)
        values, first = values.astype(spec.dtype), begin % spec.size
        room = spec.size - first
        self.write(name, values[:room], first)
        if len(values) > room:
            self.write(name, values[room:], 0)

    # ---- everything else ----
    def read(self, name: str, start: int = 0, stop: int | None = None, after: object = None) -> NDArray[Any]:
        """Return a copy of an array, or of the part [start, stop) of its flattened form."""
        return self._session.read(name, start, stop, after)

    def write(self, name: str, values: NDArray[np.generic], start: int = 0) -> None:
        """Replace the part of the flattened array that begins at `start`."""
        self._session.write(name, values, start)

    def rebind(self, program: Program, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        """Replace arrays by larger ones, between two runs, and take the launches of `program`."""
        self._session.rebind(program, arrays)

    def close(self) -> None:
        """Release the memory of the session."""
        self._session.close()
