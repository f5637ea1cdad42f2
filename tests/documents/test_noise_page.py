"""The page on currents that fluctuate does what it says: V fluctuates as by the closed forms."""

import math
import re

import pytest

from tests.helpers.pages import python_blocks
from tests.helpers.paths import ROOT

PAGE = (ROOT / "docs" / "noise.md").read_text(encoding="utf-8")
(CODE,) = python_blocks(PAGE)
A, OF_SLOW = math.exp(-1.0 / 20.0), math.sqrt(5.0 / 25.0)  # what a piece leaves of V; std of V, in R std
EXPECTED = [20.0 * math.sqrt((1.0 - A) / (1.0 + A)), 5.0 * OF_SLOW, 10.0 * OF_SLOW]


def printed(code, capsys):
    exec(compile(code, "noise.md", "exec"), {})
    return [float(word) for line in capsys.readouterr().out.splitlines() for word in line.split()]


@pytest.mark.manual
def test_V_fluctuates_as_by_the_closed_forms(capsys):
    said = [float(x) for x in re.findall(r"# mV: ([\d.]+) and ([\d.]+)", CODE)[0]] + [4.47]
    assert said == [round(x, 2) for x in EXPECTED]
    assert printed(CODE, capsys) == pytest.approx(EXPECTED, rel=0.03)


@pytest.mark.fuzz
def test_the_page_needs_its_noise(capsys):
    """Half the noise makes half the fluctuation."""
    white, slow, louder = printed(CODE.replace("std=200.0", "std=100.0").replace("std=50.0", "std=25.0"), capsys)
    assert [2.0 * white, 2.0 * slow, louder] == pytest.approx(EXPECTED, rel=0.03)
