"""V of passive cells under white noise, against NEST's `noise_generator`: mean, standard deviation, time course.

Each simulator draws numbers of its own, so means over many independent cells are compared: they may differ by `LIMIT`
of their common standard error, which must be small enough that noise of another `dt` or `std` would be rejected.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys

import numpy as np
import pytest

import gpusyn as gs
from tests.helpers.paths import NEST_SCRIPTS

CELLS, BEGIN, END = 400, 100.0, 400.0  # ms
MEAN, STD = 100.0, 200.0  # pA
LIMIT = 4.0  # standard errors
LAGS = (0, 50, 200)  # steps of the autocorrelation
LARGEST_ERROR = {"mean": 0.02, "lag 0": 0.03, "lag 50": 0.04, "lag 200": 0.1}  # of what is compared

pytestmark = [
    pytest.mark.oracle,
    pytest.mark.skipif(
        importlib.util.find_spec("nest") is None, reason='NEST is not installed: pip install -e ".[oracle]"'
    ),
]


def in_nest(dt: float, folder) -> np.ndarray:
    """V of NEST's cells, (steps, cells)."""
    task = folder / "task.npz"
    np.savez(task, mean=MEAN, std=STD, dt=dt, n=CELLS, begin=BEGIN, end=END, seed=5)
    command = [sys.executable, str(NEST_SCRIPTS / "noise.py"), str(task), str(folder / "found.npz")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    with np.load(folder / "found.npz") as arrays:
        return arrays["V"]


def ours(dt: float, std: float = STD) -> np.ndarray:
    """V of gpusyn's cells, (steps, cells)."""
    net = gs.Network()
    cells = net.population("cells", CELLS, gs.LIF(C_m=200.0, g_L=10.0, E_L=0.0, V_th=1e6, V_reset=-1.0))
    net.inject(cells, gs.WhiteNoise(mean=MEAN, std=std, dt=dt))
    recorder = net.record(cells, "V", start=BEGIN)
    with gs.Simulator(net, dt=0.1, seed=2, precision="double") as sim:
        sim.run(END)
        return np.asarray(sim.data[recorder]["V"])


def moments(V: np.ndarray) -> dict[str, np.ndarray]:
    """Mean and mean products of each cell over time."""
    x = V - 0.1 * MEAN
    return {"mean": V.mean(axis=0)} | {f"lag {k}": (x[: len(x) - k] * x[k:]).mean(axis=0) for k in LAGS}


def distance(a: np.ndarray, b: np.ndarray) -> float:
    """How far two means over cells are apart, in their standard error."""
    return abs(a.mean() - b.mean()) / error_of(a, b)


def error_of(a: np.ndarray, b: np.ndarray) -> float:
    return np.hypot(a.std(ddof=1), b.std(ddof=1)) / np.sqrt(CELLS)


@pytest.mark.parametrize("dt", [0.1, 1.0, 5.0])
def test_V_fluctuates_as_in_NEST(dt, tmp_path):
    theirs, found = moments(in_nest(dt, tmp_path)), moments(ours(dt))
    for name, b in theirs.items():
        assert error_of(found[name], b) < LARGEST_ERROR[name] * abs(b.mean()), name
        assert distance(found[name], b) < LIMIT, name
    for other in (ours(dt, 1.1 * STD), ours(1.2 * dt if dt > 0.1 else 0.2)):
        assert distance(moments(other)["lag 0"], theirs["lag 0"]) > LIMIT
