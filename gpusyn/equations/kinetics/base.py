"""Base classes of the gates of all kinetics, kept by targets, sources or synapses, and the registries of their structs.

`x` holds a gate's states, one array each. `c` holds coefficients by name: each is a number that all neurons share, or
an array of one value per neuron. Operations have the order of the kernels, because the order determines the bits.
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

MOST_COMPONENTS = 7  # most components of a scheme of channels under pulses; it has one more state


class Gate:
    """Base class of the twins of all structs.

    Attributes
    ----------
    C : type
        NamedTuple of the coefficients, in their order.
    m : int
        Number of components of a scheme, if the number of coefficients depends on it.
    """

    C: ClassVar[Any]
    m: int = 1

    @property
    def name(self) -> str:
        """Name of the struct in ``kernels/kinetics/``."""
        return type(self).__name__

    @property
    def kernel_file(self) -> str:
        """Kernel file with the struct; it has the name of this module."""
        return f"kinetics/{type(self).__module__.rpartition('.')[2]}.cuh"


# ---- gates that a target neuron keeps ----


class Arrivals(NamedTuple):
    """The integer sums of each input that are due at the end of this step, and the slots of the next step.

    `shared` is the input that the whole population receives.
    """

    due: Sequence[Array]
    following: Sequence[Array]
    shared: Sequence[Any]

    def since(self, first: int) -> Arrivals:
        """Return the inputs from `first` on."""
        return Arrivals(self.due[first:], self.following[first:], self.shared[first:])

    def take(self, i: int) -> Array:
        """Return the sum that is due at input `i`, and clear its slot."""
        total: Array = self.due[i] + self.shared[i]
        self.due[i][:] = 0
        return total

    def keep(self, i: int) -> Array:
        """Return the sum of all that has arrived so far at input `i`, and carry it to the next step."""
        total = self.take(i)
        self.following[i][:] += total
        return total


class Lumped(Gate):
    """The part of its synapses' gates that a target neuron keeps.

    Attributes
    ----------
    STATES, INPUTS : int
        Number of states of one neuron, and of integer sums to which events are added.
    VALUE : tuple of int
        Indices of the states whose sum is the gate.
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
        """Advance over the step, then add the input that is due at its end."""
        raise NotImplementedError

    def value(self, x: Sequence[Array]) -> Array:
        """Return the present sum."""
        return x[0]


# ---- gates that a source keeps for all its synapses ----


class Sent(NamedTuple):
    """Activity of sources: events of this step, and presence of transmitter in it (was) and in the next step (is)."""

    events: Array
    was_on: Array
    is_on: Array


#: Write what gates `who` send on a channel: from `since` to `to`.
Send = Callable[[int, Array, Array, Array], None]


class SourceGate(Gate):
    """A gate that a source keeps, and the changes that it sends to the sums of its targets.

    Attributes
    ----------
    PULSES : bool
        True if events release pulses of transmitter, False if they are counted.
    STATES : int
        Number of states of a gate of one component.
    """

    PULSES: ClassVar[bool] = False
    STATES: ClassVar[int] = 1

    def states(self, m: int) -> int:
        """Return the number of states of a gate of `m` components."""
        return self.STATES

    def channels(self, m: int) -> int:
        """Return the number of channels on which a gate of `m` components sends."""
        return 1

    def advance(self, x: Sequence[Array], c: Any, sent: Sent, send: Send) -> Array:
        """Advance over the step that ends now, and return a mask of the gates that have something to send."""
        raise NotImplementedError


# ---- gates that every synapse keeps ----


class SynapseGate(Gate):
    """A gate that a synapse keeps.

    Attributes
    ----------
    KERNEL : str
        Name of the kernel that streams these gates.
    PULSES : bool
        True if events release pulses of transmitter, False if they are counted.
    STATES : int
        Number of states of a gate of one component.
    """

    KERNEL: ClassVar[str]
    PULSES: ClassVar[bool] = False
    STATES: ClassVar[int] = 1

    def states(self, m: int) -> int:
        """Return the number of states of a gate of `m` components."""
        return self.STATES

    def components(self, c: Array) -> int:
        """Return the number of components to which the coefficients from ``c[0]`` on belong."""
        return 1

    def step(self, c: Any, sent: Array, x: Sequence[Array]) -> tuple[Array, Array]:
        """Advance over a step; return the term that `average` sums over synapses, and the gate at the end.

        `sent` is the number of events, or True while transmitter is present.
        """
        raise NotImplementedError

    def average(self, c: Any, extra: Array, end: Array) -> Array:
        """Return the mean over the step, from the sums over synapses of both results of `step`."""
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
    """Register a target neuron's part of gates under the name of its struct."""
    _enter("lumped", LUMPED, cls, Lumped, ("C", "STATES", "average", "step"))
    return cls


def source_gate(cls: type[S]) -> type[S]:
    """Register a source's gate under the name of its struct."""
    _enter("source_gate", SOURCE_GATES, cls, SourceGate, ("C", "advance"))
    return cls


def synapse_gate(cls: type[Y]) -> type[Y]:
    """Register a synapse's gate under the name of its struct."""
    _enter("synapse_gate", SYNAPSE_GATES, cls, SynapseGate, ("C", "KERNEL", "step"))
    return cls


def _enter(decorator: str, registry: Registry[Any], cls: type[Gate], base: type[Gate], parts: tuple[str, ...]) -> None:
    """Register a twin that has all its parts.

    Raises
    ------
    ArgumentError
        If a part is missing or contradicts another, or another twin has the name or the kernel.
    """
    missing = [part for part in parts if getattr(cls, part, None) is getattr(base, part, None)]
    if not issubclass(cls, base) or missing:
        raise ArgumentError(
            f"@{decorator}: {cls.__name__} has no {missing[0] if missing else 'base class'}; "
            f"write a subclass of gpusyn.equations.kinetics.base.{base.__name__} with {', '.join(parts)} ({PAGE})"
        )
    gate = cls()
    if gate.name in registry:
        place = type(registry[gate.name]).__module__
        raise ArgumentError(f"@{decorator}: {place} has a gate {gate.name!r} already; choose another name")
    _check_gate(decorator, gate)
    registry[gate.name] = gate


def _check_gate(decorator: str, gate: Gate) -> None:
    """Raise an ArgumentError if the parts of a twin do not fit together."""
    if isinstance(gate, Lumped) and max(gate.VALUE, default=-1) >= gate.STATES:
        raise ArgumentError(
            f"@{decorator}: {gate.name}.VALUE = {gate.VALUE} names a state beyond its STATES = {gate.STATES}; "
            f"states count from 0 ({PAGE})"
        )
    if isinstance(gate, SynapseGate):
        others = {other.KERNEL: other.name for other in SYNAPSE_GATES.values()}
        if gate.KERNEL in others or not gate.KERNEL.isidentifier():
            raise ArgumentError(
                f"@{decorator}: {gate.name}.KERNEL must be a name in C++ that no other gate has (got {gate.KERNEL!r}; "
                f"there are {', '.join(others)}); choose another one ({PAGE})"
            )


class UnlumpedCoefficients(NamedTuple):
    """Coefficients of `Unlumped`: none."""


@lumped
class Unlumped(Lumped):
    """No gate on the neuron: the receptor's gates are on the synapses."""

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
