"""The spikes or samples of one recorder, kept in memory chunk by chunk."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gpusyn.builder.inputs.courses import window
from gpusyn.builder.layout import Layout
from gpusyn.builder.neuron_tables import sample_steps
from gpusyn.network.recorder import Recorder
from gpusyn.results import SpikeData, TraceData, recorded_time, sample_times
from gpusyn.utils.typing import Array

Part = tuple[str, int, Array]

ENDLESS = 2**62  # steps


def parts_of(recorder: Recorder) -> list[Part]:
    """Return (population, recorded neurons, local ids) in the order in which the selections were joined."""
    return [(population.name, len(ids), np.asarray(ids)) for population, ids in recorder.source.parts]


def units_of(recorder: Recorder) -> dict[str, str]:
    """Return the unit of each recorded variable."""
    known = recorder.source.parts[0].population.variables if recorder.source.parts else {}
    return {variable: known[variable] for variable in recorder.variables}


def window_steps(recorder: Recorder, dt: float) -> tuple[int, int]:
    """Return the steps (first, last] in which a recorder records."""
    start, stop = window(recorder, dt, f"Recorder '{recorder.name}'")
    return round(start / dt), ENDLESS if stop == np.inf else round(stop / dt)


def sample_range(recorder: Recorder, dt: float) -> tuple[int, range]:
    """Return the steps between two samples, and the numbers of the samples that are taken; sample 1 is the first."""
    every = sample_steps(recorder, dt)
    first, last = window_steps(recorder, dt)
    return every, range(first // every + 1, last // every + 1)


class SpikeLog:
    """The spikes of one recorder."""

    def __init__(self, recorder: Recorder, layout: Layout) -> None:
        self.recorder, self.dt, self.in_memory = recorder, layout.dt, recorder.file is None
        self.first, self.last = window_steps(recorder, layout.dt)
        self.position = np.full(layout.n_ids, -1, np.int64)
        start = 0
        for population, ids in recorder.source.parts:
            self.position[layout.populations[population.name].source + np.asarray(ids)] = start + np.arange(len(ids))
            start += len(ids)
        self.size = max(start, 1)
        self.clear()

    def clear(self) -> None:
        """Discard all data."""
        self.steps: list[Array] = []
        self.ids: list[Array] = []

    def select(self, step: Array, source: Array) -> tuple[Array, Array]:
        """Return the spikes of a chunk that belong to the recorder: their steps and positions, sorted."""
        at = self.position.take(source)
        mine = (at >= 0) & (step > self.first) & (step <= self.last)
        if not mine.all():
            step, at = step[mine], at[mine]
        begin = step[:1]
        key = (step - begin) * self.size + at  # one number to sort by
        if (key[1:] < key[:-1]).any():  # rare on one thread
            key.sort()
            step, at = np.divmod(key, self.size)
            step += begin
        return step, at

    def keep(self, step: Array, at: Array) -> None:
        """Keep the selected spikes of a chunk, unless they go to a file."""
        if self.in_memory:
            self.steps.append(step)
            self.ids.append(at)

    def data(self, end: int) -> SpikeData:
        """Return the spikes recorded up to step `end`."""
        steps = np.concatenate([np.zeros(0, np.int64), *self.steps])
        ids = np.concatenate([np.zeros(0, np.int64), *self.ids])
        start, stop = self.recorder.start, self.recorder.stop
        return SpikeData(
            parts_of(self.recorder), steps * self.dt, ids, recorded_time(start, stop, end * self.dt), start
        )


class TraceLog:
    """The sampled variables of one recorder."""

    def __init__(self, recorder: Recorder, layout: Layout) -> None:
        self.recorder, self.dt, self.in_memory = recorder, layout.dt, recorder.file is None
        self.every, self.wanted = sample_range(recorder, layout.dt)
        self.dtype = layout.numbers.real_dtype
        self.units = units_of(recorder)
        self.clear()

    def clear(self) -> None:
        """Discard all data."""
        self.rows: dict[str, list[Array]] = {v: [] for v in self.recorder.variables}
        self.count = 0

    def select(self, start: int, steps: int, read: Callable[[str, int], Array]) -> dict[str, Array]:
        """Return the samples of a chunk by variable; `read(variable, rows)` gets them from the device."""
        before, end = start // self.every, (start + steps) // self.every
        first, last = max(before + 1, self.wanted.start), min(end, self.wanted.stop - 1)
        if first > last:
            return {}
        return {v: read(v, end - before)[first - before - 1 : last - before] for v in self.rows}

    def keep(self, frames: dict[str, Array]) -> None:
        """Keep the selected samples of a chunk, unless they go to a file."""
        if self.in_memory and frames:
            for variable, frame in frames.items():
                self.rows[variable].append(frame)
            self.count += len(frame)

    def data(self) -> TraceData:
        """Return the samples recorded so far."""
        empty = np.zeros((0, self.recorder.source.size), self.dtype)
        values = {v: np.concatenate([empty, *rows]) for v, rows in self.rows.items()}
        every = self.every * self.dt
        t = sample_times(self.wanted.start * every, every, self.count)
        return TraceData(parts_of(self.recorder), values, t, self.units, every=every)
