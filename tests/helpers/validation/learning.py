"""Rows G1 to G3: the change of a weight by one pair of spikes, and by sixty pairings.

Weights start in the middle, and amplitudes are a tenth, so that nothing is clipped: the change is in proportion.
"""

from __future__ import annotations

from typing import Any

import gpusyn as gs
from tests.helpers.validation.lab import Lab, row
from tests.plasticity.lab import CELL, PULSE

TENTH, W_MAX = 0.1, 4.0  # of the amplitudes; nS
APART = 10.0  # ms
PAIRS = 60


def change(lab: Lab, rule: Any, pre: list[float], post: list[float], dt: float) -> float:
    """The change of a weight (in units of w_max, whole amplitudes) by spikes that are made at given times.

    The delay is one step and dendritic, so a cell is made to spike a step before its spike reaches the synapse.
    """
    net = gs.Network()
    source = net.population("source", 1, gs.SpikeSource([pre]))
    cell = net.population("cell", 1, gs.LIF(**CELL, t_ref=dt), receptors=[gs.AMPA(tau_decay=10.0, E_rev=CELL["E_L"])])
    edges = [edge for t in post for edge in (t - 2 * dt, t - dt)]
    net.inject(cell, gs.Waveform([0.0, *edges], [0.0, *[PULSE / dt * CELL["C_m"], 0.0] * len(post)]))
    weights = {"weight": 0.5 * W_MAX, "w_max": W_MAX}
    net.connect(source, cell, gs.OneToOne(), receptor="AMPA", **weights, delay=dt, plasticity=rule, name="c")
    with lab.open(net, dt) as sim:
        sim.run(max(*pre, *post) + dt)
        return float(sim.weights("c").weight[0] / W_MAX - 0.5) / TENTH


def pair(lab: Lab, order: int) -> float:
    rule = gs.STDP(A_plus=TENTH * 0.005, A_minus=TENTH * 0.00525, tau_plus=20.0, tau_minus=20.0)
    return change(lab, rule, [50.0], [50.0 + order * APART], 0.1)


@row("G1")
def g1(lab):
    return pair(lab, 1)


@row("G2")
def g2(lab):
    return pair(lab, -1)


def pairings(name: str, rate: int, order: int) -> None:
    """Register the row of a rate (Hz)."""

    @row(name, steps=2 * PAIRS, double=name == "G3_1_p")  # in single precision a weight has steps of 1e-9 of w_max
    def measure(lab: Lab) -> float:
        rule = gs.TripletSTDP(A2_minus=TENTH * 7.1e-3, A3_plus=TENTH * 6.5e-3)
        pre = [50.0 + 1000.0 / rate * k for k in range(PAIRS)]
        return change(lab, rule, pre, [t + order * APART for t in pre], 1.0 if rate > 10 else 5.0)


for hertz in (1, 10, 20, 40, 50):
    pairings(f"G3_{hertz}_p", hertz, 1)
    pairings(f"G3_{hertz}_m", hertz, -1)
