"""Result files: saved, streamed, killed, repaired, and read by an independent reader."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from gpusyn.errors import FileError, MissingDependencyError, ParameterError, UnknownNameError
from gpusyn.io import RecorderLayout, StreamFile, open_results, repair, save
from gpusyn.io.superblock import FLAGS_AT, read_superblock
from gpusyn.results import SpikeData, TraceData, sample_times

h5py = pytest.importorskip("h5py")

PARTS = [("E", 4, [1, 3, 4, 8]), ("I", 2, None)]


def some_spikes(parts: list = PARTS, seed: int = 0, duration: float = 50.0) -> SpikeData:
    rng = np.random.default_rng(seed)
    size = sum(part[1] for part in parts)
    times = rng.integers(1, 500, 60) * 0.1
    return SpikeData(parts, times, rng.integers(0, size, 60), duration)


def some_traces(parts: list = PARTS, every: float = 0.1, variables: tuple = ("V", "g_AMPA"), frames: int = 30):
    rng = np.random.default_rng(1)
    size = sum(part[1] for part in parts)
    values = {name: rng.normal(size=(frames, size)).astype(np.float32) for name in variables}
    units = {"V": "mV", "g_AMPA": "nS", "I_AMPA": "pA"}
    return TraceData(parts, values, sample_times(every, every, frames), units, every)


@pytest.fixture(params=["run.h5", "run"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A single file and a directory."""
    return tmp_path / request.param


def test_what_is_saved_comes_back_bit_for_bit(target: Path) -> None:
    spikes, traces = some_spikes(), some_traces()
    save(target, {"spikes": spikes}, {"membrane": traces})
    results = open_results(target)
    assert results.recorders == ("spikes", "membrane")
    assert results["spikes"] == results.spikes == spikes
    assert results["membrane"] == traces
    assert results.traces["V"]["V"].tobytes() == traces["V"].tobytes()
    assert list(results.traces) == ["V", "g_AMPA"]
    assert results.finished
    assert results.time == 50.0
    assert results.spikes.rate("E") == spikes.rate("E")


def test_double_precision_stays_double(target: Path) -> None:
    values = {"V": np.linspace(-70, -50, 12).reshape(2, 6), "g_AMPA": np.ones((2, 6), np.float32)}
    traces = TraceData(PARTS, values, [5.0, 5.5], {"V": "mV"})
    save(target, {}, {"x": traces})
    assert open_results(target)["x"] == traces


def test_nothing_recorded_comes_back(target: Path) -> None:
    spikes = SpikeData(PARTS, [], [], duration=0.0)
    traces = TraceData(PARTS, {"V": np.empty((0, 6), np.float32)}, [], {"V": "mV"}, every=0.5)
    save(target, {"s": spikes}, {"t": traces})
    results = open_results(target)
    assert results["s"] == spikes
    assert results["t"] == traces


def test_unions_out_of_order_come_back(target: Path) -> None:
    parts = [("E", 2, [8, 9]), ("I", 1, [3]), ("E", 2, [5, 0])]
    spikes, traces = some_spikes(parts), some_traces(parts)
    save(target, {"s": spikes}, {"t": traces})
    assert open_results(target)["s"] == spikes
    assert open_results(target)["t"] == traces


def test_sonatas_groups_of_a_single_file(tmp_path: Path) -> None:
    spikes, traces = some_spikes(), some_traces()
    save(tmp_path / "run.h5", {"s": spikes}, {"t": traces})
    with h5py.File(tmp_path / "run.h5") as file:
        assert file.attrs["magic"] == 0x0A7A
        assert file.attrs["version"].tolist() == [0, 1]
        group = file["spikes/E"]
        assert (group["timestamps"].dtype, group["node_ids"].dtype) == (np.float64, np.uint64)
        assert group["timestamps"].attrs["units"] == "ms"
        kind = group.attrs.get_id("sorting").dtype
        assert h5py.check_enum_dtype(kind) == {"none": 0, "by_id": 1, "by_time": 2}
        assert group.attrs["sorting"] == 2
        assert group["node_ids"][:].tolist() == spikes["E"].local_ids.tolist()
        report = file["gpusyn/g_AMPA/report/E"]
        assert report["data"].attrs["units"] == "nS"
        assert report["data"][:].tolist() == traces.select("E")["g_AMPA"].tolist()
        assert report["mapping/node_ids"][:].tolist() == [1, 3, 4, 8]
        assert report["mapping/index_pointers"][:].tolist() == [0, 1, 2, 3, 4]
        assert report["mapping/element_ids"][:].tolist() == [0, 0, 0, 0]
        assert report["mapping/time"][:].tolist() == pytest.approx([0.1, 3.1, 0.1])
        assert report["mapping/time"].attrs["units"] == "ms"


def test_two_recorders_of_the_same_variable_do_not_mix(target: Path) -> None:
    subset = [("E", 2, [0, 3])]
    spikes = {
        "first": some_spikes(),
        "again: E>x": some_spikes(subset, seed=3),
        "bg": some_spikes([("B", 3, None)]),
    }
    traces = {"a": some_traces(), "b": some_traces(subset, every=1.0, variables=("I_AMPA", "V"))}
    save(target, spikes, traces)
    results = open_results(target)
    assert results.recorders == ("first", "again: E>x", "bg", "a", "b")
    for name, data in (spikes | traces).items():
        assert results[name] == data, name
    # SONATA's places, joined: the first recorder of E and I, and bg.
    assert results.spikes.names == ("E", "I", "B")
    assert results.spikes["E"] == spikes["first"]["E"]
    assert results.spikes["B"] == spikes["bg"]
    assert results.traces["V"].every == 0.1
    assert results.traces["I_AMPA"]["I_AMPA"].tobytes() == traces["b"]["I_AMPA"].tobytes()


def test_same_results_same_bytes(target: Path) -> None:
    def content() -> dict[str, bytes]:
        files = [target] if target.is_file() else sorted(target.iterdir())
        return {file.name: file.read_bytes() for file in files}

    save(target, {"s": some_spikes()}, {"t": some_traces()})
    first = content()
    save(target, {"s": some_spikes()}, {"t": some_traces()})
    assert content() == first


def test_a_directory_holds_one_result(tmp_path: Path) -> None:
    save(tmp_path, {"s": some_spikes()}, {"t": some_traces(variables=("V", "I_AMPA"))})
    save(tmp_path / "kept.h5", {"s": some_spikes()}, {})
    (tmp_path / "notes.txt").write_text("mine")
    save(tmp_path, {"s": some_spikes()}, {"t": some_traces(variables=("V",))})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["V.h5", "kept.h5", "notes.txt", "spikes.h5"]
    assert open_results(tmp_path).recorders == ("s", "t")


def test_a_failed_save_leaves_the_older_one(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(target, {"s": some_spikes()}, {"t": some_traces()})
    before = open_results(target)["s"]

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("gpusyn.io.writer.ReportWriter.append_spikes", full)
    with pytest.raises(FileError, match=r"cannot be written.*No space left"):
        save(target, {"s": some_spikes(seed=9)}, {"t": some_traces()})
    assert open_results(target)["s"] == before
    assert not [name for _, _, names in os.walk(target.parent) for name in names if name.endswith(".tmp")]


def test_files_of_other_simulators(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "out.h5", "w") as file:
        file["spikes/cortex/timestamps"] = [4.0, 2.0, 3.0]
        file["spikes/cortex/node_ids"] = np.array([7, 2, 7], np.uint32)
    with h5py.File(tmp_path / "v.h5", "w") as file:
        report = file.create_group("report/cortex")
        report["data"] = np.arange(12.0).reshape(3, 4)
        report["data"].attrs["units"] = "mV"
        report["mapping/node_ids"] = np.array([2, 7], np.uint64)
        report["mapping/index_pointers"] = np.array([0, 1, 4], np.uint64)  # neuron 7 has three elements
        report["mapping/time"] = [0.0, 0.3, 0.1]
    results = open_results(tmp_path)
    assert results.recorders == ("out:spikes", "v:cortex")
    assert results.spikes.local_ids.tolist() == [2, 7, 7]
    assert results.spikes.duration == 4.0
    assert results.traces["v"].local_ids.tolist() == [2, 7, 7, 7]
    assert results.traces["v"].units["v"] == "mV"
    assert results.traces["v"].t.tolist() == [0.0, 0.1, 0.2]


# ------------------------------------------------------------------ streaming

WRITER = """
import sys, time
import numpy as np
from gpusyn.io import RecorderLayout, StreamFile

parts = [("E", 4, [1, 3, 4, 8]), ("I", 2, None)]
stream = StreamFile(sys.argv[1], [
    RecorderLayout("s", parts),
    RecorderLayout("t", parts, ("V", "g_AMPA"), {"V": "mV", "g_AMPA": "nS"}, start=0.1, every=0.1),
])
print("open", flush=True)
step = 0
while True:
    # Neuron `step % 6` fires in every step; V counts steps: a reader can tell what must be there.
    steps = np.arange(step + 1, step + 8)
    stream.append_spikes("s", steps * 0.1, steps % 6)
    if sys.argv[2] == "torn" and step > 70:  # on its way, in one place only, when the kill comes
        stream._file.flush()
        print("torn", flush=True)
        time.sleep(60)
    V = np.repeat(steps[:, None], 6, axis=1).astype(np.float32)
    stream.append_frames("t", {"V": V, "g_AMPA": -V})
    step += 7
    stream.flush(time=step * 0.1)
    print(step, flush=True)
"""


def start_writer(path: Path, mode: str = "") -> subprocess.Popen:
    command = [sys.executable, "-c", WRITER, str(path), mode]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "open\n"
    return process


def kill(process: subprocess.Popen) -> list[str]:
    process.send_signal(signal.SIGKILL)
    left = process.stdout.read().split()
    process.wait()
    process.stdout.close()
    return left


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
            StreamFile(path, [])
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
    assert open_results(path).finished
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
    with StreamFile(path, [RecorderLayout("s", PARTS), layout]) as stream:
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
    with StreamFile(tmp_path / "run.h5", layouts) as stream:
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
    with StreamFile(tmp_path / "run.h5", [RecorderLayout("s", PARTS), layout]) as stream:
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
        StreamFile(tmp_path / "run.h5", [layout, layout])
    with pytest.raises(ParameterError, match="has a neuron twice"):
        StreamFile(tmp_path / "run.h5", [RecorderLayout("s", [("E", 2, [1, 1])])])


# ------------------------------------------------------------------ refusals


def test_unreadable_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"nope.h5: there is no such file"):
        open_results(tmp_path / "nope.h5")
    with pytest.raises(FileError, match="directory without result files"):
        open_results(tmp_path)
    text = tmp_path / "text.h5"
    text.write_text("hello")
    for call in (open_results, repair):
        with pytest.raises(FileError, match="is not an HDF5 file"):
            call(text)
    with pytest.raises(FileError, match="is a directory"):
        repair(tmp_path)
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["x"] = 1
    with pytest.raises(FileError, match="neither spikes nor reports"):
        open_results(tmp_path / "other.h5")
    assert repair(tmp_path / "other.h5").endswith("nothing to repair")


def test_files_in_the_way_are_kept(tmp_path: Path) -> None:
    (tmp_path / "mine.h5").write_text("precious")
    for write in (lambda path: save(path, {}, {}), lambda path: StreamFile(path, [])):
        with pytest.raises(FileError, match="only result files are overwritten"):
            write(tmp_path / "mine.h5")
        with pytest.raises(FileError, match="there is no directory"):
            write(tmp_path / "absent" / "run.h5")
    with pytest.raises(FileError, match=r"must end in \.h5"):
        StreamFile(tmp_path / "run", [])
    with pytest.raises(FileError, match=r"choose a name ending in \.h5"):
        save(tmp_path / "run.csv", {}, {})
    (tmp_path / "run").write_text("precious")
    with pytest.raises(FileError, match="means a directory"):
        save(tmp_path / "run", {}, {})
    assert (tmp_path / "mine.h5").read_text() == (tmp_path / "run").read_text() == "precious"


def test_several_results_in_a_directory_are_refused(tmp_path: Path) -> None:
    save(tmp_path / "a.h5", {"s": some_spikes()}, {})
    assert open_results(tmp_path)["s"] == some_spikes()
    save(tmp_path / "b.h5", {"s": some_spikes()}, {})
    with pytest.raises(FileError, match=r"several results; open one of them \(a.h5, b.h5\)"):
        open_results(tmp_path)


def test_a_replaced_file_is_noticed(tmp_path: Path) -> None:
    save(tmp_path / "a.h5", {"s": some_spikes()}, {})
    results = open_results(tmp_path / "a.h5")
    (tmp_path / "a.h5").rename(tmp_path / "old.h5")
    save(tmp_path / "a.h5", {"s": some_spikes(seed=7)}, {})
    with pytest.raises(FileError, match="has been replaced"):
        results["s"]


def test_names_that_are_not_there(tmp_path: Path) -> None:
    save(tmp_path / "a.h5", {"s": some_spikes()}, {"t": some_traces()})
    results = open_results(tmp_path / "a.h5")
    with pytest.raises(UnknownNameError, match="known here: s, t"):
        results["x"]
    with pytest.raises(UnknownNameError, match="did you mean 'g_AMPA'"):
        results.traces["g_AMPPA"]
    assert "V" in results.traces
    assert "x" not in results.traces


def test_a_damaged_file_is_left_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "run.h5"
    with StreamFile(path, [RecorderLayout("s", PARTS)]) as stream:
        stream.append_spikes("s", [1.0], [0])
    whole = bytearray(path.read_bytes())
    block = read_superblock(path)
    assert block is not None
    assert block.sound
    assert not block.flagged
    whole[FLAGS_AT] = 5  # flagged, but the checksum does not know: another byte may be wrong as well
    path.write_bytes(whole)
    with pytest.raises(FileError, match="damaged, not only flagged"):
        repair(path)
    assert path.read_bytes() == bytes(whole)


def test_missing_h5py_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "h5py", None)
    calls = (open_results, repair, lambda path: save(path, {}, {}), lambda path: StreamFile(path, []))
    for call in calls:
        with pytest.raises(MissingDependencyError, match=r'pip install "gpusyn\[io\]"'):
            call(tmp_path / "run.h5")


# ------------------------------------------------------------------ a second opinion


@pytest.mark.oracle
def test_libsonata_reads_the_directory(tmp_path: Path) -> None:
    libsonata = pytest.importorskip("libsonata")
    parts = [("E", 4, [8, 1, 4, 3]), ("I", 2, None)]
    spikes, traces = some_spikes(parts), some_traces(parts, every=0.5)
    save(tmp_path, {"s": spikes}, {"t": traces})
    reader = libsonata.SpikeReader(str(tmp_path / "spikes.h5"))
    assert set(reader.get_population_names()) == {"E", "I"}
    for name in ("E", "I"):
        population = reader[name]
        assert population.sorting == "by_time"
        assert population.time_units == "ms"
        pairs = [(node, time) for node, time in population.get()]
        mine = spikes[name]
        assert sorted(pairs) == sorted(zip(mine.local_ids.tolist(), mine.times.tolist(), strict=True))
    for variable in ("V", "g_AMPA"):
        report = libsonata.SomaReportReader(str(tmp_path / f"{variable}.h5"))
        for name in ("E", "I"):
            population = report[name]
            frames = population.get()
            mine = traces.select(name)
            order = np.argsort(mine.local_ids)
            assert population.times == pytest.approx((0.5, 15.5, 0.5))
            assert population.time_units == "ms"
            assert population.data_units == traces.units[variable]
            assert np.asarray(frames.ids).ravel().tolist() == mine.local_ids[order].tolist()
            assert frames.data.tobytes() == np.ascontiguousarray(mine[variable][:, order]).tobytes()
            assert list(frames.times) == pytest.approx(mine.t.tolist())


@pytest.mark.oracle
@pytest.mark.skipif(os.name == "nt", reason="SIGKILL and file locks of POSIX")
def test_libsonata_reads_a_repaired_file(tmp_path: Path) -> None:
    libsonata = pytest.importorskip("libsonata")
    path = tmp_path / "run.h5"
    writer = start_writer(path)
    for _ in range(10):
        writer.stdout.readline()
    kill(writer)
    repair(path)
    spikes = open_results(path).spikes
    population = libsonata.SpikeReader(str(path))["I"]
    assert [time for _, time in population.get()] == spikes["I"].times.tolist()
