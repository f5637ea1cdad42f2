"""Plots of spikes: raster, rates over time, and distributions of rates and CVs."""

from __future__ import annotations

from typing import Any

import numpy as np

from gpusyn.parameters.scalars import public, real
from gpusyn.plot.panels import add_legend, checked_spikes, looks, make_room, panels_of, tidy, time_axis
from gpusyn.results.spike_data import SpikeData
from gpusyn.utils.typing import Array

MOST_DOTS = 200_000
DISTRIBUTION_BINS = 30
FEW_SPIKES = 10


@public
def raster(spikes: SpikeData, ax: Any = None, *, start: float | None = None, stop: float | None = None) -> Any:
    """Draw a dot for each spike: time on the x axis, neurons on the y axis, one colour per population.

    Parameters
    ----------
    spikes : SpikeData
        Data of a spike recorder.
    ax : matplotlib Axes, optional
        Axes to draw into; a new figure if omitted.
    start, stop : float, optional
        Interval (start, stop] (ms) to draw; the whole recording if omitted.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ArgumentError
        If `spikes` is not a SpikeData.
    ParameterError
        If `stop` lies before `start`.
    MissingDependencyError
        If matplotlib is not installed.

    Notes
    -----
    Of more than 200,000 spikes, those of every second (third, ...) neuron are drawn, and the axis label says so.
    """
    data = checked_spikes(spikes, "plot.raster()").between(start, stop)
    axes = panels_of(ax, 1, "plot.raster()")[0]
    stride = max(1, -(-len(data) // MOST_DOTS))
    size = float(np.clip(600 / max(data.size, 1), 1.5, 6))
    population = data.population
    for name, colour, _ in looks(data):
        drawn = (population == name) & (data.ids % stride == 0)
        dots = {"marker": ".", "markersize": size, "markeredgewidth": 0, "linestyle": "none"}
        axes.plot(data.times[drawn], data.ids[drawn], color=colour, label=name, rasterized=True, **dots)
    time_axis(axes, data)
    axes.set_ylim(-0.5, max(data.size, 1) - 0.5)
    axes.set_ylabel("neuron" if stride == 1 else f"neuron (1 in {stride} drawn)")
    add_legend(axes, data.names, markerscale=12 / size)
    if ax is None:
        make_room([axes])
    return axes


@public
def rates(
    spikes: SpikeData,
    ax: Any = None,
    bin: float | None = None,
    *,
    start: float | None = None,
    stop: float | None = None,
) -> Any:
    """Draw the mean rate of each population over time.

    Parameters
    ----------
    spikes : SpikeData
        Data of a spike recorder.
    ax : matplotlib Axes, optional
        Axes to draw into; a new figure if omitted.
    bin : float, optional
        Width of a bin (ms), > 0; by default 1 % of the interval, between 1 and 50 ms, or up to five times as much if a
        bin held fewer than ten spikes of a population.
    start, stop : float, optional
        Interval (start, stop] (ms) to draw; the whole recording if omitted.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ArgumentError
        If `spikes` is not a SpikeData.
    ParameterError
        If `bin` is not above 0, or `stop` lies before `start`.
    MissingDependencyError
        If matplotlib is not installed.
    """
    data = checked_spikes(spikes, "plot.rates()").between(start, stop)
    axes = panels_of(ax, 1, "plot.rates()")[0]
    width = _bin_width(data) if bin is None else real(bin, "plot.rates().bin", unit="ms", above=0.0)
    for name, colour, style in looks(data):
        edges, rate = data.binned_rate(width, name)
        edges = np.append(edges, data.start + len(edges) * width)
        label = f"{name}: {data.rate(name):.3g} Hz"
        axes.stairs(rate, edges, baseline=None, color=colour, linestyle=style, linewidth=1.2, label=label)
    time_axis(axes, data)
    axes.set_ylim(bottom=0)
    axes.set_ylabel(f"rate (Hz),\n{width:g} ms bins")
    add_legend(axes, data.names)
    if ax is None:
        make_room([axes])
    return axes


def _bin_width(data: SpikeData) -> float:
    """Return a width of bins (ms) that hold enough spikes for lines that can be told apart."""
    width = float(np.clip(data.duration / 100, 1.0, 50.0))
    spikes = len(data) / max(len(data.names), 1) * width / max(data.duration, 1e-3)  # of a population in a bin
    return width * next((factor for factor in (1, 2, 4) if factor * spikes >= FEW_SPIKES), 5)


@public
def distributions(
    spikes: SpikeData, ax: Any = None, *, start: float | None = None, stop: float | None = None
) -> list[Any]:
    """Draw how the rates and the CVs of the interspike intervals are distributed over the neurons of each population.

    Parameters
    ----------
    spikes : SpikeData
        Data of a spike recorder.
    ax : sequence of two matplotlib Axes, optional
        Axes to draw into; a new figure if omitted.
    start, stop : float, optional
        Interval (start, stop] (ms) to draw; the whole recording if omitted.

    Returns
    -------
    list of matplotlib Axes
        One for the rates and one for the CVs. The legends give the means; neurons without a CV are left out.

    Raises
    ------
    ArgumentError
        If `spikes` is not a SpikeData.
    ParameterError
        If `stop` lies before `start`, or `ax` is not two axes.
    MissingDependencyError
        If matplotlib is not installed.
    """
    data = checked_spikes(spikes, "plot.distributions()").between(start, stop)
    axes = panels_of(ax, 2, "plot.distributions()", sharex=False)
    per_second = 1000.0 / max(data.duration, 1e-3)
    _distribution(axes[0], "rate (Hz)", data, {name: data.counts(name) * per_second for name in data.names})
    _distribution(axes[1], "CV of interspike intervals", data, {name: data.cv(name) for name in data.names})
    if ax is None:
        make_room(axes)
    return axes


def _distribution(axes: Any, label: str, data: SpikeData, values: dict[str, Array]) -> None:
    """Draw the share of each population's neurons by value."""
    known = {name: array[np.isfinite(array)] for name, array in values.items()}
    joined = np.concatenate([np.zeros(1), *known.values()])
    edges = np.histogram_bin_edges(joined, DISTRIBUTION_BINS, (0.0, float(joined.max()) or 1.0))
    for name, colour, style in looks(data):
        array = known[name]
        share = np.histogram(array, edges)[0] / max(len(array), 1)
        text = f"{name}: mean {array.mean():.3g}" if len(array) else f"{name}: none"
        axes.stairs(share, edges, color=colour, linestyle=style, linewidth=1.2, label=text)
    axes.set_xlabel(label)
    axes.set_ylabel("share of neurons")
    axes.set_ylim(bottom=0)
    tidy(axes)
    add_legend(axes, data.names)
