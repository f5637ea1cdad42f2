"""Run in a process of its own by test_plasticity_oracle.py: synapses of NEST between neurons that repeat given spikes.

Reads a list of synapses from a JSON file: the model and its parameters, the time constants of the postsynaptic traces,
and the steps in which the neurons of both sides spike. Writes the weight of each presynaptic spike, synapse by synapse,
to a JSON file.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import nest
import numpy as np

LEAD = 10  # steps by which a generator spikes earlier than the neuron that repeats it
SILENT = 1  # port of a parrot neuron that repeats nothing


def repeated(dt: float, steps: list[int], lead: int, **parameters: float) -> Any:
    """A neuron that spikes in given steps."""
    times = [round((step + lead - LEAD) * dt, 6) for step in steps]
    generator = nest.Create("spike_generator", params={"spike_times": times})
    neuron = nest.Create("parrot_neuron", params=parameters)
    nest.Connect(generator, neuron, syn_spec={"delay": LEAD * dt})
    return neuron


def weights(task: dict[str, Any]) -> list[list[float]]:
    """The weight of each presynaptic spike, by synapse; all steps are counted from `lead`."""
    nest.verbosity = nest.VerbosityLevel.ERROR
    nest.ResetKernel()
    nest.set(local_num_threads=1, resolution=task["dt"])
    recorders = []
    for number, synapse in enumerate(task["synapses"]):
        pre = repeated(task["dt"], synapse["pre"], task["lead"])
        post = repeated(task["dt"], synapse["post"], task["lead"], **synapse["neuron"])
        recorders.append(nest.Create("weight_recorder"))
        nest.CopyModel(synapse["model"], f"plastic{number}", {"weight_recorder": recorders[-1]})
        spec = {"synapse_model": f"plastic{number}", "receptor_type": SILENT, **synapse["parameters"]}
        nest.Connect(pre, post, syn_spec=spec)
    nest.Simulate((task["lead"] + task["steps"]) * task["dt"])
    found = []
    for recorder, synapse in zip(recorders, task["synapses"], strict=True):
        events = recorder.get("events")
        order = np.argsort(events["times"], kind="stable")
        steps = np.rint(np.asarray(events["times"])[order] / task["dt"]).astype(int) - task["lead"]
        assert steps.tolist() == synapse["pre"], (steps, synapse["pre"])
        found.append(np.asarray(events["weights"])[order].tolist())
    return found


if __name__ == "__main__":
    found = weights(json.loads(Path(sys.argv[1]).read_text()))
    Path(sys.argv[2]).write_text(json.dumps(found))
