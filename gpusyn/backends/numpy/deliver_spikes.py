"""``kernels/deliver_spikes.cu`` in numpy: synapses that are due add to the sums of their targets; the step ends."""

from __future__ import annotations

from types import SimpleNamespace
from typing import NamedTuple

import numpy as np

from gpusyn.backends.numpy.spikes import release
from gpusyn.kernels.records import Clock, History, Route, Shared, read_rows
from gpusyn.kernels.signature import Signature
from gpusyn.kernels.synapse_words import bounds_from_unary, unary_bounds, unary_words, unpack_late
from gpusyn.utils.typing import Array


class Deliveries(NamedTuple):
    """Routes with the numbers of their senders and the bounds of their segments, shared sums, and histories."""

    routes: list[tuple[int, Route, Array]]
    ages: list[int]
    shared: list[Shared]
    histories: list[History]


class Events(NamedTuple):
    """Events that some synapses may receive: their senders, sources, ages (steps) and numbers."""

    sender: Array
    source: Array
    age: Array
    number: Array


def prepare_delivery(a: SimpleNamespace, signature: Signature | None) -> Deliveries:
    """Return the tables as records."""
    routes = read_rows(a.routes, Route, int(a.route_begin[-1]))
    sender = np.repeat(np.arange(a.route_begin.size - 1), np.diff(a.route_begin)).tolist()
    return Deliveries(
        list(zip(sender, routes, [_bounds(a, route) for route in routes], strict=True)),
        a.ages[: a.n_ages].tolist(),
        read_rows(a.shared, Shared, int(a.n_shared)),
        read_rows(a.histories, History, int(a.n_histories)),
    )


def _bounds(a: SimpleNamespace, route: Route) -> Array:
    """Return the bounds of all segments of a route."""
    begin: Array = a.segment_begin[route.segments :]
    if route.sizes < 0:
        return begin
    segments = (route.source_end - route.source) * route.slices * route.row_step
    words = unary_words(segments, int(begin[unary_bounds(segments) - 1]))
    return bounds_from_unary(a.segment_sizes[route.sizes : route.sizes + words], segments)


def deliver_spikes(a: SimpleNamespace, prepared: Deliveries) -> None:
    """End a step: add the synapses that are due to the sums of their targets, advance the histories and the clock."""
    clock = Clock(*a.clock.tolist())
    now, end = clock.now, int(a.spike_total[0])
    for events in (_spikes(a, prepared.ages, now, end), _gate_events(a, now)):
        for sender, route, bounds in prepared.routes if events.source.size else ():
            late = events.age - route.age
            due = (late >= 0) & (late < route.blocks * route.width) & (late % route.width == 0)
            mine = (
                due & (events.sender == sender) & (route.source <= events.source) & (events.source < route.source_end)
            )
            if mine.any():
                rows = events.source[mine].astype(np.int64) - route.source
                deliver(a, route, bounds, rows, late[mine] // route.width, events.number[mine], now)
    for s in prepared.shared:
        a.ring[s.base + (now & s.mask)] = 0
    for h in prepared.histories:
        remember(a, h, now)
    a.spike_begin[now + 1 & a.step_mask] = end
    a.gate_total[now + 1 & 1] = 0
    a.clock[:] = clock._replace(next=now + 1)


def _spikes(a: SimpleNamespace, ages: list[int], now: int, end: int) -> Events:
    """Return the spikes of those ages at which some synapses receive them."""
    age = np.array([age for age in ages if age <= now], np.int64)
    begin = a.spike_begin[now - age & a.step_mask]
    stop = np.where(age, a.spike_begin[now - age + 1 & a.step_mask], end)
    spikes = np.concatenate([np.zeros(0, np.int64), *map(np.arange, begin, stop)]) & a.spike_mask
    source = a.spike_id[spikes]
    return Events(a.source_population[source], source, np.repeat(age, stop - begin), a.spike_events[spikes])


def _gate_events(a: SimpleNamespace, now: int) -> Events:
    """Return the events of the gates that send in this step."""
    source = a.gate_id[: a.gate_total[now & 1]]
    return Events(a.source_population[source], source, np.zeros(source.size, np.int64), np.ones(source.size, np.int32))


def deliver(
    a: SimpleNamespace, route: Route, bounds: Array, rows: Array, blocks: Array, events: Array, now: int
) -> None:
    """Add the weights of the synapses in some blocks of delays of some sources to the slots in which they are due."""
    slices = rows[:, None] * route.slices + np.arange(route.slices)
    segments = (slices * route.row_step + blocks[:, None]).reshape(-1)
    begin = bounds[segments].astype(np.int64)
    length = bounds[segments + 1] - begin
    ends = np.cumsum(length)
    if not ends[-1]:
        return
    segment = np.repeat(np.arange(length.size), length)
    j = np.arange(ends[-1]) + (begin - ends + length)[segment]

    late = unpack_late(a.late[route.late :], route.late_bits, j).astype(np.int64) if route.late >= 0 else 0
    slot = now + route.ahead + late & route.mask
    target = a.targets[route.targets + j].astype(np.int64)
    target += route.ring + (route.slice + segment % route.slices) * route.slice_size + slot * route.stride
    acc = a.ring.dtype
    weight = a.weights[route.weights + j].astype(acc) if route.weights >= 0 else acc.type(route.weight)
    source = segment // route.slices
    if route.payload < 0:
        factor = events.astype(acc) << acc.type(route.shift)
        np.add.at(a.ring, target, weight * factor[source])
        return
    scale = a.payload.dtype.type(1 << route.shift)
    for k in range(route.channels):
        change = 2 * (route.payload + k * route.payload_step + rows)
        to, since = a.payload[change] * scale, a.payload[change + 1] * scale
        w = weight.astype(a.payload.dtype)
        value = (w * to[source]).astype(acc) - (w * since[source]).astype(acc)
        np.add.at(a.ring, target + k * route.ring_step, value)


def remember(a: SimpleNamespace, h: History, now: int) -> None:
    """Record each source's transmitter from now on: that it is on or off (pulse > 0), or the number of events."""
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
