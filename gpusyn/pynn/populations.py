"""Populations, views and assemblies: cells with their parameters and initial values, as arrays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from pyNN import common, errors
from pyNN.parameters import LazyArray, ParameterSpace, Sequence, simplify

from gpusyn.errors import GpusynError
from gpusyn.network.network import Network
from gpusyn.network.populations import Population as Cells
from gpusyn.network.populations import Selection
from gpusyn.pynn import state as simulator
from gpusyn.pynn.courses import added
from gpusyn.pynn.models import FOREVER, Neuron, RateSource, Source, Values
from gpusyn.pynn.recording import Recorder
from gpusyn.pynn.state import state
from gpusyn.simulation.simulator import Simulator

__all__ = ["Assembly", "Population", "PopulationView", "selected"]

MOST_PARTS = 1000
HEADROOM = 10.0  # by what rates may grow later, if setup does not say it
LEAST_RATE = 1000.0  # Hz: up to which rates of 0 may grow


class Part(NamedTuple):
    """Cells of a population that share the numbers of their receptors: indices, and the population of gpusyn."""

    indices: Any
    cells: Cells


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


def evaluated(value: Any, size: int) -> Any:
    """Return a lazy value as a number (or a Sequence), or as an array of one for each cell."""
    value.shape = (size,)
    if value.is_homogeneous:
        found = value.evaluate(simplify=True)
        return float(found) if isinstance(found, (int, float, np.number)) else found
    return np.asarray(value.evaluate(simplify=False)).reshape(size)


def merged(old: Any, new: Any, indices: Any, size: int) -> Any:
    """Return values of all cells in which some are new."""
    if len(indices) == size and not isinstance(new, np.ndarray):
        return new
    array = np.empty(size, object if isinstance(old, Sequence) or isinstance(new, Sequence) else None)
    if array.dtype != object:
        array = np.array(np.broadcast_to(old, size), np.asarray(old).dtype)
    elif isinstance(old, np.ndarray):
        array[:] = old
    else:
        array[:] = [old] * size
    array[indices] = new
    return array


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


class Population(Access, common.Population):
    """Cells of one type."""

    _simulator = simulator
    _recorder_class = Recorder
    _assembly_class = Assembly

    def _create_cells(self) -> None:
        state.redescribe(f"Population '{self.label}'")
        first = state.id_counter
        state.id_counter += self.size
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
        self._values: dict[str, Any] = {}
        for name, value in flat(space):
            if name in self.celltype.translations:
                self._values[name] = evaluated(value, self.size)
        self._initial: dict[str, Any] = {}
        self.number = len(state.populations)
        self.parts: tuple[Part, ...] = ()
        self.late: list[tuple[Any, Any]] = []  # electrodes that came while time ran, with the indices of their cells
        self._check(self._values)
        state.populations.append(self)

    def _root(self) -> tuple[Population, Any]:
        return self, np.arange(self.size)

    @property
    def is_rate_source(self) -> bool:
        """True for sources that draw their spikes at rates."""
        return isinstance(self.celltype, RateSource)

    def of(self, indices: Any, values: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Return the parameters of some cells, numbers where all cells of the population share them."""
        chosen = {}
        for name, value in (self._values if values is None else values).items():
            if isinstance(value, Sequence):
                chosen[name] = [value.value] * len(indices)
            elif isinstance(value, np.ndarray) and value.dtype == object:
                chosen[name] = [one.value for one in value[indices]]
            else:
                chosen[name] = value[indices] if isinstance(value, np.ndarray) else value
        return chosen

    def _check(self, values: Mapping[str, Any]) -> None:
        """Refuse values that gpusyn would refuse later.

        Raises
        ------
        InvalidParameterValueError
            If a value is out of range, or spike times do not increase.
        """
        p = self.of(np.arange(self.size), values)
        for times in p.get("spike_times", ()):
            if np.any(np.diff(times) < 0):
                raise errors.InvalidParameterValueError(
                    f"Population '{self.label}': spike_times must increase (got {times}); sort them"
                )
        where = f"Population '{self.label}'"
        self.celltype.checked(p, state.dt, where)
        for indices in self._groups(values):
            self.celltype.checked_receptors(self.of(indices[:1], values), where)

    # ---- building ----
    def build(self, network: Network) -> None:
        """Add the cells to a network, in parts that share the numbers of their receptors."""
        groups = list(self._groups(self._values))
        self.part_of, self.place = np.empty(self.size, np.int64), np.empty(self.size, np.int64)
        parts = []
        for k, indices in enumerate(groups):
            name = f"population {self.number}" + (f" part {k}" if len(groups) > 1 else "")
            parts.append(Part(indices, self._made(network, name, indices)))
            self.part_of[indices], self.place[indices] = k, np.arange(len(indices))
        self.parts = tuple(parts)
        self._rates: Any = None
        self.late = []
        if isinstance(self.celltype, Neuron):  # a constant current of 0 costs nothing
            self._spare = [network.inject(p.cells, 0.0, name=f"later electrodes of {p.cells.name}") for p in parts]

    def _groups(self, values: Mapping[str, Any]) -> Iterator[Any]:
        """Yield the indices of the cells that can be one population of gpusyn."""
        differ = [values[name] for name in self.celltype.shared if isinstance(values[name], np.ndarray)]
        if not differ:
            yield np.arange(self.size)
            return
        found, kind = np.unique(np.stack(differ), axis=1, return_inverse=True)
        if found.shape[1] > MOST_PARTS:
            names = ", ".join(n for n in self.celltype.shared if isinstance(values[n], np.ndarray))
            raise errors.InvalidParameterValueError(
                f"Population '{self.label}': {names} have {found.shape[1]} different sets of values; gpusyn takes at "
                f"most {MOST_PARTS}, because each is a population of its own; round them"
            )
        for k in range(found.shape[1]):
            yield np.flatnonzero(np.ravel(kind) == k)

    def _highest(self) -> float:
        """Return the highest rate that may be set while time runs (Hz)."""
        given = self.celltype.rates(self.of(np.arange(self.size)))
        return float(state.max_rate or HEADROOM * float(np.max(given)) or LEAST_RATE)

    def _made(self, network: Network, name: str, indices: Any) -> Cells:
        p, celltype = self.of(indices), self.celltype
        if isinstance(celltype, RateSource):
            return network.population(name, len(indices), celltype.bounded(p, self._highest()))
        model = celltype.checked(p, state.dt, f"Population '{self.label}'")
        if isinstance(celltype, Source):
            return network.population(name, len(indices), model)
        return network.population(name, len(indices), model, receptors=celltype.receptors(self.of(indices[:1])))

    def begin(self, sim: Simulator) -> None:
        """Put the initial values in force."""
        self._rates = None
        for variable, value in self._initial.items():
            if variable.startswith(("gsyn", "isyn")) or "." in variable:
                if np.any(value):
                    self._put(sim, variable, value, np.arange(self.size))
            else:
                self._put(sim, variable, value, np.arange(self.size))

    def _put(self, sim: Simulator, variable: str, value: Any, indices: Any) -> None:
        """Set a variable of some cells, given in the order of the population's indices."""
        known = self.celltype.variables[variable]
        for selection, own in self.pieces(indices):
            part = value[own] if isinstance(value, np.ndarray) else value
            sim.set(selection, known.name, np.asarray(part) / known.factor)

    def advance(self, sim: Simulator, now: int, stop: int) -> None:
        """Put the currents in force of electrodes that came while time ran."""
        if any(electrode.changing for electrode, _ in self.late):
            courses = [(electrode.course(now, stop), indices) for electrode, indices in self.late]
            for k, part in enumerate(self.parts):
                own = [(course, self.place[i[self.part_of[i] == k]]) for course, i in courses]
                sim.set(self._spare[k], added([one for one in own if len(one[1])], part.cells.size))

    def pieces(self, indices: Any) -> Iterator[tuple[Selection, Any]]:
        """Yield the selections of gpusyn that some cells are, with the positions of their cells among `indices`."""
        for k, part in enumerate(self.parts):
            own = np.flatnonzero(self.part_of[indices] == k)
            if len(own):
                own = own[np.argsort(self.place[indices[own]])]
                places = self.place[indices[own]]
                yield (part.cells if len(own) == part.cells.size else part.cells[places]), own

    # ---- changing ----
    def _initialize(self, variable: str, value: Any, indices: Any) -> None:
        celltype = self.celltype
        if not isinstance(celltype, Neuron) or variable not in celltype.variables:
            if isinstance(celltype, Neuron) and not np.any(value):
                return
            known = ", ".join(celltype.variables) if isinstance(celltype, Neuron) else "nothing"
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
        new = {n: merged(self._values[n], v, indices, self.size) for n, v in given.items()}
        values = {**self._values, **new}
        self._check(values)
        with state.changing(f"Population '{self.label}', set({', '.join(given)})") as sim:
            if sim is not None:
                self._set_live(sim, values, set(new), indices)
            self._values = values

    def _set_live(self, sim: Simulator, values: Mapping[str, Any], names: set[str], indices: Any) -> None:
        """Change the running simulation."""
        constant = names & set(self.celltype.shared)
        if constant:
            raise errors.InvalidParameterValueError(
                f"Population '{self.label}': {', '.join(sorted(constant))} cannot change at t = {state.t:g} ms, "
                "because receptors keep their numbers; set it before the first run() or after reset()"
            )
        if self.is_rate_source:
            self._rates = None
        for selection, own in self.pieces(indices):
            if self.is_rate_source:
                self._check_rates(selection, values, indices[own])
                sim.set(selection, rate=self._active(values, indices[own], state.step))
            elif "spike_times" in names:
                lists = self.of(indices[own], values)["spike_times"]
                sim.set(selection, times=[times[times > state.t + 0.5 * state.dt] for times in lists])
            else:
                self._set_membrane(sim, selection, self.of(indices[own]), self.of(indices[own], values))

    def _set_membrane(self, sim: Simulator, selection: Selection, old: Values, new: Values) -> None:
        """Change parameters of the neurons of a selection."""
        before, after = (self.celltype.native(p, state.dt) for p in (old, new))
        changed = [name for name, value in after.items() if not np.array_equal(before[name], value)]
        whole = selection.parts[0].population
        alike = all(np.ndim(value) == 0 for value in whole.model.values.values())
        if alike and (selection.size < whole.size or any(np.ndim(after[name]) for name in changed)):
            single = [name for name in changed if name != "I_e"]
            if single:
                raise errors.InvalidParameterValueError(
                    f"Population '{self.label}': its cells share one value of {self.celltype.formulas[single[0]].words}, "
                    f"which at t = {state.t:g} ms can change for all of them alone; give a parameter as a list of "
                    f"{self.size} values before the first run(), so that each cell has its own"
                )
        try:
            for name in changed:
                sim.set(selection, name, after[name])
        except GpusynError:  # a threshold below the reset of before, which changes next
            for name in reversed(changed):
                sim.set(selection, name, after[name])

    # ---- sources ----
    def _check_rates(self, selection: Selection, values: Mapping[str, Any], indices: Any) -> None:
        model: Any = selection.parts[0].population.model
        highest = float(np.max(self.celltype.rates(self.of(indices, values))))
        if highest > model.rate_bound:
            raise errors.InvalidParameterValueError(
                f"Population '{self.label}': rates must be at most {model.rate_bound:g} Hz at t = {state.t:g} ms (got "
                f"{highest:g}); give setup(max_rate=...), or set them before the first run() or after reset()"
            )

    def _window(self, values: Mapping[str, Any], indices: Any) -> tuple[Any, Any]:
        """Return the steps at which some sources start and stop."""
        p = self.of(indices, values)
        start, length = np.asarray(p["start"], np.float64), np.asarray(p["duration"], np.float64)
        first = np.rint(start / state.dt)
        return first, np.where(length >= FOREVER, np.inf, np.rint((start + length) / state.dt))

    def _active(self, values: Mapping[str, Any], indices: Any, now: int) -> Any:
        """Return the rates of some sources in the step that begins."""
        first, stop = self._window(values, indices)
        rates = np.asarray(self.celltype.rates(self.of(indices, values)), np.float64)
        return np.array(np.broadcast_to(np.where((first <= now) & (now < stop), rates, 0.0), len(indices)))

    def switch(self, sim: Simulator, now: int) -> Iterator[int]:
        """Put the rates of the step that begins in force, and yield the steps at which they change."""
        everyone = np.arange(self.size)
        rates = self._active(self._values, everyone, now)
        if self._rates is None or not np.array_equal(rates, self._rates):
            for part in self.parts:
                sim.set(part.cells, rate=rates[part.indices])
            self._rates = rates
        for edges in self._window(self._values, everyone):
            later = edges[(edges > now) & np.isfinite(edges)]
            if later.size:
                yield int(later.min())


def flat(space: Any) -> Iterator[tuple[str, Any]]:
    """Yield the names and values of a parameter space, those of its parts with their names before the dot."""
    for name, value in space.items():
        if isinstance(value, ParameterSpace):
            for inner, part in value.items():
                yield f"{name}.{inner}", part
        else:
            yield name, value


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
