"""`gpusyn info`: report versions, backends, devices and folders, and the verdict on the GPU.

Users paste this text into bug reports, so it covers everything and never fails.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import os
import platform
import subprocess
import sys
from collections.abc import Mapping

from gpusyn import __version__
from gpusyn.backends.base import Backend
from gpusyn.backends.cpu.cache import cache_folder
from gpusyn.backends.cpu.compiler import find_compiler
from gpusyn.backends.cuda.backend import import_cupy
from gpusyn.backends.cuda.detect import Detection, detect, installed_cupys
from gpusyn.backends.select import usable
from gpusyn.errors import BackendError, FileError
from gpusyn.kernels.source import kernel_folder, kernel_names, read_kernel

__all__ = ["describe", "report"]

_OPTIONAL = ("h5py", "matplotlib", "tqdm", "scipy")
_GIB = 2**30


def _version(distribution: str) -> str:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _kernels() -> str:
    try:
        digest = hashlib.sha256("\0".join(read_kernel(name) for name in kernel_names()).encode())
        return f"{kernel_folder()} ({len(kernel_names())} files, sha256 {digest.hexdigest()[:12]})"
    except FileError as error:
        return str(error)


def _versions() -> list[str]:
    optional = ", ".join(f"{name} {_version(name)}" for name in _OPTIONAL)
    return [
        f"gpusyn    {__version__}",
        f"Python    {platform.python_version()} ({sys.executable})",
        f"system    {platform.platform()}, {os.cpu_count()} cores",
        f"numpy     {_version('numpy')}",
        f"optional  {optional}",
        f"CuPy      {', '.join(installed_cupys()) or 'not installed'}",
    ]


def _cuda(found: Detection) -> list[str]:
    known = {"driver": found.driver, "runtime": found.runtime, "NVRTC": found.nvrtc}
    versions = ", ".join(f"{name} {version or 'not asked'}" for name, version in known.items())
    devices = [
        f"device    {d.number}: {d}, {d.free / _GIB:.1f} of {d.total / _GIB:.1f} GiB free" for d in found.devices
    ]
    return [f"CUDA      {versions}", *devices] if found.cupy else []


def _mpi() -> list[str]:
    version = _version("mpi4py")
    if version == "not installed":
        return ["MPI       not installed; for several processes: pip install mpi4py mpich"]
    return [f"MPI       mpi4py {version}, {_mpi_library()}"]


@functools.cache
def _mpi_library() -> str:
    """Ask another process: some libraries of MPI end the one that asks where no mpiexec has started it."""
    command = [sys.executable, "-m", "mpi4py", "--mpi-lib-version"]
    try:
        asked = subprocess.run(
            command, capture_output=True, encoding="utf-8", errors="replace", timeout=20, check=False
        )
    except (OSError, subprocess.SubprocessError) as error:
        return f"its library does not answer ({error})"
    if asked.returncode:
        reason = (asked.stderr.strip().splitlines() or [f"exit status {asked.returncode}"])[-1]
        return f"its library cannot be used ({reason})"
    first = asked.stdout.split("\n", 1)[0].replace("Version:", "")
    return " ".join(first.split()).rstrip(",") or "a library that does not say its name"


def _compiler() -> list[str]:
    try:
        found = find_compiler()
    except BackendError:
        return ["compiler  none that works, see below why"]
    return [f"compiler  {found.description}: {found.reason}"]


def _folders() -> list[str]:
    cupy_cache = os.environ.get("CUPY_CACHE_DIR") or os.path.expanduser("~/.cupy/kernel_cache")
    try:
        own_cache = str(cache_folder())
    except BackendError as error:
        own_cache = str(error)
    return [f"kernels   {_kernels()}", f"cache     {own_cache} (cpu), {cupy_cache} (cuda)"]


def _backends(found: Detection, backends: Mapping[str, Backend], reasons: Mapping[str, str]) -> list[str]:
    at_the_end = {name for name, why in reasons.items() if found.reason and found.reason in why}
    asked = os.environ.get("GPUSYN_BACKEND", "auto")
    if asked == "auto":
        taken = f"takes {next(iter(backends))}"
    elif asked in backends:
        taken = f"takes {asked} (GPUSYN_BACKEND is set)"
    else:
        taken = f"fails, because GPUSYN_BACKEND is {asked!r}, which cannot be used here; set another or unset it"
    return [
        *(f"backend   {name}: usable, {backend.describe()}" for name, backend in backends.items()),
        *(f"backend '{n}' cannot be used: see the last line" if n in at_the_end else why for n, why in reasons.items()),
        f"backend   auto: {taken}",
    ]


def describe(found: Detection, backends: Mapping[str, Backend], reasons: Mapping[str, str]) -> str:
    """Return the text for given backends.

    Parameters
    ----------
    found : Detection
        Result of the search for a GPU.
    backends, reasons : mapping
        Usable backends, and the reasons why the others cannot be used, from `gpusyn.backends.select.usable`.

    Returns
    -------
    str
        Lines without a final newline; the last one is the verdict, ``GPU: usable`` or
        ``GPU: not usable, because ...; fix: ...``.
    """
    parts = [
        _versions(),
        _mpi(),
        _cuda(found),
        _compiler(),
        _folders(),
        _backends(found, backends, reasons),
        [found.verdict],
    ]
    return "\n".join(line for part in parts for line in part)


def report() -> str:
    """Return the text for this machine.

    Examples
    --------
    >>> report().splitlines()[-1].startswith("GPU: ")
    True
    """
    return describe(detect(import_cupy), *usable())
