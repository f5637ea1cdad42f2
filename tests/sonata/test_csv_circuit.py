"""`gpusyn circuit`: CSV tables of cells and edges become a SONATA circuit, which runs as the same network in Python."""

from __future__ import annotations

import json
from itertools import zip_longest

import numpy as np
import pytest

import gpusyn as gs
from gpusyn.commands.cli import main
from gpusyn.sonata import build, read_config, run_config
from tests.helpers.command_line import one_line_of_error

CELLS = """population,size,model_template,C_m,t_ref
net,6,gpusyn:LIF,150,
net,4,gpusyn:LIF,,3
in,3,virtual,,
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Return a working directory with tables of ten cells, three virtual ones and their edges."""
    monkeypatch.chdir(tmp_path)
    draw = np.random.default_rng(3)
    (tmp_path / "cells.csv").write_text(CELLS)
    inputs = [f"{draw.integers(3)},{draw.integers(10)},{draw.uniform(5, 20)!r},{draw.integers(10, 40) / 10},in,net"
              for _ in range(40)]  # fmt: skip
    own = [f"{draw.integers(10)};{draw.integers(10)};{draw.uniform(0, 5)!r};{draw.integers(10, 40) / 10};net;net"
           for _ in range(30)]  # fmt: skip
    header = ["pre", "post", "weight", "delay", "pre_population", "post_population"]
    (tmp_path / "inputs.csv").write_text("\n".join([",".join([*header, "model_template"]),
                                                    *(f"{line},gpusyn:AMPA" for line in inputs)]))  # fmt: skip
    (tmp_path / "own.csv").write_text("\n".join([";".join([*header, "model_template"]),
                                                 *(f"{line};gpusyn:GABA_A" for line in own)]))  # fmt: skip
    times = np.round(draw.uniform(1, 190, 120), 1)
    rows = [f"{time!r} {number % 3} in" for number, time in enumerate(times.tolist())]
    (tmp_path / "spikes.csv").write_text("\n".join(["timestamps node_ids population", *rows]))
    return tmp_path


MADE = ["circuit", "cells.csv", "inputs.csv", "own.csv", "--spikes", "spikes.csv", "--duration", "200", "--out", "made"]


def in_python(folder) -> gs.SpikeData:
    """Return the spikes of the same network, written with FromTable."""
    rows = [line.split() for line in (folder / "spikes.csv").read_text().splitlines()[1:]]
    trains = [sorted(float(row[0]) for row in rows if row[1] == str(number)) for number in range(3)]
    net = gs.Network()
    model = gs.LIF(C_m=[150.0] * 6 + [200.0] * 4, t_ref=[2.0] * 6 + [3.0] * 4)
    cells = net.population("net", 10, model, receptors=[gs.AMPA(), gs.GABA_A()])
    inputs = net.population("in", 3, gs.SpikeSource(trains))
    for pre, file, receptor in ((inputs, "inputs.csv", "AMPA"), (cells, "own.csv", "GABA_A")):
        net.connect(pre, cells, gs.FromTable(folder / file), receptor=receptor, weight="weight", delay="delay")
    spikes = net.record(cells, "spikes")
    with gs.Simulator(net, dt=0.1, backend="numpy", precision="double") as sim:
        sim.run(200.0)
        return sim.data[spikes]


def test_tables_run_as_the_same_network_in_python(folder, capsys):
    assert main(MADE) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == "made/config.json: 10 neurons and 3 virtual cells in 2 populations, 70 edges"
    assert printed[-1] == "to run it: gpusyn run made/config.json"
    ours = run_config("made/config.json", "numpy", echo=lambda line: None).spikes
    theirs = in_python(folder)
    assert len(theirs.ids) > 50
    assert ours.ids.tolist() == theirs.ids.tolist()
    assert ours.times.tolist() == theirs.times.tolist()


def test_the_command_that_runs_it_can_be_copied(folder, capsys):
    assert main([*MADE[:-1], "a circuit"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "to run it: gpusyn run 'a circuit/config.json'"


def test_one_table_has_the_edges_of_all_populations(folder):
    """In any order: those of each pair of populations, with the types of their templates, keep theirs."""
    inputs, own = ((folder / f"{name}.csv").read_text().replace(";", ",").splitlines() for name in ("inputs", "own"))
    mixed = [line for pair in zip_longest(own[1:], inputs[1:]) for line in pair if line]
    (folder / "all.csv").write_text("\n".join([inputs[0], *mixed]))
    assert main(["circuit", "cells.csv", "all.csv", *MADE[4:]]) == 0
    ours = run_config("made/config.json", "numpy", echo=lambda line: None).spikes
    theirs = in_python(folder)
    assert ours.ids.tolist() == theirs.ids.tolist()
    assert ours.times.tolist() == theirs.times.tolist()


def test_one_population_and_edges_with_defaults(folder):
    (folder / "cells.csv").write_text("population size model_template\nV1 3 nest:iaf_psc_exp\n")
    (folder / "edges.csv").write_text("pre post\n0 1\n2 0\n")
    assert main(["circuit", "cells.csv", "edges.csv", "--out", "made"]) == 0
    (one,) = build(read_config("made/config.json")).net.projections.values()
    assert (one.rule.pre.tolist(), one.rule.post.tolist(), one.weights["ex"], one.delay) == ([0, 2], [1, 0], 1.0, 1.0)


def test_two_tables_of_the_same_populations(folder):
    (folder / "cells.csv").write_text("population size model_template\nV1 3 nest:iaf_psc_exp\n")
    (folder / "plus.csv").write_text("pre post weight\n0 1 20\n")
    (folder / "minus.csv").write_text("pre post weight\n0 1 -20\n")
    assert main(["circuit", "cells.csv", "plus.csv", "minus.csv", "--out", "made"]) == 0
    net = build(read_config("made/config.json")).net
    assert list(net.projections) == ["V1_to_V1:ex", "V1_to_V1_2:in"]


def test_what_a_run_would_refuse_is_told_at_once(folder, capsys):
    (folder / "cells.csv").write_text(CELLS.replace("gpusyn:LIF,150", "gpusyn:LFI,150"))
    assert main(MADE) == 1
    lines = capsys.readouterr().out.splitlines()
    problems = [line for line in lines if line.startswith("problem: ")]
    assert lines[-1].startswith("to run it, mend that first")
    assert "gpusyn:LFI" in problems[0]
    assert (folder / "made" / "config.json").is_file()  # to be mended, or made anew


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        ("cells.csv", "size", "number", ["cells.csv: has no column 'size'", "found: population, number"]),
        ("cells.csv", "net,6", "net,0", ["cells.csv, line 2: size", "from 1 to 2147483647 (got 0)"]),
        ("cells.csv", "net,6", "net,6.5", ["cells.csv, line 2: size", "got 6.5"]),
        ("cells.csv", "net,6", "n/t,6", ["cells.csv, line 2: population", "letters, digits, _ and -", "'n/t'"]),
        ("cells.csv", "gpusyn:LIF,150", ",150", ["cells.csv, line 2: model_template", "gpusyn:LIF"]),
        ("cells.csv", "C_m", "", ["cells.csv, line 2: a value below no name", "name the column"]),
        ("cells.csv", "150", "many", ["cells.csv, line 2: C_m: must be a number, or empty (got 'many')"]),
        ("cells.csv", "virtual,,", "virtual,1,", ["cells.csv, line 4: C_m: virtual cells have no parameters"]),
        ("inputs.csv", "pre,post", "pre,target", ["inputs.csv: has no column 'post'"]),
        ("inputs.csv", "weight", "wieght", ["a column 'wieght'", "did you mean 'weight'?"]),
        ("inputs.csv", "pre_population,", "", ["inputs.csv, line 2: has 7 values, but the header names 6"]),
        ("inputs.csv", ",in,net", ",inn,net", ["inputs.csv, line 2: pre_population: no population 'inn'", "'in'"]),
    ],
)  # fmt: skip
def test_wrong_tables_are_named_by_file_line_and_column(folder, capsys, file, old, new, words):
    path = folder / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    assert main(MADE) == 2
    error = one_line_of_error(capsys)
    assert all(word in error for word in words), error
    assert not (folder / "made").exists()


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("10,0,1,1", ["line 2: pre: must be a whole number from 0 to 9 (got 10)"]),
        ("0,-1,1,1", ["line 2: post: must be a whole number from 0 to 9 (got -1)"]),
        ("0,1.5,1,1", ["line 2: post", "got 1.5"]),
        ("0,x,1,1", ["line 2: post: must be a whole number (got 'x')"]),
        ("0,1,,1", ["line 2: weight: must be a number [nS or pA] (got '')"]),
        ("0,1,1,inf", ["line 2: delay: must be a number [ms] (got 'inf')"]),
    ],
)
def test_wrong_rows_of_edges(folder, capsys, row, words):
    (folder / "cells.csv").write_text("population,size,model_template\nV1,10,nest:iaf_psc_exp\n")
    (folder / "own.csv").write_text(f"pre,post,weight,delay\n{row}\n")
    assert main(["circuit", "cells.csv", "own.csv", "--out", "made"]) == 2
    error = one_line_of_error(capsys)
    assert all(word in error for word in words), error


def test_a_population_must_be_named_where_there_are_several(folder, capsys):
    (folder / "own.csv").write_text("pre,post\n0,1\n")
    assert main(["circuit", "cells.csv", "own.csv", "--out", "made"]) == 2
    assert "has no column 'pre_population', and there are several populations (net, in)" in one_line_of_error(capsys)


def test_files_that_are_there_are_kept(folder, capsys):
    assert main(MADE) == 0
    before = {file: file.read_bytes() for file in (folder / "made").rglob("*") if file.is_file()}
    capsys.readouterr()
    assert main(MADE) == 2
    assert "--out: made is there already, and not empty" in one_line_of_error(capsys)
    assert {file: file.read_bytes() for file in (folder / "made").rglob("*") if file.is_file()} == before


def test_missing_files_and_wrong_times(folder, capsys):
    for change, words in (
        ({"--spikes": "absent.csv"}, "--spikes: no such file: absent.csv"),
        ({"--duration": "0.25"}, "--duration: must be a multiple of dt = 0.1 ms (got 0.25)"),
        ({"--out": "cells.csv"}, "--out: cells.csv: cannot be a folder"),
        ({"cells.csv": "absent.csv"}, "gpusyn circuit: absent.csv: cannot be read"),
    ):
        line = list(MADE)
        for key, value in change.items():
            at = line.index(key)
            line[at + key.startswith("--")] = value
        assert main(line) == 2
        assert words in one_line_of_error(capsys)
    assert not (folder / "made").exists()


def test_parameters_of_synapses_can_be_added(folder):
    """Each template has a file for them."""
    assert main(MADE) == 0
    (file,) = (folder / "made" / "synaptic_models").glob("gpusyn_AMPA*.json")
    assert json.loads(file.read_text()) == {}
    file.write_text(json.dumps({"tau_decay": 1.0}))
    (ampa, _) = build(read_config("made/config.json")).net.populations["net"].receptors
    assert (ampa.name, ampa.kinetics) == ("AMPA", gs.AMPA(tau_decay=1.0).kinetics)


def test_a_delay_that_no_run_could_have_is_a_problem(folder, capsys):
    """The check tells it: building the network would not."""
    (folder / "cells.csv").write_text("population,size,model_template\nV1,10,nest:iaf_psc_exp\n")
    (folder / "own.csv").write_text("pre,post,delay\n0,1,6553.5\n")
    assert main(["circuit", "cells.csv", "own.csv", "--out", "longest"]) == 0
    run_config("longest/config.json", "numpy", 1.0, echo=lambda line: None)
    (folder / "own.csv").write_text("pre,post,delay\n0,1,6553.6\n0,2,1\n")
    capsys.readouterr()
    assert main(["circuit", "cells.csv", "own.csv", "--out", "longer"]) == 1
    assert "delay: must be at most 65535 steps = 6553.5 ms (got 6553.6)" in capsys.readouterr().out
