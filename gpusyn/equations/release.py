"""Release of transmitter by each synapse, short-term plasticity and random: ``kernels/deliver_releases.cu`` in numpy.

Tsodyks & Markram 1997; Fuhrmann, Segev, Markram & Tsodyks 2002.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from gpusyn.equations.short_term import AT_ONCE
from gpusyn.numerics.normal_quantile import normal_quantile
from gpusyn.numerics.philox import philox, uniform32
from gpusyn.numerics.portable_math import flush
from gpusyn.utils.typing import Array, Floats, Integers

SITE_BITS, SIZE_BITS = 14, 6  # of a draw below the number of the event, and below the number of the try
MOST_EVENTS = 1 << 32 - SITE_BITS  # events of one source in a step that have random words of their own


class SynapseReleaseCoefficients(NamedTuple):
    """Parameters that all synapses of a set of rows share; each of them may be given for each synapse instead.

    `facil`, `rec` and `psc` are the exponents of the decay of u, of what is empty and of what is active in one step.
    """

    U: Any
    facil: Any
    rec: Any
    cv: Any  # coefficient of variation of a quantum
    psc: Any


class Reached(NamedTuple):
    """What happens to synapses in a step: the number of events, and the key of random words, of which are two."""

    now: int
    events: Integers
    number: Array
    keys: tuple[int, int]


class Parameters(NamedTuple):
    """U and the exponent of facilitation of each synapse, and what is left of what was empty after the last event."""

    U: Array
    facil: Array
    empty: Array


def used_at(event: int, before: Array, U: Array, facil: Array) -> Array:
    """Return u at an event of a step, from u before it; without facilitation, nothing is left of it between events."""
    u = np.where(facil > facil.dtype.type(AT_ONCE), before, facil.dtype.type(0)) if event else before
    found: Array = u + U * (facil.dtype.type(1) - u)
    return found


def fraction(word: Array, dtype: np.dtype[Any]) -> Array:
    """Return numbers in [0, 1)."""
    if dtype == np.float32:
        return (word >> np.uint32(8)).astype(np.float32) * np.float32(2.0**-24)
    return (word >> np.uint32(1)).astype(np.float64) * 2.0**-31


def release_means(
    p: Parameters, u: Array, x: Array, held: Array | float, events: Integers
) -> tuple[Array, Array, Array]:
    """Return the part of its weight that each synapse releases at some events, and u and x after them.

    `held` is what is missing of x because it was active.
    """
    one, total = x.dtype.type(1), np.zeros_like(x)
    x, u = one - ((one - x) * p.empty + held), u.copy()
    for event in range(int(events.max(initial=0))):
        now = events > event
        used = used_at(event, u, p.U, p.facil)
        part = flush(used * x)
        u[now], x[now], total[now] = used[now], flush(x - part)[now], (total + part)[now]
    return np.minimum(total, one), u, x


def release_quanta(
    p: Parameters, u: Array, full: Array, sites: int, cv: Any, depletes: bool, at: Reached
) -> tuple[Array, Array, Array]:
    """Return the part of its weight that each synapse releases at some events, and u and its full sites after them."""
    real = u.dtype.type
    again, u, full = real(1) - p.empty, u.copy(), full.astype(np.int64)
    quanta, factor = np.zeros(u.size, np.int64), np.zeros_like(u)
    for event in range(int(at.events.max(initial=0))):
        j = np.flatnonzero(at.events > event)
        u[j] = used_at(event, u[j], p.U[j], p.facil[j])
        if event:
            again[j] = 0
        number = at.number[j]
        given, left = _sites(sites, at.keys[0], number, at.now, event, u[j], again[j], full[j])
        if cv > 0:
            sizes = _sum_of_sizes(given, np.float64(cv), at.keys[1], number, at.now, event)
            factor[j] = factor[j] + (sizes / sites).astype(u.dtype)
        quanta[j] += given
        full[j] = left if depletes else sites
    if not cv > 0:
        factor = quanta.astype(u.dtype) / real(sites)
    return factor, u, full


def _sites(
    sites: int, key: int, number: Array, now: int, event: int, u: Array, again: Array, full: Integers
) -> tuple[Integers, Integers]:
    """Return how many sites release at an event, and how many are full then.

    There is one random number for each site: an empty one recovers with the probability `again`, and one that is full
    then releases with the probability u.
    """
    given, left = np.zeros(u.size, np.int64), np.zeros(u.size, np.int64)
    for site in range(sites):
        if site % 4 == 0:
            words = _words(key, number, now, event << SITE_BITS | site // 4)
        x = fraction(words[site % 4], u.dtype)
        ready = np.where(site < full, u.dtype.type(1), again)
        gives = x < ready * u
        given += gives
        left += (x < ready).astype(np.int64) - gives
    return given, left


def _words(key: int, number: Array, now: int, draw: Any) -> tuple[Array, ...]:
    return philox(key, number, now & 0xFFFFFFFF, now >> 32, draw)


def _sum_of_sizes(quanta: Integers, cv: Any, key: int, number: Array, now: int, event: int) -> Floats:
    """Return the sums of the sizes of some quanta: normal ones with the mean 1, drawn again outside of 0 to 2."""
    total = np.zeros(quanta.size)
    for quantum in range(int(quanta.max(initial=0))):
        j = np.flatnonzero(quanta > quantum)
        size, outside, tried = np.empty(j.size), np.arange(j.size), 0
        while outside.size:
            draw = event << SITE_BITS | tried << SIZE_BITS | quantum // 4
            u = uniform32(_words(key, number[j[outside]], now, draw)[quantum % 4])
            size[outside] = 1.0 + cv * normal_quantile(u)
            outside, tried = outside[(size[outside] < 0) | (size[outside] > 2)], tried + 1
        total[j] = total[j] + size
    return total
