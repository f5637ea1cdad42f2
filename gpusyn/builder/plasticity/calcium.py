"""What calcium adds to learning: its delay in steps, the time step of its coefficients, and noise with its keys."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gpusyn.builder.layout import Layout
from gpusyn.builder.notes import Note
from gpusyn.builder.pathways import Bundle
from gpusyn.errors import ParameterError
from gpusyn.network.plasticity import learning_of
from gpusyn.network.projections import Projection
from gpusyn.numerics.rng import StreamPurpose, stream_key
from gpusyn.plasticity import CalciumSTDP, LearningRule

LONGEST_LAG = 1 << 20  # steps, which a ring of the last spikes of each source must hold


def calcium_of(bundle: Bundle) -> CalciumSTDP | None:
    """Return the rule of a bundle whose synapses learn from calcium, None for others."""
    rule = learning_of(bundle.pathways[0].projection.plasticity)
    return rule if isinstance(rule, CalciumSTDP) else None


def lag_of(rule: LearningRule, dt: float) -> int:
    """Return after how many steps a presynaptic spike that has reached the synapse acts there."""
    return round(rule.D / dt) if isinstance(rule, CalciumSTDP) else 0


def is_noisy(bundle: Bundle) -> bool:
    """Return whether noise moves the weights of a bundle, so that something is stored for it."""
    rule = calcium_of(bundle)
    return rule is not None and rule.sigma > 0


def coefficients_of(rule: LearningRule, w_max: float, dt: float) -> tuple[Any, ...]:
    """Return the coefficients of a rule for the time step of a simulation."""
    if isinstance(rule, CalciumSTDP):
        return rule.coefficients(w_max)._replace(dt=dt)
    return rule.coefficients(w_max)


def noise_key(bundle: Bundle, seed: int, trial: int) -> int:
    """Return the random key of the noise of a bundle in a trial, 0 without noise."""
    name = bundle.pathways[0].projection.name
    return stream_key(seed, StreamPurpose.CALCIUM_NOISE, name, trial) if is_noisy(bundle) else 0


def check_lag(rule: LearningRule, projection: Projection, dt: float) -> None:
    """Refuse a delay of calcium for which the last spikes of a source would take much memory.

    Raises
    ------
    ParameterError
        If the delay is longer.
    """
    if lag_of(rule, dt) > LONGEST_LAG:
        raise ParameterError(
            f"Projection '{projection.name}'.plasticity: {type(rule).__name__}.D is {lag_of(rule, dt)} steps, but at "
            f"most {LONGEST_LAG}, {LONGEST_LAG * dt:g} ms, are possible; use a smaller one or a larger dt"
        )


def lag_notes(layout: Layout) -> Iterator[Note]:
    """Yield a note on each projection whose calcium is delayed by a time that is not whole steps."""
    for projection in layout.net.projections.values():
        rule = learning_of(projection.plasticity)
        if isinstance(rule, CalciumSTDP):
            steps = lag_of(rule, layout.dt)
            if abs(rule.D - steps * layout.dt) > 1e-9 * max(rule.D, layout.dt):
                yield Note("Projection", projection.name, f"D = {rule.D:g} ms", f"rounded to {steps * layout.dt:g} ms")
