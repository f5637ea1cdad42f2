"""Recorded spikes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gpusyn.errors import ParameterError
from gpusyn.parameters.grid import interval
from gpusyn.parameters.limits import Limits
from gpusyn.parameters.scalars import public, real
from gpusyn.parameters.units import as_floats, as_integers
from gpusyn.results.recorded_neurons import RecordedData, RecordedPart, in_order
from gpusyn.utils.typing import Floats, Integers

MOST_BINS = 10**8


class SpikeData(RecordedData):
    """Spikes of recorded neurons, sorted by (time, id). Two are equal (``==``) if all their bits are equal.

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
    def counts(self, population: Any = None) -> Integers:
        """Return the number of spikes of each recorded neuron.

        Parameters
        ----------
        population : str or Population, optional
            One of the recorded populations; all of them if omitted.

        Returns
        -------
        ndarray of int64, shape (n_neurons,)
            Number of spikes.

        Raises
        ------
        UnknownNameError
            If the population was not recorded.
        """
        counts = np.bincount(self.ids, minlength=self.size).astype(np.int64)
        return counts if population is None else counts[self._neurons.mask(population, "SpikeData.counts()")]

    @public
    def rate(self, population: Any = None) -> float:
        """Return the mean rate: spikes per recorded neuron and second.

        Parameters
        ----------
        population : str or Population, optional
            One of the recorded populations; all of them if omitted.

        Returns
        -------
        float
            Rate (Hz); nan if no time has passed or no neuron was recorded.

        Raises
        ------
        UnknownNameError
            If the population was not recorded.
        """
        counts = self.counts(population)
        exposure = len(counts) * self.duration
        return float(counts.sum()) / exposure * 1000.0 if exposure > 0 else math.nan

    @public
    def binned_rate(self, bin: float = 5.0, population: Any = None) -> tuple[Floats, Floats]:
        """Return the mean rate over time.

        Parameters
        ----------
        bin : float
            Width of a bin (ms), > 0. A last bin that the recording does not fill is left out.
        population : str or Population, optional
            One of the recorded populations; all of them if omitted.

        Returns
        -------
        edges : ndarray of float64, shape (n_bins,)
            Left edge of each bin (ms).
        rate : ndarray of float64, shape (n_bins,)
            Mean rate per neuron in each bin (Hz).

        Raises
        ------
        ParameterError
            If `bin` is not above 0, or gives more than 1e8 bins.
        UnknownNameError
            If the population was not recorded.

        Examples
        --------
        >>> spikes = SpikeData([("E", 2, None)], [0.5, 12.0, 13.0], [0, 1, 0], duration=20.0)
        >>> edges, rate = spikes.binned_rate(10.0)
        >>> edges.tolist(), rate.tolist()
        ([0.0, 10.0], [50.0, 100.0])
        """
        width = real(interval(bin), "SpikeData.binned_rate().bin", unit="ms", above=0)
        chosen = self if population is None else self[population]
        count = int(self.duration / width + 1e-9)
        if count > MOST_BINS:
            raise ParameterError(
                f"SpikeData.binned_rate().bin: gives {count} bins in {self.duration:g} ms, at most {MOST_BINS} allowed "
                f"(got {width:g}); give a wider bin"
            )
        # The time of a spike is the end of its step, so bins are closed on the right: (left, right].
        index = np.ceil((chosen.times - self.start) / width - 1e-9).astype(np.int64) - 1
        inside = index[(index >= 0) & (index < count)]
        edges = np.asarray(self.start + np.arange(count) * width)
        spikes = np.bincount(inside, minlength=count)
        return edges, np.asarray(spikes / (max(chosen.size, 1) * width) * 1000.0)

    def __getitem__(self, population: Any) -> SpikeData:
        """Return the spikes of one population; ids are positions among its recorded neurons."""
        keep = self._neurons.mask(population, "SpikeData")
        position = np.cumsum(keep) - 1
        chosen = keep[self.ids]
        parts = self._neurons.only(population, "SpikeData")
        return SpikeData(parts, self.times[chosen], position[self.ids[chosen]], self.duration, self.start)

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
        return f"SpikeData({len(self)} spikes of {self._neurons.describe()}, {span})"

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
    def to_neo(self) -> Any:
        """Return a ``neo.Segment`` whose ``spiketrains`` hold one train per neuron, built on access.

        Returns
        -------
        neo.Segment
            Times in ms; the populations and local ids of the neurons are its annotations.

        Raises
        ------
        MissingDependencyError
            If neo is not installed.
        """
        from gpusyn.results.export import spikes_to_neo

        return spikes_to_neo(self)
