"""Recorded neurons and times of samples, which spikes and traces share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from gpusyn.errors import ArgumentError, ParameterError
from gpusyn.parameters.grid import FLOAT32
from gpusyn.parameters.scalars import instance, integer, one_of, real, show
from gpusyn.parameters.units import as_integers
from gpusyn.utils.calls import Hinting, attribute
from gpusyn.utils.reprs import shortened
from gpusyn.utils.typing import Array, Bools, Floats, Integers

RecordedPart = tuple[str, int, "npt.ArrayLike | None"]

FAR = 1e30  # ms, beyond every time


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


def recorded_time(start: float, stop: float | None, now: float) -> float:
    """Return how long (ms) what records from `start` to `stop` has recorded at the time `now`.

    >>> recorded_time(20.0, 50.0, 10.0), recorded_time(20.0, 50.0, 30.0), recorded_time(20.0, 50.0, 90.0)
    (0.0, 10.0, 30.0)
    """
    return max(0.0, (now if stop is None else min(now, stop)) - start)


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
    ids = as_integers(part[2], f"{where}: local ids", "must be whole numbers", wide=True)
    if ids.shape != (size,):
        raise ParameterError(f"{where}: {show(name)} has {size} neurons, but its ids have shape {ids.shape}")
    return name, size, ids


def _joined(ids: list[Integers], where: str) -> Integers:
    """Return ids of several parts as int64, or all as uint64 if some need it: numpy would make floats of both."""
    wide = any(part.dtype == np.uint64 for part in ids)
    if wide and any(part.size and part.min() < 0 for part in ids):
        raise ParameterError(f"{where}: local ids must be >= 0 if others are above 2^63 - 1")
    kind = np.uint64 if wide else np.int64
    return np.concatenate([np.empty(0, kind), *(part.astype(kind, copy=False) for part in ids)])


def among(ids: Integers, others: Integers) -> Bools:
    """Return which ids are among others, be they int64 or uint64, which numpy would compare as floats.

    >>> among(np.array([2**60 + 1, 2**63], np.uint64), 2**60 + 2**40 * np.arange(100))
    array([False, False])
    """
    return np.isin(ids.astype(np.uint64), others.astype(np.uint64))


class RecordedNeurons:
    """Recorded neurons: parts of populations, in the order of their union."""

    def __init__(self, populations: Sequence[RecordedPart], where: str) -> None:
        rows = "a list of (name, number of neurons, local ids or None)"
        instance(populations, (list, tuple), f"{where}.populations", rows)
        self.parts = tuple(_checked_part(part, f"{where}.populations[{k}]") for k, part in enumerate(populations))
        self.names = tuple(dict.fromkeys(name for name, _, _ in self.parts))
        self.ends = np.cumsum([0, *(size for _, size, _ in self.parts)], dtype=np.int64)[1:]
        self.size = int(self.ends[-1]) if self.parts else 0
        self.local_ids = _joined([ids for _, _, ids in self.parts], where)

    def name_of(self, ids: Integers) -> npt.NDArray[np.str_]:
        """Return the population name of each position."""
        names = np.array([name for name, _, _ in self.parts] or [""])
        return names[np.searchsorted(self.ends, ids, side="right")]

    def positions(self, chosen: Any, where: str) -> Integers:
        """Return the positions of chosen neurons: by name, or as a population or a selection, in its order.

        A whole population stands for those of its neurons that were recorded.

        Raises
        ------
        ArgumentError
            If neither a name nor populations are given.
        ParameterError
            If a neuron of a selection was not recorded.
        UnknownNameError
            If a population was not recorded.
        """
        found = [self._positions_of(name, local, where) for name, local in _named(chosen)]
        return np.concatenate([np.empty(0, np.int64), *found])

    def _positions_of(self, name: Any, local: Integers | None, where: str) -> Integers:
        name = one_of(name, self.names, where)
        sizes = [size for _, size, _ in self.parts]
        recorded = np.flatnonzero(np.repeat([part == name for part, _, _ in self.parts], sizes))
        if local is None:
            return recorded
        local = local.astype(self.local_ids.dtype)
        missing = local[~np.isin(local, self.local_ids[recorded])]
        if missing.size:
            raise ParameterError(
                f"{where}: {len(recorded)} neurons of {name!r} were recorded, but not neuron {missing[0]}; "
                "choose among the recorded ones, or record it"
            )
        order = np.argsort(self.local_ids[recorded], kind="stable")
        return recorded[order[np.searchsorted(self.local_ids[recorded][order], local)]]

    def parts_at(self, positions: Integers) -> list[RecordedPart]:
        """Return the parts that neurons at the given positions form, in their order."""
        part = np.searchsorted(self.ends, positions, side="right")
        groups = np.split(positions, np.flatnonzero(np.diff(part)) + 1) if positions.size else []
        return [(str(self.name_of(group[:1])[0]), len(group), self.local_ids[group]) for group in groups]

    def same(self, other: RecordedNeurons) -> bool:
        """Return True if both hold the same neurons in the same order."""
        return [part[:2] for part in self.parts] == [part[:2] for part in other.parts] and np.array_equal(
            self.local_ids, other.local_ids
        )


def described(parts: Sequence[RecordedPart]) -> str:
    """Return the populations with their recorded sizes, for a repr.

    >>> described([("E", 800, None), ("I", 1, [7])])
    'E (800) + I (1)'
    """
    return " + ".join(shortened(f"{name} ({size})" for name, size, _ in parts)) or "no neurons"


def _named(chosen: Any) -> Iterator[tuple[Any, Integers | None]]:
    """Yield the name of each population of a choice, and the local ids of a part of it (None: the whole).

    Results know no networks: a selection is what has parts that consist of a population and its ids.
    """
    parts = attribute(chosen, "parts")
    if not isinstance(parts, tuple) or not parts or attribute(parts[0], "population") is None:
        yield name_of(chosen), None
        return
    for population, ids in parts:
        yield population.name, None if len(ids) == population.size else ids


def ends_of(start: Any, stop: Any, where: str) -> tuple[float, float]:
    """Return the ends (ms) of an interval (start, stop]; an end that is None lies beyond every time.

    Raises
    ------
    ArgumentError
        If an end is not a number.
    ParameterError
        If `stop` lies before `start`.
    """
    first = -FAR if start is None else real(start, f"{where}.start", unit="ms")
    last = FAR if stop is None else real(stop, f"{where}.stop", unit="ms")
    if last < first:
        raise ParameterError(f"{where}: stop must not lie before start (got {first:g} to {last:g} ms)")
    return first, last


def inside(times: Floats, first: float, last: float) -> slice:
    """Return the sorted times that lie in (first, last]."""
    ends = np.array([first, last])
    begin, end = np.searchsorted(times, ends + slack(ends), side="right")
    return slice(int(begin), int(end))


def slack(times: Floats) -> Floats:
    """Return how far apart (ms) two times may be and still be the same, which were rounded in different ways.

    The time of step 3 is 3 * 0.1 ms, which is more than 0.3 ms by one bit. A time that float32 can hold may have its
    rounding error; see :func:`gpusyn.parameters.grid.off_grid`.
    """
    size = np.abs(times)
    held = times == times.astype(np.float32)
    return np.where(held, np.clip(FLOAT32 * size, 1e-6, 2e-4), 1e-6 + 1e-12 * size)


class RecordedData(Hinting):
    """Base class of spikes and traces: the recorded neurons, and which simulation it was."""

    _KIND = "neurons"  # what is recorded, in words
    _origin = ""  # seed and trial in words; empty for data that were made otherwise

    def __init__(self, populations: Sequence[RecordedPart]) -> None:
        self._neurons = RecordedNeurons(populations, type(self).__name__)

    def _of_simulation(self, origin: str) -> Self:
        """Note which simulation it was, and return the data."""
        self._origin = origin
        return self

    def _columns(self) -> dict[str, Array]:
        """Return what identifies each recorded neuron, or synapse: one array per name."""
        ids = np.arange(self.size)
        neurons = self._neurons
        return {"population": neurons.name_of(ids), "local_id": neurons.local_ids, "id": ids}

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
