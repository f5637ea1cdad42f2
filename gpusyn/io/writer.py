"""Files of spikes and frame reports in SONATA's layout, to which data are appended during a run.

Format: Dai et al. 2020, "The SONATA data format for efficient description of large-scale network models",
PLoS Computational Biology 16(2): e1007696.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from gpusyn.errors import ParameterError
from gpusyn.io.atomic import replacing
from gpusyn.io.file_layout import FilePlace, RecorderLayout, Stored, arrange, write_notes
from gpusyn.io.hdf5 import as_path, check_target, hdf5, hold, writing
from gpusyn.parameters.scalars import one_of
from gpusyn.results.recorded_neurons import in_order
from gpusyn.utils.typing import Array, Floats, Integers

SORTING = {"none": 0, "by_id": 1, "by_time": 2}
SPIKE_CHUNK = 8192  # spikes
# Reading during writing needs the format of HDF5 1.10; other files use a format that older readers know too.
LIBRARY = {True: ("v110", "v110"), False: None}
FRAME_CHUNK = 2**18  # bytes; a chunk holds whole frames unless a frame is larger than four times this


def create_file(path: Path, stored: Sequence[Stored], streamed: bool) -> None:
    """Create a file with every group and dataset that `stored` needs, all of length 0."""
    with hdf5().File(path, "w", libver=LIBRARY[streamed]) as file:
        write_notes(file, stored)
        for item in stored:
            for place in item.places():
                group = file.create_group(place.group)
                if item.layout.is_spikes:
                    _create_spikes(group)
                else:
                    _create_frames(group, place, item.layout)


def _create_spikes(group: Any) -> None:
    kind = hdf5().enum_dtype(SORTING, basetype=np.uint8)
    group.attrs.create("sorting", SORTING["by_time"], dtype=kind)
    for name, dtype in (("timestamps", np.float64), ("node_ids", np.uint64)):
        group.create_dataset(name, (0,), dtype, maxshape=(None,), chunks=(SPIKE_CHUNK,))
    group["timestamps"].attrs["units"] = "ms"


def _create_frames(group: Any, place: FilePlace, layout: RecorderLayout) -> None:
    width = len(place.node_ids)
    dtype = np.dtype(layout.dtypes.get(place.variable, np.float32))
    wide = max(1, min(width, 4 * FRAME_CHUNK // dtype.itemsize))
    deep = max(1, min(1024, FRAME_CHUNK // (wide * dtype.itemsize)))
    data = group.create_dataset("data", (0, width), dtype, maxshape=(None, width), chunks=(deep, wide))
    data.attrs["units"] = layout.units.get(place.variable, "")
    mapping = group.create_group("mapping")
    mapping["node_ids"] = place.node_ids.astype(np.uint64)
    mapping["node_ids"].attrs["sorted"] = np.uint8(1)
    mapping["index_pointers"] = np.arange(width + 1, dtype=np.uint64)
    mapping["element_ids"] = np.zeros(width, dtype=np.uint32)
    mapping["time"] = np.array([layout.start, layout.start, layout.every])
    mapping["time"].attrs["units"] = "ms"


class _Open:
    """One recorder in an open file: its places, their datasets and the lengths of these."""

    def __init__(self, item: Stored, file: Any) -> None:
        self.layout = item.layout
        self.neurons = item.layout.neurons()
        self.places = list(item.places())
        self.groups = [file[place.group] for place in self.places]
        self.counts = [0] * len(self.places)
        self.duration = 0.0
        self.last_spike = -np.inf
        # Index of the place of each position in the selection, to divide spikes by population.
        self.slots = np.zeros(self.neurons.size, dtype=np.int64)
        for slot, place in enumerate(self.places):
            self.slots[place.columns] = slot

    def append_spikes(self, times: Floats, ids: Integers) -> None:
        slots = self.slots[ids]
        for slot, group in enumerate(self.groups):
            mine = slots == slot
            _append(group["timestamps"], self.counts[slot], times[mine])
            _append(group["node_ids"], self.counts[slot], self.neurons.local_ids[ids[mine]].astype(np.uint64))
            self.counts[slot] += int(mine.sum())

    def append_frames(self, values: Mapping[str, Array]) -> None:
        for slot, (place, group) in enumerate(zip(self.places, self.groups, strict=True)):
            frames = np.asarray(values[place.variable])
            _append(group["data"], self.counts[slot], frames[:, _as_slice(place.columns)])
            self.counts[slot] += len(frames)

    def write_stop_times(self) -> None:
        for count, group in zip(self.counts, self.groups, strict=True):
            if not self.layout.is_spikes:
                group["mapping/time"][1] = self.layout.start + count * self.layout.every


def _as_slice(columns: Integers) -> Any:
    """Return consecutive columns as a slice, which avoids a copy; return other columns unchanged."""
    consecutive = len(columns) > 0 and bool(np.all(np.diff(columns) == 1))
    return slice(int(columns[0]), int(columns[-1]) + 1) if consecutive else columns


def _append(dataset: Any, count: int, values: Array) -> None:
    if len(values):
        dataset.resize(count + len(values), axis=0)
        dataset[count:] = values


class ReportWriter:
    """Writer that appends to a file made by :func:`create_file`.

    Parameters
    ----------
    path : Path
        File to append to.
    stored : sequence of Stored
        Contents for which the file was created.
    streamed : bool
        If True, the file can be read while it is written.
    """

    def __init__(self, path: Path, stored: Sequence[Stored], streamed: bool) -> None:
        self.path = path
        with writing(path):
            self._file = hdf5().File(path, "r+", libver=LIBRARY[streamed])
            self._recorders = {item.layout.name: _Open(item, self._file) for item in stored}
            if streamed:
                self._file.swmr_mode = True

    def append_spikes(self, recorder: str, times: npt.ArrayLike, ids: npt.ArrayLike) -> None:
        """Append spikes of one recorder.

        Parameters
        ----------
        recorder : str
            Name of the recorder.
        times : array_like, shape (n,)
            Spike times (ms), not earlier than those appended before.
        ids : array_like, shape (n,)
            Positions of the neurons in the recorded selection.

        Raises
        ------
        FileError
            If the file cannot be written.
        ParameterError
            If a spike is earlier than one that was appended before.
        UnknownNameError
            If there is no such spike recorder.
        """
        entry = self._entry(recorder, spikes=True)
        time, index = in_order(np.asarray(times, dtype=np.float64), np.asarray(ids, dtype=np.int64))
        if not len(time):
            return
        if time[0] < entry.last_spike:
            raise ParameterError(
                f"{self.path}: spikes of {recorder!r} must be appended in order of time "
                f"(got {time[0]:g} ms after {entry.last_spike:g} ms)"
            )
        entry.last_spike = float(time[-1])
        with writing(self.path):
            entry.append_spikes(time, index)

    def append_frames(self, recorder: str, values: Mapping[str, Array]) -> None:
        """Append frames of one recorder.

        Parameters
        ----------
        recorder : str
            Name of the recorder.
        values : mapping of str to array, shape (n_frames, n_recorded)
            Values of all of its variables, with the same number of frames for each.

        Raises
        ------
        FileError
            If the file cannot be written.
        ParameterError
            If a variable is missing or has another shape.
        UnknownNameError
            If there is no such trace recorder.
        """
        entry = self._entry(recorder, spikes=False)
        shapes = {np.shape(values.get(name, 0)) for name in entry.layout.variables}
        if len(shapes) > 1 or any(len(shape) != 2 or shape[1] != entry.neurons.size for shape in shapes):
            given = {name: np.shape(array) for name, array in values.items()}
            raise ParameterError(
                f"{self.path}: frames of {recorder!r} must be given for {', '.join(entry.layout.variables)} together, "
                f"each of shape (frames, {entry.neurons.size}) (got {given})"
            )
        with writing(self.path):
            entry.append_frames(values)

    def _entry(self, recorder: str, spikes: bool) -> _Open:
        known = [name for name, entry in self._recorders.items() if entry.layout.is_spikes is spikes]
        kind = "spike" if spikes else "trace"
        return self._recorders[one_of(recorder, known, f"{self.path}: {kind} recorder")]

    def set_duration(self, recorder: str, duration: float) -> None:
        """Set the length of the recording of one recorder (ms)."""
        self._recorders[recorder].duration = float(duration)

    def flush(self, time: float | None = None) -> None:
        """Make everything that was appended visible to readers.

        Parameters
        ----------
        time : float, optional
            Time of the simulation (ms), up to which all recorders have recorded.

        Raises
        ------
        FileError
            If the file cannot be written.
        """
        entries = self._recorders.values()
        if time is not None:
            for entry in entries:
                entry.duration = float(time) - entry.layout.start
        with writing(self.path):
            self._file.flush()  # data before counts, so that counted data exist even if the process is killed
            for entry in entries:
                entry.write_stop_times()
            counts = [count for entry in entries for count in entry.counts]
            self._file["gpusyn/progress"][...] = [*(entry.duration for entry in entries), *counts]
            self._file.flush()

    def close(self, time: float | None = None) -> None:
        """Flush and close; a second call does nothing."""
        if not self._file:
            return
        try:
            self.flush(time)
        finally:
            with writing(self.path):
                self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class StreamFile(ReportWriter):
    """A result file that grows while the simulation runs; it can be read meanwhile and after a crash.

    Flushed data can be read (:func:`open_results`, ``h5py.File(path, "r", swmr=True)``) even if the process is killed.
    The file has all its groups from the beginning; after it is closed, it is an ordinary result file.

    Parameters
    ----------
    path : path-like
        Path of the file; an older result file of that name is replaced.
    recorders : sequence of RecorderLayout
        Recorders whose data the file will hold.

    Raises
    ------
    ArgumentError
        If `path` is not a path.
    FileError
        If the file cannot be created, would replace a file that is not a result file, or is being written by another
        run.
    ParameterError
        If two recorders have the same name, or a recorder has a neuron twice.
    MissingDependencyError
        If h5py is not installed.
    """

    def __init__(self, path: Any, recorders: Sequence[RecorderLayout]) -> None:
        target = as_path(path, "StreamFile.path")
        check_target(target)
        stored = arrange(recorders, directory=False).get("", [])
        with replacing([target]) as temporaries:
            create_file(temporaries[0], stored, streamed=True)
        super().__init__(target, stored, streamed=True)
        self._lock = hold(target)

    def close(self, time: float | None = None) -> None:
        """Flush and close; a second call does nothing."""
        try:
            super().close(time)
        finally:
            if self._lock is not None:
                os.close(self._lock)
                self._lock = None
