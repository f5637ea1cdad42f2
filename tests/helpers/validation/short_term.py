"""Rows of group F: short-term plasticity, from the jumps of a conductance at the spikes of a regular train."""

from __future__ import annotations

import functools

import numpy as np

import gpusyn as gs
from tests.helpers.validation.lab import START, Bench, Lab, row

DEPRESSING = gs.TsodyksMarkram(U=0.5, tau_rec=800.0)
FACILITATING = gs.TsodyksMarkram(U=0.03, tau_rec=130.0, tau_facil=530.0)
FACILITATING_ALONE = gs.TsodyksMarkram(U=0.03, tau_rec=0.01, tau_facil=530.0)  # x has recovered at each spike
INTERVAL = 50.0  # ms: 20 Hz
DT = 0.5


@functools.cache
def amplitudes(lab: Lab, plasticity: gs.TsodyksMarkram, n: int) -> np.ndarray:
    """What each of `n` spikes delivers through a synapse of 1 nS: its g has decayed to nothing before the next."""
    bench = Bench(lab, [gs.AMPA(tau_decay=1.0)], dt=DT)
    arrivals = [START + INTERVAL * k for k in range(n)]
    bench.event("AMPA", arrivals, 1.0, plasticity=plasticity)
    trace = bench.run(arrivals[-1] + 1.0, "g_AMPA")
    return np.array([trace.at("g_AMPA", t)[0] for t in arrivals])


@row("F1", steps=40)
def f1(lab):
    return amplitudes(lab, DEPRESSING, 60)[-1] / 0.5


@row("F2", steps=2)
def f2(lab):
    first, second = amplitudes(lab, DEPRESSING, 60)[:2]
    return second / first


@row("F3", steps=40)
def f3(lab):
    found = amplitudes(lab, DEPRESSING, 60)
    return found[-1] / found[0]


@row("F4", steps=250)
def f4(lab):
    return amplitudes(lab, FACILITATING_ALONE, 250)[-1]


@row("F5", steps=5)
@row("F6", steps=5)
def f5(lab):
    """Both forms have the same amplitudes, so one measurement is held against both values."""
    return amplitudes(lab, FACILITATING, 5)[-1]
