"""The tables of names in docs/coming_from: what each code span of a column names."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import gpusyn as gs

SPAN = re.compile(r"`([^`]+)`")
#: What the first name of a span stands for.
OBJECTS: dict[str, Any] = {
    "gs": gs,
    "net": gs.Network,
    "sim": gs.Simulator,
    "spikes": gs.SpikeData,
    "traces": gs.TraceData,
}
#: Names that stand for a population or an array of the reader's.
FREE = {"cells", "E", "pre", "post", *OBJECTS}
SUBSCRIPT = re.compile(r'^(traces\["\w+"\]|E\[:10\])$')


class Row(NamedTuple):
    """Code spans of a row: of the other simulator, and of gpusyn; `model` is the class that the column's head names."""

    theirs: list[str]
    ours: list[str]
    model: str | None


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip()[1:-1].split("|")]


def rows(page: str, simulator: str) -> Iterator[Row]:
    """Yield the rows of all tables whose head begins with the name of the simulator."""
    for table in re.findall(r"(?:^\|.*\n)+", page, re.MULTILINE):
        head, _, *lines = table.splitlines()
        first, second, *_ = cells(head)
        if first == simulator:
            for line in lines:
                theirs, ours, *_ = cells(line)
                named = SPAN.findall(second)
                yield Row(SPAN.findall(theirs), SPAN.findall(ours), named[0] if named else None)


def parameters(callable_: Any) -> set[str]:
    return set(inspect.signature(callable_).parameters)


def found(node: ast.expr) -> Any:
    """Return what a dotted name names; an AttributeError if gpusyn has none."""
    if isinstance(node, ast.Attribute):
        return getattr(found(node.value), node.attr)
    if isinstance(node, ast.Call):  # of a class method, such as that of a published kinetics
        return found(node.func)
    assert isinstance(node, ast.Name), ast.unparse(node)
    return OBJECTS[node.id]


def faults(span: str) -> list[str]:
    """Return what in a span gpusyn does not have."""
    if SUBSCRIPT.match(span):
        return []
    try:
        tree = ast.parse(span, mode="eval").body
    except SyntaxError:
        return [f"{span}: no expression"]
    wrong = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            try:
                found(node)
            except (AttributeError, KeyError) as error:
                wrong.append(f"{span}: {error}")
        elif isinstance(node, ast.Name) and node.id not in FREE:
            wrong.append(f"{span}: {node.id} is no name of gpusyn")
    if wrong:
        return wrong
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            takes = parameters(found(node.func))
            wrong += [f"{span}: no argument {key.arg}" for key in node.keywords if key.arg not in takes]
    return wrong


def row_faults(row: Row) -> list[str]:
    """Return what in gpusyn's column is not gpusyn's."""
    if row.model is None:
        return [fault for span in row.ours for fault in faults(span)]
    takes = parameters(getattr(gs, row.model.removeprefix("gs.")))
    return [f"{row.model} has no parameter {name}" for name in row.ours if name not in takes]
