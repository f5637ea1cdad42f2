"""How gpusyn expresses cell types of PyNN: formulas of parameters, receptors, and what all cell types have in common.

PyNN's names and units (nF, nA, uS) are kept wherever PyNN reads them; they become gpusyn's when a network is built.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar, NamedTuple

import numpy as np
from pyNN import errors
from pyNN.standardmodels import build_translations

from gpusyn.errors import GpusynError
from gpusyn.kinetics import Alpha, DualExponential, Exponential
from gpusyn.neurons import NeuronModel
from gpusyn.receptors import AMPA, CurrentReceptor, DeltaReceptor, Receptor

THOUSAND = 1e3  # nF, nA and uS are 1000 pF, pA and nS
GAP = "source_section.gap"  # PyNN's receptor type of electrical synapses
FOREVER = 1e9  # ms: PyNN's duration of a source that never stops is beyond
Values = Mapping[str, Any]  # PyNN's parameters of some cells, each a number or an array


class Formula(NamedTuple):
    """How a parameter of gpusyn follows from PyNN's, in words and as a function."""

    words: str
    value: Callable[[Values], Any]


class Variable(NamedTuple):
    """A variable of gpusyn, and by what PyNN's is larger."""

    name: str
    factor: float = 1.0


class Response(NamedTuple):
    """A receptor type: the PyNN parameters of which it is made, and gpusyn's unit of weight in PyNN's.

    `decay` is the place among the numbers of the time constant with which what arrived is over, None if it does not
    last.
    """

    name: str
    numbers: tuple[str, ...]
    make: Callable[..., Receptor]
    factor: float = THOUSAND
    decay: int | None = 0

    @property
    def unit(self) -> str:
        """PyNN's unit of weights."""
        if self.make is DeltaReceptor:
            return "mV"
        return "nA" if self.make in (current_exp, current_alpha) else "uS"

    def receptor(self, p: Values) -> Receptor:
        """Return the receptor of gpusyn; cells with other numbers have another one."""
        return self.make(self.name, *(float(np.ravel(p[number])[0]) for number in self.numbers))


def kept(names: Iterable[str]) -> Any:
    """Return translations by which PyNN keeps its names and units."""
    return build_translations(*((name, name) for name in names))


def same(name: str) -> Formula:
    """Return a formula that takes over a parameter."""
    return Formula(name, lambda p: p[name])


def scaled(name: str) -> Formula:
    """Return a formula that changes the unit of a parameter."""
    return Formula(f"1000 {name}", lambda p: THOUSAND * p[name])


def fixed(value: float) -> Formula:
    """Return a formula of a number that PyNN does not give."""
    return Formula(f"{value:g}, fixed", lambda p: value)


# ---- receptors: (name, numbers in the order of Response.numbers) ----
def conductance_exp(name: str, tau: float, e_rev: float) -> Receptor:
    """Return a conductance that decays exponentially."""
    return AMPA(name=name, kinetics=Exponential(tau), E_rev=e_rev)


def conductance_alpha(name: str, tau: float, e_rev: float) -> Receptor:
    """Return a conductance that follows an alpha function."""
    return AMPA(name=name, kinetics=Alpha(tau), E_rev=e_rev)


def conductance_beta(name: str, tau_rise: float, tau_decay: float, e_rev: float) -> Receptor:
    """Return a conductance that is the difference of two exponentials."""
    return AMPA(name=name, kinetics=DualExponential(tau_rise, tau_decay), E_rev=e_rev)


def current_exp(name: str, tau: float) -> Receptor:
    """Return a current that decays exponentially."""
    return CurrentReceptor(name, kinetics=Exponential(tau))


def current_alpha(name: str, tau: float) -> Receptor:
    """Return a current that follows an alpha function."""
    return CurrentReceptor(name, kinetics=Alpha(tau))


def both(make: Callable[..., Receptor], *numbers: str, factor: float = THOUSAND) -> tuple[Response, Response]:
    """Return the excitatory and the inhibitory receptor; `numbers` lack the ending of each."""
    decay = 0 if numbers else None
    return (
        Response("excitatory", tuple(f"{number}_E" for number in numbers), make, factor, decay),
        Response("inhibitory", tuple(f"{number}_I" for number in numbers), make, factor, decay),
    )


def whole_steps(t_ref: Any, dt: float) -> Any:
    """Return refractory times as whole steps, the next larger number of them, as NEST does."""
    return np.ceil(np.asarray(t_ref, np.float64) / dt - 1e-6) * dt


class Cell:
    """What the back end needs of a cell type, beside what PyNN does.

    Attributes
    ----------
    kind : type of NeuronModel
        gpusyn's model.
    responses : tuple of Response
        Receptors, in PyNN's order.
    own : dict of str to Response
        Receptors that the cell's own spikes open, by the parameter of PyNN by how much (nS).
    """

    kind: ClassVar[type[NeuronModel]]
    responses: tuple[Response, ...] = ()
    own: ClassVar[Mapping[str, Response]] = {}
    default_parameters: dict[str, Any]
    parameter_space: Any

    def __init_subclass__(cls, **given: Any) -> None:
        """Let PyNN keep its names and units."""
        super().__init_subclass__(**given)
        if isinstance(getattr(cls, "default_parameters", None), dict) and "translations" not in vars(cls):
            cls.translations = kept(cls.default_parameters)

    translations: Any

    @property
    def shared(self) -> tuple[str, ...]:
        """Parameters of which gpusyn has one number for each population."""
        return tuple(dict.fromkeys(number for one in self.every_response for number in one.numbers))

    @property
    def every_response(self) -> tuple[Response, ...]:
        """All receptors."""
        return (*self.responses, *self.own.values())

    def receptors(self, p: Values) -> list[Receptor]:
        """Return gpusyn's receptors of cells that share their numbers."""
        return [one.receptor(p) for one in self.every_response]

    def checked_receptors(self, p: Values, where: str) -> None:
        """Refuse numbers that no receptor of gpusyn can have.

        Raises
        ------
        InvalidParameterValueError
            If gpusyn refuses a value.
        """
        for one in self.every_response:
            try:
                one.receptor(p)
            except GpusynError as error:
                raise errors.InvalidParameterValueError(
                    f"{where}: {error} [{type(self).__name__}: {one.name} is made of {', '.join(one.numbers)}]"
                ) from error

    def model(self, p: Values, dt: float) -> NeuronModel:
        """Return gpusyn's model of some cells."""
        raise NotImplementedError

    def checked(self, p: Values, dt: float, where: str) -> NeuronModel:
        """Return gpusyn's model; errors are PyNN's.

        Raises
        ------
        InvalidParameterValueError
            If gpusyn refuses a value.
        """
        try:
            return self.model(p, dt)
        except GpusynError as error:
            raise errors.InvalidParameterValueError(f"{where}: {self.in_words(str(error))}") from error

    def in_words(self, message: str) -> str:
        """Return an error of gpusyn with what its names are in PyNN."""
        return message


class Neuron(Cell):
    """A cell type with a membrane."""

    formulas: Mapping[str, Formula]
    variables: Mapping[str, Variable]

    @property
    def settable(self) -> tuple[str, ...]:
        """Variables that have initial values: all but currents, which follow from others."""
        return tuple(name for name, one in self.variables.items() if not one.name.startswith("I_"))

    def native(self, p: Values, dt: float) -> dict[str, Any]:
        """Return the parameters of gpusyn's model of some cells."""
        found = {name: formula.value(p) for name, formula in self.formulas.items()}
        if "t_ref" in found:
            found["t_ref"] = whole_steps(found["t_ref"], dt)
        return {name: v if np.ndim(v) else float(v) for name, v in found.items()}

    def model(self, p: Values, dt: float) -> NeuronModel:
        """Return gpusyn's model of some cells."""
        return self.kind(**self.native(p, dt))

    def in_words(self, message: str) -> str:
        """Return an error of gpusyn with what its names are in PyNN."""
        told = set(re.findall(r"\w+", message))
        named = [f"{name} = {one.words}" for name, one in self.formulas.items() if name in told - {"a", "b"}]
        return f"{message} [{type(self).__name__}: {', '.join(named)}]" if named else message


class Source(Cell):
    """A cell type that only emits spikes."""
