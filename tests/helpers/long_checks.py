"""Which of many cases the default suite tries; the others have the marker `fuzz`."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import Any

import pytest


def every(number: int, cases: Iterable[Any]) -> list[Any]:
    """Return cases of one parameter: every so many of them, from the first, for the default suite."""
    return [pytest.param(case, marks=[pytest.mark.fuzz] * (k % number > 0)) for k, case in enumerate(cases)]


def pairs(*values: Sequence[Any]) -> list[Any]:
    """Return all combinations of the values of several parameters, a Latin square of them for the default suite.

    This has all values. If there are three parameters of two values each, it has all pairs of values, too.
    """
    shortest = min(len(choice) for choice in values if len(choice) > 1)
    return [
        pytest.param(*(one for _, one in chosen), marks=[pytest.mark.fuzz] * (sum(k for k, _ in chosen) % shortest > 0))
        for chosen in itertools.product(*map(list, map(enumerate, values)))
    ]
