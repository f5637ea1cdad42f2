"""What an entry of the tables of templates says: parameters and initial values, and what gpusyn makes of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from gpusyn.neurons import NeuronModel
from gpusyn.receptors import Receptor
from gpusyn.utils.typing import Floats

__all__ = ["Cell", "Initial", "Parameter", "Synapse", "Template", "Values", "Variable"]

Values = Mapping[str, Any]


@dataclass(frozen=True)
class Parameter:
    """A parameter of a template: its documented default and unit.

    A default of ``None`` means that the parameter is left out where the files do not give it. No note reports that a
    default was assumed if the parameter is `quiet`, because it matters to few circuits.
    """

    default: float | None
    unit: str
    quiet: bool = False


@dataclass(frozen=True)
class Initial:
    """The initial value of a state: its default (``None``: gpusyn's own), its unit, and its name in gpusyn."""

    default: float | None
    unit: str
    variable: str


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
        Receptors of the population, beside those that edges bring along.
    excitatory, inhibitory : str or None
        Names of the receptors for positive and for negative weights; ``None`` if such edges are refused.
    signed : bool
        True if the inhibitory receptor takes negative weights (a current, or jumps of V), False if it takes their
        magnitude.
    variables : mapping of str to Variable
        Variables that a report may ask for, by their names in the template.
    receptor_types : mapping of int to str
        Names of the receptors for edges that have a ``receptor_type`` other than 0.
    tau_minus : float
        Time constant of the postsynaptic trace of plastic edges (ms).
    lacking : str
        Why edges whose template is not a receptor are refused, for the message.
    membrane : bool
        False if V stands for something else than a potential: ``conditions.v_init``, currents and clamps are not for
        such nodes.
    """

    model: NeuronModel
    receptors: tuple[Receptor, ...]
    excitatory: str | None
    inhibitory: str | None
    signed: bool
    variables: Mapping[str, Variable]
    receptor_types: Mapping[int, str] = field(default_factory=dict)
    tau_minus: float = 20.0
    lacking: str = "the template of the nodes has no receptor of its own"
    membrane: bool = True


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
    initial : mapping of str to Initial
        Initial values that ``dynamics_params`` may contain.
    note : str
        Sentence about a difference to the model of that name, said of every circuit that has it.
    plain : callable, optional
        Function of the contents of a model file that returns them with numbers alone, for models whose parameters are
        lists or text.
    """

    parameters: Mapping[str, Parameter]
    shared: tuple[str, ...]
    make: Callable[[Values], Cell]
    initial: Mapping[str, Initial] = field(default_factory=lambda: {"V_m": Initial(None, "mV", "V")})
    note: str = ""
    plain: Callable[[Mapping[str, Any]], Mapping[str, Any]] | None = None


@dataclass(frozen=True)
class Synapse:
    """Rule that turns the edges of a ``model_template`` into projections.

    Attributes
    ----------
    weight, delay : float or None
        Documented defaults of the values that the files may leave out; ``None`` if they must give one.
    parameters : mapping of str to Parameter
        Parameters that ``dynamics_params`` may contain, beside weight, delay, sign and receptor_type.
    per_edge : tuple of str
        Parameters that may have one value per edge; edges that differ in others become separate projections.
    receptor : callable, optional
        Function of the given values and a name that returns the receptor at which the edges end. By default the sign of
        the weight chooses one of the receptors of the nodes.
    options : callable, optional
        Function of the values by parameter that returns further arguments of ``net.connect``, such as ``plasticity``.
    note : str
        Sentence about a difference to the model of that name, said of every circuit that has it.
    unit : float
        Weight (pA, nS or mV) that one unit of weight in the files means.
    plain : callable, optional
        As for a :class:`Template`.
    """

    weight: float | None
    delay: float | None
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    per_edge: tuple[str, ...] = ()
    receptor: Callable[[Mapping[str, float], str], Receptor] | None = None
    options: Callable[[dict[str, float | Floats]], dict[str, Any]] | None = None
    note: str = ""
    unit: float = 1.0
    plain: Callable[[Mapping[str, Any]], Mapping[str, Any]] | None = None
