"""Laws: how the values of a distribution follow from a uniform number, in a form that kernels know.

``kernels/distributions.cuh`` is the same in C++.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from gpusyn.numerics import portable_math
from gpusyn.numerics.normal_quantile import normal_quantile
from gpusyn.numerics.rng import Stream
from gpusyn.utils.typing import Floats, Integers

UNIFORM, NORMAL, LOG_NORMAL, EXPONENTIAL = range(4)  # as in kernels/distributions.cuh


class Law(NamedTuple):
    """A law: its kind, its parameters, and the range outside which values are drawn again."""

    kind: int
    a: float
    b: float
    most: float = math.inf
    low: float = -math.inf
    high: float = math.inf

    def within(self, low: float | None, high: float | None) -> Law:
        """Return the law with another range (None: no limit)."""
        return self._replace(low=-math.inf if low is None else low, high=math.inf if high is None else high)

    def quantile(self, u: Floats) -> Floats:
        """Return the values below which a fraction `u` of the draws lie."""
        if self.kind == UNIFORM:
            return np.minimum(self.a + self.b * u, self.most)
        if self.kind == EXPONENTIAL:
            waited: Floats = self.a * portable_math.log(u)
            return waited
        x = self.a + self.b * normal_quantile(u)
        values: Floats = x if self.kind == NORMAL else portable_math.exp(x)
        return values

    def draw(self, stream: Stream, elements: Integers) -> Floats:
        """Return the value of each element: its first draw that lies in the range."""
        values, outside, attempt = np.empty(elements.shape), np.arange(elements.size), 0
        while outside.size:
            tried = self.quantile(stream.uniform(elements[outside], attempt))
            values[outside] = tried
            outside, attempt = outside[(tried < self.low) | (tried > self.high)], attempt + 1
        return values
