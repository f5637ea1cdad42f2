"""``kernels/deliver_spikes.cu`` and ``deliver_changes.cu`` in numpy: synapses add to the sums of their targets."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import NamedTuple

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
    """Events that some synapses may receive: their senders, sources, ages (steps), numbers, and places in the list."""

    sender: Array
    source: Array
    age: Array
    number: Array
    place: Array


class Sent(NamedTuple):
    """Events along a route: the row of each, the block of delays that is due, their numbers, and places in the list."""

    row: Array
    block: Array
    number: Array
    place: Array


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
        for route, sent in sent_along(routes, events):
            deliver(a, route, sent, now)


def _factors(a: SimpleNamespace, route: Route, number: Array, place: Array) -> Array:
    """Return by what some events multiply stored weights along a route: whole numbers, or what they release."""
    factor: Array
    if route.release < 0:
        factor = number.astype(a.ring.dtype) << a.ring.dtype.type(max(route.shift, 0))
    else:
        part = a.spike_release[place.astype(np.int64) * a.slots + route.release]
        factor = part * part.dtype.type(2.0**route.shift)
    return factor


def sent_along(routes: list[tuple[int, Route]], events: Events) -> Iterator[tuple[Route, Sent]]:
    """Yield the routes along which some events are due, and these events."""
    for sender, route in routes:
        late = events.age - route.age
        due = (late >= 0) & (late < route.blocks * route.width) & (late % route.width == 0)
        mine = due & (events.sender == sender) & (route.source <= events.source) & (events.source < route.source_end)
        if mine.any():
            rows = events.source[mine].astype(np.int64) - route.source
            yield route, Sent(rows, late[mine] // route.width, events.number[mine], events.place[mine])


def spikes_of_ages(a: SimpleNamespace, ages: list[int], now: int, end: int) -> Iterator[Events]:
    """Yield the spikes of those ages at which some synapses receive them."""
    age = np.array([age for age in ages if age <= now], np.int64)
    begin = a.spike_begin[now - age & a.step_mask]
    stop = np.where(age, a.spike_begin[now - age + 1 & a.step_mask], end)
    for which, place in pieces.listed(stop - begin, pieces.NEURONS):
        spikes = begin[which] + place & a.spike_mask
        source = a.spike_id[spikes]
        yield Events(a.source_population[source], source, age[which], a.spike_events[spikes], spikes)


def _gate_events(a: SimpleNamespace, now: int) -> Iterator[Events]:
    """Yield the events of the gates that send in this step."""
    for start, stop in pieces.parts(int(a.gate_total[now & 1]), pieces.NEURONS):
        source, place = a.gate_id[start:stop], np.arange(start, stop)
        yield Events(a.source_population[source], source, np.zeros_like(place), np.ones_like(place), place)


def deliver(a: SimpleNamespace, route: Route, sent: Sent, now: int) -> None:
    """Add the weights of the synapses that some events reach to the slots in which they are due."""
    factor = _factors(a, route, sent.number, sent.place)
    for due in due_synapses(a, route, sent):
        _deliver(a, route, sent.row, factor, due, now)


def due_synapses(a: SimpleNamespace, route: Route, sent: Sent) -> Iterator[Due]:
    """Yield the synapses that some events reach."""
    for start, stop in pieces.parts(sent.row.size * route.slices, pieces.SEGMENTS):
        sender, part = np.divmod(np.arange(start, stop), route.slices)
        found = (sent.row[sender] * route.slices + part) * route.row_step + sent.block[sender]
        begin, length = segment_bounds(a, route, found)
        for segment, place in pieces.listed(length, pieces.SYNAPSES):
            yield Due(sender[segment], part[segment], begin[segment] + place)


def segment_bounds(a: SimpleNamespace, route: Route, segments: Array) -> tuple[Array, Array]:
    """Return the places of the first synapses of some segments of a route, and their numbers of synapses."""
    begin = a.segment_begin[route.segments :]
    if route.sizes < 0:
        first = begin[segments].astype(np.int64)
        return first, begin[segments + 1] - first
    every = (route.source_end - route.source) * route.slices * route.row_step
    return segments_in_unary(a.segment_sizes[route.sizes :], begin[: unary_bounds(every)], segments, every)


def _deliver(a: SimpleNamespace, route: Route, rows: Array, factor: Array, due: Due, now: int) -> None:
    """Add the weights of some synapses that are due."""
    j, acc = due.synapse, a.ring.dtype
    target = route.ring + places_in_ring(a, route, due, now, route.mask)
    weight = a.weights[route.weights + j] if route.weights >= 0 else acc.type(route.weight)
    if route.payload < 0:
        by = factor[due.sender]
        weight = in_quanta(weight, route.shift) if route.release < 0 else weight
        np.add.at(a.ring, target, (weight.astype(by.dtype) * by).astype(acc))
        return
    scale = a.payload.dtype.type(2.0**route.shift)
    for k in range(route.channels):
        change = 2 * (route.payload + k * route.payload_step + rows[due.sender])
        to, since = a.payload[change] * scale, a.payload[change + 1] * scale
        w = weight.astype(a.payload.dtype)
        value = (w * to).astype(acc) - (w * since).astype(acc)
        np.add.at(a.ring, target + k * route.ring_step, value)


def in_quanta(weight: Array, shift: int) -> Array:
    """Return weights in units of 2^`shift` quanta, but at least of one: those that learn may be finer."""
    if shift >= 0:
        return weight
    unit = weight.dtype.type
    quanta: Array = weight + unit(1 << -shift - 1) >> unit(-shift)
    return quanta


def places_in_ring(a: SimpleNamespace, route: Route, due: Due, now: int, mask: int) -> Array:
    """Return the places of the sums to which synapses add, in a ring of `mask` + 1 slots."""
    j = due.synapse
    late = unpack_late(a.late[route.late :], route.late_bits, j).astype(np.int64) if route.late >= 0 else 0
    target: Array = a.targets[route.targets + j].astype(np.int64)
    target += (route.slice + due.slice) * route.slice_size + (now + route.ahead + late & mask) * route.stride
    return target


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
