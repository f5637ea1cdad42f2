"""Properties that need no number (science.md section 6); P1 and so on are their names there."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gpusyn as gs
from gpusyn.builder.gating.pulsed import pulse_scheme
from gpusyn.kinetics import DualExponential, Exponential, FirstOrder, GProtein, Markov, Saturating
from tests.helpers.long_checks import every
from tests.helpers.tolerances import assert_close

TRAINS = st.lists(st.integers(1, 200), min_size=1, max_size=6, unique=True).map(lambda ts: [t / 10 for t in sorted(ts)])
WEIGHTS = st.lists(st.floats(0.01, 5.0), min_size=3, max_size=3)


def run(receptors, train, weights, *variables, delays=(1, 2, 3), duration=25.0):
    """Traces of one cell that sources reach with the same train, each with its weight and its delay in steps."""
    net = gs.Network()
    cell = net.population("cell", 1, gs.LIF(), receptors=receptors)
    for k, weight in enumerate(weights):
        source = net.population(f"source{k}", 1, gs.SpikeSource([train]))
        for receptor in receptors:
            net.connect(source, cell, gs.AllToAll(), receptor=receptor.name, weight=weight, delay=0.1 * delays[k])
    recorder = net.record(cell, list(variables))
    with gs.Simulator(net, dt=0.1, backend="numpy", precision="double") as sim:
        sim.run(duration)
        return [np.asarray(sim.data[recorder][name], np.float64) for name in variables]


MOST_MG = 1e6  # mM, the most that is accepted: B is below 2e-7 up to the threshold of -50 mV


@settings(max_examples=3, deadline=None, derandomize=True)
@given(train=TRAINS, weights=WEIGHTS)
def test_p1_full_magnesium_block_spares_ampa(train, weights):
    names = ("V", "g_AMPA", "g_NMDA", "I_NMDA")
    V, g = run([gs.AMPA()], train, weights, *names[:2])
    V_blocked, g_blocked, g_NMDA, I_NMDA = run([gs.AMPA(), gs.NMDA(Mg=MOST_MG)], train, weights, *names)
    assert g.any()
    assert g_NMDA.any()
    assert np.array_equal(g, g_blocked)
    assert np.abs(I_NMDA).max() < 2e-7 * 70.0 * g_NMDA.max()
    (V_free,) = run([gs.AMPA(), gs.NMDA(Mg=1.0)], train, weights, "V")
    assert np.abs(V_blocked - V).max() < 1e-3 * np.abs(V_free - V).max()


@pytest.mark.parametrize("receptor", [gs.AMPA, gs.NMDA, gs.GABA_A])
@settings(max_examples=2, deadline=None, derandomize=True)
@given(train=TRAINS, weights=WEIGHTS)
def test_p2_one_conductance_a_cell_is_the_sum_over_synapses(receptor, train, weights):
    name = f"g_{receptor().name}"
    (lumped,) = run([receptor()], train, weights, name)
    (summed,) = run([receptor(gating="per-synapse")], train, weights, name)
    assert_close(lumped[lumped > 1e-9], summed[lumped > 1e-9], "gates")


def test_p2_saturating_gates_are_not_one_linear_gate():
    """At 200 Hz a linear gate that answers one spike alike grows with every spike, a saturating one stays below w."""
    once, train = [0.2], [5.0 * k for k in range(1, 9)]
    (rising,) = run([gs.NMDA(kinetics=Saturating.NMDA())], once, [1.0], "g_NMDA")
    peak = float(rising.max())
    linear = gs.NMDA(kinetics=DualExponential(2.0, 100.0))
    (alike,) = run([linear], once, [peak], "g_NMDA")
    assert np.abs(alike - rising).max() < 0.15 * peak
    (summed,) = run([linear], train, [peak], "g_NMDA", duration=42.0)
    for kinetics in (Saturating.NMDA(), Saturating(jump=True)):
        (saturated,) = run([gs.NMDA(kinetics=kinetics)], train, [1.0], "g_NMDA", duration=42.0)
        assert saturated.max() < 1.0
        assert summed.max() > 3 * saturated.max()


def test_p2_gaba_b_is_a_sum_of_powers_not_the_power_of_a_sum():
    kinetics = GProtein(K3=1.8)
    gates = [gs.GABA_B(kinetics=kinetics, gating=gating) for gating in ("auto", "per-synapse")]
    (one,) = run(gates[:1], [1.0, 5.0], [1.0], "g_GABA_B")
    G = (kinetics.K_d * one / (1.0 - one)) ** (1.0 / kinetics.n)
    together = (3.0 * G) ** kinetics.n / ((3.0 * G) ** kinetics.n + kinetics.K_d)
    for gate in gates:
        (three,) = run([gate], [1.0, 5.0], [1.0] * 3, "g_GABA_B", delays=(1, 1, 1))
        assert_close(three[one > 1e-3], 3.0 * one[one > 1e-3], "gates")  # sums have a grid
        assert np.abs(three / 3.0 - together).max() > 0.1


# --- schemes of channels: any two to five states ----------------------------------------------------------------------


@st.composite
def schemes(draw):
    """Rates without and with transmitter of channels that bind from state 0 on and open at last; and the last state."""
    n = draw(st.integers(2, 5))
    rate = st.floats(1e-3, 50.0)
    off, on = np.zeros((n, n)), np.zeros((n, n))
    for k in range(1, n):
        off[k - 1, k], on[k, k - 1] = draw(rate), draw(rate)
    if n > 3:  # two ways down
        off[0, n - 1] = draw(rate)
    return off, off + on, n - 1


DTS = st.sampled_from([0.01, 0.1, 1.0, 5.0])


@settings(max_examples=25, deadline=None, derandomize=True)
@given(scheme=schemes(), dt=DTS)
def test_p3_one_step_is_two_of_half_the_length(scheme, dt):
    off, on, last = scheme
    rest = [1.0] + [0.0] * last
    half, whole = (pulse_scheme(off, on, rest, [last], h) for h in (dt, 2 * dt))
    near = {"rtol": 1e-11, "atol": 1e-14}
    np.testing.assert_allclose(half.on @ half.on, whole.on, **near)
    np.testing.assert_allclose(half.off @ half.off, whole.off, **near)
    np.testing.assert_allclose(half.on @ half.drive + half.drive, whole.drive, **near)
    np.testing.assert_allclose((half.mean_on + half.mean_on @ half.on) / 2, whole.mean_on, **near)
    np.testing.assert_allclose((half.mean_off + half.mean_off @ half.off) / 2, whole.mean_off, **near)
    mean_drive = (2 * half.mean_drive + half.mean_on @ half.drive) / 2
    np.testing.assert_allclose(mean_drive, whole.mean_drive, **near)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(scheme=schemes(), dt=DTS, pulses=st.lists(st.booleans(), min_size=1, max_size=60))
def test_p4_occupancies_stay_occupancies(scheme, dt, pulses):
    off, on, last = scheme
    s = pulse_scheme(off, on, [1.0] + [0.0] * last, [last], dt)
    y = np.zeros(s.size)  # all states but the one that channels rest in
    for transmitter in pulses:
        mean = s.mean_on @ y + s.mean_drive if transmitter else s.mean_off @ y
        assert -1e-14 < mean < 1.0 + 1e-13
        y = s.on @ y + s.drive if transmitter else s.off @ y
        assert y.min() > -1e-14
        assert y.sum() < 1.0 + 1e-13


PULSED = [FirstOrder.AMPA(), Markov.NMDA(), Markov.AMPA(), Markov.GABA_A(), GProtein(K3=1.8)]
RISING = [Saturating.NMDA(), Saturating(jump=True)]


def all_gates(kinetics, gating):
    """A receptor for each."""
    return [gs.AMPA(kinetics=one, gating=gating, name=f"gate{k}") for k, one in enumerate(kinetics)]


@pytest.mark.parametrize("gating", every(2, ["auto", "per-synapse"]))
@settings(max_examples=2, deadline=None, derandomize=True)
@given(train=TRAINS)
def test_p4_gates_stay_between_shut_and_open(gating, train):
    kinetics = [*PULSED, *RISING]
    receptors = all_gates(kinetics, gating)
    traces = run(receptors, train, [1.0], *(f"g_{receptor.name}" for receptor in receptors))
    for one, gate in zip(kinetics, traces, strict=True):
        assert gate.max() > 0
        assert gate.min() >= -1e-15
        # jumps S += k0 + k1 S lead a burst to k0/(-k1), NEST's too
        assert gate.max() < (1.026 if getattr(one, "jump", False) else 1.0)


# --- the membrane, and rest -------------------------------------------------------------------------------------------


@settings(max_examples=12, deadline=None, derandomize=True)
@given(
    dt=st.sampled_from([0.01, 0.1, 1.0, 7.0, 50.0]),
    weights=st.lists(st.just(0.0) | st.floats(0.1, 1e5), min_size=3, max_size=3),
    steps=st.lists(st.integers(1, 30), min_size=1, max_size=12).map(sorted),
    V=st.floats(-80.0, -1.0),
)
def test_p5_v_stays_between_the_reversal_potentials_at_any_step(dt, weights, steps, V):
    receptors = [gs.AMPA(E_rev=0.0), gs.NMDA(E_rev=0.0, Mg=1.0), gs.GABA_A(E_rev=-80.0)]
    net = gs.Network()
    cell = net.population("cell", 1, gs.LIF(E_L=-70.0, V_th=1e3, t_ref=0.0), receptors=receptors, V=V)
    for receptor, weight in zip(receptors, weights, strict=True):
        source = net.population(receptor.name, 1, gs.SpikeSource([[k * dt for k in steps]]))
        net.connect(source, cell, gs.AllToAll(), receptor=receptor.name, weight=weight, delay=dt)
    recorder = net.record(cell, "V")
    with gs.Simulator(net, dt=dt, backend="numpy", precision="double") as sim:
        sim.run(60 * dt)
        trace = np.asarray(sim.data[recorder]["V"])
    assert -80.0 - 1e-11 <= trace.min() <= trace.max() <= 1e-11


GATES = [Exponential(2.0), DualExponential(2.0, 50.0), *PULSED, *RISING]


@pytest.mark.parametrize("gating", ["auto", "per-synapse"])
@settings(max_examples=1, deadline=None, derandomize=True)
@given(order=st.permutations(range(12)))
def test_p6_the_order_of_synapses_does_not_matter(gating, order):
    """Bit for bit where sums over synapses are sums of integers; gates of synapses are added as numbers, in order."""
    draw = np.random.default_rng(5)
    pre, post = draw.integers(0, 4, 12), draw.integers(0, 2, 12)
    weight, delay = draw.uniform(0.1, 9.0, 12), 0.1 * draw.integers(1, 20, 12)
    receptors = all_gates(GATES, gating)
    names = ["V", *(f"g_{receptor.name}" for receptor in receptors)]
    traces = []
    for permuted in (list(range(12))[::-1], list(order)):
        net = gs.Network()
        source = net.population("source", 4, gs.SpikeSource([[1.0, 4.0 + k, 9.3] for k in range(4)]))
        cells = net.population("cells", 2, gs.LIF(V_th=0.0), receptors=receptors)
        rule = gs.FromArrays(pre[permuted], post[permuted])
        for receptor in receptors:
            net.connect(source, cells, rule, receptor=receptor.name, weight=weight[permuted], delay=delay[permuted])
        recorder = net.record(cells, names)
        with gs.Simulator(net, dt=0.1, backend="numpy", precision="single") as sim:
            sim.run(15.0)
            traces.append(np.array([sim.data[recorder][name] for name in names]))
    assert np.all(traces[0][1:].max(axis=1) > 0)
    if gating == "auto":
        assert np.array_equal(*traces)
    else:
        assert_close(*traces, "gates", "single")


@pytest.mark.parametrize("gating", every(2, ["auto", "per-synapse"]))
def test_p10_without_spikes_nothing_moves(gating):
    receptors = all_gates(GATES, gating)
    receptors += [gs.NMDA(Mg=1.0, gating=gating), gs.GABA_B(gating=gating)]
    names = [f"g_{receptor.name}" for receptor in receptors]
    V, *gates = run(receptors, [], [1.0] * 3, "V", *names)
    assert np.all(V == gs.LIF().E_L)
    assert not np.any(gates)
