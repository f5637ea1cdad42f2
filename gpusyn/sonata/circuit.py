"""Nodes, edges and node sets of a SONATA circuit as the files give them; no model is chosen yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from gpusyn.errors import FileError
from gpusyn.io.checked import Group, opened
from gpusyn.io.stored_values import listed
from gpusyn.parameters.scalars import show
from gpusyn.sonata.attribute_tables import check_lengths, read_table, read_types
from gpusyn.sonata.config import Config, TableFiles
from gpusyn.sonata.findings import Findings
from gpusyn.sonata.node_sets import select
from gpusyn.sonata.populations import Edges, Nodes
from gpusyn.utils.reprs import ShortRepr
from gpusyn.utils.typing import Integers

__all__ = ["Circuit", "Edges", "Nodes", "read_circuit"]


@dataclass(frozen=True, repr=False)
class Circuit(ShortRepr):
    """Contents of the circuit files of a configuration."""

    nodes: Mapping[str, Nodes]
    edges: tuple[Edges, ...]
    node_sets: Mapping[str, Any]

    def select(self, node_set: Any, where: str, findings: Findings) -> dict[str, Integers]:
        """Return the sorted rows of a node set by population; see :func:`gpusyn.sonata.node_sets.select`."""
        return select(self.nodes, self.node_sets, node_set, where, findings)


def read_circuit(config: Config, findings: Findings) -> Circuit:
    """Read the nodes and edges that a configuration names; the attributes of edges are read later.

    If problems are kept, what could be read is returned; edges of populations that could not be read are left out.

    Raises
    ------
    FileError
        If a file is missing or damaged, a type id is not in its CSV file, or an edge has an unknown end.
    """
    nodes: dict[str, Nodes] = {}
    before = len(findings.problems)
    for files in config.nodes:
        with findings.step():
            for one in read_nodes(files):
                if one.name in nodes:
                    other = nodes[one.name].table.file
                    raise FileError(f"{files.data}: population {one.name!r} is also in {other}; leave one of them out")
                nodes[one.name] = one
    if len(findings.problems) > before:
        return Circuit(nodes, (), config.node_sets)
    edges: dict[str, Edges] = {}
    for files in config.edges:
        with findings.step():
            for connections in read_edges(files, nodes):
                if connections.name in edges:
                    other = edges[connections.name].table.file
                    where = f"{files.data}: edge population {connections.name!r}"
                    raise FileError(f"{where} is also in {other}; leave one of them out")
                edges[connections.name] = connections
    return Circuit(nodes, tuple(edges.values()), config.node_sets)


def populations(file: Group, kind: str) -> list[Group]:
    """Return the population groups below ``/nodes`` or ``/edges``."""
    names = file.group(kind).names() if kind in file else []
    if not names:
        raise FileError(
            f"{file.file}: has no population below /{kind} (found: {listed(file.names())}); give a SONATA {kind} file"
        )
    return [file.group(f"{kind}/{name}") for name in names]


def read_nodes(files: TableFiles) -> list[Nodes]:
    """Read the populations of one nodes file."""
    types = read_types(files.types, "node_type_id")
    found = []
    with opened(files.data) as file:
        for group in populations(file, "nodes"):
            table = read_table(group, "node", types)
            ids = group.integers("node_id") if "node_id" in group else np.arange(table.size)
            check_lengths(group, ids, table.type_ids)
            if len(np.unique(ids)) != len(ids):
                raise group.error("node_id", "an id occurs twice; ids must be unique")
            found.append(Nodes(group.name.rpartition("/")[2], ids, table))
    return found


def read_edges(files: TableFiles, nodes: Mapping[str, Nodes]) -> list[Edges]:
    """Read the populations of one edges file."""
    types = read_types(files.types, "edge_type_id")
    found = []
    with opened(files.data) as file:
        for group in populations(file, "edges"):
            table = read_table(group, "edge", types)
            ends: list[tuple[str, Integers]] = []
            for end in ("source", "target"):
                column = f"{end}_node_id"
                ids = group.integers(column)
                check_lengths(group, ids, table.type_ids)
                population = end_population(group, column, nodes)
                ends.append((population, nodes[population].rows(ids, group.where(column))))
            (source_name, source), (target_name, target) = ends
            name = group.name.rpartition("/")[2]
            found.append(Edges(name, source_name, target_name, source, target, table))
    return found


def end_population(group: Group, column: str, nodes: Mapping[str, Nodes]) -> str:
    """Return the node population to which a column of node ids refers."""
    name = group.attribute_text(column, "node_population")
    if name not in nodes:
        raise FileError(
            f"{group.where(column)}, attribute node_population: population {show(name)} is not in the nodes files; "
            f"known here: {', '.join(nodes)}"
        )
    return name
