"""``kernels/spikes.cuh``, ``advance_sources.cu`` and ``deliver_spikes.cu`` in numpy: spikes come and go."""

from __future__ import annotations

from types import SimpleNamespace
from typing import NamedTuple

import numpy as np

from gpusyn.kernels.records import Array, Drive, History, Route, Shared, SourceChunk, read_rows
from gpusyn.kernels.signature import Signature
from gpusyn.numerics.rng import poisson_counts

POISSON_TABLES = ("chunks", "drives")
DELIVERY_TABLES = ("routes", "route_begin", "shared", "histories")


def emit(a: SimpleNamespace, now: int, sources: Array, events: Array | int) -> None:
    """Append sources to the list of spikes; `history` keeps their last event for per-synapse gating."""
    if not sources.size:
        return
    start = int(a.spike_total[0])
    stop = start + sources.size
    a.spike_id[start:stop] = sources
    a.spike_events[start:stop] = events
    a.spike_total[0] = stop
    if a.history:
        a.event_step[sources] = now
        a.event_count[sources] = events


def release(last: Array, event: Array, now: int, pulse: int, dead: int) -> Array:
    """Update and return the steps of the sources' last releases of transmitter, which last `pulse` steps.

    An event releases: during a pulse too, whose end it moves (dead < 0), or only once `dead` steps have passed since
    the last pulse ended.
    """
    last[event if dead < 0 else event & (now - last >= pulse + dead)] = now
    return last


def poisson_events(
    a: SimpleNamespace, drive: Drive, now: int, local_step: int, offset: int, count: int
) -> Array | None:
    """Poisson events of elements `offset` to `offset + count` in one step; None outside start and stop.

    The rate is constant per element, or one number a step out of a table.
    """
    if not drive.start <= now < drive.stop:
        return None
    element = np.arange(offset, offset + count)
    if drive.wave < 0:
        at = drive.rate + element * drive.rate_step
    else:
        at = np.array(drive.rate + local_step * drive.n_waves + drive.wave)
    key = drive.key_high << 32 | drive.key_low
    rate, p0 = a.drive_rate[2 * at], a.drive_rate[2 * at + 1]
    return poisson_counts(key, element, now, rate, p0, a.drive_pieces[at], drive.most_events)


def add_drive(
    a: SimpleNamespace, drive: Drive, now: int, local_step: int, offset: int, count: int, due: list[Array]
) -> None:
    """Add private Poisson input to the sums that fall due at the end of this step."""
    events = poisson_events(a, drive, now, local_step, offset, count)
    if events is None:
        return
    weight = a.drive_weight[drive.weight + np.arange(offset, offset + count) * drive.weight_step]
    sums = due[drive.input]
    sums += events.astype(sums.dtype) * weight.astype(sums.dtype)


class Sources(NamedTuple):
    """Poisson sources, a population at a time, and the drive of each."""

    sources: list[SourceChunk]
    drives: list[Drive]


def prepare_poisson(a: SimpleNamespace, signature: Signature | None) -> Sources:
    """Join chunks that continue each other."""
    joined: list[SourceChunk] = []
    for chunk in read_rows(a.chunks, SourceChunk, int(a.n_chunks)):
        last = joined[-1] if joined else None
        if last and chunk == (last.source + last.size, last.offset + last.size, chunk.size, last.drive):
            joined[-1] = last._replace(size=last.size + chunk.size)
        else:
            joined.append(chunk)
    return Sources(joined, read_rows(a.drives, Drive))


def advance_poisson(a: SimpleNamespace, plan: Sources) -> None:
    """Spikes of Poisson sources."""
    now, base = int(a.clock[0]), int(a.clock[2])
    a.clock[1] = now
    for s in plan.sources:
        events = poisson_events(a, plan.drives[s.drive], now, now - base, s.offset, s.size)
        if events is not None:
            who = np.flatnonzero(events)
            emit(a, now, s.source + who, events[who])


def advance_lists(a: SimpleNamespace, plan: None) -> None:
    """Spikes from lists of times: ``due_begin[s]`` to ``due_begin[s + 1]`` are due in step s of this run."""
    now, base = int(a.clock[0]), int(a.clock[2])
    a.clock[1] = now
    due = slice(int(a.due_begin[now - base]), int(a.due_begin[now - base + 1]))
    emit(a, now, a.due_id[due], a.due_events[due])


class Deliveries(NamedTuple):
    """Routes, the population that each starts from, and the transmitter histories."""

    routes: list[tuple[int, Route]]
    shared: list[Shared]
    histories: list[History]


def prepare_delivery(a: SimpleNamespace, signature: Signature | None) -> Deliveries:
    """Read the tables."""
    routes = read_rows(a.routes, Route, int(a.route_begin[-1]))
    owner = np.repeat(np.arange(a.route_begin.size - 1), np.diff(a.route_begin)).tolist()
    return Deliveries(
        list(zip(owner, routes, strict=True)),
        read_rows(a.shared, Shared, int(a.n_shared)),
        read_rows(a.histories, History, int(a.n_histories)),
    )


def deliver_spikes(a: SimpleNamespace, plan: Deliveries) -> None:
    """End a step: spikes go to the rings of their targets, histories move on, the clock ticks."""
    now, base = int(a.clock[1]), int(a.clock[2])
    begin, end = int(a.spike_begin[now - base]), int(a.spike_total[0])
    if end > begin:
        spikes, events = a.spike_id[begin:end], a.spike_events[begin:end]
        population = a.source_population[spikes]
        for owner, route in plan.routes:
            mine = (population == owner) & (spikes >= route.source) & (spikes < route.source_end)
            if mine.any():
                deliver_rows(a, route, spikes[mine].astype(np.int64) - route.source, events[mine], now)
    for s in plan.shared:
        a.ring[s.base + (now & s.mask)] = 0
    for h in plan.histories:
        remember(a, h, now)
    a.spike_begin[now - base + 1] = end
    a.clock[0] = now + 1


def deliver_rows(a: SimpleNamespace, route: Route, rows: Array, events: Array, now: int) -> None:
    """Add the synapses of some sources to the slots in which they fall due.

    A synapse is one 32-bit word: delay in steps (high half) and target within its slice (low half).
    """
    segments = (route.rows + rows[:, None] * route.slices + np.arange(route.slices)).reshape(-1)
    begin = a.row_begin[segments]
    length = a.row_begin[segments + 1] - begin
    ends = np.cumsum(length)
    if not ends[-1]:
        return
    segment = np.repeat(np.arange(segments.size), length)
    j = np.arange(ends[-1]) + (begin - ends + length)[segment]

    word = a.words[route.words + j].astype(np.int64)
    slot = (now + (word >> 16)) & route.mask
    target = route.ring + segment % route.slices * route.slice_size + slot * route.stride + (word & 0xFFFF)
    weight = a.weights[route.weights + j * route.weight_step]
    source, acc = segment // route.slices, a.ring.dtype
    if route.payload < 0:
        factor = events.astype(acc) << acc.type(route.shift)
        np.add.at(a.ring, target, weight.astype(acc) * factor[source])
        return
    scale = a.payload.dtype.type(1 << route.shift)
    for k in range(route.channels):
        change = 2 * (route.payload + k * route.payload_step + rows)
        to, since = a.payload[change] * scale, a.payload[change + 1] * scale
        w = weight.astype(a.payload.dtype)
        value = (w * to[source]).astype(acc) - (w * since[source]).astype(acc)
        np.add.at(a.ring, target + k * route.ring_step, value)


def remember(a: SimpleNamespace, h: History, now: int) -> None:
    """Note what each source's transmitter does from now on: on or off (pulse > 0), or its events."""
    own = slice(h.source, h.source + h.size)
    event = a.event_step[own] == now
    if h.pulse:
        last = release(a.release_step[h.release : h.release + h.size], event, now, h.pulse, h.dead)
        value = now - last < h.pulse
    else:
        value = np.where(event, a.event_count[own], 0)
    register = a.history[h.base : h.base + h.size * h.words].reshape(h.size, h.words)
    carry = value.astype(np.uint32)
    for k in range(h.words):
        old = register[:, k].copy()
        if h.bits == 32:
            register[:, k], carry = carry, old
        else:
            register[:, k] = old << np.uint32(h.bits) | carry
            carry = old >> np.uint32(32 - h.bits)
