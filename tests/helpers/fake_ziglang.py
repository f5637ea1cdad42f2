"""A package `ziglang` whose program leaves the work to the compiler of this machine, and a machine without others."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import Any

from tests.helpers.fake_compilers import script, usual

#: Answers of the program: its version, then what it does as a compiler, without the flags that it alone knows.
ZIG = """case "$1" in version) echo {version}; exit;; esac
test "$1" = c++ || exit 9
shift
echo "$ZIG_GLOBAL_CACHE_DIR $ZIG_LOCAL_CACHE_DIR" >> {asked}
for word; do
    shift
    case "$word" in -nostdlib++|-rtlib=none) ;; *) set -- "$@" "$word";; esac
done
PATH={path} exec {usual} "$@"
"""


def fake_ziglang(folder: Path, version: str = "0.17.1") -> Path:
    """Write a package for Python's path into a folder and return its program; skip where there is no compiler."""
    package = folder / "ziglang"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    text = ZIG.format(version=version, asked=folder / "asked", path=shlex.quote(os.environ["PATH"]), usual=usual())
    return Path(script(package / "zig", text))


def no_other_compiler(monkeypatch: Any, folder: Path) -> None:
    """Leave no compiler but the package in `folder`, which need not be there."""
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setenv("PATH", str(folder / "programs"))  # another for each test: what was found there is remembered
    monkeypatch.syspath_prepend(folder)
