"""Only results are overwritten, and only if it was said."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from gpusyn.errors import FileError, ParameterError
from gpusyn.io import RecorderLayout, StreamFile, open_results, save
from tests.helpers.result_files import PARTS, some_spikes, some_traces

h5py = pytest.importorskip("h5py")

Write = Callable[..., object]


def _save(path: Path, **options: bool) -> None:
    save(path, {"s": some_spikes(seed=9)}, {}, **options)


def _stream(path: Path, **options: bool) -> None:
    with StreamFile.create(path, [RecorderLayout("s", PARTS)], **options) as stream:
        stream.append_spikes("s", some_spikes(seed=9).times, some_spikes(seed=9).ids)
        for entry in stream._recorders.values():
            entry.duration = 50.0


@pytest.fixture(params=[_save, _stream], ids=["save", "stream"])
def write(request: pytest.FixtureRequest) -> Write:
    """A function that writes a result to a path."""
    return request.param


def _hdf5(path: Path, *groups: str) -> None:
    with h5py.File(path, "w") as file:
        for group in groups:
            file.create_group(group)


FOREIGN = {
    "text": lambda path: path.write_text("precious"),
    "another HDF5 file": lambda path: _hdf5(path, "weights"),
    "an empty HDF5 file": lambda path: _hdf5(path),
    "nodes": lambda path: _hdf5(path, "nodes"),
    "edges": lambda path: _hdf5(path, "edges"),
    "a circuit with results in it": lambda path: _hdf5(path, "nodes", "spikes"),
    "a broken file": lambda path: path.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(range(200))),
}
RESULTS = {
    "a saved file": lambda path: save(path, {"s": some_spikes()}, {"t": some_traces()}),
    "a stream": lambda path: StreamFile.create(path, [RecorderLayout("s", PARTS)]).close(),
    "spikes of another simulator": lambda path: _hdf5(path, "spikes"),
    "a report of another simulator": lambda path: _hdf5(path, "report"),
}


@pytest.mark.parametrize("kind", FOREIGN)
@pytest.mark.parametrize("overwrite", [False, True])
def test_other_files_than_results_are_never_replaced(tmp_path: Path, write: Write, kind: str, overwrite: bool) -> None:
    path = tmp_path / "run.h5"
    FOREIGN[kind](path)
    content = path.read_bytes()
    with pytest.raises(FileError, match=r"run\.h5: "):
        write(path, overwrite=overwrite)
    assert path.read_bytes() == content
    assert os.listdir(tmp_path) == ["run.h5"]


@pytest.mark.parametrize("kind", RESULTS)
def test_results_are_replaced_if_it_was_said(tmp_path: Path, write: Write, kind: str) -> None:
    path = tmp_path / "run.h5"
    RESULTS[kind](path)
    content = path.read_bytes()
    with pytest.raises(FileError, match=r"run\.h5: holds a recording already.*another name.*overwrite=True"):
        write(path)
    assert path.read_bytes() == content
    write(path, overwrite=True)
    assert open_results(path)["s"] == some_spikes(seed=9)


def test_a_file_has_one_identity(tmp_path: Path, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "run.h5"
    RESULTS["a saved file"](path)
    content = path.read_bytes()
    (tmp_path / "folder").mkdir()
    (tmp_path / "link.h5").symlink_to(path)
    (tmp_path / "hard.h5").hardlink_to(path)
    (tmp_path / "elsewhere").symlink_to(tmp_path)
    monkeypatch.chdir(tmp_path / "folder")
    aliases = ["../run.h5", "../link.h5", "../hard.h5", "../elsewhere/run.h5", "../folder/../run.h5"]
    for alias in aliases:
        with pytest.raises(FileError, match="holds a recording already"):
            write(Path(alias))
    assert path.read_bytes() == content
    write(tmp_path / "link.h5", overwrite=True)  # the file, not the link, is replaced
    assert (tmp_path / "link.h5").is_symlink()
    assert open_results(path)["s"] == some_spikes(seed=9)
    assert (tmp_path / "hard.h5").read_bytes() == content


def test_an_open_stream_is_not_replaced_under_any_name(tmp_path: Path, write: Write) -> None:
    path = tmp_path / "run.h5"
    with StreamFile.create(path, [RecorderLayout("s", PARTS)]) as stream:
        (tmp_path / "hard.h5").hardlink_to(path)
        (tmp_path / "link.h5").symlink_to(path)
        for name in ("run.h5", "hard.h5", "link.h5"):
            with pytest.raises(FileError, match="a running simulation is writing it"):
                write(tmp_path / name, overwrite=True)
        assert stream.in_place
        with pytest.raises(FileError, match="cannot be written"):
            StreamFile(tmp_path / "hard.h5", [RecorderLayout("s", PARTS)])
        stream.append_spikes("s", [1.0], [2])
        stream.flush(1.0)
        assert open_results(path)["s"].times.tolist() == [1.0]
    write(path, overwrite=True)
    assert open_results(path)["s"] == some_spikes(seed=9)


def test_an_empty_file_holds_nothing(tmp_path: Path, write: Write) -> None:
    (tmp_path / "run.h5").touch()
    write(tmp_path / "run.h5")
    assert open_results(tmp_path / "run.h5")["s"] == some_spikes(seed=9)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes of POSIX")
def test_what_is_not_an_ordinary_file_is_refused(tmp_path: Path, write: Write) -> None:
    os.mkfifo(tmp_path / "pipe.h5")
    (tmp_path / "folder.h5").mkdir()
    (tmp_path / "loop.h5").symlink_to(tmp_path / "loop.h5")
    for name in ("pipe.h5", "folder.h5", "loop.h5"):
        with pytest.raises(FileError, match=r"is a directory|not an ordinary file|cannot be used"):
            write(tmp_path / name, overwrite=True)
    for name in ("a\0.h5", f"{'x' * 300}.h5"):
        with pytest.raises(ParameterError, match=r"control characters|at most 255 bytes"):
            write(name)


def test_a_directory_of_another_result_is_kept(tmp_path: Path) -> None:
    folder = tmp_path / "results"
    folder.mkdir()
    _hdf5(folder / "spikes.h5", "nodes")
    (folder / "V.h5").write_text("precious")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    for overwrite in (False, True):
        with pytest.raises(FileError, match="only result"):
            save(folder, {"s": some_spikes()}, {"t": some_traces()}, overwrite=overwrite)
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
