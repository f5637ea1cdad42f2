"""What PyNN calls the simulator: the description that scripts collect, and the simulation that is made of it.

Populations, projections, electrodes and recorders keep their description in PyNN's terms, and put themselves into a
gs.Network when time begins to run, or when something is asked that gpusyn draws. What changes at t = 0 makes another
network; what changes later is set in the running simulation.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from pyNN import common

from gpusyn.errors import GpusynError, SimulationError
from gpusyn.network.network import Network
from gpusyn.simulation.checkpoint import carry_over
from gpusyn.simulation.simulator import Simulator

__all__ = ["ID", "State", "name", "state"]

name = "gpusyn"
DECIMALS = 9  # of times, in ms
TOLERANCE = 1e-6  # of a step, by which times are off by arithmetic


class ID(int, common.IDMixin):
    """Number of a cell, which reads and sets the cell's parameters."""

    def __init__(self, n: int) -> None:
        common.IDMixin.__init__(self)


class State(common.control.BaseState):
    """The simulation of this process.

    Attributes
    ----------
    network : Network or None
        What was made of the description.
    simulator : Simulator or None
        The simulation of that network.
    setups : int
        How often it started anew, by which what was made before is known.
    """

    network: Network | None
    simulator: Simulator | None

    def __init__(self) -> None:
        super().__init__()
        self.mpi_rank, self.num_processes = 0, 1
        self.simulator = None
        self.setups = 0
        self.set_up(dt=0.1)

    def set_up(
        self,
        dt: float,
        min_delay: float | str = "auto",
        max_delay: float | str = "auto",
        max_rate: float | None = None,
        max_weight: float | None = None,
        changing_weights: bool = True,
        changing_cells: bool = True,
        **options: Any,
    ) -> None:
        """Start anew, with other options; those that are not named are those of gs.Simulator."""
        self.dt, self.asked_min_delay, self.asked_max_delay = float(dt), min_delay, max_delay
        self.max_rate, self.max_weight = max_rate, max_weight
        self.changing_weights, self.changing_cells = changing_weights, changing_cells
        self.options = options
        self.clear()

    def clear(self) -> None:
        """Forget the description."""
        self.setups += 1
        self.populations: list[Any] = []
        self.projections: list[Any] = []
        self.electrodes: list[Any] = []
        self.recorders: set[Any] = set()
        self.write_on_end: list[Any] = []
        self.id_counter = 1
        self.segment_counter = -1
        self.late: list[Any] = []
        self._close()
        self.reset()

    # ---- time ----
    @property
    def step(self) -> int:
        """Steps that were simulated since the last reset."""
        return 0 if self.simulator is None else round(self.simulator.time / self.dt)

    @property
    def t(self) -> float:
        """Time (ms)."""
        return round(self.step * self.dt, DECIMALS)

    def steps(self, time: float) -> int:
        """Return a time as a number of steps, the nearest one."""
        return round(time / self.dt)

    @property
    def min_delay(self) -> float:
        """Smallest delay (ms): the one of `setup`, or that of the projections, or a time step."""
        if self.asked_min_delay != "auto":
            return float(self.asked_min_delay)
        found = [d for d in (one.smallest_delay() for one in self.projections) if d is not None]
        return min(found, default=self.dt)

    @property
    def max_delay(self) -> float:
        """Largest delay (ms): the one of `setup`; without it there is no limit."""
        return float("inf") if self.asked_max_delay == "auto" else float(self.asked_max_delay)

    # ---- the simulation ----
    def built(self) -> Simulator:
        """Return the simulation of the description, which is made if it does not exist."""
        if self.simulator is None:
            network = Network()
            recorders = sorted(self.recorders, key=lambda one: one.population.first_id)
            for part in (*self.populations, *self.projections, *self.electrodes, *recorders):
                part.build(network)
            self.network = network
            self.simulator = Simulator(network, dt=self.dt, trial=self.segment_counter, **self.options)
            self.stale = False
            self._begin()
        elif self.late:
            self._extend(self.simulator)
        return self.simulator

    def _extend(self, before: Simulator) -> None:
        """Let the simulation go on with more recorders, which were asked for while time ran."""
        late, self.late = self.late, []
        network = copy.copy(before.net)
        for recorder in late:
            recorder.build_late(network)
        simulator = Simulator(network, dt=self.dt, trial=self.segment_counter, **self.options)
        carry_over(before._running, simulator._running)
        before.close()
        self.network, self.simulator, self.stale = network, simulator, True
        for recorder in late:
            recorder.begin_late(simulator)

    def _begin(self) -> None:
        """Put initial values in force that gpusyn does not take in a description, and read what is recorded of them."""
        try:
            for part in (*self.populations, *self.electrodes, *self.recorders):
                part.begin(self.simulator)
        except BaseException:  # or time would run without the values of the others
            self._close()
            raise

    def _close(self) -> None:
        if self.simulator is not None:
            self.simulator.close()
        self.network = self.simulator = None
        self.late = []
        self.stale = False

    def check_made(self, what: str, setups: int) -> None:
        """Refuse what was made before the last setup, which forgot it.

        Raises
        ------
        SimulationError
            If it was.
        """
        if setups != self.setups:
            raise SimulationError(f"{what} was made before the last setup(), which forgot it; make it again")

    def redescribe(self, what: str) -> None:
        """Let another simulation be made, because the description changes.

        Raises
        ------
        SimulationError
            If time has begun to run.
        """
        if self.step:
            raise SimulationError(
                f"{what}: the network cannot change at t = {self.t:g} ms; do it before the first run() or after reset()"
            )
        self._close()

    @contextmanager
    def changing(self, what: str) -> Iterator[Simulator | None]:
        """Change the running simulation; nothing is given at t = 0, when another one will be made.

        Raises
        ------
        ValueError
            If gpusyn refuses the change.
        """
        if not self.step:
            yield None
            self._close()
            return
        try:
            yield self.simulator
        except GpusynError as error:
            raise ValueError(f"{what} at t = {self.t:g} ms: {error}") from error
        self.stale = True

    def run(self, simtime: float) -> None:
        """Advance the simulation by a time (ms)."""
        self.run_until(self.t + simtime)

    def run_until(self, tstop: float) -> None:
        """Advance the simulation to a time (ms), the nearest step.

        Raises
        ------
        ValueError
            If that is no finite number, or later but no step away.
        """
        if not np.isfinite(tstop):
            raise ValueError(f"run(): the time must be a finite number of ms (got {tstop:g})")
        stop = self.steps(tstop)
        if stop == self.step and tstop - self.t > TOLERANCE * self.dt:
            raise ValueError(
                f"run(): the time must be at least half a time step of {self.dt:g} ms (got {tstop - self.t:g} ms); run "
                "longer, or give setup a smaller timestep"
            )
        simulator = self.built()
        self.running = True
        sources = [one for one in self.populations if one.is_rate_source]
        for part in (*self.populations, *self.electrodes):
            part.advance(simulator, self.step, stop)
        while (now := self.step) < stop:
            edges = [edge for one in sources for edge in one.switch(simulator, now)]
            simulator.step(min([edge for edge in edges if now < edge] + [stop]) - now)

    def reset(self) -> None:
        """Return to t = 0, in a new segment with other noise; what was set meanwhile stays."""
        self.running = False
        self.t_start = 0
        self.segment_counter += 1
        if self.stale:
            self._close()
        elif self.simulator is not None:
            self.simulator.reset(trial=self.segment_counter)
            self._begin()


def on_grid(times: Any) -> Any:
    """Return times without what arithmetic adds to them."""
    return np.round(times, DECIMALS)


state = State()
