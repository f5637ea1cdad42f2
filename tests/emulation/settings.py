"""How emulated kernels run: schedule, flush to zero, lazy streams, sanitizer.

``settings`` is read at each launch (``sanitize`` and ``coverage`` at each compilation), so a test may change it
around any part of a run:

    with using(order=schedule(seed=3), flush=True):
        sim.run(100.0)
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Iterator

__all__ = ["ORDERS", "Settings", "schedule", "settings", "using"]


@dataclasses.dataclass
class Settings:
    """Read by every launch.

    Attributes
    ----------
    order : int
        The schedule, from :func:`schedule`.
    flush : bool
        Subnormal float results and arguments count as zero during a launch (FTZ and DAZ of the processor).
    lazy : bool
        Work waits in its stream until something synchronises with that stream: the latest moment that CUDA
        allows, where the usual mode is the earliest.
    sanitize : str
        "", "address,undefined" or "thread": how modules are compiled. The process must have been started with
        the runtime preloaded (`compile.sanitizer_environment`).
    coverage : bool
        Modules count how often each of their lines runs (`coverage`).
    """

    order: int = 0
    flush: bool = False
    lazy: bool = False
    sanitize: str = os.environ.get("GPUSYN_EMULATE_SANITIZE", "")
    coverage: bool = os.environ.get("GPUSYN_EMULATE_COVERAGE") == "1"


settings = Settings()


def schedule(
    *,
    warps_reversed: bool = False,
    lanes_reversed: bool = False,
    blocks_reversed: bool = False,
    seed: int | None = None,
) -> int:
    """Number of a schedule: which of the waiting warps, lanes and blocks runs next.

    Parameters
    ----------
    warps_reversed, lanes_reversed, blocks_reversed : bool
        The last one first.
    seed : int or None
        Drawn at random at every wait and at some atomic operations; a seed always gives the same schedule.
    """
    order = 1 * warps_reversed + 2 * lanes_reversed + 4 * blocks_reversed
    if seed is not None:
        order |= 8 | seed << 8
    return order


# A useful selection, by name.
ORDERS: dict[str, int] = {
    "forward": schedule(),
    "backward": schedule(warps_reversed=True, lanes_reversed=True, blocks_reversed=True),
    "lanes-backward": schedule(lanes_reversed=True),
    "drawn-1": schedule(seed=1),
    "drawn-2": schedule(seed=2),
}


@contextlib.contextmanager
def using(**changes: object) -> Iterator[Settings]:
    """Change ``settings`` for the duration of a ``with`` block."""
    before = dataclasses.replace(settings)
    for name, value in changes.items():
        if not hasattr(settings, name):
            raise TypeError(f"emulation has no setting {name!r}; there are {', '.join(vars(settings))}")
        setattr(settings, name, value)
    try:
        yield settings
    finally:
        vars(settings).update(vars(before))
