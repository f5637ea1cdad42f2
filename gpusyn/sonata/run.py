"""Run a SONATA configuration: read its files, simulate, and write its output files."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gpusyn.distributed.ranks import Ranks
from gpusyn.distributed.spreading import ranks_of, together
from gpusyn.errors import ArgumentError
from gpusyn.io.atomic import replacing
from gpusyn.parameters.scalars import public, real, show, whole_steps
from gpusyn.results import SpikeData, TraceData
from gpusyn.simulation.simulator import Simulator
from gpusyn.sonata.build import build
from gpusyn.sonata.config import read_config
from gpusyn.sonata.model import SonataModel
from gpusyn.sonata.outputs import LOG_BEGINS, prepare, write_outputs
from gpusyn.utils.reprs import ShortRepr
from gpusyn.utils.typing import Whole

__all__ = ["RunResult", "TypeRate", "rates_by_type", "run_config"]


@dataclass(frozen=True)
class TypeRate:
    """Mean rate (Hz) of the nodes of one cell type, with the number of nodes and of their spikes."""

    population: str
    type: str
    nodes: int
    spikes: int
    rate: float


@dataclass(frozen=True, repr=False)
class RunResult(ShortRepr):
    """Result of the run of a SONATA configuration.

    Attributes
    ----------
    rates : tuple of TypeRate
        Rates (Hz) by population and cell type.
    files : tuple of pathlib.Path
        Files that were written.
    notes : tuple of str
        One sentence for each assumption, rounding and omission.
    spikes : SpikeData
        Spikes of all nodes that are not virtual.
    reports : dict of str to TraceData
        Recorded variables by the name of the report.
    model : SonataModel
        Model that was run.
    wall : float
        Wall time of the simulation itself (s).
    """

    rates: tuple[TypeRate, ...]
    files: tuple[Path, ...]
    notes: tuple[str, ...]
    spikes: SpikeData
    reports: Mapping[str, TraceData]
    model: SonataModel
    wall: float


@public
def run_config(
    path: str | os.PathLike[str],
    backend: str = "auto",
    duration: float | None = None,
    out: str | os.PathLike[str] | None = None,
    *,
    seed: Whole = 0,
    precision: str = "double",
    threads: Whole | None = None,
    progress: bool = False,
    echo: Callable[[str], None] = print,
    comm: Any = None,
) -> RunResult:
    """Run the circuit of a SONATA configuration and write the files that it asks for.

    Parameters
    ----------
    path : path-like
        Configuration, a JSON file.
    backend : {"auto", "cuda", "cpu", "numpy"}
        As for :class:`~gpusyn.simulation.simulator.Simulator`.
    duration : float, optional
        Length of the run (ms), > 0; ``run.tstop`` of the configuration by default.
    out : path-like, optional
        Folder for all files that are written; ``output.output_dir`` of the configuration by default.
    seed, threads : int
        As for :class:`~gpusyn.simulation.simulator.Simulator`.
    precision : {"double", "single"}
        Floating-point type of the state. The default is double, as in the simulators for which such files are made: at
        their small time steps it gives exactly the spikes of NEST.
    progress : bool
        If True, show a progress bar.
    echo : callable
        Function that takes each line of the report; ``print`` by default. The lines are also written to
        ``output.log_file``.
    comm : mpi4py.MPI.Comm, optional
        Communicator of the processes (ranks) that run the circuit together, as for
        :class:`~gpusyn.simulation.simulator.Simulator`. Rank 0 writes the files and the lines, for all.

    Returns
    -------
    RunResult
        Of several ranks, rank 0 has it whole. On the others it has the spikes and reports of the nodes that the rank
        owns, no rates and no files.

    Raises
    ------
    ArgumentError
        If an argument has the wrong type.
    FileError
        If something in the files is missing or unknown, or a file cannot be written; the message names file and key.
    ParameterError
        If a value is out of range; the message names file and key.
    MissingDependencyError
        If h5py is not installed.

    Notes
    -----
    All files and values are checked before the run; if a check fails, nothing is written.
    """
    if not callable(echo):
        raise ArgumentError(f"run_config().echo: must be a function of a line of text (got {show(echo)})")
    ranks = ranks_of(comm)
    with together(ranks, "run_config()"):
        config = read_config(path, out)
        length = config.tstop if duration is None else real(duration, "run_config().duration", unit="ms", above=0)
        whole_steps(length, config.dt, "run_config().duration")
        model = build(config, length)
        how = {"seed": seed, "backend": backend, "precision": precision, "threads": threads, "progress": progress}
        return _run(model, length, ranks, how, echo)


def _run(
    model: SonataModel, length: float, ranks: Ranks | None, how: dict[str, Any], echo: Callable[[str], None]
) -> RunResult:
    """Run a circuit for `length` (ms); of several ranks, the first one writes."""
    config, first = model.config, ranks is None or ranks.rank == 0
    lines: list[str] = []

    def say(line: str) -> None:
        if first:
            lines.append(line)
            echo(line)

    if first:
        prepare(model)
    for line in describe(model):
        say(line)
    with Simulator(model.net, dt=config.dt, comm=ranks, **how) as simulator:
        spikes, traces, wall = _simulate(simulator, model, length)
        used = f"backend {simulator.backend}, {how['precision']} precision"
        provenance = simulator._running.recordings.provenance
    reports = {report.spec.name: trace for report, trace in zip(model.reports, traces, strict=True)}
    if not first:
        return RunResult((), (), tuple(model.notes), spikes, reports, model, wall)
    if ranks is not None:
        used += f", {ranks.size} ranks"
    say(f"simulated {length:g} ms at dt = {config.dt:g} ms in {wall:.1f} s ({used})")
    rates = rates_by_type(model, spikes)
    for line in table(rates):
        say(line)
    files = write_outputs(model, spikes, traces, provenance)
    for file in files:
        say(f"wrote {file}")
    if config.log_file:
        files.append(_write_log(config.log_file, lines))
    return RunResult(rates, tuple(files), tuple(model.notes), spikes, reports, model, wall)


def _simulate(simulator: Simulator, model: SonataModel, length: float) -> tuple[SpikeData, list[TraceData], float]:
    """Run for `length` (ms); return the spikes, the reports, and the wall time (s)."""
    model.start(simulator)
    begin = time.perf_counter()
    simulator.run(length)
    wall = time.perf_counter() - begin

    def data(recorder: Any) -> Any:
        whole = simulator.gather(recorder)  # on the first rank
        return simulator.data[recorder] if whole is None else whole

    return data(model.spikes), [data(report.recorder) for report in model.reports], wall


def _write_log(file: Path, lines: list[str]) -> Path:
    """Write the lines of the report to the log file, and return its name."""
    with replacing([file]) as (temporary,):
        # Names of files need not be valid text.
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8", errors="backslashreplace")
    return file


def describe(model: SonataModel) -> list[str]:
    """Return the lines that describe the circuit and its notes."""
    lines = [f"{LOG_BEGINS}{model.config.file}"]
    for name, parts in model.parts.items():
        nodes = model.circuit.nodes[name]
        templates = dict.fromkeys("virtual" if part.cell is None else type(part.cell.model).__name__ for part in parts)
        lines.append(f"  nodes {name}: {nodes.size:,} ({', '.join(templates) or 'empty'})")
    for edges in model.circuit.edges:
        between = f"{edges.source_population} -> {edges.target_population}"
        lines.append(f"  edges {edges.name}: {edges.table.size:,}, {between}")
    return lines + [f"note: {note}" for note in model.notes]


def rates_by_type(model: SonataModel, spikes: SpikeData) -> tuple[TypeRate, ...]:
    """Return the mean rate of each cell type of each recorded population."""
    counts = spikes.counts()
    found: dict[tuple[str, str], list[int]] = {}
    start = 0
    for name, size, local in spikes.populations:
        part = model.part(name)
        types = part.nodes.type_names()[part.rows[local]]
        for one in dict.fromkeys(types.tolist()):
            entry = found.setdefault((part.nodes.name, one), [0, 0])
            entry[0] += int((types == one).sum())
            entry[1] += int(counts[start : start + size][types == one].sum())
        start += size
    seconds = spikes.duration / 1000.0
    return tuple(
        TypeRate(population, name, nodes, count, count / nodes / seconds if seconds else np.nan)
        for (population, name), (nodes, count) in found.items()
    )


def table(rates: tuple[TypeRate, ...]) -> list[str]:
    """Return the rates as lines of a table."""
    rows = [("population", "cell type", "nodes", "spikes", "rate (Hz)")]
    rows += [(one.population, one.type, f"{one.nodes:,}", f"{one.spikes:,}", f"{one.rate:.2f}") for one in rates]
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    return [
        "  ".join(
            text.ljust(width) if column < 2 else text.rjust(width)
            for column, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
