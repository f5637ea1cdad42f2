"""A progress bar: tqdm's where it is installed, else plain lines."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def progress_bar(steps: int, dt: float, wanted: bool) -> Iterator[Callable[[int], object]]:
    """Yield a function that is told how many steps were done."""
    if not wanted or not steps:
        yield lambda done: None
        return
    try:
        from tqdm import tqdm
    except ImportError:
        yield _plain(steps, dt)
        return
    with tqdm(total=steps * dt, unit=" ms", unit_scale=False, file=sys.stderr, bar_format=_FORMAT) as bar:
        yield lambda done: bar.update(done * dt)


_FORMAT = "{l_bar}{bar}| {n:.0f}/{total:.0f} ms [{elapsed}<{remaining}]"


def _plain(steps: int, dt: float) -> Callable[[int], object]:
    so_far = 0

    def advanced(done: int) -> None:
        nonlocal so_far
        before, so_far = so_far, so_far + done
        if before * 10 // steps != so_far * 10 // steps:
            print(f"{so_far * dt:.0f} of {steps * dt:.0f} ms", file=sys.stderr)

    return advanced
