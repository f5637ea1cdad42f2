"""Increasing ids that become an array only where one is needed: a plan counts neurons, and makes no array of them."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

from gpusyn.utils.typing import Integers

Span: TypeAlias = range | Integers  #: ids in increasing order


def as_ids(span: Span) -> Integers:
    """Return ids as a read-only array."""
    ids = np.arange(span.start, span.stop, span.step, dtype=np.int64) if isinstance(span, range) else span
    ids.flags.writeable = False
    return ids


def is_consecutive(span: Span) -> bool:
    """Return whether no id is left out between the first and the last one.

    >>> is_consecutive(range(3, 9)), is_consecutive(np.array([3, 4, 6]))
    (True, False)
    """
    return not len(span) or int(span[-1]) - int(span[0]) == len(span) - 1


def taken(span: Span, positions: Span) -> Span:
    """Return the ids at increasing positions.

    >>> taken(range(10, 20), range(2, 8, 3))
    range(12, 18, 3)
    """
    if isinstance(positions, range):
        return span[positions.start : positions.stop : positions.step]
    return span.start + span.step * positions if isinstance(span, range) else span[positions]


def limited(span: Span, low: int, high: int) -> Span:
    """Return the ids from `low` to `high` - 1.

    >>> limited(range(0, 100, 10), 15, 45)
    range(20, 50, 10)
    """
    return span[bisect_left(span, low) : bisect_left(span, high)]


def between(span: Span, low: int, high: int) -> Span:
    """Return the ids from `low` to `high` - 1, less `low`.

    >>> between(range(0, 100, 10), 15, 45)
    range(5, 35, 10)
    """
    inside = limited(span, low, high)
    return range(inside.start - low, inside.stop - low, inside.step) if isinstance(inside, range) else inside - low


def joined(first: Span, second: Span) -> Span:
    """Return two spans as one; the second begins after the end of the first.

    >>> joined(range(5), range(5, 9)), joined(range(2), range(4, 6))
    (range(0, 9), array([0, 1, 4, 5]))
    """
    if isinstance(first, range) and isinstance(second, range) and (first.step, second.step, first.stop) == (
        1, 1, second.start
    ):  # fmt: skip
        return range(first.start, second.stop)
    return np.concatenate([as_ids(first), as_ids(second)])


def count_common(first: Span, second: Span) -> int:
    """Return the number of ids that are in both.

    >>> count_common(range(10), range(5, 100)), count_common(range(10), np.array([3, 9, 12]))
    (5, 2)
    """
    if not len(first) or not len(second) or first[-1] < second[0] or second[-1] < first[0]:
        return 0
    if isinstance(first, range):
        first, second = second, first
    if isinstance(first, range) and isinstance(second, range):
        return _common_of_ranges(first, second)
    if isinstance(second, range):
        ids = as_ids(first)
        inside = (ids >= second.start) & (ids < second.stop) & ((ids - second.start) % second.step == 0)
        return int(np.count_nonzero(inside))
    return int(np.intersect1d(first, second, assume_unique=True).size)


def _common_of_ranges(first: range, second: range) -> int:
    """Return the number of common ids: they are evenly spaced (Chinese remainder theorem)."""
    step, apart = math.gcd(first.step, second.step), second.start - first.start
    if apart % step:
        return 0
    every = math.lcm(first.step, second.step)
    turns = apart // step * pow(first.step // step, -1, second.step // step) % (second.step // step)
    one = first.start + first.step * turns  # an id that fits both, perhaps outside of them
    low, high = max(first[0], second[0]), min(first[-1], second[-1])
    return max(0, (high - one) // every - (low - 1 - one) // every)


class KeySpans:
    """Numbers of neurons that are unique in a network: those of spans, each from a number of its own on.

    An array where numpy needs one.

    Parameters
    ----------
    parts : sequence of (int, range or ndarray of int64)
        A number to add, and increasing ids; no two parts have a neuron in common.
    """

    def __init__(self, parts: Sequence[tuple[int, Span]]) -> None:
        self.parts = [(first, span) for first, span in parts if len(span)]

    def __len__(self) -> int:
        return sum(len(span) for _, span in self.parts)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        keys = [first + as_ids(span) for first, span in self.parts]
        return np.concatenate([np.zeros(0, np.int64), *keys]).astype(dtype or np.int64, copy=False)

    def __getitem__(self, index: Any) -> Any:
        return np.asarray(self)[index]

    def common(self, other: KeySpans) -> int:
        """Return the number of neurons that are in both."""
        return sum(count_common(_moved(*mine), _moved(*theirs)) for mine in self.parts for theirs in other.parts)


def _moved(first: int, span: Span) -> Span:
    if isinstance(span, range):
        return range(first + span.start, first + span.stop, span.step)
    return first + span
