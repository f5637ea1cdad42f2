"""What a part reports while it runs.

Everything is written to a file at once, so that a part that crashes or hangs loses nothing of what it has reported.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

PASSED, FAILED, LEFT_OUT = 0, 1, 77  # exit statuses of a part
LINES = "lines.jsonl"


class LeftOutError(Exception):
    """A part cannot be run on this machine; the text says why."""


class PartFailedError(Exception):
    """A part has found something wrong; the text says what."""


class Task:
    """The side of a part that the script sees.

    Attributes
    ----------
    folder : Path
        Folder of the results.
    tiny : bool
        True if everything is so small that it takes no time, which tries the script and measures nothing.
    """

    def __init__(self, name: str, folder: Path, tiny: bool) -> None:
        self.folder, self.tiny = folder, tiny
        self._file = facts_file(folder, name)

    def report(self, **facts: Any) -> None:
        """Report facts by name."""
        with self._file.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"facts": facts}) + "\n")
        print(*(f"{name}: {value}" for name, value in facts.items()), sep="\n", flush=True)

    def row(self, table: str, columns: Mapping[str, Any]) -> None:
        """Report a row of a table of the summary."""
        with self._file.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"table": table, "row": dict(columns)}) + "\n")
        print(f"{table}: {columns}", flush=True)

    def wait_for_turn(self) -> None:
        """Say that all is prepared, and wait until the script gives this part its turn."""
        self.report(prepared=True)
        if not sys.stdin.readline():
            raise LeftOutError("the script ended before the part had its turn")

    def earlier(self, part: str) -> dict[str, Any]:
        """Return the facts of a part that has ended, none if it has not."""
        file = self.folder / LINES
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        facts: dict[str, Any] = next((line["facts"] for line in map(json.loads, lines) if line["part"] == part), {})
        return facts


def facts_file(folder: Path, name: str) -> Path:
    """Return the file with what a part reports."""
    return folder / f"{name}.jsonl"


def reported(folder: Path, name: str) -> tuple[dict[str, Any], dict[str, list[dict[str, Any]]]]:
    """Return the facts and the rows of tables that a part has reported so far; a line cut short does not count."""
    facts: dict[str, Any] = {}
    tables: dict[str, list[dict[str, Any]]] = {}
    file = facts_file(folder, name)
    for line in file.read_text(encoding="utf-8").splitlines(keepends=True) if file.exists() else ():
        if line.endswith("\n"):
            said = json.loads(line)
            facts |= said.get("facts", {})
            if "table" in said:
                tables.setdefault(said["table"], []).append(said["row"])
    return facts, tables
