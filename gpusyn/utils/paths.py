"""The one door for names of files and folders that users give."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from gpusyn.errors import ArgumentError, ParameterError
from gpusyn.utils.calls import show

LONGEST_NAME = 255  # bytes, of one folder or file


def as_path(value: Any, where: str) -> Path:
    """Return a user's argument as a path that the system can be asked for.

    Raises
    ------
    ArgumentError
        If it is not a path.
    ParameterError
        If the path is empty, or has a name that no file can have.
    """
    try:
        text = os.fsdecode(value) if isinstance(value, (str, os.PathLike)) else None
    except Exception:  # whatever its own __fspath__ raises
        text = None
    if text is None:
        raise ArgumentError(f"{where}: must be a path such as 'run.h5' (got {show(value)})")
    if not text:
        raise ParameterError(f"{where}: must be a path such as 'run.h5' (got '')")
    if any(letter < " " or letter == "\x7f" for letter in text):
        raise ParameterError(f"{where}: must not contain control characters (got {show(text)}); choose another name")
    try:
        longest = max(len(os.fsencode(name)) for name in text.split(os.sep))
    except UnicodeEncodeError:
        raise ParameterError(
            f"{where}: has letters that no file name can have here (got {show(text)}); choose another name"
        ) from None
    if longest > LONGEST_NAME:
        raise ParameterError(
            f"{where}: must have names of at most {LONGEST_NAME} bytes (got {longest}); choose a shorter name"
        )
    return Path(text)
