"""The threads of a session of the `cpu` backend: its team, and the number on which it runs."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

from gpusyn.errors import BackendError
from gpusyn.utils.cores import available_cores

# A thread waits for the others on the processor for this long (s) before it sleeps; to be woken takes as long.
_SPIN = 5e-6

_PIECE = 1e-3  # s that a measured piece of steps takes, so that it hardly counts that threads are woken for it
_PIECES = 7  # that are measured with each number of threads
_RARITY = 100  # times as long as it took to measure, a session runs on without measuring again

_NO_PROCESS = -1


class Team:
    """The threads of a session, which wait for steps to compute until the session is closed.

    A fork copies no threads: in the new process, others are started.

    Attributes
    ----------
    threads : int
        Number of threads, that which brings the steps included.

    Raises
    ------
    BackendError
        If the system gives no more threads.
    """

    def __init__(self, driver: Any, threads: int) -> None:
        self._driver, self.threads = driver, threads
        self._process = _NO_PROCESS  # in which the threads are
        self._start()

    def _start(self) -> None:
        spin = _SPIN if self.threads <= available_cores() else 0.0  # more threads than cores: others need this one
        pointer: int | None = self._driver.make_team(self.threads, spin)
        if pointer is None:
            raise BackendError(
                f"the system gives this process no {self.threads - 1} more threads; "
                "use fewer through threads= or the environment variable GPUSYN_THREADS"
            )
        self._pointer, self._process = pointer, os.getpid()

    @property
    def pointer(self) -> int:
        """The team in C++."""
        if self._process != os.getpid():
            self._start()
        return self._pointer

    def close(self) -> None:
        """End the threads."""
        if self._process == os.getpid():
            self._driver.end_team(self._pointer)
            self._process = _NO_PROCESS

    __del__ = close


class Pace:
    """The choice between two numbers of threads, 1 and as many as are worth it, by measuring both.

    More threads are slower where steps are short or other processes keep the cores busy. So the first steps run in
    pieces, in turns with each number; then that with the lower median time of a step is kept. Once `_RARITY` times as
    long has passed as this took, both are measured again: the machine or the network may be more or less busy by then.
    No result depends on the choice.

    Attributes
    ----------
    choices : sequence of int
        The numbers of threads. A single one, as the user may give it, is always kept.
    threads : int
        The better number according to the last measurement; the first before there is any.
    """

    def __init__(self, choices: Sequence[int], clock: Callable[[], float] = time.perf_counter) -> None:
        self.choices, self.threads = list(dict.fromkeys(choices)), choices[0]
        self._clock = clock
        self._step = _PIECE  # s that a step took lately
        self._rests_until = 0.0
        self._begin()

    def _begin(self) -> None:
        self._steps: dict[int, list[float]] = {number: [] for number in self.choices}  # s a step, of each piece
        self._spent = 0.0  # s

    def run(self, steps: int, compute: Callable[[int, int], object]) -> None:
        """Call `compute(threads, steps)`, several times while the numbers are measured."""
        while steps and len(self.choices) > 1 and self._clock() >= self._rests_until:
            threads = min(self.choices, key=lambda number: len(self._steps[number]))
            piece = min(steps, max(1, int(_PIECE / self._step)))
            self._measure(threads, piece, compute)
            steps -= piece
        if steps:
            compute(self.threads, steps)

    def _measure(self, threads: int, steps: int, compute: Callable[[int, int], object]) -> None:
        begin = self._clock()
        compute(threads, steps)
        end = self._clock()
        self._spent += end - begin
        self._step = max(1e-9, (end - begin) / steps)
        self._steps[threads].append(self._step)
        if min(map(len, self._steps.values())) == _PIECES:
            self.threads = min(self.choices, key=lambda number: statistics.median(self._steps[number]))
            self._rests_until = end + _RARITY * self._spent
            self._begin()
