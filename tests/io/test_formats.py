"""Files in each format that ever was are read, and newer ones are refused: docs/versions.md promises it."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import gpusyn as gs
from gpusyn.errors import FileError
from gpusyn.io import RecorderLayout, StreamFile, checkpoint, file_layout, repair
from gpusyn.utils.version import __version__
from tests.damaged.hdf5_damage import set_flag
from tests.helpers.paths import ROOT
from tests.helpers.result_files import PARTS
from tests.helpers.stored_files import END, SAVED, describe, stored

h5py = pytest.importorskip("h5py")

FIRST = ([1.8, 4.2, 8.4], [3, 1, 2], -57.487762, -64.053932)
SECOND = ([2.7, 5.3, 7.3, 8.9, 10.0], [0, 1, 3, 0, 2], -57.835529, -60.549160)
NEWEST = {"results": ("gpusyn", file_layout.FORMAT), "checkpoint": ("checkpoint", checkpoint.FORMAT)}

READ = {"results": gs.open_results, "checkpoint": lambda path: gs.Simulator.load_checkpoint(describe(), path)}


@pytest.mark.parametrize("kind", NEWEST)
def test_a_file_of_each_format_is_kept(kind: str) -> None:
    kept = {path.name for path in (ROOT / "tests" / "data").glob(f"{kind}-*")}
    assert kept == {f"{kind}-{number + 1}.h5.gz" for number in range(NEWEST[kind][1])}


@pytest.mark.parametrize("number, held", [(1, FIRST), (2, SECOND)])
def test_results_of_each_format_are_read(number: int, held: tuple, tmp_path: Path) -> None:
    path = stored(f"results-{number}.h5", tmp_path)
    with h5py.File(path) as file:
        assert file["gpusyn"].attrs["format"] == number
    results = gs.open_results(path)
    times, ids, first, last = held
    assert results["spikes"].times == pytest.approx(times)
    assert results["spikes"].ids.tolist() == ids
    assert results["V"]["V"].shape == (10, 2)
    assert np.asarray(results["V"]["V"]).ravel()[[0, -1]] == pytest.approx([first, last], abs=1e-6)
    assert (results.status, results.provenance.get("version")) == ("finished", {1: None, 2: "0.1.0"}[number])


def test_a_checkpoint_of_each_format_goes_on(tmp_path: Path) -> None:
    """The results are those that the gpusyn of then had; its checkpoints know nothing of thresholds that adapt."""
    before = gs.open_results(stored("results-2.h5", tmp_path))
    path = stored("checkpoint-1.h5", tmp_path)
    with h5py.File(path) as file:
        assert file["checkpoint"].attrs["format"] == 1
        assert b"tau_theta" not in file["checkpoint/facts"][()].tobytes()
    with gs.Simulator.load_checkpoint(describe(), path, backend="numpy") as sim:
        assert sim.time == SAVED
        sim.run(END - SAVED)
        assert sim.data["spikes"] == before["spikes"]
        assert sim.data["V"] == before["V"]


@pytest.mark.parametrize("kind", NEWEST)
def test_a_newer_format_is_refused(kind: str, tmp_path: Path) -> None:
    group, number = NEWEST[kind]
    path = stored(f"{kind}-{number}.h5", tmp_path)
    with h5py.File(path, "r+") as file:
        file[group].attrs["format"] = number + 1
        file[group].attrs["version"] = "7.0.0"
    said = f"gpusyn 7.0.0 wrote it in format {number + 1}, and gpusyn {__version__} reads formats up to {number}"
    with pytest.raises(FileError, match=re.escape(f"{path}: {said}")):
        READ[kind](path)


def test_a_killed_file_in_a_newer_format_is_not_repaired(tmp_path: Path) -> None:
    path = tmp_path / "run.h5"
    StreamFile.create(path, [RecorderLayout("s", PARTS)]).close()
    with h5py.File(path, "r+") as file:
        file["gpusyn"].attrs["format"] = file_layout.FORMAT + 1
    set_flag(path)
    content = path.read_bytes()
    with pytest.raises(FileError, match=f"reads formats up to {file_layout.FORMAT}"):
        repair(path)
    assert path.read_bytes() == content
