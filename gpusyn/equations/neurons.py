"""The interface of the equations of a neuron model, and the registry of neuron models.

A class in ``gpusyn/neurons`` describes the model and holds its equations in numpy, the twin of the struct of the same
name in ``kernels/neurons``. `c` holds the model's coefficients and `x` its own states, both by name: ``c.g_L`` is a
number that all neurons share, or an array of one value per neuron. Operations have the order of the kernels, because
the order determines the bits.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple, Protocol, TypeVar

from gpusyn.equations.coefficients import by_name
from gpusyn.equations.effects import Real
from gpusyn.errors import ArgumentError, UnknownNameError
from gpusyn.utils.registry import Registry, check_name, check_parts
from gpusyn.utils.typing import Array

PAGE = "docs/adding_a_neuron.md"
NEEDED = ("t_ref", "I_e")  # parameters that the builder asks every model for
RESERVED = ("V", "Ca")  # variables of every neuron, which no state may be named like


class MembraneCoefficients(NamedTuple):
    """First coefficients of every neuron: potentials (mV) relative to `rest`, and the refractory time (steps)."""

    threshold: Any
    reset: Any
    refractory: Any
    rest: Any


class CalciumCoefficients(NamedTuple):
    """Coefficients of a calcium trace: its decay over one step, and its rise per unit of current over one step."""

    decay: Any
    rise: Any


class Neuron(Protocol):
    """The equations of motion of v (mV, relative to rest) and of the model's own states.

    Each array has one value per neuron. G (nS) and D (pA) are the sums in C dv/dt = D - G v.

    Attributes
    ----------
    COEFFICIENTS : type of NamedTuple
        Names of the coefficients, in the order in which the kernel finds them.
    STATES : dict of str to str
        States of the model beside v, with their units.
    RESET : str
        Name of the potential to which a spike sets V, and at which V is held while refractory (``""``: a spike leaves V
        alone).
    EXACT : bool
        True if the equations need all inputs to be linear currents, whose gates are then propagators into v.
    """

    COEFFICIENTS: ClassVar[type[NamedTuple]]
    STATES: ClassVar[dict[str, str]]
    RESET: ClassVar[str]
    EXACT: ClassVar[bool]

    @staticmethod
    def coefficients(dt: float, p: Mapping[str, Any]) -> Any:
        """Return the coefficients of the equations.

        Parameters
        ----------
        dt : float
            Time step (ms).
        p : mapping of str to (float or ndarray)
            Parameters by name, each a number or one value per neuron.

        Returns
        -------
        COEFFICIENTS
            Coefficients by name, each a number or one value per neuron.
        """

    @staticmethod
    def steady(V: Array, p: Mapping[str, Any]) -> list[Any]:
        """Return the steady states at given potentials.

        Parameters
        ----------
        V : ndarray
            Potentials (mV), one per neuron.
        p : mapping of str to (float or ndarray)
            Parameters by name.

        Returns
        -------
        list of ndarray
            One array for each of STATES, in their order.
        """

    @staticmethod
    def leak(c: Any) -> Real:
        """Return G without receptors.

        Parameters
        ----------
        c : COEFFICIENTS
            Coefficients by name.

        Returns
        -------
        float or ndarray
            Conductance (nS).
        """

    @staticmethod
    def drive(current: Array, c: Any) -> Real:
        """Return D without receptors.

        Parameters
        ----------
        current : ndarray
            Injected and constant current (pA).
        c : COEFFICIENTS
            Coefficients by name.

        Returns
        -------
        ndarray
            Current (pA).
        """

    @staticmethod
    def advance(v: Array, x: Any, c: Any, G: Real, D: Real) -> Array:
        """Return v at the end of the step, and advance the states that do not need it.

        Parameters
        ----------
        v : ndarray
            Potentials at the start of the step (mV, relative to rest).
        x : named tuple of ndarray
            States by name, changed in place.
        c : COEFFICIENTS
            Coefficients by name.
        G, D : float or ndarray
            Sums over the leak, the currents and the receptors (nS and pA).

        Returns
        -------
        ndarray
            Potentials at the end of the step, before a reset (mV, relative to rest).
        """

    @staticmethod
    def adapt(x: Any, v: Array, current: Array, held: Array, c: Any) -> None:
        """Advance the states on which the threshold depends, before v is compared with it.

        Parameters
        ----------
        x : named tuple of ndarray
            States by name, changed in place.
        v : ndarray
            Potentials at the start of the step (mV, relative to rest).
        current : ndarray
            Injected and constant current (pA).
        held : ndarray of bool
            True for each neuron that is refractory.
        c : COEFFICIENTS
            Coefficients by name.
        """

    @staticmethod
    def reaches(v: Array, x: Any, threshold: Real, c: Any) -> Array:
        """Return where a potential is beyond the threshold.

        Parameters
        ----------
        v : ndarray
            Potentials (mV, relative to rest).
        x : named tuple of ndarray
            States by name.
        threshold : float or ndarray
            The parameter that THRESHOLD names (mV, relative to rest).
        c : COEFFICIENTS
            Coefficients by name.

        Returns
        -------
        ndarray of bool
            True for each neuron that may spike.
        """

    @staticmethod
    def restart(v: Array, reset: Real, c: Any) -> Real:
        """Return v after a spike.

        Parameters
        ----------
        v : ndarray
            Potentials at the start of the step of the spike (mV, relative to rest).
        reset : float or ndarray
            The parameter that RESET names (mV, relative to rest).
        c : COEFFICIENTS
            Coefficients by name.

        Returns
        -------
        float or ndarray
            Potentials at which the neurons are held (mV, relative to rest).
        """

    @staticmethod
    def follow(x: Any, v: Array, reached: Array, fired: Array, c: Any) -> None:
        """Advance the states that need v at both ends of the step.

        Parameters
        ----------
        x : named tuple of ndarray
            States by name, changed in place.
        v, reached : ndarray
            Potentials at the start and at the end of the step, before a reset (mV, relative to rest).
        fired : ndarray of bool
            True for each neuron that spikes.
        c : COEFFICIENTS
            Coefficients by name.
        """


#: The equations of every neuron model by the name of their class, which is the name of the kernel's struct.
NEURONS: Registry[type[Neuron]] = Registry(
    "neuron model", f"write @neuron above the class, and import it in gpusyn/neurons/__init__.py ({PAGE})"
)
N = TypeVar("N", bound="type[Neuron]")


def neuron(kind: N) -> N:
    """Register a neuron model with its equations.

    Raises
    ------
    ArgumentError
        If the class lacks a part, if its parts contradict each other, or if it has a name that is taken.
    """
    parts = ("COEFFICIENTS", "STATES", "coefficients", "steady", "leak", "drive", "advance", "follow")
    advice = f"write a subclass of gpusyn.neurons.Membrane with all parts of a model ({PAGE})"
    check_parts("neuron", kind, parts, advice)
    _check_parameters(kind)
    taken = [state for state in kind.STATES if state in RESERVED]
    if taken:
        raise ArgumentError(
            f"@neuron: {kind.__name__}.STATES has {taken[0]!r}, a variable of every neuron; rename the state"
        )
    check_name("neuron", NEURONS, kind, "a model")
    NEURONS[kind.__name__] = kind
    return kind


def _check_parameters(kind: Any) -> None:
    """Raise an ArgumentError if a model's parameters and what it says about them do not fit together."""
    name, parameters = kind.__name__, [p.name for p in getattr(kind, "PARAMETERS", ())]
    if not parameters:  # equations alone, which another model names
        return
    listed = ", ".join(parameters)
    hidden = [p for p in parameters if hasattr(kind, p)]
    if hidden:
        raise ArgumentError(f"@neuron: {name} has a parameter and an attribute {hidden[0]!r}; rename the parameter")
    for p in NEEDED:
        if p not in parameters:
            raise ArgumentError(f"@neuron: {name} has no parameter {p!r}, as every model must; add it to PARAMETERS")
    for part in ("REST", "THRESHOLD", "RESET"):
        named = getattr(kind, part)
        if named not in parameters and (named or part != "RESET"):
            raise ArgumentError(f"@neuron: {name}.{part} is {named!r}; name one of its PARAMETERS ({listed})")
    for p in parameters:
        if p not in kind.LIMITS:
            raise ArgumentError(
                f"@neuron: {name}.LIMITS has no entry for the parameter {p!r}; add one ({{}} allows every number)"
            )
    for p in kind.LIMITS:
        if p not in parameters:
            raise ArgumentError(
                f"@neuron: {name}.LIMITS has {p!r}, which is not one of its PARAMETERS ({listed}); rename or drop it"
            )


class Parameters(dict[str, Any]):
    """The parameters of a population by name; one that its model does not have raises an UnknownNameError."""

    def __init__(self, model: str, given: Mapping[str, Any]) -> None:
        super().__init__(given)
        self._model = model

    def __missing__(self, name: str) -> Any:
        raise UnknownNameError(
            f"{self._model}: its equations ask for the parameter {name!r}, which is not one of its PARAMETERS "
            f"({', '.join(self)}); correct the name or add the parameter ({PAGE})"
        )


def own_coefficients(name: str, dt: float, p: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return the coefficients of a neuron model's own for a step (ms) and its parameters.

    Raises
    ------
    ArgumentError
        If the model returns anything but its COEFFICIENTS.
    """
    kind = NEURONS[name]
    return by_name(lambda: kind.coefficients(dt, p), kind.COEFFICIENTS, f"{name}.coefficients", PAGE)
