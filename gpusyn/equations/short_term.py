"""``kernels/short_term.cuh`` in numpy: what an event releases (Tsodyks & Markram 1997), exact between events.

``kernels/active_release.cuh`` is here, too: what was released is active for a time before it recovers (Tsodyks, Uziel &
Markram 2000).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from gpusyn.equations.coefficients import Number
from gpusyn.numerics.portable_math import exp, exprel, flush
from gpusyn.utils.typing import Array

__all__ = [
    "AT_ONCE",
    "ActiveReleaseCoefficients",
    "ReleaseCoefficients",
    "Released",
    "active_coefficients",
    "decayed",
    "held_back",
    "release_coefficients",
    "released",
]

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


class ActiveReleaseCoefficients(NamedTuple):
    """Coefficients of the struct ActiveRelease, the first of which are those of its base Release.

    `psc` is the exponent of the decay of y in one step. `active` is 1, or 0 where what is released begins to recover at
    once: y stays 0 then.
    """

    U: Number
    facil: Number
    rec: Number
    again: Number
    psc: Number
    active: Number


class Released(NamedTuple):
    """State after some events, and the part of the weight that they release together."""

    u: Array
    x: Array
    y: Array
    part: Array


def release_coefficients(U: float, tau_rec: float, tau_facil: float, dt: float) -> ReleaseCoefficients:
    """Return the coefficients of short-term plasticity with these parameters (ms).

    >>> release_coefficients(0.5, 800.0, 0.0, 1.0)
    ReleaseCoefficients(U=0.5, facil=-1e+30, rec=-0.00125, again=0.0)
    """
    facil = -dt / tau_facil if tau_facil > 0 else -math.inf
    return ReleaseCoefficients(U, max(facil, AT_ONCE), max(-dt / tau_rec, AT_ONCE), float(tau_facil > 0))


def active_coefficients(
    U: float, tau_rec: float, tau_facil: float, tau_psc: float | None, dt: float
) -> ActiveReleaseCoefficients:
    """Return the coefficients with what is released active for `tau_psc` (ms); None: it begins to recover at once.

    >>> active_coefficients(0.5, 800.0, 0.0, 4.0, 1.0)[3:]
    (0.0, -0.25, 1.0)
    """
    psc = 0.0 if tau_psc is None else max(-dt / tau_psc, AT_ONCE)
    return ActiveReleaseCoefficients(
        *release_coefficients(U, tau_rec, tau_facil, dt), psc=psc, active=float(tau_psc is not None)
    )


def held_back(elapsed: Array, rec: Array, psc: Array, empty: Array, left: Array) -> Array:
    """Return what is missing of x for each part that was active, because it recovers only from where it is inactive.

    Of resources that are inactive from the start, `empty` have not recovered after some steps; of those that were
    active, `left` still are. This is tau_psc/(tau_rec - tau_psc) (empty - left), in a form that holds for equal time
    constants, too.
    """
    longer = flush(np.maximum(empty, left))
    missing: Array = elapsed * -rec * longer * exprel(-np.abs(elapsed * (psc - rec)))
    return missing


def decayed(
    u: Array, x: Array, y: Array, steps: Array, c: ReleaseCoefficients | ActiveReleaseCoefficients
) -> tuple[Array, Array, Array]:
    """Return the state some steps after an event."""
    one, elapsed = u.dtype.type(1), steps.astype(u.dtype)
    u, empty = flush(u * exp(elapsed * c.facil)), exp(elapsed * c.rec)
    if isinstance(c, ReleaseCoefficients):
        return u, one - (one - x) * empty, y
    left = exp(elapsed * c.psc)
    missing = (one - x) * empty + y * held_back(elapsed, c.rec, c.psc, empty, left)
    return u, one - missing, flush(y * left)


def released(
    u: Array, x: Array, y: Array, steps: Array, events: Array, c: ReleaseCoefficients | ActiveReleaseCoefficients
) -> Released:
    """Return the state after `events` events in one step, `steps` steps after those before, and what they release."""
    one = u.dtype.type(1)
    u, x, y = decayed(u, x, y, steps, c)
    total = np.zeros_like(u)
    for k in range(int(events.max(initial=0))):
        more = events > k
        left = u if k == 0 else u * c.again
        use = left + c.U * (one - left)
        part = flush(use * x)
        u, x = np.where(more, use, u), np.where(more, flush(x - part), x)
        total = np.where(more, total + part, total)
    part = np.where(total > one, one, total)
    return Released(u, x, y if isinstance(c, ReleaseCoefficients) else y + part * c.active, part)
