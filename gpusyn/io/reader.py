"""Contents of a result file, and their conversion to SpikeData and TraceData."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from gpusyn.errors import FileError
from gpusyn.io.checked import Group, opened
from gpusyn.io.file_layout import SPIKES, FilePlace, read_notes
from gpusyn.io.foreign import foreign_reports, foreign_spikes
from gpusyn.io.piece import Piece, identity_of
from gpusyn.results.recorded_neurons import sample_times
from gpusyn.results.spike_data import SpikeData
from gpusyn.results.synapse_data import SynapseData
from gpusyn.results.trace_data import TraceData
from gpusyn.utils.typing import Array

SAME_TIME = 1e-6  # ms


def pieces_of(file: Group) -> list[Piece]:
    """Return the pieces in an open file, from gpusyn's notes or, without them, from SONATA's groups.

    Raises
    ------
    FileError
        If the notes or the groups are damaged.
    """
    # Notes are read before data: a running simulation may add to both in between.
    notes = read_notes(file)
    identity = identity_of(file.file)
    if notes is None:
        spikes = foreign_spikes(file, identity) if SPIKES in file else []
        return spikes + (foreign_reports(file, identity) if "report" in file else [])
    return [
        Piece(
            file.file,
            identity,
            noted.stored.layout,
            noted.stored.order,
            noted.stored.variable_order,
            noted.places,
            noted.counts,
            noted.duration,
            True,
            noted.stored.directory,
        )
        for noted in notes
    ]


def read_spikes(pieces: Sequence[Piece]) -> SpikeData:
    """Return the spikes of one recorder; those of several ranks up to the time that all have reached."""
    times, ids = [np.empty(0)], [np.empty(0, dtype=np.int64)]
    for piece in pieces:
        with _again(piece) as file:
            for place, count in zip(piece.places, piece.counts, strict=True):
                group = file.group(place.group)
                nodes, known = (ids.astype(np.uint64) for ids in (group.ids(place.ids, rows=count), place.node_ids))
                at = np.searchsorted(known, nodes)
                if count and not (len(known) and np.array_equal(known.take(at, mode="clip"), nodes)):
                    raise group.error("", "has spikes of neurons that were not recorded; the file is damaged")
                times.append(group.finite("timestamps", rows=count, unit=place.milliseconds))
                ids.append(place.columns[at])
    layout, duration = pieces[0].layout, min(piece.duration for piece in pieces)
    time, index = np.concatenate(times), np.concatenate(ids)
    if max(piece.duration for piece in pieces) > duration:
        inside = time <= layout.start + duration + SAME_TIME
        time, index = time[inside], index[inside]
    return SpikeData(layout.populations, time, index, duration, layout.start)


def read_traces(pieces: Sequence[Piece], variable: str | None = None) -> TraceData:
    """Return the traces of one recorder, or one variable of it, cut to the number of frames of all variables."""
    layout = pieces[0].layout
    size = sum(size for _, size, _ in layout.populations)
    found: dict[str, tuple[int, Array]] = {}
    units: dict[str, str] = {}
    frames = min((count for piece in pieces for count in piece.counts), default=0)
    for piece in pieces:
        units |= piece.layout.units
        with _again(piece) as file:
            for order, name in zip(piece.variable_order, piece.layout.variables, strict=True):
                if variable in (None, name):
                    places = [place for place in piece.places if place.variable == name]
                    before = found[name][1] if name in found else None
                    found[name] = order, _read_variable(file, places, frames, size, before)
    variables = {name: values for name, (_, values) in sorted(found.items(), key=lambda entry: entry[1][0])}
    t = sample_times(layout.start, layout.every, frames)
    if layout.pairs is None:
        return TraceData(layout.populations, variables, t, units, layout.every)
    ((projection, _, synapses),) = layout.neurons().parts
    return SynapseData(projection, synapses, *layout.pairs, variables, t, units, layout.every)


def _read_variable(
    file: Group, places: Sequence[FilePlace], frames: int, size: int, values: Array | None = None
) -> Array:
    """Return the frames of one variable, shape (frames, size), or complete those with what other files hold."""
    names = [f"{place.group}/data" for place in places]
    dtypes = [file.number_type(name, 2, rows=frames) for name in names]
    if values is None:
        values = np.empty((frames, size), dtype=np.result_type(*dtypes) if dtypes else np.float32)
    for place, name in zip(places, names, strict=True):
        part = file.numbers(name, 2, rows=frames)
        if part.shape[1] != len(place.columns):
            raise file.error(
                name,
                f"must have one column for each of {len(place.columns)} neurons (has {part.shape[1]}); "
                "the file is damaged",
            )
        values[:, place.columns] = part
    return values


@contextmanager
def _again(piece: Piece) -> Iterator[Group]:
    """Open the file of a piece again; raise a FileError if it has been replaced."""
    with opened(piece.file) as file:
        if identity_of(piece.file) != piece.identity:
            raise FileError(f"{piece.file}: has been replaced since it was opened; open the results again")
        yield file
