"""Opening of HDF5 files in the mode that fits: finished, being written, or left by a killed run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gpusyn.errors import ArgumentError, FileError
from gpusyn.io.superblock import Superblock, read_superblock
from gpusyn.parameters.scalars import show
from gpusyn.utils.optional import require

SUFFIXES = (".h5", ".hdf5", ".hdf")


def hdf5() -> Any:
    """Return the module ``h5py``, or raise MissingDependencyError."""
    return require("h5py", "reading or writing result files", "gpusyn[io]")


def as_path(path: Any, where: str) -> Path:
    """Return a user's argument as a path."""
    if not isinstance(path, (str, os.PathLike)) or not os.fspath(path):
        raise ArgumentError(f"{where}: must be a path (got {show(path)})")
    text = os.fsdecode(path)
    if "\0" in text:
        raise ArgumentError(f"{where}: must be a path without null characters (got {show(text)})")
    return Path(text)


def superblock_of(path: Path) -> Superblock:
    """Return the superblock of an HDF5 file; raise a FileError if there is no such file or it is something else."""
    try:
        if path.is_dir():
            raise FileError(f"{path}: is a directory; give a file in it")
        block = read_superblock(path)
    except FileNotFoundError:
        raise FileError(f"{path}: there is no such file; check the name and the directory") from None
    except FileError:
        raise
    except OSError as error:
        raise FileError(f"{path}: cannot be read ({error.strerror}); check its permissions") from None
    if block is None:
        size = path.stat().st_size
        raise FileError(f"{path}: is not an HDF5 file ({size} bytes without its signature); give a result file")
    return block


@contextmanager
def reading(path: Path) -> Iterator[Any]:
    """Open a file for reading, whether its writer has closed it, is still running or was killed."""
    h5py = hdf5()
    block = superblock_of(path)
    # The library shares a file that this process is writing, which then opens only without SWMR mode.
    attempts: list[dict[str, Any]] = [{"swmr": True}, {}] if block.flagged else [{}]
    reason = ""
    for options in attempts:
        try:
            file = h5py.File(path, "r", **options)
            break
        except OSError as error:
            reason = reason or str(error)
    else:
        move = f"try: gpusyn repair {path}" if block.flagged else "the file is damaged; record it again"
        raise FileError(f"{path}: cannot be opened ({reason}); {move}")
    with file:
        try:
            yield file
        except FileError:
            raise
        except (OSError, LookupError, RuntimeError, ValueError, TypeError) as error:
            raise FileError(
                f"{path}: cannot be read as results ({error}); it is damaged or has another layout"
            ) from error


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Raise a FileError if writing fails inside the context."""
    try:
        yield
    except FileError:
        raise
    except (OSError, RuntimeError) as error:
        raise FileError(
            f"{path}: cannot be written ({error}); check free space and permissions, or choose another place"
        ) from error
