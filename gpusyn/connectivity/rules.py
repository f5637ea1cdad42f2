"""The connection rules.

Defaults are NEST's: a neuron may contact itself (`autapses`) and another one more than once (`multapses`)
where the rule allows it. Orders of creation: by presynaptic neuron for OneToOne, AllToAll, FixedProbability
and FixedOutDegree, by postsynaptic neuron for FixedInDegree, as drawn for FixedTotalNumber, as given for
FromArrays and FromSparse.

>>> from gpusyn.numerics.rng import Stream, stream_key
>>> pre, post = FixedProbability(0.1).draw(1000, 1000, Stream(stream_key(1, "structure", "E->E")))
>>> bool(abs(len(pre) - 100_000) < 5 * 300), str(pre.dtype)
(True, 'int32')
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import KW_ONLY, dataclass

import numpy as np

from gpusyn.connectivity.base import (
    BLOCK,
    Ids,
    Integers,
    Keys,
    Rule,
    autapse_positions,
    count_autapses,
    id_type,
    tail_bound,
)
from gpusyn.connectivity.explicit import FromArrays, FromSparse
from gpusyn.connectivity.fixed_degree import FixedInDegree, FixedOutDegree
from gpusyn.connectivity.sampling import bernoulli_rows
from gpusyn.connectivity.total_number import FixedTotalNumber
from gpusyn.errors import ParameterError
from gpusyn.numerics.rng import Stream
from gpusyn.parameters.scalars import flag, public, real

__all__ = [
    "AllToAll",
    "FixedInDegree",
    "FixedOutDegree",
    "FixedProbability",
    "FixedTotalNumber",
    "FromArrays",
    "FromSparse",
    "OneToOne",
    "Rule",
]


@public
@dataclass(frozen=True)
class OneToOne(Rule):
    """Neuron i of the presynaptic selection contacts neuron i of the postsynaptic one, of equal size."""

    @property
    def exact(self) -> bool:
        """Always."""
        return True

    def expected(self, n_pre: int, n_post: int, same: Keys | None = None) -> float:
        """Return the number of synapses."""
        return float(n_pre)

    def max_in_degree(self, n_pre: int, n_post: int) -> int:
        """Return 1 (0 for empty selections)."""
        return min(n_pre, 1)

    def check(self, n_pre: int, n_post: int, where: str, same: Keys | None = None) -> None:
        """Raise ParameterError if the sizes differ."""
        if n_pre != n_post:
            raise ParameterError(
                f"{where}: OneToOne needs selections of equal size (got {n_pre} and {n_post} neurons); "
                "slice the larger one or use another rule"
            )

    def blocks(self, n_pre: int, n_post: int, stream: Stream, same: Keys | None = None) -> Iterator[tuple[Ids, Ids]]:
        """Yield the synapses in consecutive blocks."""
        for first in range(0, n_pre, BLOCK):
            ids = np.arange(first, min(first + BLOCK, n_pre), dtype=id_type(n_pre))
            yield ids, ids


@public
@dataclass(frozen=True)
class AllToAll(Rule):
    """Every presynaptic neuron contacts every postsynaptic one.

    Parameters
    ----------
    autapses : bool
        Whether a neuron contacts itself.
    """

    _: KW_ONLY
    autapses: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "autapses", flag(self.autapses, "AllToAll.autapses"))

    @property
    def exact(self) -> bool:
        """Always."""
        return True

    def expected(self, n_pre: int, n_post: int, same: Keys | None = None) -> float:
        """Return the number of synapses."""
        excluded = 0 if self.autapses else count_autapses(n_pre, n_post, same)
        return float(n_pre * n_post - excluded)

    def max_in_degree(self, n_pre: int, n_post: int) -> int:
        """Return the size of the presynaptic selection."""
        return n_pre

    def check(self, n_pre: int, n_post: int, where: str, same: Keys | None = None) -> None:
        """Accept all sizes."""

    def blocks(self, n_pre: int, n_post: int, stream: Stream, same: Keys | None = None) -> Iterator[tuple[Ids, Ids]]:
        """Yield the synapses in consecutive blocks."""
        own = None if self.autapses else autapse_positions(n_pre, n_post, same)
        yield from _without(own, _all_cells(n_pre, n_post))


@public
@dataclass(frozen=True)
class FixedProbability(Rule):
    """Each pair of neurons is connected with the same probability, independently of the others (Bernoulli).

    Parameters
    ----------
    p : float
        Probability, 0 to 1. (At most one synapse a pair: there are no multapses.)
    autapses : bool
        Whether a neuron may contact itself. Leaving autapses out does not change the other synapses.
    """

    p: float
    _: KW_ONLY
    autapses: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "p", real(self.p, "FixedProbability.p", low=0.0, high=1.0))
        object.__setattr__(self, "autapses", flag(self.autapses, "FixedProbability.autapses"))

    @property
    def exact(self) -> bool:
        """Whether every pair or none is connected."""
        return self.p in (0.0, 1.0)

    def expected(self, n_pre: int, n_post: int, same: Keys | None = None) -> float:
        """Return the expected number of synapses."""
        excluded = 0 if self.autapses else count_autapses(n_pre, n_post, same)
        return self.p * (n_pre * n_post - excluded)

    def max_in_degree(self, n_pre: int, n_post: int) -> int:
        """Return a number that is exceeded by any target with probability < 1e-15 (binomial)."""
        return tail_bound(n_pre, self.p, n_post)

    def check(self, n_pre: int, n_post: int, where: str, same: Keys | None = None) -> None:
        """Accept all sizes."""

    def blocks(self, n_pre: int, n_post: int, stream: Stream, same: Keys | None = None) -> Iterator[tuple[Ids, Ids]]:
        """Yield the synapses in consecutive blocks of rows."""
        if self.p < 1e-300:  # 0, or as good as 0 without a gap that overflows
            return
        own = None if self.autapses else autapse_positions(n_pre, n_post, same)
        drawn = self.p < 1
        cells = bernoulli_rows(stream, n_pre, n_post, self.p) if drawn else _all_cells(n_pre, n_post)
        yield from _without(own, cells)


def _all_cells(n_rows: int, n_columns: int) -> Iterator[tuple[Ids, Ids]]:
    """Yield all cells, row by row."""
    for start in range(0, n_rows * n_columns, BLOCK):
        cell = np.arange(start, min(start + BLOCK, n_rows * n_columns), dtype=np.int64)
        yield np.divmod(cell, n_columns)


def _without(own: Integers | None, cells: Iterator[tuple[Ids, Ids]]) -> Iterator[tuple[Ids, Ids]]:
    """Leave out the autapses, at column ``own[row]``."""
    if own is None:
        yield from cells
        return
    for pre, post in cells:
        keep = post != own[pre]
        yield pre[keep], post[keep]
