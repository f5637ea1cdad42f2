"""Files of recorders for a simulation that goes on from a checkpoint with another number of ranks, or in one process.

What all files of before hold up to the time of the checkpoint is read, and what is recorded here is written anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from gpusyn.errors import FileError
from gpusyn.io.atomic import replacing
from gpusyn.io.checked import opened
from gpusyn.io.checkpoint_streams import SAME, Cut, check_resumed, described
from gpusyn.io.creation import create_file
from gpusyn.io.file_layout import RecorderLayout, arrange, read_notes
from gpusyn.io.provenance import Provenance, read_provenance
from gpusyn.io.rank_files import check_files_there, index_at, names_of_ranks
from gpusyn.io.results_file import open_results
from gpusyn.io.stream import StreamFile
from gpusyn.results import SpikeData, TraceData
from gpusyn.results.recorded_neurons import RecordedNeurons
from gpusyn.utils.typing import Array, Integers

HALF = 1e-6  # ms; no time step is as short


def check_continued(path: Path, cut: Cut, provenance: Provenance) -> None:
    """Check that a file, or the index of the files of ranks, is that of a simulation that goes on.

    Parameters
    ----------
    path : Path
        The file.
    cut : Cut
        All of its recorders.
    provenance : Provenance
        Facts of the simulation.

    Raises
    ------
    FileError
        If a file is missing or being written, or belongs to another simulation.
    """
    check_resumed(path)
    index = index_at(path)
    if index is not None:
        check_files_there(index)
    for file in index.files if index is not None else [path]:
        check_resumed(file)
        with opened(file) as content:
            told = read_provenance(content)
        for name in SAME:
            if told.get(name) != (mine := getattr(provenance, name)):
                raise FileError(
                    f"{file}: holds a simulation with {name} {told.get(name)}, and the checkpoint is of one with "
                    f"{mine}; put the file back that was written with the checkpoint"
                )
    if index is not None:
        notes = index.recorders
    else:
        with opened(path) as content:
            notes = read_notes(content) or []
    if [described(one.stored.layout) for one in notes] != [described(one.layout) for one in cut.stored]:
        raise FileError(
            f"{path}: holds other recorders than the checkpoint; put the file back that was written with it"
        )


def join_streams(cuts: Mapping[Path, Cut], time: float, provenance: Provenance) -> dict[Path, Cut]:
    """Make one file each of those of several ranks, up to the time of a checkpoint (ms), all of them or none.

    Raises
    ------
    FileError
        If a file is missing, is being written, belongs to another simulation or ends before the checkpoint, or cannot
        be written; no file was changed.
    """
    for path, cut in cuts.items():
        check_continued(path, cut, provenance)
    if not cuts:
        return {}
    found, outdated = {}, list(names_of_ranks(list(cuts)))
    with replacing(list(cuts), outdated) as temporaries:
        for temporary, (path, cut) in zip(temporaries, cuts.items(), strict=True):
            found[path] = Cut(cut.recorders, write_continued(path, temporary, cut.recorders, cut, time, provenance))
    return found


def write_continued(
    path: Path, target: Path, own: Sequence[RecorderLayout], cut: Cut, time: float, provenance: Provenance
) -> dict[str, list[int]]:
    """Write a file with what is recorded here, up to the time of a checkpoint (ms); return the lengths of its places.

    Parameters
    ----------
    path : Path
        File of before, or the index of the files of ranks.
    target : Path
        The new file.
    own : sequence of RecorderLayout
        What is recorded here.
    cut : Cut
        All recorders, and the length of each place at the time of the checkpoint.
    time : float
        That time.
    provenance : Provenance
        Facts of the simulation.

    Raises
    ------
    FileError
        If the recordings end before the checkpoint.
    """
    results = open_results(path)
    create_file(target, arrange(own, directory=False).get("", []), True, provenance)
    file = StreamFile(target, own)
    try:
        for layout in own:
            data = results[layout.name]
            _check_length(path, data, layout.name, cut, time)
            here = _positions(data, layout)
            if isinstance(data, SpikeData):
                file.append_spikes(layout.name, *_spikes_until(data, here, time))
            else:
                frames = cut.counts[layout.name][0]
                columns = {variable: data[variable][:frames, here] for variable in layout.variables}
                file.append_frames(layout.name, columns)
            file.flush()
        file.flush(time, time)
        return {name: list(counts) for name, counts in file.keep().items()}
    finally:
        file.close(time, time)


def _check_length(path: Path, data: SpikeData | TraceData, name: str, cut: Cut, time: float) -> None:
    """Raise a FileError if a recorder has not reached the checkpoint."""
    counts = cut.counts[name]
    layout = next(one for one in cut.recorders if one.name == name)
    if isinstance(data, SpikeData):
        whole = layout.neurons()
        before = data.ids[data.times <= time + HALF]
        have = [int(np.isin(before, whole.positions(one, name)).sum()) for one in whole.names]
        short = have != list(counts)
    else:
        short = len(data) < max(counts, default=0)
    if short:
        raise FileError(
            f"{path}: recorder '{name}' ends at {data.duration if isinstance(data, SpikeData) else _end(data):g} ms, "
            f"before the checkpoint at {time:g} ms; load the checkpoint that was written with this file"
        )


def _end(data: TraceData) -> float:
    return float(data.t[-1]) if len(data) else 0.0


def _positions(data: SpikeData | TraceData, layout: RecorderLayout) -> Integers:
    """Return the columns of the neurons that are recorded here, among all that are recorded."""
    own = layout.neurons()
    whole = RecordedNeurons(data.populations, layout.name)
    found = np.empty(own.size, np.int64)
    for name in own.names:
        mine = own.positions(name, layout.name)
        all_ = whole.positions(name, layout.name)
        order = all_[np.argsort(whole.local_ids[all_], kind="stable")]
        found[mine] = order[np.searchsorted(whole.local_ids[order], own.local_ids[mine])]
    return found


def _spikes_until(data: SpikeData, here: Integers, time: float) -> tuple[Array, Array]:
    """Return times and positions here of the spikes up to a time."""
    position = np.full(data.size, -1)
    position[here] = np.arange(len(here))
    ids = position[data.ids]
    mine = (ids >= 0) & (data.times <= time + HALF)
    return data.times[mine], ids[mine]
