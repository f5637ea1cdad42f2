"""Per-synapse gating in the reference backend: transmitter histories, gates, the sums' shape."""

import math

import numpy as np
import pytest

from gpusyn.backends.numpy.advance_synapses import lane_sums, plan_lanes
from gpusyn.backends.numpy.backend import NumpyBackend
from gpusyn.kernels.records import SynapseBlock, read_rows
from gpusyn.kernels.signature import ReceptorSignature, Signature
from tests.helpers.hand_made import DOUBLE, DT, SINGLE, G, HandMade, as_table, exponential, lif_row

GATED = ReceptorSignature("Unlumped", "Conductance", synaptic=True)
DELAYS = (1, 31, 32, 33, 63, 64, 100)
ON, OFF = math.exp(-0.1 * 2.0), math.exp(-0.1 * 0.2)
MEAN_ON, RATIO = (1 - ON) / 0.2, (1 - OFF) / 0.02 / OFF  # of the mean over a step; to the gate at its end, when off
FIRST_ORDER = [ON, 0.9 * (1 - ON), OFF, RATIO, 0.9 * (1 - MEAN_ON) - RATIO * 0.9 * (1 - ON), MEAN_ON - RATIO * ON]


def passive(numbers, n, *receptors, coefs=([70.0],), **options):
    return HandMade(Signature("LIF", receptors, numbers), lif_row(numbers, *coefs, v_th=1e9), n, **options)


def recorded(net, place, steps):
    session = NumpyBackend().start(net.program())
    session.run(steps)
    return session, session.read("trace", place[0], place[0] + steps * place[1]).reshape(steps, place[1])


@pytest.mark.parametrize(("pulse", "words"), [(1, 8), (10, 8), (40, 8), (70, 4)])
def test_pulse_reaches_each_gate_after_its_delay_and_lasts(pulse, words):
    delays = [d if words == 8 else min(d, 96) for d in DELAYS]  # 4 words hold just 96 steps
    n, events, steps = len(delays), (3, 28, 31, 64, 190, 195, 330), 600
    net = passive(DOUBLE, n, GATED, sources=3)
    net.spikes([(s, 1, 1) for s in events] + [(17, 0, 1), (200, 2, 1)])
    history = net.history(1, pulse=pulse, words=words)
    net.gated("advance_first_order", 0, [(history, [[(1, d, 1.0)] for d in delays])], FIRST_ORDER)
    session, g = recorded(net, net.probe(G, neurons=range(n)), steps)
    for k, d in enumerate(delays):
        r = 0.0
        for step in range(steps):
            on = any(e + 1 + d <= step < e + 1 + d + pulse for e in events)
            r = FIRST_ORDER[1] + FIRST_ORDER[0] * r if on else FIRST_ORDER[2] * r
            assert g[step, k] == r, (d, step)
    np.testing.assert_allclose(session.read("synaptic")[n:], session.read("syn_gates"), rtol=0)


def test_first_order_sums_are_the_mean_over_the_step_and_the_value_at_its_end():
    net = passive(DOUBLE, 1, GATED, sources=1)
    net.spikes([(0, 0, 1)])
    history = net.history(1, pulse=5)
    net.gated("advance_first_order", 0, [(history, [[(0, 1, 2.0)]])], FIRST_ORDER)
    session = NumpyBackend().start(net.program())
    session.run(2)
    r = 0.0
    for step in range(2, 30):
        session.run(1)
        mean, end = session.read("synaptic")
        fine = np.linspace(0, 1, 2001)  # of one step
        if step < 7:
            path = 0.9 + (r - 0.9) * np.exp(fine * math.log(ON))
        else:
            path = r * np.exp(fine * math.log(OFF))
        assert end == pytest.approx(2 * path[-1], rel=1e-12)
        assert mean == pytest.approx(2 * np.trapezoid(path, fine), rel=1e-7)
        r = path[-1]


@pytest.mark.parametrize("kernel", ["advance_exponential", "advance_rising"])
def test_linear_gates_on_synapses_equal_lumped_ones(kernel):
    rnd = np.random.default_rng(3)
    n, sources, steps = 5, 6, 400
    synapses = [
        (int(rnd.integers(sources)), int(rnd.integers(n)), int(rnd.choice(DELAYS)), int(rnd.integers(1, 9)))
        for _ in range(150)
    ]
    p = math.exp(-DT / 3.0)
    own = exponential(3.0, 70.0, jump=0.5) if kernel == "advance_exponential" else [p, DT * p, p, 0.9, 0.05, 0.5, 70.0]
    kinetics = "Exponential" if kernel == "advance_exponential" else "Rising"
    net = passive(DOUBLE, n, ReceptorSignature(kinetics, "Conductance"), GATED, coefs=[own, [70.0]], sources=sources)
    net.spikes([(int(s), k, int(rnd.integers(1, 200))) for k in range(sources) for s in rnd.choice(200, 9, False)])
    net.connect(1, 0, synapses)
    history = net.history(1, words=32, bits=8)  # counts to 255, 4 steps a word
    rows = [[(s, d, w) for s, t, d, w in synapses if t == k] for k in range(n)]
    net.gated(kernel, 0, [(history, rows)], own[:-1], states=1 + (kernel == "advance_rising"))
    lumped, gated = net.probe(G, 0, neurons=range(n)), net.probe(G, 1, neurons=range(n))
    session, g = recorded(net, lumped, steps)
    other = session.read("trace", gated[0], gated[0] + steps * n).reshape(steps, n)
    assert g.max() > 100
    np.testing.assert_allclose(other, g, rtol=1e-11, atol=1e-9)


def test_blocks_add_in_order_and_share_a_weight_or_not():
    net = passive(SINGLE, 2, GATED, sources=4)
    history = net.history(1, pulse=5)
    rows = [[(0, 1, 0.1), (1, 2, 0.2)], [(2, 1, 0.3)]]
    net.gated("advance_first_order", 0, [(history, rows), (history, rows[::-1])], FIRST_ORDER)
    first, second = read_rows(net.arrays["blocks"], SynapseBlock)
    net.arrays["blocks"] = as_table([first, second._replace(weight_step=0)])
    net.arrays["syn_gates"][:] = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]
    session, _ = recorded(net, net.probe(G), 1)
    c, r, f = np.array(FIRST_ORDER, np.float32), net.arrays["syn_gates"], np.float32
    w = net.arrays["syn_weights"]
    first = [w[0] * (c[2] * r[0]) + w[1] * (c[2] * r[1]), w[2] * (c[2] * r[2])]
    second = [w[3] * (c[2] * r[3]), w[3] * (c[2] * r[4]) + w[3] * (c[2] * r[5])]
    expected = [c[3] * f(first[0]) + c[3] * f(second[0]), c[3] * f(first[1]) + c[3] * f(second[1])]
    assert session.read("synaptic")[:2].tolist() == expected


def tree(values):
    """The definition of a row's sum, one addition at a time."""
    lanes = [np.float32(0)] * 32
    for k, x in enumerate(values):
        lanes[k % 32] = lanes[k % 32] + x
    half = 16
    while half:
        lanes = [lanes[k] + lanes[k + half] for k in range(half)]
        half //= 2
    return lanes[0]


def test_lane_sums_follow_their_definition_bit_for_bit():
    rnd = np.random.default_rng(4)
    length = np.array([0, 1, 31, 32, 33, 0, 64, 65, 700, 5, 1000, 96, 0])
    x = (rnd.standard_normal(length.sum()) * 10.0 ** rnd.uniform(-3, 3, length.sum())).astype(np.float32)
    got = lane_sums(x, plan_lanes(length))
    rows = np.split(x, np.cumsum(length)[:-1])
    assert got.dtype == np.float32
    assert got.tolist() == [tree(row) for row in rows]
    assert got.tolist() != [row.sum() for row in rows]  # the shape matters


def test_no_rows_and_rows_without_synapses():
    assert lane_sums(np.zeros(0, np.float32), plan_lanes(np.zeros(0, np.int64))).size == 0
    assert lane_sums(np.zeros(0, np.float32), plan_lanes(np.zeros(3, np.int64))).tolist() == [0, 0, 0]
