"""Calcium above thresholds: the published sets, times above thresholds, courses of weights, and noise."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

import gpusyn as gs
from gpusyn.plasticity.calcium import PUBLISHED
from tests.helpers.long_checks import every
from tests.helpers.runs import backend_named, cpu, differences, emulated, outcome
from tests.plasticity.calcium_loop import calcium, change_of_strength, course, distribution, occupancy
from tests.plasticity.lab import Contact, conductance, forced, network, run, sources
from tests.plasticity.plain_loops import Synapse

DT = 0.1
# Of the set DP, pairs at 1 Hz: lag (ms), fractions of time above theta_d and theta_p, change of strength by 60 pairs.
ROWS = [
    (20.0, 0.020084485, 0.0148372, 1.1722103),
    (-20.0, 0.02017213, 0.0096775597, 0.76426331),
    (60.0, 0.014826993, 0.0095797075, 1.0349216),
]


def paired(rules, lags, pairs, synapses=1, dt=DT, first=0.5, w_max=1.0):
    """A network in which some sources and one cell for each lag (ms) spike in pairs at 1 Hz, with a rule each.

    All synapses begin at rho = `first`. Sources spike once more half a second after the last pair, which ends the time
    of its noise.
    """
    net = gs.Network()
    second, begin = round(1000.0 / dt), round(100.0 / dt)
    train = [begin + second * k for k in range(pairs)]
    before = sources(net, "pre", [[*train, train[-1] + second // 2]] * synapses, dt)
    trains = [[begin + round(lag / dt) - 1 + second * k for k in range(pairs)] for lag in lags]  # one step back
    cells = forced(net, "post", trains, [gs.AMPA(E_rev=-70.0)], dt)
    for name, rule in rules.items():
        weight = 1.0 / rule.b + first * (1.0 - 1.0 / rule.b)
        net.connect(
            before, cells, gs.AllToAll(), receptor="AMPA", weight=w_max * weight, w_max=w_max, delay=dt,
            plasticity=rule, name=name,
        )  # fmt: skip
    return net


def efficacies(net, rules, until, dt=DT, **how):
    """Return rho of each rule's synapses, by source and cell, at a time (ms)."""
    with gs.Simulator(net, dt=dt, precision="double", **{"backend": cpu(1), **how}) as sim:
        sim.run(until)
        found = {name: sim.weights(name).weight for name in rules}
        n = sim.net.populations["post"].size
    return {name: ((w - 1.0 / rules[name].b) / (1.0 - 1.0 / rules[name].b)).reshape(-1, n) for name, w in found.items()}


def weak(rule, times):
    """A rule of the same times above thresholds, whose cubic and second order vanish."""
    return replace(rule, tau=rule.tau * times)


# ---- closed forms ----


@pytest.mark.parametrize(("lag", "above_d", "above_p", "change"), ROWS)
def test_the_closed_forms_of_the_tests_are_those_of_the_authors(lag, above_d, above_p, change):
    above = occupancy(gs.CalciumSTDP(), lag)
    assert above == pytest.approx((above_d, above_p), rel=1e-6)
    assert change_of_strength(gs.CalciumSTDP(), above, 60e3) == pytest.approx(change, rel=1e-6)


def test_times_above_both_thresholds_are_exact():
    """With potentiation alone rho = 1 - exp(-gamma_p t / tau), where t is the time above its threshold."""
    base = gs.CalciumSTDP(gamma_d=0.0, gamma_p=1e9, tau=1e15, sigma=0.0)
    rules = {"p": base, "d": replace(base, theta_p=base.theta_d)}
    found = efficacies(paired(rules, [lag for lag, *_ in ROWS], 2, first=0.0), rules, 1590.0)
    times = {name: -np.log1p(-rho[0]) * 1e6 / 2000.0 for name, rho in found.items()}
    assert times["d"] == pytest.approx([row[1] for row in ROWS], rel=1e-6)
    assert times["p"] == pytest.approx([row[2] for row in ROWS], rel=1e-6)


def test_the_window_of_each_set_is_the_closed_form():
    """Few weak pairs move rho from 1/2 by the difference of both times, each with half its gamma."""
    rules = {name: weak(gs.CalciumSTDP.published(name, sigma=0.0), 1e4) for name in PUBLISHED}
    lags = [-90.0, -60.0, -30.0, -15.0, -5.0, 0.0, 5.0, 10.0, 20.0, 30.0, 60.0, 90.0]
    found = efficacies(paired(rules, lags, 2), rules, 1590.0)  # before the last spike
    for name, rule in rules.items():
        on_grid = replace(rule, D=round(rule.D / DT) * DT)
        above = np.array([occupancy(on_grid, lag) for lag in lags])
        wanted = (rule.gamma_p * above[:, 1] - rule.gamma_d * above[:, 0]) * 0.5 * 2000.0 / rule.tau
        assert found[name][0] - 0.5 == pytest.approx(wanted, rel=1e-4, abs=1e-4 * np.abs(wanted).max()), name
    assert wanted.max() > 0 > wanted.min()  # cortical slices have both


# ---- courses ----


def drawn(rate, steps, seed):
    """Return the steps of spikes with drawn gaps, at least two steps apart."""
    gaps = 2 + np.random.default_rng(seed).exponential(1000.0 / rate / DT, steps // 10).astype(int)
    train = np.cumsum(gaps)
    return train[train < steps].tolist()


@pytest.mark.parametrize(("delay", "axonal"), [(30, 0), (30, 11), (7, 7), (1, 1)])
def test_the_course_of_a_weight_is_that_of_its_differential_equation(delay, axonal):
    """All sets at a time, with spikes as often as every few ms; what remains is the error of second order."""
    steps, stops = 4000, [501, 2345, 4000]
    pre, post = [drawn(60.0, steps, 1), drawn(9.0, steps, 2)], [drawn(40.0, steps, 3), []]
    net = gs.Network()
    before, cells = sources(net, "pre", pre, DT), forced(net, "post", post, [gs.AMPA(E_rev=-70.0)], DT)
    rules = {name: gs.CalciumSTDP.published(name, sigma=0.0) for name in PUBLISHED}
    for name, rule in rules.items():
        net.connect(
            before, cells, gs.AllToAll(), receptor="AMPA", weight=0.55, w_max=1.0, delay=round(delay * DT, 9),
            plasticity=rule, axonal=axonal / delay, name=name,
        )  # fmt: skip
    synapse = Synapse(0.55, 1.0, delay, axonal, DT)
    with gs.Simulator(net, dt=DT, backend=cpu(1), precision="double") as sim:
        for begin, stop in zip([0, *stops], stops, strict=False):
            sim.step(stop - begin)
            for name, rule in rules.items():
                wanted = [course(rule, synapse, i, j, stop).weight for i in pre for j in post]
                found = sim.weights(name).weight
                assert found == pytest.approx(wanted, abs=2e-8), (name, stop)
                assert np.ptp(found) > 1e-3 or stop < steps


def test_spikes_deliver_the_weight_at_their_arrival():
    rule = gs.CalciumSTDP(sigma=0.0, tau=2e3, gamma_p=2.0, gamma_d=1.5)
    synapse = Synapse(0.5, 1.0, 40, 10, DT)
    pre, post = drawn(60.0, 3000, 5), drawn(50.0, 3000, 6)
    contacts = [Contact(0, 0, synapse)]
    found = run(network(contacts, [pre], [post], 0.25, rule), contacts, [3000], backend=cpu(1), precision="double")
    delivered = [(spike + 40, course(rule, synapse, pre, post, spike + 10).weight) for spike in pre]
    assert np.ptp([weight for _, weight in delivered]) > 0.05
    assert found.conductance[:, 0] == pytest.approx(conductance(delivered, 3000, DT), abs=1e-5)


@pytest.mark.parametrize(
    ("delay", "axonal"), [(30, 11), *(pytest.param(*way, marks=pytest.mark.fuzz) for way in ((1, 1), (30, 0), (7, 7)))]
)
def test_calcium_of_a_synapse_is_a_sum_of_exponentials(delay, axonal, monkeypatch):
    """That of spikes which have reached it, however many have come since, and after weights were set."""
    monkeypatch.setattr("gpusyn.builder.plasticity.trains.LEAST_DEPTH", 1)
    steps, every = 1500, 5
    pre, post = [drawn(60.0, steps, 1), drawn(9.0, steps, 2)], [drawn(40.0, steps, 3), []]
    net = gs.Network()
    before = sources(net, "pre", pre, DT)
    cells = forced(net, "post", post, [gs.AMPA(E_rev=-70.0), gs.NMDA(E_rev=-70.0)], DT)
    rules = {name: gs.CalciumSTDP.published(name, learns="NMDA") for name in PUBLISHED}
    for name, rule in rules.items():
        net.connect(
            before, cells, gs.AllToAll(), weight={"AMPA": 0.1, "NMDA": 0.55}, w_max={"NMDA": 1.0},
            delay=round(delay * DT, 9), plasticity=rule, axonal=axonal / delay, name=name,
        )  # fmt: skip
        net.record(name, "Ca", every=every * DT, name=f"Ca of {name}")
    net.record("DP", ["weight_NMDA", "Ca"], synapses=[2], every=2.0, name="one")
    synapse = Synapse(0.55, 1.0, delay, axonal, DT)
    with gs.Simulator(net, dt=DT, backend=cpu(1), precision="double") as sim:
        sim.step(701)
        sim.set_weights("DP", 0.3, "NMDA")
        sim.step(steps - 701)
        for name, rule in rules.items():
            samples = range(every, steps + 1, every)
            wanted = np.transpose([calcium(rule, synapse, i, j, samples) for i in pre for j in post])
            data = sim.data[f"Ca of {name}"]
            assert data["Ca"] == pytest.approx(wanted, rel=1e-9, abs=1e-12), name
            assert np.array_equal(sim.get(name, "Ca"), data["Ca"][-1])
            assert wanted.max() > rule.theta_p
        assert data.units["Ca"] == "1"
        assert np.array_equal(sim.data["one"]["Ca"][:, 0], sim.data["Ca of DP"]["Ca"][3::4, 2])
        assert np.array_equal(sim.get("DP", "weight_NMDA"), sim.weights("DP", "NMDA").weight)
        sim.reset()
        assert not sim.get("DP", "Ca").any()


def test_rest_between_spikes_takes_rho_to_the_nearer_stable_state():
    rule = gs.CalciumSTDP(sigma=0.0, tau=100.0)
    net = paired({"p": rule}, [500.0], 1)
    with gs.Simulator(net, dt=DT, backend="numpy", precision="double") as sim:
        sim.set_weights("p", 0.2 + 0.8 * 0.51)
        rho = []
        for _ in range(2):
            sim.run(45.0)
            rho.append((sim.weights("p").weight[0] - 0.2) / 0.8)
        for time, found in zip([45.0, 90.0], rho, strict=True):  # 1/y^2 - 4 decays with tau/2 from that of y = 0.01
            assert 1.0 / (found - 0.5) ** 2 - 4.0 == pytest.approx((1e4 - 4.0) * math.exp(-time / 200.0), rel=1e-9)


# ---- noise ----
SYNAPSES = 3000
LAGS = [lag for lag, *_ in ROWS]


def without_cubic():
    """The set DP, with a cubic whose time constant is a thousand times as long as that of all else."""
    many = 1000.0
    rule = gs.CalciumSTDP(D=13.5)
    size = {"gamma_d": rule.gamma_d * many, "gamma_p": rule.gamma_p * many, "sigma": rule.sigma * math.sqrt(many)}
    return replace(rule, tau=rule.tau * many, **size)


def noisy(rule, first, pairs, **how):
    """Rho of synapses that were at `first`, after pairs, by synapse and lag."""
    net = paired({"p": rule}, LAGS, pairs, SYNAPSES, 0.5, first)
    return efficacies(net, {"p": rule}, 1000.0 * pairs - 390.0, 0.5, seed=1, **how)["p"]


def test_noise_has_the_moments_of_an_ornstein_uhlenbeck_process():
    rule, pairs = without_cubic(), 10
    rho = noisy(rule, 0.5, pairs)
    for k, lag in enumerate(LAGS):
        wanted = distribution(rule, occupancy(rule, lag), 1000.0 * pairs, 0.5)
        sd = math.sqrt(wanted.variance)
        assert rho[:, k].mean() == pytest.approx(wanted.mean, abs=4.0 * sd / math.sqrt(SYNAPSES))
        assert rho[:, k].std() == pytest.approx(sd, rel=4.0 / math.sqrt(2.0 * SYNAPSES) + 0.02)
        part = (rho[:, k] - rho[:, k].mean()) / rho[:, k].std()
        assert abs(np.mean(part**3)) < 0.2
        assert np.mean(part**4) == pytest.approx(3.0, abs=0.4)
    assert abs(np.corrcoef(rho.T) - np.eye(len(LAGS))).max() < 0.08  # each synapse has its own


def test_the_change_of_strength_is_the_closed_form():
    """Weak and strong synapses end in the other state as often as the authors' formula says.

    Noise takes strong ones beyond what the weight can be: if that were cut off for good, fewer would stay strong.
    """
    rule, pairs = without_cubic(), 20
    strong = [noisy(rule, first, pairs) > 0.5 for first in (0.0, 1.0)]
    for k, lag in enumerate(LAGS):
        above = occupancy(rule, lag)
        up = 0.5 * (strong[0][:, k].mean() + strong[1][:, k].mean())
        found = (1.0 - up + rule.b * up) / (0.5 + 0.5 * rule.b)
        error = (rule.b - 1.0) / (0.5 + 0.5 * rule.b) * 0.5 / math.sqrt(2 * SYNAPSES)
        assert found == pytest.approx(change_of_strength(rule, above, 1000.0 * pairs), abs=4.0 * error), lag


@pytest.mark.fuzz
def test_the_change_of_strength_by_the_published_set_is_near_that_of_the_authors():
    """Their formula leaves out the cubic, which pulls what is still near a stable state back to it."""
    rule, strong = gs.CalciumSTDP(), []
    for first in (0.0, 1.0):
        net = paired({"p": rule}, LAGS, 60, SYNAPSES, DT, first)
        strong.append(efficacies(net, {"p": rule}, 60e3 - 390.0, seed=1)["p"] > 0.5)
    for k, (_, _, _, wanted) in enumerate(ROWS):
        up = 0.5 * (strong[0][:, k].mean() + strong[1][:, k].mean())
        assert (1.0 - up + rule.b * up) / (0.5 + 0.5 * rule.b) == pytest.approx(wanted, abs=0.04)


def test_trials_have_noise_of_their_own_and_reset_returns_to_it():
    rule = gs.CalciumSTDP(sigma=100.0)

    def told(sim):
        sim.run(650.0)
        return sim.weights("p").weight

    def new(trial):
        return gs.Simulator(paired({"p": rule}, LAGS, 1, 40, 0.5), dt=0.5, backend=cpu(1), trial=trial)

    with new(0) as sim, new(3) as other:
        first, second = told(sim), told(other)
        assert np.unique(first).size > 40
        assert not np.any((first == second) & (first > 0) & (first < 1))
        sim.reset(trial=3)
        assert np.array_equal(told(sim), second)
        sim.reset(trial=0)
        assert np.array_equal(told(sim), first)


def test_new_weights_have_nothing_cut_off():
    """After noise has taken rho far out, a weight that is set is what it is."""
    rule = gs.CalciumSTDP(sigma=1000.0)
    with gs.Simulator(paired({"p": rule}, LAGS, 1, 40, 0.5), dt=0.5, backend=cpu(1), precision="double") as sim:
        sim.run(640.0)
        at_bounds = np.isin(sim.weights("p").weight, [0.0, 1.0])
        assert at_bounds.sum() > 40
        sim.set_weights("p", 0.6)
        sim.run(200.0)  # no spike
        assert sim.weights("p").weight == pytest.approx(np.full(120, 0.6), abs=1e-12)


@pytest.mark.parametrize("backend", every(2, ["cpu", "numpy"]))
def test_no_sum_of_a_weight_and_its_noise_exceeds_a_word(backend):
    """A largest weight just below a power of two is stored by the largest number, one at it by half of that."""
    rule, found = gs.CalciumSTDP(sigma=1000.0), []
    for w_max in (0.999, 1.0):
        net = paired({"p": rule}, LAGS, 4, 40, 0.5, w_max=w_max)
        with gs.Simulator(net, dt=0.5, backend=backend_named(backend)) as sim:
            sim.run(3640.0)
            found.append(sim.weights("p").weight / w_max)
    assert np.isin(found[1], [0.0, 1.0]).sum() > 60
    assert found[0] == pytest.approx(found[1], abs=1e-5)


# ---- bits ----


def busy(axonal, sigma):
    """Sources and cells that spike often, with rules of several parameters onto one receptor."""
    net = gs.Network()
    noise = net.population("noise", 9, gs.PoissonSource(rate=100.0, max_events=3))
    cells = net.population("cells", 7, gs.LIF(I_e=gs.Uniform(150.0, 700.0), t_ref=0.1), receptors=[gs.AMPA()])
    for name, D in (("DP", 3.0), ("hippocampal slices", 0.0)):
        rule = gs.CalciumSTDP.published(name, sigma=sigma, tau=2e4, D=D)
        net.connect(
            noise + cells, cells, gs.FixedProbability(0.7), receptor="AMPA", weight=gs.Uniform(0.0, 0.2), w_max=0.2,
            delay=gs.Uniform(0.1, 0.3), plasticity=rule, axonal=axonal, name=name,
        )  # fmt: skip
    net.connect(noise, cells, gs.AllToAll(), receptor="AMPA", weight=0.2, w_max=0.3, plasticity=gs.STDP(), name="pairs")
    net.record(cells + noise, "spikes", name="spikes")
    net.record("DP", "Ca", every=0.5, name="Ca")
    net.record("hippocampal slices", ["Ca", "weight"], every=0.3, synapses=[0, 7, 30], start=2.0, name="some")
    return net


def played(axonal, sigma, backend, precision, chunks, threads=None):
    with gs.Simulator(busy(axonal, sigma), dt=DT, seed=3, backend=backend, precision=precision, threads=threads) as sim:
        for steps in chunks:
            sim.step(steps)
        sim.set_weights("DP", sim.weights("DP").weight[::-1])
        sim.step(40)
        return outcome(sim)


@pytest.mark.parametrize(
    ("axonal", "sigma", "precision"), [(0.4, 20.0, "double"), pytest.param(1.0, 0.0, "single", marks=pytest.mark.fuzz)]
)
def test_no_bit_depends_on_the_backend_or_on_when_synapses_are_visited(axonal, sigma, precision, monkeypatch):
    monkeypatch.setattr("gpusyn.builder.plasticity.trains.LEAST_DEPTH", 1)  # all synapses are visited often
    expected = played(axonal, sigma, "numpy", precision, [70])
    assert np.unique(expected["DP AMPA weight"]).size > 40
    for threads, chunks in ((1, [70]), (3, [1, 50, 19])):
        assert differences(expected, played(axonal, sigma, "cpu", precision, chunks, threads)) == []
    assert differences(expected, played(axonal, sigma, emulated(64), precision, [30, 40])) == []
    monkeypatch.undo()
    assert differences(expected, played(axonal, sigma, "cpu", precision, [30, 40], 2)) == []
