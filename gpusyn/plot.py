"""Plots of results, each with one call: raster, population rates, traces, and an overview of a whole run.

matplotlib is imported only when something is drawn. The colours are those of Okabe and Ito, which colour-blind readers
can tell apart (Wong 2011, Nature Methods 8: 441).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import cycle
from typing import Any

import numpy as np

from gpusyn.errors import FileError, ParameterError
from gpusyn.parameters.scalars import instance, integer, listed, one_of, public, real
from gpusyn.results.spike_data import SpikeData
from gpusyn.results.trace_data import TraceData
from gpusyn.utils.optional import require
from gpusyn.utils.paths import as_path
from gpusyn.utils.typing import Array

__all__ = ["overview", "raster", "rates", "traces"]

BLUE, VERMILLION = "#0072B2", "#D55E00"
COLOURS = (BLUE, VERMILLION, "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
STYLES = ("-", "--", "-.", ":")
MOST_DOTS = 200_000
MOST_CELLS = 3


@public
def raster(spikes: SpikeData, ax: Any = None) -> Any:
    """Draw a dot for each spike: time on the x axis, neurons on the y axis, one colour per population.

    Parameters
    ----------
    spikes : SpikeData
        Data of a spike recorder.
    ax : matplotlib Axes, optional
        Axes to draw into; a new figure if omitted.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ArgumentError
        If `spikes` is not a SpikeData.
    MissingDependencyError
        If matplotlib is not installed.

    Notes
    -----
    Of more than 200,000 spikes, those of every second (third, ...) neuron are drawn, and the axis label says so.
    """
    data = _spikes(spikes, "plot.raster()")
    axes = _panels(ax, 1)[0]
    stride = max(1, -(-len(data) // MOST_DOTS))
    size = float(np.clip(600 / max(data.size, 1), 1.5, 6))
    population = data.population
    for name, colour, _ in _looks(data):
        drawn = (population == name) & (data.ids % stride == 0)
        dots = {"marker": ".", "markersize": size, "markeredgewidth": 0, "linestyle": "none"}
        axes.plot(data.times[drawn], data.ids[drawn], color=colour, label=name, rasterized=True, **dots)
    _time_axis(axes, data)
    axes.set_ylim(-0.5, max(data.size, 1) - 0.5)
    axes.set_ylabel("neuron" if stride == 1 else f"neuron (1 in {stride} drawn)")
    _legend(axes, data.names, markerscale=12 / size)
    return axes


@public
def rates(spikes: SpikeData, ax: Any = None, bin: float | None = None) -> Any:
    """Draw the mean rate of each population over time.

    Parameters
    ----------
    spikes : SpikeData
        Data of a spike recorder.
    ax : matplotlib Axes, optional
        Axes to draw into; a new figure if omitted.
    bin : float, optional
        Width of a bin (ms), > 0; by default 1 % of the recording, between 1 and 50 ms.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ArgumentError
        If `spikes` is not a SpikeData.
    ParameterError
        If `bin` is not above 0.
    MissingDependencyError
        If matplotlib is not installed.
    """
    data = _spikes(spikes, "plot.rates()")
    axes = _panels(ax, 1)[0]
    default = float(np.clip(data.duration / 100, 1.0, 50.0))
    width = default if bin is None else real(bin, "plot.rates().bin", unit="ms", above=0.0)
    for name, colour, style in _looks(data):
        edges, rate = data.binned_rate(width, name)
        edges = np.append(edges, data.start + len(edges) * width)
        label = f"{name}: {data.rate(name):.3g} Hz"
        axes.stairs(rate, edges, baseline=None, color=colour, linestyle=style, linewidth=1.2, label=label)
    _time_axis(axes, data)
    axes.set_ylim(bottom=0)
    axes.set_ylabel(f"rate (Hz),\n{width:g} ms bins")
    _legend(axes, data.names)
    return axes


@public
def traces(
    data: TraceData,
    variables: str | Sequence[str] | None = None,
    ids: Iterable[int] | None = None,
    ax: Any = None,
) -> list[Any]:
    """Draw recorded variables over time, in one panel per variable.

    Parameters
    ----------
    data : TraceData
        Data of a trace recorder.
    variables : str or sequence of str, optional
        Variables to draw; all of them if omitted.
    ids : iterable of int, optional
        Positions of the neurons in the recorded selection; the first three if omitted.
    ax : matplotlib Axes or sequence of them, optional
        Axes to draw into, one per variable; a new figure if omitted.

    Returns
    -------
    list of matplotlib Axes

    Raises
    ------
    ArgumentError
        If `data` is not a TraceData.
    ParameterError
        If a position is out of range, or the number of axes is not that of the variables.
    UnknownNameError
        If a variable was not recorded.
    MissingDependencyError
        If matplotlib is not installed.
    """
    _traces(data, "plot.traces()")
    names = data.variables if variables is None else [variables] if isinstance(variables, str) else variables
    names = listed(names, "plot.traces().variables", "a name or several")
    names = [one_of(name, data.variables, "plot.traces().variables") for name in names]
    if not names:
        raise ParameterError("plot.traces().variables: must name at least one variable (got none)")
    cells = range(min(data.size, MOST_CELLS)) if ids is None else listed(ids, "plot.traces().ids", "whole numbers")
    cells = [integer(cell, "plot.traces().ids", low=0, high=data.size - 1) for cell in cells]
    axes = _panels(ax, len(names))
    for panel, name in zip(axes, names, strict=True):
        for cell, colour in zip(cells, cycle(COLOURS), strict=False):
            panel.plot(data.t, data[name][:, cell], color=colour, linewidth=1, label=_cell(data, cell))
        panel.set_ylabel(f"{name} ({data.units[name]})" if data.units[name] else name)
        panel.margins(x=0)
        _tidy(panel)
    if axes:
        axes[-1].set_xlabel("time (ms)")
        _legend(axes[0], cells)
    return axes


@public
def overview(spikes: SpikeData, traces: TraceData | None, path: Any) -> Any:
    """Draw a figure of a run into a file: raster, population rates, and EPSC and IPSC of up to three cells.

    Parameters
    ----------
    spikes : SpikeData
        Data of a spike recorder.
    traces : TraceData or None
        Recorded currents ``I_<receptor>``. The EPSC is the sum of the inward ones, the IPSC that of the outward ones.
        If no current was recorded, the recorded variables are drawn instead.
    path : path-like
        Image file; its ending (``.png``, ``.svg``, ``.pdf``) selects the format.

    Returns
    -------
    matplotlib Figure

    Raises
    ------
    ArgumentError
        If an argument has the wrong type.
    FileError
        If the image cannot be written.
    MissingDependencyError
        If matplotlib is not installed.
    """
    data = _spikes(spikes, "plot.overview()")
    target = as_path(path, "plot.overview().path")
    if traces is not None:
        _traces(traces, "plot.overview()")
    figure_class = require("matplotlib.figure", "plotting", "gpusyn[plot]").Figure
    lower = _lower_panels(traces)
    figure = figure_class(figsize=(8, 4.6 + 1.4 * lower), layout="constrained")
    panels = figure.subplots(2 + lower, 1, sharex=True, height_ratios=[3.2, 1.4, *[1.3] * lower])
    raster(data, panels[0])
    rates(data, panels[1])
    if traces is not None and lower:
        _draw_lower(traces, panels[2:])
    for panel in panels[:-1]:
        panel.set_xlabel("")
    panels[-1].set_xlabel("time (ms)")
    panels[0].set_xlim(data.start, data.start + max(data.duration, 1e-3))
    figure.align_ylabels(panels)
    try:
        figure.savefig(target, dpi=150)
    except (OSError, ValueError) as error:
        raise FileError(
            f"{target}: the figure cannot be written ({error}); choose an existing directory and a name ending in .png"
        ) from error
    return figure


def _currents(data: TraceData) -> list[str]:
    return [name for name in data.variables if name.startswith("I_")]


def _lower_panels(data: TraceData | None) -> int:
    if data is None:
        return 0
    return min(MOST_CELLS, data.size if _currents(data) else len(data.variables))


def _draw_lower(data: TraceData, panels: Sequence[Any]) -> None:
    """Draw EPSC and IPSC in one panel per cell; if no current was recorded, draw one panel per variable."""
    names = _currents(data)
    if not names:
        traces(data, data.variables[: len(panels)], ax=panels)
        return
    # The sign of a current separates EPSC and IPSC: I = g (V - E) is negative (inward) below the reversal potential.
    outward = {name for name in names if data[name].sum(dtype=np.float64) > 0}
    inward = [name for name in names if name not in outward]
    groups = [("EPSC", inward, BLUE), ("IPSC", sorted(outward), VERMILLION)]
    for cell, panel in enumerate(panels):
        panel.axhline(0, color="0.8", linewidth=0.8)
        for label, members, colour in groups:
            if members:
                total: Array = np.sum([data[name][:, cell] for name in members], axis=0)
                text = f"{label} = {' + '.join(members)}"
                panel.plot(data.t, total, color=colour, linewidth=1, label=text)
        panel.set_ylabel(f"{_cell(data, cell)}:\ncurrent (pA)")
        _tidy(panel)
    _legend(panels[0], range(2))


def _looks(data: SpikeData) -> Iterator[tuple[str, str, str]]:
    """Yield population, colour and line style; the style varies too, so that populations differ without colour."""
    yield from zip(data.names, cycle(COLOURS), cycle(STYLES), strict=False)


def _cell(data: TraceData, position: int) -> str:
    return f"{data.population[position]}[{data.local_ids[position]}]"


def _panels(ax: Any, count: int) -> list[Any]:
    """Return the axes to draw into: the given ones, or those of a new figure."""
    if ax is None:
        pyplot = require("matplotlib.pyplot", "plotting", "gpusyn[plot]")
        size = (8, 1 + 2 * max(count, 1.5))
        _, axes = pyplot.subplots(count, 1, sharex=True, squeeze=False, figsize=size, layout="constrained")
        return list(axes[:, 0])
    if isinstance(ax, np.ndarray) and ax.dtype == object:  # of plt.subplots
        ax = list(ax.flat)
    given = ax if isinstance(ax, (list, tuple)) else [ax]
    for panel in given:
        instance(panel, require("matplotlib.axes", "plotting", "gpusyn[plot]").Axes, "plot: ax", "matplotlib Axes")
    if len(given) != count:
        raise ParameterError(f"plot: needs {count} axes, one per variable (got {len(given)}); leave out ax=")
    return list(given)


def _time_axis(axes: Any, data: SpikeData) -> None:
    axes.set_xlim(data.start, data.start + max(data.duration, 1e-3))
    axes.set_xlabel("time (ms)")
    _tidy(axes)


def _tidy(axes: Any) -> None:
    axes.spines[["top", "right"]].set_visible(False)


def _legend(axes: Any, entries: Iterable[Any], **options: Any) -> None:
    """Add a legend above the panel, where it hides no data."""
    count = len(list(entries))
    if count:
        place = {"loc": "lower right", "bbox_to_anchor": (1, 1), "borderaxespad": 0.1}
        axes.legend(ncols=min(count, 4), frameon=False, fontsize="small", **place, **options)


def _spikes(value: Any, where: str) -> SpikeData:
    data: SpikeData = instance(value, SpikeData, f"{where}.spikes", "SpikeData, such as sim.data[recorder]")
    return data


def _traces(value: Any, where: str) -> TraceData:
    data: TraceData = instance(value, TraceData, f"{where}.traces", "TraceData, such as sim.data[recorder]")
    return data
