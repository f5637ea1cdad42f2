"""Drugs that block open channels: the equations of ``Blocker`` in ``kernels/advance_synapses.cu`` in numpy."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from gpusyn.numerics.portable_math import exp, expm1, flush
from gpusyn.utils.typing import Array


class BlockerCoefficients(NamedTuple):
    """Coefficients of a drug that blocks open channels."""

    steepness: Any  # z delta F/RT (1/mV)
    V0: Any  # potential at which unbinding has the rate k_off (mV)
    k_off_dt: Any
    escape: Any  # rate of unbinding from closed channels, as a fraction of that from open ones


class Free(NamedTuple):
    """The fraction of each synapse's channels that a drug leaves free, and what rounding took from it (Kahan 1965)."""

    U: Array
    lost: Array


def unblocked(
    c: BlockerCoefficients, v: Array, rest: Array, dose: Any, lengths: Array, mean: Array, free: Free
) -> Free:
    """Return what is free after the step.

    See Woodhull 1973; Huettner and Bean 1988. v, rest and lengths are given by row.
    """
    U, lost = free
    one = v.dtype.type(1)
    unbind = np.repeat(c.k_off_dt * exp(c.steepness * ((v + rest) - c.V0)), lengths)
    opened = np.where(mean < one, mean, one)
    bind = dose * opened
    leave = unbind * (c.escape + (one - c.escape) * opened)
    rate = bind + leave
    target = np.where(rate > 0, leave / np.where(rate > 0, rate, one), U)
    fall = expm1(-rate)
    change = (U - target) * fall + lost * (one + fall)
    after = flush(U + change)
    return Free(after, flush(change - (after - U)))
