"""Collective operations of several ranks that run the same program, and errors that end all of them.

Each operation begins with a header from every rank: which operation it is, the number of bytes, and their data type.
A rank that has failed sends a header that says so in place of the next one. So the others learn of it in whatever
operation they are, and none waits for ever. Bytes that are few travel in the message of the header itself.
"""

from __future__ import annotations

import pickle
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple, NoReturn

import numpy as np
from numpy.typing import NDArray

from gpusyn.distributed.transport import Bytes, Transport
from gpusyn.errors import ParameterError, SimulationError
from gpusyn.utils.typing import Integers

Array = NDArray[Any]

HEAD = 3  # words of a header: the operation, the number of bytes, the data type
WORD = 8
FAILED = -1  # in place of the operation
MOST_IN_MESSAGE = 4096  # bytes of a rank that travel with its header
MOST_IN_MESSAGES = 2**16  # of all ranks together
NOTHING = np.zeros(0, np.uint8)
ARRAYS, GATHERED = "arrays", "gathered arrays"


class Operation(NamedTuple):
    """What a rank does: all ranks must do the same.

    Attributes
    ----------
    code : int
        Its number in headers, the same on all ranks.
    form : int
        Number of the data type of the payload.
    text : str
        Its name, for messages.
    to : int, optional
        The only rank that receives something.
    """

    code: int
    form: int
    text: str
    to: int | None = None

    @classmethod
    def named(cls, where: str, kind: str, dtype: np.dtype[Any]) -> Operation:
        """Return the operation of a kind in a collective method."""
        text = ", ".join(filter(None, [where, f"{kind} of {dtype}" if kind in (ARRAYS, GATHERED) else kind]))
        code, form = zlib.crc32(f"{where}\n{kind}".encode()), zlib.crc32(dtype.str.encode())
        return cls(code, form, text, 0 if kind == GATHERED else None)


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
        True if the program is interrupted: the next call of `fewest` ends the run on all ranks.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport, self.stopping = transport, False
        self.rank, self.size = transport.rank, transport.size
        self._most = min(MOST_IN_MESSAGE, MOST_IN_MESSAGES // self.size) // WORD * WORD
        self._room = 0  # bytes that a message has for the payload; it is the same on all ranks
        self._where = ""
        self._ended: SimulationError | None = None
        self._pending: Pending | None = None
        self._midway = False
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
            which = f"rank {different[0]} differs" if len(different) == 1 else f"ranks {_listed(different)} differ"
            raise ParameterError(f"{what}: must be the same on all {self.size} ranks ({which} from rank 0)")

    @contextmanager
    def together(self, where: str) -> Iterator[None]:
        """Make of an error on one rank an error on all, for the body of a collective method; inner ones do nothing.

        At the end the ranks wait for one another. If the body has raised an exception here, it goes on, and the other
        ranks raise a SimulationError that names it; where the body raises on all ranks, each keeps its own.

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
        self._where = where
        try:
            yield
            self._begin("end", NOTHING).finish()
        except BaseException as error:
            self.fail(error)
            raise
        finally:
            self._where, self._ended = "", None

    def fail(self, error: BaseException) -> None:
        """Tell the other ranks, in whatever operation they are or will be next, that this one has ended with an error.

        Nothing is done if they know already: if the error came from one of them.
        """
        if self._ended is not None:
            return
        text = f"{type(error).__name__}: {error}"
        if self._midway:  # this rank has left in the middle of an operation, in which the others wait for it
            self._transport.abort(text)
            return
        with suppress(SimulationError):  # another may have failed as well
            self._settle()
            self._end(self._start(Operation(FAILED, 0, text), NOTHING)(), text)

    def begin_leave(self) -> Callable[[], None]:
        """Begin to tell the other ranks that the program ends on this one; the function that is returned waits.

        It does not raise an error: those who still wait for this rank do.
        """
        if self._midway:
            self._transport.abort("the program has ended")
        try:
            pending = self._begin("end of the program", NOTHING)
        except SimulationError:
            return lambda: None

        def wait() -> None:
            with suppress(SimulationError):
                pending.finish()

        return wait

    def _begin(self, kind: str, mine: Array) -> Pending:
        if self._ended is not None:
            raise self._ended
        self._settle()
        key = self._where, kind, mine.dtype
        operation = self._operations.get(key)
        if operation is None:
            operation = self._operations[key] = Operation.named(*key)
        data: Bytes = np.ascontiguousarray(mine).reshape(-1).view(np.uint8)
        self._midway = True
        self._pending = pending = Pending(self, operation, mine.dtype, data)
        self._midway = False
        return pending

    def _settle(self) -> None:
        """Receive what an unfinished operation brings."""
        if self._pending is not None:
            self._pending.receive()

    def _start(self, operation: Operation, data: Bytes) -> Callable[[], Integers]:
        """Begin to send a header, with the payload if there is room for it."""
        message = np.empty(HEAD + self._room // WORD, np.int64)
        message[:HEAD] = operation.code, data.size, operation.form
        if 0 < data.size <= self._room:
            message[HEAD:].view(np.uint8)[: data.size] = data
        return self._transport.begin_headers(message)

    def _receive(self, operation: Operation, data: Bytes, wait: Callable[[], Integers]) -> list[Bytes]:
        """Wait for the headers, and return the payloads of all ranks."""
        self._midway = True
        messages = wait()
        codes, sizes, forms = messages[:, :HEAD].T.tolist()
        if codes.count(operation.code) < self.size or forms.count(operation.form) < self.size:
            self._end(messages, operation.text)
        largest = max(sizes)
        if largest <= self._room:
            inside = messages[:, HEAD:].view(np.uint8)
            parts = [inside[rank, :size] for rank, size in enumerate(sizes)]
        else:
            parts = self._transport.payloads(data, sizes, operation.to)
        self._room = self._next_room(largest)
        self._midway = False
        return parts

    def _next_room(self, largest: int) -> int:
        """Return the room for the next payload after one of a size: for twice as many bytes, and falling slowly."""
        if largest > self._most:
            return 0
        return min(self._most, max(2 * largest, self._room - self._room // 8)) // WORD * WORD

    def _end(self, messages: Integers, text: str) -> NoReturn:
        """Raise the error that says which rank has failed, or that ranks call different operations.

        Every rank is here, since all have the same headers: those that failed with the text of their error, and the
        others with the name of their operation.
        """
        self._midway = True
        mine = np.frombuffer(text.encode(errors="backslashreplace"), np.uint8)
        sizes = self._transport.begin_headers(np.array([len(mine)]))()[:, 0].tolist()
        texts = [bytes(part).decode() for part in self._transport.payloads(mine, sizes)]
        self._midway = False
        failed = np.flatnonzero(messages[:, 0] == FAILED).tolist()
        if failed:
            error = SimulationError(f"rank {failed[0]} of {self.size} ended with {texts[failed[0]]}")
            error.rank = failed[0]
        else:
            error = SimulationError(f"all ranks must call the same methods: {_by_rank(texts)}")
        self._ended = error if self._where else None
        raise error


class Pending:
    """An operation that has begun.

    Parameters
    ----------
    ranks : Ranks
        All ranks.
    operation : Operation
        What all ranks do.
    dtype : numpy.dtype
        Data type of the arrays.
    data : ndarray of uint8
        What this rank gives; it must not change until the end.
    """

    def __init__(self, ranks: Ranks, operation: Operation, dtype: np.dtype[Any], data: Bytes) -> None:
        self._ranks, self._operation, self._dtype, self._data = ranks, operation, dtype, data
        self._wait = ranks._start(operation, data)
        self._parts: list[Bytes] = []
        self._error: SimulationError | None = None

    def receive(self) -> None:
        """Wait for what all ranks give.

        Raises
        ------
        SimulationError
            If a rank has failed, or calls something else.
        """
        ranks, ranks._pending = self._ranks, None
        try:
            self._parts = ranks._receive(self._operation, self._data, self._wait)
        except SimulationError as error:
            self._error = error
            raise

    def finish(self) -> list[Array]:
        """Wait for the arrays of all ranks, and return them in the order of the ranks.

        Raises
        ------
        SimulationError
            If a rank has failed, or calls something else.
        """
        if self._ranks._pending is self:
            self.receive()
        if self._error is not None:
            raise self._error
        return [part.view(self._dtype) for part in self._parts]


def _listed(ranks: list[int]) -> str:
    """Return numbers as words of a sentence: the first few, if they are many."""
    if len(ranks) > 5:
        return ", ".join(map(str, ranks[:4])) + f" and {len(ranks) - 4} others"
    return " and ".join(filter(None, [", ".join(map(str, ranks[:-1])), str(ranks[-1])]))


def _by_rank(texts: list[str]) -> str:
    """Return which ranks are in which operation."""
    ranks: dict[str, list[int]] = {}
    for rank, text in enumerate(texts):
        ranks.setdefault(text, []).append(rank)
    return "; ".join(f"{'rank' if len(r) == 1 else 'ranks'} {_listed(r)}: {text}" for text, r in ranks.items())
