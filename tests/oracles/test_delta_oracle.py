"""Cells whose V spikes make jump, against NEST's `iaf_psc_delta`: the same spikes one by one, in a network too."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gpusyn as gs
from tests.helpers.paths import NEST_SCRIPTS

DT = 0.1
CELL = {"C_m": 250.0, "tau_m": 20.0, "E_L": -70.0, "V_th": -55.0, "V_reset": -68.0, "t_ref": 2.0, "I_e": 30.0}

pytestmark = [
    pytest.mark.oracle,
    pytest.mark.skipif(
        importlib.util.find_spec("nest") is None, reason='NEST is not installed: pip install -e ".[oracle]"'
    ),
]


def in_nest(folder: Path, **task: Any) -> dict[str, np.ndarray]:
    """What NEST finds."""
    np.savez(folder / "task.npz", **task)
    command = [sys.executable, str(NEST_SCRIPTS / "delta.py"), str(folder / "task.npz"), str(folder / "found.npz")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    with np.load(folder / "found.npz") as arrays:
        return dict(arrays)


def leaky(cell: dict[str, float]) -> gs.LIF:
    kept = {name: cell[name] for name in ("C_m", "E_L", "V_th", "V_reset", "t_ref", "I_e")}
    return gs.LIF(g_L=cell["C_m"] / cell["tau_m"], **kept)


def trains(rng: np.random.Generator, number: int, rate: float, duration: float) -> list[np.ndarray]:
    """Poisson trains on the time grid, from its third step on, as parrots need."""
    steps = np.arange(3, round(duration / DT))
    return [np.round(steps[rng.random(len(steps)) < rate * DT * 1e-3] * DT, 1) for _ in range(number)]


def one_by_one(found: np.ndarray, wanted: np.ndarray) -> None:
    """Spikes as rows of (step, cell), in any order within a step."""
    assert found.shape == wanted.shape
    assert np.array_equal(found[np.lexsort(found.T[::-1])], wanted[np.lexsort(wanted.T[::-1])])


def rows(times: np.ndarray, cells: np.ndarray) -> np.ndarray:
    return np.stack([np.rint(np.asarray(times) / DT).astype(int), np.asarray(cells).astype(int)], axis=1)


def compare(folder: Path, cell: dict[str, float], net: gs.Network, listed: list[np.ndarray], *, keep: bool) -> tuple:
    """Simulate the network of populations "cells" and "trains" here and in NEST; return both spikes and both V."""
    duration, cells = 400.0, net.populations["cells"]
    spikes, traces = net.record(cells, ["spikes", "V"])
    with gs.Simulator(net, dt=DT, seed=5, precision="double", threads=1) as sim:
        synapses = [(p.pre.parts[0], sim.weights(p)) for p in net.projections.values()]
        first = {"trains": 0, "cells": len(listed)}
        columns = {
            "pre": np.concatenate([first[pre.population.name] + np.asarray(pre.ids)[w.pre] for pre, w in synapses]),
            "post": np.concatenate([w.post for _, w in synapses]),
            "weight": np.concatenate([w.weight for _, w in synapses]),
            "delay": np.round(np.concatenate([w.delay for _, w in synapses]), 1),
        }
        V = sim.get(cells, "V")
        sim.run(duration)
        ours = rows(sim.data[spikes].times, sim.data[spikes].ids), sim.data[traces]["V"][:-1]
    found = in_nest(
        folder, **cell, **columns, V=V, keep=keep, sources=len(listed), cells=cells.size, duration=duration,
        times=np.concatenate(listed), ids=np.repeat(np.arange(len(listed)), [len(t) for t in listed]),
    )  # fmt: skip
    return ours, (rows(found["times"], found["senders"]), found["V"])


def driven(cell: dict[str, float], refractory: str, listed: list[np.ndarray]) -> gs.Network:
    net = gs.Network()
    receptor = gs.DeltaReceptor("delta", refractory=refractory)
    cells = net.population("cells", 40, leaky(cell), receptors=receptor, V=gs.Uniform(-70.0, -60.0))
    source = net.population("trains", len(listed), gs.SpikeSource([list(t) for t in listed]))
    net.connect(
        source, cells, gs.FixedInDegree(30), receptor="delta", weight=gs.Normal(0.7, 2.0), delay=gs.Uniform(0.1, 3.0)
    )
    return net


def test_lost_in_the_refractory_time(tmp_path):
    listed = trains(np.random.default_rng(1), 60, 50.0, 390.0)
    (ours, V), (theirs, nest_V) = compare(tmp_path, CELL, driven(CELL, "ignore", listed), listed, keep=False)
    assert len(theirs) > 300
    one_by_one(ours, theirs)
    np.testing.assert_allclose(V, nest_V, rtol=0, atol=1e-11)
    other = driven(CELL, "keep", listed)
    (kept, _), _ = compare(tmp_path, CELL, other, listed, keep=False)
    assert len(kept) > len(ours)


def test_kept_where_nothing_decays(tmp_path):
    """With `refractory_input`, NEST lets what waits decay with the membrane; where that takes hours, both agree."""
    cell = CELL | {"tau_m": 1e7, "I_e": 0.0}
    listed = trains(np.random.default_rng(2), 60, 50.0, 390.0)
    (ours, V), (theirs, nest_V) = compare(tmp_path, cell, driven(cell, "keep", listed), listed, keep=True)
    assert len(theirs) > 300
    one_by_one(ours, theirs)
    np.testing.assert_allclose(V, nest_V, rtol=0, atol=1e-4)


def test_a_network_of_brunel(tmp_path):
    """Excitation and inhibition of 500 cells in the irregular regime, and the trains of others, spike for spike."""
    J, g, E, I = 0.5, 5.0, 400, 100
    cell = CELL | {"V_reset": -60.0, "I_e": 0.0}
    net, listed = gs.Network(), trains(np.random.default_rng(3), 300, 22.0, 390.0)
    cells = net.population("cells", E + I, leaky(cell), receptors=gs.DeltaReceptor("delta"), V=gs.Uniform(-70.0, -55.0))
    source = net.population("trains", len(listed), gs.SpikeSource([list(t) for t in listed]))
    drawn = {"receptor": "delta", "delay": gs.Uniform(0.5, 3.0)}
    net.connect(source, cells, gs.FixedInDegree(80), weight=gs.Normal(J, 0.1 * J), **drawn)
    net.connect(cells[:E], cells, gs.FixedInDegree(40), weight=gs.Normal(J, 0.1 * J), **drawn)
    net.connect(cells[E:], cells, gs.FixedInDegree(10), weight=gs.Normal(-g * J, 0.1 * J), **drawn)
    (ours, V), (theirs, nest_V) = compare(tmp_path, cell, net, listed, keep=False)
    assert 3.0 < len(theirs) / (E + I) / 0.4 < 60.0  # Hz
    one_by_one(ours, theirs)
    np.testing.assert_allclose(V, nest_V, rtol=0, atol=1e-10)
