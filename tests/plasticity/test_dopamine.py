"""Rules with a modulator: the eligibility of each synapse, and what dopamine makes of it."""

from math import exp

import numpy as np
import pytest

import gpusyn as gs
from tests.helpers.long_checks import every, pairs

DT, T = 0.1, 400.0
REWARDS = [60.0, 61.0, 150.0, 333.3]


def steps(rng, n, gap=1):
    """Spike times (ms) on the grid, at least `gap` steps apart."""
    return np.sort(rng.choice(np.arange(1, int(T / DT) - 20, gap), size=n, replace=False)) * DT


def network(modulator="dopamine", delay=1.0, axonal=0.0, more=False, tau=300.0, w_max=1.0):
    """Three sources with random spikes onto two neurons that are made to fire at random times."""
    rng, net = np.random.default_rng(5), gs.Network()
    pre = net.population("pre", 3, gs.SpikeSource([steps(rng, 40) for _ in range(3)]))
    force = net.population("force", 2, gs.SpikeSource([steps(rng, 30, gap=30) for _ in range(2)]))
    net.population("dopamine", 2, gs.SpikeSource([REWARDS, [200.0]]))
    post = net.population("post", 2, gs.LIF(t_ref=0.5), receptors=[gs.AMPA(), gs.AMPA(name="force", tau_decay=0.2)])
    net.connect(force, post, gs.OneToOne(), receptor="force", weight=8000.0, delay=DT)
    rule = gs.DopamineSTDP(gs.STDP(A_plus=0.002, A_minus=0.0024), tau, 100.0, modulator)
    net.connect(
        pre, post, gs.AllToAll(), receptor="AMPA", weight=0.5, w_max=w_max, delay=delay, axonal=axonal,
        plasticity=rule, name="learning",
    )  # fmt: skip
    if more:  # neurons that fire so much that all synapses are settled again and again
        busy = net.population("busy", 2, gs.LIF(t_ref=0.0, I_e=50_000.0), receptors=[gs.AMPA()])
        net.connect(pre, busy, gs.AllToAll(), receptor="AMPA", weight=0.5, w_max=1.0, plasticity=gs.STDP())
    return net, net.record(post, "spikes")


def run(backend, *, parts=(T,), precision="double", threads=None, before=lambda sim: None, **options):
    """Weights at the end, in canonical order, and the spikes."""
    net, spikes = network(**options)
    with gs.Simulator(net, dt=DT, backend=backend, precision=precision, threads=threads) as sim:
        for part in parts:
            sim.run(part)
            before(sim)
        return sim.weights("learning").weight, sim.data[spikes]


def plain_loop(pre, post, rewards, rate, delay, axonal, tau_c=300.0, tau_d=100.0, tau=20.0):
    """Weight of one synapse: exact between events; `rate` is (time, Hz) of a waveform in steps."""
    ax = round(axonal * round(delay / DT))
    events = [(round(t / DT) + ax, "pre") for t in pre] + [
        (round(t / DT) + round(delay / DT) - ax, "post") for t in post
    ]
    events += [(round(t / DT), "reward") for t in rewards] + [(round(t / DT), hz) for t, hz in rate]
    end = round(T / DT)
    moments = sorted({k for k, _ in events if k <= end} | {end})
    w, c, d, m, r, o, before = 0.5, 0.0, 0.0, 0.0, 0.0, 0.0, 0
    both = 1 / (1 / tau_c + 1 / tau_d)
    for k in moments:
        h = (k - before) * DT
        w += c * ((d - m) * both * (1 - exp(-h / both)) + m * tau_c * (1 - exp(-h / tau_c)))
        w = min(max(w, 0.0), 1.0)
        d, c = m + (d - m) * exp(-h / tau_d), c * exp(-h / tau_c)
        r, o, before = r * exp(-h / tau), o * exp(-h / tau), k
        now = [what for step, what in events if step == k]
        c += 0.002 * r * now.count("post") - 0.0024 * o * now.count("pre")
        d += now.count("reward") / tau_d
        r, o = r + now.count("pre"), o + now.count("post")
        m = next((what * 1e-3 for what in now if not isinstance(what, str)), m)
    return w


WAVE = [(0.0, 0.0), (50.0, 4.0), (130.0, -3.0), (250.0, 1.0)]


@pytest.mark.parametrize(("course", "delays"), pairs([False, True], [(1.0, 0.0), (5.0, 0.4), (DT, 0.0)]))
def test_weights_are_those_of_a_plain_loop(course, delays):
    delay, axonal = delays
    times, values = zip(*WAVE, strict=True)
    modulator = gs.Waveform(times, values) if course else "dopamine"
    rewards, rate = ([], WAVE) if course else ([*REWARDS, 200.0], [])
    found, spikes = run("cpu", modulator=modulator, delay=delay, axonal=axonal)
    net, _ = network()
    sources = net.populations["pre"].model.times
    exact = [
        plain_loop(sources[i], spikes.times[spikes.ids == j], rewards, rate, delay, axonal)
        for i in range(3)
        for j in range(2)
    ]
    np.testing.assert_allclose(found, exact, rtol=0, atol=1e-9)
    assert np.ptp(exact) > 1e-3
    single, _ = run("cpu", modulator=modulator, delay=delay, axonal=axonal, precision="single")
    np.testing.assert_allclose(single, exact, rtol=0, atol=1e-5)


@pytest.mark.parametrize("precision", every(2, ["single", "double"]))
def test_backends_and_threads_give_the_same_bits(precision):
    parts = (160.0,)  # with three of the rewards
    wanted, _ = run("numpy", precision=precision, parts=parts)
    for threads in (1, 2, 3):
        found, _ = run("cpu", precision=precision, threads=threads, parts=parts)
        assert found.tobytes() == wanted.tobytes()


def test_parts_of_a_run_and_looks_at_weights_change_nothing():
    wanted, _ = run("cpu")
    found, _ = run("cpu", parts=(0.1, 102.3, 0.1, 102.4, 195.1), before=lambda sim: sim.weights("learning"))
    assert found.tobytes() == wanted.tobytes()


def test_learning_elsewhere_changes_nothing():
    wanted, _ = run("cpu")
    found, _ = run("cpu", more=True)
    assert found.tobytes() == wanted.tobytes()


def test_weights_that_are_set_go_on_with_the_eligibility_of_before():
    at_once, _ = run("cpu", parts=(200.0, 200.0))
    half, _ = run("cpu", parts=(200.0,))
    nothing_set, _ = run(
        "cpu", parts=(200.0, 200.0), before=lambda sim: sim.set_weights("learning", sim.weights("learning").weight)
    )
    np.testing.assert_allclose(nothing_set, at_once, rtol=0, atol=1e-9)
    lifted, _ = run(
        "cpu", parts=(200.0, 200.0),
        before=lambda sim: sim.set_weights("learning", np.full(6, 0.7)) if sim.time == 200.0 else None,
    )  # fmt: skip
    np.testing.assert_allclose(lifted - 0.7, at_once - half, rtol=0, atol=1e-9)
    assert np.abs(at_once - half).max() > 1e-3


def test_without_dopamine_nothing_is_learned():
    found, _ = run("cpu", modulator=gs.Waveform([0.0], [0.0]))
    assert found.tolist() == [0.5] * 6


def test_reset_forgets_eligibilities():
    net, _ = network()
    with gs.Simulator(net, dt=DT, backend="cpu") as sim:
        sim.run(T)
        first = sim.weights("learning").weight
        sim.reset()
        sim.run(T)
        assert sim.weights("learning").weight.tobytes() == first.tobytes()


def test_a_delay_without_a_dendritic_part_is_refused():
    net, _ = network(axonal=1.0)
    with pytest.raises(gs.ParameterError, match="at least one step of each delay must be dendritic"):
        gs.plan(net, dt=DT)


@pytest.mark.parametrize("backend", every(2, ["cpu", "numpy"]))
@pytest.mark.parametrize("precision", every(2, ["single", "double"]))
def test_an_eligibility_far_shorter_than_a_step_leaves_weights_as_they_are(precision, backend):
    found, _ = run(backend, precision=precision, tau=1e-6, parts=(70.0,))  # with two of the rewards
    assert found == pytest.approx(0.5, abs=1e-5)
