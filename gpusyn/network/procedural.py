"""Which projections can be procedural: nothing is stored of their synapses, which are drawn again at each spike."""

from __future__ import annotations

from typing import Any

import numpy as np

from gpusyn.connectivity import (
    AllToAll,
    DistanceDelay,
    DistanceDependent,
    FixedInDegree,
    FixedOutDegree,
    FixedProbability,
    FixedTotalNumber,
    OneToOne,
    Rule,
)
from gpusyn.connectivity.distance_weight import PlacedWeight
from gpusyn.connectivity.explicit import GivenSynapses
from gpusyn.errors import ParameterError
from gpusyn.network.projections import Projection
from gpusyn.parameters.distributions import Distribution, law_of

STORAGES = ("stored", "procedural")
_ALONE = FixedProbability, FixedOutDegree, AllToAll  # rules that draw each source's row by itself
_KNOWN = "Uniform, Normal, LogNormal or Exponential"
_REASONS: dict[type[Rule], str] = {
    FixedInDegree: "draws the sources of each target, not the targets of each source",
    FixedTotalNumber: "draws its pairs from all pairs",
    DistanceDependent: "draws its pairs by distance, from lists of near neurons",
    OneToOne: "has one synapse per source, which takes no more memory than a source",
    GivenSynapses: "has a list of synapses, which must be stored",
}


def check_storage(projection: Projection, where: str) -> None:
    """Refuse a procedural projection whose synapses cannot be drawn again.

    Raises
    ------
    ParameterError
        If it cannot be procedural; the message says why, and what can be done.
    """
    if projection.procedural and (reason := refusal(projection)):
        raise ParameterError(f"{where}.storage: 'procedural' draws synapses again at each spike, but {reason}")


def refusal(projection: Projection) -> str | None:
    """Return why synapses cannot be drawn again at each spike, and the next move; None if they can."""
    rule, delay = projection.rule, projection.delay
    if type(rule) not in _ALONE:
        reasons = (why for kind, why in _REASONS.items() if isinstance(rule, kind))
        why = next(reasons, "is not a rule of which a kernel can draw one row")
        return f"{type(rule).__name__} {why}; use {_names()}, or storage='stored'"
    if projection.w_max is not None:
        return "weights up to w_max= may be set, which nothing would remember; leave w_max out, or use storage='stored'"
    for receptor, weight in projection.weights.items():
        what = f"its weights on {receptor!r}"
        if isinstance(weight, PlacedWeight):
            return "DistanceWeight needs the positions of the neurons; use another weight=, or storage='stored'"
        if reason := _of_values(weight, what) or _of_negative(projection, receptor, what):
            return reason
    if isinstance(delay, DistanceDelay):
        return "DistanceDelay needs the positions of the neurons; use another delay=, or storage='stored'"
    return _of_values(delay, "its delays")


def _of_values(given: Any, what: str) -> str | None:
    if isinstance(given, np.ndarray):
        return f"{what} are an array, one for each synapse; give a number or a distribution, or use storage='stored'"
    if isinstance(given, Distribution) and law_of(given) is None:
        return f"{what} follow {type(given).__name__}, from which no kernel draws; use {_KNOWN}, or storage='stored'"
    return None


def _of_negative(projection: Projection, receptor: str, what: str) -> str | None:
    """Return why drawn conductances are refused: stored ones are looked at when they are drawn."""
    weight = projection.weights[receptor]
    found = projection.post.parts[0].population.receptor(receptor)
    if not isinstance(weight, Distribution) or found is None or found.signed or weight.bounds()[0] >= 0:
        return None
    return f"{what} can be negative, as {weight!r} is drawn, and nothing looks at them; give it low=0.0"


def _names() -> str:
    *some, last = (rule.__name__ for rule in _ALONE)
    return f"{', '.join(some)} or {last}"
