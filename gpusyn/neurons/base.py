"""Base classes of neuron models and spike sources.

A parameter is a number, an array of one value per neuron, or a distribution. The length of arrays is checked when the
population is made.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np

from gpusyn.equations.effects import Real
from gpusyn.errors import ArgumentError, ParameterError
from gpusyn.numerics.propagators import expm1
from gpusyn.parameters.scalars import public
from gpusyn.parameters.table import Parameter, ParameterTable
from gpusyn.parameters.values import check_drawn, values
from gpusyn.utils.calls import no_attribute
from gpusyn.utils.immutable import Immutable, ReadOnlyDict
from gpusyn.utils.typing import Array, Floats

__all__ = ["Membrane", "NeuronModel", "check_lengths", "decays"]


class NeuronModel(Immutable):
    """Base class of neuron models and sources; use a subclass such as :class:`~gpusyn.LIF`.

    Attributes
    ----------
    kind : str
        Name of the class.
    values : mapping of str to (float, ndarray, Distribution, ...)
        Parameters by name; each is also an attribute of the model.
    is_source : bool
        True if the model only emits spikes: it has no membrane and no receptors.
    max_events : int or None
        Declared maximum of events that one neuron emits per step (spike sources only).
    STATES : dict of str to str
        State variables of the model beside V, with their units.
    CHOICES : tuple of str
        Parameters that choose equations, and cannot change during a simulation.
    BETWEEN_STEPS : bool
        True if t_ref may end between two steps; V is then held until the later one.
    """

    kind: str
    values: Mapping[str, Any]
    max_events: int | None = None
    is_source: ClassVar[bool] = False
    PARAMETERS: ClassVar[tuple[Parameter, ...]] = ()
    STATES: ClassVar[dict[str, str]] = {}
    CHOICES: ClassVar[tuple[str, ...]] = ()
    BETWEEN_STEPS: ClassVar[bool] = False

    def _describe(self, given: dict[str, Any]) -> None:
        self._set(kind=type(self).__name__, values=ReadOnlyDict(given))

    def __getattr__(self, name: str) -> Any:
        if name in self.__dict__.get("values", ()):
            return self.values[name]
        raise no_attribute(self, name, self.__dict__.get("values", ()))

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self.values]

    def check_size(self, size: int, where: str) -> None:
        """Check that every array has one value per neuron.

        Parameters
        ----------
        size : int
            Number of neurons.
        where : str
            Name of the population, for the message.

        Raises
        ------
        ParameterError
            If an array has another length.
        """
        for name, value in self.values.items():
            length = len(value) if isinstance(value, (np.ndarray, tuple)) else size
            if length != size:
                raise ParameterError(
                    f"{where}: {self.kind}.{name} has {length} values, must be {size}, one per neuron; "
                    "give as many values as neurons, or one number for all"
                )

    @public
    def replaced(self, **values: Any) -> Self:
        """Return the model with other values of some parameters.

        Parameters
        ----------
        **values
            Checked values by the names of parameters.

        Returns
        -------
        NeuronModel
        """
        changed = copy.copy(self)
        changed._set(values=ReadOnlyDict({**self.values, **values}))
        return changed

    def most_events(self, dt: float, where: str) -> int:
        """Return the largest number of events that one neuron can emit per step: 1 if it has a membrane.

        Parameters
        ----------
        dt : float
            Time step (ms).
        where : str
            Name of the population, for the message.

        Returns
        -------
        int
            At least 1.

        Raises
        ------
        ParameterError
            If more events are listed than `max_events` declares.
        """
        return 1

    @classmethod
    @public
    def parameters(cls) -> ParameterTable:
        """Return the parameters of the model with their defaults, units and meanings.

        Returns
        -------
        ParameterTable
            A tuple of named tuples that prints as a table.
        """
        return ParameterTable(cls.PARAMETERS)

    def __repr__(self) -> str:
        def text(value: Any) -> str:
            if isinstance(value, np.ndarray):
                return f"<{len(value)} values>"
            return f"{value:g}" if isinstance(value, float) else repr(value)

        return f"{type(self).__name__}({', '.join(f'{k}={text(v)}' for k, v in self.values.items())})"


class Membrane(NeuronModel):
    """Base class of neurons with a membrane potential.

    A subclass decorated with :func:`~gpusyn.equations.neurons.neuron` holds the description of a model and its
    equations; docs/adding_a_neuron.md shows how to write one.

    Attributes
    ----------
    COEFFICIENTS : type of NamedTuple
        Names of the model's coefficients, which its equations use in numpy and in CUDA.
    EXACT : bool
        True if the equations need all inputs to be linear currents, whose gates are then propagators into v.
    REST, THRESHOLD, RESET : str
        Names of three parameters: the potential from which V is counted and at which it starts, the potential at which
        a spike is emitted, and the potential to which a spike sets V (``""``: a spike leaves V alone).
    LIMITS : dict
        Limits of each parameter, as keywords of `gpusyn.parameters.values.values`.
    """

    REST: ClassVar[str] = "E_L"
    THRESHOLD: ClassVar[str] = "V_th"
    RESET: ClassVar[str] = "V_reset"
    LIMITS: ClassVar[dict[str, dict[str, Any]]] = {}
    COEFFICIENTS: ClassVar[type[NamedTuple]]
    EXACT: ClassVar[bool] = False

    @property
    def soma(self) -> Membrane:
        """The model of the compartment that spikes: this one."""
        return self

    def equations(self, *, only_currents: bool) -> str:
        """Return the name of the equations that run this model, one struct of ``kernels/neurons``.

        Parameters
        ----------
        only_currents : bool
            True if every receptor is a current whose gate needs no state per synapse.

        Returns
        -------
        str
            Name of a class in `gpusyn.equations.neurons.NEURONS`.
        """
        return self.kind

    @staticmethod
    def steady(V: Array, p: Mapping[str, Any]) -> list[Any]:
        """Return the steady states of the model at the potentials V (mV), in the order of STATES: here none."""
        return []

    @staticmethod
    def drive(current: Array, c: Any) -> Real:
        """Return D without receptors: the current I."""
        return current

    @staticmethod
    def adapt(x: Any, v: Array, current: Array, held: Array, c: Any) -> None:
        """Leave the states as they are, because the threshold has none."""

    @staticmethod
    def reaches(v: Array, x: Any, threshold: Real, c: Any) -> Array:
        """Return where V is at the threshold or above."""
        above: Array = v >= threshold
        return above

    @staticmethod
    def restart(v: Array, reset: Real, c: Any) -> Real:
        """Return the reset potential."""
        return reset

    @staticmethod
    def follow(x: Any, v: Array, reached: Array, fired: Array, c: Any) -> None:
        """Leave the states as they are, because there are none."""

    def _take(self, *given: Any) -> None:
        """Check the parameters, given in the order of PARAMETERS, and keep those that are there.

        A parameter without a default may be ``None``: the model then has none of this name.
        """
        kind = type(self).__name__
        if len(given) != len(self.PARAMETERS):
            raise ArgumentError(
                f"{kind}._take: must get the {len(self.PARAMETERS)} PARAMETERS in their order (got {len(given)} "
                f"values); give {', '.join(p.name for p in self.PARAMETERS)}"
            )
        kept = {
            p.name: values(value, None, f"{kind}.{p.name}", unit=p.unit, **self.LIMITS[p.name])
            for p, value in zip(self.PARAMETERS, given, strict=True)
            if value is not None or p.default is not None
        }
        self._set(**{p.name: None for p in self.PARAMETERS if p.name not in kept})
        check_lengths(kept, kind)
        self.check_reset(kept, kind)
        self._describe(kept)

    def check_reset(self, given: Mapping[str, Any], where: str) -> None:
        """Check that spikes reset V to below the threshold.

        Parameters
        ----------
        given : mapping of str to (float, ndarray or Distribution)
            All parameters by name.
        where : str
            Name of the model or the population, for the message.

        Raises
        ------
        ParameterError
            If a reset potential is not below the threshold.
        """
        if self.RESET:
            _reset_below_threshold(given[self.RESET], given[self.THRESHOLD], where, self.RESET, self.THRESHOLD)

    def check_drawn(self, drawn: Mapping[str, Any], where: str) -> None:
        """Check the values that were drawn from distributions.

        Parameters
        ----------
        drawn : mapping of str to (float or ndarray)
            All parameters by name, distributions replaced by one value per neuron.
        where : str
            Name of the population, for the message.

        Raises
        ------
        ParameterError
            If a value is out of range, or a reset potential is not below the threshold.
        """
        for name, limits in self.LIMITS.items():
            if isinstance(drawn.get(name), np.ndarray) and limits and "potential" not in limits:
                check_drawn(drawn[name], f"{where}.{name}", **limits)
        self.soma.check_drawn_reset(drawn, where)

    def check_drawn_reset(self, drawn: Mapping[str, Any], where: str) -> None:
        """Check that spikes reset V to below the threshold, for values that were drawn.

        Parameters
        ----------
        drawn : mapping of str to (float or ndarray)
            All parameters by name, distributions replaced by one value per neuron.
        where : str
            Name of the population, for the message.

        Raises
        ------
        ParameterError
            If a reset potential is not below the threshold.
        """
        if not self.RESET:
            return
        bad = np.flatnonzero(np.atleast_1d(np.asarray(drawn[self.RESET]) >= np.asarray(drawn[self.THRESHOLD])))
        if bad.size:
            raise ParameterError(
                f"{where}: {self.RESET} is not below {self.THRESHOLD} at neuron {bad[0]}; "
                "give the distributions low= and high="
            )


def decays(dt: float, rate: Any) -> tuple[Floats, Floats]:
    """Return exp(-rate dt) - 1 and exp(-rate dt / 2) - 1, the relative changes over a step and over half a step."""
    return expm1(-dt * rate), expm1(-0.5 * dt * rate)


def check_lengths(kept: Mapping[str, Any], kind: str) -> None:
    """Check that all arrays among the parameters of a model have the same length.

    Raises
    ------
    ParameterError
        If two differ.
    """
    lengths = {name: len(value) for name, value in kept.items() if isinstance(value, np.ndarray)}
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise ParameterError(f"{kind}: arrays must all have the same length, one value per neuron (got {listed})")


def _extent(value: Any) -> tuple[Floats, Floats]:
    """Return the smallest and largest value of a number, an array or a Uniform; of other distributions, the mean."""
    from gpusyn.parameters.distributions import Distribution, Uniform

    if isinstance(value, Distribution):
        low, high = value.bounds() if isinstance(value, Uniform) else (value.mean_value(),) * 2
        return np.array([low]), np.array([high])
    return np.atleast_1d(value), np.atleast_1d(value)


def _reset_below_threshold(reset: Any, threshold: Any, kind: str, name: str, limit: str) -> None:
    highest, lowest = np.broadcast_arrays(_extent(reset)[1], _extent(threshold)[0])
    wrong = np.flatnonzero(highest >= lowest)
    if wrong.size:
        k = int(wrong[0])
        place = f"{kind}.{name}[{k}]" if len(highest) > 1 else f"{kind}.{name}"
        raise ParameterError(
            f"{place}: must be below {limit} = {lowest[k]:g} mV (got {highest[k]:g}), "
            f"or the neuron would never stop spiking; lower {name} or raise {limit}"
        )
