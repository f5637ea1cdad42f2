"""Spikes from files in SONATA's old layout (``/spikes/gids``) and its new one (``/spikes/<population>``)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gpusyn.errors import FileError
from gpusyn.io.checked import Group, opened
from gpusyn.io.stored_values import MILLISECONDS, listed
from gpusyn.parameters.grid import rounding_shift
from gpusyn.parameters.scalars import show
from gpusyn.sonata.attribute_tables import check_lengths
from gpusyn.sonata.circuit import Circuit
from gpusyn.sonata.config import SpikeInput
from gpusyn.utils.typing import Floats, Integers

__all__ = ["Trains", "read_input", "rounding"]


@dataclass(frozen=True)
class Trains:
    """Spikes of one node population: the row and the time (ms) of each."""

    population: str
    rows: Integers
    times: Floats


def read_input(spec: SpikeInput, circuit: Circuit) -> tuple[list[Trains], list[str]]:
    """Read a spike file for the nodes of its node set.

    Parameters
    ----------
    spec : SpikeInput
        Entry of ``inputs``.
    circuit : Circuit
        Circuit that contains the nodes.

    Returns
    -------
    trains : list of Trains
        One per population, in the order of the file.
    notes : list of str
        One sentence for each assumption and omission.

    Raises
    ------
    FileError
        If the layout or unit is unknown, an id is not that of a node, or the file names no population although the
        node set has nodes in several.
    """
    wanted = circuit.select(spec.node_set, f"{spec.where}.node_set")
    notes: list[str] = []
    trains: list[Trains] = []
    with opened(spec.file) as file:
        if "spikes" not in file:
            raise FileError(f"{spec.file}: has no group /spikes; give a SONATA spike file")
        for population, group, column in layout(file.group("spikes"), wanted, spec):
            with np.errstate(over="ignore"):
                times = group.numbers("timestamps").astype(np.float64) * unit(group, notes)
            ids = group.integers(column)
            check_lengths(group, times, ids)
            if not np.isfinite(times).all() or (times < 0).any():
                raise group.error("timestamps", "must be finite and >= 0 ms; correct the file")
            rows = circuit.nodes[population].rows(ids, group.where(column))
            inside = np.isin(rows, wanted[population])
            if not inside.all():
                left = int((~inside).sum())
                notes.append(f"{spec.where}: {left} spikes of nodes outside its node set are not used")
            trains.append(Trains(population, rows[inside], times[inside]))
    return trains, notes


def layout(spikes: Group, wanted: dict[str, Integers], spec: SpikeInput) -> list[tuple[str, Group, str]]:
    """Return (population, group, name of the id column) for each population of a spike file."""
    if "gids" in spikes or "node_ids" in spikes:
        if len(wanted) != 1:
            raise FileError(
                f"{spec.where}.node_set: {spec.file.name} names no population (old layout, /spikes/gids), "
                f"so the node set must be in one population (it is in {', '.join(wanted)}); choose a smaller node set"
            )
        return [(next(iter(wanted)), spikes, "gids" if "gids" in spikes else "node_ids")]
    groups = [name for name in spikes.names() if not spikes.is_dataset(name)]
    found = [(name, spikes.group(name), "node_ids") for name in groups if name in wanted]
    if not found:
        raise FileError(
            f"{spec.where}.node_set: it is in {', '.join(wanted)}, but {spec.file} has spikes of {listed(groups)}; "
            "rename the group below /spikes or correct the node set"
        )
    return found


def unit(group: Group, notes: list[str]) -> float:
    """Return the factor that converts the timestamps of a group to milliseconds."""
    name = group.attribute_text("timestamps", "units", default=group.attribute_text("", "units", default=""))
    if not name:
        notes.append(f"{group.where('timestamps')} has no units; milliseconds assumed, as SONATA specifies")
        return 1.0
    if name.strip().lower() not in MILLISECONDS:
        raise group.error("timestamps", f"unknown units {show(name)}; write ms or s")
    return MILLISECONDS[name.strip().lower()]


def rounding(times: Floats, dt: float, duration: float, where: str) -> list[str]:
    """Return sentences about input spikes that are rounded to the time grid or come too late; often none.

    >>> for sentence in rounding(np.array([0.1, 0.34, 7.0]), 0.1, 5.0, "inputs.x"):
    ...     print(sentence)
    inputs.x: 1 of 2 spike times off the grid of dt = 0.1 ms; rounded to the nearest step, by at most 0.04 ms
    inputs.x: 1 of 3 spikes come after the end of the run (5 ms); not used
    """
    inside = times[times <= duration + dt / 2]
    shift = rounding_shift(inside, dt)
    moved = int(np.count_nonzero(shift))
    notes = []
    if moved:
        notes.append(
            f"{where}: {moved:,} of {len(inside):,} spike times off the grid of dt = {dt:g} ms; "
            f"rounded to the nearest step, by at most {shift.max():.3g} ms"
        )
    if len(inside) < len(times):
        left = len(times) - len(inside)
        notes.append(
            f"{where}: {left:,} of {len(times):,} spikes come after the end of the run ({duration:g} ms); not used"
        )
    return notes
