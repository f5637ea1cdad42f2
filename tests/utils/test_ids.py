"""Increasing ids without an array: the same as with one."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from gpusyn.utils.ids import KeySpans, Span, as_ids, between, count_common, joined, taken

SPANS: list[Span] = [
    range(10),
    range(4, 9),
    range(0, 30, 3),
    range(1, 31, 2),
    range(20, 300),
    np.array([3, 4, 9, 20, 21]),
    np.array([7]),
    range(0),
]


@pytest.mark.parametrize("span", SPANS, ids=str)
def test_ids_are_a_read_only_array(span: Span) -> None:
    ids = as_ids(span)
    assert (ids.dtype, ids.tolist()) == (np.int64, list(span))
    assert not ids.flags.writeable


@pytest.mark.parametrize(("first", "second"), list(itertools.product(SPANS, SPANS)), ids=str)
def test_common_ids_are_those_of_the_arrays(first: Span, second: Span) -> None:
    assert count_common(first, second) == len({*first} & {*second})
    for low in (0, 5):
        part = between(first, low, low + 12)
        assert list(part) == [i - low for i in list(first) if low <= i < low + 12]
    positions = between(second, 0, len(first))
    assert list(taken(first, positions)) == [list(first)[i] for i in list(positions)]
    if len(first) and len(second) and first[-1] < second[0]:
        assert list(joined(first, second)) == [*first, *second]


def test_keys_are_an_array_on_request() -> None:
    keys = KeySpans([(100, range(5)), (200, np.array([1, 7]))])
    assert np.asarray(keys).tolist() == [100, 101, 102, 103, 104, 201, 207]
    assert (len(keys), keys[1], keys[[0, 6]].tolist()) == (7, 101, [100, 207])
    assert keys.common(KeySpans([(100, range(3, 50)), (0, np.array([207, 300]))])) == 3
