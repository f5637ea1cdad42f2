"""A small network whose synapses learn, and what each of its weights should be, spike by spike in double precision."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from math import exp
from typing import Any, NamedTuple

import numpy as np

import gpusyn as gs

DT = 0.1
W_MAX = 2.0
TIMES = [[1.0, 1.1, 4.0, 4.0, 9.0, 20.0, 20.3, 41.0], [2.5, 2.5, 2.5, 30.0, 31.0], [], [12.0]]
CURRENTS = np.array([900.0, 0.0, 700.0, 1500.0])
RULES = {
    "additive": gs.STDP(A_plus=0.1, A_minus=0.11),
    "multiplicative": gs.STDP(A_plus=0.2, A_minus=0.3, tau_plus=15.0, tau_minus=25.0, mu_plus=1.0, mu_minus=1.0),
    "powers": gs.STDP(A_plus=0.2, A_minus=0.3, mu_plus=0.4, mu_minus=0.7),
    "nearest": gs.STDP(A_plus=0.1, A_minus=0.09, pairing="nearest"),
    "triplet": gs.TripletSTDP(A2_plus=0.004, A2_minus=0.03, A3_plus=0.003, A3_minus=0.01),
    "inhibitory": gs.InhibitorySTDP(eta=0.05, rate=10.0),
}


def network(
    rule: Any,
    delay: Any = 1.0,
    axonal: float | None = None,
    recurrent: bool = False,
    weight: Any = 0.75,
    current: float = 1.0,
) -> gs.Network:
    """Listed spikes, or the neurons themselves, onto neurons that fire at rates of their own.

    Some pairs have several synapses, one source has none and one target neither, and neurons have synapses onto
    themselves.
    """
    net = gs.Network()
    lists = net.population("lists", 4, gs.SpikeSource(times=TIMES, max_events=3))
    cells = net.population(
        "cells", 4, gs.LIF(I_e=current * CURRENTS, t_ref=1.0), receptors=[gs.AMPA(), gs.GABA_A()], V=-60.0
    )
    pre = np.array([0, 0, 1, 3, 0, 3, 0, 1, 2] if recurrent else [0, 0, 1, 3, 0, 3, 0, 1, 1])
    post = np.array([0, 2, 2, 3, 0, 1, 0, 0, 2])
    if isinstance(delay, list):
        delay = np.array(delay)
    net.connect(
        cells if recurrent else lists, cells, gs.FromArrays(pre, post), receptor="AMPA", weight=weight, w_max=W_MAX,
        delay=delay, plasticity=rule, axonal=axonal, name="taught",
    )  # fmt: skip
    net.record(lists, "spikes", name="pre")
    net.record(cells, "spikes", name="post")
    net.record(cells, ["V", "g_AMPA"], name="traces")
    return net


class _Side(NamedTuple):
    """The traces of one side: time constants, and whether a spike sets them to 1."""

    taus: tuple[float, ...]
    nearest: bool


def traces(side: _Side, spikes: list[tuple[int, int]], now: int) -> list[float]:
    """Return the traces at step `now` of spikes (step, events) before it."""
    seen = [(step, n) for step, n in spikes if step < now]
    if side.nearest:
        seen = [(step, 1) for step, _ in seen[-1:]]
    return [sum(n * exp(-(now - step) * DT / tau) for step, n in seen) for tau in side.taus]


def _changes(rule: Any) -> Any:
    """Return the change of w / w_max at a postsynaptic and at a presynaptic spike, and both sides."""
    if isinstance(rule, gs.TripletSTDP):
        return (
            lambda w, r, o: r[0] * (rule.A2_plus + rule.A3_plus * o[1]),
            lambda w, r, o: -o[0] * (rule.A2_minus + rule.A3_minus * r[1]),
            _Side((rule.tau_plus, rule.tau_x), False),
            _Side((rule.tau_minus, rule.tau_y), False),
        )
    if isinstance(rule, gs.InhibitorySTDP):
        alpha = 2 * rule.rate * 1e-3 * rule.tau
        side = _Side((rule.tau,), False)
        eta = rule.eta / W_MAX
        return lambda w, r, o: eta * r[0], lambda w, r, o: eta * (o[0] - alpha), side, side
    nearest = rule.pairing == "nearest"
    return (
        lambda w, r, o: rule.A_plus * (1 - w) ** rule.mu_plus * r[0],
        lambda w, r, o: -rule.A_minus * w**rule.mu_minus * o[0],
        _Side((rule.tau_plus,), nearest),
        _Side((rule.tau_minus,), nearest),
    )


def expected(
    rule: Any, pre: Iterable[int], post: Iterable[int], delay: int, axonal: int, end: int,
    weight: float = 0.75, given: dict[int, float] | None = None,
) -> float:  # fmt: skip
    """Return the weight after the steps before `end`, of one synapse whose neurons spike in these steps.

    At the same time, the postsynaptic spike comes first, unless it needs no time to the synapse: then, the presynaptic
    one has been delivered already, a step before it acts. `given` are weights that are set before steps.
    """
    dendritic = delay - axonal
    early = int(dendritic == 0)
    arrivals = [(step + axonal, n) for step, n in sorted(Counter(pre).items())]
    backward = [(step + dendritic, 1) for step in sorted(post)]
    at_post, at_pre, before, after = _changes(rule)
    events = [(step, early, "post", 1) for step, _ in backward if step < end]
    events += [(step, 1 - early, "pre", n) for step, n in arrivals if step - early < end]
    events += [(step, -1, "set", w) for step, w in (given or {}).items()]
    w = weight / W_MAX
    for step, _, kind, n in sorted(events):
        r, o = traces(before, arrivals, step), traces(after, backward, step)
        if kind == "set":
            w = n / W_MAX
        elif kind == "post":
            w = min(max(w + at_post(w, r, o), 0.0), 1.0)
        else:
            for _ in range(int(n)):
                w = min(max(w + at_pre(w, r, o), 0.0), 1.0)
    return w * W_MAX


def steps(data: Any, neuron: int) -> list[int]:
    """Return the steps of the spikes of a neuron."""
    return [round(t / DT) - 1 for t in data.times[data.ids == neuron]]
