"""The backends as tests see them, and one network's run on one of them: everything that came out."""

from __future__ import annotations

import functools
import os
from typing import Any

import numpy as np
import pytest

import gpusyn as gs
from gpusyn.backends.cpu.backend import CpuBackend
from gpusyn.backends.cpu.compiler import find_compiler
from gpusyn.backends.cuda.backend import CudaBackend
from gpusyn.backends.numpy.backend import NumpyBackend
from gpusyn.errors import BackendError
from gpusyn.results import SpikeData
from tests.emulation import compiler, cupy

BACKENDS = ("numpy", "cpu", "cuda-emulated", "cuda")


def backend_named(name: str, **options: Any) -> Any:
    """A backend, or a skipped test that says why there is none."""
    if name == "numpy":
        return NumpyBackend()
    if name == "cpu":
        return cpu(**options)
    return emulated(**options) if name == "cuda-emulated" else cuda(**options)


def cpu(threads: int | None = None, **options: Any) -> CpuBackend:
    """The compiled backend."""
    try:
        find_compiler()
    except BackendError as error:
        pytest.skip(str(error))
    return CpuBackend(threads, **options)


@functools.cache
def emulated(block: int = 128) -> CudaBackend:
    """The CUDA backend's own Python on kernels that blocks and warps of CPU fibers run."""
    if compiler() is None:
        pytest.skip("the emulator needs g++, which is not on PATH")
    return CudaBackend(block, importer=lambda: cupy)


@functools.cache
def cuda(block: int = 128) -> CudaBackend:
    """A real GPU."""
    try:
        return CudaBackend(block)
    except BackendError as error:
        if os.environ.get("GPUSYN_REQUIRE_CUDA") == "1":
            pytest.fail(f"GPUSYN_REQUIRE_CUDA=1, but: {error}")
        pytest.skip(str(error))


Outcome = dict[str, np.ndarray]


def outcome(sim: gs.Simulator) -> Outcome:
    """Everything that a simulation shows: recordings, connectivity, weights, state."""
    found: Outcome = {}
    for name in sim.net.recorders:
        data = sim.data[name]
        if isinstance(data, SpikeData):
            found |= {f"{name} times": data.times, f"{name} ids": data.ids}
        else:
            found |= {f"{name} {variable}": data[variable] for variable in data} | {f"{name} t": data.t}
    for name, projection in sim.net.projections.items():
        for receptor in projection.weights:
            found |= {f"{name} {receptor} {k}": v for k, v in sim.weights(name, receptor)._asdict().items()}
    for name, population in sim.net.populations.items():
        for variable in population.variables:
            if not variable.startswith(("I_", "B_")) and (variable != "Ca" or traced(sim.net, population)):
                found[f"{name} {variable} now"] = sim.get(population, variable)
    return found


def traced(net: gs.Network, population: gs.Population) -> bool:
    """Whether calcium of the population is recorded, without which there is none."""
    return any("Ca" in r.variables and population in (p for p, _ in r.source.parts) for r in net.recorders.values())


def differences(one: Outcome, other: Outcome) -> list[str]:
    """What does not have the same bits."""
    assert one.keys() == other.keys()
    return [k for k in one if not same_bits(one[k], other[k])]


def same_bits(a: np.ndarray, b: np.ndarray) -> bool:
    """Equal in type, shape and every bit."""
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


def play(case: Any, backend: Any, *, chunk_steps: int | None = None, cuts: Any = (), reset_at: int = 0) -> Outcome:
    """Run a drawn network whole, or cut into several runs, or once more after a reset.

    Halfway, weights that may change and some of the state are set anew.
    """
    how = {"precision": case.precision, "backend": backend, "chunk_steps": chunk_steps}
    with gs.Simulator(case.net, dt=case.dt, seed=case.seed, **how) as sim:
        if reset_at:
            sim.step(reset_at)
            interfere(sim)
            sim.step(1)
            sim.reset()
        half, at = case.steps // 2, 0
        for stop in sorted({*cuts, half, case.steps}):
            sim.step(stop - at)
            at = stop
            if stop == half:
                interfere(sim)
        return outcome(sim)


def interfere(sim: gs.Simulator) -> None:
    """Set weights and state, as one would between two parts of an experiment."""
    for name, projection in sim.net.projections.items():
        for receptor in projection.w_max or ():
            sim.set_weights(name, sim.weights(name, receptor).weight[::-1] * 0.75, receptor)
    population = next(iter(sim.net.populations.values()))
    sim.set(population, "V", gs.Uniform(-70.0, -50.0))
    strategies = sim.plan.layout.populations[population.name].strategies
    lumped = [r for r, s in zip(population.receptors, strategies, strict=True) if s.owner == "target"]
    for receptor in lumped:
        if not receptor.is_current:
            sim.set(population, f"g_{receptor.name}", 0.25)
        if receptor.kinetics.kind in ("alpha", "dual"):
            sim.set(population, f"h_{receptor.name}", np.linspace(0.0, 1.0, population.size))
