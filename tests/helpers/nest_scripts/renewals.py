"""Run in a process of its own by test_renewals_oracle.py: spikes of NEST's generators of one renewal process each.

Reads models with their parameters from a JSON file, and writes the steps and senders of the spikes of each to an .npz
file. A generator sends every target a train of its own.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import nest
import numpy as np


def spikes(task: dict[str, Any], model: str, parameters: dict[str, Any]) -> np.ndarray:
    """Two rows: the step of each spike, and its train."""
    nest.verbosity = nest.VerbosityLevel.ERROR
    nest.ResetKernel()
    nest.set(local_num_threads=1, resolution=task["dt"], rng_seed=task["seed"])
    generator = nest.Create(model, params=parameters | {"n_proc": 1})
    relays, recorder = nest.Create("parrot_neuron", task["trains"]), nest.Create("spike_recorder")
    nest.Connect(generator, relays, syn_spec={"delay": task["dt"]})
    nest.Connect(relays, recorder, syn_spec={"delay": task["dt"]})
    nest.Simulate(task["duration"])
    found = recorder.get("events")
    return np.stack([np.rint(found["times"] / task["dt"]).astype(int), found["senders"]])


def main(task: Path, results: Path) -> None:
    given = json.loads(task.read_text())
    np.savez(results, **{name: spikes(given, *model) for name, model in given["models"].items()})


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
