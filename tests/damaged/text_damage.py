"""Damage to what a JSON or CSV file says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.damaged.byte_damage import Random, any_of

JUNK: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 0.5, 1e308, 1e-300, 10**400, float("nan"), float("inf"), 2**63, -(2**70),
    "", " ", "x", "$X", "${", ".", "..", "/", "../../x.h5", "/etc/passwd", "a\0b", "\ud800", "x" * 5000,
    "network/cells.h5", "inputs", "watched", "cells", [], [[]], [0], ["x"], [None], [[1], "x"], [{}], [1e20], [0.5],
    ["watched", "watched"], {}, {"x": 0}, {"": {}}, {"a": {"b": []}},
)  # fmt: skip
FIELDS = ("", "NULL", "nan", "inf", "-1", "0.5", "1e400", "x", '"', "9" * 30, "é", "\0", "x" * 200_000, "/etc/passwd",
          "..", "node_type_id", "100", "weight_function", '"a\nb"')  # fmt: skip


def paths(data: Any, above: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the keys that lead to every value of a JSON document."""
    inside = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [above] * bool(above) + [path for key, value in inside for path in paths(value, (*above, key))]


def inside(data: Any, place: tuple[Any, ...]) -> Any:
    """Return the object or list that holds a value."""
    for key in place[:-1]:
        data = data[key]
    return data


def deep(data: Any, random: Random) -> str:
    """Nest lists or objects without end, or nearly, in place of a value or of all."""
    text = any_of(random, ("[" * 100_000, '{"a":' * 50_000, "[" * 900 + "]" * 900, '{"a":' * 5000 + "1" + "}" * 5000))
    if not random.integers(2) or not paths(data):
        return str(text)
    place = any_of(random, paths(data))
    inside(data, place)[place[-1]] = "@"
    return json.dumps(data).replace('"@"', text)


def encoded(data: Any, random: Random) -> bytes:
    """Write text in another encoding, or not quite JSON."""
    text = json.dumps(data)
    found: bytes = any_of(random, (
        text.encode("utf-8-sig"), text.encode("utf-16"), text.encode("utf-32"), text.encode() + b"\xff",
        b"", b"\0" * 30, b"null", b"[]", b"0", b'"x"', text.encode() * 2,
        text.replace('"', '"\\ud800', 1).encode(), text.replace("{", '{"run": 0, "run": 1,', 1).encode(),
    ))  # fmt: skip
    return found


def change_json(path: Path, kind: str, random: Random) -> None:
    data = json.loads(path.read_text())
    if kind == "deep":
        path.write_text(deep(data, random))
    elif kind == "encoded":
        path.write_bytes(encoded(data, random))
    elif places := paths(data):
        place = any_of(random, places)
        if kind == "deleted":
            del inside(data, place)[place[-1]]
        else:
            inside(data, place)[place[-1]] = any_of(random, JUNK)
        path.write_text(json.dumps(data))


def change_csv(path: Path, kind: str, random: Random) -> None:
    lines = path.read_text().splitlines()
    fields = [line.split(" ") for line in lines]
    row = any_of(random, fields)
    column = int(random.integers(len(row)))
    if kind == "deleted":
        del row[column]
    else:
        row[column] = any_of(random, FIELDS)
    path.write_text("\n".join(" ".join(line) for line in fields) + "\n")
