"""The tables of docs/receptors.md are those of the classes, and its network fires as it says."""

from __future__ import annotations

import pytest

import gpusyn as gs
from tests.helpers.pages import python_blocks
from tests.helpers.receptor_tables import DRUGS, PAGE, TABLES, with_tables

TEXT = PAGE.read_text(encoding="utf-8")


def test_tables_are_up_to_date():
    assert with_tables(TEXT) == TEXT, "python -m tests.helpers.receptor_tables"


@pytest.mark.parametrize("table", TABLES)
def test_a_wrong_number_is_found(table):
    begin = TEXT.index(f"<!-- {table}")
    digit = next(k for k in range(TEXT.index("\n", begin), len(TEXT)) if TEXT[k].isdigit())
    other = "8" if TEXT[digit] != "8" else "7"
    assert with_tables(TEXT[:digit] + other + TEXT[digit + 1 :]) == TEXT


@pytest.mark.manual
def test_the_network_of_brunel_is_irregular(capsys):
    (code,) = python_blocks(TEXT)
    exec(compile(code, "receptors.md", "exec"), {})
    rate, cv = map(float, capsys.readouterr().out.split())
    assert rate == pytest.approx(40.0, rel=0.1)
    assert cv == pytest.approx(1.0, abs=0.15)


@pytest.mark.parametrize("drug", DRUGS)
def test_drugs_that_the_table_calls_per_synapse_make_gates_on_synapses(drug):
    net = gs.Network()
    cell = net.population("cell", 1, gs.LIF(), receptors=[gs.AMPA(), gs.NMDA(), gs.GABA_A()])
    axon = net.population("axon", 1, gs.SpikeSource([1.0]))
    net.connect(axon, cell, gs.AllToAll(), weight={"AMPA": 1.0, "NMDA": 1.0, "GABA_A": 1.0})
    net.infuse(drug, 1.0, start=10.0)
    (row,) = [line for line in TABLES["drugs"]().splitlines() if f"`{drug}`" in line]
    assert ("per-synapse gates" in str(gs.plan(net, dt=0.1))) == ("per-synapse" in row)
