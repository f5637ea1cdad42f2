"""Networks that a GPU builds, on a stand-in for CuPy: the host makes no array of their synapses, and nothing is copied.

That the rows are those of numpy is tested in `tests/builder/test_building.py`.
"""

import gc
import itertools
import tracemalloc

import numpy as np
import pytest

import gpusyn as gs
from gpusyn.backends.cuda.backend import CudaBackend
from gpusyn.backends.cuda.launcher import CudaMemory
from gpusyn.builder import building, plan
from gpusyn.builder.compile import Compiled
from gpusyn.builder.inputs.tables import InputTables
from gpusyn.builder.rows import compiled, event_driven, sorted, tables
from gpusyn.builder.rows.tables import SynapseTables
from gpusyn.errors import BackendError
from tests.emulation import ORDERS, cupy, pretend, using
from tests.emulation.device import used_bytes
from tests.helpers.long_checks import every
from tests.helpers.runs import emulated

DT, BLOCK = 0.1, 1000
ROWS = ("targets", "weights", "late")


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch):
    """Build small networks by kernels too, in blocks that are much smaller than their projections."""
    monkeypatch.setattr(tables, "FEW", 0)
    for module, name in ((compiled, "BLOCK"), (building, "BLOCK"), (event_driven, "_PACKED"), (sorted, "_PIECE")):
        monkeypatch.setattr(module, name, BLOCK)
    gc.collect()  # what earlier tests left is not counted


def large(density=1.0):
    """Several bundles, several delay blocks, drawn weights and delays, a weight that is a multiple of another."""
    net = gs.Network()
    E = net.population("E", 300, gs.LIF(), receptors=[gs.AMPA(), gs.GABA_A(), gs.NMDA()], V=gs.Uniform(-60.0, -49.0))
    I = net.population("I", 60, gs.LIF(), receptors=[gs.AMPA(), gs.GABA_A()])
    lognormal, delays = gs.LogNormal(2.0, 1.0), gs.Uniform(0.5, 4.0)
    both = {"AMPA": lognormal, "NMDA": gs.Ratio("AMPA", 0.1)}
    net.connect(E, E, gs.FixedInDegree(round(130 * density)), weight=both, delay=delays, name="EE")
    net.connect(E, I, gs.FixedProbability(0.4 * density, autapses=False), receptor="AMPA", weight=lognormal, delay=0.8)
    net.connect(
        I,
        E + I,
        gs.FixedOutDegree(round(250 * density)),
        receptor="GABA_A",
        weight=gs.Normal(3.0, 1.0, low=0.0),
        delay=delays,
    )
    net.inject(E, 300.0)
    return net


def in_memory_of(monkeypatch, noted):
    """Call `noted` whenever the memory of the GPU is used."""
    doing = CudaMemory.doing
    monkeypatch.setattr(CudaMemory, "doing", lambda self, what: noted() or doing(self, what))


def host_arrays(density, monkeypatch):
    """Most bytes of arrays of numpy while rows are built, and the number of synapses."""
    backend, calls, most = emulated(), itertools.count(), [0]
    layout = gs.plan(large(density), dt=DT, backend=backend).layout
    inputs, launcher = InputTables(layout, 1, 0), backend.launcher()
    of_numpy = tracemalloc.DomainFilter(True, np.lib.tracemalloc_domain)

    def note():
        if next(calls) % 13 == 0:
            traces = tracemalloc.take_snapshot().filter_traces([of_numpy]).traces
            most.append(sum(trace.size for trace in traces))

    tracemalloc.start()
    try:
        in_memory_of(monkeypatch, note)
        initial = SynapseTables(layout, 1, inputs, launcher=lambda: launcher).arrays()
    finally:
        tracemalloc.stop()
        monkeypatch.undo()
    assert all(isinstance(initial[name], cupy.ndarray) for name in ROWS)
    return max(most), initial["targets"].size


def test_the_host_makes_no_array_of_all_synapses(monkeypatch):
    with monkeypatch.context() as few_patch, monkeypatch.context() as many_patch:
        (few_bytes, few), (many_bytes, many) = host_arrays(0.05, few_patch), host_arrays(0.5, many_patch)
    assert many > 30_000
    assert many_bytes - few_bytes < 0.25 * (many - few)


def test_rows_stay_where_they_are_built(monkeypatch):
    kept = {}

    class Noted(CudaBackend):
        def start(self, program):
            kept.update({name: program.initial[name].data.ptr for name in ROWS})
            return super().start(program)

    emulated()  # skips where it cannot compile
    with gs.Simulator(large(), dt=DT, seed=2, backend=Noted(importer=lambda: cupy)) as sim:
        assert {name: sim._session._arrays[name].data.ptr for name in ROWS} == kept


def outcome(backend):
    net = large()
    spikes = net.record(net.populations["E"], "spikes")
    with gs.Simulator(net, dt=DT, seed=2, backend=backend) as sim:
        sim.run(8.0)
        sim.set_weights("EE", 2.0 * sim.weights("EE", "AMPA").weight, receptor="AMPA")
        sim.run(8.0)
        before = [sim.data[spikes].times, sim.data[spikes].ids, sim.weights("EE", "AMPA").weight]
        sim.reset()
        sim.run(8.0)
        weights = [sim.weights("EE", receptor).weight for receptor in ("AMPA", "NMDA")]
        return [*before, sim.data[spikes].times, sim.data[spikes].ids, *weights]


@pytest.mark.parametrize("lazy", every(2, [True, False]))
def test_runs_of_networks_built_on_the_gpu_are_those_of_numpy(lazy):
    with using(lazy=lazy, order=ORDERS["backward"]):
        found = outcome(emulated())
    expected = outcome("numpy")
    assert len(expected[0]) > 100
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_plan_counts_what_building_takes_on_the_gpu(monkeypatch):
    backend, net, most = emulated(), large(), [0]
    planned = gs.plan(net, dt=DT, backend=backend)
    before = used_bytes()
    in_memory_of(monkeypatch, lambda: most.append(used_bytes() - before))
    Compiled(planned.layout, 1, launcher=backend.launcher)
    built = building.building_peak(planned.layout, kernels=True, on_device=True)
    assert 0.8 * built.device < max(most) <= built.device


def test_the_plan_refuses_what_can_be_held_but_not_built(monkeypatch):
    backend = emulated()
    monkeypatch.setattr(building, "_NUMBER_BYTES", 4000)
    planned = gs.plan(large(), dt=DT, backend=backend)
    assert " MB there and " in str(planned)
    monkeypatch.setattr(backend, "free_memory", lambda: planned.on_device)
    refused = gs.plan(large(), dt=DT, backend=backend)
    assert not refused.fits
    with pytest.raises(gs.PlanMemoryError, match=r"needs .* on the GPU but .* are free there"):
        refused.require_fit()


def test_rows_on_the_gpu_are_not_counted_in_main_memory(monkeypatch):
    backend = emulated()
    planned = gs.plan(large(), dt=DT, backend=backend)
    rows = building.building_peak(planned.layout, kernels=True, on_device=True).rows
    monkeypatch.setattr(plan, "free_memory", lambda: round(planned.total + planned.scratch - 0.9 * rows))
    assert gs.plan(large(), dt=DT, backend=backend).fits


def test_a_network_starts_where_its_rows_fit_once():
    backend = emulated()
    planned, before = gs.plan(large(), dt=DT, backend=backend), used_bytes()
    built = building.building_peak(planned.layout, kernels=True, on_device=True)
    with pretend(free_memory=before + round(max(built.device, planned.on_device) + 0.2 * built.rows)):
        gs.Simulator(large(), dt=DT, backend=backend).close()


def test_what_is_written_may_change_at_once():
    memory = emulated().launcher().memory
    values = np.arange(5.0)
    with using(lazy=True):
        array = memory.zeros(5, np.float64)
        memory.write(array, values)
        values[:] = -1.0  # gone before an asynchronous copy would have read it
        assert memory.host(array).tolist() == [0.0, 1.0, 2.0, 3.0, 4.0]


def test_rows_are_complete_when_the_launcher_is_closed():
    launcher, times = emulated().launcher(), np.array([0.1, 0.3])
    with using(lazy=True):
        delay, values = launcher.memory.zeros(2, np.int32), launcher.memory.zeros(2, np.float64)
        launcher.memory.write(values, times)
        launcher.launch("round_delays", delay=delay, values=values, n=2, dt=0.1)
        launcher.close()
        assert delay.get(stream=cupy.cuda.Stream(non_blocking=True)).tolist() == [1, 3]


def test_what_a_kernel_writes_to_an_array_of_the_host_is_there():
    delay = np.zeros(2, np.int32)
    emulated().launcher().launch("round_delays", delay=delay, values=np.array([0.1, 0.3]), n=2, dt=0.1)
    assert delay.tolist() == [1, 3]


def test_memory_that_runs_out_during_building_is_given_back():
    backend, before = emulated(), used_bytes()
    layout = gs.plan(large(), dt=DT, backend=backend).layout
    with (
        pretend(free_memory=before + 100_000),
        pytest.raises(gs.PlanMemoryError, match=r"the GPU ran out of memory during making room for synapses"),
    ):
        Compiled(layout, 1, launcher=backend.launcher)
    gc.collect()
    assert used_bytes() == before


@pytest.mark.parametrize("number", [1, 40])
def test_a_kernel_that_fails_during_building_is_told(number, monkeypatch):
    backend, launches = emulated(), itertools.count(1)
    layout = gs.plan(large(), dt=DT, backend=backend).layout

    class Failing:
        max_threads_per_block = 1024

        def __call__(self, *given):
            raise cupy.cuda.runtime.CUDARuntimeError(700)

    def compiled_module(module):
        made = type(backend.gpu).compiled(backend.gpu, module)
        get = made.get_function
        made.get_function = lambda name: Failing() if next(launches) == number else get(name)
        return made

    monkeypatch.setattr(backend.gpu, "compiled", compiled_module, raising=False)
    with pytest.raises(BackendError, match=r"kernel '\w+' failed: a kernel used memory that is not its own"):
        Compiled(layout, 1, launcher=backend.launcher)
