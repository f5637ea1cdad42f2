"""Signals wait while work is done that must be done whole, such as a chunk of steps with its recordings."""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # `signal` wraps it, and takes 40 us for the 60 handlers, this 3 us
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import compress
from typing import Any

SIGNALS = tuple(sorted(int(number) for number in signal.valid_signals()))


@contextmanager
def held_signals() -> Iterator[None]:
    """Hold back the signals that Python functions handle, Ctrl-C among them, until the context ends.

    Python runs these handlers in the main thread between any two instructions, and an exception that a handler raises
    (KeyboardInterrupt, a time limit) would leave the work half done. The handlers of the signals that came meanwhile
    are called at the end, once each. In other threads there is nothing to hold back.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    hold = _Hold()
    try:
        hold.install()
        yield
    finally:
        try:
            hold.restore()
        finally:
            _hand_on([(number, hold.replaced[number]) for number in dict.fromkeys(hold.came)])


class _Hold:
    """The handler that stands in for those of the user.

    Those that are not replaced yet, or are put back already, can be called at any time and raise an exception, which
    may come before the others are put back. For these this handler is harmless: it passes their signals on.
    """

    def __init__(self) -> None:
        self.holds = False
        self.came: list[int] = []
        self.replaced: dict[int, Any] = {}

    def __call__(self, number: int, frame: Any) -> None:
        if self.holds:
            self.came.append(number)
        else:
            self.replaced[number](number, frame)

    def install(self) -> None:
        """Take the place of all handlers that were installed from Python."""
        # This skips, without a step of Python, the system's default and what was not installed from Python.
        for number in compress(SIGNALS, map(callable, map(_signal.getsignal, SIGNALS))):
            handler = _signal.getsignal(number)
            if isinstance(handler, _Hold) and not handler.holds:
                handler = handler.replaced[number]  # one that was not put back
            if callable(handler):  # still
                self.replaced[number] = handler
                _signal.signal(number, self)
        self.holds = True

    def restore(self) -> None:
        """Install the handlers of the user again, also if one of them is called meanwhile and raises."""
        self.holds = False
        left = list(self.replaced.items())
        try:
            while left:
                _signal.signal(*left[-1])
                left.pop()
        finally:
            for one in left:
                _signal.signal(*one)


def _hand_on(held: list[tuple[int, Any]]) -> None:
    """Call the handler of each signal, also if that of an earlier one raises an exception.

    A signal is not raised again: whoever waits for signals elsewhere, as asyncio does, has seen it when it came.
    """
    try:
        if held:
            number, handler = held.pop(0)
            handler(number, sys._getframe())
    finally:
        if held:
            _hand_on(held)
