"""A program: the arrays and launches that a backend runs, as the builder makes them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gpusyn.kernels.signature import Numbers, Signature

Array = NDArray[Any]
STATE, PARAMETER, WEIGHT, SCRATCH, RECORD = "state", "parameter", "weight", "scratch", "record"
ROLES = {
    STATE: "changes from step to step: a checkpoint saves it, `reset` restores its initial value",
    PARAMETER: "follows from the network and the seed alone: nobody saves or restores it",
    WEIGHT: "holds weights, which the user may replace: a checkpoint saves, and `reset` restores, those replaced",
    SCRATCH: "holds what one step or one chunk of steps needs, written before it is read: nobody saves or restores it",
    RECORD: "holds the results of one chunk of steps until the host has read them: nobody saves or restores it",
}


class ArraySpec(NamedTuple):
    """The description of one array of a program.

    Attributes
    ----------
    name : unique in the program: `V` of the first group of neurons is "g0.V"
    dtype : number type
    shape : numbers of elements
    role : one of ROLES: what becomes of the array in a checkpoint, a reset, a chunk of steps
    doc : one sentence that says what it holds, with its unit
    extents : what each number of `shape` counts ("neurons", "steps", "synapses" ...)
    fill : initial value of all elements, unless the builder gives others
    """

    name: str
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    role: str
    doc: str
    extents: tuple[str | int, ...] = ()
    fill: float = 0

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        """Bytes of all elements."""
        return self.size * self.dtype.itemsize


class Launch(NamedTuple):
    """One kernel launch of a step.

    Attributes
    ----------
    kernel : name in `gpusyn.kernels.spec.KERNELS`
    arrays : argument name -> name of the array that is passed
    scalars : argument name -> number
    items : independent units of work (blocks, warps or items); sets the size of a GPU grid
    signature : the neuron model's signature, for `advance_neurons` alone
    """

    kernel: str
    arrays: Mapping[str, str]
    scalars: Mapping[str, int]
    items: int
    signature: Signature | None = None


class Program(NamedTuple):
    """A compiled network, as a backend runs it.

    Attributes
    ----------
    numbers : number types
    specs : description of each array, by name
    initial : initial value of each array, by name; one whose elements are all equal may be a broadcast view of one
        element. A session may take over all but those of states, and drop them.
    launches : the launches of one step, in order
    """

    numbers: Numbers
    specs: Mapping[str, ArraySpec]
    initial: dict[str, Array]
    launches: Sequence[Launch]

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays."""
        return sum(spec.nbytes for spec in self.specs.values())

    def of_role(self, role: str) -> Iterator[ArraySpec]:
        """Return the descriptions of the arrays that have a role."""
        return (spec for spec in self.specs.values() if spec.role == role)

    def live(self, name: str) -> Array:
        """Return the array that a session works on: writable and contiguous.

        The initial value of a state stays as it is, so that it can be restored; of every other array, the initial value
        itself is taken over where it can be written to.
        """
        initial = self.initial[name]
        if self.specs[name].role != STATE and initial.flags.writeable and initial.flags.c_contiguous:
            return initial
        if is_uniform(initial) and not initial.reshape(-1)[:1].any():
            return np.zeros(initial.shape, initial.dtype)  # memory that the system hands out when it is first used
        return np.array(initial, order="C")


def filled(spec: ArraySpec) -> Array:
    """Return the initial value whose elements are all `fill`; it takes the memory of one element."""
    return np.broadcast_to(np.asarray(spec.fill, spec.dtype), spec.shape)


def is_uniform(initial: Array) -> bool:
    """Return whether an array is a broadcast view of one element."""
    return not any(initial.strides)
