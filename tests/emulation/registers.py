"""How many threads a block of a kernel may have, from the committed table of registers, as the driver finds it."""

from __future__ import annotations

import functools

from benchmarks import nvrtc
from benchmarks.common_modules import modules_in_common_use
from benchmarks.kernel_report import DOCUMENT, most_threads_per_block, read_table

__all__ = ["most_threads"]


@functools.cache
def _registers() -> dict[tuple[str, str], tuple[int, ...]]:
    """Registers on each architecture of each kernel, by module and name; with the module "", the most of any module."""
    found = {}
    for row in read_table(DOCUMENT.read_text(encoding="utf-8")):
        found[row.module, row.kernel] = row.registers
        worst = found.get(("", row.kernel), row.registers)
        found["", row.kernel] = tuple(map(max, worst, row.registers))
    return found


@functools.cache
def _names() -> dict[str, str]:
    return {module.text: module.name for module in modules_in_common_use()}


@functools.lru_cache(maxsize=256)
def most_threads(text: str, kernel: str, capability: tuple[int, int]) -> int:
    """Most threads in a block of a kernel; a module that is not in common use is taken for the worst of its kind."""
    table = _registers()
    if ("", kernel) not in table:
        return 1024  # a kernel of a test
    registers = table.get((_names().get(text, ""), kernel)) or table["", kernel]
    wanted = 10 * capability[0] + capability[1]
    column = max((a for a in nvrtc.ARCHITECTURES if a <= wanted), default=min(nvrtc.ARCHITECTURES))
    return most_threads_per_block(registers[nvrtc.ARCHITECTURES.index(column)])
