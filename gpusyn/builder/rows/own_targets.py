"""The targets of a projection that are simulated here, where a network is spread on several ranks."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpusyn.builder.ownership import Range, Share
from gpusyn.network.populations import Selection
from gpusyn.utils.typing import Integers


class OwnTargets:
    """The positions in a postsynaptic selection that a rank owns.

    Parameters
    ----------
    share : Share
        What the rank owns.
    selection : Selection
        The selection.

    Attributes
    ----------
    runs : list of (int, int)
        Begin and end of each run of consecutive positions, in ascending order; one or more positions lie between two.
    size : int
        Number of positions.
    """

    def __init__(self, share: Share, selection: Selection) -> None:
        self.runs: list[Range] = []
        first = 0
        for part in selection.parts:
            for low, high in share.within(part):
                begin = self.runs.pop()[0] if self.runs and self.runs[-1][1] == first + low else first + low
                self.runs.append((begin, first + high))
            first += part.size
        self.size = sum(end - begin for begin, end in self.runs)
        self._all = first

    @functools.cached_property
    def positions(self) -> Integers:
        """All positions, in ascending order."""
        return np.concatenate([np.zeros(0, np.int64), *(np.arange(begin, end) for begin, end in self.runs)])

    @functools.cached_property
    def mask(self) -> NDArray[np.uint8] | None:
        """1 for each own position, and 0 for the others; None if own ones are consecutive."""
        if len(self.runs) == 1:
            return None
        mask = np.zeros(self._all, np.uint8)
        for begin, end in self.runs:
            mask[begin:end] = 1
        return mask

    def find(self, post: NDArray[np.integer[Any]]) -> Integers:
        """Return the places in an array of positions at which there are own ones."""
        if self.mask is not None:
            return np.flatnonzero(self.mask[post])
        (begin, end), unsigned = self.runs[0], f"u{post.itemsize}"
        return np.flatnonzero((post - post.dtype.type(begin)).view(unsigned) < end - begin)  # those below wrap around

    def places(self, post: NDArray[np.integer[Any]]) -> NDArray[np.integer[Any]]:
        """Return the places of own positions among all own ones."""
        if len(self.runs) == 1:
            return post - post.dtype.type(self.runs[0][0])
        return np.searchsorted(self.positions, post)

    def parts(self, most: int) -> Iterator[list[Range]]:
        """Yield lists of ranges that together have at most `most` positions each."""
        part: list[Range] = []
        room = most
        for begin, end in self.runs:
            while begin < end:
                size = min(room, end - begin)
                part.append((begin, begin + size))
                begin, room = begin + size, room - size
                if not room:
                    yield part
                    part, room = [], most
        if part:
            yield part
