"""Choice of the unit of the integer sums, so that no sum can overflow and none loses precision.

The unit, a quantum, is a power of two. It follows from the largest sum that can arrive in one step: over all inputs,
the most events per step times the largest weight. 32-bit sums are used where half a quantum is at most a millionth of
the mean weight of every input, 64-bit sums otherwise.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from gpusyn.network.projections import Projection, base_weight
from gpusyn.parameters.distributions import Distribution

FINENESS = 1e-6  # half a quantum relative to the mean weight
COMPACT_FINENESS = 2.0**-16  # the same, if weights are stored in two bytes
COMPACT_ROUNDING = 2.0**-14  # more than two bytes can make a weight larger, relative to the largest
_LIMIT = {"int32": 2**31 - 1, "int64": 2**62}


class Input(NamedTuple):
    """Events to one receptor of a population: mean and largest |weight|, most events per step, smallest |weight|."""

    where: str
    mean: float
    largest: float
    events: int
    least: float


class Quantum(NamedTuple):
    """A quantum 2^exponent, the largest sum for which it was chosen, and its inputs."""

    exponent: int
    bound: float
    inputs: list[Input]
    weight_bits: int = 64

    @property
    def value(self) -> float:
        """Value of the quantum (nS or pA)."""
        return math.ldexp(1.0, self.exponent)

    @property
    def error(self) -> float:
        """Largest rounding error of a stored weight, relative to the mean weight of its input.

        It is half a quantum, or more if the largest weight needs more bits than a stored weight has.
        """
        rounding = [
            math.ldexp(0.5, self.exponent + weight_shift(i.largest, self.exponent, self.weight_bits)) / i.mean
            for i in self.inputs
            if i.mean > 0
        ]
        return max(rounding, default=0.0)


def choose_quanta(
    inputs: dict[Any, list[Input]], precision: str, *, fractions: bool = False, compact: bool = False
) -> tuple[str, str, dict[Any, Quantum]]:
    """Return the type of the sums, the type of stored weights, and the quantum of the sums of each receptor.

    If sources send `fractions` of weights, because they own gates, the sums have 64 bits. If weights are `compact`,
    they have 16 bits.
    """
    fineness = COMPACT_FINENESS if compact else FINENESS
    narrow = {key: _quantum(streams, "int32", COMPACT_ROUNDING * compact) for key, streams in inputs.items()}
    acc, found = "int64", {key: _quantum(streams, "int64") for key, streams in inputs.items()}
    if precision == "single" and not fractions and all(q.error <= fineness for q in narrow.values()):
        acc, found = "int32", narrow
    if compact:
        return acc, "int16", {key: q._replace(weight_bits=16) for key, q in found.items()}
    shorter = {key: q._replace(weight_bits=32) for key, q in found.items()}
    if precision == "single" and all(q.error <= FINENESS for q in shorter.values()):
        return acc, "int32", shorter
    return acc, "int64", found


def _quantum(streams: list[Input], acc: str, coarse: float = 0.0) -> Quantum:
    # The largest sum includes the rounding of each weight by half a quantum, or by a part of the largest.
    events = sum(s.events for s in streams)
    bound = sum(s.events * s.largest for s in streams)
    if bound == 0:
        return Quantum(0, 0.0, streams)
    exponent = math.frexp(bound / _LIMIT[acc])[1]
    while bound * (1 + coarse) / math.ldexp(1.0, exponent) + events / 2 > _LIMIT[acc]:
        exponent += 1
    return Quantum(exponent, bound, streams)


def weight_shift(largest: float, exponent: int, weight_bits: int) -> int:
    """Return the number of bits by which stored weights are coarser than the quantum, so that the largest fits."""
    units = math.ldexp(largest, -exponent)
    shift = 0
    while math.ldexp(units, -shift) > 2 ** (weight_bits - 1) - 1:
        shift += 1
    return shift


class WeightRange(NamedTuple):
    """Smallest, mean and largest |weight| of an input (nS or pA)."""

    least: float
    mean: float
    largest: float


def projection_range(projection: Projection, receptor: str) -> WeightRange:
    """Return the range of a projection's weights on `receptor`, up to its declared `w_max`."""
    base, factor = base_weight(projection.weights, receptor)
    least, mean, largest = (abs(factor) * x for x in weight_range(projection.weights[base]))
    return WeightRange(least, mean, max(largest, (projection.w_max or {}).get(receptor, 0.0)))


def weight_range(given: Any) -> WeightRange:
    """Return the range of a weight: a number, an array or a distribution."""
    if isinstance(given, Distribution):
        low, high = given.bounds()
        least = 0.0 if low <= 0 <= high else min(abs(low), abs(high))
        largest = max(abs(low), abs(high))
        return WeightRange(least, abs(given.mean_value()) or largest / 8, largest)
    size = np.abs(np.asarray(given, dtype=np.float64)).reshape(-1)
    if not size.size:
        return WeightRange(0.0, 0.0, 0.0)
    return WeightRange(float(size.min()), float(size.mean()), float(size.max()))
