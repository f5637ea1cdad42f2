"""The rule that connects equal positions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from gpusyn.connectivity.base import (
    BLOCK,
    Ids,
    Keys,
    Rule,
    id_type,
)
from gpusyn.errors import ParameterError
from gpusyn.numerics.rng import Stream
from gpusyn.parameters.scalars import public
from gpusyn.utils.typing import Integers

__all__ = ["OneToOne"]


@public
@dataclass(frozen=True)
class OneToOne(Rule):
    """Neuron i of the presynaptic selection contacts neuron i of the postsynaptic selection; both have the same size.

    Raises
    ------
    ParameterError
        When it is connected: if the sizes of the selections differ.

    Examples
    --------
    >>> OneToOne().expected(10, 10)
    10.0
    """

    UNORDERED: ClassVar[str] = "one"

    @property
    def exact(self) -> bool:
        """True: the number of synapses is certain."""
        return True

    def expected(self, n_pre: int, n_post: int, same: Keys | None = None) -> float:
        """Return the number of synapses."""
        return float(n_pre)

    def max_in_degree(self, n_pre: int, n_post: int) -> int:
        """Return 1 (0 for empty selections)."""
        return min(n_pre, 1)

    def check(self, n_pre: int, n_post: int, where: str, same: Keys | None = None) -> None:
        """Check that the selections have the same size."""
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

    def blocks_onto(
        self,
        targets: Integers,
        n_pre: int,
        n_post: int,
        stream: Stream,
        same: Keys | None = None,
        *,
        numbered: bool = True,
    ) -> Iterator[tuple[Ids, Ids, Integers]]:
        """Yield the synapses onto some targets."""
        for first in range(0, len(targets), BLOCK):
            some = targets[first : first + BLOCK]
            ids = some.astype(id_type(n_pre))
            yield ids, ids, some
