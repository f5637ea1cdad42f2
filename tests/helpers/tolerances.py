"""The one table of tolerances, and the comparisons that use it.

Nothing is compared loosely by accident: a comparison names its line of the table, nothing empty or all zero passes
for a result, and every helper is itself tested to reject what it must (test_tolerances.py).
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np


class Tolerance(NamedTuple):
    """Relative tolerances of one kind of comparison, by precision, and where they come from."""

    single: float
    double: float
    why: str


TABLE = {
    "formula": Tolerance(2e-6, 1e-12, "one evaluation: a few roundings (single: science.md section 6)"),
    "gates": Tolerance(2e-5, 1e-11, "lumped against per-synapse gates (design.md section 4)"),
    "current-based": Tolerance(2e-5, 1e-12, "exact at any dt: only rounding is left"),
    "integrated": Tolerance(2e-5, 1e-10, "against an adaptive integration to 1e-12"),
    "dopamine": Tolerance(1e-5, 1e-12, "three factors against plain loops, of w_max: some hundred steps"),
    "release": Tolerance(2e-6, 1e-12, "against the plain recursion, of the largest conductance"),
    "learning": Tolerance(2e-6, 1e-12, "against plain loops, of w_max: some hundred changes, each rounded"),
}
DRIFT = 6e-8  # a step: what rounding the stored propagator to float32 adds to a relative error (science.md section 6)
ORDER = 0.1  # of an observed order of convergence (rows D23b and D24b)


def row_limit(row: dict[str, Any], precision: str, steps: int = 1, grid: float = 0.0) -> float:
    """Largest difference from the row's value that is allowed.

    Parameters
    ----------
    row : dict
        One row of validation_values.json: value, rtol or atol.
    precision : {"single", "double"}
        Single precision widens a tighter rtol to 2e-6 + 6e-8 `steps`.
    steps : int
        Steps that lead to the value.
    grid : float
        Time step of a time that was read from a grid (ms); 0 for anything else.
    """
    if row["atol"] is not None:
        limit = float(row["atol"])
    else:
        rtol = float(row["rtol"])
        if precision == "single":
            rtol = max(rtol, TABLE["formula"].single + DRIFT * steps)
        limit = rtol * abs(float(row["value"]))
    return max(limit, grid)


def assert_row(row: dict[str, Any], measured: float, precision: str, steps: int = 1, grid: float = 0.0) -> None:
    """Compare a measured number with its row."""
    limit, wanted = row_limit(row, precision, steps, grid), float(row["value"])
    error = abs(float(measured) - wanted)
    assert error <= limit, (
        f"{row['id']} ({row['statement']}): measured {measured:.9g} {row['unit']}, expected {wanted:.9g}; "
        f"off by {error:.3g} (relative {error / abs(wanted) if wanted else math.inf:.2g}), allowed {limit:.3g}"
    )


def assert_close(measured: Any, expected: Any, kind: str, precision: str = "double") -> None:
    """Compare arrays element by element, relative to each expected value: what is expected to be 0 must be 0."""
    measured, expected = np.asarray(measured, np.float64), np.asarray(expected, np.float64)
    assert measured.shape == expected.shape, f"shapes {measured.shape} and {expected.shape}"
    assert expected.size, "nothing to compare"
    assert np.any(expected), "the expected values are all zero: nothing would be tested"
    scale, rtol = np.abs(expected), getattr(TABLE[kind], precision)
    wrong = ~(np.abs(measured - expected) <= rtol * scale)  # NaN is wrong too
    if wrong.any():
        error = np.where(wrong, np.abs(measured - expected) / np.where(scale > 0, scale, 1.0), 0.0)
        place = np.unravel_index(np.argmax(np.where(np.isnan(error), np.inf, error)), error.shape)
        raise AssertionError(
            f"{wrong.sum()} of {wrong.size} values differ by more than {rtol:g} ({kind}, {precision}); the most at "
            f"{tuple(map(int, place))}: {measured[place]:.12g}, expected {expected[place]:.12g}, "
            f"relative {error[place]:.3g}"
        )


def assert_traces(measured: Any, expected: Any, kind: str, precision: str = "double") -> None:
    """Compare traces, one column per neuron, relative to the largest expected value of each; a quiet one stays so."""
    measured, expected = np.asarray(measured, np.float64), np.asarray(expected, np.float64)
    assert measured.shape == expected.shape, f"shapes {measured.shape} and {expected.shape}"
    assert np.any(expected), "the expected values are all zero: nothing would be tested"
    scale, rtol = np.abs(expected).max(axis=0), getattr(TABLE[kind], precision)
    wrong = ~(np.abs(measured - expected) <= rtol * scale)  # NaN is wrong too
    assert not wrong.any(), (
        f"{wrong.sum()} of {wrong.size} values differ by more than {rtol:g} of their neuron's largest ({kind}, "
        f"{precision}); by up to {np.nanmax(np.abs(measured - expected) / np.where(scale > 0, scale, 1.0)):.3g}"
    )


def assert_within(measured: Any, expected: Any, scale: float, kind: str, precision: str = "double") -> None:
    """Compare arrays element by element, relative to a scale for all."""
    measured, expected = np.asarray(measured, np.float64), np.asarray(expected, np.float64)
    assert measured.shape == expected.shape, f"shapes {measured.shape} and {expected.shape}"
    assert expected.size, "nothing to compare"
    error, limit = np.abs(measured - expected) / scale, getattr(TABLE[kind], precision)
    wrong = ~(error <= limit)  # NaN is wrong too
    assert not wrong.any(), (
        f"{wrong.sum()} of {wrong.size} values differ by more than {limit:g} of {scale:g} ({kind}, {precision}); the "
        f"first at {tuple(map(int, np.argwhere(wrong)[0]))}: {measured[wrong][0]:.12g}, expected "
        f"{expected[wrong][0]:.12g}; the most is {np.nanmax(error):.3g}"
    )


def assert_order(steps: Any, errors: Any, expected: float) -> None:
    """Check that errors shrink as a power of the step, between each pair of neighbouring steps."""
    steps, errors = np.asarray(steps, np.float64), np.abs(np.asarray(errors, np.float64))
    assert steps.shape == errors.shape
    assert steps.ndim == 1
    assert len(steps) > 1, "an order needs two errors"
    assert np.all(errors > 0), f"an error of exactly 0 has no order: {errors}"
    found = np.diff(np.log(errors)) / np.diff(np.log(steps))
    assert np.all(np.abs(found - expected) <= ORDER), f"observed orders {found}, expected {expected}; errors {errors}"
