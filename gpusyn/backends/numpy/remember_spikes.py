"""``kernels/remember_spikes.cu`` in numpy: the last spikes of neurons whose synapses learn, and of their sources."""

from __future__ import annotations

from types import SimpleNamespace
from typing import NamedTuple

import numpy as np

from gpusyn.backends.numpy.trains import Trains, trains_of
from gpusyn.kernels.records import Clock
from gpusyn.kernels.signature import Signature
from gpusyn.utils.typing import Array


class Sweeps(NamedTuple):
    """Whether all synapses that learn are settled in a step, and the last step before it in which they were."""

    wanted: bool
    last: int


def prepare_trains(a: SimpleNamespace, signature: Signature | None) -> list[Trains]:
    """Return the sets of trains."""
    return trains_of(a)


def remember_spikes(a: SimpleNamespace, sets: list[Trains]) -> None:
    """Append the spikes of this step to the trains of their sources."""
    now = Clock(*a.clock.tolist()).now
    odd = now & 1
    last = now - 1 if a.sweep[1 - odd] == now - 1 else int(a.sweep[3 - odd])
    a.sweep[2 + odd] = last
    if now and not now & int(a.settle_mask):
        a.sweep[odd] = now
    spikes = np.arange(a.spike_begin[now & a.step_mask], a.spike_total[0]) & a.spike_mask
    source = a.spike_id[spikes].astype(np.int64)
    for one in sets:
        own = (one.record.source <= source) & (source < one.record.source + one.record.size)
        who = source[own] - one.record.source
        one.push(who, now, a.spike_events[spikes[own]])
        if _would_lose(one, who, last):
            a.sweep[odd] = now


def sweeps(a: SimpleNamespace, now: int) -> Sweeps:
    """Return what `remember_spikes` has written in this step."""
    odd = now & 1
    return Sweeps(bool(a.sweep[odd] == now), int(a.sweep[2 + odd]))


def _would_lose(trains: Trains, who: Array, last: int) -> bool:
    """Return whether the next spike of a source would replace one that some synapse has not learned from.

    The oldest place of a ring, which may be empty, serves only the traces before the second one, which must have
    reached all synapses when they were settled last.
    """
    record = trains.record
    n = trains.counts(who)
    second = trains.last(who, n - record.depth + 2)
    return record.longest >= 0 and bool(np.any((n >= record.depth - 1) & (second + record.longest > last)))
