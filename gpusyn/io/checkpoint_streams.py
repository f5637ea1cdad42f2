"""Files that recorders stream to, cut back to the time of a checkpoint, from which a simulation goes on.

A copy of each file is cut, and all copies are put in place at the end, so that a process that is killed leaves the
files as they were.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from gpusyn.errors import FileError
from gpusyn.io.atomic import replacing
from gpusyn.io.checked import opened
from gpusyn.io.file_layout import PROGRESS, Noted, RecorderLayout, Stored, arrange, read_notes
from gpusyn.io.hdf5 import hdf5, superblock_of, unwritten
from gpusyn.io.open_recorders import OpenFrames, open_recorder
from gpusyn.io.provenance import DURATION, KILLED, Provenance, read_provenance
from gpusyn.io.repair import clear_flag
from gpusyn.results.recorded_neurons import recorded_time

SAME = ("seed", "trial", "dt", "precision", "weights")  # of a file and a simulation that goes on with it

Counts = Mapping[str, Sequence[int]]  # length of each place in a file, by recorder


class Cut(NamedTuple):
    """What is left of a file: its recorders, and the length of each place at the time of a checkpoint."""

    recorders: Sequence[RecorderLayout]
    counts: Counts

    @property
    def stored(self) -> list[Stored]:
        """Contents of the file."""
        return arrange(self.recorders, directory=False).get("", [])


def check_resumed(path: Path) -> None:
    """Raise a FileError unless there is an HDF5 file that nobody is writing."""
    move = "close() it before its checkpoint is loaded"
    unwritten(path, move, ": the simulation of the checkpoint wrote it, and goes on with it")


def cut_streams(cuts: Mapping[Path, Cut], time: float, provenance: Provenance) -> None:
    """Cut files back to the time of a checkpoint (ms), all of them or none.

    Raises
    ------
    FileError
        If a file is missing, is being written, belongs to another simulation or ends before the checkpoint, or cannot
        be written; no file was changed.
    """
    for path, cut in cuts.items():
        check_resumed(path)
        _check_contents(path, cut, time, provenance)
    if not cuts:
        return
    with replacing(list(cuts)) as temporaries:
        for temporary, (path, cut) in zip(temporaries, cuts.items(), strict=True):
            shutil.copyfile(path, temporary)
            _cut(temporary, cut, time)


def _check_contents(path: Path, cut: Cut, time: float, provenance: Provenance) -> None:
    """Raise a FileError unless a file holds these recorders of this simulation, up to the checkpoint at least."""
    with opened(path) as file:
        notes, told = read_notes(file) or [], read_provenance(file)
    for name in SAME:
        if told.get(name) != (mine := getattr(provenance, name)):
            raise FileError(
                f"{path}: holds a simulation with {name} {told.get(name)}, and the checkpoint is of one with {mine}; "
                "put the file back that was written with the checkpoint"
            )
    if [described(one.stored.layout) for one in notes] != [described(one.layout) for one in cut.stored]:
        raise FileError(
            f"{path}: holds other recorders than the checkpoint; put the file back that was written with it"
        )
    for one in notes:
        _check_length(path, one, cut.counts[one.stored.layout.name], time)


def described(layout: RecorderLayout) -> tuple[object, ...]:
    """Return what a recorder records, to compare."""
    neurons = layout.neurons()
    return layout.name, tuple(layout.variables), neurons.names, neurons.local_ids.tolist()


def _check_length(path: Path, noted: Noted, counts: Sequence[int], time: float) -> None:
    if len(noted.counts) != len(counts) or any(have < need for have, need in zip(noted.counts, counts, strict=True)):
        raise FileError(
            f"{path}: recorder '{noted.stored.layout.name}' ends at {noted.duration:g} ms, before the checkpoint at "
            f"{time:g} ms; load the checkpoint that was written with this file"
        )


def _cut(path: Path, cut: Cut, time: float) -> None:
    """Cut one file in place."""
    block = superblock_of(path)
    if block.flagged:
        clear_flag(path, block)
    with hdf5().File(path, "r+") as file:
        file["gpusyn"].attrs.modify(KILLED, np.uint8(0))
        recorders = [open_recorder(item, file) for item in cut.stored]
        for one in recorders:
            counts = cut.counts[one.layout.name]
            for datasets, count in zip(one.datasets, counts, strict=True):
                for dataset in datasets:
                    dataset.resize(count, axis=0)
            if isinstance(one, OpenFrames):
                one.write_stops([-1] * len(counts), counts)
        durations = [recorded_time(one.layout.start, one.layout.stop, time) for one in recorders]
        file[PROGRESS][...] = [*durations, *(count for one in recorders for count in cut.counts[one.layout.name])]
        file[DURATION][...] = [time, time]
