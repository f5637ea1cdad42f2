"""Effects of open gates on the membrane: the equations of ``kernels/receptors/effects.cuh`` in numpy, in one table.

A receptor names its effect. A new effect is a class in the receptor's file, decorated with `effect`, and a struct of
the same name in a file of ``kernels/receptors``. `c` holds the coefficients: ``c[k]`` is a number that all neurons
share, or an array of one value per neuron. Operations have the order of the kernels, because the order determines the
bits.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, TypeVar

import numpy as np

from gpusyn.errors import ArgumentError
from gpusyn.numerics.portable_math import exp, flush
from gpusyn.utils.registry import Registry
from gpusyn.utils.typing import Array

PAGE = "docs/adding_a_receptor.md"
Real = Any  # an array of the run's floating type, or one number of it


class Effect(Protocol):
    """The contribution of an open gate to G and D in C dv/dt = D - G v (v and reversal potentials relative to E_L).

    `x` holds the states of the effect, and `Mg` is a factor of the coefficient of the magnesium block.
    """

    STATES: int
    COEFS: int

    @staticmethod
    def block(x: Sequence[Array], v: Real, c: Array, Mg: Real) -> Real:
        """Return the fraction of the channels that the membrane potential leaves open."""

    @staticmethod
    def add(gate: Real, x: Sequence[Array], v: Real, c: Array, Mg: Real, G: Real, D: Real) -> tuple[Real, Real]:
        """Return the new G and D."""

    @staticmethod
    def current(gate: Real, x: Sequence[Array], v: Real, c: Array, Mg: Real) -> Real:
        """Return the recorded current; outward is positive."""

    @staticmethod
    def follow(x: Sequence[Array], v: Real, c: Array, Mg: Real) -> None:
        """Advance the states to the end of the step, where the potential is v."""


#: Every effect by the name of its struct.
EFFECTS: Registry[type[Effect]] = Registry(
    "effect", f"write @effect above the class, and import it in gpusyn/receptors/__init__.py ({PAGE})"
)
E = TypeVar("E", bound="type[Effect]")


def effect(kind: E) -> E:
    """Register a class of this form in the table of effects."""
    EFFECTS[kind.__name__] = kind
    return kind


def effect_part(receptor: Any, part: str, given: list[Any]) -> list[Any]:
    """Return the coefficients (`part` COEFS) or states (STATES) of a receptor's effect.

    Raises
    ------
    ArgumentError
        If the receptor computes more or fewer than the class of its effect declares.
    """
    count = getattr(EFFECTS[receptor.effect], part)
    if len(given) != count:
        method = {"COEFS": "effect_coefficients", "STATES": "effect_states"}[part]
        raise ArgumentError(
            f"{receptor.kind}.{method}: must return {count} values, as {part} of {receptor.effect} says "
            f"(returned {len(given)}); correct one of the two ({PAGE})"
        )
    return given


@effect
class Conductance:
    """The effect of a conductance: I = g (V - E); c = e."""

    STATES, COEFS = 0, 1

    @staticmethod
    def block(x: Sequence[Array], v: Real, c: Array, Mg: Real) -> Real:
        """Return 1, because nothing blocks the channels."""
        return v.dtype.type(1)

    @staticmethod
    def add(gate: Real, x: Sequence[Array], v: Real, c: Array, Mg: Real, G: Real, D: Real) -> tuple[Real, Real]:
        """Return G + g and D + g e."""
        return G + gate, D + gate * c[0]

    @staticmethod
    def current(gate: Real, x: Sequence[Array], v: Real, c: Array, Mg: Real) -> Real:
        """Return the recorded current g (v - e)."""
        return gate * (v - c[0])

    @staticmethod
    def follow(x: Sequence[Array], v: Real, c: Array, Mg: Real) -> None:
        """Leave the states as they are, because there are none."""


def unblocked(v: Real, c: Array, Mg: Real) -> Real:
    """Return the fraction that magnesium leaves open: 1 / (1 + eta [Mg] exp(-gamma V)) (Jahr and Stevens 1990)."""
    real = v.dtype.type
    return real(1) / (real(1) + c[1] * Mg * exp(c[2] * v))


@effect
class MagnesiumBlocked:
    """The effect of a blocked conductance: I = g B(V) (V - E); c = e, eta [Mg] exp(-gamma E_L), -gamma."""

    STATES, COEFS = 0, 3

    @staticmethod
    def block(x: Sequence[Array], v: Real, c: Array, Mg: Real) -> Real:
        """Return B at v."""
        return unblocked(v, c, Mg)

    @classmethod
    def add(cls, gate: Real, x: Sequence[Array], v: Real, c: Array, Mg: Real, G: Real, D: Real) -> tuple[Real, Real]:
        """Return G + g B and D + g B e."""
        g = gate * cls.block(x, v, c, Mg)
        return G + g, D + g * c[0]

    @classmethod
    def current(cls, gate: Real, x: Sequence[Array], v: Real, c: Array, Mg: Real) -> Real:
        """Return the recorded current g B (v - e)."""
        return (gate * cls.block(x, v, c, Mg)) * (v - c[0])

    @staticmethod
    def follow(x: Sequence[Array], v: Real, c: Array, Mg: Real) -> None:
        """Leave the states as they are, because there are none."""


@effect
class SlowlyUnblocked(MagnesiumBlocked):
    """A magnesium block that acts immediately and unblocks in two slow stages.

    See Vargas-Caballero and Robinson 2003, and Hill and Tononi 2005. B = A m_fast + (1 - A) m_slow. An m below B(V)
    relaxes to it; an m above B(V) is set to it.
    x = m_fast, m_slow; c = e, eta [Mg] exp(-gamma E_L), -gamma, P_fast, P_slow, A at E_L, dA/dV.
    """

    STATES, COEFS = 2, 7

    @staticmethod
    def block(x: Sequence[Array], v: Real, c: Array, Mg: Real) -> Real:
        """Return B with the present m."""
        fast = c[5] + c[6] * v
        return fast * x[0] + (v.dtype.type(1) - fast) * x[1]

    @staticmethod
    def follow(x: Sequence[Array], v: Real, c: Array, Mg: Real) -> None:
        """Relax both m to B(v); from above they reach it immediately."""
        opened = unblocked(v, c, Mg)
        for m, decay in zip(x, (c[3], c[4]), strict=True):
            m[:] = flush(np.where(m < opened, opened + (m - opened) * decay, opened))


@effect
class Current:
    """The effect of a current, inward positive; it is recorded outward positive, as a membrane current."""

    STATES, COEFS = 0, 0

    @staticmethod
    def block(x: Sequence[Array], v: Real, c: Array, Mg: Real) -> Real:
        """Return 1, because nothing blocks the channels."""
        return v.dtype.type(1)

    @staticmethod
    def add(gate: Real, x: Sequence[Array], v: Real, c: Array, Mg: Real, G: Real, D: Real) -> tuple[Real, Real]:
        """Return G and D + I."""
        return G, D + gate

    @staticmethod
    def current(gate: Real, x: Sequence[Array], v: Real, c: Array, Mg: Real) -> Real:
        """Return -I."""
        return -gate

    @staticmethod
    def follow(x: Sequence[Array], v: Real, c: Array, Mg: Real) -> None:
        """Leave the states as they are, because there are none."""
