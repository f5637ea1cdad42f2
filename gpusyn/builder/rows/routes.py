"""The order of routes, and the units of work of a GPU along them."""

from __future__ import annotations

from collections import Counter

from gpusyn.kernels.records import Route


def in_units(routes: list[tuple[int, Route]]) -> list[tuple[int, Route]]:
    """Return routes, which are sorted by their senders, with the number of the first unit of work of each."""
    found: list[tuple[int, Route]] = []
    units: Counter[int] = Counter()
    for sender, route in routes:
        found.append((sender, route._replace(unit=units[sender])))
        units[sender] += route.slices * route.parts
    return found
