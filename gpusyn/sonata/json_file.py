"""Reading of JSON files, the only place that does it: what is read is plain, finite and not nested without end."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gpusyn.errors import FileError
from gpusyn.parameters.scalars import show

__all__ = ["read_json"]

DEEPEST = 64  # levels of objects and lists; the deepest configurations of SONATA have about six


def read_json(path: Path) -> dict[str, Any]:
    """Return the object that a JSON file holds; a byte order mark at its start is skipped.

    Raises
    ------
    FileError
        If the file cannot be read, is not valid JSON or not one object, has a key twice in an object, a number that is
        not finite, text that is not Unicode, or more than 64 levels.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8-sig"), object_pairs_hook=_without_repeats)
    except json.JSONDecodeError as error:
        raise FileError(f"{path}: line {error.lineno}: not valid JSON ({error.msg}); correct the file") from None
    except RecursionError:
        raise _too_deep(path) from None
    except UnicodeDecodeError as error:
        raise FileError(
            f"{path}: is not text in UTF-8 ({error.reason} at byte {error.start}); save it as such"
        ) from None
    except OSError as error:
        reason = error.strerror or str(error)
        raise FileError(f"{path}: cannot be read ({reason}); give the path of a JSON file") from None
    except ValueError as error:  # a repeated key, a number of thousands of digits, NUL in the path
        raise FileError(f"{path}: {error}; correct the file") from None
    if not isinstance(data, dict):
        raise FileError(f"{path}: must contain one JSON object {{...}}; correct the file")
    for keys, value in _leaves(data, path):
        _check_leaf(value, f"{path}: {keys}")
    return data


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {show(twice)} occurs twice in one object; keep one")
    return found


def _leaves(data: Any, path: Path) -> Iterator[tuple[str, Any]]:
    """Yield every key, and every value that is not an object or a list, with the dotted keys that lead to it."""
    waiting: list[tuple[str, Any, int]] = [("", data, 0)]
    while waiting:
        keys, value, level = waiting.pop()
        if level > DEEPEST:
            raise _too_deep(path)
        if isinstance(value, dict):
            yield from ((keys or "(top)", key) for key in value)
            waiting += [(f"{keys}.{key}" if keys else key, inner, level + 1) for key, inner in value.items()]
        elif isinstance(value, list):
            waiting += [(f"{keys}[{number}]", inner, level + 1) for number, inner in enumerate(value)]
        else:
            yield keys, value


def _check_leaf(value: Any, where: str) -> None:
    if isinstance(value, str):
        try:
            plain = b"\0" not in value.encode("utf-8")
        except UnicodeEncodeError:  # half of a surrogate pair
            plain = False
        if not plain:
            raise FileError(f"{where}: must be plain text, without NUL (got {show(value)}); correct it")
    elif isinstance(value, int | float):
        try:
            finite = math.isfinite(value)
        except OverflowError:
            finite = False
        if not finite:
            raise FileError(f"{where}: must be a finite number (got {show(value)}); correct it")


def _too_deep(path: Path) -> FileError:
    return FileError(f"{path}: objects and lists are nested more than {DEEPEST} deep; correct the file")
