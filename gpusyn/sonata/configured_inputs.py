"""The ``inputs`` section of a SONATA configuration: spikes, currents and voltage clamps for node sets.

Of the modules of BMTK and of the Blue Brain Project, those are read whose meaning does not depend on a simulator. Each
function returns an entry, or refuses it by its key.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gpusyn.parameters.scalars import nearest, real
from gpusyn.sonata.entries import Entry
from gpusyn.sonata.findings import Findings, Told
from gpusyn.sonata.sections import Section
from gpusyn.sonata.word_tables import read_columns
from gpusyn.utils.typing import Floats

__all__ = ["ClampInput", "CurrentInput", "Inputs", "SpikeInput", "read_inputs"]

MOVE = 'leave the input out with "enabled": false, or add it in Python (net.inject, net.drive)'
MOST_PULSES = 10**6
HEAD = ("enabled", "input_type", "module", "node_set")


@dataclass(frozen=True)
class SpikeInput:
    """Spikes from a file, for the nodes of a node set.

    If there is a `source`, its nodes are replayed onto the nodes of the node set; the spikes from `start` to `stop`
    (ms) count.
    """

    name: str
    file: Path
    node_set: Any
    where: str
    layout: str = "h5"
    group: str = ""  # trial of an NWB file
    source: Any = None
    start: float = 0.0
    stop: float = math.inf


@dataclass(frozen=True)
class CurrentInput:
    """A current into the nodes of a node set: values (pA) at times (ms), held or joined by lines, until `stop`."""

    name: str
    node_set: Any
    where: str
    times: Floats
    values: Floats
    interpolation: str = "step"
    stop: float | None = None


@dataclass(frozen=True)
class ClampInput:
    """A voltage clamp of the nodes of a node set: potentials (mV) from given times (ms) on, until `stop`."""

    name: str
    node_set: Any
    where: str
    times: Floats
    values: Floats
    stop: float


Inputs = tuple[SpikeInput | CurrentInput | ClampInput, ...]
Reader = Callable[[Entry, str, bool], SpikeInput | CurrentInput | ClampInput]


def read_inputs(simulation: Section, nanoampere: bool, findings: Findings) -> Inputs:
    """Return the enabled inputs; a current without a unit of its own is in nA if `nanoampere` is true, else in pA."""
    inputs = []
    for name in simulation.section("inputs").data:
        with findings.step():
            section = simulation.section("inputs").section(name)
            if not section.flag("enabled", True):
                findings.note(f"{section.where('enabled')}: false; the input is left out")
                continue
            inputs.append(read_one(Entry(section, findings), name, nanoampere))
    return tuple(inputs)


def read_one(entry: Entry, name: str, nanoampere: bool) -> SpikeInput | CurrentInput | ClampInput:
    """Return one input."""
    types = {kind for kinds, _, _ in MODULES.values() for kind in kinds}
    kind = known(entry, "input_type", tuple(sorted(types)))
    module = known(entry, "module", tuple(MODULES))
    if "node_set" not in entry:
        entry.fault("node_set", "missing; name the node set to which the input belongs")
    if kind not in types or module not in MODULES:  # what else should be there, nobody knows
        raise Told
    kinds, reader, keys = MODULES[module]
    known(entry, "input_type", kinds)
    found = reader(entry, name, nanoampere)
    entry.note_unused((*HEAD, *keys))
    entry.settle()
    return found


def known(entry: Entry, key: str, allowed: tuple[str, ...]) -> str:
    """Return a text that must be one of the allowed ones, whatever its case."""
    given = entry.text(key)
    if given and given.casefold() not in allowed:
        hint = nearest(given, allowed)
        entry.fault(key, f'"{given}" is not known here{hint}; gpusyn reads {", ".join(allowed)}; {MOVE}')
    return given.casefold()


def set_of(entry: Entry) -> Any:
    """Return the node set of an input, as it is written."""
    return entry.data.get("node_set")


def read_spikes(entry: Entry, name: str, nanoampere: bool) -> SpikeInput:
    """Return spikes from a SONATA, CSV or NWB file."""
    layout = {"sonata": "h5"}.get(entry.text("module").casefold(), entry.text("module").casefold())
    trial = entry.text("trial", "") if layout == "nwb" else ""
    return SpikeInput(name, entry.existing("input_file"), set_of(entry), entry.where(), layout, trial)


def read_replay(entry: Entry, name: str, nanoampere: bool) -> SpikeInput:
    """Return spikes of a source that are replayed onto the nodes of the node set alone."""
    key = "spike_file" if "spike_file" in entry else "input_file"
    start, duration = entry.number("delay", "ms", 0.0), entry.number("duration", "ms", math.inf)
    source = entry.data["source"] if "source" in entry else "all"
    stop = start + duration
    return SpikeInput(name, entry.existing(key), set_of(entry), entry.where(), "h5", "", source, start, stop)


def read_pieces(entry: Entry, name: str, nanoampere: bool) -> CurrentInput:
    """Return BMTK's IClamp: amplitudes with delays and durations, or a CSV file of times and amplitudes."""
    factor = amperes(entry, "amp", nanoampere)
    if entry.text("input_type").casefold() in ("csv", "file"):
        columns = (entry.text("timestamps_column", "timestamps"), entry.text("amplitudes_column", "amps"))
        file = entry.existing("file")
        entry.settle()
        table = read_columns(file, entry.data.get("separator", " "), columns)
        times, values = (np.array([real_cell(one, table.where(k)) for k, one in enumerate(table[column])])
                         for column in columns)  # fmt: skip
        if len(times) == 0 or (np.diff(times) <= 0).any() or times[0] < 0:
            entry.fault("file", f"the times of {table.file} must rise, from 0 ms or later; correct it")
        return CurrentInput(name, set_of(entry), entry.where(), times, factor * values)
    amps, starts, lengths = (
        entry.numbers(key, unit) for key, unit in (("amp", "pA"), ("delay", "ms"), ("duration", "ms"))
    )
    entry.settle()
    if len({len(amps), len(starts), len(lengths)}) > 1:
        entry.fault("amp", f"amp, delay and duration must have as many values (got {len(amps)}, {len(starts)} "
                           f"and {len(lengths)}); give one of each for a piece")  # fmt: skip
        entry.settle()
    return pieces(entry, name, factor * amps, starts, lengths)


def pieces(entry: Entry, name: str, amps: Floats, starts: Floats, lengths: Floats) -> CurrentInput:
    """Return a current that is 0 outside of pieces, which must not overlap."""
    order = np.argsort(starts, kind="stable")
    amps, starts, ends = amps[order], starts[order], (starts + lengths)[order]
    if (starts < 0).any() or (lengths <= 0).any():
        entry.fault("delay", "must be >= 0 ms, and each duration above 0 ms; correct them")
    if (starts[1:] < ends[:-1] * (1 - 1e-12)).any():
        entry.fault("delay", "pieces overlap, which simulators understand differently; write them apart")
    times: list[float] = []
    values: list[float] = []
    for amp, start, end in zip(amps.tolist(), starts.tolist(), ends.tolist(), strict=True):
        if times and abs(times[-1] - start) <= 1e-12 * start:
            values[-1] = amp
        else:
            times.append(start)
            values.append(amp)
        times.append(end)
        values.append(0.0)
    return CurrentInput(name, set_of(entry), entry.where(), np.array(times), np.array(values))


def read_linear(entry: Entry, name: str, nanoampere: bool) -> CurrentInput:
    """Return a current (nA in the file) that is constant, or changes linearly from amp_start to amp_end."""
    begin = 1000.0 * entry.number("amp_start", "nA")
    end = 1000.0 * entry.number("amp_end", "nA", begin / 1000.0)
    start, length = window(entry)
    stop = start + length
    if begin == end:
        return CurrentInput(name, set_of(entry), entry.where(), np.array([start, stop]), np.array([begin, 0.0]))
    course = np.array([start, stop]), np.array([begin, end])
    return CurrentInput(name, set_of(entry), entry.where(), *course, "linear", stop)


def read_pulses(entry: Entry, name: str, nanoampere: bool) -> CurrentInput:
    """Return pulses of one amplitude (nA in the file), at a frequency."""
    amp, width, rate = entry.number("amp_start", "nA"), entry.number("width", "ms"), entry.number("frequency", "Hz")
    end = entry.number("amp_end", "nA", amp)
    start, length = window(entry)
    entry.settle()
    if end != amp:
        entry.fault("amp_end", f"must be amp_start, {amp:g} nA: gpusyn has pulses of one amplitude; {MOVE}")
    if width <= 0 or not 0 < width * rate <= 1000.0 or length * rate > 1000.0 * MOST_PULSES:
        entry.fault(
            "width", f"must be above 0 ms and at most 1000 / frequency, of {MOST_PULSES:,} pulses (got {width:g})"
        )
        entry.settle()
    count = math.ceil(length * rate / 1000.0 - 1e-9)
    starts = np.array([start + number * 1000.0 / rate for number in range(count)])
    ends = np.minimum(starts + width, start + length)
    return pieces(entry, name, np.full(len(starts), 1000.0 * amp), starts, ends - starts)


def read_clamp(entry: Entry, name: str, nanoampere: bool) -> ClampInput:
    """Return a voltage clamp: one voltage, or levels one after the other."""
    resistance = next((key for key in ("series_resistance", "rs") if key in entry), None)
    if resistance is not None:
        entry.number(resistance, "MOhm")
        entry.findings.note(f"{entry.where(resistance)}: not used; the clamp of gpusyn is ideal")
    if "amplitudes" in entry or "amps" in entry:
        levels, lengths = (
            entry.numbers("amplitudes" if "amplitudes" in entry else "amps", "mV"),
            entry.numbers("durations", "ms"),
        )
        entry.settle()
        if len(levels) != len(lengths):
            entry.fault("durations", f"must be as many as the levels, {len(levels)} (got {len(lengths)})")
        start = 0.0
    else:
        levels = np.array([entry.number("voltage", "mV")])
        start, length = window(entry)
        lengths = np.array([length])
        entry.settle()
    for level in levels:
        with entry.findings.step():
            real(float(level), entry.where(), unit="mV", potential=True)
    if (lengths <= 0).any():
        entry.fault("durations", "must be above 0 ms; correct them")
    ends = start + np.cumsum(lengths)
    times = np.concatenate([[start], ends[:-1]])
    return ClampInput(name, set_of(entry), entry.where(), times, levels, float(ends[-1]))


def window(entry: Entry) -> tuple[float, float]:
    """Return delay and duration (ms)."""
    start, length = entry.number("delay", "ms"), entry.number("duration", "ms")
    for key, value, least in (("delay", start, 0.0), ("duration", length, math.ulp(0.0))):
        if value < least:
            entry.fault(key, f"must be {'>= 0' if key == 'delay' else 'above 0'} ms (got {value:g})")
    return start, length


def amperes(entry: Entry, key: str, nanoampere: bool) -> float:
    """Return the factor of currents to pA, and say which unit was assumed."""
    unit, simulator = ("nA", "NEURON") if nanoampere else ("pA", "NEST")
    entry.findings.note(f"{entry.where(key)}: in {unit}, as for {simulator} (target_simulator)")
    return 1000.0 if nanoampere else 1.0


def real_cell(text: str, where: str) -> float:
    """Return a number of a table."""
    try:
        return real(float(text), where)
    except ValueError:
        return real(text, where)  # refuses it


# module -> input types that go with it, reader, and keys that the reader uses
MODULES: dict[str, tuple[tuple[str, ...], Reader, tuple[str, ...]]] = {
    "h5": (("spikes",), read_spikes, ("input_file",)),
    "sonata": (("spikes",), read_spikes, ("input_file",)),
    "csv": (("spikes",), read_spikes, ("input_file",)),
    "nwb": (("spikes",), read_spikes, ("input_file", "trial")),
    "replay": (("spikes",), read_replay, ("input_file", "spike_file", "source", "delay", "duration")),
    "synapse_replay": (("spikes",), read_replay, ("input_file", "spike_file", "source", "delay", "duration")),
    "iclamp": (
        ("current_clamp", "csv", "file"), read_pieces,
        ("amp", "delay", "duration", "file", "separator", "timestamps_column", "amplitudes_column"),
    ),
    "linear": (("current_clamp",), read_linear, ("amp_start", "amp_end", "delay", "duration")),
    "pulse": (
        ("current_clamp",), read_pulses, ("amp_start", "amp_end", "width", "frequency", "delay", "duration"),
    ),
    "seclamp": (
        ("voltage_clamp",), read_clamp,
        ("voltage", "delay", "duration", "amplitudes", "amps", "durations", "series_resistance", "rs"),
    ),
}  # fmt: skip
