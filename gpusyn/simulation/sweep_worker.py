"""A worker process of `sweep`: it asks for values, calls the function and sends the results back."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import threading
import traceback
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

from gpusyn.utils.messages import KeptRecords, warnings_only

NO_TASK = b""  # instead of a pickled value: there are no more
IN_A_FILE = (
    "write it with def, at the top level of a file that can be imported "
    "(in a notebook: a cell that begins with %%writefile trials.py), or use processes=1"
)


class Failure(NamedTuple):
    """What is left of an error of a worker: itself, unless it cannot be sent, a line about it and its traceback."""

    error: Exception | None
    line: str
    traceback: str


def line_of(error: BaseException) -> str:
    """Return the kind and the text of an error."""
    return f"{type(error).__name__}: {error}"


def work(connection: Connection, function: bytes) -> None:
    """Compute tasks in a worker process until there are no more or the sweep is interrupted."""
    try:
        signal.signal(signal.SIGTERM, _interrupt_once)
        if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
            signal.signal(signal.SIGINT, _interrupt_once)
        if hasattr(signal, "pthread_sigmask"):
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        threading.Thread(target=_end_with_parent, daemon=True).start()
        records = KeptRecords.install()
        records.taken()  # of the import of the script: the first process has said the same
        connection.send((pickle.dumps(None), []))
        while (task := connection.recv_bytes()) != NO_TASK:
            connection.send((_answer(function, task), records.taken()))
    except (EOFError, OSError, KeyboardInterrupt):
        return


def _end_with_parent() -> None:
    """Interrupt this worker when the process that started it has been killed."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)  # to the process: the main thread answers it


def _interrupt_once(number: int, frame: Any) -> None:
    """Interrupt a worker; a second signal (one from the terminal, one from the sweep) must not disturb its end."""
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, _ignore)  # not SIG_IGN: Python would report a signal that came already
    raise KeyboardInterrupt


def _ignore(number: int, frame: Any) -> None:
    pass


def _answer(function: bytes, value: bytes) -> bytes:
    """Return the pickled result of the function, or a pickled Failure."""
    try:
        called = pickle.loads(function)
    except Exception as error:
        return pickle.dumps(failure_of(error, "the worker process cannot import the function: ", f"; {IN_A_FILE}"))
    try:
        with warnings_only():  # the rest is news in the first worker, and noise in the others
            result = called(pickle.loads(value))
    except (Exception, SystemExit) as error:
        return pickle.dumps(failure_of(error))
    try:
        return pickle.dumps(result)
    except Exception as error:
        return pickle.dumps(failure_of(error, "its result cannot be sent: ", "; return numbers, arrays or results"))


def failure_of(error: BaseException, before: str = "", after: str = "") -> Failure:
    """Return an error in a form that can be sent, with words before and after its text."""
    sendable: Exception | None = None
    with suppress(Exception):  # what cannot be sent is told as text
        again = pickle.loads(pickle.dumps(error))
        sendable = again if isinstance(again, Exception) else None
    return Failure(sendable, f"{before}{line_of(error)}{after}", traceback.format_exc())
