"""Text files of columns with a header, such as spikes and currents in CSV."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gpusyn.errors import FileError
from gpusyn.io.stored_values import listed
from gpusyn.parameters.scalars import show

__all__ = ["Columns", "read_columns"]


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
    """Read a table whose first row names its columns.

    Raises
    ------
    FileError
        If the file cannot be read, a column is missing, or a row has too many or too few fields.
    """
    if not isinstance(separator, str) or len(separator) != 1:
        raise FileError(f"{path}: its separator must be one letter (got {show(separator)}); correct the configuration")
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            rows = [row for row in csv.reader(stream, delimiter=separator, skipinitialspace=True) if any(row)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise FileError(f"{path}: cannot be read as a table ({error}); give a CSV file") from None
    header = [name.strip() for name in rows[0]] if rows else []
    missing = [name for name in needed if name not in header]
    if missing or len(set(header)) < len(header):
        fault = f"has no column {show(missing[0])}" if missing else "has a column twice"
        raise FileError(f"{path}: {fault} (found: {listed(header) if header else 'an empty file'}); correct the header")
    for number, row in enumerate(rows[1:], start=2):
        if len(row) != len(header):
            raise FileError(f"{path}: row {number}: {len(row)} fields for {len(header)} columns; correct it")
    return Columns(path, {name: [row[k] for row in rows[1:]] for k, name in enumerate(header)})
