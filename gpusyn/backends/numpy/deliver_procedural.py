"""``kernels/deliver_procedural.cu`` in numpy: rows are drawn again at each event, and add to the sums of targets."""

from __future__ import annotations

from types import SimpleNamespace
from typing import NamedTuple

import numpy as np

from gpusyn.kernels.records import CHOSEN, DIFFERENT, EACH, Clock, DrawnOutput, DrawnPart, DrawnSet, read_rows
from gpusyn.kernels.signature import Signature
from gpusyn.numerics.rng import Stream
from gpusyn.numerics.sampling import bernoulli_lists, chosen_columns
from gpusyn.parameters.laws import Law
from gpusyn.utils.typing import Array, Floats, Integers

LAW = 8  # numbers of a law: those of Law, a factor, and a unit


class DrawnTables(NamedTuple):
    """The sets of rows, the parts of targets, and the outputs."""

    sets: list[DrawnSet]
    parts: list[DrawnPart]
    outputs: list[DrawnOutput]


class Events(NamedTuple):
    """Events that are due: their rows, the places of their gates among those of a set, and their numbers."""

    row: Integers
    gate: Integers
    number: Integers


class Synapses(NamedTuple):
    """Drawn synapses: the event to which each belongs, its column, its number, and its delay (steps)."""

    event: Integers
    column: Integers
    number: Integers
    delay: Integers


def prepare_procedural(a: SimpleNamespace, signature: Signature | None) -> DrawnTables:
    """Return the tables as records."""
    return DrawnTables(
        read_rows(a.sets, DrawnSet, int(a.n_sets)), read_rows(a.parts, DrawnPart), read_rows(a.outputs, DrawnOutput)
    )


def deliver_procedural(a: SimpleNamespace, tables: DrawnTables) -> None:
    """Add the synapses of the rows of all events that are due."""
    now = Clock(*a.clock.tolist()).now
    for one in tables.sets:
        events = _events(a, one, now)
        if events.row.size:
            synapses = _draw(a, one, events.row)
            place = _places(a, tables.parts[one.part : one.part_end], synapses.column)
            for output in tables.outputs[one.output : one.output_end]:
                _add(a, output, events, synapses, place, now)


def _events(a: SimpleNamespace, one: DrawnSet, now: int) -> Events:
    """Return the events of a set, without those of sources that have no row."""
    if one.of_gates:
        source = a.gate_id[: a.gate_total[now & 1]]
        number = np.ones(source.size, np.int64)
    else:
        step = now - one.age
        end = int(a.spike_begin[step + 1 & a.step_mask] if one.age else a.spike_total[0])
        begin = int(a.spike_begin[step & a.step_mask]) if step >= 0 else end
        spikes = np.arange(begin, end) & a.spike_mask
        source, number = a.spike_id[spikes], a.spike_events[spikes].astype(np.int64)
    mine = np.flatnonzero((one.source <= source) & (source < one.source_end))
    gate = source[mine].astype(np.int64) - one.source
    row = gate + one.row if one.rows < 0 else a.ids[one.rows + gate].astype(np.int64)
    return Events(row[row >= 0], gate[row >= 0], number[mine][row >= 0])


def _draw(a: SimpleNamespace, one: DrawnSet, row: Integers) -> Synapses:
    """Draw the synapses of rows, which may occur several times."""
    own = row - one.row  # among the sources of the set
    skip = a.ids[one.own + own].astype(np.int64) if one.own >= 0 else np.full(row.size, -1)
    stream, n = Stream(one.key), one.columns
    if one.rule in (CHOSEN, DIFFERENT):
        event, column = chosen_columns(stream, row, one.degree, n, skip, multapses=one.rule == CHOSEN)
    else:
        if one.rule == EACH:
            event, column = np.divmod(np.arange(row.size * n), n)
        else:
            event, column = _set_columns(stream, row, n, float(a.laws[LAW * one.law + 2]))
        kept = column != skip[event]
        event, column = event[kept], column[kept]
    begin = a.row_first[one.first + own] if one.first >= 0 else row * one.degree
    number = begin[event] + _place_in_row(event)
    if one.delay_law < 0:
        return Synapses(event, column, number, np.full(event.size, one.delay))
    values = _values(a, one.delay_law, one.delay_key, number)
    steps = np.maximum(np.rint(values / a.laws[LAW * one.delay_law + 7]), 1).astype(np.int64)
    return Synapses(event, column, number, steps)


def _place_in_row(event: Integers) -> Integers:
    """Return the number of synapses of the same event before each, given the event of each, ascending."""
    return np.arange(event.size) - np.searchsorted(event, event)


def _set_columns(stream: Stream, row: Integers, n: int, p: float) -> tuple[Integers, Integers]:
    """Return the event of each column that is set with probability `p`, and the column."""
    drawn, row_of = np.unique(row, return_inverse=True)
    found, column = bernoulli_lists(stream, drawn, np.full(drawn.size, n), p)
    begin, end = (np.searchsorted(found, drawn, side=side)[row_of] for side in ("left", "right"))
    event = np.repeat(np.arange(row.size), end - begin)
    return event, column[begin[event] + _place_in_row(event)].astype(np.int64)


def _values(a: SimpleNamespace, law: int, key: int, number: Integers) -> Floats:
    """Return the values of numbered synapses."""
    kind, *numbers = a.laws[LAW * law : LAW * law + 6].tolist()
    return Law(int(kind), *numbers).draw(Stream(key), number)


def _places(a: SimpleNamespace, parts: list[DrawnPart], column: Integers) -> Integers:
    """Return the place of each column among the targets, -1 outside of them."""
    place = np.full(column.size, -1)
    for part in parts:
        inside = np.flatnonzero((column >= part.begin) & (column < part.begin + part.size))
        local = column[inside] - part.begin
        place[inside] = part.shift + (a.ids[part.ids + local] if part.ids >= 0 else local)
    return place


def _add(
    a: SimpleNamespace, output: DrawnOutput, events: Events, synapses: Synapses, place: Integers, now: int
) -> None:
    """Add weights times the numbers of events, or times the changes that events of gates carry."""
    acc = a.ring.dtype
    weight: Array = np.full(place.size, output.weight, acc)
    if output.law >= 0:
        factor, unit = a.laws[LAW * output.law + 6 : LAW * output.law + 8]
        weight = np.rint(_values(a, output.law, output.key, synapses.number) * factor * unit).astype(acc)
    slot = now + synapses.delay & output.mask
    target = (output.ring + slot * output.stride + place)[place >= 0]
    weight, event = weight[place >= 0], synapses.event[place >= 0]
    if output.payload < 0:
        np.add.at(a.ring, target, weight * (events.number.astype(acc) << acc.type(output.shift))[event])
        return
    scale, w = a.payload.dtype.type(1 << output.shift), weight.astype(a.payload.dtype)
    for k in range(output.channels):
        change = 2 * (output.payload + k * output.payload_step + events.gate[event])
        to, since = a.payload[change] * scale, a.payload[change + 1] * scale
        np.add.at(a.ring, target + k * output.ring_step, (w * to).astype(acc) - (w * since).astype(acc))
