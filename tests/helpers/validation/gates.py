"""Rows of groups A and B: time courses of gates."""

from __future__ import annotations

import functools
import math

import numpy as np

import gpusyn as gs
from gpusyn.kinetics import Alpha, DualExponential, Exponential, FirstOrder
from tests.helpers.validation.lab import START, Bench, Lab, Trace, area, peak, row

# --- A: linear gates ----------------------------------------------------------------------------------------


@functools.cache
def clamped_epsc(lab: Lab) -> Trace:
    bench = Bench(lab, [gs.AMPA(tau_decay=2.0)])
    bench.event("AMPA", START, 1.0)
    bench.net.clamp(bench.cells, -70.0)
    return bench.run(START + 40.0, "g_AMPA", "I_AMPA")


@row("A1", steps=20)
def a1(lab):
    return clamped_epsc(lab).at("g_AMPA", START + 2.0)[0]


@row("A2", steps=400)
def a2(lab):
    trace = clamped_epsc(lab)
    charge = area(trace.after("I_AMPA", START), trace.dt)
    assert charge < 0  # inward
    return -charge


@functools.cache
def kernel(lab: Lab, kinetics, dt: float, duration: float) -> Trace:
    bench = Bench(lab, [gs.AMPA(kinetics=kinetics)], dt=dt)
    bench.event("AMPA", START, 1.0)
    return bench.run(START + duration, "g_AMPA")


def kernel_area(lab, kinetics, dt, duration):
    return area(kernel(lab, kinetics, dt, duration).after("g_AMPA", START), dt)


@row("A3", steps=1000)
def a3(lab):
    return kernel_area(lab, Alpha(2.0), 0.05, 50.0)


@row("A7", steps=1000)
def a7(lab):
    return kernel_area(lab, DualExponential(2.0, 2.0 * (1 + 1e-5)), 0.05, 50.0)


def unit_peak_factor(trace: Trace, t: float, tau_decay: float) -> float:
    """From the tail, where the rise is over: g there is N exp(-t/tau_decay)."""
    return trace.at("g_AMPA", START + t)[0] * math.exp(t / tau_decay)


def dual_rows(name, kinetics, dt, duration, tail):
    """The three rows of a dual exponential: time of its peak, unit-peak factor and area."""

    @row(name + "a", steps=round(tail / dt), grid=dt)
    def time_of_peak(lab):
        trace = kernel(lab, kinetics, dt, duration)
        when, height = peak(trace.t, trace["g_AMPA"])
        assert abs(height - 1.0) < 1e-5  # a weight is the peak of one event
        return when - START

    @row(name + "b", steps=round(tail / dt))
    def factor(lab):
        return unit_peak_factor(kernel(lab, kinetics, dt, duration), tail, kinetics.tau_decay)

    @row(name + "c", steps=round(duration / dt))
    def whole_area(lab):
        return kernel_area(lab, kinetics, dt, duration)


dual_rows("A4", DualExponential(0.2, 1.7), 0.01, 32.0, 7.0)
dual_rows("A5", DualExponential(2.0, 100.0), 0.1, 1800.0, 70.0)
dual_rows("A6", DualExponential(0.5, 5.0), 0.02, 100.0, 18.0)

# --- B: first-order kinetics (Destexhe, Mainen and Sejnowski 1994) -------------------------------------------


@functools.cache
def pulses(lab: Lab, kinetics: FirstOrder, times: tuple[float, ...], duration: float, dt: float = 0.1) -> Trace:
    """Open fraction (a weight of 1 nS) with a pulse of transmitter from each of `times` on."""
    bench = Bench(lab, [gs.AMPA(kinetics=kinetics)], dt=dt)
    bench.event("AMPA", list(times), 1.0)
    return bench.run(duration, "g_AMPA")


def constant_transmitter(lab, kinetics, duration):
    """A new pulse each time one ends: the transmitter stays."""
    return pulses(lab, kinetics, tuple(START + k for k in range(int(duration))), START + duration)["g_AMPA"][:, 0]


def transmitter_rows(name, kinetics, duration, span):
    """The three rows of a receptor: r_inf and tau under constant transmitter, r after one pulse."""

    @row(name + "a", steps=10 * duration)
    def r_inf(lab):
        return constant_transmitter(lab, kinetics, duration)[-1]

    @row(name + "b", steps=round(20 * span))
    def tau_on(lab):
        """From r at the start of the transmitter, and one and two spans (near tau) later: no r_inf is needed."""
        first, step = round(START / 0.1) - 1, round(span / 0.1)
        r = constant_transmitter(lab, kinetics, duration)[first::step][:3]
        return -span / math.log((r[2] - r[1]) / (r[1] - r[0]))

    @row(name + "c", steps=10)
    def r_after_a_pulse(lab):
        return pulses(lab, kinetics, (START,), START + 5.0).at("g_AMPA", START + 1.0)[0]


transmitter_rows("B1", FirstOrder.AMPA(), 40, 0.8)
transmitter_rows("B2", FirstOrder.NMDA(), 300, 12.0)
transmitter_rows("B3", FirstOrder.GABA_A(), 40, 0.2)


@row("B4", steps=110)
def b4(lab):
    trace = pulses(lab, FirstOrder.AMPA(), (START, START + 10.0), START + 15.0)
    return trace.at("g_AMPA", START + 11.0)[0] / trace.at("g_AMPA", START + 1.0)[0]


@row("B5", steps=2000)
def b5(lab):  # exact at any step that the pulse is a multiple of
    times = tuple(START + 10.0 * k for k in range(200))
    return pulses(lab, FirstOrder.NMDA(), times, times[-1] + 10.0, dt=1.0)["g_AMPA"][-100:].max()


@row("B6", steps=15)
def b6(lab):
    trace = pulses(lab, FirstOrder.AMPA(), (START, START + 0.5), START + 5.0)
    r = trace.at("g_AMPA", START + 1.5)[0]
    assert r == trace["g_AMPA"].max()
    return r


@row("B7", steps=10)
def b7(lab):
    """A pulse that starts inside 0.1 ms, on a grid of 0.02 ms.

    r = 0.2 at its start is made of two synapses, of which only one was opened before: sum w r with sum w = 1 obeys the
    equation of r.
    """
    dt, early, start = 0.02, START, START + 6.0
    before = pulses(lab, FirstOrder.AMPA(), (early,), start, dt=dt).at("g_AMPA", start)[0]
    share = 0.2 / before
    bench = Bench(lab, [gs.AMPA(kinetics=FirstOrder.AMPA())], dt=dt)
    bench.volley(
        "AMPA", [[early, start + 0.04], [start + 0.04]], np.array([share, 1.0 - share]), gs.FromArrays([0, 1], [0, 0])
    )
    trace = bench.run(start + 0.2, "g_AMPA")
    np.testing.assert_allclose(trace.at("g_AMPA", start)[0], 0.2, rtol=1e-6)
    return trace.at("g_AMPA", start + 0.1)[0]


# --- B8: the G-protein cascade of GABA_B ----------------------------------------------------------------------


@functools.cache
def gaba_b_peak(lab: Lab, spikes: int) -> float:
    """Largest open fraction after spikes at 200 Hz."""
    bench = Bench(lab, [gs.GABA_B(gating="per-synapse")])
    bench.event("GABA_B", [START + 5.0 * k for k in range(spikes)], 1.0)
    trace = bench.run(START + 400.0, "g_GABA_B")
    return peak(trace.t, trace["g_GABA_B"])[1]


@row("B8a", steps=1000)
def b8a(lab):
    return gaba_b_peak(lab, 1)


@row("B8b", steps=1500)
def b8b(lab):
    return gaba_b_peak(lab, 10)


@row("B8c", steps=2500)
def b8c(lab):
    return gaba_b_peak(lab, 10) / (10 * gaba_b_peak(lab, 1))


@row("J10", steps=240)
def j10(lab):
    """Time constant of a decay at another temperature, from the decay over one time constant."""
    warm = Exponential(100.0).at(35.0, reference=22.0, Q10=3.0)
    trace = kernel(lab, warm, 0.1, 50.0)
    first, last = (trace.at("g_AMPA", START + t)[0] for t in (0.1, 24.1))
    return 24.0 / math.log(first / last)
