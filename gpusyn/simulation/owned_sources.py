"""States that follow from spikes: a rank keeps them of the sources that it knows, a checkpoint has those of all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from gpusyn.builder.gating.forms import pulse_steps, shape_of
from gpusyn.builder.layout import Layout
from gpusyn.builder.places import PlacedPopulation
from gpusyn.builder.rows.per_synapse import Histories
from gpusyn.builder.specs import remembers
from gpusyn.distributed.first_rank import OnFirst
from gpusyn.kernels.arrays import array_name
from gpusyn.simulation.running import Running
from gpusyn.utils.typing import Array

TOTAL = "gate_total"


class OfSources(NamedTuple):
    """Consecutive elements of an array: `rows` rows of the sources of a population, with `width` elements for each."""

    place: PlacedPopulation
    rows: int = 1
    width: int = 1


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


def joined_sources(states: dict[str, Array], running: Running, first: OnFirst) -> dict[str, Array]:
    """Return such states of all sources, on rank 0, if some rank does not know all; a collective operation."""
    layout = running.compiled.layout
    if not any(first.ranks.objects(layout.senders is not None)):
        return {}
    found: dict[str, Array] = {}
    for name, every in arrays_of_sources(layout).items():
        flat, at, whole = states[name].reshape(-1), 0, []
        for one in every:
            size = one.rows * one.place.sources * one.width
            whole.append(_joined(flat[at : at + size], one, first).reshape(-1))
            at += size
        found[name] = np.concatenate(whole)
    if layout.gates:
        parts = first.parts(_own_total(states[TOTAL], running, first))
        found[TOTAL] = np.sum(parts, axis=0).reshape(states[TOTAL].shape)
    return found


def _joined(values: Array, one: OfSources, first: OnFirst) -> Array:
    """Return the states of all sources of a population, on rank 0."""
    place = one.place
    owner = first.share.ownership.owner(place.population.name, np.arange(place.size))
    mine = place.numbers(np.flatnonzero(owner == first.share.rank))
    parts = first.parts(values.reshape(one.rows, place.sources, one.width)[:, mine])
    whole = np.empty((one.rows, place.size, one.width), values.dtype)
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
            size = one.rows * one.place.size * one.width
            whole = flat[at : at + size].reshape(one.rows, one.place.size, one.width)
            known.append(whole[:, one.place.local(np.arange(one.place.sources))].reshape(-1))
            at += size
        here = np.concatenate(known)
        found[name] = here if here.size else flat[:1]  # of a rank that knows none, as its arrays have an element each
    return found
