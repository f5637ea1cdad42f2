"""``kernels/advance_gates.cu`` in numpy: the gates that sources own, and the changes that they send."""

from __future__ import annotations

import functools
from types import SimpleNamespace

import numpy as np

from gpusyn.backends.numpy import pieces
from gpusyn.backends.numpy.spikes import begin_step, release
from gpusyn.equations.coefficients import read
from gpusyn.equations.kinetics import SOURCE_GATES
from gpusyn.equations.kinetics.base import Sent
from gpusyn.kernels.records import SourceGateSet, read_rows
from gpusyn.kernels.signature import Signature
from gpusyn.utils.typing import Array

GATES = list(SOURCE_GATES.values())  # indexed by the number of a set's struct


def prepare_gates(a: SimpleNamespace, signature: Signature | None) -> list[SourceGateSet]:
    """Return the table as records."""
    return read_rows(a.sets, SourceGateSet, int(a.n_sets))


def advance_gates(a: SimpleNamespace, prepared: list[SourceGateSet]) -> None:
    """Advance every source's gates over the step that ends now, and send their changes."""
    now = begin_step(a).now
    for g in prepared:
        for start, stop in pieces.parts(g.size, pieces.NEURONS):
            advance_part(a, g, slice(start, stop), now)


def advance_part(a: SimpleNamespace, g: SourceGateSet, part: slice, now: int) -> None:
    """Advance the gates of some sources of a set."""
    gate, event = GATES[g.kind], a.event_step[g.source :][part] == now
    events = np.where(event, a.event_count[g.source :][part], 0)
    sent = pulses(a, g, part, event, now) if gate.PULSES else Sent(events, event, event)
    states = [a.gates[g.gates + k * g.size :][part] for k in range(gate.states(g.components))]
    c = read(gate.C, a.coef[g.coef :], g.components)
    sends = gate.advance(states, c, sent, functools.partial(send, a, g, part))
    who = g.event_source + part.start + np.flatnonzero(sends)
    begin = int(a.gate_total[now & 1])
    a.gate_id[begin : begin + who.size] = who
    a.gate_total[now & 1] += who.size


def pulses(a: SimpleNamespace, g: SourceGateSet, part: slice, event: Array, now: int) -> Sent:
    """Return the events and the transmitter of sources, and release transmitter at an event."""
    last = a.release_step[g.release :][part]
    was_on = now - 1 - last < g.pulse
    return Sent(event, was_on, now - release(last, event, now, g.pulse, g.dead) < g.pulse)


def send(a: SimpleNamespace, g: SourceGateSet, part: slice, channel: int, who: Array, to: Array, since: Array) -> None:
    """Write the change that gates `who` of a part send on a channel, from `since` to `to`."""
    at = 2 * (g.payload + channel * g.size + part.start + np.flatnonzero(who))
    a.payload[at], a.payload[at + 1] = to[who], since[who]
