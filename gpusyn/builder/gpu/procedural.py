"""The work of `deliver_procedural` in one step."""

from __future__ import annotations

from gpusyn.builder.gpu.activity import Stream
from gpusyn.builder.gpu.work import WAITS, Elements, Given, Phase, Work
from gpusyn.builder.pathways import one_weight
from gpusyn.builder.rows.row_forms import drawn_bundles, is_numbered
from gpusyn.kernels.occupancy import WARP
from gpusyn.kernels.records import CHOSEN, DIFFERENT, EACH, SOME
from gpusyn.parameters.distributions import Distribution

# Instructions of a synapse: its column by each rule (a quarter or half of a generator call, a logarithm, a division), a
# value that is drawn (a call and a quantile), its place, and its addition to a sum; and those of a row.
_COLUMN = {EACH: 4, SOME: 110, CHOSEN: 60, DIFFERENT: 70}
_VALUE, _PLACE, _ADD, _ROW = 220, 12, 14, 80
# Clocks in which one thread of a block goes from a column to the next: gaps are added up, columns are marked.
_SERIAL = {EACH: 0, SOME: 30, CHOSEN: 0, DIFFERENT: 60}
_THREADS = 128  # of a block


def procedural(given: Given) -> Work:
    """Return the work of `deliver_procedural`."""
    layout, counts, activity = given.layout, given.counts, given.activity
    reached = sums = rows = marked = numbered = payloads = instructions = 0.0
    phases = [Phase(1, near=2)]
    for bundle, form in drawn_bundles(layout):
        of_bundle = [activity.stream(bundle, name) for name in bundle.receptors]
        projection = bundle.pathways[0].projection
        for own in _together(of_bundle):
            events, senders = own[0].events, own[0].senders
            values = isinstance(projection.delay, Distribution) + sum(
                not one_weight(projection, name) for name in bundle.receptors
            )
            channels = sum(s.channels for s in own)
            each = _COLUMN[form.rule] + _PLACE + _VALUE * values + _ADD * channels
            instructions += events / WARP * each + senders * form.spans * _ROW
            reached, sums, rows = reached + events, sums + events * channels, rows + senders
            marked += events * (form.rule == DIFFERENT)
            numbered += senders * is_numbered(projection, layout)
            payloads += senders * sum(2 * s.channels for s in own if s.of_gates)
            if senders:
                length = events / senders / form.spans
                cycles = length * (each * WAITS / _THREADS + _SERIAL[form.rule])
                phases.append(Phase(senders * form.spans, near=6, cycles=cycles))
    sends = sum(activity.sends(gate) for gate in layout.gates.values())
    elements: Elements = {
        "clock": (1, 0), "spike_total": (1, 0), "spike_begin": (2 * counts["sets"], 0),
        "spike_id": (activity.all_spikes * counts["sets"], 0), "spike_events": (rows, 0),
        "gate_total": (1, 0), "gate_id": (sends * counts["sets"], 0), "payload": (payloads, 0),
        "ring": (sums, sums), "sets": (counts["sets"], 0),
        "parts": (counts["drawn parts"], 0), "outputs": (counts["drawn outputs"], 0),
        "ids": (min(reached + 2 * rows, counts["drawn ids"]), 0),
        "row_first": (numbered, 0), "laws": (8 * counts["laws"], 0),
        "seen": (marked, 2 * marked), "chosen": (marked, marked),
    }  # fmt: skip
    return given.work(elements, phases, instructions, atomics=sums)


def _together(streams: list[Stream]) -> list[list[Stream]]:
    """Return streams whose rows are drawn once for all: those of spikes, and of each number of gates."""
    found: dict[tuple[bool, float], list[Stream]] = {}
    for stream in streams:
        found.setdefault((stream.of_gates, stream.senders), []).append(stream)
    return list(found.values())
