"""Rows of group C: NMDA gates that saturate, and channels with many states."""

from __future__ import annotations

import functools
import math

import numpy as np

import gpusyn as gs
from gpusyn.kinetics import Kinetics, Markov, Saturating
from tests.helpers.validation.lab import START, Bench, Lab, Trace, area, peak, row

GATING = "per-synapse"


@functools.cache
def gate(lab: Lab, kinetics: Kinetics, times: tuple[float, ...], duration: float, dt: float = 0.1) -> Trace:
    """Open fraction of one synapse (a weight of 1 nS) whose events arrive at `times`."""
    bench = Bench(lab, [gs.AMPA(kinetics=kinetics, gating=GATING)], dt=dt)
    bench.event("AMPA", list(times), 1.0)
    return bench.run(duration, "g_AMPA")


# --- C12 to C18: saturating gates (Wang 1999; Brunel and Wang 2001) --------------------------------------------

JUMP, RISE = Saturating(jump=True), Saturating.NMDA()


@row("C12a")
def k0(lab):
    return gate(lab, JUMP, (START,), START + 5.0).at("g_AMPA", START)[0]


@row("C12b", steps=30)
def k1(lab):
    """From two jumps in a row: the second is k0 + k1 S, where the first was k0."""
    trace = gate(lab, JUMP, (START, START + 2.0), START + 5.0)
    first, before, after = (trace.at("g_AMPA", START + t)[0] for t in (0.0, 1.9, 2.0))
    return (after - first) / (before * math.exp(-0.1 / 100.0)) - 1.0


@row("C13", steps=10)
def c13(lab):
    """S = 0.2 at the start is made of two synapses, of which only one was opened before (and its x is gone).

    Sum w S with sum w = 1 obeys the equation of S, in which only alpha x counts: 0.35 x 1 for 0.5 x 0.7.
    """
    kinetics, early, start = Saturating(alpha=0.35), START, START + 60.0
    before = gate(lab, kinetics, (early,), start).at("g_AMPA", start)[0]
    share = 0.2 / before
    assert 0.5 < share < 1.0
    bench = Bench(lab, [gs.AMPA(kinetics=kinetics, gating=GATING)])
    bench.volley("AMPA", [[early, start], [start]], np.array([share, 1.0 - share]), gs.FromArrays([0, 1], [0, 0]))
    trace = bench.run(start + 1.0, "g_AMPA")
    np.testing.assert_allclose(trace.at("g_AMPA", start)[0], 0.2, rtol=1e-6)
    return trace.at("g_AMPA", start + 0.1)[0]


def one_spike(lab):
    trace = gate(lab, RISE, (START,), START + 20.0)
    return peak(trace.t, trace["g_AMPA"])


@row("C14a", steps=70)
def c14a(lab):
    return one_spike(lab)[1]


@row("C14b", steps=70, grid=0.1)
def c14b(lab):
    return one_spike(lab)[0] - START


def train_rows(name, rate):
    """Mean of S over one period of a regular train that has gone on for long, of the rise and of the jump."""
    period, spikes = 1000.0 / rate, 25

    def last_period(lab, kinetics):
        times = tuple(START + k * period for k in range(spikes))
        trace = gate(lab, kinetics, times, times[-1] + period)
        return trace.after("g_AMPA", times[-1])[:, 0]

    @row(name + "a", steps=1500)
    def rise(lab):
        return area(last_period(lab, RISE), 0.1) / period

    @row(name + "b", steps=1500)
    def jump(lab):
        S = last_period(lab, JUMP)[:-1]  # a pure decay; the next sample would be before the jump of the next event
        return area(np.append(S, S[-1] ** 2 / S[-2]), 0.1) / period


train_rows("C15", 10.0)
train_rows("C16", 20.0)
train_rows("C17", 40.0)
train_rows("C18", 100.0)

# --- C19 to C21: Markov schemes (Destexhe, Mainen and Sejnowski 1998) ------------------------------------------


def scheme_rows(name, kinetics, duration, dt, steps):
    """Height and time of the peak after one pulse."""

    def top(lab):
        trace = gate(lab, kinetics, (START,), START + duration, dt)
        return peak(trace.t, trace["g_AMPA"])

    @row(name + "a", steps=steps)
    def height(lab):
        return top(lab)[1]

    @row(name + "b", steps=steps, grid=dt)
    def time(lab):
        return top(lab)[0] - START


scheme_rows("C19", Markov.NMDA(), 30.0, 0.1, 210)
scheme_rows("C20", Markov.AMPA(), 1.3, 0.002, 510)  # fine enough for five samples between the pulse's end and the peak
scheme_rows("C21", Markov.GABA_A(), 2.0, 0.005, 210)
