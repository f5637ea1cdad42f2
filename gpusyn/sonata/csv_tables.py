"""What CSV tables say of a circuit: populations of cells, and edges between them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from gpusyn.connectivity.tables import read_table
from gpusyn.errors import FileError
from gpusyn.io.stored_values import listed
from gpusyn.parameters.scalars import nearest, show
from gpusyn.sonata.parameters import VIRTUAL
from gpusyn.utils.typing import Array, Floats, Integers

__all__ = ["CELLS", "ENDS", "CsvCells", "CsvEdges", "Kind", "read_cells", "read_edges", "table_of"]

CELLS = ("population", "size", "model_template")
ENDS = ("pre", "post")
EDGES = (*ENDS, "weight", "delay", "pre_population", "post_population", "model_template")
NAME = re.compile(r"[\w-]{1,100}")


@dataclass(frozen=True)
class CsvTable:
    """The columns of a CSV file as texts, and the line of each row."""

    file: Path
    columns: Mapping[str, Array]
    lines: Sequence[int]

    def place(self, row: int, column: str) -> str:
        """Return the place of a value as messages name it."""
        return f"{self.file}, line {self.lines[row]}: {column}"

    def numbers(self, column: str, allowed: str) -> Floats:
        """Return the numbers of a column, which has one in each row."""
        try:
            found = self.columns[column].astype(np.float64)
        except ValueError:
            found = np.array([_number(text) for text in self.columns[column].tolist()])
        wrong = np.flatnonzero(~np.isfinite(found))
        if len(wrong):
            given = show(str(self.columns[column][wrong[0]]))
            raise FileError(f"{self.place(int(wrong[0]), column)}: must be {allowed} (got {given}); correct it")
        return found

    def ids(self, column: str, low: int, high: Integers | float) -> Integers:
        """Return whole numbers from `low` to below `high`, which may differ among the rows."""
        found = self.numbers(column, "a whole number")
        wrong = np.flatnonzero((found != np.rint(found)) | (found < low) | (found >= high))
        if len(wrong):
            row = int(wrong[0])
            most = np.broadcast_to(high, found.shape)[row]
            allowed = f"from {low} to {most - 1:.0f}" if np.isfinite(most) else f">= {low}"
            raise FileError(
                f"{self.place(row, column)}: must be a whole number {allowed} "
                f"(got {self.columns[column][row]}); correct it"
            )
        return found.astype(np.int64)


@dataclass
class Kind:
    """Cells of one line of the table of cells: their type, their number, their template and its parameters."""

    type_id: int
    size: int
    template: str
    model_file: str
    parameters: dict[str, float]


@dataclass
class CsvCells:
    """The populations of the table of cells, in its order."""

    kinds: dict[str, list[Kind]] = field(default_factory=dict)

    def size(self, population: str) -> int:
        """Return the number of cells of a population."""
        return sum(kind.size for kind in self.kinds[population])

    def virtual(self) -> list[str]:
        """Return the names of the populations that have virtual cells."""
        return [name for name, kinds in self.kinds.items() if any(one.template == VIRTUAL for one in kinds)]


@dataclass(frozen=True)
class CsvEdges:
    """Edges from one population to another, with their types and attributes."""

    pre: str
    post: str
    pairs: Integers
    types: Integers
    attributes: Mapping[str, Floats]


def table_of(path: Path, needed: Sequence[str]) -> CsvTable:
    """Read a table, which must have some columns."""
    columns, lines = read_table(path, "gpusyn circuit")
    for name in needed:
        if name not in columns:
            raise FileError(f"{path}: has no column {name!r} (found: {listed(columns)}); add it")
    return CsvTable(path, columns, lines)


def read_cells(table: CsvTable) -> CsvCells:
    """Return the populations of a table of cells."""
    sizes = table.ids("size", 1, 2.0**31)
    cells = CsvCells()
    for row, size in enumerate(sizes.tolist()):
        name, template = (str(table.columns[key][row]) for key in ("population", "model_template"))
        if not NAME.fullmatch(name):
            raise FileError(
                f"{table.place(row, 'population')}: must be a name of letters, digits, _ and -, which files have too "
                f"(got {show(name)}); choose another"
            )
        if not template:
            raise FileError(
                f"{table.place(row, 'model_template')}: must be a template such as gpusyn:LIF or nest:iaf_psc_exp, "
                f"or {VIRTUAL} (got ''); write one"
            )
        given = {
            key: _parameter(table, row, key) for key in table.columns if key not in CELLS and table.columns[key][row]
        }
        if template == VIRTUAL and given:
            raise FileError(f"{table.place(row, next(iter(given)))}: virtual cells have no parameters; empty the cell")
        kinds = cells.kinds.setdefault(name, [])
        model_file = f"{name}_{len(kinds)}.json" if kinds else f"{name}.json"
        kinds.append(Kind(row + 1, size, template, model_file, given))
    if not cells.kinds:
        raise FileError(f"{table.file}: has no line below its header; give a line for each kind of cells")
    return cells


def _parameter(table: CsvTable, row: int, key: str) -> float:
    value = _number(str(table.columns[key][row]))
    if not key:
        raise FileError(
            f"{table.place(row, key)}a value below no name; name the column in the first line, or remove it"
        )
    if not np.isfinite(value):
        given = show(str(table.columns[key][row]))
        raise FileError(f"{table.place(row, key)}: must be a number, or empty (got {given}); correct it")
    return value


def read_edges(table: CsvTable, cells: CsvCells, types: dict[str, int]) -> Iterator[CsvEdges]:
    """Yield the edges of a table, apart for each pair of populations; `types` gets the templates that they name."""
    unknown = [name for name in table.columns if name not in EDGES]
    if unknown:
        hint = nearest(unknown[0], EDGES)
        raise FileError(
            f"{table.file}: has a column {unknown[0]!r}, which means nothing here{hint}; known here: "
            f"{', '.join(EDGES)}; remove it"
        )
    names = list(cells.kinds)
    ends = [populations_of(table, f"{end}_population", names) for end in ENDS]
    sizes = np.array([cells.size(name) for name in names], dtype=np.int64)
    ids = [table.ids(end, 0, sizes[of]) for end, of in zip(ENDS, ends, strict=True)]
    attributes = {
        name: table.numbers(column, f"a number [{unit}]")
        for name, column, unit in (("syn_weight", "weight", "nS or pA"), ("delay", "delay", "ms"))
        if column in table.columns
    }
    templates = table.columns.get("model_template", np.full(len(table.lines), ""))
    known, of_type = np.unique(templates, return_inverse=True)
    numbers = np.array([types.setdefault(str(one), len(types) + 1) for one in known], dtype=np.int64)
    pair = ends[0] * len(names) + ends[1]
    for one in np.unique(pair).tolist():
        rows = np.flatnonzero(pair == one)
        pre, post = divmod(one, len(names))
        pairs = np.stack([ids[0][rows], ids[1][rows]], axis=1)
        own = {name: values[rows] for name, values in attributes.items()}
        yield CsvEdges(names[pre], names[post], pairs, numbers[of_type][rows], own)


def populations_of(table: CsvTable, column: str, names: list[str]) -> Integers:
    """Return the number of the population at an end of each edge."""
    if column not in table.columns:
        if len(names) > 1:
            raise FileError(
                f"{table.file}: has no column {column!r}, and there are several populations ({listed(names)}); add it"
            )
        return np.zeros(len(table.lines), dtype=np.int64)
    number = {name: index for index, name in enumerate(names)}
    known, place = np.unique(table.columns[column], return_inverse=True)
    found = np.array([number.get(str(name), -1) for name in known], dtype=np.int64)[place]
    wrong = np.flatnonzero(found < 0)
    if len(wrong):
        given = str(table.columns[column][wrong[0]])
        raise FileError(f"{table.place(int(wrong[0]), column)}: no population {given!r} in the table of cells"
                        f"{nearest(given, names)}; known here: {listed(names)}; correct it")  # fmt: skip
    return found


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return np.nan
