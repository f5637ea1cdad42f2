"""The models that `gpusyn demo --model` knows, by name."""

from __future__ import annotations

from gpusyn.models.brunel import DEMONSTRATION as BRUNEL
from gpusyn.models.decision import DEMONSTRATION as DECISION
from gpusyn.models.demonstration import Demonstration
from gpusyn.models.microcircuit import DEMONSTRATION as MICROCIRCUIT
from gpusyn.models.stdp import DEMONSTRATION as STDP
from gpusyn.models.vogels_abbott import DEMONSTRATION as VOGELS_ABBOTT
from gpusyn.models.working_memory import DEMONSTRATION as WORKING_MEMORY
from gpusyn.parameters.scalars import one_of

DEMONSTRATIONS: dict[str, Demonstration] = {
    each.name: each for each in (MICROCIRCUIT, BRUNEL, VOGELS_ABBOTT, WORKING_MEMORY, DECISION, STDP)
}


def demonstration(name: str, where: str) -> Demonstration:
    """Return how a model is shown.

    Raises
    ------
    UnknownNameError
        If there is no model of this name.
    """
    return DEMONSTRATIONS[one_of(name, DEMONSTRATIONS, where)]
