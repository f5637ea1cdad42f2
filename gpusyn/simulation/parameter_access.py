"""Access to the parameters of neuron models between runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from gpusyn.backends.base import Session
from gpusyn.builder.compile import Compiled
from gpusyn.builder.inputs.courses import Write
from gpusyn.builder.neuron_tables import NeuronTables, on_grid
from gpusyn.builder.places import PlacedPopulation
from gpusyn.equations.neurons import Parameters
from gpusyn.errors import ParameterError
from gpusyn.kernels.arrays import array_name
from gpusyn.network.populations import Population, Selection
from gpusyn.neurons import Membrane, NeuronModel
from gpusyn.parameters.values import check_drawn, values
from gpusyn.simulation.drawn_sets import DrawnSets
from gpusyn.utils.typing import Array, Floats, Integers


class Change(NamedTuple):
    """New parameters of one population, and the first and one past the last neuron whose I_e changes."""

    place: PlacedPopulation
    parameters: Parameters
    coefficients: list[Any]  # empty: only I_e changes
    first: int
    stop: int


class Piece(NamedTuple):
    """New values of some neurons of a population: one number, or one each."""

    ids: Integers
    values: float | Floats


class ParameterAccess:
    """Read and replace the parameters of neuron models."""

    def __init__(self, compiled: Compiled, session: Session, drawn: DrawnSets) -> None:
        self.compiled, self.session, self.drawn = compiled, session, drawn

    def _of(self, population: Population) -> tuple[PlacedPopulation, NeuronTables]:
        place = self.compiled.layout.populations[population.name]
        return place, self.compiled.neurons[place.group]

    def get(self, selection: Selection, name: str) -> Floats:
        """Return the values in force, one per neuron in the order of the selection; 0 of those without places."""
        parts = []
        for population, ids in selection.parts:
            place, tables = self._of(population)
            (here, own), found = place.here(ids), np.zeros(len(ids))
            value = np.asarray(tables.parameters[population.name][name], np.float64)
            found[here] = np.broadcast_to(value, place.kept)[own]
            parts.append(found)
        return np.concatenate(parts)

    def set(self, selection: Selection, name: str, given: Any, where: str) -> None:
        """Replace a parameter of a selection; nothing is written before everything is checked."""
        pieces: dict[Population, list[Piece]] = {}
        offset = 0
        for population, ids in selection.parts:
            new = self._checked(population.model, selection.size, name, given, where)
            part = new[offset : offset + len(ids)] if isinstance(new, np.ndarray) else new
            pieces.setdefault(population, []).append(Piece(ids, part))
            offset += len(ids)
        changes = [self._change(population, own, name, where) for population, own in pieces.items()]
        for change in changes:
            self.compiled.junctions.check(change.place, change.parameters)
        for change in changes:
            self._apply(change)
        self.drawn.used(given, where)

    def put(self, population: Population, parameters: dict[str, Any]) -> None:
        """Put all parameters of a population in force, which were in force before; arrays have all its neurons."""
        place, _ = self._of(population)
        here = slice(*place.hull)
        own = {name: x[here] if isinstance(x, np.ndarray) and x.ndim else x for name, x in parameters.items()}
        self._apply(self._described(place, Parameters(population.model.kind, own)))

    def _checked(self, model: NeuronModel, size: int, name: str, given: Any, where: str) -> float | Floats:
        """Return new values of a parameter, one number or one for each neuron of a selection."""
        assert isinstance(model, Membrane)
        limits, unit = model.LIMITS[name], next(p.unit for p in model.PARAMETERS if p.name == name)
        checked = values(given, size, where, unit=unit, **limits)
        new: float | Floats = self.drawn.draw(checked, size, where)
        if new is checked:
            return new
        if "potential" not in limits:
            check_drawn(np.asarray(new), where, **limits)
        drawn: Floats = on_grid(name, new, self.compiled.layout.dt)
        return drawn

    def _change(self, population: Population, pieces: list[Piece], name: str, where: str) -> Change:
        place, tables = self._of(population)
        old, (ids, value) = tables.parameters[population.name], pieces[0]
        if len(ids) < place.size or isinstance(value, np.ndarray):
            if place.uniform and name != "I_e":
                raise ParameterError(
                    f"{where}: all neurons of '{population.name}' share one {name}, which is stored once; "
                    f"set one number for all of them, or give the model an array of {place.size} values of it when the "
                    "population is made"
                )
            everyone = np.array(np.broadcast_to(np.asarray(old[name], np.float64), place.kept))
            for ids, part in pieces:
                here, own = place.here(ids)
                everyone[own] = part[here] if isinstance(part, np.ndarray) else part
            value = everyone
        p = Parameters(population.model.kind, {**old, name: value})
        if name == "I_e":
            return Change(place, p, [], int(min(i[0] for i, _ in pieces)), int(max(i[-1] for i, _ in pieces)) + 1)
        return self._described(place, p)

    def _described(self, place: PlacedPopulation, p: Parameters) -> Change:
        """Return the change of a population to given parameters, once they are checked together."""
        model = place.population.model
        assert isinstance(model, Membrane)
        model.check_reset(p, f"Population '{place.population.name}'")
        coefficients = self.compiled.neurons[place.group].coefficients(place, p)
        return Change(place, p, coefficients, 0, place.size)

    def _apply(self, change: Change) -> None:
        """Put new parameters in force; the absolute V of each neuron stays."""
        place, p, coefficients, first, stop = change
        tables = self.compiled.neurons[place.group]
        tables.parameters[place.population.name] = p
        tables.current[place.neurons] = p["I_e"]
        writes = [self.compiled.current_write(place, first, stop)]
        if coefficients:
            writes += self._coefficient_writes(place, coefficients)
            writes += self._rest_writes(place, p[place.population.model.REST])
        for write in writes:
            if write.values.size:
                self.session.write(*write)

    def _coefficient_writes(self, place: PlacedPopulation, coefficients: list[Any]) -> Iterator[Write]:
        rows = self.compiled.layout.groups[place.group].rows
        real = self.compiled.layout.numbers.real_dtype
        for k, value in enumerate(coefficients):
            new: Array = np.array(np.broadcast_to(value, place.rows), real)
            yield Write(array_name("coef", group=place.group), new, k * rows + place.row)

    def _rest_writes(self, place: PlacedPopulation, rest: Any) -> Iterator[Write]:
        """Move the potential from which V is counted; yield the values of both."""
        before = self.compiled.neurons[place.group].rest[place.neurons]
        if (before == rest).all():
            return
        name, real = array_name("V", group=place.group), self.compiled.layout.numbers.real_dtype
        old = before.copy()
        before[:] = rest
        group = self.compiled.layout.groups[place.group]
        for compartment in range(group.signature.compartments):
            own = group.places(place, compartment)
            V = self.session.read(name, own.start, own.stop)
            # V of neurons whose rest stays keeps its bits, on a rank with others and on one without
            moved = np.where(before == old, V, ((V.astype(np.float64) + old) - before).astype(real))
            yield Write(name, moved, own.start)
            yield Write(array_name("rest", group=place.group), before.astype(real), own.start)

    def restore(self) -> None:
        """Put the described parameters in force again."""
        for tables in self.compiled.neurons:
            for place in tables.group.members:
                name = place.population.name
                if tables.parameters[name] is not tables.described[name]:
                    self._apply(self._described(place, tables.described[name]))
