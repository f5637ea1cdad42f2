"""Spikes for virtual nodes, from SONATA files in the old layout and the new one, from CSV and from NWB files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from gpusyn.errors import FileError
from gpusyn.io.checked import Group, opened
from gpusyn.io.stored_values import MILLISECONDS, listed
from gpusyn.parameters.grid import off_grid
from gpusyn.parameters.scalars import show
from gpusyn.sonata.attribute_tables import check_lengths
from gpusyn.sonata.circuit import Circuit
from gpusyn.sonata.configured_inputs import SpikeInput
from gpusyn.sonata.findings import Findings, Told
from gpusyn.sonata.grid import next_steps
from gpusyn.sonata.spike_tables import read_csv, read_nwb
from gpusyn.utils.typing import Array, Floats, Integers

__all__ = ["Trains", "on_steps", "read_input"]

Found = tuple[str, Integers, Floats, str, str]  # population, ids, times (ms), places of the ids and of the times


@dataclass(frozen=True)
class Trains:
    """Spikes of one node population: the row and the time (ms) of each."""

    population: str
    rows: Integers
    times: Floats


def read_input(spec: SpikeInput, circuit: Circuit, findings: Findings) -> list[Trains]:
    """Read a spike file for the nodes of its node set, or of its source if they are replayed.

    Parameters
    ----------
    spec : SpikeInput
        Entry of ``inputs``.
    circuit : Circuit
        Circuit that contains the nodes.
    findings : Findings
        Place for notes.

    Returns
    -------
    list of Trains
        One per population, in the order of the file.

    Raises
    ------
    FileError
        If the layout or unit is unknown, an id is not that of a node, or the file names no population although the
        node set has nodes in several.
    """
    wanted = None
    with findings.step():
        key, nodes = ("node_set", spec.node_set) if spec.source is None else ("source", spec.source)
        wanted = circuit.select(nodes, f"{spec.where}.{key}", findings)
    if wanted is None:  # a problem; what is wrong with the file is told too
        check_file(spec)
        raise Told
    trains: list[Trains] = []
    for population, ids, times, where, when in spikes_of(spec, wanted, findings) if wanted else ():
        before = len(findings.problems)
        rows = np.zeros(0, dtype=np.int64)
        with findings.step():
            check_times(times, when)
        with findings.step():
            rows = circuit.nodes[population].rows(ids, where)
        if len(findings.problems) > before:
            continue
        inside = np.isin(rows, wanted[population])
        if not inside.all():
            left = int((~inside).sum())
            findings.note(f"{spec.where}: {left} spikes of nodes outside its node set are not used")
        timely = (times >= spec.start) & (times <= spec.stop)
        if not timely.all():
            findings.note(f"{spec.where}: {(~timely).sum():,} spikes outside of its delay and duration are not used")
        trains.append(Trains(population, rows[inside & timely], times[inside & timely]))
    return trains


def check_file(spec: SpikeInput) -> None:
    """Raise a FileError if a file has no spikes in it, whoever they are of."""
    if spec.layout == "csv":
        read_csv(spec.file)
        return
    with opened(spec.file) as file:
        if spec.layout == "nwb":
            read_nwb(file, spec.group)
        else:
            spikes_group(spec, file)


def spikes_group(spec: SpikeInput, file: Group) -> Group:
    """Return the group of the spikes of a SONATA file."""
    if "spikes" not in file:
        raise FileError(f"{spec.file}: has no group /spikes; give a SONATA spike file")
    return file.group("spikes")


def spikes_of(spec: SpikeInput, wanted: Mapping[str, Integers], findings: Findings) -> Iterator[Found]:
    """Yield the spikes of each population of a file."""
    if spec.layout == "csv":
        yield from named(spec, read_csv(spec.file), wanted, findings)
        return
    with opened(spec.file) as file:
        if spec.layout == "nwb":
            yield from named(spec, read_nwb(file, spec.group), wanted, findings)
            return
        for population, group, column in layout(spikes_group(spec, file), wanted, spec, findings):
            with findings.step():
                with np.errstate(over="ignore"):
                    times = group.numbers("timestamps").astype(np.float64) * unit(group, findings)
                ids = group.integers(column)
                check_lengths(group, times, ids)
                yield population, ids, times, group.where(column), group.where("timestamps")


def named(
    spec: SpikeInput,
    spikes: tuple[Array | None, Integers, Floats],
    wanted: Mapping[str, Integers],
    findings: Findings,
) -> Iterator[Found]:
    """Yield the spikes of each population of a table, whose column of populations may be missing."""
    populations, ids, times = spikes
    if populations is None:
        yield only(wanted, spec), ids, times, str(spec.file), f"{spec.file}: times of spikes"
        return
    names = list(dict.fromkeys(populations.tolist()))
    for name in check_populations(names, wanted, spec, findings) if names else []:
        rows = populations == name
        yield name, ids[rows], times[rows], str(spec.file), f"{spec.file}: times of spikes"


def check_times(times: Floats, where: str) -> None:
    """Raise a FileError if a time is not finite or negative."""
    wrong = ~(np.isfinite(times) & (times >= 0))
    if wrong.any():
        raise FileError(f"{where}: must be finite and >= 0 ms (got {times[wrong][0]:g}); correct the file")


def layout(
    spikes: Group, wanted: Mapping[str, Integers], spec: SpikeInput, findings: Findings
) -> list[tuple[str, Group, str]]:
    """Return (population, group, name of the id column) for each population of a spike file."""
    if "gids" in spikes or "node_ids" in spikes:
        return [(only(wanted, spec), spikes, "gids" if "gids" in spikes else "node_ids")]
    groups = [name for name in spikes.names() if not spikes.is_dataset(name)]
    return [(name, spikes.group(name), "node_ids") for name in check_populations(groups, wanted, spec, findings)]


def only(wanted: Mapping[str, Integers], spec: SpikeInput) -> str:
    """Return the only population of a node set, for files that name none."""
    if len(wanted) != 1:
        raise FileError(
            f"{spec.where}.node_set: {spec.file.name} names no population (as in the old layout, /spikes/gids), "
            f"so the node set must be in one population (it is in {', '.join(wanted)}); choose a smaller node set"
        )
    return next(iter(wanted))


def check_populations(
    names: list[str], wanted: Mapping[str, Integers], spec: SpikeInput, findings: Findings
) -> list[str]:
    """Return the populations of a file that the node set has nodes in; raise a FileError if there are none.

    A note says which others the file has.
    """
    found = [name for name in names if name in wanted]
    if not found:
        raise FileError(
            f"{spec.where}.node_set: it is in {', '.join(wanted)}, but {spec.file} has spikes of {listed(names)}; "
            "rename the group below /spikes or correct the node set"
        )
    others = [name for name in names if name not in wanted]
    if others:
        findings.note(f"{spec.where}: spikes of {listed(others)} in {spec.file}, outside its node set, are not used")
    return found


def unit(group: Group, findings: Findings) -> float:
    """Return the factor that converts the timestamps of a group to milliseconds."""
    name = group.attribute_text("timestamps", "units", default=group.attribute_text("", "units", default=""))
    if not name:
        findings.note(f"{group.where('timestamps')} has no units; milliseconds assumed, as SONATA specifies")
        return 1.0
    if name.strip().lower() not in MILLISECONDS:
        raise group.error("timestamps", f"unknown units {show(name)}; write ms or s")
    return MILLISECONDS[name.strip().lower()]


def on_steps(times: Floats, dt: float, duration: float, where: str, findings: Findings) -> Floats:
    """Return input times on the time grid; notes say how many were moved, and how many come too late.

    >>> findings = Findings()
    >>> on_steps(np.array([0.1, 0.34, 7.0]), 0.1, 5.0, "inputs.x", findings).round(9)
    array([0.1, 0.4, 7. ])
    >>> for sentence in findings.notes:
    ...     print(sentence)
    inputs.x: 1 of 2 spike times off the grid of dt = 0.1 ms; moved up to the next step, by at most 0.06 ms
    inputs.x: 1 of 3 spikes come after the end of the run (5 ms); not used
    """
    moved = next_steps(times, dt)
    inside = moved <= duration + dt / 2
    shifted = inside & (off_grid(times, dt) | (times < 0.5 * dt))
    if shifted.any():
        most = (moved - times)[shifted].max()
        findings.note(
            f"{where}: {shifted.sum():,} of {inside.sum():,} spike times off the grid of dt = {dt:g} ms; "
            f"moved up to the next step, by at most {most:.3g} ms"
        )
    if not inside.all():
        left = int((~inside).sum())
        findings.note(
            f"{where}: {left:,} of {len(times):,} spikes come after the end of the run ({duration:g} ms); not used"
        )
    return moved
