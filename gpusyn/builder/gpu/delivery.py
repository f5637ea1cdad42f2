"""The work of `deliver_spikes` and `deliver_changes` in one step."""

from __future__ import annotations

from math import ceil

from gpusyn.builder.gpu.activity import Stream
from gpusyn.builder.gpu.work import SECTOR, WAITS, Elements, Given, Phase, Work
from gpusyn.builder.layout import Layout
from gpusyn.builder.plasticity.releases import shared_short_term
from gpusyn.builder.rows.event_driven import ages
from gpusyn.builder.rows.per_synapse import Histories
from gpusyn.builder.specs import most_units
from gpusyn.kernels.occupancy import WARP

_AGES, UNIT = 90, 110  # instructions of a warp that adds up spikes by age, and of finding age and route of a unit
_WARPS = 4096  # of the largest grid, about
_SEGMENT, _PASS = 70, 24  # instructions of a segment, and of each of its passes over 32 synapses
AHEAD = 4  # passes whose loads are under way together, as in `for_row` of kernels/common.cuh


def delivery(given: Given) -> Work:
    """Return the work of `deliver_spikes`."""
    layout, counts, activity = given.layout, given.counts, given.activity
    streams = [s for s in activity.streams() if not s.of_gates]
    delivered = len(ages(layout.bundles))
    spikes = activity.all_spikes * delivered
    units = spikes * most_units(layout, given.kernel)
    histories = _histories(layout)
    h = sum(size for size, _, _ in histories)
    elements = rows_of(given, streams, spikes) | {
        "clock": (1, 1), "spike_total": (1, 0), "spike_begin": (2 * delivered, 1), "ages": (delivered, 0),
        "spike_id": (spikes, 0), "spike_events": (spikes, 0), "spike_release": (_released(streams), 0),
        "ring": ((ringed := sum(s.events for s in streams)), ringed + counts["shared sums"]),
        "shared": (counts["shared sums"], 0),
        "histories": (counts["histories"], 0),
        "event_step": (h, 0), "event_count": (h, 0),
        "release_step": ((pulsed := sum(size for size, _, pulse in histories if pulse)), pulsed),
        "history": ((words := sum(size * words for size, words, _ in histories)), words),
    }  # fmt: skip
    phases = [Phase(1, near=3, cycles=WAITS * _AGES), *phases_of(streams, units)]
    if h:
        phases.append(Phase(h / WARP, near=4, cycles=40))
    instructions = _AGES * min(given.items, _WARPS) + UNIT * units + 40 * h / WARP + adding(streams)
    return given.work(elements, phases, instructions, atomics=ringed)


def changes(given: Given) -> Work:
    """Return the work of `deliver_changes`."""
    layout, activity = given.layout, given.activity
    every = [s for s in activity.streams() if s.of_gates]
    streams, gathers = [s for s in every if not s.bundle.shared], [s for s in every if s.bundle.shared]
    sends = sum(activity.sends(gate) for gate in layout.gates.values())
    units = sends * most_units(layout, given.kernel)
    rows = rows_of(given, streams, sends)
    elements = rows | {
        "clock": (1, 0), "gate_total": (1, 1), "gate_id": (sends * (1 + len(gathers)), 0),
        "segment_begin": (rows["segment_begin"][0] + 2 * sends * len(gathers), 0),
        "payload": (sum(2 * s.channels * (s.senders if s in gathers else s.segments) for s in every), 0),
        "ring": ((ringed := sum(s.events * s.channels for s in every)), ringed),
    }  # fmt: skip
    phases = [Phase(1, near=2), *phases_of(streams, units)]
    phases += [Phase(1, near=1 + 3 * ceil(s.senders / WARP) / AHEAD) for s in gathers]
    return given.work(elements, phases, UNIT * units + adding(streams), atomics=ringed)


def rows_of(given: Given, streams: list[Stream], senders: float) -> Elements:
    """Return what is read to find the rows of some senders, and of the synapses in them."""
    weight, read = given.layout.numbers.weight_dtype.itemsize, [s for s in streams if not s.again]
    return {
        "source_population": (senders, 0), "route_begin": (2 * senders, 0), "routes": (given.counts["routes"], 0),
        "segment_begin": (sum(_bounds_read(s) for s in read), 0),
        "segment_sizes": (sum(_sizes_read(s) for s in read), 0),
        "targets": (sum(run_of(s.events, s.filled, 2) for s in read), 0),
        "late": (sum(run_of(s.events * s.bundle.timing.late_bits / 8, s.filled, 1) for s in read
                     if s.bundle.timing.late_bits), 0),
        "weights": (sum(run_of(s.events, s.filled, weight) for s in streams if s.own_weights), 0),
    }  # fmt: skip


def phases_of(streams: list[Stream], units: float) -> list[Phase]:
    """Return what units of work wait for: first for what tells their segment, then those that have synapses for these.

    A unit finds its event, its population, the routes of that, the unit at which each begins, the fields of one route.
    """
    pieces = sum(_pieces(s) for s in streams if not s.again)
    if not pieces:
        return []
    passes = sum(_passes(s) for s in streams) / pieces
    channels = max(s.channels for s in streams)
    return [
        Phase(units, near=5, cycles=WAITS * UNIT / 2),
        Phase(pieces, far=1 + max(passes / AHEAD, 1.0), cycles=WAITS * (_SEGMENT / 2 + passes * _PASS / 4 * channels)),
    ]


def _pieces(s: Stream) -> float:
    """Return the parts of segments with synapses."""
    return s.filled * s.bundle.parts


def _passes(s: Stream) -> float:
    """Return the passes of 32 synapses: half of one in each part is in vain, on average."""
    return s.events / WARP + _pieces(s) / 2


def adding(streams: list[Stream]) -> float:
    """Return the instructions of finding segments and adding their synapses."""
    segments = sum(s.segments * s.bundle.parts for s in streams if not s.again)
    return _SEGMENT * segments + sum(_passes(s) * (_PASS + 8 * s.channels) for s in streams)


def _released(streams: list[Stream]) -> float:
    """Return the parts of weights that are read, one for each segment that is looked up."""
    plastic = (s for s in streams if not s.again and shared_short_term(s.bundle.pathways[0].projection) is not None)
    return sum(s.segments for s in plastic)


def run_of(elements: float, runs: float, size: int) -> float:
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
