"""Places of each recorder's data in a result file, and the notes for which SONATA has no place.

SONATA stores the spikes of a population under ``/spikes/<population>`` and a frame report under
``/report/<population>``. It does not store which neurons were recorded but silent, the length of the recording, or the
recorder of each item. gpusyn stores these as notes under ``/gpusyn``, which other readers ignore.

If two recorders in one file record the same variable and population, the first uses SONATA's place, and the others are
stored under their own names (``/gpusyn/recorders/<name>/...``; in a directory: ``<name>.<variable>.h5``).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

import numpy as np

from gpusyn.errors import ParameterError
from gpusyn.io.checked import Group
from gpusyn.io.formats import check_format
from gpusyn.io.hdf5 import hdf5
from gpusyn.io.stored_values import whole
from gpusyn.results.recorded_neurons import RecordedNeurons, RecordedPart
from gpusyn.utils.typing import Array, Integers

MAGIC, VERSION = 0x0A7A, (0, 1)  # attributes of every SONATA file
FORMAT = 2  # of the notes under /gpusyn; format 1 has neither provenance nor planned and reached durations
PROGRESS = "gpusyn/progress"
SPIKES = "spikes"
PAIR = ("pre", "post")  # datasets in the notes of synapses


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
    stop : float, optional
        Time at which the recording of spikes ends (ms); it goes on without end if not given. A file stores the length
        of the recording instead.
    pairs : (ndarray of int64, ndarray of int64), optional
        Pre- and postsynaptic neurons of recorded synapses, as positions in the selections of their projection. The
        projection then stands for a population, and the numbers of the synapses for local ids.
    """

    name: str
    populations: Sequence[RecordedPart]
    variables: tuple[str, ...] = ()
    units: Mapping[str, str] = field(default_factory=dict)
    start: float = 0.0
    every: float = 0.0
    dtypes: Mapping[str, Any] = field(default_factory=dict)
    stop: float | None = None
    pairs: tuple[Integers, Integers] | None = None

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
            local = np.sort(neurons.local_ids[neurons.positions(name, self.name)])
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
    node_ids: Integers  # uint64 if one needs it
    ids: str = "node_ids"  # dataset of the neuron of each spike
    milliseconds: float = 1.0  # in the unit of the spike times


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
                columns = neurons.positions(population, self.layout.name)
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
            part = replace(layout, variables=kept)
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
    for item in stored:
        group = file.require_group(item.notes)
        layout, neurons = item.layout, item.layout.neurons()
        group.attrs["name"] = fixed_texts([layout.name])
        group.attrs["order"] = np.int64(item.order)
        group.attrs["start"], group.attrs["every"] = layout.start, layout.every
        group.create_dataset("variables", data=fixed_texts(layout.variables))
        units = [layout.units.get(variable, "") for variable in layout.variables]
        group.create_dataset("units", data=fixed_texts(units))
        group.create_dataset("variable_order", data=np.array(item.variable_order, dtype=np.int64))
        group.create_dataset("own", data=np.array(item.own, dtype=np.uint8))
        group.create_dataset("populations", data=fixed_texts([name for name, _, _ in neurons.parts]))
        group.create_dataset("sizes", data=np.array([size for _, size, _ in neurons.parts], dtype=np.int64))
        group.create_dataset("local_ids", data=neurons.local_ids)
        for name, ids in zip(PAIR, layout.pairs or (), strict=False):
            group.create_dataset(name, data=ids)


def fixed_texts(texts: Sequence[str]) -> Array:
    """Return strings as h5py stores them with fixed length, in UTF-8.

    A damaged file with strings of variable length can keep HDF5 busy for ever (see gpusyn.io.heap_check), and a file
    that is being written cannot be checked for that.
    """
    encoded = [text.encode("utf-8") for text in texts]
    return np.array(encoded, dtype=hdf5().string_dtype("utf-8", max([1, *map(len, encoded)])))


@dataclass(frozen=True)
class Noted:
    """Notes about one recorder: its contents, their places, its duration (ms) and the length of each place."""

    stored: Stored
    places: tuple[FilePlace, ...]
    duration: float
    counts: tuple[int, ...]


def read_notes(file: Group) -> list[Noted] | None:
    """Return the notes about each recorder of a file, in their order; None without notes.

    Raises
    ------
    FileError
        If the notes are damaged, or a newer version of gpusyn wrote them.
    """
    if "gpusyn/recorders" not in file or PROGRESS not in file:
        return None
    check_format(file, "gpusyn", FORMAT)
    directory = bool(file.attribute_number("gpusyn", "directory"))
    recorders = file.group("gpusyn/recorders")
    found = [_read_recorder(recorders.group(name), directory) for name in recorders.names()]
    found.sort(key=lambda entry: entry[0].order)
    if len({stored.layout.name for stored, _ in found}) < len(found):
        raise recorders.error("", "two recorders have the same name; the file is damaged")
    progress = file.finite(PROGRESS, len(found) + sum(len(places) for _, places in found))
    counts = iter(whole(progress[len(found) :], file.where(PROGRESS)).tolist())
    return [
        Noted(stored, places, duration, tuple(islice(counts, len(places))))
        for (stored, places), duration in zip(found, progress[: len(found)].tolist(), strict=True)
    ]


def _read_recorder(group: Group, directory: bool) -> tuple[Stored, tuple[FilePlace, ...]]:
    sizes, local = group.integers("sizes"), group.ids("local_ids")
    names, variables = group.texts("populations"), tuple(group.texts("variables"))
    units = group.texts("units")
    order, own = group.integers("variable_order"), group.integers("own")
    expected = max(1, len(variables))
    # Compared one by one: a sum of damaged sizes may overflow.
    total = sum(sizes.tolist())
    if (len(names), total, len(units)) != (len(sizes), len(local), len(variables)) or {len(order), len(own)} != {
        expected
    }:
        raise group.error("", "the lengths of its notes do not agree; the file is damaged")
    parts = np.split(local, np.cumsum(sizes)[:-1]) if len(sizes) else []
    layout = RecorderLayout(
        group.attribute_text("", "name"),
        list(zip(names, sizes.tolist(), parts, strict=True)),
        variables,
        dict(zip(variables, units, strict=True)),
        group.attribute_number("", "start"),
        group.attribute_number("", "every"),
    )
    if "pre" in group:
        pre, post = (group.integers(name) for name in PAIR)
        if len(names) != 1 or not variables or {len(pre), len(post)} != {total}:
            raise group.error("", "the lengths of its notes do not agree; the file is damaged")
        layout = replace(layout, pairs=(pre, post))
    if variables and layout.every <= 0:
        raise group.error("", f"attribute every: must be above 0 (got {layout.every:g}); the file is damaged")
    numbers = tuple(order.tolist()), tuple(map(bool, own))
    stored = Stored(layout, int(group.attribute_number("", "order")), *numbers, directory)
    try:
        return stored, tuple(stored.places())
    except ParameterError as error:
        raise group.error("", f"{error}; the file is damaged") from None


def report_end(start: float, every: float, frames: int) -> float:
    """Return the time at which a report ends, from which every reader gets the number of its frames back.

    Some of them cut ``(end - start) / every`` off to a whole number.

    >>> 3 * 0.1, report_end(0.0, 0.1, 3), int((report_end(0.3, 0.1, 7) - 0.3) / 0.1), int((0.3 + 7 * 0.1 - 0.3) / 0.1)
    (0.30000000000000004, 0.30000000000000004, 7, 6)
    """
    end = start + frames * every
    short = every > 0 and (end - start) / every < frames
    return math.nextafter(end, math.inf) if short else end


def group_name(name: str) -> str:
    """Return a name as one component of an HDF5 path."""
    return name.replace("/", "%2F") if name not in (".", "..") else name.replace(".", "%2E")


def file_name(name: str) -> str:
    """Return a name that every file system accepts: ``:``, ``>`` and similar characters become their codes.

    >>> file_name("g_AMPA.h5"), file_name("E:g_AMPA.h5")
    ('g_AMPA.h5', 'E%3Ag_AMPA.h5')
    """
    return re.sub(r"[^\w.+=,@ -]", lambda found: f"%{ord(found[0]):02X}", name)
