"""Nodes, edges and node sets of a SONATA circuit as the files give them; no model is chosen yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from gpusyn.errors import FileError
from gpusyn.io.checked import Group, opened
from gpusyn.io.stored_values import listed
from gpusyn.parameters.scalars import nearest, show
from gpusyn.sonata.attribute_tables import Table, Texts, check_lengths, read_table, read_types
from gpusyn.sonata.config import Config, TableFiles
from gpusyn.utils.reprs import ShortRepr
from gpusyn.utils.typing import Bools, Integers

__all__ = ["Circuit", "Edges", "Nodes", "read_circuit"]

DEEPEST = 64  # node sets that refer to one another


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
        order = np.argsort(self.ids, kind="stable")
        place = np.searchsorted(self.ids, ids, sorter=order)
        rows: Integers = order[np.minimum(place, self.size - 1)]
        wrong = self.ids[rows] != ids
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


@dataclass(frozen=True, repr=False)
class Circuit(ShortRepr):
    """Contents of the circuit files of a configuration."""

    nodes: Mapping[str, Nodes]
    edges: tuple[Edges, ...]
    node_sets: Mapping[str, Any]

    def select(self, node_set: Any, where: str) -> dict[str, Integers]:
        """Return the rows of a node set by population.

        Parameters
        ----------
        node_set : str, dict or list
            A name, ``"all"``, the conditions themselves, or a list of names (their union).
        where : str
            Place that uses the set, as messages name it.

        Returns
        -------
        dict of str to ndarray of int64
            Sorted rows by population; populations without any are left out.

        Raises
        ------
        FileError
            If the node set is unknown, empty or not well-formed.
        """
        chosen = {name: mask for name, mask in self._masks(node_set, where, (), {}).items() if mask.any()}
        if not chosen:
            raise FileError(f"{where}: the node set {show(node_set)} contains no node of this circuit; correct it")
        return {name: np.flatnonzero(mask) for name, mask in chosen.items()}

    def _masks(
        self, node_set: Any, where: str, above: tuple[str, ...], known: dict[str, dict[str, Bools]]
    ) -> dict[str, Bools]:
        """Return a mask of the rows of each population; `above` are the sets that lead here, `known` those done."""
        if isinstance(node_set, str):
            if node_set not in known:
                known[node_set] = self._named(node_set, where, above, known)
            return known[node_set]
        if isinstance(node_set, list):
            masks = {name: np.zeros(nodes.size, dtype=bool) for name, nodes in self.nodes.items()}
            for part in node_set:
                for name, mask in self._masks(part, where, above, known).items():
                    masks[name] |= mask
            return masks
        if not isinstance(node_set, dict):
            raise FileError(f"{where}: a node set must be a name, a list of names or an object (got {show(node_set)})")
        return {name: self._matching(nodes, node_set, where) for name, nodes in self.nodes.items()}

    def _named(
        self, name: str, where: str, above: tuple[str, ...], known: dict[str, dict[str, Bools]]
    ) -> dict[str, Bools]:
        if name in above:
            raise FileError(f"{where}: the node set {show(name)} contains itself; correct node_sets")
        if len(above) >= DEEPEST:
            raise FileError(f"{where}: more than {DEEPEST} node sets refer to one another; correct node_sets")
        if name in self.node_sets:
            place = where if above else f"{where}, node set {show(name)}"
            return self._masks(self.node_sets[name], place, (*above, name), known)
        if name == "all":
            return {population: np.ones(nodes.size, dtype=bool) for population, nodes in self.nodes.items()}
        names = [*self.node_sets, "all"]
        hint = nearest(name, names)
        raise FileError(f"{where}: unknown node set {show(name)}{hint}; known here: {', '.join(names)}")

    def _matching(self, nodes: Nodes, conditions: Mapping[str, Any], where: str) -> Bools:
        mask = np.ones(nodes.size, dtype=bool)
        for key, wanted in conditions.items():
            listed = wanted if isinstance(wanted, list) else [wanted]
            if not all(isinstance(one, str | int | float) for one in listed):
                raise FileError(f"{where}.{key}: must be a value or a list of values (got {show(wanted)})")
            texts = [one for one in listed if isinstance(one, str)]
            if key == "population":
                unknown = [one for one in listed if one not in self.nodes]
                if unknown:
                    known = ", ".join(self.nodes)
                    raise FileError(f"{where}.population: unknown population {show(unknown[0])}; known here: {known}")
                mask &= nodes.name in listed
            elif key in ("node_id", "node_ids", "node_type_id"):
                column = nodes.table.type_ids if key == "node_type_id" else nodes.ids
                mask &= np.isin(column, _ids(listed, f"{where}.{key}"))
            elif texts and len(texts) < len(listed):
                raise FileError(f"{where}.{key}: must be strings or numbers, not both (got {show(wanted)})")
            elif texts:
                mask &= np.isin(nodes.table.texts(key).astype(str), texts)
            else:
                mask &= np.isin(nodes.table.numbers(key)[0], np.array(listed, dtype=np.float64))
        return mask


def _ids(listed: list[Any], where: str) -> Integers:
    """Return the ids that a node set lists."""
    for one in listed:
        if isinstance(one, str | bool) or one != one // 1 or not 0 <= one < 2**63:
            raise FileError(f"{where}: must be whole numbers >= 0 (got {show(one)})")
    return np.array([int(one) for one in listed], dtype=np.int64)


def read_circuit(config: Config) -> Circuit:
    """Read the nodes and edges that a configuration names; the attributes of edges are read later.

    Raises
    ------
    FileError
        If a file is missing or damaged, a type id is not in its CSV file, or an edge has an unknown end.
    """
    nodes: dict[str, Nodes] = {}
    for files in config.nodes:
        for one in read_nodes(files):
            if one.name in nodes:
                other = nodes[one.name].table.file
                raise FileError(f"{files.data}: population {one.name!r} is also in {other}; leave one of them out")
            nodes[one.name] = one
    edges: dict[str, Edges] = {}
    for files in config.edges:
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
            if not len(ids):
                raise group.error("", "has no nodes; remove the population")
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
