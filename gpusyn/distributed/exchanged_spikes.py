"""How the ids of spikes travel: the spikes of all ranks enter the list of spikes before any of them is due."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpusyn.backends.base import Session
from gpusyn.builder.compile import Compiled
from gpusyn.builder.exchanged import has_repeats
from gpusyn.builder.specs import remembers
from gpusyn.distributed.ranks import Pending, Ranks
from gpusyn.kernels.program import Program
from gpusyn.utils.typing import Array

_FEW = 64  # events that are written one by one


class ExchangedSpikes:
    """The list of spikes of one of several ranks.

    The spikes of some steps are sent in the middle of the last of them, and those of the other ranks are taken over at
    once, or some steps later: then they travel while these are computed.

    Parameters
    ----------
    session : Session
        The session of this rank.
    compiled : Compiled
        Its network.
    ranks : Ranks
        The ranks.

    Attributes
    ----------
    known : int or None
        First step of which the spikes of other ranks are not in the list; None before the first run.
    exchanges, bytes : int
        Number of exchanges, and bytes of spikes that came from other ranks.
    seconds : float
        Time of the exchanges on this rank (s): packing, waiting for the others, and taking over their spikes.
    """

    def __init__(self, session: Session, compiled: Compiled, ranks: Ranks) -> None:
        self._session, self._compiled, self._ranks = session, compiled, ranks
        self._remembers, self._repeats = remembers(compiled.layout), has_repeats(compiled.layout)
        self.known: int | None = None
        self._sent = 0  # first step whose spikes are not sent
        self._pending: Pending | None = None  # the spikes of the steps from `known` to `_sent`
        self.exchanges, self.bytes, self.seconds = 0, 0, 0.0
        self.resize(compiled.program)

    def resize(self, program: Program) -> None:
        """Take the sizes of arrays of a program whose list is longer."""
        self._sizes = {name: program.specs[name].size for name in ("spike_begin", "spike_id", "spike_events")}

    def begin(self, step: int) -> int:
        """Begin at a step, if nothing was exchanged before; return the first step that is not `known`."""
        if self.known is None:
            self.restart(step)
        assert self.known is not None
        return self.known

    def restart(self, step: int) -> None:
        """Go on at another step, before which all spikes are known."""
        self.known, self._sent, self._pending = step, step, None

    def unknown(self, step: int) -> int:
        """Return the number of steps before a step of which the spikes of other ranks are not in the list."""
        return 0 if self.known is None else max(step - self.known, 0)

    def exchange(self, step: int) -> None:
        """Exchange the spikes up to those of a step, which are not yet delivered, with all other ranks at once."""
        began = time.perf_counter()
        if self._sent == step:
            self._exchange_step(step)
        else:
            self._send(step + 1)
            self._take_over(step + 1, complete=False)
        self.seconds += time.perf_counter() - began

    def send(self, step: int) -> None:
        """Send the spikes up to those of a step, which are not yet delivered."""
        began = time.perf_counter()
        self._send(step + 1)
        self.seconds += time.perf_counter() - began

    def take_over(self, step: int) -> None:
        """Take over what was sent, if anything, in the middle of a step."""
        began = time.perf_counter()
        self._take_over(step + 1, complete=False)
        self.seconds += time.perf_counter() - began

    def finish(self, end: int) -> None:
        """Exchange what is still unknown of the steps before `end`, all of which are complete."""
        began = time.perf_counter()
        self._take_over(end, complete=True)
        if self.unknown(end):
            self._send(end)
            self._take_over(end, complete=True)
        self.seconds += time.perf_counter() - began

    def _send(self, end: int) -> None:
        """Send the spikes of the steps before `end` that are not sent yet."""
        begin, total = self._list("spike_begin", self._sent, end), self._total()
        mine = [np.diff(begin, append=total).astype(np.int32), self._list("spike_id", int(begin[0]), total)]
        if self._repeats:
            mine.append(self._list("spike_events", int(begin[0]), total))
        self._pending, self._sent = self._ranks.begin_arrays(np.concatenate(mine)), end

    def _take_over(self, end: int, complete: bool) -> None:
        """Wait for what was sent, and enter it, when the last step before `end` is complete or not yet delivered."""
        if self._pending is None:
            return
        found, n = self._counted(self._pending.finish()), self.unknown(self._sent)
        first, self.known, self._pending = self._sent - n, self._sent, None
        if sum(map(len, found)) > len(found[self._ranks.rank]) + n * (self._ranks.size - 1):
            self._merge([self._unpacked(one, n) for one in found], first, end, complete)

    def _exchange_step(self, step: int) -> None:
        """Exchange the spikes of one step, which are not delivered yet: with as little work of Python as possible."""
        at = step % self._sizes["spike_begin"]
        begin, total = int(self._session.read("spike_begin", at, at + 1)[0]), self._total()
        n = total - begin
        mine = np.empty(1 + n * (1 + self._repeats), np.int32)
        mine[0] = n
        if n:
            mine[1 : 1 + n] = self._list("spike_id", begin, total)
            if self._repeats:
                mine[1 + n :] = self._list("spike_events", begin, total)
        found = self._counted(self._ranks.arrays(mine))
        self.known = self._sent = step + 1
        if sum(map(len, found)) - len(mine) >= self._ranks.size:
            ids = np.concatenate([one[1 : 1 + one[0]] for one in found])
            events = np.concatenate([one[1 + one[0] :] for one in found]) if self._repeats else np.ones_like(ids)
            self._enter(ids, events, begin)
            if self._remembers:
                self._remember(ids, events, step)

    def _counted(self, found: list[Array]) -> list[Array]:
        """Count an exchange, and return the messages that came in it."""
        self.exchanges += 1
        self.bytes += sum(one.nbytes for rank, one in enumerate(found) if rank != self._ranks.rank)
        return found

    def _enter(self, ids: Array, events: Array, begin: int) -> None:
        """Replace the list from place `begin` on by some spikes."""
        self._put("spike_id", ids, begin)
        self._put("spike_events", events, begin)
        total = self._spec("spike_total")
        self._session.write("spike_total", np.full(total.shape, begin + len(ids), total.dtype))

    def _unpacked(self, message: Array, n: int) -> tuple[Array, Array, Array]:
        """Return the step (from the first one on), the source and the number of events of each spike of a message."""
        counts, rest = message[:n], message[n:]
        size = int(counts.sum())
        events = rest[size:] if self._repeats else np.ones(size, np.int32)
        return np.repeat(np.arange(n), counts), rest[:size], events

    def _merge(self, found: list[tuple[Array, Array, Array]], first: int, end: int, complete: bool) -> None:
        """Enter the spikes that all ranks sent of the steps from `first` on, before this rank's later ones."""
        begin, total = self._list("spike_begin", first, end), self._total()
        n = self._sent - first
        if self._sent < end:
            later = int(begin[n]), total
            steps = n + np.repeat(np.arange(end - self._sent), np.diff(begin[n:], append=total))
            found.append((steps, self._list("spike_id", *later), self._list("spike_events", *later)))
        step, ids, events = (np.concatenate(columns) for columns in zip(*found, strict=True))
        if end - first > 1:
            order = np.argsort(step, kind="stable")
            step, ids, events = step[order], ids[order], events[order]
        self._enter(ids, events, int(begin[0]))
        bounds = int(begin[0]) + np.searchsorted(step, np.arange(1, end - first + complete))
        if len(bounds):
            self._put("spike_begin", bounds, first + 1)

    def _remember(self, ids: Array, events: Array, step: int) -> None:
        """Note the events of a step as the last ones of their sources."""
        for name, values in (("event_step", np.full(len(ids), step)), ("event_count", events)):
            dtype = self._spec(name).dtype
            if len(ids) < _FEW:
                for source, value in zip(ids.tolist(), values.astype(dtype), strict=True):
                    self._session.write(name, np.full(1, value), source)
            else:
                present = self._session.read(name)
                present[ids] = values
                self._session.write(name, present)

    def _total(self) -> int:
        """Return the number of spikes so far."""
        return int(self._session.read("spike_total")[0])

    def _spec(self, name: str) -> Any:
        return self._compiled.program.specs[name]

    def _list(self, name: str, begin: int, end: int) -> NDArray[Any]:
        """Return the elements `begin` to `end` of an array that begins again at its start when it is full."""
        size = self._sizes[name]
        first = begin % size
        last = first + end - begin
        if last <= size:
            return self._session.read(name, first, last)
        return np.concatenate([self._session.read(name, first, size), self._session.read(name, 0, last - size)])

    def _put(self, name: str, values: Array, begin: int) -> None:
        """Replace elements from `begin` on of an array that begins again at its start when it is full."""
        spec = self._spec(name)
        values, first = values.astype(spec.dtype), begin % spec.size
        room = spec.size - first
        self._session.write(name, values[:room], first)
        if len(values) > room:
            self._session.write(name, values[room:], 0)
