"""The rule of calcium above thresholds, in numpy (``kernels/plasticity/calcium.cuh``).

Between two jumps calcium decays exponentially, so that the times above both thresholds, above one, and above none
follow one after the other. In each of them rho obeys an equation with constant coefficients: a linear one, whose
solution is exact with its noise, and the cubic of the two stable states, whose solution is exact too. They are composed
symmetrically (Strang 1968): half of the cubic, the linear one, the other half. Below the thresholds there is the cubic
alone.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from gpusyn.equations.coefficients import Number
from gpusyn.equations.plasticity.base import Rule, learning_rule
from gpusyn.numerics.portable_math import expm1, exprel, log
from gpusyn.utils.typing import Array, Floats


class CalciumRuleCoefficients(NamedTuple):
    """Numbers of the rule; times are in ms, and rates in 1/ms.

    `log_d` and `log_p` are the logarithms of the thresholds. The cubic is that of a time constant of 1/(2 `cubic`).
    `noise` is the rate at which the variance of rho grows for each threshold that calcium is above. A weight in units
    of the largest is `low` + `span` rho.
    """

    C_pre: Number
    C_post: Number
    tau_Ca: Number
    log_d: Number
    log_p: Number
    depression: Number
    potentiation: Number
    cubic: Number
    noise: Number
    low: Number
    span: Number
    dt: Number


class Above(NamedTuple):
    """The times (ms) above both thresholds, then above one of them, and whether that is the one of potentiation."""

    both: Array
    one: Array
    potentiates: Array

    @property
    def some(self) -> Array:
        """True where calcium is above a threshold at all."""
        found: Array = self.both + self.one > 0
        return found


@learning_rule
class CalciumRule(Rule):
    """Calcium of both sides' spikes moves rho, which decides the weight."""

    C = CalciumRuleCoefficients
    PRE, POST = 1, 1
    DRIFTS = True

    def above(self, pre: Array, post: Array, time: Array, c: CalciumRuleCoefficients) -> Above:
        """Return the times above the thresholds within a time, at the begin of which both sides have these traces."""
        calcium = log(c.C_pre * pre + c.C_post * post)
        d, p = _within(c.tau_Ca * (calcium - c.log_d), time), _within(c.tau_Ca * (calcium - c.log_p), time)
        return Above(np.minimum(d, p), np.maximum(d, p) - np.minimum(d, p), p > d)

    def drift(
        self, w: Array, above: Above, time: Array, c: CalciumRuleCoefficients, normal: tuple[Floats, Floats]
    ) -> Array:
        """Return the change of the weight in a time, with standard normal numbers of the times above thresholds."""
        real = w.dtype.type
        rest, half, rho = time - (above.both + above.one), real(0.5), (w - c.low) / c.span
        d, p = np.where(above.potentiates, real(0), c.depression), np.where(above.potentiates, c.potentiation, real(0))
        x = cubic(rho, half * above.both, c)
        x = x + linear(rho + x, above.both, c.potentiation, c.depression, c.noise + c.noise, normal[0])
        x = x + cubic(rho + x, half * (above.both + above.one), c)
        x = x + linear(rho + x, above.one, p, d, c.noise, normal[1])
        x = x + cubic(rho + x, half * above.one + rest, c)
        change: Array = x * c.span
        return change


def _within(time: Array, most: Array) -> Array:
    return np.minimum(np.maximum(time, 0), most)


def cubic(rho: Array, time: Array, c: CalciumRuleCoefficients) -> Array:
    """Return the change of rho by -rho (1 - rho) (1/2 - rho) / tau alone.

    With y = rho - 1/2 and E = exp(-time/(2 tau)), y becomes y / sqrt(E + 4 y^2 (1 - E)).
    """
    real = rho.dtype.type
    y, e = rho - real(0.5), expm1(-(time * c.cubic))
    square = real(4) * y * y
    small, grown = e > real(-0.5), (real(4) * rho * (real(1) - rho)) * e
    below = real(1) + np.where(small, grown, e - square * e)
    ratio = np.where(small & (below != 1), grown / np.where(below != 1, below - real(1), real(1)), real(1))
    logarithm = np.where(small & (below == 1), grown, log(below) * ratio)  # of 1 + grown: accurate where that is small
    change: Array = y * expm1(real(-0.5) * logarithm)
    return change


def linear(rho: Array, time: Array, p: Array, d: Array, noise: Any, normal: Floats) -> Array:
    """Return the change of rho by p (1 - rho) - d rho alone, with noise: an Ornstein-Uhlenbeck process."""
    real = rho.dtype.type
    rate = p + d
    x = rate * time
    part = time * exprel(-x)
    variance = noise * part * (real(1) - real(0.5) * rate * part)
    change: Array = part * (p - rate * rho) + (np.sqrt(variance.astype(np.float64)) * normal).astype(rho.dtype)
    return change
