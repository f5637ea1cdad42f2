"""The sound files that are damaged: SONATA circuits, and results of gpusyn and of others."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np

from gpusyn.io import RecorderLayout, StreamFile, save
from tests.damaged.hdf5_damage import items, set_flag
from tests.helpers.result_files import PARTS, some_spikes, some_synapses, some_traces
from tests.helpers.sonata_circuit import SmallCircuit


def circuit(folder: Path) -> Path:
    small = SmallCircuit(folder)
    small.simulation["reports"]["listed"] = {"cells": "both", "variable_name": "V_m", "module": "membrane_report"}
    small.node_sets["both"] = ["watched", "some"]
    small.node_sets["some"] = {"ei": "e", "node_type_id": 100}
    return small.write()


def newer_circuit(folder: Path) -> Path:
    """The same circuit with files in HDF5's newer format, chunked and compressed."""
    path = circuit(folder)
    for old in folder.rglob("*.h5"):
        new = old.with_suffix(".new")
        with h5py.File(old) as source, h5py.File(new, "w", libver="v110") as file:
            for name in source:
                source.copy(name, file)
            for name in items(source, h5py.Dataset):
                data = source[name]
                del file[name]
                file.create_dataset(name, data=data[()], chunks=True, maxshape=(None,) * data.ndim, compression="gzip")
                file[name].attrs.update(data.attrs)
        new.replace(old)
    return path


def saved(folder: Path) -> Path:
    traces = {"t": some_traces(), "w": some_synapses()}
    save(folder / "run.h5", {"s": some_spikes(), "again": some_spikes(seed=3)}, traces)
    return folder / "run.h5"


def directory(folder: Path) -> Path:
    save(folder / "run", {"s": some_spikes()}, {"t": some_traces(), "w": some_synapses()})
    return folder / "run"


def streamed(folder: Path) -> Path:
    layouts = [RecorderLayout("s", PARTS), RecorderLayout("t", PARTS, ("V",), {"V": "mV"}, start=0.1, every=0.1)]
    with StreamFile.create(folder / "run.h5", layouts) as stream:
        for step in range(1, 300, 50):
            steps = np.arange(step, step + 50)
            stream.append_spikes("s", steps * 0.1, steps % 6)
            stream.append_frames("t", {"V": np.repeat(steps[:, None], 6, axis=1).astype(np.float32)})
            stream.flush(time=(step + 49) * 0.1)
    return folder / "run.h5"


def killed(folder: Path) -> Path:
    """The same file as a killed process leaves it."""
    path = streamed(folder)
    set_flag(path)
    return path


def foreign(folder: Path) -> Path:
    """Spikes and a report as another simulator writes them."""
    (folder / "run").mkdir(parents=True)
    with h5py.File(folder / "run" / "spikes.h5", "w") as file:
        group = file.create_group("spikes/cells")
        group["timestamps"], group["node_ids"] = np.arange(1.0, 40.0), np.arange(39, dtype=np.uint64) % 5
        group["timestamps"].attrs["units"] = "ms"
    with h5py.File(folder / "run" / "V.h5", "w") as file:
        group = file.create_group("report/cells")
        group["data"] = np.arange(60.0, dtype=np.float32).reshape(10, 6)
        group["data"].attrs["units"] = "mV"
        mapping = group.create_group("mapping")
        mapping["node_ids"], mapping["index_pointers"] = np.arange(3, dtype=np.uint64), np.array([0, 2, 3, 6])
        mapping["element_ids"], mapping["time"] = np.zeros(6, dtype=np.uint32), [0.0, 1.0, 0.1]
    return folder / "run"


CIRCUITS = (circuit, newer_circuit)
RESULTS = (saved, directory, streamed, killed, foreign)
