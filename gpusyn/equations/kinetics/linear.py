"""Linear gates in numpy (``kernels/kinetics/linear.cuh``): one sum on the target represents all its synapses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from gpusyn.equations.coefficients import Number
from gpusyn.equations.effects import Real
from gpusyn.equations.kinetics.base import Arrivals, Lumped, SynapseGate, lumped, synapse_gate
from gpusyn.numerics.portable_math import flush
from gpusyn.utils.typing import Array


class ExponentialCoefficients(NamedTuple):
    """One step of dg/dt = -g / tau: decay, mean over the step for a unit of g, jump at an event."""

    decay: Number
    mean: Number
    jump: Number


class RisingCoefficients(NamedTuple):
    """One step of dh/dt = -h / tau_r, dg/dt = -g / tau_d + h.

    `g_h` is the contribution of a unit of h to g, `mean_g` and `mean_h` give the mean of g over the step, and `jump` is
    the increase of h at an event.
    """

    g_g: Number
    g_h: Number
    h_h: Number
    mean_g: Number
    mean_h: Number
    jump: Number


@lumped
class Exponential(Lumped):
    """dg/dt = -g / tau, with one jump per event."""

    C = ExponentialCoefficients
    STATES = 1

    def average(self, x: Sequence[Array], c: ExponentialCoefficients) -> Real:
        """Return the mean of g over the step, (tau / dt) (1 - decay) g."""
        return c.mean * x[0]

    def step(self, x: Sequence[Array], c: ExponentialCoefficients, arrivals: Arrivals) -> None:
        """Decay g, then add the input: decay g + jump x input."""
        x[0][:] = flush(c.decay * x[0] + c.jump * arrivals.take(0).astype(x[0].dtype))


@lumped
class Rising(Lumped):
    """Alpha and dual exponential: dh/dt = -h / tau_r, dg/dt = -g / tau_d + h; events increase h."""

    C = RisingCoefficients
    STATES = 2

    def average(self, x: Sequence[Array], c: RisingCoefficients) -> Real:
        """Return the mean of g over the step."""
        return c.mean_g * x[0] + c.mean_h * x[1]

    def step(self, x: Sequence[Array], c: RisingCoefficients, arrivals: Arrivals) -> None:
        """Advance both; g depends on the old h, and the input is added to h."""
        x[0][:] = flush(c.g_g * x[0] + c.g_h * x[1])
        x[1][:] = flush(c.h_h * x[1] + c.jump * arrivals.take(0).astype(x[1].dtype))


def counted(sent: Array, like: Array) -> Array:
    """Return numbers of events in the number type of a gate."""
    return sent.astype(np.int32).astype(like.dtype)


@synapse_gate
class ExponentialGate(SynapseGate):
    """One jump per event; events that arrive at the end of a step are added then, undecayed."""

    C = ExponentialCoefficients
    KERNEL = "advance_exponential"

    def step(self, c: ExponentialCoefficients, sent: Array, x: Sequence[Array]) -> tuple[Array, Array]:
        """Return the mean over the step and the gate at its end."""
        (g,) = x
        mean = c.mean * g
        g[:] = flush(c.decay * g + c.jump * counted(sent, g))
        return mean, g


@synapse_gate
class RisingGate(SynapseGate):
    """Alpha and dual exponential: events are added to h."""

    C = RisingCoefficients
    STATES = 2
    KERNEL = "advance_rising"

    def step(self, c: RisingCoefficients, sent: Array, x: Sequence[Array]) -> tuple[Array, Array]:
        """Return the mean over the step and the gate at its end."""
        g, h = x
        mean = c.mean_g * g + c.mean_h * h
        g[:] = flush(c.g_g * g + c.g_h * h)
        h[:] = flush(c.h_h * h + c.jump * counted(sent, h))
        return mean, g
