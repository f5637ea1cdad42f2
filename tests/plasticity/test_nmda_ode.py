"""The system of equations that learning by calcium is compared with, against closed forms and published values."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.plasticity.nmda_ode import (
    Cell,
    DualExponential,
    Exponential,
    FirstOrder,
    Rule,
    back_propagated,
    eta,
    omega,
    protocol,
    unblocked,
)

CLAMPED = Cell(clamp=-30.0)


@pytest.mark.parametrize(("Ca", "value"), [(0.2, 0.24999846), (0.45, 0.00041918766), (0.8, 1.0)])
def test_calcium_draws_the_weight_to_published_values(Ca: float, value: float) -> None:
    assert omega(Ca) == pytest.approx(value, rel=1e-6)
    assert eta(0.0) == pytest.approx(1.0 / (1e7 + 1e3), rel=1e-12)


def test_a_gate_with_a_jump_gives_a_difference_of_exponentials_of_calcium() -> None:
    rule, tau, times = Rule(), 80.0, np.array([11.0, 30.0, 100.0, 400.0])
    found = protocol([10.0], [], times, Exponential(tau), rule, CLAMPED, Mg=0.7, factor=0.5)
    drive = rule.G * 0.5 * unblocked(-30.0, 0.7) * (rule.V_Ca + 30.0)
    since, rate = times - 10.0, 1.0 / rule.tau_Ca - 1.0 / tau
    assert found.s == pytest.approx(0.5 * np.exp(-since / tau), rel=1e-8)
    assert found.Ca == pytest.approx(drive * (np.exp(-since / tau) - np.exp(-since / rule.tau_Ca)) / rate, rel=1e-8)


def test_gates_have_their_courses() -> None:
    times = np.array([10.0 + 2.0 * 100.0 / 98.0 * math.log(50.0), 60.0])  # the first is the time of the peak
    dual = protocol([10.0], [], times, DualExponential(2.0, 100.0), cell=CLAMPED).s
    assert dual[0] == pytest.approx(1.0, rel=1e-8)
    rise, decay = (np.exp(-(times - 10.0) / tau) for tau in (2.0, 100.0))
    assert dual == pytest.approx((decay - rise) / (decay - rise)[0], rel=1e-8)
    times = np.array([10.5, 11.0, 21.0])
    pulsed = protocol([10.0], [], times, FirstOrder(0.5, 0.1, 2.0, 1.0), cell=CLAMPED).s
    top = 1.0 / 1.1 * (1.0 - math.exp(-1.1))
    assert pulsed == pytest.approx([1.0 / 1.1 * (1.0 - math.exp(-0.55)), top, top * math.exp(-1.0)], rel=1e-8)


def test_a_weight_relaxes_at_the_rate_of_its_calcium() -> None:
    """Calcium that is constant: a gate and a spine that hardly decay."""
    rule = Rule(tau_Ca=1e9, G=1e-30, speed=3.0)
    found = protocol([], [], np.array([2e4]), Exponential(1.0), rule, CLAMPED, W0=0.9)
    assert found.W[0] == pytest.approx(0.25 + 0.65 * math.exp(-2e4 * eta(0.0, rule)), rel=1e-9)


def test_spikes_reset_the_neuron_and_reach_the_spine_after_their_delay() -> None:
    cell, rule = Cell(g_NMDA=2.0, V_reset=-75.0), Rule(bap_delay=2.0)
    times = np.array([20.0, 21.9, 23.0, 40.0])
    found = protocol([10.0], [20.0], times, Exponential(50.0), rule, cell)
    assert found.V[:2] == pytest.approx(-75.0)
    assert found.V[2] > -75.0
    assert back_propagated(0.0, rule) == 100.0
    early = protocol([10.0], [20.0], times, Exponential(50.0), rule._replace(bap_delay=0.0), cell)
    none = protocol([10.0], [], times, Exponential(50.0), rule, cell)
    assert found.Ca[1] < none.Ca[1]  # the reset, but no spike in the spine yet
    assert early.Ca[1] > 2.0 * found.Ca[1]
    assert found.Ca[3] > 2.0 * none.Ca[3]


def test_more_accuracy_changes_nothing() -> None:
    pairs = [20.0 + 100.0 * k for k in range(5)]
    arguments = pairs, [t + 10.0 for t in pairs], [1000.0], DualExponential(2.0, 100.0)
    cell = Cell(g_AMPA=2.0, g_NMDA=1.0)
    usual, finer = (protocol(*arguments, Rule(speed=5.0), cell, accuracy=limit) for limit in (1e-10, 1e-12))
    assert np.abs(usual.W - finer.W) < 1e-9
    assert np.abs(usual.Ca - finer.Ca) < 1e-8
    assert usual.W[0] > 0.5
