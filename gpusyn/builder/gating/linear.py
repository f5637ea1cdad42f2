"""The numbers that kernels multiply by: exact propagators over one step, computed once on the host in double.

Every linear gate, alone or with the membrane behind it, is a chain whose propagator
:func:`~gpusyn.numerics.propagators.chain_propagator` computes.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from gpusyn.kinetics import (
    Alpha,
    DualExponential,
    Exponential,
    FirstOrder,
    GProtein,
    Kinetics,
    Saturating,
)
from gpusyn.numerics import portable_math
from gpusyn.numerics.propagators import chain_propagator, exp, expm1
from gpusyn.utils.typing import Floats


class Gate(NamedTuple):
    """A linear gate as a chain: decay rates from g to the variable that events jump, links, jump per unit weight."""

    decay: tuple[Any, ...]
    link: tuple[float, ...]
    jump: Any


def gate_of(kinetics: Kinetics, slower: Any = 1.0) -> Gate:
    """The chain of a linear kinetics whose events peak with the weight (Rall 1967; Roth and van Rossum 2009).

    Its decay is `slower` than its own (a number, or an array of several cases), its peak stays.
    """
    if isinstance(kinetics, Exponential):
        return Gate((1 / (kinetics.tau * slower),), (), 1.0)
    if isinstance(kinetics, Alpha):
        rise, decay = kinetics.tau, kinetics.tau * slower
    else:
        assert isinstance(kinetics, DualExponential)
        rise, decay = kinetics.tau_rise, kinetics.tau_decay * slower
    return Gate((1 / decay, 1 / rise), (1.0,), _peak_jump(rise, decay))


def _peak_jump(rise: float, decay: Any) -> Any:
    """Jump of h that makes g peak with 1: exp(t_peak/rise)/decay, without the 0/0 at equal time constants."""
    delta = np.asarray(1 - rise / decay, dtype=np.float64)
    near = np.abs(delta) < 1e-2
    series = np.zeros_like(delta)
    for k in range(12, 0, -1):  # -ln(1 - delta)/delta = 1 + delta/2 + delta^2/3 + ...
        series = series * delta + 1 / k
    apart = np.where(near, 0.5, delta)
    series = np.where(near, series, -portable_math.log(1 - apart) / apart)
    return exp(series) / decay


def lumped(kinetics: Kinetics, dt: float, quantum: float, slower: Any = 1.0) -> list[Floats]:
    """Coefficients of a target-owned gate: propagator, exact means over the step, jump of one quantum of input."""
    gate = gate_of(kinetics, slower)
    whole = chain_propagator((0.0, *gate.decay), (1.0, *gate.link), dt)  # one more link: the integral of g
    means = [whole[0][1 + j] / dt for j in range(len(gate.decay))]
    return [*_own(whole), *means, np.asarray(gate.jump * quantum)]


def lumped_into_v(kinetics: Kinetics, dt: float, quantum: float, tau_m: Any, C_m: Any) -> list[Floats]:
    """As `lumped`, for a current: in place of the means, what the gate's variables add to V over the step (mV a pA)."""
    gate = gate_of(kinetics)
    whole = chain_propagator((1 / np.asarray(tau_m), *gate.decay), (1 / np.asarray(C_m), *gate.link), dt)
    into_v = [whole[0][1 + j] for j in range(len(gate.decay))]
    return [*_own(whole), *into_v, np.asarray(gate.jump * quantum)]


def _own(whole: list[list[Floats]]) -> list[Floats]:
    """Propagator entries of the gate's own variables, in the kernels' order."""
    return [whole[1][1]] if len(whole) == 2 else [whole[1][1], whole[1][2], whole[2][2]]


def first_order(kinetics: FirstOrder, dt: float) -> list[Floats]:
    """Exact step of a first-order gate under transmitter on and off (Destexhe, Mainen and Sejnowski 1994)."""
    on = kinetics.alpha * kinetics.T_max + kinetics.beta
    r_inf = kinetics.alpha * kinetics.T_max / on
    fall_on, fall_off = -expm1(-on * dt), -expm1(-kinetics.beta * dt)
    mean_on, P_on, P_off = fall_on / (on * dt), exp(-on * dt), exp(-kinetics.beta * dt)
    ratio = fall_off / (kinetics.beta * dt) / P_off  # of the mean to the gate at the end, without transmitter
    constant = r_inf * (1 - mean_on) - ratio * (r_inf * fall_on)
    return [P_on, r_inf * fall_on, P_off, ratio, constant, mean_on - ratio * P_on]


def cascade(kinetics: GProtein, dt: float, *, on: bool) -> list[float]:
    """Exact step of R and G with transmitter or without: R from R and from 1, G from R, from G and from 1."""
    binding = kinetics.K1 * kinetics.T_max if on else 0.0
    step = chain_propagator((kinetics.K4, kinetics.K2 + binding, 0.0), (kinetics.K3, binding), dt)
    return [float(step[i][j]) for i, j in ((1, 1), (1, 2), (0, 1), (0, 0), (0, 2))]


def jump(kinetics: Saturating, dt: float) -> list[float]:
    """Decay over a step, and k0 and k1 of the jump k0 + k1 S at a spike (Brunel and Wang 2001; NEST's iaf_bw_2001).

    k0 = a^(1 - p) gamma_lower(p, a) with a = alpha tau_rise and p = 1 - tau_rise/tau_decay, by the series
    gamma_lower(p, a) = a^p exp(-a) sum_k a^k / (p (p + 1) ... (p + k)), all of whose terms are positive.
    """
    a, p = kinetics.alpha * kinetics.tau_rise, 1.0 - kinetics.tau_rise / kinetics.tau_decay
    term, total, k = 1.0 / p, 0.0, 0
    while total + term > total:
        total += term
        k += 1
        term *= a / (p + k)
    k0 = a * float(exp(-a)) * total
    return [float(exp(-dt / kinetics.tau_decay)), k0, float(expm1(-a))]
