"""The data of the recorders of a running network: collected after each chunk of steps, kept or streamed to files."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from gpusyn.backends.base import Session
from gpusyn.builder.compile import Compiled
from gpusyn.errors import ArgumentError
from gpusyn.network.recorder import Recorder
from gpusyn.parameters.scalars import one_of
from gpusyn.results import SpikeData, TraceData
from gpusyn.simulation.file_streams import Streams
from gpusyn.simulation.logs import SpikeLog, TraceLog
from gpusyn.utils.typing import Array


class Recordings:
    """The results of all recorders of a network."""

    def __init__(self, compiled: Compiled, session: Session) -> None:
        layout = compiled.layout
        self.session, self.regions = session, compiled.probes.regions
        self.recorders = layout.net.recorders
        self.spikes = {name: SpikeLog(r, layout) for name, r in self.recorders.items() if r.is_spikes}
        self.traces = {name: TraceLog(r, layout) for name, r in self.recorders.items() if not r.is_spikes}
        self.streams = Streams(self.recorders, layout)

    def collect(self, start: int, steps: int) -> None:
        """Collect the spikes and samples of `steps` steps from step `start` on."""
        if self.spikes:
            step, source = self._events(start, steps)
            for name, log in self.spikes.items():
                self.streams.spikes(name, *log.add(step, source))
        for name, trace in self.traces.items():
            self.streams.frames(name, trace.add(start, steps, functools.partial(self._samples, name)))
        self.streams.flush(start + steps)

    def _events(self, start: int, steps: int) -> tuple[Array, Array]:
        """Return step and source of each spike; a spike that stands for several events is repeated."""
        begin = self.session.read("spike_begin", 0, steps + 1)
        total = int(begin[steps])
        source: Array = self.session.read("spike_id", 0, total)
        events: Array = self.session.read("spike_events", 0, total)
        step = np.repeat(start + 1 + np.arange(steps), np.diff(begin))
        if total and int(events.max()) > 1:
            return np.repeat(step, events), np.repeat(source, events)
        return step, source

    def _samples(self, recorder: str, variable: str, rows: int) -> Array:
        start, _, columns = self.regions[recorder, variable]
        return self.session.read("trace", start, start + rows * columns).reshape(rows, columns)

    def data(self, key: Any, step: int) -> SpikeData | TraceData:
        """Return the data of a recorder, given itself or its name, up to step `step`.

        Raises
        ------
        ArgumentError
            If the key is not a recorder or a name, or the recorder belongs to another network.
        UnknownNameError
            If there is no recorder of this name.
        """
        name = key.name if isinstance(key, Recorder) else one_of(key, self.recorders, "Simulator.data[...]")
        if isinstance(key, Recorder) and self.recorders.get(name) is not key:
            raise ArgumentError(
                f"Simulator.data[...]: recorder '{name}' belongs to another network; use one of this network"
            )
        streamed = self.streams.read_back(name)
        if streamed is not None:
            return streamed
        return self.spikes[name].data(step) if name in self.spikes else self.traces[name].data()

    def restart(self) -> None:
        """Discard all data, and start all files again."""
        for log in self.spikes.values():
            log.clear()
        for trace in self.traces.values():
            trace.clear()
        self.streams.restart()

    def close(self) -> None:
        """Close all files, so that they become ordinary HDF5 files."""
        self.streams.close()
