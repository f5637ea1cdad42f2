"""Spikes that compiled code exchanges: on the `cpu` backend and MPI.

What `gpusyn.distributed.exchanged_spikes` does takes tens of microseconds in Python, which is as long as a step of a
small network. Here the loop over steps calls MPI's all-gather between two launches (`kernels/host/exchange.cpp`). The
ranks agree on the number of steps right before, and nothing can fail on one of them in between. Nothing is under way
after the steps: messages of Python come next.

An exchange takes so little time here that it is worth while to make two in a long window, so that the spikes of one
half travel while the other is computed. Python would lose more by the second exchange than there is to hide.
"""

from __future__ import annotations

import ctypes
import sys
from typing import Any

import numpy as np

from gpusyn.backends.base import Session
from gpusyn.backends.cpu.backend import CpuSession
from gpusyn.builder.compile import Compiled
from gpusyn.builder.exchanged import first_after_spikes, has_repeats
from gpusyn.builder.specs import remembers
from gpusyn.distributed.ranks import Ranks
from gpusyn.distributed.transport import MpiTransport
from gpusyn.errors import SimulationError
from gpusyn.kernels.records import Clock

_ROOM = 16  # spikes in the first message
HIDDEN_FROM = 8  # steps of a window in which spikes travel while half of it is computed
_P, _L, _I = ctypes.c_void_p, ctypes.c_int64, ctypes.c_int32
_FUNCTIONS = {"allgather": "MPI_Allgather", "begin": "MPI_Iallgather", "wait": "MPI_Wait", "test": "MPI_Test"}
_ARRAYS = ("spike_total", "spike_begin", "spike_id", "spike_events", "event_step", "event_count")


class _Exchange(ctypes.Structure):
    """The structure `Exchange` of kernels/host/exchange.cpp."""

    _fields_ = [
        *((name, _P) for name in (*_FUNCTIONS, "word", "comm", "next", *_ARRAYS, "run_id", "run_number")),
        ("runs", _L),
        *((name, _L) for name in ("step_mask", "spike_mask")),
        *((name, _I) for name in ("rank", "ranks", "repeats", "remembers")),
        *((name, _L) for name in ("every", "late", "known", "sent", "start", "stop", "room")),
        ("mine", _P), ("found", _P),
        *((name, _L) for name in ("words", "failed", "exchanges", "bytes")),
        ("seconds", ctypes.c_double), ("request", _P), ("status", _L * 16),
    ]  # fmt: skip


class CompiledExchange:
    """The exchange of spikes of one rank.

    Attributes
    ----------
    exchanges, bytes : int
        Number of exchanges, and bytes of spikes that came from other ranks.
    seconds : float
        Time of the exchanges, with waiting for the others.
    """

    def __init__(
        self, session: CpuSession, compiled: Compiled, ranks: Ranks, window: int, functions: dict[str, int | None]
    ) -> None:
        self._session, self._ranks = session, ranks
        layout, self._cut = compiled.layout, first_after_spikes(compiled.layout)
        transport: Any = ranks._transport
        late = window // 2 if window >= HIDDEN_FROM else 0
        self._library = session.host_library("exchange")
        self._data = _Exchange(
            **functions, word=_handle(transport._word32), comm=_handle(transport._comm),
            rank=ranks.rank, ranks=ranks.size, repeats=has_repeats(layout), remembers=remembers(layout),
            every=window - late, late=late, room=_ROOM, runs=-1,
        )  # fmt: skip
        if layout.senders is not None:
            self._runs = layout.senders.begin, layout.senders.number  # which the structure points to
            self._data.run_id, self._data.run_number = (array.ctypes.data for array in self._runs)
            self._data.runs = len(layout.senders.begin)
        self._arguments = (_P * 1)(ctypes.addressof(self._data))

    @property
    def exchanges(self) -> int:
        """Number of exchanges."""
        return int(self._data.exchanges)

    @property
    def bytes(self) -> int:
        """Bytes of spikes that came from other ranks."""
        return int(self._data.bytes)

    @property
    def seconds(self) -> float:
        """Time of the exchanges, with waiting for the others (s)."""
        return float(self._data.seconds)

    def run(self, steps: int, known: int) -> int:
        """Run the launch list `steps` times, with the exchanges that are due.

        Parameters
        ----------
        steps : int
            Number of steps.
        known : int
            First step of which the spikes of other ranks are not in the list.

        Returns
        -------
        int
            The same after the steps.

        Raises
        ------
        SimulationError
            If MPI reports an error, or a rank has failed or runs another number of steps.
        """
        channel, data = self._ranks._channel, self._data
        self._point()
        data.known = data.sent = known
        # The last place at which a rank can learn that another has failed: compiled code waits for all of them.
        if len({int(part[0]) for part in self._ranks.arrays(np.array([steps]))}) > 1:
            raise SimulationError("all ranks must run as many steps at once")
        channel.midway = True
        self._session.run_with(steps, self._cut, self._library.exchange_spikes, self._arguments)
        self._library.end_exchange(ctypes.byref(data))
        channel.midway = False
        if data.failed:
            raise SimulationError(f"rank {data.rank} of {data.ranks}: MPI's all-gather failed with code {data.failed}")
        return int(data.known)

    def _point(self) -> None:
        """Let the structure point to the arrays, which may have been replaced since the last run."""
        arrays = {name: self._session.memory(name) for name in ("clock", *_ARRAYS)}
        clock = arrays.pop("clock")
        self._data.next = clock.ctypes.data + clock.itemsize * Clock._fields.index("next")
        self._data.step_mask, self._data.spike_mask = arrays["spike_begin"].size - 1, arrays["spike_id"].size - 1
        for name, array in arrays.items():
            setattr(self._data, name, array.ctypes.data)

    def close(self) -> None:
        """Release the memory of messages."""
        self._library.free_exchange(ctypes.byref(self._data))


def compiled_exchange(session: Session, compiled: Compiled, ranks: Ranks, window: int) -> CompiledExchange | None:
    """Return the exchange by compiled code; None where another backend or transport is used.

    Parameters
    ----------
    session : Session
        The session of this rank.
    compiled : Compiled
        Its network.
    ranks : Ranks
        The ranks.
    window : int
        Steps within which a spike must be in the lists of all ranks.
    """
    if not isinstance(session, CpuSession) or not isinstance(ranks._transport, MpiTransport):
        return None
    mpi: Any = sys.modules["mpi4py.MPI"]
    library = ctypes.CDLL(mpi.__file__)  # finds the functions of the library that mpi4py has loaded
    if not all(hasattr(library, name) for name in _FUNCTIONS.values()):
        return None
    found = {name: ctypes.cast(getattr(library, of_mpi), _P).value for name, of_mpi in _FUNCTIONS.items()}
    return CompiledExchange(session, compiled, ranks, window, found)


def _handle(thing: Any) -> int:
    """Return MPI's handle of an object: a number or a pointer, by the implementation."""
    mpi: Any = sys.modules["mpi4py.MPI"]
    return int.from_bytes(ctypes.string_at(mpi._addressof(thing), mpi._sizeof(thing)), sys.byteorder)
