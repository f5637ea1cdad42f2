"""The data of a recorder, of which each rank has those of its own neurons or synapses, as one process would have it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from gpusyn.distributed.first_rank import OnFirst
from gpusyn.distributed.gathering import Gathered
from gpusyn.results import SpikeData, SynapseData, TraceData
from gpusyn.results.recorded_neurons import RecordedPart
from gpusyn.utils.typing import Array, Integers


class Wanted(NamedTuple):
    """What a recorder records, on all ranks together.

    Attributes
    ----------
    parts : list of (str, int, ndarray)
        The populations with their recorded neurons.
    numbers : ndarray of int64
        Of a recorder of synapses, their numbers; else the positions of the neurons.
    mine : ndarray of int64
        The places among these of what this rank records.
    """

    parts: Sequence[RecordedPart]
    numbers: Integers
    mine: Integers


def gathered(data: SpikeData | TraceData, wanted: Wanted, gathering: Gathered) -> SpikeData | TraceData:
    """Return the data of all ranks; this is a collective operation."""
    if isinstance(data, SpikeData):
        mine = data.times, wanted.mine[data.ids]
        times, ids = (np.concatenate(gathering.ranks.arrays(one)) for one in mine)
        return SpikeData(wanted.parts, times, ids, data.duration, data.start)

    def whole(values: Any) -> Any:
        return gathering.whole(values, wanted.mine, len(wanted.numbers))

    values = {name: np.ascontiguousarray(whole(columns.T).T) for name, columns in data.values.items()}
    if isinstance(data, SynapseData):
        pair = whole(data.pre), whole(data.post)
        return SynapseData(data.projection, wanted.numbers, *pair, values, data.t, data.units, data.every)
    return TraceData(wanted.parts, values, data.t, data.units, every=data.every)


SPIKES = ("steps", "ids")  # what a recorder of spikes keeps in memory


def saved_of_all(found: dict[str, Array], wanted: Wanted, first: OnFirst) -> dict[str, Array]:
    """Return what all ranks keep in memory of a recorder; this is a collective operation, and for rank 0 alone."""
    if tuple(found) == SPIKES:
        steps, ids = found["steps"], wanted.mine[found["ids"]]
        return {name: first.sorted(column, steps, ids) for name, column in zip(SPIKES, (steps, ids), strict=True)}
    return {name: np.ascontiguousarray(first.sorted(frames.T, wanted.mine).T) for name, frames in found.items()}


def own_saved(found: dict[str, Array], wanted: Wanted) -> dict[str, Array]:
    """Return what this rank keeps in memory of a recorder, of what all ranks do."""
    if tuple(found) != SPIKES:
        return {name: np.ascontiguousarray(frames[:, wanted.mine]) for name, frames in found.items()}
    here = np.full(len(wanted.numbers), -1)
    here[wanted.mine] = np.arange(len(wanted.mine))
    ids = here[found["ids"]]
    return {"steps": found["steps"][ids >= 0], "ids": ids[ids >= 0]}
