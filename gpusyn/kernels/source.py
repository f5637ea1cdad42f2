"""The location of the kernel text, and functions that read it.

A wheel has the text in ``gpusyn/_kernels``; a checkout has it in ``kernels/`` beside ``pyproject.toml``, where edits
take effect immediately. A folder is used only if it contains ``common.cuh``, and that of a checkout only if it is
beside gpusyn's own ``pyproject.toml``. An unrelated top-level ``kernels`` of another distribution is therefore never
read.
"""

from __future__ import annotations

import functools
import importlib.resources
from importlib.resources.abc import Traversable
from pathlib import Path, PurePosixPath

from gpusyn.errors import FileError

__all__ = ["kernel_folder", "kernel_names", "read_kernel"]

_SUFFIXES = (".cu", ".cuh", ".h", ".cpp")
_PACKAGE = Path(__file__).parents[1]


def _is_kernel_folder(folder: Traversable) -> bool:
    return folder.joinpath("common.cuh").is_file()


def _is_own_checkout(root: Path) -> bool:
    project = root / "pyproject.toml"
    return project.is_file() and 'name = "gpusyn"' in project.read_text(encoding="utf-8")


def _find(package: Traversable, package_folder: Path) -> Traversable:
    packaged = package.joinpath("_kernels")
    if _is_kernel_folder(packaged):
        return packaged
    root = package_folder.resolve().parent
    if _is_own_checkout(root) and _is_kernel_folder(root / "kernels"):
        return root / "kernels"
    raise FileError(
        f"gpusyn's kernels: found neither {packaged} (an installed copy) "
        f"nor {root / 'kernels'} beside gpusyn's pyproject.toml (a checkout); "
        "the installation is damaged; in a checkout: pip install --force-reinstall ."
    )


@functools.cache
def kernel_folder() -> Traversable:
    """Return the folder with the kernel text of this installation.

    Returns
    -------
    importlib.resources.abc.Traversable
        ``gpusyn/_kernels`` in an installed copy, ``kernels`` in a checkout.

    Raises
    ------
    FileError
        If neither exists; the message names both places.

    Examples
    --------
    >>> kernel_folder().joinpath("common.cuh").is_file()
    True
    """
    return _find(importlib.resources.files("gpusyn"), _PACKAGE)


def _walk(folder: Traversable, prefix: PurePosixPath) -> list[str]:
    names = []
    for entry in folder.iterdir():
        if entry.is_dir():
            names += _walk(entry, prefix / entry.name)
        elif entry.name.endswith(_SUFFIXES):
            names.append(str(prefix / entry.name))
    return names


def kernel_names() -> list[str]:
    """Return the sorted names of all kernel files, relative to :func:`kernel_folder`, with ``/`` between parts.

    Examples
    --------
    >>> "common.cuh" in kernel_names()
    True
    """
    return sorted(_walk(kernel_folder(), PurePosixPath()))


def has_kernel(name: str) -> bool:
    """Return True if there is a kernel file of this name, as :func:`kernel_names` gives it."""
    return _file(name).is_file()


def _file(name: str) -> Traversable:
    return kernel_folder().joinpath(*PurePosixPath(name).parts)


def read_kernel(name: str) -> str:
    r"""Return the text of one kernel file.

    Parameters
    ----------
    name : str
        Path relative to the kernel folder, for example ``"neurons/lif.cuh"``.

    Returns
    -------
    str
        The text, with ``\n`` at line ends on every system, so that the same file gives the same module text
        (and the same key in CuPy's cache) everywhere.

    Raises
    ------
    FileError
        If there is no such file; the message lists the files.

    Examples
    --------
    >>> read_kernel("common.cuh").startswith("//")
    True
    """
    file = _file(name)
    if not file.is_file():
        raise FileError(f"kernel file {name!r}: not found in {kernel_folder()}; there are {', '.join(kernel_names())}")
    return file.read_text(encoding="utf-8").replace("\r\n", "\n")
