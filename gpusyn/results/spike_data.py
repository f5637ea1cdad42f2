"""Recorded spikes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gpusyn.errors import ParameterError
from gpusyn.parameters.limits import Limits
from gpusyn.parameters.scalars import public, real
from gpusyn.parameters.units import as_floats, as_integers
from gpusyn.results.recorded_neurons import RecordedPart, described, ends_of, in_order, inside
from gpusyn.results.spike_statistics import SpikeStatistics
from gpusyn.utils.typing import Integers


class SpikeData(SpikeStatistics):
    """Spikes of recorded neurons, sorted by (time, id). Two are equal (``==``) if all their bits are equal.

    Neurons are chosen by the name of a population, or as a population or a selection, as in ``spikes["E"]``,
    ``spikes[E[:10]]`` and ``spikes.rate(E)``. A whole population stands for those of its neurons that were recorded.

    Parameters
    ----------
    populations : sequence of (str, int, array_like or None)
        Name, number of recorded neurons and their local ids (None: all, 0 to n-1), in the order of the union.
    times : array_like, shape (n_spikes,)
        Spike times (ms).
    ids : array_like, shape (n_spikes,)
        Position of each spike's neuron in the recorded selection.
    duration : float
        Length of the recording (ms).
    start : float
        Time at which the recording began (ms).

    Attributes
    ----------
    times : ndarray of float64, shape (n_spikes,)
        Spike times (ms), increasing.
    ids : ndarray of int64, shape (n_spikes,)
        Position of each spike's neuron in the recorded selection.
    duration, start : float
        Length of the recording and time at which it began (ms).

    Raises
    ------
    ArgumentError
        If an argument has the wrong type.
    ParameterError
        If lengths differ, a number is not finite, or an id is not a position in the selection.

    Examples
    --------
    >>> spikes = SpikeData([("E", 4, None), ("I", 1, [7])], [2.0, 1.0, 2.0], [4, 2, 0], duration=100.0)
    >>> spikes
    SpikeData(3 spikes of E (4) + I (1), 0 to 100 ms)
    >>> spikes.times.tolist(), spikes.ids.tolist(), spikes.local_ids.tolist()
    ([1.0, 2.0, 2.0], [2, 0, 4], [2, 0, 7])
    >>> spikes.rate("E"), spikes.rate("I"), spikes.rate()
    (5.0, 10.0, 6.0)
    >>> spikes["I"].times.tolist()
    [2.0]
    """

    @public
    def __init__(
        self,
        populations: Sequence[RecordedPart],
        times: npt.ArrayLike,
        ids: npt.ArrayLike,
        duration: float,
        start: float = 0.0,
    ) -> None:
        super().__init__(populations)
        time = as_floats(times, "SpikeData.times", "ms", "must be times in ms", copy=False)
        index = as_integers(ids, "SpikeData.ids", "must be positions of neurons")
        if time.ndim != 1 or time.shape != index.shape:
            raise ParameterError(
                f"SpikeData: times and ids must be one-dimensional and have the same length "
                f"(got shapes {time.shape} and {index.shape})"
            )
        if len(index) and not (index.min() >= 0 and index.max() < self._neurons.size):
            raise ParameterError(
                f"SpikeData.ids: must be positions among the {self._neurons.size} recorded neurons "
                f"(got {index.min()} to {index.max()})"
            )
        Limits("ms").check(time, "SpikeData.times")
        self.times, self.ids = in_order(time, index)
        self.duration = real(duration, "SpikeData.duration", unit="ms", low=0.0)
        self.start = real(start, "SpikeData.start", unit="ms")

    @property
    def population(self) -> npt.NDArray[np.str_]:
        """Population name of each spike, shape (n_spikes,)."""
        return self._neurons.name_of(self.ids)

    @property
    def local_ids(self) -> Integers:
        """Id of each spike's neuron in its own population, shape (n_spikes,)."""
        return self._neurons.local_ids[self.ids]

    @public
    def between(self, start: float | None = None, stop: float | None = None) -> SpikeData:
        """Return the spikes of an interval of the recording.

        Parameters
        ----------
        start, stop : float, optional
            Interval (start, stop] (ms), open at its start as in NEST; it ends where the recording does.

        Returns
        -------
        SpikeData
            Spikes of the same neurons; its `start` and `duration` are those of the interval.

        Raises
        ------
        ArgumentError
            If an argument is not a number.
        ParameterError
            If `stop` lies before `start`.

        Examples
        --------
        >>> spikes = SpikeData([("E", 2, None)], [10.0, 20.0, 35.0], [0, 1, 1], duration=100.0)
        >>> spikes.between(10.0, 35.0)
        SpikeData(2 spikes of E (2), 10 to 35 ms)
        >>> spikes.rate(), spikes.between(stop=50.0).rate(), spikes.rate(stop=50.0)
        (15.0, 30.0, 30.0)
        """
        return self._between(start, stop, "SpikeData.between()")

    def _between(self, start: Any, stop: Any, where: str) -> SpikeData:
        ends = self.start, self.start + self.duration
        first, last = np.clip(ends_of(start, stop, where), *ends).tolist()
        part = inside(self.times, first, last)
        found = SpikeData(self.populations, self.times[part], self.ids[part], last - first, first)
        return found._of_simulation(self._origin)

    def __getitem__(self, population: Any) -> SpikeData:
        """Return the spikes of a population or a selection; ids are positions among its recorded neurons."""
        return self._of(population, "SpikeData[...]")

    def _of(self, population: Any, where: str) -> SpikeData:
        positions = self._neurons.positions(population, where)
        new = np.full(self.size, -1)
        new[positions] = np.arange(len(positions))
        ids = new[self.ids]
        kept = ids >= 0
        parts = self._neurons.parts_at(positions)
        found = SpikeData(parts, self.times[kept], ids[kept], self.duration, self.start)
        return found._of_simulation(self._origin)

    def _chosen(self, population: Any, start: Any, stop: Any, where: str) -> SpikeData:
        chosen = self if start is None and stop is None else self._between(start, stop, where)
        return chosen if population is None else chosen._of(population, f"{where}.population")

    def __len__(self) -> int:
        return len(self.times)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SpikeData):
            return NotImplemented
        return (
            self._neurons.same(other._neurons)
            and (self.start, self.duration) == (other.start, other.duration)
            and np.array_equal(self.times, other.times)
            and np.array_equal(self.ids, other.ids)
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        span = f"{self.start:g} to {self.start + self.duration:g} ms"
        return f"SpikeData({len(self)} spikes of {described(self.populations)}, {span})"

    @public
    def to_pandas(self) -> Any:
        """Return a ``pandas.DataFrame`` with one row per spike.

        Returns
        -------
        pandas.DataFrame
            Columns time (ms), population (categorical), local_id and id.

        Raises
        ------
        MissingDependencyError
            If pandas is not installed.
        """
        from gpusyn.results.export import spikes_to_pandas

        return spikes_to_pandas(self)

    @public
    def to_neo(self, name: str | None = None) -> Any:
        """Return a ``neo.Block`` with one segment that has one spike train per recorded neuron.

        Elephant analyses the trains ``block.segments[0].spiketrains``, and ``neo.io.NWBIO("run.nwb", mode="w")`` writes
        blocks of different names with ``write_all_blocks([block, ...])``; Neo reads blocks of one name as one.

        Parameters
        ----------
        name : str, optional
            Name of the block and of its segment; by default ``"spikes of E+I, seed 1, trial 3"``, with the recorded
            populations.

        Returns
        -------
        neo.Block
            Trains in ms, named as ``"E[12]"`` and annotated with ``population``, ``local_id`` and ``id``. A file in NWB
            keeps their names.

        Raises
        ------
        ArgumentError
            If the name is not a str.
        MissingDependencyError
            If neo is not installed.
        """
        from gpusyn.results.export import spikes_to_neo

        return spikes_to_neo(self, name)
