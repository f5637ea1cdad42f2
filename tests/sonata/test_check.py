"""`gpusyn run --check`: one report has everything that is in the way; nothing runs, and nothing is written."""

from __future__ import annotations

import h5py
import pytest

from gpusyn.commands.cli import main
from gpusyn.errors import FileError
from gpusyn.simulation.simulator import Simulator
from gpusyn.sonata import check_config, run_config
from tests.helpers.sonata_circuit import SmallCircuit


@pytest.fixture
def small(tmp_path, monkeypatch):
    def run(self, *_, **__):
        pytest.fail("the simulation has begun")

    monkeypatch.setattr(Simulator, "run", run)
    return SmallCircuit(tmp_path)


def files(folder):
    return {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_nothing_is_in_the_way(small, capsys):
    path = small.write()
    before = files(small.folder)
    assert main(["run", str(path), "--check"]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[-1] == "nothing is in the way of a run"
    assert all(line.startswith("note: ") for line in printed[:-1])
    assert files(small.folder) == before
    assert not (small.folder / "output").exists()


def break_everything(small) -> list[str]:
    """Break a dozen things that have nothing to do with each other, and return a word of each."""
    small.models["E.json"] |= {"tau_n": 3.0, "V_th": -0.05}
    small.models["I.json"] |= {"C_m": -1.0, "Ca": 3.0}
    small.synapse_models["empty.json"] = {"tau": 1.0}
    small.edge_types[2] = "2 * ei=='i' 0.04 -40.0 static_synapse absent.json"
    small.input_edge_types = ["edge_type_id model_template weight_function", "7 bursting gaussianLL"]
    simulation = small.simulation
    simulation["conditions"] = {"v_init": "low"}
    simulation["inputs"]["movie"] = {"input_type": "movie", "module": "h5", "node_set": "inputs"}
    simulation["inputs"]["nobody"] = {**simulation["inputs"]["drive"], "node_set": "nobody"}
    simulation["reports"]["unknown"] = {"cells": "cells", "variable_name": "Ca"}
    simulation["reports"]["rough"] = {"cells": "nobodies", "variable_name": "V_m"}
    simulation["reports"]["coarse"] = {"cells": "cells", "variable_name": "V_m", "dt": 0.25}
    simulation["reports"]["extra"] = {"cells": "cells", "variable_name": "V_m", "module": "extracellular"}
    simulation["output"]["log_file"] = "../log.txt"
    simulation["connection_overrides"] = [
        {"source": "all", "target": "all", "modoverride": "Glu"},
        {"source": "alll", "target": "all", "weight": 1.0},
    ]
    return [
        "E.json: tau_n", "E.json: V_th", "I.json: C_m", "I.json: Ca", "empty.json: tau", "absent.json",
        "cells_to_cells: delay",
        "'bursting'", "'gaussianLL'", "conditions.v_init", "inputs.movie", "inputs.nobody.node_set",
        "reports.unknown.variable_name", "reports.rough.cells", "reports.coarse.dt", "reports.extra.module",
        "output.log_file", "connection_overrides[0].modoverride", "connection_overrides[1].source",
    ]  # fmt: skip


def test_one_report_has_all_problems(small, capsys):
    words = break_everything(small)
    path = small.write()
    before = files(small.folder)
    found = check_config(path)
    assert files(small.folder) == before
    for word in words:
        assert sum(word in problem for problem in found.problems) == 1, word
    assert len(found.problems) == len(words)
    assert all("\n" not in problem for problem in found.problems)
    assert main(["run", str(path), "--check"]) == 1
    printed = capsys.readouterr().out.splitlines()
    assert [line.removeprefix("problem: ") for line in printed if line.startswith("problem: ")] == list(found.problems)
    assert printed[-1] == f"{len(words)} things in the way of a run"
    with pytest.raises(FileError) as caught:
        run_config(path, echo=str)
    assert str(caught.value) in found.problems


def test_damaged_files_of_nodes_hide_nothing_of_one_another(small):
    path = small.write()
    for name in ("cells", "inputs"):
        with h5py.File(small.folder / "network" / f"{name}.h5", "a") as file:
            del file[f"nodes/{name}/node_type_id"]
    (small.folder / "network" / "cell_types.csv").write_text("nothing here\n")
    first, second = check_config(path).problems
    assert "cell_types.csv: has no column 'node_type_id'" in first
    assert "inputs.h5: /nodes/inputs/node_type_id: missing" in second


def test_a_time_step_that_cannot_be_read(small):
    """Nothing is said of delays and intervals, which nobody can judge."""
    small.simulation["run"]["dt"] = "0.1"
    small.edge_types[1] = "1 * * 0.01 NULL static_synapse absent.json"
    small.simulation["inputs"]["hold"] = {"input_type": "voltage_clamp", "module": "seclamp", "voltage": -55.0,
                                          "delay": 0, "duration": 50, "node_set": "cells"}  # fmt: skip
    first, second = check_config(small.write()).problems
    assert "run.dt: must be a finite number" in first
    assert "absent.json" in second


def test_errors_of_the_network_name_the_file(small):
    small.models["E.json"]["V_reset"] = -40.0
    (problem,) = check_config(small.write()).problems
    assert "cells.h5: population 'cells': LIF.V_reset" in problem


def test_what_cannot_be_read_at_all(small, tmp_path, capsys):
    assert check_config(tmp_path / "absent.json").lines()[-1] == "1 thing in the way of a run"
    (tmp_path / "x.json").write_text("{")
    assert main(["run", str(tmp_path / "x.json"), "--check"]) == 1
    assert "x.json: line 1: not valid JSON" in capsys.readouterr().out


def test_outputs_that_a_run_would_not_replace(small):
    small.simulation["output"]["overwrite_output_dir"] = False
    path = small.write()
    (small.folder / "output").mkdir()
    (small.folder / "output" / "spikes.h5").write_text("mine")
    (problem,) = check_config(path).problems
    assert "spikes.h5: is there already" in problem
    assert check_config(path, out=small.folder / "elsewhere").problems == ()
