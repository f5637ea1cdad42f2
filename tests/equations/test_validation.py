"""Numbers of the literature and closed forms, measured on the simulator: rows of tests/helpers/validation/values.json.

How each row is measured is in the modules of tests/helpers/validation; rows that need parts which do not exist are in
its `LATER`.
"""

import pytest

from tests.helpers.tolerances import assert_row
from tests.helpers.validation.lab import FASTEST, Lab, fastest
from tests.helpers.validation.rows import LATER, MEASURES, ROWS, SKIPPED

pytestmark = pytest.mark.usefixtures("long_runs")
# One of each kind of experiment; bits are compared elsewhere, this is the reference on its own.
ON_NUMPY = "A1 A3 A7 B1b B1c B4 B8a C4 C7 C13 C14a C18b C21a D1a D1c D3a D12 D12b D13 D19a D22 H3"


def check(name, backend, precision):
    measure = MEASURES[name]
    measured = measure.function(Lab(backend, precision))
    grid = measure.grid if precision == "single" else 0.0
    assert_row(ROWS[name], measured, precision, measure.steps, grid)


def rows():
    """Yield every row in double precision, and every third one in single precision; `fuzz` has the others of these."""
    for number, name in enumerate(ROWS):
        if name in SKIPPED:
            yield pytest.param(name, "double", marks=pytest.mark.skip(reason=f"{name}: {SKIPPED[name]}"))
        else:
            yield name, "double"
            if not MEASURES[name].double:
                yield pytest.param(name, "single", marks=[pytest.mark.fuzz] * (number % 3 > 0))


@pytest.mark.parametrize(("name", "precision"), list(rows()))
def test_row(name, precision):
    check(name, FASTEST, precision)


@pytest.mark.parametrize("name", ON_NUMPY.split())
def test_row_on_the_reference_backend(name):
    if fastest() == "numpy":
        pytest.skip("no compiler and no GPU: test_row ran on numpy already")
    check(name, "numpy", "double")


def test_every_row_is_measured_or_skipped_by_name():
    assert len(ROWS) == 177
    assert sorted([*MEASURES, *SKIPPED]) == sorted(ROWS)
    assert len(" ".join(LATER.values()).split()) == len(SKIPPED)
