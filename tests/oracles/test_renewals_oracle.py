"""Intervals of renewal sources against NEST's generators of one component: rate, variation and distribution."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys

import numpy as np
import pytest
from scipy import stats

import gpusyn as gs
from tests.helpers.paths import NEST_SCRIPTS

DT, DURATION, TRAINS, RATE = 0.05, 1000.0, 300, 40.0  # NEST takes at most one event of a stage or source a step
MODELS = {
    "gamma 3": (gs.GammaSource(RATE, 3.0), "gamma_sup_generator", {"rate": RATE, "gamma_shape": 3}),
    "gamma 8": (gs.GammaSource(RATE, 8.0), "gamma_sup_generator", {"rate": RATE, "gamma_shape": 8}),
    "dead 4": (gs.PoissonSource(RATE, dead_time=4.0), "ppd_sup_generator", {"rate": RATE, "dead_time": 4.0}),
    "dead 15": (gs.PoissonSource(RATE, dead_time=15.0), "ppd_sup_generator", {"rate": RATE, "dead_time": 15.0}),
}

pytestmark = [
    pytest.mark.oracle,
    pytest.mark.skipif(
        importlib.util.find_spec("nest") is None, reason='NEST is not installed: pip install -e ".[oracle]"'
    ),
]


@pytest.fixture(scope="module")
def theirs(tmp_path_factory) -> dict[str, tuple[np.ndarray, float]]:
    folder = tmp_path_factory.mktemp("renewals")
    task, results = folder / "task.json", folder / "spikes.npz"
    given = {name: (model, parameters) for name, (_, model, parameters) in MODELS.items()}
    task.write_text(json.dumps({"dt": DT, "seed": 5, "trains": TRAINS, "duration": DURATION, "models": given}))
    command = [sys.executable, str(NEST_SCRIPTS / "renewals.py"), str(task), str(results)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    with np.load(results) as arrays:
        return {name: found(*arrays[name]) for name in MODELS}


def ours(name: str) -> tuple[np.ndarray, float]:
    net = gs.Network()
    net.record(net.population("sources", TRAINS, MODELS[name][0]), "spikes", name="spikes")
    with gs.Simulator(net, dt=DT, seed=6) as sim:
        sim.run(DURATION)
        return found(np.rint(sim.data["spikes"].times / DT).astype(int), sim.data["spikes"].ids)


def found(steps: np.ndarray, trains: np.ndarray) -> tuple[np.ndarray, float]:
    """All intervals (steps), and the rate (Hz)."""
    order = np.lexsort((steps, trains))
    steps, trains = steps[order], trains[order]
    return np.diff(steps)[np.diff(trains) == 0], len(steps) / TRAINS / DURATION * 1e3


def p_value(one: np.ndarray, other: np.ndarray) -> float:
    """Of the hypothesis that two samples of whole numbers have one distribution."""
    edges = np.unique(np.quantile(np.concatenate([one, other]), np.linspace(0, 1, 13)))
    edges[-1] += 1
    counts = [np.histogram(sample, edges)[0] for sample in (one, other)]
    return float(stats.chi2_contingency(counts).pvalue)


@pytest.mark.parametrize("name", MODELS)
def test_rates_and_intervals_are_those_of_nest(name, theirs):
    (intervals, rate), (wanted, wanted_rate) = ours(name), theirs[name]
    cv = wanted.std() / wanted.mean()
    error = RATE * cv * np.sqrt(2 / (TRAINS * DURATION * RATE * 1e-3))
    assert abs(rate - wanted_rate) < 4 * error < 0.06 * RATE
    assert intervals.std() / intervals.mean() == pytest.approx(cv, rel=0.03)
    assert p_value(intervals, wanted) > 1e-3


@pytest.mark.parametrize(("name", "other"), [("gamma 3", "gamma 8"), ("dead 4", "dead 15"), ("gamma 3", "dead 4")])
def test_the_comparison_tells_sources_apart(name, other, theirs):
    assert p_value(ours(name)[0], theirs[other][0]) < 1e-6
