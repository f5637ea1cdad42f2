"""The trains of spikes that synapses learn from: one set for each population and kind of traces."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gpusyn.builder.layout import Layout
from gpusyn.builder.pathways import Bundle
from gpusyn.builder.places import PlacedPopulation
from gpusyn.builder.plasticity.calcium import lag_of
from gpusyn.kernels.arrays import Extents
from gpusyn.kernels.records import RECENT, TraceDecay, TrainSet, write_rows
from gpusyn.network.plasticity import homeostasis_of, learning_of, spine_rule_of
from gpusyn.numerics.portable_math import flush
from gpusyn.numerics.propagators import exp
from gpusyn.plasticity import HomeostaticScaling, LearningRule, NMDAPlasticity, Trace
from gpusyn.utils.typing import Array, Floats

FINE = 256  # decays over fewer steps are in one table, those over multiples of it in another, as in kernels/trains.cuh
LEAST_DEPTH = 32  # spikes of a ring, so that synapses are seldom settled because one is full
_LEAST = 2.0**-60  # decays below it count as 0
_MOST = 64.0  # largest exponent of an inverse: larger ones multiply 0 alone, which infinity would make NaN

Key = tuple[str, tuple[Trace, ...]]  # population and traces of a set


class _Need(NamedTuple):
    """The most steps that postsynaptic spikes (-1: there are none) and presynaptic ones take to act at the synapses.

    Synapses learn from the spikes (`taught`), or the traces after the last ones are all that is asked for.
    """

    longest: int = -1
    axonal: int = 0
    taught: bool = False


def is_taught(bundle: Bundle) -> bool:
    """Return whether spikes change the weights of a bundle."""
    return learning_of(bundle.pathways[0].projection.plasticity) is not None


def scaling_of(bundle: Bundle) -> HomeostaticScaling | None:
    """Return the homeostatic scaling of the weights of a bundle, None if there is none."""
    return homeostasis_of(bundle.pathways[0].projection.plasticity)


def rule_of(bundle: Bundle) -> LearningRule:
    """Return the rule by which spikes change the weights of a bundle."""
    rule = learning_of(bundle.pathways[0].projection.plasticity)
    assert rule is not None
    return rule


def spine_rule(bundle: Bundle) -> NMDAPlasticity | None:
    """Return the rule of a bundle whose synapses learn from their calcium, None if they do not."""
    return spine_rule_of(bundle.pathways[0].projection)


class TrainTables:
    """The trains of a layout, which follow from it alone."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._decays: list[Floats] = []
        self._decay_of: dict[float, TraceDecay] = {}  # by time constant
        self._traces: list[TraceDecay] = []
        self.spikes = self.values = self.sources = 0
        needs: dict[Key, _Need] = {}
        for bundle in layout.bundles:
            if is_taught(bundle):
                _add_needs(needs, bundle, layout.dt)
            if rule := spine_rule(bundle):
                _add_spike(needs, bundle.pathways[0].post.population.name, round(rule.bap_delay / layout.dt))
            if scaling_of(bundle) is not None:
                needs.setdefault(rate_key(bundle), _Need())
        number = list(layout.populations).index
        ordered = sorted(needs, key=lambda key: number(key[0]))
        self.numbers = {key: n for n, key in enumerate(ordered)}
        self.sets = [self._set(layout.populations[key[0]], key[1], needs[key]) for key in ordered]
        owners = np.bincount([number(key[0]) for key in ordered], minlength=len(layout.populations))
        self._begin = np.concatenate([[0], np.cumsum(owners)]).astype(np.int32)

    def places(self) -> list[tuple[PlacedPopulation, TrainSet]]:
        """Return the sets in order, each with its population."""
        return [(self._layout.populations[key[0]], self.sets[n]) for key, n in self.numbers.items()]

    def _set(self, place: PlacedPopulation, traces: tuple[Trace, ...], need: _Need) -> TrainSet:
        """Place the rings of a population: deep enough for the spikes that have not reached all synapses."""
        least = max(need.longest, need.axonal) + 3
        depth = max(LEAST_DEPTH, 1 << (least - 1).bit_length()) if need.taught else RECENT
        row = TrainSet(
            source=place.source, size=place.sources, depth=depth, steps=self.spikes, values=self.values,
            counts=self.sources, traces=len(traces), trace=len(self._traces), longest=need.longest,
        )  # fmt: skip
        self.spikes += place.sources * (RECENT + depth)
        self.values += place.sources * (1 + depth) * len(traces)
        self.sources += place.sources
        self._traces += [self._decay(trace.tau)._replace(nearest=int(trace.nearest)) for trace in traces]
        return row

    def _decay(self, tau: float) -> TraceDecay:
        """Return the place of the decays of a time constant (ms)."""
        if tau not in self._decay_of:
            step = self._layout.dt / tau
            fine = exp(-step * np.arange(FINE))
            many = int(np.ceil(-np.log(_LEAST) / (step * FINE))) + 1
            coarse = exp(-step * FINE * np.arange(many))
            coarse = coarse[coarse >= _LEAST]
            self._decay_of[tau] = TraceDecay(sum(map(len, self._decays)), len(coarse), 0)
            self._decays += [flush(fine), coarse, np.zeros(1)]
        return self._decay_of[tau]

    def decaying(self, tau: float) -> int:
        """Return the place among the traces of a decay of its own (ms)."""
        self._traces.append(self._decay(tau))
        return len(self._traces) - 1

    def growing(self, tau: float, most: int) -> int:
        """Return the place among the traces of the inverse of a decay (ms), over at most some steps."""
        step = self._layout.dt / tau
        fine, coarse = (
            exp(np.minimum(step * steps, _MOST)) for steps in (np.arange(FINE), FINE * np.arange(most // FINE + 1))
        )
        self._traces.append(TraceDecay(sum(map(len, self._decays)), len(coarse), 0))
        self._decays += [fine, coarse, np.zeros(1)]
        return len(self._traces) - 1

    def extents(self) -> Extents:
        """Return the extents of the arrays of trains."""
        return {
            "trains": len(self.sets),
            "train bounds": len(self._begin),
            "traces": len(self._traces),
            "decays": sum(map(len, self._decays)),
            "train spikes": self.spikes,
            "train values": self.values,
            "train sources": self.sources,
        }

    def arrays(self) -> dict[str, Array]:
        """Return the tables by name; none if nothing learns."""
        if not self.sets:
            return {}
        return {
            "trains": write_rows(self.sets, TrainSet),
            "train_begin": self._begin,
            "traces": write_rows(self._traces, TraceDecay),
            "decays": np.concatenate(self._decays).astype(self._layout.numbers.real_dtype),
        }


def keys_of(bundle: Bundle) -> tuple[Key, Key]:
    """Return the sets of the presynaptic and of the postsynaptic trains of a bundle that learns."""
    pathway, traces = bundle.pathways[0], rule_of(bundle).traces
    return (pathway.pre.population.name, traces.pre), (pathway.post.population.name, traces.post)


def rate_key(bundle: Bundle) -> Key:
    """Return the set of the trains by whose rates the weights of a bundle are scaled."""
    rule = scaling_of(bundle)
    assert rule is not None
    return bundle.pathways[0].post.population.name, (Trace(rule.tau_rate),)


def _add_spike(needs: dict[Key, _Need], population: str, delay: int) -> None:
    """Add the trains of the targets of spines, without traces: the spikes that have not reached the spines yet."""
    need = needs.get((population, ()), _Need())
    needs[population, ()] = need._replace(taught=True, axonal=max(need.axonal, delay))


def _add_needs(needs: dict[Key, _Need], bundle: Bundle, dt: float) -> None:
    """Add what a bundle needs of the sets of both sides."""
    pre, post = keys_of(bundle)
    ways = bundle.timing.ways
    late = bundle.timing.width - 1
    lag = lag_of(rule_of(bundle), dt)
    need = needs.get(pre, _Need())
    needs[pre] = need._replace(taught=True, axonal=max(need.axonal, *(way.age + way.early + lag for way in ways)))
    need = needs.get(post, _Need())
    needs[post] = need._replace(taught=True, longest=max(need.longest, *(way.dendritic + late for way in ways)))
