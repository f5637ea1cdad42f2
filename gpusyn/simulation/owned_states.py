"""Which elements of the arrays of states belong to which neurons, and so to the rank that owns these."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from gpusyn.builder.compile import Compiled
from gpusyn.builder.inputs.noise import GATHER, reaches
from gpusyn.builder.layout import Layout, PlacedPopulation
from gpusyn.builder.ownership import Share
from gpusyn.builder.plasticity.spines import POTENTIALS, influx_of, spine_bundles
from gpusyn.kernels.arrays import array_name
from gpusyn.neurons.sources import RENEWALS
from gpusyn.utils.typing import Bools

OF_NEURONS = ("V", "refractory", "membrane", "gates", "synaptic")  # of each group, in rows of all its neurons


class Stretch(NamedTuple):
    """Consecutive elements of an array, from `begin` on, of the neurons of a population from `first` on."""

    place: PlacedPopulation
    first: int
    begin: int
    size: int


def owned_elements(compiled: Compiled, share: Share) -> dict[str, Bools]:
    """Return which elements of arrays a rank owns; all ranks have the same of those that are not named."""
    found: dict[str, Bools] = {}
    specs = compiled.program.specs
    for name, one in _stretches(compiled):
        if name in specs:
            own = found.setdefault(name, np.zeros(specs[name].size, bool))
            ids = np.arange(one.first, one.first + one.size)
            own[one.begin : one.begin + one.size] = share.owns(one.place.population.name, ids)
    return found


def _stretches(compiled: Compiled) -> Iterator[tuple[str, Stretch]]:
    """Yield the name of each such array with its stretches, in order."""
    layout = compiled.layout
    yield from _of_groups(compiled)
    noisy: dict[str, int] = {}
    for reach in reaches(layout, layout.net.injections):
        name = array_name("noise", kernel=GATHER, group=reach.place.group)
        yield name, Stretch(reach.place, reach.first, noisy.get(name, 0), reach.size)
        noisy[name] = noisy.get(name, 0) + reach.size
    yield from _one_by_one(POTENTIALS, _with_influx(layout))
    yield from _one_by_one(array_name("waiting", kernel=RENEWALS), layout.sources(RENEWALS))


def _of_groups(compiled: Compiled) -> Iterator[tuple[str, Stretch]]:
    specs = compiled.program.specs
    for g, group in enumerate(compiled.layout.groups):
        for name in (array_name(name, group=g) for name in OF_NEURONS):
            rows = specs[name].size // max(group.size, 1) if name in specs else 0
            for row in range(rows):
                for place in group.members:
                    yield name, Stretch(place, 0, row * group.size + place.first, place.size)


def _one_by_one(name: str, places: list[PlacedPopulation]) -> Iterator[tuple[str, Stretch]]:
    """Yield the stretches of an array that has all neurons of some populations, one after the other."""
    begin = 0
    for place in places:
        yield name, Stretch(place, 0, begin, place.size)
        begin += place.size


def _with_influx(layout: Layout) -> list[PlacedPopulation]:
    """Return the population of each influx into spines, in their order."""
    influxes = dict.fromkeys(influx_of(bundle, layout) for bundle in spine_bundles(layout))
    return [layout.populations[one.population] for one in influxes]
