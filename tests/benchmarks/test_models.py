"""The tables of docs/models.md: complete, within what they allow, and what the demos give."""

from __future__ import annotations

import re

import pytest

from benchmarks.models import HEADER, PAGE, number, row, simulated, table, written
from gpusyn.models.catalogue import DEMONSTRATIONS
from gpusyn.models.demonstration import Published

TEXT = PAGE.read_text(encoding="utf-8")
SHOWN = re.findall(r"^<!-- (\w+): numbers -->$", TEXT, re.MULTILINE)


def rows(name):
    """The cells of a model's table in the page."""
    begin = TEXT.index(f"<!-- {name}: numbers -->")
    lines = TEXT[begin : TEXT.index("<!-- end -->", begin)].splitlines()
    cells = [line.strip("| ").split(" | ") for line in lines if line.startswith("| ")]
    assert tuple(cells[0]) == HEADER
    return cells[2:]


@pytest.mark.parametrize("name", SHOWN)
def test_every_published_number_is_in_the_table_and_within_what_is_allowed(name):
    found = {}
    for label, _, full, value, difference, allowed, source in rows(name):
        if value == "-":
            continue
        found.setdefault(label, []).append((value, source))
        apart = float(difference.removesuffix(" %"))
        assert apart == pytest.approx(100 * (float(full) / float(value) - 1), abs=0.6), label
        if allowed != "-":
            assert abs(apart) <= float(allowed.removesuffix(" %")), label
    for label in DEMONSTRATIONS[name].published:
        known = [(f"{one.value:g}", one.source) for one in DEMONSTRATIONS[name].publications(label)]
        assert found.pop(label) == known
    assert found == {}


@pytest.mark.parametrize("name", SHOWN)
def test_every_model_has_its_section_and_its_figure(name):
    assert re.search(rf"^## {name}$", TEXT, re.MULTILINE)
    assert f"](figures/model_{name}.png)" in TEXT


def test_a_row_has_what_is_measured_beside_what_is_published():
    known = Published(5.0, 0.25, "a paper")
    assert row("rate (Hz)", 5.123, 5.5, known) == ("rate (Hz)", "5.12", "5.5", "5", "+10.0 %", "25 %", "a paper")
    assert row("rate (Hz)", 5.123, 5.5, known._replace(tolerance=None))[5] == "-"
    assert row("rate (Hz)", 5.123, 5.5, None)[3:] == ("-",) * 4


def test_a_table_replaces_that_of_its_model_alone():
    page = "a\n<!-- x: numbers -->\n\nold\n\n<!-- end -->\nb\n<!-- y: numbers -->\nkept\n<!-- end -->\n"
    found = written(page, "x", "new")
    assert found == page.replace("old", "new")
    with pytest.raises(SystemExit, match="no place for the numbers of z"):
        written(page, "z", "new")


def test_a_number_with_several_publications_has_several_rows():
    shown = DEMONSTRATIONS["brunel"]
    numbers = {"AI: rate (Hz)": 38.0, "AI: CV of intervals": 0.4}
    lines = table(shown, numbers, numbers).splitlines()
    assert [line.split(" | ")[3] for line in lines[4:]] == ["37.7", "38", "-"]


@pytest.mark.fuzz
@pytest.mark.usefixtures("optimised")
@pytest.mark.parametrize("name", SHOWN)
def test_demos_give_the_numbers_of_the_page(name):
    """Bit for bit, since all backends do."""
    measured = simulated(DEMONSTRATIONS[name], full=False)
    assert {label: demo for label, demo, *_ in rows(name)} == {label: number(one) for label, one in measured.items()}
