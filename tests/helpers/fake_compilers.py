"""Compilers that answer every question as the usual one does, and fail when they shall compile."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import pytest

from gpusyn.backends.cpu import compiler
from gpusyn.errors import BackendError

#: What a compiler may do instead of compiling, in the words of the shell; the library is the file after `-o`.
FAULTS = {
    "fails": "echo 'fatal error: out of luck' >&2; exit 1",
    "writes Latin-1": r"printf 'fatal error: M\344rz \377\n' >&2; exit 1",
    "says nothing": "exit 3",
    "hangs": "sleep 1000",
    "writes garbage": 'echo garbage > "$library"',
    "writes nothing": "true",
    "leaves functions out": "echo 'int other;' | {usual} -x c++ -shared -fPIC - -o \"$library\"",
}


def script(path: Path, text: str) -> str:
    """Write a shell script and return its path."""
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def usual() -> str:
    """Return the compiler that is used where CXX is not set, or skip where there is none."""
    try:
        return shlex.join(compiler._search("", "", os.environ["PATH"]).command)
    except BackendError as error:
        pytest.skip(str(error))


def fake_compiler(path: Path, body: str, *, only: str = "") -> str:
    """Write a compiler that runs `body` in place of compiling, and return its path.

    With `only`, texts that do not contain this word are compiled as usual.
    """
    known = usual()
    compiles = f'exec {known} "$@"'
    condition = f'case "$(cat "$source")" in *{only}*) ;; *) {compiles};; esac' if only else ""
    return script(
        path,
        f"""case "$*" in *--version*|*" -E "*) {compiles};; esac
for word; do
    case "$last" in -o) library="$word";; esac
    case "$word" in *.cpp) source="$word";; esac
    last="$word"
done
{condition}
{body.replace("{usual}", known)}""",
    )
