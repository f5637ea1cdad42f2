"""``kernels/deliver_releases.cu`` in numpy: synapses that release one by one, at the spikes of their source."""

from __future__ import annotations

from types import SimpleNamespace
from typing import NamedTuple

import numpy as np

from gpusyn.backends.numpy.deliver_spikes import (
    Due,
    Sent,
    due_synapses,
    places_in_ring,
    prepare_routes,
    sent_along,
    spikes_of_ages,
)
from gpusyn.equations.release import (
    Parameters,
    Reached,
    SynapseReleaseCoefficients,
    release_means,
    release_quanta,
    used_at,
)
from gpusyn.equations.short_term import held_back
from gpusyn.kernels.records import Clock, ReleaseSums, ReleasingSet, Route, SynapseRelease, read_rows
from gpusyn.kernels.signature import Signature
from gpusyn.numerics.portable_math import exp, flush
from gpusyn.utils.typing import Array

_ELAPSED, _USED, _EMPTY, _KNOWN = range(4)  # as in the kernel


class Releases(NamedTuple):
    """The routes, how their synapses release, by route, and the sums of their receptors."""

    routes: list[tuple[int, Route]]
    releases: dict[Route, SynapseRelease]
    receptors: list[ReleaseSums]


def prepare_sets(a: SimpleNamespace, signature: Signature | None) -> list[ReleasingSet]:
    """Return the sets of sources."""
    return read_rows(a.sets, ReleasingSet, int(a.n_sets))


def prepare_releases(a: SimpleNamespace, signature: Signature | None) -> Releases:
    """Return the tables as records."""
    routes = prepare_routes(a, signature)
    releases = read_rows(a.releases, SynapseRelease, len(routes))
    return Releases(
        routes,
        {route: release for (_, route), release in zip(routes, releases, strict=True)},
        read_rows(a.receptors, ReleaseSums),
    )


def begin_releases(a: SimpleNamespace, sets: list[ReleasingSet]) -> None:
    """Find what the synapses of each source that spikes have in common."""
    now = Clock(*a.clock.tolist()).now
    spikes = np.arange(int(a.spike_begin[now & a.step_mask]), int(a.spike_total[0])) & a.spike_mask
    known = a.rested.reshape(-1, _KNOWN)
    for one in sets:
        c = SynapseReleaseCoefficients(*a.coef[one.coef : one.coef + len(SynapseReleaseCoefficients._fields)])
        source = a.spike_id[spikes]
        mine = np.flatnonzero((one.source <= source) & (source < one.source_end))
        place, events = one.place + source[mine].astype(np.int64) - one.source, a.spike_events[spikes[mine]]
        steps = (now - a.last_use[place]).astype(a.coef.dtype)
        U, facil, rec = (np.full(place.size, value) for value in (c.U, c.facil, c.rec))
        u = flush(a.used[place] * exp(steps * facil))
        known[place, _ELAPSED], known[place, _USED], known[place, _EMPTY] = steps, u, exp(steps * rec)
        for event in range(int(events.max(initial=0))):
            u = np.where(events > event, used_at(event, u, U, facil), u)
        a.used[place], a.last_use[place] = u, now


def deliver_releases(a: SimpleNamespace, tables: Releases) -> None:
    """Let the synapses of the sources that spike release onto their receptors."""
    now = Clock(*a.clock.tolist()).now
    for events in spikes_of_ages(a, [0], now, int(a.spike_total[0])):
        for route, sent in sent_along(tables.routes, events):
            for due in due_synapses(a, route, sent):
                release = tables.releases[route]
                factor = _release(a, release, sent, due, now)
                for receptor in tables.receptors[release.receptor : release.receptor_end]:
                    _add(a, route, receptor, due, factor, now)


def _release(a: SimpleNamespace, r: SynapseRelease, sent: Sent, due: Due, now: int) -> Array:
    """Return the part of its weight that each synapse releases, and keep its state."""
    c = SynapseReleaseCoefficients(*a.coef[r.coef : r.coef + len(SynapseReleaseCoefficients._fields)])
    j, events = due.synapse, sent.number[due.sender]
    known = a.rested.reshape(-1, _KNOWN)[r.place + sent.row[due.sender]]
    steps = known[:, _ELAPSED]
    facil = _values(a, r.own_facil, c.facil, j)
    empty = known[:, _EMPTY] if r.own_rec < 0 else exp(steps * a.own[r.own_rec + j])
    p = Parameters(_values(a, r.own_U, c.U, j), facil, empty)
    u = known[:, _USED] if r.u < 0 else flush(a.u[r.u + j] * exp(steps * facil))
    if r.sites:
        full = a.full[r.full + j] if r.full >= 0 else np.full(j.size, r.sites)
        at = Reached(now, events, a.number[r.number + j], (int(a.keys[r.keys]), int(a.keys[r.keys + 1])))
        factor, u, full = release_quanta(p, u, full, r.sites, c.cv, r.full >= 0, at)
        if r.full >= 0:
            a.full[r.full + j] = full
    else:
        held: Array | float = 0.0
        if r.y >= 0:
            psc = _values(a, r.own_psc, c.psc, j)
            left = exp(steps * psc)
            held = a.y[r.y + j] * held_back(steps, _values(a, r.own_rec, c.rec, j), psc, empty, left)
        factor, u, a.x[r.x + j] = release_means(p, u, a.x[r.x + j], held, events)
        if r.y >= 0:
            a.y[r.y + j] = flush(a.y[r.y + j] * left) + factor
    if r.u >= 0:
        a.u[r.u + j] = u
    return factor


def _values(a: SimpleNamespace, place: int, same: Array, synapses: Array) -> Array:
    """Return a parameter of each synapse."""
    found: Array = np.full(synapses.size, same) if place < 0 else a.own[place + synapses]
    return found


def _add(a: SimpleNamespace, route: Route, to: ReleaseSums, due: Due, factor: Array, now: int) -> None:
    """Add what synapses release to the sums of one receptor."""
    real = a.coef.dtype.type
    w = a.weights[to.weights + due.synapse].astype(real) if to.weights >= 0 else real(to.weight)
    value = (w * (factor * a.coef[to.scale])).astype(a.ring.dtype)
    np.add.at(a.ring, to.ring + places_in_ring(a, route, due, now, to.mask), value)
