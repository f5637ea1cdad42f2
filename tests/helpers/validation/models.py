"""Rows on the neuron models with state of their own (H5 to H8)."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

import gpusyn as gs
from tests.helpers.validation.lab import Lab, row

DT = 0.025  # ms: an upstroke is followed in a few steps


@functools.cache
def spikes(lab: Lab, name: str) -> np.ndarray[Any, Any]:
    """Spike times of one cell on its own."""
    model, duration = {
        "AdEx": (gs.AdEx(I_e=1000.0), 500.0),
        "Izhikevich": (gs.Izhikevich(I_e=10.0), 1000.0),
        "HodgkinHuxley": (gs.HodgkinHuxley(), 240.0),
    }[name]
    net = gs.Network()
    recorder = net.record(net.population("cell", 1, model), "spikes")
    with lab.open(net, DT) as sim:
        sim.run(duration)
        return np.asarray(sim.data[recorder].times)


@row("H5a")
def h5a(lab):
    return spikes(lab, "AdEx")[0]


@row("H5b")
def h5b(lab):
    return np.diff(spikes(lab, "AdEx"))[0]


@row("H5c")
def h5c(lab):
    return len(spikes(lab, "AdEx"))


@row("H5d")
def h5d(lab):
    return np.diff(spikes(lab, "AdEx"))[-1]


@row("H6a")
def h6a(lab):
    return len(spikes(lab, "Izhikevich"))


@row("H7a")
def h7a(lab):
    """Between the two samples around it."""
    net = gs.Network()
    recorder = net.record(net.population("cell", 1, gs.HodgkinHuxley()), "V")
    with lab.open(net, 0.1) as sim:
        sim.run(12.0)
        V = np.asarray(sim.data[recorder]["V"][:, 0], np.float64)
        k = int(np.flatnonzero(V >= -20.0)[0])
        return float(np.interp(-20.0, V[k - 1 : k + 1], sim.data[recorder].t[k - 1 : k + 1]))


@row("H7b")
def h7b(lab):
    return np.diff(spikes(lab, "HodgkinHuxley")).mean()


def alpha_m(lab: Lab, V: float) -> float:
    """Opening rate of the gate m at V (1/ms), from one step of it at a clamped V, closed and open at its start."""
    net = gs.Network()
    cells = net.population("cells", 2, gs.HodgkinHuxley(), V=V)
    net.clamp(cells, V)
    with lab.open(net, 0.1) as sim:
        sim.set(cells, "m", [0.0, 1.0])
        sim.step()
        closed, opened = (float(x) for x in sim.get(cells, "m"))
    rate = -np.log(opened - closed) / 0.1
    return closed / (1.0 - (opened - closed)) * rate


@row("H8", steps=100)
def h8(lab):
    return alpha_m(lab, -50.0)
