"""Effects of open gates on the membrane: the equations of ``kernels/receptors/effects.cuh`` in numpy, in one table.

A receptor names its effect. A new effect is a class in the receptor's file, decorated with `effect`, and a struct of
the same name in the file of ``kernels/receptors`` that has the name of the receptor's file. `c` holds the coefficients
by name: ``c.e`` is a number that all neurons share, or an array of one value per neuron. Operations have the order of
the kernels, because the order determines the bits.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple, Protocol, TypeVar

import numpy as np

from gpusyn.equations.coefficients import by_name
from gpusyn.errors import ArgumentError
from gpusyn.numerics.portable_math import exp, flush
from gpusyn.utils.registry import Registry, check_name, check_parts
from gpusyn.utils.typing import Array, Floats

PAGE = "docs/adding_a_receptor.md"
Real = Any  # an array of the run's floating type, or one number of it


class Effect(Protocol):
    """The contribution of an open gate to G and D in C dv/dt = D - G v (v and reversal potentials relative to E_L).

    `x` holds the states of the effect, and `Mg` is a factor of the coefficient of the magnesium block.

    Attributes
    ----------
    COEFFICIENTS : type of NamedTuple
        Names of the coefficients, in the order in which the kernel finds them.
    STATES : int
        Number of states of the effect.

    An effect may have ``JUMPS = True`` and a function ``jump(arrived, held, x)``, by which v jumps at the end of a
    step; its receptor's kinetics have `arrived` then (``gpusyn/receptors/delta.py``).
    """

    COEFFICIENTS: ClassVar[type[NamedTuple]]
    STATES: ClassVar[int]

    @staticmethod
    def block(x: Sequence[Array], v: Real, c: Any, Mg: Real) -> Real:
        """Return the fraction of the channels that the membrane potential leaves open."""

    @staticmethod
    def add(gate: Real, x: Sequence[Array], v: Real, c: Any, Mg: Real, G: Real, D: Real) -> tuple[Real, Real]:
        """Return the new G and D."""

    @staticmethod
    def current(gate: Real, x: Sequence[Array], v: Real, c: Any, Mg: Real) -> Real:
        """Return the recorded current; outward is positive."""

    @staticmethod
    def follow(x: Sequence[Array], v: Real, c: Any, Mg: Real) -> None:
        """Advance the states to the end of the step, where the potential is v."""


#: Every effect by the name of its struct.
EFFECTS: Registry[type[Effect]] = Registry(
    "effect", f"write @effect above the class, and import it in gpusyn/receptors/__init__.py ({PAGE})"
)
E = TypeVar("E", bound="type[Effect]")


def effect(kind: E) -> E:
    """Register a class of this form in the table of effects.

    Raises
    ------
    ArgumentError
        If the class lacks a part, or another class has its name.
    """
    advice = f"write a class with all parts, or a subclass of MagnesiumBlocked with a block of its own ({PAGE})"
    check_parts("effect", kind, ("COEFFICIENTS", "STATES", "block", "add", "current", "follow"), advice)
    check_name("effect", EFFECTS, kind, "an effect")
    EFFECTS[kind.__name__] = kind
    return kind


def jumps(name: str) -> bool:
    """Return True if an effect makes V jump."""
    return bool(getattr(EFFECTS[name], "JUMPS", False))


def coefficients_of(receptor: Any, dt: float, E_L: Floats) -> tuple[Any, ...]:
    """Return the coefficients of a receptor's effect for a step (ms) and a resting potential (mV).

    Raises
    ------
    ArgumentError
        If the receptor returns anything but the COEFFICIENTS of its effect.
    """
    kind = EFFECTS[receptor.effect].COEFFICIENTS
    where = f"{receptor.kind}.effect_coefficients"
    return by_name(lambda: receptor.effect_coefficients(dt, E_L), kind, where, PAGE)


def states_of(receptor: Any, V: Floats) -> list[Floats]:
    """Return the initial states of a receptor's effect at given potentials (mV).

    Raises
    ------
    ArgumentError
        If the receptor computes more or fewer than its effect has.
    """
    count, found = EFFECTS[receptor.effect].STATES, list(receptor.effect_states(V))
    if len(found) != count:
        raise ArgumentError(
            f"{receptor.kind}.effect_states: must return {count} values, as STATES of {receptor.effect} says "
            f"(returned {len(found)}); correct one of the two ({PAGE})"
        )
    return found


class ConductanceCoefficients(NamedTuple):
    """Coefficients of `Conductance`; the potential is relative to E_L."""

    e: Any  # reversal potential (mV)


@effect
class Conductance:
    """The effect of a conductance: I = g (V - E)."""

    COEFFICIENTS: ClassVar[type[NamedTuple]] = ConductanceCoefficients
    STATES: ClassVar[int] = 0

    @staticmethod
    def block(x: Sequence[Array], v: Real, c: ConductanceCoefficients, Mg: Real) -> Real:
        """Return 1, because nothing blocks the channels."""
        return v.dtype.type(1)

    @staticmethod
    def add(
        gate: Real, x: Sequence[Array], v: Real, c: ConductanceCoefficients, Mg: Real, G: Real, D: Real
    ) -> tuple[Real, Real]:
        """Return G + g and D + g e."""
        return G + gate, D + gate * c.e

    @staticmethod
    def current(gate: Real, x: Sequence[Array], v: Real, c: ConductanceCoefficients, Mg: Real) -> Real:
        """Return the recorded current g (v - e)."""
        return gate * (v - c.e)

    @staticmethod
    def follow(x: Sequence[Array], v: Real, c: ConductanceCoefficients, Mg: Real) -> None:
        """Leave the states as they are, because there are none."""


def unblocked(v: Real, affinity: Real, minus_gamma: Real) -> Real:
    """Return the fraction that magnesium leaves open: 1 / (1 + eta [Mg] exp(-gamma V)) (Jahr and Stevens 1990).

    `affinity` is eta [Mg] exp(-gamma E_L).
    """
    real = v.dtype.type
    return real(1) / (real(1) + affinity * exp(minus_gamma * v))


class MagnesiumBlockedCoefficients(NamedTuple):
    """Coefficients of `MagnesiumBlocked`; the potential is relative to E_L."""

    e: Any  # reversal potential (mV)
    affinity: Any  # eta [Mg] exp(-gamma E_L)
    minus_gamma: Any  # -gamma (1/mV)


@effect
class MagnesiumBlocked:
    """The effect of a blocked conductance: I = g B(V) (V - E).

    A subclass may have another block, with COEFFICIENTS of its own; one of them is e.
    """

    COEFFICIENTS: ClassVar[type[NamedTuple]] = MagnesiumBlockedCoefficients
    STATES: ClassVar[int] = 0

    @staticmethod
    def block(x: Sequence[Array], v: Real, c: Any, Mg: Real) -> Real:
        """Return B at v."""
        return unblocked(v, c.affinity * Mg, c.minus_gamma)

    @classmethod
    def add(cls, gate: Real, x: Sequence[Array], v: Real, c: Any, Mg: Real, G: Real, D: Real) -> tuple[Real, Real]:
        """Return G + g B and D + g B e."""
        g = gate * cls.block(x, v, c, Mg)
        return G + g, D + g * c.e

    @classmethod
    def current(cls, gate: Real, x: Sequence[Array], v: Real, c: Any, Mg: Real) -> Real:
        """Return the recorded current g B (v - e)."""
        return (gate * cls.block(x, v, c, Mg)) * (v - c.e)

    @staticmethod
    def follow(x: Sequence[Array], v: Real, c: Any, Mg: Real) -> None:
        """Leave the states as they are, because there are none."""


class SlowlyUnblockedCoefficients(NamedTuple):
    """Coefficients of `SlowlyUnblocked`; potentials are relative to E_L."""

    e: Any  # reversal potential (mV)
    affinity: Any  # eta [Mg] exp(-gamma E_L)
    minus_gamma: Any  # -gamma (1/mV)
    decay_fast: Any  # exp(-dt / tau_fast)
    decay_slow: Any  # exp(-dt / tau_slow)
    fraction: Any  # A at E_L
    slope: Any  # dA/dV (1/mV)


@effect
class SlowlyUnblocked(MagnesiumBlocked):
    """A magnesium block that acts immediately and unblocks in two slow stages.

    See Vargas-Caballero and Robinson 2003, and Hill and Tononi 2005. B = A m_fast + (1 - A) m_slow. An m below B(V)
    relaxes to it; an m above B(V) is set to it.
    x = m_fast, m_slow.
    """

    COEFFICIENTS: ClassVar[type[NamedTuple]] = SlowlyUnblockedCoefficients
    STATES: ClassVar[int] = 2

    @staticmethod
    def block(x: Sequence[Array], v: Real, c: SlowlyUnblockedCoefficients, Mg: Real) -> Real:
        """Return B with the present m."""
        fast = c.fraction + c.slope * v
        return fast * x[0] + (v.dtype.type(1) - fast) * x[1]

    @staticmethod
    def follow(x: Sequence[Array], v: Real, c: SlowlyUnblockedCoefficients, Mg: Real) -> None:
        """Relax both m to B(v); from above they reach it immediately."""
        opened = unblocked(v, c.affinity * Mg, c.minus_gamma)
        for m, decay in zip(x, (c.decay_fast, c.decay_slow), strict=True):
            m[:] = flush(np.where(m < opened, opened + (m - opened) * decay, opened))


class CurrentCoefficients(NamedTuple):
    """Coefficients of `Current`: none."""


@effect
class Current:
    """The effect of a current, inward positive; it is recorded outward positive, as a membrane current."""

    COEFFICIENTS: ClassVar[type[NamedTuple]] = CurrentCoefficients
    STATES: ClassVar[int] = 0

    @staticmethod
    def block(x: Sequence[Array], v: Real, c: CurrentCoefficients, Mg: Real) -> Real:
        """Return 1, because nothing blocks the channels."""
        return v.dtype.type(1)

    @staticmethod
    def add(
        gate: Real, x: Sequence[Array], v: Real, c: CurrentCoefficients, Mg: Real, G: Real, D: Real
    ) -> tuple[Real, Real]:
        """Return G and D + I."""
        return G, D + gate

    @staticmethod
    def current(gate: Real, x: Sequence[Array], v: Real, c: CurrentCoefficients, Mg: Real) -> Real:
        """Return -I."""
        return -gate

    @staticmethod
    def follow(x: Sequence[Array], v: Real, c: CurrentCoefficients, Mg: Real) -> None:
        """Leave the states as they are, because there are none."""
