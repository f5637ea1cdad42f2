"""The compiler from pip: clang, which the Python package `ziglang` brings along and which needs no installation.

Nothing of the package is imported: its program is run as any other compiler is.
"""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path, PurePath

from gpusyn.backends.cpu import platforms
from gpusyn.errors import BackendError

#: Oldest version with which the kernels were tried, as in the extra `compiler`.
LEAST = (0, 17)

#: The command that gets it; quoted in messages.
INSTALL = 'pip install "ziglang>=0.17"'

#: Flags beyond those of other compilers. It would build C++'s library and its own before the first kernel, which takes
#: a minute and which nothing uses.
FLAGS = ("-nostdlib++", "-rtlib=none", "-fno-sanitize=undefined", "-g0")


def is_zig(command: tuple[str, ...]) -> bool:
    """Return whether a command, maybe one that `CXX` names, is this compiler.

    >>> is_zig(("/usr/bin/zig", "c++")), is_zig(("python", "-m", "ziglang", "c++")), is_zig(("g++",))
    (True, True, False)
    """
    return any(PurePath(word).stem == "zig" or word == "ziglang" for word in command)


def program() -> Path | None:
    """Return the program of the package `ziglang` in this Python, None if the package is not installed.

    Raises
    ------
    BackendError
        If the package is there without its program.
    """
    found = importlib.util.find_spec("ziglang")
    if found is None:
        return None
    for folder in found.submodule_search_locations or ():
        file = Path(folder) / f"zig{platforms.program_suffix()}"
        if file.is_file():
            return file.resolve()
    raise BackendError("the package is damaged: it has no program zig")


def check_version(said: str) -> None:
    """Refuse a version that is older than `LEAST`.

    Parameters
    ----------
    said : str
        The program's answer to ``zig version``.

    Raises
    ------
    BackendError
        If it is too old, or says no version.
    """
    numbers = re.match(r"(\d+)\.(\d+)", said)
    if numbers is None:
        raise BackendError(f"it says {said[:80]!r} when it is asked for its version")
    if tuple(map(int, numbers.groups())) < LEAST:
        raise BackendError(f"its version {said} is too old: the kernels were tried with {'.'.join(map(str, LEAST))}")
