"""Files of checkpoints and of recorders: whole after a kill at any instant, cut back, and refused when damaged."""

import errno
import os
import subprocess
import sys

import numpy as np
import pytest

import gpusyn as gs
from gpusyn.errors import FileError
from gpusyn.io.checkpoint import read_checkpoint
from gpusyn.io.held_file import HeldFile
from tests.damaged import byte_damage
from tests.helpers.full_disk import limited
from tests.helpers.paths import ROOT
from tests.helpers.runs import backend_named, cpu, differences, outcome
from tests.helpers.small_network import describe, simulator

h5py = pytest.importorskip("h5py")
DAMAGES = ("flip", "put", "put_address", "spray", "blank", "truncate", "extend", "cut_out")


@pytest.fixture(scope="module")
def undisturbed():
    """The outcome of 300 steps of the small network."""
    with simulator("numpy") as sim:
        sim.step(300)
        return outcome(sim)


def saved_at(step, folder, further=0):
    """A checkpoint of the small network, which streams to a file, after some steps; it runs on for further ones."""
    with simulator("numpy", describe(file=folder / "run.h5")) as sim:
        sim.step(step)
        sim.save_checkpoint(folder / "state.h5")
        sim.step(further)
    return folder / "state.h5"


def loaded(folder, backend=None):
    net = describe(file=folder / "run.h5")
    return gs.Simulator.load_checkpoint(net, folder / "state.h5", backend=backend or backend_named("numpy"))


# ---- files of recorders ----
def test_a_file_is_cut_back_to_the_checkpoint_and_goes_on(tmp_path, undisturbed):
    saved_at(100, tmp_path, further=150)
    assert gs.open_results(tmp_path / "run.h5").time == pytest.approx(25.0)
    with loaded(tmp_path, cpu(2)) as sim:
        cut = gs.open_results(tmp_path / "run.h5")
        assert (cut.time, len(cut["traces"])) == (10.0, 100)
        assert cut["spikes"] == sim.data["spikes"]
        sim.step(200)
        assert differences(undisturbed, outcome(sim)) == []
        kept = {name: sim.data[name] for name in ("spikes", "traces", "thirds")}
    found = gs.open_results(tmp_path / "run.h5")
    assert found.status == "finished"
    assert all(found[name] == data for name, data in kept.items())
    assert sorted(os.listdir(tmp_path)) == ["run.h5", "state.h5"]


def test_a_file_may_end_sooner_than_before(tmp_path):
    saved_at(100, tmp_path, further=150)
    with loaded(tmp_path) as sim:
        sim.step(20)
        kept = {name: sim.data[name] for name in ("spikes", "traces", "thirds")}
    found = gs.open_results(tmp_path / "run.h5")
    assert all(found[name] == data for name, data in kept.items())
    with h5py.File(tmp_path / "run.h5") as file:
        assert len(file["gpusyn/V/report/E/data"]) == 120


KILLED = """
import os, sys
import gpusyn as gs
from tests.helpers.small_network import describe, simulator

net = describe(file=sys.argv[1])
sim = simulator("numpy", net)
sim.run(10.0, checkpoint=sys.argv[2], checkpoint_every=4.0)
sim.step(37)
os.kill(os.getpid(), 9)
"""


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL of POSIX")
def test_a_killed_run_goes_on_from_its_last_checkpoint(tmp_path, undisturbed):
    command = [sys.executable, "-c", KILLED, str(tmp_path / "run.h5"), str(tmp_path / "state.h5")]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == -9
    assert gs.open_results(tmp_path / "run.h5").status == "killed"
    with loaded(tmp_path) as sim:
        assert sim.time == 10.0
        sim.step(200)
        assert differences(undisturbed, outcome(sim)) == []
    assert gs.open_results(tmp_path / "run.h5").status == "finished"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("missing", r"run\.h5: there is no such file.*: the simulation of the checkpoint wrote it"),
        ("shorter", r"run\.h5: recorder 'spikes' ends at 5 ms, before the checkpoint at 10 ms"),
        ("seed", r"run\.h5: holds a simulation with seed 6, and the checkpoint is of one with 5"),
        ("recorders", r"run\.h5: holds other recorders"),
        ("text", r"run\.h5: is not an HDF5 file"),
        ("written", r"run\.h5: a running simulation is writing it"),
    ],
)
def test_the_file_of_another_simulation_is_refused(change, words, tmp_path):
    saved_at(100, tmp_path)
    path = tmp_path / "run.h5"
    path.rename(tmp_path / "before.h5")
    running = []
    if change in ("shorter", "seed", "recorders", "written"):
        net, seed = describe(file=path), 6 if change == "seed" else 5
        if change == "recorders":
            net.record(net.populations["E"], "V", name="more", file=path)
        sim = simulator("numpy", net, seed=seed)
        sim.step(50 if change == "shorter" else 150)
        running.append(sim)
        if change != "written":
            sim.close()
    elif change == "text":
        path.write_text("spikes\n" * 99)
    before = path.read_bytes() if path.exists() else None
    with pytest.raises(FileError, match=words):
        loaded(tmp_path)
    assert (path.read_bytes() if path.exists() else None) == before
    for sim in running:
        sim.close()


def test_a_file_without_room_keeps_its_data_and_the_network_is_free_again(tmp_path):
    saved_at(100, tmp_path, further=150)
    before, net = (tmp_path / "run.h5").read_bytes(), describe(file=tmp_path / "run.h5")
    with limited(len(before) // 2), pytest.raises(FileError, match="cannot be written"):
        gs.Simulator.load_checkpoint(net, tmp_path / "state.h5", backend="numpy")
    assert (tmp_path / "run.h5").read_bytes() == before
    net.drive(net.populations["E"], "AMPA", rate=1.0, weight=1.0, name="more")


def test_a_checkpoint_waits_for_the_file_that_it_counts_on(tmp_path, undisturbed, monkeypatch):
    room, reserve = [10**6], HeldFile.reserve

    def limited_reserve(held, end):
        room[0] -= 1
        if room[0] < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        reserve(held, end)

    with simulator("numpy", describe(file=tmp_path / "run.h5"), chunk_steps=10) as sim:
        sim.step(100)
        monkeypatch.setattr(HeldFile, "reserve", limited_reserve)
        room[0] = 1  # for the plan of the run, and not for the steps that it takes
        with pytest.raises(FileError, match=r"run\.h5: cannot be written"):
            sim.step(20)
        assert sim.time > 10.0
        with pytest.raises(FileError, match=r"run\.h5: cannot be written"):
            sim.save_checkpoint(tmp_path / "state.h5")
        assert not (tmp_path / "state.h5").exists()
        room[0] = 10**6
        sim.save_checkpoint(tmp_path / "state.h5")
        reached = round(sim.time / 0.1)
    with loaded(tmp_path) as sim:
        sim.step(300 - reached)
        assert differences(undisturbed, outcome(sim)) == []


def test_a_file_that_was_moved_is_not_counted_on(tmp_path):
    with simulator("numpy", describe(file=tmp_path / "run.h5")) as sim:
        sim.step(10)
        (tmp_path / "run.h5").rename(tmp_path / "moved.h5")
        with pytest.raises(FileError, match="was moved, removed or replaced"):
            sim.save_checkpoint(tmp_path / "state.h5")
        (tmp_path / "moved.h5").rename(tmp_path / "run.h5")
        sim.save_checkpoint(tmp_path / "state.h5")


# ---- what is there already ----
def test_only_checkpoints_are_replaced(tmp_path):
    (tmp_path / "notes.h5").write_text("mine")
    with simulator("numpy") as sim:
        sim.step(10)
        sim.save(str(tmp_path / "results.h5"))
        for name, words in (("notes.h5", "is not an HDF5 file"), ("results.h5", "is not a checkpoint")):
            before = (tmp_path / name).read_bytes()
            with pytest.raises(FileError, match=f"{words}.*only checkpoints are overwritten"):
                sim.save_checkpoint(tmp_path / name)
            assert (tmp_path / name).read_bytes() == before
        for _ in range(2):
            sim.save_checkpoint(tmp_path / "state.h5")
        with pytest.raises(FileError, match="without results"):
            sim.save(str(tmp_path / "state.h5"), overwrite=True)
    with pytest.raises(FileError, match="neither spikes nor reports"):
        gs.open_results(tmp_path / "state.h5")
    with pytest.raises(FileError, match="is not a checkpoint; give a file that"):
        gs.Simulator.load_checkpoint(describe(), tmp_path / "results.h5")
    with pytest.raises(FileError, match="there is no such file"):
        gs.Simulator.load_checkpoint(describe(), tmp_path / "none.h5")


def test_without_room_the_checkpoint_of_before_stays(tmp_path):
    path = tmp_path / "state.h5"
    with simulator("numpy") as sim:
        sim.step(10)
        sim.save_checkpoint(path)
        before = path.read_bytes()
        sim.step(10)
        with limited(len(before) // 2), pytest.raises(FileError, match="cannot be written"):
            sim.save_checkpoint(path)
        assert path.read_bytes() == before
        assert os.listdir(tmp_path) == ["state.h5"]
        sim.save_checkpoint(path)
    assert read_checkpoint(path)["simulation"]["step"] == 20


# ---- damage ----
@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """The bytes of a checkpoint, and what it holds."""
    path = tmp_path_factory.mktemp("sound") / "state.h5"
    with simulator("numpy") as sim:
        sim.step(30)
        sim.save_checkpoint(path)
    return path.read_bytes(), flat(read_checkpoint(path))


def flat(tree, path=""):
    """Everything that a checkpoint holds by path, as text or bytes."""
    if isinstance(tree, dict):
        return {k: v for key, part in tree.items() for k, v in flat(part, f"{path}/{key}").items()}
    return {path: (tree.dtype.str, tree.shape, tree.tobytes()) if isinstance(tree, np.ndarray) else repr(tree)}


def held_or_refused(path):
    """What a damaged checkpoint holds, or the error."""
    try:
        return flat(read_checkpoint(path)), ""
    except FileError as error:
        return None, str(error)


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_bytes_are_refused_in_one_sentence(damage, sound, tmp_path):
    content, expected = sound
    path, refused = tmp_path / "state.h5", 0
    for seed in range(12):
        path.write_bytes(getattr(byte_damage, damage)(bytearray(content), np.random.default_rng(seed)))
        found, error = held_or_refused(path)
        refused += bool(error)
        assert found == expected or error.startswith(str(path)), seed
        assert "\n" not in error
    assert refused or damage == "extend"


@pytest.mark.parametrize(
    ("item", "change", "words"),
    [
        ("checkpoint", lambda file: file["checkpoint"].attrs.modify("format", 2), "reads formats up to 1"),
        ("checkpoint/facts", lambda file: file["checkpoint"].pop("facts"), "facts: missing"),
        ("states", lambda file: file["checkpoint/arrays/states"].pop("g0.V"), r"g0\.V: missing"),
        ("sums", lambda file: file["checkpoint/arrays"].pop("sums"), "missing"),
    ],
)
def test_what_is_missing_or_newer_is_refused(item, change, words, sound, tmp_path):
    path = tmp_path / "state.h5"
    path.write_bytes(sound[0])
    with h5py.File(path, "r+") as file:
        change(file)
    with pytest.raises(FileError, match=words):
        gs.Simulator.load_checkpoint(describe(), path, backend="numpy")


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (b'"precision"', b'"exactness"', "KeyError: 'precision'"),
        (b'"rewired"', b'"rewirxd"', "does not have the parts of a checkpoint"),
        (b'"weights": "exact"', b'"weights": [1, 2, 3]', r"unknown name '\[1, 2, 3\]'"),
        (b'{', b'[', "cannot be read"),
    ],
)  # fmt: skip
def test_other_facts_are_refused(before, after, words, sound, tmp_path):
    path = tmp_path / "state.h5"
    path.write_bytes(sound[0])
    with h5py.File(path, "r+") as file:
        facts = file["checkpoint/facts"][()].tobytes().replace(before, after)
        del file["checkpoint/facts"]
        file["checkpoint/facts"] = np.frombuffer(facts, np.uint8)
    with pytest.raises(gs.errors.GpusynError, match=words):
        gs.Simulator.load_checkpoint(describe(), path, backend="numpy")


# ---- killed at any instant ----
AT_ANY_INSTANT = """
import itertools, os, random, signal, sys, time
from pathlib import Path
import gpusyn as gs
from tests.helpers.small_network import describe, simulator

action, folder, trials = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
path, file = folder / "state.h5", folder / "run.h5"
sim = simulator("numpy", None if action == "save" else describe(file=file))
sim.step(50)
sim.save_checkpoint(path)
sim.step(30)
if action == "load":
    sim.close()


def act():
    if action == "save":
        sim.save_checkpoint(path)
    else:
        gs.Simulator.load_checkpoint(describe(file=file), path, backend="numpy")


def in_a_child(last):
    # Act, and be killed at the line of that number; tell the number of lines.
    told, tell = os.pipe()
    child = os.fork()
    if not child:
        lines = itertools.count()

        def trace(frame, event, argument):
            if next(lines) == last:
                os.kill(os.getpid(), signal.SIGKILL)
            return trace

        sys.settrace(trace)
        act()
        sys.settrace(None)
        os.write(tell, str(next(lines)).encode())
        os._exit(0)
    os.close(tell)
    if last is not None and last < 0:  # at any time instead
        time.sleep(random.Random(last).uniform(0.0, 0.05))
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    with os.fdopen(told) as told:
        return os.WTERMSIG(status), told.read()


before = path.read_bytes(), file.read_bytes() if action == "load" else b""


def check():
    found = gs.Simulator.load_checkpoint(describe(), path, backend="numpy") if action == "save" else None
    if action == "save":
        steps = round(found.time / 0.1)
        assert steps in (50, 80), steps
        found.close()
        path.write_bytes(before[0])
        return steps
    cut = gs.open_results(file)
    assert round(cut.time / 0.1) in (50, 80)
    assert path.read_bytes() == before[0]
    file.write_bytes(before[1])
    return round(cut.time / 0.1)


signal_, lines = in_a_child(None)
assert signal_ == 0 and check() == (80 if action == "save" else 50)
seen = []
for trial in range(trials):
    last = int(lines) * trial // trials if trial % 3 else -1 - trial
    killed, _ = in_a_child(last)
    seen.append(check())
print(len(seen), sorted(set(seen)))
"""


def killed_at_any_instant(action, folder, trials):
    command = [sys.executable, "-c", AT_ANY_INSTANT, action, str(folder), str(trials)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(not hasattr(os, "fork"), reason="fork and SIGKILL of POSIX")
@pytest.mark.parametrize("action", ["save", "load"])
def test_a_kill_leaves_the_old_file_or_the_new_one(action, tmp_path):
    assert killed_at_any_instant(action, tmp_path, 5).startswith("5 ")


@pytest.mark.fuzz
@pytest.mark.skipif(not hasattr(os, "fork"), reason="fork and SIGKILL of POSIX")
@pytest.mark.parametrize("action", ["save", "load"])
def test_fifty_kills_leave_the_old_file_or_the_new_one(action, tmp_path):
    found = killed_at_any_instant(action, tmp_path, 50)
    assert found == "50 [50, 80]\n"
