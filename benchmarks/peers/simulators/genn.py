"""GeNN's program: the single-threaded CPU backend. Its random numbers start from a seed of its own in each run."""

from __future__ import annotations

import os
import platform
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pygenn

from benchmarks.peers.networks import DT, LEARNED
from benchmarks.peers.simulators.protocol import Task, answer, learned, now, peak_memory, ran, rates_of


def program(task: Task) -> dict[str, Any]:
    """Describe the network; generate and compile its program, or load and run it."""
    os.environ["CXX"] = f"{os.environ.get('CXX', 'g++')} -march=native"  # to -O3 -ffast-math, which optimize_code gives
    folder = Path(task.folder)
    if task.prepare:  # other flags alone would not make GeNN compile again
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    network, numbers = task.described()
    start = now()
    model = pygenn.GeNNModel("float", "network", backend="single_threaded_cpu", optimize_code=True)
    model.dt = DT
    model.fuse_postsynaptic_models = True
    parts = network.genn(pygenn, model, numbers)
    for cells in parts.values():
        cells.spike_recording_enabled = True
    model.build(str(folder), never_rebuild=not task.prepare)
    if task.prepare:
        versions = {"Python": platform.python_version(), "numpy": np.__version__}
        return {"prepare_s": now().wall - start.wall, "version": pygenn.__version__, "versions": versions}
    steps = round(task.duration / DT)
    model.load(num_recording_timesteps=steps)
    model.step_time()
    built = now()
    for _ in range(round(task.warm_up / DT) - 1):
        model.step_time()
    begin = now()
    for _ in range(steps):
        model.step_time()
    end = now()
    peak = peak_memory()
    model.pull_recording_buffers_from_device()  # of the last `steps` steps
    ids, first = [], 0
    for cells in parts.values():
        ids.append(np.asarray(cells.spike_recording_data[0][1], np.int64) + first)
        first += cells.num_neurons
    rates = rates_of(np.concatenate(ids), numbers.populations, task.duration)
    return ran(built.wall - start.wall, begin, end, rates, peak, **learned(_weights(model)))


def _weights(model: Any) -> Any:
    """Return the weights of all synapses that learn."""
    found: list[Any] = [[]]
    for synapses in model.synapse_populations.values():
        if synapses.name.startswith(LEARNED):
            synapses.pull_connectivity_from_device()
            synapses.vars["g"].pull_from_device()
            found.append(synapses.vars["g"].values)
    return np.concatenate(found)


if __name__ == "__main__":
    answer(program)
