"""A figure of a whole run: raster, rates, and currents or other traces."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gpusyn.errors import FileError
from gpusyn.parameters.scalars import public
from gpusyn.plot.panels import (
    BLUE,
    MOST_CELLS,
    VERMILLION,
    add_legend,
    cell_name,
    checked_spikes,
    checked_traces,
    make_room,
    tidy,
)
from gpusyn.plot.spike_plots import raster, rates
from gpusyn.plot.trace_plots import traces as draw_traces
from gpusyn.results.spike_data import SpikeData
from gpusyn.results.trace_data import TraceData
from gpusyn.utils.optional import require
from gpusyn.utils.paths import as_path
from gpusyn.utils.typing import Array

SIGNED = {"Software": "gpusyn"}  # by which `gpusyn demo` knows a figure that it may replace


@public
def overview(
    spikes: SpikeData,
    traces: TraceData | None,
    path: Any = None,
    *,
    start: float | None = None,
    stop: float | None = None,
) -> Any:
    """Draw a figure of a run: raster, population rates, and EPSC and IPSC of up to three cells.

    Parameters
    ----------
    spikes : SpikeData
        Data of a spike recorder.
    traces : TraceData or None
        Recorded currents ``I_<receptor>``. The EPSC is the sum of the inward ones, the IPSC that of the outward ones.
        If no current was recorded, the recorded variables are drawn instead.
    path : path-like, optional
        Image file to write; its ending (``.png``, ``.svg``, ``.pdf``) selects the format. Without it, the figure is
        only returned, and a notebook shows it.
    start, stop : float, optional
        Interval (start, stop] (ms) to draw; the whole recording if omitted.

    Returns
    -------
    matplotlib Figure

    Raises
    ------
    ArgumentError
        If an argument has the wrong type.
    ParameterError
        If `stop` lies before `start`.
    FileError
        If the image cannot be written.
    MissingDependencyError
        If matplotlib is not installed.
    """
    data = checked_spikes(spikes, "plot.overview()").between(start, stop)
    target = None if path is None else as_path(path, "plot.overview().path")
    if traces is not None:
        traces = checked_traces(traces, "plot.overview()").between(start, stop)
    figure_class = require("matplotlib.figure", "plotting", "matplotlib").Figure
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
    make_room(panels)
    if target is not None:
        _save(figure, target)
    return figure


def _save(figure: Any, target: Path) -> None:
    try:
        figure.savefig(target, dpi=150, metadata=SIGNED if target.suffix.lower() == ".png" else None)
    except (OSError, ValueError) as error:
        raise FileError(
            f"{target}: the figure cannot be written ({error}); choose an existing directory and a name ending in .png"
        ) from error


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
        draw_traces(data, data.variables[: len(panels)], ax=panels)
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
        panel.set_ylabel(f"{cell_name(data, cell)}:\ncurrent (pA)")
        tidy(panel)
    add_legend(panels[0], range(2))
