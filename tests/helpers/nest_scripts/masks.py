"""Run in a process of its own by test_masks_oracle.py: whom each neuron contacts within masks in NEST.

Reads positions and a list of masks from a JSON file. Writes pre and post of each projection, counted from 0, and its
weights and delays, to an .npz file.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import nest
import numpy as np


def connected(task: dict[str, Any], case: dict[str, Any]) -> dict[str, np.ndarray]:
    """Return the synapses that a mask gives where every pair inside is connected."""
    nest.verbosity = nest.VerbosityLevel.ERROR
    nest.ResetKernel()
    place = {"edge_wrap": case["wrap"]} | ({"extent": task["extent"]} if case["wrap"] else {})
    places = (nest.spatial.free(task[side], **place) for side in ("pre", "post"))
    pre, post = (nest.Create("iaf_psc_alpha", positions=each) for each in places)
    mask = {case["kind"]: case["mask"]} | ({"anchor": case["anchor"]} if case["anchor"] else {})
    distance = nest.spatial.distance
    nest.Connect(
        pre, post, {"rule": "pairwise_bernoulli", "p": 1.0, "mask": mask},
        {"weight": 2.0 * nest.spatial_distributions.exponential(distance, beta=task["beta"]), "delay": 1.0},
    )  # fmt: skip
    found = nest.GetConnections(pre, post).get(["source", "target", "weight"])
    first = [side.get("global_id")[0] for side in (pre, post)]
    return {
        "pre": np.array(found["source"]) - first[0],
        "post": np.array(found["target"]) - first[1],
        "weight": np.array(found["weight"]),
    }


if __name__ == "__main__":
    task = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    results = {}
    for name, case in task["cases"].items():
        results |= {f"{name} {key}": values for key, values in connected(task, case).items()}
    np.savez(sys.argv[2], **results)
