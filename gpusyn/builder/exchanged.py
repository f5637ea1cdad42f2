"""What the ranks of a spread network exchange: how often, and how many bytes at the rates that a plan expects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from gpusyn.builder.inputs.extents import listed_events
from gpusyn.builder.junctions import POTENTIALS
from gpusyn.builder.layout import Layout
from gpusyn.builder.ownership import Range
from gpusyn.builder.places import PlacedPopulation
from gpusyn.builder.recorded import usual_rate
from gpusyn.builder.rows import row_forms
from gpusyn.builder.rows.event_driven import ages
from gpusyn.builder.specs import launched, remembers
from gpusyn.neurons.sources import RateSource, SpikeSource
from gpusyn.parameters.waveform import Waveform

WORD = 4  # bytes of a count of spikes, of an id, and of a number of events
LATER = ("deliver_spikes", row_forms.KERNEL)  # kernels that read a spike when the first of its synapses is due


def first_after_spikes(layout: Layout) -> int:
    """Return the number of the first launch of a step that comes after the spikes of this step."""
    kernels = [kernel for kernel, _ in launched(layout)]
    emitting = (i for i, kernel in enumerate(kernels) if kernel == "advance_neurons" or layout.sources(kernel))
    return 1 + max(emitting, default=-1)


def first_after_potentials(layout: Layout) -> int:
    """Return the number of the first launch of a step that comes after the potentials that gap junctions read."""
    kernels = [kernel for kernel, _ in launched(layout)]
    return 1 + max((i for i, kernel in enumerate(kernels) if kernel == POTENTIALS), default=-1)


def window_steps(layout: Layout) -> int:
    """Return within how many steps the ranks exchange their spikes, 0 if never, because nothing reads them.

    It is 1 more than the age of a spike when the first synapse reads it: the shortest delay, but 1 where weights can be
    set or learn, and where delays of procedural synapses differ. It is 1 as well where something else than delivery
    reads spikes: gates of sources, histories, trains, short-term plasticity.
    """
    after = launched(layout)[first_after_spikes(layout) :]
    if any(kernel not in LATER for kernel, _ in after) or remembers(layout):
        return 1
    return min(ages([*layout.bundles, *layout.procedural]), default=-1) + 1


def has_repeats(layout: Layout) -> bool:
    """Return whether some source can have several events in one step, so that their number travels with its id."""
    return any(place.most_events > 1 for place in layout.populations.values())


class Traffic(NamedTuple):
    """What one rank exchanges in one second of model time, as a plan expects it.

    Every rank sends the same message to all others: the number of its spikes in each step, and the id of each spike,
    with the number of its events where that can be more than 1. Where there are gap junctions, it sends in every step
    the V of its neurons that are coupled to those of others: at most all of the coupled populations, which is what is
    counted. Headers of messages, 24 bytes each, are not counted.

    Attributes
    ----------
    window : int
        Steps within which spikes are exchanged, 0 if there are none.
    exchanges : float
        Number of exchanges, one in each window; compiled code may make two, with the same bytes.
    spikes : float
        Spikes of the other ranks.
    sent, received : float
        Bytes of the messages that this rank makes, and of all that it gets from the others.
    counts : float
        Those of the received bytes that are numbers of spikes in each step.
    potentials : float
        Those of the received bytes that are V of neurons with gap junctions.
    """

    window: int
    exchanges: float
    spikes: float
    sent: float
    received: float
    counts: float
    potentials: float


def traffic_of(layout: Layout, rate: float | None = None) -> Traffic:
    """Return what the rank exchanges for which a network is laid out.

    Parameters
    ----------
    layout : Layout
        Layout of the part of one rank.
    rate : float, optional
        Mean rate of all neurons (Hz); by default what a plan expects of them. Sources have their own rates.
    """
    assert layout.share is not None
    steps, window = 1000.0 / layout.dt, window_steps(layout)
    others, of_spike = layout.share.ownership.ranks - 1, WORD * (1 + has_repeats(layout))
    places = layout.populations.values()
    own = sum(_spikes(place, layout.owned(place), layout.dt, rate) for place in places)
    elsewhere = sum(_spikes(place, [(0, place.size)], layout.dt, rate) for place in places) - own
    coupled = {p.name for c in layout.net.couplings.values() for p in (*c.A.populations, *c.B.populations)}
    each = layout.numbers.real_dtype.itemsize * steps
    own_V = each * sum(_number(layout.owned(layout.populations[name])) for name in coupled)
    potentials = each * sum(layout.populations[name].size for name in coupled) - own_V
    counts = WORD * steps * others
    if not window:
        return Traffic(0, 0.0, 0.0, sent=own_V, received=potentials, counts=0.0, potentials=potentials)
    return Traffic(
        window, steps / window, elsewhere, sent=WORD * steps * (others > 0) + of_spike * own + own_V,
        received=counts + of_spike * elsewhere + potentials, counts=counts, potentials=potentials,
    )  # fmt: skip


def _number(ranges: Sequence[Range]) -> int:
    return sum(end - begin for begin, end in ranges)


def _spikes(place: PlacedPopulation, ranges: Sequence[Range], dt: float, rate: float | None) -> float:
    """Return how many entries in the list of spikes some neurons make in one second: events of a step are one entry.

    Listed spikes are those of the whole list, divided by its duration.
    """
    model: Any = place.population.model
    if isinstance(model, SpikeSource):
        return 1e3 * listed_events(place, ranges) / _duration(model.times)
    if not isinstance(model, RateSource):
        return _number(ranges) * (usual_rate(model) if rate is None else rate)
    rates = model.rate_bound if isinstance(model.rate, Waveform) else model.rate
    if np.ndim(rates) == 0:
        return _number(ranges) * float(_entries(rates, dt))
    return float(sum(_entries(np.asarray(rates)[begin:end], dt).sum() for begin, end in ranges))


def _entries(rates: Any, dt: float) -> Any:
    """Return in how many steps of one second a source of Poisson spikes has any, from its rate (Hz)."""
    return -np.expm1(-np.asarray(rates, float) * dt * 1e-3) / dt * 1e3


def _duration(times: Any) -> float:
    """Return the time of the last of listed spikes (ms)."""
    each = times if isinstance(times, tuple) else (times,)
    return max((float(np.max(t)) for t in each if len(t)), default=1.0)
