"""gpusyn's own models in SONATA files: nodes of ``gpusyn:AdEx`` and the like, edges that end at ``gpusyn:NMDA``.

The receptors of such nodes are those that the edges name. Parameters have gpusyn's names, units and defaults.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from gpusyn.neurons import LIF, AdEx, HodgkinHuxley, Izhikevich
from gpusyn.neurons.base import Membrane
from gpusyn.receptors import AMPA, GABA_A, GABA_B, NMDA, CurrentReceptor, DeltaReceptor, Receptor
from gpusyn.sonata.template_classes import Cell, Initial, Parameter, Synapse, Template, Values, Variable

__all__ = ["NEURONS", "RECEPTORS", "neuron", "receptor"]

OBJECTS = ("kinetics", "gating", "name", "block", "glycine_site", "refractory")  # parameters that are no numbers


def neuron(kind: type[Membrane]) -> Template:
    """Return the template of a neuron model."""
    known = {name: Variable("V", "mV") for name in ("V", "V_m", "v")}

    def make(p: Values) -> Cell:
        model = kind(**{name: p[name] for name in parameters if not np.isnan(p[name]).all()})
        own = known | {name: Variable(name, unit) for name, unit in model.STATES.items()}
        return Cell(model, (), None, None, True, own, lacking=f"gpusyn:{kind.__name__} has none of its own")

    parameters = {one.name: Parameter(number(one.default), one.unit) for one in kind.PARAMETERS}
    states = {name: Initial(None, unit, name) for name, unit in kind.STATES.items()}
    return Template(parameters, (), make, {"V": Initial(None, "mV", "V")} | states)


def number(default: float | str | None) -> float | None:
    """Return the default of a parameter; ``None`` if it has none."""
    return None if default is None else float(default)


def receptor(kind: Callable[..., Receptor], parameters: Mapping[str, Parameter]) -> Synapse:
    """Return the template of edges that end at a receptor."""

    def make(given: Mapping[str, float], name: str) -> Receptor:
        return kind(name=name, **given)

    return Synapse(None, 1.0, parameters, (), make)


def numeric(kind: type[Receptor]) -> dict[str, Parameter]:
    """Return the parameters of a receptor that are numbers; the class has their defaults."""
    named = (parameter for parameter in kind.PARAMETERS if parameter.name not in OBJECTS)
    return {parameter.name: Parameter(None, parameter.unit) for parameter in named}


NEURONS: dict[str, Template] = {
    f"gpusyn:{kind.__name__}": neuron(kind) for kind in (LIF, AdEx, Izhikevich, HodgkinHuxley)
}
RECEPTORS: dict[str, Synapse] = {
    f"gpusyn:{kind.__name__}": receptor(kind, numeric(kind))
    for kind in (AMPA, NMDA, GABA_A, GABA_B, CurrentReceptor, DeltaReceptor)
}
