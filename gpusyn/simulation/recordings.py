"""The data of the recorders of a running network: collected after each chunk of steps, kept or streamed to files."""

from __future__ import annotations

import functools
import threading
from collections.abc import Mapping
from typing import Any

import numpy as np

from gpusyn.backends.base import Session
from gpusyn.builder.compile import Compiled
from gpusyn.builder.ownership import Share
from gpusyn.distributed.first_rank import OnFirst
from gpusyn.distributed.gathered_data import Wanted, gathered, own_saved, saved_of_all
from gpusyn.distributed.gathering import Gathered, gathering_of
from gpusyn.errors import ArgumentError, BackendError
from gpusyn.io.provenance import Provenance
from gpusyn.network.recorder import Recorder, SpikeRecorder, SynapseRecorder, TraceRecorder
from gpusyn.parameters.scalars import one_of
from gpusyn.results import SpikeData, TraceData
from gpusyn.simulation.file_streams import Streams
from gpusyn.simulation.logs import SampleLog, SpikeLog, TraceLog, parts_of
from gpusyn.simulation.spike_list import SpikeList
from gpusyn.simulation.spread_streams import SpreadStreams
from gpusyn.simulation.synapse_log import SynapseLog
from gpusyn.utils.typing import Array


class Recordings:
    """The results of all recorders of a network; unless it `begins`, `put` is to follow, and no file is touched before.

    A chunk of steps is taken over whole: its data are read from the session before any of them is kept, and they are
    kept before a file is written. A chunk that could not be read, or not be written, is tried again by the next call.

    Attributes
    ----------
    end : int
        Step up to which the data are complete.
    """

    def __init__(
        self,
        compiled: Compiled,
        session: Session,
        spike_list: SpikeList,
        provenance: Provenance,
        described: Mapping[str, Recorder],
        begins: bool = True,
    ) -> None:
        layout = compiled.layout
        self.session, self.spike_list, self.regions = session, spike_list, compiled.probes.regions
        self.recorders, self.dt = described, layout.dt
        recorders = layout.net.recorders.values()  # of what is simulated here
        self.spikes = {r.name: SpikeLog(r, layout) for r in recorders if isinstance(r, SpikeRecorder)}
        self.traces = {r.name: TraceLog(r, layout) for r in layout.probing}
        self.synapses = {r.name: SynapseLog(r, compiled, session) for r in recorders if isinstance(r, SynapseRecorder)}
        self.logs: dict[str, SpikeLog | SampleLog] = {**self.spikes, **self.traces, **self.synapses}
        self.streams = self._streams(provenance, begins)
        self.end = 0
        self._ran: list[tuple[int, int, object]] = []  # start, steps and mark of each chunk that is not taken over yet
        self._lock = threading.RLock()  # another thread may look at the data during a run

    def _streams(self, provenance: Provenance, begins: bool) -> Streams:
        gathering = gathering_of(self.session)
        if isinstance(gathering, Gathered):
            return SpreadStreams(self.logs, self.recorders, gathering, self.dt, provenance, begins)
        return Streams(self.logs, self.dt, provenance, begins)

    def begin(self, planned: int) -> None:
        """Begin a run up to step `planned`: first take over and write what an earlier one left.

        Raises
        ------
        FileError
            If a file of a recorder cannot be written.
        """
        with self._lock:
            self._take_over()
            self.streams.begin(self.end, planned)

    @property
    def must_read_first(self) -> bool:
        """True if a chunk must be read before the next one begins, which writes its samples in the same place."""
        return bool(self.traces)

    def room(self, start: int, steps: int) -> int:
        """Return how many of `steps` steps can run from step `start` on before synapses are due to be read."""
        return min([steps, *(log.steps_to_next(start) for log in self.synapses.values())])

    def collect(self, start: int, steps: int, mark: object = None) -> None:
        """Take over the spikes and samples of `steps` steps from step `start` on, and write them to the files.

        If the steps have a `mark`, they go on meanwhile. They are then taken over by the next call, and those of the
        call before by this one.

        Raises
        ------
        FileError
            If a file of a recorder cannot be written.
        """
        with self._lock:
            self._ran.append((start, steps, mark))
            now = mark is None or self.must_read_first or any(log.due(start, steps) for log in self.synapses.values())
            self._take_over(leave=0 if now else 1)
            self.streams.flush(self.end)

    def finish(self) -> None:
        """Take over what is left at the end of a run.

        Raises
        ------
        FileError
            If a file of a recorder cannot be written.
        """
        with self._lock:
            if self._ran:
                self._take_over()
                self.streams.flush(self.end)

    def _take_over(self, leave: int = 0) -> None:
        """Keep the data of all chunks that ran, but for the last `leave` ones.

        What a backend cannot give is not asked for again, so that what is kept stays within reach.
        """
        while len(self._ran) > leave:
            try:
                self._keep(*self._ran[0])
            except BackendError:
                self._ran.clear()
                raise

    def _keep(self, start: int, steps: int, mark: object) -> None:
        """Keep the data of one chunk, the first of those that ran."""
        spikes, traces = {}, {}
        if self.spikes and (events := self.spike_list.events(start, steps, mark)):
            spikes = {name: log.select(*events) for name, log in self.spikes.items()}
        for name, trace in self.traces.items():
            traces[name] = trace.select(start, steps, functools.partial(self._samples, name))
        for name, synapses in self.synapses.items():
            traces[name] = synapses.select(start, steps)
        for name, (at_step, at) in spikes.items():
            self.spikes[name].keep(at_step, at)
            self.streams.spikes(name, at_step, at)
        for name, frames in traces.items():
            (self.traces.get(name) or self.synapses[name]).keep(frames)
            self.streams.frames(name, frames)
        self.end = start + steps
        del self._ran[0]

    def _samples(self, recorder: str, variable: str, rows: int) -> Array:
        start, _, columns = self.regions[recorder, variable]
        return self.session.read("trace", start, start + rows * columns).reshape(rows, columns)

    def data(self, key: Any) -> SpikeData | TraceData:
        """Return the data of a recorder, given itself or its name.

        Raises
        ------
        ArgumentError
            If the key is not a recorder or a name, or the recorder belongs to another network.
        UnknownNameError
            If there is no recorder of this name.
        """
        name = self._named(key, "Simulator.data[...]")
        with self._lock:
            self._take_over()
            found = self.streams.read_back(name, self.end)
            if found is None:
                found = self.logs[name].data(self.end)
            return found._of_simulation(self.provenance.origin)

    def _named(self, key: Any, where: str) -> str:
        name = key.name if isinstance(key, Recorder) else one_of(key, self.recorders, where)
        if isinstance(key, Recorder) and self.recorders.get(name) is not key:
            raise ArgumentError(f"{where}: recorder '{name}' belongs to another network; use one of this network")
        return name

    def gathered(self, key: Any) -> SpikeData | TraceData:
        """Return the data of a recorder on all ranks; this is a collective operation.

        Raises
        ------
        ArgumentError
            If the key is not a recorder or a name, or the recorder belongs to another network.
        UnknownNameError
            If there is no recorder of this name.
        """
        name, gathering = self._named(key, "Simulator.gather()"), gathering_of(self.session)
        data = self.data(name)
        if not isinstance(gathering, Gathered):
            return data
        return gathered(data, self._wanted(name, gathering.share), gathering)._of_simulation(self.provenance.origin)

    def _wanted(self, name: str, share: Share) -> Wanted:
        """Return what a recorder records on all ranks."""
        recorder, log = self.recorders[name], self.logs[name]
        if isinstance(log, SynapseLog):
            return Wanted([], log.all_wanted, log.chosen)
        assert isinstance(recorder, SpikeRecorder | TraceRecorder)
        return Wanted(parts_of(recorder), np.arange(recorder.source.size), share.chosen(recorder.source))

    @property
    def provenance(self) -> Provenance:
        """Facts of the simulation as it is now."""
        return self.streams.provenance(self.end)

    def saved(self) -> dict[str, Any]:
        """Return all data that are in memory, and how far the files go; on several ranks, this is for rank 0.

        Raises
        ------
        FileError
            If a file of a recorder cannot be written.
        """
        with self._lock:
            self._take_over()
            data = {name: self._saved(name) for name, log in self.logs.items() if log.recorder.file is None}
            return {"data": data, "counts": self.streams.keep(self.end)}

    def _saved(self, name: str) -> dict[str, Array]:
        """Return the data in memory of a recorder; on several ranks, rank 0 has those of all of them."""
        found, gathering = self.logs[name].saved(), gathering_of(self.session)
        if not isinstance(gathering, Gathered):
            return found
        return saved_of_all(found, self._wanted(name, gathering.share), OnFirst(gathering))

    def put(self, found: dict[str, Any], end: int) -> None:
        """Put back what `saved` returned at step `end`; files are cut back to it, and go on.

        Raises
        ------
        FileError
            If a file of a recorder is not that of this simulation, ends before, or cannot be written.
        """
        with self._lock:
            gathering = gathering_of(self.session)
            for name, data in found["data"].items():
                if isinstance(gathering, Gathered):
                    data = own_saved(data, self._wanted(name, gathering.share))
                self.logs[name].put(data)
            self.streams.resume(found["counts"], end)
            self.end = end

    def restart(self, provenance: Provenance) -> None:
        """Start all files again, and discard all data.

        Raises
        ------
        FileError
            If a file must not be replaced or cannot be written; nothing was changed.
        """
        with self._lock:
            self._take_over()
            self.streams.restart(provenance)
            for log in self.logs.values():
                log.clear()
            self.end = 0

    def close(self) -> None:
        """Take over what is left, and close all files, so that they become ordinary HDF5 files."""
        with self._lock:
            try:
                self._take_over()
            finally:
                self.streams.close(self.end)
