"""The base class of connection rules, and the functions that they share: autapses, and bounds on the in-degree."""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar, NamedTuple

import numpy as np

from gpusyn.connectivity.free_pairs import is_taken, once
from gpusyn.errors import ArgumentError, ParameterError
from gpusyn.numerics.portable_math import log_of
from gpusyn.numerics.rng import Stream
from gpusyn.numerics.sampling import BLOCK, Ids
from gpusyn.utils.calls import show
from gpusyn.utils.ids import KeySpans
from gpusyn.utils.typing import Array, Integers

__all__ = [
    "BLOCK",
    "DrawingBytes",
    "Ids",
    "Keys",
    "Pairs",
    "Rule",
    "all_cells",
    "autapse_positions",
    "cells_onto",
    "count_autapses",
    "id_type",
    "tail_bound",
    "taken_cells",
    "without_autapses",
]

Keys = tuple[KeySpans, KeySpans] | tuple[Integers, Integers]

FAILURE = 1e-15  # probability that any target exceeds a bound on the in-degree of a random rule


class Pairs(NamedTuple):
    """Synapses as positions in the two selections."""

    pre: Ids
    post: Ids


class DrawingBytes(NamedTuple):
    """Bytes that a rule takes until it yields its first block, and from then on."""

    first: int
    then: int


class Rule(ABC):
    """Base class of connection rules.

    A rule yields synapses as positions in the two selections. It draws from a counter-based stream, so the same rule,
    sizes and stream give the same synapses on every machine.

    All methods take `same`, which tells autapses: a tuple of two int64 arrays of shapes (n_pre,) and (n_post,) with the
    global ids of the neurons of both selections, unique in each. A synapse between equal ids is an autapse. ``None``
    means that the selections share no neuron. Both may be ``gpusyn.utils.ids.KeySpans``, which become arrays with
    `numpy.asarray`; `count_autapses` counts them without.

    Attributes
    ----------
    UNORDERED : {"listed", "each", "total", "degree", "one"}
        How the rule draws pairs without a direction (`gpusyn.connectivity.unordered`): each pair by itself, a total
        number of them, so many for each neuron of one side, one for each neuron; or pairs are listed, and those within
        a population must be listed in both directions.
    """

    UNORDERED: ClassVar[str] = "listed"

    def bind(self, pre: Any, post: Any, where: str) -> Rule:
        """Return the rule for two selections: itself, unless it needs more of them than their sizes.

        Parameters
        ----------
        pre, post : Selection
            Presynaptic and postsynaptic neurons.
        where : str
            Place of the rule, for messages.

        Returns
        -------
        Rule
        """
        return self

    def column(self, name: str, where: str) -> Array:
        """Return the values, one per synapse, that a name given as weight or delay stands for.

        Parameters
        ----------
        name : str
            The name.
        where : str
            Place of the weight or delay, for messages.

        Returns
        -------
        ndarray, shape (n_synapses,)

        Raises
        ------
        ArgumentError
            If the rule has no values, as most have not.
        UnknownNameError
            If it has none of this name.
        """
        raise ArgumentError(
            f"{where}: must be a number, an array (one per synapse) or a distribution (got {show(name)}); a name is "
            "for a column of gs.FromTable, or for the data of gs.FromSparse"
        )

    @property
    @abstractmethod
    def exact(self) -> bool:
        """True if `draw` always returns exactly `expected` synapses."""

    @abstractmethod
    def expected(self, n_pre: int, n_post: int, same: Keys | None = None) -> float:
        """Return the number of synapses, or the expected number if it is random.

        Parameters
        ----------
        n_pre, n_post : int
            Sizes of the two selections.
        same : tuple of two arrays, optional
            Global ids of the neurons; see :class:`Rule`.

        Returns
        -------
        float
        """

    @abstractmethod
    def max_in_degree(self, n_pre: int, n_post: int) -> int:
        """Return an upper bound on the number of synapses of any target.

        The bound is exact if the rule limits the number; otherwise the probability that any target exceeds it is below
        1e-15.

        Parameters
        ----------
        n_pre, n_post : int
            Sizes of the two selections.

        Returns
        -------
        int
        """

    @abstractmethod
    def check(self, n_pre: int, n_post: int, where: str, same: Keys | None = None) -> None:
        """Check that the rule can be satisfied, without drawing anything.

        Parameters
        ----------
        n_pre, n_post : int
            Sizes of the two selections.
        where : str
            Place of the rule, for the message.
        same : tuple of two arrays, optional
            Global ids of the neurons; see :class:`Rule`.

        Raises
        ------
        ParameterError
            If selections of these sizes cannot satisfy the rule.
        """

    def drawing_bytes(self, n_pre: int, n_post: int, same: Keys | None = None) -> DrawingBytes:
        """Return the bytes that the rule takes beside the block that it yields: none, unless it draws many at once.

        Parameters
        ----------
        n_pre, n_post : int
            Sizes of the two selections.
        same : tuple of two arrays, optional
            Global ids of the neurons; see :class:`Rule`.

        Returns
        -------
        DrawingBytes
        """
        return DrawingBytes(0, 0)

    @abstractmethod
    def blocks(self, n_pre: int, n_post: int, stream: Stream, same: Keys | None = None) -> Iterator[tuple[Ids, Ids]]:
        """Yield the synapses of `draw` in consecutive blocks of bounded size, without checking the sizes.

        Parameters
        ----------
        n_pre, n_post : int
            Sizes of the two selections.
        stream : Stream
            Random stream of the projection.
        same : tuple of two arrays, optional
            Global ids of the neurons; see :class:`Rule`.

        Yields
        ------
        pre, post : ndarray of int32 (int64 beyond 2**31 neurons), shape (n_block,)
            Positions in the selections, in order of creation.
        """

    def blocks_onto(
        self,
        targets: Integers,
        n_pre: int,
        n_post: int,
        stream: Stream,
        same: Keys | None = None,
        *,
        numbered: bool = True,
    ) -> Iterator[tuple[Ids, Ids, Integers]] | None:
        """Yield the synapses onto some targets in consecutive blocks, at the cost of these alone.

        A rank of several builds its part of a network so. Of a rule that cannot do it, as any rule of a user's own,
        each rank draws all pairs and leaves out those onto targets of other ranks.

        Parameters
        ----------
        targets : ndarray of int64
            Positions in the postsynaptic selection, in ascending order.
        n_pre, n_post : int
            Sizes of the two selections.
        stream : Stream
            Random stream of the projection.
        same : tuple of two arrays, optional
            Global ids of the neurons; see :class:`Rule`.
        numbered : bool
            If False, the numbers of synapses need not be those of their creation.

        Returns
        -------
        iterator or None
            Positions in the two selections, in order of creation, and numbers in the order of creation of all synapses;
            None if all synapses must be drawn to know those onto some targets.
        """
        return None

    def checked_blocks(
        self, n_pre: int, n_post: int, stream: Stream, same: Keys | None = None
    ) -> Iterator[tuple[Ids, Ids]]:
        """Yield the synapses as `blocks` does; refuse what is no pair of positions.

        Parameters
        ----------
        n_pre, n_post : int
            Sizes of the two selections.
        stream : Stream
            Random stream of the projection.
        same : tuple of two arrays, optional
            Global ids of the neurons; see :class:`Rule`.

        Yields
        ------
        pre, post : ndarray of integers, shape (n_block,)
            Positions in the selections, in order of creation.

        Raises
        ------
        ArgumentError
            If the rule yields anything but positions in the two selections.
        """
        blocks: Any = self.blocks(n_pre, n_post, stream, same)
        if not isinstance(blocks, Iterable):
            raise self._no_pairs(n_pre, n_post, show(blocks))
        for block in blocks:
            pre, post = block if isinstance(block, tuple | list | np.ndarray) and len(block) == 2 else (block, None)
            if not (_are_positions(pre, n_pre) and _are_positions(post, n_post, len(pre))):
                raise self._no_pairs(n_pre, n_post, f"{show(pre)} and {show(post)}")
            yield pre, post

    def _no_pairs(self, n_pre: int, n_post: int, got: str, must: str = "blocks: must yield") -> ArgumentError:
        return ArgumentError(
            f"{type(self).__name__}.{must} two integer arrays of one length, positions from 0 in "
            f"selections of {n_pre} and {n_post} neurons (got {got}); see docs/adding_a_connection_rule.md"
        )

    def rewire(
        self, kept: Pairs, deleted: Pairs, n_pre: int, n_post: int, stream: Stream, same: Keys | None = None
    ) -> tuple[Ids, Ids]:
        """Draw new synapses in place of deleted ones: as many, or fewer if there are too few pairs to connect.

        A rule that has this method can be used with :class:`gpusyn.Rewiring`. A new synapse connects a pair that none
        of `kept` connects, and no pair gets two. What the rule promises must hold for `kept` and the new synapses
        together, such as the number of synapses of each target.

        Parameters
        ----------
        kept, deleted : Pairs
            Synapses that stay, and those that were deleted.
        n_pre, n_post : int
            Sizes of the two selections.
        stream : Stream
            Random stream of this rewiring.
        same : tuple of two arrays, optional
            Global ids of the neurons; see :class:`Rule`.

        Returns
        -------
        pre, post : ndarray of integers, shape (n_new,)
            Positions in the selections.

        Raises
        ------
        NotImplementedError
            If the rule does not draw synapses anew.
        """
        raise NotImplementedError(f"{type(self).__name__} does not draw synapses anew")

    @property
    def rewires(self) -> bool:
        """True if the rule draws synapses anew, by a method `rewire`."""
        return type(self).rewire is not Rule.rewire

    def rewired_in_degree(self, n_pre: int, n_post: int) -> int:
        """Return an upper bound on the number of synapses of any target after any number of rewirings.

        Parameters
        ----------
        n_pre, n_post : int
            Sizes of the two selections.

        Returns
        -------
        int
        """
        return self.max_in_degree(n_pre, n_post) + n_pre  # no rewiring connects a pair that is connected

    def checked_rewire(
        self, kept: Pairs, deleted: Pairs, n_pre: int, n_post: int, stream: Stream, same: Keys | None = None
    ) -> Pairs:
        """Return the synapses that `rewire` does; refuse what are no new pairs.

        Parameters
        ----------
        kept, deleted : Pairs
            Synapses that stay, and those that were deleted.
        n_pre, n_post : int
            Sizes of the two selections.
        stream : Stream
            Random stream of this rewiring.
        same : tuple of two arrays, optional
            Global ids of the neurons; see :class:`Rule`.

        Returns
        -------
        Pairs

        Raises
        ------
        ArgumentError
            If the rule returns anything but positions, more than were deleted, or a pair that is connected.
        """
        found: Any = self.rewire(kept, deleted, n_pre, n_post, stream, same)
        pre: Any
        post: Any
        pre, post = found if isinstance(found, tuple | list) and len(found) == 2 else (found, None)
        if not (_are_positions(pre, n_pre) and _are_positions(post, n_post, len(pre))):
            raise self._no_pairs(n_pre, n_post, f"{show(pre)} and {show(post)}", "rewire: must return")
        cells = np.sort(pre.astype(np.int64) * n_post + post)
        again = int(np.count_nonzero(cells[1:] == cells[:-1]))
        again += int(is_taken(kept.pre.astype(np.int64) * n_post + kept.post, cells).sum())
        most = self.rewired_in_degree(n_pre, n_post)
        degree = int(np.bincount(np.concatenate([kept.post, post]), minlength=n_post).max(initial=0))
        for wrong, what in (
            (len(cells) > len(deleted.pre), f"{len(cells)} synapses in place of {len(deleted.pre)}; return no more"),
            (again, f"{again} pairs that are connected already; leave out those of `kept`, and repeated ones"),
            (degree > most, f"{degree} synapses of a target, but its rewired_in_degree is {most}; raise that"),
        ):
            if wrong:
                raise ArgumentError(f"{type(self).__name__}.rewire: returned {what} (docs/adding_a_connection_rule.md)")
        return Pairs(pre, post)

    def draw(self, n_pre: int, n_post: int, stream: Stream, same: Keys | None = None) -> tuple[Ids, Ids]:
        """Draw the synapses.

        Parameters
        ----------
        n_pre, n_post : int
            Sizes of the two selections.
        stream : Stream
            Random stream of the projection.
        same : tuple of two int64 arrays, shapes (n_pre,) and (n_post,), optional
            Global ids of the neurons; see :class:`Rule`.

        Returns
        -------
        pre : ndarray of int32 (int64 beyond 2**31 neurons), shape (n_synapses,)
            Positions in the presynaptic selection, in order of creation.
        post : ndarray of the same type and shape
            Positions in the postsynaptic selection.

        Raises
        ------
        ParameterError
            If selections of these sizes cannot satisfy the rule.
        ArgumentError
            If the rule yields anything but positions in the two selections.
        """
        self.check(n_pre, n_post, repr(self), same)
        expected = self.expected(n_pre, n_post, same)
        room = int(expected) if self.exact else int(expected + 6 * expected**0.5) + 16
        pre, post = np.empty(room, id_type(n_pre)), np.empty(room, id_type(n_post))
        count = 0
        for block_pre, block_post in self.checked_blocks(n_pre, n_post, stream, same):
            end = count + len(block_pre)
            if end > len(pre):  # in one network of 1e9 the number exceeds 6 standard deviations
                pre, post = (np.resize(a, max(end, len(a) + len(a) // 8)) for a in (pre, post))
            pre[count:end], post[count:end] = block_pre, block_post
            count = end
        return pre[:count], post[:count]


def _are_positions(ids: Any, size: int, length: int | None = None) -> bool:
    """Return whether `ids` is an array of so many positions in a selection."""
    return (
        isinstance(ids, np.ndarray)
        and ids.dtype.kind in "iu"
        and ids.ndim == 1
        and len(ids) == (len(ids) if length is None else length)
        and (not len(ids) or (int(ids.min()) >= 0 and int(ids.max()) < size))
    )


def id_type(size: int) -> type[np.signedinteger[Any]]:
    """Return the smaller of int32 and int64 that can hold the positions in a selection."""
    return np.int32 if size <= 2**31 else np.int64


def autapse_positions(n_pre: int, n_post: int, same: Keys | None) -> Integers | None:
    """Return the position in post of each neuron of pre (-1: not in post); None if they share no neuron."""
    if same is None:
        return None
    pre_key, post_key = (np.asarray(key, dtype=np.int64) for key in same)
    if pre_key.shape != (n_pre,) or post_key.shape != (n_post,):
        raise ParameterError(
            f"same: must be two arrays of {n_pre} and {n_post} ids (got shapes {pre_key.shape} and {post_key.shape})"
        )
    order = np.argsort(post_key, kind="stable")
    ordered = post_key[order]
    for key in (np.sort(pre_key), ordered):
        if (key[1:] == key[:-1]).any():
            raise ParameterError(
                "a selection contains a neuron twice, so autapses are not defined; list each neuron once"
            )
    if n_post == 0:
        return None
    place = np.minimum(np.searchsorted(ordered, pre_key), n_post - 1)
    own = np.where(ordered[place] == pre_key, order[place], -1)
    return own if (own >= 0).any() else None


def taken_cells(rows: Ids, columns: Ids, n_rows: int, n_columns: int, same: Keys | None, *, autapses: bool) -> Integers:
    """Return row * n_columns + column of all pairs that cannot get a synapse, ascending, each once.

    These are the given ones, and unless `autapses` are allowed, those of a neuron with itself; `same` are the ids of
    rows and columns.
    """
    taken = rows.astype(np.int64) * n_columns + columns
    own = None if autapses else autapse_positions(n_rows, n_columns, same)
    if own is not None:
        neuron = np.flatnonzero(own >= 0)
        taken = np.concatenate([taken, neuron * n_columns + own[neuron]])
    return once(taken)


def count_autapses(n_pre: int, n_post: int, same: Keys | None) -> int:
    """Return the number of pairs that are autapses."""
    if same is not None and isinstance(same[0], KeySpans) and isinstance(same[1], KeySpans):
        return same[0].common(same[1])
    own = autapse_positions(n_pre, n_post, same)
    return 0 if own is None else int((own >= 0).sum())


@functools.lru_cache(maxsize=1024)  # a plan asks several times, and takes a millisecond for each other answer
def tail_bound(trials: int, probability: float, targets: int) -> int:
    """Return a number that, with probability 1 - 1e-15, none of `targets` sums of `trials` draws exceeds.

    Each draw is 1 with the given probability. The number is Chernoff's bound, which also holds for draws without
    replacement (Hoeffding 1963). It is computed with portable logarithms, so it is the same on every machine.

    >>> tail_bound(1000, 0.1, 1000)
    196
    """
    if trials == 0 or probability <= 0 or targets == 0:
        return 0
    if probability >= 1:
        return trials
    needed = -log_of(FAILURE / targets)
    of_one, of_none = log_of(probability), log_of(1 - probability)

    def is_safe(count: int) -> bool:  # P(sum >= count + 1) is small enough
        share = (count + 1) / trials
        if share <= probability:
            return False
        distance = share * (log_of(share) - of_one)
        if share < 1:
            distance += (1 - share) * (log_of(1 - share) - of_none)
        return trials * distance >= needed

    low, high = 0, trials  # `high` is always safe, since a sum cannot exceed the number of draws
    while low < high:
        middle = (low + high) // 2
        if is_safe(middle):
            high = middle
        else:
            low = middle + 1
    return high


def all_cells(n_rows: int, n_columns: int) -> Iterator[tuple[Ids, Ids]]:
    """Yield all cells, row by row."""
    for start in range(0, n_rows * n_columns, BLOCK):
        cell = np.arange(start, min(start + BLOCK, n_rows * n_columns), dtype=np.int64)
        yield np.divmod(cell, n_columns)


def cells_onto(
    columns: Integers, n_rows: int, n_columns: int, own: Integers | None
) -> Iterator[tuple[Ids, Ids, Integers]]:
    """Yield the cells of some columns, row by row, without the autapses at column ``own[row]``, and their numbers."""
    left_out = np.zeros(1, np.int64) if own is None else np.concatenate([[0], np.cumsum(own >= 0)])
    for start in range(0, n_rows * len(columns), BLOCK):
        cell = np.arange(start, min(start + BLOCK, n_rows * len(columns)), dtype=np.int64)
        row, place = np.divmod(cell, len(columns))
        column = columns[place]
        number = row * n_columns + column
        if own is not None:
            number -= left_out[row] + ((own[row] >= 0) & (own[row] < column))
            keep = own[row] != column
            row, column, number = row[keep], column[keep], number[keep]
        yield row, column, number


def without_autapses(own: Integers | None, cells: Iterator[tuple[Ids, Ids]]) -> Iterator[tuple[Ids, Ids]]:
    """Leave out the autapses, at column ``own[row]``."""
    if own is None:
        yield from cells
        return
    for pre, post in cells:
        keep = post != own[pre]
        yield pre[keep], post[keep]
