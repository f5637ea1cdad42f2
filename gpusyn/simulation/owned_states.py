"""Which elements of the arrays of states belong to which neurons, and so to the rank that owns these."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from gpusyn.builder.inputs.noise import GATHER, Reach, reaches
from gpusyn.builder.layout import Layout
from gpusyn.builder.ownership import Ownership, Range, Share
from gpusyn.builder.places import Group, PlacedPopulation
from gpusyn.builder.plasticity.spines import POTENTIALS, influx_of, spine_bundles
from gpusyn.kernels.arrays import array_name
from gpusyn.neurons.sources import RENEWALS
from gpusyn.utils.typing import Array, Bools, Integers


class Stretch(NamedTuple):
    """Neurons of a population that have an element each in an array, one after the other.

    Attributes
    ----------
    population : str
        Name of the population.
    everyone : (int, int)
        Local ids, the first and one past the last, of those that have an element in one process.
    here : (int, int)
        Those that have one on this rank.
    """

    population: str
    everyone: Range
    here: Range


Stretches = dict[str, list[Stretch]]


def stretches(layout: Layout) -> Stretches:
    """Return the arrays whose elements belong to neurons, with their stretches in order.

    All ranks have the same elements of those that are not named.
    """
    found: Stretches = {}
    for name, stretch in _stretches(layout):
        found.setdefault(name, []).append(stretch)
    return found


def owners(all_: Stretches, ownership: Ownership) -> dict[str, Integers]:
    """Return the rank that owns each element of the arrays of one process."""
    return _each(all_, lambda one: ownership.owner(one.population, np.arange(*one.everyone)))


def own_places(all_: Stretches, share: Share) -> dict[str, Integers]:
    """Return where the arrays of this rank have the elements of one process that it owns; -1 where they have none.

    They have none of the last neurons that a rank owns if noise does not reach these, but neurons behind them.
    """
    found: dict[str, Integers] = {}
    for name, some in all_.items():
        places, at = [], 0
        for one in some:
            ids, (begin, end) = np.arange(*one.everyone), one.here
            ids = ids[share.owns(one.population, ids)]
            places.append(np.where((ids >= begin) & (ids < end), at + ids - begin, -1))
            at += end - begin
        found[name] = np.concatenate(places)
    return found


def kept(all_: Stretches) -> dict[str, Bools]:
    """Return which elements of the arrays of one process this rank has."""

    def within(one: Stretch) -> Bools:
        ids = np.arange(*one.everyone)
        return (ids >= one.here[0]) & (ids < one.here[1])

    return _each(all_, within)


def _each(all_: Stretches, of: Callable[[Stretch], Array]) -> dict[str, Array]:
    return {name: np.concatenate([of(one) for one in some]) for name, some in all_.items()}


def _stretches(layout: Layout) -> Iterator[tuple[str, Stretch]]:
    """Yield the name of each such array with its stretches, in order."""
    for g, group in enumerate(layout.groups):
        for array, rows in _rows(group).items():
            for place in group.members * rows:
                yield array_name(array, group=g), Stretch(place.population.name, (0, place.size), place.hull)
    for reach in reaches(layout, layout.net.injections, everywhere=True):
        yield array_name("noise", kernel=GATHER, group=reach.place.group), _reached(reach)
    for place in _with_influx(layout):
        yield POTENTIALS, Stretch(place.population.name, (0, place.size), place.hull)
    for place in layout.sources(RENEWALS):
        yield array_name("waiting", kernel=RENEWALS), Stretch(place.population.name, *2 * ((0, place.size),))


def _rows(group: Group) -> dict[str, int]:
    """Return the arrays of a group that have rows of all its neurons, and the number of rows."""
    signature = group.signature
    return {
        "V": signature.compartments,
        "refractory": 1,
        "membrane": signature.n_own,
        "gates": signature.n_states,
        "synaptic": 2 * signature.n_synaptic,
    }


def _reached(reach: Reach) -> Stretch:
    """Return the neurons that noise reaches: those from the first to the last that have places."""
    name, kept = reach.place.population.name, reach.part.span[reach.place.within(reach.part.span)]
    here = (int(kept[0]), int(kept[-1]) + 1) if len(kept) else (0, 0)
    return Stretch(name, (reach.first, reach.first + reach.size), here)


def _with_influx(layout: Layout) -> list[PlacedPopulation]:
    """Return the population of each influx into spines, in their order."""
    influxes = dict.fromkeys(influx_of(bundle, layout) for bundle in spine_bundles(layout))
    return [layout.populations[one.population] for one in influxes]
