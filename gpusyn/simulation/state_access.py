"""Access to the present values of state variables, by population and name."""

from __future__ import annotations

from typing import Any

import numpy as np

from gpusyn.backends.base import Session
from gpusyn.builder.compile import Compiled
from gpusyn.builder.gating.strategy import SOURCE, TARGET
from gpusyn.builder.layout import PlacedPopulation
from gpusyn.builder.neuron_tables import drawn
from gpusyn.equations.kinetics import LUMPED
from gpusyn.errors import ArgumentError, ParameterError
from gpusyn.kernels.arrays import array_name
from gpusyn.network.populations import Selection
from gpusyn.numerics.rng import StreamPurpose
from gpusyn.parameters.scalars import instance, one_of
from gpusyn.parameters.values import values
from gpusyn.utils.typing import Array


class StateAccess:
    """Read and replace V, the neuron models' own states, g_<receptor> and h_<receptor>."""

    def __init__(self, compiled: Compiled, session: Session) -> None:
        self.compiled, self.layout, self.session = compiled, compiled.layout, session
        self.step = 0  # reached so far

    def _places(self, place: PlacedPopulation, variable: str) -> list[tuple[str, int]]:
        """Return (array, place of the first neuron) of a variable; a gate on synapses is the sum of several."""
        signature = self.layout.groups[place.group].signature
        if variable == "V":
            return [self._row(place, "V", 0)]
        own = list(place.population.model.STATES)
        if variable in own:
            return [self._row(place, "membrane", own.index(variable))]
        if variable == "Ca":
            return [self._row(place, "gates", signature.n_states - 1)]
        kind, _, name = variable.partition("_")
        k = [r.name for r in place.population.receptors].index(name)
        row = signature.layout()[k]
        lumped = LUMPED[row.kinetics]
        states = lumped.VALUE if kind == "g" or not lumped.STATES else (1,)
        found = [self._row(place, "gates", row.state + state) for state in states]
        if row.synaptic >= 0:
            found.append(self._row(place, "synaptic", 2 * row.synaptic + 1))
        return found

    def _row(self, place: PlacedPopulation, array: str, row: int) -> tuple[str, int]:
        """Return the name of a group's array, and the place of the population's first neuron in one of its rows."""
        spec = self.compiled.program.specs[array_name(array, group=place.group)]
        return spec.name, row * spec.shape[-1] + place.first

    def _variable(self, selection: Any, variable: Any, where: str) -> str:
        instance(selection, Selection, f"{where}.population", "a population or selection")
        for population, _ in selection.parts:
            if self.layout.net.populations.get(population.name) is not population:
                raise ArgumentError(
                    f"{where}.population: '{population.name}' belongs to another network; use one of this network"
                )
        known = [v for v in _common(selection) if not v.startswith(("I_", "B_"))]
        if variable == "Ca" and not all(self._has_calcium(population.name) for population, _ in selection.parts):
            raise ParameterError(
                f"{where}.variable: 'Ca' is computed only where it is recorded; add net.record({selection.name}, 'Ca')"
            )
        return one_of(variable, known, f"{where}.variable")

    def _scale(self, place: PlacedPopulation, variable: str) -> Any:
        """Return the factor by which the bath scales a conductance now; None if it does not."""
        kind, _, name = variable.partition("_")
        names = [r.name for r in place.population.receptors]
        bath = self.compiled.inputs.bath
        return bath.scale(place.population.name, names.index(name), self.step) if kind == "g" else None

    def _has_calcium(self, population: str) -> bool:
        return self.layout.groups[self.layout.populations[population].group].signature.calcium

    def get(self, selection: Selection, variable: str) -> Array:
        """Return a copy, one value per neuron in the order of the selection."""
        variable = self._variable(selection, variable, "Simulator.get()")
        parts = []
        for population, ids in selection.parts:
            place = self.layout.populations[population.name]
            total: Any = 0
            for array, start in self._places(place, variable):
                total = total + self.session.read(array, start, start + place.size)
            if (scale := self._scale(place, variable)) is not None:
                total = scale * total
            if variable == "V":
                total = (total.astype(np.float64) + self._rest(place)).astype(total.dtype)
            parts.append(total[np.asarray(ids)])
        return np.concatenate(parts)

    def set(self, selection: Selection, variable: str, given: Any, seed: int) -> None:
        """Replace the values of a selection; the other neurons of each population keep theirs."""
        variable = self._variable(selection, variable, "Simulator.set()")
        where = f"Simulator.set({selection.name!r}, {variable!r})"
        is_v = variable == "V"
        limits: dict[str, Any] = {"unit": "mV", "potential": True} if is_v else {}
        kind, _, name = variable.partition("_")
        if kind == "g":
            limits = {"unit": "nS", "low": 0.0}
        limits |= _own_limits(selection, variable)
        new = drawn(values(given, selection.size, where, **limits), selection.size, where, seed, StreamPurpose.SET)
        new = np.broadcast_to(np.asarray(new, np.float64), selection.size)
        offset = 0
        for population, ids in selection.parts:
            place = self.layout.populations[population.name]
            arrays = self._places(place, variable)
            owners = {s.owner for r, s in zip(population.receptors, place.strategies, strict=True) if r.name == name}
            if owners - {TARGET}:
                raise ParameterError(
                    f"{where}: the gates of this receptor are on the {'sources' if SOURCE in owners else 'synapses'}; "
                    "the variable can be read but not set"
                )
            if len(arrays) > 1:
                raise ParameterError(f"{where}: this gate is a sum of {len(arrays)} states; it can be read, not set")
            array, start = arrays[0]
            present = self.session.read(array, start, start + place.size)
            part = new[offset : offset + len(ids)]
            if (scale := self._scale(place, variable)) is not None:
                if scale == 0:
                    raise ParameterError(
                        f"{where}: the bath leaves no conductance of this receptor now; wash the drug out first"
                    )
                part = part / scale
            present[np.asarray(ids)] = part - self._rest(place)[np.asarray(ids)] if is_v else part
            self.session.write(array, present, start)
            offset += len(ids)

    def _rest(self, place: PlacedPopulation) -> Array:
        """Return the potential from which V is counted, in double precision (mV)."""
        rest: Array = self.compiled.neurons[place.group].rest
        return rest[place.first : place.first + place.size]


def _own_limits(selection: Selection, variable: str) -> dict[str, Any]:
    """Return the limits of a state of a neuron model; a state without a unit is an open fraction of channels."""
    unit = next((p.model.STATES.get(variable) for p, _ in selection.parts), None)
    if unit is None:
        return {}
    return {"low": 0.0, "high": 1.0} if unit == "1" else {"unit": unit}


def _common(selection: Selection) -> list[str]:
    names = [list(p.variables) for p, _ in selection.parts]
    return [v for v in names[0] if all(v in other for other in names)] if names else []
