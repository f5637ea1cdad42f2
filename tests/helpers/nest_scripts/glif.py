"""Run in a process of its own by test_glif_oracle.py: NEST simulates glif_psc at each of its levels."""

from __future__ import annotations

import json
import sys
from typing import Any

import nest
import numpy as np

FLAGS = {  # by level
    1: (False, False, False), 2: (True, False, False), 3: (False, True, False), 4: (True, True, False),
    5: (True, True, True),
}  # fmt: skip
NAMES = ("spike_dependent_threshold", "after_spike_currents", "adapting_threshold")
RECORDED = ("V_m", "threshold_spike", "threshold_voltage", "ASCurrents_sum")


def simulate(level: int, task: dict[str, Any]) -> dict[str, np.ndarray]:
    """Simulate cells that differ in their current; return spikes and traces, one column each."""
    nest.verbosity = nest.VerbosityLevel.ERROR
    nest.ResetKernel()
    dt, sizes = task["dt"], task["currents"]
    nest.set(local_num_threads=1, resolution=dt)
    flags = dict(zip(NAMES, FLAGS[level], strict=True))
    cells = nest.Create("glif_psc", len(sizes), params=task["parameters"] | flags)
    for port, train in enumerate(task["trains"], 1):
        source = nest.Create("spike_generator", {"spike_times": train["times"]})
        spec = {"weight": train["weight"], "delay": train["delay"], "receptor_type": port}
        nest.Connect(source, cells, syn_spec=spec)
    start, stop = task["window"]
    for cell, size in zip(cells, sizes, strict=True):
        # The current of a generator arrives after its delay, of one step.
        times, values = [start - dt, stop - dt], [size, 0.0]
        generator = nest.Create("step_current_generator", {"amplitude_times": times, "amplitude_values": values})
        nest.Connect(generator, cell, syn_spec={"delay": dt})
    recorder = nest.Create("spike_recorder")
    meter = nest.Create("multimeter", {"record_from": list(RECORDED), "interval": dt})
    nest.Connect(cells, recorder)
    nest.Connect(meter, cells)
    nest.Simulate(task["duration"])
    spikes, samples = recorder.get("events"), meter.get("events")
    order = np.lexsort((spikes["senders"], spikes["times"]))
    found = {"ids": spikes["senders"][order] - cells[0].global_id, "times": spikes["times"][order]}
    order = np.lexsort((samples["senders"], samples["times"]))
    return found | {name: samples[name][order].reshape(-1, len(sizes)) for name in RECORDED}


def defaults() -> dict[str, np.ndarray]:
    """Return the default parameters that are numbers or lists, and V of a cell whose E_L is given."""
    values = {name: value for name, value in nest.GetDefaults("glif_psc").items() if not isinstance(value, (bool, str))}
    found = {f"default {name}": np.array(value) for name, value in values.items() if np.array(value).dtype == float}
    return found | {"default V_m": np.array(nest.Create("glif_psc", params={"E_L": -81.0}).get("V_m"))}


if __name__ == "__main__":
    with open(sys.argv[1]) as stream:
        description = json.load(stream)
    result = defaults()
    for level in FLAGS:
        result |= {f"{level} {name}": values for name, values in simulate(level, description).items()}
    np.savez(sys.argv[2], **result)
