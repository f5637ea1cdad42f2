"""The page on PyNN: its examples run, and its tables name every type that PyNN has."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tests.helpers.paths import ROOT
from tests.helpers.pynn import needs_pynn

pytestmark = [pytest.mark.oracle, needs_pynn]

TEXT = (ROOT / "docs" / "pynn.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```python\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
PREPARED = "import gpusyn.pynn\n"  # a checkout has no file among PyNN's back ends


def printed(code: str) -> list[str]:
    """Return what an example prints in a process of its own."""
    command = [sys.executable, "-W", "error", "-W", "ignore::DeprecationWarning", "-c", PREPARED + code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout.splitlines()


def named(title: str) -> str:
    """Return a section of the page."""
    (found,) = re.findall(rf"^## {title}\n(.*?)^## ", TEXT, re.DOTALL | re.MULTILINE)
    return found


def test_the_first_example_runs():
    rate, shapes = printed(EXAMPLES[0])
    assert 1.0 < float(rate.split()[0]) < 100.0
    assert shapes == "[(5001, 3), (5001, 3)]"


def test_connections_are_drawn_and_listed():
    counts, first = printed(EXAMPLES[1])
    assert counts == "500 500"
    assert re.fullmatch(r"\(0, \d+, 0\.00[12]\d+, 0\.5\)", first)


def test_what_is_set_between_runs_acts():
    (line,) = printed(EXAMPLES[2])
    before, after = eval(line)
    assert 0 < before != after > 0


def test_every_cell_type_is_in_the_table_or_left_out():
    from pyNN.standardmodels import cells

    import gpusyn.pynn as sim

    table, left_out = named("Cell types").split("These have no exact form")
    here = set(sim.list_standard_models())
    assert here <= set(re.findall(r"\w+", table))
    every = {name for name, one in vars(cells).items() if isinstance(one, type) and issubclass(one, cells.StandardCellType)}
    others = every - here - {"StandardCellType"}
    assert others == set(re.findall(r"`(\w+)`", left_out)) & every


def test_every_synapse_type_is_in_the_table():
    from pyNN.standardmodels import synapses

    import gpusyn.pynn as sim

    section = named("Synapse types")
    kinds = (synapses.StandardSynapseType, synapses.STDPWeightDependence, synapses.STDPTimingDependence)
    every = {n for n, one in vars(synapses).items() if isinstance(one, type) and issubclass(one, kinds)}
    for name in every - {one.__name__ for one in kinds}:
        assert f"`{name}`" in section, name
        assert getattr(sim, name).__module__ == "gpusyn.pynn.synapses"
