"""Contents of the files of other simulators, inferred from SONATA's groups."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gpusyn.io.checked import Group
from gpusyn.io.file_layout import SPIKES, FilePlace, RecorderLayout
from gpusyn.io.piece import Piece
from gpusyn.utils.messages import LOGGER
from gpusyn.utils.typing import Array

UNNAMED = "All"  # population of the old layout, which names none; libsonata and Blue Brain's tools call it so
NO_MAPPING = "missing, so nothing says which neurons the values are of"


def foreign_spikes(file: Group, identity: tuple[int, int]) -> list[Piece]:
    """Return the spikes of all populations as one piece; of none, in a file without spikes.

    Raises
    ------
    FileError
        If the groups are damaged, or a unit is unknown.
    """
    populations, places, counts, end = [], [], [], 0.0
    first = 0
    for name, path, column in _populations(file.group(SPIKES)):
        group = file.group(path)
        unit, count = group.unit_of_time("timestamps"), group.length("timestamps")
        if group.length(column) != count:
            raise group.error("", f"timestamps and {column} differ in length; the file is damaged or truncated")
        times, ids = group.finite("timestamps", unit=unit), np.unique(group.ids(column))
        end = max(end, float(times.max())) if count else end
        populations.append((name, len(ids), ids))
        places.append(FilePlace(SPIKES, name, path, np.arange(first, first + len(ids)), ids, column, unit))
        counts.append(count)
        first += len(ids)
    name = SPIKES if file.file.stem == SPIKES else f"{file.file.stem}:{SPIKES}"
    layout = RecorderLayout(name, populations)
    return [Piece(file.file, identity, layout, 0, (0,), tuple(places), tuple(counts), end, False, False)]


def _populations(spikes: Group) -> Iterator[tuple[str, str, str]]:
    """Yield the name of each population, the path of its group, and the name of the dataset with the ids.

    A population without both datasets has no spikes; some simulators write nothing at all if there is none.
    """
    names = spikes.names()
    old = next((column for column in ("gids", "node_ids") if column in names), "gids")
    if {"timestamps", old} & set(names):
        yield UNNAMED, SPIKES, old
        return
    for name in names:
        if not spikes.is_dataset(name) and {"timestamps", "node_ids"} & set(spikes.group(name).names()):
            yield name, f"{SPIKES}/{name}", "node_ids"


def foreign_reports(file: Group, identity: tuple[int, int]) -> list[Piece]:
    """Return the report of each population as a piece; leave out one whose columns nothing assigns to neurons.

    Raises
    ------
    FileError
        If the groups are damaged, or no population has a mapping.
    """
    pieces = []
    path, reports = file.file, file.group("report")
    names = reports.names()
    mapped = [name for name in names if not reports.is_dataset(name) and "mapping" in reports.group(name)]
    if names and not mapped:
        raise reports.error(f"{names[0]}/mapping", NO_MAPPING)
    for order, name in enumerate(names):
        if name not in mapped:
            LOGGER.warning("%s: %s; it is left out", reports.where(f"{name}/mapping"), NO_MAPPING)
            continue
        group = reports.group(name)
        width, count = group.dataset("data", 2, rows=0).shape[1], group.length("data", 2)
        ids = _elements(group, width)
        unit = group.group("mapping").unit_of_time("time")
        start, _, every = group.finite("mapping/time", 3, unit=unit).tolist()
        if every <= 0:
            raise group.error("mapping/time", f"the time between frames must be above 0 (got {every:g})")
        units = {path.stem: group.attribute_text("data", "units", default="")}
        layout = RecorderLayout(f"{path.stem}:{name}", [(name, width, ids)], (path.stem,), units, start, every)
        place = FilePlace(path.stem, name, f"report/{name}", np.arange(width), ids)
        pieces.append(Piece(path, identity, layout, order, (0,), (place,), (count,), count * every, False, False))
    return pieces


def _elements(group: Group, width: int) -> Array:
    """Return the node id of each column of a report."""
    pointer = "mapping/index_pointers" if "mapping/index_pointers" in group else "mapping/index_pointer"
    nodes, pointers = group.ids("mapping/node_ids"), group.integers(pointer)
    # Some writers leave out the last pointer, which is the number of columns.
    ends = pointers if len(pointers) == len(nodes) + 1 else np.append(pointers, width)
    if len(ends) != len(nodes) + 1 or (np.diff(ends) < 0).any() or (ends[0], ends[-1]) != (0, width):
        raise group.error(
            pointer,
            f"must rise from 0 to the {width} columns of data, in one step for each of the {len(nodes)} nodes; "
            "the file is damaged",
        )
    return np.repeat(nodes, np.diff(ends))
