"""Meaning of each SONATA ``model_template`` in gpusyn: a table that users may extend.

>>> sorted(TEMPLATES)
['nest:iaf_cond_exp', 'nest:iaf_psc_alpha', 'nest:iaf_psc_exp']

A new template is one entry. This one makes the LIF neuron of NEST's model, with twice the capacitance:

>>> from dataclasses import replace
>>> def heavy(p):
...     return psc_exp({**p, "C_m": 2 * p["C_m"]})
>>> TEMPLATES["lab:heavy"] = replace(TEMPLATES["nest:iaf_psc_exp"], make=heavy)
>>> del TEMPLATES["lab:heavy"]
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from gpusyn.kinetics import Alpha, Exponential
from gpusyn.neurons import LIF, NeuronModel
from gpusyn.receptors import AMPA, GABA_A, CurrentReceptor, Receptor
from gpusyn.utils.typing import Floats

__all__ = ["SYNAPSES", "TEMPLATES", "Cell", "Parameter", "Synapse", "Template", "Variable"]

NodeValues = Mapping[str, Any]


@dataclass(frozen=True)
class Parameter:
    """A parameter of a template: its documented default and unit."""

    default: float
    unit: str


@dataclass(frozen=True)
class Variable:
    """A variable that a report may ask for: its name and unit in gpusyn, and the factor to the template's value."""

    name: str
    unit: str
    factor: float = 1.0


@dataclass(frozen=True)
class Cell:
    """Model and receptors of a gpusyn population that represents nodes of one template.

    Attributes
    ----------
    model : NeuronModel
        Neuron model.
    receptors : tuple of Receptor
        Receptors of the population.
    excitatory, inhibitory : str
        Names of the receptors for positive and for negative weights.
    signed : bool
        True if the inhibitory receptor takes negative weights (a current), False if it takes their magnitude.
    variables : mapping of str to Variable
        Variables that a report may ask for, by their names in the template.
    """

    model: NeuronModel
    receptors: tuple[Receptor, ...]
    excitatory: str
    inhibitory: str
    signed: bool
    variables: Mapping[str, Variable]


@dataclass(frozen=True)
class Template:
    """Rule that turns the nodes of a ``model_template`` into gpusyn populations.

    Attributes
    ----------
    parameters : mapping of str to Parameter
        Parameters that ``dynamics_params`` may contain. If the files give no value, the default is used and a note
        reports it.
    shared : tuple of str
        Parameters that have one value per population; nodes that differ in them become separate populations.
    make : callable
        Function of the values by parameter (each a float, or an array of one value per node) that returns a
        :class:`Cell`.
    """

    parameters: Mapping[str, Parameter]
    shared: tuple[str, ...]
    make: Callable[[NodeValues], Cell]


@dataclass(frozen=True)
class Synapse:
    """A ``model_template`` of edges: the documented defaults of the values that the files may leave out."""

    weight: float
    delay: float


MEMBRANE = {name: Variable("V", "mV") for name in ("V_m", "v", "V")}
# A current is positive outward in gpusyn; NEST's I_syn is positive inward.
CURRENTS = {"I_syn_ex": Variable("I_ex", "pA", -1.0), "I_syn_in": Variable("I_in", "pA", -1.0)}
CONDUCTANCES = {"g_ex": Variable("g_ex", "nS"), "g_in": Variable("g_in", "nS")}


def membrane(p: NodeValues, leak: float | Floats) -> LIF:
    """Return the LIF neuron with NEST's parameters and a leak conductance (nS)."""
    given = {name: p[name] for name in ("C_m", "E_L", "V_th", "V_reset", "t_ref", "I_e")}
    return LIF(g_L=leak, **given)


def psc_alpha(p: NodeValues) -> Cell:
    """Return NEST's iaf_psc_alpha: a LIF neuron with alpha-shaped currents, whose peaks are the weights (pA)."""
    receptors = (
        CurrentReceptor("ex", kinetics=Alpha(p["tau_syn_ex"])),
        CurrentReceptor("in", kinetics=Alpha(p["tau_syn_in"])),
    )
    return Cell(membrane(p, p["C_m"] / p["tau_m"]), receptors, "ex", "in", True, MEMBRANE | CURRENTS)


def psc_exp(p: NodeValues) -> Cell:
    """Return NEST's iaf_psc_exp: a LIF neuron with exponential currents, whose peaks are the weights (pA)."""
    receptors = (
        CurrentReceptor("ex", kinetics=Exponential(p["tau_syn_ex"])),
        CurrentReceptor("in", kinetics=Exponential(p["tau_syn_in"])),
    )
    return Cell(membrane(p, p["C_m"] / p["tau_m"]), receptors, "ex", "in", True, MEMBRANE | CURRENTS)


def cond_exp(p: NodeValues) -> Cell:
    """Return NEST's iaf_cond_exp: a LIF neuron with exponential conductances, whose peaks are the weights (nS)."""
    receptors = (
        AMPA(name="ex", kinetics=Exponential(p["tau_syn_ex"]), E_rev=p["E_ex"]),
        GABA_A(name="in", kinetics=Exponential(p["tau_syn_in"]), E_rev=p["E_in"]),
    )
    return Cell(membrane(p, p["g_L"]), receptors, "ex", "in", False, MEMBRANE | CONDUCTANCES)


# Defaults from NEST's documentation (https://nest-simulator.readthedocs.io, release 3.10) of the models iaf_psc_alpha,
# iaf_psc_exp, iaf_cond_exp and static_synapse.
PSC = {
    "C_m": Parameter(250.0, "pF"),
    "tau_m": Parameter(10.0, "ms"),
    "E_L": Parameter(-70.0, "mV"),
    "V_th": Parameter(-55.0, "mV"),
    "V_reset": Parameter(-70.0, "mV"),
    "t_ref": Parameter(2.0, "ms"),
    "I_e": Parameter(0.0, "pA"),
    "tau_syn_ex": Parameter(2.0, "ms"),
    "tau_syn_in": Parameter(2.0, "ms"),
}
COND = {
    "C_m": Parameter(250.0, "pF"),
    "g_L": Parameter(16.6667, "nS"),
    "E_L": Parameter(-70.0, "mV"),
    "V_th": Parameter(-55.0, "mV"),
    "V_reset": Parameter(-60.0, "mV"),
    "t_ref": Parameter(2.0, "ms"),
    "I_e": Parameter(0.0, "pA"),
    "tau_syn_ex": Parameter(0.2, "ms"),
    "tau_syn_in": Parameter(2.0, "ms"),
    "E_ex": Parameter(0.0, "mV"),
    "E_in": Parameter(-85.0, "mV"),
}

TEMPLATES: dict[str, Template] = {
    "nest:iaf_psc_alpha": Template(PSC, ("tau_syn_ex", "tau_syn_in"), psc_alpha),
    "nest:iaf_psc_exp": Template(PSC, ("tau_syn_ex", "tau_syn_in"), psc_exp),
    "nest:iaf_cond_exp": Template(COND, ("tau_syn_ex", "tau_syn_in", "E_ex", "E_in"), cond_exp),
}

SYNAPSES: dict[str, Synapse] = {"static_synapse": Synapse(weight=1.0, delay=1.0)}
SYNAPSES["nest:static_synapse"] = SYNAPSES["static_synapse"]
