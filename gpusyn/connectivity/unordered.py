"""Pairs of two neurons without a direction, as those that gap junctions couple; each is drawn once.

A pair has a neuron of the first and one of the second selection. If both neurons are in both selections, it could be
drawn in two directions; of these, the one with the lower position in the first selection stands for the pair. A rule
says by `Rule.UNORDERED` how it draws such pairs.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from gpusyn.connectivity.base import DrawingBytes, Ids, Keys, Rule, autapse_positions, count_autapses
from gpusyn.connectivity.distinct_pairs import DistinctPairs
from gpusyn.connectivity.explicit import GivenSynapses
from gpusyn.errors import ParameterError
from gpusyn.numerics.rng import Stream
from gpusyn.utils.typing import Array, Bools, Integers

__all__ = ["UnorderedPairs"]

_OVERLAP = 16  # bytes of a neuron while it is looked for in the other selection
_LISTED = 60  # bytes of a listed pair while the one of the other direction is looked for


class UnorderedPairs:
    """The unordered pairs that a rule draws between two selections.

    Parameters
    ----------
    rule : Rule
        Rule, bound to the two selections.
    n_first, n_second : int
        Sizes of the two selections.
    same : tuple of two KeySpans or arrays, optional
        Global ids of the neurons; see :class:`gpusyn.connectivity.base.Rule`.
    where : str
        Place of the rule, for messages.

    Raises
    ------
    ParameterError
        If the rule cannot draw such pairs, or listed pairs are not symmetric.
    """

    def __init__(self, rule: Rule, n_first: int, n_second: int, same: Keys | None, where: str) -> None:
        self._sizes, self._same, self._where = (n_first, n_second), same, where
        self._common = count_autapses(n_first, n_second, same)
        given: Any = rule  # no pair is drawn twice, and no neuron is paired with itself
        unlike = {key: False for key in ("autapses", "multapses") if hasattr(given, key)}
        self.rule: Rule = replace(given, **unlike) if rule.UNORDERED != "listed" else rule
        self._check()

    def _check(self) -> None:
        kind = self.rule.UNORDERED
        if self._common and kind == "degree":
            raise ParameterError(
                f"{self._where}: {type(self.rule).__name__} counts the partners of one side, but a junction within a "
                "population is one of both of its neurons; use FixedTotalNumber(n) with n = size * mean / 2, or "
                "FixedProbability(p)"
            )
        if kind != "total":
            self.rule.check(*self._sizes, self._where, self._same)
        elif self._distinct.n > self.possible:
            raise ParameterError(
                f"{self._where}: FixedTotalNumber cannot make n = {self._distinct.n} junctions of {self.possible} "
                f"pairs of different neurons ({self._sizes[0]} and {self._sizes[1]} neurons), of which none is "
                "coupled twice; lower n or enlarge the selections"
            )
        mask: Any = getattr(self.rule, "mask", None)
        if self._common and mask is not None:
            low, high = mask.box(self.rule.positions.dimensions)  # type: ignore[attr-defined]
            if any(abs(a + b) > 1e-9 * (b - a) for a, b in zip(low, high, strict=True)):
                raise ParameterError(
                    f"{self._where}: DistanceDependent.mask must be symmetric around the neuron, because a junction "
                    f"within a population has no direction (got {mask!r}); move its middle to the neuron"
                )
        self.listed_ends  # noqa: B018  listed pairs are checked at once

    @property
    def possible(self) -> int:
        """Number of unordered pairs of different neurons."""
        n_first, n_second = self._sizes
        return n_first * n_second - self._common - self._common * (self._common - 1) // 2

    @property
    def exact(self) -> bool:
        """True if the number of pairs is certain."""
        return self.rule.exact and (self.rule.UNORDERED != "listed" or isinstance(self.rule, GivenSynapses))

    @property
    def listed(self) -> int | None:
        """Number of the pairs that the user lists, in one or both directions; None if they are drawn."""
        return len(self.rule.pre) if isinstance(self.rule, GivenSynapses) else None

    @property
    def listed_ends(self) -> tuple[Ids, Ids] | None:
        """The pairs as positions in the two selections; None if they are drawn."""
        return self._kept if self.rule.UNORDERED == "one" or isinstance(self.rule, GivenSynapses) else None

    @property
    def expected(self) -> float:
        """Number of pairs, or the expected number if it is random."""
        kind, every = self.rule.UNORDERED, self.rule.expected(*self._sizes, self._same)
        if self.listed_ends is not None:
            return float(len(self.listed_ends[0]))
        if kind in ("each", "listed"):  # none is of a neuron with itself
            return every * (self.possible / max(self._sizes[0] * self._sizes[1] - self._common, 1))
        return every

    @property
    def _distinct(self) -> DistinctPairs:
        total: Any = self.rule
        return DistinctPairs(total.n, self.possible, *self._sizes, self._stands if self._common else None)

    def blocks(self, stream: Stream) -> Iterator[tuple[Ids, Ids]]:
        """Yield the pairs as positions in the two selections, in consecutive blocks.

        Raises
        ------
        ArgumentError
            If the rule yields anything but positions in the two selections.
        ParameterError
            If the rule is a user's own and its pairs are not symmetric.
        """
        kind = self.rule.UNORDERED
        if kind == "total":
            yield from self._distinct.blocks(stream)
        elif self.listed_ends is not None:
            yield self.listed_ends
        elif kind == "listed":
            first, second = self._listed(stream)
            kept, _ = self._symmetric(first, second)
            yield first[kept], second[kept]
        else:
            for first, second in self.rule.checked_blocks(*self._sizes, stream, self._same):
                stands = self._stands(first, second) if self._common else slice(None)
                yield first[stands], second[stands]

    def drawing_bytes(self) -> DrawingBytes:
        """Return the bytes that are taken beside the block that is yielded."""
        kind = self.rule.UNORDERED
        if kind == "total":
            drawing = self._distinct.drawing_bytes()
        elif kind in ("one", "listed"):
            drawing = DrawingBytes(*2 * (round(_LISTED * self.rule.expected(*self._sizes)),))
        else:
            drawing = self.rule.drawing_bytes(*self._sizes, self._same)
        overlap = _OVERLAP * sum(self._sizes) if self._common else 0
        return DrawingBytes(drawing.first + overlap, drawing.then + overlap)

    def each_once(self, values: Array, where: str) -> Array:
        """Return one value per pair, given one for each listed pair, which both directions must have alike.

        Raises
        ------
        ParameterError
            If the two directions of a pair have different values.
        """
        assert isinstance(self.rule, GivenSynapses)
        first, second = self.rule.pre, self.rule.post
        kept, back = self._symmetric(first, second)
        differing = np.flatnonzero(values[kept] != values[back])
        if differing.size:
            one, other = int(kept[differing[0]]), int(back[differing[0]])
            raise ParameterError(
                f"{where}: must be the same in both directions of a pair: pair ({first[one]}, {second[one]}) has "
                f"{values[one]:g} nS, and ({first[other]}, {second[other]}) has {values[other]:g} nS"
            )
        return np.asarray(values[kept])

    # ---- directions ----
    @functools.cached_property
    def _places(self) -> tuple[Integers, Integers]:
        """For each neuron of the first selection its position in the second one, and the other way round; -1: none."""
        own = autapse_positions(*self._sizes, self._same)
        back = np.full(self._sizes[1], -1, np.int64)
        if own is None:
            return np.full(self._sizes[0], -1, np.int64), back
        inside = np.flatnonzero(own >= 0)
        back[own[inside]] = inside
        return own, back

    def _stands(self, first: Ids, second: Ids) -> Bools:
        """Return a mask of the pairs that stand for an unordered pair of different neurons."""
        own, back = self._places
        turned = back[second]  # a neuron paired with itself is at the position `first`
        return np.asarray((own[first] < 0) | (turned < 0) | (first < turned))

    @functools.cached_property
    def _kept(self) -> tuple[Ids, Ids]:
        """The pairs of a rule that draws nothing."""
        first, second = self._listed(Stream(0))
        if self.rule.UNORDERED == "one":
            self._refuse_itself(first, second)
            kept = self._stands(first, second) | ~self._has_back(first, second)
            return first[kept], second[kept]
        kept_at, _ = self._symmetric(first, second)
        return first[kept_at], second[kept_at]

    def _listed(self, stream: Stream) -> tuple[Ids, Ids]:
        blocks = [*self.rule.checked_blocks(*self._sizes, stream, self._same)]
        none = np.zeros(0, np.int64)
        first, second = (
            (np.concatenate([none, *part]) for part in zip(*blocks, strict=True)) if blocks else (none, none)
        )
        return first, second

    def _cells(self, first: Ids, second: Ids) -> Integers:
        return first.astype(np.int64) * self._sizes[1] + second

    def _turned(self, first: Ids, second: Ids) -> Integers:
        """Return the cells of the other direction of pairs; -1 where there is none."""
        own, back = self._places
        cells = self._cells(back[second], own[first])
        cells[(own[first] < 0) | (back[second] < 0)] = -1
        return cells

    def _has_back(self, first: Ids, second: Ids) -> Bools:
        """Return a mask of the pairs of which the other direction is among the pairs, too."""
        return np.isin(self._turned(first, second), self._cells(first, second))

    def _refuse_itself(self, first: Ids, second: Ids) -> None:
        itself = np.flatnonzero(self._places[0][first] == second)
        if itself.size:
            pair = f"({first[itself[0]]}, {second[itself[0]]})"
            raise ParameterError(
                f"{self._where}: {type(self.rule).__name__} would couple a neuron to itself: pair {pair}; "
                "leave such pairs out, or take selections in which no neuron has the same position"
            )

    def _symmetric(self, first: Ids, second: Ids) -> tuple[Integers, Integers]:
        """Return the places of the pairs that stand for both directions, and of those of the other direction.

        A pair that has no other direction is its own.
        """
        self._refuse_itself(first, second)
        cells, turned, name = self._cells(first, second), self._turned(first, second), type(self.rule).__name__
        order = np.argsort(cells, kind="stable")
        again = np.flatnonzero(np.diff(cells[order]) == 0)
        if again.size:
            at = int(order[again[0]])
            raise ParameterError(
                f"{self._where}: {name} has the pair ({first[at]}, {second[at]}) twice, but a pair of neurons has one "
                "junction; add up the conductances"
            )
        back = np.searchsorted(cells[order], turned)
        back = order[np.minimum(back, max(len(order) - 1, 0))] if len(order) else order
        back = np.where(turned < 0, np.arange(len(cells)), back)
        missing = np.flatnonzero((turned >= 0) & (cells[back] != turned))
        if missing.size:
            at = int(missing[0])
            wanted = "({}, {})".format(*divmod(int(turned[at]), self._sizes[1]))
            raise ParameterError(
                f"{self._where}: {name} must be symmetric where both neurons are in both selections: it has the pair "
                f"({first[at]}, {second[at]}) and not {wanted}, which is the same junction; list both, "
                "such as pre + post and post + pre"
            )
        kept = np.flatnonzero(self._stands(first, second))
        return kept, back[kept]
