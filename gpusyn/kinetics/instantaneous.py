"""The kinetics of a receptor without a gate, which only :class:`~gpusyn.DeltaReceptor` has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from gpusyn.kinetics.base import Kinetics


@dataclass(frozen=True)
class Instantaneous(Kinetics):
    """No gate: an event acts once, at its arrival."""

    kind: ClassVar[str] = "instantaneous"
    lasts: ClassVar[bool] = False
