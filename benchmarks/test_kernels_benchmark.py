"""Micro-benchmarks of single kernels on one CPU thread, and of a step of the README's network.

``pytest -n 0 benchmarks/test_kernels_benchmark.py --benchmark-enable`` runs them (with pytest-benchmark). They are not
collected otherwise, since timings are not tests. A round has so many launches of one kernel that the overhead of the
call from Python is negligible.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gpusyn as gs
from benchmarks import cases
from gpusyn.backends.base import Session
from gpusyn.backends.cpu.backend import CpuBackend
from gpusyn.builder.gating.forms import form_of
from gpusyn.kernels.spec import KERNELS

LAUNCHES = 100  # per round; at most the steps of a chunk, so that the list of spikes cannot overflow
SPIKES = 8  # delivered per step: 4,000 neurons at 20 Hz


def wired(kinetics: gs.kinetics.Kinetics, gating: str = "per-synapse") -> gs.Network:
    """Return a network with a hundred thousand synapses; under per-synapse gating each of them has a gate."""
    net = gs.Network()
    receptor = gs.AMPA(kinetics=kinetics, gating=gating)
    bg = net.population("bg", 1000, gs.PoissonSource(rate=10.0))
    cells = net.population("cells", 500, gs.LIF(), receptors=[receptor])
    net.connect(bg, cells, gs.FixedInDegree(200), receptor="AMPA", weight=gs.Uniform(0.1, 0.2))
    return net


def listed() -> gs.Network:
    """Return a network of a thousand sources that all fire in every tenth step."""
    net = gs.Network()
    net.population("listed", 1000, gs.SpikeSource(times=np.arange(1.0, 101.0)))
    return net


KINETICS = (
    gs.kinetics.FirstOrder(alpha=1.1, beta=0.19),
    gs.kinetics.Exponential(2.0),
    gs.kinetics.DualExponential(0.5, 2.0),
    gs.kinetics.Saturating(),
    gs.kinetics.Saturating(jump=True),
    gs.kinetics.Markov.AMPA(),
    gs.GABA_B().kinetics,
)
STREAMED = {form_of(kinetics).synapse_gate.KERNEL: kinetics for kinetics in KINETICS}


def network_of(kernel: str) -> gs.Network:
    """Return a network whose launch list contains a kernel."""
    if kernel in STREAMED:
        return wired(STREAMED[kernel])
    if kernel == "advance_gates":
        return wired(gs.kinetics.Saturating(), gating="auto")
    return listed() if kernel == "advance_lists" else cases.demo()[0]


@pytest.mark.parametrize("kernel", KERNELS)
def test_kernel(benchmark: Any, kernel: str) -> None:
    with gs.Simulator(network_of(kernel), dt=cases.DT, seed=1, backend="cpu", threads=1) as sim:
        sim.step(LAUNCHES)
        program = sim._compiled.program
        (launch, *_) = [one for one in program.launches if one.kernel == kernel]
        session = CpuBackend(1).start(program._replace(launches=[launch]))
        benchmark.extra_info["launches"] = LAUNCHES
        benchmark.pedantic(session.run, (LAUNCHES,), setup=lambda: rewind(session, kernel), rounds=20)


def rewind(session: Session, kernel: str) -> None:
    """Set the clock back to a step that has work, and empty the list of spikes or, for delivery, fill it."""
    step = 9 if kernel == "advance_lists" else 0
    session.write("clock", np.array([step, step, 0]))
    delivering = kernel == "deliver_spikes"
    session.write("spike_begin", np.zeros_like(session.read("spike_begin")))
    session.write("spike_total", np.full(1, SPIKES * delivering, np.int64))
    if delivering:
        session.write("spike_id", np.arange(SPIKES, dtype=np.int32) * 499)
        session.write("spike_events", np.ones(SPIKES, np.int32))


@pytest.mark.parametrize("backend", ["numpy", "cpu"])
def test_demo_step(benchmark: Any, backend: str) -> None:
    with gs.Simulator(cases.demo()[0], dt=cases.DT, seed=1, backend=backend) as sim:
        sim.run(20.0)
        steps = 20 if backend == "numpy" else 500
        benchmark.extra_info["steps"] = steps
        benchmark.pedantic(sim.step, (steps,), rounds=5)
