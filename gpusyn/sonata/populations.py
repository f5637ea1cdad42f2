"""Populations of nodes and of edges as the files give them; no model is chosen yet."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gpusyn.errors import FileError
from gpusyn.sonata.attribute_tables import Table, Texts
from gpusyn.utils.reprs import ShortRepr
from gpusyn.utils.typing import Integers

__all__ = ["Edges", "Nodes"]

SPREAD = 16  # ids up to so many times their number are looked up in a table


@dataclass(frozen=True, repr=False)
class Nodes(ShortRepr):
    """A node population.

    Attributes
    ----------
    name : str
        Name of the population.
    ids : ndarray of int64, shape (size,)
        Node ids, in the order of the rows of the file.
    table : Table
        Attributes of the rows.
    """

    name: str
    ids: Integers
    table: Table

    @property
    def size(self) -> int:
        """Number of nodes."""
        return len(self.ids)

    def rows(self, ids: Integers, where: str) -> Integers:
        """Return the rows of node ids; raise a FileError that names `where` if an id is unknown."""
        most = int(self.ids.max(initial=-1)) + 1
        if most > SPREAD * self.size:
            order = np.argsort(self.ids, kind="stable")
            place = np.searchsorted(self.ids, ids, sorter=order)
            rows: Integers = order[np.minimum(place, self.size - 1)]
        else:  # a table of the rows of all ids, and -1 for ids above them
            row_of = np.full(most + 1, -1)
            row_of[self.ids] = np.arange(self.size)
            rows = row_of[np.minimum(ids, most)]
        wrong = (rows < 0) | (self.ids[rows] != ids) if self.size else np.ones(len(ids), dtype=bool)
        if wrong.any():
            raise FileError(
                f"{where}: node {int(ids[wrong][0])} is not in population {self.name!r} "
                f"({self.table.file}, {self.size} nodes); correct the id"
            )
        return rows

    def type_names(self) -> Texts:
        """Return the name of each row's cell type: ``pop_name``, else ``model_name``, else the node type id."""
        names = np.array([str(type_id) for type_id in self.table.type_ids.tolist()], dtype=object)
        for column in ("model_name", "pop_name"):
            given = self.table.texts(column)
            names = np.where(given == None, names, given)  # noqa: E711 (elementwise)
        return names


@dataclass(frozen=True, repr=False)
class Edges(ShortRepr):
    """An edge population; `source` and `target` are rows of the two node populations."""

    name: str
    source_population: str
    target_population: str
    source: Integers
    target: Integers
    table: Table
