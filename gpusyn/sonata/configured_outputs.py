"""The ``output`` and ``reports`` sections of a SONATA configuration, which say what a run writes to which file."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gpusyn.errors import FileError
from gpusyn.sonata.entries import Entry
from gpusyn.sonata.findings import Findings
from gpusyn.sonata.sections import Section

__all__ = ["Output", "Report", "check_outputs", "read_output", "read_reports"]

SORT_ORDERS = {"time": "by_time", "by_time": "by_time", "id": "by_id", "gid": "by_id", "by_id": "by_id",
               "by_gid": "by_id", "none": "none"}  # fmt: skip


REPORT_KEYS = ("enabled", "module", "type", "cells", "node_set", "variable_name", "file_name", "dt", "interval",
               "sections", "start_time", "end_time", "unit", "compartments")  # fmt: skip


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


@dataclass(frozen=True)
class Output:
    """The section ``output``: the folder, the files in it, and whether they may replace earlier results."""

    folder: Path
    spikes_file: Path | None
    spikes_order: str
    log_file: Path | None
    overwrite: bool
    configured: Path
    where: str

    def place(self, path: Path) -> Path:
        """Return the path of a file in the folder, which may be another one than the configured folder."""
        return rebase(path, self.configured, self.folder)


def read_output(section: Section, out: Path | None, findings: Findings) -> Output:
    """Return the section ``output``; the files are in `out` if it is given."""
    configured = section.path("output_dir") if "output_dir" in section else section.file.parent / "output"
    order = section.text("spikes_sort_order", "time")
    if order not in SORT_ORDERS:
        raise section.error("spikes_sort_order", f'"{order}" is not known; give "time", "id" or "none"')
    overwrite = section.flag("overwrite_output_dir", True)
    known = ("output_dir", "spikes_file", "spikes_sort_order", "log_file", "overwrite_output_dir")
    for sentence in section.unused(known):
        findings.note(sentence)
    folder = configured if out is None else out
    spikes_file, log_file = (
        rebase(section.path(key, configured), configured, folder) if key in section else None
        for key in ("spikes_file", "log_file")
    )
    return Output(folder, spikes_file, SORT_ORDERS[order], log_file, overwrite, configured, section.where())


def rebase(path: Path, configured: Path, folder: Path) -> Path:
    """Return the path of a file when `folder` replaces the configured output folder."""
    if folder == configured:
        return path
    return folder / (path.relative_to(configured) if path.is_relative_to(configured) else path.name)


def read_reports(simulation: Section, output: Output, dt: float, findings: Findings) -> tuple[Report, ...]:
    """Return the enabled reports, with their files in the output folder; each variable is a report of its own."""
    reports: list[Report] = []
    for name in simulation.section("reports").data:
        with findings.step():
            section = simulation.section("reports").section(name)
            if section.flag("enabled", True):
                reports += read_report(Entry(section, findings), name, output, dt)
            else:
                findings.note(f"{section.where('enabled')}: false; the report is left out")
    return tuple(reports)


def read_report(entry: Entry, name: str, output: Output, dt: float) -> list[Report]:
    """Return the reports of one entry, one for each variable."""
    modules = ("membrane_report", "multimeter_report")
    for key, allowed in (("module", modules), ("type", ("compartment",))):
        given = entry.text(key, allowed[0])
        if given and given not in allowed:
            entry.fault(
                key,
                f'"{given}" is not known; gpusyn writes "{allowed[0]}"; leave this report out with "enabled": false',
            )
    node_set = entry.data.get("cells", entry.data.get("node_set"))
    if node_set is None:
        entry.fault("cells", 'missing; name a node set, a population, or "all"')
    # A point neuron has no sections, so any value of `sections` means the whole cell.
    entry.note_unused(REPORT_KEYS)
    file = output.configured / name if "file_name" not in entry else entry.path("file_name", output.configured)
    stem = file.with_name(file.name.removesuffix(".h5")) if file.name else file
    variables = entry.texts("variable_name")
    several = len(variables) > 1
    step = "interval" if "interval" in entry and "dt" not in entry else "dt"  # BMTK's name for pointnet
    every, start, stop = (
        entry.number(key, "ms", default) for key, default in ((step, dt), ("start_time", 0.0), ("end_time", math.inf))
    )
    entry.settle()
    found = [
        Report(
            name=f"{name}.{variable}" if several else name,
            node_set=node_set,
            variable=variable,
            file=output.place(stem.with_name(f"{stem.name}_{variable}.h5" if several else f"{stem.name}.h5")),
            dt=every,
            start=start,
            stop=stop,
            where=entry.where(),
        )
        for variable in variables
    ]
    if several:
        listed = ", ".join(report.file.name for report in found)
        entry.findings.note(f"{entry.where('variable_name')}: one file for each variable: {listed}")
    return found


def check_outputs(output: Output, reports: tuple[Report, ...], read: Iterable[Path]) -> None:
    """Raise a FileError if a file that a run would write is outside the output folder, or is used for something else.

    Parameters
    ----------
    output : Output
        The section ``output``.
    reports : tuple of Report
        The reports.
    read : iterable of pathlib.Path
        Files that the configuration reads.
    """
    targets = [(f"{output.where}.spikes_file", output.spikes_file), (f"{output.where}.log_file", output.log_file)]
    targets += [(f"{report.where}.file_name", report.file) for report in reports]
    folder = Path(os.path.realpath(output.folder))
    taken = {Path(os.path.realpath(path)): "a file that the configuration reads" for path in read}
    for where, path in targets:
        if path is None:
            continue
        real = Path(os.path.realpath(path))
        if not real.is_relative_to(folder) or real == folder:
            raise FileError(f"{where}: {real} is not in the output folder {folder}; name a file in it")
        if real in taken or any(_same(real, other) for other in taken):
            other = taken.get(real, "another name of a file that is used already")
            raise FileError(f"{where}: {real} is {other}; choose another name")
        taken[real] = f"also written for {where}"


def _same(one: Path, other: Path) -> bool:
    try:
        return os.path.samefile(one, other)
    except OSError:  # one of them does not exist
        return False
