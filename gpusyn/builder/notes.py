"""Notes of a plan: what was rounded or has no effect; notes of one kind are told in one line."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import NamedTuple

from gpusyn.utils.messages import LOGGER


class Note(NamedTuple):
    """Something that users should know about an object of a network.

    Attributes
    ----------
    kind, name : str
        Kind of the object, such as ``"Projection"``, and its name; both may be empty.
    subject : str
        What the note is about, such as ``"drawn delays"``; may be empty.
    text : str
        What is said about it; notes of the same kind of object with the same text are told together.
    level : int
        Level of the logging record: INFO, or WARNING if the network is probably not what the user means.
    """

    kind: str
    name: str
    subject: str
    text: str
    level: int = logging.INFO

    def __str__(self) -> str:
        said = " ".join(filter(None, (self.subject, self.text)))
        return f"{self.kind} '{self.name}': {said}" if self.kind else said


def together(notes: Iterable[Note]) -> list[tuple[int, str]]:
    """Return level and line of each kind of note.

    >>> names = "ab", "bc", "ca"
    >>> together(Note("Projection", name, "drawn delays", "rounded to 0.1 ms") for name in names)
    [(20, '3 projections: drawn delays rounded to 0.1 ms')]
    """
    kinds: dict[tuple[str, str, int], list[Note]] = {}
    for note in dict.fromkeys(notes):
        kinds.setdefault((note.kind, note.text, note.level), []).append(note)
    return [(level, _line(found)) for (_, _, level), found in kinds.items()]


def _line(notes: list[Note]) -> str:
    if len(notes) == 1:
        return str(notes[0])
    subject = " and ".join(dict.fromkeys(note.subject for note in notes if note.subject))
    return f"{len(notes)} {notes[0].kind.lower()}s: {' '.join(filter(None, (subject, notes[0].text)))}"


def tell(notes: Iterable[Note], least: int = logging.INFO) -> None:
    """Log the notes of at least a level, one line for each kind."""
    for level, line in together(notes):
        if level >= least:
            LOGGER.log(level, line)
