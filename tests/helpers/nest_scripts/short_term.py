"""Run in a process of its own by test_short_term_oracle.py: what NEST's short-term synapses deliver.

Reads U, tau_rec, tau_fac (ms), for `tsodyks_synapse` tau_psc too, the times of a train and its duration from an .npz
file; writes the synaptic current of each step to another. The current has decayed before the next step. u of
`tsodyks2_synapse` starts at U, because it delivers at the first spike what u is, and moves it from the second one on.
"""

from __future__ import annotations

import sys

import nest
import numpy as np


def simulate(task: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """A train through one synapse of weight 1 onto a cell that does not spike."""
    nest.verbosity = nest.VerbosityLevel.ERROR
    nest.ResetKernel()
    nest.set(local_num_threads=1, resolution=0.1)
    cell = nest.Create("iaf_psc_exp", params={"tau_syn_ex": 0.001, "V_th": 1e6})
    generator = nest.Create("spike_generator", {"spike_times": task["times"]})
    relay = nest.Create("parrot_neuron")
    nest.Connect(generator, relay, syn_spec={"weight": 1.0, "delay": 1.0})
    parameters = {name: float(task[name]) for name in ("U", "tau_rec", "tau_fac", "tau_psc") if name in task}
    active = "tau_psc" in task
    synapse = {
        **parameters,
        "synapse_model": "tsodyks_synapse" if active else "tsodyks2_synapse",
        "weight": 1.0,
        "delay": 1.0,
        "u": 0.0 if active else float(task["U"]),
        "x": 1.0,
    }
    nest.Connect(relay, cell, syn_spec=synapse)
    meter = nest.Create("multimeter", {"record_from": ["I_syn_ex"], "interval": 0.1})
    nest.Connect(meter, cell)
    nest.Simulate(float(task["duration"]))
    samples = meter.get("events")
    return {"t": samples["times"], "current": samples["I_syn_ex"]}


if __name__ == "__main__":
    with np.load(sys.argv[1]) as given:
        result = simulate(dict(given))
    np.savez(sys.argv[2], **result)
