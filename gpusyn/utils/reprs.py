"""Texts that stay short, for what is printed of results."""

from __future__ import annotations

from collections.abc import Iterable

MOST = 8


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
