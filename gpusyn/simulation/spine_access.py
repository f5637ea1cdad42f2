"""Synapses that learn from their calcium, where the backend keeps them: calcium, weights that are set, potentials."""

from __future__ import annotations

from typing import Any

import numpy as np

from gpusyn.backends.base import Session
from gpusyn.builder.compile import Compiled
from gpusyn.builder.pathways import Bundle
from gpusyn.builder.plasticity.spines import POTENTIALS, SPINES
from gpusyn.builder.rows.stored import StoredSegments
from gpusyn.kernels.arrays import array_name
from gpusyn.utils.typing import Array

CALCIUM, REST = (array_name(name, kernel=SPINES) for name in ("Ca", "rest_of"))


def calcium_of(compiled: Compiled, session: Session, chosen: Any) -> Array:
    """Return the calcium (uM) of chosen synapses (`ChosenSynapses`)."""
    found = np.empty(len(chosen.synapses), compiled.layout.numbers.real_dtype)
    for part, columns in chosen.parts:
        assert isinstance(part.stored, StoredSegments)
        first = compiled.learning.spines.states[part.stored.bundle]
        found[columns] = session.read(CALCIUM, first, first + part.size)[part.place]
    return found


def forget_rest(compiled: Compiled, session: Session, bundle: Bundle, synapses: int) -> None:
    """Let weights that replace others begin without what those had below their unit."""
    if synapses:
        zeros = np.zeros(synapses, compiled.layout.numbers.real_dtype)
        session.write(REST, zeros, compiled.learning.spines.states[bundle])


def renew_potentials(compiled: Compiled, session: Session) -> None:
    """Let the next step begin with the present potentials, some of which the user has changed."""
    at = 0
    for p in compiled.learning.spines.potentials():
        session.write(POTENTIALS, session.read(p.array, p.first, p.first + p.size), at)
        at += p.size
