"""Text files of columns with a header: types of nodes and edges, spikes and currents in CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gpusyn.errors import FileError
from gpusyn.io.stored_values import listed
from gpusyn.parameters.scalars import show

__all__ = ["Columns", "read_columns", "read_rows"]


@dataclass(frozen=True)
class Columns:
    """Columns of text by name, without the header."""

    file: Path
    columns: dict[str, list[str]]

    def __getitem__(self, name: str) -> list[str]:
        return self.columns[name]

    def __contains__(self, name: str) -> bool:
        return name in self.columns

    def where(self, row: int) -> str:
        """Return the place of a row as messages name it."""
        return f"{self.file}: row {row + 2}"


def read_columns(path: Path, separator: Any, needed: Sequence[str]) -> Columns:
    """Read a table of columns.

    Raises
    ------
    FileError
        If the file is not such a table, or a column is missing.
    """
    if not isinstance(separator, str) or len(separator) != 1:
        raise FileError(f"{path}: its separator must be one letter (got {show(separator)}); correct the configuration")
    header, rows = read_rows(path, separator, needed, "correct it")
    return Columns(path, {name: [row[k] for row in rows] for k, name in enumerate(header)})


def read_rows(path: Path, separator: str, needed: Sequence[str], move: str) -> tuple[list[str], list[list[str]]]:
    """Return the names in the first row of a table, and the other rows that are not empty.

    Parameters
    ----------
    path : pathlib.Path
        Text file.
    separator : str
        Letter between two fields.
    needed : sequence of str
        Columns that must be there.
    move : str
        What to do about a row with too many or too few fields.

    Raises
    ------
    FileError
        If the file cannot be read, a column is missing or there twice, or a row has too many or too few fields.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            text = stream.read()
        if "\0" in text:
            raise csv.Error("it has NUL characters")
        lines = [
            line for line in csv.reader(io.StringIO(text), delimiter=separator, skipinitialspace=True) if any(line)
        ]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        between = {" ": "blanks", "\t": "tabs"}.get(separator, show(separator))
        raise FileError(
            f"{path}: cannot be read as a table ({error}); give a CSV file separated by {between}"
        ) from None
    header = [name.strip() for name in lines[0] if name] if lines else []
    found = listed(header) if header else "an empty file"
    missing = next((name for name in needed if name not in header), None)
    if missing is not None:
        raise FileError(f"{path}: has no column {missing!r} (found: {found}); add it")
    if len(set(header)) < len(header):
        raise FileError(f"{path}: has a column twice (found: {found}); keep one of the two")
    rows = []
    for number, line in enumerate(lines[1:], start=2):
        # A blank at the end of a line gives one extra empty field.
        fields = line[:-1] if len(line) == len(header) + 1 and not line[-1] else line
        if len(fields) != len(header):
            raise FileError(f"{path}: row {number}: {len(fields)} fields for {len(header)} columns; {move}")
        rows.append(fields)
    return header, rows
