"""Run in a process of its own by test_compartments_oracle.py: one cell of several compartments in NEST.

Reads a task from a JSON file: the model, how the cell is set, what to record, and the events of its ports. Writes the
potentials of its compartments at each ms, and its spikes, to an .npz file.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import nest
import numpy as np


def simulate(task: dict[str, Any]) -> dict[str, np.ndarray]:
    """Build and run."""
    nest.verbosity = nest.VerbosityLevel.ERROR
    nest.ResetKernel()
    nest.set(local_num_threads=1, resolution=task["resolution"])
    cell = nest.Create(task["model"])
    for name, value in task["cell"].items():
        cell.set({name: value})
    for events in task["events"]:
        source = nest.Create("spike_generator", {"spike_times": events["times"]})
        port = events["port"]
        if isinstance(port, str):
            port = nest.GetDefaults(task["model"])["receptor_types"][port]
        synapse = {"receptor_type": port, "weight": events["weight"], "delay": task["delay"]}
        nest.Connect(source, cell, syn_spec=synapse)
    meter = nest.Create("multimeter", {"record_from": task["record"], "interval": 1.0})
    recorder = nest.Create("spike_recorder")
    nest.Connect(meter, cell)
    nest.Connect(cell, recorder)
    nest.Simulate(task["duration"] + 2 * task["resolution"])
    samples = meter.get("events")
    V = np.stack([samples[name] for name in task["record"]], axis=1)
    return {"t": samples["times"], "V": V, "spikes": recorder.get("events")["times"]}


if __name__ == "__main__":
    np.savez(sys.argv[2], **simulate(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))))
