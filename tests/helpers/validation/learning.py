"""Rows of group G: rules of spike timing, from the weight of one synapse after pairs of spikes at given distances."""

from __future__ import annotations

import numpy as np

import gpusyn as gs
from tests.helpers.validation.lab import Lab, row

DT, FIRST = 0.5, 20.0  # ms; the first presynaptic spike
PAIRS = gs.STDP(A_plus=0.005, A_minus=0.00525, tau_plus=20.0, tau_minus=20.0)
TRIPLETS = gs.TripletSTDP(  # visual cortex, minimal model (Pfister & Gerstner 2006)
    A2_plus=0.0, A2_minus=7.1e-3, A3_plus=6.5e-3, A3_minus=0.0, tau_plus=16.8, tau_minus=33.7, tau_y=114.0
)


def change(lab: Lab, rule: gs.LearningRule, distance: float, w: float, pairs: int = 1, interval: float = 0.0) -> float:
    """Change of a weight of at most 1 nS by pairs whose postsynaptic spike reaches the synapse `distance` ms later."""
    net, times = gs.Network(), FIRST + interval * np.arange(pairs)
    pre = net.population("pre", 1, gs.SpikeSource(times))
    force = net.population("force", 1, gs.SpikeSource(times + distance - 3 * DT))
    cell = net.population("cell", 1, gs.LIF(t_ref=0.5), receptors=[gs.AMPA(), gs.AMPA(name="force", tau_decay=0.1)])
    net.connect(force, cell, gs.OneToOne(), receptor="force", weight=20_000.0, delay=DT)
    learning = net.connect(
        pre, cell, gs.OneToOne(), receptor="AMPA", weight=w, w_max=1.0, delay=DT, plasticity=rule, name="learning"
    )
    spikes = net.record(cell, "spikes")
    with lab.open(net, dt=DT) as sim:
        before = sim.weights(learning).weight[0]
        sim.run(float(times[-1]) + 30.0)
        np.testing.assert_allclose(sim.data[spikes].times + DT, times + distance)  # when they reach the synapse
        return float(sim.weights(learning).weight[0] - before)


@row("G1", double=True)
def g1(lab):
    return change(lab, PAIRS, 10.0, 0.5)


@row("G2", double=True)
def g2(lab):
    return change(lab, PAIRS, -10.0, 0.5)


def triplets(lab: Lab, rate: int, distance: float) -> float:
    falls = distance < 0 and rate < 40
    return change(lab, TRIPLETS, distance, 0.9 if falls else 0.2, 60, 1000.0 / rate)


for one in (1, 10, 20, 40, 50):
    row(f"G3_{one}_p", double=True)(lambda lab, one=one: triplets(lab, one, 10.0))
    row(f"G3_{one}_m", double=True)(lambda lab, one=one: triplets(lab, one, -10.0))
