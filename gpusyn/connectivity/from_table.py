"""The rule whose synapses are the rows of a table, or the edges of a graph."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import numpy as np

from gpusyn.connectivity.explicit import GivenSynapses
from gpusyn.connectivity.tables import columns_of
from gpusyn.errors import ParameterError
from gpusyn.parameters.scalars import frozen, one_of, public, show
from gpusyn.utils.reprs import shortened
from gpusyn.utils.typing import Array

__all__ = ["FromTable"]


@public
class FromTable(GivenSynapses):
    """Synapses that are the rows of a table; ``weight=`` and ``delay=`` of ``connect`` may name its columns.

    Parameters
    ----------
    frame : DataFrame, structured array, mapping of str to array_like, path, or graph
        The table; a path is that of a CSV file in UTF-8 whose first line has the names of the columns, separated by
        tabs, semicolons, commas or blanks. A directed graph of networkx has a row for each edge, with the columns
        ``"pre"``, ``"post"`` and one per attribute of its edges. The numbers are copied.
    pre, post : str
        Names of the columns with the positions in the presynaptic and the postsynaptic selection, from 0.

    Raises
    ------
    ArgumentError
        If `frame` is not a table, a position is not a whole number, or a graph is not directed.
    FileError
        If a CSV file cannot be read, or a line has another number of values than the header.
    ParameterError
        If columns differ in length or a position is negative. When it is connected: if a position lies beyond its
        selection, or a column that is used has no numbers.
    UnknownNameError
        If there is no column of the name.

    Examples
    --------
    >>> import gpusyn as gs
    >>> net = gs.Network()
    >>> cells = net.population("cells", 3, gs.LIF(), receptors=gs.AMPA())
    >>> table = gs.FromTable({"pre": [0, 0, 2], "post": [1, 2, 1], "w": [0.5, 1.0, 2.0], "d": [1.0, 1.5, 1.0]})
    >>> table
    FromTable(3 synapses, columns pre, post, w, d)
    >>> net.connect(cells, cells, table, receptor="AMPA", weight="w", delay="d").weights["AMPA"]
    array([0.5, 1. , 2. ])

    Rows with weights of both signs are excitatory and inhibitory synapses, which have receptors of their own; delays
    that were measured are rounded to the time grid. With a DataFrame::

        frame["delay"] = np.maximum(np.rint(frame["delay"] / dt), 1) * dt
        plus, minus = frame[frame["weight"] > 0], frame[frame["weight"] < 0]
        net.connect(cells, cells, gs.FromTable(plus), receptor="AMPA", weight="weight", delay="delay")
        net.connect(cells, cells, gs.FromTable(minus.abs()), receptor="GABA_A", weight="weight", delay="delay")

    A graph whose nodes are the numbers of the neurons, 0 to n - 1; ``networkx.convert_node_labels_to_integers(graph)``
    numbers others::

        net.connect(cells, cells, gs.FromTable(graph), receptor="AMPA", weight="weight", delay="delay")
    """

    columns: Mapping[str, Array | str]  # numbers, or what a column has instead

    def __init__(self, frame: Any, pre: str = "pre", post: str = "post") -> None:
        columns, lines = columns_of(frame)
        headless = lines is not None and all(map(_is_number, columns))
        move = "; the first line of the file must have the names of the columns" if headless else ""
        for name, end in ((pre, "pre"), (post, "post")):
            one_of(name, columns, f"FromTable.{end}", move)
        kept = {name: _numbers(column, f"FromTable: column {name!r}", lines) for name, column in columns.items()}
        self._set(columns=kept)
        lengths = {len(column) for column in columns.values()}
        if len(lengths) > 1:
            raise ParameterError(f"FromTable.frame: its columns must be of equal length (got {sorted(lengths)})")
        self._hold(*(_whole(self.column(name, f"FromTable.{end}")) for name, end in ((pre, "pre"), (post, "post"))))

    def column(self, name: str, where: str) -> Array:
        """Return the numbers of a column."""
        found = self.columns[one_of(name, self.columns, where)]
        if isinstance(found, str):
            raise ParameterError(f"{where}: column {name!r} of FromTable must have numbers alone ({found})")
        return found

    def __eq__(self, other: object) -> bool:
        same = super().__eq__(other)
        if same is not True:
            return same
        assert isinstance(other, FromTable)
        return list(self.columns) == list(other.columns) and all(
            np.array_equal(column, theirs)
            for column, theirs in zip(self.columns.values(), other.columns.values(), strict=True)
        )

    __hash__ = GivenSynapses.__hash__

    def __repr__(self) -> str:
        return f"FromTable({len(self.pre)} synapses, columns {', '.join(shortened(self.columns))})"


def _numbers(column: Any, where: str, lines: list[int] | None) -> Array | str:
    """Return a read-only copy of the numbers of a column; if it has anything else, say what and where."""
    if column.ndim != 1:
        raise ParameterError(f"{where}: must be one-dimensional (got shape {column.shape}); is its name there twice?")
    if column.dtype.kind in "iuf":
        return frozen(column, column.dtype)
    if column.dtype.kind in "OUS":  # texts of a file, or numbers that may be missing
        with suppress(TypeError, ValueError, OverflowError):
            return frozen(column, np.float64)
        index = next((index for index, item in enumerate(column) if not _is_number(item)), 0)
        place = f"index {index}" if lines is None else f"line {lines[index]}"
        return f"got {show(column[index])} at {place}; {_move(str(column[index]))}"
    return f"got {column.dtype}; choose another"


def _is_number(item: Any) -> bool:
    try:
        return isinstance(float(item), float)
    except (TypeError, ValueError, OverflowError):
        return False


def _move(text: str) -> str:
    """Return what to do about a text that is no number."""
    if not text:
        return "fill the cell or leave out the line"
    return "write a decimal point" if _is_number(text.replace(",", ".", 1)) else "choose another"


def _whole(column: Array) -> Array:
    """Return floating-point numbers that are whole as integers; return other columns as they are."""
    if column.dtype.kind == "f" and np.all(np.abs(column) < 2.0**53) and np.all(column == np.rint(column)):
        return column.astype(np.int64)
    return column
