"""Meaning of each SONATA ``model_template`` in gpusyn: two tables, of nodes and of edges, that users may extend.

>>> len(TEMPLATES), [name for name in SYNAPSES if name.startswith("stdp")]
(23, ['stdp_synapse', 'stdp_synapse_hom'])

A new template is one entry. This one makes the LIF neuron of NEST's model, with twice the capacitance:

>>> from dataclasses import replace
>>> from gpusyn.sonata.nest_neurons import psc_exp
>>> def heavy(p):
...     return psc_exp({**p, "C_m": 2 * p["C_m"]})
>>> TEMPLATES["lab:heavy"] = replace(TEMPLATES["nest:iaf_psc_exp"], make=heavy)
>>> del TEMPLATES["lab:heavy"]
"""

from __future__ import annotations

from gpusyn.sonata.glif import GLIF_NEURONS
from gpusyn.sonata.gpusyn_models import NEURONS, RECEPTORS
from gpusyn.sonata.nest_neurons import NEST_NEURONS
from gpusyn.sonata.nest_synapses import NEST_SYNAPSES
from gpusyn.sonata.nrn_neurons import NRN_NEURONS
from gpusyn.sonata.template_classes import Cell, Initial, Parameter, Synapse, Template, Variable

__all__ = ["NOT_HERE", "SYNAPSES", "TEMPLATES", "Cell", "Initial", "Parameter", "Synapse", "Template", "Variable"]

TEMPLATES: dict[str, Template] = {**NEST_NEURONS, **GLIF_NEURONS, **NRN_NEURONS, **NEURONS}

SYNAPSES: dict[str, Synapse] = {**NEST_SYNAPSES, **RECEPTORS}
SYNAPSES.update({f"nest:{name}": synapse for name, synapse in NEST_SYNAPSES.items()})

# Why models that circuits often name are not here; a name ending in * stands for all that begin so.
PRECISE = "its spikes are at times off the grid, and those of gpusyn at whole steps"
JUNCTIONS = (
    "a gap junction has no direction, and edges have one; leave these edges out, and couple the populations of the "
    "model that sonata.build returns by its net.couple(A, B, gs.FromArrays(pre, post), conductance)"
)
NOT_HERE: dict[str, str] = {
    "gap_junction*": JUNCTIONS,
    "nest:gap_junction*": JUNCTIONS,
    "nest:iaf_psc_delta_ps": PRECISE,
    "nrn:IntFire*": "gpusyn has no neuron with its equations",
    "nest:glif*": "of NEST's GLIF neurons it has those whose synapses are alpha currents, as nest:glif_psc",
    "gpusyn:GLIF": "its parameters are in files of nest:glif_psc",
}
