"""The G-protein cascade in numpy (``kernels/kinetics/g_protein.cuh``; Destexhe and Sejnowski 1995).

R' = K1 [T] (1 - R) - K2 R, G' = K3 R - K4 G, s = G^n / (G^n + K_d). A name such as `G_R_on` is the
contribution of a unit of R to G over a step with transmitter; `R_1_on` is that of 1 to R.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from gpusyn.equations.coefficients import Number
from gpusyn.equations.effects import Real
from gpusyn.equations.kinetics.base import (
    Arrivals,
    Lumped,
    Send,
    Sent,
    SourceGate,
    SynapseGate,
    lumped,
    source_gate,
    synapse_gate,
)
from gpusyn.numerics.portable_math import flush
from gpusyn.utils.typing import Array


class FollowedCoefficients(NamedTuple):
    """The weight of a unit of the integer sum."""

    jump: Number


class CascadeCoefficients(NamedTuple):
    """One step of R and G with transmitter and without, and the numbers of s."""

    R_R_on: Number
    R_1_on: Number
    G_R_on: Number
    G_G_on: Number
    G_1_on: Number
    R_R_off: Number
    R_1_off: Number
    G_R_off: Number
    G_G_off: Number
    G_1_off: Number
    n: Number
    K_d: Number


class CascadeSourceCoefficients(NamedTuple):
    """As `CascadeCoefficients`; an s below `least` is 0."""

    R_R_on: Number
    R_1_on: Number
    G_R_on: Number
    G_G_on: Number
    G_1_on: Number
    R_R_off: Number
    R_1_off: Number
    G_R_off: Number
    G_G_off: Number
    G_1_off: Number
    n: Number
    K_d: Number
    least: Number


@lumped
class Followed(Lumped):
    """Gates of any kind on the sources, sent one step ahead; x = sum now, sum at the end of the coming step."""

    C = FollowedCoefficients
    STATES = 2

    def average(self, x: Sequence[Array], c: FollowedCoefficients) -> Real:
        """Return the mean of the sums at both ends of the step."""
        half: Array = x[0].dtype.type(0.5) * (x[0] + x[1])
        return half

    def step(self, x: Sequence[Array], c: FollowedCoefficients, arrivals: Arrivals) -> None:
        """Make the coming sum the present sum, and read the next one."""
        x[0][:] = x[1]
        x[1][:] = c.jump * arrivals.keep(0).astype(x[1].dtype)


def opened(G: Array, n: int, K_d: Real) -> Array:
    """Return the fraction of channels that n G proteins open: G^n / (G^n + K_d)."""
    power = np.ones_like(G)
    for _ in range(n):
        power = power * G
    fraction: Array = power / (power + K_d)
    return fraction


def cascade(R: Array, G: Array, c: CascadeCoefficients | CascadeSourceCoefficients, on: Array) -> None:
    """Advance G, which depends on the old R, and then R."""
    G_R, G_G = np.where(on, c.G_R_on, c.G_R_off), np.where(on, c.G_G_on, c.G_G_off)
    G[:] = flush(G_R * R + G_G * G + np.where(on, c.G_1_on, c.G_1_off))
    R[:] = flush(np.where(on, c.R_R_on, c.R_R_off) * R + np.where(on, c.R_1_on, c.R_1_off))


@source_gate
class CascadeSource(SourceGate):
    """The cascade of one source, one step ahead of time; states: R, G, s."""

    C = CascadeSourceCoefficients
    STATES = 3
    PULSES = True

    def advance(self, x: Sequence[Array], c: CascadeSourceCoefficients, sent: Sent, send: Send) -> Array:
        """Advance, and send changes of s."""
        R, G, s = x
        cascade(R, G, c, sent.is_on)
        new, old = opened(G, int(c.n), c.K_d), s.copy()
        s[:] = np.where(new < c.least, s.dtype.type(0), new)
        changes: Array = s != old
        send(0, changes, s, old)
        return changes


@synapse_gate
class CascadeGate(SynapseGate):
    """The cascade of one synapse; states: R, G."""

    C = CascadeCoefficients
    STATES = 2
    KERNEL = "advance_g_protein"
    PULSES = True

    def step(self, c: CascadeCoefficients, sent: Array, x: Sequence[Array]) -> tuple[Array, Array]:
        """Return the mean over the step, taken as that of its two ends, and s at its end."""
        R, G = x
        before = flush(opened(G, int(c.n), c.K_d))
        cascade(R, G, c, sent != 0)
        end = flush(opened(G, int(c.n), c.K_d))
        return R.dtype.type(0.5) * (before + end), end
