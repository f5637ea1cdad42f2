"""Notes on weights that are much smaller than others of their array, and are therefore rounded coarsely."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from gpusyn.builder.fixed_point import weight_shift
from gpusyn.builder.layout import Layout
from gpusyn.builder.notes import Note
from gpusyn.network.projections import base_weight

COARSE = 1e-3  # error of a weight, relative to itself, from which on it is told
_MOVES = {
    "float32": "for finer sums use precision='double'",
    "float64": "give them to a receptor of their own",
}


def coarse_weights(layout: Layout) -> Iterator[Note]:
    """Yield a note on each array of weights of which some are off by more than `COARSE`.

    Weights are whole multiples of a step that the largest sums of their receptor allow. The plan chooses it for the
    mean weight of each input, so that only weights far below the mean can be off by so much.
    """
    steps: dict[tuple[str, str, str], float] = {}
    for pathway in layout.pathways:
        projection = pathway.projection
        for k, receptor in pathway.receptors(synaptic=False):
            exponent = pathway.post.sums[k].quantum.exponent
            largest = layout.weight_ranges[projection.name, receptor.name].largest
            shift = weight_shift(largest, exponent, 8 * layout.numbers.weight_dtype.itemsize)
            key = "Projection", projection.name, receptor.name
            steps[key] = max(steps.get(key, 0.0), math.ldexp(1.0, exponent + shift))
    for drive in layout.net.drives.values():
        for population in drive.target.populations:
            index = [receptor.name for receptor in population.receptors].index(drive.receptor)
            key = "Drive", drive.name, drive.receptor
            value = layout.populations[population.name].sums[index].quantum.value
            steps[key] = max(steps.get(key, 0.0), value)
    for (kind, name, onto), step in steps.items():
        sizes = _sizes(layout, kind, name, onto)
        coarse = sizes[(sizes > 0) & (0.5 * step > COARSE * sizes)]
        if coarse.size:
            error = min(1.0, 0.5 * step / coarse.min())
            text = (
                f"are so much smaller than the others that rounding changes them by more than {100 * COARSE:g} %, the "
                f"smallest by up to {100 * error:.3g} %; {_MOVES[layout.numbers.real]}"
            )
            subject = f"{coarse.size} of {sizes.size} weights onto {onto!r}"
            yield Note(kind, name, subject, text, logging.WARNING)


def _sizes(layout: Layout, kind: str, name: str, receptor: str) -> Any:
    """Return the magnitudes of weights that are given as an array; of others, none."""
    if kind == "Drive":
        given, factor = layout.net.drives[name].weight, 1.0
    else:
        weights = layout.net.projections[name].weights
        base, factor = base_weight(weights, receptor)
        given = weights[base]
    return np.abs(given * factor) if isinstance(given, np.ndarray) else np.empty(0)
