"""The rule of a fixed total number of synapses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import KW_ONLY, dataclass
from typing import ClassVar

import numpy as np

from gpusyn.connectivity.base import (
    BLOCK,
    DrawingBytes,
    Ids,
    Keys,
    Pairs,
    Rule,
    autapse_positions,
    count_autapses,
    tail_bound,
    taken_cells,
)
from gpusyn.connectivity.distinct_pairs import Allowed, DistinctPairs, drawn_pairs
from gpusyn.connectivity.free_pairs import free_cells
from gpusyn.errors import ParameterError
from gpusyn.numerics.rng import Stream
from gpusyn.parameters.scalars import flag, integer, public

__all__ = ["FixedTotalNumber"]

MOST_SYNAPSES = 2**62  # by which they can be numbered


@public
@dataclass(frozen=True)
class FixedTotalNumber(Rule):
    """Exactly `n` synapses, each between a source and a target drawn at random.

    Pairs are drawn one after the other; autapses and repeated pairs are skipped if they are not allowed. If more than
    half of all pairs are wanted without multapses, the pairs to leave out are drawn instead.

    Of a network on several ranks, each rank draws all pairs, without weights and delays, so at most 1e10 are possible,
    and 1e8 without multapses.

    Parameters
    ----------
    n : int
        Total number of synapses, >= 0.
    autapses : bool
        If False, no neuron contacts itself.
    multapses : bool
        If False, no pair is drawn more than once.

    Raises
    ------
    ArgumentError
        If an argument has the wrong type.
    ParameterError
        If `n` is negative or above 2^62. When it is connected: if there are fewer than `n` different pairs.

    Examples
    --------
    >>> FixedTotalNumber(1000, multapses=False)
    FixedTotalNumber(n=1000, autapses=True, multapses=False)
    """

    UNORDERED: ClassVar[str] = "total"

    n: int
    _: KW_ONLY
    autapses: bool = True
    multapses: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "n", integer(self.n, "FixedTotalNumber.n", low=0, high=MOST_SYNAPSES))
        object.__setattr__(self, "autapses", flag(self.autapses, "FixedTotalNumber.autapses"))
        object.__setattr__(self, "multapses", flag(self.multapses, "FixedTotalNumber.multapses"))

    @property
    def exact(self) -> bool:
        """True: the number of synapses is certain."""
        return True

    def expected(self, n_pre: int, n_post: int, same: Keys | None = None) -> float:
        """Return n."""
        return float(self.n)

    def max_in_degree(self, n_pre: int, n_post: int) -> int:
        """Return a number that any target exceeds with probability < 1e-15 (binomial)."""
        pairs = n_pre * n_post - (0 if self.autapses else min(n_pre, n_post))
        bound = tail_bound(self.n, n_pre / max(pairs, 1), n_post)
        return bound if self.multapses else min(bound, n_pre)

    def _possible(self, n_pre: int, n_post: int, same: Keys | None) -> int:
        return n_pre * n_post - (0 if self.autapses else count_autapses(n_pre, n_post, same))

    def check(self, n_pre: int, n_post: int, where: str, same: Keys | None = None) -> None:
        """Check that there are at least `n` different pairs; with multapses one is enough."""
        possible = self._possible(n_pre, n_post, same)
        if self.n == 0 or self.n <= possible or (self.multapses and possible):
            return
        raise ParameterError(
            f"{where}: FixedTotalNumber cannot make n = {self.n} synapses from {possible} possible pairs "
            f"({n_pre} x {n_post} neurons, {'autapses' if self.autapses else 'no autapses'}); lower n or "
            + ("enlarge the selections" if self.multapses else "allow multapses")
        )

    def blocks(self, n_pre: int, n_post: int, stream: Stream, same: Keys | None = None) -> Iterator[tuple[Ids, Ids]]:
        """Yield the synapses in consecutive blocks."""
        allowed = self._allowed(n_pre, n_post, same)
        if not self.multapses:
            pairs = DistinctPairs(self.n, self._possible(n_pre, n_post, same), n_pre, n_post, allowed)
            yield from pairs.blocks(stream)
            return
        left, start = self.n, 0
        while left:
            size = min(BLOCK, left + 16)
            pair = drawn_pairs(stream, start, size, n_pre, n_post, allowed)
            pair = pair[pair >= 0][:left]
            yield np.divmod(pair, n_post)
            left -= len(pair)
            start += size

    def _allowed(self, n_pre: int, n_post: int, same: Keys | None) -> Allowed | None:
        """Return which pairs can be drawn, None if all can."""
        own = None if self.autapses else autapse_positions(n_pre, n_post, same)
        return None if own is None else lambda pre, post: own[pre] != post

    def rewire(
        self, kept: Pairs, deleted: Pairs, n_pre: int, n_post: int, stream: Stream, same: Keys | None = None
    ) -> tuple[Ids, Ids]:
        """Draw new synapses from all pairs that are not connected, each with the same probability."""
        taken = taken_cells(*kept, n_pre, n_post, same, autapses=self.autapses)
        return np.divmod(free_cells(stream, len(deleted.pre), taken, n_pre, n_post), n_post)

    def rewired_in_degree(self, n_pre: int, n_post: int) -> int:
        """Return the number of sources; and those drawn for a target more than once, where that is allowed."""
        return n_pre + (self.max_in_degree(n_pre, n_post) if self.multapses else 0)

    def drawing_bytes(self, n_pre: int, n_post: int, same: Keys | None = None) -> DrawingBytes:
        """Return the bytes of the pairs that are drawn at once to find distinct ones; none if multapses are allowed."""
        if self.multapses or not self.n:
            return DrawingBytes(0, 0)
        return DistinctPairs(self.n, self._possible(n_pre, n_post, same), n_pre, n_post).drawing_bytes()
