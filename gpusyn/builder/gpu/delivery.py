"""The work of `deliver_spikes` in one step."""

from __future__ import annotations

from math import ceil

from gpusyn.builder.gpu.activity import Stream
from gpusyn.builder.gpu.work import SECTOR, WAITS, Elements, Given, Phase, Work
from gpusyn.builder.layout import Layout
from gpusyn.builder.rows.event_driven import ages
from gpusyn.builder.rows.per_synapse import Histories
from gpusyn.builder.specs import most_routes
from gpusyn.kernels.occupancy import WARP

_SEGMENT, _PASS = 70, 24  # instructions of a segment, and of each of its passes over 32 synapses
AHEAD = 4  # passes whose loads are under way together


def delivery(given: Given) -> Work:
    """Return the work of `deliver_spikes`."""
    layout, counts, activity = given.layout, given.counts, given.activity
    streams = [s for s in activity.streams() if not (s.of_gates and s.bundle.shared)]
    gathers = [s for s in activity.streams() if s.of_gates and s.bundle.shared]
    delivered = len(ages(layout))
    by_spikes = activity.all_spikes * delivered * most_routes(layout)  # pairs of a spike of some age and a route
    sends = sum(activity.sends(gate) for gate in layout.gates.values())
    pairs = by_spikes + sends * most_routes(layout)
    histories = _histories(layout)
    h = sum(size for size, _, _ in histories)
    elements: Elements = {
        "clock": (1, 1), "spike_total": (1, 0), "spike_begin": (2 * delivered, 1),
        "spike_id": (by_spikes, 0), "spike_events": (by_spikes, 0),
        "gate_total": (1, 1), "gate_id": (sends * (most_routes(layout) + len(gathers)), 0),
        "source_population": (pairs, 0), "route_begin": (2 * pairs, 0),
        "routes": (counts["routes"], 0), "ages": (delivered, 0),
        "segment_begin": (sum(_bounds_read(s) for s in streams) + 2 * sends * len(gathers), 0),
        "segment_sizes": (sum(_sizes_read(s) for s in streams), 0),
        "targets": (sum(_run(s.events, s.filled, 2) for s in streams), 0),
        "late": (sum(_run(s.events * s.bundle.timing.late_bits / 8, s.filled, 1) for s in streams
                     if s.bundle.timing.late_bits), 0),
        "weights": (sum(_run(s.events, s.filled, layout.numbers.weight_dtype.itemsize) for s in streams
                        if s.own_weights), 0),
        "payload": (sum(2 * s.channels * (s.senders if s in gathers else s.segments)
                        for s in [*streams, *gathers] if s.of_gates), 0),
        "ring": ((ringed := sum(s.events * s.channels for s in [*streams, *gathers])), ringed + counts["shared sums"]),
        "shared": (counts["shared sums"], 0),
        "histories": (counts["histories"], 0),
        "event_step": (h, 0), "event_count": (h, 0),
        "release_step": ((pulsed := sum(size for size, _, pulse in histories if pulse)), pulsed),
        "history": ((words := sum(size * words for size, words, _ in histories)), words),
    }  # fmt: skip
    instructions = (
        20 * pairs + h / WARP * 40
        + sum(_SEGMENT * s.segments + (s.events / WARP + s.filled / 2) * (_PASS + 8 * s.channels) for s in streams)
    )  # fmt: skip
    return given.work(elements, _phases(given, streams, gathers, h), instructions, atomics=ringed)


def _phases(given: Given, streams: list[Stream], gathers: list[Stream], remembered: float) -> list[Phase]:
    """Return the phases of a delivery: all spikes of one age after those of another, changes of gates, histories."""
    layout, activity = given.layout, given.activity
    routes, delivered = most_routes(layout), len(ages(layout))
    sends = sum(activity.sends(gate) for gate in layout.gates.values())
    parts = [
        (activity.all_spikes, delivered, [s for s in streams if not s.of_gates]),
        (sends, 1, [s for s in streams if s.of_gates]),
    ]
    phases = [Phase(1, near=2)]
    for senders, times, own in parts:
        if not senders or not own:
            continue
        used = sum(s.senders for s in own) / senders  # routes of a sender
        each = sum(s.segments for s in own) / (senders * times * max(used, 1.0))  # segments of a pair
        passes = sum(s.events / WARP + s.filled / 2 for s in own) / max(sum(s.segments for s in own), 1e-9)
        far = each * (2 + max(passes - 1, 0) / AHEAD)
        channels = max(s.channels for s in own)
        cycles = each * WAITS * (_SEGMENT / 2 + passes * _PASS / 4 * channels)
        phases.append(Phase(senders * routes, near=4, far=far, cycles=cycles, times=times))
    phases += [Phase(1, near=3 * ceil(s.senders / WARP) / AHEAD) for s in gathers]
    if remembered:
        phases.append(Phase(remembered / WARP, near=4, cycles=40))
    return phases


def _run(elements: float, runs: float, size: int) -> float:
    """Return the elements that are moved to read some in runs of consecutive ones, each in whole sectors."""
    return elements + runs * (SECTOR / size - 1)


def _bounds_read(s: Stream) -> float:
    """Return the words of bounds that are moved to find the segments of a stream: a sector for each."""
    return s.segments * SECTOR / 4


def _sizes_read(s: Stream) -> float:
    """Return the words of sizes in unary that are moved to find the segments of a stream."""
    if not s.bundle.compressed:
        return 0.0
    before = 32 * (1 + s.bundle.expected / max(s.bundle.segments, 1)) / 64  # half of a group of 64
    return s.segments * max(before, SECTOR / 8)


def _histories(layout: Layout) -> list[tuple[int, int, int]]:
    """Return size, words and pulse of each history."""
    return [(h.size, h.words, h.pulse) for h in Histories(layout, 0).records]
