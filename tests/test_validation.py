"""Numbers of the literature and closed forms, measured on the simulator: rows of validation_values.json."""

import pytest
import validation_gates  # noqa: F401
from tolerances import assert_row
from validation_lab import MEASURES, ROWS, Lab, fastest


@pytest.mark.parametrize("precision", ["double", "single"])
@pytest.mark.parametrize("name", MEASURES)
def test_row(name, precision):
    measure = MEASURES[name]
    measured = measure.function(Lab(fastest(), precision))
    grid = measure.grid if precision == "single" else 0.0
    assert_row(ROWS[name], measured, precision, measure.steps, grid)
