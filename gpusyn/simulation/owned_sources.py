"""States that follow from spikes: a rank keeps them of the sources that it knows, a checkpoint has those of all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from gpusyn.builder.gating.forms import pulse_steps, shape_of, synapse_states
from gpusyn.builder.layout import Layout
from gpusyn.builder.places import PlacedPopulation
from gpusyn.builder.plasticity.releases import KERNEL as SHARED
from gpusyn.builder.plasticity.releases import release_signature, releases_of
from gpusyn.builder.plasticity.scaling import KERNEL as SCALING
from gpusyn.builder.plasticity.scaling import scaled_bundles
from gpusyn.builder.plasticity.spines import GATES, SpineTables
from gpusyn.builder.plasticity.synapse_releases import releasing
from gpusyn.builder.plasticity.trains import TrainTables
from gpusyn.builder.rows.per_synapse import Histories
from gpusyn.builder.specs import remembers
from gpusyn.distributed.first_rank import OnFirst
from gpusyn.kernels.arrays import array_name
from gpusyn.kernels.records import RECENT
from gpusyn.network.populations import Part
from gpusyn.simulation.running import Running
from gpusyn.utils.typing import Array, Integers

TOTAL = "gate_total"


class OfSources(NamedTuple):
    """Consecutive elements of an array: `rows` rows of sources of a population, with `width` elements for each.

    They are the sources from local id `begin` to `end`, by default to the last.
    """

    place: PlacedPopulation
    rows: int = 1
    width: int = 1
    begin: int = 0
    end: int | None = None

    @property
    def ids(self) -> Integers:
        """Local ids of all these sources."""
        return np.arange(self.begin, self.place.size if self.end is None else self.end)

    @property
    def known(self) -> Integers:
        """Local ids of those that the rank knows."""
        end = self.place.size if self.end is None else self.end
        return self.place.local(np.arange(self.place.below(self.begin), self.place.below(end)))


def arrays_of_sources(layout: Layout) -> dict[str, list[OfSources]]:
    """Return what each array of such states has of each population, one after the other."""
    found: dict[str, list[OfSources]] = {}
    for name, one in _pieces(layout):
        found.setdefault(name, []).append(one)
    return found


def _pieces(layout: Layout) -> Iterator[tuple[str, OfSources]]:
    for place in layout.populations.values() if remembers(layout) else ():
        yield "event_step", OfSources(place)
        yield "event_count", OfSources(place)
    for gate in layout.gates.values():
        kinetics = gate.kinetics
        yield array_name("gates", kernel="advance_gates"), OfSources(gate.place, shape_of(kinetics).states)
        if pulse_steps(kinetics, layout.dt, f"receptor '{gate.receptor}'.kinetics")[0]:
            yield "release_step", OfSources(gate.place)
    for name, record in Histories(layout, 0).records_of_populations():
        yield "history", OfSources(layout.populations[name], width=record.words)
        if record.pulse:
            yield "release_step", OfSources(layout.populations[name])
    yield from _of_spines(layout)
    yield from _of_trains(layout)
    for one in releases_of(layout):
        for name in ("u", "x", "y", "last_step") if release_signature(layout) else ("u", "x", "last_step"):
            yield array_name(name, kernel=SHARED), _of_spans(one.place, one.projection.pre.parts)
    for bundle in releasing(layout):
        parts = [pathway.projection.pre.parts[pathway.pre_part] for pathway in bundle.pathways]
        for name in ("last_use", "used"):
            yield name, _of_spans(bundle.pathways[0].pre, parts)


def _of_spans(place: PlacedPopulation, parts: Iterable[Part]) -> OfSources:
    """Return the sources from the first to the last one of a population in some parts of selections."""
    spans = [part.span for part in parts if part.population is place.population and part.size]
    begin, end = min((int(s[0]) for s in spans), default=0), max((int(s[-1]) + 1 for s in spans), default=0)
    return OfSources(place, begin=begin, end=end)


def _of_spines(layout: Layout) -> Iterator[tuple[str, OfSources]]:
    """Yield what spines look at: gates of their sources, and the means of these."""
    for place, kinetics, row in SpineTables(layout, TrainTables(layout)).gate_sets():
        yield array_name("gates", kernel=GATES), OfSources(place, rows=synapse_states(kinetics))
        yield "gate_means", OfSources(place, width=row.mask + 1)
        if row.pulse:
            yield "release_step", OfSources(place)


def _of_trains(layout: Layout) -> Iterator[tuple[str, OfSources]]:
    """Yield the last spikes, the traces after them, and what scaling makes of these."""
    for place, train in TrainTables(layout).places():
        yield "train_step", OfSources(place, width=RECENT)
        yield "train_step", OfSources(place, width=train.depth)
        if train.traces:
            yield "train_value", OfSources(place, width=train.traces)
            yield "train_value", OfSources(place, width=train.depth * train.traces)
        yield "train_count", OfSources(place)
    for bundle in scaled_bundles(layout):
        yield array_name("growth", kernel=SCALING), OfSources(bundle.pathways[0].post)


def joined_sources(states: dict[str, Array], running: Running, first: OnFirst) -> dict[str, Array]:
    """Return such states of all sources, on rank 0, if some rank does not know all; a collective operation."""
    layout = running.compiled.layout
    if not any(first.ranks.objects(layout.senders is not None)):
        return {}
    found: dict[str, Array] = {}
    for name, every in arrays_of_sources(layout).items():
        flat, at, whole = states[name].reshape(-1), 0, []
        for one in every:
            size = one.rows * len(one.known) * one.width
            whole.append(_joined(flat[at : at + size], one, first).reshape(-1))
            at += size
        found[name] = np.concatenate(whole)
    if layout.gates:
        parts = first.parts(_own_total(states[TOTAL], running, first))
        found[TOTAL] = np.sum(parts, axis=0).reshape(states[TOTAL].shape)
    return found


def _joined(values: Array, one: OfSources, first: OnFirst) -> Array:
    """Return the states of all sources of a population, on rank 0."""
    known, name = one.known, one.place.population.name
    mine = first.share.owns(name, known)
    parts = first.parts(values.reshape(one.rows, len(known), one.width)[:, mine])
    owner = first.share.ownership.owner(name, one.ids)
    whole = np.empty((one.rows, len(owner), one.width), values.dtype)
    for rank, part in enumerate(parts if first.ranks.rank == 0 else ()):
        own = owner == rank
        whole[:, own] = part.reshape(one.rows, np.count_nonzero(own), one.width)
    return whole


def _own_total(total: Array, running: Running, first: OnFirst) -> Array:
    """Return how many gates of own sources sent in an even step, and in an odd one: the last step alone has some."""
    own = np.zeros_like(total)
    last = (running.step - 1) & 1
    ids = running.session.read("gate_id", 0, int(total[last])).astype(np.int64)
    for gate in running.compiled.layout.gates.values():
        mine = ids[(ids >= gate.first) & (ids < gate.first + gate.place.sources)]
        local = gate.place.local(mine - gate.first)
        own[last] += np.count_nonzero(first.share.owns(gate.place.population.name, local))
    return own


def known_sources(states: dict[str, Array], layout: Layout) -> dict[str, Array]:
    """Return such states of the sources that a rank knows, given those of all."""
    found: dict[str, Array] = {}
    for name, every in arrays_of_sources(layout).items() if layout.senders is not None else ():
        flat, at, known = states[name].reshape(-1), 0, []
        for one in every:
            n = len(one.ids)
            size = one.rows * n * one.width
            whole = flat[at : at + size].reshape(one.rows, n, one.width)
            known.append(whole[:, one.known - one.begin].reshape(-1))
            at += size
        here = np.concatenate(known)
        found[name] = here if here.size else flat[:1]  # of a rank that knows none, as its arrays have an element each
    return found
