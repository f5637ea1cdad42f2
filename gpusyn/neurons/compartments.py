"""Neurons of several compartments: a soma, which spikes, and passive dendrites around it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy.typing as npt

from gpusyn.errors import ArgumentError, ParameterError
from gpusyn.neurons.base import Membrane, check_lengths
from gpusyn.parameters.scalars import instance, public, show
from gpusyn.parameters.table import Parameter, ParameterTable
from gpusyn.parameters.values import values
from gpusyn.utils.calls import Hinting
from gpusyn.utils.immutable import Immutable, ReadOnlyDict
from gpusyn.utils.typing import Floats

if TYPE_CHECKING:
    from gpusyn.parameters.distributions import Distribution

__all__ = ["SOMA", "Compartments", "Dendrite"]

SOMA = "soma"  # name of the compartment that spikes


class Dendrite(Immutable, Hinting):
    """A passive dendrite of :class:`Compartments`: C_m dV/dt = -g_L (V - E_L) - g_c (V - V_soma) - sum I_syn + I.

    The defaults are a choice of this model, not values from a paper.

    Parameters
    ----------
    C_m : float, array or Distribution
        Membrane capacitance (pF), > 0.
    g_L : float, array or Distribution
        Leak conductance (nS), >= 0.
    E_L : float, array or Distribution
        Resting potential (mV), at which V of the dendrite starts.
    g_c : float, array or Distribution
        Conductance between the dendrite and the soma (nS), > 0.

    Raises
    ------
    ArgumentError
        If a value is not a number, an array or a distribution.
    ParameterError
        If a value is out of range, or two arrays differ in length.

    Examples
    --------
    >>> Dendrite(g_c=20.0)
    Dendrite(C_m=100, g_L=5, E_L=-70, g_c=20)
    """

    C_m: float | Floats | Distribution
    g_L: float | Floats | Distribution
    E_L: float | Floats | Distribution
    g_c: float | Floats | Distribution
    PARAMETERS: ClassVar[tuple[Parameter, ...]] = (
        Parameter("C_m", 100.0, "pF", "membrane capacitance"),
        Parameter("g_L", 5.0, "nS", "leak conductance"),
        Parameter("E_L", -70.0, "mV", "resting potential"),
        Parameter("g_c", 10.0, "nS", "conductance between the dendrite and the soma"),
    )
    LIMITS: ClassVar[dict[str, dict[str, Any]]] = {
        "C_m": {"above": 0.0},
        "g_L": {"low": 0.0},
        "E_L": {"potential": True},
        "g_c": {"above": 0.0},
    }

    @public
    def __init__(
        self,
        *,
        C_m: float | npt.ArrayLike | Distribution = 100.0,
        g_L: float | npt.ArrayLike | Distribution = 5.0,
        E_L: float | npt.ArrayLike | Distribution = -70.0,
        g_c: float | npt.ArrayLike | Distribution = 10.0,
    ) -> None:
        given = {"C_m": C_m, "g_L": g_L, "E_L": E_L, "g_c": g_c}
        kept = {
            p.name: values(given[p.name], None, f"Dendrite.{p.name}", unit=p.unit, **self.LIMITS[p.name])
            for p in self.PARAMETERS
        }
        check_lengths(kept, "Dendrite")
        self._set(**kept)

    @classmethod
    @public
    def parameters(cls) -> ParameterTable:
        """Return the parameters of a dendrite with their defaults, units and meanings.

        Returns
        -------
        ParameterTable
            A tuple of named tuples that prints as a table.
        """
        return ParameterTable(cls.PARAMETERS)

    def __repr__(self) -> str:
        given = ", ".join(f"{p.name}={_text(getattr(self, p.name))}" for p in self.PARAMETERS)
        return f"Dendrite({given})"


class Compartments(Membrane):
    """A neuron of several compartments: a soma and passive dendrites around it, each with receptors of its own.

    The dendrites form a star: each is coupled to the soma by its conductance `g_c`, and to no other. The soma spikes
    and is reset as a neuron without dendrites; only its V is compared with a threshold. A step advances the dendrites
    half a step at the soma's V, the soma a whole step at their V, and the dendrites half a step again (Strang 1968),
    each with the exact exponential of its linear equation: the error is of second order in dt between spikes. As in
    every neuron, the magnesium block of receptors at the soma is taken at V of the start of the step, which is of first
    order; on dendrites it is of second order.

    Parameters are those of the soma, and those of each dendrite with its name, such as ``"g_c_apical"``; `sim.get` and
    `sim.set` take these names.

    Parameters
    ----------
    soma : Membrane
        Model of the soma, such as ``gs.LIF()``; a model of your own is taken as well.
    dendrites : mapping of str to Dendrite
        Dendrites by name; at least one. A name has letters, digits and ``_``, and is not ``"soma"``.

    Attributes
    ----------
    soma : Membrane
        Model of the soma.
    dendrites : mapping of str to Dendrite
        Dendrites by name.

    Raises
    ------
    ArgumentError
        If the soma is no neuron model, or the dendrites are not given by name.
    ParameterError
        If there is no dendrite, a name is not possible, or two arrays differ in length.

    Examples
    --------
    >>> import gpusyn as gs
    >>> cell = gs.Compartments(soma=gs.LIF(), dendrites={"apical": gs.Dendrite(g_c=20.0)})
    >>> cell.g_c_apical, cell.V_th
    (20.0, -55.0)
    >>> net = gs.Network()
    >>> receptors = {"soma": [gs.GABA_A()], "apical": [gs.AMPA(), gs.NMDA()]}
    >>> cells = net.population("cells", 10, cell, receptors=receptors)
    >>> [receptor.name for receptor in cells.receptors]
    ['GABA_A', 'apical.AMPA', 'apical.NMDA']
    """

    dendrites: Mapping[str, Dendrite]
    _soma: Membrane

    @public
    def __init__(self, *, soma: Membrane, dendrites: Mapping[str, Dendrite]) -> None:
        instance(soma, Membrane, "Compartments.soma", "a neuron model such as gs.LIF()")
        if isinstance(soma, Compartments):
            raise ArgumentError("Compartments.soma: has dendrites itself; give them all to one Compartments")
        kept = _checked_dendrites(dendrites, soma)
        given, limits, parameters = dict(soma.values), dict(soma.LIMITS), list(soma.PARAMETERS)
        for name, dendrite in kept.items():
            for p in Dendrite.PARAMETERS:
                own = f"{p.name}_{name}"
                given[own], limits[own] = getattr(dendrite, p.name), Dendrite.LIMITS[p.name]
                parameters.append(Parameter(own, p.default, p.unit, f"{p.meaning} ({name})"))
        check_lengths(given, "Compartments")
        self._set(_soma=soma, dendrites=ReadOnlyDict(kept), LIMITS=limits, PARAMETERS=tuple(parameters))
        self._set(STATES=soma.STATES, CHOICES=soma.CHOICES, BETWEEN_STEPS=soma.BETWEEN_STEPS)
        self._set(REST=soma.REST, THRESHOLD=soma.THRESHOLD, RESET=soma.RESET)
        self._describe(given)

    @property
    def soma(self) -> Membrane:
        """The model of the soma."""
        return self._soma

    def equations(self, *, only_currents: bool) -> str:
        """Return the name of the equations of the soma, which take a conductance to each dendrite."""
        return self.soma.equations(only_currents=False)

    def check_reset(self, given: Mapping[str, Any], where: str) -> None:
        """Check that spikes reset V of the soma to below its threshold.

        Raises
        ------
        ParameterError
            If a reset potential is not below the threshold.
        """
        self.soma.check_reset(given, where)

    def __repr__(self) -> str:
        return f"Compartments(soma={self.soma!r}, dendrites={dict(self.dendrites)!r})"


def _checked_dendrites(given: Any, soma: Membrane) -> dict[str, Dendrite]:
    """Return dendrites by name, once names and objects are checked."""
    where = "Compartments.dendrites"
    if not isinstance(given, Mapping):
        raise ArgumentError(f'{where}: must be a dict such as {{"apical": gs.Dendrite()}} (got {show(given)})')
    if not given:
        raise ParameterError(f"{where}: must have at least one dendrite (got none); a neuron without is the soma alone")
    taken = {*soma.values, *soma.STATES}
    for name, dendrite in given.items():
        if not isinstance(name, str):
            raise ArgumentError(f"{where}: names must be str (got {show(name)})")
        if not name.isidentifier() or name == SOMA:
            raise ParameterError(
                f"{where}: a name must have letters, digits and '_' only, not begin with a digit, and not be 'soma' "
                f"(got {show(name)}); it becomes a part of names such as 'apical.AMPA' and 'V_apical'"
            )
        instance(dendrite, Dendrite, f"{where}[{name!r}]", "a gs.Dendrite")
        own = [f"V_{name}", f"Ca_{name}", *(f"{p.name}_{name}" for p in Dendrite.PARAMETERS)]
        clash = [one for one in own if one in taken]
        if clash:
            raise ParameterError(
                f"{where}: {name!r} would have {clash[0]!r}, which {soma.kind} has already; choose another name"
            )
        taken |= {*own}
    return dict(given)


def _text(value: Any) -> str:
    """Return a parameter in short."""
    if isinstance(value, float):
        return f"{value:g}"
    return repr(value) if not hasattr(value, "shape") else f"<{len(value)} values>"
