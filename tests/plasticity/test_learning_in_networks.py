"""Learning where it is used: neurons that are both sides, several rules at once, other time steps, long runs."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

import gpusyn as gs
from tests.helpers.runs import backend_named
from tests.helpers.tolerances import assert_within
from tests.plasticity import plain_loops
from tests.plasticity.lab import REST, TAU, Contact, conductance, forced, network, run, sources
from tests.plasticity.plain_loops import Synapse, clipped, learned, released

pytestmark = pytest.mark.fuzz  # the shorter ones of the default suite are in the other files

RULES = {
    "pairs": gs.STDP(0.02, 0.021, 17.0, 34.0, mu_plus=0.4, mu_minus=1.0),
    "nearest": gs.STDP(0.02, 0.021, 17.0, 34.0, pairing="nearest"),
    "triplets": gs.TripletSTDP(0.01, 0.02, 0.005, 0.004),
    "inhibition": gs.InhibitorySTDP(eta=0.01, tau=20.0, rate=100.0),
}
RECEPTOR = gs.AMPA(tau_decay=TAU, E_rev=REST)


def train(draw: random.Random, steps: int, mean: int, low: int = 2) -> list[int]:
    """Spikes at distances of `low` to about twice the mean."""
    found, at = [], draw.randint(1, mean)
    while at <= steps:
        found.append(at)
        at += draw.randint(low, 2 * mean - low)
    return found


def pairs_of(weights: Any) -> dict[tuple[int, int], float]:
    return dict(zip(zip(weights.pre.tolist(), weights.post.tolist(), strict=True), weights.weight, strict=True))


@pytest.mark.parametrize("backend", ["numpy", "cpu"])
def test_neurons_that_are_both_sides_of_several_rules(backend):
    """A recurrent network of two populations, autapses included; each rule has synapses between the same neurons."""
    draw, steps = random.Random(1), 300
    trains = [train(draw, steps, mean) for mean in (4, 20, 60, 150, 7, 30)]
    net = gs.Network()
    one, two = forced(net, "one", trains[:4], [RECEPTOR], 0.1), forced(net, "two", trains[4:], [RECEPTOR], 0.1)
    delays = {"pairs": 1, "nearest": 12, "triplets": 3, "inhibition": 40}
    for name, rule in RULES.items():
        net.connect(
            one + two, two + one[1:], gs.AllToAll(), receptor="AMPA", weight=0.5, w_max=1.0, name=name,
            delay=round(0.1 * delays[name], 6), plasticity=rule,
        )  # fmt: skip
    post = [*trains[4:], *trains[1:4]]
    with gs.Simulator(net, dt=0.1, backend=backend_named(backend), precision="double") as sim:
        for stop in (steps // 2, steps):
            sim.step(stop - round(sim.time / 0.1))
            for name, rule in RULES.items():
                found = pairs_of(sim.weights(name))
                assert len(found) == 30
                wanted = {
                    (i, j): learned(rule, Synapse(0.5, 1.0, delays[name]), trains[i], post[j], until=stop).weight
                    for i, j in found
                }
                assert_within(list(found.values()), list(wanted.values()), 1.0, "learning")
                assert np.ptp(list(found.values())) > 0.1


@pytest.mark.parametrize("dt", [0.02, 0.25, 1.0])
def test_other_time_steps(dt):
    draw, steps = random.Random(2), 150
    pre, post = [train(draw, steps, 6, 1) for _ in range(2)], [train(draw, steps, 6) for _ in range(2)]
    for rule in RULES.values():
        contacts = [
            Contact(i, j, Synapse(0.4, 1.0, delay, round(0.5 * delay), dt))
            for i, j, delay in [(0, 0, 2), (0, 1, 10), (1, 0, 8), (1, 1, 40)]
        ]
        found = run(
            network(contacts, pre, post, 0.5, rule), contacts, [steps], backend=backend_named("cpu"), precision="double"
        )
        wanted = [learned(rule, c.synapse, pre[c.pre], post[c.post], until=steps).weight for c in contacts]
        assert_within(found.weights[0], wanted, 1.0, "learning")


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
@pytest.mark.parametrize("longest", [1, 700])
def test_long_runs_forget_nothing(rule, longest):
    """Neurons that spike hundreds of times between two spikes of a source, and sources between two of a neuron."""
    draw, steps = random.Random(3), 6000
    pre = [train(draw, steps, mean, 1) for mean in (2, 40, 900)] + [[], [steps]]
    post = [train(draw, steps, mean) for mean in (3, 60, 2000)] + [[]]
    contacts = [
        Contact(i, j, Synapse(0.5, 1.0, longest if (i + j) % 3 == 0 else draw.randint(1, min(longest, 20)), 0))
        for i in range(len(pre))
        for j in range(len(post))
    ]
    how: dict[str, Any] = {"backend": backend_named("cpu"), "precision": "double"}
    stops = [steps // 3, steps]
    found = run(network(contacts, pre, post, 0.0, rule), contacts, stops, **how)
    for row, stop in zip(found.weights, stops, strict=True):
        wanted = [learned(rule, c.synapse, pre[c.pre], post[c.post], until=stop).weight for c in contacts]
        assert_within(row, wanted, 1.0, "learning")


# ---- weights that are set, and runs that begin again ----


def relearned(rule: Any, synapse: Synapse, pre: list[int], post: list[int], at: int, w: float, until: int) -> float:
    """A synapse whose weight is set anew after a step: what came before stays in the traces alone."""
    loop, weight, done = plain_loops.LOOPS[type(rule)](rule, synapse.w_max), synapse.w0, False
    for meeting in plain_loops.meetings(synapse, pre, post, until):
        if meeting.step > at and not done:
            weight, done = w, True
        t = meeting.step * synapse.dt
        before = [trace.at(t) for trace in loop.pre], [trace.at(t) for trace in loop.post]
        for _ in range(meeting.post):
            weight = clipped(weight + loop.at_post(weight, *before), synapse.w_max)
        for _ in range(meeting.pre):
            weight = clipped(weight + loop.at_pre(weight, *before), synapse.w_max)
        for traces, count in ((loop.pre, meeting.pre), (loop.post, meeting.post)):
            for trace in traces if count else ():
                trace.add(t, count)
    return weight if done else w


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_weights_that_are_set_go_on_learning(rule):
    draw, steps, at = random.Random(4), 240, 110
    pre, post = [train(draw, steps, mean, 1) for mean in (3, 30)], [train(draw, steps, mean) for mean in (4, 40)]
    contacts = [
        Contact(i, j, Synapse(0.4, 1.0, delay, round(0.3 * delay)))
        for i, j, delay in [(0, 0, 3), (0, 1, 10), (1, 0, 30), (1, 1, 90)]
    ]
    new = np.array([0.1, 0.9, 0.5, 0.7])
    net = network(contacts, pre, post, 0.3, rule)
    with gs.Simulator(net, dt=0.1, backend=backend_named("cpu"), precision="double") as sim:
        sim.step(at)
        first = sim.weights("plastic").weight
        sim.set_weights("plastic", new)
        assert_within(sim.weights("plastic").weight, new, 1.0, "learning")
        sim.step(steps - at)
        wanted = [
            relearned(rule, c.synapse, pre[c.pre], post[c.post], at, w, steps)
            for c, w in zip(contacts, new, strict=True)
        ]
        assert_within(sim.weights("plastic").weight, wanted, 1.0, "learning")
        sim.reset()
        assert sim.weights("plastic").weight == pytest.approx(0.4)
        sim.step(at)
        assert np.array_equal(sim.weights("plastic").weight, first)


# ---- together with short-term plasticity and release ----

SHORT = {"U": 0.4, "tau_rec": 80.0, "tau_facil": 50.0}


@pytest.mark.parametrize("backend", ["numpy", "cpu"])
@pytest.mark.parametrize(("form", "share"), [("shared", 0.0), ("shared", 0.5), ("each", 0.0), ("certain release", 0.0)])
def test_a_spike_delivers_a_part_of_the_weight_that_it_finds(form, share, backend):
    draw, steps = random.Random(5), 240
    pre, post = [train(draw, steps, mean, 1) for mean in (3, 30)], [train(draw, steps, mean) for mean in (4, 40)]
    contacts = [
        Contact(i, j, Synapse(0.4, 1.0, delay, round(share * delay)))
        for i, j, delay in [(0, 0, 2), (0, 1, 10), (1, 0, 30), (1, 1, 90)]
    ]
    parts = gs.TsodyksMarkram(**SHORT if form == "shared" else {name: [value] * 4 for name, value in SHORT.items()})
    rule = RULES["pairs"]
    plastic = [gs.QuantalRelease(3, 1.0), rule] if form == "certain release" else [parts, rule]
    found = run(
        network(contacts, pre, post, share, plastic),
        contacts,
        [steps],
        backend=backend_named(backend),
        precision="double",
    )
    g = np.zeros((steps, len(post)))
    for contact in contacts:
        result = learned(rule, contact.synapse, pre[contact.pre], post[contact.post])
        part = [1.0] * len(pre[contact.pre])
        if form != "certain release":
            part = released(*SHORT.values(), pre[contact.pre])
        events = [(step, w * p) for (step, w), p in zip(result.delivered, part, strict=True)]
        g[:, contact.post] += conductance(events, steps, 0.1)
    wanted = [learned(rule, c.synapse, pre[c.pre], post[c.post], until=steps).weight for c in contacts]
    assert_within(found.weights[0], wanted, 1.0, "learning")
    assert_within(found.conductance, g, max(1.0, g.max()), "learning")


def test_the_weight_of_a_ratio_stays_as_it_was():
    net = gs.Network()
    before = sources(net, "pre", [[10, 30, 50]], 0.1)
    cells = forced(net, "post", [[20, 45]], [RECEPTOR, gs.NMDA(E_rev=REST)], 0.1)
    weight = {"AMPA": 0.4, "NMDA": gs.Ratio("AMPA", 0.5)}
    rule = gs.STDP(0.1, 0.05, learns="AMPA")
    net.connect(before, cells, gs.AllToAll(), weight=weight, w_max={"AMPA": 1.0}, delay=0.1, plasticity=rule, name="c")
    with gs.Simulator(net, dt=0.1, backend="numpy", precision="double") as sim:
        sim.step(60)
        found = sim.weights("c").weight
    wanted = learned(rule, Synapse(0.4, 1.0, 1), [10, 30, 50], [20, 45]).weight
    assert abs(wanted - 0.4) > 0.05
    assert_within(found["AMPA"], [wanted], 1.0, "learning")
    assert found["NMDA"] == pytest.approx([0.2], rel=1e-12)
