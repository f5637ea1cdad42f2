"""Run in a process of its own by test_delta_oracle.py: NEST simulates cells of `iaf_psc_delta`.

Reads the cell, trains of spikes and synapses from an .npz file; writes spikes and V of all cells to another. Sources
are numbered from 0, cells from the number of sources on. Trains go through parrots, which take a step.
"""

from __future__ import annotations

import sys

import nest
import numpy as np

RESOLUTION = 0.1


def simulate(task: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Build and run."""
    nest.verbosity = nest.VerbosityLevel.ERROR
    nest.ResetKernel()
    nest.set(local_num_threads=1, resolution=RESOLUTION)
    sources, n = int(task["sources"]), int(task["cells"])
    names = ("C_m", "tau_m", "E_L", "V_th", "V_reset", "t_ref", "I_e")
    cell = {name: float(task[name]) for name in names}
    cells = nest.Create("iaf_psc_delta", n, {**cell, "refractory_input": bool(task["keep"])})
    cells.set({"V_m": task["V"]})
    parrots = nest.Create("parrot_neuron", sources)
    trains = nest.Create("spike_generator", sources)
    for k, train in enumerate(trains):
        times = task["times"][task["ids"] == k] - RESOLUTION
        train.set({"spike_times": np.round(times, 1)})
    nest.Connect(trains, parrots, "one_to_one", {"delay": RESOLUTION})
    first = np.concatenate([np.array(parrots.tolist()), np.array(cells.tolist())])
    synapses = {"weight": task["weight"], "delay": task["delay"]}
    nest.Connect(first[task["pre"]], first[task["post"] + sources], "one_to_one", synapses)
    recorder = nest.Create("spike_recorder")
    nest.Connect(cells, recorder)
    meter = nest.Create("multimeter", {"record_from": ["V_m"], "interval": RESOLUTION})
    nest.Connect(meter, cells)
    nest.Simulate(float(task["duration"]))
    events, samples = recorder.get("events"), meter.get("events")
    start = cells[0].global_id
    order = np.lexsort((samples["senders"], samples["times"]))
    V = samples["V_m"][order].reshape(-1, n)
    return {"times": events["times"], "senders": events["senders"] - start, "V": V}


if __name__ == "__main__":
    with np.load(sys.argv[1]) as given:
        result = simulate(dict(given))
    np.savez(sys.argv[2], **result)
