"""Cells in a gs.Network, and what changes of them while time runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from pyNN import errors
from pyNN.parameters import Sequence

from gpusyn.connectivity import OneToOne
from gpusyn.errors import GpusynError
from gpusyn.network.network import Network
from gpusyn.network.populations import Population as Cells
from gpusyn.network.populations import Selection
from gpusyn.pynn.courses import added
from gpusyn.pynn.sources import RateSource
from gpusyn.pynn.state import state
from gpusyn.pynn.translation import FOREVER, Neuron, Source, Values
from gpusyn.pynn.values import number_or_array
from gpusyn.simulation.simulator import Simulator

MOST_PARTS = 1000
HEADROOM = 10.0  # by what rates may grow later, if setup does not say it
LEAST_RATE = 1000.0  # Hz: up to which rates of 0 may grow


class Part(NamedTuple):
    """Cells of a population that share the numbers of their receptors: indices, and the population of gpusyn."""

    indices: Any
    cells: Cells


class BuiltCells:
    """What a population is in gpusyn: populations of cells that share the numbers of their receptors.

    Attributes
    ----------
    parts : tuple of Part
        These populations.
    late : list of (electrode, indices)
        Electrodes that came while time ran, with the indices of their cells.
    setups : int
        The setup after which the population was made.
    """

    celltype: Any
    label: str
    size: int
    number: int
    setups: int
    parts: tuple[Part, ...]
    late: list[tuple[Any, Any]]
    _values: dict[str, Any]
    _initial: dict[str, Any]

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

    def check_made(self) -> None:
        """Refuse to go on with cells that the last setup forgot."""
        state.check_made(f"Population '{self.label}'", self.setups)

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
            for part in parts:
                self._excite_itself(network, part)
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

    def _excite_itself(self, network: Network, part: Part) -> None:
        """Let spikes of cells open receptors of their own."""
        p = self.of(part.indices)
        for name, response in self.celltype.own.items():
            left = np.exp(-state.dt / np.ravel(p[response.numbers[0]])[0])  # of what opened, a step later
            weight = np.broadcast_to(np.asarray(p[name], np.float64) * left, len(part.indices))
            network.connect(
                part.cells, part.cells, OneToOne(), receptor=response.name, weight=number_or_array(weight),
                delay=state.dt, name=f"{response.name} of {part.cells.name}",
            )  # fmt: skip

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
        if state.changing_cells:  # one parameter of each cell lets all change singly
            first = next(iter(celltype.formulas))
            model = model.replaced(**{first: np.array(np.broadcast_to(model.values[first], len(indices)), np.float64)})
        return network.population(name, len(indices), model, receptors=celltype.receptors(self.of(indices[:1])))

    def begin(self, sim: Simulator) -> None:
        """Put the initial values in force."""
        self._rates = None
        for variable, value in self._initial.items():
            of_receptor = variable.startswith(("gsyn", "isyn")) or "." in variable  # 0 at the start
            if not of_receptor or np.any(value):
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

    # ---- while time runs ----
    def _set_live(self, sim: Simulator, values: Mapping[str, Any], names: set[str], indices: Any) -> None:
        """Change the running simulation."""
        constant = names & {*self.celltype.shared, *self.celltype.own}
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
                    f"Population '{self.label}': at t = {state.t:g} ms, {self.celltype.formulas[single[0]].words} can "
                    "change for all cells of it alone, because they share one value with "
                    "setup(changing_cells=False); leave that out"
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
