"""``kernels/remember_gates.cu`` in numpy: the gates that spines look at, and their means over the last steps."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from gpusyn.backends.numpy import pieces
from gpusyn.backends.numpy.spikes import release
from gpusyn.equations.coefficients import read
from gpusyn.equations.kinetics import SYNAPSE_GATES
from gpusyn.kernels.records import Clock, SpineGateSet, read_rows
from gpusyn.kernels.signature import Signature

GATES = list(SYNAPSE_GATES.values())  # indexed by the number of a set's struct


def prepare_spine_gates(a: SimpleNamespace, signature: Signature | None) -> list[SpineGateSet]:
    """Return the table as records."""
    return read_rows(a.sets, SpineGateSet, int(a.n_sets))


def remember_gates(a: SimpleNamespace, prepared: list[SpineGateSet]) -> None:
    """Advance every gate over the step that ends now, and keep its mean."""
    now = Clock(*a.clock.tolist()).now
    for g in prepared:
        for start, stop in pieces.parts(g.size, pieces.NEURONS):
            _advance_part(a, g, slice(start, stop), now)


def _advance_part(a: SimpleNamespace, g: SpineGateSet, part: slice, now: int) -> None:
    """Advance the gates of some sources of a set."""
    gate, event = GATES[g.kind], a.event_step[g.source :][part] == now
    sent = np.where(event, a.event_count[g.source :][part], 0)
    if gate.PULSES:  # transmitter of events of earlier steps; that of an event acts from the next step on
        last = a.release_step[g.release :][part]
        sent = now - 1 - last < g.pulse
        release(last, event, now, g.pulse, g.dead)
    c = read(gate.C, a.coef[g.coef :], g.components)
    states = [a.gates[g.gates + k * g.size :][part] for k in range(gate.states(g.components))]
    extra, end = gate.step(c, sent, states)
    means = a.gate_means[g.means :][: g.size * (g.mask + 1)].reshape(g.size, g.mask + 1)
    means[part, now & g.mask] = gate.average(c, extra, end)
