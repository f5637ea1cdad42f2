"""Writing of finished results to one file, or to a directory of standard SONATA files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gpusyn.errors import FileError
from gpusyn.io.atomic import replacing
from gpusyn.io.checked import opened
from gpusyn.io.creation import create_file
from gpusyn.io.file_layout import RecorderLayout, Stored, arrange
from gpusyn.io.hdf5 import SUFFIXES, hdf5, writing
from gpusyn.io.provenance import Provenance
from gpusyn.io.rank_files import names_of_ranks
from gpusyn.io.targets import check_target, true_path
from gpusyn.io.writer import ReportWriter
from gpusyn.parameters.scalars import instance, object_name, public, show
from gpusyn.results.spike_data import SpikeData
from gpusyn.results.synapse_data import SynapseData
from gpusyn.results.trace_data import TraceData
from gpusyn.utils.paths import as_path

FOREIGN_SUFFIXES = (".csv", ".dat", ".json", ".mat", ".npy", ".npz", ".pkl", ".txt", ".zarr")


@public
def save(
    path: Any,
    spikes: Mapping[str, SpikeData],
    traces: Mapping[str, TraceData],
    *,
    overwrite: bool = False,
    provenance: Provenance | None = None,
) -> None:
    """Write results to one file, or to a directory of standard SONATA files: ``spikes.h5`` and one per variable.

    Parameters
    ----------
    path : path-like
        A name that ends in ``.h5`` or ``.hdf5`` is one file. Any other name is a directory, which is created if needed.
    spikes : mapping of str to SpikeData
        Data of the spike recorders by name.
    traces : mapping of str to TraceData
        Data of the trace recorders by name.
    overwrite : bool
        If True, an older result of that name is replaced. A directory holds one result: files of an earlier save that
        this one does not replace are removed.
    provenance : Provenance, optional
        Facts of the simulation.

    Raises
    ------
    ArgumentError
        If an argument has the wrong type.
    FileError
        If the result cannot be written, or an older one or another file must not be replaced. No incomplete file is
        left, and what was there is unchanged.
    ParameterError
        If a recorder has a neuron twice.
    MissingDependencyError
        If h5py is not installed.
    """
    hdf5()
    target = true_path(as_path(path, "save().path"))
    for name, given, kind in (("spikes", spikes, SpikeData), ("traces", traces, TraceData)):
        instance(given, Mapping, f"save().{name}", f"a dict of {kind.__name__} by recorder")
        for recorder, data in given.items():
            object_name(recorder, f"save().{name}")
            instance(data, kind, f"save().{name}[{show(recorder)}]", f"a {kind.__name__}")
    if provenance is not None:
        instance(provenance, Provenance, "save().provenance", "a Provenance or None")
    single = target.suffix.lower() in SUFFIXES
    layouts = [RecorderLayout(name, data.populations, start=data.start) for name, data in spikes.items()]
    layouts += [_trace_layout(name, data) for name, data in traces.items()]
    files = arrange(layouts, directory=not single)
    if single:
        files.setdefault("", [])
    targets = [target if single else target / name for name in files]
    earlier = [] if single else _earlier(target)
    if earlier and not overwrite:
        raise FileError(
            f"{target}: holds a result already ({', '.join(file.name for file in earlier)}); "
            "choose another directory, or replace it with overwrite=True"
        )
    if not single:
        _make_directory(target)
    for file in targets:
        check_target(file, overwrite)
    outdated = [file for file in (*earlier, *names_of_ranks(targets)) if file not in targets]
    if targets or outdated:
        with replacing(targets, outdated) as temporaries:
            for temporary, stored in zip(temporaries, files.values(), strict=True):
                _write(temporary, stored, spikes, traces, provenance)


def _trace_layout(name: str, data: TraceData) -> RecorderLayout:
    dtypes = {variable: values.dtype for variable, values in data.values.items()}
    start = float(data.t[0]) if len(data) else 0.0
    pairs = (data.pre, data.post) if isinstance(data, SynapseData) else None
    return RecorderLayout(name, data.populations, data.variables, data.units, start, data.every, dtypes, pairs=pairs)


def _write(
    path: Path,
    stored: Sequence[Stored],
    spikes: Mapping[str, SpikeData],
    traces: Mapping[str, TraceData],
    provenance: Provenance | None,
) -> None:
    create_file(path, stored, streamed=False, provenance=provenance)
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
        raise FileError(
            f"{path}: results are written as HDF5 or NWB; choose a name ending in .h5 or .nwb, or a directory"
        )
    if path.exists() and not path.is_dir():
        raise FileError(f"{path}: is a file, but a name without .h5 means a directory; choose another name")
    with writing(path):
        path.mkdir(parents=True, exist_ok=True)


def _earlier(directory: Path) -> list[Path]:
    """Return the files of an earlier save, recognised by their notes; two results are never mixed."""
    found = []
    for path in sorted(directory.glob("*.h5")):
        try:
            with opened(path) as file:
                if "gpusyn" in file and bool(file.attribute_number("gpusyn", "directory")):
                    found.append(path)
        except FileError:
            continue
    return found
