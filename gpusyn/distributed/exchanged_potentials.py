"""How potentials travel: gap junctions read V of both of their neurons in every step, on whatever rank these are."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gpusyn.backends.base import Session
from gpusyn.builder.compile import Compiled
from gpusyn.builder.junctions import coupled_groups, junction_array
from gpusyn.builder.layout import Layout, PlacedPopulation
from gpusyn.distributed.ranks import Ranks
from gpusyn.kernels.arrays import array_name
from gpusyn.utils.typing import Array, Integers

POTENTIAL = array_name("potential")


class ExchangedPotentials:
    """The potentials of neurons that gap junctions join to those of other ranks.

    Parameters
    ----------
    session : Session
        The session of this rank.
    compiled : Compiled
        Its network.
    ranks : Ranks
        The ranks.

    Attributes
    ----------
    exist : bool
        Whether some gap junction joins neurons of two ranks.
    """

    def __init__(self, session: Session, compiled: Compiled, ranks: Ranks) -> None:
        self._session, self._ranks = session, ranks
        ids, owner = _across(session, compiled.layout)
        self._ids = [ids[owner == rank] for rank in range(ranks.size)]
        self._first, self._end = (int(ids[0]), int(ids[-1]) + 1) if len(ids) else (0, 0)
        self.exist = len(ids) > 0

    def exchange(self, step: int) -> None:
        """Give the potentials of this rank's own neurons at the start of a step, and take those of the others."""
        present = self._session.read(POTENTIAL, self._first, self._end)
        found = self._ranks.arrays(present[self._ids[self._ranks.rank] - self._first])
        for ids, values in zip(self._ids, found, strict=True):
            present[ids - self._first] = values
        self._session.write(POTENTIAL, present, self._first)


def _across(session: Session, layout: Layout) -> tuple[Integers, Integers]:
    """Return the ids of neurons that gap junctions join to neurons of other ranks, in order, and their owners."""
    assert layout.share is not None
    if not coupled_groups(layout):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    ownership, places = layout.share.ownership, layout.populations.items()
    owner = np.concatenate([ownership.owner(name, np.arange(place.size)) for name, place in places])
    joined = np.zeros(len(owner), bool)
    for own, other in _pairs(session, layout):
        joined[own[owner[own] != owner[other]]] = True  # the other end is in the row of that neuron
    ids = np.flatnonzero(joined)
    return ids, owner[ids]


def _pairs(session: Session, layout: Layout) -> Iterator[tuple[Array, Array]]:
    """Yield the ids of both neurons of each junction, once for each of them."""
    for g in coupled_groups(layout):
        begin, other = (session.read(junction_array(name, g)) for name in ("junction_begin", "junction_other"))
        for place in layout.groups[g].members:
            yield _rows(place, begin, other)


def _rows(place: PlacedPopulation, begin: Array, other: Array) -> tuple[Array, Array]:
    """Return the ids of the neurons of a population, and of their partners."""
    bounds = begin[place.first : place.first + place.size + 1]
    own = place.source + np.repeat(np.arange(place.size), np.diff(bounds))
    return own, other[bounds[0] : bounds[-1]]
