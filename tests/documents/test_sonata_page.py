"""The page on SONATA: its tables are those of the code, its lists complete, and its examples run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gpusyn import sonata
from gpusyn.sonata.node_sets import OPERATORS
from gpusyn.sonata.templates import NOT_HERE
from tests.helpers.pages import python_blocks
from tests.helpers.receptor_tables import with_tables
from tests.helpers.sonata_circuit import SmallCircuit
from tests.helpers.sonata_tables import PAGE, TABLES

TEXT = PAGE.read_text(encoding="utf-8")


def test_tables_are_up_to_date():
    assert with_tables(TEXT, TABLES) == TEXT, "python -m tests.helpers.sonata_tables"


@pytest.mark.parametrize("table", TABLES)
def test_a_wrong_table_is_found(table):
    place = TEXT.index("| `", TEXT.index(f"<!-- {table}"))
    assert with_tables(TEXT[:place] + "| `x" + TEXT[place + 3 :], TABLES) == TEXT


def test_all_operators_are_listed():
    (listed,) = re.findall(r"object of operators: (.*?)\. Nodes", TEXT, re.DOTALL)
    assert sorted(re.findall(r"`(\$\w+)`", listed)) == sorted(OPERATORS)


def test_what_is_not_here_is_listed():
    (section,) = re.findall(r"^## What is not here\n(.*?)^## ", TEXT, re.DOTALL | re.MULTILINE)
    for pattern in NOT_HERE:
        family = pattern.partition(":")[2].rstrip("*") or pattern.rstrip("*")
        assert re.search(family.replace("aeif", "iaf"), section, re.IGNORECASE), pattern


def test_examples_run(tmp_path, monkeypatch):
    small = SmallCircuit(tmp_path)
    small.simulation["run"]["tstop"] = 2.0
    monkeypatch.chdir(small.write().parent)
    found: dict[str, object] = {}
    for example in python_blocks(TEXT):
        exec(compile(example, "sonata.md", "exec"), found)
    template = sonata.TEMPLATES.pop("lab:three_ports")
    assert found["found"].problems == ()
    assert sonata.check_config("smallest.json").problems == ()
    result = sonata.run_config("smallest.json", backend="numpy")
    assert Path("output", "V.h5").is_file()
    assert len(result.spikes.times) > 0
    cell = template.make({key: one.default for key, one in template.parameters.items()})
    assert cell.receptor_types == {3: "in"}
