"""What the validation rows are measured with: a bench of cells that events reach at given times, and reading of traces.

A row's number is measured on the simulator through its public interface; `row` registers how.
"""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import gpusyn as gs
from gpusyn.backends.select import make_backend
from gpusyn.errors import BackendError

FASTEST = "fastest"  # as a backend: the one that `fastest` finds, looked for when a network is first run
START = 1.0  # ms: when the first event of an experiment arrives
ROWS: dict[str, dict[str, Any]] = {
    r["id"]: r for r in json.loads(Path(__file__).with_name("values.json").read_text(encoding="utf-8"))["rows"]
}


@functools.cache
def fastest() -> str:
    """The backend that GPUSYN_BACKEND names; else `cpu` where there is a compiler, else `numpy`."""
    named = os.environ.get("GPUSYN_BACKEND", "auto")
    if named != "auto":
        return named
    try:
        return make_backend("cpu").name
    except BackendError:
        return "numpy"


class Lab(NamedTuple):
    """How simulations are run; the key of cached experiments. `backend` may be `FASTEST`."""

    backend: str
    precision: str

    def open(self, net: gs.Network, dt: float = 0.1, seed: int = 1) -> Any:
        """A simulator."""
        backend = fastest() if self.backend == FASTEST else self.backend
        return gs.Simulator(net, dt=dt, seed=seed, backend=backend, precision=self.precision)


class Measure(NamedTuple):
    """How a row is measured.

    `steps` lead to its value; `grid` is the time step if it is a time; `double`: a difference too small for float32.
    """

    function: Callable[[Lab], float]
    steps: int
    grid: float
    double: bool


MEASURES: dict[str, Measure] = {}


def row(name: str, *, steps: int = 1, grid: float = 0.0, double: bool = False) -> Callable[[Any], Any]:
    """Register the measurement of a row."""

    def register(function: Callable[[Lab], float]) -> Callable[[Lab], float]:
        assert name in ROWS, name
        assert name not in MEASURES, name
        MEASURES[name] = Measure(function, steps, grid, double)
        return function

    return register


class Trace:
    """Recorded variables in float64, one column a cell."""

    def __init__(self, data: Any, dt: float) -> None:
        self.t, self.dt = data.t, dt
        self.values = {name: np.asarray(data[name], np.float64) for name in data.variables}

    def __getitem__(self, variable: str) -> np.ndarray[Any, Any]:
        return self.values[variable]

    def at(self, variable: str, t: float) -> Any:
        """The samples at time t, which must be on the grid."""
        k = round(t / self.dt) - 1
        assert abs(self.t[k] - t) < 1e-6, (t, self.t[k])
        return self.values[variable][k]

    def after(self, variable: str, t: float) -> np.ndarray[Any, Any]:
        """The samples from time t on."""
        return self.values[variable][round(t / self.dt) - 1 :]


class Bench:
    """Some demo cells (science.md section 4), and events that arrive at given times."""

    def __init__(self, lab: Lab, receptors: Any = (), n: int = 1, dt: float = 0.1, V: Any = None, **model: Any) -> None:
        self.lab, self.dt, self.net = lab, dt, gs.Network()
        self.cells = self.net.population("cells", n, gs.LIF(**model), receptors=receptors, V=V)

    def event(self, receptor: str, times: Any, weight: Any, rule: Any = None, plasticity: Any = None) -> None:
        """Events of one source that all cells receive; `weight` may hold one value a cell. They arrive at `times`."""
        self.volley(receptor, [list(np.atleast_1d(times))], weight, gs.AllToAll() if rule is None else rule, plasticity)

    def volley(self, receptor: str, trains: Any, weight: Any, rule: Any, plasticity: Any = None) -> None:
        """Events of one source for each train of arrival times."""
        times = [[t - self.dt for t in train] for train in trains]
        source = self.net.population(f"source{len(self.net.populations)}", len(times), gs.SpikeSource(times))
        self.net.connect(
            source, self.cells, rule, receptor=receptor, weight=weight, delay=self.dt, plasticity=plasticity
        )

    def run(self, duration: float, *variables: str) -> Trace:
        """Traces of all cells."""
        recorder = self.net.record(self.cells, list(variables))
        with self.lab.open(self.net, self.dt) as sim:
            sim.run(duration)
            return Trace(sim.data[recorder], self.dt)

    def spikes(self, duration: float) -> Any:
        """Spikes of all cells."""
        recorder = self.net.record(self.cells, "spikes")
        with self.lab.open(self.net, self.dt) as sim:
            sim.run(duration)
            return sim.data[recorder]


def peak(t: Any, y: Any) -> tuple[float, float]:
    """Time and value of the maximum of a smooth trace, from the polynomial through the five highest samples."""
    t, y = np.asarray(t), np.asarray(y).reshape(-1)
    k = int(np.argmax(y))
    assert 2 <= k < len(y) - 2, "the maximum is at the edge of the trace"
    dt = t[k + 1] - t[k]
    fit = np.polynomial.Polynomial.fit(np.arange(-2.0, 3.0), y[k - 2 : k + 3], 4)
    turns = fit.deriv().roots()
    turns = turns[np.abs(turns.imag) < 1e-9].real
    turns = turns[np.abs(turns) <= 1.0]
    # rounding can leave a flat top without a turning point
    where = float(turns[np.argmax(fit(turns))]) if len(turns) else 0.0
    return float(t[k] + where * dt), float(max(fit(where), y[k]))


def area(y: Any, dt: float) -> float:
    """Integral of a smooth trace over an even number of steps (Simpson)."""
    y = np.asarray(y, np.float64).reshape(-1)
    y = y[: len(y) - 1 + len(y) % 2]
    return float(dt / 3 * (y[0] + y[-1] + 4 * y[1:-1:2].sum() + 2 * y[2:-1:2].sum()))


def crossing(x: Any, y: Any, level: float) -> float:
    """Where a trace of increasing x first passes a level (cubic through four samples)."""
    x, y = np.asarray(x), np.asarray(y)
    k = int(np.flatnonzero((y[1:] >= level) != (y[:-1] >= level))[0])
    k = min(max(k, 1), len(x) - 3)
    fit = np.polynomial.Polynomial.fit(y[k - 1 : k + 3], x[k - 1 : k + 3], 3)
    return float(fit(level))
