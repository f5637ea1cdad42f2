"""The initial values of states and weights, and their restoration."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gpusyn.backends.base import Session
from gpusyn.kernels.program import STATE, Program


class InitialValues:
    """The values that `reset` restores: those of every state, and of the weights and rows that were replaced."""

    def __init__(self, program: Program, session: Session) -> None:
        self.program, self.session = program, session
        self.kept: dict[tuple[str, int], NDArray[np.generic]] = {}  # (array, start) -> values

    def keep(self, name: str, start: int, size: int) -> None:
        """Save the part [start, start + size) of an array before it is replaced for the first time."""
        if size and (name, start) not in self.kept:  # a pathway without synapses begins where the next one does
            self.kept[name, start] = self.session.read(name, start, start + size)

    def restore(self) -> None:
        """Set every state, and all that was replaced, to their initial values."""
        for spec in self.program.of_role(STATE):
            self.session.write(spec.name, self.program.initial[spec.name])
        for (name, start), values in self.kept.items():
            self.session.write(name, values, start)
