"""What a file says of its origin, and of how far it was to go."""

from __future__ import annotations

import datetime
import os
from pathlib import Path

import pytest

import gpusyn as gs
from gpusyn.io import RecorderLayout, StreamFile, open_results, repair, save
from gpusyn.io.provenance import Provenance
from gpusyn.io.stream import create_streams
from tests.helpers.result_files import PARTS, kill, some_spikes, some_traces, start_writer

h5py = pytest.importorskip("h5py")

FACTS = {"seed": 3, "trial": 2, "dt": 0.1, "precision": "double", "weights": "compact", "backend": "numpy"}


def _stream(path: Path) -> StreamFile:
    layouts = [RecorderLayout("s", PARTS)]
    create_streams({path: layouts}, Provenance(**FACTS, planned=0.0, reached=0.0))
    return StreamFile(path, layouts)


def test_a_stream_says_where_it_comes_from(tmp_path: Path) -> None:
    before = datetime.datetime.now(datetime.UTC)
    stream = _stream(tmp_path / "run.h5")
    told = open_results(tmp_path / "run.h5").provenance
    assert {name: told[name] for name in FACTS} == FACTS
    assert told["version"] == gs.__version__
    assert abs(datetime.datetime.fromisoformat(told["start"]) - before) < datetime.timedelta(seconds=20)
    assert (told["planned"], told["reached"]) == (0.0, 0.0)
    with pytest.raises(TypeError):
        told["seed"] = 4
    with h5py.File(tmp_path / "run.h5", "r", swmr=True) as file:
        assert file["gpusyn"].attrs["seed"] == 3
        assert file["gpusyn"].attrs["format"] == 2
    stream.close()


def test_a_stream_says_how_far_it_got(tmp_path: Path) -> None:
    path = tmp_path / "run.h5"
    stream = _stream(path)
    stream.plan(600.0)
    assert repr(open_results(path)).splitlines()[0] == f"Results({str(path)!r}, running, 0 of 600 ms)"
    stream.flush(17.5, 600.0)
    results = open_results(path)
    assert (results.status, results.finished, results.time) == ("running", False, 17.5)
    stream.close(17.5, 600.0)
    results = open_results(path)
    assert (results.status, results.finished) == ("interrupted", False)
    assert (results.provenance["planned"], results.provenance["reached"]) == (600.0, 17.5)
    assert repr(results).startswith(f"Results({str(path)!r}, interrupted at 17.5 of 600 ms)\n")


def test_a_stream_that_got_there_is_finished(tmp_path: Path) -> None:
    stream = _stream(tmp_path / "run.h5")
    stream.flush(300.0, 600.0)
    stream.close(600.0, 600.0)
    results = open_results(tmp_path / "run.h5")
    assert (results.status, results.finished, results.time) == ("finished", True, 600.0)
    assert repr(results).startswith(f"Results({str(tmp_path / 'run.h5')!r}, finished, 600 ms)\n")


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL and file locks of POSIX")
def test_a_killed_stream_is_killed_also_when_it_is_repaired(tmp_path: Path) -> None:
    path = tmp_path / "run.h5"
    writer = start_writer(path)
    try:
        seen = [int(writer.stdout.readline()) for _ in range(3)][-1]
        assert open_results(path).status == "running"
    finally:
        kill(writer)
    results = open_results(path)
    assert (results.status, results.finished) == ("killed", False)
    assert results.provenance["reached"] >= seen * 0.1
    assert f"killed at {results.time:g} of 1000 ms" in repr(results)
    assert repair(path).endswith(f"; the recording goes up to {results.time:g} of 1000 ms")
    assert open_results(path).status == "killed"
    assert open_results(path).time == results.time


@pytest.mark.parametrize("name", ["run.h5", "folder"])
def test_saved_results_say_it_too(tmp_path: Path, name: str) -> None:
    origin = Provenance(**FACTS, planned=600.0, reached=50.0)
    save(tmp_path / name, {"s": some_spikes()}, {"t": some_traces()}, provenance=origin)
    results = open_results(tmp_path / name)
    assert results.provenance == {**FACTS, "version": gs.__version__, "start": origin.start} | {
        "planned": 600.0,
        "reached": 50.0,
    }
    assert results.status == "interrupted"


def test_seeds_of_any_size_are_kept(tmp_path: Path) -> None:
    for seed in (2**63 - 1, 2**63, 2**64, 2**128 - 1):
        origin = Provenance(**FACTS | {"seed": seed})
        save(tmp_path / "run.h5", {"s": some_spikes()}, {}, overwrite=True, provenance=origin)
        assert open_results(tmp_path / "run.h5").provenance["seed"] == seed
        assert open_results(tmp_path / "run.h5").status == "finished"


def test_files_that_say_less_are_read(tmp_path: Path) -> None:
    """Files of format 1 have neither provenance nor durations."""
    spikes = some_spikes()
    save(tmp_path / "run.h5", {"s": spikes}, {})
    with h5py.File(tmp_path / "run.h5", "r+") as file:
        del file["gpusyn/duration"]
        del file["gpusyn"].attrs["version"]
        file["gpusyn"].attrs["format"] = 1
    results = open_results(tmp_path / "run.h5")
    assert results["s"] == spikes
    assert (results.status, results.time, dict(results.provenance)) == ("finished", 50.0, {})
    assert repair(tmp_path / "run.h5").endswith("nothing to repair")
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["spikes/cortex/timestamps"] = [4.0]
        file["spikes/cortex/node_ids"] = [7]
    assert (open_results(tmp_path / "other.h5").status, dict(open_results(tmp_path / "other.h5").provenance)) == (
        "finished",
        {},
    )
