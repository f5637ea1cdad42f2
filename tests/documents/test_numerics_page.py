"""The page on physics and numerics names rows of the validation table that exist and are measured."""

import re

from tests.helpers.paths import ROOT
from tests.helpers.validation.rows import MEASURES

PAGE = (ROOT / "docs" / "physics" / "numerics.md").read_text(encoding="utf-8")


def named(text: str) -> set[str]:
    """Return the rows that a text names, as `D23` or, of a range, by its ends."""
    return set(re.findall(r"\b([A-J]\d+[a-c]?)\b", text))


def unknown(names: set[str]) -> list[str]:
    """Return the names of no row; `D23` stands for D23a and D23b."""
    return sorted(name for name in names if not any(re.fullmatch(rf"{name}[a-z]?", row) for row in MEASURES))


def test_rows_exist_and_are_measured():
    names = named(PAGE)
    assert len(names) > 12
    assert unknown(names) == []


def test_a_row_that_is_not_there_is_found():
    assert unknown(named("rows A1, D23 and D99")) == ["D99"]
