"""``kernels/deliver_spikes.cu`` and ``deliver_changes.cu`` in numpy: synapses add to the sums of their targets."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

from gpusyn.backends.numpy import pieces
from gpusyn.backends.numpy.spikes import release
from gpusyn.kernels.records import Clock, History, Route, Shared, read_rows
from gpusyn.kernels.signature import Signature
from gpusyn.kernels.synapse_words import segments_in_unary, unary_bounds, unpack_late
from gpusyn.utils.typing import Array


class Deliveries(NamedTuple):
    """Routes with the numbers of their senders, shared sums, and histories."""

    routes: list[tuple[int, Route]]
    ages: list[int]
    shared: list[Shared]
    histories: list[History]


class Events(NamedTuple):
    """Events that some synapses may receive: their senders, sources, ages (steps) and numbers."""

    sender: Array
    source: Array
    age: Array
    number: Array


class Due(NamedTuple):
    """Synapses that are due: the number of the event of each, the slice of its target, and its place in the rows."""

    sender: Array
    slice: Array
    synapse: Array


def prepare_routes(a: SimpleNamespace, signature: Signature | None) -> list[tuple[int, Route]]:
    """Return the routes with the numbers of their senders."""
    routes = read_rows(a.routes, Route, int(a.route_begin[-1]))
    sender = np.repeat(np.arange(a.route_begin.size - 1), np.diff(a.route_begin)).tolist()
    return list(zip(sender, routes, strict=True))


def prepare_delivery(a: SimpleNamespace, signature: Signature | None) -> Deliveries:
    """Return the tables as records."""
    return Deliveries(
        prepare_routes(a, signature),
        a.ages[: a.n_ages].tolist(),
        read_rows(a.shared, Shared, int(a.n_shared)),
        read_rows(a.histories, History, int(a.n_histories)),
    )


def deliver_spikes(a: SimpleNamespace, prepared: Deliveries) -> None:
    """End a step: add the synapses that are due to the sums of their targets, advance the histories and the clock."""
    clock = Clock(*a.clock.tolist())
    now, end = clock.now, int(a.spike_total[0])
    _deliver_events(a, prepared.routes, spikes_of_ages(a, prepared.ages, now, end), now)
    for s in prepared.shared:
        a.ring[s.base + (now & s.mask)] = 0
    for h in prepared.histories:
        for start, stop in pieces.parts(h.size, pieces.NEURONS):
            remember(a, h, slice(start, stop), now)
    a.spike_begin[now + 1 & a.step_mask] = end
    a.clock[:] = clock._replace(next=now + 1)


def deliver_changes(a: SimpleNamespace, routes: list[tuple[int, Route]]) -> None:
    """Add the changes of the gates that send in this step, weighted, to the sums of their targets."""
    now = Clock(*a.clock.tolist()).now
    _deliver_events(a, routes, _gate_events(a, now), now)
    a.gate_total[now + 1 & 1] = 0


def _deliver_events(a: SimpleNamespace, routes: list[tuple[int, Route]], found: Iterator[Events], now: int) -> None:
    """Deliver events along all routes."""
    for events in found:
        for sender, route in routes:
            late = events.age - route.age
            due = (late >= 0) & (late < route.blocks * route.width) & (late % route.width == 0)
            mine = (
                due & (events.sender == sender) & (route.source <= events.source) & (events.source < route.source_end)
            )
            if mine.any():
                rows = events.source[mine].astype(np.int64) - route.source
                deliver(a, route, rows, late[mine] // route.width, events.number[mine], now)


def spikes_of_ages(a: SimpleNamespace, ages: list[int], now: int, end: int) -> Iterator[Events]:
    """Yield the spikes of those ages at which some synapses receive them."""
    age = np.array([age for age in ages if age <= now], np.int64)
    begin = a.spike_begin[now - age & a.step_mask]
    stop = np.where(age, a.spike_begin[now - age + 1 & a.step_mask], end)
    for which, place in pieces.listed(stop - begin, pieces.NEURONS):
        spikes = begin[which] + place & a.spike_mask
        source = a.spike_id[spikes]
        yield Events(a.source_population[source], source, age[which], a.spike_events[spikes])


def _gate_events(a: SimpleNamespace, now: int) -> Iterator[Events]:
    """Yield the events of the gates that send in this step."""
    for start, stop in pieces.parts(int(a.gate_total[now & 1]), pieces.NEURONS):
        source, n = a.gate_id[start:stop], stop - start
        yield Events(a.source_population[source], source, np.zeros(n, np.int64), np.ones(n, np.int32))


def deliver(a: SimpleNamespace, route: Route, rows: Array, blocks: Array, events: Array, now: int) -> None:
    """Add the weights of the synapses in some blocks of delays of some sources to the slots in which they are due."""
    for start, stop in pieces.parts(rows.size * route.slices, pieces.SEGMENTS):
        sender, part = np.divmod(np.arange(start, stop), route.slices)
        found = (rows[sender] * route.slices + part) * route.row_step + blocks[sender]
        begin, length = segment_bounds(a, route, found)
        for segment, place in pieces.listed(length, pieces.SYNAPSES):
            _deliver(a, route, rows, events, Due(sender[segment], part[segment], begin[segment] + place), now)


def segment_bounds(a: SimpleNamespace, route: Route, segments: Array) -> tuple[Array, Array]:
    """Return the places of the first synapses of some segments of a route, and their numbers of synapses."""
    begin = a.segment_begin[route.segments :]
    if route.sizes < 0:
        first = begin[segments].astype(np.int64)
        return first, begin[segments + 1] - first
    every = (route.source_end - route.source) * route.slices * route.row_step
    return segments_in_unary(a.segment_sizes[route.sizes :], begin[: unary_bounds(every)], segments, every)


def _deliver(a: SimpleNamespace, route: Route, rows: Array, events: Array, due: Due, now: int) -> None:
    """Add the weights of some synapses that are due."""
    j = due.synapse
    late = unpack_late(a.late[route.late :], route.late_bits, j).astype(np.int64) if route.late >= 0 else 0
    slot = now + route.ahead + late & route.mask
    target = a.targets[route.targets + j].astype(np.int64)
    target += route.ring + (route.slice + due.slice) * route.slice_size + slot * route.stride
    acc = a.ring.dtype
    weight = a.weights[route.weights + j] if route.weights >= 0 else acc.type(route.weight)
    if route.payload < 0:
        np.add.at(a.ring, target, in_quanta(weight, route.shift, acc) * events[due.sender].astype(acc))
        return
    scale = a.payload.dtype.type(2.0**route.shift)
    for k in range(route.channels):
        change = 2 * (route.payload + k * route.payload_step + rows[due.sender])
        to, since = a.payload[change] * scale, a.payload[change + 1] * scale
        w = weight.astype(a.payload.dtype)
        value = (w * to).astype(acc) - (w * since).astype(acc)
        np.add.at(a.ring, target + k * route.ring_step, value)


def in_quanta(weight: Array, shift: int, acc: np.dtype[np.signedinteger[Any]]) -> Array:
    """Return weights in units of 2^`shift` quanta as whole quanta; those that learn may be finer than quanta."""
    unit = weight.dtype.type
    quanta: Array = weight.astype(acc) << acc.type(max(shift, 0))
    if shift < 0:
        quanta = (weight + unit(1 << -shift - 1) >> unit(-shift)).astype(acc)
    return quanta


def remember(a: SimpleNamespace, h: History, part: slice, now: int) -> None:
    """Record the transmitter of some sources from now on: on or off (pulse > 0), or the number of events."""
    event = a.event_step[h.source :][part] == now
    if h.pulse:
        last = release(a.release_step[h.release :][part], event, now, h.pulse, h.dead)
        value = now - last < h.pulse
    else:
        value = np.where(event, a.event_count[h.source :][part], 0)
    register = a.history[h.base : h.base + h.size * h.words].reshape(h.size, h.words)[part]
    carry = value.astype(np.uint32)
    for k in range(h.words):
        old = register[:, k].copy()
        if h.bits == 32:
            register[:, k], carry = carry, old
        else:
            register[:, k] = old << np.uint32(h.bits) | carry
            carry = old >> np.uint32(32 - h.bits)
