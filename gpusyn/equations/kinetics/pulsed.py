"""Channels under pulses of transmitter in numpy (``kernels/kinetics/pulsed.cuh``).

y is linear with transmitter and without; y[0] is the open fraction (gpusyn/builder/gating/pulsed.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from gpusyn.equations.coefficients import Matrix, Number, Vector
from gpusyn.equations.effects import Real
from gpusyn.equations.kinetics.base import (
    LUMPED,
    MOST_COMPONENTS,
    Arrivals,
    Lumped,
    Send,
    Sent,
    SourceGate,
    SynapseGate,
    source_gate,
    synapse_gate,
)
from gpusyn.numerics.portable_math import flush
from gpusyn.utils.typing import Array


class PulsedCoefficients(NamedTuple):
    """Sums of M components on the target: propagators, drive by transmitter, means of y[0] over the step, jump."""

    on: Matrix
    off: Matrix
    drive: Vector
    mean_on: Vector
    mean_off: Vector
    mean_drive: Number
    jump: Number


class PulsedSourceCoefficients(NamedTuple):
    """One step of a source's M components: propagators with transmitter and without, drive by transmitter."""

    on: Matrix
    off: Matrix
    drive: Vector


class MarkovCoefficients(NamedTuple):
    """One step of a synapse's `size` components, and the means of y[0] over it."""

    size: Number
    on: Matrix
    off: Matrix
    drive: Vector
    mean_on: Vector
    mean_off: Vector
    mean_drive: Number


class FirstOrderCoefficients(NamedTuple):
    """One step of r' = alpha [T] (1 - r) - beta r.

    With transmitter r becomes `decay_on` r + `rise_on`, else `decay_off` r. Without transmitter the mean over the step
    is `mean_off` times the gate at its end; synapses with transmitter add `extra` + `extra_r` r to it.
    """

    decay_on: Number
    rise_on: Number
    decay_off: Number
    mean_off: Number
    extra: Number
    extra_r: Number


class Pulsed(Lumped):
    """Sums over the synapses in a pulse and over the others (Lytton 1996), for gates on the sources.

    x = y on (m), y off (m), weight on.
    """

    C = PulsedCoefficients

    def __init__(self, m: int) -> None:
        self.m = m
        self.STATES, self.INPUTS, self.VALUE = 2 * m + 1, m + 1, (0, m)

    @property
    def name(self) -> str:
        """Name of the struct."""
        return f"Pulsed<{self.m}>"

    def average(self, x: Sequence[Array], c: PulsedCoefficients) -> Real:
        """Return the mean of the open fraction's two sums over the step."""
        m = self.m
        mean = c.mean_drive * x[2 * m]
        for i in range(m):
            mean = mean + c.mean_on[i] * x[i]
        for i in range(m):
            mean = mean + c.mean_off[i] * x[m + i]
        return mean

    def step(self, x: Sequence[Array], c: PulsedCoefficients, arrivals: Arrivals) -> None:
        """Advance both sums; at the edges of pulses, synapses move from one sum to the other."""
        m, real = self.m, x[0].dtype
        new = []
        for i in range(m):
            moved = c.jump * arrivals.take(1 + i).astype(real)
            on, off = c.drive[i] * x[2 * m], real.type(0)
            for k in range(m):
                on = on + c.on[i][k] * x[k]
                off = off + c.off[i][k] * x[m + k]
            new.append((on + moved, off - moved))
        for i, (on, off) in enumerate(new):
            x[i][:], x[m + i][:] = flush(on), flush(off)
        x[2 * m][:] = c.jump * arrivals.keep(0).astype(real)

    def value(self, x: Sequence[Array]) -> Array:
        """Return the sum over all synapses of the open fraction times the weight."""
        return x[0] + x[self.m]


LUMPED.update({gate.name: gate for gate in map(Pulsed, range(1, MOST_COMPONENTS + 1))})


@source_gate
class PulsedSource(SourceGate):
    """Channels of a source: at the edges of a pulse its synapses move from one sum of their targets to the other."""

    C = PulsedSourceCoefficients
    PULSES = True

    def states(self, m: int) -> int:
        """Return the number of states: y."""
        return m

    def channels(self, m: int) -> int:
        """Return the number of channels: weight on, y."""
        return m + 1

    def advance(self, x: Sequence[Array], c: PulsedSourceCoefficients, sent: Sent, send: Send) -> Array:
        """Advance y, and send y and 1 if transmitter appears or disappears."""
        zero, one = np.zeros_like(x[0]), np.ones_like(x[0])
        new = []
        for i in range(len(x)):
            total = np.where(sent.was_on, c.drive[i], zero)
            for k, y in enumerate(x):
                total = total + np.where(sent.was_on, c.on[i][k], c.off[i][k]) * y
            new.append(flush(total))
        for state, value in zip(x, new, strict=True):
            state[:] = value
        edge: Array = sent.was_on != sent.is_on
        for channel, value in enumerate([one, *x]):
            send(channel, edge, np.where(sent.is_on, value, zero), np.where(sent.is_on, zero, value))
        return edge


@synapse_gate
class FirstOrderGate(SynapseGate):
    """First order: r relaxes to r_inf while transmitter is present, else to 0 (Destexhe et al. 1994)."""

    C = FirstOrderCoefficients
    KERNEL = "advance_first_order"
    PULSES = True

    def step(self, c: FirstOrderCoefficients, sent: Array, x: Sequence[Array]) -> tuple[Array, Array]:
        """Return the term that synapses with transmitter add to the mean, and the gate at the end of the step."""
        (r,), on = x, sent != 0
        zero = r.dtype.type(0)
        extra = np.where(on, c.extra + c.extra_r * r, zero)
        r[:] = flush(np.where(on, c.decay_on, c.decay_off) * r + np.where(on, c.rise_on, zero))
        return extra, r

    def average(self, c: FirstOrderCoefficients, extra: Array, end: Array) -> Array:
        """Return the mean over the step."""
        mean: Array = c.mean_off * end + extra
        return mean


@synapse_gate
class MarkovGate(SynapseGate):
    """Channels with any number of states."""

    C = MarkovCoefficients
    KERNEL = "advance_markov"
    PULSES = True

    def states(self, m: int) -> int:
        """Return the number of states: y."""
        return m

    def components(self, c: Array) -> int:
        """Return the number of components of the scheme, which is its first coefficient."""
        return int(c[0])

    def step(self, c: MarkovCoefficients, sent: Array, x: Sequence[Array]) -> tuple[Array, Array]:
        """Return the mean of the open fraction over the step, and its value at the end."""
        on, zero = sent != 0, x[0].dtype.type(0)
        mean = np.where(on, c.mean_drive, zero)
        for k, y in enumerate(x):
            mean = mean + np.where(on, c.mean_on[k], c.mean_off[k]) * y
        new = []
        for i in range(len(x)):
            total = np.where(on, c.drive[i], zero)
            for k, y in enumerate(x):
                total = total + np.where(on, c.on[i][k], c.off[i][k]) * y
            new.append(flush(total))
        for state, value in zip(x, new, strict=True):
            state[:] = value
        return mean, x[0]
