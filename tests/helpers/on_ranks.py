"""Drawn networks on several ranks, which are threads of one process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gpusyn as gs
from gpusyn.distributed.ranks import Ranks
from gpusyn.distributed.threads import on_threads
from tests.helpers.runs import Outcome, play


def play_on_ranks(
    make: Callable[[], Any], backend: Callable[[], Any], size: int, owners: str = "contiguous", **how: Any
) -> Outcome:
    """What `play` finds for a case, of which each rank makes its own, on so many ranks: what rank 0 gets."""

    def on_rank(ranks: Ranks) -> Outcome:
        return play(make(), backend(), comm=ranks, owners=owners, **how)

    return on_threads(size, on_rank)[0]


def whole(sim: gs.Simulator, name: str) -> Any:
    """The data of a recorder on all ranks."""
    return sim.gather(name)
