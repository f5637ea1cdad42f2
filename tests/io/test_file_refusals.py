"""Result files that cannot be written or read are refused by name."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from gpusyn.errors import ArgumentError, FileError, MissingDependencyError, ParameterError, UnknownNameError
from gpusyn.io import RecorderLayout, StreamFile, open_results, repair, save
from gpusyn.io.superblock import FLAGS_AT, read_superblock
from gpusyn.results import SpikeData
from tests.helpers.result_files import PARTS, some_spikes, some_traces

h5py = pytest.importorskip("h5py")


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
    for write in (lambda path: save(path, {}, {}), lambda path: StreamFile.create(path, [])):
        with pytest.raises(FileError, match="only result files are overwritten"):
            write(tmp_path / "mine.h5")
        with pytest.raises(FileError, match="there is no directory"):
            write(tmp_path / "absent" / "run.h5")
    with pytest.raises(FileError, match=r"must end in \.h5"):
        StreamFile.create(tmp_path / "run", [])
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
    with StreamFile.create(path, [RecorderLayout("s", PARTS)]) as stream:
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
    calls = (open_results, repair, lambda path: save(path, {}, {}), lambda path: StreamFile.create(path, []))
    for call in calls:
        with pytest.raises(MissingDependencyError, match=r'pip install "h5py"'):
            call(tmp_path / "run.h5")


def test_saving_refuses_what_is_no_result(tmp_path: Path) -> None:
    spikes = SpikeData([("E", 2, None)], [1.0], [0], duration=2.0)
    for given, error, message in (
        ({"spikes": spikes}, ArgumentError, r"^save\(\)\.spikes: must be a dict of SpikeData by recorder"),
        ({"traces": {"t": spikes}}, ArgumentError, r"^save\(\)\.traces\['t'\]: must be a TraceData"),
        ({"spikes": {3: spikes}}, ArgumentError, r"^save\(\)\.spikes: must be a str \(got 3\)"),
        ({"spikes": {"a/b": spikes}}, ParameterError, r"^save\(\)\.spikes: must not contain '/'"),
        ({"colour": 1}, ArgumentError, r"^save\(\): unknown argument 'colour'"),
    ):
        with pytest.raises(error, match=message):
            save(tmp_path / "run.h5", **({"spikes": {}, "traces": {}} | given))
        assert not list(tmp_path.iterdir())
