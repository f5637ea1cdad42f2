"""`Simulator`: one clock, one step order, one owner of the arrays.

The order of a step, t -> t + dt:

1. V advances with the gates as they are at t (in refractoriness V is held and the counter runs down; gates go on);
2. the gates decay to t + dt;
3. events due at t + dt are added, undecayed, once;
4. V >= V_th: a spike stamped t + dt, V is reset (Hodgkin-Huxley: V passes V_th upwards, and is left alone);
5. it arrives d later, d a whole number of steps >= 1;
6. recorders sample at t + dt.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpusyn.backends.base import start_session
from gpusyn.backends.select import resolve
from gpusyn.builder.compile import Compiled
from gpusyn.builder.plan import Plan, plan
from gpusyn.errors import ArgumentError, SimulationError
from gpusyn.kernels.arrays import NO_FAULT
from gpusyn.kernels.records import Clock
from gpusyn.network.network import Network
from gpusyn.network.projections import Projection
from gpusyn.parameters.scalars import flag, integer, one_of, public, real, whole_steps
from gpusyn.simulation.initial_values import InitialValues
from gpusyn.simulation.recordings import Recordings
from gpusyn.simulation.state_access import StateAccess
from gpusyn.simulation.streams import save_results
from gpusyn.simulation.weight_access import Weights, read_weights, write_weights
from gpusyn.utils.progress import progress_bar

Array = NDArray[Any]


@dataclass(frozen=True)
class Data:
    """`sim.data`: what each recorder has so far; index it with the recorder or its name."""

    simulator: Simulator

    def __getitem__(self, key: Any) -> Any:
        return self.simulator._recordings.data(key, self.simulator._step)


@public
class Simulator:
    """Run a network.

    Parameters
    ----------
    net : Network
        What to run; it must not change afterwards.
    dt : float
        Step (ms).
    seed : int
        All randomness follows from it, >= 0.
    backend : {"auto", "cuda", "cpu", "numpy"}
        Where to compute; `auto` takes the first that works, and says so in one line.
    precision : {"single", "double"}
        Float type of the state.
    threads : int, optional
        Worker threads of the `cpu` backend; default: all cores that the process may use. No result depends on it.

    Raises
    ------
    GpusynError
        Something does not fit: on the grid, in memory, in range. Nothing has been allocated then.

    Examples
    --------
    >>> import gpusyn as gs
    >>> net = gs.Network()
    >>> cell = net.population("cell", 1, gs.LIF(I_e=200.0))
    >>> spikes = net.record(cell, "spikes")
    >>> with gs.Simulator(net, dt=0.1, backend="numpy") as sim:
    ...     sim.run(100.0)
    ...     sim.data[spikes].times
    array([27.8, 57.6, 87.4])
    """

    def __init__(
        self,
        net: Network,
        dt: float = 0.1,
        seed: int = 0,
        backend: Any = "auto",
        precision: str = "single",
        threads: int | None = None,
        *,
        chunk_steps: int | None = None,
    ) -> None:
        self._seed = integer(seed, "Simulator.seed", low=0)
        chosen = resolve(backend, threads)
        if chunk_steps is not None:
            chunk_steps = integer(chunk_steps, "Simulator.chunk_steps", low=1)
        planned = plan(net, dt, precision=precision, backend=chosen, threads=threads)
        planned.require_fit()
        self.net, self.dt, self.backend = net, planned.dt, chosen.name
        layout = self._layout = planned.layout
        self._compiled = Compiled(layout, self._seed, chunk_steps)
        self.plan: Plan = planned.built(self._compiled.rounded_to_zero)
        self._session = start_session(chosen, self._compiled.program)
        self._initial = InitialValues(self._compiled.program, self._session)
        self._state = StateAccess(self._compiled, self._session)
        self._recordings = Recordings(self._compiled, self._session)
        self._step = 0
        self._closed = False
        for note in layout.notes:
            print(f"gpusyn: {note}", file=sys.stderr)

    # ---- running ----
    @property
    def time(self) -> float:
        """Return the time reached (ms)."""
        return self._step * self.dt

    @property
    def data(self) -> Data:
        """Return the results by recorder: `sim.data[recorder]` is a SpikeData or TraceData."""
        return Data(self)

    def run(self, duration: float, progress: bool = False) -> None:
        """Advance by `duration` ms (a multiple of dt), with a progress bar if wanted.

        Raises
        ------
        ParameterError
            The duration is negative or off the grid.
        SimulationError
            The membrane potential of a neuron became NaN or infinite, or the simulator is closed.
        """
        duration = real(duration, "Simulator.run().duration", unit="ms", low=0.0)
        self.step(whole_steps(duration, self.dt, "Simulator.run().duration", low=0), progress=progress)

    def step(self, n: int = 1, progress: bool = False) -> None:
        """Advance by `n` steps.

        Raises
        ------
        SimulationError
            The membrane potential of a neuron became NaN or infinite, or the simulator is closed.
        """
        self._check_open()
        n = integer(n, "Simulator.step().n", low=0)
        with progress_bar(n, self.dt, flag(progress, "Simulator.run().progress")) as advanced:
            while n:
                k = min(n, self._compiled.steps)
                self._run_chunk(k)
                n -= k
                advanced(k)

    def _run_chunk(self, k: int) -> None:
        session, start = self._session, self._step
        session.write("clock", np.array(Clock(start, start, start), np.int64))
        session.write("spike_total", np.zeros(1, np.int64))
        for write in self._compiled.inputs.writes(start, k):
            session.write(*write)
        session.run(k)
        self._step += k
        self._state.step = self._step
        self._check_fault()
        self._recordings.collect(start, k)

    def _check_fault(self) -> None:
        fault = int(self._session.read("fault")[0])
        if fault != NO_FAULT:
            step, source = fault >> 31, fault & (2**31 - 1)
            for name, place in self._layout.populations.items():
                if place.source <= source < place.source + place.size:
                    raise SimulationError(
                        f"Population '{name}', neuron {source - place.source}: V became NaN or infinite at t = "
                        f"{(step + 1) * self.dt:g} ms; look for extreme weights or currents, or use a smaller dt"
                    )

    # ---- state ----
    def get(self, population: Any, variable: str) -> Array:
        """Return the present values of a variable of a population or selection.

        Parameters
        ----------
        population : Population or Selection
        variable : str
            "V" (mV), a state of the neuron model, "g_<receptor>" (nS), ...

        Returns
        -------
        ndarray of shape (population.size,)
            A copy in the memory of the host.

        Raises
        ------
        ArgumentError, ParameterError
            The population is of another network, or has no such variable.
        """
        self._check_open()
        return self._state.get(population, variable)

    def set(self, population: Any, variable: str, values: Any) -> None:
        """Replace the present values of a state variable.

        Parameters
        ----------
        population : Population or Selection
        variable : str
            As for `get`.
        values : float, ndarray of shape (population.size,) or Distribution
            In the unit of the variable.

        Raises
        ------
        ArgumentError, ParameterError
            The population has no such variable, it can only be read, or a value is out of range.
        """
        self._check_open()
        self._state.set(population, variable, values, self._seed)

    def weights(self, projection: Projection | str, receptor: str | None = None) -> Weights:
        """Return the synapses of a projection: pre, post, weight (nS or pA) and delay (ms) of each.

        They are sorted by (pre, post, creation).

        `pre` and `post` are positions in the projection's selections. With several receptors, `weight` is a dict by
        receptor, or the one that `receptor` names.

        Raises
        ------
        ArgumentError, ParameterError
            The projection is of another network, or drives no such receptor.
        """
        self._check_open()
        return read_weights(self._compiled, self._session, self._projection(projection), receptor)

    def set_weights(self, projection: Projection | str, values: Any, receptor: str | None = None) -> None:
        """Replace weights, in the order of `weights`: a number or an array, up to the projection's `w_max`.

        Raises
        ------
        ArgumentError, ParameterError
            The projection is of another network, a weight is out of range, or the synapses share one stored weight.
        """
        self._check_open()
        keep = self._initial.keep
        write_weights(self._compiled, self._session, self._projection(projection), receptor, values, keep)

    def reset(self) -> None:
        """Go back to time 0: state, weights and recordings are those of a new simulator."""
        self._check_open()
        self._initial.restore()
        self._recordings.restart()
        self._step = self._state.step = 0

    def save(self, path: str) -> None:
        """Write all recordings: `path` ending in .h5 is one file, else a folder of standard SONATA files."""
        self._check_open()
        save_results(path, {name: self.data[name] for name in self._recordings.recorders})

    def _projection(self, projection: Any) -> Projection:
        known = self._layout.net.projections
        if isinstance(projection, Projection) and known.get(projection.name) is projection:
            return projection
        if isinstance(projection, Projection):
            raise ArgumentError(f"Projection '{projection.name}' belongs to another network")
        return known[one_of(projection, known, "projection")]

    def close(self) -> None:
        """Release memory and close files; results already read stay."""
        if not self._closed:
            self._closed = True
            self._recordings.close()
            self._session.close()

    def _check_open(self) -> None:
        if self._closed:
            raise SimulationError("this simulator is closed; make a new one")

    def __enter__(self) -> Simulator:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
