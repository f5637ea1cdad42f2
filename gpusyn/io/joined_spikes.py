"""The spikes of all spike recorders of a result as one SpikeData, where there is such a thing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from gpusyn.errors import ParameterError
from gpusyn.io.piece import Piece
from gpusyn.parameters.scalars import show
from gpusyn.results.recorded_neurons import among
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
        nobody = np.empty(0, np.int64)
        known = (among(ids, other.neurons.get(name, nobody)).all() for name, ids in self.neurons.items())
        return early and late and all(known)

    def simultaneous(self, other: Extent) -> bool:
        """Return True if both have recorded at the same times, as far as the files say it."""
        apart = max(abs(self.start - other.start), abs(self.stop - other.stop))
        return apart <= SAME or not (self.noted and other.noted)


def widest(recorders: Mapping[str, Piece], where: str) -> list[str]:
    """Return the spike recorders that together hold the spikes of all, recorded at the same times.

    Raises
    ------
    ParameterError
        If there are none such, because recorders of which neither holds the other recorded at different times.
    """
    kept: dict[str, Extent] = {}
    for name, piece in recorders.items():
        extent = Extent(piece)
        if not any(extent.within(other) for other in kept.values()):
            kept = {known: other for known, other in kept.items() if not other.within(extent)} | {name: extent}
    first = next(iter(kept), "")
    for name, extent in kept.items():
        if not extent.simultaneous(kept[first]):
            times = " and from ".join(f"{kept[each].start:g} to {kept[each].stop:g} ms" for each in (first, name))
            raise ParameterError(
                f"{where}.spikes: recorders {show(first)} and {show(name)} recorded from {times}, which cannot be one "
                f"SpikeData; read them one by one, as in results[{show(first)}]"
            )
    return list(kept)


def joined(recorded: Sequence[SpikeData]) -> SpikeData:
    """Return the spikes of several recorders as one SpikeData; a neuron of several has those of the first."""
    kept: list[SpikeData] = []
    for data in recorded:
        kept.append(_without(data, [part for earlier in kept for part in earlier.populations]))
    populations = [part for data in kept for part in data.populations]
    firsts = np.cumsum([0, *(data.size for data in kept)])
    times = [data.times for data in kept] or [np.empty(0)]
    ids = [data.ids + first for data, first in zip(kept, firsts, strict=False)] or [np.empty(0, np.int64)]
    start = min((data.start for data in kept), default=0.0)
    end = max((data.start + data.duration for data in kept), default=0.0)
    return SpikeData(populations, np.concatenate(times), np.concatenate(ids), end - start, start)


def _without(data: SpikeData, known: Sequence[tuple[str, int, Integers]]) -> SpikeData:
    """Return the spikes of the neurons that are not known yet."""
    parts, new = [], [np.empty(0, bool)]
    for name, size, ids in data.populations:
        own = np.ones(size, bool)
        for other, _, theirs in known:
            own &= ~among(ids, theirs) if other == name else True
        new.append(own)
        parts += [(name, int(own.sum()), ids[own])] if own.any() else []
    is_new = np.concatenate(new)
    position = np.cumsum(is_new) - 1
    spikes = is_new[data.ids]
    return SpikeData(parts, data.times[spikes], position[data.ids[spikes]], data.duration, data.start)
