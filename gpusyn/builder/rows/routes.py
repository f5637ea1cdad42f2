"""The order of routes, and the units of work of a GPU along them."""

from __future__ import annotations

from collections import Counter

from gpusyn.kernels.records import Route


def of_contacts(receptors: list[list[tuple[int, Route]]]) -> list[tuple[int, Route]]:
    """Return the routes to all receptors of a bundle: the rows are read once for those with the same sender.

    Each receptor has as many routes. The last of those along the same rows stands for all of them.
    """
    found: list[tuple[int, Route]] = []
    for same_rows in zip(*receptors, strict=True):
        routes: dict[int, list[Route]] = {}
        for sender, route in same_rows:
            routes.setdefault(sender, []).append(route)
        for sender, (*others, last) in routes.items():
            found += [(sender, route._replace(receptors=0)) for route in others]
            found.append((sender, last._replace(receptors=len(others) + 1)))
    return found


def in_units(routes: list[tuple[int, Route]]) -> list[tuple[int, Route]]:
    """Return routes, which are sorted by their senders, with the number of the first unit of work of each."""
    found: list[tuple[int, Route]] = []
    units: Counter[int] = Counter()
    for sender, route in routes:
        found.append((sender, route._replace(unit=units[sender])))
        units[sender] += route.slices * route.parts if route.receptors else 0
    return found
