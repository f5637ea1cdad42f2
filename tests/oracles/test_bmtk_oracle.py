"""SONATA circuits in the style of Allen's, run from the same files by BMTK's pointnet with NEST."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from gpusyn.commands.cli import main
from gpusyn.sonata import run_config
from gpusyn.sonata.glif import ALLEN_NAMES
from tests.helpers.paths import NEST_SCRIPTS
from tests.helpers.sonata_circuit import write_csv, write_edges, write_json, write_nodes, write_spikes
from tests.sonata.test_glif import ALLEN

pytestmark = [
    pytest.mark.oracle,
    pytest.mark.skipif(
        any(importlib.util.find_spec(one) is None for one in ("nest", "bmtk")),
        reason='BMTK or NEST is not installed: pip install -e ".[oracle]"',
    ),
]

DT, DURATION = 0.1, 300.0
E_CELL = {"C_m": 180.0, "tau_m": 22.2, "E_L": -75.0, "V_th": -47.0, "V_reset": -58.0, "t_ref": 3.0, "I_e": 20.0}
PV = {"C_m": 120.0, "tau_m": 12.0, "E_L": -72.0, "V_th": -50.0, "V_reset": -60.0, "t_ref": 1.75, "tau_syn_ex": 1.5}
SST = {"C_m": 150.0, "tau_m": 18.0, "E_L": -73.0, "V_th": -49.0, "V_reset": -60.0, "t_ref": 2.0, "V_m": -65.0}
RELAY = {"C_m": 100.0, "tau_m": 10.0, "E_L": -70.0, "V_th": -55.0, "V_reset": -65.0, "t_ref": 2.0}
KINDS = {101: ("e4", "e", E_CELL, 40), 102: ("pv", "i", PV, 12), 103: ("sst", "i", SST, 8)}
SIZES = {"v1": 60, "th": 10, "lgn": 20, "bkg": 5}
VIRTUAL = ("lgn", "bkg")


class Allen:
    """60 neurons of three types and 10 of one, in two populations, and two populations of virtual nodes.

    Tests change its attributes before they call :meth:`write`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.draw = np.random.default_rng(5)
        self.templates = {"e4": "nest:iaf_psc_alpha", "pv": "nest:iaf_psc_exp", "sst": "nest:iaf_psc_alpha"}
        self.templates["relay"] = "nest:iaf_psc_exp"
        self.cells = {name: dict(model) for name, _, model, _ in KINDS.values()} | {"relay": dict(RELAY)}
        self.synapses: dict[str, dict[str, Any]] = {"static": {}}
        self.excitation = ("nest:static_synapse", "static")  # of v1's e4 onto v1
        self.unit = 1.0  # of weights (pA or nS)
        self.inputs: dict[str, Any] = {
            "lgn": {"input_type": "spikes", "module": "h5", "input_file": "spikes.h5", "node_set": "lgn_nodes"},
            "bkg": {"input_type": "spikes", "module": "csv", "input_file": "spikes.csv",
                    "node_set": {"population": "bkg"}},
            "step": {"input_type": "current_clamp", "module": "IClamp", "node_set": "clamped",
                     "amp": [150.0, -80.0], "delay": [50.0, 120.0], "duration": [60.0, 30.0]},
        }  # fmt: skip
        self.reports: dict[str, Any] = {
            "V": {"cells": "watched", "variable_name": "V_m", "module": "membrane_report", "sections": "soma"},
        }
        self.run: dict[str, Any] = {"tstop": DURATION, "dt": DT}
        self.edges = ("v1_v1", "v1_th", "th_v1", "lgn_v1", "lgn_th", "bkg_v1")

    def write(self) -> Path:
        """Write everything and return the path of the configuration."""
        self.write_nodes()
        self.write_edges()
        for name, model in self.cells.items():
            write_json(self.folder / "cells" / f"{name}.json", model)
        for name, model in self.synapses.items():
            write_json(self.folder / "synapses" / f"{name}.json", model)
        times = np.round(self.draw.uniform(1.0, 290.0, 700), 4)  # off the grid
        write_spikes(self.folder / "spikes.h5", times, self.draw.integers(0, 20, 700), "lgn", "ms")
        rows = [f"{time!r} bkg {number % 5}" for number, time in enumerate((times[:100] + 2.0).tolist())]
        write_csv(self.folder / "spikes.csv", ["timestamps population node_ids", *rows])
        sets = {"lgn_nodes": {"population": "lgn"}, "clamped": {"population": "v1", "node_id": self.of_kind(101)[:10]},
                "watched": {"population": "v1", "node_id": [0, 3, 41, 55]}}  # fmt: skip
        write_json(self.folder / "node_sets.json", sets)
        config = {
            "target_simulator": "NEST",
            "run": self.run,
            "components": {"point_neuron_models_dir": "cells", "synaptic_models_dir": "synapses"},
            "networks": {
                "nodes": [{"nodes_file": f"{one}.h5", "node_types_file": f"{one}.csv"} for one in SIZES],
                "edges": [{"edges_file": f"{one}.h5", "edge_types_file": f"{one}.csv"} for one in self.edges],
            },
            "node_sets_file": "node_sets.json",
            "inputs": self.inputs,
            "reports": self.reports,
            "output": {"output_dir": "ours", "spikes_file": "spikes.h5", "log_file": "log.txt"},
        }
        return write_json(self.folder / "config.json", config)

    def write_nodes(self) -> None:
        header = "node_type_id pop_name ei model_type model_template dynamics_params"
        rows = [f"{kind} {name} {ei} point_neuron {self.templates[name]} {name}.json"
                for kind, (name, ei, _, _) in KINDS.items()]  # fmt: skip
        write_csv(self.folder / "v1.csv", [header, *rows])
        write_csv(self.folder / "th.csv", [header, f"7 relay e point_neuron {self.templates['relay']} relay.json"])
        kinds = np.repeat(list(KINDS), [count for *_, count in KINDS.values()])
        write_nodes(self.folder / "v1.h5", "v1", self.draw.permutation(kinds).tolist())
        write_nodes(self.folder / "th.h5", "th", [7] * 10)
        for name in VIRTUAL:
            write_nodes(self.folder / f"{name}.h5", name, [1] * SIZES[name])
            write_csv(self.folder / f"{name}.csv", ["node_type_id pop_name model_type", f"1 {name} virtual"])

    def write_edges(self) -> None:
        with h5py.File(self.folder / "v1.h5") as file:
            kinds = file["nodes/v1/node_type_id"][()]
        template, model = self.excitation
        header = "edge_type_id target_query source_query syn_weight delay model_template dynamics_params"
        recurrent = [f"1 * ei=='e' 1.0 1.6 {template} {model}.json",
                     "2 * pop_name=='pv' -90.0 0.9 nest:static_synapse static.json",
                     "3 * pop_name=='sst' -60.0 2.1 nest:static_synapse static.json"]  # fmt: skip
        pairs = self.pairs("v1_v1", 900)
        of_type = np.array([{101: 1, 102: 2, 103: 3}[kind] for kind in kinds[pairs[:, 0]].tolist()])
        weight = np.where(of_type == 1, 90.0, -110.0) * self.draw.uniform(0.5, 1.5, len(pairs))
        self.put("v1_v1", pairs, of_type, [header, *recurrent], {"syn_weight": weight})
        types = "edge_type_id syn_weight delay model_template dynamics_params"
        line = "{} {} {} static_synapse static.json"
        pairs = self.pairs("v1_th", 120)
        self.put("v1_th", pairs, np.where(pairs[:, 0] < 30, 1, 2),
                 [types, line.format(1, 60.0, 3.0), line.format(2, -50.0, 2.0)],
                 {"nsyns": self.draw.integers(1, 5, 120)})  # fmt: skip
        pairs = self.pairs("th_v1", 200)
        self.put("th_v1", pairs, np.full(200, 1), ["edge_type_id model_template dynamics_params",
                 "1 static_synapse static.json"],
                 {"syn_weight": self.draw.uniform(40.0, 160.0, 200),
                  "delay": self.draw.uniform(0.3, 6.0, 200)})  # fmt: skip
        for name, count, scale in (("lgn_v1", 400, 180.0), ("lgn_th", 60, 400.0)):
            self.put(name, self.pairs(name, count), np.full(count, 1), [types, line.format(1, 1.0, 1.0)],
                     {"syn_weight": self.unit * scale * self.draw.uniform(0.5, 1.5, count)})  # fmt: skip
        lines = [types, line.format(1, 150.0 * self.unit, 1.55)]
        self.put("bkg_v1", self.pairs("bkg_v1", 100), np.full(100, 1), lines, {})

    def of_kind(self, kind: int) -> list[int]:
        """Return the ids of v1's nodes of a type; BMTK clamps nodes of one type alone."""
        with h5py.File(self.folder / "v1.h5") as file:
            found: list[int] = np.flatnonzero(file["nodes/v1/node_type_id"][()] == kind).tolist()
        return found

    def pairs(self, name: str, count: int) -> np.ndarray:
        source, target = name.split("_")
        drawn = self.draw.integers(0, [SIZES[source], SIZES[target]], (count, 2))
        return drawn

    def put(self, name: str, pairs: Any, types: Any, lines: list[str], attributes: dict[str, Any]) -> None:
        write_csv(self.folder / f"{name}.csv", lines)
        source, target = name.split("_")
        groups = ([0] * len(pairs), range(len(pairs)), {0: attributes})
        write_edges(self.folder / f"{name}.h5", name, (source, target), pairs, types.tolist(), groups)


def pointnet(path: Path) -> Path:
    """Let BMTK run a configuration, with its results in the folder ``theirs`` beside it; return this folder.

    A current of a generator arrives one step after its time, which BMTK takes for the delay: here it is taken off.
    """
    config = json.loads(path.read_text())
    for entry in config["inputs"].values():
        if entry["input_type"] == "current_clamp":
            entry["delay"] = [round(delay - DT, 9) for delay in entry["delay"]]
    config["output"]["output_dir"] = "theirs"
    config["manifest"] = {"$HERE": "."}
    other = write_json(path.with_name("theirs.json"), config)
    done = subprocess.run([sys.executable, str(NEST_SCRIPTS / "pointnet.py"), other.name], cwd=path.parent,
                          capture_output=True, text=True, timeout=600, check=False)  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-3000:]
    return path.parent / "theirs"


def spikes_in(file: Path) -> dict[str, tuple[list[int], np.ndarray]]:
    """Return ids and times of the spikes of each population, by time and then by id."""
    found = {}
    with h5py.File(file) as stored:
        for name, group in stored["spikes"].items():
            ids, times = group["node_ids"][()], group["timestamps"][()]
            order = np.lexsort((ids, np.rint(times / DT)))
            found[name] = (ids[order].astype(int).tolist(), times[order])
    return found


def traces_in(file: Path, population: str) -> tuple[list[int], float, float, np.ndarray]:
    """Return ids, begin, interval and samples of a report, in the order of the ids."""
    with h5py.File(file) as stored:
        group = stored[f"report/{population}"]
        ids, (begin, _, interval) = group["mapping/node_ids"][()].astype(int), group["mapping/time"][()]
        return np.sort(ids).tolist(), float(begin), float(interval), group["data"][()][:, np.argsort(ids)]


def both(path: Path) -> tuple[Path, Path]:
    """Run a configuration here and in BMTK, and return the folders of results."""
    run_config(path, echo=lambda line: None)
    return path.parent / "ours", pointnet(path)


def assert_same_spikes(ours: Path, theirs: Path, **least: int) -> None:
    found, expected = spikes_in(ours / "spikes.h5"), spikes_in(theirs / "spikes.h5")
    assert found.keys() == expected.keys() == least.keys()
    for name, count in least.items():
        assert len(expected[name][0]) > count
        assert found[name][0] == expected[name][0]
        np.testing.assert_allclose(found[name][1], expected[name][1], atol=1e-6)


def test_every_spike_and_potential_of_a_circuit(tmp_path):
    """With delays, refractory times and spikes off the grid, a current, nsyns, and edges between populations."""
    ours, theirs = both(Allen(tmp_path).write())
    assert_same_spikes(ours, theirs, v1=200, th=50)
    found, expected = (traces_in(folder / "V.h5", "v1") for folder in (ours, theirs))
    assert found[0] == expected[0] == [0, 3, 41, 55]
    assert found[2] == expected[2] == DT
    behind = round((expected[1] - found[1]) / DT)  # the first sample of NEST is that of the first step
    common = min(len(found[3]) - behind, len(expected[3]))
    assert common > 0.98 * DURATION / DT
    assert np.ptp(expected[3]) > 10.0
    # BMTK reads three decimals of what NEST writes.
    np.testing.assert_allclose(found[3][behind:][:common], expected[3][:common], atol=6e-4, rtol=0)


def test_reports_every_millisecond(tmp_path):
    """The key is `interval` in pointnet."""
    circuit = Allen(tmp_path)
    circuit.reports["V"]["interval"] = 1.0
    ours, theirs = both(circuit.write())
    found, expected = (traces_in(folder / "V.h5", "v1") for folder in (ours, theirs))
    assert found[:3] == expected[:3] == ([0, 3, 41, 55], 1.0, 1.0)
    np.testing.assert_allclose(found[3][: len(expected[3])], expected[3], atol=6e-4, rtol=0)


SYNAPSES = {
    "tsodyks_synapse": {"U": 0.4, "tau_psc": 4.0, "tau_rec": 200.0, "tau_fac": 30.0},
    "tsodyks2_synapse": {"U": 0.4, "u": 0.4, "tau_rec": 200.0, "tau_fac": 30.0},
    "stdp_synapse": {"lambda": 0.05, "alpha": 1.1, "mu_plus": 0.4, "mu_minus": 0.6, "Wmax": 200.0},
}


@pytest.mark.parametrize("synapse", SYNAPSES)
def test_every_spike_with_synapses_that_change(tmp_path, synapse):
    circuit = Allen(tmp_path)
    circuit.synapses["changing"] = SYNAPSES[synapse]
    circuit.excitation = (f"nest:{synapse}", "changing")
    assert_same_spikes(*both(circuit.write()), v1=200, th=50)


def test_the_table_overrules_the_model_of_an_edge(tmp_path):
    """Where both give a weight or a delay."""
    circuit = Allen(tmp_path)
    circuit.synapses["static"] = {"weight": 10.0, "delay": 4.0}
    assert_same_spikes(*both(circuit.write()), v1=200, th=50)


GLIF = {
    "C_m": 58.72, "g": 9.43, "E_L": -78.85, "V_th": -51.68, "t_ref": 3.75, "tau_syn": [5.5, 2.8],
}  # fmt: skip
RESET = {"th_spike_add": 0.37, "th_spike_decay": 0.009, "voltage_reset_fraction": 0.2, "voltage_reset_add": 18.51}
AFTER = {"asc_decay": [0.003, 0.1], "asc_amps": [-9.18, -98.94], "asc_r": [1.0, 1.0], "asc_init": [0.0, 0.0]}
VOLTAGE = {"th_voltage_index": 0.005, "th_voltage_decay": 0.09}
FLAGS = ("spike_dependent_threshold", "after_spike_currents", "adapting_threshold")
LEVELS = {
    1: ({"V_reset": -78.85}, (False, False, False)),
    2: (RESET, (True, False, False)),
    3: ({"V_reset": -78.85, **AFTER}, (False, True, False)),
    4: (RESET | AFTER, (True, True, False)),
    5: (RESET | AFTER | VOLTAGE, (True, True, True)),
}


@pytest.mark.parametrize("level", LEVELS)
def test_every_spike_of_generalised_leaky_neurons(tmp_path, level):
    circuit = Allen(tmp_path)
    parameters, flags = LEVELS[level]
    circuit.templates = dict.fromkeys(circuit.templates, "nest:glif_psc")
    circuit.cells = {name: GLIF | parameters | dict(zip(FLAGS, flags, strict=True)) for name in circuit.cells}
    circuit.synapses["static"] = {"receptor_type": 2}
    circuit.unit = 0.3
    assert_same_spikes(*both(circuit.write()), v1=200, th=50)


@pytest.mark.parametrize("name", ALLEN_NAMES)
def test_every_spike_of_models_of_the_allen_database(tmp_path, name):
    """BMTK reads the same file, in SI units, and makes NEST's parameters of it."""
    circuit = Allen(tmp_path)
    circuit.templates = dict.fromkeys(circuit.templates, f"nest:glif_{name}_psc")
    circuit.cells = dict.fromkeys(circuit.cells, ALLEN)
    circuit.synapses["static"] = {"receptor_type": 3}
    circuit.unit = 0.3
    assert_same_spikes(*both(circuit.write()), v1=200, th=20)


def test_every_spike_of_neurons_whose_potential_jumps(tmp_path):
    circuit = Allen(tmp_path)
    circuit.templates = dict.fromkeys(circuit.templates, "nest:iaf_psc_delta")
    circuit.cells = {name: {key: value for key, value in model.items() if not key.startswith("tau_syn")}
                     for name, model in circuit.cells.items()}  # fmt: skip
    circuit.edges, circuit.unit = ("lgn_v1", "lgn_th", "bkg_v1"), 0.02
    assert_same_spikes(*both(circuit.write()), v1=200, th=50)


CONDUCTANCE = {"C_m": 250.0, "g_L": 12.5, "E_L": -72.0, "V_th": -52.0, "V_reset": -60.0, "t_ref": 2.0, "E_in": -85.0}
ADAPTIVE = {
    "C_m": 200.0, "g_L": 10.0, "E_L": -65.0, "V_th": -50.0, "tau_w": 100.0, "a": 3.0, "b": 30.0, "V_reset": -58.0,
    "t_ref": 2.0, "I_e": 150.0,
}  # fmt: skip
EQUAL = {"iaf_cond_alpha": (CONDUCTANCE, 0.006), "iaf_cond_exp": (CONDUCTANCE, 0.015)}
SOLVED = {"aeif_cond_alpha": 0.008, "aeif_psc_exp": 0.6}


def driven(folder: Path, model: str, parameters: dict[str, float], unit: float) -> Allen:
    """Return the circuit with one model of neurons, and without recurrent edges, which make differences grow."""
    circuit = Allen(folder)
    circuit.templates = dict.fromkeys(circuit.templates, f"nest:{model}")
    circuit.cells = {name: {**parameters, "tau_syn_ex": 2.0, "tau_syn_in": 5.0} for name in circuit.cells}
    circuit.edges, circuit.unit = ("lgn_v1", "lgn_th", "bkg_v1"), unit
    return circuit


def pairs_of(ours: Path, theirs: Path, population: str) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the times of the spikes of each node, here and in BMTK."""
    both_ids, both_times = zip(*(spikes_in(folder / "spikes.h5")[population] for folder in (ours, theirs)), strict=True)
    assert len(both_ids[1]) > 200
    return [
        tuple(times[np.equal(ids, node)] for ids, times in zip(both_ids, both_times, strict=True))
        for node in range(SIZES[population])
    ]


@pytest.mark.parametrize("model", EQUAL)
def test_every_spike_of_neurons_with_conductances(tmp_path, model):
    """As many of each node, and each within a step; NEST chooses its own steps for these neurons."""
    pairs = pairs_of(*both(driven(tmp_path, model, *EQUAL[model]).write()), "v1")
    for one, other in pairs:
        np.testing.assert_allclose(one, other, atol=1.01 * DT, rtol=0)
    late = sum(np.count_nonzero(np.abs(one - other) > 0.5 * DT) for one, other in pairs)
    assert late <= 0.01 * sum(len(other) for _, other in pairs)


@pytest.mark.parametrize("model", SOLVED)
def test_spikes_of_adaptive_neurons_come_closer_with_dt(tmp_path, model):
    """NEST chooses its own steps for them; gpusyn's error is of the order of dt."""
    apart = []
    for dt in (0.1, 0.02):
        circuit = driven(tmp_path / str(dt), model, ADAPTIVE, SOLVED[model])
        circuit.run["dt"] = dt
        del circuit.inputs["step"]
        pairs = pairs_of(*both(circuit.write()), "v1")
        same = [np.abs(one - other).max(initial=0.0) for one, other in pairs if len(one) == len(other)]
        assert len(same) > 0.7 * len(pairs)
        apart.append(float(np.median(same)))
    assert apart[1] < 0.5 * apart[0]


def test_bmtk_runs_a_circuit_made_of_tables(tmp_path, monkeypatch):
    """`gpusyn circuit` writes what other tools read."""
    monkeypatch.chdir(tmp_path)
    draw = np.random.default_rng(8)
    kinds = ["population size model_template C_m t_ref", "V1 20 nest:iaf_psc_alpha 180 3"]
    kinds += ["V1 10 nest:iaf_psc_exp 120 2", 'LGN 5 virtual "" ""']
    edges = ["pre post weight delay pre_population post_population"]
    for pre, size, scale, count in (("LGN", 5, 700.0, 200), ("V1", 30, 60.0, 300)):
        edges += [f"{draw.integers(size)} {draw.integers(30)} {draw.uniform(-0.3, 1) * scale!r} {draw.uniform(1, 3)!r} "
                  f"{pre} V1" for _ in range(count)]  # fmt: skip
    times = [
        "timestamps population node_ids",
        *(f"{draw.uniform(1, 290)!r} LGN {draw.integers(5)}" for _ in range(300)),
    ]
    for name, lines in (("cells", kinds), ("edges", edges), ("times", times)):
        write_csv(tmp_path / f"{name}.csv", lines)
    made = tmp_path / "made"
    tables = ["cells.csv", "edges.csv", "--spikes", "times.csv"]
    assert main(["circuit", *tables, "--duration", "300", "--out", str(made)]) == 0
    run_config(made / "config.json", out=made / "ours", echo=lambda line: None)
    assert_same_spikes(made / "ours", pointnet(made / "config.json"), V1=200)
