"""Spikes in flight keep their weights when other weights are set."""

from __future__ import annotations

import numpy as np

from gpusyn.backends.base import Session
from gpusyn.builder.bundles import stored_form
from gpusyn.builder.layout import Layout
from gpusyn.builder.plasticity.releases import release_slots
from gpusyn.builder.rows.event_driven import index_of, sums_of
from gpusyn.builder.rows.stored import StoredSegments
from gpusyn.builder.rows.unpacked import late_steps, segment_bounds
from gpusyn.simulation.spike_list import SpikeList
from gpusyn.utils.typing import Array


class InFlight:
    """Corrections of the sums of coming steps, for spikes that occurred before weights were set.

    Synapses that are not delivered at once are read when they are due, with the weights of then. Sums are integers, so
    the difference to the weights of before, added once, makes them exactly those of the old weights.
    """

    def __init__(self, layout: Layout, session: Session, spike_list: SpikeList) -> None:
        self._layout, self._session, self._spikes = layout, session, spike_list
        self._slots = release_slots(layout)
        self._due: dict[int, list[tuple[Array, Array]]] = {}  # step -> places in `ring`, values

    def clear(self) -> None:
        """Forget all corrections."""
        self._due.clear()

    def room(self, start: int, steps: int) -> int:
        """Return how many of `steps` steps can run from step `start` on before other corrections are due."""
        return min([steps, *(step - start for step in self._due if step > start)])

    def apply(self, start: int) -> None:
        """Correct the sums that step `start` reads."""
        for place, value in self._due.pop(start, ()):
            low, high = int(place.min()), int(place.max()) + 1
            sums = self._session.read("ring", low, high)
            np.add.at(sums, place - low, value.astype(sums.dtype))
            self._session.write("ring", sums, low)

    def keep(self, stored: StoredSegments, old: Array, new: Array, start: int) -> None:
        """Let spikes before step `start` keep their weights; `old` and `new` are all stored weights in their rows."""
        bundle, pathway = stored.bundle, stored.pathway
        if bundle.timing.at_once:  # no synapse waits
            return
        changed = np.flatnonzero(old != new)
        if not changed.size:
            return
        row, piece, block = self._segments(stored, changed)
        spikes = self._spikes.waiting(start)
        step = spikes.step
        spike, at = _pairs(spikes.source - pathway.pre.source - bundle.pre_range[0], row)
        timing = bundle.timing
        age = timing.first - 1 + block[at] * timing.width  # at which the synapse is read
        waiting = step[spike] + age >= start
        spike, at, due = spike[waiting], at[waiting], (step[spike] + age + 1)[waiting]
        if stored.late >= 0:
            due += late_steps(stored, self._session.read, old.size, changed[at])
        targets = self._session.read("targets", stored.words, stored.words + old.size)[changed[at]]
        k = index_of(pathway, stored.receptor)
        sums, shift = sums_of(bundle, pathway, k), stored_form(pathway, k, self._layout).shift
        place = sums.ring + (due & sums.mask) * sums.stride + piece[at] * sums.slice_size + targets
        slot = self._slots.get((pathway.projection.name, pathway.pre.population.name), -1)
        factor = spikes.events[spike].astype(np.int64) << shift
        if slot >= 0:
            factor = spikes.parts[spike, slot] * spikes.parts.dtype.type(1 << shift)
        value = _delivered(old[changed[at]], factor) - _delivered(new[changed[at]], factor)
        for one in np.unique(due).tolist():
            self._due.setdefault(one, []).append((place[due == one], value[due == one]))

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
