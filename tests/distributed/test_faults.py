"""What users see when something goes wrong on one of several ranks, or differs there: one clear error on all."""

import errno
import logging
import threading
from contextlib import nullcontext

import numpy as np
import pytest

import gpusyn as gs
from gpusyn.backends.numpy.backend import NumpyBackend
from gpusyn.distributed.threads import on_threads
from gpusyn.errors import ArgumentError, BackendError, FileError, ParameterError, SimulationError, UnknownNameError
from gpusyn.io import creation, held_file
from gpusyn.simulation import agreement
from gpusyn.utils import progress

SIZE = 3


def network(cells=8, file=None, weight=0.5, model=None):
    net = gs.Network()
    group = net.population("cells", cells, model or gs.LIF(I_e=300.0), receptors=[gs.AMPA()])
    net.connect(group, group, gs.AllToAll(), receptor="AMPA", weight=weight, w_max=2.0, delay=1.5, name="to all")
    net.record(group, "spikes", file=file, name="spikes")
    net.record(group, "V", name="potentials")
    return net


def simulator(ranks, net=None, **how):
    return gs.Simulator(network() if net is None else net, seed=how.pop("seed", 3), backend="numpy", comm=ranks, **how)


def outcomes(function, size=SIZE):
    """Call a function on each rank; return what it returned there, or its error."""

    def attempt(ranks):
        try:
            return function(ranks)
        except BaseException as error:
            return error

    results = []
    calling = threading.Thread(target=lambda: results.extend(on_threads(size, attempt)), daemon=True)
    calling.start()
    calling.join(timeout=60)
    assert results, "the ranks wait for one another"
    return results


def check_one(found, failing, kind, message):
    """Check that a rank has raised an error, and all others one that names it."""
    for rank, error in enumerate(found):
        assert type(error) is (kind if rank == failing else SimulationError), error
        assert message in str(error)
        if rank != failing:
            assert str(error).startswith(f"rank {failing} of {SIZE} ended with {kind.__name__}: ")
            assert error.rank == failing


def expected():
    with gs.Simulator(network(), seed=3, backend="numpy") as sim:
        sim.run(40.0)
        return sim.gather("spikes")


# ---- an error on one rank ----


class Failing(NumpyBackend):
    """A backend whose sessions fail on one rank: when they start, or in a step."""

    def __init__(self, rank, error, when):
        super().__init__()
        self._failing = rank == 1, error, when

    def start(self, program):
        mine, error, when = self._failing
        if mine and when == "start":
            raise error
        session = super().start(program)
        run, steps = session.run, []

        def failing(k, *part):
            steps.append(k)
            if mine and sum(steps) > when:
                raise error
            return run(k, *part)

        if mine and when != "start":
            session.run = failing
        return session


@pytest.mark.parametrize("error", [BackendError("no compiler"), MemoryError("no memory")])
def test_an_error_in_building_ends_all(error):
    def run(ranks):
        gs.Simulator(network(), backend=Failing(ranks.rank, error, "start"), comm=ranks)

    found = outcomes(run)
    check_one(found, 1, type(found[1]), "no compiler" if isinstance(error, BackendError) else "")
    assert isinstance(found[1], type(error))


@pytest.mark.parametrize("error", [BackendError("a driver failed"), MemoryError("no memory")])
def test_an_error_in_the_middle_of_a_step_ends_all_and_the_state_is_lost(error):
    def run(ranks):
        net = network()
        with gs.Simulator(net, seed=3, backend=Failing(ranks.rank, error, 100), comm=ranks) as sim:
            with pytest.raises((SimulationError, type(error))) as first:
                sim.run(40.0)
            with pytest.raises(SimulationError, match="state was lost in the middle of a step") as second:
                sim.run(1.0)
            return str(first.value), str(second.value), len(sim.data["spikes"]) >= 0

    name = type(error).__name__
    for rank, (first, second, _) in enumerate(outcomes(run)):
        assert first == (str(error) if rank == 1 else f"rank 1 of 3 ended with {name}: {error}")
        assert f"{name}: {error}" in second


def test_a_neuron_that_becomes_nan_ends_all():
    def run(ranks):
        net = network(model=gs.LIF(C_m=0.01, g_L=0.001))
        net.inject(net.populations["cells"][5], 1e30, start=1.2)
        with simulator(ranks, net) as sim:
            sim.run(10.0)

    for error in outcomes(run):  # all ranks know of it
        assert str(error).startswith("Population 'cells', neuron 5: V became NaN or infinite at t = 1.3 ms"), error


def test_a_mistake_on_one_rank_alone_ends_all_and_changes_nothing():
    def run(ranks):
        with simulator(ranks) as sim:
            sim.run(20.0)
            with pytest.raises((ParameterError, UnknownNameError)) as error:
                sim.set("cells", "I_e" if ranks.rank == 1 else "V", -60.0)
            with pytest.raises((ArgumentError, SimulationError)) as other:
                sim.set("cells", "V", *[-60.0] * (1 + (ranks.rank == 1)))
            sim.run(20.0)
            return str(error.value), str(other.value), sim.gather("spikes")

    found = outcomes(run)
    for error, other, _ in found:
        assert error == (
            "Simulator.set().variable: must be the same on all 3 ranks (rank 1 differs from rank 0: 'V' on rank 0, "
            "'I_e' on rank 1)"
        )
        assert "got 4 without a keyword" in other or "takes from 2 to 4 positional arguments" in other
    assert found[0][2] == expected()


def test_the_same_mistake_on_all_ranks_is_the_usual_error_and_changes_nothing():
    def run(ranks):
        with simulator(ranks) as sim:
            sim.run(20.0)
            messages = []
            for call in (
                lambda: sim.set("cells", "nothing", 1.0),
                lambda: sim.run(-1.0),
                lambda: sim.get("nobody", "V"),
                lambda: sim.set_weights("to all", 5.0),
                lambda: sim.weights("nothing"),
                lambda: sim.gather("nothing"),
                lambda: sim.reset(trial=-1),
            ):
                with pytest.raises((ArgumentError, ParameterError, UnknownNameError)) as error:
                    call()
                messages.append(str(error.value))
            sim.run(20.0)
            return messages, sim.gather("spikes")

    found = outcomes(run)
    assert found[0][0] == found[1][0] == found[2][0]
    assert not any("rank" in message for message in found[0][0])
    assert found[0][1] == expected()


def test_arguments_that_differ_are_named():
    drawn = np.random.default_rng(5)

    def run(ranks):
        with simulator(ranks) as sim:
            messages = []
            for call in (
                lambda: sim.run(10.0 + ranks.rank),
                lambda: sim.set("cells", "V", drawn.normal(-60.0, 1.0, 8)),
                lambda: sim.get("cells" if ranks.rank else sim.net.populations["cells"][:3], "V"),
                lambda: sim.reset(trial=ranks.rank // 2),
            ):
                with pytest.raises(ParameterError) as error:
                    call()
                messages.append(str(error.value))
            sim.run(40.0 if ranks.rank else 40, progress=ranks.rank == 5)
            return messages, sim.gather("spikes")

    (duration, values, target, trial), spikes = outcomes(run)[1][0], outcomes(run)[0][1]
    same = "must be the same on all 3 ranks"
    which = "ranks 1 and 2 differ from rank 0"
    assert duration == f"Simulator.run().duration: {same} ({which}: 10 on rank 0, 11 on rank 1)"
    assert values.startswith(f"Simulator.set().values: {same} ({which}: ndarray 8 values from ")
    assert target.startswith(f"Simulator.get().target: {same} ({which}: Selection ")
    assert trial == f"Simulator.reset().trial: {same} (rank 2 differs from rank 0: 0 on rank 0, 1 on rank 2)"
    assert spikes == expected()


def test_a_disk_that_is_full_on_one_rank_ends_all_and_nothing_is_lost(monkeypatch, tmp_path):
    pytest.importorskip("h5py", reason="files of recorders need h5py")
    allocate, full = held_file._allocate, []

    def on_one(*given):
        if threading.current_thread().name in full:
            raise OSError(errno.ENOSPC, "No space left on device")
        allocate(*given)

    monkeypatch.setattr(held_file, "_allocate", on_one)
    monkeypatch.setattr(creation, "FRAME_CHUNK", 2**6)
    path = tmp_path / "run.h5"

    def run(ranks):
        net = network()
        net.record(net.populations["cells"], "V", name="kept", file=path)
        with simulator(ranks, net, chunk_steps=32) as sim:
            sim.run(10.0)
            full[:] = ["rank 1"]
            ranks.objects("the disk is full")
            with pytest.raises((FileError, SimulationError)) as error:
                sim.run(40.0)
            ranks.objects("there is room again")
            full.clear()
            reached = sim.time
            sim.run(60.0 - reached)
            return error.value, reached, sim.gather("kept"), sim.gather("potentials")

    found = outcomes(run)
    check_one([error for error, *_ in found], 1, FileError, "kept in memory")
    assert len({reached for _, reached, *_ in found}) == 1
    assert 10.0 < found[0][1] < 50.0
    assert found[0][2]["V"].tobytes() == found[0][3]["V"].tobytes()
    assert gs.open_results(path)["kept"] == found[0][2]


def test_an_error_of_the_script_on_one_rank_ends_all_without_waiting():
    def run(ranks):
        with simulator(ranks) as sim:
            sim.run(5.0)
            if ranks.rank == 1:
                raise KeyError("my mistake")
            sim.run(5.0)

    with pytest.raises(KeyError, match="my mistake"):
        on_threads(SIZE, run)


def test_ranks_go_on_after_an_error_that_all_know():
    def run(ranks):
        with pytest.raises(ParameterError), simulator(ranks) as sim:
            sim.run(-5.0)
        with simulator(ranks) as sim:
            sim.run(40.0)
            return sim.gather("spikes")

    assert outcomes(run)[0] == expected()


def test_closing_twice_waits_for_no_one():
    def run(ranks):
        sim = simulator(ranks)
        sim.close()
        if ranks.rank == 1:
            sim.close()
        with pytest.raises(SimulationError, match="this simulator is closed"):
            sim.run(1.0)
        return ranks.objects(ranks.rank)

    assert outcomes(run) == [[0, 1, 2]] * SIZE


def test_a_rank_that_does_not_close_is_named():
    def run(ranks):
        sim = simulator(ranks)
        if ranks.rank == 1:
            return ranks.begin_leave()()
        return sim.close()

    first, second, third = outcomes(run)
    assert second is None
    for error in (first, third):
        assert str(error) == (
            "all ranks must call the same methods: ranks 0 and 2: Simulator.close(), end; rank 1: end of the program"
        )


# ---- what differs before the first step ----

DIFFERENT = {
    "seed": ({"seed": 4}, "Simulator.seed: {} (rank 1 differs from rank 0: 3 on rank 0, 4 on rank 1)"),
    "trial": ({"trial": 1}, "Simulator.trial: {} (rank 1 differs from rank 0: 0 on rank 0, 1 on rank 1)"),
    "dt": ({"dt": 0.05}, "Simulator.dt: {} (rank 1 differs from rank 0: {:.17g} on rank 0, {:.17g} on rank 1)"),
    "precision": (
        {"precision": "double"},
        "Simulator.precision: {} (rank 1 differs from rank 0: 'single' on rank 0, 'double' on rank 1)",
    ),
    "weights": (
        {"weights": "compact"},
        "Simulator.weights: {} (rank 1 differs from rank 0: 'exact' on rank 0, 'compact' on rank 1)",
    ),
    "owners": (
        {"owners": "dealt"},
        "Simulator.owners: {} (rank 1 differs from rank 0: contiguous on rank 0, dealt on rank 1)",
    ),
}


@pytest.fixture
def unbuilt(monkeypatch):
    """Nothing can be planned or built."""

    def plan(*_):
        raise AssertionError("planned before the ranks agreed")

    monkeypatch.setattr("gpusyn.simulation.running.plan", plan)


@pytest.mark.parametrize("name", DIFFERENT)
def test_what_differs_is_named_before_anything_is_built(unbuilt, name):
    how, message = DIFFERENT[name]
    found = outcomes(lambda ranks: simulator(ranks, **(how if ranks.rank == 1 else {})))
    for error in found:
        assert type(error) is ParameterError
        assert str(error) == message.format("must be the same on all 3 ranks", 0.1, 0.05)


NETWORKS = {
    "population 'cells', size: 8 on rank 0, 9 on rank 1": {"cells": 9},
    "population 'cells', model.I_e: 300.0 on rank 0, 301.0 on rank 1": {"model": gs.LIF(I_e=301.0)},
    "projection 'to all'": {"weight": 0.6},
    "recorder 'spikes', file": {"file": "other.h5"},
}


@pytest.mark.parametrize("what", NETWORKS)
def test_another_network_is_told_by_what_differs(unbuilt, what):
    found = outcomes(lambda ranks: simulator(ranks, network(**(NETWORKS[what] if ranks.rank == 1 else {}))))
    for error in found:
        assert type(error) is ParameterError
        begin = "Simulator.net: must be the same on all 3 ranks (rank 1 differs from rank 0: "
        assert str(error).startswith(f"{begin}{what}")


def test_other_code_is_detected(unbuilt, monkeypatch):
    def code():
        return f"version 1.{threading.current_thread().name == 'rank 2'}, digest 0"

    monkeypatch.setattr(agreement, "code", code)
    for error in outcomes(simulator):
        assert type(error) is ParameterError
        assert str(error).startswith("the code of gpusyn: must be the same on all 3 ranks (rank 2 differs from rank 0")


def test_the_digest_of_the_code_depends_on_modules_and_kernels(monkeypatch):
    agreement.code.cache_clear()
    before = agreement.code()
    monkeypatch.setattr(agreement, "read_kernel", lambda name: "")
    agreement.code.cache_clear()
    assert agreement.code() != before
    monkeypatch.undo()
    agreement.code.cache_clear()
    assert agreement.code() == before


def test_a_checkpoint_that_differs_is_detected(tmp_path):
    pytest.importorskip("h5py", reason="checkpoints need h5py")
    with gs.Simulator(network(), backend="numpy") as sim:
        for number in range(2):
            sim.run(5.0)
            sim.save_checkpoint(tmp_path / f"{number}.h5")

    def run(ranks):
        gs.Simulator.load_checkpoint(network(), tmp_path / f"{ranks.rank // 2}.h5", backend="numpy", comm=ranks)

    for error in outcomes(run):
        assert type(error) is ParameterError
        assert "what the checkpoint says: must be the same on all 3 ranks (rank 2 differs from rank 0" in str(error)


# ---- once ----


class Lines(logging.Handler):
    def __init__(self):
        super().__init__()
        self.lines = []

    def emit(self, record):
        self.lines.append((threading.current_thread().name, record.levelname, record.getMessage()))


@pytest.fixture
def lines():
    handler = Lines()
    logger = logging.getLogger("gpusyn")
    logger.addHandler(handler)
    yield handler.lines
    logger.removeHandler(handler)


def test_notes_and_warnings_are_those_of_rank_0(lines):
    def run(ranks):
        net = network()
        net.connect("cells", "cells", gs.AllToAll(), receptor="AMPA", weight=0.1, delay=gs.Uniform(0.5, 1.0))
        with simulator(ranks, net) as sim:
            sim.run(1.0)

    assert outcomes(run, 1) == [None]
    alone = [line for _, *line in lines]
    lines.clear()
    assert outcomes(run) == [None] * SIZE
    assert {name for name, *_ in lines} == {"rank 0"}
    assert [line for _, *line in lines] == alone
    assert alone


def test_a_warning_that_one_rank_alone_has_is_told(lines):
    def run(ranks):
        with ranks.together("Simulator"):
            logging.getLogger("gpusyn").warning("all have this")
            if ranks.rank:
                logging.getLogger("gpusyn").warning("a faster backend failed")
            logging.getLogger("gpusyn").info(f"note of {ranks.rank}")
            ranks.tell_warnings()

    outcomes(run)
    assert lines == [
        ("rank 0", "WARNING", "all have this"),
        ("rank 0", "INFO", "note of 0"),
        ("rank 0", "WARNING", "ranks 1 and 2: a faster backend failed"),
    ]


def test_many_warnings_of_other_ranks_are_counted(lines):
    def run(ranks):
        with ranks.together("Simulator"):
            for number in range(7 * ranks.rank):
                logging.getLogger("gpusyn").warning(f"warning {number}")
            ranks.tell_warnings()

    outcomes(run, 2)
    assert len(lines) == 6
    assert lines[-1] == ("rank 0", "WARNING", "other ranks have 2 more warnings")


def test_progress_is_shown_by_rank_0_alone(monkeypatch):
    shown = []

    def telling(tell):
        shown.append(threading.current_thread().name)
        return nullcontext()

    monkeypatch.setattr(progress, "_telling", telling)

    def run(ranks):
        with simulator(ranks, progress=True) as sim:
            built = len(shown)
            ranks.objects(None)
            sim.run(1.0)
            return built

    built, *_ = outcomes(run)
    assert built == 1
    assert shown == ["rank 0", "rank 0"]


# ---- what is no communicator ----


@pytest.mark.parametrize("comm", ["world", 5, True, object()])
def test_what_is_no_communicator_is_refused(comm):
    with pytest.raises(ArgumentError, match=r"comm: must be a communicator of mpi4py, such as mpi4py.MPI.COMM_WORLD"):
        gs.Simulator(network(), comm=comm, backend="numpy")
