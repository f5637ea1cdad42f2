"""Row F8: the variation of what binomial release delivers."""

from __future__ import annotations

import math

import numpy as np

import gpusyn as gs
from tests.helpers.validation.lab import START, Bench, row

WEIGHT, EVENTS, APART, TAU = 1.0, 20, 2.0, 0.1  # nS, number, ms, ms: each event has decayed before the next


@row("F8")
def f8(lab):
    bench = Bench(lab, [gs.AMPA(tau_decay=TAU)], n=1000)
    times = [[START + APART * k for k in range(EVENTS)]]
    source = bench.net.population("source", 1, gs.SpikeSource(times))
    bench.net.connect(
        source, bench.cells, gs.AllToAll(), receptor="AMPA", weight=WEIGHT, delay=bench.dt,
        plasticity=gs.QuantalRelease(n=10, p=0.3),
    )  # fmt: skip
    trace = bench.run(START + APART * EVENTS, "g_AMPA")
    amplitudes = np.array([trace.at("g_AMPA", t + bench.dt) for t in times[0]])
    left = math.exp(-APART / TAU)
    assert left < 1e-8
    return float(amplitudes.std() / amplitudes.mean())
