"""Places of each recorder's data in a result file, and the notes for which SONATA has no place.

SONATA stores the spikes of a population under ``/spikes/<population>`` and a frame report under
``/report/<population>``. It does not store which neurons were recorded but silent, the length of the recording, or the
recorder of each item. gpusyn stores these as notes under ``/gpusyn``, which other readers ignore.

If two recorders in one file record the same variable and population, the first uses SONATA's place, and the others are
stored under their own names (``/gpusyn/recorders/<name>/...``; in a directory: ``<name>.<variable>.h5``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gpusyn.errors import ParameterError
from gpusyn.io.hdf5 import hdf5
from gpusyn.results.recorded_neurons import RecordedNeurons, RecordedPart
from gpusyn.utils.typing import Integers

MAGIC, VERSION = 0x0A7A, (0, 1)  # attributes of every SONATA file
FORMAT = 2  # version of the notes under /gpusyn; version 1 has neither provenance nor planned and reached durations
PROGRESS = "gpusyn/progress"
SPIKES = "spikes"


@dataclass(frozen=True)
class RecorderLayout:
    """Description of one recorder for a file.

    Parameters
    ----------
    name : str
        Name of the recorder, unique in the file.
    populations : sequence of (str, int, array_like or None)
        Name, number of neurons and local ids of each part, as for :class:`~gpusyn.results.SpikeData`.
    variables : tuple of str
        Recorded variables; empty for spikes.
    units : mapping of str to str
        Unit of each variable.
    start : float
        Time at which the recording of spikes begins, or time of the first frame of traces (ms).
    every : float
        Time between frames (ms).
    dtypes : mapping of str to dtype
        float32 or float64 for each variable; float32 if not given.
    """

    name: str
    populations: Sequence[RecordedPart]
    variables: tuple[str, ...] = ()
    units: Mapping[str, str] = field(default_factory=dict)
    start: float = 0.0
    every: float = 0.0
    dtypes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_spikes(self) -> bool:
        """True if the recorder records spikes, False if it records variables."""
        return not self.variables

    def neurons(self) -> RecordedNeurons:
        """Return the recorded neurons.

        Raises
        ------
        ParameterError
            If a neuron is recorded twice, or an id is negative.
        """
        neurons = RecordedNeurons(self.populations, f"Recorder {self.name!r}")
        for name in neurons.names:
            local = np.sort(neurons.local_ids[neurons.mask(name, self.name)])
            if len(local) and (local[0] < 0 or np.any(np.diff(local) == 0)):
                raise ParameterError(
                    f"Recorder {self.name!r}: population {name!r} has a neuron twice or a negative id, "
                    "which a file cannot store; record each neuron once"
                )
        return neurons


@dataclass(frozen=True)
class FilePlace:
    """One variable (or the spikes) of one recorder and population, and the group that holds it."""

    variable: str
    population: str
    group: str
    columns: Integers  # positions in the recorded selection, by rising node id
    node_ids: Integers


@dataclass(frozen=True)
class Stored:
    """The part of one recorder's data that is in one file.

    `order` numbers the recorders of a save. `own[i]` is True if variable i is stored under the recorder's own name
    because an earlier recorder uses SONATA's place.
    """

    layout: RecorderLayout
    order: int
    variable_order: tuple[int, ...]
    own: tuple[bool, ...]
    directory: bool

    @property
    def notes(self) -> str:
        """Path of the group with the notes of this recorder."""
        return f"gpusyn/recorders/{group_name(self.layout.name)}"

    def places(self) -> Iterator[FilePlace]:
        """Yield the places in the order of their lengths in the notes: by variable, then by population."""
        neurons = self.layout.neurons()
        for variable, own in zip(self.layout.variables or (SPIKES,), self.own, strict=True):
            for population in neurons.names:
                columns = np.flatnonzero(neurons.mask(population, self.layout.name))
                columns = columns[np.argsort(neurons.local_ids[columns], kind="stable")]
                group = f"{self._root(variable, own)}/{group_name(population)}"
                yield FilePlace(variable, population, group, columns, neurons.local_ids[columns])

    def _root(self, variable: str, own: bool) -> str:
        if variable == SPIKES:
            return f"{self.notes}/spikes" if own and not self.directory else "spikes"
        if self.directory:
            return "report"
        return f"{self.notes if own else 'gpusyn'}/{group_name(variable)}/report"


def arrange(layouts: Sequence[RecorderLayout], directory: bool) -> dict[str, list[Stored]]:
    """Return the contents of each file by file name; the name is ``""`` if the result is a single file."""
    names = [layout.name for layout in layouts]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ParameterError(f"two recorders in one file are named {min(twice)!r}; give one of them another name=")
    taken: set[tuple[str, str]] = set()
    files: dict[str, list[Stored]] = {}
    for order, layout in enumerate(layouts):
        pieces: dict[str, list[tuple[int, str, bool]]] = {}
        for index, variable in enumerate(layout.variables or (SPIKES,)):
            places = {(variable, name) for name in layout.neurons().names}
            own = bool(places & taken)
            taken |= places
            name = f"{layout.name}.{variable}.h5" if own else f"{variable}.h5"
            pieces.setdefault(file_name(name) if directory else "", []).append((index, variable, own))
        for name, piece in pieces.items():
            indices, variables, owns = zip(*piece, strict=True)
            kept = () if layout.is_spikes else variables
            part = RecorderLayout(
                layout.name, layout.populations, kept, layout.units, layout.start, layout.every, layout.dtypes
            )
            files.setdefault(name, []).append(Stored(part, order, indices, owns, directory))
    return files


def write_notes(file: Any, stored: Sequence[Stored]) -> None:
    """Write the notes under ``/gpusyn`` and the file's own attributes.

    ``/gpusyn/progress`` holds the duration of each recorder (ms), then the length of each place. It is updated after
    the data have been written to the file, so it never counts data that are incomplete because the process was killed.
    """
    file.attrs["magic"] = np.uint32(MAGIC)
    file.attrs["version"] = np.array(VERSION, dtype=np.uint32)
    notes = file.create_group("gpusyn")
    notes.attrs["format"] = np.int64(FORMAT)
    notes.attrs["directory"] = np.int64(any(item.directory for item in stored))
    slots = len(stored) + sum(1 for item in stored for _ in item.places())
    file.create_dataset(PROGRESS, data=np.zeros(slots))
    text = hdf5().string_dtype()
    for item in stored:
        group = file.require_group(item.notes)
        layout, neurons = item.layout, item.layout.neurons()
        group.attrs["name"] = layout.name
        group.attrs["order"] = np.int64(item.order)
        group.attrs["start"], group.attrs["every"] = layout.start, layout.every
        group.create_dataset("variables", data=np.array(layout.variables, dtype=object), dtype=text)
        units = [layout.units.get(variable, "") for variable in layout.variables]
        group.create_dataset("units", data=np.array(units, dtype=object), dtype=text)
        group.create_dataset("variable_order", data=np.array(item.variable_order, dtype=np.int64))
        group.create_dataset("own", data=np.array(item.own, dtype=np.uint8))
        names = np.array([name for name, _, _ in neurons.parts], dtype=object)
        group.create_dataset("populations", data=names, dtype=text)
        group.create_dataset("sizes", data=np.array([size for _, size, _ in neurons.parts], dtype=np.int64))
        group.create_dataset("local_ids", data=neurons.local_ids)


def read_notes(file: Any) -> list[Stored] | None:
    """Return the recorders in the notes of a file, in the order of ``/gpusyn/progress``; None without notes."""
    if "gpusyn/recorders" not in file or "gpusyn/progress" not in file:
        return None
    directory = bool(file["gpusyn"].attrs["directory"])
    stored = []
    for group in file["gpusyn/recorders"].values():
        sizes = group["sizes"][:]
        ids = np.split(group["local_ids"][:], np.cumsum(sizes)[:-1]) if len(sizes) else []
        names = group["populations"].asstr()[:]
        populations = [(str(n), int(s), i) for n, s, i in zip(names, sizes, ids, strict=True)]
        variables = tuple(str(variable) for variable in group["variables"].asstr()[:])
        units = {name: str(unit) for name, unit in zip(variables, group["units"].asstr()[:], strict=True)}
        layout = RecorderLayout(
            str(group.attrs["name"]),
            populations,
            variables,
            units,
            float(group.attrs["start"]),
            float(group.attrs["every"]),
        )
        order = tuple(int(index) for index in group["variable_order"][:])
        own = tuple(bool(flag) for flag in group["own"][:])
        stored.append(Stored(layout, int(group.attrs["order"]), order, own, directory))
    return sorted(stored, key=lambda item: item.order)


def group_name(name: str) -> str:
    """Return a name as one component of an HDF5 path."""
    return name.replace("/", "%2F") if name not in (".", "..") else name.replace(".", "%2E")


def file_name(name: str) -> str:
    """Return a name that every file system accepts: ``:``, ``>`` and similar characters become their codes.

    >>> file_name("g_AMPA.h5"), file_name("E:g_AMPA.h5")
    ('g_AMPA.h5', 'E%3Ag_AMPA.h5')
    """
    return re.sub(r"[^\w.+=,@ -]", lambda found: f"%{ord(found[0]):02X}", name)
