"""SONATA circuits against NEST, run from the same files and the same initial potential."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gpusyn.sonata import SYNAPSES, TEMPLATES, run_config
from tests.helpers.paths import NEST_SCRIPTS, ROOT
from tests.helpers.sonata_circuit import write_csv, write_edges, write_json, write_nodes, write_spikes

CIRCUIT = ROOT.parent / "shared" / "data" / "allen_300_pointneurons"
WATCHED = [0, 80, 160, 240, 270]

pytestmark = [
    pytest.mark.oracle,
    pytest.mark.skipif(
        importlib.util.find_spec("nest") is None, reason='NEST is not installed: pip install -e ".[oracle]"'
    ),
    pytest.mark.skipif(importlib.util.find_spec("h5py") is None, reason="h5py is not installed: pip install h5py"),
]


def nest(place: Path, **task: Any) -> dict[str, np.ndarray]:
    """Let NEST do a task of nest_scripts/sonata.py, in a process of its own: it keeps global state and prints."""
    place.mkdir(exist_ok=True)
    description, result = write_json(place / "task.json", task), place / "nest.npz"
    command = [sys.executable, str(NEST_SCRIPTS / "sonata.py"), str(description), str(result)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    with np.load(result) as arrays:
        return dict(arrays)


def run(path: Path, **options: Any):
    return run_config(path, echo=lambda line: None, **options)


@pytest.fixture(scope="module")
def theirs(tmp_path_factory) -> dict[str, np.ndarray]:
    if not CIRCUIT.is_dir():
        pytest.skip(f"the 300-neuron circuit is not here: {CIRCUIT}")
    folder = tmp_path_factory.mktemp("nest")
    return nest(folder, what="circuit", folder=str(CIRCUIT), dt=0.01, duration=1500.0, v_init=-80.0, watched=WATCHED)


@pytest.mark.parametrize("precision", ["double", "single"])
def test_rates_by_type_of_the_300_neuron_circuit(theirs, tmp_path, precision):
    ours = run(CIRCUIT / "config.json", out=tmp_path, precision=precision)
    assert sum(edges.table.size for edges in ours.model.circuit.edges) == 48_432
    assert len(ours.rates) == 5
    for one in ours.rates:
        nodes = np.flatnonzero(theirs["types"] == one.type)
        assert one.nodes == len(nodes)
        rate = np.isin(theirs["ids"], nodes).sum() / len(nodes) / 1.5
        assert one.rate == pytest.approx(rate, rel=0.03), one.type


def test_spikes_and_potentials_of_the_300_neuron_circuit(theirs, tmp_path):
    ours = run(CIRCUIT / "config.json", out=tmp_path, duration=300.0)
    inside = theirs["times"] < 300.005
    order = np.lexsort((theirs["ids"][inside], theirs["times"][inside]))
    assert ours.spikes.ids.tolist() == theirs["ids"][inside][order].tolist()
    np.testing.assert_allclose(ours.spikes.times, theirs["times"][inside][order], atol=1e-6)
    trace = ours.reports["membrane_potential"]
    np.testing.assert_allclose(trace.t, theirs["t"][: len(trace.t)], atol=1e-6)
    np.testing.assert_allclose(trace["V"], theirs["V"][: len(trace.t)], atol=1e-6, rtol=0)


PSC = {"C_m": 180.0, "tau_m": 22.2, "E_L": -82.0, "V_th": -47.0, "V_reset": -58.0, "t_ref": 3.0, "I_e": 20.0}
COND = {"C_m": 250.0, "g_L": 12.5, "E_L": -72.0, "V_th": -52.0, "V_reset": -60.0, "t_ref": 2.0, "I_e": 0.0}
SLOW = {"tau_syn_ex": 1.5, "tau_syn_in": 6.0}
CASES = {
    "psc_alpha": ("iaf_psc_alpha", PSC, (260.0, -120.0)),
    "psc_alpha, two time constants": ("iaf_psc_alpha", {**PSC, **SLOW}, (300.0, -90.0)),
    "psc_exp": ("iaf_psc_exp", PSC, (650.0, -220.0)),
    "cond_alpha": ("iaf_cond_alpha", {**COND, **SLOW, "E_in": -85.0}, (9.0, -4.0)),
    "cond_exp": ("iaf_cond_exp", {**COND, **SLOW, "E_in": -85.0}, (9.0, -4.0)),
    "psc_delta": ("iaf_psc_delta", PSC, (25.0, -6.0)),
    "cond_exp, default time constants": ("iaf_cond_exp", COND, (60.0, -15.0)),
}


def one_neuron(folder: Path, model: str, parameters: dict[str, float], trains: list[dict[str, Any]], dt: float) -> Path:
    """Write a SONATA circuit of one neuron and a virtual source a train."""
    write_nodes(folder / "cell.h5", "cell", [1])
    write_nodes(folder / "sources.h5", "sources", [1] * len(trains))
    types = [f"1 point_neuron nest:{model} model.json"]
    write_csv(folder / "cell.csv", ["node_type_id model_type model_template dynamics_params", *types])
    write_csv(folder / "sources.csv", ["node_type_id model_type", "1 virtual"])
    write_json(folder / "model.json", parameters)
    pairs = [(number, 0) for number in range(len(trains))]
    content = {0: {key: [train[at] for train in trains] for key, at in (("syn_weight", "weight"), ("delay", "delay"))}}
    size = len(trains)
    groups = ([0] * size, range(size), content)
    write_edges(folder / "edges.h5", "in", ("sources", "cell"), pairs, [1] * size, groups)
    write_csv(folder / "edges.csv", ["edge_type_id model_template", "1 static_synapse"])
    ids = [number for number, train in enumerate(trains) for _ in train["times"]]
    times = [time for train in trains for time in train["times"]]
    write_spikes(folder / "spikes.h5", times, ids, "sources", "ms")
    nodes = [{"nodes_file": f"{name}.h5", "node_types_file": f"{name}.csv"} for name in ("cell", "sources")]
    edges = [{"edges_file": "edges.h5", "edge_types_file": "edges.csv"}]
    spikes = {
        "input_type": "spikes",
        "module": "h5",
        "input_file": "spikes.h5",
        "node_set": {"population": "sources"},
    }
    config = {
        "run": {"tstop": 400.0, "dt": dt},
        "conditions": {"v_init": -66.0},
        "networks": {"nodes": nodes, "edges": edges},
        "components": {"point_neuron_models_dir": "."},
        "inputs": {"spikes": spikes},
        "output": {"output_dir": "out", "spikes_file": "spikes.h5"},
        "reports": {"V": {"cells": {"population": "cell"}, "variable_name": "V_m", "module": "membrane_report"}},
    }
    return write_json(folder / "config.json", config)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("precision", ["double", "single"])
def test_potential_of_a_single_neuron(tmp_path, case, precision):
    model, parameters, (excitation, inhibition) = CASES[case]
    dt = 0.05
    draw = np.random.default_rng(12)
    trains = [
        {"times": np.sort(draw.uniform(1, 390, 40)).tolist(), "weight": excitation, "delay": 1.0},
        {"times": np.sort(draw.uniform(1, 390, 25)).tolist(), "weight": inhibition, "delay": 2.5},
    ]
    ours = run(one_neuron(tmp_path, model, parameters, trains, dt), precision=precision)
    theirs = nest(tmp_path / "nest", what="neuron", model=model, parameters=parameters, v_init=-66.0, dt=dt,
                  duration=400.0, trains=trains)  # fmt: skip
    trace = ours.reports["V"]
    common = len(theirs["t"])
    assert common > 390 / dt
    np.testing.assert_allclose(trace.t[:common], theirs["t"], atol=1e-6)
    assert np.ptp(theirs["V"]) > 3.0  # the input moves it
    np.testing.assert_allclose(trace["V"][:common, 0], theirs["V"], atol=0.01, rtol=0)
    np.testing.assert_allclose(ours.spikes.times, theirs["spikes"], atol=1e-6)
    assert json.loads((tmp_path / "model.json").read_text()) == parameters


def test_defaults_are_those_of_nest(tmp_path):
    """Of neurons and synapses, and V, which NEST leaves where it is when E_L is given."""
    models = [name.removeprefix("nest:") for name in TEMPLATES if name.startswith("nest:") and "glif" not in name]
    synapses = [name for name in SYNAPSES if f"nest:{name}" in SYNAPSES]
    theirs = nest(tmp_path, what="defaults", models=models, synapses=synapses)
    ours = {
        f"{model}.{name}": entry.default
        for model in models
        for name, entry in (*TEMPLATES[f"nest:{model}"].parameters.items(), *TEMPLATES[f"nest:{model}"].initial.items())
    }
    for name in synapses:
        entry = SYNAPSES[name]
        ours |= {f"{name}.weight": entry.weight, f"{name}.delay": entry.delay}
        ours |= {f"{name}.{key}": one.default for key, one in entry.parameters.items() if one.default is not None}
    assert len(ours) > 120
    assert {name: pytest.approx(float(theirs[name]), rel=1e-9) for name in ours} == ours


ADAPTIVE = {
    "C_m": 200.0, "g_L": 10.0, "E_L": -65.0, "V_th": -50.0, "tau_w": 100.0, "a": 3.0, "b": 30.0, "V_reset": -58.0,
    "t_ref": 2.0, "I_e": 350.0, **SLOW,
}  # fmt: skip
SOLVED = {
    "aeif_psc_alpha": (ADAPTIVE, (60.0, -60.0)),
    "aeif_psc_exp": (ADAPTIVE, (100.0, -100.0)),
    "aeif_psc_delta": ({k: v for k, v in ADAPTIVE.items() if k not in SLOW}, (2.0, -2.0)),
    "aeif_cond_alpha": (ADAPTIVE, (1.5, -1.0)),
    "aeif_cond_exp": (ADAPTIVE, (3.0, -2.0)),
    "izhikevich": ({"b": 0.25, "c": -60.0, "d": 6.0, "I_e": 8.0}, None),
    "izhikevich, jumping": ({"b": 0.25, "c": -60.0, "d": 6.0, "I_e": 4.0}, (3.0, -2.0)),
    "hh_cond_exp_traub": ({"V_T": -60.0, "E_L": -65.0, "I_e": 300.0}, (4.0, -3.0)),
}


@pytest.mark.parametrize("model", SOLVED)
def test_spikes_of_models_that_nest_solves_otherwise(tmp_path, model):
    """From the initial values of NEST on: differences shrink with dt, where the equations are the same."""
    parameters, weights = SOLVED[model]
    model = model.partition(",")[0]
    draw = np.random.default_rng(12)
    trains = [
        {"times": np.sort(draw.uniform(1, 390, 40)).tolist(), "weight": weight, "delay": 1.0}
        for weight in weights or ()
    ]
    apart = []
    for number, dt in enumerate((0.1, 0.01)):
        folder = tmp_path / str(number)
        path = one_neuron(folder, model, parameters, trains or [{"times": [], "weight": 0.0, "delay": 1.0}], dt)
        config = json.loads(path.read_text())
        del config["conditions"]
        if not trains:
            config["networks"]["edges"], config["inputs"] = [], {}
        ours = run(write_json(path, config)).spikes.times
        theirs = nest(folder / "nest", what="neuron", model=model, parameters=parameters, v_init=None, dt=dt,
                      duration=400.0, trains=trains)["spikes"]  # fmt: skip
        assert len(theirs) > 5
        common = min(len(ours), len(theirs))
        apart.append(np.abs(ours[:common] - theirs[:common]).max())
    assert len(ours) == len(theirs)
    assert apart[1] < min(0.4, apart[0])


def allen_style(folder: Path, synapses: dict[str, tuple[str, dict[str, float]]]) -> Path:
    """Write 60 neurons of two types, their recurrent edges, and 20 virtual nodes; `synapses` by name of their type.

    Magnitudes are in the files and signs in the models, as in Allen's circuits; node ids are the rows.
    """
    draw = np.random.default_rng(5)
    kinds = np.repeat([1, 2], [45, 15])
    write_nodes(folder / "cells.h5", "cells", kinds.tolist())
    types = [f"{kind} {ei} point_neuron nest:iaf_psc_alpha {ei}.json" for kind, ei in ((1, "e"), (2, "i"))]
    write_csv(folder / "cells.csv", ["node_type_id ei model_type model_template dynamics_params", *types])
    write_nodes(folder / "inputs.h5", "inputs", [1] * 20)
    write_csv(folder / "inputs.csv", ["node_type_id model_type", "1 virtual"])
    models = folder / "models"
    write_json(models / "e.json", {**PSC, "E_L": -75.0})
    write_json(models / "i.json", {**PSC, "E_L": -72.0, "C_m": 120.0, "tau_m": 12.0, "t_ref": 2.0})
    for name, (_, model) in synapses.items():
        write_json(models / f"{name}.json", model)
    header = "edge_type_id delay model_template dynamics_params"
    for name, sources, listed, size in (
        ("cells_cells", 60, (("excite", 1, 1.5), ("inhibit", 2, 2.0)), 900),
        ("inputs_cells", 20, (("drive", 1, 1.0),), 300),
    ):
        lines = [f"{kind} {delay} {synapses[one][0]} {one}.json" for one, kind, delay in listed]
        write_csv(folder / f"{name}.csv", [header, *lines])
        pairs = np.stack([draw.integers(0, sources, size), draw.integers(0, 60, size)], axis=1)
        of_type = kinds[pairs[:, 0]] if name == "cells_cells" else np.ones(size, dtype=int)
        weights = np.where(of_type == 1, 120.0, 250.0) * draw.uniform(0.5, 1.5, size)
        ends = (name.split("_")[0], "cells")
        write_edges(
            folder / f"{name}.h5",
            name,
            ends,
            pairs,
            of_type.tolist(),
            ([0] * size, range(size), {0: {"syn_weight": weights}}),
        )
    times = draw.uniform(1.0, 290.0, 500)  # off the grid
    rows = [f"{time!r} inputs {node}" for time, node in zip(times.tolist(), draw.integers(0, 20, 500), strict=True)]
    write_csv(folder / "drive.csv", ["timestamps population node_ids", *rows])
    config = {
        "target_simulator": "NEST",
        "run": {"duration": 300.0, "dt": 0.1},
        "components": {"point_neuron_models_dir": "models", "synaptic_models_dir": "models"},
        "networks": {
            "nodes": [{"nodes_file": f"{one}.h5", "node_types_file": f"{one}.csv"} for one in ("cells", "inputs")],
            "edges": [
                {"edges_file": f"{one}.h5", "edge_types_file": f"{one}.csv"} for one in ("cells_cells", "inputs_cells")
            ],
        },
        "inputs": {
            "drive": {"input_type": "spikes", "module": "csv", "input_file": "drive.csv", "node_set": "inputs"},
            "step": {"input_type": "current_clamp", "module": "IClamp", "amp": 200.0, "delay": 50.0, "duration": 100.0,
                     "node_set": {"node_id": {"$lt": 10}, "population": "cells"}},
        },
        "output": {"output_dir": "out", "spikes_file": "spikes.h5"},
    }  # fmt: skip
    return write_json(folder / "config.json", config)


STATIC = ("static_synapse", {})
SIGNED = ("static_synapse", {"sign": -1})
DEPRESSING = ("tsodyks2_synapse", {"U": 0.4, "u": 0.4, "tau_rec": 200.0, "tau_fac": 30.0})
ACTIVE = ("tsodyks_synapse", {"U": 0.4, "tau_psc": 20.0, "tau_rec": 200.0, "tau_fac": 30.0})
LEARNING = ("stdp_synapse", {"lambda": 0.05, "alpha": 1.1, "mu_plus": 0.4, "mu_minus": 0.6, "Wmax": 200.0})


@pytest.mark.parametrize(
    "excite",
    [STATIC, DEPRESSING, ACTIVE, LEARNING],
    ids=["static_synapse", "tsodyks2_synapse", "tsodyks_synapse", "stdp_synapse"],
)
def test_allen_style_circuits(tmp_path, excite):
    """Every spike is that of NEST: signs in models of edges, V from -70 mV, a current, spikes off the grid."""
    path = allen_style(tmp_path, {"excite": excite, "inhibit": SIGNED, "drive": STATIC})
    ours = run(path).spikes
    theirs = nest(tmp_path / "nest", what="allen_style", folder=str(tmp_path), dt=0.1, duration=300.0)
    assert len(theirs["times"]) > 200
    assert len(np.unique(theirs["ids"])) > 40
    assert ours.ids.tolist() == theirs["ids"].tolist()
    np.testing.assert_allclose(ours.times, theirs["times"], atol=1e-6)
