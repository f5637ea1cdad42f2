"""The size of a launch on a GPU: how many blocks it has, and how many of them are resident at once."""

from __future__ import annotations

from typing import NamedTuple

WARP = 32  # threads
BLOCK = 128  # threads of a block, unless the backend is told otherwise
BUILDING_BLOCKS = 1024  # most of a launch that builds rows; each has scratch of its own where columns must differ
TURNS = 8  # blocks that a processor is given for each one it holds, where they take different times
_REGISTERS = 1 << 16  # of a multiprocessor of every GPU from compute capability 7.5 on
_REGISTER_UNIT = 256  # registers are given to warps in units of this many
_WARP_UNIT = 4  # the quarters of a multiprocessor hold as many warps each
_SHARED_UNIT = 128  # bytes
_RESERVED = 1024  # bytes of shared memory that the system takes of each block from compute capability 8.0 on


def blocks_of(unit: str, items: int, block: int, processors: int, resident: int) -> int:
    """Return the number of blocks of a launch: one for each unit of work, at most as many as are worth it.

    Warps and threads go through their units one after the other, so more blocks than run at once would only wait.

    Parameters
    ----------
    unit : {"block", "warp", "thread"}
        Threads of a unit of the kernel's work.
    items : int
        Units of work.
    block : int
        Threads of a block.
    processors : int
        Multiprocessors of the GPU.
    resident : int
        Blocks of this kernel that a multiprocessor holds at once.

    Examples
    --------
    >>> blocks_of("warp", 75, 128, 132, 6), blocks_of("warp", 10**6, 128, 132, 6)
    (19, 792)
    """
    per_block = {"block": 1, "warp": block // WARP, "thread": block}[unit]
    most = processors * resident * (TURNS if unit == "block" else 1)
    return max(1, min(-(-items // per_block), most))


def most_registers(blocks: int, block: int = BLOCK) -> int:
    """Return the registers per thread with which `blocks` blocks of `block` threads fit a multiprocessor at once.

    Every GPU of compute capability 7.5 or newer has 65,536 registers per multiprocessor, and 255 at most for a thread.
    """
    return min(_REGISTERS // (blocks * block) // (_REGISTER_UNIT // WARP) * (_REGISTER_UNIT // WARP), 255)


def most_threads_per_block(registers: int) -> int:
    """Return the most threads that a block of a kernel may have: warps come in fours, one for each scheduler.

    >>> most_threads_per_block(64), most_threads_per_block(168), most_threads_per_block(182)
    (1024, 384, 256)
    """
    return min(_warps(_REGISTERS, registers) * WARP, 1024)


def _warps(available: int, registers: int) -> int:
    """Return how many warps of a kernel a number of registers suffices for, in fours."""
    of_warp = -(-registers * WARP // _REGISTER_UNIT) * _REGISTER_UNIT
    return available // of_warp // _WARP_UNIT * _WARP_UNIT


class Processor(NamedTuple):
    """What one multiprocessor offers: its compute capability, registers, threads, blocks and shared memory (bytes)."""

    capability: int
    registers: int
    threads: int
    blocks: int
    shared: int

    def resident(self, block: int, registers: int, shared: int) -> int:
        """Return how many blocks of a kernel are resident at once; 0: the kernel cannot be launched.

        Parameters
        ----------
        block : int
            Threads of a block.
        registers : int
            Registers of a thread.
        shared : int
            Static shared memory of a block (bytes).

        Examples
        --------
        >>> Processor(90, 65536, 2048, 32, 228 * 1024).resident(128, 128, 0)
        4
        """
        warps = -(-block // WARP)
        held = _warps(self.registers, registers)
        taken = -(-shared // _SHARED_UNIT) * _SHARED_UNIT + (_RESERVED if self.capability >= 80 else 0)
        by_shared = self.shared // taken if taken else self.blocks
        return min(held // warps, self.threads // block, self.blocks, by_shared)
