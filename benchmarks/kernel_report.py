"""What kernels, synapses and steps take: registers, spills, shared memory, bytes, launches; from NVRTC without a GPU.

``python -m benchmarks.kernel_report`` prints the table; ``--write`` updates ``gpusyn/kernels/resources.json``, with
which tests compare later kernels and from which models of GPUs are computed, and ``docs/kernels.md``, which shows it.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from benchmarks import kernel_coverage, launch_counts, nvrtc, synapse_bytes
from benchmarks.common_modules import modules_in_common_use
from gpusyn.kernels.modules import Module
from gpusyn.kernels.resources import TABLE, Resources, all_resources, table

DOCUMENT = Path(__file__).parent.parent / "docs" / "kernels.md"

_INTRODUCTION = """# Resources of the kernels

The table lists, for the modules in common use, the registers per thread for each compute capability (`sm_75` to
`sm_120`). It also lists the largest number of bytes, over all capabilities, of static shared memory per block (shared),
of local memory per thread for arrays that are indexed at run time (local), and of spilled registers (spilled).
NVRTC {version} determines these numbers without a GPU, with the compiler options that are used on a GPU. They change
with the architecture and with the version of NVRTC. The tests therefore compare kernels with this table with a margin,
but allow no spills. The registers also limit the threads of a block, of which a multiprocessor has 65,536 registers to
give: the stand-in for CuPy refuses larger blocks, as a GPU does. The page gives no times, which need a
GPU; [gpu_model.md](gpu_model.md) models some.

`python -m benchmarks.kernel_report --write` updates `gpusyn/kernels/resources.json` and this page, which shows it.
"""


def compile_module(
    module: Module, architectures: Iterable[int] = nvrtc.ARCHITECTURES
) -> Iterator[tuple[int, nvrtc.Compiled]]:
    """Compile one module for each of several architectures."""
    for arch in architectures:
        yield arch, nvrtc.compile_text(module.text, arch)


def rows_of(module: Module, compiled: Iterable[nvrtc.Compiled]) -> list[Resources]:
    """Return the lines of the table for one module."""
    found = [c.kernels for c in compiled]
    rows = []
    for kernel in sorted(found[0]):
        uses = [k[kernel] for k in found]
        rows.append(
            Resources(
                module.name,
                kernel,
                tuple(u.registers for u in uses),
                max(u.shared for u in uses),
                max(u.stack for u in uses),
                max(u.spill_stores + u.spill_loads for u in uses),
            )
        )
    return rows


def table_of(rows: Iterable[Resources], version: str) -> dict[str, Any]:
    """Return the table as it is stored: kernels by module, bytes of synapses by form, launches by network."""
    kernels: dict[str, dict[str, Any]] = {}
    for r in rows:
        own = {"registers": list(r.registers), "shared": r.shared, "local": r.local, "spilled": r.spilled}
        kernels.setdefault(r.module, {})[r.kernel] = own
    return {
        "nvrtc": version,
        "architectures": list(nvrtc.ARCHITECTURES),
        "bytes_per_synapse": synapse_bytes.counted(),
        "launches_per_step": launch_counts.counted(),
        "kernels": kernels,
    }


def stored_text(value: Any, indent: int = 0) -> str:
    """Return a table as JSON with one line for each kernel, so that a change is a line."""
    if not isinstance(value, dict) or "registers" in value:
        return json.dumps(value)
    space = " " * (indent + 1)
    lines = [f"{space}{json.dumps(key)}: {stored_text(v, indent + 1)}" for key, v in value.items()]
    return "{\n" + ",\n".join(lines) + f"\n{' ' * indent}}}"


def format_kernels(rows: Iterable[Resources]) -> str:
    """Return the kernels in Markdown."""
    heads = ["module", "kernel", *(f"sm_{a}" for a in nvrtc.ARCHITECTURES), "shared", "local", "spilled"]
    lines = [" | ".join(heads), " | ".join(["---", "---", *["--:"] * (len(heads) - 2)])]
    lines += [
        " | ".join(map(str, (f"`{r.module}`", f"`{r.kernel}`", *r.registers, r.shared, r.local, r.spilled)))
        for r in rows
    ]
    return "".join(f"| {line} |\n" for line in lines)


def document() -> str:
    """Return the page that shows the committed table."""
    stored = table()
    return (
        f"{_INTRODUCTION.format(version=stored['nvrtc'])}\n{format_kernels(all_resources().values())}"
        + synapse_bytes.section(stored["bytes_per_synapse"])
        + launch_counts.section(stored["launches_per_step"])
        + kernel_coverage.section()
    )


def report() -> tuple[dict[str, Any], list[str]]:
    """Return the table as it is now, and complaints about compiler warnings and kernels that spill."""
    rows, complaints = [], []
    for module in modules_in_common_use():
        compiled = dict(compile_module(module))
        complaints += [f"{module.name} sm_{arch}: {w}" for arch, c in compiled.items() for w in c.warnings]
        rows += rows_of(module, compiled.values())
    complaints += [f"{r.module} {r.kernel}: {r.spilled} bytes spilled" for r in rows if r.spilled]
    return table_of(rows, nvrtc.version()), complaints


def main() -> int:
    """Print or write the table; return 1 if a kernel spills or the compiler warns, else 0."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"update {TABLE.name} and docs/kernels.md")
    arguments = parser.parse_args()
    now, complaints = report()
    text = stored_text(now) + "\n"
    if arguments.write:
        TABLE.write_text(text, encoding="utf-8")
        table.cache_clear()
        all_resources.cache_clear()
        DOCUMENT.write_text(document(), encoding="utf-8")
    else:
        print(text, end="")
    print(*complaints, sep="\n", end="\n" if complaints else "", file=sys.stderr)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
