"""Draws among the pairs of neurons that are not connected, for rules that make new synapses.

A cell is a pair as one number: row * n_columns + column. Each draw is addressed by its row and its number, so that no
result depends on how many are made at a time.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gpusyn.numerics.rng import Stream, uniform53
from gpusyn.numerics.sampling import BLOCK, first_distinct, integers, multiply_shift
from gpusyn.utils.typing import Array, Bools, Integers

__all__ = ["drawn_cells", "free_among", "free_cells", "free_in_rows", "is_taken", "lowest", "once", "ranks"]

_RANKS = 1 << 8  # block of the random words that rank cells where few are free; block 0 draws cells


def free_in_rows(stream: Stream, rows: Integers, wanted: Integers, taken: Integers, n_columns: int) -> Integers:
    """Return cells that are not taken, each at most once: as many of each row as are wanted, or all there are.

    All sets of so many free cells of a row are equally likely.

    Parameters
    ----------
    stream : Stream
        Random stream.
    rows, wanted : ndarray of int64, shape (n,)
        Rows, ascending, and the number of cells that each is to get.
    taken : ndarray of int64
        Cells that are taken, ascending, each once.
    n_columns : int
        Number of columns.

    Returns
    -------
    ndarray of int64
    """
    bounds = np.searchsorted(taken, np.concatenate([rows, rows + 1]) * n_columns)
    first, last = bounds[: len(rows)], bounds[len(rows) :]
    wanted = np.minimum(wanted, n_columns - (last - first))
    crowded = 2 * (last - first + wanted) > n_columns
    order = np.argsort(-wanted, kind="stable")  # rows that need about as many draws are drawn together
    found = [np.zeros(0, np.int64)]
    some = order[~crowded[order] & (wanted[order] > 0)]
    while some.size:
        n_draws = 2 * int(wanted[some[0]]) + 16
        now, some = np.split(some, [max(1, BLOCK // n_draws)])
        found.append(_first_free(stream, rows[now], wanted[now], taken, n_columns, n_draws))
    few = np.flatnonzero(crowded)
    for part in np.array_split(few, max(1, len(few) * n_columns // BLOCK)):
        found.append(_ranked_in_rows(stream, rows[part], wanted[part], taken, n_columns))
    return np.concatenate(found)


def _first_free(
    stream: Stream, rows: Integers, wanted: Integers, taken: Integers, n_columns: int, n_draws: int
) -> Integers:
    """Return the first free cells of each row's sequence of draws."""
    below = np.full(len(rows), n_columns)
    while True:
        cells = rows[:, None] * n_columns + integers(stream, rows, n_draws, below)
        cells[is_taken(cells, taken)] = -1
        chosen = first_distinct(cells, wanted)
        if chosen is not None:
            return cells[chosen]
        n_draws *= 2


def _ranked_in_rows(stream: Stream, rows: Integers, wanted: Integers, taken: Integers, n_columns: int) -> Integers:
    """Return the free cells of each row that rank first."""
    cells = rows[:, None] * n_columns + np.arange(n_columns)
    rank = ranks(stream, rows[:, None], np.arange(n_columns)[None, :])
    rank[is_taken(cells, taken)] = 2.0
    order = np.argsort(rank, axis=1, kind="stable")
    first = np.arange(n_columns) < wanted[:, None]
    return np.asarray(np.take_along_axis(cells, order, axis=1)[first])


def free_cells(stream: Stream, wanted: int, taken: Integers, n_rows: int, n_columns: int) -> Integers:
    """Return cells that are not taken, each at most once: as many as are wanted, or all there are.

    All sets of so many free cells are equally likely. `taken` is ascending, with each cell once.
    """
    n = n_rows * n_columns
    wanted = min(wanted, n - len(taken))
    if 2 * (len(taken) + wanted) <= n:
        return first_free(lambda count: drawn_cells(stream, 0, count, n_rows, n_columns), wanted, taken)
    free = np.ones(n, dtype=np.bool_)
    free[taken] = False
    cells = np.flatnonzero(free)
    return cells[lowest(ranks(stream, cells, 0), wanted)]


def first_free(drawn: Callable[[int], Integers], wanted: int, taken: Integers) -> Integers:
    """Return the first cells of a sequence that are not taken and not negative, each once.

    `drawn` returns so many of its first cells; it must have enough free ones in the end.
    """
    n_draws = 2 * wanted + 16
    while True:
        found = free_among(drawn(n_draws), wanted, taken)
        if found is not None:
            return found
        n_draws *= 2


def free_among(cells: Integers, wanted: int, taken: Integers) -> Integers | None:
    """Return the first cells that are not taken and not negative, each once; None if there are fewer than wanted."""
    cells = cells[(cells >= 0) & ~is_taken(cells, taken)]
    if len(cells) < wanted or not wanted:
        return None if wanted else cells[:0]
    chosen = first_distinct(cells[None, :], np.array([wanted]))
    return None if chosen is None else cells[chosen[0]]


def drawn_cells(stream: Stream, start: int, count: int, n_rows: int, n_columns: int) -> Integers:
    """Return a part of a sequence of cells, each drawn from all; one Philox call for each."""
    out = np.empty(count, dtype=np.int64)
    for first in range(0, count, BLOCK):
        part = slice(first, min(first + BLOCK, count))
        words = stream.words(np.arange(start + part.start, start + part.stop), 0)
        row, column = multiply_shift(words[0], words[1], n_rows), multiply_shift(words[2], words[3], n_columns)
        out[part] = row * n_columns + column
    return out


def is_taken(cells: Integers, taken: Integers) -> Bools:
    """Return a mask of the cells that are taken."""
    if not len(taken):
        return np.zeros(cells.shape, np.bool_)
    place = np.minimum(np.searchsorted(taken, cells), len(taken) - 1)
    return np.asarray(taken[place] == cells)


def once(cells: Integers) -> Integers:
    """Return the different cells, ascending."""
    ordered = np.sort(cells)
    new = np.ones(len(ordered), np.bool_)
    new[1:] = ordered[1:] != ordered[:-1]
    return ordered[new]


def ranks(stream: Stream, element: Array, draw: Array | int) -> Array:
    """Return a uniform number for each cell, by which cells are ranked."""
    words = stream.words(element, draw, _RANKS)
    return np.asarray(uniform53(words[0], words[1]))


def lowest(keys: Array, count: int) -> Array:
    """Return the places of the lowest keys, the lowest first."""
    return np.argsort(keys, kind="stable")[:count]
