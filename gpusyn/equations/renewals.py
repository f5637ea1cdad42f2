"""Renewal processes step by step: ``kernels/renewals.cuh`` in numpy, operation for operation.

After an event, a source is dead for a fixed time. Then it waits for an interval of the gamma distribution with mean 1,
which passes as fast as the integral of its rate grows (Brown, Barbieri, Ventura, Kass and Frank 2002, Neural
Computation 14, 325-346). One number for each source is kept: the interval that is left, if it is positive, else minus
the steps of dead time that are left. All sources are in equilibrium at the beginning (Cox 1962, Renewal Theory): they
may be dead, and of an interval is left a uniform part of one that is drawn by its length.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from gpusyn.numerics.gamma import gamma_constants, power_of_uniform, try_gamma
from gpusyn.numerics.philox import Words, philox, uniform53
from gpusyn.numerics.portable_math import log_of
from gpusyn.utils.typing import Bools, Floats, Integers

LEAST_LOG_TAIL = 41.5  # minus the logarithm of a probability below 1e-18


class RenewalCoefficients(NamedTuple):
    """What intervals are drawn with: their shape, the constants of values of shape + 1, and the dead time (steps)."""

    shape: Any
    d: Any
    c: Any
    dead: Any


def renewal_coefficients(shape: Any, dead: float) -> RenewalCoefficients:
    """Return the coefficients of sources whose intervals have a shape, after a dead time (steps)."""
    shapes = np.atleast_1d(np.asarray(shape, np.float64))
    return RenewalCoefficients(shapes, *gamma_constants(shapes + 1.0), np.full(shapes.shape, dead))


class Draws:
    """The random words of some sources in one step, which each source draws call by call.

    Counter words: the number of the source, the step (low and high 32 bits), and the number of the call.
    """

    def __init__(self, key: int, elements: Integers, step: int) -> None:
        self.key, self.elements, self.step = key, elements, step
        self.calls = np.zeros(len(elements), np.int64)

    def words(self, which: Integers) -> Words:
        """Return the next four words of some of the sources."""
        found = philox(self.key, self.elements[which], self.step, self.step >> 32, self.calls[which])
        self.calls[which] += 1
        return found

    def uniform(self, which: Integers) -> Floats:
        """Return a uniform number of each of some of the sources."""
        words = self.words(which)
        found: Floats = uniform53(words[0], words[1])
        return found


def waiting_times(draws: Draws, which: Integers, c: RenewalCoefficients, *, residual: bool) -> Floats:
    """Return an interval of each of some sources, or what is left of one at a random time (mean 1)."""
    values, tried = np.empty(len(which)), np.arange(len(which))
    while tried.size:
        some = which[tried]
        drawn, good = try_gamma(draws.words(some), c.d[some], c.c[some])
        values[tried] = drawn
        tried = tried[~good]
    shape = c.shape[which]
    part = draws.uniform(which) if residual else power_of_uniform(draws.words(which), shape)
    found: Floats = values / shape * part
    return found


def begin(draws: Draws, advance: Floats, c: RenewalCoefficients) -> Floats:
    """Return the states of sources in equilibrium, which advance by so much in a step."""
    everyone = np.arange(len(advance))
    cycle = advance * c.dead  # dead time in units of the mean interval after it
    at = draws.uniform(everyone) * (1.0 + cycle)
    dead = at < cycle
    state = np.empty(len(advance))
    state[dead] = -(at[dead] / advance[dead])
    free = np.flatnonzero(~dead)
    state[free] = waiting_times(draws, free, c, residual=True)
    return state


def passed(state: Floats, advance: Floats) -> tuple[Floats, Bools]:
    """Return the states after a step, and of which sources this holds: neither an event nor the end of dead time."""
    waits = state > 0
    after = np.where(waits, state - advance, state + 1.0)
    return after, np.where(waits, after > 0, after <= 0)


def renewed(draws: Draws, state: Floats, advance: Floats, c: RenewalCoefficients) -> tuple[Floats, Integers]:
    """Return the states of sources after a step, and the number of their events."""
    x, left, events = state.copy(), np.ones(len(state)), np.zeros(len(state), np.int64)
    open_ = np.arange(len(state))
    while open_.size:
        dead = x[open_] <= 0
        stays = dead & (-x[open_] >= left[open_])
        some = open_[stays]
        x[some] += left[some]
        some = open_[dead & ~stays]
        left[some] += x[some]
        x[some] = waiting_times(draws, some, c, residual=False)
        open_ = open_[~stays]
        waits = x[open_] > advance[open_] * left[open_]
        some = open_[waits]
        x[some] -= advance[some] * left[some]
        open_ = open_[~waits]
        left[open_] -= x[open_] / advance[open_]  # by rounding, may be a little below 0: then the step is over
        events[open_] += 1
        x[open_] = -c.dead[open_]
    return x, events


def most_renewals(mean: float, shape: float) -> int:
    """Return a count per step that a renewal process exceeds with probability below 1e-18.

    There are more than m events only if m intervals together, which have a gamma distribution, are shorter than the
    step; the bound on its probability is that of Chernoff.

    Parameters
    ----------
    mean : float
        Mean count.
    shape : float
        Shape of the intervals, which are gamma distributed.

    Examples
    --------
    >>> most_renewals(0.002, 1.0), most_renewals(0.002, 4.0), most_renewals(100.0, 50.0)
    (6, 2, 114)
    """
    if mean == 0:
        return 1
    low, high = max(int(mean), 1) - 1, max(2 * int(mean), 1)
    while not _is_rare(high, mean, shape):
        high *= 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _is_rare(middle, mean, shape) else (middle, high)
    return max(high, 1)


def _is_rare(m: int, mean: float, shape: float) -> bool:
    """Return whether more than m events are that improbable."""
    return m > mean and shape * (mean - m + m * (log_of(float(m)) - log_of(mean))) > LEAST_LOG_TAIL
