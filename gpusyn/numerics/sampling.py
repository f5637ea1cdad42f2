"""Vectorised draws of the random rules: geometric skipping, integers, distinct integers.

Every draw is addressed by (row, draw). A row is therefore the same whichever other rows are drawn with it, and nothing
depends on the number of draws that are made at a time.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from gpusyn.numerics import portable_math
from gpusyn.numerics.portable_math import log1p
from gpusyn.numerics.rng import Stream, uniform32, uniform53
from gpusyn.utils.typing import Array, Bools, Integers

__all__ = [
    "BLOCK",
    "Ids",
    "bernoulli_lists",
    "bernoulli_rows",
    "calls_for",
    "chosen_columns",
    "distinct_rows",
    "gaps_per_call",
    "integers",
    "multiply_shift",
]


BLOCK = 1 << 15  # synapses (or draws) at a time, so that the scratch stays in a core's cache
Ids = Array  # int32, or int64 if a selection has more than 2**31 neurons

_FINE_BELOW = 2.0**-10  # probabilities below this need more than 32 random bits to be exact to 1e-6


def bernoulli_rows(stream: Stream, n_rows: int, n_columns: int, p: float) -> Iterator[tuple[Integers, Ids]]:
    """Yield the cells (row, column) that are set, row by row; each is set with probability `p`, 0 < `p` < 1.

    The gaps between set cells are geometric, floor(log(u) / log(1 - p)). One Philox call gives four of them, or two
    with 53 bits if p is below 2**-10.
    """
    if n_columns == 0:
        return
    calls = calls_for(n_columns * p, p)
    n_block = max(1, BLOCK // (gaps_per_call(p) * calls))
    for first in range(0, n_rows, n_block):
        rows = np.arange(first, min(first + n_block, n_rows), dtype=np.int64)
        yield _set_cells(stream, rows, n_columns, p, calls)


def bernoulli_lists(stream: Stream, rows: Integers, lengths: Integers, p: float) -> tuple[Integers, Ids]:
    """Return the set cells (row, column) of some rows as `bernoulli_rows` draws them, each row of its own length.

    A row costs what its length asks for, whatever the lengths of the others are. `rows` must be ascending.
    """
    rows, lengths = rows[lengths > 0], lengths[lengths > 0]
    if not rows.size:
        return rows, rows
    return _set_cells(stream, rows, lengths, p, calls_for(float(lengths.mean()) * p, p))


def gaps_per_call(p: float) -> int:
    """Return the number of gaps that one Philox call gives."""
    return 4 if p >= _FINE_BELOW else 2


def calls_for(mean: float, p: float, most: int = BLOCK // 4) -> int:
    """Return a number of Philox calls that suffices for most rows with this expected number of set cells."""
    return min(int((mean + 4 * math.sqrt(mean) + 4) / gaps_per_call(p)) + 1, most)


def _set_cells(stream: Stream, rows: Integers, n_columns: int | Integers, p: float, calls: int) -> tuple[Integers, Ids]:
    """Return the set cells of a few rows, row by row."""
    pieces = list(_skip(stream, rows, n_columns, p, calls))
    row, column = (np.concatenate(parts) for parts in zip(*pieces, strict=True))
    if len(pieces) > 1:
        order = np.argsort(row, kind="stable")
        row, column = row[order], column[order]
    return row, column


def _skip(
    stream: Stream, rows: Integers, n_columns: int | Integers, p: float, calls: int
) -> Iterator[tuple[Integers, Ids]]:
    """Yield the set cells of a few rows; make `calls` Philox calls at a time until every row is complete."""
    a_call = gaps_per_call(p)
    log_q = log1p(-p)
    small = (a_call * calls + 1) * (int(np.max(n_columns)) + 1) < 2**31
    at = np.zeros((len(rows), 1), dtype=np.int32 if small else np.int64)  # the first cell not yet decided
    length = np.broadcast_to(np.asarray(n_columns, at.dtype), rows.shape)[:, None]
    done = 0
    while rows.size:
        words = stream.words(rows[:, None], np.arange(done, done + calls)[None, :])
        u = np.empty((len(rows), calls, a_call))
        for j in range(a_call):
            u[:, :, j] = uniform32(words[j]) if a_call == 4 else uniform53(words[2 * j], words[2 * j + 1])
        gaps = np.minimum(portable_math.log(u) / log_q, length[:, :, None]).astype(at.dtype)
        gaps += 1
        ends = np.cumsum(gaps.reshape(len(rows), -1), axis=1, dtype=at.dtype)
        ends += at
        inside = ends <= length
        yield np.repeat(rows, inside.sum(axis=1)), ends[inside] - 1
        on = inside[:, -1]
        rows, at, length = rows[on], ends[on, -1:], length[on]
        done += calls


def multiply_shift(high: npt.NDArray[np.uint32], low: npt.NDArray[np.uint32], below: Ids | int) -> Integers:
    """Return integers 0 <= i < `below` <= 2**32 from 64 random bits: floor(bits * below / 2**64).

    >>> multiply_shift(np.array([0, 2**31, 2**32 - 1], np.uint32), np.zeros(3, np.uint32), 10)
    array([0, 5, 9])
    """
    n = np.asarray(below).astype(np.uint64)
    shift = np.uint64(32)
    carried = (low.astype(np.uint64) * n) >> shift
    return ((high.astype(np.uint64) * n + carried) >> shift).astype(np.int64)


def integers(stream: Stream, rows: Integers, count: int, below: Ids) -> Integers:
    """Return the first `count` integers of each row's sequence, row i below ``below[i]``; two per Philox call.

    Returns
    -------
    ndarray of int64, shape (len(rows), count)
    """
    calls = (count + 1) // 2
    words = stream.words(rows[:, None], np.arange(calls)[None, :])
    out = np.empty((len(rows), calls, 2), dtype=np.int64)
    for j in range(2):
        out[:, :, j] = multiply_shift(words[2 * j], words[2 * j + 1], below[:, None])
    return out.reshape(len(rows), 2 * calls)[:, :count]


def draws_needed(count: int, n: int) -> int:
    """Return a number of draws from `n` that almost surely has `count` <= n / 2 distinct values (for speed only)."""
    share = min(count / n, 0.75) if n else 0.0
    mean = -n * math.log1p(-share)
    spread = math.sqrt(max(0.0, n * (share / (1 - share) + math.log1p(-share))))
    return max(int(mean + 5 * spread) + 4, count)


def first_distinct(values: Integers, wanted: Integers) -> Bools | None:
    """Mark in each row the first ``wanted[row]`` distinct values; None if a row has fewer.

    Parameters
    ----------
    values : ndarray of int64, shape (n_rows, n_draws)
        Values in the order of drawing. Negative values are never marked.
    wanted : ndarray of int64, shape (n_rows,)
        Number of values to mark in each row.
    """
    first = _first_of_each(values)
    rank = np.cumsum(first, axis=1, dtype=np.int64)
    if (rank[:, -1] < wanted).any():
        return None
    return first & (rank <= wanted[:, None])


def _first_of_each(values: Integers) -> Bools:
    """Mark the first of all equal values of each row; negative values are never marked."""
    n_draws = values.shape[1]
    bits = n_draws.bit_length()
    first: Bools = values >= 0
    if values.size and int(values.max()).bit_length() + bits <= 63:
        # Value and place share one number, so one sort suffices and equal values stay in the order of drawing.
        ordered = values << bits
        ordered |= np.arange(n_draws)
        ordered.sort(axis=1)
        row, place = _equal_neighbours(ordered, bits)
        first[row, ordered[row, place + 1] & ((1 << bits) - 1)] = False
    else:
        order = np.argsort(values, axis=1, kind="stable")
        ordered = np.take_along_axis(values, order, axis=1)
        row, place = np.nonzero(ordered[:, 1:] == ordered[:, :-1])
        first[row, order[row, place + 1]] = False
    return first


def _equal_neighbours(ordered: Integers, bits: int) -> tuple[Integers, Integers]:
    """Return row and column of the numbers that differ from the next one by no more than their last bits."""
    differing = ordered[:, 1:] ^ ordered[:, :-1]
    differing >>= bits
    row, column = np.nonzero(differing == 0)
    return row, column


def distinct_rows(stream: Stream, rows: Integers, count: int, below: Ids, n: int) -> tuple[Integers, Integers]:
    """Draw `count` distinct integers in each row, row i below ``below[i]``, which is n or n - 1.

    These are the first distinct values of the row's sequence of draws. If more than half of all values are wanted, the
    first distinct values are left out instead, and the others follow in ascending order.

    Returns
    -------
    index, value : ndarray of int64, shape (len(rows) * count,)
        Index into `rows`, ascending, and the integers.
    """
    invert = 2 * count > n
    wanted = below - count if invert else np.full(len(rows), count, dtype=np.int64)
    most = int(wanted.max(initial=0))
    n_draws = draws_needed(most, n)
    chosen = None
    while chosen is None:
        values = integers(stream, rows, n_draws, below)
        chosen = first_distinct(values, wanted)
        n_draws *= 2
    index = np.nonzero(chosen)[0]
    if not invert:
        return index, values[chosen]
    left = np.arange(n) < below[:, None]
    left[index, values[chosen]] = False
    kept, value = np.nonzero(left)
    return kept, value


def chosen_columns(
    stream: Stream, rows: Integers, k: int, n_columns: int, skip: Integers, *, multapses: bool
) -> tuple[Integers, Integers]:
    """Return `k` choices of each row among `n_columns` without the column ``skip[i]`` (-1: none).

    Returns
    -------
    index, column : ndarray of int64, shape (len(rows) * k,)
        Index into `rows`, ascending, and the columns.
    """
    below = n_columns - (skip >= 0)
    if multapses:
        index = np.repeat(np.arange(len(rows)), k)
        column = integers(stream, rows, k, below).reshape(-1)
    else:
        index, column = distinct_rows(stream, rows, k, below, n_columns)
    skipped = skip[index]
    column += (skipped >= 0) & (column >= skipped)
    return index, column
