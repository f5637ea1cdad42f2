"""Saved results come back bit for bit."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import numpy as np
import pytest

from gpusyn.errors import FileError, ParameterError
from gpusyn.io import open_results, save
from gpusyn.results import SpikeData, TraceData
from tests.helpers.result_files import PARTS, some_spikes, some_traces

h5py = pytest.importorskip("h5py")


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
        assert report["mapping/element_pos"][:].tolist() == [0.0, 0.0, 0.0, 0.0]
        assert report["mapping/index_pointer"] == report["mapping/index_pointers"]  # one dataset of two names
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
    # All neurons, each once: the first recorder's, the one that it has not, and bg.
    assert results.spikes.names == ("E", "I", "B")
    assert [(name, ids.tolist()) for name, _, ids in results.spikes.populations] == [
        *((name, ids.tolist()) for name, _, ids in spikes["first"].populations),
        ("E", [0]),
        ("B", [0, 1, 2]),
    ]
    trains = spikes["first"].trains() + spikes["again: E>x"].trains()[:1] + spikes["bg"].trains()
    assert [train.tolist() for train in results.spikes.trains()] == [train.tolist() for train in trains]
    assert results.spikes["B"] == spikes["bg"]
    assert results.traces["V"].every == 0.1
    assert results.traces["I_AMPA"]["I_AMPA"].tobytes() == traces["b"]["I_AMPA"].tobytes()


def test_same_results_same_bytes(target: Path) -> None:
    def content() -> dict[str, bytes]:
        files = [target] if target.is_file() else sorted(target.iterdir())
        return {file.name: file.read_bytes() for file in files}

    save(target, {"s": some_spikes()}, {"t": some_traces()})
    first = content()
    save(target, {"s": some_spikes()}, {"t": some_traces()}, overwrite=True)
    assert content() == first


def test_a_directory_holds_one_result(tmp_path: Path) -> None:
    save(tmp_path, {"s": some_spikes()}, {"t": some_traces(variables=("V", "I_AMPA"))})
    save(tmp_path / "kept.h5", {"s": some_spikes()}, {})
    (tmp_path / "notes.txt").write_text("mine")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(FileError, match=r"holds a result already \(I_AMPA.h5, V.h5, spikes.h5\); .*overwrite=True"):
        save(tmp_path, {"s": some_spikes()}, {"t": some_traces(variables=("V",))})
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    save(tmp_path, {"s": some_spikes()}, {"t": some_traces(variables=("V",))}, overwrite=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["V.h5", "kept.h5", "notes.txt", "spikes.h5"]
    assert open_results(tmp_path).recorders == ("s", "t")


def test_a_failed_save_leaves_the_older_one(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(target, {"s": some_spikes()}, {"t": some_traces()})
    before = open_results(target)["s"]

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("gpusyn.io.writer.ReportWriter.append_spikes", full)
    with pytest.raises(FileError, match=r"cannot be written.*No space left"):
        save(target, {"s": some_spikes(seed=9)}, {"t": some_traces()}, overwrite=True)
    assert open_results(target)["s"] == before
    assert not [name for _, _, names in os.walk(target.parent) for name in names if name.endswith(".tmp")]


def test_an_interruption_between_two_files_of_a_directory_leaves_no_mixture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(
        tmp_path / "run",
        {"s": some_spikes()},
        {"old": some_traces(variables=("V",)), "older": some_traces(variables=("g_AMPA",))},
    )
    replace = os.replace

    def interrupted(source: Path, target: Path) -> None:
        signal.raise_signal(signal.SIGINT)
        replace(source, target)

    monkeypatch.setattr(os, "replace", interrupted)
    newer = some_spikes(seed=7)
    with pytest.raises(KeyboardInterrupt):
        save(tmp_path / "run", {"s": newer}, {"new": some_traces(variables=("V",))}, overwrite=True)
    assert [file.name for file in sorted((tmp_path / "run").iterdir())] == ["V.h5", "spikes.h5"]
    results = open_results(tmp_path / "run")
    assert results.recorders == ("s", "new")
    assert results["s"] == newer


def recorded(name: str, neurons: int, start: float, stop: float, first: int = 0) -> SpikeData:
    """Spikes of one neuron after the other, each 1 ms, of which some have spiked before or after the recording."""
    times = np.arange(1.0, 101.0)
    part = (times > start) & (times <= stop)
    parts = [(name, neurons, np.arange(first, first + neurons))]
    return SpikeData(parts, times[part], (np.arange(100) % neurons)[part], stop - start, start)


def test_all_spikes_are_those_of_the_widest_recorder_in_any_order(target: Path) -> None:
    late, whole, few = recorded("E", 10, 50.0, 100.0), recorded("E", 10, 0.0, 100.0), recorded("E", 5, 0.0, 100.0)
    other = recorded("I", 3, 0.0, 100.0)
    save(target, {"late": late, "few": few, "whole": whole, "again": whole, "other": other}, {})
    spikes = open_results(target).spikes
    assert spikes["E"] == whole
    assert spikes["I"] == other


@pytest.mark.parametrize(
    ("second", "clash"),
    [
        (recorded("E", 10, 0.0, 50.0), "50 to 100 ms and from 0 to 50 ms"),
        (recorded("I", 3, 0.0, 100.0), "50 to 100 ms and from 0 to 100 ms"),
    ],
)
def test_spikes_of_different_times_are_not_joined(target: Path, second: SpikeData, clash: str) -> None:
    first = recorded("E", 10, 50.0, 100.0)
    save(target, {"a": first, "b": second}, {})
    results = open_results(target)
    with pytest.raises(ParameterError, match=rf"recorders 'a' and 'b' recorded from {clash}.*results\['a'\]"):
        _ = results.spikes
    assert (results["a"], results["b"]) == (first, second)
