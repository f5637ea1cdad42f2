"""The equations of ``kernels/receptors/kinetics.cuh``: what target neurons keep of gates.

`x` holds a gate's states, one array each. `c` holds coefficients: ``c[k]`` is a number that all neurons
share, or one number a neuron. Operations are written in the kernels' order, because that order fixes bits.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np

from gpusyn.equations.effects import Array, Real
from gpusyn.numerics.portable_math import flush

MOST_PULSED = 7  # components of a scheme of channels under pulses of transmitter: one fewer than its states


class Arrivals(NamedTuple):
    """The integer sums that neurons find due at the end of this step, an input each, and the slots of the next step.

    `shared` is what the whole population gets.
    """

    due: Sequence[Array]
    following: Sequence[Array]
    shared: Sequence[Any]

    def since(self, first: int) -> Arrivals:
        """The inputs from `first` on."""
        return Arrivals(self.due[first:], self.following[first:], self.shared[first:])

    def take(self, i: int) -> Array:
        """What is due at input `i`; its slot is free then."""
        total: Array = self.due[i] + self.shared[i]
        self.due[i][:] = 0
        return total

    def keep(self, i: int) -> Array:
        """All that has arrived so far at input `i`, handed on to the next step."""
        total = self.take(i)
        self.following[i][:] += total
        return total


class Kinetics(Protocol):
    """What a target neuron keeps of its synapses' gates."""

    STATES: int
    COEFS: int
    INPUTS: int

    def average(self, x: Sequence[Array], c: Array) -> Real:
        """The sum's mean over the coming step."""

    def step(self, x: Sequence[Array], c: Array, arrived: Arrivals) -> None:
        """Advance over the step, then add the input that falls due at its end."""

    def value(self, x: Sequence[Array]) -> Array:
        """The sum as it stands."""


class Unlumped:
    """No gate on the neuron: the receptor's gates live on the synapses."""

    STATES, COEFS, INPUTS = 0, 0, 0

    def average(self, x: Sequence[Array], c: Array) -> Real:
        """Nothing."""
        return c.dtype.type(0)

    def step(self, x: Sequence[Array], c: Array, arrived: Arrivals) -> None:
        """Nothing."""

    def value(self, x: Sequence[Array]) -> Array:
        """Nothing."""
        return np.zeros((), np.float32)


class Exponential:
    """dg/dt = -g / tau, one jump an event; c = P, mean, jump."""

    STATES, COEFS, INPUTS = 1, 3, 1

    def average(self, x: Sequence[Array], c: Array) -> Real:
        """Mean of g over the step, (tau / dt) (1 - P) g."""
        return c[1] * x[0]

    def step(self, x: Sequence[Array], c: Array, arrived: Arrivals) -> None:
        """Decay g, then add to it: P g + jump x input."""
        x[0][:] = flush(c[0] * x[0] + c[2] * arrived.take(0).astype(x[0].dtype))

    def value(self, x: Sequence[Array]) -> Array:
        """The conductance g."""
        return x[0]


class Rising:
    """Alpha and dual exponential: dh/dt = -h / tau_r, dg/dt = -g / tau_d + h, events jump h.

    c = P_g, P_gh, P_h, mean_g, mean_h, jump.
    """

    STATES, COEFS, INPUTS = 2, 6, 1

    def average(self, x: Sequence[Array], c: Array) -> Real:
        """Mean of g over the step."""
        return c[3] * x[0] + c[4] * x[1]

    def step(self, x: Sequence[Array], c: Array, arrived: Arrivals) -> None:
        """Decay both, g taking from the old h; the input goes to h."""
        x[0][:] = flush(c[0] * x[0] + c[1] * x[1])
        x[1][:] = flush(c[2] * x[1] + c[5] * arrived.take(0).astype(x[1].dtype))

    def value(self, x: Sequence[Array]) -> Array:
        """The conductance g."""
        return x[0]


class Pulsed:
    """Channels under pulses of transmitter, gates on the sources: sums over synapses in a pulse and over the others.

    x = y on (m), y off (m), weight on; c = on (m x m), off (m x m), drive (m), mean on (m), mean off (m), mean of
    drive, jump.
    """

    def __init__(self, m: int) -> None:
        self.m = m
        self.STATES, self.COEFS, self.INPUTS = 2 * m + 1, 2 * m * m + 3 * m + 2, m + 1

    def average(self, x: Sequence[Array], c: Array) -> Real:
        """Mean of the open fraction's two sums over the step."""
        m = self.m
        means = 2 * m * m + m
        mean = c[means + 2 * m] * x[2 * m]
        for i in range(2 * m):
            mean = mean + c[means + i] * x[i]
        return mean

    def step(self, x: Sequence[Array], c: Array, arrived: Arrivals) -> None:
        """Advance both sums; what the edges of pulses move leaves one and enters the other."""
        m, jump = self.m, c[self.COEFS - 1]
        real = x[0].dtype
        new = []
        for i in range(m):
            moved = jump * arrived.take(1 + i).astype(real)
            on, off = c[2 * m * m + i] * x[2 * m], real.type(0)
            for k in range(m):
                on = on + c[i * m + k] * x[k]
                off = off + c[m * m + i * m + k] * x[m + k]
            new.append((on + moved, off - moved))
        for i, (on, off) in enumerate(new):
            x[i][:], x[m + i][:] = flush(on), flush(off)
        x[2 * m][:] = jump * arrived.keep(0).astype(real)

    def value(self, x: Sequence[Array]) -> Array:
        """Open fraction times weight, of all synapses."""
        return x[0] + x[self.m]


class Followed:
    """Gates of any kind on the sources, one step ahead; x = sum now, sum at the end of the coming step; c = jump."""

    STATES, COEFS, INPUTS = 2, 1, 1

    def average(self, x: Sequence[Array], c: Array) -> Real:
        """Mean of the ends of the step."""
        half: Array = x[0].dtype.type(0.5) * (x[0] + x[1])
        return half

    def step(self, x: Sequence[Array], c: Array, arrived: Arrivals) -> None:
        """The coming sum becomes the present one."""
        x[0][:] = x[1]
        x[1][:] = c[0] * arrived.keep(0).astype(x[1].dtype)

    def value(self, x: Sequence[Array]) -> Array:
        """The sum now."""
        return x[0]


KINETICS: dict[str, Kinetics] = {
    "Unlumped": Unlumped(),
    "Exponential": Exponential(),
    "Rising": Rising(),
    "Followed": Followed(),
    **{f"Pulsed<{m}>": Pulsed(m) for m in range(1, MOST_PULSED + 1)},
}
