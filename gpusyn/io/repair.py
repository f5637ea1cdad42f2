"""Making the file that a killed run has left readable by everyone."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from gpusyn.errors import FileError
from gpusyn.io.file_layout import read_notes
from gpusyn.io.hdf5 import as_path, hdf5, locked, reading, superblock_of
from gpusyn.io.superblock import Superblock
from gpusyn.parameters.scalars import public


@public
def repair(path: Any) -> str:
    """Clear the flag that a killed run leaves in its file, and cut all datasets to what was flushed.

    Parameters
    ----------
    path : path-like
        A result file.

    Returns
    -------
    str
        One line that says what was done, or that nothing needed repair.

    Raises
    ------
    FileError
        If it is no HDF5 file, a simulation is writing it, or it cannot be mended; it is then as before.
    MissingDependencyError
        If h5py is not installed.

    Notes
    -----
    Does what ``h5clear --status --increment=0`` of the HDF5 tools does, then what only gpusyn's notes allow:
    frames and spikes on their way when the run was killed are removed, so that all variables end together.
    """
    hdf5()
    where = as_path(path, "repair().path")
    block = superblock_of(where)
    if block.flagged:
        if locked(where):
            raise FileError(f"{where}: a running simulation is writing it; wait for it or end it, then repair")
        _clear_flag(where, block)
    cut = _cut(where)
    if not block.flagged and not cut:
        return f"{where}: nothing to repair"
    done = ["the flag of its killed writer is cleared"] if block.flagged else []
    done += [f"{cut} dataset{'s' if cut > 1 else ''} cut to what was flushed"] if cut else []
    return f"{where}: repaired: {' and '.join(done)}"


def _clear_flag(path: Path, block: Superblock) -> None:
    if not block.sound:
        raise FileError(f"{path}: its first {len(block.raw)} bytes are damaged, not only flagged; record it again")
    size = path.stat().st_size
    # The writer may have used space that it had not yet noted, or noted space that it had not yet used.
    end = max(block.end, size)
    block.cleared(end).write(path)
    os.truncate(path, end)
    try:
        with hdf5().File(path, "r") as file:
            file.visititems(lambda name, item: None)
    except (OSError, RuntimeError, KeyError) as error:
        os.truncate(path, size)
        block.write(path)
        raise FileError(f"{path}: cannot be read even without the flag ({error}); record it again") from error


def _cut(path: Path) -> int:
    """Cut the datasets to their noted lengths; return how many were longer."""
    with reading(path) as file:
        longer = _longer(file)
    if not longer:
        return 0
    try:
        with hdf5().File(path, "r+") as file:
            for name, count in _longer(file).items():
                file[name].resize(count, axis=0)
                time = f"{name.removesuffix('/data')}/mapping/time"
                if name.endswith("/data"):
                    start, _, every = file[time][:]
                    file[time][1] = start + count * every
    except OSError as error:
        raise FileError(f"{path}: cannot be written ({error}); close what uses it, check permissions") from error
    return len(longer)


def _longer(file: Any) -> dict[str, int]:
    """Return datasets that are longer than noted, with their noted length."""
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
