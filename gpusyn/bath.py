"""What drugs, magnesium and glycine make of a receptor in the course of time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gpusyn.receptors import Receptor
from gpusyn.waveform import Waveform

Floats = NDArray[np.float64]
Course = Callable[[Floats], Floats]  # times (ms) -> values


class ReceptorBath(NamedTuple):
    """Courses in time of what changes; None: nothing.

    Attributes
    ----------
    scale : factor of the gate: free receptors, glycine
    magnesium : [Mg] (mM)
    decay : factor of the decay's time constant
    """

    scale: Course | None
    magnesium: Course | None
    decay: Course | None

    def __bool__(self) -> bool:
        return any(course is not None for course in self)


def receptor_bath(receptor: Receptor, infusions: Iterable[Any]) -> ReceptorBath:
    """The bath of a receptor, from its own waveforms and the infusions of its network."""
    magnesium = _held(receptor.Mg) if isinstance(receptor.Mg, Waveform) else None
    return ReceptorBath(None, magnesium, None)


def _held(waveform: Waveform) -> Course:
    """A waveform's course; before its first time it has its first value."""
    return lambda t: waveform.sample(t, before=float(waveform.values[0]))
