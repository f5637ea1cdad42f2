"""What every kernel takes on every promised GPU, by NVRTC with no GPU: registers, spills, shared memory.

``python -m benchmarks.kernel_report`` prints the table; ``--write`` renews ``docs/kernels.md``, which a test
reads back and holds later kernels to.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks import nvrtc
from benchmarks.common_modules import modules_in_common_use
from benchmarks.synapse_bytes import section
from gpusyn.kernels.modules import Module

DOCUMENT = Path(__file__).parent.parent / "docs" / "kernels.md"

_INTRODUCTION = """# What the kernels take

Registers of a thread by compute capability; bytes of static shared memory of a block, of local memory of a
thread (arrays that are indexed at run time) and spilled for want of registers (the most of all
capabilities), for the modules in common use. NVRTC {version} works this out with no GPU; the same compiler
and options run on one. Registers move with the architecture and with each NVRTC, so the tests hold kernels to
these figures with a margin, and to no spills at all. Times are not in here: they need a GPU.

Renew with `python -m benchmarks.kernel_report --write`.
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
    """One module for each of some architectures."""
    for arch in architectures:
        yield arch, nvrtc.compile_text(module.text, arch)


def rows_of(module: Module, compiled: Iterable[nvrtc.Compiled]) -> list[Row]:
    """The table's lines for one module."""
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
    """The table in Markdown."""
    heads = ["module", "kernel", *(f"sm_{a}" for a in nvrtc.ARCHITECTURES), "shared", "local", "spilled"]
    lines = [" | ".join(heads), " | ".join(["---", "---", *["--:"] * (len(heads) - 2)])]
    lines += [
        " | ".join(map(str, (f"`{r.module}`", f"`{r.kernel}`", *r.registers, r.shared, r.local, r.spilled)))
        for r in rows
    ]
    return "".join(f"| {line} |\n" for line in lines)


def read_table(document: str) -> list[Row]:
    """The lines of a table that :func:`format_table` made."""
    rows = []
    for line in document.splitlines():
        cells = [cell.strip(" `") for cell in line.strip("|").split("|")]
        if len(cells) == len(nvrtc.ARCHITECTURES) + 5 and cells[2].isdigit():
            numbers = [int(cell) for cell in cells[2:]]
            rows.append(Row(cells[0], cells[1], tuple(numbers[:-3]), *numbers[-3:]))
    return rows


def report() -> tuple[str, list[str]]:
    """The whole document, and complaints: warnings of the compiler and kernels that spill."""
    rows, complaints = [], []
    for module in modules_in_common_use():
        compiled = dict(compile_module(module))
        complaints += [f"{module.name} sm_{arch}: {w}" for arch, c in compiled.items() for w in c.warnings]
        rows += rows_of(module, compiled.values())
    complaints += [f"{r.module} {r.kernel}: {r.spilled} bytes spilled" for r in rows if r.spilled]
    return _INTRODUCTION.format(version=nvrtc.version()) + "\n" + format_table(rows) + section(), complaints


def main() -> int:
    """Print or write the document; non-zero when a kernel spills or the compiler warns."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="renew docs/kernels.md")
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
