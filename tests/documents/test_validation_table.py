"""docs/validation.md says what the simulator gives: its rows are the rows there are, and a sample is measured again."""

import pytest

from tests.helpers.validation.rows import MEASURES, ROWS, SKIPPED
from tests.helpers.validation.table import PAGE, cell, line

HEADINGS = ("| row |", "|---")
SAMPLE = "A1 B4 C4 D12"


def committed():
    """Lines of the page's tables, by row."""
    lines = [one for one in PAGE.read_text(encoding="utf-8").splitlines() if one.startswith("|")]
    lines = [one for one in lines if not one.startswith(HEADINGS)]
    return [(one.split(" | ")[0].removeprefix("| "), one) for one in lines]


def test_lists_every_row_once():
    names = [name for name, _ in committed()]
    assert sorted(names) == sorted(ROWS)
    assert [name for name in names if name in MEASURES] == [name for name in ROWS if name in MEASURES]


def test_rows_not_measured_give_the_reason():
    lines = dict(committed())
    for name, reason in SKIPPED.items():
        assert lines[name].endswith(f"| {cell(reason)} |"), name


def test_every_measured_row_passes():
    lines = dict(committed())
    assert [name for name in MEASURES if not lines[name].endswith("| yes |")] == []


@pytest.mark.parametrize("name", SAMPLE.split())
def test_sample_measured_again(name):
    assert dict(committed())[name] == line(name, "numpy"), "run python -m tests.helpers.validation.table --write"
