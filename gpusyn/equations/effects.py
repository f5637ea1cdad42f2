"""The effects of open gates on the membrane: the equations of ``kernels/receptors/effects.cuh`` in numpy.

A receptor names its effect. A new effect is a class with the decorator `effect` in the receptor's file, and a struct of
the same name in a file of ``kernels/receptors``. `c` holds coefficients: ``c[k]`` is a number that all neurons share,
or one number per neuron. Operations are written in the kernels' order, because that order fixes bits.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from gpusyn.numerics.portable_math import exp, flush
from gpusyn.utils.registry import Registry

Array = NDArray[Any]
Real = Any  # an array of the run's floating type, or one number of it


class Effect(Protocol):
    """The terms that an open gate adds to G and D in C dv/dt = D - G v (v and reversal potentials relative to E_L).

    `x` are states of the effect's own, `Mg` a factor on the coefficient of the magnesium block.
    """

    STATES: int
    COEFS: int

    @staticmethod
    def block(x: Sequence[Array], v: Real, c: Array, Mg: Real) -> Real:
        """Fraction of the channels that the membrane potential leaves open."""

    @staticmethod
    def add(gate: Real, x: Sequence[Array], v: Real, c: Array, Mg: Real, G: Real, D: Real) -> tuple[Real, Real]:
        """Return the new G and D."""

    @staticmethod
    def current(gate: Real, x: Sequence[Array], v: Real, c: Array, Mg: Real) -> Real:
        """Return the recorded current, positive outward."""

    @staticmethod
    def follow(x: Sequence[Array], v: Real, c: Array, Mg: Real) -> None:
        """Advance the states to the end of the step, where the potential is v."""


#: Every effect by the name of its struct.
EFFECTS: Registry[type[Effect]] = Registry(
    "effect", "write @effect above the class, and import it in gpusyn/receptors/__init__.py (docs/adding_a_receptor.md)"
)
E = TypeVar("E", bound="type[Effect]")


def effect(kind: E) -> E:
    """Enter a class of this form into the table of effects."""
    EFFECTS[kind.__name__] = kind
    return kind


@effect
class Conductance:
    """I = g (V - E); c = e."""

    STATES, COEFS = 0, 1

    @staticmethod
    def block(x: Sequence[Array], v: Real, c: Array, Mg: Real) -> Real:
        """Return 1."""
        return v.dtype.type(1)

    @staticmethod
    def add(gate: Real, x: Sequence[Array], v: Real, c: Array, Mg: Real, G: Real, D: Real) -> tuple[Real, Real]:
        """G + g, D + g e."""
        return G + gate, D + gate * c[0]

    @staticmethod
    def current(gate: Real, x: Sequence[Array], v: Real, c: Array, Mg: Real) -> Real:
        """Return the recorded current: g (v - e)."""
        return gate * (v - c[0])

    @staticmethod
    def follow(x: Sequence[Array], v: Real, c: Array, Mg: Real) -> None:
        """No state."""


def unblocked(v: Real, c: Array, Mg: Real) -> Real:
    """Fraction that magnesium leaves open: 1 / (1 + eta [Mg] exp(-gamma V)) (Jahr and Stevens 1990)."""
    real = v.dtype.type
    return real(1) / (real(1) + c[1] * Mg * exp(c[2] * v))


@effect
class MagnesiumBlocked:
    """I = g B(V) (V - E); c = e, eta [Mg] exp(-gamma E_L), -gamma."""

    STATES, COEFS = 0, 3

    @staticmethod
    def block(x: Sequence[Array], v: Real, c: Array, Mg: Real) -> Real:
        """B at v."""
        return unblocked(v, c, Mg)

    @classmethod
    def add(cls, gate: Real, x: Sequence[Array], v: Real, c: Array, Mg: Real, G: Real, D: Real) -> tuple[Real, Real]:
        """G + g B, D + g B e."""
        g = gate * cls.block(x, v, c, Mg)
        return G + g, D + g * c[0]

    @classmethod
    def current(cls, gate: Real, x: Sequence[Array], v: Real, c: Array, Mg: Real) -> Real:
        """Return the recorded current: g B (v - e)."""
        return (gate * cls.block(x, v, c, Mg)) * (v - c[0])

    @staticmethod
    def follow(x: Sequence[Array], v: Real, c: Array, Mg: Real) -> None:
        """No state."""


@effect
class SlowlyUnblocked(MagnesiumBlocked):
    """Slow unblock of two stages, block at once (Vargas-Caballero and Robinson 2003; Hill and Tononi 2005).

    B = A m_fast + (1 - A) m_slow; each m below B(V) relaxes to it, above it falls to it.
    x = m_fast, m_slow; c = e, eta [Mg] exp(-gamma E_L), -gamma, P_fast, P_slow, A at E_L, dA/dV.
    """

    STATES, COEFS = 2, 7

    @staticmethod
    def block(x: Sequence[Array], v: Real, c: Array, Mg: Real) -> Real:
        """B with the present m."""
        fast = c[5] + c[6] * v
        return fast * x[0] + (v.dtype.type(1) - fast) * x[1]

    @staticmethod
    def follow(x: Sequence[Array], v: Real, c: Array, Mg: Real) -> None:
        """Relax both m to B(v), from above at once."""
        opened = unblocked(v, c, Mg)
        for m, decay in zip(x, (c[3], c[4]), strict=True):
            m[:] = flush(np.where(m < opened, opened + (m - opened) * decay, opened))


@effect
class Current:
    """The gate is a current, inward positive; recorded outward positive, as a membrane current."""

    STATES, COEFS = 0, 0

    @staticmethod
    def block(x: Sequence[Array], v: Real, c: Array, Mg: Real) -> Real:
        """Return 1."""
        return v.dtype.type(1)

    @staticmethod
    def add(gate: Real, x: Sequence[Array], v: Real, c: Array, Mg: Real, G: Real, D: Real) -> tuple[Real, Real]:
        """D + I."""
        return G, D + gate

    @staticmethod
    def current(gate: Real, x: Sequence[Array], v: Real, c: Array, Mg: Real) -> Real:
        """Minus I."""
        return -gate

    @staticmethod
    def follow(x: Sequence[Array], v: Real, c: Array, Mg: Real) -> None:
        """No state."""
