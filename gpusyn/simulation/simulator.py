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
from gpusyn.kernels.records import Clock
from gpusyn.network.network import Network
from gpusyn.network.projections import Projection
from gpusyn.network.recorder import Recorder
from gpusyn.parameters.scalars import flag, integer, one_of, public, real, whole_steps
from gpusyn.results import SpikeData, TraceData
from gpusyn.simulation.logs import SpikeLog, TraceLog
from gpusyn.simulation.state_access import StateAccess
from gpusyn.simulation.streams import Streams, save_results
from gpusyn.simulation.weight_access import Weights, read_weights, write_weights
from gpusyn.utils.progress import progress_bar

Array = NDArray[Any]


@dataclass(frozen=True)
class Data:
    """`sim.data`: what each recorder has so far; index it with the recorder or its name."""

    simulator: Simulator

    def __getitem__(self, key: Any) -> Any:
        return self.simulator._data(key)


@public
class Simulator:
    """Runs a network.

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
        self.plan: Plan = plan(net, dt, precision=precision, backend=chosen, threads=threads)
        self.plan.require_fit()
        self.net, self.dt, self.backend = net, self.plan.dt, chosen.name
        layout = self._layout = self.plan.layout
        self._compiled = Compiled(layout, self._seed, chunk_steps)
        self.plan.built(self._compiled)
        self._recorders = layout.net.recorders
        self._initial = self._snapshot()
        self._session = start_session(chosen, self._compiled.program)
        self._logs: dict[str, Any] = {
            name: (SpikeLog if r.is_spikes else TraceLog)(r, layout) for name, r in self._recorders.items()
        }
        self._state = StateAccess(layout, self._session, self._compiled.inputs)
        self._streams = Streams(self._recorders, layout)
        self._step = 0
        self._weights_changed = False
        self._closed = False
        for note in layout.notes:
            print(f"gpusyn: {note}", file=sys.stderr)

    # ---- running ----
    @property
    def time(self) -> float:
        """Time reached (ms)."""
        return self._step * self.dt

    @property
    def data(self) -> Data:
        """Results by recorder: `sim.data[recorder]` is a SpikeData or TraceData."""
        return Data(self)

    def run(self, duration: float, progress: bool = False) -> None:
        """Advance by `duration` ms (a multiple of dt), with a progress bar if wanted."""
        duration = real(duration, "Simulator.run().duration", unit="ms", low=0.0)
        self.step(whole_steps(duration, self.dt, "Simulator.run().duration", low=0), progress=progress)

    def step(self, n: int = 1, progress: bool = False) -> None:
        """Advance by `n` steps."""
        self._check_open()
        n = integer(n, "Simulator.step().n", low=0)
        with progress_bar(n, self.dt, flag(progress, "Simulator.run().progress")) as advanced:
            while n:
                k = min(n, self._compiled.steps)
                self._run_chunk(k)
                n -= k
                advanced(k)

    def _run_chunk(self, k: int) -> None:
        session, inputs, start = self._session, self._compiled.inputs, self._step
        session.write("clock", np.array(Clock(start, start, start), np.int64))
        session.write("spike_total", np.zeros(1, np.int64))
        if inputs.has_lists:
            session.write("due_begin", inputs.due_begin(start, k))
        if len(inputs.waves) > 1:
            session.write("waves", inputs.wave_table(start, k))
        if inputs.bath_width:
            session.write("bath_kinetics", inputs.kinetics_table(start, k).reshape(-1))
        if inputs.rate_waves:
            pairs, pieces = inputs.rate_table(start, k)
            session.write("drive_rate", pairs, 2 * inputs.n_rates)
            session.write("drive_pieces", pieces, inputs.n_rates)
        session.run(k)
        self._step += k
        self._state.step = self._step
        self._check_fault()
        self._collect(start, k)

    def _collect(self, start: int, k: int) -> None:
        begin = self._session.read("spike_begin", 0, k + 1)
        total = int(begin[k])
        logs = self._logs
        if any(isinstance(log, SpikeLog) for log in logs.values()):
            source: Array = self._session.read("spike_id", 0, total)
            events: Array = self._session.read("spike_events", 0, total)
            step = np.repeat(start + 1 + np.arange(k), np.diff(begin))
            if total and int(events.max()) > 1:
                source, step = np.repeat(source, events), np.repeat(step, events)
        for name, log in logs.items():
            if isinstance(log, SpikeLog):
                self._streams.spikes(name, *log.add(step, source))
            else:
                self._streams.frames(name, log.add(start, k, lambda v, rows, name=name: self._samples(name, v, rows)))
        self._streams.flush(self._step)

    def _samples(self, recorder: str, variable: str, rows: int) -> Array:
        start, _, columns = self._compiled.probes.regions[recorder, variable]
        return self._session.read("trace", start, start + rows * columns).reshape(rows, columns)

    def _check_fault(self) -> None:
        fault = int(self._session.read("fault")[0])
        if fault != np.iinfo(np.int64).max:
            step, source = fault >> 31, fault & (2**31 - 1)
            for name, place in self._layout.populations.items():
                if place.source <= source < place.source + place.size:
                    raise SimulationError(
                        f"Population '{name}', neuron {source - place.source}: V became NaN or infinite at t = "
                        f"{(step + 1) * self.dt:g} ms; look for extreme weights or currents, or use a smaller dt"
                    )

    # ---- state ----
    def get(self, population: Any, variable: str) -> Array:
        """Present values of a variable ("V", "w", "g_AMPA", ...) of a population or selection, a host copy."""
        self._check_open()
        return self._state.get(population, variable)

    def set(self, population: Any, variable: str, values: Any) -> None:
        """Replace present values of a state variable: a number, an array or a distribution."""
        self._check_open()
        self._state.set(population, variable, values, self._seed)

    def weights(self, projection: Projection | str, receptor: str | None = None) -> Weights:
        """Synapses of a projection: arrays pre, post, weight, delay (ms), sorted by (pre, post, creation).

        `pre` and `post` are positions in the projection's selections. With several receptors, `weight` is a dict by
        receptor, or the one that `receptor` names.
        """
        self._check_open()
        return read_weights(self._compiled, self._session, self._projection(projection), receptor)

    def set_weights(self, projection: Projection | str, values: Any, receptor: str | None = None) -> None:
        """Replace weights, in the order of `weights`: a number or an array, up to the projection's `w_max`."""
        self._check_open()
        self._weights_changed = True
        write_weights(self._compiled, self._session, self._projection(projection), receptor, values)

    def reset(self) -> None:
        """Back to time 0: state, weights and recordings as in a new simulator."""
        self._check_open()
        initial = self._initial
        if self._weights_changed:
            compiled = Compiled(self._layout, self._seed, self._compiled.steps)
            initial = initial | {k: v for k, v in compiled.program.arrays.items() if k.endswith("weights")}
            self._weights_changed = False
        for name, values in initial.items():
            self._session.write(name, values)
        for log in self._logs.values():
            log.clear()
        self._streams.restart()
        self._step = self._state.step = 0

    def _snapshot(self) -> dict[str, Array]:
        """Initial values of everything that changes in a run."""
        changing = (
            "V",
            "refractory",
            "membrane",
            "gates",
            "synaptic",
            "ring",
            "history",
            "event_step",
            "event_count",
            "release_step",
            "states",
            "payload",
            "fault",
            "trace",
        )
        arrays = self._compiled.program.arrays
        return {
            # what starts from one value needs no copy
            name: np.broadcast_to(a.reshape(-1)[0].copy(), a.shape) if _even(a) else a.copy()
            for name, a in arrays.items()
            if name.split(".")[-1] in changing
        }

    def save(self, path: str) -> None:
        """Write all recordings: `path` ending in .h5 is one file, else a folder of standard SONATA files."""
        self._check_open()
        save_results(path, {name: self._data(name) for name in self._logs})

    def _data(self, key: Any) -> SpikeData | TraceData:
        recorders = self._recorders
        name = key.name if isinstance(key, Recorder) else one_of(key, recorders, "Simulator.data[...]")
        if recorders.get(name) is not key and isinstance(key, Recorder):
            raise ArgumentError(f"Simulator.data[...]: recorder '{name}' belongs to another network")
        log = self._logs[name]
        streamed = self._streams.read_back(name)
        if streamed is not None:
            return streamed
        data: SpikeData | TraceData = log.data(self._step) if isinstance(log, SpikeLog) else log.data()
        return data

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
            self._streams.close()
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


def _even(array: Array) -> bool:
    """Whether all values are equal, the NaN of an empty trace included."""
    flat = array.reshape(-1)
    return bool(np.all(flat == flat[0])) or bool(np.all(flat != flat))
