"""``kernels/trains.cuh`` in numpy: the last spikes of sources, and their traces."""

from __future__ import annotations

from types import SimpleNamespace
from typing import NamedTuple

import numpy as np

from gpusyn.kernels.arrays import LONG_AGO
from gpusyn.kernels.records import RECENT, TraceDecay, TrainSet, read_rows
from gpusyn.utils.typing import Array

FINE = 256  # decays over fewer steps are in a table; those over multiples of it in another


class Trains(NamedTuple):
    """The trains of a set of sources, in the arrays of a session.

    `who` are places of sources in the set, and `n` numbers of spikes: spike n - 1 is the last of the first `n`. A ring
    holds the last `depth` spikes of a source; nobody asks for others.
    """

    arrays: SimpleNamespace
    record: TrainSet
    decays: list[TraceDecay]

    def counts(self, who: Array) -> Array:
        """Return the numbers of all spikes so far."""
        count: Array = self.arrays.train_count[self.record.counts + who]
        return count

    def last(self, who: Array, n: Array) -> Array:
        """Return the step of the last of the first `n` spikes; long ago, if `n` is 0."""
        step = self.arrays.train_step[self._ring + self._places(who, n)]
        return np.where(n > 0, step, LONG_AGO)

    def until(self, who: Array, step: Array | int) -> Array:
        """Return the numbers of spikes up to and with a step."""
        n = self.counts(who)
        oldest = np.maximum(n - self.record.depth, 0)
        while (later := (n > oldest) & (self.last(who, n) > step)).any():
            n = n - later
        return n

    def traces(self, who: Array, n: Array, elapsed: Array) -> list[Array]:
        """Return each trace `elapsed` steps after the last of the first `n` spikes; 0 if `n` is 0."""
        place = self._values + self._places(who, n) * self.record.traces
        found = []
        for k, decay in enumerate(self.decays):
            after = self.arrays.train_value[place + k]
            found.append(np.where(n > 0, after * decayed(self.arrays, decay, elapsed), after.dtype.type(0)))
        return found

    def push(self, who: Array, step: int, events: Array) -> None:
        """Append a spike of some sources, none of which occurs twice."""
        n = self.counts(who)
        before = self.traces(who, n, step - self.last(who, n))
        place = self._places(who, n + 1)
        self.arrays.train_step[self._ring + place] = step
        for k in range(RECENT):
            self.arrays.train_step[self.record.steps + who * RECENT + k] = self.last(who, n + 1 - k)
        for k, decay in enumerate(self.decays):
            real = before[k].dtype.type
            after = real(1) if decay.nearest else before[k] + events.astype(real)
            self.arrays.train_value[self._values + place * self.record.traces + k] = after
            self.arrays.train_value[self.record.values + who * self.record.traces + k] = after
        self.arrays.train_count[self.record.counts + who] = n + 1

    @property
    def _ring(self) -> int:
        """Place of the steps of the first ring."""
        return self.record.steps + self.record.size * RECENT

    @property
    def _values(self) -> int:
        """Place of the traces of the first ring."""
        return self.record.values + self.record.size * self.record.traces

    def _places(self, who: Array, n: Array) -> Array:
        """Return the place of the last of the first `n` spikes."""
        place: Array = who * self.record.depth + (n - 1 & self.record.depth - 1)
        return place


def decayed(a: SimpleNamespace, decay: TraceDecay, steps: Array) -> Array:
    """Return the factor by which a trace decays over some steps; the last one is 0."""
    steps = np.minimum(steps, decay.coarse * FINE)
    factors: Array = a.decays[decay.decays :]
    factor: Array = factors[steps % FINE] * factors[FINE + steps // FINE]
    return factor


def trains_of(a: SimpleNamespace) -> list[Trains]:
    """Return all sets of trains."""
    decays = read_rows(a.traces, TraceDecay)
    return [Trains(a, one, decays[one.trace : one.trace + one.traces]) for one in read_rows(a.trains, TrainSet)]
