"""Run in a process of its own by test_noise_oracle.py: V of cells with NEST's `noise_generator`.

Reads mean, std (pA) and duration of a piece (ms), the number of cells, and when to begin and end (ms), from an .npz
file; writes V of all cells at each step to another, around E_L.
"""

from __future__ import annotations

import sys

import nest
import numpy as np


def simulate(task: dict[str, np.ndarray]) -> np.ndarray:
    """Cells that do not spike, with one generator, which gives each a current of its own."""
    nest.verbosity = nest.VerbosityLevel.ERROR
    nest.ResetKernel()
    nest.set(local_num_threads=1, resolution=0.1, rng_seed=int(task["seed"]))
    n, begin, end = int(task["n"]), float(task["begin"]), float(task["end"])
    membrane = {"C_m": 200.0, "tau_m": 20.0, "E_L": 0.0, "V_m": 0.0, "V_th": 1e6}
    cells = nest.Create("iaf_psc_exp", n, membrane)
    noise = {name: float(task[name]) for name in ("mean", "std", "dt")}
    generator = nest.Create("noise_generator", params=noise)
    nest.Connect(generator, cells, syn_spec={"weight": 1.0, "delay": 1.0})
    meter = nest.Create("multimeter", {"record_from": ["V_m"], "interval": 0.1, "start": begin, "stop": end})
    nest.Connect(meter, cells)
    nest.Simulate(end + 1.0)  # the meter has a delay of 1 ms
    samples = meter.get("events")
    order = np.lexsort((samples["senders"], samples["times"]))
    return np.asarray(samples["V_m"])[order].reshape(-1, n)


if __name__ == "__main__":
    with np.load(sys.argv[1]) as given:
        result = simulate(dict(given))
    np.savez(sys.argv[2], V=result)
