"""Write docs/arrays.md from the declarations of the arrays and of the kernels' arguments.

``python -m benchmarks.arrays_page`` prints the page, ``python -m benchmarks.arrays_page --write`` renews it.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from pathlib import Path

from gpusyn.kernels.arrays import (
    ARRAYS,
    CHUNKED,
    EXPECTED,
    EXTENTS,
    SCOPES,
    SYNAPSE_KERNELS,
    SYNAPTIC,
    ArrayKind,
    arguments_of,
    array_name,
)
from gpusyn.kernels.program import ROLES

PAGE = Path(__file__).parent.parent / "docs" / "arrays.md"
INTRODUCTION = """# Arrays of a program

This page is generated: renew it with `python -m benchmarks.arrays_page --write`.

A network is compiled to a program: arrays, and the kernel launches of one step. Each array is declared once, in
`gpusyn/kernels/arrays.py`; everything else follows from the declaration. `plan()` counts the bytes of the specs, the
builder checks the arrays that it makes against them, launches pass arrays by the names of their arguments, and
`Simulator.reset` writes back what has the role of a state, or of a weight that was replaced.

An array has the name of the kernel argument that it is passed as. Where several arrays have the name of an argument,
the one of the narrowest scope is passed: that of the kernel and group, of the kernel, of the group, of the program. In
a program, the name is preceded by the kernel, the group, or both: {examples}.

Types are those of the kernels' arguments: `real` is float32 or float64 by the precision of the run, `acc` (sums of
events) and `weight_t` (stored weights) are int32 or int64, and the others have the types of their names. A type with a
capital letter is a record of int64 fields, declared in `gpusyn/kernels/records.py`. An array without elements gets one.
"""
SHAPES = (
    "All extents follow from the layout of a network, before anything is drawn; for those that depend on what is drawn "
    "or listed, a plan has the expected number."
)
HEADINGS = {
    "program": "Arrays of the program",
    "group": "Arrays of a group of neurons",
    "kernel": "Arrays of a kernel",
    "kernel and group": "Arrays of a kernel in a group of neurons",
}
PER_SYNAPSE = "each per-synapse kernel"


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """Yield the lines of a table."""
    head = list(head)
    yield f"| {' | '.join(head)} |"
    yield f"|{' --- |' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def kernels(names: Iterable[str]) -> str:
    """Return names of kernels as a cell; those that stream the gates of synapses are named together."""
    names = list(names)
    together = set(SYNAPSE_KERNELS) <= set(names)
    shown = [f"`{name}`" for name in names if not (together and name in SYNAPSE_KERNELS)]
    return ", ".join(shown + [PER_SYNAPSE] * together) or "-"


def row(kind: ArrayKind) -> Iterator[str]:
    """Yield the cells of one array."""
    arguments = arguments_of(kind)
    written = [kernel for kernel, argument in arguments.items() if argument.intent != "in"]
    (ctype,) = {argument.ctype for argument in arguments.values()}
    yield f"`{kind.name}`"
    if kind.kernels:
        yield kernels(kind.kernels)
    yield f"`{ctype}`"
    yield " x ".join(map(str, kind.extents)) or "1"
    yield kind.role
    yield kind.doc
    yield kernels(written)
    yield kernels(kernel for kernel in arguments if kernel not in written)


def page() -> str:
    """Return the page in Markdown."""
    names = array_name("ring"), array_name("V", group=0), array_name("sets", kernel="advance_markov", group=0)
    lines = INTRODUCTION.format(examples=", ".join(f"`{name}`" for name in names)).splitlines()
    for scope, heading in HEADINGS.items():
        kinds = [kind for kind in ARRAYS if kind.scope == scope]
        head = ["array", *(["kernel"] if kinds[0].kernels else []), "type", "shape", "role", "meaning"]
        lines += ["", f"## {heading}", "", SCOPES[scope], ""]
        lines += table([*head, "written by", "read only by"], map(row, kinds))
    lines += ["", f"In these tables, {PER_SYNAPSE} is one of {', '.join(f'`{name}`' for name in SYNAPSE_KERNELS)}."]
    lines += ["", "## Roles", "", *table(["role", "the array"], ROLES.items())]
    marks = {"steps of a chunk": CHUNKED, "synapses": SYNAPTIC, "what is drawn or listed": EXPECTED}
    rows = [
        (name, doc, ", ".join(mark for mark, names in marks.items() if name in names)) for name, doc in EXTENTS.items()
    ]
    lines += ["", "## Shapes", "", SHAPES, "", *table(["extent", "what it counts", "depends on"], rows)]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Print the page, or write it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="renew docs/arrays.md")
    if parser.parse_args().write:
        PAGE.write_text(page(), encoding="utf-8")
    else:
        print(page(), end="")


if __name__ == "__main__":
    main()
