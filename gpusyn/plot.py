"""Plots of results in one line each: raster, population rates, traces, and an overview of a whole run.

matplotlib is imported when something is drawn. Colours are Okabe and Ito's, which stay apart for colour-blind
readers (Wong 2011, Nature Methods 8: 441).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import cycle
from typing import Any

import numpy as np
import numpy.typing as npt

from gpusyn.errors import FileError, ParameterError
from gpusyn.io.hdf5 import as_path
from gpusyn.parameters.scalars import instance, integer, one_of, public
from gpusyn.results.spike_data import SpikeData
from gpusyn.results.trace_data import TraceData
from gpusyn.utils.optional import require

__all__ = ["overview", "raster", "rates", "traces"]

BLUE, VERMILLION = "#0072B2", "#D55E00"
COLOURS = (BLUE, VERMILLION, "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
STYLES = ("-", "--", "-.", ":")
MOST_DOTS = 200_000
MOST_CELLS = 3


@public
def raster(spikes: SpikeData, ax: Any = None) -> Any:
    """Draw a dot for each spike: time across, neurons upwards, populations by colour.

    Parameters
    ----------
    spikes : SpikeData
        What a spike recorder has seen.
    ax : matplotlib Axes, optional
        Where to draw; a new figure if omitted.

    Returns
    -------
    matplotlib Axes

    Notes
    -----
    Of more than 200,000 spikes only those of every second, third ... neuron are drawn; the axis then says so.
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
        What a spike recorder has seen.
    ax : matplotlib Axes, optional
        Where to draw; a new figure if omitted.
    bin : float, optional
        Width of a bin in ms; by default 1 % of the recording, between 1 and 50 ms.

    Returns
    -------
    matplotlib Axes
    """
    data = _spikes(spikes, "plot.rates()")
    axes = _panels(ax, 1)[0]
    width = float(np.clip(data.duration / 100, 1.0, 50.0)) if bin is None else bin
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
    """Draw recorded variables over time, one panel a variable.

    Parameters
    ----------
    data : TraceData
        What a trace recorder has seen.
    variables : str or sequence of str, optional
        Which variables; all of them if omitted.
    ids : iterable of int, optional
        Positions in the recorded selection; the first three if omitted.
    ax : matplotlib Axes or sequence of them, optional
        Where to draw, one a variable; a new figure if omitted.

    Returns
    -------
    list of matplotlib Axes
    """
    _traces(data, "plot.traces()")
    names = [variables] if isinstance(variables, str) else list(data.variables if variables is None else variables)
    names = [one_of(name, data.variables, "plot.traces().variables") for name in names]
    cells = range(min(data.size, MOST_CELLS)) if ids is None else ids
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
    """Draw one figure of a run into a file: raster, population rates, and EPSC and IPSC of up to three cells.

    Parameters
    ----------
    spikes : SpikeData
        What a spike recorder has seen.
    traces : TraceData or None
        Recorded currents ``I_<receptor>``: their inward ones are summed to the EPSC, the outward ones to the
        IPSC. Without currents the recorded variables are drawn instead.
    path : path-like
        The image; its ending (``.png``, ``.svg``, ``.pdf``) chooses the format.

    Returns
    -------
    matplotlib Figure

    Raises
    ------
    FileError
        If the image cannot be written there.
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
            f"{target}: the figure cannot be written ({error}); choose an existing directory and .png"
        ) from error
    return figure


def _currents(data: TraceData) -> list[str]:
    return [name for name in data.variables if name.startswith("I_")]


def _lower_panels(data: TraceData | None) -> int:
    if data is None:
        return 0
    return min(MOST_CELLS, data.size if _currents(data) else len(data.variables))


def _draw_lower(data: TraceData, panels: Sequence[Any]) -> None:
    """Draw EPSC and IPSC, one panel a cell, or, without currents, one panel a variable."""
    names = _currents(data)
    if not names:
        traces(data, data.variables[: len(panels)], ax=panels)
        return
    # The sign of a current says what it is: I = g (V - E) is inward, negative, below the reversal potential.
    outward = {name for name in names if data[name].sum(dtype=np.float64) > 0}
    inward = [name for name in names if name not in outward]
    groups = [("EPSC", inward, BLUE), ("IPSC", sorted(outward), VERMILLION)]
    for cell, panel in enumerate(panels):
        panel.axhline(0, color="0.8", linewidth=0.8)
        for label, members, colour in groups:
            if members:
                total: npt.NDArray[Any] = np.sum([data[name][:, cell] for name in members], axis=0)
                text = f"{label} = {' + '.join(members)}"
                panel.plot(data.t, total, color=colour, linewidth=1, label=text)
        panel.set_ylabel(f"{_cell(data, cell)}:\ncurrent (pA)")
        _tidy(panel)
    _legend(panels[0], range(2))


def _looks(data: SpikeData) -> Iterator[tuple[str, str, str]]:
    """Yield population, colour and line style; the style changes too, so that colour is never alone."""
    yield from zip(data.names, cycle(COLOURS), cycle(STYLES), strict=False)


def _cell(data: TraceData, position: int) -> str:
    return f"{data.population[position]}[{data.local_ids[position]}]"


def _panels(ax: Any, count: int) -> list[Any]:
    """Return the axes to draw into: those given, or those of a new figure."""
    if ax is None:
        pyplot = require("matplotlib.pyplot", "plotting", "gpusyn[plot]")
        size = (8, 1 + 2 * max(count, 1.5))
        _, axes = pyplot.subplots(count, 1, sharex=True, squeeze=False, figsize=size, layout="constrained")
        return list(axes[:, 0])
    given = list(np.ravel(np.asarray(ax, dtype=object)))
    if len(given) != count:
        raise ParameterError(f"plot: needs {count} axes, one a variable (got {len(given)}); leave out ax=")
    return given


def _time_axis(axes: Any, data: SpikeData) -> None:
    axes.set_xlim(data.start, data.start + max(data.duration, 1e-3))
    axes.set_xlabel("time (ms)")
    _tidy(axes)


def _tidy(axes: Any) -> None:
    axes.spines[["top", "right"]].set_visible(False)


def _legend(axes: Any, entries: Iterable[Any], **options: Any) -> None:
    """Add a legend above the panel, where it hides nothing."""
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
