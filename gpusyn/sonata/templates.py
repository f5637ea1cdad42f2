"""Meaning of each SONATA ``model_template`` in gpusyn: two tables, of nodes and of edges, that users may extend.

>>> len(TEMPLATES), [name for name in SYNAPSES if name.startswith("stdp")]
(20, ['stdp_synapse', 'stdp_synapse_hom'])

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
from gpusyn.sonata.template_classes import Cell, Initial, Parameter, Synapse, Template, Variable

__all__ = ["NOT_HERE", "SYNAPSES", "TEMPLATES", "Cell", "Initial", "Parameter", "Synapse", "Template", "Variable"]

TEMPLATES: dict[str, Template] = {**NEST_NEURONS, **GLIF_NEURONS, **NEURONS}

SYNAPSES: dict[str, Synapse] = {**NEST_SYNAPSES, **RECEPTORS}
SYNAPSES.update({f"nest:{name}": synapse for name, synapse in NEST_SYNAPSES.items()})

# Why models that circuits often name are not here; a name ending in * stands for all that begin so.
JUMPS = "a spike makes V jump by the weight (mV), and gpusyn has no receptor that does so"
JUNCTIONS = (
    "a gap junction has no direction, and edges have one; leave these edges out, and couple the populations of the "
    "model that sonata.build returns by its net.couple(A, B, gs.FromArrays(pre, post), conductance)"
)
NOT_HERE: dict[str, str] = {
    "gap_junction*": JUNCTIONS,
    "nest:gap_junction*": JUNCTIONS,
    "nest:iaf_psc_delta*": JUMPS,
    "nest:aeif_psc_delta*": JUMPS,
    "nrn:IntFire*": JUMPS,
    "nest:glif*": "of NEST's GLIF neurons it has those whose synapses are alpha currents, as nest:glif_psc",
    "gpusyn:GLIF": "its parameters are in files of nest:glif_psc",
    "tsodyks_synapse*": "its resources are in three states (x, y, z), those of gs.TsodyksMarkram in two",
    "nest:tsodyks_synapse*": "its resources are in three states (x, y, z), those of gs.TsodyksMarkram in two",
}
