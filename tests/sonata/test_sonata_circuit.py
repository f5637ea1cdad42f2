"""SONATA tables, groups, node sets and spike files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gpusyn.errors import FileError
from gpusyn.sonata import build, read_config
from gpusyn.sonata.attribute_tables import read_types
from gpusyn.sonata.circuit import read_circuit
from gpusyn.sonata.configured_inputs import SpikeInput
from gpusyn.sonata.findings import Findings
from gpusyn.sonata.inputs import on_steps, read_input
from tests.helpers.sonata_circuit import SmallCircuit, write_csv, write_json, write_nodes, write_spikes

h5py = pytest.importorskip("h5py", reason="SONATA files need h5py")


@pytest.fixture
def small(tmp_path: Path) -> SmallCircuit:
    return SmallCircuit(tmp_path)


def said(notes, *words: str) -> bool:
    return any(all(word in note for word in words) for note in notes)


def test_types_table_knows_null_quotes_and_blanks(tmp_path):
    rows = ["node_type_id  name note", '5 a "two words" ', "6 NULL  ei=='e'", ""]
    types = read_types(write_csv(tmp_path / "t.csv", rows), "node_type_id")
    assert types.rows == {5: {"name": "a", "note": "two words"}, 6: {"note": "ei=='e'"}}


@pytest.mark.parametrize(
    "rows, words",
    [
        (["id name", "5 a"], ["no column 'node_type_id'", "id, name"]),
        (["node_type_id name", "5 a b c"], ["row 2", "4 fields for 2 columns"]),
        (["node_type_id name", "5 a", "x b"], ["row 3", "whole number"]),
        (["node_type_id name", "5 a", "5 b"], ["row 3", "node_type_id 5 occurs twice"]),
        ([], ["an empty file"]),
    ],
)
def test_broken_types_tables(tmp_path, rows, words):
    with pytest.raises(FileError) as caught:
        read_types(write_csv(tmp_path / "t.csv", rows), "node_type_id")
    assert all(word in str(caught.value) for word in words), caught.value


def test_attributes_come_from_group_then_type(small):
    circuit = read_circuit(read_config(small.write()), Findings())
    cells, edges = circuit.nodes["cells"], circuit.edges[0]
    assert cells.ids.tolist() == [10, 3, 5, 7, 20, 1]
    assert cells.type_names().tolist() == ["E", "E", "E", "E", "I", "I"]
    # Rows 0-3 lie in group 0 in reverse order, rows 4-7 in group 1, which has nsyns but no weight of its own.
    weight, given = edges.table.numbers("syn_weight")
    assert weight.tolist() == [160, 140, 120, 100, -40, -40, -40, -40]
    assert given.all()
    count, given = edges.table.numbers("nsyns")
    assert given.tolist() == [False] * 4 + [True] * 4
    assert count[4:].tolist() == [1, 2, 3, 0]
    assert edges.table.numbers("delay")[0].tolist() == [1.5] * 4 + [2.0] * 4
    assert edges.source.tolist() == [0, 1, 2, 3, 4, 4, 5, 5]
    assert edges.target.tolist() == [1, 0, 4, 5, 0, 1, 2, 3]


def test_damaged_tables(small):
    small.node_types[2] = "102 I i point_neuron nest:iaf_psc_alpha I.json"
    with pytest.raises(FileError, match=r"cells\.h5: /nodes/cells/node_type_id: type 101 is not in .*cell_types\.csv"):
        read_circuit(read_config(small.write()), Findings())


def test_group_index_beyond_its_group(small):
    small.edge_groups = ([0] * 8, [0, 1, 2, 9, 0, 0, 0, 0], {0: {"syn_weight": np.ones(3)}})
    circuit = read_circuit(read_config(small.write()), Findings())
    with pytest.raises(FileError, match=r"/edges/cells_to_cells/0/syn_weight: has 3 values.*0 to 9"):
        circuit.edges[0].table.numbers("syn_weight")


def test_group_that_is_not_there(small):
    small.edge_groups = ([0] * 7 + [4], range(8), {0: {}})
    with pytest.raises(FileError, match="group 4 is not in the file"):
        read_circuit(read_config(small.write()), Findings())


def test_edge_that_ends_nowhere(small):
    config = read_config(small.write())
    path = config.edges[0].data
    with h5py.File(path, "a") as file:
        file["edges/cells_to_cells/target_node_id"][3] = 999
    with pytest.raises(FileError, match=r"target_node_id: node 999 is not in population 'cells'"):
        read_circuit(config, Findings())
    with h5py.File(path, "a") as file:
        file["edges/cells_to_cells/target_node_id"].attrs["node_population"] = "others"
    with pytest.raises(FileError, match=r"population 'others' is not in the nodes files.*known here: cells, inputs"):
        read_circuit(config, Findings())


@pytest.mark.parametrize("ids", [[3, 1, 0, 2, 4, 5], [10**12, 3, 5, 7, 20, 1]], ids=["dense", "sparse"])
def test_rows_of_ids(small, ids):
    """By a table, or by a search if the ids are far apart."""
    small.node_ids = ids
    config = read_config(small.write())
    with h5py.File(config.edges[0].data, "a") as file:
        pairs = np.array([ids[row] for row in (0, 5, 2, 1, 4, 3, 5, 5)], dtype=np.uint64)
        for name, shift in (("source_node_id", 0), ("target_node_id", 2)):
            file[f"edges/cells_to_cells/{name}"][...] = np.roll(pairs, shift)
    config.edges[1].data.unlink()
    edges = read_circuit(replace(config, edges=config.edges[:1]), Findings()).edges[0]
    assert edges.source.tolist() == [0, 5, 2, 1, 4, 3, 5, 5]
    assert edges.target.tolist() == [5, 5, 0, 5, 2, 1, 4, 3]
    for wrong in (8, 10**12 + 1, 2**62):
        with h5py.File(config.edges[0].data, "a") as file:
            file["edges/cells_to_cells/source_node_id"][3] = wrong
        with pytest.raises(FileError, match=f"source_node_id: node {wrong} is not in population 'cells'"):
            read_circuit(config, Findings())


def test_files_that_are_none(small):
    config = read_config(small.write())
    config.nodes[0].data.write_bytes(b"text")
    with pytest.raises(FileError, match=r"cells\.h5: is not an HDF5 file"):
        read_circuit(config, Findings())
    with h5py.File(config.nodes[0].data, "w") as file:
        file.create_group("edges")
    with pytest.raises(FileError, match=r"no population below /nodes \(found: edges\)"):
        read_circuit(config, Findings())


def test_single_group_without_indirection(tmp_path):
    path = write_nodes(tmp_path / "n.h5", "n", [1, 1])
    with h5py.File(path, "a") as file:
        del file["nodes/n/node_group_id"], file["nodes/n/node_group_index"], file["nodes/n/node_id"]
        file["nodes/n/0/x"] = [3.0, 4.0]
    types = write_csv(tmp_path / "t.csv", ["node_type_id model_type", "1 virtual"])
    network = {"networks": {"nodes": [{"nodes_file": "n.h5", "node_types_file": types.name}]}}
    config = read_config(write_json(tmp_path / "c.json", network | {"run": {"tstop": 1, "dt": 0.1}}))
    nodes = read_circuit(config, Findings()).nodes["n"]
    assert nodes.ids.tolist() == [0, 1]
    assert nodes.table.numbers("x")[0].tolist() == [3.0, 4.0]
    with pytest.raises(FileError, match="every node is virtual"):
        build(config)


@pytest.mark.parametrize(
    "node_set, rows",
    [
        ("all", {"cells": [0, 1, 2, 3, 4, 5], "inputs": [0, 1]}),
        ("watched", {"cells": [0, 4]}),
        ({"population": "cells", "ei": "i"}, {"cells": [4, 5]}),
        ({"pop_name": ["E"], "node_id": [3, 20]}, {"cells": [1]}),
        ({"node_type_id": 101}, {"cells": [4, 5]}),
        (["watched", "inhibitory", "inputs"], {"cells": [0, 4, 5], "inputs": [0, 1]}),
    ],
)
def test_node_sets(small, node_set, rows):
    small.node_sets["inhibitory"] = {"ei": ["i"]}
    circuit = read_circuit(read_config(small.write()), Findings())
    assert {name: found.tolist() for name, found in circuit.select(node_set, "here", Findings()).items()} == rows


@pytest.mark.parametrize(
    "node_set, words",
    [
        ("watchd", ["unknown node set 'watchd'", "watched"]),
        ({"population": "cell"}, ["unknown population 'cell'", "cells, inputs"]),
        ({"node_id": {"$gt": {}}}, ["node_id", "a value or a list"]),
        (5, ["must be a name, a list of names or an object"]),
        ("loop", ["contains itself"]),
    ],
)
def test_wrong_node_sets(small, node_set, words):
    small.node_sets["loop"] = ["watched", "loop"]
    circuit = read_circuit(read_config(small.write()), Findings())
    with pytest.raises(FileError) as caught:
        circuit.select(node_set, "here", Findings())
    assert all(word in str(caught.value) for word in ["here", *words]), caught.value


def trains_of(small, path, node_set="inputs"):
    circuit = read_circuit(read_config(small.write()), Findings())
    findings = Findings()
    return read_input(SpikeInput("x", path, node_set, "c.json: inputs.x"), circuit, findings), findings.notes


def test_both_layouts_give_the_same_trains(small, tmp_path):
    times, ids = [0.5, 2.0, 1.0], [1, 0, 1]
    old = write_spikes(tmp_path / "old.h5", times, ids)
    new = write_spikes(tmp_path / "new.h5", np.array(times) / 1000, ids, "inputs", "seconds")
    (a,), notes = trains_of(small, old)
    (b,), none = trains_of(small, new)
    assert (a.population, a.rows.tolist(), a.times.tolist()) == ("inputs", [1, 0, 1], times)
    assert (b.population, b.rows.tolist()) == ("inputs", [1, 0, 1])
    assert b.times == pytest.approx(times)
    assert said(notes, "no units", "milliseconds")
    assert not none


def test_spikes_outside_the_node_set_are_counted(small, tmp_path):
    path = write_spikes(tmp_path / "s.h5", [1.0, 2.0, 3.0], [0, 1, 1], "inputs", "milliseconds")
    (trains,), notes = trains_of(small, path, {"population": "inputs", "node_id": [0]})
    assert trains.times.tolist() == [1.0]
    assert said(notes, "2 spikes of nodes outside its node set")


def test_spikes_of_other_populations_are_told(small, tmp_path):
    path = write_spikes(tmp_path / "s.h5", [1.0, 2.0], [0, 1], "inputs", "milliseconds")
    with h5py.File(path, "a") as file:
        file.copy("spikes/inputs", "spikes/inptus")
    (trains,), notes = trains_of(small, path, "inputs")
    assert trains.times.tolist() == [1.0, 2.0]
    assert said(notes, "spikes of inptus in", "outside its node set, are not used")


@pytest.mark.parametrize(
    "arguments, node_set, words",
    [
        (([1.0], [0], "inputs", "fortnights"), "inputs", ["units 'fortnights'"]),
        (([1.0], [5], "inputs", "ms"), "inputs", ["node 5 is not in population 'inputs'"]),
        (([1.0], [0], "others", "ms"), "inputs", ["has spikes of others"]),
        (([1.0], [0]), "all", ["names no population", "cells, inputs"]),
        (([-1.0], [0]), "inputs", ["timestamps", ">= 0 ms"]),
        (([np.nan], [0]), "inputs", ["timestamps", "finite"]),
        (([1.0, 2.0], [0]), "inputs", ["columns have 1 and 2 rows"]),
    ],
)
def test_wrong_spike_files(small, tmp_path, arguments, node_set, words):
    path = write_spikes(tmp_path / "s.h5", *arguments)
    with pytest.raises(FileError) as caught:
        trains_of(small, path, node_set)
    assert all(word in str(caught.value) for word in words), caught.value


def test_rounding_is_said():
    findings = Findings()
    assert on_steps(np.array([0.1, 0.3, 5.0]), 0.1, 5.0, "x", findings) == pytest.approx([0.1, 0.3, 5.0])
    assert findings.notes == []
    assert on_steps(np.array([0.0, 0.31, 7.0]), 0.1, 5.0, "x", findings) == pytest.approx([0.1, 0.4, 7.0])
    off, beyond = findings.notes
    assert "2 of 2 spike times" in off
    assert "0.1 ms" in off
    assert "1 of 3 spikes" in beyond
