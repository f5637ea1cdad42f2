"""Panels, colours and legends, which all plots share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import cycle
from typing import Any

import numpy as np

from gpusyn.errors import ParameterError
from gpusyn.parameters.scalars import instance
from gpusyn.results.spike_data import SpikeData
from gpusyn.results.trace_data import TraceData
from gpusyn.utils.optional import require

BLUE, VERMILLION = "#0072B2", "#D55E00"
# Nine colours and four styles have no common divisor: 36 populations differ in one or the other.
COLOURS = (BLUE, VERMILLION, "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#332288", "#882255")
STYLES = ("-", "--", "-.", ":")
MOST_CELLS = 3
MANY = 8  # entries of a legend, beyond which its letters are smaller


def looks(data: SpikeData) -> Iterator[tuple[str, str, str]]:
    """Yield population, colour and line style; the style varies too, so that populations differ without colour."""
    yield from zip(data.names, cycle(COLOURS), cycle(STYLES), strict=False)


def cell_name(data: TraceData, position: int) -> str:
    """Return the name of a neuron, such as ``E[12]``, or of a synapse."""
    return data._name(position)


def panels_of(ax: Any, count: int, where: str, sharex: bool = True) -> list[Any]:
    """Return the axes to draw into: the given ones, or those of a new figure."""
    if ax is None:
        pyplot = require("matplotlib.pyplot", "plotting", "matplotlib")
        size = (8, 1 + 2 * max(count, 1.5))
        _, axes = pyplot.subplots(count, 1, sharex=sharex, squeeze=False, figsize=size, layout="constrained")
        return list(axes[:, 0])
    if isinstance(ax, np.ndarray) and ax.dtype == object:  # of plt.subplots
        ax = list(ax.flat)
    given = ax if isinstance(ax, (list, tuple)) else [ax]
    allowed = "matplotlib Axes, and other arguments such as bin=10.0 be given by name"
    for panel in given:
        instance(panel, require("matplotlib.axes", "plotting", "matplotlib").Axes, f"{where}.ax", allowed)
    if len(given) != count:
        raise ParameterError(f"{where}.ax: needs {count} axes, one per panel (got {len(given)}); leave out ax=")
    return list(given)


def make_room(panels: Sequence[Any]) -> None:
    """Make a figure of gpusyn's own higher by its legends, which would take their room from the panels."""
    legends = [panel.get_legend() for panel in panels if panel.get_legend()]
    figure = panels[0].get_figure()
    heights = sum(legend.get_window_extent().height for legend in legends)
    figure.set_figheight(figure.get_figheight() + heights / figure.dpi)


def time_axis(axes: Any, data: SpikeData) -> None:
    """Make the x axis the time of the recording."""
    axes.set_xlim(data.start, data.start + max(data.duration, 1e-3))
    axes.set_xlabel("time (ms)")
    tidy(axes)


def tidy(axes: Any) -> None:
    """Remove the lines at the top and the right."""
    axes.spines[["top", "right"]].set_visible(False)


def add_legend(axes: Any, entries: Iterable[Any], **options: Any) -> None:
    """Add a legend that hides neither data nor labels.

    It stands above the panel if the figure's layout makes room for it, else in the panel, in room above the data.
    """
    count = len(list(entries))
    if not count:
        return
    place = {"loc": "lower right", "bbox_to_anchor": (1, 1)} if _has_layout(axes) else {"loc": "upper right"}
    options |= {"frameon": False, "fontsize": "small" if count <= MANY else "x-small", "borderaxespad": 0.1, **place}
    options |= {"columnspacing": 1.0}
    panel = axes.get_window_extent()
    for columns in range(min(count, 4), 0, -1):  # as many as are no wider than the panel
        legend = axes.legend(ncols=columns, **options).get_window_extent()
        if legend.width <= panel.width:
            break
    if not _has_layout(axes):
        low, high = axes.get_ylim()
        axes.set_ylim(low, low + (high - low) / (1 - min(1.1 * legend.height / panel.height, 0.7)))


def _has_layout(axes: Any) -> bool:
    """Return True if the figure places its panels when it is drawn, with room for what stands beside them."""
    engine = axes.get_figure().get_layout_engine()
    placeholder = require("matplotlib.layout_engine", "plotting", "matplotlib").PlaceHolderLayoutEngine
    return engine is not None and not isinstance(engine, placeholder)


def checked_spikes(value: Any, where: str) -> SpikeData:
    """Return the value if it is a SpikeData."""
    data: SpikeData = instance(value, SpikeData, f"{where}.spikes", "SpikeData, such as sim.data[recorder]")
    return data


def checked_traces(value: Any, where: str) -> TraceData:
    """Return the value if it is a TraceData."""
    data: TraceData = instance(value, TraceData, f"{where}.traces", "TraceData, such as sim.data[recorder]")
    return data
