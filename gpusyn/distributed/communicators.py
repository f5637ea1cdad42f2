"""What users give as ``comm=`` becomes Ranks, and programs on several processes end as one."""

from __future__ import annotations

import atexit
import os
import sys
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any

from gpusyn.distributed.ranks import Ranks
from gpusyn.distributed.transport import MpiTransport
from gpusyn.errors import ArgumentError, MissingDependencyError, SimulationError
from gpusyn.parameters.scalars import show
from gpusyn.utils.messages import LOGGER
from gpusyn.utils.optional import require

PURPOSE = "running on several processes of MPI"
_STARTED = (("PMI_SIZE", "PMI_RANK"), ("OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK"))
GRACE = 1.0  # s by which others let the rank speak that has more to say


def tell_if_alone(environment: Mapping[str, str] = os.environ) -> None:
    """Warn once if a program of MPI has started several processes, each of which is about to do the same alone.

    Parameters
    ----------
    environment : mapping of str to str
        Variables of the environment, in which MPICH and Open MPI tell each process of the others.
    """
    for size, rank in _STARTED:
        n = environment.get(size, "")
        if n.isdecimal() and int(n) > 1 and environment.get(rank) == "0":
            LOGGER.warning(f"{n} processes were started, and each does all of this by itself; share it with --mpi")


def mpi_world() -> Any:
    """Return the communicator of all processes of MPI.

    Raises
    ------
    MissingDependencyError
        If mpi4py is not installed, or finds no library of MPI.
    """
    try:
        return require("mpi4py.MPI", PURPOSE, "mpi4py mpich").COMM_WORLD
    except RuntimeError as error:
        reason = str(error).partition("\n")[0]
        raise MissingDependencyError(
            f"{PURPOSE} needs a library of MPI, and mpi4py finds none ({reason}); load the module of your cluster, or "
            'install one with: pip install "mpich"'
        ) from None


def as_ranks(comm: object) -> Ranks:
    """Return the ranks of a communicator; a process that has several has a rank in each.

    The messages do not mix with those of the user, who goes on to use the communicator. Every rank of it calls this
    function, once or at the same places.

    Parameters
    ----------
    comm : mpi4py.MPI.Intracomm or Ranks
        The communicator.

    Raises
    ------
    ArgumentError
        If it is something else, or a communicator that joins two groups or none.
    """
    if isinstance(comm, Ranks):
        return comm
    mpi = sys.modules.get("mpi4py.MPI")
    if mpi is not None and mpi.Is_initialized() and not mpi.Is_finalized() and mpi.COMM_WORLD.Get_size() > 1:
        _end_all_on_errors(mpi)  # also on those that follow
    if mpi is None or not isinstance(comm, mpi.Comm):
        raise ArgumentError(f"comm: must be a communicator of mpi4py, such as mpi4py.MPI.COMM_WORLD (got {show(comm)})")
    if not isinstance(comm, mpi.Intracomm) or comm == mpi.COMM_NULL:
        raise ArgumentError(f"comm: must be a communicator inside one group of processes (got {show(comm)})")
    return _PROCESSES.ranks(mpi, comm)


class _Processes:
    """The Ranks of each communicator. They are kept with it: those of MPI are few, and making one takes all ranks."""

    def __init__(self) -> None:
        self._key: int | None = None
        self._all: list[Ranks] = []

    def ranks(self, mpi: Any, comm: Any) -> Ranks:
        """Return the Ranks of a communicator."""
        if self._key is None:
            self._key = mpi.Comm.Create_keyval(delete_fn=lambda comm, key, ranks: self._all.remove(ranks))
            atexit.register(self.leave, mpi)
        ranks: Ranks | None = comm.Get_attr(self._key)
        if ranks is None:
            ranks = Ranks(MpiTransport(comm.Dup()))
            comm.Set_attr(self._key, ranks)
            self._all.append(ranks)
        return ranks

    def leave(self, mpi: Any) -> None:
        """Tell all other ranks that the program ends on this one; they may still wait for it somewhere."""
        if mpi.Is_finalized():
            return
        for leaving in [ranks.begin_leave() for ranks in self._all]:
            leaving()


_PROCESSES = _Processes()


def _end_all_on_errors(mpi: Any) -> None:
    """Let an exception that nothing handles end all processes, since the others might wait for this one for ever."""
    if getattr(sys.excepthook, "ends_all_ranks", False):
        return
    show, world = sys.excepthook, mpi.COMM_WORLD

    def end_all(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        try:
            _wait_for_better(error, world.Get_rank())
            print(f"rank {world.Get_rank()} of {world.Get_size()} ends all:", file=sys.stderr)
            show(kind, error, trace)
            for stream in (sys.stdout, sys.stderr):
                stream.flush()
            time.sleep(GRACE / 2)  # mpiexec drops what it has not read yet when it ends the ranks
        finally:
            world.Abort(1)

    end_all.ends_all_ranks = True  # type: ignore[attr-defined]
    sys.excepthook = end_all


def _wait_for_better(error: BaseException, rank: int) -> None:
    """Give others the time to end all with an error that says more, so that only one is shown.

    The rank that another one's error names shows where it happened, and of ranks with the same error one is enough.
    """
    other = isinstance(error, SimulationError) and error.rank is not None
    time.sleep(GRACE * (2 * other + (rank > 0)))
