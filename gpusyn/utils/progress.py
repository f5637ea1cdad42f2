"""The progress of a run or a build: tqdm's bar if tqdm is installed, else one line that says how much is to do."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from gpusyn.utils.cores import is_worker_process
from gpusyn.utils.messages import LOGGER, MessageStream, is_silent

COMPILING = "compiling kernels"
PATIENCE = 2.0  # s; what takes longer has a bar in a terminal, unless the user said no
# Tells what is being done meanwhile, or, with None, what the bar is about; unset where no bar is shown.
_TELL: ContextVar[Callable[[str | None], object] | None] = ContextVar("tell", default=None)
_FORMAT = "{{l_bar}}{{bar}}| {{n:.10g}}/{{total:.10g}} {unit} [{{elapsed}}<{{remaining}}]"


@contextmanager
def progress_bar(
    steps: float, dt: float, wanted: bool | None, unit: str = "ms", doing: str = "running"
) -> Iterator[Callable[[float], object]]:
    """Yield a function to call with the number of steps done since it was last called.

    Parameters
    ----------
    steps : float
        Total number of steps, or the expected one: a bar that is full stays so.
    dt : float
        Length of a step, in `unit`.
    wanted : bool or None
        If False, nothing is shown, nor on a rank for which another one speaks. If None, a bar is shown in a terminal
        once it has taken `PATIENCE`, except by worker processes, which share the terminal.
    unit : str
        Unit of the numbers that are shown.
    doing : str
        What is being done.
    """
    stream = MessageStream()
    unseen = wanted is None and not (_is_terminal(stream) and not is_worker_process())
    if wanted is False or not steps or unseen or is_silent():
        yield lambda done: None
        return
    try:
        from tqdm import auto
    except ImportError:
        if wanted:
            LOGGER.info(f"{doing} {steps * dt:.10g} {unit}; for a progress bar: pip install tqdm")
        with _telling(lambda other: LOGGER.info(other) if wanted and other else None):
            yield lambda done: None
        return
    width = (os.get_terminal_size(stream.fileno()).columns or 80) if _is_terminal(stream) else None  # 0 in some CI
    look = _FORMAT.format(unit=unit)
    delay = 0.0 if wanted else PATIENCE
    with auto.tqdm(total=steps * dt, desc=doing, file=stream, bar_format=look, ncols=width, delay=delay) as shown:
        reached = 0.0

        def advance(done: float) -> None:
            nonlocal reached
            reached += done
            # Without the rounding errors of a sum: a widget is red until n is the total. tqdm forgets a total below n.
            shown.n = min(reached, steps) * dt
            shown.update(0)

        with _telling(lambda other: shown.set_description(other or doing)):
            yield advance


@contextmanager
def _telling(tell: Callable[[str | None], object]) -> Iterator[None]:
    """Let a bar say what is done meanwhile."""
    before = _TELL.set(tell)
    try:
        yield
    finally:
        _TELL.reset(before)


@contextmanager
def meanwhile(doing: str) -> Iterator[None]:
    """Let the bar that is shown, if there is one, say that something else is done, which it does not count."""
    tell = _TELL.get()
    if tell is None:
        yield
        return
    tell(doing)
    try:
        yield
    finally:
        tell(None)


def _is_terminal(stream: MessageStream) -> bool:
    try:
        return bool(stream.isatty()) and os.isatty(stream.fileno())
    except (AttributeError, OSError, ValueError):  # no stderr, a closed one, one without a file
        return False
