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


def faults(small, **inputs) -> list[str]:
    """Return what a check says of these inputs, without the place in front of the keys."""
    small.simulation["inputs"] = inputs
    begin = f"{small.folder / 'simulation_config.json'}: "
    return [problem.removeprefix(begin) for problem in check_config(small.write()).problems]


def test_every_key_of_an_input_is_looked_at(small):
    said = faults(
        small,
        step={"input_type": "current_clamp", "module": "IClamp", "amp": "x", "delay": [], "duration": None},
        pulse={"input_type": "current_clamp", "module": "pulse", "amp_start": "x", "amp_end": "y", "width": "z",
               "frequency": 5.0, "delay": -1.0, "duration": 0.0, "node_set": "cells"},
        hold={"input_type": "spikes", "module": "seclamp", "amps": [1.0], "durations": "long", "node_set": "cells"},
        levels={"input_type": "voltage_clamp", "module": "seclamp", "amps": [-0.07, -0.06], "durations": [5.0, 0.0],
                "node_set": "cells"},
        movie={"input_type": "movie", "module": "film"},
        replay={"input_type": "spikes", "module": "replay", "delay": "x", "duration": "y", "node_set": "cells"},
    )  # fmt: skip
    beginnings = [
        "inputs.step.node_set: missing", "inputs.step.amp: must be a finite", "inputs.step.delay: must be a finite",
        "inputs.step.duration: missing",
        "inputs.pulse.amp_start: must be", "inputs.pulse.width: must be", "inputs.pulse.amp_end: must be a finite",
        "inputs.pulse.delay: must be >= 0 ms", "inputs.pulse.duration: must be above 0 ms",
        'inputs.hold.input_type: "spikes" is not known', "inputs.hold.durations: must be",
        "inputs.levels: looks like volts", "inputs.levels: looks like volts", "inputs.levels.durations: must be",
        'inputs.movie.input_type: "movie"', 'inputs.movie.module: "film"', "inputs.movie.node_set: missing",
        "inputs.replay.delay: must be", "inputs.replay.duration: must be", "inputs.replay.input_file: missing",
    ]  # fmt: skip
    assert [next((one for one in beginnings if fault.startswith(one)), fault) for fault in said] == beginnings


def test_a_node_set_and_the_file_of_its_input(small):
    small.input_times, small.input_ids = [-1.0, 2.0], [0, 77]
    drive = small.simulation["inputs"]["drive"]
    (small.folder / "other.h5").write_bytes(b"no spikes")
    words = faults(small, drive=drive, other={**drive, "node_set": "nobody", "input_file": "other.h5"})
    assert len(words) == 4
    for word, problem in zip(["(got -1)", "77", "inputs.other.node_set", "other.h5"], words, strict=True):
        assert word in problem


def test_every_key_of_a_report_and_an_override_is_looked_at(small):
    small.simulation["reports"] = {"x": {"module": "extracellular", "type": "summation", "variable_name": 3, "dt": "x"}}
    small.simulation["connection_overrides"] = [{"modoverride": "Glu", "weight": -1, "delay": "x", "target": "all"}]
    keys = ["module", "type", "cells", "variable_name", "dt", "modoverride", "delay", "source", "weight"]
    problems = check_config(small.write()).problems
    assert [next(key for key in keys if f".{key}: " in problem) for problem in problems] == keys
