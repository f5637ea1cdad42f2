"""Rows of group E: mean and variance under Poisson input (Campbell's theorem)."""

from __future__ import annotations

import functools
import math
from typing import NamedTuple

import numpy as np

import gpusyn as gs
from gpusyn.kinetics import Alpha, DualExponential, Exponential
from tests.helpers.validation.lab import Lab, row

DT = 0.1
EVENTS = 5000.0  # Hz: 1000 sources of 5 spikes/s
WEIGHT = 0.5  # nS
SETTLE, SAMPLED = 100.0, 1000.0  # ms


class Moments(NamedTuple):
    """Mean and mean square over all cells and samples."""

    mean: float
    square: float

    @property
    def variance(self) -> float:
        return self.square - self.mean**2


def moments(lab, net, cells, variable, every):
    """Sampled over 1000 ms after the start has died away."""
    recorder = net.record(cells, variable, every=every)
    with lab.open(net, DT) as sim:
        sim.run(SETTLE + SAMPLED)
        data = sim.data[recorder]
    values = np.asarray(data[variable], np.float64)[data.t > SETTLE]
    return Moments(float(values.mean()), float((values**2).mean()))


@functools.cache
def conductance(lab: Lab, kinetics, sources: bool = False) -> Moments:
    """Of 1000 cells (1000 s in all), each with its own `drive`, or its own source of the same rate."""
    net = gs.Network()
    cells = net.population("cells", 1000, gs.LIF(V_th=100.0), receptors=[gs.AMPA(kinetics=kinetics)])
    if sources:
        background = net.population("background", 1000, gs.PoissonSource(rate=EVENTS))
        net.connect(background, cells, gs.OneToOne(), receptor="AMPA", weight=WEIGHT, delay=0.5)
    else:
        net.drive(cells, "AMPA", rate=EVENTS, weight=WEIGHT)
    return moments(lab, net, cells, "g_AMPA", 1.0)


def time_average(sampled: Moments, tau: float) -> Moments:
    """True averages of what decays between samples taken right after each step's jumps (science.md section 6)."""
    mean = -tau / DT * math.expm1(-DT / tau)
    square = -tau / (2.0 * DT) * math.expm1(-2.0 * DT / tau)
    return Moments(sampled.mean * mean, sampled.square * square)


@row("E1a")
def e1a(lab):
    return time_average(conductance(lab, Exponential(5.0)), 5.0).mean


@row("E1b")
def e1b(lab):
    return time_average(conductance(lab, Exponential(5.0)), 5.0).variance


@row("E4")
def e4(lab):
    return conductance(lab, Exponential(5.0)).mean


for _name, _kinetics in (("E2", DualExponential(0.5, 5.0)), ("E3", Alpha(2.0))):
    row(_name + "a")(lambda lab, kinetics=_kinetics: conductance(lab, kinetics, sources=True).mean)
    row(_name + "b")(lambda lab, kinetics=_kinetics: conductance(lab, kinetics, sources=True).variance)


@row("E5")
def e5(lab):
    """Of 2000 cells, for V forgets slowly. With E_L = 0, V is reported with all its digits."""
    net = gs.Network()
    cell = gs.LIF(E_L=0.0, V_th=100.0, V_reset=-10.0)
    cells = net.population("cells", 2000, cell, receptors=[gs.CurrentReceptor("exc", tau=5.0)], V=0.5)
    net.drive(cells, "exc", rate=EVENTS, weight=1.0)
    return moments(lab, net, cells, "V", 5.0).variance


@row("I16")
def i16(lab):
    net = gs.Network()
    cells = net.population("cells", 1000, gs.LIF(V_th=100.0), receptors=[gs.AMPA(tau_decay=2.0)])
    net.drive(cells, "AMPA", rate=2400.0, weight=2.1)
    return time_average(moments(lab, net, cells, "g_AMPA", 1.0), 2.0).mean
