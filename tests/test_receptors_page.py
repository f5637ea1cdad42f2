"""The tables of docs/receptors.md are those of the classes."""

from __future__ import annotations

import pytest
from receptor_tables import PAGE, TABLES, with_tables

TEXT = PAGE.read_text(encoding="utf-8")


def test_tables_are_up_to_date():
    assert with_tables(TEXT) == TEXT, "python tests/receptor_tables.py"


@pytest.mark.parametrize("table", TABLES)
def test_a_wrong_number_is_found(table):
    begin = TEXT.index(f"<!-- {table}")
    digit = next(k for k in range(TEXT.index("\n", begin), len(TEXT)) if TEXT[k].isdigit())
    other = "8" if TEXT[digit] != "8" else "7"
    assert with_tables(TEXT[:digit] + other + TEXT[digit + 1 :]) == TEXT
