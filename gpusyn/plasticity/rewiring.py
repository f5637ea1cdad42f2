"""Structural plasticity: weak synapses are deleted, and others made in their place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from typing import ClassVar

import numpy as np

from gpusyn.errors import ArgumentError
from gpusyn.parameters.distributions import Distribution
from gpusyn.parameters.scalars import public
from gpusyn.parameters.values import values
from gpusyn.plasticity.base import WeightRule

__all__ = ["Rewiring"]


@public
@dataclass(frozen=True)
class Rewiring(WeightRule):
    """Weak synapses are deleted at intervals, and as many new ones made (Butz & van Ooyen 2013).

    At each whole multiple of `every`, the synapses whose weight is below `prune_below` are deleted. As
    many are drawn anew by the rule of connection of the projection, among pairs that have no synapse then, which
    include those that have just lost it: FixedInDegree and FixedOutDegree keep the number of synapses of each target or
    source; FixedProbability and FixedTotalNumber choose among all free pairs with equal probability, and
    DistanceDependent by their distances. No pair gets a second synapse. Where too few pairs are free, fewer synapses
    are made. New delays are drawn from the law of the projection.

    Parameters
    ----------
    every : float
        Interval (ms), > 0, a multiple of dt.
    prune_below : float
        Weight below which a synapse is deleted (nS, pA of a CurrentReceptor, mV of a DeltaReceptor), > 0.
    weight : float or Distribution
        Weights of new synapses (nS, pA of a CurrentReceptor, mV of a DeltaReceptor), >= 0.
    learns : str or Receptor, optional
        Receptor whose weight counts; needed if the projection has several and no rule of learning names it.

    Raises
    ------
    ArgumentError
        If a parameter has the wrong type.
    ParameterError
        If a parameter is out of range.

    Examples
    --------
    >>> Rewiring(every=500.0, prune_below=0.01, weight=0.1)
    Rewiring(every=500.0, prune_below=0.01, weight=0.1, learns=None)
    """

    every: float = 1000.0
    _: KW_ONLY
    prune_below: float
    weight: float | Distribution
    learns: str | None = None
    role: ClassVar[str] = "rewiring"
    variables: ClassVar[Mapping[str, str]] = {}

    def __post_init__(self) -> None:
        self._check_numbers("ms", "every", above=0.0)
        self._check_numbers("", "prune_below", above=0.0)
        weight = values(self.weight, None, self._where("weight"), low=0.0, per="synapse")
        if isinstance(weight, np.ndarray):
            raise ArgumentError(
                f"{self._where('weight')}: must be a number or a distribution, because it is not known how many "
                f"synapses will be made (got {len(weight)} values)"
            )
        object.__setattr__(self, "weight", weight)
        self._check_learns()
