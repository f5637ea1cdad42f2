"""Homeostatic scaling: closed forms of the factor, ratios, rates, and the same bits everywhere."""

from math import exp

import numpy as np
import pytest

import gpusyn as gs
from tests.emulation import ORDERS, using
from tests.helpers.long_checks import every
from tests.helpers.runs import cpu, differences, emulated, outcome
from tests.plasticity import lab

DT = 0.1
TAU, TAU_RATE, RATE, EVERY = 40.0, 15.0, 120.0, 3.7  # ms and Hz: much happens in little time
SCALING = gs.HomeostaticScaling(RATE, TAU, TAU_RATE, EVERY)
STEPS = 1000


def factor(post, step, scaling=SCALING):
    """By what the weights onto a neuron with a train (steps) are multiplied in a step."""
    now = step - 1
    trace = sum(exp((k - now) * DT / scaling.tau_rate) for k in post if k <= now)
    r = 1e3 * trace / scaling.tau_rate + scaling.rate * exp(-now * DT / scaling.tau_rate)
    return exp(scaling.interval * (scaling.rate - r) / (scaling.rate * scaling.tau))


def trains(rng, n, many, gap=1):
    return [np.sort(rng.choice(np.arange(5, STEPS - 60, gap), many, replace=False)).tolist() for _ in range(n)]


def between(pre, post, weights, delays, rule, w_max=9.0):
    """A network of sources and forced cells, all to all, and the spikes of the cells (steps)."""
    net = gs.Network()
    before = lab.sources(net, "pre", pre, DT)
    cells = lab.forced(net, "post", post, [gs.AMPA(tau_decay=lab.TAU, E_rev=lab.REST)], DT)
    net.population("dopamine", 1, gs.SpikeSource([[20.0, 55.0]]))
    pairs = np.divmod(np.arange(len(pre) * len(post)), len(post))
    synapses = net.connect(
        before, cells, gs.FromArrays(*pairs), receptor="AMPA", weight=weights, w_max=w_max, delay=delays,
        plasticity=rule, name="scaled",
    )  # fmt: skip
    net.record(cells, "spikes", name="spikes")
    return net, synapses


def weights_of(net, precision="double", parts=(STEPS,)):
    with gs.Simulator(net, dt=DT, precision=precision) as sim:
        found = []
        for part in parts:
            sim.step(part)
            found.append(sim.weights("scaled").weight)
        return found, lab.trains_of(sim.data["spikes"], 3, DT)


def drawn(seed=4):
    rng = np.random.default_rng(seed)
    pre, post = trains(rng, 4, 40), [*trains(rng, 2, 25, gap=3), []]  # the last cell is silent
    return pre, post, rng.uniform(0.5, 1.5, 12), rng.integers(1, 40, 12) * DT


def test_the_factor_has_its_closed_form():
    net, _ = between(*drawn(), SCALING, w_max=20.0)
    (half, whole), spikes = weights_of(net, parts=(500, STEPS - 500))
    weight, every = drawn()[2], round(EVERY / DT)
    assert list(map(len, spikes)) == [25, 25, 0]
    for found, end in (half, 500), (whole, STEPS):
        factors = [np.prod([factor(post, k) for k in range(every, end + 1, every)]) for post in spikes]
        np.testing.assert_allclose(found, weight * np.tile(factors, 4), rtol=1e-12)
    assert whole[2] > 1.5 * weight[2]
    assert whole[0] < weight[0]


def test_a_weight_stays_below_its_bound_and_zero_stays():
    pre, post, weight, delay = drawn()
    weight[2], weight[5] = 1.0, 0.0
    net, _ = between(pre, post, weight, delay, SCALING, w_max=2.0)
    (found,), _ = weights_of(net)
    assert found[2] == 2.0
    assert found[5] == 0.0


def loop(pre, post, w, delay, dopamine, w_max=9.0, A=(0.02, 0.03), tau_c=30.0, tau_d=10.0, tau=20.0):
    """Weight of one synapse that spikes change, step by step; an eligibility of which dopamine makes changes, if so."""
    delay, every, r, o, c, d = round(delay / DT), round(EVERY / DT), 0.0, 0.0, 0.0, 0.0
    both = 1 / (1 / tau_c + 1 / tau_d)
    for now in range(1, STEPS + 1):
        w = min(max(w + w_max * c * d * both * (1 - exp(-DT / both)), 0.0), w_max)
        r, o, c, d = r * exp(-DT / tau), o * exp(-DT / tau), c * exp(-DT / tau_c), d * exp(-DT / tau_d)
        here, there = pre.count(now), post.count(now - delay)
        change = A[0] * r * there, -A[1] * o * here
        for one in change:
            w, c = (w, c + one) if dopamine else (min(max(w + w_max * one, 0.0), w_max), 0.0)
        r, o, d = r + here, o + there, d + (now in (200, 550)) / tau_d
        if now % every == 0:
            w = min(w * factor(post, now), w_max)
    return w


PAIRS = gs.STDP(A_plus=0.02, A_minus=0.03)
DOPAMINE = gs.DopamineSTDP(PAIRS, 30.0, 10.0, "dopamine")


@pytest.mark.parametrize("rule", [PAIRS, DOPAMINE], ids=["pairs", "dopamine"])
def test_learning_and_scaling_take_turns(rule):
    pre, post, weight, delay = drawn(9)
    net, _ = between(pre, post, weight, delay, [SCALING, rule])
    (found,), spikes = weights_of(net)
    expected = [
        loop(pre[k // 3], spikes[k % 3], weight[k], delay[k], isinstance(rule, gs.DopamineSTDP)) for k in range(12)
    ]
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    alone = weights_of(between(pre, post, weight, delay, SCALING)[0])[0][0]
    assert np.abs(found / alone - 1).max() > 0.01  # both count


def living(rule, n=12, low=150.0, high=500.0, **given):
    """Cells that inputs make spike, and the synapses that are scaled."""
    net = gs.Network()
    cells = net.population("cells", n, gs.LIF(I_e=gs.Uniform(low, high)), receptors=[gs.AMPA(), gs.NMDA()])
    inputs = net.population("inputs", 40, gs.PoissonSource(rate=60.0))
    values = {"weight": gs.Uniform(0.1, 1.0), "w_max": 6.0, "receptor": "AMPA", "delay": gs.Uniform(0.1, 3.0)}
    if any(isinstance(one, gs.NMDAPlasticity) for one in np.atleast_1d(rule)):
        contact = {"AMPA": values["weight"], "NMDA": gs.Ratio("AMPA", 0.1)}
        given |= {"receptor": None, "weight": contact, "w_max": {"AMPA": 6.0}}
    net.connect(inputs, cells, gs.FixedInDegree(30, multapses=False), **values | given, plasticity=rule, name="scaled")
    net.record(cells, "spikes", name="spikes")
    return net


def test_ratios_are_kept_to_the_last_bits():
    scaling = gs.HomeostaticScaling(20.0, 10_000.0, 100.0, 5.0)
    with gs.Simulator(living(scaling), dt=DT, seed=2) as sim:
        before, rank = sim.weights("scaled"), 0
        sim.run(1000.0)
        after = sim.weights("scaled").weight
        for target in range(12):
            own = before.post == target
            grown = after[own] / before.weight[own]
            rank += abs(grown.mean() - 1) > 0.05
            assert np.ptp(grown) < 200 * 2.0**-23 * grown.mean()  # of 200 scalings
            assert after[own].max() < 6.0
        assert rank > 6  # of the cells were scaled


def test_cells_come_to_fire_at_the_rate():
    scaling = gs.HomeostaticScaling(rate=12.0, tau=1000.0, tau_rate=300.0)
    net = living(scaling, low=0.0, high=100.0, w_max=20.0)
    with gs.Simulator(net, dt=0.5, seed=5, backend=cpu()) as sim:
        sim.run(8000.0)
        counts = sim.data["spikes"].between(0.0, 1000.0).counts(), sim.data["spikes"].between(4000.0, 8000.0).counts()
    assert np.abs(counts[0] - 12.0).max() > 5.0  # at first
    np.testing.assert_allclose(counts[1] / 4.0, 12.0, atol=2.5)


TOGETHER = {
    "alone": SCALING,
    "pairs": [gs.STDP(A_plus=0.1, A_minus=0.12, mu_plus=0.5), SCALING],
    "triplets": [gs.TripletSTDP(A2_plus=0.1), SCALING],
    "inhibition": [gs.InhibitorySTDP(eta=0.1, rate=50.0), SCALING],
    "dopamine": [gs.DopamineSTDP(gs.STDP(A_plus=0.1, A_minus=0.1), 20.0, 30.0, "inputs"), SCALING],
    "short-term": [gs.TsodyksMarkram(0.5, 30.0), SCALING],
    "spines": [gs.NMDAPlasticity(speed=10.0), SCALING],
    "rewiring": [gs.STDP(), SCALING, gs.Rewiring(every=20.0, prune_below=0.3, weight=0.5)],
    "quanta": [gs.QuantalRelease(5, 0.5, 0.3), gs.STDP(), SCALING],
}


def run(net, backend, precision="single", threads=None, parts=(STEPS,)):
    with gs.Simulator(net, dt=DT, seed=3, precision=precision, backend=backend, threads=threads) as sim:
        for part in parts:
            sim.step(part)
            sim.weights("scaled")
        return outcome(sim)


FURTHER = ("triplets", "inhibition", "quanta", "pairs", "dopamine", "rewiring")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.fuzz] * (name in FURTHER)) for name in TOGETHER]
)
def test_all_backends_have_the_bits_of_numpy_however_a_run_is_split(name):
    cpu()  # or skip
    precision = "double" if name in ("alone", "triplets") else "single"
    expected = run(living(TOGETHER[name]), "numpy", precision)
    assert expected["spikes times"].size > 30
    for threads, parts in (1, (36, 1, 1, 962)), (3, (111, 37, 852)):
        assert differences(expected, run(living(TOGETHER[name]), "cpu", precision, threads, parts)) == []


@pytest.mark.parametrize("name", every(3, ["dopamine", "alone", "pairs"]))
def test_a_gpu_would_have_the_same_bits(name):
    net = [living(TOGETHER[name], 40, delay=gs.Uniform(0.1, 1.0)) for _ in range(2)]
    expected = run(net[0], "numpy", parts=(80,))
    with using(order=ORDERS["drawn-1"]):
        assert differences(expected, run(net[1], emulated(64), parts=(30, 50))) == []


@pytest.mark.parametrize("name", ["pairs", "triplets", "dopamine"])
def test_settling_for_other_reasons_changes_no_bit(name, monkeypatch):
    cpu()
    few = run(living(TOGETHER[name]), "cpu")
    monkeypatch.setattr("gpusyn.builder.plasticity.trains.LEAST_DEPTH", 1)
    assert differences(few, run(living(TOGETHER[name]), "cpu")) == []


def test_reset_and_new_weights():
    net = living(TOGETHER["pairs"])
    with gs.Simulator(net, dt=DT, seed=3, backend="numpy") as sim:
        sim.step(300)
        first = sim.weights("scaled").weight
        sim.set_weights("scaled", 0.5 * first)
        assert np.allclose(sim.weights("scaled").weight, 0.5 * first)
        sim.step(37)
        assert np.abs(sim.weights("scaled").weight - 0.5 * first).max() > 1e-3
        sim.reset()
        sim.step(300)
        assert np.array_equal(sim.weights("scaled").weight, first)


def test_the_plan_tells_about_it():
    text = gs.plan(living(TOGETHER["pairs"])).describe(details=True)
    assert "360 weights of scaled.AMPA are multiplied by one factor for each target every 3.7 ms" in text
    assert "homeostatic scaling" in text


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (gs.HomeostaticScaling(5.0, 100.0, every=0.25), "HomeostaticScaling.every: must be a multiple of dt"),
        (gs.HomeostaticScaling(5.0, 100.0, every=0.1), "HomeostaticScaling.every: must be at least 0.2 ms"),
        (gs.HomeostaticScaling(5.0, 0.1), "HomeostaticScaling.tau: must be at least 2 steps"),
        (gs.HomeostaticScaling(5.0, 1e9, 1e9), "HomeostaticScaling has a time constant of 1e\\+09 ms"),
    ],
)
def test_what_does_not_fit_the_time_step_is_refused(rule, words):
    with pytest.raises(gs.ParameterError, match=words):
        gs.plan(living(rule), dt=DT)
