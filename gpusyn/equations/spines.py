"""Synapses that learn from their calcium, in numpy: the influx, the calcium and the weight (``kernels/spines.cuh``).

Operations have the order of the kernels, because the order determines the bits.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gpusyn.equations.coefficients import Number
from gpusyn.equations.effects import Real
from gpusyn.numerics.portable_math import exp, flush
from gpusyn.utils.typing import Array


class InfluxCoefficients(NamedTuple):
    """Reversal potential of calcium (mV), and the parts of a spike in the middle of its first step (mV)."""

    V_Ca: Number
    fast: Number
    slow: Number


class SpineCoefficients(NamedTuple):
    """Coefficients of one step of calcium and weight.

    `decay` is that of calcium, and `gain` what a unit of gate times influx adds to it. Omega is made of W_rest and the
    factors `depressing` and `potentiating` of exp(`minus_beta` Ca). In a step with the rate eta, the weight covers the
    part x/(1 + x/2) of its way to Omega, where x = eta dt: that is `rate` q/(P1 + `slowest` q) with q = P2 + Ca^3.
    `unit` is 1/`w_max`, which is the largest stored weight.
    """

    decay: Number
    gain: Number
    W_rest: Number
    minus_beta: Number
    depressing: Number
    potentiating: Number
    P1: Number
    P2: Number
    rate: Number
    slowest: Number
    unit: Number
    w_max: Number


class Stored(NamedTuple):
    """A stored weight, and the part of it that is less than its unit."""

    weight: Array
    rest: Array


def potential(before: Array, after: Array, fired: Array, c: InfluxCoefficients, fast: Array, slow: Array) -> Array:
    """Return the potential of spines in the middle of a step: that of their target, and its last spike.

    A target that fires in this step has been reset in the end, so its potential before the step counts. `fast` and
    `slow` are the decays of the parts of the spike.
    """
    middle = np.where(fired, before, before.dtype.type(0.5) * (before + after))
    spine: Array = middle + (c.fast * fast + c.slow * slow)
    return spine


def influx(v: Array, rest: Array, open: Real, scale: Real | None, c: InfluxCoefficients) -> Array:
    """Return what an open gate of 1 lets in (mV): none flows out. `open` is the part that magnesium leaves open."""
    force = (c.V_Ca - rest) - v
    found: Array = open * np.where(force > 0, force, force.dtype.type(0))
    flushed: Array = flush(found if scale is None else scale * found)
    return flushed


def advanced(Ca: Array, gate: Array, influx: Array, c: SpineCoefficients) -> Array:
    """Return the calcium after a step with these means of gate and influx."""
    after: Array = flush(c.decay * Ca + (c.gain * gate) * influx)
    return after


def omega(Ca: Array, c: SpineCoefficients) -> Array:
    """Return the weight to which calcium leads."""
    one, fall = Ca.dtype.type(1), exp(c.minus_beta * Ca)
    a, b = one + c.depressing * fall, one + c.potentiating * fall
    found: Array = c.W_rest + (a - c.W_rest * b) / (a * b)
    return found


def way(Ca: Array, c: SpineCoefficients) -> Array:
    """Return the part of its way to `omega` that a weight covers in a step."""
    q = c.P2 + (Ca * Ca) * Ca
    found: Array = (c.rate * q) / (c.P1 + c.slowest * q)
    return found


def learned(stored: Stored, before: Array, after: Array, c: SpineCoefficients, w_max: int) -> Stored:
    """Return weights after a step in which calcium went from `before` to `after`, rounded half away from zero.

    They stay from 0 to `w_max`, which a number of the type of `c.w_max` may not be.
    """
    real = before.dtype.type
    Ca = real(0.5) * (before + after)
    W = stored.weight.astype(before.dtype) * c.unit
    change = ((omega(Ca, c) - W) * way(Ca, c)) * c.w_max + stored.rest
    whole = np.where(change < 0, change - real(0.5), change + real(0.5)).astype(stored.weight.dtype)
    rest = flush(change - whole.astype(before.dtype))
    return Stored(np.clip(stored.weight + whole, 0, w_max), rest)
