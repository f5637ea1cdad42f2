"""``kernels/advance_spines.cu`` in numpy: the calcium and the weight of every synapse that learns from its calcium."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

from gpusyn.backends.numpy.deliver_spikes import Due, Sent, due_synapses
from gpusyn.equations import spines
from gpusyn.equations.coefficients import read
from gpusyn.kernels.records import Clock, Route, Spine, read_rows
from gpusyn.kernels.signature import Signature
from gpusyn.kernels.synapse_words import unpack_late


class SpineRoute(NamedTuple):
    """A route whose synapses learn from their calcium."""

    route: Route
    spine: Spine
    c: Any


def prepare_spines(a: SimpleNamespace, signature: Signature | None) -> list[SpineRoute]:
    """Return the routes with their coefficients."""
    routes = read_rows(a.routes, Route, int(a.n_routes))
    return [
        SpineRoute(route, spine, read(spines.SpineCoefficients, a.coef[spine.coef :]))
        for route, spine in zip(routes, read_rows(a.spines, Spine), strict=False)
    ]


def advance_spines(a: SimpleNamespace, prepared: list[SpineRoute]) -> None:
    """Advance the calcium and the weights of all synapses over the step that ends now."""
    now = Clock(*a.clock.tolist()).now
    for one in prepared:
        rows = np.arange(one.route.source_end - one.route.source)
        none = np.zeros_like(rows)
        for due in due_synapses(a, one.route, Sent(rows, none, none, none)):
            _advance(a, one, due, now)


def _advance(a: SimpleNamespace, one: SpineRoute, due: Due, now: int) -> None:
    """Advance some synapses of a route."""
    route, spine, j = one.route, one.spine, due.synapse
    target = (route.slice + due.slice) * route.slice_size + a.targets[route.targets + j].astype(np.int64)
    late = unpack_late(a.late[route.late :], route.late_bits, j).astype(np.int64) if route.late >= 0 else 0
    gate = a.gate_means[spine.means + due.sender * (spine.mask + 1) + (now - spine.delay - late & spine.mask)]
    before = a.Ca[spine.state + j]
    after = spines.advanced(before, gate, a.influx[spine.influx + target - spine.offset], one.c)
    weight, rest = route.weights + j, spine.state + j
    stored = spines.Stored(a.weights[weight], a.rest_of[rest])
    a.weights[weight], a.rest_of[rest] = spines.learned(stored, before, after, one.c, spine.w_max)
    a.Ca[spine.state + j] = after
