"""``kernels/advance_releases.cu`` in numpy: what the spikes of a step deliver of the weights of synapses."""

from __future__ import annotations

from types import SimpleNamespace
from typing import NamedTuple

import numpy as np

from gpusyn.backends.numpy import pieces
from gpusyn.equations.coefficients import read
from gpusyn.equations.short_term import ActiveReleaseCoefficients, ReleaseCoefficients, released
from gpusyn.kernels.records import Clock, ReleaseSet, read_rows
from gpusyn.kernels.signature import ReleaseSignature
from gpusyn.utils.typing import Array


class PopulationSet(NamedTuple):
    """A set of releases, the number of the population of its sources, and its kind of coefficients."""

    population: int
    releases: ReleaseSet
    coefficients: type[ReleaseCoefficients] | type[ActiveReleaseCoefficients]


def prepare_releases(a: SimpleNamespace, signature: ReleaseSignature | None) -> list[PopulationSet]:
    """Return the table as records, with the numbers of the populations."""
    sets = read_rows(a.sets, ReleaseSet, int(a.set_begin[-1]))
    population = np.repeat(np.arange(a.set_begin.size - 1), np.diff(a.set_begin)).tolist()
    kind = ReleaseCoefficients if signature is None else ActiveReleaseCoefficients
    return [PopulationSet(*one, kind) for one in zip(population, sets, strict=True)]


def advance_releases(a: SimpleNamespace, prepared: list[PopulationSet]) -> None:
    """Advance the releases of the sources that spike in this step."""
    now = Clock(*a.clock.tolist()).now
    begin = int(a.spike_begin[now & a.step_mask])
    for start, stop in pieces.parts(int(a.spike_total[0]) - begin, pieces.NEURONS):
        spikes = begin + np.arange(start, stop) & a.spike_mask
        population = a.source_population[a.spike_id[spikes]]
        for one in prepared:
            _advance(a, one, spikes[population == one.population], now)


def _advance(a: SimpleNamespace, one: PopulationSet, spikes: Array, now: int) -> None:
    """Advance a set by some spikes of its population."""
    s = one.releases
    place = a.spike_id[spikes].astype(np.int64) - s.source
    inside = (place >= 0) & (place < s.size)
    spikes, at = spikes[inside], s.first + place[inside]
    c = read(one.coefficients, a.coef[s.coef :])
    active = a.y[at] if one.coefficients is ActiveReleaseCoefficients else np.zeros(at.size, a.x.dtype)
    found = released(a.u[at], a.x[at], active, now - a.last_step[at], a.spike_events[spikes], c)
    a.u[at], a.x[at], a.last_step[at] = found.u, found.x, now
    if one.coefficients is ActiveReleaseCoefficients:
        a.y[at] = found.y
    a.spike_release[spikes * a.slots + s.slot] = found.part
