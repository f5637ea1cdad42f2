"""The spikes or samples of one recorder, kept in memory chunk by chunk."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from gpusyn.builder.inputs.courses import window
from gpusyn.builder.layout import Layout
from gpusyn.builder.neuron_tables import sample_steps
from gpusyn.io.file_layout import RecorderLayout
from gpusyn.network.recorder import Recorder, SpikeRecorder, TraceRecorder
from gpusyn.results import SpikeData, TraceData, recorded_time, sample_times
from gpusyn.utils.typing import Array, Floats

Part = tuple[str, int, Array]

ENDLESS = 2**62  # steps
_NONE = np.zeros(0, np.int64)


def parts_of(recorder: SpikeRecorder | TraceRecorder) -> list[Part]:
    """Return (population, recorded neurons, local ids) in the order in which the selections were joined."""
    return [(population.name, len(ids), np.asarray(ids)) for population, ids in recorder.source.parts]


def units_of(recorder: TraceRecorder) -> dict[str, str]:
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

    def __init__(self, recorder: SpikeRecorder, layout: Layout) -> None:
        self.recorder, self.dt, self.in_memory = recorder, layout.dt, recorder.file is None
        self.first, self.last = window_steps(recorder, layout.dt)
        self.position = np.full(layout.n_ids, -1, np.int64)
        start = 0
        for population, ids in recorder.source.parts:
            place = layout.populations[population.name]
            self.position[place.source + place.numbers(np.asarray(ids))] = start + np.arange(len(ids))
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
        steps, ids = self.saved().values()
        start, stop = self.recorder.start, self.recorder.stop
        return SpikeData(
            parts_of(self.recorder), steps * self.dt, ids, recorded_time(start, stop, end * self.dt), start
        )

    def saved(self) -> dict[str, Array]:
        """Return all data that are in memory."""
        return {"steps": np.concatenate([_NONE, *self.steps]), "ids": np.concatenate([_NONE, *self.ids])}

    def put(self, found: dict[str, Array]) -> None:
        """Put back what `saved` returned."""
        self.steps, self.ids = [found["steps"]], [found["ids"]]

    @property
    def recorded(self) -> str:
        """What is recorded, in words."""
        return f"{self.recorder.source.size} neurons"

    def file_layout(self) -> RecorderLayout:
        """Return the description of the recorder for a file."""
        recorder = self.recorder
        return RecorderLayout(recorder.name, parts_of(recorder), start=recorder.start, stop=recorder.stop)


class SampleLog:
    """The sampled variables of one recorder, of neurons or of synapses."""

    units: Mapping[str, str]
    dtypes: Mapping[str, Any]
    columns: int

    def __init__(self, recorder: Recorder, dt: float) -> None:
        self.recorder, self.dt, self.in_memory = recorder, dt, recorder.file is None
        self.every, self.wanted = sample_range(recorder, dt)
        self.clear()

    def clear(self) -> None:
        """Discard all data."""
        self.rows: dict[str, list[Array]] = {v: [] for v in self.recorder.variables}
        self.count = 0

    def due(self, start: int, steps: int) -> range:
        """Return the numbers of the samples that a chunk of steps has for the recorder."""
        before, end = start // self.every, (start + steps) // self.every
        return range(max(before + 1, self.wanted.start), min(end + 1, self.wanted.stop))

    def keep(self, frames: dict[str, Array]) -> None:
        """Keep the selected samples of a chunk, unless they go to a file."""
        if self.in_memory and frames:
            for variable, frame in frames.items():
                self.rows[variable].append(frame)
            self.count += len(frame)

    def data(self, end: int) -> TraceData:
        """Return the samples recorded up to step `end`."""
        every = self.every * self.dt
        return self._made(self.saved(), sample_times(self.wanted.start * every, every, self.count), every)

    def saved(self) -> dict[str, Array]:
        """Return all data that are in memory."""
        return {v: np.concatenate([self._empty(v), *rows]) for v, rows in self.rows.items()}

    def put(self, found: dict[str, Array]) -> None:
        """Put back what `saved` returned."""
        self.rows = {v: [found[v]] for v in self.rows}
        self.count = len(next(iter(found.values())))

    @property
    def recorded(self) -> str:
        """What is recorded, in words."""
        return f"{self.columns} neurons"

    def _empty(self, variable: str) -> Array:
        return np.zeros((0, self.columns), self.dtypes[variable])

    def _made(self, values: dict[str, Array], t: Floats, every: float) -> TraceData:
        """Return samples as data."""
        raise NotImplementedError

    def file_layout(self) -> RecorderLayout:
        """Return the description of the recorder for a file."""
        recorder, every = self.recorder, self.every * self.dt
        first = self.wanted.start * every
        return RecorderLayout(recorder.name, [], recorder.variables, self.units, first, every, self.dtypes)


class TraceLog(SampleLog):
    """The sampled variables of neurons."""

    recorder: TraceRecorder

    def __init__(self, recorder: TraceRecorder, layout: Layout) -> None:
        super().__init__(recorder, layout.dt)
        self.columns, self.units = recorder.source.size, units_of(recorder)
        self.dtypes = dict.fromkeys(recorder.variables, layout.numbers.real_dtype)

    def select(self, start: int, steps: int, read: Callable[[str, int], Array]) -> dict[str, Array]:
        """Return the samples of a chunk by variable; `read(variable, rows)` gets them from the device."""
        due, before, end = self.due(start, steps), start // self.every, (start + steps) // self.every
        if not due:
            return {}
        return {v: read(v, end - before)[due.start - before - 1 : due.stop - before - 1] for v in self.rows}

    def _made(self, values: dict[str, Array], t: Floats, every: float) -> TraceData:
        return TraceData(parts_of(self.recorder), values, t, self.units, every=every)

    def file_layout(self) -> RecorderLayout:
        """Return the description of the recorder for a file."""
        return replace(super().file_layout(), populations=parts_of(self.recorder))
