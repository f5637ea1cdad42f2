"""Spikes and reports of other simulators, in every layout and unit that is found."""

import logging
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import gpusyn as gs
from gpusyn.errors import FileError, ParameterError
from gpusyn.io.file_layout import report_end

LARGEST = 2**64 - 1


def spike_file(path: Path, fill: Callable[[h5py.File], object]) -> gs.Results:
    """Return the results in a file that `fill` has written."""
    with h5py.File(path, "w") as file:
        fill(file)
    return gs.open_results(path)


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
    results = gs.open_results(tmp_path)
    assert results.recorders == ("out:spikes", "v:cortex")
    assert results.spikes.local_ids.tolist() == [2, 7, 7]
    assert results.spikes.duration == 4.0
    assert results.traces["v"].local_ids.tolist() == [2, 7, 7, 7]
    assert results.traces["v"].units["v"] == "mV"
    assert results.traces["v"].t.tolist() == [0.0, 0.1, 0.2]


@pytest.mark.parametrize(
    ("unit", "times"),
    [
        ("s", [0.004, 0.0125]), ("Seconds", [0.004, 0.0125]), ("ms", [4.0, 12.5]), ("", [4.0, 12.5]),
        ("us", [4000.0, 12500.0]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("place", ["timestamps", ""])
def test_times_in_any_unit_are_read_in_ms(tmp_path: Path, unit: str, times: list[float], place: str) -> None:
    def fill(file: h5py.File) -> None:
        group = file.create_group("spikes/cortex")
        group["timestamps"], group["node_ids"] = times, [3, 1]
        (group[place] if place else group).attrs["units"] = unit

    spikes = spike_file(tmp_path / "out.h5", fill).spikes
    assert spikes.times.tolist() == [4.0, 12.5]
    assert spikes.duration == 12.5


def test_times_in_an_unknown_unit_are_refused(tmp_path: Path) -> None:
    def fill(file: h5py.File, unit: str = "mV", time: float = 1.0) -> None:
        file["spikes/cortex/timestamps"], file["spikes/cortex/node_ids"] = [time], [3]
        file["spikes/cortex/timestamps"].attrs["units"] = unit

    with pytest.raises(FileError, match=r"/spikes/cortex/timestamps: unknown unit of time 'mV'; write ms or s"):
        spike_file(tmp_path / "out.h5", fill)
    with pytest.raises(FileError, match=r"/spikes/cortex/timestamps: must be finite \(got inf\)"):
        spike_file(tmp_path / "far.h5", lambda file: fill(file, "s", 1e308))


@pytest.mark.parametrize("column", ["gids", "node_ids"])
def test_the_old_layout_names_no_population(tmp_path: Path, column: str) -> None:
    def fill(file: h5py.File) -> None:
        file["spikes/timestamps"], file[f"spikes/{column}"] = [2.0, 1.0, 3.0], np.array([7, 2, 7], np.uint32)

    results = spike_file(tmp_path / "spikes.h5", fill)
    assert results.recorders == ("spikes",)
    assert results.spikes.populations[0][:2] == ("All", 2)
    assert results.spikes["All"].times.tolist() == [1.0, 2.0, 3.0]
    assert results.spikes.local_ids.tolist() == [2, 7, 7]


@pytest.mark.parametrize("half", ["timestamps", "gids"])
def test_half_of_the_old_layout_is_no_empty_result(tmp_path: Path, half: str) -> None:
    missing = {"timestamps": "gids", "gids": "timestamps"}[half]
    with pytest.raises(FileError, match=f"/spikes/{missing}: missing"):
        spike_file(tmp_path / "spikes.h5", lambda file: file.create_dataset(f"spikes/{half}", data=[1.0]))


def test_a_file_without_spikes_is_read(tmp_path: Path) -> None:
    def datasets(file: h5py.File) -> None:
        for name in ("timestamps", "node_ids"):
            file.create_dataset(f"spikes/cortex/{name}", shape=(0,), dtype=np.float32)

    empty = {
        "group": lambda file: file.create_group("spikes"),
        "population": lambda file: file.create_group("spikes/cortex"),
        "datasets": datasets,
    }
    for name, fill in empty.items():
        spikes = spike_file(tmp_path / f"{name}.h5", fill).spikes
        assert (len(spikes), spikes.size, spikes.duration) == (0, 0, 0.0)
        assert spikes.names == (("cortex",) if name == "datasets" else ())


@pytest.mark.parametrize("ids", [[0, LARGEST], [2**63 - 1, 2**63], [2**53, 2**53 + 1, LARGEST - 1, LARGEST]])
def test_ids_of_64_bits_are_told_apart(tmp_path: Path, ids: list[int]) -> None:
    def fill(file: h5py.File) -> None:
        file["spikes/cortex/timestamps"] = np.arange(len(ids)) + 1.0
        file["spikes/cortex/node_ids"] = np.array(ids[::-1], np.uint64)
        file["spikes/other/timestamps"], file["spikes/other/node_ids"] = [2.0], [5]

    results = spike_file(tmp_path / "out.h5", fill)
    spikes = results.spikes
    assert spikes["cortex"].local_ids.tolist() == ids[::-1]
    assert spikes["other"].local_ids.tolist() == [5]
    assert spikes["other"].local_ids.dtype == np.int64
    gs.io.save(tmp_path / "again.h5", {"a": spikes, "b": spikes["cortex"], "c": spikes["other"]}, {})
    again = gs.open_results(tmp_path / "again.h5")
    assert again["a"] == again.spikes == spikes
    with h5py.File(tmp_path / "again.h5") as file:
        assert file["spikes/cortex/node_ids"][:].tolist() == ids[::-1]


def test_reports_of_neurons_with_ids_of_64_bits(tmp_path: Path) -> None:
    def fill(file: h5py.File) -> None:
        report = file.create_group("report/cortex")
        report["data"] = np.arange(6.0).reshape(2, 3)
        report["mapping/node_ids"] = np.array([LARGEST, 1, 2**63], np.uint64)
        report["mapping/index_pointer"] = [0, 1, 2, 3]
        report["mapping/time"] = [0.0, 0.0002, 0.0001]
        report["mapping/time"].attrs["units"] = "s"

    traces = spike_file(tmp_path / "v.h5", fill).traces["v"]
    assert traces.local_ids.tolist() == [LARGEST, 1, 2**63]
    assert traces.t.tolist() == [0.0, 0.1]
    gs.io.save(tmp_path / "again.h5", {}, {"t": traces})
    assert gs.open_results(tmp_path / "again.h5")["t"] == traces


def test_negative_ids_beside_ids_of_64_bits_are_refused() -> None:
    with pytest.raises(ParameterError, match="local ids must be >= 0"):
        gs.SpikeData([("E", 1, [-1]), ("I", 1, np.array([LARGEST], np.uint64))], [], [], 1.0)


def test_a_population_without_a_mapping_is_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def fill(file: h5py.File, good: bool = True) -> None:
        file["report/a/data"] = np.zeros((3, 2))
        file.create_group("report/empty")
        if good:
            file["report/cortex/data"] = np.arange(6.0).reshape(3, 2)
            file["report/cortex/mapping/node_ids"], file["report/cortex/mapping/index_pointer"] = [4, 5], [0, 1, 2]
            file["report/cortex/mapping/time"] = [0.0, 0.3, 0.1]

    results = spike_file(tmp_path / "v.h5", fill)
    assert results.recorders == ("v:cortex",)
    assert results.traces["v"]["v"].tolist() == [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]
    warned = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert [name for line in warned for name in ("/report/a/", "/report/empty/", "left out") if name in line] == [
        "/report/a/", "left out", "/report/empty/", "left out",
    ]  # fmt: skip
    with pytest.raises(FileError, match=r"/report/a/mapping: missing"):
        spike_file(tmp_path / "bad.h5", lambda file: fill(file, good=False))


@given(
    st.floats(0, 1e6, allow_nan=False),
    st.sampled_from([0.025, 0.05, 0.1, 0.2, 1.0, 1 / 3]) | st.floats(1e-3, 100.0),
    st.integers(0, 10**6),
)
def test_the_end_of_a_report_gives_its_length_back(start: float, every: float, frames: int) -> None:
    end = report_end(start, every, frames)
    assert int((end - start) / every) >= frames
    assert (end - start) / every < frames + 1e-3
