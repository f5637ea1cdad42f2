"""Drawn networks on several ranks, which are threads of one process."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np

import gpusyn as gs
from gpusyn.distributed.ranks import Ranks
from gpusyn.distributed.threads import on_threads
from gpusyn.errors import GpusynError
from gpusyn.network.rewiring import rewiring_of
from tests.helpers.runs import Outcome, outcome, play


def play_on_ranks(
    make: Callable[[], Any], backend: Callable[[], Any], size: int, owners: str = "contiguous", **how: Any
) -> Outcome:
    """What `play` finds for a case, of which each rank makes its own, on so many ranks: what rank 0 gets."""

    def on_rank(ranks: Ranks) -> Outcome:
        return play(make(), backend(), comm=ranks, owners=owners, **how)

    return on_threads(size, on_rank)[0]


def with_recorders(case: Any) -> Any:
    """The case with a recorder of the variables of all synapses of each projection that can have one."""
    for name, projection in case.net.projections.items():
        if not projection.procedural and rewiring_of(projection.plasticity) is None:
            with suppress(GpusynError):
                case.net.record(projection, list(projection.variables), every=4 * case.dt, name=f"synapses of {name}")
    return case


def everything(sim: gs.Simulator) -> Outcome:
    """What `outcome` finds, all variables of synapses, and what was rewired."""
    found = outcome(sim)
    for name, projection in sim.net.projections.items():
        for variable in projection.variables:
            with suppress(GpusynError):
                found[f"{name} {variable} now"] = sim.get(name, variable)
        if rewiring_of(projection.plasticity) is not None:
            found |= {f"{name} {k}": np.asarray(v) for k, v in sim.rewirings(name)._asdict().items()}
    return found


def whole(sim: gs.Simulator, name: str) -> Any:
    """The data of a recorder on all ranks."""
    return sim.gather(name)
