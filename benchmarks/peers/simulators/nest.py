"""NEST's program."""

from __future__ import annotations

import math
import platform
from typing import Any

import nest
import numpy as np

from benchmarks.peers.networks import DT, LEARNED
from benchmarks.peers.simulators.protocol import Task, answer, learned, now, peak_memory, ran, rates_of

SOURCES = 400  # whose weights are reported


def program(task: Task) -> dict[str, Any]:
    """Build the network and run it; nothing is kept between runs."""
    if task.prepare:
        versions = {"Python": platform.python_version(), "numpy": np.__version__}
        return {"prepare_s": 0.0, "version": nest.__version__, "versions": versions}
    network, numbers = task.described()
    nest.verbosity = nest.VerbosityLevel.ERROR
    nest.ResetKernel()
    nest.set(local_num_threads=task.threads, resolution=DT, rng_seed=task.seed)
    start = now()
    parts = network.nest(nest, numbers)
    recorder = nest.Create("spike_recorder", params={"start": task.warm_up})
    for cells in parts.values():
        nest.Connect(cells, recorder)
    nest.Prepare()
    nest.Run(DT)
    built = now()
    nest.Run(task.warm_up - DT)
    begin = now()
    nest.Run(task.duration)
    end = now()
    peak = peak_memory()
    nest.Cleanup()
    weights = []
    if LEARNED in nest.synapse_models:
        sources = parts["E"][:: math.ceil(len(parts["E"]) / SOURCES)]  # a look at each connection takes long
        weights = nest.GetConnections(sources, synapse_model=LEARNED).get("weight")
    senders = np.asarray(recorder.get("events")["senders"], np.int64)
    first = 0
    ids = np.zeros_like(senders)
    for cells in parts.values():  # other nodes may lie between the populations
        low = cells[0].global_id
        inside = (senders >= low) & (senders < low + len(cells))
        ids[inside] = senders[inside] - low + first
        first += len(cells)
    rates = rates_of(ids, numbers.populations, task.duration)
    return ran(built.wall - start.wall, begin, end, rates, peak, **learned(weights))


if __name__ == "__main__":
    answer(program)
