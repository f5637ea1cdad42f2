"""The columns of a table of synapses: of a DataFrame, a structured array, a CSV file, or the edges of a graph."""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping
from numbers import Integral
from pathlib import Path
from typing import Any

import numpy as np

from gpusyn.errors import ArgumentError, FileError, GpusynError, ParameterError
from gpusyn.parameters.scalars import show
from gpusyn.parameters.units import as_array
from gpusyn.utils.calls import attribute
from gpusyn.utils.paths import as_path

SEPARATORS = "\t;, "  # of CSV files; the first that is in the header counts
ENDS = ("pre", "post")


def columns_of(frame: Any) -> tuple[dict[str, Any], list[int] | None]:
    """Return the columns of a table by name, and the line of each row of a file."""
    if isinstance(frame, (str, os.PathLike)):
        where = "FromTable.frame"
        return read_table(as_path(frame, where), where)
    try:
        directed = attribute(frame, "is_directed")
        table = frame if directed is None else _edges(frame, directed())
        names = attribute(attribute(table, "dtype"), "names")  # of a structured array
        if names is None:
            names = table if isinstance(table, Mapping) else attribute(table, "columns")
        return {
            str(name): as_array(table[name], "FromTable.frame", f"column {name!r} must fit") for name in list(names)
        }, None
    except GpusynError:
        raise
    except Exception:  # whatever an object of another kind raises
        raise ArgumentError(
            "FromTable.frame: must be a DataFrame, a structured array, a mapping from names to arrays, a graph of "
            f"networkx, or the path of a CSV file (got {show(frame)}); for arrays without names use "
            "FromArrays(pre, post)"
        ) from None


def read_table(name: Path, where: str) -> tuple[dict[str, Any], list[int]]:
    """Return the columns of a CSV file by name, each an array of texts, and the line of each row.

    Raises
    ------
    FileError
        If the file cannot be read, names a column twice, or has a line with too many or too few values.
    """
    try:
        if os.path.exists(name) and not os.path.isfile(name):  # a device may have no end
            raise OSError("it is not a file")
        with name.open(newline="", encoding="utf-8-sig") as file:
            header = file.readline()
            separator = next((mark for mark in SEPARATORS if mark in header.strip()), ",")
            file.seek(0)
            reader = csv.reader(file, delimiter=separator, skipinitialspace=True)
            rows = [(reader.line_num, [value.strip() for value in row]) for row in reader if row]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise FileError(f"{where}: {name}: cannot be read ({reason}); give the path of a CSV file in UTF-8") from None
    if not rows:
        raise FileError(f"{where}: {name}: is empty; its first line must have the names of the columns")
    names = rows.pop(0)[1]
    if len(set(names)) < len(names):
        raise FileError(f"{where}: {name}: names a column twice ({show(names)}); give each its own name")
    for line, row in rows:
        if len(row) != len(names):
            raise FileError(
                f"{where}: {name}, line {line}: has {len(row)} values, but the header names {len(names)} "
                f"columns, {show(names)}"
            )
    columns = zip(*(row for _, row in rows), strict=True) if rows else [()] * len(names)
    return {name: np.array(column) for name, column in zip(names, columns, strict=True)}, [line for line, _ in rows]


def _edges(graph: Any, directed: Any) -> dict[str, list[Any]]:
    """Return the edges of a graph of networkx as columns: their ends, and each of their attributes."""
    if not directed:
        raise ArgumentError(
            "FromTable.frame: must be a directed graph (got an undirected one); graph.to_directed() has each edge in "
            "both directions"
        )
    edges = list(graph.edges(data=True))
    for node in (node for edge in edges for node in edge[:2]):
        if not isinstance(node, Integral):
            raise ArgumentError(
                f"FromTable.frame: the nodes of a graph must be positions in the selections, from 0 (got "
                f"{show(node)}); networkx.convert_node_labels_to_integers(graph) numbers them"
            )
    names = list(dict.fromkeys(name for *_, own in edges for name in own))
    if set(ENDS) & set(names):
        raise ParameterError(
            f"FromTable.frame: an attribute of edges must not be named {' or '.join(map(repr, ENDS))}, as their ends "
            f"are (got {show(names)}); rename it"
        )
    ends = {name: [edge[k] for edge in edges] for k, name in enumerate(ENDS)}
    return ends | {name: [own.get(name) for *_, own in edges] for name in names}
