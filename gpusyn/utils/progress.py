"""The progress of a run: tqdm's bar if tqdm is installed, else one line with the length of the run."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from gpusyn.utils.messages import MessageStream, say

_FORMAT = "{{l_bar}}{{bar}}| {{n:.10g}}/{{total:.10g}} {unit} [{{elapsed}}<{{remaining}}]"


@contextmanager
def progress_bar(steps: int, dt: float, wanted: bool, unit: str = "ms") -> Iterator[Callable[[int], object]]:
    """Yield a function to call with the number of steps done since it was last called.

    Parameters
    ----------
    steps : int
        Total number of steps.
    dt : float
        Length of a step, in `unit`.
    wanted : bool
        If False, nothing is shown.
    unit : str
        Unit of the numbers that are shown.
    """
    if not wanted or not steps:
        yield lambda done: None
        return
    try:
        from tqdm import tqdm
    except ImportError:
        note = 'for a progress bar: pip install "gpusyn[progress]"'
        say(f"gpusyn: running {steps * dt:.10g} {unit}; {note}")
        yield lambda done: None
        return
    stream = MessageStream()
    try:
        width = os.get_terminal_size(stream.fileno()).columns or 80  # 0 under `script` and in some CI
    except (AttributeError, OSError, ValueError):  # not a terminal
        width = None
    with tqdm(total=steps, unit_scale=dt, file=stream, bar_format=_FORMAT.format(unit=unit), ncols=width) as shown:
        yield shown.update
