"""What a backend must offer: a session that owns the arrays of one plan and runs its launch list."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from gpusyn.kernels.program import Program


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
