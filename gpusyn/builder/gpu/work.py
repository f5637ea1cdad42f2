"""The words in which the work of a launch is told: elements of arrays, atomics, instructions, loads that wait."""

from __future__ import annotations

from typing import NamedTuple

from gpusyn.builder.gpu.activity import Activity
from gpusyn.builder.layout import Layout
from gpusyn.kernels.arrays import Extents

SECTOR = 32  # bytes that a GPU moves at least
WAITS = 4  # clocks from an operation to the next that needs its result
Elements = dict[str, tuple[float, float]]  # read and written, by the argument of the kernel; rows, if it is a table


class Phase(NamedTuple):
    """A part of a launch, in which each of its units of work does the same; phases follow one another.

    Attributes
    ----------
    units : float
        Units of work, each of one block or warp.
    near : float
        Loads and atomics of a unit that wait for one another and find their data in the L2 cache.
    far : float
        Loads of synapses that wait for one another.
    cycles : float
        Clocks of arithmetic of a unit that waits for itself.
    times : float
        How many such phases follow one another.
    """

    units: float
    near: float = 0.0
    far: float = 0.0
    cycles: float = 0.0
    times: float = 1.0


class Work(NamedTuple):
    """What one launch does in one step.

    Attributes
    ----------
    kernel : str
        Name of the kernel.
    group : int or None
        Group of neurons.
    items : int
        Units of work that set the size of its grid.
    elements : dict
        Elements read and written, by argument.
    atomics : float
        Atomic additions.
    scattered : float
        Loads of single words at scattered places, of the argument `gathered`.
    gathered : str
        Argument that is read at scattered places; empty: none.
    instructions : float
        Instructions of warps.
    phases : tuple of Phase
        What waits for what.
    """

    kernel: str
    group: int | None
    items: int
    elements: Elements
    phases: tuple[Phase, ...]
    instructions: float
    atomics: float = 0.0
    scattered: float = 0.0
    gathered: str = ""


class Given(NamedTuple):
    """What a kernel's work follows from: the layout, what happens in a step, and the extents that the launch sees."""

    layout: Layout
    activity: Activity
    group: int | None
    kernel: str
    counts: Extents
    items: int

    def work(
        self, elements: Elements, phases: list[Phase], instructions: float, atomics: float = 0.0,
        scattered: float = 0.0, gathered: str = "",
    ) -> Work:  # fmt: skip
        """Return the work of this launch."""
        return Work(
            self.kernel, self.group, self.items, elements, tuple(phases), instructions, atomics, scattered, gathered
        )
