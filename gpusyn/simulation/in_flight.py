"""Spikes in flight deliver what they set out with: when other weights are set, and in another form of delivery."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gpusyn.backends.base import Session
from gpusyn.builder.bundles import stored_form
from gpusyn.builder.layout import Layout
from gpusyn.builder.pathways import Timing
from gpusyn.builder.plasticity.releases import release_slots
from gpusyn.builder.rows.event_driven import index_of, sums_of
from gpusyn.builder.rows.stored import StoredSegments
from gpusyn.builder.rows.unpacked import delays_of, segment_bounds
from gpusyn.simulation.spike_list import SpikeList, Waiting
from gpusyn.utils.typing import Array, Bools


class Meetings(NamedTuple):
    """Pairs of a spike and a synapse of its source.

    Attributes
    ----------
    synapse, delay, place : ndarray
        Place of the synapse in its rows, its delay (steps), and the place in `ring` of the sum to which it adds.
    step : ndarray
        Step of the spike.
    factor : ndarray
        What the weight of the synapse is multiplied by.
    """

    synapse: Array
    delay: Array
    place: Array
    step: Array
    factor: Array

    def wait(self, timing: Timing, start: int) -> Bools:
        """Return whether each synapse is read in step `start` or later, if it is delivered when due."""
        block = (self.delay - timing.first) // timing.width
        read: Bools = self.step + timing.first - 1 + block * timing.width >= start
        return read

    def some(self, chosen: Bools) -> Meetings:
        """Return those that are chosen."""
        return Meetings(*(column[chosen] for column in self))


class InFlight:
    """Corrections of the sums of coming steps, for spikes whose synapses are not read with what they have to deliver.

    Synapses that are not delivered at once are read when they are due, with the weights of then. If other weights were
    set before, the difference to these is added to the sums, which are integers: once added, it makes them exactly
    those of the old weights.

    Attributes
    ----------
    due : dict of int to list of (ndarray, ndarray)
        Places in `ring`, and values to add to the sums there, by the step that reads them.
    """

    def __init__(self, layout: Layout, session: Session, spike_list: SpikeList) -> None:
        self._layout, self._session, self._spikes = layout, session, spike_list
        self._slots = release_slots(layout)
        self.due: dict[int, list[tuple[Array, Array]]] = {}

    def clear(self) -> None:
        """Forget all corrections."""
        self.due.clear()

    def room(self, start: int, steps: int) -> int:
        """Return how many of `steps` steps can run from step `start` on before other corrections are due."""
        return min([steps, *(step - start for step in self.due if step > start)])

    def apply(self, start: int) -> None:
        """Correct the sums that step `start` reads."""
        for place, value in self.due.pop(start, ()):
            low, high = int(place.min()), int(place.max()) + 1
            sums = self._session.read("ring", low, high)
            np.add.at(sums, place - low, value.astype(sums.dtype))
            self._session.write("ring", sums, low)

    def keep(self, stored: StoredSegments, old: Array, new: Array, start: int) -> None:
        """Let spikes before step `start` keep their weights; `old` and `new` are all stored weights in their rows."""
        if stored.bundle.timing.at_once:  # no synapse waits
            return
        changed = np.flatnonzero(old != new)
        if not changed.size:
            return
        all_ = self._meetings(stored, changed, old.size, self._spikes.waiting(start))
        met = all_.some(all_.wait(stored.bundle.timing, start))
        before, after = (_delivered(weights[met.synapse], met.factor) for weights in (old, new))
        self._add(met, before - after)

    def retime(
        self, stored: StoredSegments, before: Timing, waiting: Waiting, start: int, after: Timing | None = None
    ) -> None:
        """Let spikes before step `start` deliver once what was to be delivered with another timing.

        `waiting` are the spikes that some synapses may have waited for, and `after` is the new timing, by default that
        of the synapses.
        """
        timing = stored.bundle.timing if after is None else after
        bounds = segment_bounds(stored, self._session.read)
        rows = np.unique(waiting.source - stored.pathway.pre.source) - stored.bundle.pre_range[0]
        rows = rows[(rows >= 0) & (rows < stored.bundle.rows)]
        step = stored.bundle.slices * stored.bundle.timing.blocks
        first, last = bounds[rows * step].astype(np.int64), bounds[(rows + 1) * step].astype(np.int64)
        synapses = np.concatenate([np.zeros(0, np.int64), *map(np.arange, first, last)])
        if not synapses.size:
            return
        met = self._meetings(stored, synapses, int(bounds[-1]), waiting)
        waited, wait = met.wait(before, start), met.wait(timing, start)
        differ = waited != wait
        met, waited = met.some(differ), waited[differ]
        if stored.weight is None:
            begin = stored.weights + int(met.synapse.min(initial=0))
            end = stored.weights + int(met.synapse.max(initial=-1)) + 1
            weight = self._session.read("weights", begin, max(end, begin))[met.synapse + stored.weights - begin]
        else:
            weight = np.full(len(met.synapse), stored.weight)
        value = _delivered(weight, met.factor)
        self._add(met, np.where(waited, value, -value))

    def _add(self, met: Meetings, value: Array) -> None:
        """Add values to the sums in which synapses are due."""
        due = met.step + met.delay
        for one in np.unique(due).tolist():
            self.due.setdefault(one, []).append((met.place[due == one], value[due == one]))

    def _meetings(self, stored: StoredSegments, synapses: Array, size: int, spikes: Waiting) -> Meetings:
        """Return the pairs of spikes and some of the `size` synapses of their sources, which are in order."""
        bundle, pathway = stored.bundle, stored.pathway
        row, piece, block = self._segments(stored, synapses)
        spike, at = _pairs(spikes.source - pathway.pre.source - bundle.pre_range[0], row)
        delay = delays_of(stored, self._session.read, block[at], size, synapses[at])
        targets = self._session.read("targets", stored.words, stored.words + size)[synapses[at]]
        k = index_of(pathway, stored.receptor)
        sums, shift = sums_of(bundle, pathway, k), stored_form(pathway, k, self._layout).shift
        due = spikes.step[spike] + delay
        place = sums.ring + (due & sums.mask) * sums.stride + piece[at] * sums.slice_size + targets
        slot = self._slots.get((pathway.projection.name, pathway.pre.population.name), -1)
        factor = spikes.events[spike].astype(np.int64) << shift
        if slot >= 0:
            factor = spikes.parts[spike, slot] * spikes.parts.dtype.type(1 << shift)
        return Meetings(synapses[at], delay, place, spikes.step[spike], factor)

    def _segments(self, stored: StoredSegments, synapses: Array) -> tuple[Array, Array, Array]:
        """Return row, slice and block of delays of some synapses."""
        bundle = stored.bundle
        bounds = segment_bounds(stored, self._session.read)
        segment, block = np.divmod(np.searchsorted(bounds, synapses, side="right") - 1, bundle.timing.blocks)
        row, piece = np.divmod(segment, bundle.slices)
        return row, piece + bundle.slice, block


def _delivered(weight: Array, factor: Array) -> Array:
    """Return what weights add to sums, as `deliver_spikes` computes it."""
    return (weight.astype(factor.dtype) * factor).astype(np.int64)


def _pairs(row: Array, rows: Array) -> tuple[Array, Array]:
    """Return all pairs of an element of `row` and an equal element of `rows`, which is sorted: their places."""
    first = np.searchsorted(rows, row, side="left")
    count = np.searchsorted(rows, row, side="right") - first
    one = np.repeat(np.arange(row.size), count)
    return one, np.arange(one.size) + (first - np.cumsum(count) + count)[one]
