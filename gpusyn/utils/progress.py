"""A progress bar: tqdm's where it is installed, else one of our own; plain lines where stderr is no terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

_FORMAT = "{l_bar}{bar}| {n:.10g}/{total:.10g} ms [{elapsed}<{remaining}]"
_WIDTH = 40


@contextmanager
def progress_bar(steps: int, dt: float, wanted: bool) -> Iterator[Callable[[int], object]]:
    """Yield a function that is told how many steps were done since it was last called.

    Parameters
    ----------
    steps : int
        How many there will be.
    dt : float
        Length of a step (ms).
    wanted : bool
        Whether anything is shown.
    """
    if not wanted or not steps:
        yield lambda done: None
        return
    try:
        from tqdm import tqdm
    except ImportError:
        bar = OwnBar(steps, dt, sys.stderr)
        try:
            yield bar.advance
        finally:
            bar.finish()
        return
    with tqdm(total=steps * dt, file=sys.stderr, bar_format=_FORMAT) as shown:
        yield lambda done: shown.update(done * dt)


class OwnBar:
    """A bar that redraws its line in a terminal, and ten lines of text elsewhere.

    Parameters
    ----------
    steps : int
        How many there will be.
    dt : float
        Length of a step (ms).
    stream : text stream
        Where it is drawn.
    """

    def __init__(self, steps: int, dt: float, stream: Any) -> None:
        self.steps, self.dt, self.stream = steps, dt, stream
        self.done, self.begin = 0, time.monotonic()
        self.terminal = bool(stream.isatty())

    def advance(self, steps: int) -> None:
        """Count these steps and draw."""
        before, self.done = self.done, self.done + steps
        tenth = before * 10 // self.steps != self.done * 10 // self.steps
        if self.terminal:
            print(f"\r{self.line()}", end="", file=self.stream, flush=True)
        elif tenth:
            print(self.line(), file=self.stream, flush=True)

    def line(self) -> str:
        """The bar as text: share, bar, times in the model, and the seconds that are left."""
        share = self.done / self.steps
        left = (time.monotonic() - self.begin) * (1 / share - 1) if share else 0.0
        bar = ("#" * int(share * _WIDTH)).ljust(_WIDTH, ".")
        times = f"{self.done * self.dt:.10g}/{self.steps * self.dt:.10g} ms"
        return f"{share:4.0%} [{bar}] {times}, {left:.0f} s left"

    def finish(self) -> None:
        """Leave the line, also after an interruption."""
        if self.terminal:
            print(file=self.stream)
