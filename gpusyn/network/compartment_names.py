"""Compartments by the names that users give: a dendrite, or the "V" or "Ca" of one in the name of a variable."""

from __future__ import annotations

from typing import Any

from gpusyn.network.compartments import names_of
from gpusyn.network.populations import Population, Selection
from gpusyn.parameters.scalars import one_of


def checked_compartment(target: Selection, name: Any, where: str) -> str:
    """Return the name of a compartment that all populations of a selection have.

    Raises
    ------
    ArgumentError
        If the name is not a str.
    UnknownNameError
        If a population has no such compartment.
    """
    for population in target.populations:
        one_of(name, names_of(population.model), f"{where}: population {population.name!r}")
    kept: str = name
    return kept


def number_of(population: Population, compartment: str) -> int:
    """Return the number of a compartment of a population, 0 for the soma."""
    return names_of(population.model).index(compartment)


def compartment_of(population: Population, variable: str, kind: str) -> int | None:
    """Return the number of the compartment whose ``"V"`` or ``"Ca"`` (`kind`) a variable is; None if it is another.

    The soma's has no name, as in ``"V"``; that of a dendrite does, as in ``"V_apical"``.
    """
    known = [kind, *(f"{kind}_{compartment.name}" for compartment in population.compartments[1:])]
    return known.index(variable) if variable in known else None
