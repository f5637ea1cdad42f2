"""Which projections can be rewired."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gpusyn.errors import ParameterError
from gpusyn.network.projections import Projection
from gpusyn.parameters.distributions import Distribution
from gpusyn.plasticity import CalciumSTDP, Plasticity, Rewiring
from gpusyn.receptors import Receptor


def rewiring_of(plasticity: Sequence[Plasticity]) -> Rewiring | None:
    """Return the rewiring among other plasticity, None if there is none."""
    return next((one for one in plasticity if isinstance(one, Rewiring)), None)


def check_rewiring(projection: Projection, kinds: dict[str, Receptor], one_by_one: bool, where: str) -> None:
    """Refuse to rewire a projection whose synapses cannot be drawn anew; `one_by_one` if each releases by itself.

    Raises
    ------
    ParameterError
        If its rule, its neurons, weights, delays or other plasticity do not allow it.
    """
    rewiring, here = rewiring_of(projection.plasticity), f"{where}.plasticity: Rewiring"
    if rewiring is None:
        return
    _check_rule(projection, where)
    if one_by_one:
        raise ParameterError(
            f"{here} cannot give a new synapse what each synapse that releases by itself has; use no QuantalRelease, "
            "and numbers as parameters of a TsodyksMarkram"
        )
    if any(isinstance(one, CalciumSTDP) and one.sigma for one in projection.plasticity):
        raise ParameterError(
            f"{here} would lose the noise of CalciumSTDP since the last spike of each synapse; use sigma=0"
        )
    name = projection.learned
    assert name is not None
    for key, weight in projection.weights.items():
        if isinstance(weight, np.ndarray) and key != name:
            raise ParameterError(
                f"{where}.weight[{key!r}]: an array has no value for synapses that Rewiring makes (got {len(weight)} "
                f"values); give a number, a distribution or gs.Ratio({name!r}, ...)"
            )
    if isinstance(projection.delay, np.ndarray):
        raise ParameterError(
            f"{where}.delay: an array has no value for synapses that Rewiring makes (got {len(projection.delay)} "
            "values); give a number or a distribution"
        )
    _check_weights(projection, rewiring, name, kinds[name], here)


def _check_rule(projection: Projection, where: str) -> None:
    if not projection.rule.rewires:
        raise ParameterError(
            f"{where}.rule: Rewiring draws new synapses by the rule, and {type(projection.rule).__name__} draws none; "
            "use gs.FixedProbability, gs.FixedTotalNumber, gs.FixedInDegree, gs.FixedOutDegree or "
            "gs.DistanceDependent, or give a rule of your own a method rewire (docs/adding_a_connection_rule.md)"
        )
    for selection in (projection.pre, projection.post):
        if len(selection.parts) > 1:
            names = ", ".join(repr(population.name) for population in selection.populations)
            raise ParameterError(
                f"{where}.plasticity: Rewiring needs the neurons of one population on each side (got those of "
                f"{names}); connect these one by one"
            )


def _check_weights(projection: Projection, rewiring: Rewiring, name: str, receptor: Receptor, here: str) -> None:
    """Refuse weights beyond those that the projection may have."""
    largest, given = (projection.w_max or {})[name], rewiring.weight
    low, high = given.bounds() if isinstance(given, Distribution) else (given, given)
    if not 0.0 <= low <= high <= largest:
        got = f"{given!r}, {low:g} to {high:g}); most distributions take low= and high=" if low < high else f"{low:g})"
        raise ParameterError(f"{here}.weight: must be 0 to w_max = {largest:g} {receptor.weight_unit} (got {got}")
    if rewiring.prune_below > largest:
        raise ParameterError(
            f"{here}.prune_below: must be at most w_max = {largest:g} {receptor.weight_unit}, or every synapse would "
            f"be deleted (got {rewiring.prune_below:g})"
        )
