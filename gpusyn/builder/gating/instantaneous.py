"""Receptors without a gate: all that arrives at a target in a step is one sum."""

from __future__ import annotations

from typing import Any

import numpy as np

from gpusyn.builder.gating.forms import Coefficients, GateForm, enter
from gpusyn.equations.kinetics.instantaneous import InstantaneousCoefficients
from gpusyn.kinetics.instantaneous import Instantaneous


def target(kinetics: Instantaneous, dt: float, quantum: float, *membrane: Any) -> Coefficients:
    """Return the coefficient of the sum, whatever the membrane is."""
    return InstantaneousCoefficients(jump=np.asarray(quantum))


enter(
    GateForm(
        "instantaneous",
        "Instantaneous",
        target,
        synapse=None,
        each=None,
        reason="exact, V jumps when a spike arrives",
        into_v=target,
    )
)
