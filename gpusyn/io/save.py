"""Writing of finished results to one file, or to a directory of standard SONATA files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gpusyn.errors import FileError
from gpusyn.io.atomic import replacing
from gpusyn.io.checked import opened
from gpusyn.io.file_layout import RecorderLayout, Stored, arrange
from gpusyn.io.hdf5 import SUFFIXES, as_path, check_target, hdf5, writing
from gpusyn.io.writer import ReportWriter, create_file
from gpusyn.results.spike_data import SpikeData
from gpusyn.results.trace_data import TraceData

FOREIGN_SUFFIXES = (".csv", ".dat", ".json", ".mat", ".npy", ".npz", ".nwb", ".pkl", ".txt", ".zarr")


def save(path: Any, spikes: Mapping[str, SpikeData], traces: Mapping[str, TraceData]) -> None:
    """Write results to one file, or to a directory of standard SONATA files: ``spikes.h5`` and one per variable.

    Parameters
    ----------
    path : path-like
        A name that ends in ``.h5`` or ``.hdf5`` is one file. Any other name is a directory, which is created if needed.
        A directory holds one result: files of an earlier save that this one does not overwrite are removed.
    spikes : mapping of str to SpikeData
        Data of the spike recorders by name.
    traces : mapping of str to TraceData
        Data of the trace recorders by name.

    Raises
    ------
    ArgumentError
        If `path` is not a path.
    FileError
        If the result cannot be written. No incomplete file is left, and an older result is unchanged.
    ParameterError
        If a recorder has a neuron twice.
    MissingDependencyError
        If h5py is not installed.
    """
    hdf5()
    target = as_path(path, "save().path")
    single = target.suffix.lower() in SUFFIXES
    layouts = [RecorderLayout(name, data.populations, start=data.start) for name, data in spikes.items()]
    layouts += [_trace_layout(name, data) for name, data in traces.items()]
    files = arrange(layouts, directory=not single)
    if single:
        files.setdefault("", [])
        targets = [target]
    else:
        _make_directory(target)
        targets = [target / name for name in files]
    for file in targets:
        check_target(file)
    if targets:
        with replacing(targets) as temporaries:
            for temporary, stored in zip(temporaries, files.values(), strict=True):
                _write(temporary, stored, spikes, traces)
    if not single:
        _remove_earlier(target, keep=targets)


def _trace_layout(name: str, data: TraceData) -> RecorderLayout:
    dtypes = {variable: values.dtype for variable, values in data.values.items()}
    start = float(data.t[0]) if len(data) else 0.0
    return RecorderLayout(name, data.populations, data.variables, data.units, start, data.every, dtypes)


def _write(
    path: Path, stored: Sequence[Stored], spikes: Mapping[str, SpikeData], traces: Mapping[str, TraceData]
) -> None:
    create_file(path, stored, streamed=False)
    with ReportWriter(path, stored, streamed=False) as writer:
        for item in stored:
            name = item.layout.name
            if item.layout.is_spikes:
                writer.append_spikes(name, spikes[name].times, spikes[name].ids)
                writer.set_duration(name, spikes[name].duration)
            else:
                writer.append_frames(name, {v: traces[name][v] for v in item.layout.variables})


def _make_directory(path: Path) -> None:
    if path.suffix.lower() in FOREIGN_SUFFIXES and not path.is_dir():
        raise FileError(f"{path}: results are written as HDF5; choose a name ending in .h5, or a directory")
    if path.exists() and not path.is_dir():
        raise FileError(f"{path}: is a file, but a name without .h5 means a directory; choose another name")
    with writing(path):
        path.mkdir(parents=True, exist_ok=True)


def _remove_earlier(directory: Path, keep: Sequence[Path]) -> None:
    """Remove files of an earlier save, recognised by their notes, so that two results are never mixed."""
    for path in sorted(directory.glob("*.h5")):
        if path in keep:
            continue
        try:
            with opened(path) as file:
                ours = "gpusyn" in file and bool(file.attribute_number("gpusyn", "directory"))
        except FileError:
            continue
        if ours:
            path.unlink()
