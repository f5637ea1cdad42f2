"""Tables of a SONATA circuit: HDF5 holds the rows and, in groups, their attributes; a CSV file holds the types."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gpusyn.errors import FileError
from gpusyn.io.checked import Group, opened
from gpusyn.parameters.scalars import show
from gpusyn.sonata.word_tables import read_rows
from gpusyn.utils.typing import Array, Bools, Floats, Integers

__all__ = ["Table", "TypeTable", "check_lengths", "read_table", "read_types"]

Texts = npt.NDArray[np.object_]

WHOLE = re.compile(r"\s*[0-9]{1,18}\s*")  # ids of types
GROUP = re.compile(r"0|[1-9][0-9]{0,8}")  # names of attribute groups
ABSENT = frozenset({"", "null", "na", "n/a", "nan", "none"})


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
    move = "separate fields by one blank, write NULL for an empty field and quote fields with blanks"
    header, lines = read_rows(path, " ", (key,), move)
    for number, fields in enumerate(lines, start=2):
        row = dict(zip(header, fields, strict=True))
        type_id = _type_id(row.pop(key), f"{path}: row {number}: {key}")
        if type_id in rows:
            raise FileError(f"{path}: row {number}: {key} {type_id} occurs twice; keep one")
        rows[type_id] = {name: value for name, value in row.items() if value.strip().lower() not in ABSENT}
    return TypeTable(path, rows)


def _type_id(text: str, where: str) -> int:
    if not WHOLE.fullmatch(text):
        raise FileError(f"{where} must be a whole number (got {show(text)})")
    return int(text)


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
            if column.dtype == object:
                raise FileError(f"{self.file}: {self.path}/{group}/{name}: must hold numbers (holds strings)")
            picked = self._picked(column, group, name, rows).astype(np.float64)
            values[rows] = np.where(np.isnan(picked), values[rows], picked)  # NaN: the value of the type counts
        if np.isinf(values).any():
            raise FileError(f"{self.file}: {self.path}: {name}: must be finite; correct the file")
        return values, ~np.isnan(values)

    def texts(self, name: str) -> Texts:
        """Return an attribute as an array of str, shape (size,), ``None`` where absent."""
        values = np.full(self.size, None, dtype=object)
        for type_id, row in self.types.rows.items():
            if name in row:
                values[self.type_ids == type_id] = row[name]
        for group, column in self._columns(name):
            rows = self.group_ids == group
            texts = [str(one) for one in self._picked(column, group, name, rows)]
            kept = values[rows].tolist()
            values[rows] = [
                old if text.strip().lower() in ABSENT else text for old, text in zip(kept, texts, strict=True)
            ]
        return values

    def kinds(self, name: str) -> Iterator[tuple[str | None, Bools]]:
        """Yield each value of an attribute that is text, and a mask of the rows that have it; ``None`` where absent."""
        if any(name in names for names in self.names.values()):
            texts = self.texts(name)
            for text in dict.fromkeys(texts.tolist()):
                yield text, np.array(texts == text, dtype=bool)
            return
        types, number = np.unique(self.type_ids, return_inverse=True)
        of_types = [self.types.rows.get(int(one), {}).get(name) for one in types]
        for text in dict.fromkeys(of_types):
            yield text, np.array([text == one for one in of_types], dtype=bool)[number]

    def has(self, name: str) -> bool:
        """Return True if a group or a type has an attribute."""
        return name in self.attribute_names()

    def attribute_names(self) -> set[str]:
        """Return the names of all attributes, of groups and of types."""
        return {name for names in (*self.names.values(), *self.types.rows.values()) for name in names}

    def holds_text(self, name: str) -> bool:
        """Return True if an attribute is text: in a group, or else in a type."""
        columns = [column for _, column in self._columns(name)]
        if columns:
            return any(column.dtype == object for column in columns)
        return any(name in row and not _is_number(row[name]) for row in self.types.rows.values())

    def group_names(self, prefix: str = "") -> set[str]:
        """Return the names, without `prefix`, of the attributes in groups whose names begin with `prefix`."""
        found = {name for names in self.names.values() for name in names}
        return {name.removeprefix(prefix) for name in found if name.startswith(prefix)}

    def _columns(self, name: str) -> Iterator[tuple[int, Array]]:
        groups = [group for group, names in self.names.items() if name in names]
        if groups:
            with opened(self.file) as file:
                for group in groups:
                    column, library = file.column(f"{self.path}/{group}/{name}"), f"{self.path}/{group}/@library/{name}"
                    yield group, _named(column, file, library) if library in file else column

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
            value = float(text)
        except ValueError:
            value = math.inf
        if not math.isfinite(value):
            raise FileError(f"{where}: must be a finite number or NULL (got {show(text)})")
        return value


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _named(column: Array, file: Group, library: str) -> Array:
    """Return the names that the values of a column stand for."""
    names = np.array([*file.texts(library), ""], dtype=object)
    if column.dtype == object or not ((column >= 0) & (column < len(names) - 1)).all():
        raise FileError(f"{file.file}: {library}: has {len(names) - 1} names, fewer than its column needs; correct it")
    named: Array = names[column.astype(np.int64)]
    return named


def read_table(group: Group, kind: str, types: TypeTable) -> Table:
    """Read the type ids, group ids and group indices of a population; `kind` is ``"node"`` or ``"edge"``."""
    type_ids = group.integers(f"{kind}_type_id")
    groups = sorted((name for name in group.names() if GROUP.fullmatch(name)), key=int)
    if f"{kind}_group_id" in group or len(groups) > 1:
        group_ids, group_index = group.integers(f"{kind}_group_id"), group.integers(f"{kind}_group_index")
    else:
        group_ids = np.full(len(type_ids), int(groups[0]) if groups else 0)
        group_index = np.arange(len(type_ids))
    check_lengths(group, type_ids, group_ids, group_index)
    check_types(group, kind, type_ids, types)
    names = {int(name): frozenset(attributes(group.group(name))) for name in groups}
    unknown = np.setdiff1d(group_ids, list(names)) if names else np.empty(0)
    if len(unknown):
        raise group.error(f"{kind}_group_id", f"group {int(unknown[0])} is not in the file; add it")
    return Table(group.file, group.name, type_ids, group_ids, group_index, types, names)


def attributes(group: Group) -> Iterator[str]:
    """Yield the names of a group's datasets, and of those of its ``dynamics_params`` with this name before them.

    Names that begin with ``@`` are not attributes; ``@library`` holds names of enumerated values.
    """
    for name in group.names():
        if name == "dynamics_params":
            inner = group.group(name)
            yield from (f"{name}/{key}" for key in inner.names() if inner.is_dataset(key))
        elif not name.startswith("@"):
            group.dataset(name, rows=0)
            yield name


def check_lengths(group: Group, *columns: Sequence[Any] | Array) -> None:
    """Raise a FileError if the columns of one table differ in length."""
    lengths = {len(column) for column in columns}
    if len(lengths) > 1:
        listed = " and ".join(str(length) for length in sorted(lengths))
        raise group.error("", f"columns have {listed} rows; all must have the same length")


def check_types(group: Group, kind: str, type_ids: Integers, types: TypeTable) -> None:
    """Raise a FileError if a type id is not in the CSV file."""
    missing = np.setdiff1d(type_ids, list(types.rows)) if types.file is not None else np.empty(0)
    if len(missing):
        raise group.error(f"{kind}_type_id", f"type {int(missing[0])} is not in {types.file}; add a row for it")
