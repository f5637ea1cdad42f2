"""Plots of traces."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import cycle
from typing import Any

from gpusyn.errors import ParameterError
from gpusyn.network.populations import Selection
from gpusyn.parameters.scalars import integer, listed, one_of, public
from gpusyn.plot.panels import COLOURS, MOST_CELLS, add_legend, cell_name, checked_traces, make_room, panels_of, tidy
from gpusyn.results.trace_data import TraceData


@public
def traces(
    data: TraceData,
    variables: str | Sequence[str] | None = None,
    ids: Iterable[int] | Selection | str | None = None,
    ax: Any = None,
    *,
    start: float | None = None,
    stop: float | None = None,
) -> list[Any]:
    """Draw recorded variables over time, in one panel per variable.

    ``axes[0].figure.savefig("traces.png")`` of the returned axes saves the figure.

    Parameters
    ----------
    data : TraceData
        Data of a trace recorder.
    variables : str or sequence of str, optional
        Variables to draw; all of them if omitted.
    ids : iterable of int, Selection or str, optional
        Neurons: positions in the recorded selection, a selection such as ``E[:5]``, or the name of a population; the
        first three if omitted.
    ax : matplotlib Axes or sequence of them, optional
        Axes to draw into, one per variable; a new figure if omitted.
    start, stop : float, optional
        Interval (start, stop] (ms) to draw; the whole recording if omitted.

    Returns
    -------
    list of matplotlib Axes

    Raises
    ------
    ArgumentError
        If `data` is not a TraceData.
    ParameterError
        If a position is out of range or a neuron was not recorded, the number of axes is not that of the variables, or
        `stop` lies before `start`.
    UnknownNameError
        If a variable or a population was not recorded.
    MissingDependencyError
        If matplotlib is not installed.
    """
    data = checked_traces(data, "plot.traces()").between(start, stop)
    if isinstance(ids, (Selection, str)):
        data = data.select(ids)
        ids = range(data.size)
    names = data.variables if variables is None else [variables] if isinstance(variables, str) else variables
    names = listed(names, "plot.traces().variables", "a name or several")
    names = [one_of(name, data.variables, "plot.traces().variables") for name in names]
    if not names:
        raise ParameterError("plot.traces().variables: must name at least one variable (got none)")
    cells = range(min(data.size, MOST_CELLS)) if ids is None else listed(ids, "plot.traces().ids", "whole numbers")
    cells = [integer(cell, "plot.traces().ids", low=0, high=data.size - 1) for cell in cells]
    axes = panels_of(ax, len(names), "plot.traces()")
    for panel, name in zip(axes, names, strict=True):
        for cell, colour in zip(cells, cycle(COLOURS), strict=False):
            panel.plot(data.t, data[name][:, cell], color=colour, linewidth=1, label=cell_name(data, cell))
        panel.set_ylabel(f"{name} ({data.units[name]})" if data.units[name] else name)
        panel.margins(x=0)
        tidy(panel)
    if axes:
        axes[-1].set_xlabel("time (ms)")
        add_legend(axes[0], cells)
        if ax is None:
            make_room(axes)
    return axes
