"""Meaning of each SONATA ``model_template`` in gpusyn: two tables, of nodes and of edges, that users may extend.

>>> len(TEMPLATES), [name for name in SYNAPSES if name.startswith("stdp")]
(14, ['stdp_synapse', 'stdp_synapse_hom'])

A new template is one entry. This one makes the LIF neuron of NEST's model, with twice the capacitance:

>>> from dataclasses import replace
>>> from gpusyn.sonata.nest_neurons import psc_exp
>>> def heavy(p):
...     return psc_exp({**p, "C_m": 2 * p["C_m"]})
>>> TEMPLATES["lab:heavy"] = replace(TEMPLATES["nest:iaf_psc_exp"], make=heavy)
>>> del TEMPLATES["lab:heavy"]
"""

from __future__ import annotations

from gpusyn.sonata.gpusyn_models import NEURONS, RECEPTORS
from gpusyn.sonata.nest_neurons import NEST_NEURONS
from gpusyn.sonata.nest_synapses import NEST_SYNAPSES
from gpusyn.sonata.template_classes import Cell, Initial, Parameter, Synapse, Template, Variable

__all__ = ["NOT_HERE", "SYNAPSES", "TEMPLATES", "Cell", "Initial", "Parameter", "Synapse", "Template", "Variable"]

TEMPLATES: dict[str, Template] = {**NEST_NEURONS, **NEURONS}

SYNAPSES: dict[str, Synapse] = {**NEST_SYNAPSES, **RECEPTORS}
SYNAPSES.update({f"nest:{name}": synapse for name, synapse in NEST_SYNAPSES.items()})

# Why models that circuits often name are not here; a name ending in * stands for all that begin so.
JUMPS = "a spike makes V jump by the weight (mV), and gpusyn has no receptor that does so"
IN_USE = (
    "what it releases is in use for tau_psc before it recovers (states x, y and z), and that of gs.TsodyksMarkram "
    "recovers from the spike on"
)
NOT_HERE: dict[str, str] = {
    "nest:iaf_psc_delta*": JUMPS,
    "nest:aeif_psc_delta*": JUMPS,
    "nrn:IntFire*": JUMPS,
    "nest:glif*": "gpusyn has no GLIF neuron: after-spike currents and an adaptive threshold are missing",
    "tsodyks_synapse*": IN_USE,
    "nest:tsodyks_synapse*": IN_USE,
}
