"""``kernels/advance_gates.cu`` in numpy: the gates that sources own, and what they send."""

from __future__ import annotations

from enum import IntEnum
from types import SimpleNamespace

import numpy as np

from gpusyn.backends.numpy.advance_synapses import growth, opened
from gpusyn.backends.numpy.spikes import begin_step, emit, release
from gpusyn.kernels.records import Array, Gate, read_rows
from gpusyn.kernels.signature import Signature
from gpusyn.numerics.portable_math import flush


class Kind(IntEnum):
    """How a set's gates move."""

    PULSED = 0
    JUMP = 1
    SATURATING = 2
    CASCADE = 3


def prepare_gates(a: SimpleNamespace, signature: Signature | None) -> list[Gate]:
    """Read the table."""
    return read_rows(a.sets, Gate, int(a.n_sets))


def advance_gates(a: SimpleNamespace, plan: list[Gate]) -> None:
    """Advance every source's gates over the step that ends now, and send what changed."""
    now = begin_step(a).now
    a.history = 0
    for g in plan:
        c, event = a.coef[g.coef :], a.event_step[g.source : g.source + g.size] == now
        if g.kind in (Kind.PULSED, Kind.CASCADE):
            last = a.release_step[g.release : g.release + g.size]
            was_on = now - 1 - last < g.pulse
            is_on = now - release(last, event, now, g.pulse, g.dead) < g.pulse
            sends = advance_pulsed(a, g, c, was_on, is_on) if g.kind == Kind.PULSED else advance_cascade(a, g, c, is_on)
        else:
            events = np.where(event, a.event_count[g.source : g.source + g.size], 0)
            advance = advance_jumping if g.kind == Kind.JUMP else advance_growing
            sends = advance(a, g, c, events)
        emit(a, now, g.event_source + np.flatnonzero(sends), 1)


def states_of(a: SimpleNamespace, g: Gate, n: int) -> list[Array]:
    """The first `n` states, one array each."""
    return [a.states[g.state + k * g.size : g.state + (k + 1) * g.size] for k in range(n)]


def send(a: SimpleNamespace, g: Gate, channel: int, who: Array, to: Array, since: Array) -> None:
    """Write what gates `who` send on a channel: from `since` to `to`."""
    at = 2 * (g.payload + channel * g.size + np.flatnonzero(who))
    a.payload[at], a.payload[at + 1] = to[who], since[who]


def advance_pulsed(a: SimpleNamespace, g: Gate, c: Array, was_on: Array, is_on: Array) -> Array:
    """Channels under pulses of transmitter; c = on (m x m), off (m x m), drive (m)."""
    m, y = g.components, states_of(a, g, g.components)
    new = []
    for i in range(m):
        total = np.where(was_on, c[2 * m * m + i], c.dtype.type(0))
        for k in range(m):
            total = total + np.where(was_on, c[i * m + k], c[m * m + i * m + k]) * y[k]
        new.append(flush(total))
    for state, value in zip(y, new, strict=True):
        state[:] = value
    edge: Array = was_on != is_on
    zero, one = np.zeros_like(y[0]), np.ones_like(y[0])
    for channel, value in enumerate([one, *y]):
        send(a, g, channel, edge, np.where(is_on, value, zero), np.where(is_on, zero, value))
    return edge


def advance_jumping(a: SimpleNamespace, g: Gate, c: Array, events: Array) -> Array:
    """S decays, and jumps by k0 + k1 S at each event; c = P, k0, k1."""
    (S,) = states_of(a, g, 1)
    before = c[0] * S
    after = before.copy()
    for k in range(int(events.max(initial=0))):
        after = np.where(events > k, after + (c[1] + c[2] * after), after)
    S[:] = flush(after)
    jumps: Array = events > 0
    send(a, g, 0, jumps, after - before, np.zeros_like(S))
    return jumps


def advance_growing(a: SimpleNamespace, g: Gate, c: Array, events: Array) -> Array:
    """S grows by x, one step ahead of time; c = least x, those of growth."""
    S, gain, x = states_of(a, g, 3)
    S[:] = flush(c[1] * S + gain)
    grown = c[2] * x + events.astype(x.dtype)
    x[:] = np.where(grown < c[0], c.dtype.type(0), grown)
    gain[:] = growth(c[1:], S, x)
    grows: Array = gain != 0
    send(a, g, 0, grows, gain, np.zeros_like(gain))
    return grows


def advance_cascade(a: SimpleNamespace, g: Gate, c: Array, is_on: Array) -> Array:
    """G-protein cascade, one step ahead of time; c = five with transmitter, five without, n, K_d, least s."""
    R, G, s = states_of(a, g, 3)
    c_R, c_1, c_GR, c_G, c_G1 = (np.where(is_on, c[k], c[5 + k]) for k in range(5))
    G[:] = flush(c_GR * R + c_G * G + c_G1)
    R[:] = flush(c_R * R + c_1)
    new, old = opened(G, int(c[10]), c[11]), s.copy()
    s[:] = np.where(new < c[12], c.dtype.type(0), new)
    changes: Array = s != old
    send(a, g, 0, changes, s, old)
    return changes
