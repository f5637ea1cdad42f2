"""New files of spikes and frame reports in SONATA's layout, with every group and nothing in them yet.

Format: Dai et al. 2020, "The SONATA data format for efficient description of large-scale network models",
PLoS Computational Biology 16(2): e1007696.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gpusyn.io.file_layout import FilePlace, RecorderLayout, Stored, write_notes
from gpusyn.io.hdf5 import hdf5
from gpusyn.io.provenance import Provenance, write_provenance
from gpusyn.io.superblock import read_superblock

SORTING = {"none": 0, "by_id": 1, "by_time": 2}
SPIKE_CHUNK = 8192  # spikes
# Reading during writing needs the format of HDF5 1.10; other files use a format that older readers know too.
LIBRARY = {True: ("v110", "v110"), False: None}
FRAME_CHUNK = 2**18  # bytes; a chunk holds whole frames unless a frame is larger than four times this


def create_file(path: Path, stored: Sequence[Stored], streamed: bool, provenance: Provenance | None = None) -> None:
    """Create a file with every group and dataset that `stored` needs, all of length 0.

    HDF5 makes it in memory, and Python writes it, so that a full disk is an ordinary OSError.
    """
    image = {"driver": "core", "backing_store": False}
    with hdf5().File(path, "w", libver=LIBRARY[streamed], **image) as file:
        write_notes(file, stored)
        write_provenance(file, provenance)
        for item in stored:
            for place in item.places():
                group = file.create_group(place.group)
                if item.layout.is_spikes:
                    _create_spikes(group)
                else:
                    _create_frames(group, place, item.layout)
        file.flush()
        content = file.id.get_file_image()
    path.write_bytes(content)
    block = read_superblock(path)
    if streamed and block is not None:  # HDF5 1.14 clears the flags in the image, and leaves the checksum as it was
        block.cleared(block.end).write(path)


def _create_spikes(group: Any) -> None:
    kind = hdf5().enum_dtype(SORTING, basetype=np.uint8)
    group.attrs.create("sorting", SORTING["by_time"], dtype=kind)
    for name, dtype in (("timestamps", np.float64), ("node_ids", np.uint64)):
        group.create_dataset(name, (0,), dtype, maxshape=(None,), chunks=(SPIKE_CHUNK,))
    group["timestamps"].attrs["units"] = "ms"


def _create_frames(group: Any, place: FilePlace, layout: RecorderLayout) -> None:
    width = len(place.node_ids)
    dtype = np.dtype(layout.dtypes.get(place.variable, np.float32))
    wide = max(1, min(width, 4 * FRAME_CHUNK // dtype.itemsize))
    deep = max(1, min(1024, FRAME_CHUNK // (wide * dtype.itemsize)))
    data = group.create_dataset("data", (0, width), dtype, maxshape=(None, width), chunks=(deep, wide))
    data.attrs["units"] = layout.units.get(place.variable, "")
    mapping = group.create_group("mapping")
    ids = "node_ids" if layout.pairs is None else "edge_ids"
    mapping[ids] = place.node_ids.astype(np.uint64)
    mapping[ids].attrs["sorted"] = np.uint8(1)
    mapping["index_pointers"] = np.arange(width + 1, dtype=np.uint64)
    mapping["index_pointer"] = mapping["index_pointers"]  # the name that bmtk reads; a second link to the same data
    mapping["element_ids"] = np.zeros(width, dtype=np.uint32)
    mapping["element_pos"] = np.zeros(width, dtype=np.float32)
    mapping["time"] = np.array([layout.start, layout.start, layout.every])
    mapping["time"].attrs["units"] = "ms"
