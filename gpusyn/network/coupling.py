"""Gap junctions between neurons."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from gpusyn.connectivity import Rule
from gpusyn.connectivity.unordered import UnorderedPairs
from gpusyn.network.populations import Selection
from gpusyn.parameters.scalars import frozen, public
from gpusyn.parameters.values import values
from gpusyn.utils.calls import Hinting
from gpusyn.utils.typing import Floats

if TYPE_CHECKING:
    from gpusyn.parameters.distributions import Distribution

__all__ = ["Coupling"]


@public
@dataclass(frozen=True, eq=False)
class Coupling(Hinting):
    """Gap junctions between neurons; made by :meth:`gpusyn.Network.couple`.

    Attributes
    ----------
    name : str
        Name, unique in the network and the key of the coupling's random streams.
    A, B : Selection
        Neurons on the two sides of the junctions; both may be the same.
    rule : Rule
        Rule that selects the pairs of neurons that are coupled.
    conductance : float, ndarray of float64, shape (n_junctions,), or Distribution
        Conductance of each junction (nS).
    """

    _MADE_BY: ClassVar[str] = "net.couple(A, B, rule)"

    name: str
    A: Selection
    B: Selection
    rule: Rule
    conductance: float | Floats | Distribution

    @functools.cached_property
    def pairs(self) -> UnorderedPairs:
        """Pairs of neurons that are coupled."""
        common = {*self.A.populations} & {*self.B.populations}
        same = (self.A.key_spans, self.B.key_spans) if common else None
        return UnorderedPairs(self.rule, self.A.size, self.B.size, same, f"Coupling {self.name!r}.rule")

    @property
    def size(self) -> int | None:
        """Number of junctions; None if it is drawn."""
        return round(self.pairs.expected) if self.pairs.exact else None

    def __repr__(self) -> str:
        return f"Coupling({self.name!r}, {self.A.size} <-> {self.B.size} neurons, {self.rule!r})"


def junction_conductance(coupling: Coupling, given: Any, size: int | None, where: str) -> float | Floats | Distribution:
    """Return checked conductances of the junctions of a coupling: a number, an array or a distribution.

    An array of a value for each listed pair becomes one of a value for each junction; `size` is their number, if known.

    Raises
    ------
    ArgumentError, ParameterError, UnknownNameError
        If they are no conductances, an array has another length, or the two directions of a pair differ.
    """
    if isinstance(given, str):
        given = coupling.rule.column(given, where)
    limits: dict[str, Any] = {"unit": "nS", "low": 0.0, "per": "junction"}
    listed = coupling.pairs.listed
    if listed is None or not hasattr(given, "__len__") or len(given) != listed:
        return values(given, size, where, **limits)
    kept = values(given, listed, where, **limits)
    assert isinstance(kept, np.ndarray)
    return frozen(coupling.pairs.each_once(kept, where))
