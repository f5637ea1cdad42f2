"""What a backend must offer: a session that owns the arrays of one plan and runs its launch list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from gpusyn.signature import Numbers, Signature


class Launch(NamedTuple):
    """One kernel launch of a step.

    Attributes
    ----------
    kernel : name in `gpusyn.kernel_spec.KERNELS`
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
    """What a backend runs: number types, initial arrays by name (the session's afterwards), launches."""

    numbers: Numbers
    arrays: dict[str, NDArray[np.generic]]
    launches: Sequence[Launch]


class Session(Protocol):
    """A running program. Arrays live where the backend computes; `read` gives host copies."""

    def run(self, steps: int) -> None:
        """Run the launch list `steps` times, without host work in between."""

    def read(self, name: str, start: int = 0, stop: int | None = None) -> NDArray[np.generic]:
        """Copy of an array, or of the part [start, stop) of its flattened form."""

    def write(self, name: str, values: NDArray[np.generic], start: int = 0) -> None:
        """Replace the part of the flattened array that begins at `start`."""

    def close(self) -> None:
        """Release what the session holds."""


class Backend(Protocol):
    """A place to compute."""

    name: str

    def describe(self) -> str:
        """One phrase: which device or compiler, and how many threads."""

    def start(self, program: Program) -> Session:
        """Compile what is not yet compiled, move the arrays, and return the session."""
