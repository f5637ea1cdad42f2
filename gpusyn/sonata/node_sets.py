"""Node sets: which nodes a name, a list of names or an object of conditions means.

A condition is a value, a list of values of which one must be met, or an object of operators such as ``{"$gt": 3}``,
which must all be met. A node without the attribute meets none.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gpusyn.errors import FileError
from gpusyn.parameters.scalars import nearest, show
from gpusyn.sonata.findings import Findings
from gpusyn.sonata.populations import Nodes
from gpusyn.utils.typing import Array, Bools, Integers

__all__ = ["select"]

DEEPEST = 64  # node sets that refer to one another
LONGEST = 1000  # letters of a regular expression

COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "$gt": operator.gt, "$gte": operator.ge, "$lt": operator.lt, "$lte": operator.le,
}  # fmt: skip
MEMBERS = {"$eq": False, "$in": False, "$ne": True, "$nin": True}  # operator: whether it asks for the others
OPERATORS = (*COMPARISONS, *MEMBERS, "$regex")

Masks = dict[str, Bools]


def select(
    nodes: Mapping[str, Nodes], sets: Mapping[str, Any], node_set: Any, where: str, findings: Findings
) -> dict[str, Integers]:
    """Return the rows of a node set by population.

    Parameters
    ----------
    nodes : mapping of str to Nodes
        Populations of the circuit.
    sets : mapping of str to object
        Node sets of the configuration.
    node_set : str, dict or list
        Name of a set or of a population, ``"all"``, the conditions themselves, or a list of names (their union).
    where : str
        Place that uses the set, as messages name it.
    findings : Findings
        Place for the note that the set contains no node.

    Returns
    -------
    dict of str to ndarray of int64
        Sorted rows by population; populations without any are left out.

    Raises
    ------
    FileError
        If the node set is unknown or not well-formed.
    """
    search = _Search(nodes, sets, where)
    chosen = {name: mask for name, mask in search.masks(node_set, where, ()).items() if mask.any()}
    if not chosen:
        reason = "".join(f"; no node has an attribute {show(key)}{hint}" for key, hint in search.unknown.items())
        findings.note(f"{where}: the node set {show(node_set)} contains no node of this circuit{reason}")
    return {name: np.flatnonzero(mask) for name, mask in chosen.items()}


class _Search:
    """The search for the nodes of one set; what is found for the names on the way is kept."""

    def __init__(self, nodes: Mapping[str, Nodes], sets: Mapping[str, Any], where: str) -> None:
        self.nodes, self.sets = nodes, sets
        self.known: dict[str, Masks] = {}
        self.unknown: dict[str, str] = {}  # attributes that no node has, with hints

    def masks(self, node_set: Any, where: str, above: tuple[str, ...]) -> Masks:
        """Return a mask of the rows of each population; `above` are the sets that lead here."""
        if isinstance(node_set, str):
            if node_set not in self.known:
                self.known[node_set] = self.named(node_set, where, above)
            return self.known[node_set]
        if isinstance(node_set, list):
            masks = {name: np.zeros(nodes.size, dtype=bool) for name, nodes in self.nodes.items()}
            for part in node_set:
                for name, mask in self.masks(part, where, above).items():
                    masks[name] |= mask
            return masks
        if not isinstance(node_set, dict):
            raise FileError(f"{where}: a node set must be a name, a list of names or an object (got {show(node_set)})")
        return {name: self.matching(nodes, node_set, where) for name, nodes in self.nodes.items()}

    def named(self, name: str, where: str, above: tuple[str, ...]) -> Masks:
        """Return the masks of a set, of ``"all"`` or of a population, in this order."""
        if name in above:
            raise FileError(f"{where}: the node set {show(name)} contains itself; correct node_sets")
        if len(above) >= DEEPEST:
            raise FileError(f"{where}: more than {DEEPEST} node sets refer to one another; correct node_sets")
        if name in self.sets:
            place = where if above else f"{where}, node set {show(name)}"
            return self.masks(self.sets[name], place, (*above, name))
        if name == "all" or name in self.nodes:
            chosen = self.nodes if name == "all" else (name,)
            return {one: np.full(nodes.size, one in chosen) for one, nodes in self.nodes.items()}
        names = list(dict.fromkeys([*self.sets, "all", *self.nodes]))
        hint = nearest(name, names)
        raise FileError(f"{where}: unknown node set {show(name)}{hint}; known here: {', '.join(names)}")

    def matching(self, nodes: Nodes, conditions: Mapping[str, Any], where: str) -> Bools:
        """Return a mask of the rows that meet all conditions."""
        mask = np.ones(nodes.size, dtype=bool)
        for key, wanted in conditions.items():
            place = f"{where}.{key}"
            operators = wanted if isinstance(wanted, dict) else {"$in": wanted}
            for name, value in operators.items():
                if name not in OPERATORS:
                    hint = nearest(name, OPERATORS)
                    raise FileError(f"{place}: unknown operator {show(name)}{hint}; known here: {', '.join(OPERATORS)}")
                mask &= self.meets(nodes, key, name, value, place)
        return mask

    def meets(self, nodes: Nodes, key: str, name: str, wanted: Any, where: str) -> Bools:
        """Return a mask of the rows whose attribute `key` meets one operator."""
        listed = wanted if isinstance(wanted, list) else [wanted]
        if not all(isinstance(one, str | int | float) for one in listed):
            raise FileError(f"{where}: must be a value or a list of values (got {show(wanted)})")
        if key == "population":
            for one in listed:
                if one not in self.nodes:
                    known = ", ".join(self.nodes)
                    raise FileError(f"{where}: unknown population {show(one)}; known here: {known}")
            found = np.full(nodes.size, nodes.name in listed)
            return ~found if MEMBERS.get(name) else found
        if key in ("node_id", "node_ids", "node_type_id"):
            ids = nodes.table.type_ids if key == "node_type_id" else nodes.ids
            if name in MEMBERS:
                return np.isin(ids, _ids(listed, where), invert=MEMBERS[name])
            return _compared(ids.astype(np.float64), name, wanted, where)
        texts = [one for one in listed if isinstance(one, str)]
        if texts and len(texts) < len(listed):
            raise FileError(f"{where}: must be strings or numbers, not both (got {show(wanted)})")
        if not any(one.table.has(key) for one in self.nodes.values()):
            attributes = sorted({one for several in self.nodes.values() for one in several.table.attribute_names()})
            self.unknown[key] = nearest(key, attributes)
            return np.zeros(nodes.size, dtype=bool)
        if texts:
            return _text_meets(nodes.table.texts(key), name, wanted, texts, where)
        if nodes.table.holds_text(key):
            return np.zeros(nodes.size, dtype=bool)
        numbers, present = nodes.table.numbers(key)
        if name in MEMBERS:
            return present & np.isin(numbers, np.array(listed, dtype=np.float64), invert=MEMBERS[name])
        return present & _compared(numbers, name, wanted, where)


def _compared(column: Array, name: str, wanted: Any, where: str) -> Bools:
    """Return a mask of the numbers that compare to the wanted one as an operator says."""
    if name not in COMPARISONS or isinstance(wanted, bool) or not isinstance(wanted, int | float):
        raise FileError(f"{where}: {name} needs {'text' if name == '$regex' else 'one number'} (got {show(wanted)})")
    mask: Bools = COMPARISONS[name](column, float(wanted))
    return mask


def _text_meets(column: Array, name: str, wanted: Any, texts: list[str], where: str) -> Bools:
    """Return a mask of the texts that meet an operator; ``$regex`` may match any part of a text."""
    present = np.array([one is not None for one in column], dtype=bool)
    if name in MEMBERS:
        return present & np.isin(column.astype(str), texts, invert=MEMBERS[name])
    if name != "$regex" or not isinstance(wanted, str) or len(wanted) > LONGEST:
        raise FileError(f"{where}: {name} needs {'one text' if name == '$regex' else 'a number'} (got {show(wanted)})")
    try:
        pattern = re.compile(wanted)
    except re.error as error:
        raise FileError(f"{where}: {show(wanted)} is no regular expression ({error}); correct it") from None
    return np.array([one is not None and pattern.search(one) is not None for one in column], dtype=bool)


def _ids(listed: list[Any], where: str) -> Integers:
    """Return the ids that a node set lists."""
    for one in listed:
        if isinstance(one, str | bool) or one != one // 1 or not 0 <= one < 2**63:
            raise FileError(f"{where}: must be whole numbers >= 0 (got {show(one)})")
    return np.array([int(one) for one in listed], dtype=np.int64)
