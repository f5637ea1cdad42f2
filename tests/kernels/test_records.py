"""Every record of an integer table has the same fields in Python and in the kernels' text."""

from __future__ import annotations

import re

import pytest

from gpusyn.kernels.records import RECORDS
from gpusyn.kernels.source import read_kernel
from gpusyn.kernels.spec import KERNELS

TEXT = read_kernel("records.cuh")


def structs_of(text: str) -> dict[str, tuple[str, ...]]:
    """The fields of each struct of the text, which holds structs of int64 fields and comments only."""
    structs = {}
    rest = re.sub(r"//[^\n]*|#pragma once", "", text)
    for m in re.finditer(r"struct (\w+) \{\s*int64 ([\w,\s]+);\s*\};", rest):
        structs[m[1]] = tuple(re.findall(r"\w+", m[2]))
        rest = rest.replace(m[0], "")
    assert not rest.strip(), f"not read: {rest.strip()!r}"
    return structs


def test_both_sides_have_the_same_records():
    assert list(structs_of(TEXT)) == list(RECORDS)


@pytest.mark.parametrize("name", RECORDS)
def test_a_record_has_the_fields_of_its_struct(name):
    assert structs_of(TEXT)[name] == RECORDS[name]._fields


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("int64 scale, magnesium, kinetics;", "int64 scale, kinetics, magnesium;"),
        ("int64 scale, magnesium, kinetics;", "int64 scale, magnesium;"),
        ("int64 scale, magnesium, kinetics;", "int64 scale, magnesium, kinetics, dose;"),
        ("int64 scale, magnesium, kinetics;", "int64 scale, magnesium, coefficients;"),
    ],
    ids=["order", "fewer", "more", "name"],
)
def test_the_comparison_can_fail(old, new):
    assert TEXT.count(old) == 1
    assert structs_of(TEXT.replace(old, new))["Bath"] != RECORDS["Bath"]._fields


@pytest.mark.parametrize("change", ["int64 scale, *magnesium, kinetics;", "int scale, magnesium, kinetics;"])
def test_a_field_of_another_type_is_not_overlooked(change):
    with pytest.raises(AssertionError, match="not read"):
        structs_of(TEXT.replace("int64 scale, magnesium, kinetics;", change))


def test_plans_of_a_backend_rest_on_tables_and_places_only():
    assert KERNELS["deliver_spikes"].tables == (
        "route_begin", "routes", "ages", "segment_begin", "segment_sizes", "shared", "histories",
    )  # fmt: skip
    assert KERNELS["advance_rising"].tables == ("sets", "blocks", "row_begin", "address")
    written = {(spec.name, a.name) for spec in KERNELS.values() for a in spec.arguments if a.intent == "inout"}
    assert not written & {(spec.name, name) for spec in KERNELS.values() for name in spec.tables}


def test_every_record_is_the_row_of_some_argument():
    assert {a.ctype for spec in KERNELS.values() for a in spec.arguments if a.record} == set(RECORDS)
