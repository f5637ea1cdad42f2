"""The spikes of all spike recorders of a result as one SpikeData, where there is such a thing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from gpusyn.errors import ParameterError
from gpusyn.io.reader import Piece
from gpusyn.parameters.scalars import show
from gpusyn.results.spike_data import SpikeData
from gpusyn.utils.typing import Integers

SAME = 1e-6  # ms


class Extent:
    """Which neurons a recorder has recorded, and when (ms)."""

    def __init__(self, piece: Piece) -> None:
        neurons = piece.layout.neurons()
        self.start, self.stop = piece.layout.start, piece.layout.start + piece.duration
        self.noted = piece.noted  # other simulators do not store when a recording ended
        self.neurons: dict[str, Integers] = {
            name: neurons.local_ids[neurons.positions(name, piece.layout.name)] for name in neurons.names
        }

    def within(self, other: Extent) -> bool:
        """Return True if the other recorder has recorded all that this one has."""
        early, late = self.start >= other.start - SAME, self.stop <= other.stop + SAME
        known = (np.isin(ids, other.neurons.get(name, [])).all() for name, ids in self.neurons.items())
        return early and late and all(known)

    def clash(self, other: Extent) -> str:
        """Return in which respect the two cannot be joined; an empty string if they can."""
        if self.noted and other.noted and max(abs(self.start - other.start), abs(self.stop - other.stop)) > SAME:
            return f"{self.start:g} to {self.stop:g} ms and {other.start:g} to {other.stop:g} ms"
        both = (name for name, ids in self.neurons.items() if np.isin(ids, other.neurons.get(name, [])).any())
        return next((f"some of the same neurons of {name!r}" for name in both), "")


def widest(recorders: Mapping[str, Piece], where: str) -> list[str]:
    """Return the spike recorders that together hold the spikes of all, each neuron in only one of them.

    Raises
    ------
    ParameterError
        If there are none such, because the recorders recorded at different times, or some neurons of each other.
    """
    kept: dict[str, Extent] = {}
    for name, piece in recorders.items():
        extent = Extent(piece)
        if not any(extent.within(other) for other in kept.values()):
            kept = {known: other for known, other in kept.items() if not other.within(extent)} | {name: extent}
    names = list(kept)
    for k, second in enumerate(names):
        for first in names[:k]:
            if clash := kept[first].clash(kept[second]):
                raise ParameterError(
                    f"{where}.spikes: recorders {show(first)} and {show(second)} recorded {clash}, which are no one "
                    f"SpikeData; read them one by one, as in results[{show(first)}]"
                )
    return names


def joined(recorded: Sequence[SpikeData]) -> SpikeData:
    """Return the spikes of several recorders as one SpikeData; each neuron is in only one of them."""
    populations = [part for data in recorded for part in data.populations]
    firsts = np.cumsum([0, *(data.size for data in recorded)])
    times = [data.times for data in recorded] or [np.empty(0)]
    ids = [data.ids + first for data, first in zip(recorded, firsts, strict=False)] or [np.empty(0, np.int64)]
    start = min((data.start for data in recorded), default=0.0)
    end = max((data.start + data.duration for data in recorded), default=0.0)
    return SpikeData(populations, np.concatenate(times), np.concatenate(ids), end - start, start)
