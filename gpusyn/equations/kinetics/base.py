"""What the gates of all kinetics share: three kinds of gates, by who keeps them, and the registries of their structs.

`x` holds a gate's states, one array each. `c` holds coefficients by name: each is a number that all neurons share, or
an array of one number for each neuron. Operations are written in the kernels' order, because that order fixes bits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, NamedTuple, TypeVar

import numpy as np

from gpusyn.equations.coefficients import count, read
from gpusyn.equations.effects import Real
from gpusyn.errors import ArgumentError
from gpusyn.utils.registry import Registry
from gpusyn.utils.typing import Array

MOST_COMPONENTS = 7  # of a scheme of channels under pulses of transmitter: one fewer than its states


class Gate:
    """What the twins of all structs have.

    Attributes
    ----------
    C : type
        NamedTuple of the coefficients, in their order.
    m : int
        Components of a scheme, where the number of coefficients follows from it.
    """

    C: ClassVar[Any]
    m: int = 1

    @property
    def name(self) -> str:
        """Name of the struct in ``kernels/kinetics/``."""
        return type(self).__name__

    @property
    def kernel_file(self) -> str:
        """The file of the kernel text that holds the struct: the one named as this module."""
        return f"kinetics/{type(self).__module__.rpartition('.')[2]}.cuh"


# ---- gates that a target neuron keeps ----


class Arrivals(NamedTuple):
    """The integer sums that neurons find due at the end of this step, an input each, and the slots of the next step.

    `shared` is what the whole population gets.
    """

    due: Sequence[Array]
    following: Sequence[Array]
    shared: Sequence[Any]

    def since(self, first: int) -> Arrivals:
        """Return the inputs from `first` on."""
        return Arrivals(self.due[first:], self.following[first:], self.shared[first:])

    def take(self, i: int) -> Array:
        """Return what is due at input `i`, and free its slot."""
        total: Array = self.due[i] + self.shared[i]
        self.due[i][:] = 0
        return total

    def keep(self, i: int) -> Array:
        """Return all that has arrived so far at input `i`, and hand it on to the next step."""
        total = self.take(i)
        self.following[i][:] += total
        return total


class Lumped(Gate):
    """What a target neuron keeps of its synapses' gates.

    Attributes
    ----------
    STATES, INPUTS : int
        States of one neuron, and integer sums that events are added to.
    VALUE : tuple of int
        States that add up to the gate.
    """

    STATES: int
    INPUTS: int = 1
    VALUE: tuple[int, ...] = (0,)

    @property
    def COEFS(self) -> int:
        """Number of coefficients."""
        return count(self.C, self.m)

    def read(self, c: Array) -> Any:
        """Return the coefficients that begin at ``c[0]`` by name."""
        return read(self.C, c, self.m)

    def average(self, x: Sequence[Array], c: Any) -> Real:
        """Return the sum's mean over the coming step."""
        raise NotImplementedError

    def step(self, x: Sequence[Array], c: Any, arrivals: Arrivals) -> None:
        """Advance over the step, then add the input that falls due at its end."""
        raise NotImplementedError

    def value(self, x: Sequence[Array]) -> Array:
        """Return the sum as it stands."""
        return x[0]


# ---- gates that a source keeps for all its synapses ----


class Sent(NamedTuple):
    """What sources did: events of this step; whether transmitter was there in it (was), and is in the next (is)."""

    events: Array
    was_on: Array
    is_on: Array


#: Write what gates `who` send on a channel: from `since` to `to`.
Send = Callable[[int, Array, Array, Array], None]


class SourceGate(Gate):
    """A gate that a source keeps, and what it sends to the sums of its targets.

    Attributes
    ----------
    PULSES : bool
        Whether events release pulses of transmitter, in place of being counted.
    STATES : int
        States of a gate of one component.
    """

    PULSES: ClassVar[bool] = False
    STATES: ClassVar[int] = 1

    def states(self, m: int) -> int:
        """Return the number of states of a gate of `m` components."""
        return self.STATES

    def channels(self, m: int) -> int:
        """Return the number of channels that a gate of `m` components sends on."""
        return 1

    def advance(self, x: Sequence[Array], c: Any, sent: Sent, send: Send) -> Array:
        """Advance over the step that ends now; returns which gates have something to send."""
        raise NotImplementedError


# ---- gates that every synapse keeps ----


class SynapseGate(Gate):
    """A gate that a synapse keeps.

    Attributes
    ----------
    KERNEL : str
        Name of the kernel that streams these gates.
    PULSES : bool
        Whether events release pulses of transmitter, in place of being counted.
    STATES : int
        States of a gate of one component.
    """

    KERNEL: ClassVar[str]
    PULSES: ClassVar[bool] = False
    STATES: ClassVar[int] = 1

    def states(self, m: int) -> int:
        """Return the number of states of a gate of `m` components."""
        return self.STATES

    def components(self, c: Array) -> int:
        """Return the number of components that the coefficients from ``c[0]`` on are for."""
        return 1

    def step(self, c: Any, sent: Array, x: Sequence[Array]) -> tuple[Array, Array]:
        """Advance over a step; returns what `average` adds up for each synapse, and the gate at the end.

        `sent` is the number of events, or whether transmitter is there.
        """
        raise NotImplementedError

    def average(self, c: Any, extra: Array, end: Array) -> Array:
        """Return the mean over the step, from sums over synapses of both that `step` returns."""
        return extra


PAGE = "docs/adding_a_kinetics.md"
_ADVICE = f"write its twin in gpusyn/equations/kinetics/ and its struct in kernels/kinetics/ ({PAGE})"
LUMPED: Registry[Lumped] = Registry("struct of a target's gate", _ADVICE)
SOURCE_GATES: Registry[SourceGate] = Registry("struct of a source's gate", _ADVICE)
SYNAPSE_GATES: Registry[SynapseGate] = Registry("struct of a synapse's gate", _ADVICE)

L = TypeVar("L", bound=Lumped)
S = TypeVar("S", bound=SourceGate)
Y = TypeVar("Y", bound=SynapseGate)


def lumped(cls: type[L]) -> type[L]:
    """Enter what target neurons keep under the name of its struct."""
    _enter("lumped", LUMPED, cls, Lumped, ("C", "STATES", "average", "step"))
    return cls


def source_gate(cls: type[S]) -> type[S]:
    """Enter a source's gate under the name of its struct."""
    _enter("source_gate", SOURCE_GATES, cls, SourceGate, ("C", "advance"))
    return cls


def synapse_gate(cls: type[Y]) -> type[Y]:
    """Enter a synapse's gate under the name of its struct."""
    _enter("synapse_gate", SYNAPSE_GATES, cls, SynapseGate, ("C", "KERNEL", "step"))
    return cls


def _enter(decorator: str, registry: Registry[Any], cls: type[Gate], base: type[Gate], parts: tuple[str, ...]) -> None:
    """Enter a twin that has all parts of its own.

    Raises
    ------
    ArgumentError
        If a part is missing, or another twin has the name.
    """
    missing = [part for part in parts if getattr(cls, part, None) is getattr(base, part, None)]
    if not issubclass(cls, base) or missing:
        raise ArgumentError(
            f"@{decorator}: {cls.__name__} has no {missing[0] if missing else 'base class'}; write a subclass of "
            f"gpusyn.equations.kinetics.base.{base.__name__} with {', '.join(parts)} ({PAGE})"
        )
    gate = cls()
    if gate.name in registry:
        place = type(registry[gate.name]).__module__
        raise ArgumentError(f"@{decorator}: {place} has a gate {gate.name!r} already; choose another name")
    registry[gate.name] = gate


class UnlumpedCoefficients(NamedTuple):
    """Coefficients of `Unlumped`: none."""


@lumped
class Unlumped(Lumped):
    """No gate on the neuron: the receptor's gates live on the synapses."""

    C = UnlumpedCoefficients
    STATES, INPUTS, VALUE = 0, 0, ()

    def average(self, x: Sequence[Array], c: Any) -> Real:
        """Return nothing."""
        return np.zeros((), np.float32)

    def step(self, x: Sequence[Array], c: Any, arrivals: Arrivals) -> None:
        """Do nothing."""

    def value(self, x: Sequence[Array]) -> Array:
        """Return nothing."""
        return np.zeros((), np.float32)
