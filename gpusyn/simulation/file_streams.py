"""Files of recorders: streaming while a simulation runs, and saving afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from gpusyn.errors import FileError
from gpusyn.io.checkpoint_streams import Cut, check_resumed, cut_streams
from gpusyn.io.continued_files import join_streams
from gpusyn.io.hdf5 import hdf5
from gpusyn.io.nwb import SUFFIX as NWB
from gpusyn.io.nwb import save_nwb
from gpusyn.io.provenance import Provenance
from gpusyn.io.rank_files import index_at, names_of_ranks
from gpusyn.io.results_file import open_results
from gpusyn.io.save import save
from gpusyn.io.stream import StreamFile, create_streams
from gpusyn.io.targets import check_target, true_path
from gpusyn.network.recorder import Recorder
from gpusyn.results import SpikeData, TraceData, recorded_time, sample_times
from gpusyn.simulation.logs import SampleLog, SpikeLog
from gpusyn.utils.paths import as_path
from gpusyn.utils.typing import Array


def by_file(recorders: Iterable[Recorder], trial: int) -> dict[Path, list[Recorder]]:
    """Return the recorders that write to each file."""
    files: dict[Path, list[Recorder]] = {}
    for recorder in recorders:
        if recorder.file is not None:
            files.setdefault(true_path(recorder.file.replace("{trial}", str(trial))), []).append(recorder)
    return files


def check_files(recorders: Iterable[Recorder], trial: int) -> None:
    """Check that the recorders may write their files; nothing is touched.

    Raises
    ------
    FileError
        If a file is there that must not be replaced, or the place cannot be written.
    MissingDependencyError
        If h5py is not installed.
    """
    files = by_file(recorders, trial)
    if files:
        hdf5()
    for path, mine in files.items():
        check_target(path, may_replace(mine))


def check_resumed_files(recorders: Iterable[Recorder], trial: int) -> None:
    """Check that the files of recorders are there, with which a simulation goes on.

    Raises
    ------
    FileError
        If one is missing, or is being written.
    MissingDependencyError
        If h5py is not installed.
    """
    for path in by_file(recorders, trial):
        check_resumed(path)


def may_replace(recorders: Iterable[Recorder]) -> bool:
    """Return whether recorders of one file may all replace what is there."""
    return all(recorder.overwrite for recorder in recorders)


class Streams:
    """The files that recorders with `file=` write to while the simulation runs.

    Data that cannot be written for want of room stay in memory until :meth:`flush` is called again.
    """

    def __init__(
        self, logs: Mapping[str, SpikeLog | SampleLog], dt: float, provenance: Provenance, begins: bool = True
    ) -> None:
        self.dt = dt
        self.logs = {name: log for name, log in logs.items() if not log.in_memory}
        self.files: dict[Path, StreamFile] = {}  # those that are open
        self.time = self.planned = 0.0  # ms: what was collected, and what is to be reached by the present run
        self.homes: dict[str, StreamFile] = {}  # of each recorder
        self._provenance = provenance
        if begins:
            self.restart(provenance)

    def keep(self, step: int) -> dict[str, list[int]]:
        """Let all files be complete up to step `step`, on the disk; return the length of each place, by recorder.

        Raises
        ------
        FileError
            If a file cannot be written.
        """
        self.flush(step)
        for file in self.files.values():
            _require_in_place(file)
        counts: dict[str, list[int]] = {}
        self._on_each(self.files.values(), lambda file: counts.update({k: list(n) for k, n in file.keep().items()}))
        return counts

    def resume(self, counts: Mapping[str, list[int]], step: int) -> None:
        """Go on with all files from step `step` on, at which they had these lengths.

        Raises
        ------
        FileError
            If a file is not that of this simulation, ends before, or cannot be written; none was changed.
        """
        self.time = self.planned = step * self.dt
        cuts = {
            path: Cut([self.logs[r.name].file_layout() for r in mine], {r.name: counts[r.name] for r in mine})
            for path, mine in self._contents(self._provenance.trial).items()
        }
        of_ranks = {path: cut for path, cut in cuts.items() if index_at(path) is not None}
        cut_streams({path: cut for path, cut in cuts.items() if path not in of_ranks}, self.time, self._provenance)
        self._open(cuts | join_streams(of_ranks, self.time, self._provenance))

    def _open(self, cuts: Mapping[Path, Cut]) -> None:
        """Open files of these lengths."""
        self.files = {path: StreamFile(path, *cut, self.time) for path, cut in cuts.items()}
        self.homes = {layout.name: self.files[path] for path, cut in cuts.items() for layout in cut.recorders}

    def _contents(self, trial: int) -> dict[Path, list[Recorder]]:
        """Return the files that are written here, and their recorders."""
        return by_file((log.recorder for log in self.logs.values()), trial)

    def restart(self, provenance: Provenance) -> None:
        """Start all files anew; if the trial is another one, those that its number leads to.

        Raises
        ------
        FileError
            If a file must not be replaced or cannot be written; nothing was changed.
        """
        provenance = replace(provenance, planned=0.0, reached=0.0)
        contents = self._contents(provenance.trial)
        self._check_all(provenance.trial)
        kept = [file for path, file in self.files.items() if path not in contents and file.reached < self.time]
        self._on_each(kept, lambda file: file.flush(self.time, self.planned))
        own = [path for path, file in self.files.items() if file.in_place and not file.inherited]
        empty = [path for path in own if path not in contents and not self.time]
        layouts = {path: [self.logs[r.name].file_layout() for r in mine] for path, mine in contents.items()}
        outdated = [file for file in names_of_ranks(list(layouts)) if file not in layouts]
        if layouts:
            create_streams(layouts, provenance)
        before, self.files = self.files, {path: StreamFile(path, mine) for path, mine in layouts.items()}
        for file in before.values():
            with suppress(FileError):  # nothing is lost: they are gone, or complete
                file.discard()
        for path in empty:  # the trial that it was made for has not run
            path.unlink()
        self.homes = {r.name: self.files[path] for path, mine in contents.items() for r in mine}
        self._created(provenance, outdated, not self.time)
        self.time = self.planned = 0.0
        self._provenance = provenance

    def _check_all(self, trial: int) -> None:
        """Raise a FileError if a file of a trial must not be started anew."""
        for path, mine in self._contents(trial).items():
            self._check(path, mine)

    def _created(self, provenance: Provenance, outdated: list[Path], unused: bool) -> None:
        """Complete files that were made: remove outdated ones; those of before may have been `unused`."""
        for path in outdated:
            path.unlink(missing_ok=True)

    def provenance(self, step: int) -> Provenance:
        """Return the facts of the simulation, which has reached step `step`."""
        return replace(self._provenance, planned=self.planned, reached=step * self.dt)

    def _check(self, path: Path, mine: list[Recorder]) -> None:
        """Raise a FileError if a file must not be started anew."""
        file = self.files.get(path)
        if file is None or file.inherited or not file.in_place:
            check_target(path, may_replace(mine))
        elif self.time > 0 and not may_replace(mine):
            raise FileError(
                f"{path}: holds this simulation up to {self.time:g} ms, which reset() would erase; call record() with "
                "overwrite=True, or with {trial} in the name of the file, so that another trial has another file"
            )

    def spikes(self, name: str, step: Array, at: Array) -> None:
        """Append spikes of one recorder, sorted by (step, position)."""
        if name in self.homes:
            self.homes[name].append_spikes(name, step * self.dt, at)

    def frames(self, name: str, frames: dict[str, Array]) -> None:
        """Append samples of one recorder."""
        if name in self.homes and frames:
            self.homes[name].append_frames(name, frames)

    def begin(self, step: int, planned: int) -> None:
        """Begin a run from step `step` to step `planned`; write first what could not be written before.

        Raises
        ------
        FileError
            If there is still no room.
        """
        self.planned = planned * self.dt
        if any(file.reached < step * self.dt for file in self.files.values()):
            self.flush(step)
        if planned > step:
            self._on_each(self.files.values(), lambda file: file.plan(self.planned))

    def flush(self, step: int) -> None:
        """Write everything up to step `step`, so that readers see it.

        Raises
        ------
        FileError
            If a file cannot be written; its data stay in memory, and the other files are written.
        """
        self.time = step * self.dt
        self._on_each(self.files.values(), lambda file: file.flush(self.time, self.planned))

    def read_back(self, name: str, step: int) -> SpikeData | TraceData | None:
        """Return what a streaming recorder has recorded up to step `step`, in the file and still in memory.

        None for a recorder without a file.
        """
        if name not in self.homes:
            return None
        home = self.homes[name]
        _require_in_place(home)
        found = open_results(home.path)[name]
        later = home.backlog(name)
        if isinstance(found, SpikeData):
            times = np.concatenate([found.times, *(times for times, _ in later)])
            ids = np.concatenate([found.ids, *(ids for _, ids in later)])
            duration = recorded_time(found.start, self.logs[name].recorder.stop, step * self.dt)
            return SpikeData(found.populations, times, ids, duration, found.start)
        values = {v: np.concatenate([found[v], *(frames[v] for frames in later)]) for v in found}
        assert isinstance(found, TraceData)
        layout = self.logs[name].file_layout()
        return found._with(values, sample_times(layout.start, layout.every, len(values[layout.variables[0]])))

    def close(self, step: int) -> None:
        """Close all files at step `step`, so that they become ordinary HDF5 files.

        Raises
        ------
        FileError
            If a file cannot be written; each is closed nevertheless, with all that was written before.
        """
        files, self.files = self.files, {}
        self._on_each(files.values(), lambda file: file.close(step * self.dt, self.planned))

    @staticmethod
    def _on_each(files: Iterable[StreamFile], act: Callable[[StreamFile], None]) -> None:
        """Call a function with each file; raise the first error when all were called."""
        errors = []
        for file in files:
            try:
                act(file)
            except FileError as error:
                errors.append(error)
        if errors:
            raise errors[0]


def _require_in_place(file: StreamFile) -> None:
    """Raise a FileError if a file is no longer under its name."""
    if not file.in_place:
        raise FileError(f"{file.path}: was moved, removed or replaced during the simulation; put it back")


def save_results(path: Any, data: Mapping[str, SpikeData | TraceData], overwrite: bool, provenance: Provenance) -> None:
    """Write all recorded data to one file, HDF5 or NWB, or to one folder."""
    place = as_path(path, "save().path")
    if place.suffix.lower() == NWB:
        return save_nwb(true_path(place), data, overwrite=overwrite, provenance=provenance)
    spikes = {name: d for name, d in data.items() if isinstance(d, SpikeData)}
    traces = {name: d for name, d in data.items() if isinstance(d, TraceData)}
    return save(path, spikes, traces, overwrite=overwrite, provenance=provenance)
