"""The backends as tests see them, and one network's run on one of them: everything that came out."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
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
    """Everything that a simulation shows: recordings (of several ranks on the first), connectivity, weights, state."""
    found: Outcome = {}
    for name in sim.net.recorders:
        data = sim.gather(name)
        if data is None:
            continue
        if isinstance(data, SpikeData):
            found |= {f"{name} times": data.times, f"{name} ids": data.ids}
        else:
            found |= {f"{name} {variable}": data[variable] for variable in data} | {f"{name} t": data.t}
    for name, projection in sim.net.projections.items():
        for receptor in projection.weights:
            found |= {f"{name} {receptor} {k}": v for k, v in sim.weights(name, receptor)._asdict().items()}
    for name, population in sim.net.populations.items():
        for variable in population.variables:
            if not variable.startswith(("I_", "B_")) and (not variable.startswith("Ca") or traced(sim.net, population)):
                found[f"{name} {variable} now"] = sim.get(population, variable)
    return found


def traced(net: gs.Network, population: gs.Population) -> bool:
    """Whether calcium of the population is recorded, without which there is none."""
    cells = [r for r in net.recorders.values() if isinstance(r, gs.TraceRecorder)]
    of = [r for r in cells if any(variable.startswith("Ca") for variable in r.variables)]
    return any(population in (p for p, _ in r.source.parts) for r in of)


def differences(one: Outcome, other: Outcome) -> list[str]:
    """What does not have the same bits."""
    assert one.keys() == other.keys()
    return [k for k in one if not same_bits(one[k], other[k])]


def same_bits(a: np.ndarray, b: np.ndarray) -> bool:
    """Equal in type, shape and every bit."""
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


def play(
    case: Any,
    backend: Any,
    *,
    chunk_steps: int | None = None,
    cuts: Any = (),
    reset_at: int = 0,
    look: Callable[[gs.Simulator], Outcome] = outcome,
    **more: Any,
) -> Outcome:
    """Run a drawn network whole, or cut into several runs, or once more after a reset.

    Halfway, weights that may change and some of the state are set anew.
    """
    how = {"precision": case.precision, "backend": backend, "chunk_steps": chunk_steps} | more
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
        return look(sim)


def interfere(sim: gs.Simulator) -> None:
    """Set weights and state, as one would between two parts of an experiment."""
    for name, projection in sim.net.projections.items():
        for receptor in projection.w_max or ():
            sim.set_weights(name, sim.weights(name, receptor).weight[::-1] * 0.75, receptor)
    for name, population in sim.net.populations.items():
        for compartment in population.compartments[1:]:
            sim.set(name, f"V_{compartment.name}", gs.Uniform(-70.0, -50.0))
            sim.set(name, f"g_c_{compartment.name}", 1.25 * float(sim.get(name, f"g_c_{compartment.name}")[0]))
    population = next(iter(sim.net.populations.values()))
    sim.set(population, "V", gs.Uniform(-70.0, -50.0))
    strategies = sim.plan.layout.populations[population.name].strategies
    lumped = [r for r, s in zip(population.receptors, strategies, strict=True) if s.owner == "target"]
    for receptor in lumped:
        if not receptor.signed:
            sim.set(population, f"g_{receptor.name}", 0.25)
        if receptor.kinetics.kind in ("alpha", "dual"):
            sim.set(population, f"h_{receptor.name}", np.linspace(0.0, 1.0, population.size))
    change_inputs(sim)
    change_parameters(sim)


def change_inputs(sim: gs.Simulator) -> None:
    """Set every input: numbers, arrays and waveforms in turn, whatever was there before."""
    now, dt = sim.time, sim.dt

    def value(k: int, high: float, size: int) -> Any:
        wave = gs.Waveform([now, now + 2 * dt, now + 5 * dt], [high, 0.25 * high, 0.5 * high])
        return (0.75 * high, wave, np.linspace(0.0, high, size))[k % 3]

    for k, (name, injection) in enumerate(sim.net.injections.items()):
        if isinstance(injection.current, (gs.WhiteNoise, gs.OrnsteinUhlenbeck)):
            stds = np.linspace(0.0, 90.0, injection.target.size)
            sim.set(name, (gs.OrnsteinUhlenbeck(20.0, std=stds, tau=3.0), gs.WhiteNoise(std=60.0, dt=2 * dt))[k % 2])
            continue
        sim.set(name, value(k + int(isinstance(sim.get(name), float)), 150.0, injection.target.size))
    for k, (name, drive) in enumerate(sim.net.drives.items()):
        sim.set(name, rate=value(k + 1, drive.rate_max, drive.target.size))
        if k % 2:
            sim.set(name, weight=0.5 * np.asarray(sim.get(name, "weight")))
    for name in sim.net.couplings:
        sim.set(name, 0.5 * sim.get(name))
    for k, name in enumerate(sim.net.clamps):
        sim.set(name, (-62.0, gs.Waveform([now, now + 3 * dt], [-60.0, -40.0]))[k % 2])
    for k, population in enumerate(p for p in sim.net.populations.values() if p.is_source):
        if "times" in population.model.values:
            sim.set(population[::2], times=[now + dt, now + 3 * dt])
        elif isinstance(sim.get(population, "rate"), gs.Waveform) or k % 2:
            sim.set(population, rate=value(k, population.model.rate_bound, population.size))
        else:
            sim.set(population[1:] if population.size > 1 else population, rate=0.5 * population.model.rate_bound)


def change_parameters(sim: gs.Simulator) -> None:
    """Set the current into some neurons, and a capacitance and a resting potential of all."""
    for population in sim.net.populations.values():
        if not population.is_source:
            sim.set(population[::2], "I_e", gs.Uniform(0.0, 200.0))
            sim.set(population, "C_m", 1.25 * float(sim.get(population, "C_m")[0]))
            rest = population.model.REST
            sim.set(population, rest, float(sim.get(population, rest).min()) - 0.5)
