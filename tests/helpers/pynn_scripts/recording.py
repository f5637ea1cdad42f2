"""Records: segments, intervals, files, counts."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from tests.helpers.pynn_scripts.observed import Observed, begin, spikes, trace
from tests.helpers.pynn_scripts.registry import script

CELL = {"cm": 0.25, "tau_m": 10.0, "tau_refrac": 2.0, "tau_syn_E": 5.0, "tau_syn_I": 5.0}


def network(sim: Any) -> Any:
    """Three cells with a constant current and a train."""
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=np.arange(5.0, 200.0, 7.0)))
    cells = sim.Population(3, sim.IF_curr_exp(**CELL, i_offset=[0.3, 0.4, 0.5]))
    sim.Projection(source, cells, sim.AllToAllConnector(), sim.StaticSynapse(weight=0.3, delay=1.0))
    return cells


def times_of(population: Any, name: str, segment: int = -1) -> Observed:
    """Times (ms) of all samples."""
    (signal,) = population.get_data().segments[segment].filter(name=name)
    return Observed(np.asarray(signal.times.rescale("ms").magnitude, float), 1e-9, "ms")


@script
def segments(sim: Any) -> dict[str, Observed]:
    """Two runs with a reset between them: the second begins at 0 with V as it was given."""
    begin(sim, t_flush=500.0)
    cells = network(sim)
    cells.record(["spikes", "v"])
    sim.run(60.0)
    sim.reset()
    sim.run(80.0)
    seen = {"number": Observed(np.array([len(cells.get_data().segments)]), 0.0, "")}
    for k in range(2):
        seen[f"spikes of segment {k}"] = spikes(cells, segment=k)
        seen[f"v of segment {k}"] = trace(cells, "v", 1e-9, segment=k)
        seen[f"times of segment {k}"] = times_of(cells, "v", k)
    return seen


@script
def cleared(sim: Any) -> dict[str, Observed]:
    """Data that is taken away in the middle of a run."""
    begin(sim)
    cells = network(sim)
    cells.record(["spikes", "v"])
    sim.run(60.0)
    first = cells.get_data(clear=True).segments[0]
    sim.run(40.0)
    second = cells.get_data().segments[0]
    begins = [float(part.filter(name="v")[0].t_start.rescale("ms")) for part in (first, second)]
    lost = "PyNN on NEST loses the sample after the first, which is not compared"
    seen = {"begins": Observed(np.array(begins), 1e-9, "ms")}
    for k, part in enumerate((first, second)):
        (v,) = part.filter(name="v")
        trains = [np.asarray(train.magnitude, float) + 1e6 * k for k, train in enumerate(part.spiketrains)]
        seen[f"spikes of part {k}"] = Observed(np.concatenate(trains), 1e-9, "ms")
        seen[f"v of part {k}"] = Observed(np.asarray(v.magnitude, float)[-398:], 1e-10, "mV", lost)
    return seen


@script
def intervals(sim: Any) -> dict[str, Observed]:
    """V each 0.5 ms."""
    begin(sim)
    cells = network(sim)
    cells.record("v", sampling_interval=0.5)
    cells.record("spikes")
    sim.run(100.0)
    return {"v": trace(cells, "v", 1e-10), "times": times_of(cells, "v"), "spikes": spikes(cells)}


@script
def some_cells(sim: Any) -> dict[str, Observed]:
    """V of some cells, spikes of others; ids and counts."""
    begin(sim)
    cells = network(sim)
    cells[1:2].record("v")
    cells[1:3].record("spikes")
    sim.run(100.0)
    (v,) = cells.get_data("v").segments[0].filter(name="v")
    indices = [int(train.annotations["source_index"]) for train in cells.get_data("spikes").segments[0].spiketrains]
    counts = cells.get_spike_counts()
    return {
        "v": trace(cells, "v", 1e-10),
        "channel": Observed(np.asarray(v.array_annotations["channel_index"], float), 0.0, ""),
        "spikes": spikes(cells),
        "cells": Observed(np.array(indices, float), 0.0, ""),
        "counts": Observed(np.array([counts[cell] for cell in cells[1:3]], float), 0.0, ""),
        "mean count": Observed(np.array([cells[1:3].mean_spike_count()]), 1e-12, ""),
    }


@script
def files(sim: Any) -> dict[str, Observed]:
    """Data that goes to a file, read again."""
    import pickle

    begin(sim)
    cells = network(sim)
    cells.record(["spikes", "v"])
    sim.run(50.0)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data.pkl"
        cells.write_data(str(path))
        block = pickle.loads(path.read_bytes())
    (v,) = block.segments[0].filter(name="v")
    trains = [np.asarray(train.magnitude, float) + 1e6 * k for k, train in enumerate(block.segments[0].spiketrains)]
    return {
        "v": Observed(np.asarray(v.magnitude, float), 1e-10, "mV"),
        "spikes": Observed(np.concatenate(trains), 1e-9, "ms"),
    }


@script
def later(sim: Any) -> dict[str, Observed]:
    """A variable that is recorded from the second run on."""
    begin(sim)
    cells = network(sim)
    cells.record("spikes")
    sim.run(60.0)
    return {"spikes": spikes(cells), "counts": Observed(np.array([cells.mean_spike_count()]), 1e-12, "")}
