"""Run in a process of its own by test_gates_oracle.py: the NMDA gate of a synapse in NEST's Brunel-Wang models.

Reads model, volleys (ms), delay and duration from an .npz file; writes the presynaptic spikes and S to another.
"""

from __future__ import annotations

import sys

import nest
import numpy as np

# Given in full: NEST's defaults for V_th and V_reset are not the paper's.
CELL = {"C_m": 500.0, "g_L": 25.0, "E_L": -70.0, "V_th": -50.0, "V_reset": -55.0, "t_ref": 2.0}
DRIVE = 5000.0  # nS of AMPA a volley: a burst of some spikes
ERROR = 1e-9  # of NEST's adaptive integration, a step; its default is 1e-3


def simulate(task: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """One source, a cell of the same model (only they send S), and what the target records."""
    nest.verbosity = nest.VerbosityLevel.ERROR
    nest.ResetKernel()
    nest.set(local_num_threads=1, resolution=0.1)
    pre, post = nest.Create(str(task["model"]), 2, {**CELL, "gsl_error_tol": ERROR})
    generator = nest.Create("spike_generator", {"spike_times": task["volleys"]})
    ports = nest.GetDefaults(str(task["model"]))["receptor_types"]
    nest.Connect(generator, pre, syn_spec={"weight": DRIVE, "delay": 0.1, "receptor_type": ports["AMPA"]})
    synapse = {"weight": 1.0, "delay": float(task["delay"]), "receptor_type": ports["NMDA"]}
    nest.Connect(pre, post, syn_spec=synapse)
    recorder = nest.Create("spike_recorder")
    meter = nest.Create("multimeter", {"record_from": ["s_NMDA"], "interval": 0.1})
    nest.Connect(pre, recorder)
    nest.Connect(meter, post)
    nest.Simulate(float(task["duration"]))
    samples = meter.get("events")
    return {"spikes": recorder.get("events")["times"], "t": samples["times"], "S": samples["s_NMDA"]}


if __name__ == "__main__":
    with np.load(sys.argv[1]) as given:
        result = simulate(dict(given))
    np.savez(sys.argv[2], **result)
