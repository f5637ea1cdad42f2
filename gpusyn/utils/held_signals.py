"""Signals wait while work is done that must be done whole, such as a chunk of steps with its recordings."""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # `signal` wraps it, and takes 40 us for the 60 handlers, this 3 us
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

SIGNALS = tuple(sorted(int(number) for number in signal.valid_signals()))


@contextmanager
def held_signals() -> Iterator[None]:
    """Hold back the signals that Python functions handle, Ctrl-C among them, until the context ends.

    Python runs these handlers in the main thread between any two instructions, and an exception that a handler raises
    (KeyboardInterrupt, a time limit) would leave the work half done. The signals that came meanwhile are raised again
    at the end, once each, and go to the handlers of the user. In other threads there is nothing to hold back.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    replaced: dict[int, Any] = {}
    try:
        _replace(replaced, lambda number, frame: came.append(number))
        yield
    finally:
        _restore(replaced)
        _raise_again(list(dict.fromkeys(came)))


def _replace(replaced: dict[int, Any], hold: Callable[[int, Any], None]) -> None:
    for number in SIGNALS:
        handler = _signal.getsignal(number)
        if callable(handler):  # neither the system's default nor a handler that was not installed from Python
            replaced[number] = handler
            _signal.signal(number, hold)


def _restore(replaced: dict[int, Any]) -> None:
    """Install the handlers of the user again, all of them even if one is called meanwhile and raises."""
    try:
        while replaced:
            number, handler = replaced.popitem()
            _signal.signal(number, handler)
    finally:
        if replaced:
            _restore(replaced)


def _raise_again(numbers: list[int]) -> None:
    """Raise each signal, also if the handler of an earlier one raises an exception."""
    try:
        if numbers:
            signal.raise_signal(numbers.pop(0))
    finally:
        if numbers:
            _raise_again(numbers)
