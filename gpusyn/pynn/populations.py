"""Populations, views and assemblies: cells with their parameters and initial values, as arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from pyNN import common, errors
from pyNN.parameters import LazyArray, ParameterSpace, Sequence, simplify

from gpusyn.network.populations import Selection
from gpusyn.pynn import state as simulator
from gpusyn.pynn.built_cells import BuiltCells
from gpusyn.pynn.recording import Recorder
from gpusyn.pynn.state import state
from gpusyn.pynn.translation import Neuron, Source
from gpusyn.pynn.values import evaluated, flat, merged

__all__ = ["Assembly", "Population", "PopulationView", "selected"]


class Access:
    """What populations and views have in common: they read and set values of a population's arrays."""

    size: int

    def _root(self) -> tuple[Population, Any]:
        """Return the population, and the indices of these cells in it."""
        raise NotImplementedError

    def _get_parameters(self, *names: str) -> Any:
        population, indices = self._root()
        known, found = population.celltype.get_parameter_names(), {}
        for name in names:
            if name not in known:
                raise errors.NonExistentParameterError(name, type(population.celltype).__name__, known)
            value = population._values[name]
            found[name] = simplify(value[indices]) if isinstance(value, np.ndarray) else value
        return ParameterSpace(found, shape=(self.size,))

    def _set_parameters(self, parameter_space: Any) -> None:
        population, indices = self._root()
        population._change({n: evaluated(v, self.size) for n, v in parameter_space.items()}, indices)

    def _set_initial_value_array(self, variable: str, value: Any) -> None:
        population, indices = self._root()
        population._initialize(variable, evaluated(value, self.size), indices)

    def _get_view(self, selector: Any, label: str | None = None) -> PopulationView:
        return PopulationView(self, selector, label)


class Assembly(common.Assembly):
    """Cells of several populations."""

    _simulator = simulator

    @property
    def receptor_types(self) -> list[str]:
        """Receptor types that all populations have, in the order of the first one."""
        first, *others = (one.celltype.receptor_types for one in self.populations)
        return [name for name in first if all(name in types for types in others)]


class PopulationView(Access, common.PopulationView):
    """Some cells of a population."""

    _simulator = simulator
    _assembly_class = Assembly

    def _root(self) -> tuple[Population, Any]:
        return self.grandparent, np.atleast_1d(self.index_in_grandparent(np.arange(self.size)))

    def initialize(self, **initial_values: Any) -> None:
        """Set initial values of these cells."""
        for variable, value in initial_values.items():
            self._set_initial_value_array(variable, LazyArray(value, shape=(self.size,), dtype=float))


class Population(BuiltCells, Access, common.Population):
    """Cells of one type."""

    _simulator = simulator
    _recorder_class = Recorder
    _assembly_class = Assembly

    def __init__(self, *given: Any, **named: Any) -> None:
        try:
            super().__init__(*given, **named)
        except BaseException:
            state.recorders.discard(getattr(self, "recorder", None))
            raise
        state.populations.append(self)

    def _create_cells(self) -> None:
        state.redescribe(f"Population '{self.label}'")
        if self.size < 1:
            raise ValueError(f"Population '{self.label}': size must be at least 1 (got {self.size}); leave it out")
        first = state.id_counter
        state.id_counter += self.size
        self.setups = state.setups
        self.all_cells = np.array([simulator.ID(k) for k in range(first, first + self.size)], simulator.ID)
        for cell in self.all_cells:
            cell.parent = self
        self._mask_local = np.ones(self.size, bool)
        if not isinstance(self.celltype, (Neuron, Source)):
            raise errors.InvalidModelError(
                f"Population '{self.label}': {type(self.celltype).__name__} is no cell type of pyNN.gpusyn; "
                "pyNN.gpusyn.list_standard_models() has them"
            )
        space = self.celltype.parameter_space
        space.shape = (self.size,)
        self._values = {}
        for name, value in flat(space):
            if name in self.celltype.translations:
                self._values[name] = evaluated(value, self.size)
        self._initial = {}
        self.number = len(state.populations)
        self.parts = ()
        self.late = []
        self._check(self._values)

    def _root(self) -> tuple[Population, Any]:
        return self, np.arange(self.size)

    def _check(self, values: Mapping[str, Any]) -> None:
        """Refuse values that gpusyn would refuse later.

        Raises
        ------
        InvalidParameterValueError
            If a value is out of range, or spike times do not increase.
        """
        where = f"Population '{self.label}'"
        given = values.get("spike_times", ())
        for times in [given] if isinstance(given, Sequence) else given:
            if not isinstance(times, Sequence) or np.ndim(times.value) != 1:
                raise errors.InvalidParameterValueError(
                    f"{where}: spike_times must be a list of times, or a list of lists, one for each cell (got {times})"
                )
            if np.any(np.diff(times.value) < 0):
                raise errors.InvalidParameterValueError(f"{where}: spike_times must increase (got {times}); sort them")
        p = self.of(np.arange(self.size), values)
        self.celltype.checked(p, state.dt, where)
        for indices in self._groups(values):
            self.celltype.checked_receptors(self.of(indices[:1], values), where)

    # ---- changing ----
    def _initialize(self, variable: str, value: Any, indices: Any) -> None:
        self.check_made()
        celltype = self.celltype
        settable = celltype.settable if isinstance(celltype, Neuron) else ()
        if variable not in settable:
            if isinstance(celltype, Neuron) and not np.any(value):
                return
            known = ", ".join(settable) or "nothing"
            raise errors.InvalidParameterValueError(
                f"Population '{self.label}': {type(celltype).__name__} has no variable {variable} that can be "
                f"initialized; {known} can"
            )
        with state.changing(f"Population '{self.label}', initialize({variable}=...)") as sim:
            if sim is not None:
                self._put(sim, variable, value, indices)
            self._initial[variable] = merged(self._initial.get(variable, 0.0), value, indices, self.size)

    def _change(self, given: Mapping[str, Any], indices: Any) -> None:
        """Set parameters of some cells."""
        self.check_made()
        new = {n: merged(self._values[n], v, indices, self.size) for n, v in given.items()}
        values = {**self._values, **new}
        self._check(values)
        with state.changing(f"Population '{self.label}', set({', '.join(given)})") as sim:
            if sim is not None:
                self._set_live(sim, values, set(new), indices)
            self._values = values


def selected(target: Any) -> tuple[Selection, Any]:
    """Return the selection of gpusyn that a population, view or assembly is, and the place of each of its cells."""
    pieces, places, first, count = [], np.empty(target.size, np.int64), 0, 0
    for one in getattr(target, "populations", [target]):
        population, indices = one._root()
        for selection, own in population.pieces(indices):
            pieces.append(selection)
            places[first + own] = count + np.arange(len(own))
            count += len(own)
        first += len(indices)
    return sum(pieces[1:], pieces[0]), places
