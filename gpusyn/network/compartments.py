"""The compartments of a population: their receptors, initial potentials and calcium, by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from gpusyn.errors import ArgumentError, ParameterError
from gpusyn.network.population_checks import checked_receptors
from gpusyn.neurons import NeuronModel
from gpusyn.neurons.compartments import SOMA, Compartments
from gpusyn.parameters.scalars import instance, one_of, show
from gpusyn.parameters.values import values
from gpusyn.receptors import Receptor
from gpusyn.receptors.calcium import Calcium


class Compartment(NamedTuple):
    """One compartment of the neurons of a population.

    Attributes
    ----------
    name : str
        ``"soma"``, or the name of a dendrite.
    V : float, ndarray of float64, shape (size,), Distribution or None
        Initial potential (mV); ``None``: at rest.
    calcium : Calcium
        Parameters of the calcium trace, which is computed if it is recorded.
    """

    name: str
    V: Any
    calcium: Calcium


class PlacedReceptor(NamedTuple):
    """A receptor with its name in the population, as it was given, and the number of its compartment (0: the soma)."""

    receptor: Receptor
    given: Receptor
    compartment: int


def names_of(model: NeuronModel) -> tuple[str, ...]:
    """Return the names of the compartments of a model, the soma first; of a spike source none."""
    if model.is_source:
        return ()
    return (SOMA, *model.dendrites) if isinstance(model, Compartments) else (SOMA,)


def placed_receptors(given: Any, model: NeuronModel, where: str) -> tuple[PlacedReceptor, ...]:
    """Return the receptors of a population by compartment; those of a dendrite get its name before their own.

    Raises
    ------
    ArgumentError
        If receptors are not given as a list, or of several compartments not as a dict of lists.
    ParameterError
        If two receptors of a compartment have the same name, or a spike source is given any.
    UnknownNameError
        If the model has no such compartment.
    """
    names = names_of(model)
    if not isinstance(given, Mapping):
        none = isinstance(given, (tuple, list)) and not given
        if len(names) > 1 and not none:
            raise ArgumentError(
                f"{where}: must be a dict by compartment ({', '.join(names)}), such as "
                f"{{{names[1]!r}: [gs.AMPA()]}} (got {show(given)})"
            )
        return tuple(PlacedReceptor(r, r, 0) for r in checked_receptors(given, model, where))
    if len(names) < 2:
        raise ArgumentError(
            f"{where}: a {model.kind} has no dendrites, so receptors must be a list such as [gs.AMPA(), gs.GABA_A()] "
            f"(got {show(given)}); gs.Compartments has several compartments"
        )
    for key in given:
        one_of(key, names, f"{where}: compartment")
    placed = [PlacedReceptor(r, r, 0) for r in checked_receptors(given.get(SOMA, ()), model, f"{where}['soma']")]
    for number, name in enumerate(names[1:], 1):
        own = checked_receptors(given.get(name, ()), model, f"{where}[{name!r}]")
        placed += [PlacedReceptor(r.renamed(f"{name}.{r.name}"), r, number) for r in own]
    twice = [p.receptor.name for k, p in enumerate(placed) if p.receptor.name in {q.receptor.name for q in placed[:k]}]
    if twice:
        raise ParameterError(f"{where}: two receptors are named {twice[0]!r}; give the one at the soma another name=")
    return tuple(placed)


def check_variables(placed: tuple[PlacedReceptor, ...], model: NeuronModel, where: str) -> None:
    """Check that no variable of a receptor has the name of a parameter or a state of the neurons.

    Raises
    ------
    ParameterError
        If one has, as ``"g_L"`` of a receptor ``"L"`` has that of a leak.
    """
    for receptor, given, _ in placed:
        for variable in receptor.variables:
            if variable in model.values or variable in model.STATES:
                raise ParameterError(
                    f"{where}: {given.name!r} would have {variable!r}, which {model.kind} has already; choose another "
                    f"name, as in gs.{given.kind}(name={given.name + '_2'!r})"
                )


def compartments_of(V: Any, calcium: Any, model: NeuronModel, size: int, where: str) -> tuple[Compartment, ...]:
    """Return the compartments of a population, given initial potentials and calcium for the soma, or as dicts by name.

    Calcium that is not given by name is that of all compartments.

    Raises
    ------
    ArgumentError
        If something else is given.
    ParameterError
        If a potential is out of range, or given to a spike source.
    UnknownNameError
        If the model has no such compartment.
    """
    names = names_of(model)
    if V is not None and model.is_source:
        raise ParameterError(f"{where}.V: a {model.kind} has no membrane potential (got {show(V)}); drop V=")
    potentials = _by_name(V, names, f"{where}.V", {SOMA: V})
    calcium = Calcium() if calcium is None else calcium
    traces = _by_name(calcium, names, f"{where}.calcium", dict.fromkeys(names or (SOMA,), calcium))
    for trace in traces.values():
        instance(trace, Calcium, f"{where}.calcium", "gs.Calcium(...)")
    found = []
    for name in names:
        start, place = potentials.get(name), f"{where}.V" if V is potentials.get(name) else f"{where}.V[{name!r}]"
        start = None if start is None else values(start, size, place, unit="mV", potential=True)
        found.append(Compartment(name, start, traces.get(name, Calcium())))
    return tuple(found)


def _by_name(given: Any, names: tuple[str, ...], where: str, plain: dict[str, Any]) -> Mapping[str, Any]:
    """Return what is given by the names of compartments, or `plain` if it is not given by name."""
    if not isinstance(given, Mapping):
        return plain
    for key in given:
        one_of(key, names, f"{where}: compartment")
    return given


def without_soma(name: Any) -> Any:
    """Return the name of a receptor at the soma without that of the soma, and others as they are.

    >>> without_soma("soma.AMPA"), without_soma("apical.AMPA")
    ('AMPA', 'apical.AMPA')
    """
    return name.removeprefix(f"{SOMA}.") if isinstance(name, str) else name
