"""Repair of the file that a killed run leaves, so that every reader can open it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from gpusyn.errors import FileError
from gpusyn.io.checked import Group, opened
from gpusyn.io.file_layout import FORMAT, read_notes, report_end
from gpusyn.io.formats import check_format
from gpusyn.io.hdf5 import hdf5, unwritten, writing
from gpusyn.io.provenance import note_killed, read_provenance
from gpusyn.io.rank_files import check_files_there, index_at
from gpusyn.io.superblock import Superblock
from gpusyn.parameters.scalars import public
from gpusyn.utils.paths import as_path

MOST_CHUNKS = 2**20


@public
def repair(path: Any) -> str:
    """Clear the flag that a killed run leaves in its file, and cut all datasets to the data that were flushed.

    Parameters
    ----------
    path : path-like
        Result file, or the index of the files of several ranks.

    Returns
    -------
    str
        One line that says what was done, or that nothing needed repair; for the index of the files of several ranks,
        one for each of them.

    Raises
    ------
    ArgumentError
        If `path` is not a path.
    FileError
        If the file is not an HDF5 file, a simulation is writing it, a newer version of gpusyn wrote it, or it cannot be
        repaired; it is then unchanged.
    MissingDependencyError
        If h5py is not installed.

    Notes
    -----
    The first step is that of ``h5clear --status --increment=0`` of the HDF5 tools. The second needs gpusyn's notes:
    frames and spikes that were being written when the run was killed are removed, so that all variables end at the
    same time. The status of the result stays ``"killed"``.
    """
    hdf5()
    where = as_path(path, "repair().path")
    if (index := index_at(where)) is not None:
        check_files_there(index)
        return "\n".join(map(_repaired, index.files))
    return _repaired(where)


def _repaired(where: Path) -> str:
    """Repair one file."""
    block = unwritten(where, "wait until it ends, then repair the file")
    if block.flagged:
        if block.sound:
            _check_format(where)
        clear_flag(where, block)
        _note_killed(where)
    cut = _cut(where)
    if not block.flagged and not cut:
        return f"{where}: nothing to repair"
    done = ["cleared the flag of its killed writer"] if block.flagged else []
    done += [f"cut {cut} dataset{'s' if cut > 1 else ''} to the flushed data"] if cut else []
    return f"{where}: repaired: {' and '.join(done)}{_extent(where)}"


def _check_format(path: Path) -> None:
    with opened(path) as file:
        if "gpusyn" in file:
            check_format(file, "gpusyn", FORMAT)


def clear_flag(path: Path, block: Superblock) -> None:
    """Clear the flag of a killed writer, whose superblock is given.

    Raises
    ------
    FileError
        If the file is damaged otherwise; it is then unchanged.
    """
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
    except Exception as error:  # of nearly every kind, if the file is damaged
        block.write(path)
        os.truncate(path, size)
        raise FileError(f"{path}: cannot be read even without the flag ({error}); record it again") from error


def _note_killed(path: Path) -> None:
    with opened(path) as file:
        has_notes = "gpusyn" in file
    if has_notes:
        with writing(path), hdf5().File(path, "r+") as file:
            note_killed(file)


def _extent(path: Path) -> str:
    """Return how far the recording goes, if the file says it."""
    with opened(path) as file:
        told = read_provenance(file)
    known = {"reached", "planned"} <= told.keys()
    return f"; the recording goes up to {told['reached']:g} of {told['planned']:g} ms" if known else ""


def _cut(path: Path) -> int:
    """Cut the datasets to their lengths in the notes; return how many were longer."""
    with opened(path) as file:
        longer = _longer(file)
    if not longer:
        return 0
    with writing(path), hdf5().File(path, "r+") as file:
        for name, (count, stop) in longer.items():
            file[name].resize(count, axis=0)
            if stop is not None:
                file[f"{name.removesuffix('/data')}/mapping/time"][1] = stop
    return len(longer)


def _longer(file: Group) -> dict[str, tuple[int, float | None]]:
    """Return the datasets that are longer than the notes say.

    The values are the length in the notes and, for frames, the time at which they stop (ms).
    """
    longer: dict[str, tuple[int, float | None]] = {}
    for notes in read_notes(file) or []:
        dimensions, names = (1, ("timestamps", "node_ids")) if notes.stored.layout.is_spikes else (2, ("data",))
        for place, noted in zip(notes.places, notes.counts, strict=True):
            longer |= _longer_place(file, place.group, names, dimensions, noted)
    return longer


def _longer_place(
    file: Group, group: str, names: tuple[str, ...], dimensions: int, noted: int
) -> dict[str, tuple[int, float | None]]:
    longer: dict[str, tuple[int, float | None]] = {}
    for name in (f"{group}/{name}" for name in names):
        data = file.dataset(name, dimensions, rows=noted)
        if len(data) == noted:
            continue
        # HDF5 visits every chunk that is cut off, whether it was written or not.
        if data.chunks is None or len(data) // data.chunks[0] > MOST_CHUNKS:
            raise file.error(name, f"has {len(data):,} rows where the notes say {noted:,}; the file is damaged")
        stop = None
        if dimensions == 2:
            start, _, every = file.finite(f"{group}/mapping/time", 3)
            stop = report_end(float(start), float(every), noted)
        longer[name] = noted, stop
    return longer
