"""Recording: gpusyn's recorders, read as Neo expects it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from pyNN import recording

from gpusyn.network.network import Network
from gpusyn.pynn import state as simulator
from gpusyn.pynn.state import on_grid, state
from gpusyn.simulation.simulator import Simulator

__all__ = ["Recorder"]


class Tap(NamedTuple):
    """A recorder of gpusyn: which cells it records, and what, as a variable of gpusyn and a factor."""

    indices: Any
    recorder: Any
    selection: Any
    variable: Any


class Recorder(recording.Recorder):
    """What is recorded of a population."""

    _simulator = simulator

    def __init__(self, population: Any, file: Any = None) -> None:
        super().__init__(population, file)
        self.taps: dict[str, list[Tap]] = {}
        self.first: dict[str, list[Any]] = {}
        self.cleared = 0  # step

    def _record(self, variable: Any, new_ids: Any, sampling_interval: float | None = None) -> None:
        if sampling_interval is not None:
            self.sampling_interval = sampling_interval
        if new_ids:
            state.redescribe(f"Population '{self.population.label}', record('{variable.name}')")

    def record(self, variables: Any, ids: Any, sampling_interval: Any = None, locations: Any = None) -> None:
        """Record variables of some cells."""
        super().record(variables, ids, sampling_interval, locations)

    def _reset(self) -> None:
        state.redescribe(f"Population '{self.population.label}', record(None)")

    # ---- building ----
    def build(self, network: Network) -> None:
        """Add recorders to a network."""
        self.taps, self.cleared = {}, 0
        for variable in sorted(self.recorded):
            ids = sorted(self.recorded[variable])
            if ids:
                indices = self.population.id_to_index(np.array(ids))
                self.taps[variable.name] = list(self._made(network, variable.name, indices))

    def _made(self, network: Network, variable: str, indices: Any) -> Iterator[Tap]:
        for selection, own in self.population.pieces(indices):
            name = f"{variable} of {selection.parts[0].population.name}"
            if variable == "spikes":
                yield Tap(indices[own], network.record(selection, "spikes", name=name), selection, None)
            else:
                known = self.population.celltype.variables[variable]
                recorder = network.record(selection, known.name, every=self.sampling_interval, name=name)
                yield Tap(indices[own], recorder, selection, known)

    def begin(self, sim: Simulator) -> None:
        """Keep what is recorded at t = 0."""
        self.cleared, self.first = 0, {}
        for variable, taps in self.taps.items():
            self.first[variable] = [self._initial(sim, tap, variable) for tap in taps if tap.variable]

    def _initial(self, sim: Simulator, tap: Tap, variable: str) -> Any:
        if tap.variable.name.startswith("I_"):
            return np.zeros(len(tap.indices))
        return np.asarray(sim.get(tap.selection, tap.variable.name), np.float64) * tap.variable.factor

    # ---- reading ----
    def _spikes(self) -> tuple[Any, Any]:
        """Return indices and times of the spikes since the last clear."""
        indices, times = [np.empty(0, np.int64)], [np.empty(0)]
        for tap in self.taps.get("spikes", ()):
            data = state.built().data[tap.recorder]
            late = data.times > (self.cleared + 0.5) * state.dt
            indices.append(tap.indices[data.ids[late]])
            times.append(on_grid(data.times[late]))
        return np.concatenate(indices), np.concatenate(times)

    def _get_spiketimes(self, id: Any, clear: bool = False) -> Any:
        wanted = np.array([int(k) for k in np.atleast_1d(id)])
        indices, times = self._spikes()
        ids = indices + int(self.population.first_id)
        chosen = np.isin(ids, wanted)
        order = np.argsort(times[chosen], kind="stable")
        return ids[chosen][order], times[chosen][order]

    def _get_all_signals(self, variable: Any, ids: Any, clear: bool = False) -> Any:
        if not ids:
            return np.empty((0, 0)), None
        recorded = state.built().data
        every, found = state.steps(self.sampling_interval), None
        column = np.full(self.population.size, -1)
        column[self.population.id_to_index(np.array(ids))] = np.arange(len(ids))
        for tap, first in zip(self.taps[variable.name], self.first[variable.name], strict=True):
            data = recorded[tap.recorder][tap.variable.name]
            rows = np.concatenate([first[None, :], np.asarray(data, np.float64) * tap.variable.factor])
            rows = rows[self.cleared // every :]
            found = np.empty((len(rows), len(ids))) if found is None else found
            wanted = column[tap.indices] >= 0
            found[:, column[tap.indices[wanted]]] = rows[:, wanted]
        return found, None

    def _local_count(self, variable: Any, filter_ids: Any = None) -> dict[int, int]:
        counts = np.bincount(self._spikes()[0], minlength=self.population.size)
        base = int(self.population.first_id)
        return {int(k): int(counts[int(k) - base]) for k in self.filter_recorded(variable, filter_ids)}

    def _clear_simulator(self) -> None:
        self.cleared = state.step
