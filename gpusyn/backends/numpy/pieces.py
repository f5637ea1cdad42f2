"""Work in pieces: what a twin computes of many neurons, spikes or synapses takes memory only for a few at a time.

No result depends on the sizes of pieces: neurons are independent of each other, and sums of events are integers.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gpusyn.utils.typing import Array

NEURONS = 1 << 13  # neurons, sources or gates at a time
SEGMENTS = 1 << 10  # segments at a time, of which each may need the index of 64
SYNAPSES = 1 << 14  # synapses at a time


def parts(n: int, most: int) -> Iterator[tuple[int, int]]:
    """Yield the bounds of consecutive parts of `n` items, of at most `most` each.

    >>> list(parts(5, 2))
    [(0, 2), (2, 4), (4, 5)]
    """
    for start in range(0, n, most):
        yield start, min(start + most, n)


def listed(lengths: Array, most: int) -> Iterator[tuple[Array, Array]]:
    """Yield the items of some lists of these lengths, at most `most` at a time: the list of each, and its place in it.

    >>> [[found.tolist() for found in piece] for piece in listed(np.array([2, 0, 3]), 4)]
    [[[0, 0, 2, 2], [0, 1, 0, 1]], [[2], [2]]]
    """
    ends = np.cumsum(lengths)
    for start, stop in parts(int(ends[-1]) if ends.size else 0, most):
        first, last = np.searchsorted(ends, (start, stop - 1), side="right")
        some = slice(first, last + 1)
        begins = ends[some] - lengths[some]
        which = np.repeat(np.arange(first, last + 1), np.minimum(ends[some], stop) - np.maximum(begins, start))
        yield which, np.arange(start, stop) - begins[which - first]
