"""What differs between systems for the kernels of the `cpu` backend: libraries, flags, folders, and ends of processes.

Every function asks which system this is when it is called. Windows and macOS were not at hand: what is said here of
them was compiled and linked for them, but has not run there.
"""

from __future__ import annotations

import contextlib
import os
import platform
import shlex
import signal
import subprocess
from pathlib import Path

WINDOWS, MACOS = "Windows", "Darwin"

# Linux: the parts of memory that a process has mapped, a line each, and how many it may have; a library takes five.
MAPPINGS, MOST_MAPPINGS = Path("/proc/self/maps"), Path("/proc/sys/vm/max_map_count")
MAPPINGS_OF_A_LIBRARY = 8


def temporary_places() -> tuple[str, ...]:
    """Return the variables for the places where compilers put what they need for a while.

    On Windows, ziglang builds parts of C's library, for half a minute, and keeps them for all kernels.
    """
    own = () if platform.system() == WINDOWS else ("ZIG_GLOBAL_CACHE_DIR", "ZIG_LOCAL_CACHE_DIR")
    return ("TMPDIR", "TEMP", "TMP", *own)


def library_suffix() -> str:
    """Return how names of shared libraries end."""
    return {WINDOWS: ".dll", MACOS: ".dylib"}.get(platform.system(), ".so")


def program_suffix() -> str:
    """Return how names of programs end."""
    return ".exe" if platform.system() == WINDOWS else ""


def library_flags(zig: bool) -> tuple[str, ...]:
    """Return the flags that make a shared library with threads.

    Parameters
    ----------
    zig : bool
        True for the package ziglang, which links statically what Windows lacks without being told.
    """
    if platform.system() != WINDOWS:
        return ("-fPIC", "-shared", "-pthread")
    # All code can be moved there; POSIX threads are a library of the compiler's, which must come along.
    return ("-shared", "-pthread", *(() if zig else ("-static",)))


def zig_flags(flags: tuple[str, ...]) -> tuple[str, ...]:
    """Return those of the flags for ziglang that this system allows.

    On Windows, functions with large arrays call the compiler's own library, which looks after the stack.
    """
    return tuple(flag for flag in flags if platform.system() != WINDOWS or flag != "-rtlib=none")


def native_flag(clang: bool) -> str | None:
    """Return the flag that compiles for the processor of this machine, None if there must be none.

    Parameters
    ----------
    clang : bool
        False for g++.
    """
    if platform.system() == WINDOWS and not clang:
        return None  # g++ would place vectors of 32 bytes on a stack that has 16-byte alignment there (GCC bug 54412)
    return "-mcpu=native" if platform.machine().lower() in ("aarch64", "arm64") else "-march=native"


def user_cache_folder() -> Path:
    """Return the folder in which programs of this user keep what they can make again.

    Raises
    ------
    RuntimeError
        If the user has no home folder.
    """
    system = platform.system()
    if system == MACOS:
        return Path.home() / "Library" / "Caches"
    named = os.environ.get("LOCALAPPDATA" if system == WINDOWS else "XDG_CACHE_HOME")
    if named:
        return Path(named)
    return Path.home() / ("AppData/Local" if system == WINDOWS else ".cache")


def no_room_for_a_library() -> str:
    """Return why no library can be loaded into this process, whatever its file; "" if there is no such reason."""
    try:
        most = int(MOST_MAPPINGS.read_text(encoding="ascii"))
        with MAPPINGS.open("rb") as lines:  # line by line: all of them would be one more mapping
            used = sum(1 for _ in lines)
    except (OSError, ValueError):  # another system
        return ""
    if used + MAPPINGS_OF_A_LIBRARY <= most:
        return ""
    return (
        f"this process has {used} memory mappings, Linux allows it {most}, and each library takes a few until the "
        f"process ends; run the rest in a new process, or raise the limit (sudo sysctl vm.max_map_count={4 * most})"
    )


def split_command(command: str) -> list[str]:
    r"""Return the words of a command line; on Windows a ``\`` separates folders.

    Raises
    ------
    ValueError
        If a quotation mark lacks its partner.
    """
    if platform.system() != WINDOWS:
        return shlex.split(command)
    return [word.strip('"') for word in shlex.split(command, posix=False)]


def end_process(process: subprocess.Popen[bytes]) -> None:
    """End a process and all that it started: a compiler leaves its work to others, such as cc1plus and as."""
    if platform.system() == WINDOWS:
        with contextlib.suppress(OSError):  # without the command, the process alone
            tree = ("taskkill", "/F", "/T", "/PID", str(process.pid))
            subprocess.run(tree, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        process.kill()
    else:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
