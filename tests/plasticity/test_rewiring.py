"""Rewiring of running networks: what is deleted, made and kept, and the same bits however the network is run."""

from __future__ import annotations

import dataclasses
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gpusyn as gs
from gpusyn.simulation.spine_access import calcium_of
from gpusyn.simulation.weight_access import ChosenSynapses
from tests.helpers.long_checks import pairs
from tests.helpers.runs import backend_named, cpu, differences, outcome
from tests.plasticity.lab import REST, TAU, conductance, forced, sources
from tests.plasticity.taught import RULES as TAUGHT
from tests.plasticity.taught import expected, steps

DT, EVERY = 0.1, 2.0
RULES = {
    "in": gs.FixedInDegree(6),
    "out": gs.FixedOutDegree(6, multapses=False),
    "p": gs.FixedProbability(0.2, autapses=False),
    "total": gs.FixedTotalNumber(150),
    "near": gs.DistanceDependent(0.6, sigma=3.0),
}
LEARNING = {
    "alone": [],
    "pairs": [gs.STDP(A_plus=0.3, A_minus=0.4, learns="AMPA")],
    "triplets": [gs.TripletSTDP(A2_plus=0.1, A2_minus=0.2, A3_minus=0.1, learns="AMPA")],
    "inhibition": [gs.InhibitorySTDP(eta=0.5, rate=60.0, learns="AMPA")],
    "short": [gs.TsodyksMarkram(0.6, 20.0), gs.STDP(A_plus=0.3, A_minus=0.4, learns="AMPA")],
    "dopamine": [
        gs.DopamineSTDP(gs.STDP(0.4, 0.5, learns="AMPA"), 30.0, 5.0, gs.Waveform([0.0, 3.0], [200.0, -90.0])),
    ],
    "calcium": [gs.CalciumSTDP(C_pre=0.9, D=1.0, tau=20000.0, sigma=0.0, learns="AMPA")],
    "spines": [gs.NMDAPlasticity(speed=300.0)],
    "scaling": [gs.HomeostaticScaling(5.0, 60.0, 5.0, every=1.5, learns="AMPA"), gs.STDP(0.3, 0.4, learns="AMPA")],
}
REWIRING = gs.Rewiring(every=EVERY, prune_below=0.5, weight=gs.Uniform(0.2, 1.5), learns="AMPA")


def network(rule="in", learning="pairs", axonal=0.0, n=25):
    """Neurons that fire at rates of their own, and sources, onto some of the neurons."""
    net = gs.Network()
    place = np.arange(float(n))[:, None]
    cell = gs.LIF(I_e=gs.Uniform(300.0, 4000.0), t_ref=1.0)
    cells = net.population("cells", n, cell, receptors=[gs.AMPA(), gs.NMDA()], V=-60.0, positions=place)
    noise = net.population("noise", n, gs.PoissonSource(rate=300.0), positions=place)
    weights = {"AMPA": gs.Uniform(0.0, 2.0), "NMDA": gs.Ratio("AMPA", 0.25)}
    options = {"w_max": {"AMPA": 2.0}, "delay": gs.Uniform(0.1, 1.5), "plasticity": [*LEARNING[learning], REWIRING]}
    share = None if learning in ("alone", "spines") else axonal
    for name, pre in {"recurrent": cells, "given": noise}.items():
        net.connect(pre, cells[3:], RULES.get(rule, rule), weight=weights, **options, axonal=share, name=name)
    net.record(cells, "spikes", name="spikes")
    net.record(cells[:5], ["V", "g_AMPA", "g_NMDA"], name="traces")
    return net


def run(net, backend="numpy", cuts=(), n=70, reset=None, set_at=0, **how):
    """Everything that came out, and the rewirings."""
    with gs.Simulator(net, dt=DT, seed=5, backend=backend, **how) as sim:
        if reset is not None:
            sim.step(reset)
            sim.reset()
        at = 0
        for stop in sorted({*cuts, set_at, n}):
            sim.step(stop - at)
            at = stop
            if set_at and stop == set_at:
                w = sim.weights("given", "AMPA").weight
                sim.set_weights("given", np.roll(w, 5), receptor="AMPA")
        found = outcome(sim)
        for name in ("recurrent", "given"):
            if "Ca" in net.projections[name].variables:
                found[f"{name} Ca"] = sim.get(name, "Ca")
            found |= {f"{name} {key}": array for key, array in sim.rewirings(name)._asdict().items()}
        return found


CASES = [  # the emulator is slow
    pytest.param("in", "dopamine", 0.5, ("numpy", "cpu"), marks=pytest.mark.fuzz),
    ("total", "pairs", 1.0, ("cpu", "cuda-emulated")),
    *(pytest.param(rule, "pairs", 0.0, ("numpy", "cpu"), marks=pytest.mark.fuzz) for rule in RULES),
    *(pytest.param("in", one, 0.0, ("numpy", "cpu"), marks=pytest.mark.fuzz) for one in LEARNING if one != "pairs"),
    pytest.param("in", "triplets", 0.6, ("numpy", "cpu", "cuda-emulated"), marks=pytest.mark.fuzz),
    pytest.param("p", "dopamine", 0.0, ("numpy", "cpu", "cuda-emulated"), marks=pytest.mark.fuzz),
]
CUTS = {"numpy": (7, 20, 21, 40, 61), "cpu": (1, 19, 41), "cuda-emulated": (40,)}


@pytest.mark.parametrize(("rule", "learning", "axonal", "backends"), CASES)
def test_the_same_bits_on_every_backend_and_for_any_split(rule, learning, axonal, backends):
    whole = run(network(rule, learning, axonal), set_at=30)
    assert whole["recurrent times"].tolist() == [2.0, 4.0, 6.0]
    if learning not in ("alone", "spines", "calcium"):
        assert (whole["given deleted"] > 0).all()
    assert 0 < whole["given created"].sum() <= whole["given deleted"].sum()
    for name in backends:
        for threads in (1, 3) if name == "cpu" else (None,):
            found = run(network(rule, learning, axonal), backend_named(name), CUTS[name], set_at=30, threads=threads)
            assert differences(whole, found) == []
    reset = run(network(rule, learning, axonal), reset=45, set_at=30)
    assert differences(whole, reset) == []


def test_double_precision_and_chunks():
    one = run(network("p", "pairs", 0.3), precision="double")
    assert differences(one, run(network("p", "pairs", 0.3), cpu(2), precision="double", chunk_steps=3)) == []


def test_a_trial_has_other_spikes_and_the_same_words():
    """The words of a rewiring are those of the network, so trials differ by what is deleted alone."""
    with gs.Simulator(network(), seed=5, backend="numpy") as sim:
        sim.run(4.0)
        first = sim.weights("given", "AMPA")
        sim.reset(trial=1)
        sim.run(4.0)
        other = sim.weights("given", "AMPA")
        assert not np.array_equal(first.pre, other.pre)
    with gs.Simulator(network(), seed=5, trial=1, backend="numpy") as sim:
        sim.run(4.0)
        again = sim.weights("given", "AMPA")
    assert all(np.array_equal(*both) for both in zip(other, again, strict=True))
    found = []
    for trial in (0, 1):  # nothing learns: the same is deleted and made
        with gs.Simulator(network(learning="alone"), seed=5, trial=trial, backend="numpy") as sim:
            sim.run(2.0)
            found.append(sim.weights("given", "AMPA"))
    assert all(np.array_equal(*both) for both in zip(*found, strict=True))


@pytest.mark.parametrize("rule", RULES)
def test_what_is_deleted_made_and_kept(rule):
    """Without learning, weights say what happens."""
    with gs.Simulator(network(rule, "alone"), seed=5, backend="numpy") as sim:
        for name in ("recurrent", "given"):
            sim.reset()
            before = [sim.weights(name, key) for key in ("AMPA", "NMDA")]
            sim.run(2.0)
            after = [sim.weights(name, key) for key in ("AMPA", "NMDA")]
            done = sim.rewirings(name)
            weak = before[0].weight < 0.5
            assert done.deleted.tolist() == [weak.sum()]
            assert len(after[0].pre) - len(before[0].pre) == int(done.created[0] - done.deleted[0])

            def rows(one, which):
                return sorted(zip(*(np.asarray(x)[which].tolist() for x in one), strict=True))

            for old, new in zip(before, after, strict=True):
                kept, every = rows(old, ~weak), rows(new, slice(None))
                pairs = {row[:2] for row in kept}
                made = [row for row in every if row[:2] not in pairs]
                assert sorted(row for row in every if row[:2] in pairs) == kept
                assert len({row[:2] for row in made}) == len(made) == done.created[0]
                assert all(0.1 <= row[3] <= 1.5 for row in made)  # delays
            ratio = after[1].weight / after[0].weight
            made = ~np.isin(after[0].pre * 25 + after[0].post, (before[0].pre * 25 + before[0].post)[~weak])
            assert made.sum() == done.created[0] > 0
            assert np.allclose(ratio[made], 0.25, rtol=1e-4)
            assert 0.2 <= after[0].weight[made].min() <= after[0].weight[made].max() <= 1.5
            if rule == "in":
                assert (np.bincount(after[0].post) == 6).all()
            if rule == "out":
                assert (np.bincount(after[0].pre, minlength=25) == 6).all()
            if rule == "p":
                assert name == "given" or (after[0].pre != after[0].post + 3).all()
                assert np.unique(after[0].pre * 25 + after[0].post).size == len(after[0].pre)


def test_numbers_balance_over_many_rewirings():
    with gs.Simulator(network("total"), seed=1, backend="numpy") as sim:
        first = len(sim.weights("given", "AMPA").pre)
        sim.run(20.0)
        done, last = sim.rewirings("given"), sim.weights("given", "AMPA")
    assert done.times.tolist() == [2.0 * k for k in range(1, 11)]
    assert len(last.pre) - first == done.created.sum() - done.deleted.sum()
    assert done.deleted.sum() > 100


def test_too_few_free_pairs_make_fewer_synapses_and_are_told_once(caplog):
    """Three sources, of which each target has 6 synapses: two of a pair leave no other pair."""
    net = gs.Network()
    noise = net.population("noise", 3, gs.PoissonSource(rate=300.0))
    cells = net.population("cells", 4, gs.LIF(), receptors=[gs.AMPA()])
    rewiring = gs.Rewiring(every=1.0, prune_below=0.5, weight=0.1)
    net.connect(
        noise, cells, gs.FixedInDegree(6), receptor="AMPA", weight=0.1, w_max=1.0, plasticity=rewiring, name="p"
    )
    with gs.Simulator(net, backend="numpy") as sim, caplog.at_level("WARNING", logger="gpusyn"):
        sim.run(1.0)
        assert sim.rewirings("p")[1:] == ([24], [12])
        first = sim.weights("p")
        assert np.array_equal(first.pre * 4 + first.post, np.arange(12))
        sim.set_weights("p", np.arange(12) / 12.0)
        sim.run(1.0)
        assert sim.rewirings("p").created.tolist() == [12, 6]
        w = sim.weights("p").weight
        assert np.allclose(w, [0.1] * 6 + [k / 12 for k in range(6, 12)], atol=1e-6)
        sim.run(1.0)
        sim.reset()
        assert len(sim.weights("p").pre) == 24
        assert sim.rewirings("p").times.size == 0
    told = [record.message for record in caplog.records if "pairs were free" in record.message]
    assert told == ["Projection 'p': rewiring made 12 synapses in place of 24, because no more pairs were free"]


LONG = [pytest.param(name, axonal, marks=pytest.mark.fuzz) for name in TAUGHT for axonal in (0.0, 0.5, 1.0)]


@pytest.mark.parametrize(("name", "axonal"), [("powers", 0.0), ("triplet", 0.5), ("inhibitory", 1.0), *LONG])
def test_new_synapses_learn_from_then_on_and_old_ones_as_if_nothing_had_been(name, axonal):
    """Each weight against plain loops: all synapses have one delay, and new ones begin with one weight."""
    rule, at, end, delay, limit = TAUGHT[name], 250, 490, 8, 0.9
    net = gs.Network()
    lists = net.population("lists", 6, gs.SpikeSource(np.arange(6)[:, None] * 1.3 + np.arange(1.0, 52.0, 7.0)))
    cells = net.population("cells", 6, gs.LIF(I_e=np.linspace(600.0, 1500.0, 6), t_ref=1.0), receptors=[gs.AMPA()])
    rewiring = gs.Rewiring(every=at * DT, prune_below=limit, weight=1.0)
    net.connect(
        lists, cells, gs.FixedInDegree(3, multapses=False), receptor="AMPA", weight=gs.Uniform(0.3, 1.5), w_max=2.0,
        delay=delay * DT, plasticity=[rule, rewiring], axonal=axonal, name="p",
    )  # fmt: skip
    net.record(lists, "spikes", name="pre")
    net.record(cells, "spikes", name="post")
    with gs.Simulator(net, dt=DT, seed=2, backend="numpy", precision="double") as sim:
        first = {(int(i), int(j)): w for i, j, w in zip(*sim.weights("p")[:3], strict=True)}
        sim.step(at)
        pairs = set(zip(*(x.tolist() for x in sim.weights("p")[:2]), strict=True))
        sim.step(end - at)
        last, done = sim.weights("p"), sim.rewirings("p")
        pre, post = sim.data["pre"], sim.data["post"]
    fresh = pairs - set(first)
    deleted = set(first) - pairs
    assert deleted
    assert 0 < len(fresh) <= done.created[0] < 18
    way = round(axonal * delay)
    for i, j, w in zip(*(x.tolist() for x in last[:3]), strict=True):
        train = [steps(pre, i), steps(post, j)]
        if (i, j) in fresh:
            assert w == pytest.approx(expected(rule, *train, delay, way, end, given={at: 1.0}), abs=2e-5)
            continue
        until = expected(rule, *train, delay, way, at, weight=first[i, j])
        given_ = None if until > limit else {at: 1.0}  # deleted, and made again
        assert w == pytest.approx(expected(rule, *train, delay, way, end, first[i, j], given_), abs=2e-5)
    for i, j in deleted:
        assert expected(rule, steps(pre, i), steps(post, j), delay, way, at, weight=first[i, j]) < limit + 1e-6


def laboratory(plastic, trains, post, rule=None, **options):
    """Sources and cells that spike in given steps, whatever their synapses do."""
    net = gs.Network()
    before = sources(net, "pre", trains, DT)
    cells = forced(net, "post", post, [gs.AMPA(tau_decay=TAU, E_rev=REST)], DT)
    rule = gs.FixedInDegree(4, multapses=False) if rule is None else rule
    net.connect(before, cells, rule, receptor="AMPA", w_max=2.0, plasticity=plastic, name="p", **options)
    net.record(cells, "g_AMPA", name="g")
    return net


@pytest.mark.parametrize(("learning", "axonal"), pairs(["pairs", "short", "dopamine", "calcium"], [0.0, 0.5]))
def test_what_is_not_deleted_goes_on_as_if_nothing_had_been(learning, axonal):
    """And a new synapse of a source that never spikes stays as it is: it has nothing of those that were deleted."""
    trains = [list(range(3 + k, 120, 11)) if k < 6 else [] for k in range(13)]
    post = [list(range(5 + k, 120, 7)) for k in range(8)]
    rewiring = gs.Rewiring(every=5.0, prune_below=0.9, weight=1.0)
    found, done = [], None
    for plastic in (LEARNING[learning], [*LEARNING[learning], rewiring]):
        options = {"weight": gs.Uniform(0.5, 1.5), "delay": gs.Uniform(0.2, 1.2), "axonal": axonal}
        with gs.Simulator(laboratory(plastic, trains, post, **options), dt=DT, seed=4, backend="numpy") as sim:
            first = sim.weights("p")
            sim.step(95)
            found.append(sim.weights("p"))
            done = sim.rewirings("p") if rewiring in plastic else done
    (alone, rewired), drawn = found, set(zip(first.pre, first.post, first.delay, strict=True))
    was = dict(zip(zip(alone.pre, alone.post, alone.delay, strict=True), alone.weight, strict=True))
    now = dict(zip(zip(rewired.pre, rewired.post, rewired.delay, strict=True), rewired.weight, strict=True))
    survivors, fresh = now.keys() & drawn, now.keys() - drawn
    assert len(fresh) == done.created[0] > 2
    assert len(survivors) > 4
    learned = [abs(was[one] - 1) > 1e-3 for one in survivors]
    assert any(learned)
    for one in survivors:
        assert now[one] == pytest.approx(was[one], abs=1e-5 if learning in ("dopamine", "calcium") else 0.0)
    silent = [now[one] for one in fresh if one[0] >= 6]
    assert len(silent) > 1
    still = silent[0] if learning == "calcium" else 1.0  # where postsynaptic spikes alone change weights, all alike
    assert silent == pytest.approx([still] * len(silent), abs=1e-6)


@pytest.mark.parametrize("axonal", [None, 0.5, 1.0])
def test_spikes_take_the_ways_of_their_time(axonal):
    """A spike that has reached its synapses before keeps the old ones, one that is still on its axon takes the new."""
    at = 20
    trains = [[3, 17, 18, 19, 20, 21, 40 + k] for k in range(8)]
    plastic = [gs.Rewiring(every=at * DT, prune_below=1.2, weight=gs.Uniform(0.1, 1.5))]
    if axonal is not None:
        plastic.append(gs.STDP(A_plus=0.0, A_minus=0.0))
    options = {"weight": gs.Uniform(0.5, 1.5), "delay": gs.Uniform(0.1, 1.8), "axonal": axonal}
    net = laboratory(plastic, trains, [[] for _ in range(6)], **options)
    with gs.Simulator(net, dt=DT, seed=4, backend="numpy", precision="double") as sim:
        old = sim.weights("p")
        sim.step(at)
        new = sim.weights("p")
        sim.step(at - 1)
        g = np.asarray(sim.data["g"]["g_AMPA"])
    assert not np.array_equal(old.pre, new.pre)
    events = [[] for _ in range(6)]
    for synapses, is_new in ((old, False), (new, True)):
        for i, j, w, delay in zip(*synapses, strict=True):
            d = round(delay / DT)
            way = round((axonal or 0.0) * d)
            for step in trains[i]:
                if (step + way - (way == d) > at) == is_new:  # read a step before, if nothing of the delay is left
                    events[j].append((step + d, w))
    for j, delivered in enumerate(events):
        assert np.allclose(g[:, j], conductance(delivered, len(g), DT), atol=1e-6), j


def test_calcium_of_what_is_not_deleted_stays_where_it_is():
    """And that of new synapses begins with none."""
    found = []
    for every in (EVERY, 100.0):
        rewiring = dataclasses.replace(REWIRING, every=every)
        net = network("in", "spines")
        projection = net.projections["given"]
        plastic = (*LEARNING["spines"], rewiring)
        net._objects["projection"]["given"] = dataclasses.replace(projection, plasticity=plastic)
        with gs.Simulator(net, dt=DT, seed=5, backend="numpy") as sim:
            sim.run(EVERY)
            given = net.projections["given"]
            chosen = ChosenSynapses(sim._compiled, sim._session, given, "AMPA", None, "here")
            w = sim.weights("given", "AMPA")
            calcium = calcium_of(sim._compiled, sim._session, chosen)
            found.append(dict(zip(zip(w.pre, w.post, w.delay, strict=True), calcium, strict=True)))
    now, was = found
    survivors, fresh = now.keys() & was.keys(), now.keys() - was.keys()
    assert len(fresh) > 10
    assert all(now[one] == 0 for one in fresh)
    assert sum(was[one] > 0 for one in survivors) > 10
    assert all(now[one] == was[one] for one in survivors)


def test_a_ratio_follows_the_weights_of_new_synapses():
    """Even above all that there were in the beginning, and where all were one number."""
    net = gs.Network()
    cells = net.population("cells", 10, gs.LIF(), receptors=[gs.AMPA(), gs.NMDA()])
    rewiring = gs.Rewiring(every=1.0, prune_below=0.5, weight=gs.Uniform(1.0, 2.0), learns="AMPA")
    net.connect(cells, cells, gs.FixedOutDegree(4), weight={"AMPA": 0.25, "NMDA": gs.Ratio("AMPA", 0.5)},
                w_max={"AMPA": 2.0}, plasticity=rewiring, name="p")  # fmt: skip
    with gs.Simulator(net, backend="numpy") as sim:
        assert set(sim.weights("p", "NMDA").weight) == {0.125}
        sim.run(1.0)
        ampa, nmda = (sim.weights("p", name).weight for name in ("AMPA", "NMDA"))
        assert len(np.unique(nmda)) == len(nmda) == 40
        assert nmda == pytest.approx(0.5 * ampa, rel=1e-5)
        sim.reset()
        assert set(sim.weights("p", "NMDA").weight) == {0.125}


class InOrder(gs.FixedProbability):
    """A rule of a user's own, which depends on the order in which it is given synapses."""

    seen: ClassVar[list] = []

    def rewire(self, kept, deleted, n_pre, n_post, stream, same=None):
        self.seen.append([np.array(side) for pairs in (kept, deleted) for side in pairs])
        return deleted.pre, deleted.post

    def rewired_in_degree(self, n_pre, n_post):
        return n_pre


@pytest.mark.parametrize("slices", [1, 3])
def test_a_users_rule_sees_synapses_in_one_order(slices):
    InOrder.seen.clear()
    rewiring = gs.Rewiring(every=1.0, prune_below=0.8, weight=gs.Uniform(0.1, 2.0))
    options = {"weight": gs.Uniform(0.1, 2.0), "delay": gs.Uniform(0.1, 1.0), "axonal": 0.5}
    plastic = [gs.STDP(0.0, 0.0), rewiring]
    net = laboratory(plastic, [[]] * 20, [[]] * 9, InOrder(0.5), **options)
    with gs.Simulator(net, dt=DT, seed=4, backend=cpu(slices)) as sim:
        sim.run(2.0)
    assert len(InOrder.seen) == 2
    for sides in InOrder.seen:
        for pre, post in (sides[:2], sides[2:]):
            assert len(pre) > 5
            assert (np.diff(pre * 9 + post) > 0).all()


def test_sums_are_planned_for_the_synapses_that_a_target_may_get():
    found = {}
    for name, rule in RULES.items():
        net = network(rule)
        place = gs.plan(net, dt=DT).layout.populations["cells"]
        inputs = {one.where: one for one in place.sums[0].quantum.inputs}
        found[name] = inputs["Projection 'recurrent'"].events
    both = {name: RULES[name].max_in_degree(25, 22) for name in ("in", "total")}
    assert found == {"in": 6, "out": 25, "p": 25, "near": 25, "total": 25 + both["total"]}


def test_each_rewiring_draws_other_pairs():
    net = laboratory(gs.Rewiring(every=1.0, prune_below=0.5, weight=0.1), [[]] * 30, [[]] * 3, weight=0.1)
    pairs = []
    with gs.Simulator(net, dt=DT, seed=4, backend="numpy") as sim:
        for _ in range(4):
            pairs.append(tuple(sim.weights("p").pre))
            sim.run(1.0)
        assert sim.rewirings("p").deleted.tolist() == [12] * 4
    assert len(set(pairs)) == 4


def test_synapses_of_a_pair_stay_in_the_order_of_their_creation():
    """With an axonal part of the delays, rows have lost it; delays tell which synapse is which."""
    net = gs.Network()
    noise = net.population("noise", 6, gs.PoissonSource(rate=100.0))
    cells = net.population("cells", 10, gs.LIF(), receptors=[gs.AMPA()])
    options = {"weight": gs.Uniform(0.4, 0.6), "w_max": 1.0, "delay": gs.Uniform(0.1, 4.0), "axonal": 0.5}
    rewiring = gs.Rewiring(every=1.0, prune_below=0.5, weight=0.7)
    still = gs.STDP(A_plus=0.0, A_minus=0.0)
    net.connect(
        noise, cells, gs.FixedTotalNumber(80), receptor="AMPA", plasticity=[still, rewiring], name="p", **options
    )
    with gs.Simulator(net, seed=3, backend="numpy") as sim:
        before = sim.weights("p")
        sim.run(1.0)
        after = sim.weights("p")
        strong = before.weight >= 0.5
        assert sim.rewirings("p")[1:] == ([np.count_nonzero(~strong)], [len(after.pre) - np.count_nonzero(strong)])
        old = after.weight < 0.65
        assert np.count_nonzero(~old) > 0
        for one, other in zip(after, before, strict=True):
            assert np.array_equal(one[old], other[strong])
        sim.set_weights("p", np.where(np.arange(len(after.pre)) % 2, 0.4, 0.9))
        sim.run(1.0)
        last = sim.weights("p")
        for k in (0, 1, 3):
            assert np.array_equal(last[k][last.weight > 0.8], after[k][::2])
        sim.reset()
        assert all(np.array_equal(*both) for both in zip(sim.weights("p"), before, strict=True))


@settings(max_examples=12, deadline=None)
@given(st.data())
def test_drawn_networks_keep_their_numbers_and_bits(data):
    draw = data.draw
    n_pre, n_post = draw(st.integers(1, 6)), draw(st.integers(1, 6))
    multapses = draw(st.booleans())
    k = draw(st.integers(0, 9 if multapses else min(n_pre, n_post)))
    rule = draw(st.sampled_from([gs.FixedInDegree, gs.FixedOutDegree, gs.FixedTotalNumber]))(k, multapses=multapses)
    if draw(st.booleans()):
        rule = gs.FixedProbability(draw(st.sampled_from([0.0, 0.3, 1.0])))
    learning = draw(st.sampled_from([[], [gs.STDP(A_plus=0.4, A_minus=0.5, axonal=draw(st.sampled_from([0.0, 0.5])))]]))
    rewiring = gs.Rewiring(
        every=draw(st.sampled_from([0.1, 0.5, 2.0])), prune_below=draw(st.sampled_from([0.2, 1.0])), weight=0.3
    )
    delay = draw(st.sampled_from([0.1, 1.0, gs.Uniform(0.1, 3.0)]))

    def made():
        net = gs.Network()
        noise = net.population("noise", n_pre, gs.PoissonSource(rate=900.0, max_events=4))
        cells = net.population("cells", n_post, gs.LIF(I_e=2000.0), receptors=[gs.AMPA()])
        net.connect(
            noise, cells, rule, receptor="AMPA", weight=gs.Uniform(0.0, 1.0), w_max=1.0, delay=delay,
            plasticity=[*learning, rewiring], name="p",
        )  # fmt: skip
        net.record(cells, "spikes", name="spikes")
        return net

    seed = draw(st.integers(0, 1000))
    with gs.Simulator(made(), seed=seed, backend="numpy") as sim:
        first = sim.weights("p")
        sim.step(30)
        whole, done, last = outcome(sim), sim.rewirings("p"), sim.weights("p")
        sim.reset()
        assert all(np.array_equal(*both) for both in zip(sim.weights("p"), first, strict=True))
    assert len(last.pre) - len(first.pre) == done.created.sum() - done.deleted.sum()
    assert (done.created <= done.deleted).all()
    if isinstance(rule, gs.FixedInDegree):
        assert (np.bincount(last.post, minlength=n_post) <= k).all()
    if not multapses or isinstance(rule, gs.FixedProbability):
        assert np.unique(last.pre * n_post + last.post).size == len(last.pre)
        assert len(last.pre) == len(first.pre)
    with gs.Simulator(made(), seed=seed, backend="cpu", threads=2) as sim:
        for n in (1, 4, 12, 13):
            sim.step(n)
        assert differences(whole, outcome(sim)) == []
