"""Node sets that refer to one another, deep and in circles, and conditions of every type."""

from __future__ import annotations

import pytest

from gpusyn.errors import FileError
from gpusyn.sonata import read_config
from gpusyn.sonata.circuit import DEEPEST, read_circuit
from tests.helpers.sonata_circuit import SmallCircuit


@pytest.fixture
def select(tmp_path):
    """Return a function that selects one of some node sets; its result is the rows of `cells`."""
    small = SmallCircuit(tmp_path)

    def call(name, **sets):
        small.node_sets |= sets
        circuit = read_circuit(read_config(small.write()))
        return circuit.select(name, "here")["cells"].tolist()

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
        ({"node_id": []}, r"contains no node"),
        ({"pop_name": 5}, r"type 100: pop_name: must be a finite number"),
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
