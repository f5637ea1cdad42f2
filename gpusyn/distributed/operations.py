"""Operations of several ranks, one after the other, and how each rank learns that another has failed.

Each operation begins with a header from every rank: which operation it is, the number of bytes, and their data type.
A rank that has failed sends a header that says so in place of the next one. So the others learn of it in whatever
operation they are, and none waits for ever. Bytes that are few travel in the message of the header itself.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any, NamedTuple, NoReturn

import numpy as np
from numpy.typing import NDArray

from gpusyn.distributed.transport import Bytes, Transport
from gpusyn.errors import SimulationError
from gpusyn.utils.typing import Integers

Array = NDArray[Any]

HEAD = 3  # words of a header: the operation, the number of bytes, the data type
WORD = 8
FAILED, LEFT = -1, -2  # in place of the operation: this rank has failed, its program has ended
MOST_IN_MESSAGE = 4096  # bytes of a rank that travel with its header
MOST_IN_MESSAGES = 2**16  # of all ranks together
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


class Channel:
    """The operations of one rank with all others.

    Parameters
    ----------
    transport : Transport
        Brings the messages.

    Attributes
    ----------
    ended : SimulationError or None
        The error in which an operation ended; whoever handles it sets it back to None.
    left : SimulationError or None
        The error with which a rank went that takes part in nothing more.
    midway : bool
        Whether this rank was interrupted in an operation, in which the others wait for it.
    pending : Pending or None
        The operation that is under way.
    """

    def __init__(self, transport: Transport) -> None:
        self.transport, self.size = transport, transport.size
        self.ended: SimulationError | None = None
        self.left: SimulationError | None = None
        self.midway = False
        self.pending: Pending | None = None
        self._most = min(MOST_IN_MESSAGE, MOST_IN_MESSAGES // self.size) // WORD * WORD
        self._room = 0  # bytes that a message has for the payload; it is the same on all ranks

    def begin(self, operation: Operation, mine: Array) -> Pending:
        """Begin an operation, when the one that is under way has ended."""
        error = self.left or self.ended
        if error is not None:
            raise error
        if self.pending is not None:
            self.pending.receive()
        data: Bytes = np.ascontiguousarray(mine).reshape(-1).view(np.uint8)
        self.midway = True
        self.pending = pending = Pending(self, operation, mine.dtype, data)
        self.midway = False
        return pending

    def start(self, operation: Operation, data: Bytes) -> Callable[[], Integers]:
        """Begin to send a header, with the payload if there is room for it."""
        message = np.empty(HEAD + self._room // WORD, np.int64)
        message[:HEAD] = operation.code, data.size, operation.form
        if 0 < data.size <= self._room:
            message[HEAD:].view(np.uint8)[: data.size] = data
        return self.transport.begin_headers(message)

    def receive(self, operation: Operation, data: Bytes, wait: Callable[[], Integers]) -> list[Bytes]:
        """Wait for the headers, and return the payloads of all ranks."""
        self.midway = True
        messages = wait()
        codes, sizes, forms = messages[:, :HEAD].T.tolist()
        if codes.count(operation.code) < self.size or forms.count(operation.form) < self.size:
            self._end(messages, operation.text)
        largest = max(sizes)
        if largest <= self._room:
            inside = messages[:, HEAD:].view(np.uint8)
            parts = [inside[rank, :size] for rank, size in enumerate(sizes)]
        else:
            parts = self.transport.payloads(data, sizes, operation.to)
        self._room = self._next_room(largest)
        self.midway = False
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
        self.midway = True
        mine = np.frombuffer(text.encode(errors="backslashreplace"), np.uint8)
        sizes = self.transport.begin_headers(np.array([len(mine)]))()[:, 0].tolist()
        texts = [bytes(part).decode() for part in self.transport.payloads(mine, sizes)]
        self.midway = False
        failed = np.flatnonzero(messages[:, 0] == FAILED).tolist()
        if failed:
            error = SimulationError(f"rank {failed[0]} of {self.size} ended with {texts[failed[0]]}")
            error.rank = failed[0]
        else:
            error = SimulationError(f"all ranks must call the same methods: {_by_rank(texts)}")
        self.ended = error
        self.left = error if LEFT in messages[:, 0] else None
        raise error


class Pending:
    """An operation that has begun.

    Parameters
    ----------
    channel : Channel
        All operations of this rank.
    operation : Operation
        What all ranks do.
    dtype : numpy.dtype
        Data type of the arrays.
    data : ndarray of uint8
        What this rank gives; it must not change until the end.
    """

    def __init__(self, channel: Channel, operation: Operation, dtype: np.dtype[Any], data: Bytes) -> None:
        self._channel, self._operation, self._dtype, self._data = channel, operation, dtype, data
        self._wait = channel.start(operation, data)
        self._parts: list[Bytes] = []
        self._error: SimulationError | None = None

    def receive(self) -> None:
        """Wait for what all ranks give.

        Raises
        ------
        SimulationError
            If a rank has failed, or calls something else.
        """
        self._channel.pending = None
        try:
            self._parts = self._channel.receive(self._operation, self._data, self._wait)
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
        if self._channel.pending is self:
            self.receive()
        if self._error is not None:
            raise self._error
        return [part.view(self._dtype) for part in self._parts]


def listed(ranks: list[int]) -> str:
    """Return numbers as words of a sentence: the first few, if they are many."""
    if len(ranks) > 5:
        return ", ".join(map(str, ranks[:4])) + f" and {len(ranks) - 4} others"
    return " and ".join(filter(None, [", ".join(map(str, ranks[:-1])), str(ranks[-1])]))


def _by_rank(texts: list[str]) -> str:
    """Return which ranks are in which operation."""
    ranks: dict[str, list[int]] = {}
    for rank, text in enumerate(texts):
        ranks.setdefault(text, []).append(rank)
    return "; ".join(f"{'rank' if len(r) == 1 else 'ranks'} {listed(r)}: {text}" for text, r in ranks.items())
