"""gpusyn's program: the `cpu` backend."""

from __future__ import annotations

import platform
from typing import Any

import numpy as np

import gpusyn as gs
from benchmarks import cases
from benchmarks.peers.networks import DT, LEARNED
from benchmarks.peers.simulators.protocol import Task, answer, learned, now, peak_memory, ran, rates_of
from gpusyn.backends.cpu.compiler import find_compiler


def program(task: Task) -> dict[str, Any]:
    """Build the network, which compiles or finds compiled kernels, and run it."""
    network, numbers = task.described()
    start = now()
    net, begin_state = network.gpusyn(gs, numbers)
    recorder = cases.record_all(net, start=task.warm_up)
    with gs.Simulator(net, dt=DT, seed=task.seed, backend="cpu", threads=task.threads, progress=False) as sim:
        begin_state(sim)
        sim.step(1)
        built = now()
        if task.prepare:
            versions = {
                "Python": platform.python_version(),
                "numpy": np.__version__,
                "g++": find_compiler().description,
            }
            return {"prepare_s": built.wall - start.wall, "version": gs.__version__, "versions": versions}
        sim.step(round(task.warm_up / DT) - 1)
        begin = now()
        sim.run(task.duration)
        end = now()
        peak = peak_memory()
        spikes = sim.data[recorder]
        names, counts = np.unique(spikes.population, return_counts=True)
        fired = dict(zip(names.tolist(), counts.tolist(), strict=True))
        weights = learned(sim.weights(LEARNED).weight if LEARNED in net.projections else [])
        planned = sim.plan.total
    ids = np.repeat(np.cumsum([0, *numbers.populations.values()])[:-1], [fired.get(p, 0) for p in numbers.populations])
    rates = rates_of(ids, numbers.populations, task.duration)
    return ran(built.wall - start.wall, begin, end, rates, peak, planned_bytes=planned, **weights)


if __name__ == "__main__":
    answer(program)
