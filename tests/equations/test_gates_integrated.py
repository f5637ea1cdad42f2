"""Gates that saturate equal an adaptive integration of each synapse, wherever they live."""

import functools
import itertools
import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.linalg import expm
from scipy.special import beta, betainc, gamma, gammainc

import gpusyn as gs
from gpusyn.builder.gating.forms import GateStep
from gpusyn.builder.gating.g_protein import cascade
from gpusyn.builder.gating.pulsed import markov_scheme
from gpusyn.builder.gating.saturating import growth, growth_terms
from gpusyn.kinetics import FirstOrder, GProtein, Markov, Saturating
from tests.helpers.long_checks import every
from tests.helpers.tolerances import assert_close
from tests.helpers.validation.lab import FASTEST, Lab
from tests.helpers.wiring import DT, DURATION, SYNAPSES, TARGETS, Wiring, both, one_population, run, summed

SEED = 4
STEPS = round(DURATION / DT)
SHUT = [[0, 0.3, 0.0], [0, 0, 0.2], [0, 0, 0]]  # three states in a row; transmitter carries channels to the last
SCHEMES = {
    "NMDA": Markov.NMDA(),
    "AMPA": Markov.AMPA(),
    "GABA_A": Markov.GABA_A(),
    "row": Markov(SHUT, [[0, 0, 0], [2.0, 0, 0], [0, 1.0, 0]], 2, T_max=0.7, T_dur=0.4),
    "dead time": Markov(SHUT, [[0, 0, 0], [2.0, 0, 0], [0, 1.0, 0]], 2, T_dur=0.5, deadtime=3.0),
    "cascade": GProtein(K3=1.8, T_dur=2.0),
    "cascade of one": GProtein.ModelDB().at(35, reference=25),
    "first order, dead time": FirstOrder(1.1, 0.19, deadtime=1.0),
}
RISES = {
    "NMDA": Saturating.NMDA(),
    "steep": Saturating(alpha=4.0, tau_rise=0.5, tau_decay=20.0),
    "slow": Saturating(alpha=0.05, tau_rise=10.0, tau_decay=11.0),
    "within a step": Saturating(alpha=2.0, tau_rise=0.03, tau_decay=5.0),
}


@pytest.fixture(params=every(2, ["double", "single"]))
def lab(request):
    return Lab(FASTEST, request.param)


def pulses(kinetics, wiring):
    """Whether transmitter is there in the step from k to k + 1, for each synapse: spike by spike, by its rule."""
    pulse = round(kinetics.T_dur / DT)
    on = np.zeros((STEPS + 200, SYNAPSES), bool)
    for s in range(SYNAPSES):
        last = -math.inf
        for a in sorted(wiring.arrivals(s)):
            if kinetics.deadtime is None or a - last >= pulse + round(kinetics.deadtime / DT):
                on[a : a + pulse, s], last = True, a
    return on[:STEPS]


def markov_gates(kinetics, on):
    """Open fractions by the exponential of the whole matrix of rates."""
    off, binding = np.array(kinetics.rates), np.array(kinetics.binding)
    steps = [expm(DT * (off + T * binding)) for T in (0.0, kinetics.T_max)]
    p, out = np.tile(np.eye(len(off))[:, :1], SYNAPSES), []
    for now in on:
        p = np.where(now, steps[1] @ p, steps[0] @ p)
        out.append(p[list(kinetics.open)].sum(axis=0))
    return np.array(out)


def derivative(kinetics, y, T):
    """dy/dt of all synapses' states, one row each, under transmitter T."""
    if isinstance(kinetics, FirstOrder):
        return kinetics.alpha * T * (1 - y) - kinetics.beta * y
    R, G = y
    return np.stack([kinetics.K1 * T * (1 - R) - kinetics.K2 * R, kinetics.K3 * R - kinetics.K4 * G])


@functools.cache
def pulsed_gates(kinetics):
    """The gate of every synapse at the end of every step."""
    on = pulses(kinetics, Wiring(SEED))
    if isinstance(kinetics, Markov):
        return markov_gates(kinetics, on)
    edges = [0, *(np.flatnonzero((on[1:] != on[:-1]).any(axis=1)) + 1), STEPS]
    size = 1 if isinstance(kinetics, FirstOrder) else 2
    y, out = np.zeros(size * SYNAPSES), []
    for begin, end in itertools.pairwise(edges):
        T = kinetics.T_max * on[begin]
        found = solve_ivp(
            lambda _, y, T=T: derivative(kinetics, y.reshape(size, SYNAPSES), T).reshape(-1), (begin * DT, end * DT), y,
            method="DOP853", t_eval=np.arange(begin + 1, end + 1) * DT, rtol=1e-13, atol=1e-16,
        )  # fmt: skip
        out.append(found.y[-SYNAPSES:].T)
        y = found.y[:, -1]
    G = np.concatenate(out)
    return G if size == 1 else G**kinetics.n / (G**kinetics.n + kinetics.K_d)


@functools.cache
def rising_gates(kinetics):
    """S of every synapse at the end of every step, from its events one by one."""
    wiring = Wiring(SEED)
    arrivals = np.zeros((STEPS + 200, SYNAPSES))
    for s in range(SYNAPSES):
        np.add.at(arrivals[:, s], wiring.arrivals(s), 1.0)
    edges = [0, *np.flatnonzero(arrivals[1:STEPS].any(axis=1)) + 1, STEPS]
    S, x, out = np.zeros(SYNAPSES), np.zeros(SYNAPSES), []
    for begin, end in itertools.pairwise(edges):
        x = x + arrivals[begin]

        def change(t, S, x=x, begin=begin):
            now = x * math.exp(-(t - begin * DT) / kinetics.tau_rise)
            return -S / kinetics.tau_decay + kinetics.alpha * now * (1 - S)

        found = solve_ivp(
            change, (begin * DT, end * DT), S,
            method="DOP853", t_eval=np.arange(begin + 1, end + 1) * DT, rtol=1e-13, atol=1e-16,
        )  # fmt: skip
        out.append(found.y.T)
        S, x = found.y[:, -1], x * math.exp(-(end - begin) * DT / kinetics.tau_rise)
    return np.concatenate(out)


def compare(lab, kinetics, gating, gates):
    wiring, g = one_population(lab, gs.AMPA(kinetics=kinetics, gating=gating), SEED)
    expected = summed(wiring, gates)
    large = expected > 1e-4 * expected.max()  # below, an integration has no digits to compare with
    assert_close(g[large], expected[large], "integrated", lab.precision)
    assert np.abs(g[~large]).max(initial=0.0) <= 1.001e-4 * expected.max()


@pytest.mark.parametrize("gating", ["auto", "per-synapse"])
@pytest.mark.parametrize("name", SCHEMES)
def test_channels_under_pulses(lab, name, gating):
    compare(lab, SCHEMES[name], gating, pulsed_gates(SCHEMES[name]))


@pytest.mark.parametrize("gating", ["auto", "per-synapse"])
@pytest.mark.parametrize("name", RISES)
def test_gates_that_rise_and_saturate(lab, name, gating):
    compare(lab, RISES[name], gating, rising_gates(RISES[name]))


@pytest.mark.parametrize("gating", ["auto", "per-synapse"])
def test_gates_that_jump_and_saturate(lab, gating):
    kinetics, wiring = Saturating(0.5, 2.0, 30.0, jump=True), Wiring(SEED)
    a, share = 1.0, 2.0 / 30.0
    k0, k1 = a**share * gamma(1 - share) * gammainc(1 - share, a), math.expm1(-a)
    S = np.zeros((STEPS, SYNAPSES))
    for s in range(SYNAPSES):
        value = 0.0
        for t in range(1, STEPS + 1):
            value *= math.exp(-DT / 30.0)
            for _ in range(np.count_nonzero(wiring.arrivals(s) == t)):
                value += k0 + k1 * value
            S[t - 1, s] = value
    compare(lab, kinetics, gating, S)


@pytest.mark.parametrize("kinetics", [*SCHEMES.values(), *RISES.values(), Saturating(jump=True)], ids=repr)
def test_v_is_the_same_wherever_the_gates_are(lab, kinetics):
    source, each = both(lab, lambda gating: gs.AMPA(kinetics=kinetics, gating=gating), ["V"], V_th=1e3)
    assert np.count_nonzero(source["V"].max(axis=0) > -69.9) == TARGETS
    assert_close(source["V"], each["V"], "gates", lab.precision)


# --- the numbers that the kernels get ---------------------------------------------------------------------------


@pytest.mark.parametrize("p", [0.02, 0.5, 0.98])
@pytest.mark.parametrize("h", [1e-3, 0.05, 0.5, 5.0])
def test_terms_of_the_growth_are_incomplete_beta_functions(p, h):
    k, w = np.arange(30), -math.expm1(-h)
    expected = betainc(k + 1, p, w) * beta(k + 1, p) / w**k / gamma(k + 1)
    np.testing.assert_allclose(growth_terms(p, h, 60)[:30], expected, rtol=1e-12)


@pytest.mark.parametrize(("most_events", "real"), [(1, "float64"), (1, "float32"), (30, "float64"), (30, "float32")])
def test_growth_has_as_many_terms_as_the_most_events_need(most_events, real):
    kinetics = Saturating.NMDA()
    g, y = growth(kinetics, GateStep(0.1, real, most_events, "here")), most_events
    fold = functools.reduce(lambda series, r: 1 + y * r * series, reversed(g.ratios), 1.0)
    terms = growth_terms(0.98, 0.05, 160)
    whole = math.fsum(t * float(y) ** k for k, t in enumerate(terms))
    assert g.head * -math.expm1(-0.05) * fold == pytest.approx(whole, rel={"float64": 1e-14, "float32": 1e-8}[real])
    assert len(g.ratios) < {1: 20, 30: 100}[most_events]


@pytest.mark.parametrize("scheme", [Markov.NMDA(), Markov.AMPA(), Markov.GABA_A()], ids=["NMDA", "AMPA", "GABA_A"])
@pytest.mark.parametrize("dt", [0.01, 0.1, 1.0])
def test_occupancies_stay_occupancies(scheme, dt):
    """P4, and P3: one step of 2 dt is two of dt."""
    s, twice = markov_scheme(scheme, dt), markov_scheme(scheme, 2 * dt)
    np.testing.assert_allclose(s.on @ s.on, twice.on, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(s.off @ s.off, twice.off, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(s.on @ s.drive + s.drive, twice.drive, rtol=1e-12, atol=1e-15)
    y, rng = np.zeros(s.size), np.random.default_rng(3)
    for _ in range(2000):
        y = s.on @ y + s.drive if rng.random() < 0.3 else s.off @ y
        # y[0] is the sum of the open states; the others are states of their own but for a further open one
        assert y.min() > -1e-15
        closed = y[1:].sum() - (y[[3]].sum() if len(scheme.open) == 2 else 0.0)
        assert y[0] + closed < 1 + 1e-14


def test_two_steps_of_the_cascade_are_one_of_twice_the_length():
    def matrix(dt, pulse):
        c = {name.removesuffix(f"_{pulse}"): value for name, value in cascade(GProtein(), dt).items()}
        return np.array([[c["R_R"], 0, c["R_1"]], [c["G_R"], c["G_G"], c["G_1"]], [0, 0, 1]])

    for pulse in ("on", "off"):
        step = matrix(0.1, pulse)
        np.testing.assert_allclose(step @ step, matrix(0.2, pulse), rtol=1e-13)


def test_steep_or_fast_gates_are_refused():
    with pytest.raises(
        gs.ParameterError, match=r"here.tau_rise: must be at least dt/5 = 0.2 ms \(got 0.1\).*jump=True"
    ):
        growth(Saturating(tau_rise=0.1), GateStep(1.0, "float64", 1, "here"))
    with pytest.raises(gs.ParameterError, match=r"31 events .* at most 30 \(got 31\); lower max_events="):
        growth(Saturating(), GateStep(0.1, "float64", 31, "here"))


def test_several_events_a_step_open_a_rising_gate_in_turn():
    """Coincident events add to x; the most that a source may send sets the number of terms."""
    lab = Lab(FASTEST, "double")
    traces = []
    for trains in ([[2.0, 2.0, 2.0]], [[2.0]] * 3):
        net = gs.Network()
        cells = net.population("cells", 1, gs.LIF(V_th=100.0), receptors=[gs.NMDA(kinetics=Saturating.NMDA())])
        net.connect(
            net.population("s", len(trains), gs.SpikeSource(trains)), cells, gs.AllToAll(), receptor="NMDA", weight=1.0
        )
        traces.append(run(lab, net, [net.record(cells, "g_NMDA")])[0]["g_NMDA"])
    assert traces[0].max() < 0.99 < 1.7 < traces[1].max()  # one synapse saturates, three add up
    y = math.exp(-3 * (1 - math.exp(-30.0)))
    assert traces[0].max() == pytest.approx(1 - y, rel=0.15)
