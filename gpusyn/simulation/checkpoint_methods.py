"""Methods of a simulator that save it to a checkpoint, and make it of one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Self

from gpusyn.backends.select import checked_threads
from gpusyn.builder.plan import PRECISIONS, WEIGHTS, Asked
from gpusyn.distributed.crew import Crew
from gpusyn.distributed.spreading import ranks_of, spread_on, together
from gpusyn.errors import BackendError, FileError, GpusynError
from gpusyn.io.checkpoint import check_checkpoint, read_checkpoint, write_checkpoint
from gpusyn.io.hdf5 import hdf5
from gpusyn.io.targets import true_path
from gpusyn.network.network import Network
from gpusyn.parameters.scalars import instance, one_of, public, random_key, real
from gpusyn.simulation.checkpoint import check_content, content_of, put_content
from gpusyn.simulation.devices import backends_on, crew_on
from gpusyn.simulation.every_rank import on_every_rank
from gpusyn.simulation.running import Running
from gpusyn.simulation.state_methods import StateMethods
from gpusyn.utils.held_signals import held_signals
from gpusyn.utils.paths import as_path
from gpusyn.utils.typing import Whole

FACTS = {"dt": float, "seed": int, "trial": int, "precision": str, "weights": str, "start": str}


class CheckpointMethods(StateMethods):
    """Methods of :class:`gpusyn.Simulator` that save it to a checkpoint, and make it of one."""

    @public
    @on_every_rank
    def save_checkpoint(self, path: Any) -> None:
        """Write everything that the simulation needs to go on later, on any backend or machine.

        The file has its name when it is complete: a process that is killed meanwhile leaves the checkpoint of before.

        Parameters
        ----------
        path : path
            A name that ends in ``.h5``. Another checkpoint of that name is replaced, other files never.

        Raises
        ------
        ArgumentError
            If the path is not a path.
        FileError
            If there is another file of that name, or the checkpoint or a file of a recorder cannot be written; what
            was there is unchanged.
        MissingDependencyError
            If h5py is missing.
        SimulationError
            If the simulator is closed or in use by another thread, or its state is lost.

        Notes
        -----
        It holds the state of neurons and synapses, weights that have changed, spikes on their way, everything that was
        set between runs, and what was recorded in memory. Files of recorders stay where they are; the checkpoint knows
        how far they go.

        Examples
        --------
        >>> import tempfile
        >>> import gpusyn as gs
        >>> net = gs.Network()
        >>> cell = net.population("cell", 1, gs.LIF(I_e=200.0))
        >>> spikes = net.record(cell, "spikes")
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with gs.Simulator(net, dt=0.1, backend="numpy") as sim:
        ...         sim.run(40.0)
        ...         sim.save_checkpoint(f"{folder}/state.h5")
        ...     with gs.Simulator.load_checkpoint(net, f"{folder}/state.h5", backend="numpy") as sim:
        ...         sim.run(60.0)
        ...         sim.data[spikes].times
        array([27.8, 57.6, 87.4])
        """
        place = checkpoint_place(path, "Simulator.save_checkpoint().path")
        with self._in_use("save_checkpoint"):
            self._running.finish()
            self._write_checkpoint(place)

    @classmethod
    @public
    def load_checkpoint(
        cls,
        net: Network,
        path: Any,
        *,
        backend: Any = "auto",
        threads: Whole | None = None,
        dt: float | None = None,
        seed: Whole | None = None,
        trial: Whole | None = None,
        precision: str | None = None,
        weights: str | None = None,
        chunk_steps: Whole | None = None,
        progress: bool | None = None,
        comm: Any = None,
        owners: str = "contiguous",
        devices: Any = None,
    ) -> Self:
        """Make a simulator that goes on from a checkpoint, with the same bits as if it had never stopped.

        Files of recorders are cut back to the time of the checkpoint, and go on; `reset` leads to time 0.

        Parameters
        ----------
        net : Network
            The network of the checkpoint, described again.
        path : path
            File that :meth:`save_checkpoint` wrote.
        backend, threads : optional
            As for :class:`Simulator`; they may differ from those of the simulator that was saved.
        dt, seed, trial, precision, weights : optional
            What the checkpoint is expected to have; by default, what it has is taken.
        chunk_steps, progress, comm, owners, devices : optional
            As for :class:`Simulator`; ranks may be more or fewer than those that saved it, or none.

        Returns
        -------
        Simulator

        Raises
        ------
        ArgumentError
            If an argument has the wrong type.
        ParameterError
            If the checkpoint is of another network, or has another step of time, seed, trial, precision or way to
            store weights than expected; the message says what differs.
        UnknownNameError
            If the backend, the precision or the way to store weights is unknown.
        BackendError
            If the backend cannot be used on this machine.
        PlanMemoryError
            If the network does not fit into the free memory.
        FileError
            If there is no such file, it is damaged, no checkpoint, or of a newer version of gpusyn; or if a file of a
            recorder is missing, is that of another simulation, ends before the checkpoint or cannot be written. No
            file was changed.
        MissingDependencyError
            If h5py is missing.
        """
        here = "Simulator.load_checkpoint()"
        ranks = ranks_of(comm) if devices is None else None  # with both, what is wrong is said below
        with together(ranks, here):
            instance(net, Network, f"{here}.net", "a gs.Network")
            where = as_path(path, f"{here}.path")
            wanted = _expected(here, dt, seed, trial, precision, weights)
            hdf5()
            if devices is not None:
                backends = backends_on(devices, backend, comm, here)
                if len(backends) > 1:
                    how: Any = {"threads": threads, "chunk_steps": chunk_steps, "progress": progress, "owners": owners}
                    crew = crew_on(backends, partial(cls.load_checkpoint, net, path, **wanted, **how), here)
                    return cls._of(crew.members[0]._running, crew)
                backend, ranks = backends[0], ranks_of(comm)
            spread = spread_on(ranks, owners, here)
            content = read_checkpoint(where)
            with _damage(where):
                check_content(content, net, wanted, str(where))
                if ranks is not None:
                    ranks.agree(f"{here}.path: what the checkpoint says", content["simulation"])
                saved = {name: kind(content["simulation"][name]) for name, kind in FACTS.items()}
            threads = checked_threads(threads, f"{here}.threads")
            asked = Asked(saved["dt"], saved["precision"], saved["weights"], threads, "Simulator", spread)
            facts = saved["seed"], saved["trial"]
            running = Running(net, asked, *facts, backend, chunk_steps, progress, saved["start"], ranks)
            try:
                with _damage(where):
                    put_content(content, running, str(where))
            except BaseException:
                running.close()
                raise
            return cls._of(running)

    @classmethod
    def _of(cls, running: Running, crew: Crew[Any] | None = None) -> Self:
        """Return a simulator of a network that runs already."""
        sim = cls.__new__(cls)
        StateMethods.__init__(sim, running, crew)
        return sim

    def _write_checkpoint(self, place: Path) -> None:
        """Write a checkpoint of the state between two steps."""
        with held_signals():
            try:
                content = content_of(self._running)
            except BackendError as error:
                self._running.lost = f"{type(error).__name__}: {error}"
                raise
            if self._running.ranks is None or self._running.ranks.rank == 0:
                write_checkpoint(place, content)


def _expected(here: str, dt: Any, seed: Any, trial: Any, precision: Any, weights: Any) -> dict[str, Any]:
    """Return what a checkpoint is expected to have, None for what is not said."""
    return {
        "dt": None if dt is None else real(dt, f"{here}.dt", unit="ms", above=0.0),
        "seed": None if seed is None else random_key(seed, f"{here}.seed"),
        "trial": None if trial is None else random_key(trial, f"{here}.trial"),
        "precision": None if precision is None else one_of(precision, PRECISIONS, f"{here}.precision"),
        "weights": None if weights is None else one_of(weights, WEIGHTS, f"{here}.weights"),
    }


@contextmanager
def _damage(path: Path) -> Iterator[None]:
    """Raise a FileError if what a checkpoint holds is not what the code expects, which checksums did not tell."""
    try:
        yield
    except GpusynError:
        raise
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise FileError(
            f"{path}: does not hold what a checkpoint has ({type(error).__name__}: {error}); the file is damaged, or "
            "another version of gpusyn saved it"
        ) from error


def checkpoint_place(path: Any, where: str) -> Path:
    """Return the place of a checkpoint that will be written.

    Raises
    ------
    FileError
        If another file is there, or the directory cannot be written.
    """
    hdf5()
    place = true_path(as_path(path, where))
    check_checkpoint(place)
    return place


def stops(step: int, end: int, every: int | None) -> list[int]:
    """Return the steps at which checkpoints are saved of a run, `end` among them.

    >>> stops(0, 10, 4), stops(0, 8, 4), stops(5, 5, None)
    ([4, 8, 10], [4, 8], [5])
    """
    return [*range(step + every, end, every), end] if every else [end]
