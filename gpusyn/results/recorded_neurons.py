"""Recorded neurons and times of samples, which spikes and traces share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gpusyn.errors import ParameterError
from gpusyn.parameters.scalars import one_of
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


class RecordedNeurons:
    """Recorded neurons: parts of populations, in the order of their union."""

    def __init__(self, populations: Sequence[RecordedPart], where: str) -> None:
        local: list[Integers] = []
        for name, size, given in populations:
            ids = np.arange(size, dtype=np.int64) if given is None else np.asarray(given, dtype=np.int64)
            if ids.shape != (size,):
                raise ParameterError(
                    f"{where}.populations: {name!r} has {size} neurons, but its ids have shape {ids.shape}"
                )
            local.append(ids)
        self.parts = tuple((part[0], part[1], ids) for part, ids in zip(populations, local, strict=True))
        self.names = tuple(dict.fromkeys(name for name, _, _ in self.parts))
        self.ends = np.cumsum([0, *(size for _, size, _ in self.parts)], dtype=np.int64)[1:]
        self.size = int(self.ends[-1]) if self.parts else 0
        self.local_ids = np.concatenate([np.empty(0, np.int64), *local])

    def name_of(self, ids: Integers) -> npt.NDArray[np.str_]:
        """Return the population name of each position."""
        names = np.array([name for name, _, _ in self.parts] or [""])
        return names[np.searchsorted(self.ends, ids, side="right")]

    def mask(self, population: Any, where: str) -> Bools:
        """Return a mask of the positions that belong to a population, given by name or as an object with a name."""
        name = one_of(getattr(population, "name", population), self.names, where)
        return np.repeat([part == name for part, _, _ in self.parts], [size for _, size, _ in self.parts])

    def only(self, population: Any, where: str) -> list[RecordedPart]:
        """Return the parts of one population."""
        name = one_of(getattr(population, "name", population), self.names, where)
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
