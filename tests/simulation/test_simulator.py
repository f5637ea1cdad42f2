"""The simulator on every backend: running, resetting, draws, state."""

import numpy as np
import pytest

import gpusyn as gs
from tests.helpers.runs import differences, outcome, same_bits
from tests.helpers.small_network import DT, describe, simulator, steps_of


def test_a_run_in_parts_is_the_same_run(backend):
    whole = steps_of(describe(), backend, 90)
    assert len(whole["spikes times"]) > 20
    assert differences(whole, steps_of(describe(), backend, 37, 0, 1, 52)) == []
    assert differences(whole, steps_of(describe(), backend, 90, chunk_steps=11)) == []


def test_run_is_so_many_steps(backend):
    with simulator(backend) as sim, simulator(backend) as other:
        sim.run(3.7)
        other.step(37)
        other.step()
        other.run(0.0)
        assert (sim.time, other.time) == (37 * DT, 38 * DT)
        sim.step(1)
        assert differences(outcome(sim), outcome(other)) == []


@pytest.mark.parametrize("precision", ["single", "double"])
def test_a_reset_simulator_is_a_fresh_one(backend, precision):
    fresh = steps_of(describe(), backend, 80, precision=precision)
    with simulator(backend, precision=precision) as sim:
        sim.step(33)
        sim.set(sim.net.populations["E"], "V", -55.0)
        sim.set(sim.net.populations["E"], "g_AMPA", 1.0)
        sim.set_weights("E->E:AMPA+NMDA", 0.0, "AMPA")
        sim.step(20)
        sim.reset()
        assert sim.time == 0
        assert len(sim.data["spikes"]) == len(sim.data["traces"]) == 0
        sim.step(80)
        assert differences(fresh, outcome(sim)) == []
        sim.reset()
        sim.step(80)
        assert differences(fresh, outcome(sim)) == []


def test_other_seeds_give_other_networks(backend):
    one, other = (steps_of(describe(), backend, 40, seed=seed) for seed in (5, 6))
    assert not np.array_equal(one["noise->E:AMPA AMPA weight"], other["noise->E:AMPA AMPA weight"])
    assert not np.array_equal(one["traces V"], other["traces V"])


@pytest.mark.parametrize("seed", [0, 2**63, 2**200 + 1])
def test_any_whole_number_is_a_seed(seed):
    with simulator("numpy", seed=seed) as sim:
        sim.step(2)


def test_an_empty_network_runs(backend):
    with gs.Simulator(gs.Network(), dt=DT, backend=backend) as sim:
        sim.run(1.0)
        assert sim.time == 1.0


def test_what_else_there_is_changes_no_draw(backend):
    alone, among = (steps_of(describe(before=more, after=more), backend, 80) for more in (False, True))
    assert len(alone["spikes times"]) > 20
    assert differences(alone, {name: among[name] for name in alone}) == []


def test_two_projections_between_the_same_populations_differ():
    net = gs.Network()
    cells = net.population("E", 40, gs.LIF(), receptors=[gs.AMPA()])
    options = {"receptor": "AMPA", "weight": gs.Uniform(0.0, 1.0), "delay": gs.Uniform(0.1, 2.0)}
    for name in ("one", "two"):
        net.connect(cells, cells, gs.FixedInDegree(4), name=name, **options)
    with gs.Simulator(net, dt=DT, backend="numpy") as sim:
        one, two = sim.weights("one"), sim.weights("two")
    assert not np.array_equal(one.pre, two.pre)
    assert not np.intersect1d(one.weight, two.weight).size
    assert not np.array_equal(one.delay, two.delay)


@pytest.mark.parametrize("precision", ["single", "double"])
def test_state_is_set_and_got(backend, precision):
    real = {"single": np.float32, "double": np.float64}[precision]
    with simulator(backend, precision=precision) as sim:
        cells = sim.net.populations["E"]
        before = sim.get(cells, "V")
        sim.set(cells[3:5], "V", [-51.5, -58.25])
        assert sim.get(cells[3:5], "V").tolist() == [-51.5, -58.25]
        rest = np.delete(np.arange(24), [3, 4])
        assert same_bits(before[rest], sim.get(cells, "V")[rest])
        assert before.dtype == real
        sim.set(cells, "g_NMDA", 0.5)
        sim.set(cells[1], "h_NMDA", gs.Uniform(0.2, 0.3))
        assert (sim.get(cells, "g_NMDA") == real(0.5)).all()
        assert 0.2 <= sim.get(cells[1], "h_NMDA")[0] <= 0.3
        copy = sim.get(cells, "g_AMPA")
        copy[:] = 9.0
        assert not sim.get(cells, "g_AMPA").any()


def test_what_is_got_is_what_was_recorded_last(backend):
    with simulator(backend) as sim:
        sim.step(45)
        cells = sim.net.populations["E"][::2]
        for variable in ("V", "g_AMPA"):
            np.testing.assert_allclose(sim.get(cells, variable), sim.data["traces"][variable][-1], rtol=1e-6)


@pytest.mark.parametrize(("gating", "where"), [("auto", "sources"), ("per-synapse", "synapses")])
def test_gates_that_others_own_are_read_and_not_set(backend, gating, where):
    net = gs.Network()
    gaba = gs.GABA_A(kinetics=gs.kinetics.FirstOrder.GABA_A(), gating=gating)
    cells = net.population("E", 24, gs.LIF(), receptors=[gaba])
    net.connect(net.population("bg", 20, gs.PoissonSource(200.0)), cells, gs.AllToAll(), receptor="GABA_A", weight=1.0)
    with simulator(backend, net) as sim:
        sim.step(60)
        assert sim.get(cells, "g_GABA_A").any()
        with pytest.raises(gs.ParameterError, match=f"are on the {where}; the variable can be read but not set"):
            sim.set(cells, "g_GABA_A", 1.0)


def test_a_union_in_any_order_is_got_and_set(backend):
    with simulator(backend) as sim:
        cells = sim.net.populations["E"]
        turned = cells[12:] + cells[:12]
        sim.set(turned, "V", np.linspace(-60.0, -52.0, 24))
        assert same_bits(sim.get(turned, "V"), np.roll(sim.get(cells, "V"), 12))
        assert sim.get(cells[12], "V") == -60.0
