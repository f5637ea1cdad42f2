"""Run in a process of its own by test_networks_oracle.py: NEST simulates a network of Vogels and Abbott.

Reads the start (one value per neuron) and the synapses from an .npz file; writes spike times and ids to another.
"""

from __future__ import annotations

import sys

import nest
import numpy as np

CELL = {"C_m": 200.0, "E_L": -60.0, "V_th": -50.0, "V_reset": -60.0, "t_ref": 5.0}
SYNAPSES = {"tau_syn_ex": 5.0, "tau_syn_in": 10.0}


def simulate(task: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Build and run."""
    nest.verbosity = nest.VerbosityLevel.ERROR
    nest.ResetKernel()
    nest.set(local_num_threads=1, resolution=0.1)
    n = len(task["V"])
    if task["g_e"].any():
        cells = nest.Create("iaf_cond_exp", n, {**CELL, **SYNAPSES, "g_L": 10.0, "E_ex": 0.0, "E_in": -80.0})
        cells.set({"g_ex": task["g_e"], "g_in": task["g_i"]})
    else:
        cells = nest.Create("iaf_psc_exp", n, {**CELL, **SYNAPSES, "tau_m": 20.0, "E_L": -49.0})
    cells.set({"V_m": task["V"]})
    first = cells[0].global_id
    for kind in ("e", "i"):
        pre, post = task[f"pre_{kind}"], task[f"post_{kind}"]
        values = {
            name: np.full(len(pre), float(task[name_in]))
            for name, name_in in (("weight", f"w_{kind}"), ("delay", "delay"))
        }
        nest.Connect(pre + first, post + first, "one_to_one", values)
    recorder = nest.Create("spike_recorder")
    nest.Connect(cells, recorder)
    nest.Simulate(float(task["duration"]))
    events = recorder.get("events")
    return {"times": events["times"], "ids": events["senders"] - cells[0].global_id}


if __name__ == "__main__":
    with np.load(sys.argv[1]) as given:
        result = simulate(dict(given))
    np.savez(sys.argv[2], **result)
