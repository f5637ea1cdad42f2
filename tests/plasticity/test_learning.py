"""Weights learn by the spikes of both sides, event by event, however the run is cut.

On compiled kernels where there is a compiler: `test_learning_parity.py` shows that numpy has their bits.
"""

import numpy as np
import pytest

import gpusyn as gs
from gpusyn.builder.plasticity import trains
from tests.helpers.long_checks import pairs
from tests.helpers.runs import differences, outcome
from tests.helpers.validation.lab import fastest
from tests.plasticity.taught import DT, RULES, W_MAX, expected, network, steps

STEPS = 450
DELAYS = {"short": DT, "long": 6.0, "each": [0.1, 0.2, 3.0, 1.5, 0.8, 2.5, 2.2, 0.4, 4.5]}


def run(net, *parts, precision="double", **options):
    with gs.Simulator(net, dt=DT, seed=3, precision=precision, **{"backend": fastest()} | options) as sim:
        for part in parts:
            sim.step(part)
        return outcome(sim)


def check(sim, rule, axonal, **given):
    """Every weight is what the loop over its spikes says."""
    w, end = sim.weights("taught"), round(sim.time / DT)
    pre = sim.data["pre" if sim.net.projections["taught"].pre.name == "lists" else "post"]
    assert len(w.weight) == 9
    for i in range(len(w.pre)):
        delay = round(w.delay[i] / DT)
        trains = steps(pre, w.pre[i]), steps(sim.data["post"], w.post[i])
        wanted = expected(rule, *trains, delay, round(axonal * delay), end, **given)
        assert w.weight[i] == pytest.approx(wanted, rel=0, abs=1e-13 * W_MAX * end), (i, delay, end)
    return w.weight


#: Delays, and which part of them is axonal.
WAYS = [("short", 0.0), ("short", 1.0), ("long", 0.5), ("each", 0.0), ("each", 0.5)]


@pytest.mark.parametrize(("name", "way"), pairs([*RULES], WAYS))
def test_weights_are_those_of_a_loop_over_spikes(name, way):
    rule, (delay, axonal) = RULES[name], way
    with gs.Simulator(network(rule, DELAYS[delay], axonal), dt=DT, backend=fastest(), precision="double") as sim:
        sim.step(26)
        check(sim, rule, axonal)
        sim.step(1)
        check(sim, rule, axonal)
        sim.step(STEPS - 27)
        assert len(set(check(sim, rule, axonal))) > 3


@pytest.mark.parametrize("axonal", [0.0, 0.4, 1.0])
def test_neurons_teach_themselves(axonal):
    rule = RULES["triplet"]
    with gs.Simulator(network(rule, DELAYS["each"], axonal, True), dt=DT, backend=fastest(), precision="double") as sim:
        sim.step(STEPS)
        check(sim, rule, axonal)


@pytest.mark.parametrize(
    ("axonal", "precision", "recurrent"),
    [
        (0.0, "double", False),
        pytest.param(0.0, "single", True, marks=pytest.mark.fuzz),
        (0.5, "single", True),
        pytest.param(1.0, "double", True, marks=pytest.mark.fuzz),
    ],
)
def test_any_split_of_a_run_gives_the_same_bits(axonal, precision, recurrent):
    def of(*parts, **options):
        return run(network(RULES["powers"], DELAYS["each"], axonal, recurrent), *parts, precision=precision, **options)

    whole = of(STEPS)
    assert differences(whole, of(1, 99, 0, 250, STEPS - 350)) == []
    assert differences(whole, of(STEPS, chunk_steps=7)) == []


@pytest.mark.parametrize("axonal", [0.0, 0.5, 1.0])
def test_full_rings_lose_nothing(axonal, monkeypatch):
    """With the smallest rings, all synapses are settled again and again."""
    swept = {256: set(), 1: set()}

    def of(depth):
        monkeypatch.setattr(trains, "LEAST_DEPTH", depth)
        net = network(RULES["powers"], 0.3, axonal, recurrent=True, current=4.0)
        with gs.Simulator(net, dt=DT, seed=3, precision="double", backend=fastest()) as sim:
            for _ in range(STEPS):
                sim.step()
                swept[depth].add(int(sim._session.read("sweep").max()))
            check(sim, RULES["powers"], axonal)
            return outcome(sim)

    deep, shallow = of(256), of(1)
    assert swept[256] == {-1}
    assert len(swept[1]) > 3
    assert differences(deep, shallow) == []


def test_a_set_weight_goes_on_from_there():
    rule, at = RULES["multiplicative"], (130, 260)
    with gs.Simulator(network(rule, DELAYS["each"]), dt=DT, backend=fastest(), precision="double") as sim:
        sim.step(at[0])
        sim.set_weights("taught", 1.5)
        assert set(sim.weights("taught").weight) == {1.5}
        sim.step(at[1] - at[0])
        sim.set_weights("taught", np.full(9, 0.25))
        sim.step(STEPS - at[1])
        check(sim, rule, 0.0, given={at[0]: 1.5, at[1]: 0.25})


@pytest.mark.parametrize(
    "weight", [0.75, gs.Uniform(0.2, 1.8), np.linspace(0.1, 1.9, 9)], ids=["one", "drawn", "given"]
)
def test_reset_draws_the_initial_weights_again(weight):
    with gs.Simulator(
        network(RULES["additive"], DELAYS["each"], weight=weight), dt=DT, seed=3, backend=fastest()
    ) as sim:
        initial = sim.weights("taught").weight
        sim.step(STEPS)
        once = outcome(sim)
        assert (sim.weights("taught").weight != initial).any()
        sim.set_weights("taught", 0.0)
        sim.step(3)
        sim.reset()
        assert (sim.weights("taught").weight == initial).all()
        sim.step(STEPS)
        assert differences(once, outcome(sim)) == []


@pytest.mark.parametrize("short_term", [False, True])
@pytest.mark.parametrize("axonal", [0.0, 0.5, 1.0])
def test_a_spike_delivers_the_weight_after_its_own_change(axonal, short_term):
    """The jump of the conductance is the weight of then, or what is released of it; later posts do not count."""
    rule, delay = gs.STDP(A_plus=0.2, A_minus=0.3), 20
    net = gs.Network()
    source = net.population("source", 1, gs.SpikeSource(times=[[5.0, 12.0, 30.0]]))
    cell = net.population("cell", 1, gs.LIF(I_e=800.0), receptors=[gs.AMPA()])
    net.connect(
        source, cell, gs.OneToOne(), receptor="AMPA", weight=0.5, w_max=W_MAX, delay=delay * DT, axonal=axonal,
        plasticity=[rule, gs.TsodyksMarkram(U=0.4, tau_rec=10.0)] if short_term else rule,
    )  # fmt: skip
    post, trace = net.record(cell, "spikes"), net.record(cell, "g_AMPA")
    with gs.Simulator(net, dt=DT, backend=fastest(), precision="double") as sim:
        sim.step(400)
        g = sim.data[trace]["g_AMPA"][:, 0]
        spikes = steps(sim.data[post], 0)
        decay, x, last = np.exp(-DT / 2.0), 1.0, 0
        for made in (49, 119, 299):
            due = made + delay
            jump = g[due] - decay * g[due - 1]
            reaches = made + round(axonal * delay)
            # what has happened up to the moment at which it reaches the synapse
            before = [step for step in (49, 119, 299) if step <= made]
            until = [step for step in spikes if step + delay - round(axonal * delay) <= reaches]
            if axonal == 1.0:
                until = [step for step in until if step < reaches]
            wanted = expected(rule, before, until, delay, round(axonal * delay), due + 1, weight=0.5)
            x = 1 - (1 - x) * np.exp(-(made - last) * DT / 10.0)
            assert jump == pytest.approx(wanted * 0.4 * x if short_term else wanted, abs=1e-12)
            x, last = x - 0.4 * x, made


def test_bounds_hold():
    strong = gs.STDP(A_plus=5.0, A_minus=0.0), gs.STDP(A_plus=0.0, A_minus=5.0)
    for rule, bound in zip(strong, (W_MAX, 0.0), strict=True):
        with gs.Simulator(network(rule, DELAYS["each"]), dt=DT, backend=fastest()) as sim:
            sim.step(STEPS)
            w = sim.weights("taught").weight
            assert (w >= 0).all()
            assert (w <= W_MAX).all()
            assert (w == bound).any()


def test_a_bound_that_is_no_whole_unit_is_never_exceeded():
    """What is read can be set again: 0.7 is rounded up in single precision."""
    net = gs.Network()
    pre = net.population("pre", 1, gs.SpikeSource([[1.0, 3.0]]))
    post = net.population("post", 1, gs.LIF(I_e=900.0), receptors=[gs.AMPA()])
    net.connect(
        pre, post, gs.OneToOne(), receptor="AMPA", weight=0.1, w_max=0.7, plasticity=gs.STDP(5.0, 0.0), name="taught"
    )
    net.record(net.projections["taught"], "weight", every=1.0, name="course")
    with gs.Simulator(net, dt=DT, backend=fastest(), precision="single") as sim:
        sim.run(30.0)
        w = sim.weights("taught").weight
        assert w.tolist() == [0.7]
        assert sim.data["course"]["weight"].max() == 0.7
        sim.set_weights("taught", w)


def test_weights_that_have_become_tiny_can_be_set():
    with gs.Simulator(network(RULES["powers"]), dt=DT, backend=fastest()) as sim:
        sim.set_weights("taught", 2.0**-25)
        sim.set_weights("taught", sim.weights("taught").weight)
        assert sim.weights("taught").weight.max() == 2.0**-25


def test_weights_of_currents_that_learn_are_not_set_below_0():
    net = gs.Network()
    pre = net.population("pre", 1, gs.SpikeSource([[1.0]]))
    post = net.population("post", 1, gs.LIF(), receptors=[gs.CurrentReceptor("slow", tau=5.0)])
    for name, rule in (("taught", gs.STDP()), ("scaled", gs.TsodyksMarkram())):
        net.connect(pre, post, gs.OneToOne(), receptor="slow", weight=1.0, w_max=2.0, plasticity=rule, name=name)
    with gs.Simulator(net, dt=DT, backend=fastest()) as sim:
        sim.set_weights("scaled", -1.0)
        assert sim.weights("scaled").weight.tolist() == [-1.0]
        with pytest.raises(gs.ParameterError, match=r"'taught'.*>= 0.*got -1.*weights that learn stay in \[0, w_max\]"):
            sim.set_weights("taught", -1.0)


def test_single_precision_is_close():
    """Each change is rounded to 2^-24 of itself and to 2^-30 of w_max, and traces to 2^-24 of them."""
    for name in ("powers", "triplet", "inhibitory"):
        single, double = (
            run(network(RULES[name], DELAYS["each"]), STEPS, precision=p)["taught AMPA weight"]
            for p in ("single", "double")
        )
        assert np.abs(single - double).max() < 1e-5 * W_MAX, name
        assert (single != double).any()


def test_recorded_weights_are_those_of_then():
    """Also those of a few synapses, and in the middle of a run."""
    net = network(RULES["multiplicative"], DELAYS["each"], 0.5)
    chosen = net.record(net.projections["taught"], "weight", every=3.0, synapses=[2, 7])
    with gs.Simulator(net, dt=DT, backend=fastest()) as sim:
        wanted = []
        for _ in range(STEPS // 30):
            sim.step(30)
            wanted.append(sim.weights("taught").weight[[2, 7]])
        found = sim.data[chosen]["weight"]
    assert found.tolist() == np.array(wanted).tolist()
    assert len(np.unique(found)) > 10
    assert run(net, STEPS)["taught AMPA weight"].size == 9
    with gs.Simulator(net, dt=DT, backend=fastest()) as sim:
        sim.step(STEPS)
        assert sim.data[chosen]["weight"].tolist() == found.tolist()


@pytest.mark.parametrize("axonal", [0.0, 0.5])
def test_weights_onto_other_receptors_stay(axonal):
    """A Ratio keeps its initial value; its events come when they would without learning."""

    def of(**more):
        net = gs.Network()
        lists = net.population("lists", 2, gs.SpikeSource(times=[[1.0, 5.0, 12.0], [3.0, 12.0, 20.0]]))
        saturating = gs.NMDA(name="slow", kinetics=gs.kinetics.Saturating(), Mg=0.0)
        cells = net.population("cells", 3, gs.LIF(), receptors=[gs.AMPA(), gs.NMDA(), saturating], V=-60.0)
        other = net.population("other", 3, gs.LIF(I_e=900.0), receptors=[gs.AMPA()])
        weight = {"AMPA": gs.Uniform(0.1, 0.2), "NMDA": gs.Ratio("AMPA", 0.5), "slow": 0.01}
        delay = gs.Uniform(0.5, 2.0)
        net.connect(lists, cells, gs.AllToAll(), weight=weight, w_max={"AMPA": 2.0}, delay=delay, name="taught", **more)
        net.record(cells, ["g_NMDA", "g_slow", "g_AMPA"], name="traces")
        assert other
        with gs.Simulator(net, dt=DT, backend=fastest(), precision="double") as sim:
            sim.step(300)
            return sim.data["traces"], sim.weights("taught").weight

    static, before = of()
    learning, after = of(plasticity=gs.InhibitorySTDP(eta=1.0, learns="AMPA"), axonal=axonal)
    for variable in ("g_NMDA", "g_slow"):
        assert (static[variable] == learning[variable]).all()
        assert static[variable].any()
    assert (static["g_AMPA"] != learning["g_AMPA"]).any()
    assert (after["NMDA"] == before["NMDA"]).all()
    assert (after["AMPA"] < before["AMPA"]).all()


def meeting(times, rule, axonal, weak=1e-5):
    """A synapse too weak to matter to its target, whose spikes are therefore known."""
    net = gs.Network()
    source = net.population("source", 1, gs.SpikeSource(times=[times]))
    cell = net.population("cell", 1, gs.LIF(I_e=900.0), receptors=[gs.AMPA()])
    net.connect(
        source, cell, gs.OneToOne(), receptor="AMPA", weight=0.375 * weak, w_max=weak, delay=2.0, plasticity=rule,
        axonal=axonal, name="taught",
    )  # fmt: skip
    net.record(cell, "spikes", name="post")
    with gs.Simulator(net, dt=DT, backend=fastest(), precision="double") as sim:
        sim.step(600)
        return steps(sim.data["post"], 0), sim.weights("taught").weight[0] / weak


@pytest.mark.parametrize(("name", "axonal"), pairs(["powers", "nearest", "triplet"], [0.0, 0.5, 1.0]))
def test_spikes_that_meet_at_the_synapse_see_nothing_of_each_other(name, axonal):
    rule, delay = RULES[name], 20
    post, _ = meeting([50.0], rule, axonal)
    way = delay - 2 * round(axonal * delay)  # how much longer spikes of the target need
    pre = [*(step + way for step in post[1:-1] if step + way >= 0), 590]
    spikes, w = meeting([round((step + 1) * DT, 9) for step in pre], rule, axonal)
    assert spikes == post
    assert len(pre) > 3
    wanted = expected(rule, pre, post, delay, round(axonal * delay), 600) / W_MAX
    assert w == pytest.approx(wanted, rel=0, abs=1e-12)
