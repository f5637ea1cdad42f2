"""GLIF neurons against NEST's glif_psc: the same spikes, one by one, at every level, and the same traces."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gpusyn as gs
from tests.helpers.paths import NEST_SCRIPTS

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
