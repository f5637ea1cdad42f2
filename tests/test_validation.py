"""Numbers of the literature and closed forms, measured on the simulator: rows of validation_values.json.

How each row is measured is in the modules validation_*.py; rows that need parts which do not exist are in `LATER`.
"""

import importlib

import pytest
from tolerances import assert_row
from validation_lab import MEASURES, ROWS, Lab, fastest

for _module in ("gates", "schemes", "nmda", "cells", "neuron", "models", "poisson", "drugs"):
    importlib.import_module(f"validation_{_module}")  # registers its rows

# Skipped by name, with the reason.
LATER = {
    "gpusyn has no short-term plasticity yet": "F1 F2 F3 F4 F5 F6 F7 F8",
    "gpusyn has no long-term plasticity yet": (
        "G1 G2 G3_1_p G3_1_m G3_10_p G3_10_m G3_20_p G3_20_m G3_40_p G3_40_m G3_50_p G3_50_m "
        "G4a G4b G4c G5a G5b G5c G6a G6b G6c G7 G8 G9"
    ),
    "the published script uses Euler steps of 0.5 ms, which gpusyn does not have": "H6b",
    "gpusyn has no such benchmark network yet, and a closed form is not an output of a simulation": (
        "I1 I2 I3 I4 I5 I6 I7 I8 I9 I10 I13 I14 I15 I17 I18"
    ),
}
SKIPPED = {name: reason for reason, names in LATER.items() for name in names.split()}

# One of each kind of experiment; bits are compared elsewhere, this is the reference on its own.
ON_NUMPY = "A1 A3 A7 B1b B1c B4 B8a C4 C7 C13 C14a C18b C21a D1a D1c D3a D12 D12b D13 D19a D22 H3"


def check(name, backend, precision):
    measure = MEASURES[name]
    measured = measure.function(Lab(backend, precision))
    grid = measure.grid if precision == "single" else 0.0
    assert_row(ROWS[name], measured, precision, measure.steps, grid)


def rows():
    for name in ROWS:
        if name in SKIPPED:
            yield pytest.param(name, "double", marks=pytest.mark.skip(reason=f"{name}: {SKIPPED[name]}"))
        else:
            yield name, "double"
            if not MEASURES[name].double:
                yield name, "single"


@pytest.mark.parametrize(("name", "precision"), list(rows()))
def test_row(name, precision):
    check(name, fastest(), precision)


@pytest.mark.skipif(fastest() == "numpy", reason="no compiler and no GPU: test_row ran on numpy already")
@pytest.mark.parametrize("precision", ["double", "single"])
@pytest.mark.parametrize("name", ON_NUMPY.split())
def test_row_on_the_reference_backend(name, precision):
    check(name, "numpy", precision)


def test_every_row_is_measured_or_skipped_by_name():
    assert len(ROWS) == 177
    assert sorted([*MEASURES, *SKIPPED]) == sorted(ROWS)
    assert len(" ".join(LATER.values()).split()) == len(SKIPPED)
