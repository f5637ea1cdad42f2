"""Result files that a run streams: killed at any moment, read, repaired."""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gpusyn.errors import FileError, ParameterError, UnknownNameError
from gpusyn.io import RecorderLayout, StreamFile, open_results, repair, results_file, save
from gpusyn.io.checked import Group
from tests.helpers.result_files import PARTS, kill, some_spikes, some_traces, start_writer

h5py = pytest.importorskip("h5py")


def check_steps(results, at_least: int) -> int:
    """Check that everything up to one common step is there; return it."""
    spikes, traces = results.spikes, results["t"]
    steps = round(spikes.duration / 0.1)
    assert steps >= at_least
    assert len(traces) == len(spikes) == steps
    expected = np.arange(1, steps + 1)
    assert spikes.times.tolist() == (expected * 0.1).tolist()
    assert spikes.ids.tolist() == (expected % 6).tolist()
    assert traces.t.tolist() == (expected * 0.1).tolist()
    assert (traces["V"] == expected[:, None]).all()
    assert (traces["g_AMPA"] == -expected[:, None]).all()
    return steps


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL and file locks of POSIX")
def test_a_killed_run_keeps_what_it_flushed(tmp_path: Path) -> None:
    path = tmp_path / "run.h5"
    writer = start_writer(path)
    try:
        seen = [int(writer.stdout.readline()) for _ in range(40)][-1]
        running = open_results(path)
        assert not running.finished
        assert check_steps(running, seen) >= seen
        with pytest.raises(FileError, match="a running simulation is writing it"):
            repair(path)
        with pytest.raises(FileError, match="a running simulation is writing it"):
            save(path, {}, {})
        with pytest.raises(FileError, match="a running simulation is writing it"):
            StreamFile.create(path, [])
    finally:
        printed = kill(writer)
    flushed = max([seen, *map(int, printed)])
    with pytest.raises(OSError, match="already open for write"):
        h5py.File(path, "r")
    with h5py.File(path, "r", swmr=True) as file:
        assert len(file["spikes/E/timestamps"]) + len(file["spikes/I/timestamps"]) >= flushed
    results = open_results(path)
    assert not results.finished
    steps = check_steps(results, flushed)
    assert "cleared the flag of its killed writer" in repair(path)
    assert repair(path).endswith("nothing to repair")
    with h5py.File(path, "r") as file:
        assert len(file["gpusyn/V/report/E/data"]) == len(file["gpusyn/g_AMPA/report/I/data"]) == steps
        assert file["gpusyn/V/report/I/mapping/time"][1] == pytest.approx(0.1 + steps * 0.1)
    assert open_results(path).status == "killed"
    assert check_steps(open_results(path), steps) == steps


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL and file locks of POSIX")
def test_what_was_on_its_way_is_cut(tmp_path: Path) -> None:
    path = tmp_path / "run.h5"
    writer = start_writer(path, "torn")
    try:
        while writer.stdout.readline() != "torn\n":
            pass
    finally:
        kill(writer)
    assert check_steps(open_results(path), 77) == 77
    with path.open("ab") as file:  # space that the writer had taken but not yet noted
        file.write(bytes(1000))
    size = path.stat().st_size
    assert "cut 4 datasets to the flushed data" in repair(path)
    assert path.stat().st_size >= size
    with h5py.File(path, "r+") as file:  # and it can be written again
        assert len(file["spikes/E/timestamps"]) + len(file["spikes/I/timestamps"]) == 77
    assert check_steps(open_results(path), 77) == 77


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL and file locks of POSIX")
def test_kills_at_any_moment(tmp_path: Path) -> None:
    path = tmp_path / "run.h5"
    for delay in np.random.default_rng(5).uniform(0.0, 0.12, 5):
        writer = start_writer(path)
        threading.Event().wait(delay)
        printed = [int(word) for word in kill(writer)]
        steps = check_steps(open_results(path), max(printed, default=0))
        repair(path)
        assert check_steps(open_results(path), steps) == steps


def test_a_stream_is_read_in_its_own_process(tmp_path: Path) -> None:
    path = tmp_path / "run.h5"
    layout = RecorderLayout("t", PARTS, ("V",), {"V": "mV"}, 1.0, 1.0, {"V": np.float64})
    with StreamFile.create(path, [RecorderLayout("s", PARTS), layout]) as stream:
        assert len(open_results(path).spikes) == 0
        stream.append_spikes("s", [0.2, 0.1], [5, 0])
        stream.append_frames("t", {"V": np.ones((2, 6))})
        stream.flush(2.0)
        results = open_results(path)
        assert results.spikes.times.tolist() == [0.1, 0.2]
        assert results["t"].t.tolist() == [1.0, 2.0]
        assert results["t"]["V"].dtype == np.float64
        assert not results.finished
        stream.append_spikes("s", [2.5], [1])
    stream.close()
    results = open_results(path)
    assert results.finished
    assert results["s"].times.tolist() == [0.1, 0.2, 2.5]
    assert repair(path).endswith("nothing to repair")


def test_a_stream_equals_a_save(tmp_path: Path) -> None:
    spikes, traces = some_spikes(), some_traces()
    layouts = [
        RecorderLayout("s", PARTS),
        RecorderLayout("t", PARTS, traces.variables, traces.units, 0.1, 0.1),
        RecorderLayout("other", [("E", 1, [1])]),
    ]
    with StreamFile.create(tmp_path / "run.h5", layouts) as stream:
        for now in (10.0, 20.0, 50.0):
            new = (spikes.times > now - (30 if now == 50 else 10)) & (spikes.times <= now)
            stream.append_spikes("s", spikes.times[new], spikes.ids[new])
            stream.append_spikes("other", [now], [0])
            third = slice(0, 10) if now == 10 else slice(10, 20) if now == 20 else slice(20, 30)
            stream.append_frames("t", {name: values[third] for name, values in traces.values.items()})
            stream.flush(now)
    results = open_results(tmp_path / "run.h5")
    assert results["s"] == spikes
    assert results["t"] == traces
    assert results["other"].times.tolist() == [10.0, 20.0, 50.0]
    assert results.spikes == spikes


def test_wrong_appends_are_refused(tmp_path: Path) -> None:
    layout = RecorderLayout("t", PARTS, ("V", "g_AMPA"), {}, 1.0, 1.0)
    with StreamFile.create(tmp_path / "run.h5", [RecorderLayout("s", PARTS), layout]) as stream:
        with pytest.raises(UnknownNameError, match="known here: s"):
            stream.append_spikes("t", [1.0], [0])
        with pytest.raises(ParameterError, match="given for V, g_AMPA together"):
            stream.append_frames("t", {"V": np.ones((1, 6))})
        with pytest.raises(ParameterError, match=r"shape \(frames, 6\)"):
            stream.append_frames("t", {"V": np.ones((1, 5)), "g_AMPA": np.ones((1, 5))})
        stream.append_spikes("s", [2.0], [0])
        with pytest.raises(ParameterError, match="in order of time"):
            stream.append_spikes("s", [1.0], [0])
    with pytest.raises(ParameterError, match="two recorders"):
        StreamFile.create(tmp_path / "new.h5", [layout, layout])
    with pytest.raises(ParameterError, match="has a neuron twice"):
        StreamFile.create(tmp_path / "new.h5", [RecorderLayout("s", [("E", 2, [1, 1])])])
    assert not (tmp_path / "new.h5").exists()


def test_the_time_of_a_running_file_is_that_of_its_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The simulation flushes while the file is opened, between any two things that are read of it."""
    stream = StreamFile.create(tmp_path / "run.h5", [RecorderLayout("s", PARTS)])
    time = 0.0

    def flush() -> None:
        nonlocal time
        time += 10.0
        stream.append_spikes("s", [time], [0])
        stream.flush(time, 100.0)

    flush()

    def then_flush(read: Callable[[Group], object], content: Group) -> object:
        found = read(content)
        flush()
        return found

    for name in ("pieces_of", "read_provenance"):
        monkeypatch.setattr(results_file, name, functools.partial(then_flush, getattr(results_file, name)))
    results = open_results(tmp_path / "run.h5")
    assert results.time == results.provenance["reached"] == results.spikes.duration == results.spikes.times[-1]
    assert results.status == "running"
    stream.close()
