"""The comparison of two back ends of PyNN rejects what it must."""

import numpy as np
import pytest

from tests.helpers.pynn_scripts.compare import compare
from tests.helpers.pynn_scripts.observed import Observed
from tests.helpers.pynn_scripts.registry import SCRIPTS
from tests.helpers.pynn_scripts.table import PAGE

VALUES = Observed(np.array([[1.0, 2.0], [3.0, np.nan]]), 0.1, "mV")


def changed(values):
    """The same observation with other values."""
    return VALUES._replace(values=np.asarray(values))


def test_a_difference_is_the_largest():
    assert VALUES.difference(VALUES) == 0.0
    assert VALUES.difference(changed([[1.0, 2.5], [3.1, np.nan]])) == pytest.approx(0.5)


@pytest.mark.parametrize(
    "values", [[1.0, 2.0, 3.0], [[1.0, 2.0], [3.0, 4.0]], [[np.nan, 2.0], [3.0, np.nan]], np.zeros((0, 2))]
)
def test_missing_values_differ_without_limit(values):
    assert VALUES.difference(changed(values)) == float("inf")
    assert changed(values).difference(VALUES) == float("inf")


def test_each_quantity_is_compared_with_its_own_limit():
    seen = {
        "gpusyn": {"one": {"v": VALUES, "w": changed([[1.0, 2.0], [3.2, np.nan]])}},
        "nest": {"one": {"v": VALUES, "w": VALUES}},
    }
    assert [found.is_close for found in compare(seen, "one")] == [True, False]


@pytest.mark.parametrize("broken", ["gpusyn", "nest"])
def test_an_error_of_a_script_and_a_missing_quantity_fail(broken):
    seen = {name: {"one": {"v": VALUES}} for name in ("gpusyn", "nest")}
    with pytest.raises(AssertionError, match=rf"one on {broken}:\s+ValueError: no"):
        compare(seen | {broken: {"one": "ValueError: no"}}, "one")
    with pytest.raises(AssertionError):
        compare(seen | {broken: {"one": {}}}, "one")


def test_the_page_has_a_line_for_each_script():
    lines = PAGE.read_text(encoding="utf-8").split("<!-- nest")[1].splitlines()
    named = [line.split("`")[1] for line in lines if line.startswith("| `")]
    assert sorted(named) == sorted(SCRIPTS), "run python -m tests.helpers.pynn_scripts.table"
