"""The equations of ``kernels/receptors`` and ``kernels/neurons``: gates, their effect, the membrane.

`x` holds a gate's states, one array each. `c` holds coefficients: ``c[k]`` is a number that all neurons
share, or one number a neuron. Operations are written in the kernels' order, because that order fixes bits.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from gpusyn.backends.numpy_tables import Array
from gpusyn.portable_math import exp, expm1, flush

Real = Any  # an array of the run's floating type, or one number of it


class Kinetics(Protocol):
    """A linear gate owned by the target neuron."""

    STATES: int
    COEFS: int

    @staticmethod
    def average(x: Sequence[Array], c: Array) -> Real:
        """The gate's exact mean over the coming step."""

    @staticmethod
    def step(x: Sequence[Array], c: Array, arrived: Array) -> None:
        """Decay over the step, then add the input that falls due at its end."""


class Unlumped:
    """No gate on the neuron: the receptor's gates live on the synapses."""

    STATES, COEFS = 0, 0

    @staticmethod
    def average(x: Sequence[Array], c: Array) -> Real:
        """Nothing."""
        return c.dtype.type(0)

    @staticmethod
    def step(x: Sequence[Array], c: Array, arrived: Array) -> None:
        """Nothing."""


class Exponential:
    """dg/dt = -g / tau, one jump an event; c = P, mean, jump."""

    STATES, COEFS = 1, 3

    @staticmethod
    def average(x: Sequence[Array], c: Array) -> Real:
        """Mean of g over the step, (tau / dt) (1 - P) g."""
        return c[1] * x[0]

    @staticmethod
    def step(x: Sequence[Array], c: Array, arrived: Array) -> None:
        """Decay g, then add to it: P g + jump x input."""
        x[0][:] = flush(c[0] * x[0] + c[2] * arrived)


class Rising:
    """Alpha and dual exponential: dh/dt = -h / tau_r, dg/dt = -g / tau_d + h, events jump h.

    c = P_g, P_gh, P_h, mean_g, mean_h, jump.
    """

    STATES, COEFS = 2, 6

    @staticmethod
    def average(x: Sequence[Array], c: Array) -> Real:
        """Mean of g over the step."""
        return c[3] * x[0] + c[4] * x[1]

    @staticmethod
    def step(x: Sequence[Array], c: Array, arrived: Array) -> None:
        """Decay both, g taking from the old h; the input goes to h."""
        x[0][:] = flush(c[0] * x[0] + c[1] * x[1])
        x[1][:] = flush(c[2] * x[1] + c[5] * arrived)


class Effect(Protocol):
    """What an open gate adds to G and D in C dv/dt = D - G v (v and reversal potentials relative to E_L)."""

    COEFS: int

    @staticmethod
    def block(v: Real, c: Array) -> Real:
        """Fraction of the channels that the membrane potential leaves open."""

    @staticmethod
    def add(gate: Real, v: Real, c: Array, G: Real, D: Real) -> tuple[Real, Real]:
        """New G and D."""

    @staticmethod
    def current(gate: Real, v: Real, c: Array) -> Real:
        """The recorded current, outward positive."""


class Conductance:
    """I = g (V - E); c = e."""

    COEFS = 1

    @staticmethod
    def block(v: Real, c: Array) -> Real:
        """Always 1."""
        return v.dtype.type(1)

    @staticmethod
    def add(gate: Real, v: Real, c: Array, G: Real, D: Real) -> tuple[Real, Real]:
        """G + g, D + g e."""
        return G + gate, D + gate * c[0]

    @staticmethod
    def current(gate: Real, v: Real, c: Array) -> Real:
        """Recorded current: g (v - e)."""
        return gate * (v - c[0])


class MagnesiumBlocked:
    """I = g B(V) (V - E), B = 1 / (1 + [Mg] / 3.57 exp(-0.062 V)) (Jahr and Stevens 1990).

    c = e, [Mg] / 3.57 exp(-0.062 E_L).
    """

    COEFS = 2

    @staticmethod
    def block(v: Real, c: Array) -> Real:
        """B at v."""
        real = v.dtype.type
        return real(1) / (real(1) + c[1] * exp(real(-0.062) * v))

    @staticmethod
    def add(gate: Real, v: Real, c: Array, G: Real, D: Real) -> tuple[Real, Real]:
        """G + g B, D + g B e."""
        g = gate * MagnesiumBlocked.block(v, c)
        return G + g, D + g * c[0]

    @staticmethod
    def current(gate: Real, v: Real, c: Array) -> Real:
        """Recorded current: g B (v - e)."""
        return (gate * MagnesiumBlocked.block(v, c)) * (v - c[0])


class Current:
    """The gate is a current, inward positive; recorded outward positive, as a membrane current."""

    COEFS = 0

    @staticmethod
    def block(v: Real, c: Array) -> Real:
        """Always 1."""
        return v.dtype.type(1)

    @staticmethod
    def add(gate: Real, v: Real, c: Array, G: Real, D: Real) -> tuple[Real, Real]:
        """D + I."""
        return G, D + gate

    @staticmethod
    def current(gate: Real, v: Real, c: Array) -> Real:
        """Minus I."""
        return -gate


class Neuron(Protocol):
    """How v moves between threshold crossings."""

    COEFS: int

    @staticmethod
    def leak(c: Array) -> Real:
        """G without receptors."""

    @staticmethod
    def drive(current: Array, c: Array) -> Real:
        """D without receptors."""

    @staticmethod
    def advance(v: Array, c: Array, G: Real, D: Real) -> Array:
        """The v of the end of the step."""


class LIF:
    """Conductances: exponential Euler with each gate's mean over the step; c = g_L, dt / C."""

    COEFS = 2

    @staticmethod
    def leak(c: Array) -> Real:
        """g_L."""
        return c[0]

    @staticmethod
    def drive(current: Array, c: Array) -> Real:
        """I."""
        return current

    @staticmethod
    def advance(v: Array, c: Array, G: Real, D: Real) -> Array:
        """Relax v to D / G at the rate G / C."""
        v_inf = D / G
        moved: Array = v + (v - v_inf) * expm1(-(c[1] * G))
        return moved


class ExactLIF:
    """Currents only, exact: the gates' "means" are propagators into v; c = P - 1, (1 - P) / g_L."""

    COEFS = 2

    @staticmethod
    def leak(c: Array) -> Real:
        """Unused: 0."""
        return c.dtype.type(0)

    @staticmethod
    def drive(current: Array, c: Array) -> Real:
        """(1 - P) / g_L I."""
        return c[1] * current

    @staticmethod
    def advance(v: Array, c: Array, G: Real, D: Real) -> Array:
        """V + ((P - 1) v + D), the small number first."""
        moved: Array = v + (c[0] * v + D)
        return moved


KINETICS: dict[str, type[Kinetics]] = {
    "Unlumped": Unlumped,
    "Exponential": Exponential,
    "Rising": Rising,
}
EFFECTS: dict[str, type[Effect]] = {
    "Conductance": Conductance,
    "MagnesiumBlocked": MagnesiumBlocked,
    "Current": Current,
}
NEURONS: dict[str, type[Neuron]] = {"LIF": LIF, "ExactLIF": ExactLIF}
