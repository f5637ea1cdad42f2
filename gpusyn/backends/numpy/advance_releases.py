"""``kernels/advance_releases.cu`` in numpy: what the spikes of a step deliver of the weights of synapses."""

from __future__ import annotations

from types import SimpleNamespace
from typing import NamedTuple

import numpy as np

from gpusyn.backends.numpy import pieces
from gpusyn.equations.coefficients import read
from gpusyn.equations.short_term import ReleaseCoefficients, released
from gpusyn.kernels.records import Clock, ReleaseSet, read_rows
from gpusyn.kernels.signature import Signature
from gpusyn.utils.typing import Array


class PopulationSet(NamedTuple):
    """A set of releases, and the number of the population of its sources."""

    population: int
    releases: ReleaseSet


def prepare_releases(a: SimpleNamespace, signature: Signature | None) -> list[PopulationSet]:
    """Return the table as records, with the numbers of the populations."""
    sets = read_rows(a.sets, ReleaseSet, int(a.set_begin[-1]))
    population = np.repeat(np.arange(a.set_begin.size - 1), np.diff(a.set_begin)).tolist()
    return [PopulationSet(*one) for one in zip(population, sets, strict=True)]


def advance_releases(a: SimpleNamespace, prepared: list[PopulationSet]) -> None:
    """Advance the releases of the sources that spike in this step."""
    now = Clock(*a.clock.tolist()).now
    begin = int(a.spike_begin[now & a.step_mask])
    for start, stop in pieces.parts(int(a.spike_total[0]) - begin, pieces.NEURONS):
        spikes = begin + np.arange(start, stop) & a.spike_mask
        population = a.source_population[a.spike_id[spikes]]
        for one in prepared:
            _advance(a, one.releases, spikes[population == one.population], now)


def _advance(a: SimpleNamespace, s: ReleaseSet, spikes: Array, now: int) -> None:
    """Advance a set by some spikes of its population."""
    place = a.spike_id[spikes].astype(np.int64) - s.source
    inside = (place >= 0) & (place < s.size)
    spikes, at = spikes[inside], s.first + place[inside]
    c = read(ReleaseCoefficients, a.coef[s.coef :])
    found = released(a.u[at], a.x[at], now - a.last_step[at], a.spike_events[spikes], c)
    a.u[at], a.x[at], a.last_step[at] = found.u, found.x, now
    a.spike_release[spikes * a.slots + s.slot] = found.part
