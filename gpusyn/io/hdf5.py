"""Opening of HDF5 files in the mode that fits: finished, being written, or left by a killed run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from gpusyn.errors import FileError
from gpusyn.io.heap_check import CheckedStream
from gpusyn.io.held_file import being_written
from gpusyn.io.superblock import Superblock, read_superblock
from gpusyn.utils.held_signals import held_signals
from gpusyn.utils.optional import require

SUFFIXES = (".h5", ".hdf5", ".hdf")


def hdf5() -> Any:
    """Return the module ``h5py``, or raise MissingDependencyError."""
    return require("h5py", "reading or writing result files", "h5py")


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
        raise FileError(f"{path}: is not an HDF5 file ({size} bytes without its signature); give an HDF5 file")
    return block


def unwritten(path: Path, move: str, otherwise: str = "") -> Superblock:
    """Return the superblock of an HDF5 file that no running simulation is writing.

    Parameters
    ----------
    path : Path
        The file.
    move : str
        What the user can do if one is writing it.
    otherwise : str
        End of the message if there is no HDF5 file that can be read.

    Raises
    ------
    FileError
        If one is writing it, there is no such file, or it is something else.
    """
    try:
        block = superblock_of(path)
    except FileError as error:
        raise FileError(f"{error}{otherwise}") from None
    if block.flagged and being_written(path):
        raise FileError(f"{path}: a running simulation is writing it; {move}")
    return block


@contextmanager
def reading(path: Path) -> Iterator[Any]:
    """Open a file for reading, whether its writer has closed it, is still running or was killed."""
    block = superblock_of(path)
    with ExitStack() as stack:
        # Readers that allow a writer wait for ever on damaged metadata, so only files that grow are opened so.
        growing = block.flagged and being_written(path)
        with held_signals():  # or an exception of a handler of the user would look like one of h5py
            file = _open_growing(path, stack) if growing else _open_closed(path, block, stack)
        yield file


def _open_closed(path: Path, block: Superblock, stack: ExitStack) -> Any:
    if block.flagged and not block.sound:
        raise FileError(f"{path}: its first {len(block.raw)} bytes are damaged; record it again")
    try:
        stream = stack.enter_context(CheckedStream(path, block))
        return stack.enter_context(hdf5().File(stream, "r"))
    except Exception as error:  # h5py raises nearly every kind on damaged files
        raise FileError(f"{path}: cannot be opened ({error}); the file is damaged or in use; make it again") from None


def _open_growing(path: Path, stack: ExitStack) -> Any:
    reason = ""
    # The library shares a file that this process is writing, which then opens only without SWMR mode.
    for options in ({"swmr": True}, {}):
        try:
            return stack.enter_context(hdf5().File(path, "r", **options))
        except Exception as error:
            reason = reason or str(error)
    raise FileError(f"{path}: cannot be opened ({reason}); try: gpusyn repair {path}")


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
