"""Files of recorders: streaming while a simulation runs, and saving afterwards."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gpusyn.builder.layout import Layout
from gpusyn.builder.neuron_tables import sample_steps
from gpusyn.errors import FileError
from gpusyn.network.recorder import Recorder
from gpusyn.results import SpikeData, TraceData, sample_times
from gpusyn.simulation.logs import parts_of
from gpusyn.utils.typing import Array

if TYPE_CHECKING:
    from gpusyn.io.provenance import Provenance


def by_file(recorders: Iterable[Recorder], trial: int) -> dict[Path, list[Recorder]]:
    """Return the recorders that write to each file."""
    files: dict[Path, list[Recorder]] = {}
    for recorder in recorders:
        if recorder.file is not None:
            files.setdefault(Path(recorder.file_of(trial)), []).append(recorder)
    return files


def check_files(recorders: Iterable[Recorder], trial: int) -> None:
    """Raise a FileError if a file of the recorders must not be written; nothing is touched."""
    for path, mine in by_file(recorders, trial).items():
        from gpusyn.io.targets import check_target

        check_target(path, all(recorder.overwrite for recorder in mine))


class Streams:
    """The files that recorders with `file=` write to while the simulation runs.

    Attributes
    ----------
    time : float
        Time of the last flush (ms), successful or not.
    """

    def __init__(self, recorders: Mapping[str, Recorder], layout: Layout, provenance: Provenance) -> None:
        self.layout = layout
        self.recorders = {name: r for name, r in recorders.items() if r.file is not None}
        self.files: dict[Path, Any] = {}
        self.homes: dict[str, Path] = {}
        self.time = self.planned = 0.0
        self.restart(provenance)

    def restart(self, provenance: Provenance) -> None:
        """Start all files anew, or the files of another trial.

        Raises
        ------
        FileError
            If a file must not be replaced, or there is no room; nothing was changed.
        """
        contents = by_file(self.recorders.values(), provenance.trial)
        for path, mine in contents.items():
            self._check(path, mine)
        for path, file in self.files.items():
            if path not in contents:
                file.flush(self.time, self.planned)
        self._replace(contents, provenance)
        self.time = self.planned = 0.0

    def _check(self, path: Path, mine: list[Recorder]) -> None:
        """Raise a FileError if a file must not be started anew."""
        overwrite = all(recorder.overwrite for recorder in mine)
        if path not in self.files or not self.files[path].in_place:
            check_files(mine, ...)
        elif self.time > 0 and not overwrite:
            raise FileError(
                f"{path}: holds this recording up to {self.time:g} ms, which reset() would erase; record with "
                "overwrite=True, or with {trial} in the name of the file and another trial"
            )
