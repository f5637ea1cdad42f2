"""Rows of group D: postsynaptic potentials, summation, shunting and timing of the demo cell."""

from __future__ import annotations

import functools

import numpy as np

import gpusyn as gs
from gpusyn.kinetics import Exponential
from tests.helpers.validation.lab import START, Bench, Lab, crossing, peak, row

REST = -70.0
OFF = 100.0  # a threshold that nothing reaches


def excitation():
    return gs.AMPA(tau_decay=2.0)


def inhibition(E_rev=-75.0):
    return gs.GABA_A(tau_decay=8.0, E_rev=E_rev)


# --- sizes of postsynaptic potentials -------------------------------------------------------------------------


@functools.cache
def epsp(lab: Lab, weight: float, times: tuple[float, ...] = (0.0,)) -> tuple[float, float]:
    """Time after the first event and height of the peak (mV)."""
    bench = Bench(lab, [excitation()], V_th=OFF)
    bench.event("AMPA", [START + t for t in times], weight)
    trace = bench.run(START + times[-1] + 20.0, "V")
    when, height = peak(trace.t, trace["V"][:, 0] - REST)
    return when - START, height


@row("D1a", steps=60)
def d1a(lab):
    return epsp(lab, 1.0)[1]


@row("D1b", grid=0.1)
def d1b(lab):
    return epsp(lab, 1.0)[0]


@row("D1c", steps=60)
def d1c(lab):
    """A current of 1 nS x 70 mV. E_L is 0: the reported V then has all digits of the PSP."""
    bench = Bench(lab, [gs.CurrentReceptor("exc", tau=2.0)], E_L=0.0, V_th=OFF, V_reset=-10.0)
    bench.event("exc", START, 70.0)
    trace = bench.run(START + 20.0, "V")
    return peak(trace.t, trace["V"])[1]


@functools.cache
def weight_for(lab: Lab, height: float, low: float, high: float) -> float:
    """The weight whose EPSP has this height, by interpolation between 33 cells."""
    weights = np.linspace(low, high, 33)
    bench = Bench(lab, [excitation()], n=len(weights), V_th=OFF)
    bench.event("AMPA", START, weights)
    trace = bench.run(START + 20.0, "V")
    heights = [peak(trace.t, V - REST)[1] for V in trace["V"].T]
    return crossing(weights, heights, height)


@row("D2a", steps=60)
def half_millivolt(lab):
    return weight_for(lab, 0.5, 0.85, 1.0)


@row("D2b", steps=60)
def one_millivolt(lab):
    return weight_for(lab, 1.0, 1.7, 2.0)


def fewest_synapses(lab, weight, most):
    """Cell k has k + 1 synapses that are active at once; which is the first to spike?"""
    bench = Bench(lab, [excitation()], n=most)
    pre = np.concatenate([np.arange(k + 1) for k in range(most)])
    post = np.repeat(np.arange(most), np.arange(most) + 1)
    bench.volley("AMPA", [[START]] * most, weight, gs.FromArrays(pre, post))
    fired = np.unique(bench.spikes(START + 30.0).ids)
    assert fired.tolist() == list(range(fired[0], most))
    return fired[0] + 1


@row("D3a")
def d3a(lab):
    return fewest_synapses(lab, half_millivolt(lab), 45)


@row("D3b")
def d3b(lab):
    return fewest_synapses(lab, one_millivolt(lab), 25)


@row("D4", steps=60)
def d4(lab):
    bench = Bench(lab, [excitation()], V_th=OFF)
    bench.volley("AMPA", [[START]] * 20, half_millivolt(lab), gs.AllToAll())
    trace = bench.run(START + 20.0, "V")
    return peak(trace.t, trace["V"] - REST)[1]


@row("D5", steps=460)
def d5(lab):
    return epsp(lab, one_millivolt(lab), tuple(10.0 * k for k in range(5)))[1]


@row("D6", steps=4060)
def d6(lab):
    return epsp(lab, one_millivolt(lab), tuple(100.0 * k for k in range(5)))[1]


@functools.cache
def ipsp(lab: Lab, weight: float, E_rev: float) -> float:
    bench = Bench(lab, [inhibition(E_rev)])
    bench.event("GABA_A", START, weight)
    trace = bench.run(START + 60.0, "V")
    down = REST - trace["V"][:, 0]
    return -peak(trace.t, down)[1] if down.any() else 0.0


@row("D7", steps=150)
def d7(lab):
    return ipsp(lab, 1.0, -75.0)


@row("D8")
def d8(lab):
    return ipsp(lab, 10.0, REST)


# --- shunting ---------------------------------------------------------------------------------------------


@row("D9", steps=200)
def d9(lab):
    """Conductances that do not decay, until V is steady. (A rounding error of V lives for a membrane time constant.)"""
    lasting = Exponential(1e12)
    bench = Bench(lab, [gs.AMPA(kinetics=lasting), gs.GABA_A(kinetics=lasting, E_rev=REST)], n=2, V_th=OFF)
    with lab.open(bench.net) as sim:
        sim.set(bench.cells, "g_AMPA", 2.0)
        sim.set(bench.cells, "g_GABA_A", np.array([0.0, 10.0]))
        sim.run(400.0)
        alone, shunted = sim.get(bench.cells, "V").astype(float) - REST
    return shunted / alone


@functools.cache
def shunted_epsp(lab: Lab, inhibition: float, tau: float, lead: float) -> float:
    """Height of a 5 nS EPSP, `lead` after inhibition that reverses at rest."""
    receptors = [excitation(), gs.GABA_A(tau_decay=tau, E_rev=REST)]
    bench = Bench(lab, receptors, V_th=OFF)
    bench.event("AMPA", START + lead, 5.0)
    bench.event("GABA_A", START, inhibition)
    trace = bench.run(START + 30.0, "V")
    return peak(trace.t, trace["V"] - REST)[1]


@row("D10", steps=60)
def d10(lab):
    return shunted_epsp(lab, 10.0, 1e12, 0.0) / shunted_epsp(lab, 0.0, 1e12, 0.0)


@row("D11", steps=90)
def d11(lab):
    return shunted_epsp(lab, 20.0, 8.0, 3.0) / shunted_epsp(lab, 0.0, 8.0, 0.0)


# --- a volley of 40 synchronous EPSCs at 20 ms, and inhibition before, with and after it ----------------------


def volley(lab, ipsc=None, **model):
    bench = Bench(lab, [excitation(), inhibition()], **model)
    bench.volley("AMPA", [[20.0]] * 40, half_millivolt(lab), gs.AllToAll())
    if ipsc is not None:
        bench.event("GABA_A", 20.0 + ipsc, 30.0)
    return bench


@row("D12")
def d12(lab):
    return len(volley(lab).spikes(60.0).times)


@row("D12b")
def d12b(lab):
    return volley(lab).spikes(60.0).times[0]


for _name, _when in (("D13", -3.0), ("D14", 0.0), ("D15", 1.0), ("D16", 10.0)):
    row(_name)(lambda lab, when=_when: len(volley(lab, when).spikes(60.0).times))


def volley_peak(lab, ipsc, **model):
    trace = volley(lab, ipsc, **model).run(60.0, "V")
    return peak(trace.t, trace["V"] - REST)[1] + REST


@row("D17")
def d17(lab):
    return volley_peak(lab, -3.0)


@row("D18")
def d18(lab):
    return volley_peak(lab, None, V_th=OFF)
