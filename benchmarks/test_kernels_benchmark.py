"""Micro-benchmarks of single kernels on one CPU thread, of a neuron's step, and of a step of the README's network.

``pytest -n 0 benchmarks/test_kernels_benchmark.py --benchmark-enable`` runs them (with pytest-benchmark). They are not
collected otherwise, since timings are not tests. A round has so many launches of one kernel that the overhead of the
call from Python is negligible.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gpusyn as gs
from benchmarks import cases, procedural
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
    if kernel == "deliver_procedural":
        return procedural.network("FixedProbability, drawn", 4000, 80, "procedural")
    return listed() if kernel == "advance_lists" else cases.demo()[0]


CELLS = 7680  # a tenth of the cortical microcircuit of Potjans and Diesmann
COBA = (gs.AMPA(tau_decay=5.0), gs.GABA_A(tau_decay=10.0), gs.NMDA(Mg=1.0))


def current_cells(rate: float | np.ndarray | None) -> gs.Network:
    """Return LIF neurons with one exponential current, and private Poisson input of some rate (Hz) or none."""
    net = gs.Network()
    model = gs.LIF(C_m=250.0, g_L=25.0, E_L=-65.0, V_th=-50.0, V_reset=-65.0)
    cells = net.population("cells", CELLS, model, receptors=[gs.CurrentReceptor("exc", tau=0.5)])
    if rate is not None:
        net.drive(cells, "exc", rate=rate, weight=80.0)
    return net


def coba_cells(n: int) -> gs.Network:
    """Return LIF neurons with the first `n` receptors of the COBA benchmarks and NMDA, and no input."""
    net = gs.Network()
    net.population("cells", CELLS, gs.LIF(I_e=100.0), receptors=list(COBA[:n]))
    return net


def sources(rate: float) -> gs.Network:
    """Return Poisson sources of one rate (Hz)."""
    net = gs.Network()
    net.population("cells", CELLS, gs.PoissonSource(rate))
    return net


STEPS = {
    "current, 1.28 Poisson events a step": lambda: current_cells(12_800.0),
    "current, Poisson rates of their own": lambda: current_cells(np.linspace(8_000.0, 17_600.0, CELLS)),
    "current, no input": lambda: current_cells(None),
    "one conductance": lambda: coba_cells(1),
    "two conductances": lambda: coba_cells(2),
    "three conductances": lambda: coba_cells(3),
    "Poisson sources, 20 Hz": lambda: sources(20.0),
}


@pytest.mark.parametrize("kernel", KERNELS)
def test_kernel(benchmark: Any, kernel: str) -> None:
    launches_of(benchmark, kernel, network_of(kernel))


@pytest.mark.parametrize("cells", STEPS)
def test_neuron_step(benchmark: Any, cells: str) -> None:
    kernel = "advance_poisson" if "sources" in cells else "advance_neurons"
    benchmark.extra_info["neurons"] = CELLS
    launches_of(benchmark, kernel, STEPS[cells]())


def launches_of(benchmark: Any, kernel: str, net: gs.Network) -> None:
    """Measure many launches of one kernel of a network."""
    with gs.Simulator(net, dt=cases.DT, seed=1, backend="cpu", threads=1) as sim:
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
    delivering = kernel.startswith("deliver")
    session.write("spike_begin", np.zeros_like(session.read("spike_begin")))
    session.write("spike_total", np.full(1, SPIKES * delivering, np.int64))
    if delivering:
        session.write("spike_id", np.arange(SPIKES, dtype=np.int32) * (499 if kernel == "deliver_spikes" else 20))
        session.write("spike_events", np.ones(SPIKES, np.int32))


@pytest.mark.parametrize("backend", ["numpy", "cpu"])
def test_demo_step(benchmark: Any, backend: str) -> None:
    with gs.Simulator(cases.demo()[0], dt=cases.DT, seed=1, backend=backend) as sim:
        sim.run(20.0)
        steps = 20 if backend == "numpy" else 500
        benchmark.extra_info["steps"] = steps
        benchmark.pedantic(sim.step, (steps,), rounds=5)
