"""Recording: gpusyn's recorders, read as Neo expects it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import quantities as pq
from pyNN import recording

from gpusyn.errors import SimulationError
from gpusyn.network.network import Network
from gpusyn.network.populations import Selection
from gpusyn.network.recorder import Recorder as Native
from gpusyn.pynn import state as simulator
from gpusyn.pynn.state import on_grid, state
from gpusyn.pynn.translation import Variable
from gpusyn.simulation.simulator import Simulator

__all__ = ["Recorder"]


class Tap(NamedTuple):
    """A recorder of gpusyn, which begins at a step: the cells that it records, and which variable, None of spikes."""

    indices: Any
    selection: Selection
    recorder: Native
    variable: Variable | None
    start: int


class Recorder(recording.Recorder):
    """What is recorded of a population.

    Attributes
    ----------
    taps : dict of str to list of Tap
        Recorders of gpusyn, by variables of PyNN.
    first : dict of str to list of ndarray
        What was there when each began.
    cleared : int
        Step at which data were cleared last.
    """

    _simulator = simulator

    def __init__(self, population: Any, file: Any = None) -> None:
        super().__init__(population, file)
        self.taps: dict[str, list[Tap]] = {}
        self.first: dict[str, list[Any]] = {}
        self.wanted: dict[str, Any] = {}  # indices of cells that will be recorded too
        self.cleared = 0

    def _record(self, variable: Any, new_ids: Any, sampling_interval: float | None = None) -> None:
        self.population.check_made()
        if sampling_interval is not None:
            self.sampling_interval = sampling_interval
        if new_ids and state.step:
            self._record_late(variable.name, self.population.id_to_index(np.array(sorted(new_ids))))
        elif new_ids:
            state.redescribe(f"Population '{self.population.label}', record('{variable.name}')")

    def _record_late(self, variable: str, indices: Any) -> None:
        """Record from now on."""
        known = [tap.indices for tap in self.taps.get(variable, ())] + [self.wanted.get(variable, [])]
        new = np.setdiff1d(indices, np.concatenate(known).astype(np.int64))
        if not len(new):
            return
        if not self.taps and not self.wanted:
            self._start_at(state.step)
        self.wanted[variable] = np.union1d(self.wanted.get(variable, new), new)
        if self not in state.late:
            state.late.append(self)

    def _reset(self) -> None:
        if not state.step:
            state.redescribe(f"Population '{self.population.label}', record(None)")
        state.stale = True

    # ---- building ----
    def build(self, network: Network) -> None:
        """Add recorders to a network."""
        self.taps, self.wanted, self.cleared = {}, {}, 0
        for variable in sorted(self.recorded):
            ids = sorted(self.recorded[variable])
            if ids:
                indices = self.population.id_to_index(np.array(ids))
                self.taps[variable.name] = list(self._made(network, variable.name, indices, 0))

    def build_late(self, network: Network) -> None:
        """Add recorders that begin now."""
        for variable, indices in self.wanted.items():
            made = self._made(network, variable, indices, state.step)
            self.taps[variable] = [*self.taps.get(variable, []), *made]
        self.wanted = {}

    def _made(self, network: Network, variable: str, indices: Any, start: int) -> Iterator[Tap]:
        for selection, own in self.population.pieces(indices):
            name = f"{variable} of {selection.parts[0].population.name}" + (f" from step {start}" if start else "")
            timing: dict[str, Any] = {"start": start * state.dt, "name": name}
            if variable == "spikes":
                recorder: Any = network.record(selection, "spikes", **timing)
                yield Tap(indices[own], selection, recorder, None, start)
            else:
                known = self.population.celltype.variables[variable]
                recorder = network.record(selection, known.name, every=self.sampling_interval, **timing)
                yield Tap(indices[own], selection, recorder, known, start)

    def begin(self, sim: Simulator) -> None:
        """Keep what is recorded at t = 0."""
        self.cleared, self.first = 0, {}
        self.begin_late(sim)

    def begin_late(self, sim: Simulator) -> None:
        """Keep what recorders that begin now have at first."""
        for variable, taps in self.taps.items():
            kept = self.first.setdefault(variable, [])
            kept += [self._initial(sim, tap) for tap in taps[len(kept) :]]

    def _initial(self, sim: Simulator, tap: Tap) -> Any:
        if tap.variable is None or tap.variable.name.startswith("I_"):  # a current is known after a step
            return np.full(len(tap.indices), np.nan if tap.start else 0.0)
        return np.asarray(sim.get(tap.selection, tap.variable.name), np.float64) * tap.variable.factor

    # ---- reading ----
    def get(self, *given: Any, **named: Any) -> Any:
        """Return what was recorded as a Neo block.

        Raises
        ------
        SimulationError
            If nothing was simulated since the last setup, or the last reset after a clear.
        """
        self.population.check_made()
        if not (state.running or list(self.cache)):
            raise SimulationError(f"Population '{self.population.label}': there are no data yet; run() comes first")
        return super().get(*given, **named)

    def _spikes(self) -> tuple[Any, Any]:
        """Return indices and times of the spikes since the last clear."""
        self.population.check_made()
        recorded = state.built().data
        indices, times = [np.empty(0, np.int64)], [np.empty(0)]
        for tap in self.taps.get("spikes", ()):
            if tap.start == state.step:  # nothing yet
                continue
            data = recorded[tap.recorder]
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
        recorded, every = state.built().data, state.steps(self.sampling_interval)
        column = np.full(self.population.size, -1)
        column[self.population.id_to_index(np.array(ids))] = np.arange(len(ids))
        found = np.full((state.step // every + 1, len(ids)), np.nan)  # of what is recorded later than others
        for tap, first in zip(self.taps[variable.name], self.first[variable.name], strict=True):
            wanted = column[tap.indices] >= 0
            places = column[tap.indices[wanted]]
            if tap.start % every == 0:
                found[tap.start // every, places] = first[wanted]
            if tap.variable is not None and tap.start < state.step:
                data = recorded[tap.recorder]
                rows = np.rint(data.t / (every * state.dt)).astype(np.int64)
                values = np.asarray(data[tap.variable.name], np.float64)[:, wanted]
                found[rows[:, None], places] = values * tap.variable.factor
        return found[self.cleared // every :], None

    def _local_count(self, variable: Any, filter_ids: Any = None) -> dict[int, int]:
        counts = np.bincount(self._spikes()[0], minlength=self.population.size)
        base = int(self.population.first_id)
        return {int(k): int(counts[int(k) - base]) for k in self.filter_recorded(variable, filter_ids)}

    def _clear_simulator(self) -> None:
        self._start_at(state.step)

    def _start_at(self, step: int) -> None:
        """Let signals begin with the last sample before a step."""
        every = state.steps(self.sampling_interval)
        self.cleared, self._recording_start_time = step, on_grid(step // every * every * state.dt) * pq.ms
