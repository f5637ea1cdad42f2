"""Result files that grow while a simulation runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from gpusyn.errors import FileError
from gpusyn.io.atomic import replacing
from gpusyn.io.creation import create_file
from gpusyn.io.file_layout import RecorderLayout, arrange
from gpusyn.io.hdf5 import hdf5, writing
from gpusyn.io.held_file import identity_of
from gpusyn.io.provenance import Provenance
from gpusyn.io.targets import check_target, true_path
from gpusyn.io.writer import ReportWriter
from gpusyn.utils.paths import as_path


def create_streams(
    contents: Mapping[Path, Sequence[RecorderLayout]],
    provenance: Provenance | None = None,
) -> None:
    """Create empty result files, all of them or none, in place of those that are there.

    Parameters
    ----------
    contents : mapping of Path to sequence of RecorderLayout
        Recorders of each file.
    provenance : Provenance, optional
        Facts of the simulation.

    Raises
    ------
    FileError
        If a file cannot be created.
    """
    with replacing(list(contents)) as temporaries:
        for temporary, recorders in zip(temporaries, contents.values(), strict=True):
            create_file(temporary, arrange(recorders, directory=False).get("", []), True, provenance)


class StreamFile(ReportWriter):
    """A result file that grows while the simulation runs; it can be read meanwhile and after a crash.

    Flushed data can be read (:func:`open_results`, ``h5py.File(path, "r", swmr=True)``) even if the process is killed.
    The file has all its groups from the beginning; after it is closed, it is an ordinary result file. A file for which
    there is no room stays as it was at the last flush.

    Parameters
    ----------
    path : Path
        File made by :func:`create_streams`.
    recorders : sequence of RecorderLayout
        Recorders for which it was made.
    counts : mapping of str to sequence of int, optional
        Length of each place in the file, by recorder; by default, the file is empty.
    reached : float
        Time up to which the file is complete (ms).

    Attributes
    ----------
    path : Path
        Path of the file.
    reached : float
        Time up to which the file is complete (ms).

    Raises
    ------
    FileError
        If the file cannot be opened, or is being written already.
    """

    def __init__(
        self,
        path: Path,
        recorders: Sequence[RecorderLayout],
        counts: Mapping[str, Sequence[int]] | None = None,
        reached: float = 0.0,
    ) -> None:
        self.reached = reached
        with writing(path):
            super().__init__(path, arrange(recorders, directory=False).get("", []), streamed=True, counts=counts)

    @classmethod
    def create(cls, path: Any, recorders: Sequence[RecorderLayout], overwrite: bool = False) -> Self:
        """Create a file and open it.

        Parameters
        ----------
        path : path-like
            Path of the file.
        recorders : sequence of RecorderLayout
            Recorders whose data the file will hold.
        overwrite : bool
            If True, an older result of that name is replaced.

        Returns
        -------
        StreamFile

        Raises
        ------
        ArgumentError
            If `path` is not a path.
        FileError
            If the file cannot be created, or another file must not be replaced: a recording, a file that is not a
            result, or one that is being written.
        ParameterError
            If two recorders have the same name, or a recorder has a neuron twice.
        MissingDependencyError
            If h5py is not installed.
        """
        hdf5()
        target = true_path(as_path(path, "StreamFile.path"))
        check_target(target, overwrite)
        create_streams({target: recorders})
        return cls(target, recorders)

    @property
    def in_place(self) -> bool:
        """True if the file is still under its name, False if it was moved, removed or replaced."""
        return self.path.exists() and identity_of(self.path) == self._held.identity

    def keep(self) -> Mapping[str, Sequence[int]]:
        """Wait until everything that was flushed is on the disk; return the length of each place, by recorder.

        Raises
        ------
        FileError
            If it cannot be written.
        """
        self._check_process()
        with writing(self.path):
            self._held.sync()
        return self._state.counts

    def plan(self, planned: float) -> None:
        """Note the time (ms) that the simulation is to reach, so that the file says it if the process is killed.

        Raises
        ------
        FileError
            If the file cannot be written.
        """
        self._check_process()
        with writing(self.path):
            self._reserve(self._state.counts, self._state.counts)
            self._duration[0] = planned
            self._file.flush()

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
        FileError
            If the file cannot be written; what was appended is kept in memory, and can be written by a later call.
        """
        try:
            super().flush(time, planned)
        except (OSError, RuntimeError) as error:
            raise FileError(
                f"{self.path}: cannot be written ({error}); it is complete up to {self.reached:g} ms, and what came "
                "later is kept in memory: make room and run on, or save() the results elsewhere"
            ) from error
        self.reached = self.reached if time is None else time

    def close(self, time: float | None = None, planned: float | None = None) -> None:
        """Flush and close; a second call does nothing.

        Parameters
        ----------
        time, planned : float, optional
            As for :meth:`flush`.

        Raises
        ------
        FileError
            If the file cannot be written. It is closed nevertheless, as it was at the last flush.
        """
        if not self._open:
            return
        try:
            if self._state.backlog or time not in (None, self.reached):
                super().flush(time, planned)
        except (OSError, RuntimeError) as error:
            self.discard()
            raise FileError(
                f"{self.path}: cannot be written ({error}); it was closed and is complete up to {self.reached:g} ms; "
                "what came later is not in it"
            ) from error
        with writing(self.path):
            self._shut()

    def discard(self) -> None:
        """Close the file as it was at the last flush.

        Raises
        ------
        FileError
            If the file cannot be closed in the ordinary way.
        """
        if self._open:
            with writing(self.path):
                self._shut()
