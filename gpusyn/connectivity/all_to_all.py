"""The rule that connects every pair."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import KW_ONLY, dataclass
from typing import ClassVar

from gpusyn.connectivity.base import (
    Ids,
    Keys,
    Rule,
    all_cells,
    autapse_positions,
    cells_onto,
    count_autapses,
    without_autapses,
)
from gpusyn.numerics.rng import Stream
from gpusyn.parameters.scalars import flag, public
from gpusyn.utils.typing import Integers

__all__ = ["AllToAll"]


@public
@dataclass(frozen=True)
class AllToAll(Rule):
    """Every presynaptic neuron contacts every postsynaptic one.

    Parameters
    ----------
    autapses : bool
        If False, no neuron contacts itself.

    Raises
    ------
    ArgumentError
        If `autapses` is not True or False.
    """

    UNORDERED: ClassVar[str] = "each"

    _: KW_ONLY
    autapses: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "autapses", flag(self.autapses, "AllToAll.autapses"))

    @property
    def exact(self) -> bool:
        """True: the number of synapses is certain."""
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
        yield from without_autapses(own, all_cells(n_pre, n_post))

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
        own = None if self.autapses else autapse_positions(n_pre, n_post, same)
        return cells_onto(targets, n_pre, n_post, own)
