"""Access to the present values of state variables, by population and name."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from gpusyn.backends.base import Session
from gpusyn.builder.compile import Compiled
from gpusyn.builder.gating.strategy import SOURCE, TARGET
from gpusyn.builder.places import PlacedPopulation
from gpusyn.equations.kinetics import LUMPED
from gpusyn.equations.neurons import NEURONS
from gpusyn.errors import ParameterError
from gpusyn.kernels.arrays import array_name
from gpusyn.network.compartment_names import compartment_of
from gpusyn.network.populations import Population, Selection
from gpusyn.parameters.values import check_drawn, values
from gpusyn.simulation.drawn_sets import DrawnSets
from gpusyn.utils.typing import Array, Floats, Integers


class Row(NamedTuple):
    """The places of the neurons of a population in an array."""

    array: str
    places: slice


class StateAccess:
    """Read and replace V, the neuron models' own states, g_<receptor> and h_<receptor>."""

    def __init__(self, compiled: Compiled, session: Session, drawn: DrawnSets) -> None:
        self.compiled, self.layout, self.session, self.drawn = compiled, compiled.layout, session, drawn
        self.step = 0  # reached so far

    def _places(self, place: PlacedPopulation, variable: str) -> list[Row]:
        """Return (array, places of the neurons) of a variable; a gate on synapses is the sum of several."""
        signature = self.layout.groups[place.group].signature
        if (number := _potential(place.population, variable)) is not None:
            return [self._row(place, "V", number)]
        if variable in place.population.model.STATES:
            own = list(NEURONS[signature.neuron].STATES)
            return [self._row(place, "membrane", own.index(variable))]
        if (number := compartment_of(place.population, variable, "Ca")) is not None:
            return [self._row(place, "gates", signature.calcium_state + number)]
        kind, _, name = variable.partition("_")
        k = [r.name for r in place.population.receptors].index(name)
        row = signature.layout()[k]
        lumped = LUMPED[row.kinetics]
        states = lumped.VALUE if kind == "g" or not lumped.STATES else (1,)
        found = [self._row(place, "gates", row.state + state) for state in states]
        if row.synaptic >= 0:
            found.append(self._row(place, "synaptic", 2 * row.synaptic + 1))
        return found

    def _row(self, place: PlacedPopulation, array: str, row: int) -> Row:
        """Return the name of a group's array, and the places of the population's neurons in one of its rows."""
        spec = self.compiled.program.specs[array_name(array, group=place.group)]
        return Row(spec.name, self.layout.groups[place.group].places(place, row))

    def _check_calcium(self, selection: Selection, variable: str, where: str) -> None:
        """Refuse calcium that is not computed."""
        wanted = [p.name for p in selection.populations if compartment_of(p, variable, "Ca") is not None]
        if not all(self._has_calcium(name) for name in wanted):
            raise ParameterError(
                f"{where}.variable: '{variable}' is computed only where it is recorded; "
                f"add net.record({selection.name}, '{variable}')"
            )

    def _scale(self, place: PlacedPopulation, variable: str) -> Any:
        """Return the factor by which the bath scales a conductance now; None if it does not."""
        kind, _, name = variable.partition("_")
        names = [r.name for r in place.population.receptors]
        bath = self.compiled.inputs.bath
        return bath.scale(place.population.name, names.index(name), self.step) if kind == "g" else None

    def _has_calcium(self, population: str) -> bool:
        return self.layout.groups[self.layout.populations[population].group].signature.calcium

    def get(self, selection: Selection, variable: str) -> Array:
        """Return a copy, one value per neuron in the order of the selection; of those without places it is 0."""
        self._check_calcium(selection, variable, "Simulator.get()")
        parts = []
        for population, ids in selection.parts:
            place = self.layout.populations[population.name]
            total: Any = 0
            for array, places in self._places(place, variable):
                total = total + self.session.read(array, places.start, places.stop)
            if (scale := self._scale(place, variable)) is not None:
                total = scale * total
            if _potential(population, variable) is not None:
                total = (total.astype(np.float64) + self._rest(place)).astype(total.dtype)
            (here, own), found = place.here(ids), np.zeros(len(ids), total.dtype)
            found[here] = total[own]
            parts.append(found)
        return np.concatenate(parts)

    def set(self, selection: Selection, variable: str, given: Any, where: str) -> None:
        """Replace the values of a selection, once all are checked; the other neurons of each population keep theirs."""
        self._check_calcium(selection, variable, "Simulator.set()")
        potential = _potential(selection.populations[0], variable) is not None
        limits: dict[str, Any] = {"unit": "mV", "potential": True} if potential else {}
        if variable.startswith("g_"):
            limits = {"unit": "nS", "low": 0.0}
        limits |= _own_limits(selection, variable)
        new = self.drawn.draw(values(given, selection.size, where, **limits), selection.size, where)
        new = np.broadcast_to(np.asarray(new, np.float64), selection.size)
        if not limits.pop("potential", False):
            check_drawn(new, where, **limits)
        writes, offset = [], 0
        for population, ids in selection.parts:
            place = self.layout.populations[population.name]
            here, own = place.here(ids)
            part = self._stored(place, variable, own, new[offset : offset + len(ids)][here], where)
            writes.append((self._settable(place, variable, where), own, part))
            offset += len(ids)
        for (array, places), own, part in writes:
            if own.size:
                present = self.session.read(array, places.start, places.stop)
                present[own] = part
                self.session.write(array, present, places.start)
        self.drawn.used(given, where)

    def _settable(self, place: PlacedPopulation, variable: str, where: str) -> Row:
        """Return the array and the places of the neurons of a variable that can be set."""
        name = variable.partition("_")[2]
        population, arrays = place.population, self._places(place, variable)
        owners = {s.owner for r, s in zip(population.receptors, place.strategies, strict=True) if r.name == name}
        owners = set() if _potential(population, variable) is not None else owners  # a dendrite, not a receptor
        if owners - {TARGET}:
            raise ParameterError(
                f"{where}: the gates of this receptor are on the {'sources' if SOURCE in owners else 'synapses'}; "
                "the variable can be read but not set"
            )
        if len(arrays) > 1:
            raise ParameterError(f"{where}: this gate is a sum of {len(arrays)} states; it can be read, not set")
        return arrays[0]

    def _stored(self, place: PlacedPopulation, variable: str, own: Integers, new: Floats, where: str) -> Floats:
        """Return the form in which new values are stored: V without rest, conductances without the bath's factor.

        `own` are the places of their neurons among those of the population.
        """
        if _potential(place.population, variable) is not None:
            return np.asarray(new - self._rest(place)[own])
        scale = self._scale(place, variable)
        if scale is None:
            return new
        if scale == 0:
            raise ParameterError(
                f"{where}: the bath leaves no conductance of this receptor now; wash the drug out first"
            )
        return np.asarray(new / scale)

    def _rest(self, place: PlacedPopulation) -> Array:
        """Return the potential from which V is counted, in double precision (mV)."""
        rest: Array = self.compiled.neurons[place.group].rest
        return rest[place.neurons]


def _potential(population: Population, variable: str) -> int | None:
    """Return the number of the compartment whose potential a variable is, None if it is another."""
    return compartment_of(population, variable, "V")


def _own_limits(selection: Selection, variable: str) -> dict[str, Any]:
    """Return the limits of a state of a neuron model; a state without a unit is an open fraction of channels."""
    unit = next((p.model.STATES.get(variable) for p in selection.populations), None)
    if unit is None:
        return {}
    return {"low": 0.0, "high": 1.0} if unit == "1" else {"unit": unit}
