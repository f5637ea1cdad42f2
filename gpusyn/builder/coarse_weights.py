"""Notes on weights that are much smaller than others of their input, and are therefore rounded coarsely."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from gpusyn.builder.bundles import stored_form
from gpusyn.builder.fixed_point import weight_range
from gpusyn.builder.layout import Layout
from gpusyn.builder.notes import Note
from gpusyn.network.projections import base_weight
from gpusyn.numerics.rng import Stream
from gpusyn.parameters.distributions import Distribution
from gpusyn.utils.memory import pieces

COARSE = 1e-3  # error of a weight, relative to itself, from which on it is told
COMPACT_COARSE = 0.05  # the same if weights are stored in two bytes
_DRAWN = 1000  # weights that are drawn to learn how small those of a distribution are
_FEW = 0.01  # part of a distribution that may be rounded coarsely: there are weights near 0 in many
_SMALL = 0.01  # times the mean: if a weight of this size is exact enough, nothing is drawn


class _Weights(NamedTuple):
    """Weights of one input: what was given, its factor and unit, and the distance of the values that are stored.

    If sums have 64 bits and weights are as fine as they are, no other way of storing is finer.
    """

    given: Any
    factor: float
    unit: str
    step: float
    finest: bool


def coarse_weights(layout: Layout) -> Iterator[Note]:
    """Yield a note on the weights of each projection and drive of which some are off by more than `COARSE`.

    Weights are whole multiples of a step that the largest sums of their receptor allow. The plan chooses it for the
    mean weight of each input, so that only weights far below the mean can be off by so much.
    """
    compact = layout.numbers.weight == "int16"
    tolerated = COMPACT_COARSE if compact else COARSE
    for (kind, name, onto), weights in _inputs(layout).items():
        drawn = isinstance(weights.given, Distribution)
        if drawn and 0.5 * weights.step <= tolerated * _SMALL * weight_range(weights.given).mean * abs(weights.factor):
            continue
        given = weights.given.checked_draw(Stream(0), np.arange(_DRAWN)) if drawn else np.atleast_1d(weights.given)
        coarse, least = 0, np.inf
        for piece in pieces(given):
            sizes = np.abs(piece * weights.factor)
            sizes = sizes[(sizes > 0) & (0.5 * weights.step > tolerated * sizes)]
            coarse, least = coarse + sizes.size, min(least, float(sizes.min(initial=np.inf)))
        if coarse > (_FEW * given.size if drawn else 0):
            count = f"{100 * coarse / given.size:.0f} % of the" if drawn else f"{coarse} of {given.size}"
            text = (
                f"are so much smaller than others that rounding changes them by more than {100 * tolerated:g} %: "
                f"{_smallest(least, weights, drawn)}; {_move(kind, weights, layout, drawn)}"
            )
            yield Note(kind, name, f"{count} weights onto '{onto}'", text, logging.WARNING)


def _inputs(layout: Layout) -> dict[tuple[str, str, str], _Weights]:
    """Return the weights of each projection and drive onto each receptor, with the largest step of its targets."""
    found: dict[tuple[str, str, str], _Weights] = {}

    def add(key: tuple[str, str, str], weights: _Weights) -> None:
        if key not in found or found[key].step < weights.step:
            found[key] = weights

    for pathway in layout.pathways:
        given = pathway.projection.weights
        for k, receptor in pathway.receptors(synaptic=False):
            base, factor = base_weight(given, receptor.name)
            form, quantum = stored_form(pathway, k, layout), pathway.post.sums[k].quantum
            step = math.ldexp(1.0, max(form.exponent, quantum.exponent))  # weights that learn are finer than quanta
            finest = form.shift <= 0 and quantum.width.sums == 64
            key = "Projection", pathway.projection.name, receptor.name
            add(key, _Weights(given[base], factor, receptor.weight_unit, step, finest))
    for drive in layout.net.drives.values():
        for population in drive.target.populations:
            index = [receptor.name for receptor in population.receptors].index(drive.receptor)
            unit = population.receptors[index].weight_unit
            quantum = layout.populations[population.name].sums[index].quantum
            weights = _Weights(drive.weight, 1.0, unit, quantum.value, quantum.width.sums == 64)
            add(("Drive", drive.name, drive.receptor), weights)
    return found


def _smallest(size: float, weights: _Weights, drawn: bool) -> str:
    """Return what rounding makes of the smallest weight that is not 0."""
    stored = float(np.rint(size / weights.step)) * weights.step
    error = f"by {100 * abs(stored / size - 1.0):.2g} %" if stored else "to 0"
    return f"the smallest{f' of {_DRAWN} drawn' * drawn}, {size:.3g} {weights.unit}, {error}"


def _move(kind: str, weights: _Weights, layout: Layout, drawn: bool) -> str:
    """Return what makes the weights more exact."""
    if weights.finest:
        return "give them to a receptor of their own"
    better = "weights='exact'" if layout.numbers.weight == "int16" else "precision='double'"
    own = "connect them by a projection of their own" if kind == "Projection" else "give them a drive of their own"
    return f"use {better}, or {'give the distribution a smaller high=' if drawn else own}"
