"""Which projections can be plastic, and in which way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gpusyn.errors import ArgumentError, ParameterError
from gpusyn.network.projections import Projection, Ratio
from gpusyn.network.rewiring import check_rewiring
from gpusyn.parameters.distributions import Distribution
from gpusyn.parameters.scalars import instance, one_of, real, show
from gpusyn.plasticity import (
    CalciumSTDP,
    DopamineSTDP,
    HomeostaticScaling,
    LearningRule,
    NMDAPlasticity,
    Plasticity,
    QuantalRelease,
    TsodyksMarkram,
    WeightRule,
)
from gpusyn.plasticity.short_term import check_release
from gpusyn.receptors import Receptor

_ALLOWED = "a rule, such as gs.STDP(), gs.TsodyksMarkram(U, tau_rec) or gs.QuantalRelease(n, p), or a list of them"


def checked_plasticity(given: Any, where: str) -> tuple[Plasticity, ...]:
    """Return what is plastic about a projection: at most one of each role.

    Raises
    ------
    ArgumentError
        If something else is given.
    ParameterError
        If two of one role are given, or a release has no probability, or two.
    """
    if given is None:
        return ()
    if isinstance(given, Mapping):
        raise ArgumentError(
            f"{where}: must be {_ALLOWED} (got {show(given)}); a rule that learns names its receptor, as in "
            "gs.STDP(..., learns='AMPA'), and short-term plasticity and release are those of the whole contact"
        )
    several = given if isinstance(given, Sequence) and not isinstance(given, str) else [given]
    found: dict[str, Plasticity] = {}
    for one in several:
        instance(one, Plasticity, where, _ALLOWED)
        if not hasattr(one, "role"):
            raise ArgumentError(f"{where}: {type(one).__name__} is no rule by itself; give {_ALLOWED}")
        if one.role in found:
            raise ParameterError(f"{where}: has {one.role} twice, {found[one.role]!r} and {one!r}; give one of the two")
        found[one.role] = one
    kept = tuple(found.values())
    check_release(short_term_of(kept), release_of(kept), where)
    return kept


def axonal_share(given: Any, plasticity: Sequence[Plasticity], where: str) -> float:
    """Return the axonal part of the delay: what was given to the connection, or what the rule of learning says.

    Raises
    ------
    ArgumentError
        If it is not a number.
    ParameterError
        If it is not from 0 to 1, nothing learns, or it contradicts the rule.
    """
    rule = learning_of(plasticity)
    if given is None:
        return 0.0 if rule is None else rule.axonal
    share = real(given, where, low=0.0, high=1.0)
    if rule is None:
        raise ParameterError(
            f"{where}: only rules of spikes ask which part of the delay is axonal (got {share:g}); leave it out"
        )
    if rule.axonal not in (0.0, share):
        raise ParameterError(f"{where}: {type(rule).__name__} says axonal={rule.axonal:g} (got {share:g}); say it once")
    return share


def short_term_of(plasticity: Sequence[Plasticity]) -> TsodyksMarkram | None:
    """Return the short-term plasticity among others, None if there is none."""
    return next((one for one in plasticity if isinstance(one, TsodyksMarkram)), None)


def release_of(plasticity: Sequence[Plasticity]) -> QuantalRelease | None:
    """Return the random release among others, None if there is none."""
    return next((one for one in plasticity if isinstance(one, QuantalRelease)), None)


def learning_of(plasticity: Sequence[Plasticity]) -> LearningRule | None:
    """Return the rule of learning among others, None if there is none."""
    return next((one for one in plasticity if isinstance(one, LearningRule)), None)


def homeostasis_of(plasticity: Sequence[Plasticity]) -> HomeostaticScaling | None:
    """Return the homeostatic scaling among others, None if there is none."""
    return next((one for one in plasticity if isinstance(one, HomeostaticScaling)), None)


def spine_rule_of(projection: Projection) -> NMDAPlasticity | None:
    """Return the rule of a projection whose synapses learn from their calcium, None if they do not."""
    return next((rule for rule in weight_rules_of(projection.plasticity) if isinstance(rule, NMDAPlasticity)), None)


def weight_rules_of(plasticity: Sequence[Plasticity]) -> list[WeightRule]:
    """Return what changes the weights of one receptor for good, among others."""
    return [one for one in plasticity if isinstance(one, WeightRule)]


def releases_one_by_one(projection: Projection) -> bool:
    """Return True if each synapse of a projection releases by itself, so that no state of its source can stand for it.

    Release is random, or parameters of short-term plasticity are drawn, or given for each synapse.
    """
    short_term = short_term_of(projection.plasticity)
    return release_of(projection.plasticity) is not None or (short_term is not None and not short_term.shared)


def check_plasticity(projection: Projection, kinds: dict[str, Receptor], size: int | None, where: str) -> None:
    """Refuse a plastic projection that cannot be computed; `size` is the number of synapses if it is known.

    Raises
    ------
    ArgumentError
        If the receptor that learns is not named among several.
    ParameterError
        If its storage, its receptors or its weights do not allow it; the message says why, and what can be done.
    UnknownNameError
        If the receptor that learns is not one of the projection.
    """
    if not projection.plasticity:
        return
    if projection.procedural:
        raise ParameterError(
            f"{where}.storage: 'procedural' stores nothing of a synapse, but plastic ones have a state "
            f"({projection.plasticity[0]!r}); use storage='stored'"
        )
    for name, receptor in kinds.items():
        if receptor.gating == "per-synapse":
            raise ParameterError(
                f"{where}.plasticity: the synapses onto receptor {name!r} own their gates, as gating='per-synapse' "
                "asks, and read their weights at every step and not at spikes; use gating='auto'"
            )
    _check_events(projection, kinds, size, where)
    if rules := weight_rules_of(projection.plasticity):
        _check_learning(projection, rules, kinds, where)
    for rule in rules:
        if isinstance(rule, NMDAPlasticity):
            _check_calcium(projection, rule, kinds, where)
    check_rewiring(projection, kinds, releases_one_by_one(projection), where)


def _check_events(projection: Projection, kinds: dict[str, Receptor], size: int | None, where: str) -> None:
    """Refuse to scale what spikes release where the response to several spikes is not the sum of those to each."""
    short_term, release = short_term_of(projection.plasticity), release_of(projection.plasticity)
    for one in (short_term, release):
        for name, receptor in kinds.items():
            if one is not None and not receptor.kinetics.linear:
                raise ParameterError(
                    f"{where}.plasticity: {type(one).__name__} scales the events of a spike, but the gate of receptor "
                    f"{name!r} ({type(receptor.kinetics).__name__}) saturates and knows only whole events; "
                    "use linear kinetics, such as gs.kinetics.DualExponential(tau_rise, tau_decay)"
                )
    for parameter in ("U", "tau_rec", "tau_facil", "tau_psc") if short_term is not None else ():
        given = getattr(short_term, parameter)
        if isinstance(given, np.ndarray) and len(given) != size:
            if size is None:
                why = f"the number of synapses is not known before {projection.rule!r} has drawn them"
                raise ParameterError(
                    f"{where}.plasticity: TsodyksMarkram.{parameter} has {len(given)} values, but {why}; "
                    "give a number or a distribution"
                )
            raise ParameterError(
                f"{where}.plasticity: TsodyksMarkram.{parameter} must have {size} values, one per synapse "
                f"(got {len(given)}); give as many, a number or a distribution"
            )


def _check_learning(projection: Projection, rules: list[WeightRule], kinds: dict[str, Receptor], where: str) -> None:
    """Refuse weights that cannot change, or of which it is not clear whether they do."""
    name, rule = _learned_receptor(projection, rules, where), rules[0]
    _check_together(projection, where)
    weight, place = projection.weights[name], f"{where}.weight[{name!r}]"
    if name not in (projection.w_max or {}):
        raise ParameterError(
            f"{where}: {type(rule).__name__} needs w_max=, the largest weight onto {name!r} "
            f"({kinds[name].weight_unit}), because weights stay in [0, w_max]"
        )
    if isinstance(weight, Ratio):
        raise ParameterError(
            f"{place}: the weight that learns cannot be a Ratio to another (got {weight!r}); give it a number, an "
            "array or a distribution, and the other one a Ratio to it"
        )
    if isinstance(weight, Distribution):
        lowest, given, hint = weight.bounds()[0], show(weight), "give it low=0.0"
    else:
        lowest, hint = float(np.min(weight, initial=0.0)), "give weights >= 0"
        given = f"{lowest:g}"
        place += f"[{np.argmin(weight)}]" if isinstance(weight, np.ndarray) else ""
    if lowest < 0:
        raise ParameterError(
            f"{place}: weights that learn stay in [0, w_max], so none may be negative (got {given}); {hint}"
        )


def _check_together(projection: Projection, where: str) -> None:
    """Refuse two ways to change a weight that are not computed together."""
    rule = learning_of(projection.plasticity)
    if isinstance(rule, CalciumSTDP) and homeostasis_of(projection.plasticity) is not None:
        raise ParameterError(
            f"{where}.plasticity: CalciumSTDP moves a weight between spikes, too, towards two values of its own, from "
            "which HomeostaticScaling would take it; scale the weights of another projection onto these targets, or "
            "use gs.STDP"
        )


def _check_calcium(projection: Projection, rule: NMDAPlasticity, kinds: dict[str, Receptor], where: str) -> None:
    """Refuse learning from calcium where none can enter, or what a spike releases is not one event."""
    name = one_of(rule.calcium, projection.weights, f"{where}.plasticity: NMDAPlasticity.calcium")
    if kinds[name].signed:
        raise ParameterError(
            f"{where}.plasticity: NMDAPlasticity.calcium must be a receptor with channels, which let calcium in by the "
            f"potential (got {kinds[name]!r}); project onto a gs.NMDA receptor too, and name it"
        )
    if (other := short_term_of(projection.plasticity) or release_of(projection.plasticity)) is not None:
        raise ParameterError(
            f"{where}.plasticity: NMDAPlasticity follows a gate that takes whole events (got {other!r} beside it); "
            "leave one of the two out"
        )


def _learned_receptor(projection: Projection, rules: list[WeightRule], where: str) -> str:
    """Return the receptor whose weight a projection changes, which one of its rules names if there are several."""
    saying = next((rule for rule in rules if rule.learns is not None), rules[0])
    kind = type(saying.stdp if isinstance(saying, DopamineSTDP) else saying).__name__  # takes learns= from the user
    learns = f"{where}.plasticity: {kind}.learns"
    if saying.learns is None and len(projection.weights) > 1:
        raise ArgumentError(
            f"{learns}: must be one of {', '.join(projection.weights)}, because the projection reaches several "
            f"receptors; write gs.{kind}(..., learns={next(iter(projection.weights))!r})"
        )
    for rule in rules:
        if rule.learns not in (None, saying.learns):
            raise ParameterError(
                f"{where}.plasticity: {type(rule).__name__}.learns: must be {saying.learns!r}, as {kind} says (got "
                f"{rule.learns!r}), because one weight of a projection changes; say it once, or connect twice"
            )
    return str(one_of(projection.learned, projection.weights, learns))


def learned_of(projection: Projection) -> str | None:
    """Return the receptor whose weight changes for good in a checked projection, None if there is none."""
    return projection.learned


def check_modulator(projection: Projection, own: Any) -> None:
    """Check that a population that modulates learning belongs to the network; `own` looks selections up."""
    rule = learning_of(projection.plasticity)
    if isinstance(rule, DopamineSTDP) and (isinstance(rule.modulator, str) or hasattr(rule.modulator, "parts")):
        own(rule.modulator, f"Projection {projection.name!r}.plasticity: DopamineSTDP.modulator")
