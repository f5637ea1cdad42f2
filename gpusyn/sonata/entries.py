"""Entries of a configuration of which a check tells every fault, and a run the first."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from gpusyn.sonata.findings import Findings, Told
from gpusyn.sonata.sections import Section
from gpusyn.utils.typing import Floats

__all__ = ["Entry"]

T = TypeVar("T")


class Entry:
    """One object of a configuration whose faults go to the findings.

    Where problems are kept, a value that is wrong is replaced by another, so that the other keys are read too, and
    :meth:`settle` ends the reading before a replacement could be used.

    Parameters
    ----------
    section : Section
        The object.
    findings : Findings
        Place for its faults.
    """

    def __init__(self, section: Section, findings: Findings) -> None:
        self.section = section
        self.findings = findings
        self._before = len(findings.problems)

    def __contains__(self, key: str) -> bool:
        return key in self.section

    @property
    def data(self) -> Any:
        """The object itself."""
        return self.section.data

    def where(self, key: str = "") -> str:
        """Return the place of a key as messages name it."""
        return self.section.where(key)

    def fault(self, key: str, text: str) -> None:
        """State what is wrong with a key."""
        with self.findings.step():
            raise self.section.error(key, text)

    def settle(self) -> None:
        """End the reading of the entry if it has faults."""
        if len(self.findings.problems) > self._before:
            raise Told

    def number(self, key: str, unit: str, default: float | None = None, *, instead: float = 1.0) -> float:
        """Return a finite number; `instead` of one that is wrong another."""
        return self._kept(lambda: self.section.number(key, unit, default), instead)

    def numbers(self, key: str, unit: str) -> Floats:
        """Return one finite number or a list of them as an array."""
        return self._kept(lambda: self.section.numbers(key, unit), np.ones(1))

    def text(self, key: str, default: str | None = None) -> str:
        """Return a string."""
        return self._kept(lambda: self.section.text(key, default), "")

    def texts(self, key: str) -> list[str]:
        """Return a list of strings."""
        return self._kept(lambda: self.section.texts(key), [])

    def path(self, key: str, base: Path | None = None) -> Path:
        """Return a path."""
        return self._kept(lambda: self.section.path(key, base), Path())

    def existing(self, key: str) -> Path:
        """Return the path of a file, which must exist."""
        return self._kept(lambda: self.section.existing(key), Path())

    def note_unused(self, known: Iterable[str]) -> None:
        """Add a note for every key that is not one of the `known` ones."""
        for sentence in self.section.unused(known):
            self.findings.note(sentence)

    def _kept(self, read: Callable[[], T], other: T) -> T:
        with self.findings.step():
            return read()
        return other
