"""Writing of results as NWB (Neurodata Without Borders), through Neo."""

from __future__ import annotations

import logging
import secrets
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from gpusyn.io.atomic import replacing
from gpusyn.io.hdf5 import hdf5
from gpusyn.io.provenance import Provenance, write_provenance
from gpusyn.io.targets import check_target
from gpusyn.results.spike_data import SpikeData
from gpusyn.results.trace_data import TraceData
from gpusyn.utils.optional import require

SUFFIX = ".nwb"


def save_nwb(path: Path, data: Mapping[str, SpikeData | TraceData], *, overwrite: bool, provenance: Provenance) -> None:
    """Write results to an NWB file: spikes as units, variables as time series, and a Neo block per recorder.

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
        with hdf5().File(temporary, "r+") as file:
            file.create_group("gpusyn")
            write_provenance(file, provenance)


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
