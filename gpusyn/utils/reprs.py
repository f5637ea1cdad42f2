"""Texts that stay short, for what is printed of results."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any

from gpusyn.utils.calls import show

MOST = 8


class ShortRepr:
    """Base class of dataclasses (with ``repr=False``) that may hold large things, of which each prints short.

    >>> Point = dataclasses.make_dataclass("Point", ["x"], bases=(ShortRepr,), repr=False)
    >>> Point(list(range(1000)))
    Point(x=[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16...)
    """

    def __repr__(self) -> str:
        this: Any = self
        fields = (f"{field.name}={show(getattr(self, field.name))}" for field in dataclasses.fields(this))
        return f"{type(self).__name__}({', '.join(fields)})"


def shortened(items: Iterable[str]) -> list[str]:
    """Return the first eight items, and how many more there are.

    >>> shortened("abcdefghijkl")
    ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', '4 more']
    """
    every = list(items)
    return [*every[:MOST], f"{len(every) - MOST} more"] if len(every) > MOST else every


def headed(head: str, lines: Iterable[str]) -> str:
    """Return a headline with the first lines of a list below it.

    >>> print(headed("Two", ["one", "two"]))
    Two
      one
      two
    """
    return "\n  ".join([head, *shortened(lines)])
