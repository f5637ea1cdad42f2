"""JSON objects that know their file and key, so that every error message can name both."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np

from gpusyn.errors import FileError
from gpusyn.parameters.scalars import nearest, show
from gpusyn.sonata.json_file import read_json
from gpusyn.utils.typing import Floats

__all__ = ["Section", "load"]

LONGEST, LONGEST_TEXT = 2**15, 1000  # characters of a path, and of a message
VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")


class Section:
    """One JSON object of a configuration file.

    Parameters
    ----------
    data : mapping
        Contents of the object.
    file : pathlib.Path
        File of the object; relative paths start at its folder.
    variables : mapping of str to str
        Resolved manifest of the file: name without ``$`` to text.
    keys : str
        Dotted keys that lead to this object, ``""`` at the top.
    """

    def __init__(self, data: Mapping[str, Any], file: Path, variables: Mapping[str, str], keys: str = "") -> None:
        self.data = data
        self.file = file
        self.variables = variables
        self.keys = keys

    def __contains__(self, key: str) -> bool:
        return self.data.get(key) is not None

    def where(self, key: str = "") -> str:
        """Return the place of a key as messages name it."""
        return f"{self.file}: {'.'.join(part for part in (self.keys, key) if part)}"

    def error(self, key: str, text: str) -> FileError:
        """Return a FileError that states `text` about a key; what a damaged file brings into it may be long."""
        return FileError(f"{self.where(key)}: {text if len(text) <= LONGEST_TEXT else text[:LONGEST_TEXT] + '...'}")

    def unused(self, known: Iterable[str]) -> list[str]:
        """Return a sentence for every key that is not one of the `known` ones."""
        known = set(known)
        return [f"{self.where(key)}: not used by gpusyn" for key in self.data if key not in known]

    def value(self, key: str, allowed: str) -> Any:
        """Return the value of a key, which must exist."""
        if key not in self:
            similar = get_close_matches(key, list(self.data), 1, cutoff=0.8)
            hint = f" ({similar[0]!r} is there: is it misspelt?)" if similar else ""
            raise self.error(key, f"missing; give {allowed}{hint}")
        return self.data[key]

    def number(self, key: str, unit: str, default: float | None = None) -> float:
        """Return a finite number."""
        if key not in self and default is not None:
            return default
        value = self.value(key, f"a number [{unit}]")
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.error(key, f"must be a finite number [{unit}] (got {show(value)})")
        return float(value)

    def numbers(self, key: str, unit: str) -> Floats:
        """Return one finite number or a list of them as an array."""
        value = self.value(key, f"a number or a list of numbers [{unit}]")
        given = value if isinstance(value, list) else [value]
        if not given or any(isinstance(one, bool) or not isinstance(one, int | float) for one in given):
            raise self.error(key, f"must be a finite number [{unit}] or a list of these (got {show(value)})")
        return np.array(given, dtype=np.float64)

    def text(self, key: str, default: str | None = None) -> str:
        """Return a string, with manifest variables replaced by their values."""
        if key not in self and default is not None:
            return default
        value = self.value(key, "a string")
        if not isinstance(value, str) or not value:
            raise self.error(key, f"must be a string (got {show(value)})")
        return expand(value, self.variables, self.where(key))

    def texts(self, key: str) -> list[str]:
        """Return a list of strings, also from one string in which commas separate them."""
        value = self.value(key, "a string or a list of strings")
        given = value.split(",") if isinstance(value, str) else value
        if not isinstance(given, list) or not given or not all(isinstance(one, str) and one.strip() for one in given):
            raise self.error(key, f"must be a string or a list of strings (got {show(value)})")
        found = [one.strip() for one in given]
        if len(set(found)) < len(found):
            raise self.error(key, f"names a thing twice (got {show(value)}); keep one")
        return found

    def flag(self, key: str, default: bool) -> bool:
        """Return true or false; the strings "true" and "false", which some files contain, are accepted."""
        value = self.data[key] if key in self else default
        if isinstance(value, str) and value.lower() in ("true", "false"):
            return value.lower() == "true"
        if not isinstance(value, bool):
            raise self.error(key, f"must be true or false (got {show(value)})")
        return value

    def path(self, key: str, base: Path | None = None) -> Path:
        """Return a path; a relative path starts at `base`, which is the folder of the file by default."""
        return Path(os.path.normpath((base or self.file.parent) / self.text(key)))

    def existing(self, key: str) -> Path:
        """Return the path of a file, which must exist."""
        path = self.path(key)
        if not os.path.isfile(path):
            raise self.error(key, f"no such file: {path}; correct the path (or the manifest variable in it)")
        return path

    def section(self, key: str) -> Section:
        """Return the object under a key; an empty one if there is none."""
        return self.child(key, self.data[key] if key in self else {})

    def child(self, key: str, value: Any) -> Section:
        """Return `value`, found under `key`, as a section of this file."""
        if not isinstance(value, dict):
            raise self.error(key, f"must be an object {{...}} (got {show(value)})")
        return Section(value, self.file, self.variables, f"{self.keys}.{key}" if self.keys else key)

    def sections(self, key: str) -> list[Section]:
        """Return the objects of a list (or of an object of objects) under a key."""
        value = self.data[key] if key in self else []
        if isinstance(value, dict):
            return [self.child(f"{key}.{name}", item) for name, item in value.items()]
        if not isinstance(value, list):
            raise self.error(key, f"must be a list [...] (got {show(value)})")
        return [self.child(f"{key}[{number}]", item) for number, item in enumerate(value)]

    def follow(self, key: str) -> Section:
        """Return the object under a key; the key may hold the object itself or the path of another file."""
        return self.section(key) if isinstance(self.data[key], dict) else load(self.existing(key))


def load(path: Path) -> Section:
    """Read a JSON file and resolve its manifest.

    Raises
    ------
    FileError
        If the file is missing or is not one plain JSON object, or a manifest variable is not defined or is defined by
        itself.
    """
    data = read_json(path)
    manifest = Section(data, path, {}).section("manifest").data
    return Section(data, path, resolve_manifest(manifest, path))


def resolve_manifest(manifest: Mapping[str, Any], file: Path) -> dict[str, str]:
    """Return the variables of a manifest, without ``$``, as absolute paths."""
    folder = file.parent.absolute()
    variables = {"configdir": str(folder), "workingdir": os.getcwd()}
    waiting = {name.lstrip("$").strip("{}"): value for name, value in manifest.items()}
    where = f"{file}: manifest"
    for name, value in waiting.items():
        if not isinstance(value, str):
            raise FileError(f"{where}.${name}: must be a string (got {show(value)})")
    while waiting:
        ready = {name: text for name, text in waiting.items() if not names_in(text) & waiting.keys()}
        if not ready:
            listed = ", ".join(f"${name}" for name in waiting)
            raise FileError(f"{where}: {listed} are defined by each other; give one of them as a path")
        for name, text in ready.items():
            path = expand(text, variables, f"{where}.${name}")
            variables[name] = os.path.normpath(folder / path)
            del waiting[name]
    return variables


def names_in(text: str) -> set[str]:
    """Return the names of the variables that occur in a text."""
    return {match[1] or match[2] for match in VARIABLE.finditer(text)}


def expand(text: str, variables: Mapping[str, str], where: str) -> str:
    """Return a text with every ``$NAME`` and ``${NAME}`` replaced by its value.

    >>> expand("$BASE/spikes.h5", {"BASE": "/data"}, "here")
    '/data/spikes.h5'
    """
    for name in names_in(text):
        if name not in variables:
            known = ", ".join(f"${known}" for known in variables)
            hint = nearest(name, list(variables))
            raise FileError(f"{where}: ${name} is not in the manifest{hint}; known here: {known}")
    expanded = VARIABLE.sub(lambda match: variables[match[1] or match[2]], text)
    if len(expanded) > LONGEST:
        raise FileError(
            f"{where}: stands for {len(expanded):,} characters, more than any path has; correct the manifest"
        )
    return expanded
