"""Run in a process of its own by test_quantal_oracle.py: what synapses of NEST's quantal_stp_synapse release.

Reads n, U, tau_rec, tau_fac (ms), the times of spikes (ms), the number of synapses and a seed from an .npz file; writes
the number of quanta that each synapse released at each spike to another.
"""

from __future__ import annotations

import sys

import nest
import numpy as np

DT, TAU = 0.1, 0.05  # ms; currents decay fast, so that what each spike adds is known


def simulate(task: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """One source, and synapses onto a cell each, whose current is sampled when a spike arrives.

    NEST's first spike releases with the u that it is given, and all others add to it before; ours starts at 0 and adds
    to it at the first one as well, so that u is U then.
    """
    nest.verbosity = nest.VerbosityLevel.ERROR
    nest.ResetKernel()
    nest.set(local_num_threads=1, resolution=DT, rng_seed=int(task["seed"]))
    many, times = int(task["synapses"]), np.asarray(task["times"], float)
    cells = nest.Create("iaf_psc_exp", many, {"tau_syn_ex": TAU, "V_th": 1e9})
    generator = nest.Create("spike_generator", {"spike_times": times})
    source = nest.Create("parrot_neuron")
    nest.Connect(generator, source, syn_spec={"delay": DT})
    synapse = {
        "synapse_model": "quantal_stp_synapse", "weight": 1.0, "delay": DT, "n": int(task["n"]), "a": int(task["n"]),
        **{name: float(task[name]) for name in ("U", "tau_rec", "tau_fac")}, "u": float(task["U"]),
    }  # fmt: skip
    nest.Connect(source, cells, syn_spec=synapse)
    meter = nest.Create("multimeter", {"record_from": ["I_syn_ex"], "interval": DT})
    nest.Connect(meter, cells)
    nest.Simulate(float(times[-1]) + 5 * DT)
    events = meter.get("events")
    order = np.lexsort((events["times"], events["senders"]))
    current = events["I_syn_ex"][order].reshape(many, -1)
    added = current[:, 1:] - current[:, :-1] * np.exp(-DT / TAU)
    at = np.rint(times / DT).astype(int)
    return {"quanta": np.array([np.rint(added[:, k - 1 : k + 2].max(axis=1)) for k in at])}


if __name__ == "__main__":
    with np.load(sys.argv[1]) as given:
        result = simulate(dict(given))
    np.savez(sys.argv[2], **result)
