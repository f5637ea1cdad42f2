"""JSON files: one function reads them, and each kind of fault gives one error that names the file and the place."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpusyn.errors import FileError
from gpusyn.sonata import read_config
from gpusyn.sonata.json_file import DEEPEST, read_json
from tests.helpers.sonata_circuit import SmallCircuit, write_json


@pytest.fixture
def small(tmp_path):
    return SmallCircuit(tmp_path)


def test_a_byte_order_mark_is_skipped(small):
    path = small.write()
    plain = read_config(path)
    for file in small.folder.rglob("*.json"):
        file.write_bytes(file.read_text().encode("utf-8-sig"))
    assert read_config(path) == plain


@pytest.mark.parametrize(
    "content, words",
    [
        (b"", ["line 1: not valid JSON"]),
        (b'{"a": 1', ["line 1: not valid JSON"]),
        (b'{"a": 1}{"a": 1}', ["line 1: not valid JSON"]),
        ('{"a": 1}'.encode("utf-16"), ["is not text in UTF-8", "byte 0"]),
        (b'{"a": "\xff"}', ["is not text in UTF-8", "byte 7"]),
        (b"[]", ["one JSON object"]),
        (b"null", ["one JSON object"]),
        (b"[" * 100_000, ["nested more than 64 deep"]),
        (b'{"a":' * 100_000, ["nested more than 64 deep"]),
        (b'{"a":' * (DEEPEST + 1) + b"0" + b"}" * (DEEPEST + 1), ["nested more than 64 deep"]),
        (b'{"a": ' + b"[" * 500 + b"]" * 500 + b"}", ["nested more than 64 deep"]),
        (b'{"a": 1, "b": 2, "a": 1}', ["the key 'a' occurs twice"]),
        (b'{"a": {"b": [{"c": 0, "c": 0}]}}', ["the key 'c' occurs twice"]),
        (b'{"a": {"b": [0, NaN]}}', ["a.b[1]: must be a finite number (got nan)"]),
        (b'{"a": {"b": -Infinity}}', ["a.b: must be a finite number (got -inf)"]),
        (b'{"a": 1e999}', ["a: must be a finite number (got inf)"]),
        (b'{"a": 1' + b"0" * 400 + b"}", ["a: must be a finite number"]),
        (b'{"a": 1' + b"0" * 5000 + b"}", ["correct the file"]),
        (b'{"a": "x\\u0000.h5"}', ["a: must be plain text, without NUL"]),
        (b'{"a": ["\\ud800"]}', ["a[0]: must be plain text"]),
        (b'{"\\ud800": 0}', ["(top): must be plain text"]),
    ],
)
def test_what_is_no_plain_object_is_refused(tmp_path, content, words):
    path = tmp_path / "x.json"
    path.write_bytes(content)
    with pytest.raises(FileError) as caught:
        read_json(path)
    assert all(word in str(caught.value) for word in [f"{path}: ", *words]), caught.value
    assert "\n" not in str(caught.value)


plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc\0é", max_size=3), inner, max_size=3),
    max_leaves=12,
)  # fmt: skip


@given(data=st.dictionaries(st.text("abc", max_size=3), plain))
def test_what_json_writes_is_read_back(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("json") / "x.json"
    path.write_text(json.dumps(data))
    if "\\u0000" in json.dumps(data):
        with pytest.raises(FileError, match="without NUL"):
            read_json(path)
    else:
        assert read_json(path) == data


@pytest.mark.parametrize("junk", [0, False, "", "x", 1.5, [[]], [3]])
@pytest.mark.parametrize(
    "place",
    [
        ("circuit", "networks"),
        ("circuit", "networks", "nodes"),
        ("circuit", "networks", "edges"),
        ("circuit", "components"),
        ("circuit", "manifest"),
        ("simulation", "run"),
        ("simulation", "inputs"),
        ("simulation", "reports"),
        ("simulation", "output"),
        ("simulation", "conditions"),
        ("simulation", "node_sets"),
    ],
)
def test_a_section_of_another_type_is_refused_by_name(small, place, junk):
    """`"edges": 0` was taken for no edges at all."""
    document = getattr(small, place[0])
    for key in place[1:-1]:
        document = document[key]
    document[place[-1]] = junk
    with pytest.raises(FileError) as caught:
        read_config(small.write())
    assert f"{place[0]}_config.json" in str(caught.value)
    assert place[-1] in str(caught.value)


@pytest.mark.parametrize("junk", [0, False, [], {}, 1.5, ""])
@pytest.mark.parametrize("key", ["nodes_file", "node_types_file"])
def test_a_path_of_another_type_is_refused_by_name(small, key, junk):
    small.circuit["networks"]["nodes"][0][key] = junk
    with pytest.raises(FileError, match=rf"circuit_config\.json: networks\.nodes\[0\]\.{key}: must be a string"):
        read_config(small.write())


def test_names_that_no_file_system_has(small):
    small.circuit["networks"]["nodes"][0]["nodes_file"] = "x" * 5000
    with pytest.raises(FileError, match=r"networks\.nodes\[0\]\.nodes_file: no such file"):
        read_config(small.write())


def test_a_manifest_that_doubles_and_doubles(small):
    """Each variable stands for two of the one before: 2^60 characters."""
    doubled = {f"$V{i}": f"$V{i - 1}/$V{i - 1}" for i in range(1, 60)}
    small.circuit["manifest"] |= {"$V0": "x", **doubled}
    with pytest.raises(FileError, match=r"circuit_config\.json: manifest.*more than any path has"):
        read_config(small.write())


def test_configurations_that_name_each_other(tmp_path):
    write_json(tmp_path / "a.json", {"network": "b.json", "run": {"tstop": 1, "dt": 0.1}})
    write_json(tmp_path / "b.json", {"network": "a.json"})
    with pytest.raises(FileError, match=r"b\.json: networks: missing"):
        read_config(tmp_path / "a.json")
