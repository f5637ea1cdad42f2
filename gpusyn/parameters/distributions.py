"""Random values for weights, delays, initial potentials and parameters.

Each value is a pure function of (stream, element, attempt): an element has the same value whichever others are drawn
with it, in any order. Only `portable_math` is used, so the bits do not depend on the machine.

>>> import numpy as np
>>> from gpusyn.numerics.rng import Stream, StreamPurpose, stream_key
>>> stream = Stream(stream_key(42, StreamPurpose.WEIGHT, "I->E:GABA_A"))
>>> all_of_them = LogNormal(mean=51.0, std=5.0).draw(stream, np.arange(1000))
>>> bool((all_of_them[[7, 3]] == LogNormal(51.0, 5.0).draw(stream, np.array([7, 3]))).all())
True
"""

from __future__ import annotations

import math
from dataclasses import KW_ONLY, dataclass
from itertools import pairwise
from typing import ClassVar

import numpy as np

from gpusyn.numerics import portable_math
from gpusyn.numerics.gamma import gamma_constants, power_of_uniform, try_gamma
from gpusyn.numerics.normal_quantile import normal_quantile
from gpusyn.numerics.portable_math import log1p, log_of
from gpusyn.numerics.rng import Stream
from gpusyn.parameters.distribution_base import NODES, U_MAX, ByQuantile, Distribution
from gpusyn.parameters.laws import EXPONENTIAL, LOG_NORMAL, NORMAL, UNIFORM, Law
from gpusyn.parameters.scalars import public
from gpusyn.utils.typing import Bools, Floats, Integers

__all__ = ["Distribution", "Exponential", "Gamma", "LogNormal", "Normal", "Uniform"]


@public
@dataclass(frozen=True, repr=False)
class Uniform(ByQuantile):
    """Uniform distribution between `low` and `high`.

    Parameters
    ----------
    low, high : float
        Ends of the range, in the unit of the quantity that is drawn; ``low < high``.

    Raises
    ------
    ArgumentError
        If a parameter is not a number.
    ParameterError
        If a value is not finite, or `low` is not below `high`.

    Examples
    --------
    >>> Uniform(0.5, 2.0).mean_value()
    1.25
    """

    low: float
    high: float

    def __post_init__(self) -> None:
        self._check(low={}, high={})

    def law(self) -> Law:
        """Return the law of the values."""
        return Law(UNIFORM, self.low, self.high - self.low, self.high)

    def _whole_mean(self) -> float:
        return self.low + 0.5 * (self.high - self.low)

    def _limits(self) -> tuple[float | None, float | None]:
        return None, None  # nothing to draw again

    def _whole_bounds(self) -> tuple[float, float]:
        return self.low, self.high


@public
@dataclass(frozen=True, repr=False)
class Normal(ByQuantile):
    """Normal (Gaussian) distribution.

    Parameters
    ----------
    mean, std : float
        Mean and standard deviation, in the unit of the quantity that is drawn; ``std >= 0``.
    low, high : float, optional
        Values below `low` or above `high` are drawn again.

    Raises
    ------
    ArgumentError
        If a parameter is not a number.
    ParameterError
        If a value is out of range, or fewer than 1 in 1000 draws lie in ``low .. high``.

    Examples
    --------
    >>> Normal(1.5, 0.75, low=0.1)
    Normal(mean=1.5, std=0.75, low=0.1)
    """

    mean: float
    std: float
    _: KW_ONLY
    low: float | None = None
    high: float | None = None

    def __post_init__(self) -> None:
        self._check(mean={}, std={"low": 0.0})

    def law(self) -> Law:
        """Return the law of the values."""
        return Law(NORMAL, self.mean, self.std).within(self.low, self.high)

    def _whole_mean(self) -> float:
        return self.mean


@public
@dataclass(frozen=True, repr=False)
class LogNormal(ByQuantile):
    """Log-normal distribution, given by the mean and standard deviation of the values (not of their logarithm).

    Parameters
    ----------
    mean, std : float
        Mean (> 0) and standard deviation (>= 0), in the unit of the quantity that is drawn.
    low, high : float, optional
        Values below `low` or above `high` are drawn again.

    Raises
    ------
    ArgumentError
        If a parameter is not a number.
    ParameterError
        If a value is out of range, or fewer than 1 in 1000 draws lie in ``low .. high``.

    Examples
    --------
    >>> LogNormal(mean=51.0, std=5.0).mean_value()
    51.0
    """

    mean: float
    std: float
    _: KW_ONLY
    low: float | None = None
    high: float | None = None

    def __post_init__(self) -> None:
        self._check(mean={"above": 0.0}, std={"low": 0.0})

    def of_logarithm(self) -> tuple[float, float]:
        """Return mean and standard deviation of the logarithm.

        Returns
        -------
        (float, float)
            Mean and standard deviation.
        """
        relative = self.std / self.mean
        variance = log1p(relative * relative)
        return log_of(self.mean) - 0.5 * variance, math.sqrt(variance)

    def law(self) -> Law:
        """Return the law of the values."""
        return Law(LOG_NORMAL, *self.of_logarithm()).within(self.low, self.high)

    def _whole_mean(self) -> float:
        return self.mean

    def _whole_bounds(self) -> tuple[float, float]:
        low, high = super()._whole_bounds()
        return low * (1 - 1e-12), high * (1 + 1e-12)  # exp is not monotonic in its last bits


@public
@dataclass(frozen=True, repr=False)
class Exponential(ByQuantile):
    """Exponential distribution, as of waiting times (`gpusyn.kinetics.Exponential` is the decay of a synapse).

    Parameters
    ----------
    mean : float
        Mean, in the unit of the quantity that is drawn, > 0.
    low, high : float, optional
        Values below `low` or above `high` are drawn again.

    Raises
    ------
    ArgumentError
        If a parameter is not a number.
    ParameterError
        If a value is out of range, or fewer than 1 in 1000 draws lie in ``low .. high``.

    Examples
    --------
    >>> Exponential(2.0, high=10.0)
    Exponential(mean=2.0, high=10.0)
    """

    mean: float
    _: KW_ONLY
    low: float | None = None
    high: float | None = None

    def __post_init__(self) -> None:
        self._check(mean={"above": 0.0})

    def law(self) -> Law:
        """Return the law of the values."""
        return Law(EXPONENTIAL, -self.mean, 0.0).within(self.low, self.high)

    def _whole_mean(self) -> float:
        return self.mean

    def _whole_bounds(self) -> tuple[float, float]:
        high, low = super()._whole_bounds()  # the value decreases with u
        return low, high


@public
@dataclass(frozen=True, repr=False)
class Gamma(Distribution):
    """Gamma distribution with mean ``shape * scale`` and variance ``shape * scale**2``.

    Values are drawn by rejection (Marsaglia & Tsang 2000, ACM Transactions on Mathematical Software 26, 363-372).

    Parameters
    ----------
    shape, scale : float
        Shape, a pure number from 0.01 to 1e6, and scale, in the unit of the quantity that is drawn, > 0.
    low, high : float, optional
        Values below `low` or above `high` are drawn again.

    Raises
    ------
    ArgumentError
        If a parameter is not a number.
    ParameterError
        If a value is out of range, or fewer than 1 in 1000 draws lie in ``low .. high``.

    Examples
    --------
    >>> Gamma(shape=4.0, scale=0.5).mean_value()
    2.0
    """

    _PURE: ClassVar[tuple[str, ...]] = ("shape",)
    shape: float
    scale: float
    _: KW_ONLY
    low: float | None = None
    high: float | None = None

    def __post_init__(self) -> None:
        self._check(shape={"low": 0.01, "high": 1e6}, scale={"above": 0.0})

    def _constants(self) -> tuple[float, float]:
        d, c = gamma_constants(self.shape if self.shape >= 1 else self.shape + 1.0)
        return d, float(c)

    def _propose(self, stream: Stream, elements: Integers, attempt: Integers) -> tuple[Floats, Bools | None]:
        drawn, good = try_gamma(stream.words(elements, attempt), *self._constants())
        values = drawn * self.scale
        if self.shape < 1:  # a gamma of shape + 1, times u ** (1 / shape)
            values *= power_of_uniform(stream.words(elements, attempt, 1), self.shape)
        return values, good

    def _nodes(self) -> tuple[Floats, Floats]:
        # In t = log(x / mean) the density exp(shape * (t - exp(t))) is smooth for every shape. At both ends it is
        # below exp(-40) of its peak. A small shape has a long part of little change, which has wider steps.
        spread = math.sqrt(80.0 / self.shape)
        ends = (-spread - 40.0 / self.shape, -min(10.0, spread), log1p(spread + spread * spread))
        half = NODES // 2
        t = np.concatenate([a + (b - a) / half * (np.arange(half) + 0.5) for a, b in pairwise(ends)])
        step = np.repeat([(b - a) / half for a, b in pairwise(ends)], half)
        growth = portable_math.exp(t)
        weight = portable_math.exp(self.shape * (t - growth + 1.0)) * step
        return self.shape * self.scale * growth, weight / math.fsum(weight)

    def _whole_mean(self) -> float:
        return self.shape * self.scale

    def _whole_bounds(self) -> tuple[float, float]:
        d, c = self._constants()
        root = 1.0 + c * float(normal_quantile(np.array([U_MAX]))[0])
        return 0.0, d * (root * root * root) * self.scale


def law_of(given: object) -> Law | None:
    """Return the law by which kernels draw from a distribution, None if they know none, as of a user's own."""
    known = Uniform, Normal, LogNormal, Exponential
    return given.law() if isinstance(given, known) and type(given) in known else None
