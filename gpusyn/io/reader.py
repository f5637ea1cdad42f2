"""Contents of a result file, and their conversion to SpikeData and TraceData."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gpusyn.errors import FileError
from gpusyn.io.checked import Group, opened
from gpusyn.io.file_layout import SPIKES, FilePlace, RecorderLayout, read_notes
from gpusyn.parameters.scalars import show
from gpusyn.results.recorded_neurons import sample_times
from gpusyn.results.spike_data import SpikeData
from gpusyn.results.synapse_data import SynapseData
from gpusyn.results.trace_data import TraceData
from gpusyn.utils.typing import Array, Integers

MILLISECONDS = ("", "ms", "msec", "millisecond", "milliseconds")


@dataclass(frozen=True)
class Piece:
    """The part of one recorder's data that is in one file: all of it, or in a directory some of its variables.

    `counts` are the lengths of the places up to which the data are complete; `duration` is the length of the recording
    (ms).
    """

    file: Path
    identity: tuple[int, int]
    layout: RecorderLayout
    order: int
    variable_order: tuple[int, ...]
    places: tuple[FilePlace, ...]
    counts: tuple[int, ...]
    duration: float
    noted: bool  # True: from gpusyn's notes; False: inferred from SONATA's groups
    directory: bool


def pieces_of(file: Group) -> list[Piece]:
    """Return the pieces in an open file, from gpusyn's notes or, without them, from SONATA's groups.

    Raises
    ------
    FileError
        If the notes or the groups are damaged.
    """
    # Notes are read before data: a running simulation may add to both in between.
    notes = read_notes(file)
    identity = _identity(file.file)
    if notes is None:
        spikes = _foreign_spikes(file, identity) if SPIKES in file else []
        return spikes + (_foreign_reports(file, identity) if "report" in file else [])
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


def _foreign_spikes(file: Group, identity: tuple[int, int]) -> list[Piece]:
    populations, places, counts, end = [], [], [], 0.0
    first = 0
    path, spikes = file.file, file.group(SPIKES)
    for name in spikes.names():
        if spikes.is_dataset(name) or not {"timestamps", "node_ids"} & set((group := spikes.group(name)).names()):
            continue
        units = group.attribute_text("timestamps", "units", default="")
        if units not in MILLISECONDS:
            raise FileError(f"{path}: spikes of {show(name)} are in {show(units)}, not in ms; convert the file first")
        count = group.length("timestamps")
        if group.length("node_ids") != count:
            raise group.error("", "timestamps and node_ids differ in length; the file is damaged or truncated")
        times, ids = group.finite("timestamps"), np.unique(group.integers("node_ids"))
        end = max(end, float(times.max())) if count else end
        columns = np.arange(first, first + len(ids))
        populations.append((name, len(ids), ids))
        places.append(FilePlace(SPIKES, name, f"{SPIKES}/{name}", columns, ids))
        counts.append(count)
        first += len(ids)
    if not populations:
        return []
    name = SPIKES if path.stem == SPIKES else f"{path.stem}:{SPIKES}"
    layout = RecorderLayout(name, populations)
    return [Piece(path, identity, layout, 0, (0,), tuple(places), tuple(counts), end, False, False)]


def _foreign_reports(file: Group, identity: tuple[int, int]) -> list[Piece]:
    pieces = []
    path, reports = file.file, file.group("report")
    for order, name in enumerate(reports.names()):
        group = reports.group(name)
        width, count = group.dataset("data", 2, rows=0).shape[1], group.length("data", 2)
        ids = _elements(group, width)
        start, _, every = group.finite("mapping/time", 3)
        if every <= 0:
            raise group.error("mapping/time", f"the time between frames must be above 0 (got {every:g})")
        units = {path.stem: group.attribute_text("data", "units", default="")}
        layout = RecorderLayout(
            f"{path.stem}:{name}", [(name, width, ids)], (path.stem,), units, float(start), float(every)
        )
        place = FilePlace(path.stem, name, f"report/{name}", np.arange(width), ids)
        pieces.append(Piece(path, identity, layout, order, (0,), (place,), (count,), count * every, False, False))
    return pieces


def _elements(group: Group, width: int) -> Integers:
    """Return the node id of each column of a report."""
    pointer = "mapping/index_pointers" if "mapping/index_pointers" in group else "mapping/index_pointer"
    nodes, pointers = group.integers("mapping/node_ids"), group.integers(pointer)
    # Some writers leave out the last pointer, which is the number of columns.
    ends = pointers if len(pointers) == len(nodes) + 1 else np.append(pointers, width)
    if len(ends) != len(nodes) + 1 or (np.diff(ends) < 0).any() or (ends[0], ends[-1]) != (0, width):
        raise group.error(
            pointer,
            f"must rise from 0 to the {width} columns of data, in one step for each of the {len(nodes)} nodes; "
            "the file is damaged",
        )
    return np.repeat(nodes, np.diff(ends))


def read_spikes(piece: Piece) -> SpikeData:
    """Return the spikes of one recorder."""
    times, ids = [np.empty(0)], [np.empty(0, dtype=np.int64)]
    with _again(piece) as file:
        for place, count in zip(piece.places, piece.counts, strict=True):
            group = file.group(place.group)
            nodes = group.integers("node_ids", rows=count)
            at = np.searchsorted(place.node_ids, nodes)
            if count and not (len(place.node_ids) and np.array_equal(place.node_ids.take(at, mode="clip"), nodes)):
                raise group.error("", "has spikes of neurons that were not recorded; the file is damaged")
            times.append(group.finite("timestamps", rows=count))
            ids.append(place.columns[at])
    layout = piece.layout
    return SpikeData(layout.populations, np.concatenate(times), np.concatenate(ids), piece.duration, layout.start)


def read_traces(pieces: Sequence[Piece], variable: str | None = None) -> TraceData:
    """Return the traces of one recorder, or one variable of it, cut to the number of frames of all variables."""
    layout = pieces[0].layout
    size = sum(size for _, size, _ in layout.populations)
    found: list[tuple[int, str, Array]] = []
    units: dict[str, str] = {}
    frames = min((count for piece in pieces for count in piece.counts), default=0)
    for piece in pieces:
        units |= piece.layout.units
        with _again(piece) as file:
            for order, name in zip(piece.variable_order, piece.layout.variables, strict=True):
                if variable in (None, name):
                    places = [place for place in piece.places if place.variable == name]
                    found.append((order, name, _read_variable(file, places, frames, size)))
    variables = {name: values for _, name, values in sorted(found, key=lambda entry: entry[0])}
    t = sample_times(layout.start, layout.every, frames)
    if layout.pairs is None:
        return TraceData(layout.populations, variables, t, units, layout.every)
    ((projection, _, synapses),) = layout.neurons().parts
    return SynapseData(projection, synapses, *layout.pairs, variables, t, units, layout.every)


def _read_variable(file: Group, places: Sequence[FilePlace], frames: int, size: int) -> Array:
    """Return the frames of one variable, shape (frames, size)."""
    names = [f"{place.group}/data" for place in places]
    dtypes = [file.number_type(name, 2, rows=frames) for name in names]
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
        if _identity(piece.file) != piece.identity:
            raise FileError(f"{piece.file}: has been replaced since it was opened; open the results again")
        yield file


def _identity(path: Path) -> tuple[int, int]:
    facts = path.stat()
    return facts.st_dev, facts.st_ino
