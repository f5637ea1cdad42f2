"""Files that are about to be written: only results may stand in their place, and only if they may be replaced."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from gpusyn.errors import FileError
from gpusyn.io.checked import opened
from gpusyn.io.hdf5 import SUFFIXES, unwritten
from gpusyn.io.rank_files import names_of_ranks


def true_path(path: str | os.PathLike[str]) -> Path:
    """Return the absolute path of a file without links, so that each file has one name.

    Raises
    ------
    FileError
        If the path is relative and the working directory is gone.
    """
    try:
        return Path(os.path.realpath(path))
    except OSError:
        raise FileError(f"{path}: the working directory is gone; give an absolute path") from None


def check_target(path: Path, overwrite: bool, suffixes: tuple[str, ...] = SUFFIXES) -> None:
    """Raise a FileError unless a result can be written here without loss.

    Parameters
    ----------
    path : Path
        File that will be written.
    overwrite : bool
        If True, a result that is there already may be replaced.
    suffixes : tuple of str
        Allowed ends of its name.

    Raises
    ------
    FileError
        If the name does not end in one of them, the directory is missing or cannot be written, or there is a file that
        is another kind of file than a result, that is being written, or that may not be replaced.
    """
    check_place(path, suffixes, "a result", partial(_check_file, overwrite=overwrite))


def check_place(path: Path, suffixes: tuple[str, ...], what: str, check: Callable[[Path], None]) -> None:
    """Raise a FileError unless a file can be written here; a file that is there already is given to `check`.

    Parameters
    ----------
    path : Path
        File that will be written.
    suffixes : tuple of str
        Allowed ends of its name.
    what : str
        What it will hold, for the message.
    check : callable
        Function that raises a FileError if the file that is there may not be replaced.

    Raises
    ------
    FileError
        If the name does not end in one of them, the directory is missing or cannot be written, there is something else
        than a file, or the file may not be replaced.
    """
    if path.suffix.lower() not in suffixes:
        raise FileError(f"{path}: the name of {what} file must end in {' or '.join(suffixes)}; choose such a name")
    try:
        if not path.parent.is_dir():
            raise FileError(f"{path}: there is no directory {path.parent}; create it first")
        if not os.access(path.parent, os.W_OK | os.X_OK):
            raise FileError(f"{path}: nothing can be written into {path.parent}; check its permissions")
        facts = path.stat()
        if stat.S_ISDIR(facts.st_mode):
            raise FileError(f"{path}: is a directory; choose another name or remove it")
        if not stat.S_ISREG(facts.st_mode):
            raise FileError(f"{path}: is not an ordinary file; choose another name or remove it")
        if facts.st_size:
            check(path)
    except FileNotFoundError:
        return
    except FileError:
        raise
    except OSError as error:
        raise FileError(f"{path}: cannot be used ({error.strerror}); choose another name") from error


def _check_file(path: Path, overwrite: bool) -> None:
    """Raise a FileError if the file that is there may not be replaced."""
    unwritten(path, "close() it, or choose another name", ", or remove it: only result files are overwritten")
    for part in names_of_ranks([path]):
        if part.is_file():
            unwritten(part, "close() it, or choose another name")
    with opened(path) as file:
        result = is_result(file.names())
    if not result:
        raise FileError(
            f"{path}: is an HDF5 file without results; choose another name: only result files are overwritten"
        )
    if not overwrite:
        reader = "gpusyn.open_results()" if path.suffix.lower() in SUFFIXES else "neo.io.NWBIO"
        raise FileError(
            f"{path}: holds a recording already, which {reader} reads; "
            "choose another name (another trial, if {trial} is in the name), or replace it with overwrite=True, "
            "which record() and save() take"
        )


def is_result(names: Iterable[str]) -> bool:
    """Return True if the groups of a file are those of a result, of gpusyn or of another simulator, not of a circuit.

    >>> is_result(["spikes"]), is_result(["gpusyn", "spikes"]), is_result(["nodes"]), is_result(["nodes", "spikes"])
    (True, True, False, False)
    """
    found = set(names)
    return bool(found & {"gpusyn", "spikes", "report", "ranks"}) and not found & {"nodes", "edges"}
