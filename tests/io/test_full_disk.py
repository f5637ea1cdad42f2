"""A disk without room is an error, and nothing that was written is lost: HDF5 never sees a write that fails."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gpusyn.errors import FileError
from gpusyn.io import RecorderLayout, StreamFile, creation, open_results, repair, save, writer
from gpusyn.io.file_layout import arrange
from gpusyn.io.held_file import HeldFile
from gpusyn.io.superblock import read_superblock
from gpusyn.io.writer import ReportWriter
from tests.helpers.full_disk import Disk, fill, limited, small_disk
from tests.helpers.result_files import PARTS, kill, some_spikes, some_traces, start_writer
from tests.io.test_streams import check_steps

h5py = pytest.importorskip("h5py")
posix = pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="posix_fallocate")
WIDE = [("E", 3000, None)]
LAYOUTS = [RecorderLayout("s", PARTS), RecorderLayout("t", WIDE, ("V", "g"), {"V": "mV"}, 0.1, 0.1)]


def append(stream: ReportWriter, step: int, steps: int) -> None:
    """Append spikes of neuron `step % 6` and frames that count steps."""
    now = np.arange(step + 1, step + steps + 1)
    stream.append_spikes("s", now * 0.1, now % 6)
    frames = np.repeat(now[:, None], 3000, axis=1).astype(np.float32)
    stream.append_frames("t", {"V": frames, "g": -frames})


def check(path: Path, steps: int) -> None:
    """Check that the file holds `steps` steps, whole and right, for every reader."""
    results, expected = open_results(path), np.arange(1, steps + 1)
    assert results["s"].times.tolist() == (expected * 0.1).tolist()
    assert results["s"].ids.tolist() == (expected % 6).tolist()
    assert (results["t"]["V"] == expected[:, None]).all()
    assert (results["t"]["g"] == -expected[:, None]).all()
    assert results["t"]["V"].shape == (steps, 3000)
    assert results["s"].duration == pytest.approx(steps * 0.1)


@pytest.mark.parametrize("answer", ["limit", "disk"])
@pytest.mark.parametrize("room", [0, 1, 40_000, 300_000, 2_000_000])
@posix
def test_what_was_flushed_stays_and_the_rest_can_be_written_later(
    tmp_path: Path, answer: str, room: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "run.h5"
    stream = StreamFile.create(path, LAYOUTS)
    append(stream, 0, 30)
    stream.flush(3.0, 100.0)
    step, refused = 30, ""
    full = limited(path.stat().st_size + room)
    disk = Disk(monkeypatch, room // 500_000 if answer == "disk" else 1000)
    with full if answer == "limit" else limited(2**40):
        while not refused:
            append(stream, step, 20)
            try:
                stream.flush((step + 20) * 0.1, 100.0)
                step += 20
            except FileError as error:
                refused = str(error)
        assert f"complete up to {step * 0.1:g} ms, and what came later is kept in memory: make room" in refused
        with pytest.raises(FileError, match="kept in memory: make room"):
            stream.flush((step + 20) * 0.1, 100.0)
        check(path, step)
        assert [len(block[0]) for block in stream.backlog("s")] == [20]
    disk.left = 1000
    stream.flush((step + 20) * 0.1)
    check(path, step + 20)
    stream.close()
    check(path, step + 20)
    with h5py.File(path, "r"):
        assert path.stat().st_size == read_superblock(path).end


@posix
def test_closing_without_room_says_how_far_the_file_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "run.h5"
    stream = StreamFile.create(path, LAYOUTS)
    append(stream, 0, 30)
    stream.flush(3.0, 20.0)
    append(stream, 30, 1000)
    Disk(monkeypatch, 0)
    with pytest.raises(FileError, match=r"run.h5: cannot be written .*No space left.* is complete up to 3 ms"):
        stream.close(103.0, 103.0)
    stream.close()
    check(path, 30)
    assert open_results(path).status == "interrupted"
    assert repair(path).endswith("nothing to repair")
    with h5py.File(path, "r"):
        assert path.stat().st_size == read_superblock(path).end


def test_closing_needs_no_room_if_everything_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "run.h5"
    stream = StreamFile.create(path, LAYOUTS)
    append(stream, 0, 30)
    stream.flush(3.0)
    with limited(1000):
        stream.close(3.0)
    check(path, 30)
    assert open_results(path).finished


def test_a_file_that_hdf5_cannot_close_is_closed_nevertheless(tmp_path: Path) -> None:
    path = tmp_path / "run.h5"
    stream = StreamFile.create(path, LAYOUTS)
    append(stream, 0, 30)
    stream.flush(3.0)

    class Broken:
        def close(self) -> None:
            raise OSError(errno.EIO, "a broken disk")

    whole, stream._file = stream._file, Broken()
    with pytest.raises(FileError, match=r"cannot be written.*a broken disk"):
        stream.close(3.0)
    content = path.read_bytes()
    whole.close()
    path.write_bytes(content)
    assert path.stat().st_size == read_superblock(path).end
    check(path, 30)
    assert open_results(path).finished
    with h5py.File(path, "r"):
        pass


@pytest.mark.parametrize("streamed", [True, False])
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_room_is_taken_for_all_that_hdf5_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, streamed: bool, data: st.DataObject
) -> None:
    monkeypatch.setattr(writer, "SPARE", 0)
    monkeypatch.setattr(creation, "SPIKE_CHUNK", data.draw(st.sampled_from([1, 7, 512])))
    monkeypatch.setattr(creation, "FRAME_CHUNK", data.draw(st.sampled_from([2**9, 2**14])))
    (stored,) = arrange(LAYOUTS, directory=False).values()
    creation.create_file(tmp_path / "run.h5", stored, streamed)
    taken: list[int] = []
    reserve = HeldFile.reserve
    monkeypatch.setattr(HeldFile, "reserve", lambda held, end: (taken.append(end), reserve(held, end))[1])
    step = 0
    with ReportWriter(tmp_path / "run.h5", stored, streamed) as file:
        for steps in data.draw(st.lists(st.integers(0, 20), min_size=1, max_size=6)):
            append(file, step, steps)
            step += steps
            file.flush(step * 0.1)
            assert file._file.id.get_filesize() <= taken[-1]
    assert (tmp_path / "run.h5").stat().st_size <= taken[-1]
    check(tmp_path / "run.h5", step)


@pytest.mark.parametrize("streamed", [True, False])
def test_room_is_taken_for_an_index_that_grows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, streamed: bool) -> None:
    monkeypatch.setattr(creation, "SPIKE_CHUNK", 1)
    monkeypatch.setattr(writer, "SPARE", 0)
    (stored,) = arrange(LAYOUTS[:1], directory=False).values()
    creation.create_file(tmp_path / "run.h5", stored, streamed)
    taken: list[int] = []
    reserve = HeldFile.reserve
    monkeypatch.setattr(HeldFile, "reserve", lambda held, end: (taken.append(end), reserve(held, end))[1])
    with ReportWriter(tmp_path / "run.h5", stored, streamed) as file:
        for start in range(0, 9000, 60):
            at = np.arange(start, start + (59 if start % 120 else 1))
            file.append_spikes("s", at * 0.1, at % 6)
            file.flush(start * 0.1)
            assert file._file.id.get_filesize() <= taken[-1]


@pytest.mark.parametrize("name", ["run.h5", "folder"])
@pytest.mark.parametrize("answer", ["limit", "disk"])
@posix
def test_a_save_without_room_keeps_the_older_one(
    tmp_path: Path, name: str, answer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / name
    save(target, {"s": some_spikes()}, {"t": some_traces()})
    content = {path: path.read_bytes() for path in tmp_path.rglob("*.h5")}
    traces = some_traces(frames=20_000)
    disk = Disk(monkeypatch, 0 if answer == "disk" else 1000)
    for length in (200_000, 20_000, 2_000) if answer == "limit" else (2**40,):
        with limited(length), pytest.raises(FileError, match=f"{name}: cannot be written .*(limited|left|large)"):
            save(target, {"s": some_spikes(seed=9)}, {"t": traces}, overwrite=True)
        assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == content
    disk.left = 1000
    save(target, {"s": some_spikes(seed=9)}, {"t": traces}, overwrite=True)
    assert open_results(target)["t"] == traces
    assert open_results(target)["s"] == some_spikes(seed=9)


def test_a_small_file_system(tmp_path: Path) -> None:
    with small_disk(tmp_path / "small", 2**21) as folder:
        path = folder / "run.h5"
        stream = StreamFile.create(path, LAYOUTS)
        append(stream, 0, 10)
        stream.flush(1.0)
        hog = fill(folder, 40_000)
        append(stream, 10, 30)
        with pytest.raises(FileError, match="No space left"):
            stream.flush(4.0)
        with pytest.raises(FileError, match="No space left"):
            save(folder / "other.h5", {"s": some_spikes()}, {"t": some_traces(frames=10_000)})
        with pytest.raises(FileError, match="No space left"):
            StreamFile.create(folder / "third.h5", [RecorderLayout("s", [("E", 20_000, None)])])
        assert sorted(os.listdir(folder)) == ["hog", "run.h5"]
        check(path, 10)
        hog.unlink()
        stream.flush(4.0)
        hog = fill(folder, 0)
        stream.close(4.0)
        check(path, 40)
        assert open_results(path).finished
        hog.unlink()


@posix
def test_systems_that_cannot_take_room_are_asked_how_much_is_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: int) -> None:
        raise OSError(errno.EOPNOTSUPP, "not supported")

    free = [10**9]
    monkeypatch.setattr(os, "posix_fallocate", refuse)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**9, 10**9 - free[0], free[0]))
    stream = StreamFile.create(tmp_path / "run.h5", LAYOUTS)
    append(stream, 0, 10)
    stream.flush(1.0)
    append(stream, 10, 1000)
    free[0] = 10**6
    with pytest.raises(FileError, match="No space left"):
        stream.flush(101.0)
    check(tmp_path / "run.h5", 10)
    free[0] = 10**9
    monkeypatch.delattr(os, "posix_fallocate")
    stream.close(101.0)
    check(tmp_path / "run.h5", 1010)


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL of POSIX")
def test_a_killed_run_without_room_is_mended(tmp_path: Path) -> None:
    process = start_writer(tmp_path / "run.h5", "full")
    try:
        while process.stdout.readline() != "full\n":
            pass
    finally:
        kill(process)
    assert open_results(tmp_path / "run.h5").status == "killed"
    assert check_steps(open_results(tmp_path / "run.h5"), 77) == 77
    assert "cleared the flag of its killed writer; the recording goes up to 7.7 of" in repair(tmp_path / "run.h5")
    assert check_steps(open_results(tmp_path / "run.h5"), 77) == 77
