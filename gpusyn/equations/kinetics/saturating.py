"""Gates that saturate in numpy (``kernels/kinetics/saturating.cuh``): with a rise variable x (Wang 1999), or a jump."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from gpusyn.equations.coefficients import Number, Rest
from gpusyn.equations.kinetics.base import Send, Sent, SourceGate, SynapseGate, source_gate, synapse_gate
from gpusyn.equations.kinetics.linear import counted
from gpusyn.numerics.portable_math import expm1, flush
from gpusyn.utils.typing import Array


class SaturatingSourceCoefficients(NamedTuple):
    """One step of S and x in closed form (`growth`); an x below `least` is 0."""

    least: Number
    decay: Number
    x_decay: Number
    loss: Number
    head: Number
    n_ratios: Number
    ratios: Rest


class SaturatingCoefficients(NamedTuple):
    """One step of S and x in closed form (`growth`), and the mean of S over it for a unit of S."""

    mean: Number
    decay: Number
    x_decay: Number
    loss: Number
    head: Number
    n_ratios: Number
    ratios: Rest


class JumpSourceCoefficients(NamedTuple):
    """One step of S, which jumps by k0 + k1 S at each event (Brunel and Wang 2001)."""

    decay: Number
    k0: Number
    k1: Number


class JumpCoefficients(NamedTuple):
    """One step of S, which jumps by k0 + k1 S at each event, and its mean over the step for a unit of S."""

    mean: Number
    decay: Number
    k0: Number
    k1: Number


def growth(c: SaturatingCoefficients | SaturatingSourceCoefficients, S: Array, x: Array) -> Array:
    """Return the increase of S by x in a step (Wang 1999), in closed form.

    With y = `loss` x, S becomes `decay` exp(-y) (S + y `head` (1 + y ratio_1 (1 + y ratio_2 (...)))).
    """
    one, y = x.dtype.type(1), c.loss * x
    lost, series = expm1(-y), np.full_like(x, one)
    for k in reversed(range(int(c.n_ratios))):
        series = one + y * c.ratios[k] * series
    gain = flush(c.decay * (lost * S + (lost + one) * (y * c.head * series)))
    grown: Array = np.where(x > 0, gain, x.dtype.type(0))
    return grown


@source_gate
class SaturatingSource(SourceGate):
    """S grows by x, one step ahead of time; states: S, the increase in the coming step, x."""

    C = SaturatingSourceCoefficients
    STATES = 3

    def advance(self, x: Sequence[Array], c: SaturatingSourceCoefficients, sent: Sent, send: Send) -> Array:
        """Advance, and send the increase by x in the coming step."""
        S, gain, drive = x
        S[:] = flush(c.decay * S + gain)
        grown = c.x_decay * drive + sent.events.astype(drive.dtype)
        drive[:] = np.where(grown < c.least, drive.dtype.type(0), grown)
        gain[:] = growth(c, S, drive)
        grows: Array = gain != 0
        send(0, grows, gain, np.zeros_like(gain))
        return grows


@source_gate
class JumpSource(SourceGate):
    """S decays, and jumps by k0 + k1 S at each event."""

    C = JumpSourceCoefficients

    def advance(self, x: Sequence[Array], c: JumpSourceCoefficients, sent: Sent, send: Send) -> Array:
        """Advance, and send the jumps."""
        (S,) = x
        before = c.decay * S
        after = before.copy()
        for k in range(int(sent.events.max(initial=0))):
            after = np.where(sent.events > k, after + (c.k0 + c.k1 * after), after)
        S[:] = flush(after)
        jumps: Array = sent.events > 0
        send(0, jumps, after - before, np.zeros_like(S))
        return jumps


@synapse_gate
class SaturatingGate(SynapseGate):
    """S grows by x, which jumps by 1 at each event; states: S, x."""

    C = SaturatingCoefficients
    STATES = 2
    KERNEL = "advance_saturating"

    def step(self, c: SaturatingCoefficients, sent: Array, x: Sequence[Array]) -> tuple[Array, Array]:
        """Return the mean over the step, with growth taken as even, and the gate at its end."""
        S, drive = x
        gain = growth(c, S, drive)
        mean = c.mean * S + S.dtype.type(0.5) * gain
        S[:] = flush(c.decay * S + gain)
        drive[:] = flush(c.x_decay * drive + counted(sent, drive))
        return mean, S


@synapse_gate
class JumpGate(SynapseGate):
    """S decays, and jumps by k0 + k1 S at each event."""

    C = JumpCoefficients
    KERNEL = "advance_jump"

    def step(self, c: JumpCoefficients, sent: Array, x: Sequence[Array]) -> tuple[Array, Array]:
        """Return the mean over the step and the gate at its end."""
        (S,) = x
        mean, end = c.mean * S, c.decay * S
        for k in range(int(sent.max(initial=0))):
            end = np.where(sent > k, end + (c.k0 + c.k1 * end), end)
        S[:] = flush(end)
        return mean, S
