"""How the ids of spikes travel: the spikes of all ranks enter the list of spikes before any of them is due.

The list of a rank has the numbers of sources there (`gpusyn.builder.senders`), and no spikes of sources without one.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpusyn.backends.base import Session
from gpusyn.builder.compile import Compiled
from gpusyn.builder.exchanged import has_repeats
from gpusyn.builder.specs import remembers
from gpusyn.distributed.ranks import Ranks
from gpusyn.kernels.program import Program
from gpusyn.utils.typing import Array

_FEW = 64  # events that are written one by one


class ExchangedSpikes:
    """The list of spikes of one of several ranks.

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
    reserve : callable
        Makes room for spikes up to a number that are known after a step, and for those of later steps.
    """

    def __init__(self, session: Session, compiled: Compiled, ranks: Ranks) -> None:
        self._session, self._compiled, self._ranks = session, compiled, ranks
        self._remembers, self._repeats = remembers(compiled.layout), has_repeats(compiled.layout)
        self._senders = compiled.layout.senders
        self.reserve: Callable[[int, int], None] = lambda total, step: None
        self._next: int | None = None  # first step whose spikes are not exchanged yet
        self.exchanges, self.bytes, self.seconds = 0, 0, 0.0
        self.resize(compiled.program)

    def resize(self, program: Program) -> None:
        """Take the sizes of arrays of a program whose list is longer."""
        self._sizes = {name: program.specs[name].size for name in ("spike_begin", "spike_id", "spike_events")}

    def begin(self, step: int) -> int:
        """Begin at a step, if nothing was exchanged before; return the first step that is not exchanged yet."""
        self._next = step if self._next is None else self._next
        return self._next

    def finish(self, step: int) -> None:
        """Exchange the spikes before a step that are not exchanged yet."""
        if self.unknown(step):
            self.exchange(step, complete=True)

    def restart(self, step: int) -> None:
        """Go on at another step, before which all spikes are known."""
        self._next = step

    def unknown(self, step: int) -> int:
        """Return the number of steps before a step whose spikes are not exchanged yet."""
        return 0 if self._next is None else max(step - self._next, 0)

    def exchange(self, end: int, complete: bool) -> None:
        """Exchange the spikes of the steps before `end`; the last of them is `complete`, or it is not yet delivered."""
        began = time.perf_counter()
        if self._next == end - 1 and not complete:
            self._exchange_step(end - 1)
        else:
            self._exchange_steps(end, complete)
        self.seconds += time.perf_counter() - began

    def _exchange_steps(self, end: int, complete: bool) -> None:
        """Exchange the spikes of some steps."""
        assert self._next is not None
        first, n = self._next, end - self._next
        begin = self._list("spike_begin", first, end)
        total = int(self._session.read("spike_total")[0])
        counts = np.diff(begin, append=total)
        ids = self._own_ids(int(begin[0]), total)
        mine = [counts.astype(np.int32), ids]
        if self._repeats:
            mine.append(self._list("spike_events", int(begin[0]), total))
        found = self._arrays(np.concatenate(mine))
        self._next = end
        if sum(map(len, found)) > len(found[self._ranks.rank]) + n * (self._ranks.size - 1):
            self._merge([self._unpacked(one, n) for one in found], int(begin[0]), first, end, complete)

    def _exchange_step(self, step: int) -> None:
        """Exchange the spikes of one step, which are not delivered yet: with as little work of Python as possible."""
        at = step % self._sizes["spike_begin"]
        begin, total = int(self._session.read("spike_begin", at, at + 1)[0]), int(self._session.read("spike_total")[0])
        n = total - begin
        mine = np.empty(1 + n * (1 + self._repeats), np.int32)
        mine[0] = n
        if n:
            mine[1 : 1 + n] = self._own_ids(begin, total)
            if self._repeats:
                mine[1 + n :] = self._list("spike_events", begin, total)
        found = self._arrays(mine)
        self._next = step + 1
        if sum(map(len, found)) - len(mine) >= self._ranks.size:
            ids = np.concatenate([one[1 : 1 + one[0]] for one in found])
            events = np.concatenate([one[1 + one[0] :] for one in found]) if self._repeats else np.ones_like(ids)
            numbers, here = self._known(ids)
            self._enter(numbers[here], events[here], begin, step)

    def _own_ids(self, begin: int, end: int) -> Array:
        """Return the ids of the sources of spikes in the list, which has their numbers."""
        numbers = self._list("spike_id", begin, end)
        return numbers if self._senders is None else self._senders.ids(numbers).astype(numbers.dtype)

    def _known(self, ids: Array) -> tuple[Array, Any]:
        """Return the numbers of sources, and which of them have one on this rank."""
        return (ids, slice(None)) if self._senders is None else self._senders.numbers(ids)

    def _arrays(self, mine: Array) -> list[Array]:
        """Return the messages of all ranks, and count them."""
        found = self._ranks.arrays(mine)
        self.exchanges += 1
        self.bytes += sum(one.nbytes for one in found) - mine.nbytes
        return found

    def _enter(self, numbers: Array, events: Array, begin: int, step: int) -> None:
        """Replace the list from place `begin` on by the spikes of all ranks, the last of them of a step."""
        self.reserve(begin + len(numbers), step)
        self._put("spike_id", numbers, begin)
        self._put("spike_events", events, begin)
        total = self._spec("spike_total")
        self._session.write("spike_total", np.full(total.shape, begin + len(numbers), total.dtype))
        if self._remembers:
            self._remember(numbers, events, step)

    def _unpacked(self, message: Array, n: int) -> tuple[Array, Array, Array]:
        """Return the step (from the first one on), the id and the number of events of each spike of a message."""
        counts, rest = message[:n], message[n:]
        size = int(counts.sum())
        events = rest[size:] if self._repeats else np.ones(size, np.int32)
        return np.repeat(np.arange(n), counts), rest[:size], events

    def _merge(self, found: list[tuple[Array, Array, Array]], begin: int, first: int, end: int, complete: bool) -> None:
        """Replace the list from place `begin`, the first spike of step `first`, on by the spikes of all ranks."""
        step, ids, events = (np.concatenate(columns) for columns in zip(*found, strict=True))
        numbers, here = self._known(ids)
        step, numbers, events = step[here], numbers[here], events[here]
        if end - first > 1:
            order = np.argsort(step, kind="stable")
            step, numbers, events = step[order], numbers[order], events[order]
        self._enter(numbers, events, begin, end - 1)
        bounds = begin + np.searchsorted(step, np.arange(1, end - first + complete))
        if len(bounds):
            self._put("spike_begin", bounds, first + 1)

    def _remember(self, numbers: Array, events: Array, step: int) -> None:
        """Note the events of a step as the last ones of their sources."""
        for name, values in (("event_step", np.full(len(numbers), step)), ("event_count", events)):
            dtype = self._spec(name).dtype
            if len(numbers) < _FEW:
                for source, value in zip(numbers.tolist(), values.astype(dtype), strict=True):
                    self._session.write(name, np.full(1, value), source)
            else:
                present = self._session.read(name)
                present[numbers] = values
                self._session.write(name, present)

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
