"""`Simulator`: one clock, one order of operations per step, one owner of the arrays.

A step from t to t + dt has this order:

1. V advances with the gates as they are at t; a refractory neuron holds V and counts down, while its gates go on;
2. the gates decay to t + dt;
3. events that are due at t + dt are added once, undecayed;
4. a neuron whose V >= V_th emits a spike with the time t + dt, and V is reset (Hodgkin-Huxley: V crosses V_th upwards
   and is not reset);
5. the spike arrives after its delay, a whole number of steps >= 1;
6. recorders sample at t + dt.
"""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

from gpusyn.backends.select import checked_threads
from gpusyn.builder.plan import Asked
from gpusyn.distributed.spreading import ranks_of, spread_on, together
from gpusyn.errors import ArgumentError, BackendError, GpusynError, SimulationError
from gpusyn.network.network import Network
from gpusyn.network.recorder import Recorder
from gpusyn.parameters.scalars import flag, integer, public, random_key, real, whole_steps
from gpusyn.results import SpikeData, TraceData
from gpusyn.simulation.checkpoint_methods import CheckpointMethods, checkpoint_place, stops
from gpusyn.simulation.data_access import Data
from gpusyn.simulation.devices import backends_on, crew_on
from gpusyn.simulation.every_rank import on_every_rank
from gpusyn.simulation.file_streams import save_results
from gpusyn.simulation.running import Running
from gpusyn.utils.held_signals import held_signals
from gpusyn.utils.progress import progress_bar
from gpusyn.utils.typing import Whole

LAST_STEP = 2**40  # beyond it, a time in ms no longer identifies a step


@public
class Simulator(CheckpointMethods):
    """Simulate a network.

    Parameters
    ----------
    net : Network
        Network to simulate; nothing can be added to it until the simulator is closed.
    dt : float
        Time step (ms), > 0.
    seed : int
        Seed of all random numbers, >= 0. It determines what the network is: connections, weights, delays, drawn
        parameters and initial values. The same network, step, seed and trial give the same results on every backend.
    backend : {"auto", "cuda", "cpu", "numpy"} or Backend
        Backend that computes; ``"auto"`` takes the first of cuda, cpu and numpy with which the network starts, and
        says once per process on stderr which it is, and why not a faster one.
    precision : {"single", "double"}
        Precision of the state: float32 or float64.
    threads : int, optional
        Worker threads of the `cpu` backend; by default what the environment variable ``GPUSYN_THREADS`` says, else one
        or as many as the cores that the process may use, whichever its steps show to be faster, and one in a worker
        process of `multiprocessing`, joblib or `gs.sweep`. No result depends on it.
    trial : int
        Number of the trial, >= 0. It determines what happens to the network of a seed: the Poisson events of drives and
        sources, and random values that `set` draws.
    weights : {"exact", "compact"}
        Way in which the weights of event-driven synapses that differ are stored: in 4 bytes (8 in double precision), or
        in 2 bytes, which changes each by at most 2^-15 of the largest weight that its projection may have.
    chunk_steps : int, optional
        Upper limit on the steps between two reads of the recorded data by the host. No result depends on it.
    progress : bool, optional
        If True, show progress bars on stderr, for building and for every run; if False, show none. By default, a bar is
        shown in a terminal where something takes longer than 2 s.
    comm : mpi4py.MPI.Comm, optional
        Communicator of the processes (ranks) that simulate the network together. Each runs the same script, and
        simulates the neurons that it owns. No result depends on the number of ranks.
    owners : {"contiguous", "dealt"}
        How neurons are given to ranks: each owns one range of every population, or blocks that are dealt in turn. No
        result depends on it.
    devices : sequence of int, optional
        Numbers of the GPUs in CUDA that simulate the network together, such as ``[0, 1]``; by default the first that
        is new enough. Each is a rank in a thread of this process. No result depends on it.

    Attributes
    ----------
    plan : Plan
        Methods and memory of the network; print it.
    net : Network
        The network.
    dt : float
        Time step (ms).
    backend : str
        Name of the backend that computes.

    Raises
    ------
    ArgumentError
        If an argument has the wrong type.
    ParameterError
        If a value is out of range, or a delay or time of the network is not a multiple of `dt`.
    UnknownNameError
        If the backend, the precision or the way to store weights is unknown.
    BackendError
        If the backend cannot be used on this machine.
    PlanMemoryError
        If the network does not fit into the free memory; nothing has been allocated.
    FileError
        If a file of a recorder cannot be written, or holds a recording and must not be replaced; nothing was built.
    MissingDependencyError
        If a recorder has a file, and h5py is missing.

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
        seed: Whole = 0,
        backend: Any = "auto",
        precision: str = "single",
        threads: Whole | None = None,
        *,
        trial: Whole = 0,
        weights: str = "exact",
        chunk_steps: Whole | None = None,
        progress: bool | None = None,
        comm: Any = None,
        owners: str = "contiguous",
        devices: Any = None,
    ) -> None:
        if devices is not None:
            backends = backends_on(devices, backend, comm, "Simulator")
            if len(backends) > 1:
                more: Any = {"trial": trial, "weights": weights, "chunk_steps": chunk_steps, "progress": progress}
                rank = partial(Simulator, net, dt, seed, precision=precision, threads=threads, owners=owners, **more)
                crew = crew_on(backends, rank, "Simulator")
                super().__init__(crew.members[0]._running, crew)
                return
            backend = backends[0]
        ranks = ranks_of(comm)
        with together(ranks, "Simulator"):
            seed, trial = random_key(seed, "Simulator.seed"), random_key(trial, "Simulator.trial")
            spread = spread_on(ranks, owners, "Simulator")
            asked = Asked(dt, precision, weights, checked_threads(threads, "Simulator.threads"), "Simulator", spread)
            super().__init__(Running(net, asked, seed, trial, backend, chunk_steps, progress, ranks=ranks))

    # ---- running ----
    @property
    def time(self) -> float:
        """Time that the simulation has reached (ms)."""
        return self._running.step * self.dt

    @property
    def data(self) -> Data:
        """Data recorded so far, a mapping: `sim.data[recorder]` is a SpikeData, a TraceData or a SynapseData."""
        return Data(self._running.recordings, None if self._crew is None else self._whole)

    def _whole(self, recorder: Any) -> SpikeData | TraceData:
        """Return the data of a recorder on all devices, also after the end."""
        assert self._crew is not None
        with self._alone("Simulator.data[...]"):
            whole: list[Any] = self._crew.call(
                "Simulator.data[...]", lambda one: one._running.recordings.gathered(recorder)
            )
        found: SpikeData | TraceData = whole[0]
        return found

    @public
    @on_every_rank
    def gather(self, recorder: Recorder | str) -> SpikeData | TraceData | None:
        """Return the data of a recorder from all ranks, as one process would have recorded them.

        Every rank must call it. `data` holds what this rank has recorded: of the neurons that it owns.

        Parameters
        ----------
        recorder : Recorder or str
            Recorder, or its name.

        Returns
        -------
        SpikeData, TraceData, SynapseData or None
            The data on rank 0, and in one process; None on the other ranks.

        Raises
        ------
        ArgumentError
            If it is neither a recorder nor a name, or the recorder belongs to another network.
        UnknownNameError
            If there is no recorder of this name.
        SimulationError
            If the simulator is closed or in use by another thread.

        Examples
        --------
        >>> import gpusyn as gs
        >>> net = gs.Network()
        >>> spikes = net.record(net.population("cell", 1, gs.LIF(I_e=200.0)), "spikes")
        >>> with gs.Simulator(net, dt=0.1, backend="numpy") as sim:
        ...     sim.run(100.0)
        ...     sim.gather(spikes) == sim.data[spikes]
        True
        """
        with self._in_use("gather", of_state=False):
            found = self._running.recordings.gathered(recorder)
            ranks = self._running.ranks
            return found if ranks is None or ranks.rank == 0 else None

    @public
    @on_every_rank
    def run(
        self,
        duration: float,
        progress: bool | None = None,
        *,
        checkpoint: Any = None,
        checkpoint_every: float | None = None,
    ) -> None:
        """Advance the simulation by a duration.

        An exception that ends a run early, such as KeyboardInterrupt after Ctrl-C, comes between two chunks of steps:
        `time`, the state and the recordings agree, and the next run goes on from there with the same results as an
        undisturbed run.

        Parameters
        ----------
        duration : float
            Duration (ms), >= 0, a multiple of dt.
        progress : bool, optional
            If True, show a progress bar on stderr; by default, what the simulator was given counts.
        checkpoint : path, optional
            File to which the simulation is saved at the end of the run, as :meth:`save_checkpoint` does.
        checkpoint_every : float, optional
            Simulated time (ms) after which it is saved during the run as well, > 0, a multiple of dt.

        Raises
        ------
        ArgumentError
            If an argument has the wrong type, or `checkpoint_every` is given without `checkpoint`.
        ParameterError
            If a duration is negative or not a multiple of dt.
        SimulationError
            If the membrane potential of a neuron becomes NaN or infinite, or the simulator is closed or in use by
            another thread.
        FileError
            If a file of a recorder cannot be written; the data stay in memory, and the next run writes them first. Or
            if a checkpoint cannot be written, or another file of its name is there.
        MissingDependencyError
            If a checkpoint is wanted, and h5py is missing.
        """
        duration = real(duration, "Simulator.run().duration", unit="ms", low=0.0)
        n = whole_steps(duration, self.dt, "Simulator.run().duration", low=0)
        if checkpoint is None and checkpoint_every is not None:
            raise ArgumentError(
                "Simulator.run().checkpoint_every: is given without a file; add checkpoint='state.h5', or leave it out"
            )
        every = None
        if checkpoint_every is not None:
            every = whole_steps(checkpoint_every, self.dt, "Simulator.run().checkpoint_every")
        place = None if checkpoint is None else checkpoint_place(checkpoint, "Simulator.run().checkpoint")
        self._advance(n, progress, place, every)

    @public
    @on_every_rank
    def step(self, n: Whole = 1, progress: bool | None = None) -> None:
        """Advance the simulation by a number of steps.

        Parameters
        ----------
        n : int
            Number of steps, >= 0.
        progress : bool, optional
            If True, show a progress bar on stderr; by default, what the simulator was given counts.

        Raises
        ------
        ArgumentError
            If an argument has the wrong type.
        ParameterError
            If `n` is negative.
        SimulationError
            If the membrane potential of a neuron becomes NaN or infinite, or the simulator is closed or in use by
            another thread.
        FileError
            If a file of a recorder cannot be written; the data stay in memory, and the next run writes them first.
        """
        self._advance(integer(n, "Simulator.step().n", low=0, high=LAST_STEP), progress)

    def _advance(self, n: int, progress: bool | None, checkpoint: Path | None = None, every: int | None = None) -> None:
        """Run `n` steps; save the state to a checkpoint, if there is one, at the end and after every so many."""
        running = self._running
        progress = running.progress if progress is None else flag(progress, "Simulator.run().progress")
        with self._in_use("run"), progress_bar(n, self.dt, progress) as advanced:
            planned: int | None = running.step + n
            for stop in stops(running.step, running.step + n, every):
                try:
                    running.run_to(stop, planned, advanced)
                except BackendError:
                    with suppress(GpusynError):  # the session may have ended
                        running.recordings.finish()
                    raise
                planned = None
                if checkpoint is not None:
                    self._write_checkpoint(checkpoint)

    @public
    @on_every_rank
    def reset(self, *, trial: Whole | None = None) -> None:
        """Return to time 0 with the state, weights, parameters, inputs and recordings of a new simulator.

        Parameters
        ----------
        trial : int, optional
            Number of the trial, >= 0; by default, that of before. Another one is the same network with other noise,
            exactly as in a new simulator of this trial.

        Raises
        ------
        ArgumentError
            If the trial is not a whole number.
        ParameterError
            If the trial is negative.
        SimulationError
            If the simulator is closed or in use by another thread.
        FileError
            If a file of a recorder holds this simulation and must not be replaced, or cannot be written; nothing was
            changed.
        """
        with self._in_use("reset", of_state=False), held_signals():
            self._running.restart(None if trial is None else random_key(trial, "Simulator.reset().trial"))

    @public
    @on_every_rank
    def save(self, path: str, overwrite: bool = False) -> None:
        """Write all recorded data; on several ranks, rank 0 writes those of all of them.

        Parameters
        ----------
        path : path
            A name that ends in ``.h5`` is one HDF5 file, one that ends in ``.nwb`` an NWB file; any other is a folder
            of standard SONATA files.
        overwrite : bool
            If True, an older result of that name is replaced. Other files than results are never replaced.

        Raises
        ------
        ArgumentError
            If the path is not a path.
        FileError
            If there is a file that must not be replaced, or a file cannot be written; what was there is unchanged.
        MissingDependencyError
            If h5py is missing, or, for NWB, neo or pynwb.
        SimulationError
            If the network has no recorders, or the simulator is closed or in use by another thread.
        """
        overwrite = flag(overwrite, "Simulator.save().overwrite")
        with self._in_use("save", of_state=False):
            recordings = self._running.recordings
            if not recordings.recorders:
                raise SimulationError(
                    "Simulator.save(): the network has no recorders, so there is nothing to save; "
                    "write net.record(population, 'spikes') before the simulator is made"
                )
            data = {name: recordings.gathered(name) for name in recordings.recorders}
            if self._running.ranks is None or self._running.ranks.rank == 0:
                save_results(path, data, overwrite, recordings.provenance)

    @public
    def close(self) -> None:
        """Release the memory and close the files; data that were already read stay valid.

        Raises
        ------
        SimulationError
            If another thread uses the simulator, or another rank has failed; the memory of this one is released.
        FileError
            If a file of a recorder cannot be written.
        """
        if not self._running.closed:
            self._close()

    @on_every_rank
    def _close(self) -> None:
        self._end()

    def _end(self) -> None:
        with self._in_use("close", of_state=False), held_signals():
            try:
                self._running.close()
            finally:
                self.net._release(self)

    def __reduce_ex__(self, protocol: Any) -> Any:
        raise SimulationError(
            "a Simulator cannot be copied or pickled, because two would change the same state and files; "
            "make another one of the network, or send its data, such as sim.data[recorder]"
        )

    def __repr__(self) -> str:
        members: list[Simulator] = [self] if self._crew is None else self._crew.members
        synapses = sum(one.plan.synapses for one in members)
        size = f"{self._compiled.layout.n_neurons} neurons and sources, {synapses:.6g} synapses"
        seed = self._running.recordings.provenance.seed
        state = "closed" if self._running.closed else f"t = {self.time:g} ms"
        devices = f" on {len(members)} devices" if len(members) > 1 else ""
        return f"Simulator({size}, dt = {self.dt:g} ms, seed = {seed}, backend {self.backend}{devices}, {state})"

    def __enter__(self) -> Simulator:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None or self._running.closed or self._crew is not None:
            self.close()
        else:  # ranks without an error, which wait for this one elsewhere, do not come here
            self._end()
