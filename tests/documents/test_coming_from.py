"""Every name of gpusyn in the tables of docs/coming_from exists, with the arguments that the tables give it."""

import pytest

import gpusyn as gs
from tests.helpers.name_tables import Row, faults, row_faults, rows
from tests.helpers.paths import ROOT

FOLDER = ROOT / "docs" / "coming_from"
PAGES = {"nest": "NEST", "brian2": "Brian2", "pynn": "PyNN", "genn": "GeNN"}


def table(page: str) -> list[Row]:
    return list(rows((FOLDER / f"{page}.md").read_text(encoding="utf-8"), PAGES[page]))


def test_there_is_a_page_for_each():
    assert sorted(PAGES) == sorted(path.stem for path in FOLDER.glob("*.md"))


@pytest.mark.parametrize("page", PAGES)
def test_names_of_gpusyn_exist(page):
    found = table(page)
    assert len(found) > 30
    assert [fault for row in found for fault in row_faults(row)] == []


@pytest.mark.parametrize("page", PAGES)
def test_expressions_can_be_evaluated(page):
    """Expressions of `gs` alone are also run: argument values are right, not only their names."""
    spans = {span for row in table(page) if row.model is None for span in row.ours if "(" in span}
    alone = [span for span in spans if not any(name in span for name in ("net", "sim.", "spikes.", "traces."))]
    assert len(alone) > 5
    for span in alone:
        if "gs.Simulator" not in span:
            eval(span, {"gs": gs})


@pytest.mark.parametrize(
    "wrong",
    [
        "gs.STPD",
        "gs.LIF(tau_m=20.0)",
        "net.conect",
        "sim.data.rates",
        "tau_m",
        "gs.kinetics.Beta(2.0)",
        "not an expression",
    ],
)
def test_what_is_not_there_is_found(wrong):
    assert faults(wrong)


def test_a_parameter_that_is_not_there_is_found():
    assert row_faults(Row(["cm"], ["C"], "gs.LIF")) == ["gs.LIF has no parameter C"]
    assert row_faults(Row(["cm"], ["C_m"], "gs.LIF")) == []
