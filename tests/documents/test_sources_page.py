"""The page on sources does what it says: rates, coefficients of variation, and the events that sums are planned for."""

import re

import pytest

from gpusyn.neurons.sources import GammaSource
from tests.helpers.pages import python_blocks
from tests.helpers.paths import ROOT

PAGE = (ROOT / "docs" / "sources.md").read_text(encoding="utf-8")
(CODE,) = python_blocks(PAGE)


@pytest.mark.fuzz
def test_rates_are_equal_and_intervals_vary_as_they_should(capsys):
    exec(compile(CODE, "sources.md", "exec"), {})
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    wanted = [float(n) for n in re.search(r"is about (.*?)\.\n", PAGE)[1].replace("and", ",").split(",") if n.strip()]
    assert [row[0] for row in rows] == ["poisson", "refractory", "regular", "bursts"]
    assert [float(row[1]) for row in rows] == pytest.approx([40.0] * 4, rel=0.02)
    assert [float(row[2]) for row in rows] == pytest.approx(wanted, rel=0.04)


def test_bursts_need_the_room_that_the_page_says():
    many, few = (GammaSource(40.0, shape).most_events(0.1, "here") for shape in (0.1, 1.0))
    assert round(many / few) == 7, (many, few)
