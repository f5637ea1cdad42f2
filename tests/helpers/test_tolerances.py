"""The comparisons reject what they must: a 1 % error, an all-zero result, swapped neurons."""

import numpy as np
import pytest

from tests.helpers.tolerances import TABLE, assert_close, assert_order, assert_row, assert_traces, row_limit
from tests.helpers.validation.rows import MEASURES, ROWS

PRECISIONS = ["single", "double"]
TIMES = np.arange(1, 50)[:, None]
TRACES = np.exp(-TIMES / np.array([10.0, 11.0, 12.0])) * np.array([1.0, 1.02, 0.98])  # samples x neurons
WRONG = {
    "a 1 % error": lambda x: 1.01 * x,
    "a 1 % error the other way": lambda x: 0.99 * x,
    "a 1 % error of one value": lambda x: np.where(np.arange(x.size).reshape(x.shape) == x.size // 2, 1.01 * x, x),
    "all zero": np.zeros_like,
    "swapped neurons": lambda x: x[:, [1, 0, 2]],
    "one neuron for all": lambda x: np.broadcast_to(x[:, :1], x.shape),
    "a step late": lambda x: np.roll(x, 1, axis=0),
    "the wrong sign": np.negative,
    "NaN": lambda x: np.where(x == x[3, 1], np.nan, x),
}


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("kind", TABLE)
def test_close_accepts_rounding(kind, precision):
    rtol = getattr(TABLE[kind], precision)
    assert_close(TRACES * (1 + 0.5 * rtol), TRACES, kind, precision)
    assert_close(TRACES[-1, 0], TRACES[-1, 0], kind, precision)
    assert_traces(TRACES + 0.5 * rtol * TRACES.max(axis=0), TRACES, kind, precision)


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("kind", TABLE)
def test_close_rejects(kind, precision, wrong):
    with pytest.raises(AssertionError, match=r"values differ by more than .* the most at \(\d+, \d\)"):
        assert_close(wrong(TRACES), TRACES, kind, precision)
    with pytest.raises(AssertionError, match="of their neuron's largest"):
        assert_traces(wrong(TRACES), TRACES, kind, precision)


def test_close_rejects_just_beyond_its_tolerance():
    for kind, tolerance in TABLE.items():
        with pytest.raises(AssertionError):
            assert_close(TRACES * (1 + 2 * tolerance.double), TRACES, kind)


def test_close_rejects_what_would_test_nothing():
    for expected, message in ((np.zeros((4, 3)), "all zero"), (np.zeros((0, 3)), "nothing to compare")):
        with pytest.raises(AssertionError, match=message):
            assert_close(expected, expected, "gates")
    with pytest.raises(AssertionError, match="shapes"):
        assert_close(TRACES[:, :1], TRACES, "gates")


def test_close_is_relative_to_each_neuron_and_not_to_the_largest():
    small = np.array([1.0, 1e-6]) * TRACES[:, :2]
    with pytest.raises(AssertionError, match=r"the most at .*, 1\)"):
        assert_close(small * np.array([1.0, 1.01]), small, "gates", "single")


def test_table_is_tight():
    """Nothing in the table is wide enough to hide a 1 % error, nor double precision as wide as single."""
    for tolerance in TABLE.values():
        assert tolerance.single <= 2e-5
        assert tolerance.double <= 1e-10
        assert tolerance.why


def measured_rows(tight):
    """Rows that tell a 1 % error; the others are counts, statistics, times good to a step and errors of a scheme."""
    for name, measure in MEASURES.items():
        for precision in ["double"] if measure.double else ["double", "single"]:
            row, grid = ROWS[name], measure.grid * (precision == "single")
            if (row_limit(row, precision, measure.steps, grid) < 0.009 * abs(row["value"])) == tight:
                yield row, precision, measure.steps, grid


def test_rows_accept_their_value_and_reject_one_percent_and_zero():
    count = 0
    for row, *how in measured_rows(tight=True):
        assert_row(row, row["value"], *how)
        for wrong in (1.01 * row["value"], 0.99 * row["value"], 0.0, -row["value"], float("nan")):
            with pytest.raises(AssertionError, match=f"{row['id']} .*measured"):
                assert_row(row, wrong, *how)
        count += 1
    assert count > 120


def test_wide_rows_are_known_and_reject_zero_and_twice_their_tolerance():
    wide = set()
    for row, *how in measured_rows(tight=False):
        wide.add(row["id"])
        limit = row_limit(row, *how)
        assert_row(row, row["value"] + 0.99 * limit, *how)
        for wrong in (row["value"] + 2 * max(limit, 1e-9), row["value"] - 2 * max(limit, 1e-9)):
            with pytest.raises(AssertionError):
                assert_row(row, wrong, *how)
        if row["value"]:
            with pytest.raises(AssertionError):
                assert_row(row, 0.0, *how)
    times = {"A4a", "A5a", "A6a", "D1b", "I12"}
    statistics = {"E1b", "E2b", "E3b", "E5", "F8", "I6"}
    errors_and_orders = {"D23a", "D23b", "D24a", "D24b"}
    zeros = {"D8", "D13", "D14", "D15"}
    schemes = {"C14b", "C20b", "C21b"}  # times of peaks
    models = {f"H{k}" for k in ("5a", "5b", "5c", "5d", "6a", "7a")}  # spike times and counts
    assert wide == times | statistics | errors_and_orders | zeros | schemes | models


def test_a_tolerance_of_a_row_widens_only_in_single_precision():
    row = {"id": "X", "value": 2.0, "rtol": 1e-6, "atol": None}
    assert row_limit(row, "double", steps=10**6) == 2e-6
    assert row_limit(row, "single") == pytest.approx(2.0 * (2e-6 + 6e-8))
    assert row_limit(row, "single", steps=1000) == pytest.approx(2.0 * 6.2e-5)
    assert row_limit(row | {"rtol": 0.01}, "single", steps=1000) == 0.02
    assert row_limit(row | {"rtol": None, "atol": 0.1}, "single", steps=1000) == 0.1


def test_order_accepts_its_order_and_rejects_others():
    steps = np.array([0.4, 0.2, 0.1])
    for order in (1.0, 2.0, 4.0):
        assert_order(steps, -3.0 * steps**order, order)
        for other in (order - 0.2, order + 0.2, 0.0):
            with pytest.raises(AssertionError, match="observed orders"):
                assert_order(steps, steps**other, order)
    with pytest.raises(AssertionError, match="exactly 0"):
        assert_order(steps, np.zeros(3), 2.0)
    with pytest.raises(AssertionError, match="two errors"):
        assert_order(steps[:1], steps[:1], 2.0)
    # the errors of one pair of steps may not hide behind those of another
    with pytest.raises(AssertionError, match="observed orders"):
        assert_order(steps, [16.0, 4.0, 2.0], 2.0)
    with pytest.raises(AssertionError):
        assert_order(steps, [16.0, 4.0, np.nan], 2.0)
