"""Run in a process of its own by test_rates_oracle.py: spikes of a network of Brunel and Wang (2001) in NEST.

Reads the network from a JSON file; its background (events by seed, step and cell) and V at the start from an .npz file.
Writes spike counts (by seed and population) to another. Counts are differences of totals: `iaf_bw_2001` carries the
jump of its NMDA gates in the offset of the spike event, so recorded times are not the times of spikes.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import nest
import numpy as np

ERROR = 1e-6  # of the adaptive integration, a step; NEST's default is 1e-3


def count(task: dict[str, Any], events: np.ndarray, V: np.ndarray) -> list[int]:
    """Spikes of E and of I after the network has settled."""
    nest.verbosity = nest.VerbosityLevel.ERROR
    nest.ResetKernel()
    nest.set(local_num_threads=1, resolution=task["dt"])
    given = [{**cell, "gsl_error_tol": ERROR} for cell in task["cells"]]
    cells = [nest.Create(task["model"], n, cell) for n, cell in zip(task["sizes"], given, strict=True)]
    ports = nest.GetDefaults(task["model"])["receptor_types"]
    background = nest.Create("spike_generator", len(V))
    for train, source in zip(events.T, background, strict=True):
        steps = np.repeat(np.arange(1, len(train) + 1), train)
        source.set(spike_times=np.round(steps * task["dt"], 6))

    def connect(pre: Any, post: Any, port: str, weight: float, rule: str = "all_to_all") -> None:
        synapse = {"weight": weight, "delay": task["delay"], "receptor_type": ports[port]}
        nest.Connect(pre, post, rule, synapse)

    recorders, first = [], 0
    for post, weights in zip(cells, task["weights"], strict=True):
        last = first + len(post)
        post.set(V_m=V[first:last])
        connect(background[first:last], post, "AMPA", weights["external"], "one_to_one")
        connect(cells[0], post, "AMPA", weights["AMPA"])
        connect(cells[0], post, "NMDA", weights["NMDA"])
        connect(cells[1], post, "GABA", weights["GABA"])
        recorders.append(nest.Create("spike_recorder"))
        nest.Connect(post, recorders[-1])
        first = last
    nest.Simulate(task["settle"])
    before = [recorder.get("n_events") for recorder in recorders]
    nest.Simulate(task["duration"])
    return [recorder.get("n_events") - n for recorder, n in zip(recorders, before, strict=True)]


if __name__ == "__main__":
    task = json.loads(Path(sys.argv[1]).read_text())
    with np.load(sys.argv[2]) as inputs:
        pairs = zip(inputs["events"], inputs["V"], strict=True)
        counts = [count(task, events, V) for events, V in pairs]
    np.savez(sys.argv[3], counts=counts)
