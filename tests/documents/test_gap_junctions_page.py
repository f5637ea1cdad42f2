"""The page on gap junctions does what it says: coupled cells fire together; and they take the bytes that it names."""

import re

import pytest

import gpusyn as gs
from tests.helpers.pages import python_blocks
from tests.helpers.paths import ROOT

PAGE = (ROOT / "docs" / "gap_junctions.md").read_text(encoding="utf-8")
(CODE,) = python_blocks(PAGE)


@pytest.mark.manual
def test_coupled_cells_fire_together(capsys):
    exec(compile(CODE, "gap_junctions.md", "exec"), {})
    printed = [float(line) for line in capsys.readouterr().out.split()]
    told = [float(number) for number in re.findall(r"# ([\d.]+) ms$", CODE, re.MULTILINE)]
    assert printed == pytest.approx(told, abs=0.051)
    assert told[0] > 10.0
    assert told[1] < 0.1


def test_bytes_are_those_of_the_plan():
    net = gs.Network()
    cells = net.population("cells", 500, gs.LIF())
    net.couple(cells, cells, gs.FixedTotalNumber(2000))
    each, neuron, host = map(
        int, re.search(r"(\d+) bytes for each junction.*?(\d+) bytes, and (\d+) on", PAGE, re.DOTALL).groups()
    )
    plan = gs.plan(net, dt=0.1)
    assert "gap junctions: 2000 of cells<->cells; a row for each of two neurons" in plan.describe()
    assert plan.bytes["gap junctions"] == 2000 * each + 500 * (neuron + host) + 8  # and one more bound


def test_the_table_has_every_rule():
    for rule in gs.connectivity.RULES:
        assert f"`{rule}" in PAGE
