"""Repair of the file that a killed run leaves, so that every reader can open it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from gpusyn.errors import FileError
from gpusyn.io.file_layout import read_notes
from gpusyn.io.hdf5 import as_path, hdf5, reading, superblock_of, writing
from gpusyn.io.held_file import being_written
from gpusyn.io.provenance import read_provenance
from gpusyn.io.superblock import Superblock
from gpusyn.parameters.scalars import public


@public
def repair(path: Any) -> str:
    """Clear the flag that a killed run leaves in its file, and cut all datasets to the data that were flushed.

    Parameters
    ----------
    path : path-like
        Result file.

    Returns
    -------
    str
        One line that says what was done, or that nothing needed repair.

    Raises
    ------
    ArgumentError
        If `path` is not a path.
    FileError
        If the file is not an HDF5 file, a simulation is writing it, or it cannot be repaired; it is then unchanged.
    MissingDependencyError
        If h5py is not installed.

    Notes
    -----
    The first step is that of ``h5clear --status --increment=0`` of the HDF5 tools. The second needs gpusyn's notes:
    frames and spikes that were being written when the run was killed are removed, so that all variables end at the
    same time.
    """
    hdf5()
    where = as_path(path, "repair().path")
    block = superblock_of(where)
    if block.flagged:
        if being_written(where):
            raise FileError(f"{where}: a running simulation is writing it; wait until it ends, then repair the file")
        _clear_flag(where, block)
    cut = _cut(where)
    if not block.flagged and not cut:
        return f"{where}: nothing to repair"
    done = ["cleared the flag of its killed writer"] if block.flagged else []
    done += [f"cut {cut} dataset{'s' if cut > 1 else ''} to the flushed data"] if cut else []
    return f"{where}: repaired: {' and '.join(done)}{_extent(where)}"


def _clear_flag(path: Path, block: Superblock) -> None:
    if not block.sound:
        raise FileError(f"{path}: its first {len(block.raw)} bytes are damaged, not only flagged; record it again")
    size = path.stat().st_size
    # The writer may have used space that it had not yet recorded, or recorded space that it had not yet used.
    end = max(block.end, size)
    with writing(path):
        os.truncate(path, end)
        block.cleared(end).write(path)
    try:
        with hdf5().File(path, "r") as file:
            file.visititems(lambda name, item: None)
    except (OSError, RuntimeError, KeyError) as error:
        block.write(path)
        os.truncate(path, size)
        raise FileError(f"{path}: cannot be read even without the flag ({error}); record it again") from error


def _extent(path: Path) -> str:
    """Return how far the recording goes, if the file says it."""
    with reading(path) as file:
        told = read_provenance(file)
    known = {"reached", "planned"} <= told.keys()
    return f"; the recording goes up to {told['reached']:g} of {told['planned']:g} ms" if known else ""


def _cut(path: Path) -> int:
    """Cut the datasets to their lengths in the notes; return how many were longer."""
    with reading(path) as file:
        longer = _longer(file)
    if not longer:
        return 0
    with writing(path), hdf5().File(path, "r+") as file:
        for name, count in _longer(file).items():
            file[name].resize(count, axis=0)
            time = f"{name.removesuffix('/data')}/mapping/time"
            if name.endswith("/data"):
                start, _, every = file[time][:]
                file[time][1] = start + count * every
    return len(longer)


def _longer(file: Any) -> dict[str, int]:
    """Return the datasets that are longer than the notes say, with their lengths in the notes."""
    stored = read_notes(file) or []
    longer: dict[str, int] = {}
    if not stored:
        return longer
    progress = file["gpusyn/progress"][len(stored) :]
    places = [(item, place) for item in stored for place in item.places()]
    for (item, place), noted in zip(places, progress, strict=True):
        names = ("timestamps", "node_ids") if item.layout.is_spikes else ("data",)
        for name in (f"{place.group}/{name}" for name in names):
            if len(file[name]) > int(noted):
                longer[name] = int(noted)
    return longer
