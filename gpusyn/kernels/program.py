"""A program: the arrays and launches that the builder makes and a backend runs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np

from gpusyn.kernels.memory import Memory
from gpusyn.kernels.signature import Numbers, ReleaseSignature, RuleSignature, Signature
from gpusyn.utils.typing import Array

STATE, PARAMETER, WEIGHT, SCRATCH, RECORD = "state", "parameter", "weight", "scratch", "record"
ROLES = {
    STATE: "changes from step to step: a checkpoint saves it, `reset` restores its initial value",
    PARAMETER: "follows from the network, the seed, the trial and what was set between runs: it is computed from them",
    WEIGHT: "holds weights, which may learn, and which the user may replace: a checkpoint saves, and `reset` restores, "
    "those that do",
    SCRATCH: "holds what one step or one chunk of steps needs, written before it is read: nobody saves or restores it",
    RECORD: "holds the results of one chunk of steps until the host has read them: nobody saves or restores it",
}


class ArraySpec(NamedTuple):
    """The description of one array of a program.

    Attributes
    ----------
    name : str
        Name, unique in the program: `V` of the first group of neurons is "g0.V".
    dtype : numpy.dtype
        Number type.
    shape : tuple of int
        Number of elements in each dimension.
    role : str
        One of ROLES, which determines what a checkpoint, a reset and a chunk of steps do with the array.
    doc : str
        Meaning of the elements, with their unit.
    extents : tuple of str
        Name of each extent of `shape` ("neurons", "steps", "synapses" ...).
    fill : float
        Initial value of all elements, unless the builder gives others.
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
        """Memory of all elements (bytes)."""
        return self.size * self.dtype.itemsize


class Launch(NamedTuple):
    """One kernel launch of a step.

    Attributes
    ----------
    kernel : str
        Name in `gpusyn.kernels.spec.KERNELS`.
    arrays : dict of str to str
        Name of the array that is passed as each argument.
    scalars : dict of str to number
        Number that is passed as each other argument.
    items : int
        Number of independent units of work (blocks, warps or items), which sets the size of a GPU grid.
    signature : Signature, RuleSignature, ReleaseSignature or None
        Signature of the neuron model for `advance_neurons`, the rules for the kernels of learning, and of short-term
        plasticity if it has more than u and x.
    """

    kernel: str
    arrays: Mapping[str, str]
    scalars: Mapping[str, int]
    items: int
    signature: Signature | RuleSignature | ReleaseSignature | None = None

    @property
    def label(self) -> str:
        """Kernel, and group of neurons where there is one, such as 'advance_neurons.g0'; unique in a step."""
        group, _, grouped = self.arrays.get("V", self.arrays.get("current", "")).partition(".")
        return f"{self.kernel}.{group}" if grouped else self.kernel


class Launcher(Protocol):
    """Launches of the kernels that build rows of synapses (`gpusyn.kernels.spec.BUILD_KERNELS`), one by one.

    Attributes
    ----------
    workers : int
        Number of workers; each has a row of its own in arrays of counts.
    blocks : int
        Upper limit on the blocks of a launch.
    in_order : bool
        True if the synapses of a block take their places in the order of the block.
    memory : Memory
        Memory in which the kernels work.
    """

    workers: int
    blocks: int
    in_order: bool

    @property
    def memory(self) -> Memory:
        """Memory in which the kernels work."""

    def launch(self, kernel: str, **arguments: Any) -> None:
        """Run one kernel on arrays of its memory or of numpy; what it writes to the latter is there on return."""

    def close(self) -> None:
        """Release what the launches need."""


class Program(NamedTuple):
    """The arrays and launches that a backend runs.

    Attributes
    ----------
    numbers : Numbers
        Number types.
    specs : dict of str to ArraySpec
        Description of each array, by name.
    initial : dict of str to ndarray
        Initial value of each array, by name. An array whose elements are all equal may be a broadcast view of one
        element. A session may use these arrays as its own, except those of states, and remove them here. Arrays of
        synapses are in the memory in which the backend builds them.
    launches : list of Launch
        Launches of one step, in order.
    """

    numbers: Numbers
    specs: Mapping[str, ArraySpec]
    initial: dict[str, Array]
    launches: Sequence[Launch]

    @property
    def nbytes(self) -> int:
        """Memory of all arrays (bytes)."""
        return sum(spec.nbytes for spec in self.specs.values())

    def of_role(self, role: str) -> Iterator[ArraySpec]:
        """Yield the descriptions of the arrays that have a role."""
        return (spec for spec in self.specs.values() if spec.role == role)

    def live(self, name: str) -> Array:
        """Return the array on which a session works: writable and contiguous.

        For a state it is a copy, so that the initial value can be restored. For every other array it is the initial
        value itself, if that can be written to.
        """
        initial = self.initial[name]
        if self.specs[name].role != STATE and initial.flags.writeable and initial.flags.c_contiguous:
            return initial
        if is_uniform(initial) and not initial.reshape(-1)[:1].any():
            return np.zeros(initial.shape, initial.dtype)  # the system allocates this memory when it is first used
        return np.array(initial, order="C")


def filled(spec: ArraySpec) -> Array:
    """Return the initial value whose elements are all `fill`; it needs the memory of one element."""
    return np.broadcast_to(np.asarray(spec.fill, spec.dtype), spec.shape)


def is_uniform(initial: Array) -> bool:
    """Return True if an array is a broadcast view of one element."""
    return not any(initial.strides)
