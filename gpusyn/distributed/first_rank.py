"""What rank 0 writes of all ranks: joined there alone, so that no other rank has more than its own."""

from __future__ import annotations

import numpy as np

from gpusyn.distributed.gathering import Gathered
from gpusyn.utils.typing import Array, Integers


class OnFirst:
    """Joins what the ranks have on rank 0; every method is collective, and returns on the others what they gave.

    Parameters
    ----------
    gathered : Gathered
        The ranks, and what this one owns.
    """

    def __init__(self, gathered: Gathered) -> None:
        self.ranks, self.share = gathered.ranks, gathered.share

    def parts(self, values: Array) -> list[Array]:
        """Return the flattened values of all ranks, in their order."""
        found = self.ranks.gathered(np.ascontiguousarray(values).reshape(-1))
        return [values.reshape(-1)] if found is None else found

    def sorted(self, values: Array, *keys: Integers) -> Array:
        """Return the values of all ranks sorted by keys, the first of which counts most; equal ones stay in order.

        Parameters
        ----------
        values : ndarray, shape (n, ...)
            This rank's own values.
        *keys : ndarray of int64, shape (n,)
            Keys by which they are sorted.
        """
        columns = [np.concatenate(self.parts(np.asarray(key, np.int64))) for key in keys]
        width = values.shape[1:]
        joined = np.concatenate(self.parts(values)).reshape(len(columns[0]), *width)
        found: Array = joined[np.lexsort(columns[::-1])]
        return found
