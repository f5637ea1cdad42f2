"""The memory that this process may take, the return of memory, numbers of bytes as text, and errors that tell them."""

from __future__ import annotations

import ctypes
import math
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from gpusyn.errors import GpusynError, PlanMemoryError
from gpusyn.utils.control_groups import control_groups
from gpusyn.utils.typing import Array

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

_PIECE = 1 << 16  # elements


def free_memory(root: Path = Path("/")) -> int | None:
    """Return the bytes of main memory that this process can still take, None if the system does not report them.

    It is the least of what is left of the computer, of each control group of the process, and of its address space.

    Parameters
    ----------
    root : Path
        Folder that holds ``proc`` and ``sys``.
    """
    return min([*_left_of_computer(root), *left_of_groups(root), *_left_of_addresses(root)], default=None)


def _left_of_computer(root: Path) -> Iterator[int]:
    with suppress(OSError, ValueError):
        found = _fields(root / "proc/meminfo").get("MemAvailable:")
        if found is not None:
            yield found * 1024
            return
    with suppress(AttributeError, ValueError, OSError):
        yield os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def left_of_groups(root: Path = Path("/")) -> Iterator[int]:
    """Yield what each control group of this process may still take: its limit less its use, without cached files.

    Parameters
    ----------
    root : Path
        Folder that holds ``proc`` and ``sys``.
    """
    for group in control_groups("memory", root):
        for limit, used, cached in (
            ("memory.max", "memory.current", "inactive_file"),  # version 2
            ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),  # version 1
        ):
            with suppress(OSError, ValueError):  # no such file, or "max": no limit
                most = int((group / limit).read_text(encoding="ascii"))
                taken = int((group / used).read_text(encoding="ascii"))
                with suppress(OSError, ValueError):
                    taken -= _fields(group / "memory.stat").get(cached, 0)
                yield max(most - max(taken, 0), 0)


def _left_of_addresses(root: Path) -> Iterator[int]:
    """Yield what the limit of the address space leaves (``ulimit -v``), if there is one."""
    if resource is None:
        return
    most = resource.getrlimit(resource.RLIMIT_AS)[0]
    if most != resource.RLIM_INFINITY:
        with suppress(OSError, ValueError):
            pages = int((root / "proc/self/statm").read_text(encoding="ascii").split()[0])
            yield max(most - pages * resource.getpagesize(), 0)


def _fields(file: Path) -> dict[str, int]:
    """Return the numbers of a file whose lines have a name, a number, and perhaps a unit."""
    lines = (line.split() for line in file.read_text(encoding="ascii").splitlines())
    return {words[0]: int(words[1]) for words in lines if len(words) > 1 and words[1].isdigit()}


@contextmanager
def memory_errors(doing: str, move: str) -> Iterator[None]:
    """Turn a MemoryError of numpy or Python into one that tells how much was wanted, what is left, and what helps.

    Parameters
    ----------
    doing : str
        What could not be done, such as ``"Simulator: building the network"``.
    move : str
        What helps.

    Raises
    ------
    PlanMemoryError
        If memory does not suffice.
    """
    try:
        yield
    except GpusynError:
        raise
    except MemoryError as error:
        wanted, free = _wanted(error), free_memory()
        left = "" if free is None else f", and {size_text(free)} are free"
        raise PlanMemoryError(
            f"{doing} ran out of memory: {wanted or 'an array'} could not be allocated{left}; {move}"
        ) from None  # the error would keep the arrays that exist


def _wanted(error: MemoryError) -> str:
    """Return the size of the array that numpy could not allocate, "" if the error does not tell."""
    shape, dtype = getattr(error, "shape", None), getattr(error, "dtype", None)
    if shape is None or dtype is None:
        return ""
    return f"an array of {size_text(math.prod(shape) * dtype.itemsize)}"


def give_back_memory() -> None:
    """Give memory that is free again back to the system, which glibc otherwise keeps; elsewhere do nothing."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if os.name == "posix" else None
    if trim is not None:
        trim(0)


def pieces(array: Array) -> Iterator[Array]:
    """Yield views of consecutive pieces of an array, so that what is computed of them takes little memory."""
    for start in range(0, len(array), _PIECE):
        yield array[start : start + _PIECE]


def size_text(n: float) -> str:
    """Return a number of bytes as text, such as `1.5 GB`."""
    for unit in ("B", "kB", "MB", "GB", "TB", "PB"):
        if n < 1000 or unit == "PB":
            return f"{n:.0f} {unit}" if unit == "B" else f"{n:.2f} {unit}" if n < 10 else f"{n:.1f} {unit}"
        n /= 1000
    raise AssertionError
