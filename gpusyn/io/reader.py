"""Contents of a result file, and their conversion to SpikeData and TraceData."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gpusyn.errors import FileError
from gpusyn.io.file_layout import SPIKES, FilePlace, RecorderLayout, read_notes
from gpusyn.io.hdf5 import reading
from gpusyn.results.recorded_neurons import sample_times
from gpusyn.results.spike_data import SpikeData
from gpusyn.results.trace_data import TraceData

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
    own: tuple[bool, ...]
    places: tuple[FilePlace, ...]
    counts: tuple[int, ...]
    duration: float
    noted: bool  # True: from gpusyn's notes; False: inferred from SONATA's groups
    directory: bool


def pieces_of(file: Any, path: Path) -> list[Piece]:
    """Return the pieces in an open file, from gpusyn's notes or, without them, from SONATA's groups."""
    stored = read_notes(file)
    identity = _identity(path)
    if stored is None:
        spikes = _foreign_spikes(file, path, identity) if SPIKES in file else []
        return spikes + (_foreign_reports(file, path, identity) if "report" in file else [])
    # Notes are read before data: a running simulation may add to both in between.
    progress = file["gpusyn/progress"][:]
    pieces, at = [], len(stored)
    for item, duration in zip(stored, progress[: len(stored)], strict=True):
        places = tuple(item.places())
        counts = tuple(int(count) for count in progress[at : at + len(places)])
        at += len(places)
        pieces.append(
            Piece(
                path,
                identity,
                item.layout,
                item.order,
                item.variable_order,
                item.own,
                places,
                counts,
                float(duration),
                True,
                item.directory,
            )
        )
    return pieces


def _foreign_spikes(file: Any, path: Path, identity: tuple[int, int]) -> list[Piece]:
    populations, places, counts, end = [], [], [], 0.0
    first = 0
    for name, group in file[SPIKES].items():
        if "timestamps" not in group or "node_ids" not in group:
            continue
        if str(_text(group["timestamps"].attrs.get("units", ""))) not in MILLISECONDS:
            units = _text(group["timestamps"].attrs["units"])
            raise FileError(f"{path}: spikes of {name!r} are in {units!r}, not in ms; convert the file first")
        count = min(len(group["timestamps"]), len(group["node_ids"]))
        ids = np.unique(group["node_ids"][:count]).astype(np.int64)
        end = max(end, float(group["timestamps"][:count].max())) if count else end
        columns = np.arange(first, first + len(ids))
        populations.append((name, len(ids), ids))
        places.append(FilePlace(SPIKES, name, f"{SPIKES}/{name}", columns, ids))
        counts.append(count)
        first += len(ids)
    if not populations:
        return []
    name = SPIKES if path.stem == SPIKES else f"{path.stem}:{SPIKES}"
    layout = RecorderLayout(name, populations)
    return [Piece(path, identity, layout, 0, (0,), (False,), tuple(places), tuple(counts), end, False, False)]


def _foreign_reports(file: Any, path: Path, identity: tuple[int, int]) -> list[Piece]:
    pieces = []
    for order, (name, group) in enumerate(file["report"].items()):
        mapping = group["mapping"]
        pointers = mapping["index_pointers" if "index_pointers" in mapping else "index_pointer"][:]
        nodes = mapping["node_ids"][:].astype(np.int64)
        width = group["data"].shape[1]
        ends = np.append(pointers, width)[1 : len(nodes) + 1]
        ids = np.repeat(nodes, ends.astype(np.int64) - pointers[: len(nodes)].astype(np.int64))
        start, _, every = (float(value) for value in mapping["time"][:])
        units = {path.stem: str(_text(group["data"].attrs.get("units", "")))}
        layout = RecorderLayout(f"{path.stem}:{name}", [(name, width, ids)], (path.stem,), units, start, every)
        place = FilePlace(path.stem, name, f"report/{name}", np.arange(width), ids)
        count = len(group["data"])
        pieces.append(
            Piece(path, identity, layout, order, (0,), (False,), (place,), (count,), count * every, False, False)
        )
    return pieces


def read_spikes(piece: Piece) -> SpikeData:
    """Return the spikes of one recorder."""
    times, ids = [np.empty(0)], [np.empty(0, dtype=np.int64)]
    with _again(piece) as file:
        for place, noted in zip(piece.places, piece.counts, strict=True):
            group = file[place.group]
            count = min(noted, len(group["timestamps"]), len(group["node_ids"]))
            nodes = group["node_ids"][:count].astype(np.int64)
            at = np.searchsorted(place.node_ids, nodes)
            if count and not (len(place.node_ids) and np.array_equal(place.node_ids.take(at, mode="clip"), nodes)):
                raise FileError(
                    f"{piece.file}: /{place.group} has spikes of neurons that were not recorded; the file is damaged"
                )
            times.append(group["timestamps"][:count])
            ids.append(place.columns[at])
    layout = piece.layout
    return SpikeData(layout.populations, np.concatenate(times), np.concatenate(ids), piece.duration, layout.start)


def read_traces(pieces: Sequence[Piece], variable: str | None = None) -> TraceData:
    """Return the traces of one recorder, or one variable of it, cut to the number of frames of all variables."""
    layout = pieces[0].layout
    size = sum(size for _, size, _ in layout.populations)
    found: list[tuple[int, str, np.ndarray[Any, Any]]] = []
    units: dict[str, str] = {}
    frames = min(_frames(piece) for piece in pieces)
    for piece in pieces:
        units |= piece.layout.units
        with _again(piece) as file:
            for order, name in zip(piece.variable_order, piece.layout.variables, strict=True):
                if variable not in (None, name):
                    continue
                places = [place for place in piece.places if place.variable == name]
                dtypes = [file[place.group]["data"].dtype for place in places]
                values = np.empty((frames, size), dtype=np.result_type(*dtypes) if dtypes else np.float32)
                for place in places:
                    values[:, place.columns] = file[place.group]["data"][:frames]
                found.append((order, name, values))
    variables = {name: values for _, name, values in sorted(found, key=lambda entry: entry[0])}
    t = sample_times(layout.start, layout.every, frames)
    return TraceData(layout.populations, variables, t, units, layout.every)


def _frames(piece: Piece) -> int:
    """Return the number of frames that all places of a piece have."""
    with _again(piece) as file:
        lengths = [len(file[place.group]["data"]) for place in piece.places]
    return min([*piece.counts, *lengths], default=0)


@contextmanager
def _again(piece: Piece) -> Iterator[Any]:
    """Open the file of a piece again; raise a FileError if it has been replaced."""
    with reading(piece.file) as file:
        if _identity(piece.file) != piece.identity:
            raise FileError(f"{piece.file}: has been replaced since it was opened; open the results again")
        yield file


def _identity(path: Path) -> tuple[int, int]:
    facts = path.stat()
    return facts.st_dev, facts.st_ino


def _text(value: Any) -> Any:
    return value.decode() if isinstance(value, bytes) else value
