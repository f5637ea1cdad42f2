"""How messages travel between ranks: through MPI, or through the memory that the threads of one process share.

A transport knows two operations, and all ranks call the same ones in the same order: headers of one length, whose
exchange may be hidden behind other work, and payloads of any lengths. What the messages mean is up to
:mod:`gpusyn.distributed.ranks`.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from gpusyn.errors import SimulationError
from gpusyn.utils.typing import Integers

Bytes = NDArray[np.uint8]

MOST_BYTES = 2**31 - 1  # in one operation: MPI counted in 32 bits before version 4


class Transport(Protocol):
    """One rank's access to the others.

    Attributes
    ----------
    rank, size : int
        Number of this rank, from 0, and number of ranks.
    """

    rank: int
    size: int

    def begin_headers(self, mine: Integers) -> Callable[[], Integers]:
        """Begin to send integers to all ranks, as many as each of them sends; `mine` must not change until the end.

        Returns
        -------
        callable
            Waits for the messages of all ranks, and returns them in their order: shape ``(size, len(mine))``.
        """

    def payloads(self, mine: Bytes, sizes: Sequence[int], to: int | None = None) -> list[Bytes]:
        """Send bytes to all ranks, or to one of them.

        Parameters
        ----------
        mine : ndarray of uint8
            What this rank sends.
        sizes : sequence of int
            Numbers of bytes of all ranks.
        to : int, optional
            The only rank that receives.

        Returns
        -------
        list of ndarray of uint8
            What the ranks sent, in their order; empty on a rank that receives nothing.
        """

    def on_machine(self) -> tuple[int, int]:
        """Return the number of this rank among those of its machine, and their number; all ranks call it."""

    def abort(self, text: str) -> None:
        """End all ranks, wherever they are, because of what the text says."""


class MpiTransport:
    """Ranks that are processes of MPI.

    Parameters
    ----------
    comm : mpi4py.MPI.Intracomm
        Communicator that nothing else uses.
    """

    def __init__(self, comm: Any) -> None:
        from mpi4py import MPI

        self._comm, self._word, self._byte, self._word32 = comm, MPI.INT64_T, MPI.BYTE, MPI.INT32_T
        self.rank, self.size = int(comm.Get_rank()), int(comm.Get_size())

    def begin_headers(self, mine: Integers) -> Callable[[], Integers]:
        """Begin a non-blocking all-gather. MPI would not match it with a blocking one, so there is no other."""
        received = np.empty((self.size, len(mine)), np.int64)
        request = self._comm.Iallgather([mine, self._word], [received, self._word])

        def wait() -> Integers:
            request.Wait()
            return received

        return wait

    def payloads(self, mine: Bytes, sizes: Sequence[int], to: int | None = None) -> list[Bytes]:
        """Gather in as many rounds as the counts of MPI need."""
        chunk = max(1, MOST_BYTES // self.size)
        if max(sizes) <= chunk:
            return self._gather(mine, sizes, to)
        received = [np.empty(size, np.uint8) for size in sizes] if to in (None, self.rank) else []
        for begin in range(0, max(sizes), chunk):
            counts = [min(max(size - begin, 0), chunk) for size in sizes]
            for whole, part in zip(received, self._gather(mine[begin : begin + chunk], counts, to), strict=True):
                whole[begin : begin + len(part)] = part
        return received

    def _gather(self, mine: Bytes, sizes: Sequence[int], to: int | None) -> list[Bytes]:
        sent = [mine, self._byte]
        if to not in (None, self.rank):
            self._comm.Gatherv(sent, None, to)
            return []
        begins = list(accumulate(sizes, initial=0))
        buffer = np.empty(begins.pop(), np.uint8)
        received = [buffer, sizes, begins, self._byte]
        if to is None:
            self._comm.Allgatherv(sent, received)
        else:
            self._comm.Gatherv(sent, received, to)
        return [buffer[begin : begin + size] for begin, size in zip(begins, sizes, strict=True)]

    def on_machine(self) -> tuple[int, int]:
        """Return the number of this rank among those that share memory, and their number."""
        from mpi4py import MPI

        machine = self._comm.Split_type(MPI.COMM_TYPE_SHARED)
        found = int(machine.Get_rank()), int(machine.Get_size())
        machine.Free()
        return found

    def abort(self, text: str) -> None:
        """End all processes of the communicator."""
        print(f"rank {self.rank} of {self.size}: {text}", file=sys.stderr, flush=True)
        self._comm.Abort(1)


class ThreadTransport:
    """A rank that is one of several threads of a process; `thread_transports` makes those of all ranks."""

    def __init__(self, meeting: _Meeting, rank: int) -> None:
        self._meeting, self.rank, self.size, self._turn = meeting, rank, meeting.size, 0

    def _begin(self, mine: Any) -> Callable[[], list[Any]]:
        turn = self._turn
        self._turn += 1
        self._meeting.bring(turn, self.rank, mine)
        return lambda: self._meeting.take(turn)

    def begin_headers(self, mine: Integers) -> Callable[[], Integers]:
        """Begin to send integers to all ranks; they are copied at once."""
        take = self._begin(mine.copy())
        return lambda: np.stack(take())

    def payloads(self, mine: Bytes, sizes: Sequence[int], to: int | None = None) -> list[Bytes]:
        """Send bytes to all ranks, or to one, and return own copies of those of all of them."""
        sent = self._begin(mine.copy())()
        return [one.copy() for one in sent] if to in (None, self.rank) else []

    def on_machine(self) -> tuple[int, int]:
        """Return the number of this rank, and the number of all."""
        return self.rank, self.size

    def abort(self, text: str) -> None:
        """Let every rank raise an error wherever it waits for the others."""
        self._meeting.close(f"rank {self.rank} of {self.size} has ended: {text}")


class _Meeting:
    """Where threads hand messages to one another, in turns: in each turn every rank brings one, and takes all."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._changed = threading.Condition()
        self._brought: dict[int, dict[int, Any]] = {}
        self._taken: dict[int, int] = {}
        self._closed = ""

    def bring(self, turn: int, rank: int, message: Any) -> None:
        """Leave a rank's message for all others; do not wait."""
        with self._changed:
            self._brought.setdefault(turn, {})[rank] = message
            if len(self._brought[turn]) == self.size:
                self._changed.notify_all()

    def take(self, turn: int) -> list[Any]:
        """Wait until all ranks have brought their messages of a turn, and return them in the order of the ranks."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or len(self._brought[turn]) == self.size)
            if self._closed:
                raise SimulationError(self._closed)
            messages = self._brought[turn]
            self._taken[turn] = self._taken.get(turn, 0) + 1
            if self._taken[turn] == self.size:
                del self._brought[turn], self._taken[turn]
        return [messages[rank] for rank in range(self.size)]

    def close(self, reason: str) -> None:
        """Let all who wait, now or later, raise an error with the first reason that was given."""
        with self._changed:
            self._closed = self._closed or reason
            self._changed.notify_all()


def thread_transports(size: int) -> list[ThreadTransport]:
    """Return the transports of ranks that are threads of this process: one for each thread."""
    meeting = _Meeting(size)
    return [ThreadTransport(meeting, rank) for rank in range(size)]
