"""Small SONATA circuits, written by the tests themselves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np

CELL = {"C_m": 200.0, "tau_m": 20.0, "E_L": -70.0, "V_th": -50.0, "V_reset": -60.0, "t_ref": 2.0, "I_e": 0.0}


def write_json(path: Path, data: Any) -> Path:
    """Write a JSON file and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data, indent=2))
    return path


def write_csv(path: Path, rows: list[str]) -> Path:
    """Write a types table, one string a line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(rows) + "\n")
    return path


def write_nodes(path: Path, name: str, type_ids: list[int], ids: Any = None, groups: Any = None) -> Path:
    """Write a node population; `groups`: (group id, group index, {group: {attribute: values}})."""
    path.parent.mkdir(parents=True, exist_ok=True)
    size = len(type_ids)
    group_ids, index, content = groups or (np.zeros(size), np.arange(size), {0: {}})
    with h5py.File(path, "w") as file:
        group = file.create_group(f"nodes/{name}")
        group["node_type_id"] = np.array(type_ids, dtype=np.uint64)
        group["node_id"] = np.arange(size, dtype=np.uint64) if ids is None else np.array(ids, dtype=np.uint64)
        put_groups(group, "node", group_ids, index, content)
    return path


def write_edges(
    path: Path, name: str, ends: tuple[str, str], pairs: Any, type_ids: list[int], groups: Any = None
) -> Path:
    """Write an edge population between node populations; `pairs`: (source id, target id) rows."""
    path.parent.mkdir(parents=True, exist_ok=True)
    size = len(type_ids)
    group_ids, index, content = groups or (np.zeros(size), np.arange(size), {0: {}})
    with h5py.File(path, "w") as file:
        group = file.create_group(f"edges/{name}")
        for end, population, ids in zip(("source", "target"), ends, np.reshape(pairs, (-1, 2)).T, strict=True):
            group[f"{end}_node_id"] = ids.astype(np.uint64)
            group[f"{end}_node_id"].attrs["node_population"] = population
        group["edge_type_id"] = np.array(type_ids, dtype=np.uint64)
        put_groups(group, "edge", group_ids, index, content)
    return path


def put_groups(group: Any, kind: str, group_ids: Any, index: Any, content: Any) -> None:
    """Write the group indirection and the groups' attributes."""
    group[f"{kind}_group_id"] = np.array(group_ids, dtype=np.uint16)
    group[f"{kind}_group_index"] = np.array(index, dtype=np.uint32)
    for number, attributes in content.items():
        inner = group.create_group(str(number))
        for attribute, values in attributes.items():
            inner[attribute] = values


def write_spikes(path: Path, times: Any, ids: Any, population: str | None = None, units: str | None = None) -> Path:
    """Write a spike file: in the new layout if a population is named, else in the old one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        group = file.create_group(f"spikes/{population}" if population else "spikes")
        group["timestamps"] = np.array(times, dtype=np.float64)
        group["node_ids" if population else "gids"] = np.array(ids, dtype=np.uint64)
        if units:
            group["timestamps"].attrs["units"] = units
    return path


class SmallCircuit:
    """Six neurons ("cells": four of type E, two of type I, ids not in order), two virtual sources ("inputs").

    Tests change `circuit`, `simulation`, the CSV lines or the models before they call :meth:`write`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.models: dict[str, Any] = {"E.json": dict(CELL), "I.json": {**CELL, "C_m": 100.0, "tau_m": 10.0}}
        self.synapse_models: dict[str, Any] = {"empty.json": {}}
        self.node_types = [
            "node_type_id pop_name ei model_type model_template dynamics_params",
            "100 E e point_neuron nest:iaf_psc_alpha E.json",
            "101 I i point_neuron nest:iaf_psc_alpha I.json",
        ]
        self.input_types = ["node_type_id model_type", "100 virtual"]
        self.edge_types = [
            "edge_type_id target_query source_query delay syn_weight model_template dynamics_params",
            "1 * \"ei=='e' & x>0\" 1.5 NULL static_synapse empty.json",
            "2 * ei=='i' 2.0 -40.0 static_synapse NULL",
        ]
        self.input_edge_types = ["edge_type_id model_template", "7 static_synapse"]
        self.node_ids = [10, 3, 5, 7, 20, 1]
        self.edge_groups: Any = None
        self.input_times, self.input_ids = [0.004, 1.0, 2.26, 400.0], [0, 1, 1, 0]
        self.circuit: dict[str, Any] = {
            "manifest": {"$NETWORK_DIR": "./network", "$MODELS": "./components"},
            "components": {"point_neuron_models_dir": "$MODELS/cells", "synaptic_models_dir": "$MODELS/synapses"},
            "networks": {
                "nodes": [
                    {"nodes_file": "$NETWORK_DIR/cells.h5", "node_types_file": "$NETWORK_DIR/cell_types.csv"},
                    {
                        "nodes_file": "$NETWORK_DIR/inputs.h5",
                        "node_types_file": "$NETWORK_DIR/input_types.csv",
                    },
                ],
                "edges": [
                    {
                        "edges_file": "$NETWORK_DIR/cells_cells.h5",
                        "edge_types_file": "$NETWORK_DIR/edge_types.csv",
                    },
                    {
                        "edges_file": "${NETWORK_DIR}/inputs_cells.h5",
                        "edge_types_file": "$NETWORK_DIR/input_edge_types.csv",
                    },
                ],
            },
        }
        self.simulation: dict[str, Any] = {
            "manifest": {"$OUTPUT_DIR": "$BASE/output", "$BASE": "."},
            "run": {"tstop": 50.0, "dt": 0.1},
            "network": "circuit_config.json",
            "conditions": {"v_init": -65.0},
            "node_sets_file": "$BASE/node_sets.json",
            "inputs": {
                "drive": {
                    "input_type": "spikes",
                    "module": "h5",
                    "input_file": "$BASE/inputs/drive.h5",
                    "node_set": "inputs",
                }
            },
            "output": {"output_dir": "$OUTPUT_DIR", "spikes_file": "spikes.h5", "log_file": "log.txt"},
            "reports": {
                "potential": {"cells": "watched", "variable_name": "V_m", "module": "membrane_report"},
            },
        }
        self.node_sets: dict[str, Any] = {
            "inputs": {"population": "inputs"},
            "watched": {"population": "cells", "node_id": [20, 10]},
        }

    def write(self) -> Path:
        """Write everything and return the path of the top configuration."""
        network = self.folder / "network"
        write_nodes(network / "cells.h5", "cells", [100, 100, 100, 100, 101, 101], self.node_ids)
        write_nodes(network / "inputs.h5", "inputs", [100, 100])
        pairs = [(10, 3), (3, 10), (5, 20), (7, 1), (20, 10), (20, 3), (1, 5), (1, 7)]
        weights = {0: {"syn_weight": [100.0, 120.0, 140.0, 160.0]}, 1: {"nsyns": np.array([1, 2, 3, 0])}}
        groups = self.edge_groups or ([0, 0, 0, 0, 1, 1, 1, 1], [3, 2, 1, 0, 0, 1, 2, 3], weights)
        types = [1, 1, 1, 1, 2, 2, 2, 2]
        write_edges(network / "cells_cells.h5", "cells_to_cells", ("cells", "cells"), pairs, types, groups)
        pairs = [(0, node) for node in self.node_ids[:3]] + [(1, node) for node in self.node_ids[3:]]
        strong = ([0] * 6, range(6), {0: {"syn_weight": np.full(6, 2000.0)}})
        write_edges(network / "inputs_cells.h5", "inputs_to_cells", ("inputs", "cells"), pairs, [7] * 6, strong)
        write_csv(network / "cell_types.csv", self.node_types)
        write_csv(network / "input_types.csv", self.input_types)
        write_csv(network / "edge_types.csv", self.edge_types)
        write_csv(network / "input_edge_types.csv", self.input_edge_types)
        for name, model in self.models.items():
            write_json(self.folder / "components" / "cells" / name, model)
        for name, model in self.synapse_models.items():
            write_json(self.folder / "components" / "synapses" / name, model)
        write_spikes(self.folder / "inputs" / "drive.h5", self.input_times, self.input_ids)
        write_json(self.folder / "node_sets.json", self.node_sets)
        write_json(self.folder / "circuit_config.json", self.circuit)
        write_json(self.folder / "simulation_config.json", self.simulation)
        top = {"network": "./circuit_config.json", "simulation": "./simulation_config.json"}
        return write_json(self.folder / "config.json", top)
