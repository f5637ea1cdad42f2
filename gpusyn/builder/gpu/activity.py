"""How much happens in one step of a network at given rates: spikes, and events that the gates of sources send."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from gpusyn.builder.gating.forms import form_of, shape_of
from gpusyn.builder.layout import GateSet, Layout
from gpusyn.builder.pathways import Bundle, one_weight
from gpusyn.builder.recorded import usual_rate
from gpusyn.builder.rows.event_driven import sender_of
from gpusyn.network.populations import Population
from gpusyn.neurons.sources import RateSource, SpikeSource

FADING = 41.6  # time constants until a value is below 2^-60, and counts as zero


class Stream(NamedTuple):
    """Events that travel along one route in one step.

    Attributes
    ----------
    bundle : Bundle
        Rows along which they travel.
    of_gates : bool
        True if they are changes of gates that sources own.
    senders : float
        Spikes, or gates that send.
    segments, filled : float
        Segments that are looked up, and those of them that have synapses.
    events : float
        Synapses that are reached.
    channels : int
        Sums that each of them changes.
    own_weights : bool
        True if each synapse has a weight of its own.
    again : bool
        True if they reach the synapses together with those of another receptor, which is counted before.
    """

    bundle: Bundle
    of_gates: bool
    senders: float
    segments: float
    filled: float
    events: float
    channels: int
    own_weights: bool
    again: bool = False


class Activity:
    """What happens in one step.

    Parameters
    ----------
    layout : Layout
        The network.
    rates : float or dict of str to float, optional
        Mean rate of the neurons, of all or by population (Hz). Sources have their own rates; neurons that are not named
        fire at the rate that a plan expects of them.

    Attributes
    ----------
    spikes : dict of str to float
        Spikes of one step by population.
    """

    def __init__(self, layout: Layout, rates: float | Mapping[str, float] | None = None) -> None:
        self.layout, self._rates = layout, rates
        self.rates = {name: self._rate(place.population) for name, place in layout.populations.items()}
        self.spikes = {
            name: self.rates[name] * place.size * layout.dt * 1e-3 for name, place in layout.populations.items()
        }

    def _rate(self, population: Population) -> float:
        """Return the mean rate of the neurons of a population (Hz); that of listed spikes is over the whole list."""
        model: Any = population.model
        if isinstance(model, SpikeSource):
            each = model.times if isinstance(model.times, tuple) else (model.times,)
            events, last = sum(map(len, each)) / len(each), max((float(np.max(t)) for t in each if len(t)), default=1.0)
            return 1000.0 * events / last
        if not isinstance(model, RateSource):
            if isinstance(self._rates, Mapping):
                return self._rates.get(population.name, usual_rate(model))
            if self._rates is not None:
                return self._rates
        return usual_rate(model)

    @property
    def all_spikes(self) -> float:
        """Spikes of one step."""
        return sum(self.spikes.values())

    def sends(self, gate: GateSet) -> float:
        """Return how many gates of a set send in one step; each sends for some steps after a spike of its source.

        A pulse of transmitter sends when it begins and when it ends, a gate that jumps once. A gate that rises sends
        until its rise has faded, and one of a cascade in every step.
        """
        spikes, kinetics = self.spikes[gate.place.population.name], gate.kinetics
        name = form_of(kinetics).source_gate.name
        if name == "JumpSource":
            return spikes
        if name == "SaturatingSource":
            return _at_most(gate.place.size, spikes * FADING * kinetics.tau_rise / self.layout.dt)  # type: ignore[attr-defined]
        if name.startswith("PulsedSource"):
            return _at_most(gate.place.size, 2 * spikes)
        return float(gate.place.size) if spikes else 0.0

    def streams(self) -> Iterator[Stream]:
        """Yield the events of one step along each set of rows and receptor, where synapses release all of a weight."""
        for bundle in self.layout.bundles:
            senders = set()
            for name in () if bundle.one_by_one else bundle.receptors:
                sender = sender_of(bundle, name)
                yield self.stream(bundle, name)._replace(again=sender in senders)
                senders.add(sender)

    def stream(self, bundle: Bundle, receptor: str) -> Stream:
        """Return the events of one step along the rows of a bundle to a receptor."""
        pathway = bundle.pathways[0]
        population, kinetics = sender_of(bundle, receptor)
        gate = None if kinetics is None else self.layout.gates[population, kinetics]
        all_senders = self.spikes[population] if gate is None else self.sends(gate)
        senders = all_senders * bundle.rows / max(pathway.pre.size, 1)
        segments = senders * bundle.slices * bundle.timing.blocks
        events = senders * (1.0 if bundle.shared or bundle.taken_back else bundle.expected / max(bundle.rows, 1))
        filled = segments * -np.expm1(-events / segments) if segments else 0.0
        own = not one_weight(pathway.projection, receptor)
        return Stream(
            bundle, gate is not None, senders, segments, float(filled), events,
            1 if gate is None else shape_of(gate.kinetics).channels,
            own and not (bundle.shared or bundle.taken_back),
        )  # fmt: skip


def _at_most(size: int, number: float) -> float:
    """Return how many of `size` gates send if `number` events fall on them at random, several on some."""
    return float(size * -np.expm1(-number / size)) if size else 0.0
