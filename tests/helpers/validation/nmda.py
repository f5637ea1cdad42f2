"""Rows of group C that the magnesium block decides, and the NMDA rows of the demo cell (D19, D20)."""

from __future__ import annotations

import functools

import numpy as np

import gpusyn as gs
from tests.helpers.validation.lab import START, Bench, Lab, Trace, area, crossing, peak, row

ELEMENTARY_CHARGE = 1.602176634e-19  # C
RT_F = 8.314462618 * (273.15 + 21.0) / 96485.33212 * 1e3  # mV at 21 C


@functools.cache
def voltage_ramp(lab: Lab, Mg: float) -> Trace:
    """A clamped cell on its way from -80 to 45 mV, 0.01 mV a step, with an open NMDA conductance."""
    bench = Bench(lab, [gs.NMDA(Mg=Mg)])
    bench.event("NMDA", 0.2, 1.0)
    ramp = gs.Waveform([0.0, 1250.0], [-80.0, 45.0], interpolation="linear")
    bench.net.clamp(bench.cells, ramp)
    return bench.run(1250.0, "V", "B_NMDA", "I_NMDA", "g_NMDA")


def half_block(lab, Mg):
    trace = voltage_ramp(lab, Mg)
    return crossing(trace["V"][:, 0], trace["B_NMDA"][:, 0], 0.5)


@row("C1")
def c1(lab):
    return half_block(lab, 1.0)


@row("C2")
def c2(lab):
    return half_block(lab, 2.0)


def unblocked_rows():
    """The unblocked fraction of cells clamped at each potential."""
    potentials = {"C3": -75.0, "C4": -70.0, "C5": -60.0, "C6": -40.0, "C7": 0.0, "C8": 40.0}

    @functools.cache
    def held(lab):
        bench = Bench(lab, [gs.NMDA()], n=len(potentials))
        for k, V in enumerate(potentials.values()):
            bench.net.clamp(bench.cells[k : k + 1], V)
        return bench.run(0.2, "B_NMDA")["B_NMDA"][-1]

    for k, name in enumerate(potentials):
        row(name)(lambda lab, k=k: held(lab)[k])


unblocked_rows()


def largest_inward_current(lab):
    """Voltage and current per nS; g is large enough to divide by after its rise."""
    trace = voltage_ramp(lab, 1.0)
    open_ = trace.t > 20.0
    V, I = trace["V"][open_, 0], (trace["I_NMDA"] / np.where(trace["g_NMDA"] > 0, trace["g_NMDA"], 1.0))[open_, 0]
    low = V < 0.0
    # the minimum is flat: a parabola over 4 mV, where it is one to well within the row's tolerance
    near = low & (np.abs(V - V[low][np.argmin(I[low])]) < 2.0)
    centre = V[near].mean()
    fit = np.polynomial.Polynomial.fit(V[near] - centre, I[near], 6)
    turn = fit.deriv().roots()
    turn = float(turn[np.argmin(np.abs(turn))].real)
    return centre + turn, float(fit(turn))


@row("C9")
def c9(lab):
    return largest_inward_current(lab)[0]


@row("C10")
def c10(lab):
    return largest_inward_current(lab)[1]


@row("C11")
def c11(lab):
    """The steepness of the measured block, log(1/B - 1) against V, in units of a doubly charged ion's."""
    trace = voltage_ramp(lab, 1.0)
    V, B = trace["V"][:, 0], trace["B_NMDA"][:, 0]
    odds = np.log(1.0 / B - 1.0)
    return -(odds[-1] - odds[0]) / (V[-1] - V[0]) * RT_F / 2.0


@functools.cache
def clamped_nmda(lab: Lab) -> Trace:
    """One NMDA EPSC at three holding potentials."""
    bench = Bench(lab, [gs.NMDA()], n=3)
    bench.event("NMDA", START, 1.0)
    for k, V in enumerate((-70.0, -30.0, -20.0)):
        bench.net.clamp(bench.cells[k : k + 1], V)
    return bench.run(START + 1800.0, "I_NMDA", "g_NMDA")


def calcium_charge(lab):
    """A tenth of the charge is carried by calcium."""
    return -0.1 * area(clamped_nmda(lab).after("I_NMDA", START)[:, 2], 0.1)


@row("C25", steps=18000)
def c25(lab):
    return calcium_charge(lab)


@row("C26", steps=18000)
def c26(lab):
    return calcium_charge(lab) * 1e-15 / (2.0 * ELEMENTARY_CHARGE)


@row("D20")
def d20(lab):
    trace = clamped_nmda(lab)
    k = int(np.argmax(trace["g_NMDA"][:, 0]))
    return trace["I_NMDA"][k, 1] / trace["I_NMDA"][k, 0]


@functools.cache
def nmda_epsp(lab: Lab, Mg: float) -> float:
    bench = Bench(lab, [gs.NMDA(Mg=Mg)], V_th=100.0)
    bench.event("NMDA", START, 1.0)
    trace = bench.run(150.0, "V")
    return peak(trace.t, trace["V"][:, 0] + 70.0)[1]


@row("D19a", steps=1000)
def d19a(lab):
    return nmda_epsp(lab, 1.0)


@row("D19b", steps=1000)
def d19b(lab):
    return nmda_epsp(lab, 0.0)
