"""What cannot learn exactly is refused before anything is built, and what is rounded is noted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from gpusyn.builder.gating.forms import form_of
from gpusyn.builder.gating.strategy import SOURCE, SYNAPSE
from gpusyn.builder.layout import Layout
from gpusyn.builder.notes import Note
from gpusyn.builder.pathways import Pathway
from gpusyn.builder.plasticity.calcium import check_lag
from gpusyn.builder.plasticity.spine_checks import check_spines
from gpusyn.equations.coefficients import by_name
from gpusyn.equations.plasticity import LEARNING_RULES
from gpusyn.equations.plasticity.base import PAGE, Rule
from gpusyn.errors import ArgumentError, ParameterError
from gpusyn.kinetics import Saturating
from gpusyn.network.plasticity import learned_of, releases_one_by_one, weight_rules_of
from gpusyn.network.projections import Projection
from gpusyn.parameters.scalars import instance, real
from gpusyn.plasticity import (
    CalciumSTDP,
    DopamineSTDP,
    HomeostaticScaling,
    LearningRule,
    NMDAPlasticity,
    Trace,
    WeightRule,
)
from gpusyn.receptors import Receptor

LONGEST_TAU = 1 << 23  # steps: a table of decays then ends before steps that kernels count in 32 bits


def check_learning(layout: Layout, *, compact: bool) -> None:
    """Refuse pathways that cannot learn.

    Raises
    ------
    ArgumentError
        If a rule does not fit its equations.
    ParameterError
        If weights are stored in two bytes, or a gate is not where weights are read at spikes alone.
    UnknownNameError
        If a rule has no equations.
    """
    for projection in layout.net.projections.values():
        rules = weight_rules_of(projection.plasticity)
        for rule in rules:
            if isinstance(rule, LearningRule):
                _check_rule(rule, max((projection.w_max or {}).values()))
            if isinstance(rule, CalciumSTDP):
                check_lag(rule, projection, layout.dt)
            _check_times(rule, projection, layout.dt)
        if compact and rules:
            raise ParameterError(
                f"Projection '{projection.name}'.plasticity: {type(rules[0]).__name__} changes weights by less than "
                "the steps of two bytes; use weights='exact'"
            )
    for pathway in layout.pathways:
        name = learned_of(pathway.projection)
        for k, receptor in enumerate(pathway.post.population.receptors):
            if receptor.name == name:
                _check_gate(pathway, k, receptor)
        check_spines(pathway, layout)


def _check_rule(rule: LearningRule, w_max: float) -> None:
    """Refuse a rule that has not the traces or the coefficients of its equations."""
    kind = type(rule).__name__
    for part in ("struct", "traces", "coefficients"):
        if getattr(type(rule), part, None) is getattr(LearningRule, part, None):
            raise ArgumentError(f"{kind}: has no {part}, as every rule of learning must; write it ({PAGE})")
    equations = LEARNING_RULES[rule.struct]
    if equations.ELIGIBLE and not isinstance(rule, DopamineSTDP):
        raise ArgumentError(
            f"{kind}.struct: {rule.struct} changes an eligibility, which only gs.DopamineSTDP has; drop ELIGIBLE and "
            f"change the weight ({PAGE})"
        )
    if equations.DRIFTS and not isinstance(rule, CalciumSTDP):
        raise ArgumentError(
            f"{kind}.struct: {rule.struct} changes weights between spikes, which only gs.CalciumSTDP does; write "
            f"equations that change them at spikes ({PAGE})"
        )
    traces, wanted = tuple(map(len, rule.traces)), (equations.PRE, equations.POST)
    if traces != wanted:
        raise ArgumentError(
            f"{kind}.traces: must be {wanted[0]} presynaptic and {wanted[1]} postsynaptic ones, as {rule.struct} takes "
            f"them (got {traces[0]} and {traces[1]}); see {PAGE}"
        )
    for side, given in rule.traces._asdict().items():
        for number, trace in enumerate(given):
            where = f"{kind}.traces.{side}[{number}]"
            instance(trace, Trace, where, "a gpusyn.plasticity.Trace")
            real(trace.tau, f"{where}.tau", unit="ms", above=0.0)
    found = by_name(lambda: rule.coefficients(w_max), equations.C, f"{kind}.coefficients()", PAGE)
    for name, value in zip(equations.C._fields, found, strict=True):
        real(value, f"{kind}.coefficients().{name}")
    if equations.own:
        _check_types(equations, found)


def _check_times(rule: WeightRule, projection: Projection, dt: float) -> None:
    """Refuse time constants whose decays would need tables of much memory."""
    times = [trace.tau for side in rule.traces for trace in side] if isinstance(rule, LearningRule) else []
    times += [rule.tau_eligibility] if isinstance(rule, DopamineSTDP) else []
    times += [rule.tau_fast, rule.tau_slow] if isinstance(rule, NMDAPlasticity) else []
    times += [rule.tau_rate] if isinstance(rule, HomeostaticScaling) else []
    longest = max(times, default=0.0)
    if longest > LONGEST_TAU * dt:
        raise ParameterError(
            f"Projection '{projection.name}'.plasticity: {type(rule).__name__} has a time constant of {longest:g} ms, "
            f"but at most {LONGEST_TAU} steps, {LONGEST_TAU * dt:g} ms, are possible; use a smaller one or a larger dt"
        )


def _check_types(equations: Rule, c: tuple[Any, ...]) -> None:
    """Refuse equations of a user's own that do not return numbers of the type of their weights."""
    for type_ in (np.float32, np.float64):
        one = np.full(2, 0.5, type_)
        own = equations.C(*(one.dtype.type(number) for number in c))
        sides: tuple[Callable[..., Any], ...] = equations.at_post, equations.at_pre
        for at in sides:
            found = at(one, [one] * equations.PRE, [one] * equations.POST, own)
            if getattr(found, "dtype", None) != type_ or np.shape(found) not in ((), (2,)):
                what = f"{found.dtype} of shape {found.shape}" if hasattr(found, "dtype") else type(found).__name__
                raise ArgumentError(
                    f"{equations.name}.{at.__name__}: must return one {one.dtype} for each of 2 weights of this type "
                    f"(got {what}); compute it from w, the traces and the coefficients, without arrays or numbers of "
                    f"numpy's of another type ({PAGE})"
                )


def _check_gate(pathway: Pathway, k: int, receptor: Receptor) -> None:
    """Refuse a receptor whose weights are read at other times than at spikes."""
    projection, strategy = pathway.projection, pathway.post.strategies[k]
    kinetics = type(receptor.kinetics).__name__
    where = f"Projection '{projection.name}'.plasticity: the weight onto receptor '{receptor.name}' cannot learn"
    if projection.axonal and releases_one_by_one(projection):
        raise ParameterError(
            f"Projection '{projection.name}'.axonal: must be 0 if each synapse releases by itself, because what is "
            f"left, and random words, are those of the step of the spike (got {projection.axonal:g}); use axonal=0, or "
            "a TsodyksMarkram with numbers, which are the same for all synapses"
        )
    other = "use linear kinetics, such as gs.kinetics.Exponential(tau), or let another receptor learn"
    if strategy.owner == SYNAPSE:
        raise ParameterError(f"{where}, because it is read in every step ({kinetics}, {strategy.reason}); {other}")
    if strategy.owner != SOURCE:
        return
    if not form_of(receptor.kinetics).sends_at_events:
        jump = "set jump=True, or " if isinstance(receptor.kinetics, Saturating) else ""
        raise ParameterError(
            f"{where}, because its gate ({kinetics}) sends its growth in the steps after a spike, too; {jump}{other}"
        )
    if projection.axonal:
        raise ParameterError(
            f"Projection '{projection.name}'.axonal: must be 0 if the weight onto receptor '{receptor.name}' learns, "
            f"because its gate ({kinetics}) sends the jump of a spike at once (got {projection.axonal:g}); {other}"
        )


def axonal_notes(layout: Layout) -> Iterator[Note]:
    """Yield a note on each projection whose axonal parts of delays are not whole steps."""
    for projection in layout.net.projections.values():
        if projection.axonal and not _is_whole(projection, layout.dt):
            text = f"rounded to {layout.dt:g} ms; what the delay has more is dendritic"
            yield Note("Projection", projection.name, "axonal parts of delays", text)


def _is_whole(projection: Projection, dt: float) -> bool:
    """Return whether the axonal parts of all delays are known to be whole steps."""
    delay = projection.delay
    if not isinstance(delay, int | float | np.ndarray):
        return projection.axonal == 1
    steps = np.rint(np.asarray(delay) / dt) * projection.axonal
    return bool(np.all(np.abs(steps - np.rint(steps)) <= 1e-9 * np.maximum(steps, 1.0)))
