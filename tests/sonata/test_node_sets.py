"""Node sets that refer to one another, deep and in circles, and conditions of every type."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from gpusyn.errors import FileError
from gpusyn.sonata import read_config
from gpusyn.sonata.circuit import read_circuit
from gpusyn.sonata.findings import Findings
from gpusyn.sonata.node_sets import DEEPEST
from tests.helpers.sonata_circuit import SmallCircuit


@pytest.fixture
def select(tmp_path):
    """Return a function that selects one of some node sets; its result is the rows of `cells`."""
    small, findings = SmallCircuit(tmp_path), Findings()

    def write():
        path = small.write()
        with h5py.File(small.folder / "network" / "cells.h5", "a") as file:
            file["nodes/cells/0/x"] = [1.0, 2.0, np.nan, 4.0, 5.0, 6.0]
        return path

    def call(name, **sets):
        small.node_sets |= sets
        circuit = read_circuit(read_config(write()), findings)
        call.notes = findings.notes
        return circuit.select(name, "here", findings).get("cells", np.empty(0)).tolist()

    return call


def test_a_union_of_unions(select):
    sets = {"first": {"node_id": 10}, "second": ["first", {"node_id": 3}], "all_three": ["second", "watched"]}
    assert select("all_three", **sets) == [0, 1, 4]


@pytest.mark.parametrize("length", [1, 2, 5])
def test_circles(select, length):
    sets = {f"s{i}": [f"s{(i + 1) % length}", "watched"] for i in range(length)}
    with pytest.raises(FileError, match=r"here, node set 's0': the node set 's0' contains itself"):
        select("s0", **sets)


def test_sets_may_be_deep_but_not_without_end(select):
    chain = {f"s{i}": [f"s{i + 1}"] for i in range(DEEPEST - 1)} | {f"s{DEEPEST - 1}": {"node_id": 10}}
    assert select("s0", **chain) == [0]
    with pytest.raises(FileError, match="more than 64 node sets refer to one another"):
        select("r0", **{f"r{i}": [f"r{i + 1}"] for i in range(3000)})


def test_sets_that_double_and_double_are_read_once_each(select):
    """2^60 paths lead to the last set."""
    doubled = {f"s{i}": [f"s{i + 1}", f"s{i + 1}"] for i in range(60)}
    assert select("s0", **doubled, s60={"node_id": 20}) == [4]


@pytest.mark.parametrize(
    "conditions, words",
    [
        ({"node_id": 0.5}, r"node_id: must be whole numbers >= 0 \(got 0\.5\)"),
        ({"node_id": -1}, r"node_id: must be whole numbers >= 0 \(got -1\)"),
        ({"node_id": [10, "x"]}, r"node_id: must be whole numbers >= 0 \(got 'x'\)"),
        ({"node_id": True}, r"node_id: must be whole numbers >= 0 \(got True\)"),
        ({"node_id": 2**70}, r"node_id: must be whole numbers"),
        ({"node_type_id": 100.5}, r"node_type_id: must be whole numbers"),
        ({"ei": ["e", 5]}, r"ei: must be strings or numbers, not both"),
        ({"ei": None}, r"ei: must be a value or a list of values"),
        ({"population": 5}, r"population: unknown population 5"),
        ({"x": {"$above": 3}}, r"x: unknown operator '\$above'; known here: \$gt, "),
        ({"x": {"$gt": [3]}}, r"x: \$gt needs one number \(got \[3\]\)"),
        ({"x": {"$lt": True}}, r"x: \$lt needs one number \(got True\)"),
        ({"x": {"$regex": 3}}, r"x: \$regex needs text \(got 3\)"),
        ({"ei": {"$gt": "e"}}, r"ei: \$gt needs a number \(got 'e'\)"),
        ({"ei": {"$regex": "("}}, r"ei: '\(' is no regular expression"),
        ({"node_id": {"$gt": "x"}}, r"node_id: \$gt needs one number"),
        (0, r"must be a name, a list of names or an object"),
        ([0], r"must be a name, a list of names or an object"),
        (["nobody"], r"unknown node set 'nobody'"),
    ],
)
def test_wrong_conditions(select, conditions, words):
    with pytest.raises(FileError, match=words):
        select("mine", mine=conditions)


def test_whole_numbers_may_be_written_as_decimals(select):
    assert select("mine", mine={"node_id": [10.0, 20], "node_type_id": [100.0, 101]}) == [0, 4]


@pytest.mark.parametrize(
    "conditions, rows",
    [
        ({"x": {"$gt": 2}}, [3, 4, 5]),
        ({"x": {"$gte": 2, "$lt": 6}}, [1, 3, 4]),
        ({"x": {"$lte": 2.0}}, [0, 1]),
        ({"x": {"$in": [1, 5, 7]}}, [0, 4]),
        ({"x": {"$nin": [1, 5, 7]}}, [1, 3, 5]),
        ({"x": {"$ne": 4}}, [0, 1, 4, 5]),
        ({"x": {"$eq": 4}}, [3]),
        ({"node_id": {"$gte": 7}}, [0, 3, 4]),
        ({"node_id": {"$nin": [10, 3]}}, [2, 3, 4, 5]),
        ({"node_type_id": {"$lt": 101}}, [0, 1, 2, 3]),
        ({"ei": {"$regex": "^[a-h]"}}, [0, 1, 2, 3]),
        ({"ei": {"$in": ["i", "x"]}}, [4, 5]),
        ({"ei": {"$ne": "i"}, "population": "cells"}, [0, 1, 2, 3]),
        ({"model_template": {"$regex": "psc"}, "x": {"$gt": 4.5}}, [4, 5]),
        ({"population": {"$ne": "inputs"}, "x": 5}, [4]),
        ("cells", [0, 1, 2, 3, 4, 5]),
        (["cells", "inputs"], [0, 1, 2, 3, 4, 5]),
    ],
)
def test_operators_and_names_of_populations(select, conditions, rows):
    """NaN is no number, and virtual nodes, which have no `x` and no `ei`, meet no condition on these."""
    if isinstance(conditions, dict):
        assert select("mine", mine=conditions) == rows
    else:
        assert select(conditions) == rows


def test_a_set_of_that_name_comes_before_the_population(select):
    assert select("cells", cells={"node_id": 3}) == [1]


@pytest.mark.parametrize(
    "conditions, reason",
    [
        ({"layer": 4}, "; no node has an attribute 'layer'"),
        ({"pop_nam": "E"}, "; no node has an attribute 'pop_nam' (did you mean 'pop_name'?)"),
        ({"layer": {"$gt": 4}}, "; no node has an attribute 'layer'"),
        ({"ei": "x"}, ""),
        ({"pop_name": 5}, ""),
        ({"node_id": []}, ""),
    ],
)
def test_a_set_without_nodes_is_said(select, conditions, reason):
    assert select("mine", mine=conditions) == []
    assert select.notes[-1] == f"here: the node set 'mine' contains no node of this circuit{reason}"
