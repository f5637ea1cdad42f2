"""Which lines and branches of the kernel text run under emulation, added up over all modules in which they are."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["Line", "counted"]


@dataclass
class Line:
    """How often a line ran, over all modules.

    Attributes
    ----------
    runs : int
    branches : dict of int to list of int
        Runs of each outcome of its conditions, by their number: where a template or a signature decides a condition,
        none is left of it, and what is left is counted apart.
    """

    runs: int = 0
    branches: dict[int, list[int]] = field(default_factory=dict)

    def add(self, runs: int, outcomes: list[int]) -> None:
        """Add what one function of one module counted."""
        self.runs += runs
        if outcomes and runs:
            known = self.branches.setdefault(len(outcomes), [0] * len(outcomes))
            self.branches[len(outcomes)] = [a + b for a, b in zip(known, outcomes, strict=True)]


Lines = dict[tuple[str, int], Line]


def _reported(folder: Path) -> Iterator[tuple[list[tuple[str, int]], dict[str, Any]]]:
    """For each module that ran: where its lines are from, and what gcov says of them."""
    gcov = shutil.which("gcov")
    assert gcov is not None
    for data in sorted(folder.glob("*.gcda")):
        command = [gcov, "--json-format", "--stdout", "--branch-probabilities", data.name]
        said = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout
        places = json.loads(data.with_suffix(".json").read_text(encoding="utf-8"))
        for file in json.loads(said)["files"]:
            yield places, file


def counted(folder: Path) -> Lines:
    """The lines of the kernel text in the modules of a folder."""
    lines: Lines = {}
    for places, module in _reported(folder):
        for line in module["lines"]:
            file, number = places[line["line_number"] - 1]
            outcomes = [branch["count"] for branch in line["branches"]]
            lines.setdefault((file.removeprefix("kernels/"), number), Line()).add(line["count"], outcomes)
    return lines
