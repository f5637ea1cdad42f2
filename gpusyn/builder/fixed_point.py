"""Choice of the unit of the integer sums, so that no sum can overflow and none loses precision.

The unit, a quantum, is a power of two. It follows from the largest sum that can arrive in one step: over all inputs,
the most events per step times the largest weight. 32 bits are enough where half a quantum is at most a millionth of the
mean weight of every input; otherwise sums have 64 bits. How finely weights are rounded is decided for each population,
and not by the type in which a whole network stores its sums: equal whole numbers give the same bits in any type.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from gpusyn.errors import ParameterError
from gpusyn.network.plasticity import learned_of
from gpusyn.network.projections import Projection, base_weight
from gpusyn.network.rewiring import rewiring_of
from gpusyn.parameters.distributions import Distribution
from gpusyn.utils.memory import pieces

FINENESS = 1e-6  # half a quantum relative to the mean weight
COMPACT_FINENESS = 2.0**-16  # the same, if weights are stored in two bytes
COMPACT_ROUNDING = 2.0**-14  # more than two bytes can make a weight larger, relative to the largest
_LIMIT = {32: 2**31 - 1, 64: 2**62}  # largest sum, by its bits


class Input(NamedTuple):
    """Events to one receptor of a population: mean and largest |weight|, most events per step, smallest |weight|."""

    where: str
    mean: float
    largest: float
    events: int
    least: float


class Width(NamedTuple):
    """Bits of the integer sums of a population, and of the weights that are rounded for it."""

    sums: int = 64
    weights: int = 64


class Quantum(NamedTuple):
    """A quantum 2^exponent, the largest sum for which it was chosen, and its inputs."""

    exponent: int
    bound: float
    inputs: list[Input]
    width: Width = Width()

    @property
    def value(self) -> float:
        """Value of the quantum (nS, pA or mV)."""
        return math.ldexp(1.0, self.exponent)

    @property
    def error(self) -> float:
        """Largest rounding error of a stored weight, relative to the mean weight of its input.

        It is half a quantum, or more if the largest weight needs more bits than a stored weight has.
        """
        return max((0.5 * self.step(i.largest) / i.mean for i in self.inputs if i.mean > 0), default=0.0)

    def step(self, largest: float) -> float:
        """Return the smallest difference of two stored weights of which this is the largest."""
        return math.ldexp(1.0, self.exponent + weight_shift(largest, self.exponent, self.width.weights))


def sufficient_width(
    receptors: Iterable[list[Input]], precision: str, *, fractions: bool = False, compact: bool = False
) -> Width:
    """Return the fewest bits that suffice for the inputs of all receptors of a population.

    If sources send `fractions` of weights, because they own gates, the sums have 64 bits. If weights are `compact`,
    they have 16 bits.
    """
    receptors, width = list(receptors), Width(32, 16 if compact else 32)
    fineness, single = COMPACT_FINENESS if compact else FINENESS, precision == "single"
    fits = all(_rounding(inputs) < _LIMIT[32] for inputs in receptors)
    if (
        fractions
        or not (single and fits)
        or any(choose_quantum(inputs, width)._replace(width=Width(32)).error > fineness for inputs in receptors)
    ):
        width = width._replace(sums=64)
    if not compact and not (single and all(choose_quantum(inputs, width).error <= FINENESS for inputs in receptors)):
        width = width._replace(weights=64)
    return width


def _rounding(inputs: list[Input]) -> float:
    """Return by how many quanta the largest sum can be off, because each weight is rounded by half a quantum."""
    return sum(i.events for i in inputs) / 2


def choose_quantum(inputs: list[Input], width: Width) -> Quantum:
    """Return the smallest quantum for which the largest sum of these inputs fits into sums of this width.

    Raises
    ------
    ParameterError
        If so many events may arrive in one step that no quantum is large enough.
    """
    limit, coarse = _LIMIT[width.sums], COMPACT_ROUNDING if width == (32, 16) else 0.0
    # The largest sum includes the rounding of each weight by half a quantum, or by a part of the largest.
    rounding = _rounding(inputs)
    bound = sum(i.events * i.largest for i in inputs) or max((i.largest for i in inputs), default=0.0)  # no event
    if bound == 0:
        return Quantum(0, 0.0, inputs, width)
    if rounding >= limit:
        most = max(inputs, key=lambda i: i.events)
        raise ParameterError(
            f"{most.where}: up to {most.events:.4g} events may reach one neuron in a step, but sums can hold "
            f"{2 * limit:.4g}; give it fewer synapses"
        )
    exponent = math.frexp(bound / limit)[1]
    while bound * (1 + coarse) / math.ldexp(1.0, exponent) + rounding > limit:
        exponent += 1
    return Quantum(exponent, bound, inputs, width)


def weight_shift(largest: float, exponent: int, weight_bits: int) -> int:
    """Return the number of bits by which stored weights are coarser than the quantum, so that the largest fits."""
    units = math.ldexp(largest, -exponent)
    shift = 0
    while math.ldexp(units, -shift) > 2 ** (weight_bits - 1) - 1:
        shift += 1
    return shift


def learned_exponent(w_max: float, weight_bits: int) -> int:
    """Return the exponent of the unit of weights that learn: the smallest for which w_max is below 2^(bits - 2) units.

    It follows from nothing else, so that no other input of a receptor changes how they learn.
    """
    return math.frexp(w_max)[1] - (weight_bits - 2)


class WeightRange(NamedTuple):
    """Smallest, mean and largest |weight| of an input (nS, pA or mV)."""

    least: float
    mean: float
    largest: float


def projection_range(projection: Projection, receptor: str) -> WeightRange:
    """Return the range of a projection's weights on `receptor`, up to its declared `w_max`."""
    base, factor = base_weight(projection.weights, receptor)
    least, mean, largest = (abs(factor) * x for x in weight_range(projection.weights[base]))
    limit = (projection.w_max or {}).get(receptor, 0.0)
    learned, rewiring = learned_of(projection), rewiring_of(projection.plasticity)
    if learned == receptor:
        return WeightRange(least, mean or limit / 8, limit)
    if rewiring is not None and base == learned:  # a Ratio to weights that new synapses begin with, too
        new = weight_range(rewiring.weight)
        least, largest = min(least, abs(factor) * new.least), max(largest, abs(factor) * new.largest)
    return WeightRange(least, mean, max(largest, limit))


def weight_range(given: Any) -> WeightRange:
    """Return the range of a weight: a number, an array or a distribution."""
    if isinstance(given, Distribution):
        low, high = given.bounds()
        least = 0.0 if low <= 0 <= high else min(abs(low), abs(high))
        largest = max(abs(low), abs(high))
        return WeightRange(least, abs(given.mean_value()) or largest / 8, largest)
    given = np.asarray(given, dtype=np.float64).reshape(-1)
    if not given.size:
        return WeightRange(0.0, 0.0, 0.0)
    least, total, largest = np.array([(x.min(), x.sum(), x.max()) for x in map(np.abs, pieces(given))]).T
    return WeightRange(float(least.min()), float(total.sum()) / given.size, float(largest.max()))
