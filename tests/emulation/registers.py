"""How many threads a block of a kernel may have, from the committed table of registers, as the driver finds it."""

from __future__ import annotations

import functools

from benchmarks.common_modules import modules_in_common_use
from gpusyn.kernels.occupancy import most_threads_per_block
from gpusyn.kernels.resources import registers_of
from gpusyn.kernels.spec import BUILD_KERNELS, KERNELS

__all__ = ["most_threads"]


@functools.cache
def _names() -> dict[str, str]:
    return {module.text: module.name for module in modules_in_common_use()}


@functools.lru_cache(maxsize=256)
def most_threads(text: str, kernel: str, capability: tuple[int, int]) -> int:
    """Most threads in a block of a kernel; a module that is not in common use is taken for the worst of its kind."""
    if kernel not in {*KERNELS, *BUILD_KERNELS}:
        return 1024  # a kernel of a test
    return most_threads_per_block(registers_of(_names().get(text, ""), kernel, 10 * capability[0] + capability[1]))
