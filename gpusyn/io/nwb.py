"""Writing of results as NWB (Neurodata Without Borders), through Neo."""

from __future__ import annotations

import logging
import secrets
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from gpusyn.io.atomic import replacing
from gpusyn.io.hdf5 import hdf5
from gpusyn.io.provenance import Provenance, write_provenance
from gpusyn.io.targets import check_target
from gpusyn.results.spike_data import SpikeData
from gpusyn.results.trace_data import TraceData
from gpusyn.utils.optional import require
from gpusyn.utils.typing import Array

SUFFIX = ".nwb"
UNITS = ("population", "local_id")
COLUMNS = {
    "population": "name of the population",
    "local_id": "number of the neuron in its population",
    "projection": "name of the projection",
    "synapse": "number of the synapse in its projection",
    "pre": "number of the presynaptic neuron in its selection",
    "post": "number of the postsynaptic neuron in its selection",
}


def save_nwb(path: Path, data: Mapping[str, SpikeData | TraceData], *, overwrite: bool, provenance: Provenance) -> None:
    """Write results to an NWB file: spikes as units, variables as time series, and a Neo block per recorder.

    The table of units has the columns ``population`` and ``local_id``. Which neuron each column of a time series
    belongs to is in tables of the processing module ``gpusyn``, one per recorder.

    The file also has the group ``/gpusyn`` of other result files, which NWB's readers pass over: what the simulation
    was, and that the file is a result, which may be replaced.

    Raises
    ------
    FileError
        If the file cannot be written, or must not be replaced. What was there is unchanged.
    MissingDependencyError
        If neo or pynwb is not installed.
    """
    neo = require("neo", "saving as NWB", "neo[nwb]")
    require("pynwb", "saving as NWB", "neo[nwb]")
    check_target(path, overwrite, (SUFFIX,))
    facts = {
        "session_start_time": datetime.fromisoformat(provenance.start),
        "session_description": f"gpusyn {provenance.version}, {provenance.origin}",
        "identifier": secrets.token_hex(16),
    }
    blocks = []
    for number, (name, recorded) in enumerate(data.items()):
        block = recorded.to_neo(name)
        block.annotate(**facts)
        (segment,) = block.segments
        segment.name = f"{number} {segment.name}"  # NWB names series after it: they must differ
        blocks.append(block)
    with replacing([path]) as (temporary,):
        with _quietly():
            neo.io.NWBIO(str(temporary), mode="w").write_all_blocks(blocks or [neo.Block(**facts)])
            _name_neurons(temporary, data, [block.segments[0].name for block in blocks])
        with hdf5().File(temporary, "r+") as file:
            file.create_group("gpusyn")
            write_provenance(file, provenance)


def _name_neurons(path: Path, data: Mapping[str, SpikeData | TraceData], segments: Sequence[str]) -> None:
    """Add to an NWB file of Neo's which neuron each unit and each column of a time series belongs to."""
    pynwb = require("pynwb", "saving as NWB", "neo[nwb]")
    recorded = list(zip(data.values(), segments, strict=True))
    spikes = [each._columns() for each, _ in recorded if isinstance(each, SpikeData) and each.size]
    traces = [(name, each._columns()) for each, name in recorded if isinstance(each, TraceData) and each.size]
    with pynwb.NWBHDF5IO(str(path), "a") as stream:
        content = stream.read()
        for name in UNITS if spikes else ():
            column = np.concatenate([columns[name] for columns in spikes])
            content.units.add_column(name, COLUMNS[name], data=_stored(column))
        if traces:
            module = content.create_processing_module("gpusyn", "neurons or synapses of the columns of time series")
        for name, columns in traces:
            del columns["id"]  # the table numbers its rows itself
            module.add(
                pynwb.core.DynamicTable(
                    name=name,
                    description=f"columns of the time series whose names begin with {name!r}",
                    columns=[
                        pynwb.core.VectorData(name=key, description=COLUMNS[key], data=_stored(column))
                        for key, column in columns.items()
                    ],
                )
            )
        stream.write(content)


def _stored(column: Array) -> Any:
    """Return numbers as they are, and the names in an array as a list, which h5py can store."""
    return column.tolist() if column.dtype.kind == "U" else column


@contextmanager
def _quietly() -> Iterator[None]:
    """Keep back what Neo says of every signal and of the temporary name, and the root logger as the program has it."""
    root, silent = logging.getLogger(), logging.NullHandler()
    root.addHandler(silent)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        root.removeHandler(silent)
