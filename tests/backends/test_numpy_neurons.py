"""Neurons in the reference backend against closed forms."""

import math

import numpy as np
import pytest

from gpusyn.kernels.signature import ReceptorSignature
from tests.helpers.hand_made import (
    AMPA,
    DOUBLE,
    DT,
    PASSIVE,
    SINGLE,
    B,
    G,
    H,
    I,
    V,
    exponential,
    lif_row,
    make,
    samples,
    start,
)


def test_refractory_neuron_is_held_for_its_steps_and_fires_with_the_right_period():
    net = make(refractory=20, v_reset=1.0)
    net.arrays["current"][:] = 300.0
    place = net.probe(V)
    session = start(net)
    session.run(1000)
    v = samples(session, place, 1000)[:, 0] + 70.0
    held = np.isclose(v, 1.0, rtol=1e-12)
    first = int(np.flatnonzero(held)[0])
    # V follows 30 (1 - exp(-t / 20)), which passes 15 at t = 20 ln 2 = 13.863 ms: the end of step 138
    assert first == 138
    assert held[first : first + 21].all()  # the reset, then 20 steps of rest
    assert not held[first + 21]
    begin = session.read("spike_begin", 0, 1001)
    steps = np.flatnonzero(np.diff(begin))
    climb = math.ceil(20.0 * math.log(29.0 / 15.0) / DT)
    assert np.diff(steps).tolist() == [20 + climb] * (len(steps) - 1)


def test_constant_conductance_follows_its_closed_form():
    net = make(AMPA, coefs=[[1.0, 1.0, 1.0, 70.0]], **PASSIVE)  # a gate that never decays
    net.arrays["gates"][:] = 5.0
    net.arrays["current"][:] = 30.0
    v, i, g = net.probe(V), net.probe(I), net.probe(G)
    session = start(net)
    session.run(500)
    t = DT * np.arange(1, 501)
    v_inf = (5.0 * 70.0 + 30.0) / 15.0
    expected = v_inf * -np.expm1(-t * 15.0 / 200.0)
    np.testing.assert_allclose(samples(session, v, 500)[:, 0] + 70.0, expected, rtol=1e-11)
    np.testing.assert_allclose(samples(session, i, 500)[:, 0], 5.0 * (expected - 70.0), rtol=1e-11)
    assert (samples(session, g, 500) == 5.0).all()


@pytest.mark.parametrize("numbers", [SINGLE, DOUBLE])
def test_exact_current_based_neuron_follows_its_closed_form(numbers):
    tau_m, tau_s, c_m, g_l, dc, w = 20.0, 5.0, 200.0, 10.0, 50.0, 80.0
    p_m, p_s = math.exp(-DT / tau_m), math.exp(-DT / tau_s)
    into_v = tau_s * tau_m / (c_m * (tau_m - tau_s)) * (p_m - p_s)
    row = [1e9, 0, 0, -70.0, math.expm1(-DT / tau_m), (1 - p_m) / g_l, p_s, into_v, w]
    current = ReceptorSignature("Exponential", "Current")
    net = make(current, numbers=numbers, neuron="ExactLIF", row=row, sources=1)
    net.arrays["current"][:] = dc
    net.spikes([(0, 0, 1)])
    net.connect(1, 0, [(0, 0, 9, 1)])
    v, i = net.probe(V), net.probe(I)
    session = start(net)
    session.run(600)
    t = DT * np.arange(1, 601)
    s = np.maximum(t - 1.0, 0.0)  # since arrival at 0.1 + 0.9 ms
    psp = w * tau_s * tau_m / (c_m * (tau_m - tau_s)) * (np.exp(-s / tau_m) - np.exp(-s / tau_s))
    expected = dc / g_l * -np.expm1(-t / tau_m) + psp
    tolerance = 2e-5 if numbers is SINGLE else 1e-10
    np.testing.assert_allclose(samples(session, v, 600)[:, 0] + 70.0, expected, atol=tolerance)
    pulse = np.where(t >= 1.0 - 1e-9, -w * np.exp(-s / tau_s), 0.0)
    np.testing.assert_allclose(samples(session, i, 600)[:, 0], pulse, rtol=tolerance, atol=tolerance)


def test_rising_gate_is_the_alpha_function_and_the_block_is_jahr_and_stevens():
    tau, mg = 3.0, 1.0
    p = math.exp(-DT / tau)
    block = [70.0, mg / 3.57 * math.exp(-0.062 * -70.0), -0.062]
    net = make(
        ReceptorSignature("Rising", "MagnesiumBlocked"),
        coefs=[[p, DT * p, p, 0.0, 0.0, math.e / tau, *block]],
        sources=1,
        **PASSIVE,
    )
    net.arrays["clamp_wave"][:], net.arrays["waves"] = 1, np.tile([0.0, -40.0], 1000)
    net.chunks[0] = net.chunks[0]._replace(has_waves=1)
    net.spikes([(0, 0, 1)])
    net.connect(1, 0, [(0, 0, 1, 1)])
    places = [net.probe(x) for x in (V, G, I, B, H)]
    session = start(net)
    session.run(100)
    v, g, i, b, h = (samples(session, place, 100)[:, 0] for place in places)
    s = np.maximum(DT * (np.arange(100) - 1), 0.0)
    np.testing.assert_allclose(v, -40.0, rtol=1e-14)
    np.testing.assert_allclose(g, math.e * s / tau * np.exp(-s / tau), rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(h[1:], math.e / tau * np.exp(-s[1:] / tau), rtol=1e-12)
    np.testing.assert_allclose(b, 1.0 / (1.0 + mg / 3.57 * math.exp(0.062 * 40.0)), rtol=1e-12)
    np.testing.assert_allclose(i, g * b * -40.0, rtol=1e-12)


def test_injection_waves_and_clamp_release():
    net = make(n=2, **PASSIVE)
    table = np.zeros((1000, 3))
    table[10:20, 1] = 100.0  # pA into neuron 0
    table[:, 2] = -60.0  # clamp of neuron 1
    net.arrays["waves"] = table.reshape(-1)
    net.arrays["current_wave"][:] = [1, 0]
    net.arrays["clamp_wave"][:] = [0, 2]
    net.chunks[0] = net.chunks[0]._replace(has_waves=1)
    place = net.probe(V, neurons=(0, 1))
    session = start(net)
    session.run(30)
    v = samples(session, place, 30)
    assert (v[:10, 0] == -70.0).all()
    np.testing.assert_allclose(v[19, 0] + 70.0, 10.0 * -math.expm1(-1.0 / 20.0), rtol=1e-12)
    assert (v[:, 1] == -60.0).all()
    session.write("clamp_wave", np.zeros(1, np.int32), 1)
    session.run(1)
    assert session.read("V")[1] == pytest.approx(10.0 * math.exp(-DT / 20.0))


def test_chunks_of_one_population_change_no_bit():
    rnd, results = np.random.default_rng(2), []
    n = 300
    coef = np.stack([lif_row(SINGLE, exponential(2.0, 70.0), g_l=g) for g in rnd.uniform(8, 12, n)])
    for chunk in (128, 7, n):
        net = make(AMPA, numbers=SINGLE, n=n, row=coef, chunk=chunk, steps=300)
        net.arrays["current"][:] = np.linspace(0, 400, n)
        net.drive(0, 0.1, key=9, weight=3)
        net.connect(0, 0, [(i, (7 * i) % n, 1 + i % 5, 2) for i in range(n)])
        place = net.probe(V, every=2, neurons=range(n))
        session = start(net)
        session.run(300)
        results.append([session.read(a) for a in ("V", "gates", "ring", "spike_id", "spike_begin")])
        results[-1].append(samples(session, place, 150))
        assert session.read("spike_total")[0] > 500
    for other in results[1:]:
        assert all(np.array_equal(a, b) for a, b in zip(results[0], other, strict=True))


def test_a_potential_that_is_no_number_is_reported_first_step_first_neuron():
    net = make(numbers=SINGLE, n=5, **PASSIVE)
    net.chunks[0] = net.chunks[0]._replace(source=100)  # its first global id
    net.arrays["source_population"] = np.zeros(200, np.int32)
    session = start(net)
    session.run(3)
    assert session.read("fault")[0] == np.iinfo(np.int64).max
    session.write("current", np.full(2, np.nan, np.float32), 3)
    session.run(4)
    assert session.read("fault")[0] == 3 << 31 | 103
    assert session.read("spike_total")[0] == 0
