"""Several GPUs in one process, on the stand-in for CuPy: the same bits as on one, and what goes wrong is said."""

import gc
import logging
import re
import signal
import threading
import time

import pytest

import gpusyn as gs
from gpusyn.backends.cuda.backend import CudaBackend
from gpusyn.backends.numpy.backend import NumpyBackend
from gpusyn.distributed.ranks import Ranks
from gpusyn.distributed.threads import on_threads
from gpusyn.simulation.running import Running
from tests.emulation import cupy, pretend
from tests.emulation.device import Block, touched, used_bytes
from tests.helpers.long_checks import every
from tests.helpers.networks import seeded_case
from tests.helpers.runs import differences, emulated, outcome, play
from tests.helpers.small_network import describe, simulator, steps_of

SETS = [[1], [0, 1], [2, 0, 1]]


@pytest.fixture
def gpus():
    """Three of them."""
    with pretend(devices=3):
        yield


def placed(place, devices=3):
    """The backend on the GPU that a process of a place on its machine takes."""
    with pretend(devices=devices):
        return CudaBackend(place=place, importer=lambda: cupy)


def on_ranks(size, function):
    """What a function of a rank and a backend on its own GPU gives on each rank."""
    backends = [placed(rank) for rank in range(size)]
    return on_threads(size, lambda ranks: function(ranks, backends[ranks.rank]))


# ---- bits ----


@pytest.mark.usefixtures("gpus")
@pytest.mark.parametrize("devices", SETS, ids=str)
def test_a_network_with_every_input_has_the_bits_of_one_process(devices):
    found = steps_of(describe(), emulated(), 30, 25, devices=devices)
    assert differences(steps_of(describe(), "numpy", 30, 25), found) == []
    assert len(found["spikes times"]) > 5


@pytest.mark.usefixtures("gpus")
def test_a_network_on_ranks_with_a_gpu_each_has_the_bits_of_one_process():
    found = on_ranks(2, lambda ranks, backend: steps_of(describe(), backend, 30, 25, comm=ranks))
    assert differences(steps_of(describe(), "numpy", 30, 25), found[0]) == []
    assert found[1].keys() < found[0].keys()


@pytest.mark.usefixtures("gpus")
@pytest.mark.parametrize("seed", every(4, [7, 3, 4, 5]))
def test_drawn_networks_that_learn_have_the_bits_of_one_process(seed):
    def case():
        return seeded_case(seed, (20, 25))

    found = play(case(), emulated(), devices=[0, 1], reset_at=5)
    assert differences(play(case(), "numpy", reset_at=5), found) == []


# ---- what a simulator on several devices is ----


@pytest.mark.usefixtures("gpus")
def test_each_device_has_its_own_arrays_and_gives_them_back():
    before = [used_bytes(device) for device in range(3)]
    with simulator(emulated(), devices=[2, 1]) as sim:
        homes = [
            {array._block.device_id for array in one._session._session._arrays.values()} for one in sim._crew.members
        ]
        assert homes == [{2}, {1}]
        assert used_bytes(0) == before[0]
        sim.step(3)
        assert sim.time == pytest.approx(0.3)
    assert [used_bytes(device) for device in range(3)] == before
    assert len(sim.data["traces"].t) == 3  # data stay within reach
    with pytest.raises(gs.SimulationError, match="this simulator is closed"):
        sim.step()
    sim.close()
    sim.net.population("more", 3, gs.LIF())


@pytest.mark.usefixtures("gpus")
def test_data_are_whole_and_reset_discards_them():
    with simulator(emulated(), devices=[0, 1]) as sim, simulator("numpy") as one:
        for each in (sim, one):
            each.step(12)
        assert dict(sim.data) == dict(one.data)
        assert sim.gather("spikes") == one.data["spikes"]
        assert sim.data["traces"]["V"].shape == (12, 12)
        sim.reset(trial=1)
        assert len(sim.data["traces"].t) == 0


@pytest.mark.usefixtures("gpus")
def test_what_is_printed_is_of_all_devices():
    with simulator(emulated(), devices=[0, 1]) as sim, simulator("numpy") as one:
        assert repr(sim) == repr(one).replace("backend numpy", "backend cuda on 2 devices")
        assert repr(sim.data) == repr(one.data)


@pytest.mark.usefixtures("gpus")
def test_another_thread_is_kept_out():
    with simulator(emulated(), devices=[0, 1]) as sim, sim._alone("Simulator.run()"):
        errors = []

        def other():
            for what in (lambda: sim.step(), lambda: sim.data["spikes"], lambda: sim.close()):
                try:
                    what()
                except gs.SimulationError as error:
                    errors.append(str(error).partition(":")[0])

        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        assert errors == ["Simulator.step()", "Simulator.data[...]", "Simulator.close()"]


@pytest.mark.usefixtures("gpus")
def test_a_checkpoint_goes_on_with_another_number_of_devices(tmp_path):
    whole = steps_of(describe(), "numpy", 20, 25)
    with simulator(emulated(), devices=[0, 1, 2]) as sim:
        sim.run(2.0, checkpoint=tmp_path / "state.h5")
    for how in ({"devices": [1, 0]}, {"devices": [2]}, {}):
        with gs.Simulator.load_checkpoint(describe(), tmp_path / "state.h5", backend=emulated(), **how) as sim:
            sim.step(25)
            assert differences(whole, outcome(sim)) == []


@pytest.mark.usefixtures("gpus")
@pytest.mark.parametrize("how", ["file", "save"])
def test_files_have_what_one_process_writes(tmp_path, how):
    found = []
    for name, more in (("one", {}), ("three", {"devices": [0, 1, 2]})):
        file = tmp_path / f"{name}.h5"
        with simulator(emulated(), describe(file=file if how == "file" else None), **more) as sim:
            sim.step(12)
            sim.step(13)
            if how == "save":
                sim.save(file)
        results = gs.open_results(file)
        found.append({recorder: results[recorder] for recorder in results})
    assert found[0] == found[1]
    assert len(found[0]["spikes"]) > 0


# ---- errors ----


@pytest.mark.usefixtures("gpus")
def test_an_argument_that_is_wrong_is_an_error_as_on_one_device():
    with simulator(emulated(), devices=[0, 1]) as sim:
        with pytest.raises(gs.ParameterError, match=r"Simulator\.run\(\)\.duration"):
            sim.run(-1.0)
        with pytest.raises(gs.ArgumentError, match=r"Simulator\.run\(\): unknown argument 'durations'"):
            sim.run(durations=1.0)
        with pytest.raises(gs.UnknownNameError, match="known here"):
            sim.get("none", "V")
        with pytest.raises(gs.UnknownNameError, match="known here"):
            sim.data["none"]
        sim.step(2)


@pytest.mark.usefixtures("gpus")
def test_a_fault_on_one_device_ends_the_run_on_all_in_the_same_step():
    with simulator(emulated(), devices=[0, 1, 2]) as sim:
        sim.step(5)
        third = sim._crew.members[2]._running
        third._check_fault = lambda after=None: fail()

        def fail():
            raise gs.SimulationError("Population 'E', neuron 20: V became NaN")

        with pytest.raises(gs.SimulationError, match=r"^Population 'E', neuron 20: V became NaN"):
            sim.step(7)
        assert len({one._running.step for one in sim._crew.members}) == 1
        assert not any(one._running.lost for one in sim._crew.members)
        del third._check_fault
        sim.step(2)


@pytest.mark.usefixtures("gpus")
def test_a_device_that_breaks_ends_all():
    with simulator(emulated(), devices=[0, 1]) as sim:
        sim.step(5)
        session = sim._crew.members[1]._session._session

        def breaks(*part):
            raise gs.BackendError("cuda backend: running steps: a kernel failed")

        session.run = breaks
        with pytest.raises(gs.BackendError, match="a kernel failed"):
            sim.step(5)
        with pytest.raises(gs.SimulationError, match="the state was lost in the middle of a step"):
            sim.step(1)
        del session.run
        sim.reset()
        sim.step(3)


@pytest.mark.usefixtures("gpus")
def test_a_network_for_which_one_device_has_no_room_is_refused(monkeypatch):
    bytes_of = Block._take

    def crowded(block):
        if block.device_id == 1:
            raise cupy.cuda.memory.OutOfMemoryError(block.size, 0)
        bytes_of(block)

    monkeypatch.setattr(Block, "_take", crowded)
    before, net = used_bytes(), describe()

    def start():
        with pytest.raises(gs.PlanMemoryError, match="out of memory"):
            simulator(emulated(), net, devices=[0, 1])

    start()
    gc.collect()
    assert used_bytes() == before
    net.population("more", 3, gs.LIF())


@pytest.mark.usefixtures("gpus")
def test_an_interruption_ends_the_run_between_two_chunks_on_all_devices(monkeypatch):
    reference = steps_of(describe(), "numpy", 60)
    with simulator(emulated(), devices=[0, 1], chunk_steps=2) as sim:
        run_chunk, raised = Running._run_chunk, []

        def interrupted(running, k):
            if running is sim._running and running.step >= 10 and not raised:  # a second one would not wait for a chunk
                raised.append(running.step)
                signal.raise_signal(signal.SIGINT)  # Python runs the handler in the main thread
            run_chunk(running, k)

        monkeypatch.setattr(Running, "_run_chunk", interrupted)
        with pytest.raises(KeyboardInterrupt):
            sim.step(5000)
        monkeypatch.undo()
        reached = {one._running.step for one in sim._crew.members}
        assert len(reached) == 1
        assert 10 <= max(reached) < 5000
        assert not any(one._running.lost for one in sim._crew.members)
        sim.reset()
        sim.step(60)
        assert dict(sim.data)["spikes"].times.tolist() == reference["spikes times"].tolist()


@pytest.mark.usefixtures("gpus")
def test_an_interruption_ends_the_building_of_a_network_on_all_devices(monkeypatch):
    place = Ranks.on_machine

    def interrupted(ranks):
        if ranks.rank == 1:
            signal.raise_signal(signal.SIGINT)
        while not ranks.stopping:
            time.sleep(0.001)
        return place(ranks)

    monkeypatch.setattr(Ranks, "on_machine", interrupted)
    with pytest.raises(KeyboardInterrupt):
        simulator(emulated(), devices=[0, 1])


# ---- which devices ----


@pytest.mark.usefixtures("gpus")
@pytest.mark.parametrize(
    ("devices", "kind", "said"),
    [
        (1, gs.ArgumentError, "must be a list of numbers of GPUs (got 1); write [1]"),
        pytest.param(10**5000, gs.ArgumentError, "(got <int that cannot be printed>); write [0, 1]", id="many digits"),
        ("0,1", gs.ArgumentError, "must be a list of numbers of GPUs (got '0,1'); write [0, 1]"),
        ([0, 0.5], gs.GpusynError, "Simulator.devices[1]: must be"),
        (
            [10**5000],
            gs.ParameterError,
            "Simulator.devices[0]: must be a whole number >= 0 and <= 1023 (got <int that cannot be printed>)",
        ),
        ([0, -1], gs.ParameterError, "Simulator.devices[1]: must be a whole number >= 0 and <= 1023 (got -1)"),
        ([1, 0, 1], gs.ParameterError, "must be different GPUs (got 1 twice, in [1, 0, 1]); name each once"),
        ([], gs.ParameterError, "must name at least one GPU (got []); leave it out for the first, or write [0]"),
        ([0, 3], gs.BackendError, "there is no GPU 3: CUDA shows 0 (Emulated GPU), 1"),
    ],
)
def test_wrong_devices_are_refused(devices, kind, said):
    with pytest.raises(kind, match=re.escape(said)):
        simulator(emulated(), devices=devices)


def test_backends_without_devices_are_refused(monkeypatch):
    said = (
        r"Simulator\.devices: are numbers of GPUs \(got \[0, 1\]\), and backend '{}' uses none; use backend='cuda', or"
    )
    for backend, name in (("numpy", "numpy"), ("cpu", "cpu"), (NumpyBackend(), "numpy")):
        with pytest.raises(gs.ParameterError, match=said.replace("' uses", "'.* uses").format(name)):
            simulator(backend, devices=[0, 1])
    monkeypatch.setenv("GPUSYN_BACKEND", "numpy")
    with pytest.raises(gs.ParameterError, match="backend 'numpy' of the environment variable GPUSYN_BACKEND uses none"):
        simulator("auto", devices=[0])


@pytest.mark.usefixtures("gpus")
def test_devices_and_several_ranks_exclude_each_other():
    def start(ranks):
        with pytest.raises(gs.ParameterError, match="start one MPI rank a GPU"):
            simulator(emulated(), devices=[0, 1], comm=ranks)
        return "refused"

    assert on_threads(2, start) == ["refused"] * 2


def test_a_rank_takes_nothing_of_the_gpus_of_others():
    touched.clear()
    with pretend(devices=3):
        with simulator(CudaBackend(place=1, importer=lambda: cupy)) as sim:
            sim.step(2)
        assert touched == {1}
        assert sim._session._gpu.device.free > 0


def test_ranks_of_a_machine_take_its_gpus_in_turn():
    assert [placed(place, 3).gpu.device.number for place in range(5)] == [0, 1, 2, 0, 1]
    with pretend(devices=3, old_devices=(1,)):
        numbers = [CudaBackend(place=place, importer=lambda: cupy).gpu.device.number for place in range(4)]
    assert numbers == [0, 2, 0, 2]


@pytest.mark.usefixtures("gpus")
def test_ranks_say_once_which_gpus_they_have(caplog, monkeypatch):
    monkeypatch.setattr(
        "gpusyn.backends.cuda.backend.CudaBackend.__init__.__kwdefaults__", {"place": None, "importer": lambda: cupy}
    )
    caplog.set_level(logging.INFO, "gpusyn")

    def run(ranks):
        with simulator("cuda", comm=ranks) as sim:
            return sim._session._session._gpu.device.number

    assert on_threads(4, run) == [0, 1, 2, 0]
    lines = [line for line in caplog.messages if "ranks" in line]
    assert len(lines) == 2
    assert lines[0].startswith(
        "4 ranks on 3 GPUs: rank 0: GPU 0, Emulated GPU (compute capability 9.0); rank 1: GPU 1, "
    )
    assert lines[1].startswith("up to 2 ranks share one GPU, which is slower than one rank a GPU; start as many ranks")


# ---- checkpoints ----


@pytest.mark.usefixtures("gpus")
def test_a_checkpoint_of_one_process_goes_on_with_several_devices_and_back(tmp_path):
    pytest.importorskip("h5py")
    expected, path = steps_of(describe(), "numpy", 60), tmp_path / "state.h5"
    with simulator("numpy") as sim:
        sim.step(20)
        sim.save_checkpoint(path)
    with gs.Simulator.load_checkpoint(describe(), path, backend=emulated(), devices=[0, 2]) as sim:
        sim.step(20)
        sim.save_checkpoint(path)
    with gs.Simulator.load_checkpoint(describe(), path, backend="numpy") as sim:
        sim.step(20)
        assert differences(expected, outcome(sim)) == []
