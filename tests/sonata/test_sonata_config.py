"""SONATA configurations: references, manifests, and refusal by file and key."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from gpusyn.errors import ArgumentError, FileError, ParameterError, UnknownNameError
from gpusyn.sonata import build, read_config, run_config
from tests.helpers.sonata_circuit import SmallCircuit, write_json


@pytest.fixture
def small(tmp_path: Path) -> SmallCircuit:
    return SmallCircuit(tmp_path)


def said(notes, *words: str) -> bool:
    return any(all(word in note for word in words) for note in notes)


def test_references_and_manifests_are_resolved(small, monkeypatch):
    path = small.write()
    monkeypatch.chdir(path.parent)
    for given in (path, Path("config.json"), Path("../") / path.parent.name / "config.json"):
        config = read_config(given)
        assert [files.data.name for files in config.nodes] == ["cells.h5", "inputs.h5"]
        assert all(files.data.is_file() and files.types.is_file() for files in (*config.nodes, *config.edges))
        assert (config.dt, config.tstop, config.v_init) == (0.1, 50.0, -65.0)
        assert config.output_dir.absolute().resolve() == (path.parent / "output").resolve()
        assert config.spikes_file == config.output_dir / "spikes.h5"
        assert config.reports[0].file == config.output_dir / "potential.h5"
        assert set(config.node_sets) == {"inputs", "watched"}


def test_simulation_configuration_alone_and_all_in_one(small):
    small.write()
    alone = read_config(small.folder / "simulation_config.json")
    assert len(alone.edges) == 2
    manifest = small.circuit["manifest"] | small.simulation["manifest"]
    whole = {**small.simulation, **small.circuit, "manifest": manifest}
    del whole["network"]
    one = read_config(write_json(small.folder / "one.json", whole))
    assert one.edges == tuple(
        replace(files, where=mine.where) for files, mine in zip(alone.edges, one.edges, strict=True)
    )
    within = {key: value for key, value in whole.items() if key not in ("networks", "components")}
    within["network"] = {key: small.circuit[key] for key in ("networks", "components")}
    nested = read_config(write_json(small.folder / "nested.json", within))
    assert [files.data for files in nested.nodes] == [files.data for files in one.nodes]


def test_another_output_folder(small, tmp_path):
    config = read_config(small.write(), out=tmp_path / "elsewhere")
    assert config.spikes_file == tmp_path / "elsewhere" / "spikes.h5"
    assert config.log_file == tmp_path / "elsewhere" / "log.txt"
    assert config.reports[0].file == tmp_path / "elsewhere" / "potential.h5"
    small.simulation["output"]["spikes_file"] = "$OUTPUT_DIR/deep/s.h5"
    assert read_config(small.write()).spikes_file == small.folder / "output" / "deep" / "s.h5"


def test_disabled_things_are_left_out_and_said(small):
    small.circuit["networks"]["edges"][0]["enabled"] = False
    small.simulation["reports"]["potential"]["enabled"] = False
    config = read_config(small.write())
    assert [files.data.name for files in config.edges] == ["inputs_cells.h5"]
    assert config.reports == ()
    assert said(config.notes, "networks.edges[0].enabled", "cells_cells.h5")
    assert said(config.notes, "reports.potential.enabled")


def test_what_is_not_used_is_said(small):
    small.simulation["conditions"]["celsius"] = 34
    small.simulation["run"]["dL"] = 20
    small.simulation["run"]["nsteps_block"] = 5000
    notes = read_config(small.write()).notes
    assert len(notes) == 2
    assert said(notes, "simulation_config.json: conditions.celsius", "no effect")
    assert said(notes, "simulation_config.json: run.dL", "not used")


@pytest.mark.parametrize(
    "section, key, value, words",
    [
        ("run", "dt", None, ["simulation_config.json: run.dt", "missing"]),
        ("run", "dt", "0.1", ["run.dt", "must be a finite number", "'0.1'"]),
        ("run", "dt", 0, ["run.dt", "above 0"]),
        ("run", "tstop", True, ["run.tstop", "must be a finite number"]),
        ("run", "tstart", 10, ["run.tstart", "must be 0"]),
        ("conditions", "v_init", "low", ["conditions.v_init", "mV"]),
        ("output", "spikes_sort_order", "tim", ["output.spikes_sort_order", "tim"]),
        ("output", "output_dir", "$OUT", ["output.output_dir", "$OUT", "$OUTPUT_DIR"]),
    ],
)
def test_wrong_values_are_refused_by_file_and_key(small, section, key, value, words):
    small.simulation[section][key] = value
    with pytest.raises(FileError) as caught:
        read_config(small.write())
    assert all(word in str(caught.value) for word in words), caught.value


@pytest.mark.parametrize(
    "key, value, words",
    [
        ("input_type", "current_clamp", ["inputs.drive.input_type", "current_clamp", "gpusyn reads spikes"]),
        ("input_type", "light", ["inputs.drive.input_type", "light", "current_clamp", "voltage_clamp"]),
        ("module", "movie", ["inputs.drive.module", "movie", "h5", "nwb", '"enabled": false']),
        ("node_set", None, ["inputs.drive.node_set", "missing"]),
        ("input_file", "$BASE/inputs/drove.h5", ["inputs.drive.input_file", "no such file", "drove.h5"]),
    ],
)
def test_unknown_inputs_are_refused(small, key, value, words):
    small.simulation["inputs"]["drive"][key] = value
    with pytest.raises(FileError) as caught:
        read_config(small.write())
    assert all(word in str(caught.value) for word in words), caught.value


def test_broken_configurations(small, tmp_path):
    small.write()
    with pytest.raises(FileError, match=r"absent\.json.*cannot be read"):
        read_config(tmp_path / "absent.json")
    (tmp_path / "broken.json").write_text('{"run": {\n"dt": 0.1,}\n}')
    with pytest.raises(FileError, match=r"broken\.json: line 2: not valid JSON"):
        read_config(tmp_path / "broken.json")
    with pytest.raises(FileError, match="one JSON object"):
        read_config(write_json(tmp_path / "list.json", []))
    with pytest.raises(FileError, match=r"circuit_config\.json: run: missing; give a simulation"):
        read_config(tmp_path / "circuit_config.json")
    with pytest.raises(FileError, match=r"network: missing"):
        read_config(write_json(tmp_path / "no_network.json", {"run": {"tstop": 1, "dt": 0.1}}))
    circle = {"manifest": {"$A": "$B/x", "$B": "$A/y"}, "network": "circuit_config.json"}
    with pytest.raises(FileError, match=r"\$A, \$B are defined by each other"):
        read_config(write_json(tmp_path / "circle.json", circle))


def test_two_reports_in_one_file_are_refused(small):
    small.simulation["reports"]["again"] = {
        "cells": "watched",
        "variable_name": "V_m",
        "file_name": "potential.h5",
    }
    with pytest.raises(
        FileError, match=r"reports\.again\.file_name: .*potential\.h5 is also written for .*reports\.potential"
    ):
        read_config(small.write())


def test_wrong_arguments(small, tmp_path):
    path = small.write()
    config = read_config(path)
    for call, error, message in (
        (lambda: read_config(3), ArgumentError, r"^read_config\(\)\.path: must be a path"),
        (lambda: read_config("a\0b.json"), ParameterError, r"^read_config\(\)\.path: must not contain control"),
        (lambda: read_config(path, ["out"]), ArgumentError, r"^read_config\(\)\.out: must be a path"),
        (lambda: read_config(path, colour=1), ArgumentError, r"^read_config\(\): unknown argument 'colour'"),
        (lambda: build("config.json"), ArgumentError, r"^build\(\)\.config: must be a Config, as read_config"),
        (lambda: build(config, "50"), ArgumentError, r"^build\(\)\.duration: must be a finite number of ms > 0"),
        (
            lambda: build(config).part("cell"),
            UnknownNameError,
            r"^SonataModel\.part\(\)\.population: unknown",
        ),
        (lambda: run_config(path, echo=3), ArgumentError, r"^run_config\(\)\.echo: must be a function"),
    ):
        with pytest.raises(error, match=message):
            call()
