"""GLIF neurons against NEST's glif_psc: the same spikes, one by one, at every level, and the same traces.

With BMTK, which makes NEST's parameters of files of the Allen Cell Types Database, from the same circuit too.
"""

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

import gpusyn as gs
from gpusyn.sonata import TEMPLATES, run_config
from gpusyn.sonata.glif import ALLEN_NAMES, ALLEN_PORTS
from tests.helpers.paths import NEST_SCRIPTS
from tests.helpers.sonata_circuit import write_csv, write_edges, write_json, write_nodes, write_spikes
from tests.oracles.test_bmtk_oracle import assert_same_spikes, pointnet

pytestmark = [
    pytest.mark.oracle,
    pytest.mark.skipif(
        importlib.util.find_spec("nest") is None, reason='NEST is not installed: pip install -e ".[oracle]"'
    ),
]
CELLS, DURATION, WINDOW = 8, 1000.0, (20.0, 700.0)
TAUS, WEIGHTS, DELAYS = (5.5, 8.5, 2.8, 5.8), (120.0, -60.0, 250.0, -40.0), (1.0, 2.0, 0.5, 1.5)
COMMON = {"C_m": 58.72, "E_L": -78.85, "V_th": -51.68, "V_reset": -74.0, "t_ref": 3.0}
PARTS = {
    "th_spike_add": 2.37, "th_spike_decay": 0.009, "voltage_reset_fraction": 0.2, "voltage_reset_add": 18.51,
    "th_voltage_index": 0.005, "th_voltage_decay": 0.09,
}  # fmt: skip
ASC = {"asc_decay": [0.003, 0.1], "asc_amps": [-9.18, -198.94], "asc_r": [0.9, 0.7]}
CASES = {
    "NEST's cell": (0.1, COMMON | PARTS | ASC),
    "a refractory time between two steps": (0.25, COMMON | PARTS | ASC | {"t_ref": 3.1}),
    "currents that excite, a threshold that falls": (
        0.1, COMMON | PARTS | {"th_spike_add": -0.05, "th_voltage_index": -0.01, "asc_amps": [30.0, -150.0],
                               "asc_decay": [0.02, 0.3], "asc_r": [1.0, 0.0]},
    ),
    "a threshold that decays as fast as V": (0.05, COMMON | PARTS | ASC | {"th_voltage_decay": 9.44 / 58.72}),
}  # fmt: skip


def trains(dt: float) -> list[dict[str, Any]]:
    draw = np.random.default_rng(5)
    steps = [np.sort(draw.choice(np.arange(10, round(0.95 * DURATION / dt)), 150, replace=False)) for _ in TAUS]
    return [
        {"times": np.round(one * dt, 6).tolist(), "weight": weight, "delay": delay}
        for one, weight, delay in zip(steps, WEIGHTS, DELAYS, strict=True)
    ]


def in_nest(dt: float, parameters: dict[str, Any], currents: list[float], folder: Path) -> dict[str, np.ndarray]:
    """Let NEST simulate all levels in a process of its own: it keeps global state and prints."""
    task = {
        "dt": dt, "duration": DURATION, "window": WINDOW, "currents": currents, "trains": trains(dt),
        "parameters": parameters | {"g": 9.43, "V_m": -70.0, "tau_syn": TAUS},
    }  # fmt: skip
    description, result = folder / "task.json", folder / "nest.npz"
    description.write_text(json.dumps(task))
    command = [sys.executable, str(NEST_SCRIPTS / "glif.py"), str(description), str(result)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    with np.load(result) as arrays:
        return dict(arrays)


def network(level: int, dt: float, parameters: dict[str, Any], currents: list[float]) -> gs.Network:
    net = gs.Network()
    receptors = [gs.CurrentReceptor(f"port_{k}", kinetics=gs.kinetics.Alpha(tau)) for k, tau in enumerate(TAUS, 1)]
    cells = net.population("cells", CELLS, gs.GLIF(level=level, g_L=9.43, **parameters), receptors=receptors, V=-70.0)
    for receptor, train in zip(receptors, trains(dt), strict=True):
        source = net.population(f"source of {receptor.name}", 1, gs.SpikeSource(train["times"]))
        net.connect(source, cells, gs.AllToAll(), receptor=receptor.name, weight=train["weight"], delay=train["delay"])
    start, stop = WINDOW
    net.inject(cells, np.array(currents), start=start, stop=stop)
    net.record(cells, "spikes", name="spikes")
    net.record(cells, ["V", *cells.model.STATES], name="traces")
    return net


@pytest.mark.parametrize("case", CASES)
def test_spikes_and_traces_at_every_level(case, tmp_path):
    dt, parameters = CASES[case]
    currents = np.linspace(0.0, 500.0, CELLS).tolist()
    theirs = in_nest(dt, parameters, currents, tmp_path)
    for level in range(1, 6):
        with gs.Simulator(network(level, dt, parameters, currents), dt=dt, precision="double", backend="cpu") as sim:
            sim.run(DURATION)
            spikes, traces = sim.data["spikes"], sim.data["traces"]
        assert len(spikes.times) > 200
        assert spikes.ids.tolist() == theirs[f"{level} ids"].tolist(), level
        np.testing.assert_allclose(spikes.times, theirs[f"{level} times"], atol=1e-6)
        n = len(theirs[f"{level} V_m"])  # NEST does not record the last step
        ours = {"V_m": "V", "threshold_spike": "theta_spike", "threshold_voltage": "theta_voltage"}
        for name, variable in ours.items():
            if variable in traces.variables:
                np.testing.assert_allclose(traces[variable][:n], theirs[f"{level} {name}"], rtol=0, atol=1e-10)


def test_defaults_are_those_of_nest(tmp_path):
    """Of the neuron and of the template, whose V starts where NEST leaves it when E_L is given."""
    dt, parameters = CASES["NEST's cell"]
    theirs = in_nest(dt, parameters, [0.0] * CELLS, tmp_path)

    def default(name):
        kind, _, number = name.rpartition("_")
        if number in ("1", "2"):
            return theirs[f"default {kind}"][int(number) - 1]
        return theirs[f"default {name}"]

    ours = {p.name.replace("g_L", "g"): p.default for p in gs.GLIF.parameters() if p.name not in ("level", "I_e")}
    assert {name: pytest.approx(float(default(name))) for name in ours} == ours
    template = TEMPLATES["nest:glif_psc"]
    several = {name: one.default for name, one in template.parameters.items() if name in ours or name == "tau_syn_1"}
    assert len(several) == len(ours) + 1
    assert {name: pytest.approx(float(default(name))) for name in several} == several
    assert template.initial["V_m"].default == theirs["default V_m"]


def test_the_comparison_sees_small_differences(tmp_path):
    """0.1 % of one parameter of each part moves spikes."""
    dt, parameters = CASES["NEST's cell"]
    currents = np.linspace(0.0, 500.0, CELLS).tolist()
    theirs = in_nest(dt, parameters, currents, tmp_path)
    changes = {1: {"V_reset": -74.5}, 2: {"voltage_reset_add": 18.53}, 3: {"asc_amps": [-9.18, -199.4]},
               4: {"th_spike_decay": 0.00901}, 5: {"th_voltage_index": 0.00502}}  # fmt: skip
    for level, changed in changes.items():
        net = network(level, dt, parameters | changed, currents)
        with gs.Simulator(net, dt=dt, precision="double", backend="cpu") as sim:
            sim.run(DURATION)
            spikes = sim.data["spikes"]
        same = np.array_equal(spikes.ids, theirs[f"{level} ids"])
        assert not (same and np.allclose(spikes.times, theirs[f"{level} times"], atol=1e-6)), level


def allen_file(shift: float) -> dict[str, Any]:
    """Return a model file as the Allen Cell Types Database has them, in SI units, for all levels."""
    threshold = {"a_spike": 0.0019 + 1e-4 * shift, "b_spike": 103.0, "a_voltage": 9.2, "b_voltage": 34.3}
    return {
        "El_reference": -0.0714 - 1e-3 * shift, "El": 0.0, "C": 8.6e-11, "R_input": 3.4e8, "th_inf": 0.0231,
        "asc_amp_array": [-7.4e-11, 4.5e-11], "asc_tau_array": [0.0333, 0.0033], "init_AScurrents": [0.0, 0.0],
        "spike_cut_length": 67 + round(shift), "dt": 5e-05,
        "threshold_dynamics_method": {"params": threshold, "name": "three_components_exact"},
        "voltage_reset_method": {"params": {"a": 0.4, "b": 0.0041}, "name": "v_before"},
        "coeffs": {"a": 1.1, "b": 0.9, "C": 1, "G": 0.95, "th_inf": 0.78, "asc_amp_array": [1.0, 0.8]},
        "type": "GLIF", "th_adapt": None,
    }  # fmt: skip


@pytest.mark.skipif(
    importlib.util.find_spec("bmtk") is None, reason='BMTK is not installed: pip install -e ".[oracle]"'
)
def test_a_circuit_of_allens_files_in_bmtk(tmp_path):
    """Ten cells of each level in Allen's files and of NEST's glif_psc, at whose ports edges end, to each other."""
    kinds = [*(f"nest:glif_{name}_psc" for name in ALLEN_NAMES), "nest:glif_psc"]
    flags = dict.fromkeys(("spike_dependent_threshold", "after_spike_currents", "adapting_threshold"), True)
    nests = COMMON | PARTS | ASC | flags | {"g": 9.43, "tau_syn": ALLEN_PORTS, "asc_init": [0.0, 0.0], "t_ref": 3.75}
    for kind, template in enumerate(kinds):
        write_json(tmp_path / "cells" / f"{kind}.json", nests if template == "nest:glif_psc" else allen_file(kind))
    types = [f"{kind} type{kind} point_neuron {template} {kind}.json" for kind, template in enumerate(kinds)]
    write_csv(tmp_path / "v1.csv", ["node_type_id pop_name model_type model_template dynamics_params", *types])
    write_csv(tmp_path / "lgn.csv", ["node_type_id model_type", "1 virtual"])
    write_nodes(tmp_path / "v1.h5", "v1", np.repeat(np.arange(6), 10).tolist())
    write_nodes(tmp_path / "lgn.h5", "lgn", [1] * 20)
    draw = np.random.default_rng(8)
    for port in (1, 2, 3, 4):
        write_json(tmp_path / "synapses" / f"port{port}.json", {"receptor_type": port})
    for name, sources, count, size in (("v1_v1", 60, 600, 40.0), ("lgn_v1", 20, 400, 250.0)):
        ports = draw.integers(1, 5, count)
        lines = [f"{port} {1.0 + 0.5 * port} static_synapse port{port}.json" for port in (1, 2, 3, 4)]
        write_csv(tmp_path / f"{name}.csv", ["edge_type_id delay model_template dynamics_params", *lines])
        weight = np.where(ports % 2, size, -0.4 * size) * draw.uniform(0.5, 1.5, count)
        pairs = draw.integers(0, [sources, 60], (count, 2))
        groups = ([0] * count, range(count), {0: {"syn_weight": weight}})
        write_edges(tmp_path / f"{name}.h5", name, tuple(name.split("_")), pairs, ports.tolist(), groups)
    times = np.round(draw.uniform(1.0, 290.0, 1500), 2)  # off the grid
    write_spikes(tmp_path / "spikes.h5", times, draw.integers(0, 20, 1500), "lgn", "ms")
    config = {
        "target_simulator": "NEST", "run": {"tstop": 300.0, "dt": 0.1},
        "components": {"point_neuron_models_dir": "cells", "synaptic_models_dir": "synapses"},
        "networks": {
            "nodes": [{"nodes_file": f"{one}.h5", "node_types_file": f"{one}.csv"} for one in ("v1", "lgn")],
            "edges": [{"edges_file": f"{one}.h5", "edge_types_file": f"{one}.csv"} for one in ("v1_v1", "lgn_v1")],
        },
        "inputs": {"lgn": {"input_type": "spikes", "module": "h5", "input_file": "spikes.h5", "node_set": "lgn"}},
        "output": {"output_dir": "ours", "spikes_file": "spikes.h5", "log_file": "log.txt"},
    }  # fmt: skip
    path, ours = write_json(tmp_path / "config.json", config), tmp_path / "ours"
    run_config(path, precision="double", echo=lambda line: None)
    assert_same_spikes(ours, pointnet(path), v1=500)
    with h5py.File(ours / "spikes.h5") as file:
        assert set(np.unique(file["spikes/v1/node_ids"][()] // 10)) == set(range(6))  # each kind spikes
