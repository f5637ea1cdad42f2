"""``kernels/deliver_spikes.cu`` in numpy: spikes go to the rings of their targets, and the step ends."""

from __future__ import annotations

from types import SimpleNamespace
from typing import NamedTuple

import numpy as np

from gpusyn.backends.numpy.spikes import release
from gpusyn.kernels.records import Clock, History, Route, Shared, read_rows
from gpusyn.kernels.signature import Signature
from gpusyn.kernels.synapse_words import decode_synapse
from gpusyn.utils.typing import Array


class Deliveries(NamedTuple):
    """Routes with the numbers of their senders, shared sums, and transmitter histories."""

    routes: list[tuple[int, Route]]
    shared: list[Shared]
    histories: list[History]


def prepare_delivery(a: SimpleNamespace, signature: Signature | None) -> Deliveries:
    """Return the tables as records."""
    routes = read_rows(a.routes, Route, int(a.route_begin[-1]))
    sender = np.repeat(np.arange(a.route_begin.size - 1), np.diff(a.route_begin)).tolist()
    return Deliveries(
        list(zip(sender, routes, strict=True)),
        read_rows(a.shared, Shared, int(a.n_shared)),
        read_rows(a.histories, History, int(a.n_histories)),
    )


def deliver_spikes(a: SimpleNamespace, prepared: Deliveries) -> None:
    """End a step: deliver spikes to the rings of their targets, and advance the histories and the clock."""
    clock = Clock(*a.clock.tolist())
    now, local = clock.now, clock.now - clock.start
    begin, end = int(a.spike_begin[local]), int(a.spike_total[0])
    if end > begin:
        spikes, events = a.spike_id[begin:end], a.spike_events[begin:end]
        senders = a.source_population[spikes]
        for sender, route in prepared.routes:
            mine = (senders == sender) & (spikes >= route.source) & (spikes < route.source_end)
            if mine.any():
                deliver_rows(a, route, spikes[mine].astype(np.int64) - route.source, events[mine], now)
    for s in prepared.shared:
        a.ring[s.base + (now & s.mask)] = 0
    for h in prepared.histories:
        remember(a, h, now)
    a.spike_begin[local + 1] = end
    a.clock[:] = clock._replace(next=now + 1)


def deliver_rows(a: SimpleNamespace, route: Route, rows: Array, events: Array, now: int) -> None:
    """Add the weights of the synapses of some sources to the slots in which they are due."""
    segments = (route.rows + rows[:, None] * route.slices + np.arange(route.slices)).reshape(-1)
    begin = a.row_begin[segments]
    length = a.row_begin[segments + 1] - begin
    ends = np.cumsum(length)
    if not ends[-1]:
        return
    segment = np.repeat(np.arange(segments.size), length)
    j = np.arange(ends[-1]) + (begin - ends + length)[segment]

    target, delay = decode_synapse(a.words[route.words + j].astype(np.int64))
    target += route.ring + segment % route.slices * route.slice_size + ((now + delay) & route.mask) * route.stride
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
