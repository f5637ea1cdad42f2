"""Wrong neurons, sources and waveforms are refused, with the place, the value, what is allowed and the next move."""

import numpy as np
import pytest

import gpusyn as gs
from gpusyn.errors import ArgumentError, ParameterError, UnknownNameError
from tests.helpers.wrong_input import INF, NAN, named, refused

NEURON_MODELS = [
    (ParameterError, ["LIF.C_m", "must be a finite number of pF > 0", "got 0"], lambda: gs.LIF(C_m=0)),
    (ParameterError, ["LIF.C_m", "> 0, at least 1e-12", "got 1e-20"], lambda: gs.LIF(C_m=1e-20)),
    (
        ParameterError,
        ["LIF.C_m", "farads", "uses pF", "got 2e-10", "multiply by 1e12"],
        lambda: gs.LIF(C_m=200e-12),
    ),
    (ParameterError, ["LIF.g_L", "> 0", "got -1"], lambda: gs.LIF(g_L=-1)),
    (ParameterError, ["LIF.g_L", "siemens", "uses nS", "got 1e-08", "by 1e9"], lambda: gs.LIF(g_L=10e-9)),
    (ParameterError, ["LIF.E_L", "volts", "uses mV", "got -0.07", "by 1000"], lambda: gs.LIF(E_L=-0.07)),
    (ParameterError, ["LIF.V_th", "volts", "largest of 2 is 0.055"], lambda: gs.LIF(V_th=[-0.05, -0.055])),
    (ParameterError, ["LIF.V_th", "volts", "Uniform"], lambda: gs.LIF(V_th=gs.Uniform(-0.06, -0.05))),
    (ParameterError, ["LIF.I_e", "amperes", "uses pA", "got 1e-10"], lambda: gs.LIF(I_e=1e-10)),
    (ParameterError, ["LIF.t_ref", "ms >= 0", "got -1"], lambda: gs.LIF(t_ref=-1)),
    (ParameterError, ["LIF.t_ref[1]", ">= 0", "got -1, 1 wrong of 2"], lambda: gs.LIF(t_ref=[2, -1])),
    (ParameterError, ["LIF.C_m", "> 0", "got -5", "Normal"], lambda: gs.LIF(C_m=gs.Normal(-5.0, 1.0))),
    (ParameterError, ["LIF.C_m", "> 0", "got -1", "Uniform"], lambda: gs.LIF(C_m=gs.Uniform(-1.0, 5.0))),
    (ParameterError, ["LIF.C_m", "one per neuron", "shape (2, 2)"], lambda: gs.LIF(C_m=np.ones((2, 2)))),
    (ParameterError, ["LIF.C_m", "one per neuron", "0 values"], lambda: gs.LIF(C_m=[])),
    (ParameterError, ["LIF", "same length", "C_m 2, V_th 3"], lambda: gs.LIF(C_m=[1, 2], V_th=[-50.0] * 3)),
    (
        ParameterError,
        ["LIF.V_reset", "below V_th = -55", "got -55", "lower V_reset"],
        lambda: gs.LIF(V_reset=-55),
    ),
    (
        ParameterError,
        ["LIF.V_reset[1]", "V_th = -60", "got -50"],
        lambda: gs.LIF(V_th=[0, -60.0], V_reset=-50),
    ),
    (
        ParameterError,
        ["LIF.V_reset", "below V_th = -75", "got -70"],
        lambda: gs.LIF(V_th=gs.Uniform(-75.0, -50.0)),
    ),
    (ArgumentError, ["LIF.V_th", "got '-50'"], lambda: gs.LIF(V_th="-50")),
    (ArgumentError, ["LIF.V_th", "contains True or False"], lambda: gs.LIF(V_th=[-50.0, True])),
    (
        ParameterError,
        ["LIF.V_th", "masked", "fill"],
        lambda: gs.LIF(V_th=np.ma.masked_equal([-50.0, -1.0], -1.0)),
    ),
    (ArgumentError, ["LIF()", "1 without a keyword", "write name=value"], lambda: gs.LIF(200.0)),
    (ArgumentError, ["LIF()", "'v_th'", "did you mean 'V_th'"], lambda: gs.LIF(v_th=-50.0)),
    (ArgumentError, ["LIF.parameters()", "'x'", "no arguments"], lambda: gs.LIF.parameters(x=1)),
    (ParameterError, ["AdEx.Delta_T", "must be a finite number of mV > 0", "got 0"], lambda: gs.AdEx(Delta_T=0)),
    (ParameterError, ["AdEx.tau_w", "ms > 0", "got -1"], lambda: gs.AdEx(tau_w=-1)),
    (ParameterError, ["AdEx.b", "amperes", "uses pA", "got 8.05e-11"], lambda: gs.AdEx(b=80.5e-12)),
    (ParameterError, ["AdEx.a", "siemens", "uses nS", "got 4e-09"], lambda: gs.AdEx(a=4e-9)),
    (ParameterError, ["AdEx.V_reset", "below V_peak = -75", "raise V_peak"], lambda: gs.AdEx(V_peak=-75.0)),
    (ParameterError, ["AdEx", "same length", "a 2, b 3"], lambda: gs.AdEx(a=[1, 2], b=[1, 2, 3])),
    (ArgumentError, ["AdEx()", "'V_th'"], lambda: gs.AdEx(V_th=-50.0)),
    (ParameterError, ["Izhikevich.a", "> 0", "got 0"], lambda: gs.Izhikevich(a=0)),
    (ParameterError, ["Izhikevich.c", "below V_peak = 30", "got 40", "lower c"], lambda: gs.Izhikevich(c=40.0)),
    (ParameterError, ["Izhikevich.d", "finite", "got nan"], lambda: gs.Izhikevich(d=NAN)),
    (ParameterError, ["HodgkinHuxley.g_Na", "nS >= 0", "got -1"], lambda: gs.HodgkinHuxley(g_Na=-1)),
    (ParameterError, ["HodgkinHuxley.V_T", "volts", "got -0.063"], lambda: gs.HodgkinHuxley(V_T=-0.063)),
    (ArgumentError, ["HodgkinHuxley()", "'V_reset'"], lambda: gs.HodgkinHuxley(V_reset=-60.0)),
]


@pytest.mark.parametrize(("error", "parts", "call"), named(NEURON_MODELS))
def test_neurons(error, parts, call):
    refused(error, parts, call)


SOURCES = [
    (ParameterError, ["PoissonSource.rate", "Hz >= 0 and <= 1e+06", "got -1"], lambda: gs.PoissonSource(-1)),
    (ParameterError, ["PoissonSource.rate", "got 1000001"], lambda: gs.PoissonSource(1e6 + 1)),
    (ParameterError, ["PoissonSource.rate[0]", "got nan"], lambda: gs.PoissonSource([NAN, 1.0])),
    (ParameterError, ["PoissonSource.rate", "0 values"], lambda: gs.PoissonSource([])),
    (
        ParameterError,
        ["PoissonSource.rate", "Waveform.values[1]", "got -5"],
        lambda: gs.PoissonSource(gs.Waveform([0, 1], [5, -5])),
    ),
    (
        ArgumentError,
        ["PoissonSource.rate", "or a gs.Waveform", "got Uniform", "draw one value per neuron"],
        lambda: gs.PoissonSource(gs.Uniform(1.0, 2.0)),
    ),
    (
        ArgumentError,
        ["PoissonSource.max_events", "whole number >= 1", "2.0", "write 2"],
        lambda: gs.PoissonSource(1, max_events=2.0),
    ),
    (
        ParameterError,
        ["SpikeSource.max_events", ">= 1", "got 0"],
        lambda: gs.SpikeSource([1.0], max_events=0),
    ),
    (ParameterError, ["SpikeSource.times[1]", "ms >= 0", "got -1"], lambda: gs.SpikeSource([1.0, -1.0])),
    (ParameterError, ["SpikeSource.times[1]", ">= 0", "got -1"], lambda: gs.SpikeSource([[1.0], [-1.0]])),
    (ParameterError, ["SpikeSource.times", "got inf"], lambda: gs.SpikeSource([INF])),
    (ArgumentError, ["SpikeSource.times", "got 5", "write [5] for one spike"], lambda: gs.SpikeSource(5)),
    (ArgumentError, ["SpikeSource.times[1]", "got 3"], lambda: gs.SpikeSource([[1.0], 3])),
    (ArgumentError, ["SpikeSource.times", "got '1 2'"], lambda: gs.SpikeSource("1 2")),
    (ArgumentError, ["SpikeSource.times[0]", "got ['1']"], lambda: gs.SpikeSource([["1"]])),
    (ArgumentError, ["SpikeSource.times", "got {0: [1.0]}"], lambda: gs.SpikeSource({0: [1.0]})),
    (ArgumentError, ["SpikeSource()", "missing a required argument: 'times'"], lambda: gs.SpikeSource()),
    (ParameterError, ["SpikeSource.times", "shape (1, 1, 1)"], lambda: gs.SpikeSource(np.ones((1, 1, 1)))),
]


@pytest.mark.parametrize(("error", "parts", "call"), named(SOURCES))
def test_sources(error, parts, call):
    refused(error, parts, call)


WAVEFORMS = [
    (
        ParameterError,
        ["Waveform.values", "one value per time", "1 values and 2 times"],
        lambda: gs.Waveform([0, 1], [1]),
    ),
    (
        ParameterError,
        ["Waveform.times[1]", "later", "got 1 after 1", "sort"],
        lambda: gs.Waveform([1, 1], [1, 2]),
    ),
    (ParameterError, ["Waveform.times[1]", "got nan"], lambda: gs.Waveform([0, NAN], [1, 2])),
    (ParameterError, ["Waveform.values", "got inf"], lambda: gs.Waveform([0], [INF])),
    (ParameterError, ["Waveform.times", "at least one"], lambda: gs.Waveform([], [])),
    (ArgumentError, ["Waveform.times", "sequence", "got 3"], lambda: gs.Waveform(3, 4)),
    (ArgumentError, ["Waveform.values", "sequence", "'ab'"], lambda: gs.Waveform([0, 1], "ab")),
    (
        UnknownNameError,
        ["Waveform.interpolation", "'lineal'", "did you mean 'linear'", "step, linear"],
        lambda: gs.Waveform([0], [1], "lineal"),
    ),
    (ArgumentError, ["Waveform.interpolation", "step, linear", "got 1"], lambda: gs.Waveform([0], [1], 1)),
]


@pytest.mark.parametrize(("error", "parts", "call"), named(WAVEFORMS))
def test_waveforms(error, parts, call):
    refused(error, parts, call)
