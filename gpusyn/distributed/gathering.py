"""What the ranks hold together: values of neurons and synapses of which each rank has its own."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gpusyn.backends.base import Session
from gpusyn.builder.ownership import Share
from gpusyn.distributed.ranks import Ranks
from gpusyn.network.populations import Selection
from gpusyn.utils.typing import Array, Integers


class Places(NamedTuple):
    """The places of a rank's own synapses among the `size` ones of a projection, sorted by (pre, post, creation)."""

    mine: Integers
    size: int


class Gathering:
    """Joins what one process has: everything."""

    def whole(self, values: Array, at: Integers, size: int) -> Array:
        """Return the values of all, of which this rank has those `at` some places, along the first axis.

        Parameters
        ----------
        values : ndarray, shape (n, ...)
            This rank's own values.
        at : ndarray of int64, shape (n,)
            Their places, which no other rank has.
        size : int
            Number of places.

        Returns
        -------
        ndarray, shape (size, ...)
        """
        found = np.empty((size, *values.shape[1:]), values.dtype)
        found[at] = values
        return found

    def joined(self, values: Array) -> Array:
        """Return the values of this rank, shape (n,), and those of all others, in the order of the ranks."""
        return values

    def neurons(self, selection: Selection, values: Array) -> Array:
        """Return the values of the neurons of a selection, of which only those that are simulated here are right."""
        return values

    def places(self, pre: Integers, post: Integers) -> Places:
        """Return the places of synapses, given by the positions of their neurons, in the order of `Places`."""
        return Places(np.arange(len(pre)), len(pre))


class Gathered(Gathering):
    """Joins what several ranks have; every method is collective.

    Parameters
    ----------
    ranks : Ranks
        The ranks.
    share : Share
        What this one owns.
    """

    def __init__(self, ranks: Ranks, share: Share) -> None:
        self.ranks, self.share = ranks, share

    def whole(self, values: Array, at: Integers, size: int) -> Array:
        """Return the values of all, of which this rank has those `at` some places, along the first axis."""
        places = self.ranks.arrays(np.asarray(at, np.int64))
        parts = self.ranks.arrays(np.ascontiguousarray(values).reshape(-1))
        found = np.empty((size, *values.shape[1:]), values.dtype)
        for place, part in zip(places, parts, strict=True):
            found[place] = part.reshape(len(place), *values.shape[1:])
        return found

    def joined(self, values: Array) -> Array:
        """Return the values of this rank, shape (n,), and those of all others, in the order of the ranks."""
        return np.concatenate(self.ranks.arrays(values))

    def neurons(self, selection: Selection, values: Array) -> Array:
        """Return the values of the neurons of a selection, of which only those that are simulated here are right."""
        at = self.share.chosen(selection)
        return self.whole(values[at], at, selection.size)

    def places(self, pre: Integers, post: Integers) -> Places:
        """Return the places of synapses, given by the positions of their neurons, in the order of `Places`."""
        sources, targets = self.ranks.arrays(np.asarray(pre, np.int64)), self.ranks.arrays(np.asarray(post, np.int64))
        # All synapses of a pair of neurons are on one rank, so that a stable order keeps the order of their creation.
        order = np.lexsort((np.concatenate(targets), np.concatenate(sources)))
        place = np.empty(len(order), np.int64)
        place[order] = np.arange(len(order))
        first = sum(len(one) for one in sources[: self.ranks.rank])
        return Places(place[first : first + len(pre)], len(order))


def gathering_of(session: Session) -> Gathering:
    """Return what joins the parts that the ranks of a session have."""
    gathering = getattr(session, "gathering", _ALONE)  # of a session of one process: it has none
    assert isinstance(gathering, Gathering)
    return gathering


_ALONE = Gathering()
