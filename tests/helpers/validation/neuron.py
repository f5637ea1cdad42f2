"""Rows on one step of V and on schemes for it (D22 to D24), on the neuron (H), and on the microcircuit's PSP (I)."""

from __future__ import annotations

import functools
import math

import numpy as np

import gpusyn as gs
from gpusyn.kinetics import Exponential
from tests.helpers.validation.cells import OFF, REST
from tests.helpers.validation.lab import START, Bench, Lab, peak, row

# --- one step, and schemes that gpusyn does not use: it takes each step's mean conductance (test_convergence.py) ---


@row("D22")
def d22(lab):
    lasting = Exponential(1e12)
    bench = Bench(lab, [gs.AMPA(kinetics=lasting), gs.GABA_A(kinetics=lasting)], V=-60.0)
    with lab.open(bench.net) as sim:
        sim.set(bench.cells, "g_AMPA", 5.0)
        sim.set(bench.cells, "g_GABA_A", 3.0)
        sim.step()
        return float(sim.get(bench.cells, "V")[0])


@functools.cache
def recorded_conductance(lab: Lab, dt: float) -> np.ndarray:
    """A 5 nS AMPA conductance at every step from its start on."""
    bench = Bench(lab, [gs.AMPA(tau_decay=2.0)], dt=dt)
    bench.event("AMPA", START, 5.0)
    return bench.run(START + 8.0, "g_AMPA").after("g_AMPA", START)[:, 0]


def frozen_scheme(lab, dt, middle):
    """V after 8 ms if each step takes the conductance of its start, or of its middle, for all of the step."""
    g = recorded_conductance(lab, dt / 2)[middle::2]
    bench = Bench(lab, [gs.AMPA(kinetics=Exponential(1e12))], dt=dt)
    with lab.open(bench.net, dt) as sim:
        for k in range(round(8.0 / dt)):
            sim.set(bench.cells, "g_AMPA", g[k])
            sim.step()
        return float(sim.get(bench.cells, "V")[0])


def frozen_error(lab, dt, middle):
    return abs(frozen_scheme(lab, dt, middle) - epsp_reference())


@functools.cache
def epsp_reference() -> float:
    """V 8 ms after the event, from an adaptive integration."""
    from scipy.integrate import solve_ivp

    def slope(t, v):
        return (10.0 * (REST - v) - 5.0 * math.exp(-t / 2.0) * v) / 200.0

    return float(solve_ivp(slope, (0.0, 8.0), [REST], method="DOP853", rtol=1e-12, atol=1e-12).y[0, -1])


for _name, _middle in (("D23", 0), ("D24", 1)):
    row(_name + "a", double=True)(lambda lab, middle=_middle: frozen_error(lab, 0.1, middle))
    row(_name + "b", double=True)(
        lambda lab, middle=_middle: math.log2(frozen_error(lab, 0.1, middle) / frozen_error(lab, 0.05, middle))
    )

# --- H: neurons ---------------------------------------------------------------------------------------------


@functools.cache
def free_running(lab: Lab) -> np.ndarray:
    """Spike times of the CUBA cell, from its reset on."""
    cuba = {"E_L": -49.0, "V_th": -50.0, "V_reset": -60.0, "t_ref": 5.0}
    return Bench(lab, V=-60.0, **cuba).spikes(500.0).times


@row("H1")
def h1(lab):
    return free_running(lab)[0]


@row("H2")
def h2(lab):
    return 1000.0 / np.diff(free_running(lab)).mean()


@row("H3")
def h3(lab):
    return 1000.0 / np.diff(Bench(lab, I_e=200.0).spikes(300.0).times).mean()


@row("H4", steps=6000)
def h4(lab):
    """Between the largest current of silent cells and the smallest of firing ones."""
    currents = np.linspace(149.999, 150.001, 101)
    fired = np.unique(Bench(lab, n=len(currents), I_e=currents).spikes(600.0).ids)
    assert fired.tolist() == list(range(fired[0], len(currents)))
    return (currents[fired[0]] + currents[fired[0] - 1]) / 2.0


# --- I: the synapse of the microcircuit ----------------------------------------------------------------------


@functools.cache
def microcircuit_psp(lab: Lab) -> tuple[float, float]:
    """Time and height (mV) of the peak of the PSP of 100 pA."""
    cell = {"C_m": 250.0, "g_L": 25.0, "E_L": 0.0, "V_th": OFF, "V_reset": -10.0}
    bench = Bench(lab, [gs.CurrentReceptor("exc", tau=0.5)], dt=0.02, **cell)
    bench.event("exc", START, 100.0)
    trace = bench.run(START + 10.0, "V")
    when, height = peak(trace.t, trace["V"])
    return when - START, height


@row("I11", steps=100)
def i11(lab):
    return 0.15 / microcircuit_psp(lab)[1] * 100.0


@row("I12", steps=100, grid=0.02)
def i12(lab):
    return microcircuit_psp(lab)[0]
