"""``kernels/spikes.cuh`` in numpy: the list of spikes, and transmitter pulses."""

from __future__ import annotations

from types import SimpleNamespace
from typing import NamedTuple

import numpy as np

from gpusyn.kernels.records import Clock
from gpusyn.utils.typing import Array


class Step(NamedTuple):
    """A step: its number since the start, and its place in the chunk that the host prepared."""

    now: int
    local: int


def step_of(a: SimpleNamespace) -> Step:
    """Return the step that begins."""
    clock = Clock(*a.clock.tolist())
    return Step(clock.next, clock.next - clock.start)


def begin_step(a: SimpleNamespace) -> Step:
    """Return the step that begins, and set the clock to it."""
    clock = Clock(*a.clock.tolist())
    a.clock[:] = clock._replace(now=clock.next)
    return step_of(a)


def emit(a: SimpleNamespace, now: int, sources: Array, events: Array | int) -> None:
    """Append sources to the list of spikes, and store their last event if some gate `remembers` it.

    The list begins again at its start when it is full.
    """
    if not sources.size:
        return
    place = a.spike_total[0] + np.arange(sources.size) & a.spike_mask
    a.spike_id[place] = sources
    a.spike_events[place] = events
    a.spike_total[0] += sources.size
    if a.remembers:
        a.event_step[sources] = now
        a.event_count[sources] = events


def release(last: Array, event: Array, now: int, pulse: int, dead: int) -> Array:
    """Update and return the steps of the sources' last releases of transmitter, which last `pulse` steps.

    If dead < 0, every event releases transmitter, and an event during a pulse prolongs the pulse. Otherwise an event
    releases transmitter only if `dead` steps have passed since the last pulse ended.
    """
    last[event if dead < 0 else event & (now - last >= pulse + dead)] = now
    return last
