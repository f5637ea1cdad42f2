"""Plastic synapses between sources that spike in given steps and cells that are made to spike in given steps.

The cells rest at the reversal potential of their receptor, so that synapses do not move them: only pulses of current
make them spike. What is delivered is read from the conductance.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

import gpusyn as gs
from tests.plasticity.plain_loops import Synapse

REST, TAU = -70.0, 0.5  # mV, ms
CELL = {"E_L": REST, "V_reset": REST, "V_th": -50.0, "C_m": 100.0, "g_L": 5.0}
PULSE = 100.0  # mV in one step: five times what it takes to the threshold
SPACING = 2  # steps: a cell is refractory for one step


class Contact(NamedTuple):
    """One synapse: positions of its source and of its cell, and what it is like."""

    pre: int
    post: int
    synapse: Synapse


class Trial(NamedTuple):
    """What came out: weights by time of reading and contact, and conductances by step and cell."""

    weights: list[np.ndarray]
    conductance: np.ndarray


def forced(net: gs.Network, name: str, trains: Sequence[Sequence[int]], receptors: Any, dt: float) -> gs.Population:
    """Cells that spike in given steps, which must be `SPACING` apart."""
    cells = net.population(name, len(trains), gs.LIF(**CELL, t_ref=dt), receptors=receptors)
    for k, train in enumerate(trains):
        assert all(b - a >= SPACING for a, b in pairwise(train)), train
        edges = sorted({0, *(step - 1 for step in train), *train})
        current = [PULSE / dt * CELL["C_m"] if edge + 1 in train else 0.0 for edge in edges]
        net.inject(cells[k : k + 1], gs.Waveform([edge * dt for edge in edges], current), name=f"force {name} {k}")
    return cells


def sources(net: gs.Network, name: str, trains: Sequence[Sequence[int]], dt: float) -> gs.Population:
    """Sources that spike in given steps, several times where a step is repeated."""
    times = [[round(step * dt, 9) for step in train] for train in trains]
    return net.population(name, len(times), gs.SpikeSource(times))


def network(
    contacts: Sequence[Contact],
    pre: Sequence[Sequence[int]],
    post: Sequence[Sequence[int]],
    share: float,
    plastic: Any,
    net: gs.Network | None = None,
) -> gs.Network:
    """A network of one plastic projection, named "plastic"; the first contact gives w_max and dt for all."""
    first = contacts[0].synapse
    net = gs.Network() if net is None else net
    learns = any(isinstance(one, gs.LearningRule) for one in (plastic if isinstance(plastic, list) else [plastic]))
    before = sources(net, "pre", pre, first.dt)
    cells = forced(net, "post", post, [gs.AMPA(tau_decay=TAU, E_rev=REST)], first.dt)
    rule = gs.FromArrays([contact.pre for contact in contacts], [contact.post for contact in contacts])
    net.connect(
        before, cells, rule, receptor="AMPA", name="plastic",
        weight=np.array([contact.synapse.w0 for contact in contacts]), w_max=first.w_max,
        delay=np.array([round(contact.synapse.delay * first.dt, 9) for contact in contacts]),
        plasticity=plastic, axonal=share if learns else None,
    )  # fmt: skip
    net.record(before, "spikes", name="pre spikes")
    net.record(cells, "spikes", name="post spikes")
    net.record(cells, "g_AMPA", name="g")
    return net


def trains_of(data: gs.SpikeData, size: int, dt: float) -> list[list[int]]:
    """The steps in which each neuron spiked."""
    return [np.rint(data.times[data.ids == k] / dt).astype(int).tolist() for k in range(size)]


def run(net: gs.Network, contacts: Sequence[Contact], stops: Sequence[int], **how: Any) -> Trial:
    """Weights after some numbers of steps, in the order of the contacts, and all conductances."""
    dt = contacts[0].synapse.dt
    order = np.lexsort([[contact.post for contact in contacts], [contact.pre for contact in contacts]])  # stable
    weights = []
    with gs.Simulator(net, dt=dt, **how) as sim:
        for before, stop in zip([0, *stops], stops, strict=False):
            sim.step(stop - before)
            found = np.empty(len(contacts))
            found[order] = sim.weights("plastic").weight
            weights.append(found)
        return Trial(weights, np.asarray(sim.data["g"]["g_AMPA"], np.float64))


def conductance(delivered: Sequence[tuple[int, float]], steps: int, dt: float) -> np.ndarray:
    """The course of a conductance, step by step, from the steps in which weights are delivered."""
    events = np.zeros(steps + 1)
    for step, weight in delivered:
        if step <= steps:
            events[step] += weight
    g, decay = np.zeros(steps + 1), math.exp(-dt / TAU)
    for step in range(1, steps + 1):
        g[step] = g[step - 1] * decay + events[step]
    return g[1:]
