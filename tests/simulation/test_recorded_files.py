"""Files of recorders: never erased or mixed up in silence, and whole also where the disk was full."""

from __future__ import annotations

import errno
import functools
import os
import subprocess
import sys

import numpy as np
import pytest

import gpusyn as gs
from gpusyn.errors import FileError, ParameterError
from gpusyn.io import creation
from tests.helpers.full_disk import fill, limited, small_disk
from tests.helpers.long_checks import every
from tests.helpers.runs import backend_named, cpu, differences, outcome
from tests.helpers.small_network import DT, describe, simulator

pytest.importorskip("h5py")
STEPS = 300
NAMES = ("spikes", "traces", "thirds")
BACKENDS = {"numpy": lambda: backend_named("numpy"), "cpu": lambda: cpu(1)}


@pytest.fixture(params=BACKENDS)
def named(request):
    """A backend."""
    return BACKENDS[request.param]()


@functools.cache
def undisturbed(steps):
    with simulator("numpy") as sim:
        sim.step(steps)
        return {name: sim.data[name] for name in NAMES}, outcome(sim)


def check(path, steps):
    """The file holds `steps` steps, bit for bit those of an undisturbed run."""
    found = gs.open_results(path)
    for name, data in undisturbed(steps)[0].items():
        assert found[name] == data
    return found


# ---- nothing is erased or mixed up ----


def test_a_reset_that_could_not_put_its_files_in_place_changes_nothing(tmp_path, monkeypatch):
    path, replace = tmp_path / "run.h5", os.replace

    def fail(source, target):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with simulator("numpy", describe(file=path, overwrite=True)) as sim:
        sim.step(40)
        monkeypatch.setattr(os, "replace", fail)
        with pytest.raises(FileError, match=r"run\.h5: cannot be written \(.*Input/output error\)"):
            sim.reset()
        sim.step(20)
        check(path, 60)
        monkeypatch.setattr(os, "replace", replace)
        sim.reset()
        sim.step(STEPS)
    check(path, STEPS)


IN_A_FORK = """
import os, sys
from gpusyn.errors import FileError
from tests.helpers.small_network import describe, simulator

net = describe(file=sys.argv[1])
sim = simulator("numpy", net)
if (child := os.fork()) == 0:
    try:
        sim.reset()
    except FileError as error:
        print(error, flush=True)
    sim.reset(trial=2)
    os._exit(0)
os.waitpid(child, 0)
sim.step(40)
if (child := os.fork()) == 0:
    try:
        sim.step(20)
    except FileError as error:
        print(error, sim.time, flush=True)
    sim.reset(trial=1)
    sim.step(40)
    sim.close()
    os._exit(0)
os.waitpid(child, 0)
with open(sys.argv[1].format(trial=0), "rb") as file:
    print("still marked:", file.read()[11] != 0)
sim.step(STEPS - 40)
sim.close()
""".replace("STEPS", str(STEPS))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_a_fork_does_not_write_to_the_files_of_its_parent(tmp_path):
    command = [sys.executable, "-c", IN_A_FORK, str(tmp_path / "{trial}.h5")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    reset, refused, marked = done.stdout.splitlines()
    assert "a running simulation is writing it" in reset
    assert "of which this one is a fork" in refused
    assert refused.endswith(f"another trial {40 * DT}")
    assert marked == "still marked: True"
    check(tmp_path / "0.h5", STEPS)
    with simulator("numpy", trial=1) as sim:
        sim.step(40)
        assert all(gs.open_results(tmp_path / "1.h5")[name] == sim.data[name] for name in NAMES)


def test_a_second_simulator_is_refused_before_anything_is_built(tmp_path, monkeypatch):
    path = tmp_path / "run.h5"
    net = describe(file=path)
    with simulator("numpy", net) as sim:
        sim.step(40)
        with pytest.raises(FileError, match=r"run\.h5: a running simulation is writing it; close\(\)"):
            simulator("numpy", net)
    content = path.read_bytes()
    monkeypatch.setattr("gpusyn.simulation.running.Compiled", None)  # whoever builds fails
    with pytest.raises(FileError, match=r"run\.h5: holds a recording already.*open_results.*overwrite=True"):
        simulator("numpy", net)
    assert path.read_bytes() == content
    monkeypatch.undo()
    with simulator("numpy", describe(file=path, overwrite=True)) as sim:
        sim.step(20)
    assert check(path, 20).finished


def test_all_files_are_checked_before_one_is_touched(tmp_path):
    net = describe(file=tmp_path / "new.h5", overwrite=True)
    net.record(net.populations["E"], "V", name="more", file=tmp_path / "old.h5")
    (tmp_path / "new.h5").touch()
    with simulator("numpy", describe(file=tmp_path / "old.h5")) as sim:
        sim.step(10)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(FileError, match=r"old\.h5: holds a recording already"):
        simulator("numpy", net)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_two_simulators_never_write_one_file(tmp_path):
    net = describe(file=tmp_path / "run.h5", overwrite=True)
    (tmp_path / "link.h5").symlink_to("run.h5")
    with simulator("numpy", net) as sim:
        sim.step(30)
        for name in ("run.h5", "link.h5"):
            with pytest.raises(FileError, match="a running simulation is writing it"):
                simulator("numpy", describe(file=tmp_path / name, overwrite=True))
        sim.step(10)
    check(tmp_path / "run.h5", 40)


def test_a_relative_file_is_fixed_when_it_is_given(tmp_path, monkeypatch):
    for folder in ("first", "second"):
        (tmp_path / folder).mkdir()
    monkeypatch.chdir(tmp_path / "second")
    with simulator("numpy", describe(file="run.h5"), seed=6) as other:
        other.step(90)
    monkeypatch.chdir(tmp_path / "first")
    net = describe(file="run.h5", overwrite=True)
    assert net.recorders["spikes"].file == str(tmp_path / "first" / "run.h5")
    monkeypatch.chdir(tmp_path / "second")
    before = (tmp_path / "second" / "run.h5").read_bytes()
    with simulator("numpy", net) as sim:
        sim.step(30)
        monkeypatch.chdir(tmp_path)
        sim.step(10)
        expected, _ = undisturbed(40)
        assert all(sim.data[name] == expected[name] for name in NAMES)
        sim.reset()
        sim.step(20)
    check(tmp_path / "first" / "run.h5", 20)
    assert (tmp_path / "second" / "run.h5").read_bytes() == before
    assert os.listdir(tmp_path / "second") == ["run.h5"]


def test_a_relative_file_without_a_working_directory_is_refused(tmp_path, monkeypatch):
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    with pytest.raises(FileError, match=r"Recorder 'spikes'\.file: the working directory is gone.*got 'run\.h5'"):
        describe(file="run.h5")


def test_a_reset_that_would_erase_is_refused_and_changes_nothing(tmp_path, named):
    path = tmp_path / "run.h5"
    with simulator(named, describe(file=path)) as sim:
        sim.reset()  # nothing is recorded yet
        sim.step(70)
        before = outcome(sim)
        with pytest.raises(FileError, match=r"run\.h5: holds this simulation up to 7 ms.*overwrite=True.*\{trial\}"):
            sim.reset()
        assert sim.time == 70 * DT
        assert not differences(outcome(sim), before)
        sim.step(30)
        assert not differences(outcome(sim), undisturbed(100)[1])
    check(path, 100)


def test_a_reset_that_may_overwrite_begins_anew(tmp_path, named):
    path = tmp_path / "run.h5"
    with simulator(named, describe(file=path, overwrite=True)) as sim:
        sim.step(70)
        sim.reset()
        assert len(gs.open_results(path)["spikes"]) == 0
        sim.step(40)
        assert not differences(outcome(sim), undisturbed(40)[1])
    check(path, 40)


def test_a_reset_to_another_trial_begins_another_file(tmp_path):
    with simulator("numpy", describe(file=tmp_path / "run-{trial}.h5")) as sim:
        sim.step(40)
        sim.reset(trial=3)
        assert sorted(os.listdir(tmp_path)) == ["run-0.h5", "run-3.h5"]
        sim.step(30)
        with pytest.raises(FileError, match=r"run-3\.h5: holds this simulation up to 3 ms"):
            sim.reset()
        with pytest.raises(FileError, match=r"run-0\.h5: holds a recording already"):
            sim.reset(trial=0)
        assert sim.time == 30 * DT
    assert check(tmp_path / "run-0.h5", 40).provenance["trial"] == 0
    other = gs.open_results(tmp_path / "run-3.h5")
    assert (other.provenance["trial"], other.time, other.status) == (3, 30 * DT, "finished")


def test_recorders_of_one_file_agree(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    net = gs.Network()
    cells = net.population("E", 3, gs.LIF())
    net.record(cells, "spikes", file="run.h5", overwrite=True)
    with pytest.raises(ParameterError, match=r"E:spikes' shares the file .*run\.h5 and has overwrite=True"):
        net.record(cells, "V", file=tmp_path / "folder" / ".." / "run.h5")
    assert list(net.recorders) == ["E:spikes"]
    net.record(cells, "V", file=tmp_path / "other.h5")


def test_a_file_that_was_moved_is_not_mixed_up_with_another(tmp_path):
    path = tmp_path / "run.h5"
    with simulator("numpy", describe(file=path)) as sim:
        sim.step(30)
        path.rename(tmp_path / "moved.h5")
        with simulator("numpy", describe(file=path), seed=6) as other:
            other.step(10)
            with pytest.raises(FileError, match=r"run\.h5: was moved, removed or replaced"):
                sim.data["spikes"]
            sim.step(10)
    check(tmp_path / "moved.h5", 40)
    assert gs.open_results(path).time == 10 * DT


@pytest.mark.parametrize("name", ["saved.h5", "folder"])
def test_a_save_onto_a_result_is_refused(tmp_path, name):
    with simulator("numpy") as sim:
        sim.step(30)
        sim.save(tmp_path / name)
        sim.step(30)
        with pytest.raises(FileError, match=rf"{name}: holds a (recording|result) already.*overwrite=True"):
            sim.save(tmp_path / name)
        check(tmp_path / name, 30)
        sim.save(tmp_path / name, overwrite=True)
        check(tmp_path / name, 60)


def test_a_save_onto_another_file_is_refused(tmp_path):
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "nodes.h5", "w") as file:
        file["nodes/E/node_id"] = np.arange(3)
    content = (tmp_path / "nodes.h5").read_bytes()
    with simulator("numpy", describe(file=tmp_path / "run.h5")) as sim:
        sim.step(30)
        for overwrite in (False, True):
            with pytest.raises(FileError, match="only result files are overwritten"):
                sim.save(tmp_path / "nodes.h5", overwrite=overwrite)
            with pytest.raises(FileError, match="a running simulation is writing it"):
                sim.save(tmp_path / "run.h5", overwrite=overwrite)
    assert (tmp_path / "nodes.h5").read_bytes() == content


# ---- a full disk ----


@pytest.fixture
def fine(monkeypatch):
    """Let files grow in small pieces."""
    monkeypatch.setattr(creation, "FRAME_CHUNK", 2**10)
    monkeypatch.setattr(creation, "SPIKE_CHUNK", 16)


@pytest.mark.parametrize("room", every(2, [0, 20_000, 40_000]))
def test_a_run_onto_a_full_disk_goes_on_when_there_is_room(tmp_path, named, room, fine):
    path = tmp_path / "run.h5"
    with simulator(named, describe(file=path), chunk_steps=32) as sim:
        sim.step(30)
        with limited(path.stat().st_size + room):
            with pytest.raises(FileError, match=r"complete up to .* ms, and what came later is kept in memory"):
                sim.step(STEPS - 30)
            reached = round(sim.time / DT)
            with pytest.raises(FileError, match="kept in memory"):
                sim.step(STEPS - reached)
            assert sim.time == reached * DT
            data, state = undisturbed(reached)
            assert all(sim.data[name] == data[name] for name in NAMES)
            assert not differences(outcome(sim), state)
        assert reached > 30 + room / 2000  # fewer bytes go into one piece where steps take long
        sim.save(tmp_path / "elsewhere.h5")
        assert check(tmp_path / "elsewhere.h5", reached).status == "interrupted"
        sim.step(STEPS - reached)
        assert not differences(outcome(sim), undisturbed(STEPS)[1])
    assert check(path, STEPS).finished


def test_closing_on_a_full_disk_keeps_what_was_written(tmp_path, named, fine):
    path = tmp_path / "run.h5"
    sim = simulator(named, describe(file=path), chunk_steps=32)
    sim.step(100)
    with limited(path.stat().st_size + 30_000):
        with pytest.raises(FileError):
            sim.step(STEPS)
        with pytest.raises(FileError, match=r"run\.h5: .*was closed and is complete up to .* ms; what came later"):
            sim.close()
        sim.close()
    found = gs.open_results(path)
    assert (found.status, found.provenance["planned"]) == ("interrupted", (STEPS + 100) * DT)
    assert found.time > 10.0
    check(path, round(found.time / DT))


def test_several_files_on_a_full_disk(tmp_path, fine):
    net = describe(file=tmp_path / "run.h5")
    net.record(net.populations["E"], "spikes", name="more", file=tmp_path / "small.h5")
    with simulator("numpy", net, chunk_steps=32) as sim:
        sim.step(30)
        with limited((tmp_path / "run.h5").stat().st_size + 20_000), pytest.raises(FileError, match=r"run\.h5"):
            sim.step(STEPS)
        reached = round(sim.time / DT)
        assert gs.open_results(tmp_path / "small.h5").time == sim.time
        sim.step(STEPS - reached)
        assert sim.data["more"] == sim.data["spikes"]
    check(tmp_path / "run.h5", STEPS)


def test_a_small_file_system(tmp_path, fine):
    with small_disk(tmp_path / "small", 2**20) as folder:
        path = folder / "run.h5"
        with simulator("numpy", describe(file=path), chunk_steps=32) as sim:
            sim.step(30)
            hog = fill(folder, 40_000)
            with pytest.raises(FileError, match="No space left"):
                sim.step(STEPS)
            reached = round(sim.time / DT)
            assert reached > 30
            with pytest.raises(FileError, match="No space left"):
                sim.save(folder / "saved.h5")
            assert sorted(os.listdir(folder)) == ["hog", "run.h5"]
            hog.unlink()
            sim.step(STEPS - reached)
        check(path, STEPS)


# ---- provenance ----


@pytest.mark.parametrize("streamed", [True, False], ids=["streamed", "saved"])
def test_files_say_where_they_come_from(tmp_path, streamed):
    path = tmp_path / "run.h5"
    with simulator("numpy", describe(file=path if streamed else None), seed=5, precision="double") as sim:
        sim.step(40)
        if not streamed:
            sim.save(path)
    told = gs.open_results(path).provenance
    expected = {"seed": 5, "trial": 0, "dt": DT, "precision": "double", "backend": "numpy", "version": gs.__version__}
    assert {name: told[name] for name in expected} == expected
    assert (told["planned"], told["reached"]) == (40 * DT, 40 * DT)


@pytest.mark.parametrize("streamed", [True, False], ids=["streamed", "saved"])
def test_an_interrupted_run_is_called_so(tmp_path, streamed, monkeypatch):
    path = tmp_path / "run.h5"
    with simulator("numpy", describe(file=path if streamed else None), chunk_steps=16) as sim:
        run, calls = sim._session.run, []

        def interrupt(steps):
            calls.append(steps)
            if len(calls) == 4:
                raise KeyboardInterrupt
            run(steps)

        monkeypatch.setattr(sim._session, "run", interrupt)
        with pytest.raises(KeyboardInterrupt):
            sim.step(200)
        if not streamed:
            sim.save(path)
        reached = sim.time
    found = gs.open_results(path)
    assert 0 < reached < 20
    assert found.status == "interrupted"
    assert f"interrupted at {reached:g} of 20 ms" in repr(found)
    check(path, round(reached / DT))


def test_data_of_a_stream_are_there_after_it_was_closed(tmp_path):
    with simulator("numpy", describe(file=tmp_path / "run.h5")) as sim:
        sim.step(40)
    expected, _ = undisturbed(40)
    assert all(sim.data[name] == expected[name] for name in NAMES)
