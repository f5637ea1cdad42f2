"""The free memory of this computer, the return of memory to it, and numbers of bytes as text."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path


def free_memory() -> int | None:
    """Return the bytes of main memory that a new program can use, None if the system does not report them."""
    meminfo = Path("/proc/meminfo")
    if meminfo.exists():
        for line in meminfo.read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return None


def give_back_memory() -> None:
    """Give memory that is free again back to the system, which glibc otherwise keeps; elsewhere do nothing."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if os.name == "posix" else None
    if trim is not None:
        trim(0)


def size_text(n: float) -> str:
    """Return a number of bytes as text, such as `1.5 GB`."""
    for unit in ("B", "kB", "MB", "GB", "TB", "PB"):
        if n < 1000 or unit == "PB":
            return f"{n:.0f} {unit}" if unit == "B" else f"{n:.2f} {unit}" if n < 10 else f"{n:.1f} {unit}"
        n /= 1000
    raise AssertionError
