"""Registers, spills and shared memory of every kernel on every supported GPU, from NVRTC without a GPU.

``python -m benchmarks.kernel_report`` prints the table; ``--write`` updates ``docs/kernels.md``, with which a test
compares later kernels.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks import kernel_coverage, nvrtc, synapse_bytes
from benchmarks.common_modules import modules_in_common_use
from gpusyn.kernels.modules import Module

DOCUMENT = Path(__file__).parent.parent / "docs" / "kernels.md"

_INTRODUCTION = """# Resources of the kernels

The table lists, for the modules in common use, the registers per thread for each compute capability (`sm_75` to
`sm_120`). It also lists the largest number of bytes, over all capabilities, of static shared memory per block (shared),
of local memory per thread for arrays that are indexed at run time (local), and of spilled registers (spilled).
NVRTC {version} determines these numbers without a GPU, with the compiler options that are used on a GPU. They change
with the architecture and with the version of NVRTC. The tests therefore compare kernels with this table with a margin,
but allow no spills. The page gives no times, which need a GPU.

`python -m benchmarks.kernel_report --write` updates this page.
"""


@dataclass(frozen=True)
class Row:
    """One line of the table: a kernel of a module."""

    module: str
    kernel: str
    registers: tuple[int, ...]
    shared: int
    local: int
    spilled: int


def compile_module(
    module: Module, architectures: Iterable[int] = nvrtc.ARCHITECTURES
) -> Iterator[tuple[int, nvrtc.Compiled]]:
    """Compile one module for each of several architectures."""
    for arch in architectures:
        yield arch, nvrtc.compile_text(module.text, arch)


def rows_of(module: Module, compiled: Iterable[nvrtc.Compiled]) -> list[Row]:
    """Return the lines of the table for one module."""
    found = [c.kernels for c in compiled]
    rows = []
    for kernel in sorted(found[0]):
        uses = [k[kernel] for k in found]
        rows.append(
            Row(
                module.name,
                kernel,
                tuple(u.registers for u in uses),
                max(u.shared for u in uses),
                max(u.stack for u in uses),
                max(u.spill_stores + u.spill_loads for u in uses),
            )
        )
    return rows


def format_table(rows: Iterable[Row]) -> str:
    """Return the table in Markdown."""
    heads = ["module", "kernel", *(f"sm_{a}" for a in nvrtc.ARCHITECTURES), "shared", "local", "spilled"]
    lines = [" | ".join(heads), " | ".join(["---", "---", *["--:"] * (len(heads) - 2)])]
    lines += [
        " | ".join(map(str, (f"`{r.module}`", f"`{r.kernel}`", *r.registers, r.shared, r.local, r.spilled)))
        for r in rows
    ]
    return "".join(f"| {line} |\n" for line in lines)


def read_table(document: str) -> list[Row]:
    """Return the lines of a table that :func:`format_table` made."""
    rows = []
    for line in document.splitlines():
        cells = [cell.strip(" `") for cell in line.strip("|").split("|")]
        if len(cells) == len(nvrtc.ARCHITECTURES) + 5 and cells[2].isdigit():
            numbers = [int(cell) for cell in cells[2:]]
            rows.append(Row(cells[0], cells[1], tuple(numbers[:-3]), *numbers[-3:]))
    return rows


def report() -> tuple[str, list[str]]:
    """Return the whole document, and complaints about compiler warnings and kernels that spill."""
    rows, complaints = [], []
    for module in modules_in_common_use():
        compiled = dict(compile_module(module))
        complaints += [f"{module.name} sm_{arch}: {w}" for arch, c in compiled.items() for w in c.warnings]
        rows += rows_of(module, compiled.values())
    complaints += [f"{r.module} {r.kernel}: {r.spilled} bytes spilled" for r in rows if r.spilled]
    introduction = _INTRODUCTION.format(version=nvrtc.version())
    return f"{introduction}\n{format_table(rows)}{synapse_bytes.section()}{kernel_coverage.section()}", complaints


def main() -> int:
    """Print or write the document; return 1 if a kernel spills or the compiler warns, else 0."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="update docs/kernels.md")
    arguments = parser.parse_args()
    document, complaints = report()
    if arguments.write:
        DOCUMENT.write_text(document, encoding="utf-8")
    else:
        print(document, end="")
    print(*complaints, sep="\n", end="\n" if complaints else "", file=sys.stderr)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
