"""``kernels/spikes.cuh`` in numpy: the list of spikes, transmitter pulses, and Poisson events."""

from __future__ import annotations

from types import SimpleNamespace
from typing import NamedTuple

import numpy as np

from gpusyn.kernels.records import Clock, PoissonDrive
from gpusyn.numerics.rng import poisson_counts
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


def poisson_events(a: SimpleNamespace, drive: PoissonDrive, step: Step, offset: int, size: int) -> Array | None:
    """Return the Poisson events of elements `offset` to `offset + size` in one step; None outside start and stop.

    The rate is constant for each element, or one number per step from a table.
    """
    if not drive.start <= step.now < drive.stop:
        return None
    element = np.arange(offset, offset + size)
    if drive.wave < 0:
        at = drive.rate + element * drive.rate_step
    else:
        at = np.array(drive.rate + step.local * drive.n_waves + drive.wave)
    key = drive.key_high << 32 | drive.key_low
    rate, p0 = a.drive_rate[2 * at], a.drive_rate[2 * at + 1]
    return poisson_counts(key, element, step.now, rate, p0, a.drive_pieces[at], drive.most_events)


def add_drive(a: SimpleNamespace, drive: PoissonDrive, step: Step, offset: int, size: int, due: list[Array]) -> None:
    """Add private Poisson input to the sums that are due at the end of this step."""
    events = poisson_events(a, drive, step, offset, size)
    if events is None:
        return
    weight = a.drive_weight[drive.weight + np.arange(offset, offset + size) * drive.weight_step]
    sums = due[drive.input]
    sums += events.astype(sums.dtype) * weight.astype(sums.dtype)
