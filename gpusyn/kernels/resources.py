"""What each kernel takes of a GPU: registers, shared memory, spills; read from a committed table, no compiler needed.

`python -m benchmarks.kernel_report --write` makes the table, `resources.json`, with NVRTC and without a GPU. It holds
the modules in common use; a module that it does not hold is taken for the largest of those like it.
"""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any, NamedTuple

from gpusyn.errors import UnknownNameError
from gpusyn.kernels.spec import KERNELS

TABLE = Path(__file__).with_name("resources.json")


class Resources(NamedTuple):
    """What one kernel of one module takes.

    Attributes
    ----------
    module, kernel : str
        Name of the module (`gpusyn.kernels.modules.Module`) and of the kernel.
    registers : tuple of int
        Registers of a thread on each architecture of the table.
    shared : int
        Static shared memory of a block (bytes), the most on any architecture.
    local : int
        Local memory of a thread for arrays that are indexed at run time (bytes), the most on any architecture.
    spilled : int
        Registers that are stored to and loaded from memory (bytes), the most on any architecture.
    """

    module: str
    kernel: str
    registers: tuple[int, ...]
    shared: int
    local: int
    spilled: int


@functools.cache
def table() -> dict[str, Any]:
    """Return the committed table as it is in the file."""
    found: dict[str, Any] = json.loads(TABLE.read_text(encoding="utf-8"))
    return found


def architectures() -> tuple[int, ...]:
    """Return the compute capabilities of the table, such as 90, in the order of the registers."""
    return tuple(table()["architectures"])


@functools.cache
def all_resources() -> dict[tuple[str, str], Resources]:
    """Return every row of the table by the names of its module and its kernel."""
    return {
        (module, kernel): Resources(
            module, kernel, tuple(row["registers"]), row["shared"], row["local"], row["spilled"]
        )
        for module, kernels in table()["kernels"].items()
        for kernel, row in kernels.items()
    }


def resources_of(module: str, kernel: str) -> Resources:
    """Return what a kernel of a module takes; if the table does not hold it, the most of those like it.

    Modules are alike if they have the same neuron model, with dendrites or without, and number types; if there are
    none, all with the kernel are, or with kernels of the same file.

    Parameters
    ----------
    module, kernel : str
        Name of the module and of the kernel.

    Raises
    ------
    UnknownNameError
        If there is no such kernel.

    Examples
    --------
    >>> resources_of("common float32/int32", "advance_poisson").shared
    1536
    """
    exact = all_resources().get((module, kernel))
    if exact is not None:
        return exact
    every = all_resources().values()
    file = KERNELS[kernel].file if kernel in KERNELS else None
    rows = [row for row in every if row.kernel == kernel]
    rows = rows or [row for row in every if row.kernel in KERNELS and KERNELS[row.kernel].file == file]
    alike = [row for row in rows if _kind(row.module) == _kind(module)] or rows
    if not alike:
        raise UnknownNameError(f"kernel {kernel!r}: is not in {TABLE.name}; python -m benchmarks.kernel_report --write")
    registers = tuple(max(n) for n in zip(*(row.registers for row in alike), strict=True))
    shared, local, spilled = (max(getattr(row, field) for row in alike) for field in ("shared", "local", "spilled"))
    return Resources(module, kernel, registers, shared, local, spilled)


def _kind(module: str) -> tuple[str, bool, str]:
    """Return the neuron model and the number types of a module, and whether its neurons have dendrites.

    >>> _kind("LIF(Exponential+Rising) float32/int64")
    ('LIF', False, 'float32/int64')
    """
    model, _, rest = module.partition("(")
    signature, _, numbers = rest.rpartition(") ")
    return model, signature.endswith(" dendrites"), numbers


def registers_of(module: str, kernel: str, capability: int) -> int:
    """Return the registers of a thread on a GPU of a compute capability: those of the newest that is not newer.

    >>> registers_of("rows", "draw_pairs", 90), registers_of("rows", "draw_pairs", 121)
    (24, 34)
    """
    known = architectures()
    at = max((k for k, arch in enumerate(known) if arch <= capability), default=0)
    return resources_of(module, kernel).registers[at]
