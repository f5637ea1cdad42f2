"""Run in a process of its own by test_published_oracle.py: NEST simulates networks of gs.models, drawn anew.

`python published.py NAME DURATION RESULT.npz` writes spike times, and ids counted over the populations in order.
"""

from __future__ import annotations

import sys
from typing import Any

import nest
import numpy as np

from benchmarks.peers.networks import microcircuit

DT = 0.1
# Brunel (2000), with a fifth of the neurons: ms, mV above rest, strength of inhibition, rate outside over threshold.
E, I, C_E, C_I, J = 2000, 500, 1000, 250, 0.1
CELL = {"tau_m": 20.0, "C_m": 200.0, "E_L": 0.0, "V_th": 20.0, "V_reset": 10.0, "t_ref": 2.0}
POINTS = {"SI-fast": (6.0, 4.0), "AI": (5.0, 2.0)}


def brunel(g: float, outside: float) -> dict[str, Any]:
    """Return the populations; each neuron has different others as sources."""
    cells = nest.Create("iaf_psc_delta", E + I, {**CELL, "refractory_input": False})
    cells.set(V_m=nest.random.uniform(0.0, 20.0))
    background = nest.Create("poisson_generator", params={"rate": outside * 20.0 / (J * 20.0) * 1e3})
    nest.Connect(background, cells, syn_spec={"weight": J, "delay": DT})
    parts = {"E": cells[:E], "I": cells[E:]}
    for part, number, weight in ((parts["E"], C_E, J), (parts["I"], C_I, -g * J)):
        rule = {"rule": "fixed_indegree", "indegree": number, "allow_autapses": False, "allow_multapses": False}
        nest.Connect(part, cells, rule, {"weight": weight, "delay": 1.5})
    return parts


def main(name: str, duration: float, result: str) -> None:
    """Build, run and write."""
    nest.verbosity = nest.VerbosityLevel.ERROR
    nest.ResetKernel()
    nest.set(local_num_threads=1, resolution=DT, rng_seed=5)
    parts = microcircuit.nest(nest, microcircuit.Numbers(float(name))) if name not in POINTS else brunel(*POINTS[name])
    recorder = nest.Create("spike_recorder")
    for part in parts.values():
        nest.Connect(part, recorder)
    nest.Simulate(duration)
    events = recorder.get("events")
    ids, first = np.zeros_like(events["senders"]), 0
    for part in parts.values():  # other nodes may lie between the populations
        place = events["senders"] - part[0].global_id
        inside = (place >= 0) & (place < len(part))
        ids[inside] = place[inside] + first
        first += len(part)
    np.savez(result, times=events["times"], ids=ids)


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), sys.argv[3])
