"""The numbers that kernels multiply by: exact propagators over one step, computed once on the host in double.

Every linear gate, alone or with the membrane behind it, is a chain x0' = -a0 x0 + b0 x1, x1' = -a1 x1 + b1 x2, ...;
its propagator is the exponential of a matrix whose off-diagonal entries are >= 0. Shifted to be non-negative
throughout, the Taylor series has no cancellation, so every entry is good to rounding, equal time constants included.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

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
from gpusyn.receptors.calcium import Calcium

Floats = NDArray[np.float64]
_TAYLOR_TERMS = 20


def _exp(x: Any) -> Floats:
    out: Floats = portable_math.exp(np.asarray(x, dtype=np.float64))
    return out


def _expm1(x: Any) -> Floats:
    out: Floats = portable_math.expm1(np.asarray(x, dtype=np.float64))
    return out


def chain_propagator(decay: Sequence[Any], link: Sequence[Any], dt: float) -> list[list[Floats]]:
    """Exponential of dt times the chain's matrix, entry by entry.

    Parameters
    ----------
    decay : rates a_i (1/ms), each a number or an array of one value a neuron
    link : factors b_i, one fewer
    dt : step (ms)

    Returns
    -------
    list of lists of ndarray
        Entry [i][j]: what a unit of x_j becomes in x_i.
    """
    m = len(decay)
    shape = np.broadcast_shapes(*(np.shape(x) for x in (*decay, *link)))
    rates = [np.broadcast_to(np.asarray(a, dtype=np.float64) * dt, shape) for a in decay]
    largest = np.max(np.stack(rates), axis=0)
    zero = np.zeros(shape)
    matrix = [[zero] * m for _ in range(m)]
    for i in range(m):
        matrix[i][i] = largest - rates[i]
        if i + 1 < m:
            matrix[i][i + 1] = np.broadcast_to(np.asarray(link[i], dtype=np.float64) * dt, shape)
    norm = max(float(np.max(entry, initial=0.0)) for row in matrix for entry in row)
    halvings = max(0, int(np.ceil(np.log2(max(norm, 0.25)))) + 2)
    scale = 0.5**halvings
    base = [[entry * scale for entry in row] for row in matrix]
    total = _identity(m, shape)
    for k in range(_TAYLOR_TERMS, 0, -1):  # Horner: I + B/1 (I + B/2 (I + ...))
        product = _multiply(base, total)
        total = [[product[i][j] / k + float(i == j) for j in range(m)] for i in range(m)]
    damping = _exp(-largest * scale)
    total = [[entry * damping for entry in row] for row in total]
    for _ in range(halvings):
        total = _multiply(total, total)
    return total


def _identity(m: int, shape: tuple[int, ...]) -> list[list[Floats]]:
    return [[np.full(shape, float(i == j)) for j in range(m)] for i in range(m)]


def _multiply(a: list[list[Floats]], b: list[list[Floats]]) -> list[list[Floats]]:
    """Product of two upper triangular matrices, summed in one written order."""
    m = len(a)
    zero = np.zeros_like(a[0][0])
    out = [[zero] * m for _ in range(m)]
    for i in range(m):
        for j in range(i, m):
            entry = a[i][i] * b[i][j]
            for k in range(i + 1, j + 1):
                entry = entry + a[i][k] * b[k][j]
            out[i][j] = entry
    return out


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
    return _exp(series) / decay


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
    fall_on, fall_off = -_expm1(-on * dt), -_expm1(-kinetics.beta * dt)
    mean_on, P_on, P_off = fall_on / (on * dt), _exp(-on * dt), _exp(-kinetics.beta * dt)
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
    k0 = a * float(_exp(-a)) * total
    return [float(_exp(-dt / kinetics.tau_decay)), k0, float(_expm1(-a))]


def lif(dt: float, C_m: Any, g_L: Any) -> list[Floats]:
    """Own coefficients of the conductance-based LIF."""
    return [np.asarray(g_L, dtype=np.float64), dt / np.asarray(C_m, dtype=np.float64)]


def exact_lif(dt: float, C_m: Any, g_L: Any) -> list[Floats]:
    """Own coefficients of the exact, current-based LIF."""
    x = -dt * np.asarray(g_L, dtype=np.float64) / np.asarray(C_m, dtype=np.float64)
    return [_expm1(x), -_expm1(x) / np.asarray(g_L, dtype=np.float64)]


def calcium(trace: Calcium, dt: float) -> list[Floats]:
    """Coefficients of a calcium trace: decay, and rise by a unit of current that lasts a step."""
    return [_exp(-dt / trace.tau), trace.gain * trace.tau * -_expm1(-dt / trace.tau)]
