"""Run in a process of its own by test_sonata_oracle.py: NEST simulates what a JSON file describes.

``circuit`` reads the files of the 300-neuron circuit by itself, so that the readers are compared too.
"""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from typing import Any

import h5py
import nest
import numpy as np


def prepare(dt: float) -> None:
    """Start with an empty kernel."""
    nest.verbosity = nest.VerbosityLevel.ERROR
    nest.ResetKernel()
    nest.set(local_num_threads=1, resolution=dt)


def on_grid(times: Any, dt: float) -> np.ndarray:
    """Move times up to the next step, the first at least, as ``precise_times`` does."""
    return np.round(np.maximum(np.ceil(np.sort(times) / dt - 1e-6), 1) * dt, 6)


def circuit(folder: Path, dt: float, duration: float, v_init: float, watched: list[int]) -> dict[str, Any]:
    """Simulate the circuit; return spikes, node types and the potential of the watched nodes."""
    prepare(dt)
    network = folder / "network"
    with open(network / "internal_node_types.csv") as stream:
        rows = {int(row["node_type_id"]): row for row in csv.DictReader(stream, delimiter=" ")}
    with h5py.File(network / "internal_nodes.h5") as file:
        type_ids = file["nodes/internal/node_type_id"][()]
    cells = nest.Create("iaf_psc_alpha", len(type_ids))
    for cell, type_id in zip(cells, type_ids, strict=True):
        model = folder / "components" / "cell_models" / rows[int(type_id)]["dynamics_params"]
        cell.set(**json.loads(model.read_text()))
    cells.set(V_m=v_init)
    with h5py.File(folder / "inputs" / "external_spike_trains.h5") as file:
        times, ids = file["spikes/timestamps"][()], file["spikes/gids"][()]
    sources = nest.Create("spike_generator", 100)
    for number, source in enumerate(sources):
        source.set(spike_times=on_grid(times[ids == number], dt))
    connect(cells, cells, network / "internal_internal_edges.h5", 2.0)
    connect(sources, cells, network / "external_internal_edges.h5", nest.GetDefaults("static_synapse", "delay"))
    recorder = nest.Create("spike_recorder")
    meter = nest.Create("multimeter", {"record_from": ["V_m"], "interval": dt})
    nest.Connect(cells, recorder)
    nest.Connect(meter, cells[watched])
    nest.Simulate(duration)
    spikes, samples = recorder.get("events"), meter.get("events")
    order = np.lexsort((samples["senders"], samples["times"]))
    return {
        "types": np.array([rows[int(one)]["model_name"] for one in type_ids]),
        "ids": spikes["senders"] - cells[0].global_id,
        "times": spikes["times"],
        "t": samples["times"][order].reshape(-1, len(watched))[:, 0],
        "V": samples["V_m"][order].reshape(-1, len(watched)),
    }


def connect(pre: Any, post: Any, path: Path, delay: float) -> None:
    """Make the connections of an edges file, weights as they stand there."""
    with h5py.File(path) as file:
        (edges,) = file["edges"].values()
        source, target = edges["source_node_id"][()], edges["target_node_id"][()]
        weight = edges["0/syn_weight"][()]
    values = {"weight": weight, "delay": np.full(len(weight), delay)}
    pre_ids, post_ids = np.array(pre.tolist()), np.array(post.tolist())
    nest.Connect(pre_ids[source], post_ids[target], "one_to_one", values)


def allen_style(folder: Path, dt: float, duration: float) -> dict[str, Any]:
    """Simulate the circuit that test_allen_style_circuits writes, as BMTK's pointnet would; return its spikes."""
    prepare(dt)
    cells = nodes_of(folder)
    with open(folder / "drive.csv") as stream:
        rows = list(csv.DictReader(stream, delimiter=" "))
    sources = nest.Create("spike_generator", 20, {"precise_times": True})
    for number, source in enumerate(sources):
        times = sorted(float(row["timestamps"]) for row in rows if int(row["node_ids"]) == number)
        source.set(spike_times=times)
    edges_of(folder, "cells_cells", cells, cells)
    edges_of(folder, "inputs_cells", sources, cells)
    step = json.loads((folder / "config.json").read_text())["inputs"]["step"]
    # The current of a generator arrives after its delay, of one step.
    times = [step["delay"] - dt, step["delay"] + step["duration"] - dt]
    generator = nest.Create(
        "step_current_generator", {"amplitude_times": times, "amplitude_values": [step["amp"], 0.0]}
    )
    nest.Connect(generator, cells[:10], syn_spec={"delay": dt})
    recorder = nest.Create("spike_recorder")
    nest.Connect(cells, recorder)
    nest.Simulate(duration)
    spikes = recorder.get("events")
    order = np.lexsort((spikes["senders"], spikes["times"]))
    return {"ids": spikes["senders"][order] - cells[0].global_id, "times": spikes["times"][order]}


def nodes_of(folder: Path) -> Any:
    """Make the nodes of cells.h5, each with the parameters of the JSON file of its type."""
    with open(folder / "cells.csv") as stream:
        types = {int(row["node_type_id"]): row for row in csv.DictReader(stream, delimiter=" ")}
    with h5py.File(folder / "cells.h5") as file:
        type_ids = file["nodes/cells/node_type_id"][()]
    made = None
    for type_id in type_ids:
        row = types[int(type_id)]
        parameters = json.loads((folder / "models" / row["dynamics_params"]).read_text())
        one = nest.Create(row["model_template"].removeprefix("nest:"), params=parameters)
        made = one if made is None else made + one
    return made


def edges_of(folder: Path, name: str, pre: Any, post: Any) -> None:
    """Make the edges of a file one by one; the JSON file of their type has what is no weight and no delay."""
    with open(folder / f"{name}.csv") as stream:
        types = {int(row["edge_type_id"]): row for row in csv.DictReader(stream, delimiter=" ")}
    with h5py.File(folder / f"{name}.h5") as file:
        (edges,) = file["edges"].values()
        columns = [edges[key][()] for key in ("source_node_id", "target_node_id", "edge_type_id", "0/syn_weight")]
    for source, target, type_id, weight in zip(*columns, strict=True):
        row = types[int(type_id)]
        given = json.loads((folder / "models" / row["dynamics_params"]).read_text())
        sign = given.pop("sign", 1)
        spec = {"synapse_model": row["model_template"], "weight": sign * weight, "delay": float(row["delay"]), **given}
        nest.Connect(pre[int(source)], post[int(target)], syn_spec=spec)


def defaults(models: list[str], synapses: list[str]) -> dict[str, Any]:
    """Return the default parameters and states of models, those that are numbers, by ``model.name``."""
    prepare(0.1)
    found: dict[str, Any] = {}
    for model in (*models, *synapses):
        values = nest.GetDefaults(model)
        found |= {f"{model}.{name}": value for name, value in values.items() if isinstance(value, float)}
        if model in models:  # those that change when E_L is given
            cell = nest.Create(model, params={"E_L": -81.0} if "E_L" in values else {})
            found[f"{model}.V_m"] = cell.get("V_m")
    return found


def neuron(
    model: str,
    parameters: dict[str, float],
    v_init: float | None,
    dt: float,
    duration: float,
    trains: list[dict[str, Any]],
) -> dict[str, Any]:
    """Simulate one neuron under spike trains of given weight and delay; return potential and spikes."""
    prepare(dt)
    cell = nest.Create(model, params=parameters)
    if v_init is not None:
        cell.set(V_m=v_init)
    for train in trains:
        source = nest.Create("spike_generator", {"spike_times": on_grid(train["times"], dt)})
        nest.Connect(source, cell, syn_spec={"weight": train["weight"], "delay": train["delay"]})
    recorder = nest.Create("spike_recorder")
    meter = nest.Create("multimeter", {"record_from": ["V_m"], "interval": dt})
    nest.Connect(cell, recorder)
    nest.Connect(meter, cell)
    nest.Simulate(duration)
    samples = meter.get("events")
    return {"t": samples["times"], "V": samples["V_m"], "spikes": np.array(recorder.get("events")["times"])}


if __name__ == "__main__":
    task = json.loads(Path(sys.argv[1]).read_text())
    if "folder" in task:
        task["folder"] = Path(task["folder"])
    result = {"circuit": circuit, "allen_style": allen_style, "defaults": defaults, "neuron": neuron}[task.pop("what")](
        **task
    )
    np.savez(sys.argv[2], **result)
