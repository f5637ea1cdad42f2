"""``kernels/advance_gates.cu`` in numpy: the gates that sources own, and what they send."""

from __future__ import annotations

import functools
from types import SimpleNamespace

import numpy as np

from gpusyn.backends.numpy.spikes import emit, release
from gpusyn.equations.coefficients import read
from gpusyn.equations.kinetics import SOURCE_GATES
from gpusyn.equations.kinetics.base import Sent
from gpusyn.kernels.records import Array, Gate, read_rows
from gpusyn.kernels.signature import Signature

TABLES = ("sets",)
GATES = list(SOURCE_GATES.values())  # by the number that a set has for its struct


def prepare_gates(a: SimpleNamespace, signature: Signature | None) -> list[Gate]:
    """Read the table."""
    return read_rows(a.sets, Gate, int(a.n_sets))


def advance_gates(a: SimpleNamespace, plan: list[Gate]) -> None:
    """Advance every source's gates over the step that ends now, and send what changed."""
    now = int(a.clock[0])
    a.clock[1] = now
    a.history = 0
    for g in plan:
        gate, event = GATES[g.kind], a.event_step[g.global_ : g.global_ + g.count_] == now
        events = np.where(event, a.event_count[g.global_ : g.global_ + g.count_], 0)
        sent = pulses(a, g, event, now) if gate.PULSES else Sent(events, event, event)
        states = [a.states[g.state + k * g.count_ : g.state + (k + 1) * g.count_] for k in range(gate.states(g.size))]
        c = read(gate.C, a.coef[g.coef :], g.size)
        sends = gate.advance(states, c, sent, functools.partial(send, a, g))
        emit(a, now, g.virtual_ + np.flatnonzero(sends), 1)


def pulses(a: SimpleNamespace, g: Gate, event: Array, now: int) -> Sent:
    """Return what sources did by their transmitter, and release it where there is an event."""
    last = a.release_step[g.release : g.release + g.count_]
    was_on = now - 1 - last < g.pulse
    return Sent(event, was_on, now - release(last, event, now, g.pulse, g.dead) < g.pulse)


def send(a: SimpleNamespace, g: Gate, channel: int, who: Array, to: Array, since: Array) -> None:
    """Write what gates `who` send on a channel: from `since` to `to`."""
    at = 2 * (g.payload + channel * g.count_ + np.flatnonzero(who))
    a.payload[at], a.payload[at + 1] = to[who], since[who]
