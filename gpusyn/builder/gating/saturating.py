"""One step of a gate that rises and saturates (Wang 1999), in closed form."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from gpusyn.builder.gating.forms import GateForm, GateStep, enter
from gpusyn.builder.gating.linear import decay_of
from gpusyn.equations.kinetics.linear import ExponentialCoefficients, RisingCoefficients
from gpusyn.equations.kinetics.saturating import (
    JumpCoefficients,
    JumpSourceCoefficients,
    SaturatingCoefficients,
    SaturatingSourceCoefficients,
)
from gpusyn.errors import ParameterError
from gpusyn.kinetics import Saturating
from gpusyn.numerics import portable_math

# Largest increase of a gate by a rise variable that counts as 0: the rounding of a gate up to 1.
LEAST_RISE = {"float32": 2.0**-30, "float64": 2.0**-60}
_TAIL = {"float64": 1e-17, "float32": 1e-9}  # largest fraction of the whole that the omitted terms may have
_USUAL_RATIOS = 24  # for these kernels/kinetics/saturating.cuh has SIMD code; they do for one event in a step
_MOST_LOSS = 30.0  # largest y; the closed form then needs about 100 terms
_MOST_STEP = 5.0  # largest step in units of tau_rise; beyond it the series below is slow


def _exp(x: float) -> float:
    return float(portable_math.exp(np.float64(x)))


class Growth(NamedTuple):
    """One step of a saturating gate in closed form (Wang 1999).

    With y = `loss` x, S becomes `decay` exp(-y) (S + y `head` (1 + y r_1 (1 + y r_2 (...)))) and x falls by `x_decay`;
    `ratios` are r_1, r_2, ... All are positive, so nothing cancels.
    """

    decay: float
    x_decay: float
    loss: float
    head: float
    ratios: tuple[float, ...]

    def named(self) -> dict[str, Any]:
        """Return the coefficients of ``growth`` (kernels/kinetics/saturating.cuh) by name."""
        return {**self._asdict(), "n_ratios": float(len(self.ratios))}


def growth(kinetics: Saturating, step: GateStep) -> Growth:
    """Return the coefficients of `kinetics`, with as many terms as the largest possible x needs.

    Raises
    ------
    ParameterError
        If the step is too long for tau_rise, or the events of one step would open the gate too steeply.
    """
    dt, real, most_events, where = step
    h = dt / kinetics.tau_rise
    if h > _MOST_STEP:
        raise ParameterError(
            f"{where}.tau_rise: must be at least dt/{_MOST_STEP:g} = {dt / _MOST_STEP:g} ms (got "
            f"{kinetics.tau_rise:g}); so fast a rise is a jump: use Saturating(..., jump=True), or a smaller dt"
        )
    gone = -float(portable_math.expm1(np.float64(-h)))
    scale = kinetics.alpha * kinetics.tau_rise
    y = scale * most_events  # the largest: x is at most most_events (1 + x_decay + x_decay^2 + ...)
    if y > _MOST_LOSS:
        raise ParameterError(
            f"{where}: alpha tau_rise times the {most_events} events that one source may send in a step must be at "
            f"most {_MOST_LOSS:g} (got {y:g}); lower max_events= of the source, alpha or tau_rise"
        )
    terms = growth_terms(1 - kinetics.tau_rise / kinetics.tau_decay, h, 40 + math.ceil(4 * y))
    shares, power = [], 1.0
    for term in terms:
        shares.append(term * power)
        power *= y
    allowed = _TAIL[real] * math.fsum(shares)
    kept = next(k for k in range(1, len(shares) + 1) if math.fsum(shares[k:]) <= allowed)
    ratios = tuple(terms[k] / terms[k - 1] for k in range(1, kept))
    return Growth(_exp(-dt / kinetics.tau_decay), _exp(-h), scale * gone, terms[0] / gone, ratios)


def growth_terms(p: float, h: float, n: int) -> list[float]:
    """Return d_0 ... d_(n-1): d_k = 1/(k! w^k) integral_0^h exp(-p u) (1 - exp(-u))^k du, w = 1 - exp(-h).

    They make integral exp(-p u) exp(a (1 - exp(-u))) du = d_0 + d_1 y + d_2 y^2 + ..., y = a w: the drive of S by x
    over a step, in units of tau_rise, p = 1 - tau_rise/tau_decay. By parts, d_(k-1) = w ((p + k) d_k + exp(-p h)/k!):
    downwards nothing is subtracted. The last one is an incomplete beta function, summed as a series.
    """
    w, edge = -float(portable_math.expm1(np.float64(-h))), _exp(-p * h)
    weights = [w * edge]  # w exp(-p h)/k!
    for k in range(1, n + 1):
        weights.append(weights[-1] / k)
    last = term = weights[n]
    j, pieces = n, [last]
    while term > 1e-18 * last:
        term *= w * (p + j) / (j + 1)
        pieces.append(term)
        j += 1
    terms = [math.fsum(pieces)]
    for k in range(n - 1, 0, -1):
        terms.append(w * (p + k) * terms[-1] + weights[k])
    return terms[::-1]


def jump(kinetics: Saturating, dt: float) -> JumpSourceCoefficients:
    """Return decay over a step, and k0 and k1 of the jump k0 + k1 S (Brunel and Wang 2001; NEST's iaf_bw_2001).

    k0 = a^(1 - p) gamma_lower(p, a) with a = alpha tau_rise and p = 1 - tau_rise/tau_decay, by the series
    gamma_lower(p, a) = a^p exp(-a) sum_k a^k / (p (p + 1) ... (p + k)), all of whose terms are positive.
    """
    a, p = kinetics.alpha * kinetics.tau_rise, 1.0 - kinetics.tau_rise / kinetics.tau_decay
    term, total, k = 1.0 / p, 0.0, 0
    while total + term > total:
        total += term
        k += 1
        term *= a / (p + k)
    k1 = float(portable_math.expm1(np.float64(-a)))
    return JumpSourceCoefficients(decay=_exp(-dt / kinetics.tau_decay), k0=a * _exp(-a) * total, k1=k1)


def _target_saturating(kinetics: Saturating, dt: float, quantum: float) -> RisingCoefficients:
    """Return the coefficients of a sum to which growth is sent one step ahead of time."""
    c = decay_of(kinetics.tau_decay, dt)
    return RisingCoefficients(g_g=c.decay, g_h=1.0, h_h=0.0, mean_g=c.mean, mean_h=0.5, jump=quantum)


def _own_saturating(kinetics: Saturating, step: GateStep) -> SaturatingSourceCoefficients:
    least = LEAST_RISE[step.real] / (kinetics.alpha * kinetics.tau_rise)
    own = growth(kinetics, step)
    more = (0.0,) * (_USUAL_RATIOS - len(own.ratios))  # terms of a series that has ended
    return SaturatingSourceCoefficients(least=least, **own._replace(ratios=own.ratios + more).named())


def _each_saturating(kinetics: Saturating, step: GateStep) -> SaturatingCoefficients:
    mean = decay_of(kinetics.tau_decay, step.dt).mean
    return SaturatingCoefficients(mean=mean, **growth(kinetics, step).named())


def _target_jump(kinetics: Saturating, dt: float, quantum: float) -> ExponentialCoefficients:
    return decay_of(kinetics.tau_decay, dt)._replace(jump=quantum)


def _each_jump(kinetics: Saturating, step: GateStep) -> JumpCoefficients:
    mean = decay_of(kinetics.tau_decay, step.dt).mean
    return JumpCoefficients(mean=mean, **jump(kinetics, step.dt)._asdict())


enter(
    GateForm(
        "saturating",
        lumped="Rising",
        target=_target_saturating,
        synapse="SaturatingGate",
        each=_each_saturating,
        reason="its growth summed on the target: one delivery per step while the rise variable lasts, exact",
        source="SaturatingSource",
        own=_own_saturating,
        weights_may_change=True,
    )
)
enter(
    GateForm(
        "jump",
        lumped="Exponential",
        target=_target_jump,
        synapse="JumpGate",
        each=_each_jump,
        reason="its jumps summed on the target: one delivery per spike, exact",
        source="JumpSource",
        own=lambda kinetics, step: jump(kinetics, step.dt),
        weights_may_change=True,
        sends_at_events=True,
    )
)
