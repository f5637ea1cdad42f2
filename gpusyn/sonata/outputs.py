"""Files that a run writes: spikes and reports under SONATA's own population names and node ids."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from gpusyn.errors import FileError
from gpusyn.io.atomic import replacing
from gpusyn.io.creation import SORTING, create_file
from gpusyn.io.file_layout import RecorderLayout, Stored, arrange
from gpusyn.io.hdf5 import hdf5, writing
from gpusyn.io.provenance import Provenance
from gpusyn.io.targets import check_target
from gpusyn.io.writer import ReportWriter
from gpusyn.parameters.grid import TOLERANCE
from gpusyn.results import SpikeData, TraceData
from gpusyn.results.recorded_neurons import RecordedData, RecordedPart
from gpusyn.sonata.config import Config
from gpusyn.sonata.model import BuiltReport, SonataModel

__all__ = ["LOG_BEGINS", "prepare", "refuse_overwriting", "write_outputs"]

LOG_BEGINS = "SONATA circuit "  # every log of gpusyn begins with it


def prepare(model: SonataModel) -> None:
    """Create the output folder, and raise a FileError before the run if a file could not be written.

    Nothing is overwritten but earlier results and logs, and these only if ``output.overwrite_output_dir`` allows it.
    """
    config, results = model.config, results_of(model)
    logs = [config.log_file] if config.log_file else []
    refuse_overwriting(config)
    for target in (*results, *logs):
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            # Its name is longer than the target's, so a name that is too long shows, and a folder that is read-only.
            probe = target.with_name(f".{target.name}.{os.getpid()}.tmp")
            probe.touch()
            probe.unlink()
        except OSError as error:
            raise FileError(f"{target}: cannot be written ({error.strerror}); give another file or folder") from None
    for target in results:
        check_target(target, overwrite=True)


def refuse_overwriting(config: Config) -> None:
    """Raise a FileError if a log, or a file that must not be replaced, is in the place of an output."""
    logs = [config.log_file] if config.log_file else []
    results = [config.spikes_file] if config.spikes_file else []
    for target in (*results, *(report.file for report in config.reports), *logs):
        if os.path.lexists(target) and not config.overwrite:
            raise FileError(
                f"{target}: is there already, and output.overwrite_output_dir is false; move it, or give another folder"
            )
    for target in logs:
        check_log(target)


def results_of(model: SonataModel) -> list[Path]:
    """Return the files of the spikes and the reports, in this order."""
    spikes = [model.config.spikes_file] if model.config.spikes_file else []
    return spikes + [report.spec.file for report in model.reports]


def check_log(target: Path) -> None:
    """Raise a FileError if the log would overwrite something that is not an earlier log."""
    try:
        if not os.path.lexists(target):
            return
        with target.open("rb") as stream:
            begin = stream.read(len(LOG_BEGINS))
    except OSError as error:
        raise FileError(f"{target}: cannot be a log ({error.strerror}); choose another log_file") from None
    if begin not in (b"", LOG_BEGINS.encode()):
        raise FileError(f"{target}: is not a log of gpusyn, and is not overwritten; choose another log_file")


def write_outputs(
    model: SonataModel, spikes: SpikeData, traces: Sequence[TraceData], provenance: Provenance
) -> list[Path]:
    """Write all configured files, or none of them if one fails.

    Parameters
    ----------
    model : SonataModel
        Model that was run.
    spikes : SpikeData
        Data of ``model.spikes``.
    traces : sequence of TraceData
        Data of each report of ``model.reports``.
    provenance : Provenance
        Facts of the simulation, which every file keeps.

    Returns
    -------
    list of pathlib.Path
        Files that were written: the spikes first, then the reports in their order.

    Raises
    ------
    FileError
        If a file cannot be written; existing files are then unchanged.
    """
    targets = results_of(model)
    if not targets:
        return []
    with replacing(targets) as temporaries:
        left = list(temporaries)
        if model.config.spikes_file:
            write_spikes(left.pop(0), model, spikes, provenance)
        for temporary, report, trace in zip(left, model.reports, traces, strict=True):
            write_report(temporary, model, report, trace, provenance)
    return targets


def renamed(model: SonataModel, data: RecordedData) -> list[RecordedPart]:
    """Return the recorded parts under SONATA's population names and node ids."""
    parts: list[RecordedPart] = []
    for name, size, local in data.populations:
        part = model.part(name)
        parts.append((part.nodes.name, size, part.nodes.ids[part.rows[local]]))
    return parts


def stored(layout: RecorderLayout) -> list[Stored]:
    """Return the contents of the one file that a layout with one variable needs."""
    (items,) = arrange([layout], directory=True).values()
    return items


def write_spikes(path: Path, model: SonataModel, spikes: SpikeData, provenance: Provenance) -> None:
    """Write a SONATA spike file."""
    layout = RecorderLayout("spikes", renamed(model, spikes), start=spikes.start)
    items = stored(layout)
    create_file(path, items, streamed=False, provenance=provenance)
    with ReportWriter(path, items, streamed=False) as writer:
        writer.append_spikes(layout.name, spikes.times, spikes.ids)
        writer.set_duration(layout.name, spikes.duration)
    if model.config.spikes_order == "by_id":
        sort_by_id(path)


def sort_by_id(path: Path) -> None:
    """Sort the spikes of each population by (node id, time)."""
    with writing(path), hdf5().File(path, "r+") as file:
        for group in file["spikes"].values():
            ids, times = group["node_ids"][()], group["timestamps"][()]
            order = np.lexsort((times, ids))
            group["node_ids"][...], group["timestamps"][...] = ids[order], times[order]
            group.attrs.modify("sorting", np.uint8(SORTING["by_id"]))


def write_report(path: Path, model: SonataModel, report: BuiltReport, trace: TraceData, provenance: Provenance) -> None:
    """Write a SONATA frame report of the samples between the report's start and stop."""
    spec, every = report.spec, trace.every or report.spec.dt
    slack = TOLERANCE * model.config.dt
    inside = (trace.t > spec.start - slack) & (trace.t < spec.stop + slack)
    variable = report.variable
    # Some readers of SONATA reports, such as libsonata, accept only float32.
    frames = (trace[variable.name][inside] * variable.factor).astype(np.float32)
    layout = RecorderLayout(
        name=spec.name,
        populations=renamed(model, trace),
        variables=(spec.variable,),
        units={spec.variable: variable.unit},
        start=float(trace.t[inside][0]) if inside.any() else spec.start,
        every=every,
    )
    items = stored(layout)
    create_file(path, items, streamed=False, provenance=provenance)
    with ReportWriter(path, items, streamed=False) as writer:
        writer.append_frames(spec.name, {spec.variable: frames})
        writer.set_duration(spec.name, len(frames) * every)
