"""Files of recorders: streaming while a simulation runs, and saving afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gpusyn.builder.layout import Layout
from gpusyn.builder.neuron_tables import sample_steps
from gpusyn.network.recorder import Recorder
from gpusyn.results import SpikeData, TraceData
from gpusyn.simulation.logs import parts_of
from gpusyn.utils.typing import Array


def _path(recorder: Recorder) -> Path:
    """Return the absolute path of the recorder's file, so that each file has one name."""
    return Path(str(recorder.file)).resolve()


class Streams:
    """The files that recorders with `file=` write to while the simulation runs."""

    def __init__(self, recorders: Mapping[str, Recorder], layout: Layout) -> None:
        self.layout = layout
        self.recorders = {name: r for name, r in recorders.items() if r.file is not None}
        self.files: dict[Path, Any] = {}
        self.time = 0.0
        self.restart()

    def restart(self) -> None:
        """Start all files again."""
        self.close()
        if not self.recorders:
            return
        from gpusyn.io.writer import StreamFile

        self.time = 0.0
        for path in dict.fromkeys(_path(r) for r in self.recorders.values()):
            mine = [self._layout_of(r) for r in self.recorders.values() if _path(r) == path]
            self.files[path] = StreamFile(path, mine)

    def _layout_of(self, recorder: Recorder) -> Any:
        from gpusyn.io.file_layout import RecorderLayout

        if recorder.is_spikes:
            return RecorderLayout(recorder.name, parts_of(recorder))
        every = sample_steps(recorder, self.layout.dt) * self.layout.dt
        known = recorder.source.parts[0][0].variables
        dtypes = dict.fromkeys(recorder.variables, self.layout.numbers.real_dtype)
        units = {v: known[v] for v in recorder.variables}
        return RecorderLayout(recorder.name, parts_of(recorder), recorder.variables, units, every, every, dtypes)

    def spikes(self, name: str, step: Array, at: Array) -> None:
        """Append spikes of one recorder, sorted by (step, position)."""
        if name in self.recorders:
            self.files[_path(self.recorders[name])].append_spikes(name, step * self.layout.dt, at)

    def frames(self, name: str, frames: dict[str, Array]) -> None:
        """Append samples of one recorder."""
        if name in self.recorders and frames:
            self.files[_path(self.recorders[name])].append_frames(name, frames)

    def flush(self, step: int) -> None:
        """Make everything up to step `step` visible to readers."""
        self.time = step * self.layout.dt
        for file in self.files.values():
            file.flush(self.time)

    def read_back(self, name: str) -> SpikeData | TraceData | None:
        """Return what a streaming recorder has written so far; None for a recorder that stays in memory."""
        if name not in self.recorders:
            return None
        from gpusyn.io.results_file import open_results

        found: SpikeData | TraceData = open_results(self.recorders[name].file)[name]
        return found

    def close(self) -> None:
        """Close all files, so that they become ordinary HDF5 files."""
        for file in self.files.values():
            file.close(self.time)
        self.files = {}


def save_results(path: Any, data: Mapping[str, SpikeData | TraceData]) -> None:
    """Write all recorded data to one file or one folder."""
    from gpusyn.io.save import save

    spikes = {name: d for name, d in data.items() if isinstance(d, SpikeData)}
    save(path, spikes, {name: d for name, d in data.items() if isinstance(d, TraceData)})
