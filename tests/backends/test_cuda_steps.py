"""The steps of the CUDA backend on a stand-in for CuPy: blocks that fit, graphs, and how often the host is asked."""

import math

import numpy as np
import pytest

import gpusyn as gs
from gpusyn.backends.cuda.session import GRAPH_STEPS
from gpusyn.errors import BackendError
from gpusyn.simulation import running
from tests.emulation import cupy, launches, pretend, using
from tests.emulation.compile import Kernel
from tests.emulation.device import calls
from tests.emulation.registers import most_threads
from tests.helpers.hand_made import SINGLE, make
from tests.helpers.runs import differences, emulated, outcome
from tests.helpers.sanitized_network import by_numpy, describe
from tests.helpers.small_network import simulator, steps_of

DT = 0.1


@pytest.fixture
def blocks(monkeypatch):
    """Kernel and threads of every launch that Python handed to the stand-in."""
    seen = []
    original = launches.RawKernel.__call__

    def noted(self, grid, block, *arguments, **options):
        seen.append((self.name, block[0]))
        return original(self, grid, block, *arguments, **options)

    monkeypatch.setattr(launches.RawKernel, "__call__", noted)
    return seen


@pytest.fixture
def nothing_runs(monkeypatch):
    """Kernels do nothing, so that large networks take no time."""
    monkeypatch.setattr(Kernel, "launch", lambda *arguments: "")


# ---- blocks ----


def test_a_block_has_no_more_threads_than_its_registers_allow(blocks):
    session = emulated(1024).start(make(numbers=SINGLE, n=4).program())
    session.run(1)
    modules = session._modules
    limits = {kernel: most_threads(modules[name].code, kernel, (9, 0)) for kernel, name in MODULES.items()}
    assert {name: limits[name] for name, _ in blocks} == dict(blocks)
    assert dict(blocks)["advance_neurons"] < 1024  # else the test shows nothing
    assert all(threads % 32 == 0 for _, threads in blocks)


MODULES = {"advance_neurons": "LIF() float32/int32", "deliver_spikes": "common float32/int32",
              "advance_lists": "common float32/int32"}  # fmt: skip


def test_the_stand_in_refuses_what_a_gpu_refuses():
    session = emulated(1024).start(make(numbers=SINGLE, n=4).program())
    kernel = session._modules["LIF() float32/int32"].get_function("advance_neurons")
    with pytest.raises(cupy.cuda.driver.CUDADriverError, match="CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES: too many res"):
        kernel((1,), (1024,), ())


# ---- graphs ----


@pytest.mark.parametrize("steps", [1, 2, 7, 8, 9, 31, 32, 33, 41, 82, 1000])
def test_steps_are_made_of_three_graphs(steps, nothing_runs):
    session = emulated().start(make(numbers=SINGLE, n=4).program())
    kernels = len(session._calls)
    session.run(1)
    calls.clear()
    session.run(steps)
    rest = steps
    used = {}
    for length in GRAPH_STEPS:
        used[length], rest = divmod(rest, length)
    assert rest == 0
    assert calls["graph launches"] == sum(used.values())
    assert calls["launches"] == kernels * sum(length for length, n in used.items() if n)  # their captures
    calls.clear()
    session.run(steps)
    assert calls["launches"] == 0


STEPS = 41  # one graph of each length


def test_an_error_during_a_capture_is_told_and_the_session_goes_on():
    with simulator(emulated()) as sim:
        sim.step(1)
        with (
            pretend(capture_error=2),
            pytest.raises(gs.PlanMemoryError, match=r"ran out of memory during running steps.*cudaErrorMemoryAll"),
        ):
            sim.step(STEPS - 1)
        session = sim._session
        call = session._calls[1]

        def fails():
            raise ValueError("a bug")

        session._calls[1] = fails
        sim.reset()
        with pytest.raises(BackendError, match=r"running steps failed \(ValueError: a bug"):
            sim.step(STEPS)
        assert not session._stream.is_capturing()
        session._calls[1] = call
        sim.reset()
        sim.step(STEPS)
        assert differences(steps_of(None, "numpy", STEPS), outcome(sim)) == []


# ---- the host ----

SIZES = {"1 k": 1_000, "77 k": 77_169, "1 M": 1_000_000}
MOST_CALLS = {"1 k": 80, "77 k": 330, "1 M": 330}  # launches, graph launches, copies and synchronisations


@pytest.mark.parametrize("size", SIZES)
def test_the_host_is_asked_seldom(size, nothing_runs, monkeypatch):
    monkeypatch.setattr(running, "CHUNK_SECONDS", math.inf)  # chunks begin small, and are small while they are slow
    net = gs.Network()
    cells = net.population("cells", SIZES[size], gs.LIF(), receptors=[gs.AMPA()])
    net.connect(cells[:100], cells[:100], gs.OneToOne(), receptor="AMPA", weight=1.0, delay=1.5)
    net.record(cells[:100], "spikes")
    with gs.Simulator(net, dt=DT, backend=emulated()) as sim:
        assert sim._compiled.steps % GRAPH_STEPS[0] == 0
        sim.step(1000)
        calls.clear()
        sim.step(1000)
        assert calls["launches"] == 0  # no step is launched singly
        assert 1000 // 32 <= calls["graph launches"] <= 1000 // 32 + 8
        assert sum(calls.values()) <= MOST_CALLS[size], dict(calls)


def test_events_of_gates_stay_on_the_device():
    net = gs.Network()
    jump = gs.kinetics.Saturating(jump=True)
    cells = net.population("cells", 20, gs.LIF(I_e=500.0), receptors=[gs.NMDA(kinetics=jump)])
    net.connect(cells, cells, gs.AllToAll(), receptor="NMDA", weight=0.01, delay=1.0)
    spikes = net.record(cells, "spikes")
    read = []
    with gs.Simulator(net, dt=DT, backend=emulated()) as sim:
        assert sim._compiled.layout.gates
        session, original = sim._session, sim._session.read

        def noted(name, start=0, stop=None, after=None):
            found = original(name, start, stop, after)
            read.append((name, found.size))
            return found

        session.read = noted
        sim.step(100)
        seen = len(sim.data[spikes].times)
    assert seen > 0
    assert sum(n for name, n in read if name == "spike_id") == seen
    assert {name for name, _ in read} == {"spike_begin", "spike_id", "fault"}


def test_the_next_chunk_begins_before_the_last_one_is_read(monkeypatch):
    monkeypatch.setattr(running, "CHUNK_SECONDS", math.inf)
    events = []
    net = gs.Network()
    net.record(net.population("noise", 20, gs.PoissonSource(rate=5000.0)), "spikes")
    with gs.Simulator(net, dt=DT, backend=emulated(), chunk_steps=16) as sim:
        session = sim._session
        run, read = session.run, session.read

        def noted_run(steps):
            events.append("run")
            return run(steps)

        def noted_read(name, start=0, stop=None, after=None):
            if name == "spike_id":
                events.append("read")
            return read(name, start, stop, after)

        session.run, session.read = noted_run, noted_read
        sim._running._chunk = 16
        sim.step(64)
    assert events == ["run", "run", "read", "run", "read", "run", "read", "read"]


@pytest.mark.parametrize(
    ("steps", "first", "chunk_steps"),
    [(12, 10, 8), pytest.param(STEPS, 24, 5, marks=pytest.mark.fuzz)],
)
def test_what_is_read_late_is_the_same(steps, first, chunk_steps):
    reference = by_numpy(steps)
    assert len(reference["spikes times"]) > 100
    with (
        using(lazy=True),
        gs.Simulator(describe(), dt=DT, seed=3, backend=emulated(), chunk_steps=chunk_steps) as sim,
    ):
        sim.step(first)
        sim.step(steps - first)
        assert differences(reference, outcome(sim)) == []


def test_a_session_ends_after_its_steps(nothing_runs):
    session = emulated().start(make(numbers=SINGLE, n=4).program())
    with using(lazy=True):
        session.run(40)
        session.close()  # the stand-in refuses a launch on arrays that are no more
    assert not session._arrays


def test_the_host_touches_nothing_within_a_chunk():
    with gs.Simulator(describe(), dt=DT, seed=3, backend=emulated()) as sim:
        session = sim._session
        session.run(9)
        session.write("clock", np.array([9, 9, 9]))
        session.write("spike_total", np.zeros(1, np.int64))
        calls.clear()
        session.run(16)
        assert calls == {"graph launches": 2}
        assert session.read("clock")[0] == 9 + 16
