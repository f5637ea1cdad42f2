"""The rule that connects each pair with the same probability."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import KW_ONLY, dataclass
from typing import ClassVar

import numpy as np

from gpusyn.connectivity.base import (
    Ids,
    Keys,
    Pairs,
    Rule,
    all_cells,
    autapse_positions,
    cells_onto,
    count_autapses,
    tail_bound,
    taken_cells,
    without_autapses,
)
from gpusyn.connectivity.free_pairs import free_cells
from gpusyn.numerics.rng import Stream
from gpusyn.numerics.sampling import bernoulli_rows
from gpusyn.parameters.scalars import flag, public, real
from gpusyn.utils.typing import Integers

__all__ = ["FixedProbability"]


@public
@dataclass(frozen=True)
class FixedProbability(Rule):
    """Each pair of neurons is connected with the same probability, independently of the others (Bernoulli).

    Of a network on several ranks, each rank draws the gaps between all synapses once, so at most 1e10 are possible.

    Parameters
    ----------
    p : float
        Probability, 0 to 1. A pair has at most one synapse; there are no multapses.
    autapses : bool
        If False, no neuron contacts itself; the other synapses stay the same.

    Raises
    ------
    ArgumentError
        If an argument has the wrong type.
    ParameterError
        If the probability is not from 0 to 1.

    Examples
    --------
    >>> FixedProbability(0.02).expected(4000, 4000)
    320000.0
    """

    UNORDERED: ClassVar[str] = "each"

    p: float
    _: KW_ONLY
    autapses: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "p", real(self.p, "FixedProbability.p", low=0.0, high=1.0))
        object.__setattr__(self, "autapses", flag(self.autapses, "FixedProbability.autapses"))

    @property
    def exact(self) -> bool:
        """True if p is 0 or 1, so that the number of synapses is certain."""
        return self.p in (0.0, 1.0)

    def expected(self, n_pre: int, n_post: int, same: Keys | None = None) -> float:
        """Return the expected number of synapses."""
        excluded = 0 if self.autapses else count_autapses(n_pre, n_post, same)
        return self.p * (n_pre * n_post - excluded)

    def max_in_degree(self, n_pre: int, n_post: int) -> int:
        """Return a number that any target exceeds with probability < 1e-15 (binomial)."""
        return tail_bound(n_pre, self.p, n_post)

    def check(self, n_pre: int, n_post: int, where: str, same: Keys | None = None) -> None:
        """Accept all sizes."""

    def blocks(self, n_pre: int, n_post: int, stream: Stream, same: Keys | None = None) -> Iterator[tuple[Ids, Ids]]:
        """Yield the synapses in consecutive blocks of rows."""
        if self.p < 1e-300:  # counts as 0; the gap between two synapses would overflow
            return
        own = None if self.autapses else autapse_positions(n_pre, n_post, same)
        drawn = self.p < 1
        cells = bernoulli_rows(stream, n_pre, n_post, self.p) if drawn else all_cells(n_pre, n_post)
        yield from without_autapses(own, cells)

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
        """Yield the synapses onto some targets if each pair has one, or none has; else the gaps of all are drawn."""
        if self.p < 1e-300:
            return iter(())
        if self.p < 1:
            return None
        own = None if self.autapses else autapse_positions(n_pre, n_post, same)
        return cells_onto(targets, n_pre, n_post, own)

    def rewire(
        self, kept: Pairs, deleted: Pairs, n_pre: int, n_post: int, stream: Stream, same: Keys | None = None
    ) -> tuple[Ids, Ids]:
        """Draw new synapses from all pairs that are not connected, each with the same probability."""
        taken = taken_cells(*kept, n_pre, n_post, same, autapses=self.autapses)
        return np.divmod(free_cells(stream, len(deleted.pre), taken, n_pre, n_post), n_post)

    def rewired_in_degree(self, n_pre: int, n_post: int) -> int:
        """Return the number of sources: no pair has two synapses."""
        return n_pre
