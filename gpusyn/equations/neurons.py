"""The interface of a neuron model's equations, and the registry of all models.

A class in ``gpusyn/neurons`` describes the model and holds its equations in numpy, the twin of the struct of the same
name in ``kernels/neurons``. `c` holds the model's coefficients and `x` its own states, both by name: ``c.g_L`` is a
number that all neurons share, or an array of one value per neuron. Operations are written in the kernels' order,
because that order fixes bits.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple, Protocol, TypeVar

from gpusyn.equations.effects import Array, Real
from gpusyn.errors import ArgumentError
from gpusyn.utils.registry import Registry

PAGE = "docs/adding_a_neuron.md"


class MembraneCoefficients(NamedTuple):
    """First coefficients of every neuron: potentials (mV) relative to `rest`, and the refractory time in steps."""

    threshold: Any
    reset: Any
    refractory: Any
    rest: Any


class CalciumCoefficients(NamedTuple):
    """Coefficients of a calcium trace: its decay over one step, and its rise per unit of current over one step."""

    decay: Any
    rise: Any


class Neuron(Protocol):
    """The equations of v (relative to rest) and of the model's own states.

    Attributes
    ----------
    COEFFICIENTS : type of NamedTuple
        Names of the coefficients, in the order in which the kernel finds them.
    STATES : dict of str to str
        The model's own states beside v, with their units.
    RESET : str
        Parameter that a spike sets V to and that V is held at while refractory (``""``: V goes on as it is).
    EXACT : bool
        Whether every input is a linear current, so that the gates' coefficients are propagators into v.
    """

    COEFFICIENTS: ClassVar[type[NamedTuple]]
    STATES: ClassVar[dict[str, str]]
    RESET: ClassVar[str]
    EXACT: ClassVar[bool]

    @staticmethod
    def coefficients(dt: float, p: Mapping[str, Any]) -> Any:
        """Return the COEFFICIENTS for a step (ms) and parameters; each a number or one value per neuron."""

    @staticmethod
    def steady(V: Array, p: Mapping[str, Any]) -> list[Any]:
        """Return the STATES that do not move at the potentials V (mV), in their order."""

    @staticmethod
    def leak(c: Any) -> Real:
        """Return G without receptors."""

    @staticmethod
    def drive(current: Array, c: Any) -> Real:
        """Return D without receptors."""

    @staticmethod
    def advance(v: Array, x: Any, c: Any, G: Real, D: Real) -> Array:
        """Return v at the end of the step; move the states that do not need it."""

    @staticmethod
    def follow(x: Any, v: Array, reached: Array, fired: Array, c: Any) -> None:
        """Move the states that need v at both ends of the step, the new one taken before a reset."""


#: The equations of every neuron model by the name of their class, which is the name of the kernel's struct.
NEURONS: Registry[type[Neuron]] = Registry(
    "neuron model", f"write @neuron above the class, and import it in gpusyn/neurons/__init__.py ({PAGE})"
)
N = TypeVar("N", bound="type[Neuron]")


def neuron(kind: N) -> N:
    """Enter a neuron model, with its equations, into the registry.

    Raises
    ------
    ArgumentError
        If the class lacks a part, or has a name that is taken.
    """
    name = kind.__name__
    parts = ("COEFFICIENTS", "STATES", "coefficients", "steady", "leak", "drive", "advance", "follow")
    missing = [part for part in parts if not hasattr(kind, part)]
    if missing:
        raise ArgumentError(
            f"@neuron: {name} has no {', '.join(missing)}; write a subclass of gpusyn.neurons.Membrane with all parts "
            f"of a model ({PAGE})"
        )
    hidden = [p.name for p in getattr(kind, "PARAMETERS", ()) if hasattr(kind, p.name)]
    if hidden:
        raise ArgumentError(f"@neuron: {name} has a parameter and an attribute {hidden[0]!r}; rename the parameter")
    known = NEURONS.get(name)
    if known is not None and known.__module__ != kind.__module__:
        raise ArgumentError(f"@neuron: {known.__module__} has a model {name!r} already; choose another name")
    NEURONS[name] = kind
    return kind
