"""Recorders of ranks stream to a file each, which are read as one, and go on with any number of ranks."""

import os
import shutil

import numpy as np
import pytest

import gpusyn as gs
from gpusyn.distributed.threads import on_threads
from gpusyn.errors import FileError
from gpusyn.io.checkpoint import read_checkpoint
from gpusyn.io.rank_files import rank_file
from gpusyn.io.repair import repair
from tests.helpers.long_checks import every
from tests.helpers.runs import backend_named
from tests.helpers.small_network import describe, simulator

h5py = pytest.importorskip("h5py")
LONG = pytest.mark.fuzz
NAMES = ("spikes", "joined", "traces", "thirds", "one", "weights")
SAVED, END = 40, 48  # steps until the checkpoint, and until the end


def network(path, overwrite=False):
    """The small network, with recorders of one neuron, of synapses, and of neurons in another order."""
    net = describe(file=path, overwrite=overwrite, after=True)
    how = {"file": path, "overwrite": overwrite}
    E, after = net.populations["E"], net.populations["after"]
    net.record(E[3:4], "V", name="one", **how)
    plastic = next(p for p in net.projections.values() if p.w_max)
    net.record(plastic, list(plastic.variables), every=0.5, name="weights", **how)
    net.record(after[1:] + E[20:] + E[:6], "spikes", start=1.0, stop=3.5, name="joined", **how)
    return net


def run_alone(path, steps, state=None, further=0, names=(), **how):
    """Stream from one process; the data of some recorders."""
    with simulator("numpy", network(path), **how) as sim:
        sim.step(steps)
        if state is not None:
            sim.save_checkpoint(state)
        sim.step(further)
        return {name: sim.data[name] for name in names}


def run_on(ranks, path, steps, state=None, further=0, owners="contiguous", names=(), **how):
    """Stream from ranks; the data of some recorders, which they have gathered."""

    def on_rank(one):
        with simulator("numpy", network(path, **how), comm=one, owners=owners) as sim:
            sim.step(steps)
            if state is not None:
                sim.save_checkpoint(state)
            sim.step(further)
            return {name: sim.gather(name) for name in names}

    return on_threads(ranks, on_rank)[0]


def go_on_with(ranks, path, state, steps):
    """Go on from a checkpoint, on ranks or (0) in one process."""

    def go_on(comm):
        net = network(path)
        with gs.Simulator.load_checkpoint(net, state, backend=backend_named("numpy"), comm=comm) as sim:
            cut = gs.open_results(path)
            assert (cut.time, len(cut["traces"])) == (pytest.approx(SAVED / 10), SAVED)
            sim.step(steps)
            return sim.gather("traces")

    return on_threads(ranks, go_on)[0] if ranks else go_on(None)


def check_file(path, expected, time=END / 10):
    found = gs.open_results(path)
    assert set(found.recorders) == set(NAMES)
    assert [name for name in NAMES if found[name] != expected[name]] == []
    assert (found.time, found.status) == (pytest.approx(time), "finished")
    return found


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """The file of one process at the end, with a checkpoint, and its data."""
    folder = tmp_path_factory.mktemp("alone")
    return folder, run_alone(folder / "run.h5", SAVED, folder / "state.h5", END - SAVED, NAMES)


@pytest.mark.parametrize(
    ("ranks", "owners"),
    [(3, "dealt"), pytest.param(1, "contiguous", marks=LONG), pytest.param(5, "contiguous", marks=LONG)],
)
def test_the_files_of_ranks_are_one_result(ranks, owners, alone, tmp_path):
    path = tmp_path / "run.h5"
    gathered = run_on(ranks, path, END, owners=owners, names=NAMES)
    assert [name for name in NAMES if gathered[name] != alone[1][name]] == []
    found, one = check_file(path, alone[1]), gs.open_results(alone[0] / "run.h5")
    assert found.recorders == one.recorders == NAMES
    assert list(found.traces) == list(one.traces)
    assert all(found.traces[variable] == one.traces[variable] for variable in one.traces)
    assert repr(found).splitlines()[1:] == repr(one).splitlines()[1:]
    assert check_file(tmp_path, alone[1]).path == tmp_path  # of the folder as well
    parts = [gs.open_results(tmp_path / name) for name in os.listdir(tmp_path) if ".rank" in name]
    assert sum(len(part["spikes"]) for part in parts if "spikes" in part) == len(one["spikes"])
    assert len(parts) == (1 if owners == "dealt" else ranks)  # of few neurons, rank 0 gets the only block


def test_what_is_saved_of_ranks_is_what_one_process_saves(alone, tmp_path):
    def save(one):
        with simulator("numpy", network(None), comm=one) as sim:
            sim.step(END)
            sim.save(tmp_path / "saved.h5")
            sim.save(tmp_path / "folder")

    on_threads(3, save)
    assert sorted(os.listdir(tmp_path)) == ["folder", "saved.h5"]
    check_file(tmp_path / "saved.h5", alone[1])
    check_file(tmp_path / "folder", alone[1])


@pytest.mark.parametrize(
    ("before", "after"), [(3, 2), (0, 3), pytest.param(3, 0, marks=LONG), pytest.param(2, 2, marks=LONG)]
)
def test_files_go_on_with_other_ranks(before, after, alone, tmp_path):
    path, state = tmp_path / "run.h5", tmp_path / "state.h5"
    if before:
        run_on(before, path, SAVED, state, 6)
    else:
        run_alone(path, SAVED, state, 6)
    assert read_checkpoint(state)["recordings"] == read_checkpoint(alone[0] / "state.h5")["recordings"]
    assert go_on_with(after, path, state, END - SAVED) == alone[1]["traces"]
    check_file(path, alone[1])
    parts = [rank_file(path, rank).name for rank in range(after)]
    assert sorted(os.listdir(tmp_path)) == sorted(["run.h5", "state.h5", *parts])


@pytest.mark.parametrize("ranks", every(2, [2, 0]))
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("missing", r"run\.h5: run\.rank1\.h5 is missing, which holds what one of 3 ranks has recorded"),
        ("shorter", r"run\.h5: recorder 'spikes' ends at 2 ms, before the checkpoint at 4 ms"),
        ("seed", r"holds a simulation with seed 6, and the checkpoint is of one with 5"),
    ],
)
def test_files_that_do_not_fit_are_refused_and_stay(change, words, ranks, tmp_path):
    path, state = tmp_path / "run.h5", tmp_path / "state.h5"
    run_on(3, path, SAVED, state)
    if change == "missing":
        rank_file(path, 1).unlink()
        with pytest.raises(FileError, match=words):
            gs.open_results(path)
    elif change == "shorter":
        run_on(3, path, SAVED // 2, overwrite=True)
    else:
        path.unlink()
        for rank in range(3):
            rank_file(path, rank).unlink()
        run_alone(path, END, seed=6)
    before = {name: (tmp_path / name).read_bytes() for name in os.listdir(tmp_path)}
    with pytest.raises(FileError, match=words):
        go_on_with(ranks, path, state, END - SAVED)
    assert {name: (tmp_path / name).read_bytes() for name in os.listdir(tmp_path)} == before


def test_a_file_of_another_simulation_is_no_part(tmp_path):
    path, other = tmp_path / "run.h5", tmp_path / "other.h5"
    run_on(2, path, 20)
    rank_file(path, 1).rename(tmp_path / "kept.h5")
    run_alone(other, 20, seed=6)
    other.rename(rank_file(path, 1))
    with pytest.raises(FileError, match=r"run\.rank1\.h5: holds a simulation with seed 6, and run\.h5 is the index"):
        gs.open_results(path)


def test_nothing_is_touched_where_one_rank_may_not_write(tmp_path):
    path = tmp_path / "run.h5"
    rank_file(path, 1).write_text("notes\n")
    with pytest.raises((FileError, gs.SimulationError), match=r"run\.rank1\.h5: is not an HDF5 file"):
        run_on(3, path, 20, overwrite=True)
    assert os.listdir(tmp_path) == ["run.rank1.h5"]


def test_results_of_ranks_are_replaced_only_if_they_may_be(alone, tmp_path):
    path = tmp_path / "run.h5"
    run_on(3, path, 20)
    for again in (lambda: run_on(2, path, END), lambda: run_alone(path, END)):
        with pytest.raises(FileError, match="holds a recording already"):
            again()
    assert gs.open_results(path).time == pytest.approx(2.0)
    run_on(2, path, END, overwrite=True)
    check_file(path, alone[1])
    assert sorted(os.listdir(tmp_path)) == ["run.h5", "run.rank0.h5", "run.rank1.h5"]
    with simulator("numpy", network(path, overwrite=True)) as sim:
        sim.step(END)
    check_file(path, alone[1])
    assert os.listdir(tmp_path) == ["run.h5"]


def test_each_trial_has_its_files(tmp_path):
    def two_trials(one):
        with simulator("numpy", network(str(tmp_path / "run{trial}.h5")), comm=one, trial=7) as sim:
            sim.reset(trial=0)
            sim.step(30)
            sim.reset(trial=1)
            sim.step(20)

    on_threads(2, two_trials)
    names = [f"run{trial}{part}.h5" for trial in (0, 1) for part in ("", ".rank0", ".rank1")]
    assert sorted(os.listdir(tmp_path)) == sorted(names)
    assert [gs.open_results(tmp_path / f"run{trial}.h5").time for trial in (0, 1)] == pytest.approx([3.0, 2.0])


def test_what_a_killed_run_leaves_goes_as_far_as_all_ranks(tmp_path):
    path, left = tmp_path / "run.h5", tmp_path / "left"
    left.mkdir()

    def on_rank(one):
        with simulator("numpy", network(path), comm=one) as sim:
            sim.step(16)
            sim.save_checkpoint(left / "state.h5")
            for rank in (0, 1):  # as if rank 0 had been killed sooner
                one.objects(None)
                if one.rank == rank:
                    shutil.copy(rank_file(path, rank), left)
                one.objects(None)
                sim.step(8)
            if one.rank == 0:
                shutil.copy(path, left)

    on_threads(2, on_rank)
    expected, found = run_alone(tmp_path / "alone.h5", 16, names=NAMES), gs.open_results(left / "run.h5")
    assert (found.status, found.time) == ("killed", pytest.approx(1.6))
    assert [name for name in NAMES if found[name] != expected[name]] == []
    assert len(repair(left / "run.h5").splitlines()) == 2
    found = gs.open_results(left / "run.h5")
    assert found.status == "killed"
    assert [name for name in NAMES if found[name] != expected[name]] == []
    with gs.Simulator.load_checkpoint(network(left / "run.h5"), left / "state.h5", backend="numpy") as sim:
        sim.step(16)
        assert [name for name in NAMES if gs.open_results(path)[name] != sim.data[name]] == []


def test_an_index_of_a_newer_format_or_without_files_is_refused(tmp_path):
    path = tmp_path / "run.h5"
    run_on(2, path, 20)
    with h5py.File(path, "r+") as file:
        file["ranks"].attrs["format"] = 2
        file["ranks"].attrs["version"] = "7.0.0"
    for read in (gs.open_results, repair, lambda path: run_on(2, path, 20, overwrite=True)):
        with pytest.raises(FileError, match=r"gpusyn 7\.0\.0 wrote it in format 2, and .* reads formats up to 1"):
            read(path)
    with h5py.File(path, "r+") as file:
        file["ranks"].attrs["format"] = 1
        file["ranks/files"][...] = b"../run.h5"
    with pytest.raises(FileError, match="does not say which files hold the recordings"):
        gs.open_results(path)
    with h5py.File(path, "r+") as file:
        file["ranks/files"][...] = b"run.h5"
    with pytest.raises(FileError, match=r"names run\.h5, which is an index itself"):
        gs.open_results(path)


# ---- a file of one rank that cannot be written ----
def coupled(file=None):
    """A network whose ranks exchange spikes every 200 steps."""
    net = gs.Network()
    cells = net.population(
        "cells", 40, gs.LIF(I_e=gs.Uniform(300.0, 500.0)), receptors=[gs.AMPA()], V=gs.Uniform(-70.0, -55.0)
    )
    net.connect(cells, cells, gs.FixedInDegree(5), receptor="AMPA", weight=2.0, delay=20.0)
    net.record(cells, "spikes", name="spikes", file=file)
    return net


def test_ranks_stay_in_one_step_while_a_file_of_one_of_them_cannot_be_written(tmp_path):
    def run(ranks):
        times = []
        with gs.Simulator(coupled(tmp_path / "run.h5"), seed=1, backend="numpy", comm=ranks, chunk_steps=5) as sim:
            sim.run(10.0)
            streams = sim._running.recordings.streams
            flush = streams.flush

            def full(step):
                if ranks.rank == 1:
                    raise FileError("no room")
                flush(step)

            streams.flush = full
            for _ in range(3):
                with pytest.raises(gs.GpusynError, match="no room"):
                    sim.run(10.0)
                times.append(sim.time)
            streams.flush = flush
            sim.run(40.0 - sim.time)
            return times, sim.get("cells", "V")

    (times, end), (others, _) = on_threads(2, run)
    assert times == others
    with gs.Simulator(coupled(), seed=1, backend="numpy") as sim:
        sim.run(40.0)
        assert np.array_equal(sim.get("cells", "V"), end)
        assert sim.data["spikes"] == gs.open_results(tmp_path / "run.h5")["spikes"]
