"""Figures of the results: speed and memory of every case, and the series."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.peers.cases import SERIES, SIMULATORS
from benchmarks.peers.verdict import Cell, Spread, Verdict

COLOURS = {"gpusyn": "#0072b2", "NEST": "#e69f00", "Brian2": "#009e73", "GeNN": "#cc79a7"}
TEXTS = {
    "speed": "Seconds per second of the model, by network and simulator",
    "memory": "Largest resident memory, by network and simulator",
    "scaling": "Time against neurons, synapses, rate and threads",
}


def file_name(name: str) -> str:
    """Return the name of the file of a figure."""
    return f"{name}.png"


def draw(verdicts: Sequence[Verdict], folder: Path) -> None:
    """Draw all figures into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    shown = [v for v in verdicts if not v.series]
    _dots(shown, _seconds, "s per second of the model", folder / file_name("speed"))
    _dots(shown, _memory, "memory (GB)", folder / file_name("memory"))
    _series([v for v in verdicts if v.series], folder / file_name("scaling"))


def _seconds(v: Verdict, cell: Cell) -> Spread | None:
    return None if v.void else v.seconds(cell)


def _memory(v: Verdict, cell: Cell) -> Spread | None:
    return None if cell.peak is None else Spread.of([cell.peak / 1e9])


def _save(figure: Any, path: Path) -> None:
    figure.savefig(path, dpi=110, metadata={"Software": None})


def _new(rows: int, columns: int, size: tuple[float, float]) -> tuple[Any, Any]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.subplots(rows, columns, squeeze=False)


def _dots(verdicts: Sequence[Verdict], value: Callable[[Verdict, Cell], Spread | None], label: str, path: Path) -> None:
    """Draw one line of dots for each row, on a logarithmic axis: median, and range of the runs."""
    figure, axes = _new(1, 1, (8.0, 1.2 + 0.4 * max(1, len(verdicts))))
    ax = axes[0][0]
    for k, simulator in enumerate(SIMULATORS):
        found = [
            (spread, i + 0.12 * (k - 1.5))
            for i, v in enumerate(verdicts)
            for cell in v.cells
            if cell.simulator == simulator and (spread := value(v, cell)) is not None
        ]
        if found:
            medians, places = [spread.median for spread, _ in found], [place for _, place in found]
            ranges = [[s.median - s.low for s, _ in found], [s.high - s.median for s, _ in found]]
            ax.errorbar(medians, places, xerr=ranges, fmt="o", color=COLOURS[simulator], label=simulator, markersize=5)
    ax.set_yticks(range(len(verdicts)), [_label(v) for v in verdicts], fontsize=8)
    ax.set_ylim(len(verdicts) - 0.5, -0.5)
    ax.set_xscale("log")
    ax.set_xlabel(label)
    ax.grid(alpha=0.3)
    if ax.containers:
        ax.legend(fontsize=8)
    _save(figure, path)


def _label(v: Verdict) -> str:
    return f"{v.case.title}\n{v.threads} thread{'s' if v.threads > 1 else ''}" + (", void" if v.void else "")


def _series(verdicts: Sequence[Verdict], path: Path) -> None:
    """Draw one panel for each series; void rows are left out."""
    from matplotlib.ticker import LogLocator

    figure, axes = _new(2, 3, (11.0, 6.5))
    panels = [ax for row in axes for ax in row]
    for ax, (key, series) in zip(panels, SERIES.items(), strict=False):
        for simulator in SIMULATORS:
            points = sorted(
                (v.x, seconds)
                for v in verdicts
                if v.series == key
                for cell in v.cells
                if cell.simulator == simulator and (seconds := _wall(v, cell, key)) is not None
            )
            if points:
                ax.plot(*zip(*points, strict=True), "o-", color=COLOURS[simulator], label=simulator, markersize=4)
        if not ax.lines:
            ax.text(0.5, 0.5, "not measured", ha="center", va="center", transform=ax.transAxes, fontsize=8)
        threads = key in {"strong", "weak"}
        ax.set_xscale("log")
        ax.set_yscale("log")
        places = sorted({v.x for v in verdicts if v.series == key})
        ax.set_xticks(places, [f"{x:,.0f}" for x in places])
        ax.minorticks_off()
        ax.yaxis.set_major_formatter("{x:g}")
        ax.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        ax.set_xlabel(series.axis, fontsize=8)
        ax.set_ylabel("wall time (s/s)" if threads else "processor time (s/s)", fontsize=8)
        ax.set_title(series.title, fontsize=8)
        ax.tick_params(labelsize=7)
        ax.grid(alpha=0.3)
    panels[-1].axis("off")
    drawn = {label: line for ax in panels for line, label in zip(*ax.get_legend_handles_labels(), strict=True)}
    if drawn:
        panels[-1].legend(drawn.values(), drawn.keys(), loc="center")
    _save(figure, path)


def _wall(v: Verdict, cell: Cell, key: str) -> float | None:
    """Return the time of a point: wall time in series of threads, which with one thread too must be one clock."""
    spread = cell.wall if key in {"strong", "weak"} else v.seconds(cell)
    return None if spread is None or v.void else spread.median
