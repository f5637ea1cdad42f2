"""The equations of ``kernels/neurons`` in numpy; `c` and the order of operations as in `numpy_models`.

`x` holds the model's own states, one array each.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from gpusyn.equations.effects import Array, Real
from gpusyn.numerics.portable_math import exp, expm1, exprel, flush


class Neuron(Protocol):
    """How v and the model's own states move; HOLDS: a spike resets v, and holds it while refractory."""

    STATES: int
    COEFS: int
    HOLDS: bool

    @staticmethod
    def leak(c: Array) -> Real:
        """G without receptors."""

    @staticmethod
    def drive(current: Array, c: Array) -> Real:
        """D without receptors."""

    @staticmethod
    def advance(v: Array, x: Sequence[Array], c: Array, G: Real, D: Real) -> Array:
        """The v of the end of the step."""

    @staticmethod
    def follow(x: Sequence[Array], v: Array, reached: Array, fired: Array, c: Array) -> None:
        """Move the states that need the v of both ends of the step, the new one taken before a reset."""


class LIF:
    """Conductances: exponential Euler with each gate's mean over the step; c = g_L, dt / C."""

    STATES, COEFS, HOLDS = 0, 2, True

    @staticmethod
    def leak(c: Array) -> Real:
        """g_L."""
        return c[0]

    @staticmethod
    def drive(current: Array, c: Array) -> Real:
        """I."""
        return current

    @staticmethod
    def advance(v: Array, x: Sequence[Array], c: Array, G: Real, D: Real) -> Array:
        """Relax v to D / G at the rate G / C."""
        v_inf = D / G
        moved: Array = v + (v - v_inf) * expm1(-(c[1] * G))
        return moved

    @staticmethod
    def follow(x: Sequence[Array], v: Array, reached: Array, fired: Array, c: Array) -> None:
        """Nothing."""


class ExactLIF:
    """Currents only, exact: the gates' "means" are propagators into v; c = P - 1, (1 - P) / g_L."""

    STATES, COEFS, HOLDS = 0, 2, True

    @staticmethod
    def leak(c: Array) -> Real:
        """Unused: 0."""
        return c.dtype.type(0)

    @staticmethod
    def drive(current: Array, c: Array) -> Real:
        """(1 - P) / g_L I."""
        return c[1] * current

    @staticmethod
    def advance(v: Array, x: Sequence[Array], c: Array, G: Real, D: Real) -> Array:
        """V + ((P - 1) v + D), the small number first."""
        moved: Array = v + (c[0] * v + D)
        return moved

    @staticmethod
    def follow(x: Sequence[Array], v: Array, reached: Array, fired: Array, c: Array) -> None:
        """Nothing."""


class AdEx:
    """Exponential step of the linearised equation, with w at the middle of the step.

    c = g_L, dt / C, V_T - E_L, 1 / Delta_T, g_L Delta_T, a, b, exp(-dt / tau_w) - 1, exp(-dt / 2 tau_w) - 1,
    V_peak - E_L.
    """

    STATES, COEFS, HOLDS = 1, 10, True

    @staticmethod
    def leak(c: Array) -> Real:
        """g_L."""
        return c[0]

    @staticmethod
    def drive(current: Array, c: Array) -> Real:
        """I."""
        return current

    @staticmethod
    def advance(v: Array, x: Sequence[Array], c: Array, G: Real, D: Real) -> Array:
        """V + F(v) (exp(J) - 1) / J, at most V_peak."""
        limit = v.dtype.type(30)
        w = x[0] + (x[0] - c[5] * v) * c[8]
        steep = (v - c[2]) * c[3]
        steep = np.where(steep > limit, limit, steep)
        upstroke = exp(steep)
        slope = (c[0] * upstroke - G) * c[1]
        rise = (((D - G * v) + c[4] * upstroke) - w) * c[1]
        reached = v + rise * exprel(slope)
        stopped: Array = np.where(reached > c[9], c[9], reached)
        return stopped

    @staticmethod
    def follow(x: Sequence[Array], v: Array, reached: Array, fired: Array, c: Array) -> None:
        """Relax w to a times the mean v; a spike adds b."""
        w = x[0] + (x[0] - c[5] * (v.dtype.type(0.5) * (v + reached))) * c[7]
        x[0][:] = flush(np.where(fired, w + c[6], w))


class Izhikevich:
    """Steps as AdEx does.

    c = dt, 1 / C, 0.08 c + 5, 0.04 c^2 + 5 c + 140, b, b c, d, exp(-a dt) - 1, exp(-a dt / 2) - 1, V_peak - c.
    """

    STATES, COEFS, HOLDS = 1, 10, True

    @staticmethod
    def leak(c: Array) -> Real:
        """Only that of receptors: 0."""
        return c.dtype.type(0)

    @staticmethod
    def drive(current: Array, c: Array) -> Real:
        """I."""
        return current

    @staticmethod
    def advance(v: Array, x: Sequence[Array], c: Array, G: Real, D: Real) -> Array:
        """V + F(v) (exp(J) - 1) / J, at most V_peak."""
        real = v.dtype.type
        u = x[0] + (x[0] - (c[4] * v + c[5])) * c[8]
        slope = ((real(0.08) * v + c[2]) - G * c[1]) * c[0]
        rise = ((((real(0.04) * v + c[2]) * v + c[3]) - u) + (D - G * v) * c[1]) * c[0]
        reached = v + rise * exprel(slope)
        stopped: Array = np.where(reached > c[9], c[9], reached)
        return stopped

    @staticmethod
    def follow(x: Sequence[Array], v: Array, reached: Array, fired: Array, c: Array) -> None:
        """Relax u to b times the mean V; a spike adds d."""
        u = x[0] + (x[0] - (c[4] * (v.dtype.type(0.5) * (v + reached)) + c[5])) * c[7]
        x[0][:] = flush(np.where(fired, u + c[6], u))


class HodgkinHuxley:
    """The gates m, h, n first, exactly for a constant v; then v by exponential Euler with the new gates.

    c = g_L, dt / C, dt, V_T - E_L, g_Na, E_Na - E_L, g_K, E_K - E_L.
    """

    STATES, COEFS, HOLDS = 3, 8, False

    @staticmethod
    def leak(c: Array) -> Real:
        """g_L."""
        return c[0]

    @staticmethod
    def drive(current: Array, c: Array) -> Real:
        """I."""
        return current

    @staticmethod
    def rates(u: Array) -> tuple[tuple[Array, Array], ...]:
        """Opening and closing rates (1/ms) of m, h and n at u = V - V_T."""
        real = u.dtype.type
        return (
            (
                real(1.28) / exprel((real(13) - u) * real(0.25)),
                real(1.4) / exprel((u - real(40)) * real(0.2)),
            ),
            (
                real(0.128) * exp((real(17) - u) / real(18)),
                real(4) / (real(1) + exp((real(40) - u) * real(0.2))),
            ),
            (
                real(0.16) / exprel((real(15) - u) * real(0.2)),
                real(0.5) * exp((real(10) - u) * real(0.025)),
            ),
        )

    @staticmethod
    def advance(v: Array, x: Sequence[Array], c: Array, G: Real, D: Real) -> Array:
        """Gates, then relax v to D / G at the rate G / C."""
        for gate, (opening, closing) in zip(x, HodgkinHuxley.rates(v - c[3]), strict=True):
            rate = opening + closing
            gate[:] = flush(gate + (gate - opening / rate) * expm1(-(rate * c[2])))
        m, h, n = x
        sodium, potassium = c[4] * (((m * m) * m) * h), c[6] * ((n * n) * (n * n))
        G = (G + sodium) + potassium
        D = (D + sodium * c[5]) + potassium * c[7]
        v_inf = D / G
        moved: Array = v + (v - v_inf) * expm1(-(c[1] * G))
        return moved

    @staticmethod
    def follow(x: Sequence[Array], v: Array, reached: Array, fired: Array, c: Array) -> None:
        """Nothing."""


NEURONS: dict[str, type[Neuron]] = {
    "LIF": LIF,
    "ExactLIF": ExactLIF,
    "AdEx": AdEx,
    "Izhikevich": Izhikevich,
    "HodgkinHuxley": HodgkinHuxley,
}
