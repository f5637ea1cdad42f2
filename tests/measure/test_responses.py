"""Measures of responses against closed forms, and of recorded ones (science.md A, C9, C10, D20)."""

import math
import sys

import numpy as np
import pytest

import gpusyn as gs
from gpusyn import measure
from gpusyn.errors import ArgumentError, MissingDependencyError, ParameterError, UnknownNameError
from tests.helpers.responses import ONSET, T, dual, exponential, peak_time, two_pulses


def reached(rise, decay, level, first, last):
    """When a dual exponential passes a level between two times after its onset (bisection)."""
    up = dual(np.array([last]), rise, decay, 0.0)[0] > level
    for _ in range(60):
        middle = (first + last) / 2
        if (dual(np.array([middle]), rise, decay, 0.0)[0] > level) == up:
            last = middle
        else:
            first = middle
    return first


def test_a_single_exponential_jumps_and_decays():
    pytest.importorskip("scipy")
    found = measure.psc(T, -70.0 * exponential(T, 2.0), onset=ONSET)
    assert (found.peak, found.time_to_peak, found.rise_10_90, found.baseline) == (-70.0, 0.0, 0.0, 0.0)
    assert found.decay_tau == pytest.approx(2.0, rel=1e-6)
    assert found.half_width == pytest.approx(2.0 * math.log(2.0), rel=1e-6)
    assert found.charge == pytest.approx(-140.0, rel=3e-4)  # the trapezoid's dt**2 / (12 tau**2)


@pytest.mark.parametrize("onset", [15.3, 15.7, 0.7, 63.9])  # above, below and far from their neighbours in float32
def test_times_in_float32_are_those_in_double(onset):
    """A response that jumps at its onset: the sample there is the peak, and no part of the baseline."""
    t = np.arange(1000) * 0.1
    y = np.where(t >= onset - 0.05, -70.0 * np.exp((onset - t) / 2.0), 0.0)
    stop = onset + 5.1
    wanted = measure.psc(t, y, onset=onset, stop=stop)
    assert (wanted.peak, wanted.time_to_peak, wanted.baseline) == pytest.approx((-70.0, 0.0, 0.0))
    for found in (
        measure.psc(t, y, onset=np.float32(onset), stop=np.float32(stop)),
        measure.psc(t.astype(np.float32), y, onset=onset, stop=stop),
    ):
        assert (found.peak, found.baseline) == (wanted.peak, wanted.baseline)
        assert found.charge == pytest.approx(wanted.charge, rel=1e-4)


@pytest.mark.parametrize(("rise", "decay"), [(0.2, 1.7), (0.5, 5.0), (2.0, 100.0)])
@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_a_dual_exponential(rise, decay, sign):
    pytest.importorskip("scipy")
    t = np.arange(0.0, ONSET + 12 * decay, 0.1)
    found = measure.psc(t, sign * 40.0 * dual(t, rise, decay) + 3.0, onset=ONSET, fit=True)
    at = peak_time(rise, decay)
    times = [reached(rise, decay, level, 0.0, at) for level in (0.1, 0.5, 0.9)]
    assert found.baseline == pytest.approx(3.0)
    assert found.peak == pytest.approx(sign * 40.0, rel=1e-4)
    assert found.time_to_peak == pytest.approx(at, abs=2e-3)
    assert found.rise_10_90 == pytest.approx(times[2] - times[0], abs=3e-3)
    half = reached(rise, decay, 0.5, at, 10 * decay) - times[1]
    assert found.half_width == pytest.approx(half, abs=3e-3)
    assert found.charge == pytest.approx(
        sign * 40.0 * (decay - rise) * dual_factor(rise, decay), rel=3e-3
    )  # straight lines
    assert found.decay_tau == pytest.approx(decay, rel=0.02)  # the rise is not quite over at 90 %


def dual_factor(rise, decay):
    at = peak_time(rise, decay)
    return 1.0 / (math.exp(-at / decay) - math.exp(-at / rise))


def test_a_finer_trace_comes_closer():
    errors = []
    for dt in (0.1, 0.05, 0.025):
        t = np.arange(0.0, 30.0, dt)
        found = measure.psc(t, dual(t, 0.5, 5.0), onset=ONSET, fit=False)
        errors.append(abs(found.time_to_peak - peak_time(0.5, 5.0)))
    assert errors[2] < errors[1] / 4 < errors[0] / 16
    assert errors[0] < 1e-3


def test_unequal_spacing_is_fine():
    t = np.sort(np.concatenate([np.arange(0.0, 30.0, 0.2), np.arange(10.05, 12.0, 0.1)]))
    found = measure.psc(t, dual(t, 0.5, 5.0), onset=ONSET, fit=False)
    assert found.time_to_peak == pytest.approx(peak_time(0.5, 5.0), abs=2e-3)


def test_a_potential_is_measured_from_its_rest():
    found = measure.psp(T, -70.0 + 0.54 * dual(T, 2.0, 20.0), onset=ONSET, stop=100.0, fit=False)
    assert found.baseline == pytest.approx(-70.0)
    assert found.peak == pytest.approx(0.54, rel=1e-5)
    assert found.area == pytest.approx(0.54 * 18.0 * dual_factor(2.0, 20.0), rel=0.02)  # the tail is cut off
    assert repr(found).startswith("PSP(onset=10 ms, baseline=-70 mV, peak=0.54 mV, time_to_peak=5.11")
    assert repr(found).endswith("mV ms)")


def test_the_onset_is_found():
    trace = 5.0 - 30.0 * dual(T, 0.5, 5.0)
    found = measure.psc(T, trace, fit=False)
    assert found.onset == pytest.approx(ONSET, abs=0.1 + 1e-9)
    assert found.peak == pytest.approx(-30.0, rel=1e-3)
    jump = measure.psc(T, exponential(T, 5.0), fit=False)
    assert jump.onset == pytest.approx(ONSET - 0.1)
    assert jump.peak == 1.0


def test_noise_does_not_hide_a_response():
    pytest.importorskip("scipy")
    noise = np.random.default_rng(2).normal(0.0, 1.0, len(T))
    found = measure.psc(T, noise - 50.0 * dual(T, 0.5, 5.0))
    assert found.onset == pytest.approx(ONSET, abs=0.3)
    assert found.peak == pytest.approx(-50.0, abs=4.0)
    assert found.decay_tau == pytest.approx(5.0, rel=0.1)
    assert found.charge == pytest.approx(-50.0 * 4.5 * dual_factor(0.5, 5.0), rel=0.3)


@pytest.mark.parametrize("onset", [None, ONSET])
@pytest.mark.parametrize("n", [200, 1200, 20_000])
def test_noise_alone_is_no_response(n, onset):
    t = np.arange(n) * 0.1
    for seed in range(5):
        noise = np.random.default_rng(seed).normal(-3.0, 2.0, n)
        with pytest.raises(ParameterError, match=r"there is no response: .* 5 times the noise of"):
            measure.psc(t, noise, onset=onset)


def test_baseline_by_level_or_by_window():
    trace = np.where(T < 5.0, 0.0, 2.0) - 20.0 * dual(T, 0.5, 5.0)
    for given in (2.0, (5.0, 9.9)):
        found = measure.psc(T, trace, onset=ONSET, baseline=given, fit=False)
        assert found.baseline == pytest.approx(2.0)
        assert found.peak == pytest.approx(-20.0, rel=1e-3)
    late = measure.psc(T[100:], trace[100:], onset=ONSET, baseline=2.0, fit=False)
    assert late.peak == pytest.approx(-20.0, rel=1e-3)


def test_what_the_trace_does_not_show_is_nan():
    found = measure.psc(T, dual(T, 2.0, 100.0), onset=ONSET, stop=30.0, fit=False)
    assert math.isnan(found.half_width)
    assert math.isnan(found.decay_tau)
    assert "half_width=nan ms" in repr(found)


def test_without_scipy_only_the_fit_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.optimize", None)
    found = measure.psc(T, dual(T, 0.5, 5.0), onset=ONSET)
    assert math.isnan(found.decay_tau)
    assert found.peak == pytest.approx(1.0, rel=1e-3)
    for call in (
        lambda: measure.psc(T, dual(T, 0.5, 5.0), onset=ONSET, fit=True),
        lambda: measure.paired_pulse_ratio(T, two_pulses(), [10.0, 20.0], reference="decay"),
    ):
        with pytest.raises(MissingDependencyError, match=r'needs scipy.*pip install "scipy'):
            call()


def test_a_decay_that_is_not_there_cannot_be_fitted():
    pytest.importorskip("scipy")
    held = np.where(T >= ONSET, 1.0, 0.0)
    with pytest.raises(ParameterError, match="no exponential can be fitted to the 0 samples"):
        measure.psc(T, held, onset=ONSET, fit=True)
    assert math.isnan(measure.psc(T, held, onset=ONSET).decay_tau)


def test_what_is_refused():
    y = dual(T, 0.5, 5.0)
    mixed = T.copy()
    mixed[[3, 4]] = mixed[[4, 3]]
    for call, error, text in [
        (lambda: measure.psc(mixed, y), ParameterError, r"measure.psc\(\).t\[4\]: times must increase"),
        (lambda: measure.psc(T, y[1:]), ParameterError, "same length"),
        (lambda: measure.psc(T[:2], y[:2]), ParameterError, "at least three samples"),
        (lambda: measure.psc(T, np.where(y > 0.9, np.nan, y)), ParameterError, "finite"),
        (lambda: measure.psc(T, np.stack([y, y], axis=1)), ArgumentError, "neuron="),
        (lambda: measure.psc(T, np.stack([y, y], axis=1), neuron=2), ParameterError, "<= 1"),
        (lambda: measure.psc(T, y, neuron=0), ParameterError, "leave out neuron="),
        (lambda: measure.psc(T), ArgumentError, "needs times and values"),
        (lambda: measure.psc(T, "I_AMPA"), ArgumentError, "must be values in pA"),
        (lambda: measure.psc(T, y, onset=500.0), ParameterError, "onset: must lie within the trace"),
        (lambda: measure.psc(T, y, onset=0.0), ParameterError, "no sample before the onset"),
        (lambda: measure.psc(T, y, onset=ONSET, baseline=(1, 2, 3)), ParameterError, "the two times"),
        (lambda: measure.psc(T, y, onset=ONSET, baseline=(200.0, 300.0)), ParameterError, "no sample lies between"),
        (
            lambda: measure.psc(T, y, onset=ONSET, baseline=[[1.0], [2.0, 3.0]]),
            ArgumentError,
            "baseline: must be a level",
        ),
        (lambda: measure.psc(T, y, onset=ONSET, baseline=range(2**62)), ParameterError, "than fit into the memory"),
        (lambda: measure.psc(T, y, stop=0.0), ParameterError, r"psc\(\)\.stop: must be a finite number of ms >= 0.2"),
        (lambda: measure.psc(T, y, onset=ONSET, stop=10.5), ParameterError, "there is no peak"),
        (lambda: measure.psc(T, np.zeros(len(T))), ParameterError, "trace is flat"),
        (lambda: measure.psc(T[100:], y[100:] + 0.1, baseline=0.0), ParameterError, "onset cannot be found"),
        (lambda: measure.psc(T, y, onse=1.0), ArgumentError, "did you mean 'onset'"),
    ]:
        with pytest.raises(error, match=text):
            call()


@pytest.fixture(scope="module")
def clamped():
    """A clamp at -70 mV with AMPA 0.2/1.7 ms, NMDA and a single exponential, of two cells that differ in weight."""
    net = gs.Network()
    receptors = [gs.AMPA(tau_rise=0.2, tau_decay=1.7), gs.NMDA(), gs.AMPA(name="fast", tau_decay=2.0)]
    cells = net.population("cells", 2, gs.LIF(), receptors=receptors)
    net.clamp(cells, -70.0)
    event = net.population("event", 1, gs.SpikeSource([4.9]))
    for name in ("AMPA", "NMDA", "fast"):
        net.connect(event, cells, gs.AllToAll(), receptor=name, weight=[1.0, 2.0], delay=0.1)
    recorder = net.record(cells, ["V", "I_AMPA", "I_NMDA", "I_fast"])
    with gs.Simulator(net, dt=0.1, backend="numpy", precision="double") as sim:
        sim.run(60.0)
        return sim.data[recorder]


def test_measures_of_a_clamped_cell(clamped):
    fast = measure.psc(clamped, "I_fast", onset=5.0, neuron=0, fit=False)
    assert fast.peak == pytest.approx(-70.0, rel=1e-6)
    assert fast.charge == pytest.approx(-140.0, rel=3e-4)  # A2
    cell = gs.Network().population("cells", 2, gs.LIF())[1]
    ampa = measure.psc(clamped, "I_AMPA", onset=5.0, neuron=1, fit=False)
    assert ampa == measure.psc(clamped, "I_AMPA", onset=5.0, neuron=cell, fit=False)
    assert ampa.time_to_peak == pytest.approx(0.48508166, abs=2e-3)  # A4a
    assert ampa.peak == pytest.approx(-140.0, rel=1e-3)
    assert ampa.charge == pytest.approx(-140.0 * 2.2613691, rel=3e-3)  # A4c
    nmda = measure.psc(clamped, "I_NMDA", onset=5.0, neuron=0, fit=False)
    assert nmda.time_to_peak == pytest.approx(7.9837204, abs=1e-3)  # A5a
    assert nmda.peak == pytest.approx(-70.0 * 0.04447072, rel=1e-5)  # C4
    both = measure.psc(clamped, ["I_AMPA", "I_fast"], onset=5.0, neuron=0, fit=False)
    assert both.charge == pytest.approx(ampa.charge / 2 + fast.charge)


def test_recordings_refuse_what_they_do_not_hold(clamped):
    for call, error, text in [
        (lambda: measure.psc(clamped, neuron=0), ArgumentError, "needs the name of a variable in pA"),
        (lambda: measure.psc(clamped, "I_AMPPA", neuron=0), UnknownNameError, "did you mean 'I_AMPA'"),
        (lambda: measure.psc(clamped, "V", neuron=0), ParameterError, "got 'V' in mV"),
        (lambda: measure.psc(clamped, clamped.t, neuron=0), ArgumentError, "names of its variables"),
        (lambda: measure.psc(clamped, "I_AMPA"), ArgumentError, "choose one with neuron="),
        (lambda: measure.psp(clamped, neuron=0), ParameterError, "trace is flat"),
    ]:
        with pytest.raises(error, match=text):
            call()


def test_measure_is_part_of_the_package():
    assert gs.measure is measure
    assert "measure" in gs.__all__
