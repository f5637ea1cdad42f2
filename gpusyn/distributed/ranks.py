"""Collective operations of several ranks that run the same program, and errors that end all of them."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np

from gpusyn.distributed.operations import ARRAYS, FAILED, GATHERED, LEFT, Array, Channel, Operation, Pending, listed
from gpusyn.distributed.transport import Transport
from gpusyn.errors import ParameterError, SimulationError
from gpusyn.utils.messages import LOGGER, Heard, as_rank

__all__ = ["Pending", "Ranks"]

NOTHING = np.zeros(0, np.uint8)
MOST_WARNINGS = 5  # of other ranks that are told


class Ranks:
    """All ranks, as one of them sees them.

    Every method but `fail` is collective: all ranks call the same ones in the same order.

    Parameters
    ----------
    transport : Transport
        Brings the messages.

    Attributes
    ----------
    rank, size : int
        Number of this rank, from 0, and number of ranks.
    stopping : bool
        True if the program is interrupted: the next call of `fewest` ends a run on all ranks.
    """

    def __init__(self, transport: Transport) -> None:
        self.rank, self.size, self.stopping = transport.rank, transport.size, False
        self._transport = transport
        self._channel = Channel(transport)
        self._where = ""
        self._heard = Heard(silent=False)
        self._operations: dict[tuple[str, str, np.dtype[Any]], Operation] = {}

    def __repr__(self) -> str:
        return f"<Ranks: rank {self.rank} of {self.size}>"

    def arrays(self, mine: Array, meanwhile: Callable[[], object] | None = None) -> list[Array]:
        """Return the arrays that all ranks give.

        Parameters
        ----------
        mine : ndarray, shape (n,)
            This rank's own; of any length, and of one data type on all ranks. It must not change meanwhile.
        meanwhile : callable, optional
            Is called without an argument while the messages travel.

        Returns
        -------
        list of ndarray
            In the order of the ranks; they share no memory with `mine`.

        Raises
        ------
        SimulationError
            If a rank has failed, or calls something else.
        """
        pending = self.begin_arrays(mine)
        if meanwhile is not None:
            meanwhile()
        return pending.finish()

    def begin_arrays(self, mine: Array) -> Pending:
        """Begin what `arrays` does; the next operation, if it comes before ``finish()``, waits for this one.

        Raises
        ------
        SimulationError
            If a rank has failed, or calls something else, in the operation that was not finished.
        """
        return self._begin(ARRAYS, mine)

    def gathered(self, mine: Array) -> list[Array] | None:
        """Return the arrays that all ranks give on rank 0, and None on the others; see `arrays`.

        Raises
        ------
        SimulationError
            If a rank has failed, or calls something else.
        """
        parts = self._begin(GATHERED, mine).finish()
        return parts if self.rank == 0 else None

    def objects(self, mine: object) -> list[Any]:
        """Return the objects that all ranks give, in the order of the ranks; they are pickled.

        Raises
        ------
        SimulationError
            If a rank has failed, or calls something else.
        """
        data = np.frombuffer(pickle.dumps(mine, pickle.HIGHEST_PROTOCOL), np.uint8)
        return [pickle.loads(part.data) for part in self._begin("objects", data).finish()]

    def fewest(self, steps: int) -> int:
        """Return the fewest steps that any rank can run next.

        Raises
        ------
        KeyboardInterrupt
            On all ranks, if the program of one of them is interrupted.
        SimulationError
            If a rank has failed, or calls something else.
        """
        least = min(int(part[0]) for part in self.arrays(np.array([-1 if self.stopping else steps])))
        if least < 0:
            raise KeyboardInterrupt
        return least

    def on_machine(self) -> tuple[int, int]:
        """Return the number of this rank among those of its machine, and their number."""
        return self._transport.on_machine()

    def agree(self, what: str, mine: object) -> None:
        """Check that all ranks give the same value.

        Parameters
        ----------
        what : str
            Name of the value, for the message.
        mine : object
            The value: one that can be pickled and compared, such as a number, a text or a digest.

        Raises
        ------
        ParameterError
            On every rank, if the value of any differs from that of rank 0.
        SimulationError
            If a rank has failed, or calls something else.
        """
        first, *others = self.objects(mine)
        different = [rank for rank, value in enumerate(others, 1) if value != first]
        if different:
            which = f"rank {different[0]} differs" if len(different) == 1 else f"ranks {listed(different)} differ"
            raise ParameterError(f"{what}: must be the same on all {self.size} ranks ({which} from rank 0)")

    @contextmanager
    def together(self, where: str) -> Iterator[None]:
        """Make of an error on one rank an error on all, for the body of a collective method; inner ones do nothing.

        Messages and progress bars are those of rank 0. At the end the ranks wait for one another. If the body has
        raised an exception here, it goes on, and the other ranks raise a SimulationError that names it; where the body
        raises on all ranks, each keeps its own.

        Parameters
        ----------
        where : str
            Name of the method, for messages.

        Raises
        ------
        SimulationError
            If another rank has failed, or calls something else.
        """
        if self._where:
            yield
            return
        self._where, self._channel.ended = where, None
        try:
            with as_rank(silent=self.rank > 0) as self._heard:
                yield
                self._begin("end", NOTHING).finish()
        except BaseException as error:
            self.fail(error)
            raise
        finally:
            self._where, self._channel.ended = "", None

    def tell_warnings(self) -> None:
        """Say on rank 0 which warnings other ranks have had, and not rank 0, in the collective method so far.

        Raises
        ------
        SimulationError
            If a rank has failed, or calls something else.
        """
        first, *others = self.objects(self._heard.warnings)
        found: dict[str, list[int]] = {}
        for rank, texts in enumerate(others, 1):
            for text in dict.fromkeys(texts):
                found.setdefault(text, []).append(rank)
        alone = {text: ranks for text, ranks in found.items() if text not in first}
        if self.rank == 0:
            for text, ranks in list(alone.items())[:MOST_WARNINGS]:
                LOGGER.warning(f"rank{'s' * (len(ranks) > 1)} {listed(ranks)}: {text}")
            if len(alone) > MOST_WARNINGS:
                LOGGER.warning(f"other ranks have {len(alone) - MOST_WARNINGS} more warnings")

    def fail(self, error: BaseException) -> None:
        """Tell the other ranks, in whatever operation they are or will be next, that this one has ended with an error.

        Nothing is done if they know already: if the error came from one of them.
        """
        text = f"{type(error).__name__}: {error}"
        if self._channel.midway:
            self._channel.transport.abort(text)
        else:
            with suppress(SimulationError):  # another may have failed as well
                self._channel.begin(Operation(FAILED, 0, text), NOTHING).finish()

    def begin_leave(self) -> Callable[[], None]:
        """Begin to tell the other ranks that the program ends on this one; the function that is returned waits.

        It does not raise an error: those who still wait for this rank do.
        """
        if self._channel.midway:
            self._channel.transport.abort("the program has ended")
        pending: Pending | None = None
        with suppress(SimulationError):
            pending = self._channel.begin(Operation(LEFT, 0, "end of the program"), NOTHING)

        def finish() -> None:
            with suppress(SimulationError):
                if pending is not None:
                    pending.finish()

        return finish

    def _begin(self, kind: str, mine: Array) -> Pending:
        if not self._where:
            self._channel.ended = None
        key = self._where, kind, mine.dtype
        operation = self._operations.get(key)
        if operation is None:
            operation = self._operations[key] = Operation.named(*key)
        return self._channel.begin(operation, mine)
