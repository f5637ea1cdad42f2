"""The ``output`` and ``reports`` sections of a SONATA configuration, which say what a run writes to which file."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gpusyn.errors import FileError
from gpusyn.sonata.sections import Section

__all__ = ["Report", "read_output", "read_reports"]

SORT_ORDERS = {"time": "by_time", "by_time": "by_time", "id": "by_id", "gid": "by_id", "by_id": "by_id",
               "by_gid": "by_id", "none": "none"}  # fmt: skip


@dataclass(frozen=True)
class Report:
    """One entry of ``reports``: a variable of a node set, every `dt` ms from `start` to `stop` (ms; inf: no end)."""

    name: str
    node_set: Any
    variable: str
    file: Path
    dt: float
    start: float
    stop: float
    where: str


def read_output(
    output: Section, out: str | os.PathLike[str] | None, notes: list[str]
) -> tuple[Path, Path | None, str, Path | None]:
    """Return the output folder, the spike file, the order of the spikes and the log file."""
    configured = output.path("output_dir") if "output_dir" in output else output.file.parent / "output"
    folder = Path(out) if out is not None else configured

    def place(key: str) -> Path | None:
        return rebase(output.path(key, configured), configured, folder) if key in output else None

    order = output.text("spikes_sort_order", "time")
    if order not in SORT_ORDERS:
        raise output.error("spikes_sort_order", f'"{order}" is not known; give "time", "id" or "none"')
    notes += output.unused(("output_dir", "spikes_file", "spikes_sort_order", "log_file", "overwrite_output_dir"))
    return folder, place("spikes_file"), SORT_ORDERS[order], place("log_file")


def rebase(path: Path, configured: Path, folder: Path) -> Path:
    """Return the path of a file when `folder` replaces the configured output folder."""
    if folder == configured:
        return path
    return folder / (path.relative_to(configured) if path.is_relative_to(configured) else path.name)


def read_reports(simulation: Section, folder: Path, dt: float, notes: list[str]) -> tuple[Report, ...]:
    """Return the enabled reports, with their files in `folder`."""
    reports = []
    for name in simulation.section("reports").data:
        entry = simulation.section("reports").section(name)
        if not entry.flag("enabled", True):
            notes.append(f"{entry.where('enabled')}: false; the report is left out")
            continue
        if entry.text("module", "membrane_report") not in ("membrane_report", "multimeter_report"):
            move = 'gpusyn writes "membrane_report"; leave this report out with "enabled": false'
            raise entry.error("module", f'"{entry.text("module")}" is not known; {move}')
        node_set = entry.data.get("cells", entry.data.get("node_set"))
        if node_set is None:
            raise entry.error("cells", 'missing; name a node set, or "all"')
        # A point neuron has no sections, so any value of `sections` means the whole cell.
        notes += entry.unused(
            ("enabled", "module", "cells", "node_set", "variable_name", "file_name", "dt", "sections",
             "start_time", "end_time"))  # fmt: skip
        file_name = Path(entry.text("file_name", name)).name
        reports.append(
            Report(
                name=name,
                node_set=node_set,
                variable=entry.text("variable_name"),
                file=folder / (file_name if file_name.endswith(".h5") else f"{file_name}.h5"),
                dt=entry.number("dt", "ms", dt),
                start=entry.number("start_time", "ms", 0.0),
                stop=entry.number("end_time", "ms", math.inf),
                where=entry.where(),
            )
        )
    check_files(reports)
    return tuple(reports)


def check_files(reports: list[Report]) -> None:
    """Raise a FileError if two reports would write the same file."""
    seen: dict[Path, Report] = {}
    for report in reports:
        other = seen.setdefault(report.file, report)
        if other is not report:
            raise FileError(
                f"{report.where}.file_name: report {other.name!r} already writes {report.file.name}; choose another"
            )
