"""How potentials travel: gap junctions read V of both of their neurons in every step, on whatever rank these are."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gpusyn.backends.base import Session
from gpusyn.builder.compile import Compiled
from gpusyn.builder.junctions import coupled_groups, junction_array
from gpusyn.builder.layout import Layout
from gpusyn.builder.places import PlacedPopulation
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
        told = ranks.arrays(_across(session, compiled.layout))
        self._here = [_numbers(ids, compiled.layout) for ids in told]
        some = [numbers[numbers >= 0] for numbers in self._here]
        self._first = min((int(numbers[0]) for numbers in some if len(numbers)), default=0)
        self._end = max((int(numbers[-1]) + 1 for numbers in some if len(numbers)), default=0)
        self.exist = any(len(ids) for ids in told)

    def exchange(self, step: int) -> None:
        """Give the potentials of this rank's own neurons at the start of a step, and take those of the others."""
        present = self._session.read(POTENTIAL, self._first, self._end)
        found = self._ranks.arrays(present[self._here[self._ranks.rank] - self._first])
        for numbers, values in zip(self._here, found, strict=True):
            known = numbers >= 0
            present[numbers[known] - self._first] = values[known]
        self._session.write(POTENTIAL, present, self._first)


def _across(session: Session, layout: Layout) -> Integers:
    """Return the ids of this rank's own neurons that gap junctions join to neurons of other ranks, in order."""
    assert layout.share is not None
    found = [np.zeros(0, np.int64)]
    for own, other in _pairs(session, layout):
        mine, theirs = (_owner(ids, layout) for ids in (own, other))
        found.append(own[(mine == layout.share.rank) & (theirs != mine)])
    return np.unique(np.concatenate(found))


def _numbers(ids: Array, layout: Layout) -> Array:
    """Return the numbers of neurons on this rank; -1 of those that have none."""
    if layout.senders is None:
        return ids
    numbers, here = layout.senders.numbers(ids)
    return np.where(here, numbers, -1)


def _owner(ids: Array, layout: Layout) -> Integers:
    """Return the ranks that own neurons."""
    assert layout.share is not None
    found = np.full(len(ids), -1)
    for name, place in layout.populations.items():
        some = (ids >= place.id) & (ids < place.id + place.size)
        found[some] = layout.share.ownership.owner(name, ids[some] - place.id)
    return found


def _pairs(session: Session, layout: Layout) -> Iterator[tuple[Array, Array]]:
    """Yield the ids of both neurons of each junction, once for each of them."""
    for g in coupled_groups(layout):
        begin, other = (session.read(junction_array(name, g)) for name in ("junction_begin", "junction_other"))
        for place in layout.groups[g].members:
            own, partners = _rows(place, begin, other)
            yield own, partners if layout.senders is None else layout.senders.ids(partners)


def _rows(place: PlacedPopulation, begin: Array, other: Array) -> tuple[Array, Array]:
    """Return the ids of the neurons of a population, and the numbers of their partners."""
    bounds = begin[place.neurons.start : place.neurons.stop + 1]
    own = place.id + np.repeat(np.arange(*place.hull), np.diff(bounds))
    return own, other[bounds[0] : bounds[-1]]
