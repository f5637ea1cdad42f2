"""Ratios of responses, and currents over the potential."""

import math

import numpy as np
import pytest

import gpusyn as gs
from gpusyn import measure
from gpusyn.errors import ParameterError, UnknownNameError
from tests.helpers.responses import ONSET, T, block, dual, two_pulses


def test_paired_pulse_ratio_and_what_it_is_measured_from():
    pytest.importorskip("scipy")
    left = math.exp(-10.0 / 5.0)
    ratio = {
        way: measure.paired_pulse_ratio(T, two_pulses(), [10.0, 20.0], reference=way)
        for way in ("before", "baseline", "decay")
    }
    assert ratio["baseline"] == pytest.approx(0.5 + left, rel=1e-9)
    assert ratio["before"] == pytest.approx(0.5 + left - math.exp(-9.9 / 5.0), rel=1e-9)
    assert ratio["decay"] == pytest.approx(0.5, rel=1e-6)


def test_a_second_response_that_fails_is_zero():
    assert measure.paired_pulse_ratio(T, two_pulses(0.0), [10.0, 20.0]) == 0.0


def test_paired_pulse_ratio_refuses():
    for onsets in ([10.0], [20.0, 10.0], [10.0, 500.0]):
        with pytest.raises(ParameterError, match="two increasing times"):
            measure.paired_pulse_ratio(T, two_pulses(), onsets)
    with pytest.raises(UnknownNameError, match="baseline"):
        measure.paired_pulse_ratio(T, two_pulses(), [10.0, 20.0], reference="base")


def test_nmda_ampa_ratio_says_what_it_is_not():
    ampa, nmda = dual(T, 0.2, 1.7), 0.5 * dual(T, 2.0, 100.0)
    low, high = (V * (ampa + block(V) * nmda) for V in (-70.0, 40.0))
    found = measure.nmda_ampa_ratio(T, low, high, ONSET, late=50.0)
    late = 40.0 * block(40.0) * nmda[round((ONSET + 50.0) / 0.1)]
    assert found.nmda == pytest.approx(late, rel=1e-9)
    assert found.ampa == pytest.approx(low.min(), rel=2e-3)
    assert found.ratio == pytest.approx(late / -low.min(), rel=2e-3)
    assert "not of conductances" in repr(found)
    assert "not a ratio of conductances" in measure.nmda_ampa_ratio.__doc__.replace("\n    ", " ")
    wide = measure.nmda_ampa_ratio(T, low, high, ONSET, late=50.0, width=4.0)
    assert wide.nmda == pytest.approx(late, rel=1e-3)
    with pytest.raises(ParameterError, match="record longer"):
        measure.nmda_ampa_ratio(T, low, high, ONSET, late=110.0)


def test_reversal_potential():
    V = np.array([-40.0, -80.0, -60.0])  # any order
    assert measure.reversal_potential(V, 2.0 * (V + 73.0)) == pytest.approx(-73.0)
    assert measure.reversal_potential(V, 2.0 * (V + 60.0)) == -60.0
    assert measure.reversal_potential(V, 2.0 * (V + 10.0), method="line") == pytest.approx(-10.0)
    for I, text in [
        (V + 10.0, "got 0 times between -80 and -40 mV"),
        ([-1.0, -1.0, 1.0], "got 2 times"),
        ([0.0, 0.0, 0.0], "got 0 times"),
    ]:
        with pytest.raises(ParameterError, match=text):
            measure.reversal_potential(V, I)
    with pytest.raises(ParameterError, match="flat"):
        measure.reversal_potential(V, [2.0, 2.0, 2.0], method="line")
    with pytest.raises(ParameterError, match="occurs twice"):
        measure.reversal_potential([1.0, 1.0, 2.0], [1.0, 2.0, 3.0])


def test_slopes_of_a_cubic_current():
    V = np.linspace(-2.0, 2.0, 41)
    I = V**3 - V
    np.testing.assert_allclose(measure.slope_conductance(V, I)[1:-1], 3 * V[1:-1] ** 2 - 1 + 0.01, atol=1e-9)
    assert measure.negative_slope(V, I) == pytest.approx((-(3**-0.5), 3**-0.5), abs=1e-6)
    assert measure.negative_slope(V, V) is None
    assert measure.negative_slope(V, -V) == (-2.0, 2.0)


@pytest.fixture(scope="module")
def nmda():
    return measure.iv_curve(gs.NMDA(), np.arange(-80.0, 41.0, 1.0), duration=12.0, backend="numpy")


def test_the_nmda_current_has_a_negative_slope_below_27_mV(nmda):
    lower, upper = nmda.negative_slope
    assert lower == -80.0
    assert upper == pytest.approx(-26.955187, abs=0.02)  # C9
    assert nmda.peak.min() == pytest.approx(-10.826154, rel=2e-5)  # C10, at -27 mV
    assert nmda.reversal_potential() == pytest.approx(0.0, abs=1e-9)
    assert (nmda.slope_conductance[nmda.V < -28] < 0).all()
    assert (nmda.slope_conductance[nmda.V > -26] > 0).all()
    assert "negative slope: -80 to -26.9" in repr(nmda)


def test_the_nmda_current_at_two_potentials(nmda):
    at = {float(V): I for V, I in zip(nmda.V, nmda.peak, strict=True)}
    assert at[-30.0] / at[-70.0] == pytest.approx(3.4426222, rel=1e-5)  # D20
    for V in (-70.0, 40.0):
        assert at[V] == pytest.approx(V * block(V), rel=1e-5)


def test_without_magnesium_the_curve_is_straight():
    pair = [gs.AMPA(), gs.NMDA(Mg=0.0)]
    curve = measure.iv_curve(pair, [40, -70, -0.2, 0, -10], weight={"AMPA": 2.0, "NMDA": 1.0}, at=30.0, backend="numpy")
    assert curve.negative_slope is None
    assert curve.V.tolist() == [-70.0, -10.0, -0.2, 0.0, 40.0]
    late = 2.0 * math.exp(-30.0 / 2.0) + dual(np.array([30.0]), 2.0, 100.0, 0.0)[0]
    np.testing.assert_allclose(curve.current, late * curve.V, rtol=1e-5, atol=1e-9)
    np.testing.assert_allclose(curve.slope_conductance, late, rtol=1e-5)
    assert (np.abs(curve.peak) > np.abs(curve.current))[curve.V != 0].all()
    assert "30 ms after the onset" in repr(curve)


def test_a_slope_of_two_points_is_refused():
    with pytest.raises(ParameterError, match="at least 3 points"):
        measure.slope_conductance([-70.0, 0.0], [0.0, 1.0])


def test_iv_curve_refuses():
    for V, options, text in [
        ([-70.0, 0.0], {}, "at least three"),
        ([-70.0, 0.0, 0.0], {}, "occurs twice"),
        ([-0.07, 0.0, 0.04], {}, "looks like volts"),
        ([-70.0, 0.0, 40.0], {"duration": 2.0}, "record longer"),
        ([-70.0, 0.0, 40.0], {"at": 80.0}, "iv_curve"),
    ]:
        with pytest.raises(ParameterError, match=text):
            measure.iv_curve(gs.NMDA(), V, backend="numpy", **options)
