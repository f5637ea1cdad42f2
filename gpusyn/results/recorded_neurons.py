"""Recorded neurons and times of samples, which spikes and traces share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gpusyn.errors import ArgumentError, ParameterError
from gpusyn.parameters.scalars import instance, integer, one_of, show
from gpusyn.parameters.units import as_integers
from gpusyn.utils.calls import attribute
from gpusyn.utils.typing import Bools, Floats, Integers

RecordedPart = tuple[str, int, "npt.ArrayLike | None"]


def sample_times(start: float, every: float, count: int) -> Floats:
    """Return the times of `count` samples, the first at `start` (ms).

    If `start` is a multiple of `every`, the times are ``k * every`` with integer k. They then have the same bits
    whether they are counted from 0, counted from `start`, or read back from a file.

    Parameters
    ----------
    start, every : float
        Time of the first sample, and time between samples (ms).
    count : int
        Number of samples.

    Returns
    -------
    ndarray of float64, shape (count,)
        Times (ms).

    Examples
    --------
    >>> bool(sample_times(0.1, 0.1, 5)[2] == 3 * 0.1)
    True
    """
    index = np.arange(count)
    first = round(start / every) if every > 0 else 0
    if abs(start - first * every) <= 1e-9 * max(every, abs(start)):
        return np.asarray((first + index) * every, dtype=np.float64)
    return np.asarray(start + index * every, dtype=np.float64)


def in_order(times: Floats, ids: Integers) -> tuple[Floats, Integers]:
    """Return spikes sorted by (time, id); return the given arrays if they are already sorted."""
    step = np.diff(times)
    if not np.any((step < 0) | ((step == 0) & (np.diff(ids) < 0))):
        return times, ids
    order = np.lexsort((ids, times))
    return times[order], ids[order]


def name_of(thing: Any) -> Any:
    """Return the name of an object, or what is given instead of one."""
    name = attribute(thing, "name")
    return thing if name is None else name


def _checked_part(part: Any, where: str) -> tuple[str, int, Integers]:
    """Return a part of a recorded selection, its local ids filled in."""
    if not isinstance(part, (list, tuple)) or len(part) != 3:
        raise ArgumentError(f"{where}: must be (name, number of neurons, local ids or None) (got {show(part)})")
    name = instance(part[0], str, f"{where}: name", "a str")
    size = integer(part[1], f"{where}: number of neurons", low=0, high=2**31 - 1)
    if part[2] is None:
        return name, size, np.arange(size, dtype=np.int64)
    ids = as_integers(part[2], f"{where}: local ids", "must be whole numbers")
    if ids.shape != (size,):
        raise ParameterError(f"{where}: {show(name)} has {size} neurons, but its ids have shape {ids.shape}")
    return name, size, ids


class RecordedNeurons:
    """Recorded neurons: parts of populations, in the order of their union."""

    def __init__(self, populations: Sequence[RecordedPart], where: str) -> None:
        rows = "a list of (name, number of neurons, local ids or None)"
        instance(populations, (list, tuple), f"{where}.populations", rows)
        self.parts = tuple(_checked_part(part, f"{where}.populations[{k}]") for k, part in enumerate(populations))
        self.names = tuple(dict.fromkeys(name for name, _, _ in self.parts))
        self.ends = np.cumsum([0, *(size for _, size, _ in self.parts)], dtype=np.int64)[1:]
        self.size = int(self.ends[-1]) if self.parts else 0
        self.local_ids = np.concatenate([np.empty(0, np.int64), *(ids for _, _, ids in self.parts)])

    def name_of(self, ids: Integers) -> npt.NDArray[np.str_]:
        """Return the population name of each position."""
        names = np.array([name for name, _, _ in self.parts] or [""])
        return names[np.searchsorted(self.ends, ids, side="right")]

    def mask(self, population: Any, where: str) -> Bools:
        """Return a mask of the positions that belong to a population, given by name or as an object with a name."""
        name = one_of(name_of(population), self.names, where)
        return np.repeat([part == name for part, _, _ in self.parts], [size for _, size, _ in self.parts])

    def only(self, population: Any, where: str) -> list[RecordedPart]:
        """Return the parts of one population."""
        name = one_of(name_of(population), self.names, where)
        return [part for part in self.parts if part[0] == name]

    def same(self, other: RecordedNeurons) -> bool:
        """Return True if both hold the same neurons in the same order."""
        return [part[:2] for part in self.parts] == [part[:2] for part in other.parts] and np.array_equal(
            self.local_ids, other.local_ids
        )

    def describe(self) -> str:
        """Return the populations with their recorded sizes, for a repr."""
        return " + ".join(f"{name} ({size})" for name, size, _ in self.parts) or "no neurons"


class RecordedData:
    """Base class of spikes and traces: the recorded neurons."""

    def __init__(self, populations: Sequence[RecordedPart]) -> None:
        self._neurons = RecordedNeurons(populations, type(self).__name__)

    @property
    def populations(self) -> tuple[tuple[str, int, Integers], ...]:
        """(name, neurons, local ids) of each part of the recorded selection, in the order of the union."""
        return self._neurons.parts

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the recorded populations."""
        return self._neurons.names

    @property
    def size(self) -> int:
        """Number of recorded neurons."""
        return self._neurons.size
