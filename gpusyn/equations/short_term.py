"""``kernels/short_term.cuh`` in numpy: what an event releases (Tsodyks & Markram 1997), exact between events."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from gpusyn.equations.coefficients import Number
from gpusyn.numerics.portable_math import exp, flush
from gpusyn.utils.typing import Array

__all__ = ["AT_ONCE", "ReleaseCoefficients", "Released", "decayed", "release_coefficients", "released"]

AT_ONCE = -1e30  # exponent of one step, for a time constant of 0


class ReleaseCoefficients(NamedTuple):
    """Coefficients of the struct Release.

    `facil` and `rec` are the exponents of the decay of u and of 1 - x in one step. `again` is the part of u that is
    left for a second event in the same step: 1, or 0 without facilitation.
    """

    U: Number
    facil: Number
    rec: Number
    again: Number


class Released(NamedTuple):
    """State after some events, and the part of the weight that they release together."""

    u: Array
    x: Array
    part: Array


def release_coefficients(U: float, tau_rec: float, tau_facil: float, dt: float) -> ReleaseCoefficients:
    """Return the coefficients of short-term plasticity with these parameters (ms).

    >>> release_coefficients(0.5, 800.0, 0.0, 1.0)
    ReleaseCoefficients(U=0.5, facil=-1e+30, rec=-0.00125, again=0.0)
    """
    facil = -dt / tau_facil if tau_facil > 0 else -math.inf
    return ReleaseCoefficients(U, max(facil, AT_ONCE), max(-dt / tau_rec, AT_ONCE), float(tau_facil > 0))


def decayed(u: Array, x: Array, steps: Array, c: ReleaseCoefficients) -> tuple[Array, Array]:
    """Return the state some steps after an event."""
    one, elapsed = u.dtype.type(1), steps.astype(u.dtype)
    return flush(u * exp(elapsed * c.facil)), one - (one - x) * exp(elapsed * c.rec)


def released(u: Array, x: Array, steps: Array, events: Array, c: ReleaseCoefficients) -> Released:
    """Return the state after `events` events in one step, `steps` steps after those before, and what they release."""
    one = u.dtype.type(1)
    u, x = decayed(u, x, steps, c)
    total = np.zeros_like(u)
    for k in range(int(events.max(initial=0))):
        more = events > k
        left = u if k == 0 else u * c.again
        use = left + c.U * (one - left)
        part = flush(use * x)
        u, x = np.where(more, use, u), np.where(more, flush(x - part), x)
        total = np.where(more, total + part, total)
    return Released(u, x, np.where(total > one, one, total))
