"""``kernels/dendrites.cuh`` in numpy: the two halves of a step of dendrites, before and after that of the soma."""

from __future__ import annotations

import numpy as np

from gpusyn.backends.numpy.cells import Bathed, Cells, add_receptors, jumped, valid
from gpusyn.equations.dendrites import half_step
from gpusyn.equations.kinetics.base import Arrivals
from gpusyn.numerics.portable_math import flush
from gpusyn.utils.typing import Array


def start_dendrites(cells: Cells, bathed: list[Bathed], waves: Array | None) -> list[Array]:
    """Return v of each dendrite in the middle of the step, with the soma as it is at the start."""
    middle = []
    for number, dendrite in enumerate(cells.dendrites, 1):
        moved = _half(cells, bathed, waves, number, dendrite.V, dendrite.V)
        middle.append(moved if waves is None else np.where(dendrite.clamp_wave != 0, dendrite.V, moved))
    return middle


def finish_dendrites(
    cells: Cells, bathed: list[Bathed], arrivals: Arrivals, waves: Array | None, halfway: list[Array]
) -> tuple[list[Array], Array]:
    """Set V of each dendrite at the end of the step, with the soma as it is there, after a reset and before it jumps.

    Effects are taken at an estimate of v at the end, as they were taken at its start: their errors in the two halves
    cancel. Return v of each before it jumps, and a mask of the neurons whose dendrites all have a valid potential.
    """
    sound: Array = np.ones(cells.soma.V.shape, np.bool_)
    ended, free = [], np.zeros(cells.soma.V.shape, np.bool_)
    for number, (dendrite, middle) in enumerate(zip(cells.dendrites, halfway, strict=True), 1):
        reached = _half(cells, bathed, waves, number, middle, middle + (middle - dendrite.V))
        end = jumped(bathed, number, reached, free, arrivals)
        if waves is not None:
            command = flush(waves[dendrite.clamp_wave] - cells.head.rest)
            reached, end = (np.where(dendrite.clamp_wave != 0, command, v) for v in (reached, end))
        sound &= valid(end)
        dendrite.V[:] = end
        ended.append(reached)
    return ended, sound


def _half(cells: Cells, bathed: list[Bathed], waves: Array | None, number: int, v: Array, at: Array) -> Array:
    """Return v of a dendrite half a step later, with its receptors' effects at the potential `at`."""
    dendrite = cells.compartments[number]
    c = dendrite.c
    G, D = add_receptors(bathed, number, at, c.leak, c.drive + dendrite.injected(waves))
    moved: Array = flush(half_step(v, G, D, cells.soma.V, c))
    return moved
