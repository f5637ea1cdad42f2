"""How many threads a block of a kernel may have, from the committed table of registers, as the driver finds it."""

from __future__ import annotations

import functools

from benchmarks.common_modules import modules_in_common_use
from gpusyn.errors import UnknownNameError
from gpusyn.kernels.occupancy import Processor, most_threads_per_block
from gpusyn.kernels.resources import registers_of, resources_of
from gpusyn.kernels.spec import BUILD_KERNELS, KERNELS

__all__ = ["most_threads", "resident_blocks"]


@functools.cache
def _names() -> dict[str, str]:
    return {module.text: module.name for module in modules_in_common_use()}


@functools.lru_cache(maxsize=256)
def most_threads(text: str, kernel: str, capability: tuple[int, int]) -> int:
    """Most threads in a block of a kernel; a module that is not in common use is taken for the worst of its kind."""
    if kernel not in {*KERNELS, *BUILD_KERNELS}:
        return 1024  # a kernel of a test
    try:
        return most_threads_per_block(registers_of(_names().get(text, ""), kernel, 10 * capability[0] + capability[1]))
    except UnknownNameError:  # a new kernel; test_kernels_nvrtc.py says that the table lacks it
        return 1024


@functools.lru_cache(maxsize=256)
def resident_blocks(text: str, kernel: str, capability: tuple[int, int], block: int) -> int:
    """Blocks of a kernel that a multiprocessor of an H100 would hold at once."""
    if kernel not in {*KERNELS, *BUILD_KERNELS}:
        return 2048 // block
    module, number = _names().get(text, ""), 10 * capability[0] + capability[1]
    processor = Processor(number, 65536, 2048, 32, 228 << 10)
    try:
        return processor.resident(block, registers_of(module, kernel, number), resources_of(module, kernel).shared)
    except UnknownNameError:
        return 2048 // block
