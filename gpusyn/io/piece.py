"""The part of a recorder's data that is in one file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gpusyn.io.file_layout import FilePlace, RecorderLayout


@dataclass(frozen=True)
class Piece:
    """The part of one recorder's data that is in one file: all of it, or in a directory some of its variables.

    `counts` are the lengths of the places up to which the data are complete; `duration` is the length of the recording
    (ms).
    """

    file: Path
    identity: tuple[int, int]
    layout: RecorderLayout
    order: int
    variable_order: tuple[int, ...]
    places: tuple[FilePlace, ...]
    counts: tuple[int, ...]
    duration: float
    noted: bool  # True: from gpusyn's notes; False: inferred from SONATA's groups
    directory: bool


def identity_of(path: Path) -> tuple[int, int]:
    """Return what tells a file from another that has taken its place."""
    facts = path.stat()
    return facts.st_dev, facts.st_ino
