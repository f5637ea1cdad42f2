"""The rows that there are, how each is measured, and which are not and why."""

from __future__ import annotations

# Importing these modules registers their measurements.
from tests.helpers.validation import (  # noqa: F401
    calcium,
    cells,
    drugs,
    gates,
    learning,
    models,
    networks,
    neuron,
    nmda,
    poisson,
    release,
    schemes,
    short_term,
)
from tests.helpers.validation.lab import MEASURES, ROWS

__all__ = ["LATER", "MEASURES", "ROWS", "SKIPPED"]

# Skipped by name, with the reason.
LATER = {
    "it is of another model, with a third state, inactive, that no receptor here has": "F7",
    "it is a closed form that leaves out the cubic of the model; tests/plasticity/test_calcium.py measures both": (
        "G4c G5c G6c"
    ),
    "the published script uses Euler steps of 0.5 ms, which gpusyn does not have": "H6b",
    "it is of an infinite network in continuous time; docs/models.md compares it": "I2 I3 I4 I5",
}
SKIPPED = {name: reason for reason, names in LATER.items() for name in names.split()}
