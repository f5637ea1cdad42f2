"""Tables of a SONATA circuit: HDF5 holds the rows and, in groups, their attributes; a CSV file holds the types."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gpusyn.errors import FileError
from gpusyn.utils.optional import require
from gpusyn.utils.typing import Array, Bools, Floats, Integers

__all__ = ["Table", "TypeTable", "dataset", "open_h5", "read_table", "read_types"]

Texts = npt.NDArray[np.object_]

ABSENT = frozenset({"", "null", "na", "n/a", "nan", "none"})


@contextmanager
def open_h5(path: Path) -> Iterator[Any]:
    """Open an HDF5 file for reading; raise a FileError if it cannot be opened."""
    h5py = require("h5py", "reading SONATA files", "gpusyn[io]")
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        reason = "no such file" if not path.exists() else f"not an HDF5 file, or damaged ({error})"
        raise FileError(f"{path}: {reason}; give the path of a SONATA file") from None
    with file:
        yield file


def dataset(group: Any, name: str, path: Path) -> Array:
    """Return a whole dataset; if it is missing, raise a FileError that lists the contents of the group."""
    if name not in group:
        listed = ", ".join(group) or "(nothing)"
        raise FileError(f"{path}: {group.name}/{name}: missing; SONATA requires it (found here: {listed})")
    return np.asarray(group[name][()])


@dataclass(frozen=True)
class TypeTable:
    """A CSV file of node or edge types: the columns of each type id, without ``NULL`` and other empty values."""

    file: Path | None
    rows: dict[int, dict[str, str]]

    def place(self, type_id: int, column: str) -> str:
        """Return the place of a value as messages name it."""
        return f"{self.file}: type {type_id}: {column}"


def read_types(path: Path | None, key: str) -> TypeTable:
    """Read a CSV file of types, separated by blanks, whose ids are in the column `key`."""
    if path is None:
        return TypeTable(None, {})
    rows: dict[int, dict[str, str]] = {}
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            lines = [line for line in csv.reader(stream, delimiter=" ", skipinitialspace=True) if any(line)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise FileError(f"{path}: cannot be read as a table ({error}); give a CSV file separated by blanks") from None
    header = [name for name in lines[0] if name] if lines else []
    if key not in header:
        raise FileError(f"{path}: has no column {key!r} (found: {', '.join(header) or 'an empty file'}); add it")
    for number, line in enumerate(lines[1:], start=2):
        # A blank at the end of a line gives one extra empty field.
        fields = line[:-1] if len(line) == len(header) + 1 and not line[-1] else line
        if len(fields) != len(header):
            raise FileError(
                f"{path}: row {number}: {len(fields)} fields for {len(header)} columns; "
                "separate fields by one blank, write NULL for an empty field and quote fields with blanks"
            )
        row = dict(zip(header, fields, strict=True))
        try:
            type_id = int(row.pop(key))
        except ValueError:
            raise FileError(f"{path}: row {number}: {key} must be a whole number (got {fields})") from None
        if type_id in rows:
            raise FileError(f"{path}: row {number}: {key} {type_id} occurs twice; keep one")
        rows[type_id] = {name: value for name, value in row.items() if value.strip().lower() not in ABSENT}
    return TypeTable(path, rows)


@dataclass(frozen=True)
class Table:
    """Rows of a node or edge population, and the places of their attributes.

    An attribute of a row is in the group of the row (``<population>/<group id>/<name>`` at the row's group index). If
    the group has no attribute of that name, it is in the line of the row's type in the CSV file.

    Attributes
    ----------
    file : pathlib.Path
        HDF5 file of the population.
    path : str
        Path of the population inside the file, such as ``/nodes/internal``.
    type_ids, group_ids, group_index : ndarray of int64, shape (size,)
        Type, group, and index within the group of each row.
    types : TypeTable
        Types by id.
    names : dict of int to frozenset of str
        Names of the attributes in each group.
    """

    file: Path
    path: str
    type_ids: Integers
    group_ids: Integers
    group_index: Integers
    types: TypeTable
    names: dict[int, frozenset[str]] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Number of rows."""
        return len(self.type_ids)

    def numbers(self, name: str) -> tuple[Floats, Bools]:
        """Return an attribute as float64, NaN where absent, and a mask of where it is present; shape (size,) each."""
        values = np.full(self.size, np.nan)
        for type_id, row in self.types.rows.items():
            if name in row:
                values[self.type_ids == type_id] = self._number(row[name], self.types.place(type_id, name))
        for group, column in self._columns(name):
            rows = self.group_ids == group
            values[rows] = self._picked(column, group, name, rows)
        return values, ~np.isnan(values)

    def texts(self, name: str) -> Texts:
        """Return an attribute as an array of str, shape (size,), ``None`` where absent."""
        values = np.full(self.size, None, dtype=object)
        for type_id, row in self.types.rows.items():
            if name in row:
                values[self.type_ids == type_id] = row[name]
        for group, column in self._columns(name):
            rows = self.group_ids == group
            values[rows] = [one.decode() if isinstance(one, bytes) else str(one)
                            for one in self._picked(column, group, name, rows)]  # fmt: skip
        return values

    def group_names(self, prefix: str = "") -> set[str]:
        """Return the names, without `prefix`, of the attributes in groups whose names begin with `prefix`."""
        found = {name for names in self.names.values() for name in names}
        return {name.removeprefix(prefix) for name in found if name.startswith(prefix)}

    def _columns(self, name: str) -> Iterator[tuple[int, Array]]:
        groups = [group for group, names in self.names.items() if name in names]
        if groups:
            with open_h5(self.file) as file:
                for group in groups:
                    yield group, np.asarray(file[f"{self.path}/{group}/{name}"][()])

    def _picked(self, column: Array, group: int, name: str, rows: Bools) -> Array:
        index = self.group_index[rows]
        if len(index) and not 0 <= int(index.min()) <= int(index.max()) < len(column):
            raise FileError(
                f"{self.file}: {self.path}/{group}/{name}: "
                f"has {len(column)} values, but the group indices range from {int(index.min())} to {int(index.max())}; "
                "the file is damaged or truncated"
            )
        picked: Array = column[index]
        return picked

    @staticmethod
    def _number(text: str, where: str) -> float:
        try:
            return float(text)
        except ValueError:
            raise FileError(f"{where}: must be a number or NULL (got {text!r})") from None


def read_table(group: Any, kind: str, file: Path, types: TypeTable) -> Table:
    """Read the type ids, group ids and group indices of a population; `kind` is ``"node"`` or ``"edge"``."""
    type_ids = dataset(group, f"{kind}_type_id", file).astype(np.int64)
    groups = sorted((name for name in group if name.isdigit()), key=int)
    if f"{kind}_group_id" in group or len(groups) > 1:
        group_ids = dataset(group, f"{kind}_group_id", file).astype(np.int64)
        group_index = dataset(group, f"{kind}_group_index", file).astype(np.int64)
    else:
        group_ids = np.full(len(type_ids), int(groups[0]) if groups else 0)
        group_index = np.arange(len(type_ids))
    check_lengths(group, file, type_ids, group_ids, group_index)
    check_types(group, kind, file, type_ids, types)
    names = {int(name): frozenset(attributes(group[name])) for name in groups}
    unknown = np.setdiff1d(group_ids, list(names)) if names else np.empty(0)
    if len(unknown):
        raise FileError(f"{file}: {group.name}/{kind}_group_id: group {int(unknown[0])} is not in the file; add it")
    return Table(file, group.name, type_ids, group_ids, group_index, types, names)


def attributes(group: Any, prefix: str = "") -> Iterator[str]:
    """Yield the names of a group's one-dimensional datasets, including those of ``dynamics_params``."""
    for name, item in group.items():
        if hasattr(item, "shape"):
            if len(item.shape) == 1:
                yield prefix + name
        elif not prefix and name == "dynamics_params":
            yield from attributes(item, "dynamics_params/")


def check_lengths(group: Any, file: Path, *columns: Sequence[Any] | Array) -> None:
    """Raise a FileError if the columns of one table differ in length."""
    lengths = {len(column) for column in columns}
    if len(lengths) > 1:
        listed = " and ".join(str(length) for length in sorted(lengths))
        raise FileError(f"{file}: {group.name}: columns have {listed} rows; all must have the same length")


def check_types(group: Any, kind: str, file: Path, type_ids: Integers, types: TypeTable) -> None:
    """Raise a FileError if a type id is not in the CSV file."""
    missing = np.setdiff1d(type_ids, list(types.rows)) if types.file is not None else np.empty(0)
    if len(missing):
        raise FileError(
            f"{file}: {group.name}/{kind}_type_id: type {int(missing[0])} is not in {types.file}; add a row for it"
        )
