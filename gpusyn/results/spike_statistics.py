"""Statistics of recorded spikes: counts, rates, trains, intervals and their variability, neuron by neuron."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gpusyn.errors import ArgumentError, ParameterError
from gpusyn.parameters.grid import interval
from gpusyn.parameters.scalars import public, real, show
from gpusyn.results.recorded_neurons import RecordedData, slack
from gpusyn.utils.calls import attribute
from gpusyn.utils.typing import Array, Floats, Integers

MOST_BINS = 10**8


class SpikeStatistics(RecordedData):
    """Methods of :class:`gpusyn.SpikeData` that compute statistics.

    Each takes the neurons and the interval that it looks at. Results for each neuron come in the order of the recorded
    selection, or of the selection that is given.
    """

    times: Floats
    ids: Integers
    duration: float
    start: float

    def _chosen(self, population: Any, start: Any, stop: Any, where: str) -> SpikeStatistics:
        """Return the spikes of the chosen neurons in the chosen interval."""
        raise NotImplementedError

    @public
    def counts(self, population: Any = None, start: float | None = None, stop: float | None = None) -> Integers:
        """Return the number of spikes of each neuron.

        Parameters
        ----------
        population : str, Population or Selection, optional
            Recorded neurons; all of them if omitted.
        start, stop : float, optional
            Interval (start, stop] (ms); the whole recording if omitted.

        Returns
        -------
        ndarray of int64, shape (n_neurons,)
            Number of spikes.

        Raises
        ------
        ArgumentError
            If an argument has the wrong type.
        ParameterError
            If a neuron was not recorded, or `stop` lies before `start`.
        UnknownNameError
            If the population was not recorded.
        """
        chosen = self._chosen(population, start, stop, "SpikeData.counts()")
        return np.bincount(chosen.ids, minlength=chosen.size).astype(np.int64)

    @public
    def rate(self, population: Any = None, start: float | None = None, stop: float | None = None) -> float:
        """Return the mean rate: spikes per neuron and second.

        Parameters
        ----------
        population : str, Population or Selection, optional
            Recorded neurons; all of them if omitted.
        start, stop : float, optional
            Interval (start, stop] (ms); the whole recording if omitted.

        Returns
        -------
        float
            Rate (Hz); nan if nothing was recorded in the interval.

        Raises
        ------
        ArgumentError
            If an argument has the wrong type.
        ParameterError
            If a neuron was not recorded, or `stop` lies before `start`.
        UnknownNameError
            If the population was not recorded.
        """
        chosen = self._chosen(population, start, stop, "SpikeData.rate()")
        exposure = chosen.size * chosen.duration
        return len(chosen.ids) / exposure * 1000.0 if exposure > 0 else math.nan

    @public
    def binned_rate(
        self, bin: float = 5.0, population: Any = None, start: float | None = None, stop: float | None = None
    ) -> tuple[Floats, Floats]:
        """Return the mean rate over time.

        Parameters
        ----------
        bin : float
            Width of a bin (ms), > 0. A last bin that the interval does not fill is left out.
        population : str, Population or Selection, optional
            Recorded neurons; all of them if omitted.
        start, stop : float, optional
            Interval (start, stop] (ms); the whole recording if omitted.

        Returns
        -------
        edges : ndarray of float64, shape (n_bins,)
            Left edge of each bin (ms).
        rate : ndarray of float64, shape (n_bins,)
            Mean rate per neuron in each bin (Hz).

        Raises
        ------
        ArgumentError
            If an argument has the wrong type.
        ParameterError
            If `bin` is not above 0, or gives more than 1e8 bins, a neuron was not recorded, or `stop` lies before
            `start`.
        UnknownNameError
            If the population was not recorded.

        Examples
        --------
        >>> import gpusyn as gs
        >>> spikes = gs.SpikeData([("E", 2, None)], [0.5, 12.0, 13.0], [0, 1, 0], duration=20.0)
        >>> edges, rate = spikes.binned_rate(10.0)
        >>> edges.tolist(), rate.tolist()
        ([0.0, 10.0], [50.0, 100.0])
        """
        width = _width(bin, "SpikeData.binned_rate().bin")
        chosen = self._chosen(population, start, stop, "SpikeData.binned_rate()")
        index, _, count = _binned(chosen, width, "SpikeData.binned_rate().bin")
        edges = np.asarray(chosen.start + np.arange(count) * width)
        spikes = np.bincount(index, minlength=count)
        return edges, np.asarray(spikes / (max(chosen.size, 1) * width) * 1000.0)

    @public
    def trains(self, population: Any = None, start: float | None = None, stop: float | None = None) -> list[Floats]:
        """Return the spike times of each neuron.

        Parameters
        ----------
        population : str, Population or Selection, optional
            Recorded neurons; all of them if omitted.
        start, stop : float, optional
            Interval (start, stop] (ms); the whole recording if omitted.

        Returns
        -------
        list of ndarray of float64
            Spike times (ms) of each neuron, increasing; an empty array for a neuron without spikes.

        Raises
        ------
        ArgumentError
            If an argument has the wrong type.
        ParameterError
            If a neuron was not recorded, or `stop` lies before `start`.
        UnknownNameError
            If the population was not recorded.

        Examples
        --------
        >>> import gpusyn as gs
        >>> spikes = gs.SpikeData([("E", 2, None)], [0.5, 12.0, 13.0], [0, 1, 0], duration=20.0)
        >>> [train.tolist() for train in spikes.trains()]
        [[0.5, 13.0], [12.0]]
        """
        chosen = self._chosen(population, start, stop, "SpikeData.trains()")
        times, owner = _by_neuron(chosen)
        return _split(times, owner, chosen.size)

    @public
    def isi(self, population: Any = None, start: float | None = None, stop: float | None = None) -> list[Floats]:
        """Return the intervals between successive spikes of each neuron.

        Parameters
        ----------
        population : str, Population or Selection, optional
            Recorded neurons; all of them if omitted.
        start, stop : float, optional
            Interval (start, stop] (ms) that holds both spikes; the whole recording if omitted.

        Returns
        -------
        list of ndarray of float64
            Interspike intervals (ms) of each neuron, in the order of time; an empty array for a neuron with fewer than
            two spikes. ``np.concatenate`` joins them.

        Raises
        ------
        ArgumentError
            If an argument has the wrong type.
        ParameterError
            If a neuron was not recorded, or `stop` lies before `start`.
        UnknownNameError
            If the population was not recorded.

        Examples
        --------
        >>> import gpusyn as gs
        >>> spikes = gs.SpikeData([("E", 2, None)], [1.0, 4.0, 5.0, 9.0], [0, 0, 1, 0], duration=20.0)
        >>> [intervals.tolist() for intervals in spikes.isi()]
        [[3.0, 5.0], []]
        """
        chosen = self._chosen(population, start, stop, "SpikeData.isi()")
        return _split(*_intervals(chosen), chosen.size)

    @public
    def cv(self, population: Any = None, start: float | None = None, stop: float | None = None) -> Floats:
        """Return the coefficient of variation of the interspike intervals of each neuron.

        It is the standard deviation of the intervals divided by their mean: 0 for a regular train, 1 for a Poisson
        process. A neuron with few intervals has too small a value on average; if all neurons are alike,
        ``np.concatenate(spikes.isi())`` has the intervals of all.

        Parameters
        ----------
        population : str, Population or Selection, optional
            Recorded neurons; all of them if omitted.
        start, stop : float, optional
            Interval (start, stop] (ms); the whole recording if omitted.

        Returns
        -------
        ndarray of float64, shape (n_neurons,)
            Coefficient of variation; nan for a neuron with fewer than two intervals. ``np.nanmean`` averages the rest.

        Raises
        ------
        ArgumentError
            If an argument has the wrong type.
        ParameterError
            If a neuron was not recorded, or `stop` lies before `start`.
        UnknownNameError
            If the population was not recorded.

        Examples
        --------
        >>> import gpusyn as gs
        >>> spikes = gs.SpikeData([("E", 2, None)], [1.0, 4.0, 5.0, 9.0], [0, 0, 1, 0], duration=20.0)
        >>> spikes.cv()  # intervals of 3 and 5 ms: standard deviation 1, mean 4
        array([0.25,  nan])
        """
        chosen = self._chosen(population, start, stop, "SpikeData.cv()")
        intervals, owner = _intervals(chosen)
        count = np.bincount(owner, minlength=chosen.size)
        mean = _ratio(np.bincount(owner, intervals, chosen.size), count)
        deviation = np.sqrt(_ratio(np.bincount(owner, (intervals - mean[owner]) ** 2, chosen.size), count))
        rounding = float(slack(np.array(chosen.start + chosen.duration)))  # of times, and so of the intervals
        return _ratio(np.where(deviation > rounding, deviation, 0.0), np.where(count >= 2, mean, 0.0))

    @public
    def fano(
        self, window: float, population: Any = None, start: float | None = None, stop: float | None = None
    ) -> Floats:
        """Return the Fano factor of each neuron: variance of its spike counts in windows divided by their mean.

        Parameters
        ----------
        window : float
            Width of the windows (ms), > 0, which follow one another. A last window that the interval does not fill is
            left out.
        population : str, Population or Selection, optional
            Recorded neurons; all of them if omitted.
        start, stop : float, optional
            Interval (start, stop] (ms); the whole recording if omitted.

        Returns
        -------
        ndarray of float64, shape (n_neurons,)
            Fano factor, 1 for a Poisson process; nan for a neuron without spikes in the windows, and if there are fewer
            than two windows.

        Raises
        ------
        ArgumentError
            If an argument has the wrong type.
        ParameterError
            If `window` is not above 0, or gives more than 1e8 windows, a neuron was not recorded, or `stop` lies before
            `start`.
        UnknownNameError
            If the population was not recorded.

        Examples
        --------
        >>> import gpusyn as gs
        >>> spikes = gs.SpikeData([("E", 2, None)], [1.0, 4.0, 5.0, 15.0], [0, 0, 0, 0], duration=20.0)
        >>> spikes.fano(10.0)  # 3 spikes, then 1: variance 1, mean 2
        array([0.5, nan])
        """
        width = _width(window, "SpikeData.fano().window")
        chosen = self._chosen(population, start, stop, "SpikeData.fano()")
        index, ids, windows = _binned(chosen, width, "SpikeData.fano().window")
        # The windows of a neuron that hold spikes: a table of neurons and windows would be far larger.
        held, counts = np.unique(ids * max(windows, 1) + index, return_counts=True)
        owner = held // max(windows, 1)
        total = np.bincount(owner, counts, chosen.size)
        squares = np.bincount(owner, counts**2, chosen.size)
        return _ratio(windows * squares - total**2, windows * total if windows >= 2 else np.zeros(chosen.size))


def _width(value: Any, where: str) -> float:
    """Return the width of bins, which comes before the neurons."""
    if isinstance(value, str) or attribute(value, "parts") is not None:
        raise ArgumentError(
            f"{where}: must be a finite number of ms > 0 (got {show(value)}); it comes first, and population= after it"
        )
    return real(interval(value), where, unit="ms", above=0)


def _binned(chosen: SpikeStatistics, width: float, where: str) -> tuple[Integers, Integers, int]:
    """Return the bin and the neuron of each spike in the full bins, and their number.

    The time of a spike is the end of its step, so bins are closed on the right: (left, right].
    """
    count = int((chosen.duration + float(slack(np.array(chosen.duration)))) / width)
    if count > MOST_BINS:
        raise ParameterError(
            f"{where}: gives {count} bins in {chosen.duration:g} ms, at most {MOST_BINS} allowed (got {width:g}); "
            "give a wider one"
        )
    index = np.ceil((chosen.times - slack(chosen.times) - chosen.start) / width).astype(np.int64) - 1
    kept = (index >= 0) & (index < count)
    return index[kept], chosen.ids[kept], count


def _by_neuron(chosen: SpikeStatistics) -> tuple[Floats, Integers]:
    """Return times and neurons of all spikes, sorted by neuron, then by time."""
    order = np.argsort(chosen.ids, kind="stable")
    return chosen.times[order], chosen.ids[order]


def _intervals(chosen: SpikeStatistics) -> tuple[Floats, Integers]:
    """Return all interspike intervals and their neurons, sorted by neuron, then by time."""
    times, owner = _by_neuron(chosen)
    same = owner[1:] == owner[:-1]
    return np.diff(times)[same], owner[1:][same]


def _split(values: Floats, owner: Integers, size: int) -> list[Floats]:
    """Return one array for each neuron."""
    return np.split(values, np.cumsum(np.bincount(owner, minlength=size))[:-1]) if size else []


def _ratio(a: Array, b: Array) -> Floats:
    """Return a / b, nan where b is 0."""
    ratio = np.full(len(b), np.nan)
    np.divide(a, b, out=ratio, where=b > 0)
    return ratio
