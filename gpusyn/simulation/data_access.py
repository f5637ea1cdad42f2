"""`sim.data`: the data of the recorders of a running simulation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from gpusyn.network.recorder import Recorder, SpikeRecorder, TraceRecorder
from gpusyn.results import SpikeData, TraceData
from gpusyn.results.by_name import ByRecorder, DataCopy
from gpusyn.simulation.recordings import Recordings
from gpusyn.simulation.synapse_log import SynapseLog
from gpusyn.utils.messages import LOGGER
from gpusyn.utils.reprs import headed, shortened


class Data(ByRecorder):
    """Data recorded so far, a mapping from the names of the recorders; a recorder itself is a key as well.

    A copy, and what another process receives, holds the data of its time.
    """

    def __init__(self, recordings: Recordings, read: Callable[[Any], SpikeData | TraceData] | None = None) -> None:
        self._recordings, self._read = recordings, read or recordings.data

    def _data_of(self, key: Any) -> SpikeData | TraceData:
        found = self._read(key)
        recorder = key if isinstance(key, Recorder) else self._recordings.recorders[key]
        reached = self._recordings.provenance.reached
        if 0 < reached <= recorder.start:
            begins = f"it starts at {recorder.start:g} ms, and the simulation is at {reached:g} ms"
            LOGGER.warning(f"recorder '{recorder.name}' has recorded nothing yet: {begins}")
        return found

    def _has(self, key: object) -> bool:
        recorders = self._recordings.recorders
        return key in recorders if isinstance(key, str) else any(key is recorder for recorder in recorders.values())

    def __iter__(self) -> Iterator[str]:
        return iter(self._recordings.recorders)

    def __len__(self) -> int:
        return len(self._recordings.recorders)

    def __reduce__(self) -> Any:
        return DataCopy, (dict(self),)

    def __repr__(self) -> str:
        recorders = self._recordings.recorders.values()
        lines = (f"{r.name}: {', '.join(shortened(r.variables))} of {self._recorded(r)}" for r in recorders)
        return headed(f"Data({len(self)} recorders)", lines)

    def _recorded(self, recorder: Recorder) -> str:
        """Return what is recorded, in words: on one rank, or on all of them."""
        log = self._recordings.logs[recorder.name]
        if self._read == self._recordings.data:
            return log.recorded
        if isinstance(log, SynapseLog):
            return f"{len(log.all_wanted)} synapses of {log.recorder.source.name}"
        assert isinstance(recorder, SpikeRecorder | TraceRecorder)
        return f"{recorder.source.size} neurons"
