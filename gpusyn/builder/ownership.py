"""Who owns what: the neurons and sources of each population that a rank advances, and onto which it stores synapses.

Every rank knows the same ownership. It is data: whatever assigns neurons to ranks, results are the same.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np

from gpusyn.network.populations import Part, Selection
from gpusyn.utils.ids import Span, as_ids, limited
from gpusyn.utils.typing import Bools, Integers

CELL = 4  # neurons that are never separated: one call of Philox draws their words

Range = tuple[int, int]


class Ownership:
    """The owners of all neurons: for each population, ranges of local ids and the rank that owns each.

    Parameters
    ----------
    bounds : mapping of str to ndarray of int64, shape (n + 1,)
        Bounds of the ranges of each population, from 0 to its size; all but the last are multiples of `CELL`.
    owners : mapping of str to ndarray of int64, shape (n,)
        The rank that owns each range.
    ranks : int
        Number of ranks.
    """

    def __init__(self, bounds: Mapping[str, Integers], owners: Mapping[str, Integers], ranks: int) -> None:
        self.bounds, self.owners, self.ranks = dict(bounds), dict(owners), ranks

    @classmethod
    def contiguous(cls, sizes: Mapping[str, int], loads: Mapping[str, float], ranks: int) -> Ownership:
        """Give each rank one range of each population, so that all have about the same load.

        Parameters
        ----------
        sizes : mapping of str to int
            Number of neurons of each population.
        loads : mapping of str to float
            Work for one neuron of each population, such as its expected number of synapses.
        ranks : int
            Number of ranks.
        """
        total = np.zeros(ranks)
        bounds, owners = {}, {}
        for name, size in sizes.items():
            each, more = divmod(-(-size // CELL), ranks)
            cells = np.full(ranks, each)
            cells[np.argsort(total, kind="stable")[:more]] += 1  # to those with the least load so far
            total += cells * CELL * loads[name]
            bounds[name] = np.minimum(np.concatenate([[0], np.cumsum(cells)]) * CELL, size)
            owners[name] = np.arange(ranks)
        return cls(bounds, owners, ranks)

    @classmethod
    def dealt(cls, sizes: Mapping[str, int], ranks: int, block: int = 128) -> Ownership:
        """Deal blocks of neurons of each population to the ranks in turn, `block` neurons each (a multiple of CELL)."""
        bounds = {name: np.append(np.arange(0, size, block), size) for name, size in sizes.items()}
        owners = {name: np.arange(len(b) - 1) % ranks for name, b in bounds.items()}
        return cls(bounds, owners, ranks)

    def ranges(self, population: str, rank: int) -> list[Range]:
        """Return the ranges of local ids of a population that a rank owns, none of them empty."""
        bounds, mine = self.bounds[population], self.owners[population] == rank
        pairs = zip(bounds[:-1][mine].tolist(), bounds[1:][mine].tolist(), strict=True)
        return [(begin, end) for begin, end in pairs if begin < end]

    def owner(self, population: str, ids: Integers) -> Integers:
        """Return the rank that owns each of some neurons, given by their local ids."""
        found: Integers = self.owners[population][np.searchsorted(self.bounds[population], ids, side="right") - 1]
        return found


class Spread(NamedTuple):
    """One of several ranks on which a network is spread, and the way in which neurons are given to them.

    Attributes
    ----------
    rank, ranks : int
        Number of this rank, and number of ranks.
    owners : {"contiguous", "dealt"}
        Whether a rank owns one range of each population, or blocks that are dealt to the ranks in turn.
    """

    rank: int
    ranks: int
    owners: str = "contiguous"

    def share(self, sizes: Mapping[str, int], loads: Mapping[str, float]) -> Share:
        """Return what this rank owns of populations of some sizes, with such a load of each neuron."""
        dealt = self.owners == "dealt"
        owned = Ownership.dealt(sizes, self.ranks) if dealt else Ownership.contiguous(sizes, loads, self.ranks)
        return Share(owned, self.rank)


class Share(NamedTuple):
    """What one rank owns."""

    ownership: Ownership
    rank: int

    def ranges(self, population: str) -> list[Range]:
        """Return the ranges of local ids of a population that the rank owns."""
        return self.ownership.ranges(population, self.rank)

    def owns(self, population: str, ids: Integers) -> Bools:
        """Return which of some neurons, given by their local ids, the rank owns."""
        return np.asarray(self.ownership.owner(population, ids) == self.rank)

    def number(self, part: Part) -> int:
        """Return the number of the neurons of a part of a selection that the rank owns."""
        return number_within(part.span, self.ranges(part.population.name))

    def within(self, part: Part) -> list[Range]:
        """Return the ranges of positions in a part of a selection that the rank owns, none of them empty."""
        found = [
            (bisect_left(part.span, begin), bisect_left(part.span, end))
            for begin, end in self.ranges(part.population.name)
        ]
        return [(low, high) for low, high in found if low < high]

    def chosen(self, selection: Selection) -> Integers:
        """Return the positions in a selection of the neurons that the rank owns."""
        found, first = [np.zeros(0, np.int64)], 0
        for part in selection.parts:
            found.append(first + np.flatnonzero(self.owns(part.population.name, part.ids)))
            first += part.size
        return np.concatenate(found)

    def restricted(self, selection: Selection) -> Selection:
        """Return the neurons of a selection that the rank owns; if there are none, none of its first population."""
        found = [part for one in selection.parts for part in self._own_parts(one)]
        return Selection(found or [Part(selection.populations[0], range(0))])

    def _own_parts(self, part: Part) -> Iterator[Part]:
        """Yield the neurons of a part of a selection that the rank owns, if there are any."""
        pieces = [limited(part.span, *own) for own in self.ranges(part.population.name)]
        pieces = [piece for piece in pieces if len(piece)]
        if len(pieces) == 1:
            yield Part(part.population, pieces[0])
        elif pieces:
            yield Part(part.population, _compact(np.concatenate([as_ids(piece) for piece in pieces])))


def _compact(ids: Integers) -> Span:
    """Return increasing ids, as a range where they are consecutive."""
    first, last = int(ids[0]), int(ids[-1])
    return range(first, last + 1) if last - first == len(ids) - 1 else ids


def number_within(span: Span, ranges: list[Range]) -> int:
    """Return the number of ids that are in some ranges."""
    return sum(len(limited(span, *ids)) for ids in ranges)


def pieces_of(ranges: list[Range], most: int) -> Iterator[tuple[int, int]]:
    """Yield the begin and the number of ids of pieces of at most `most` ids, none of which is in two ranges."""
    for begin, end in ranges:
        for first in range(begin, end, most):
            yield first, min(most, end - first)
