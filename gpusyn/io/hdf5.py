"""Opening HDF5 files: the right mode for finished, running and killed ones; errors that say what to do."""

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
    """Return what the user gave as a path."""
    if not isinstance(path, (str, os.PathLike)) or not os.fspath(path):
        raise ArgumentError(f"{where}: must be a path (got {show(path)})")
    return Path(os.fsdecode(path))


def superblock_of(path: Path) -> Superblock:
    """Return the superblock of an existing HDF5 file, or raise FileError saying what is there instead."""
    try:
        if path.is_dir():
            raise FileError(f"{path}: is a directory; give one file of it")
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
    """Open a file for reading, whether its writer has closed it, is at work or was killed."""
    h5py = hdf5()
    block = superblock_of(path)
    # A file being written in this very process is shared by the library and opens as an ordinary one.
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
                f"{path}: cannot be read as results ({error}); it is damaged or of another layout"
            ) from error


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn failures of writing into FileError."""
    try:
        yield
    except FileError:
        raise
    except (OSError, RuntimeError) as error:
        raise FileError(
            f"{path}: cannot be written ({error}); check free space and permissions, or choose another place"
        ) from error


def check_target(path: Path) -> None:
    """Refuse to write a result file where it would destroy something that is none, or is being written."""
    if path.suffix.lower() not in SUFFIXES:
        raise FileError(f"{path}: a result file ends in .h5 or .hdf5; choose such a name")
    if not path.parent.is_dir():
        raise FileError(f"{path}: there is no directory {path.parent}; create it first")
    if path.is_dir():
        raise FileError(f"{path}: is a directory; choose another name or remove it")
    if not path.exists() or path.stat().st_size == 0:
        return
    try:
        block = superblock_of(path)
    except FileError as error:
        raise FileError(f"{error}, or remove it: only result files are overwritten") from None
    if block.flagged and locked(path):
        raise FileError(f"{path}: a running simulation is writing it; close() that one first, or choose another name")


def hold(path: Path) -> int | None:
    """Mark a file as being written: a shared lock that ends with the process. Return its descriptor."""
    try:
        import fcntl

        descriptor = os.open(path, os.O_RDONLY)
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except (ImportError, OSError):  # Windows, or a file system without locks: then nobody is warned
        return None
    return descriptor


def locked(path: Path) -> bool:
    """Tell whether some process holds the file."""
    try:
        import fcntl
    except ImportError:
        return False
    descriptor = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return False
