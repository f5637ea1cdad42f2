"""The page on PyNN: its examples run, and its tables name every type that PyNN has."""

from __future__ import annotations

import re

import pytest

from tests.helpers.pages import Page, python_blocks
from tests.helpers.paths import ROOT
from tests.helpers.pynn import needs_pynn

pytestmark = [pytest.mark.oracle, needs_pynn]

PAGE = Page(ROOT / "docs" / "pynn.md")
TEXT = PAGE.text


def named(title: str) -> str:
    """Return a section of the page."""
    (found,) = re.findall(rf"^## {title}\n(.*?)^## ", TEXT, re.DOTALL | re.MULTILINE)
    return found


@pytest.mark.usefixtures("long_runs")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of PyNN
def test_examples_print_what_the_page_says(tmp_path):
    import gpusyn.pynn  # noqa: F401 - registers the name

    assert len(python_blocks(TEXT)) == 3
    PAGE.play(tmp_path)


def test_every_cell_type_is_in_the_table_or_left_out():
    from pyNN.standardmodels import cells

    import gpusyn.pynn as sim

    table, left_out = named("Cell types").split("These have no exact form")
    here = set(sim.list_standard_models())
    assert here <= set(re.findall(r"\w+", table))
    every = {
        name for name, one in vars(cells).items() if isinstance(one, type) and issubclass(one, cells.StandardCellType)
    }
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
