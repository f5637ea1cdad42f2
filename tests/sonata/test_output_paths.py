"""A SONATA run writes into its output folder only, and over nothing but earlier results and logs of its own."""

from __future__ import annotations

import os
from pathlib import Path

import h5py
import numpy as np
import pytest

from gpusyn.errors import FileError
from gpusyn.io import open_results
from gpusyn.simulation.simulator import Simulator
from gpusyn.sonata import read_config, run_config
from tests.helpers.sonata_circuit import SmallCircuit, write_spikes


@pytest.fixture
def small(tmp_path: Path) -> SmallCircuit:
    return SmallCircuit(tmp_path / "circuit")


@pytest.fixture
def refused(small, monkeypatch):
    """Return a function that runs the circuit and returns its error; nothing is simulated, and no file changes."""

    def run(self, *_, **__):
        pytest.fail("the simulation has begun")

    def call(prepare=lambda: None) -> str:
        path = small.write()
        prepare()
        before = contents(small.folder)
        with pytest.raises(FileError) as caught:
            run_config(path, backend="numpy", echo=lambda line: None)
        assert contents(small.folder) == before
        return str(caught.value)

    monkeypatch.setattr(Simulator, "run", run)
    return call


def contents(folder: Path) -> dict[Path, bytes]:
    return {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}


OUTSIDE = [
    "../x.h5",
    "../../x.h5",
    "/gpusyn-not-there/x.h5",
    "$BASE/x.h5",
    "deep/../../x.h5",
    "$OUTPUT_DIR/../x.h5",
]


@pytest.mark.parametrize("path", OUTSIDE)
@pytest.mark.parametrize("section, key", [("output", "spikes_file"), ("output", "log_file"), ("reports", "file_name")])
def test_nothing_is_written_outside_the_folder(small, refused, section, key, path):
    place = small.simulation["reports"]["potential"] if section == "reports" else small.simulation["output"]
    place[key] = path
    error = refused()
    resolved = path.replace("$BASE", str(small.folder)).replace("$OUTPUT_DIR", str(small.folder / "output"))
    full = os.path.normpath(small.folder / "output" / resolved)
    where = "reports.potential.file_name" if section == "reports" else f"output.{key}"
    assert all(word in error for word in (where, full, str(small.folder / "output"), "is not in the output folder"))


def test_a_link_that_leads_out_of_the_folder(small, refused):
    output = small.folder / "output"
    aside = small.folder.parent / "aside"
    aside.mkdir()
    write_spikes(aside / "spikes.h5", [1.0], [0], "cells", "ms")
    output.mkdir(parents=True)
    (output / "spikes.h5").symlink_to(aside / "spikes.h5")
    assert str(aside / "spikes.h5") in refused()
    (output / "spikes.h5").unlink()
    (output / "deep").symlink_to(aside)
    small.simulation["output"]["spikes_file"] = "deep/new.h5"
    assert str(aside / "new.h5") in refused()
    assert [file.name for file in aside.iterdir()] == ["spikes.h5"]


def test_a_folder_below_and_a_folder_that_is_a_link(small, tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    small.simulation["output"] |= {"output_dir": str(tmp_path / "link"), "spikes_file": "deep/er/s.h5"}
    small.simulation["reports"]["potential"]["file_name"] = "deep/V"
    result = run_config(small.write(), backend="numpy", duration=1.0, echo=lambda line: None)
    assert [file.relative_to(tmp_path / "link").as_posix() for file in result.files] == [
        "deep/er/s.h5", "deep/V.h5", "log.txt",
    ]  # fmt: skip
    assert all((tmp_path / "real" / name).is_file() for name in ("deep/er/s.h5", "deep/V.h5", "log.txt"))


def test_every_file_says_where_it_comes_from(small):
    result = run_config(small.write(), backend="numpy", duration=1.0, seed=7, echo=lambda line: None)
    results = [file for file in result.files if file.suffix == ".h5"]
    assert len(results) == 2
    for file in results:
        facts = open_results(file).provenance
        assert (facts["seed"], facts["backend"], facts["planned"], facts["reached"]) == (7, "numpy", 1.0, 1.0)


READ = ["network/cells.h5", "network/inputs_cells.h5", "inputs/drive.h5"]


@pytest.mark.parametrize("file", READ)
@pytest.mark.parametrize("key", ["spikes_file", "log_file"])
def test_no_file_of_the_circuit_is_overwritten(small, refused, file, key):
    """The output folder is that of the circuit."""
    small.simulation["output"] |= {"output_dir": "$BASE", key: file}
    error = refused()
    assert f"output.{key}: {small.folder / file} is a file that the configuration reads" in error


def test_no_file_of_the_circuit_is_overwritten_under_another_name(small, refused):
    def link():
        (small.folder / "output").mkdir(exist_ok=True)
        os.link(small.folder / "inputs" / "drive.h5", small.folder / "output" / "spikes.h5")

    assert "output.spikes_file" in refused(link)


def test_a_disabled_input_is_not_overwritten(small, refused):
    small.simulation["inputs"]["old"] = {"enabled": False, "input_file": "$OUTPUT_DIR/spikes.h5"}
    assert "spikes.h5 is a file that the configuration reads" in refused()


@pytest.mark.parametrize(
    "file",
    ["network/cell_types.csv", "config.json", "circuit_config.json", "node_sets.json", "components/cells/E.json"],
)
def test_a_log_overwrites_nothing_but_a_log(small, refused, file):
    small.simulation["output"] |= {"output_dir": "$BASE", "log_file": file}
    assert str(small.folder / file) in refused()


def test_other_files_in_the_place_of_a_log(small, refused):
    output = small.folder / "output"
    output.mkdir(parents=True)
    (output / "log.txt").write_text("my notes")
    assert f"{output / 'log.txt'}: is not a log of gpusyn" in refused()
    (output / "log.txt").unlink()
    (output / "log.txt").mkdir()
    assert "cannot be a log" in refused()


def test_an_earlier_run_is_replaced(small):
    path = small.write()
    first = run_config(path, backend="numpy", duration=20.0, echo=lambda line: None)
    second = run_config(path, backend="numpy", duration=30.0, echo=lambda line: None)
    assert first.files == second.files
    assert "simulated 30 ms" in (small.folder / "output" / "log.txt").read_text()
    with h5py.File(small.folder / "output" / "potential.h5") as file:
        assert len(file["report/cells/data"]) == 300


def test_an_earlier_run_is_kept_where_the_configuration_says_so(small, refused):
    small.simulation["output"]["overwrite_output_dir"] = False
    output = small.folder / "output"
    for name in ("spikes.h5", "potential.h5"):
        write_spikes(output / name, [1.0], [0], "cells", "ms")
        assert f"{output / name}: is there already, and output.overwrite_output_dir is false" in refused()
        (output / name).unlink()
    (output / "log.txt").write_text("SONATA circuit x\n")
    assert f"{output / 'log.txt'}: is there already" in refused()


def test_an_hdf5_file_that_is_no_result_is_kept(small, refused):
    (small.folder / "output").mkdir(parents=True)
    with h5py.File(small.folder / "output" / "spikes.h5", "w") as file:
        file["mine"] = np.arange(3)
    assert "spikes.h5" in refused()


@pytest.mark.parametrize("other", ["potential.h5", "log.txt"])
def test_one_file_for_two_things(small, refused, other):
    small.simulation["output"]["spikes_file"] = other
    assert f"{other} is also written for" in refused()


@pytest.mark.parametrize("name", ["x" * 250 + ".h5", "x" * 5000 + ".h5"])
def test_a_name_that_cannot_be_written(small, refused, name):
    small.simulation["output"]["spikes_file"] = name
    assert "cannot be written (File name too long)" in refused()


def test_the_folder_of_the_command_line_takes_the_place_of_the_configured_one(small, tmp_path):
    small.simulation["output"]["spikes_file"] = "../x.h5"
    config = read_config(small.write(), out=tmp_path / "there")
    assert config.spikes_file == tmp_path / "there" / "x.h5"
