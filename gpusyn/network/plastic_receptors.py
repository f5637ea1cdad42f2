"""The receptors that plasticity names, by the names that they have in the populations of the targets."""

from __future__ import annotations

import copy
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import TypeVar

from gpusyn.network.compartments import without_soma
from gpusyn.network.populations import Selection
from gpusyn.network.projections import receptor_at
from gpusyn.plasticity import DopamineSTDP, Plasticity, WeightRule
from gpusyn.plasticity.base import ReceptorName

W = TypeVar("W", bound=WeightRule)


def named_plasticity(
    plasticity: Sequence[Plasticity], names: Collection[str], post: Selection, where: str
) -> tuple[Plasticity, ...]:
    """Return plasticity that has the names of receptors as populations have them, such as "AMPA" for "soma.AMPA".

    A receptor that `names`, those of the projection, do not have is left as it is given.

    Raises
    ------
    ParameterError
        If a receptor is given itself that a population has in several compartments.
    """
    return tuple(_named(one, names, post, where) if isinstance(one, WeightRule) else one for one in plasticity)


def _named(rule: W, names: Collection[str], post: Selection, where: str) -> W:
    """Return a rule with the names of its receptors in the populations."""
    if isinstance(rule, DopamineSTDP):
        stdp = _named(rule.stdp, names, post, where)
        return rule if stdp is rule.stdp else replace(rule, stdp=stdp)
    found: dict[str, str] = {}
    for parameter in rule.RECEPTORS:
        if (given := getattr(rule, parameter)) is not None:
            name = _name(given, names, post, f"{where}.plasticity: {type(rule).__name__}.{parameter}")
            found |= {parameter: name} if name != given else {}
    if not found:
        return rule
    renamed = copy.copy(rule)
    for parameter, name in found.items():
        object.__setattr__(renamed, parameter, name)
    return renamed


def _name(given: str, names: Collection[str], post: Selection, where: str) -> str:
    """Return the name of a receptor in the populations, given its name or, within it, the receptor itself."""
    wanted = given.receptor if isinstance(given, ReceptorName) else None
    placed = [one for population in post.populations for one in population.placed]
    if any(wanted is one.given or wanted is one.receptor for one in placed):
        return receptor_at(post, wanted, where).name
    plain: str = without_soma(given)
    return plain if given not in names and plain in names else given
