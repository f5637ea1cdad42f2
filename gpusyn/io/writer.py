"""Writing to result files: blocks of data are collected, room is taken for them, and then they are written."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy.typing as npt

from gpusyn.errors import FileError
from gpusyn.io.creation import LIBRARY
from gpusyn.io.file_layout import PROGRESS, Stored
from gpusyn.io.hdf5 import hdf5
from gpusyn.io.held_file import HeldFile
from gpusyn.io.open_recorders import OpenFrames, OpenRecorder, OpenSpikes, open_recorder
from gpusyn.io.provenance import DURATION
from gpusyn.parameters.scalars import one_of
from gpusyn.results.recorded_neurons import recorded_time
from gpusyn.utils.typing import Array

SPARE = 2**14  # bytes beyond the data that closing may need
_INHERITED: list[ReportWriter] = []  # of the process that was forked; closing them would write to its files


@dataclass(frozen=True)
class _State:
    """What is in the file (the length of each place, by recorder) and what is still to be written."""

    counts: Mapping[str, Sequence[int]]
    backlog: tuple[tuple[str, Any], ...] = ()  # recorder and block

    def after(self, name: str, lengths: Sequence[int]) -> _State:
        """Return the state after a block of these lengths was written."""
        longer = [count + more for count, more in zip(self.counts[name], lengths, strict=True)]
        return _State({**self.counts, name: longer})


class ReportWriter:
    """Writer that appends to a file made by :func:`gpusyn.io.creation.create_file`.

    What is appended stays in memory until :meth:`flush`, which writes all of it or, if there is no room, nothing; it
    can then be called again.

    Parameters
    ----------
    path : Path
        File to append to.
    stored : sequence of Stored
        Contents for which the file was created.
    streamed : bool
        If True, the file can be read while it is written, and is marked as being written.
    counts : mapping of str to sequence of int, optional
        Length of each place in the file, by recorder; by default, the file is empty.
    """

    def __init__(
        self,
        path: Path,
        stored: Sequence[Stored],
        streamed: bool,
        counts: Mapping[str, Sequence[int]] | None = None,
    ) -> None:
        self.path = path
        self._file = hdf5().File(path, "r+", libver=LIBRARY[streamed])
        self._recorders = {item.layout.name: open_recorder(item, self._file) for item in stored}
        self._progress, self._duration = self._file[PROGRESS], self._file[DURATION]
        if streamed:
            self._file.swmr_mode = True  # from here on HDF5 itself holds no lock
        self._held = HeldFile(path, mark=streamed)
        self._open = True
        self._process = os.getpid()
        self._state = _State(counts or {name: [0] * len(entry.places) for name, entry in self._recorders.items()})

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
        ParameterError
            If a spike is earlier than one that was appended before.
        UnknownNameError
            If there is no such spike recorder.
        """
        entry = self._recorder(recorder, OpenSpikes, "spike")
        block = entry.block(times, ids, str(self.path))
        self._append(recorder, block)
        entry.last = max([entry.last, *block[0][-1:]])

    def append_frames(self, recorder: str, values: Mapping[str, Array]) -> None:
        """Append frames of one recorder.

        Parameters
        ----------
        recorder : str
            Name of the recorder.
        values : mapping of str to array, shape (n_frames, n_recorded)
            Values of all of its variables, with the same number of frames for each; they must not change before they
            are written.

        Raises
        ------
        ParameterError
            If a variable is missing or has another shape.
        UnknownNameError
            If there is no such trace recorder.
        """
        self._append(recorder, self._recorder(recorder, OpenFrames, "trace").block(values, str(self.path)))

    def _recorder(self, name: str, kind: type[OpenRecorder], word: str) -> Any:
        known = {name: entry for name, entry in self._recorders.items() if isinstance(entry, kind)}
        return known[one_of(name, known, f"{self.path}: {word} recorder")]

    def _append(self, recorder: str, block: Any) -> None:
        self._state = _State(self._state.counts, (*self._state.backlog, (recorder, block)))

    def backlog(self, recorder: str) -> list[Any]:
        """Return the blocks of one recorder that are not in the file yet."""
        return [block for name, block in self._state.backlog if name == recorder]

    def set_duration(self, recorder: str, duration: float) -> None:
        """Set the length of the recording of one recorder (ms)."""
        self._recorders[recorder].duration = float(duration)

    def flush(self, time: float | None = None, planned: float | None = None) -> None:
        """Write everything that was appended, and make it visible to readers.

        Parameters
        ----------
        time : float, optional
            Time of the simulation (ms), up to which all recorders have recorded.
        planned : float, optional
            Time (ms) that the simulation is to reach; by default `time`.

        Raises
        ------
        OSError, RuntimeError
            If the file cannot be written; what was appended is kept in memory.
        FileError
            If this process is a fork of the one that opened the file.
        """
        if not self._open:
            raise OSError("the file is closed")
        self._check_process()
        begin = self._state
        states = [_State(begin.counts)]  # before each block, and at the end
        for name, block in begin.backlog:
            states.append(states[-1].after(name, self._recorders[name].lengths(block)))
        end = states[-1]
        self._reserve(begin.counts, end.counts)
        for (name, block), at in zip(begin.backlog, states, strict=False):
            self._recorders[name].write(block, at.counts[name])
        self._file.flush()  # data before counts, so that counted data exist even if the process is killed
        self._note(end.counts, time, planned)
        self._state = end

    @property
    def inherited(self) -> bool:
        """True in a fork of the process that opened the file, to which the file still belongs."""
        return os.getpid() != self._process

    def _check_process(self) -> None:
        """Raise a FileError in a fork of the process that opened the file: both would write to the same places."""
        if self.inherited:
            raise FileError(
                f"{self.path}: process {self._process} is writing it, of which this one is a fork; make a simulator in "
                "each process, or give record() a file with {trial} in its name and reset() to another trial"
            )

    def _reserve(self, before: Mapping[str, Sequence[int]], after: Mapping[str, Sequence[int]]) -> None:
        """Take room for what will be written, so that HDF5 cannot run out of it."""
        entries = self._recorders.items()
        need = sum(entry.room(before[name], after[name]) for name, entry in entries)
        self._held.reserve(self._file.id.get_filesize() + need + SPARE)

    def _note(self, counts: Mapping[str, Sequence[int]], time: float | None, planned: float | None) -> None:
        """Note how far the file goes, without making it longer."""
        for name, entry in self._recorders.items():
            if time is not None:
                entry.duration = recorded_time(entry.layout.start, entry.layout.stop, float(time))
            if isinstance(entry, OpenFrames):
                entry.write_stops(self._state.counts[name], counts[name])
        durations = [entry.duration for entry in self._recorders.values()]
        self._progress[...] = [*durations, *(count for name in self._recorders for count in counts[name])]
        if time is not None:
            self._duration[...] = [time if planned is None else planned, time]
        self._file.flush()

    def close(self, time: float | None = None, planned: float | None = None) -> None:
        """Flush and close; a second call does nothing."""
        if not self._open:
            return
        try:
            self.flush(time, planned)
        finally:
            self._shut()

    def _shut(self) -> None:
        """Close the file as it is."""
        self._open = False
        if self.inherited:
            _INHERITED.append(self)
            return
        try:
            self._file.close()
        finally:
            self._held.finish()
            self._held.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
