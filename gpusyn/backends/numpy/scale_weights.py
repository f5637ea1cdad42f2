"""``kernels/scale_weights.cu`` in numpy: all weights onto a neuron are multiplied by one factor at intervals."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

from gpusyn.backends.numpy.deliver_spikes import Sent, due_synapses
from gpusyn.backends.numpy.trains import Trains, decayed, trains_of
from gpusyn.equations.coefficients import read
from gpusyn.equations.plasticity.scaling import ScalingCoefficients, growth_of, scaled
from gpusyn.kernels.records import Clock, Route, Scaling, read_rows
from gpusyn.kernels.signature import RuleSignature
from gpusyn.utils.typing import Array


class Scaled(NamedTuple):
    """A scaling with its coefficients, the trains of the neurons whose rates count, and the routes to them."""

    record: Scaling
    c: Any
    trains: Trains
    routes: list[Route]


def prepare_scalings(a: SimpleNamespace, signature: RuleSignature | None) -> list[Scaled]:
    """Return the scalings."""
    sets, routes = trains_of(a), read_rows(a.routes, Route, int(a.n_routes))
    return [
        Scaled(
            s,
            read(ScalingCoefficients, a.coef[s.coef :]),
            sets[s.train],
            [route for route, of in zip(routes, a.scaling_of.tolist(), strict=False) if of == number],
        )
        for number, s in enumerate(read_rows(a.scalings, Scaling, int(a.n_scalings)))
    ]


def scale_weights(a: SimpleNamespace, prepared: list[Scaled]) -> None:
    """Multiply weights in the steps of scalings, and find the factors one step before."""
    now = Clock(*a.clock.tolist()).now
    for one in prepared:
        s = one.record
        if (now + 1) % s.every == 0:
            for route in one.routes:
                _scale(a, route, s)
            if s.settled >= 0:
                a.settled[s.settled] = now
        if (now + 2) % s.every == 0:
            a.growth[s.growth : s.growth + one.trains.record.size] = _growth(a, one, now)
            if s.settled >= 0:
                a.sweep[1 - (now & 1)] = now + 1


def _scale(a: SimpleNamespace, route: Route, s: Scaling) -> None:
    """Multiply the weights along a route."""
    row = np.arange(route.source_end - route.source)
    for due in due_synapses(a, route, Sent(row, np.zeros_like(row), np.ones_like(row), np.zeros_like(row))):
        target = (route.slice + due.slice) * route.slice_size + a.targets[route.targets + due.synapse].astype(np.int64)
        place = route.weights + due.synapse
        a.weights[place] = scaled(a.weights[place], a.growth[s.growth + target - s.offset], s.w_max)


def _growth(a: SimpleNamespace, one: Scaled, now: int) -> Array:
    """Return by which part of themselves the weights onto each neuron will grow."""
    neuron = np.arange(one.trains.record.size)
    n = one.trains.counts(neuron)
    (trace,) = one.trains.traces(neuron, n, now - one.trains.last(neuron, n))
    return growth_of(trace, decayed(a, one.trains.decays[0], np.array(now + 1)), one.c)
