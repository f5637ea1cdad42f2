"""Weights of a running simulation are read and set."""

import numpy as np
import pytest

import gpusyn as gs
from tests.helpers.long_checks import pairs
from tests.helpers.runs import differences, outcome, same_bits
from tests.helpers.small_network import CELL, DT, simulator, steps_of

PAIRS = [(2, 1), (0, 2), (2, 1), (1, 0), (0, 0), (2, 1), (0, 2)]


def given(w_max=None, weight=None, receptor=None, **options):
    """Seven given synapses of three neurons, some between the same pair."""
    net = gs.Network()
    cells = net.population("E", 3, gs.LIF(**CELL), receptors=[receptor or gs.AMPA()], V=gs.Uniform(-56.0, -49.0))
    pre, post = np.array(PAIRS).T
    weight = np.arange(1.0, 8.0) if weight is None else weight
    name = (receptor or gs.AMPA()).name
    rule = gs.FromArrays(pre, post)
    net.connect(cells, cells, rule, receptor=name, weight=weight, delay=0.2, w_max=w_max, name="c", **options)
    net.record(cells, ["V", f"I_{name}"], name="v")
    return net


KINDS = [gs.AMPA(), gs.NMDA(gating="per-synapse"), gs.AMPA(kinetics=gs.kinetics.FirstOrder.AMPA())]


@pytest.mark.parametrize("receptor", KINDS, ids=["lumped", "rising", "first-order"])
def test_weights_come_by_pre_post_and_creation(backend, receptor):
    with simulator(backend, given(receptor=receptor)) as sim:
        w = sim.weights("c")
        assert list(zip(w.pre, w.post, strict=True)) == sorted(PAIRS)
        assert w.weight.tolist() == [5.0, 2.0, 7.0, 4.0, 1.0, 3.0, 6.0]
        assert w.delay.tolist() == [2 * DT] * 7
        assert [c.dtype for c in (w.pre, w.post, w.weight, w.delay)] == [np.int64, np.int64, np.float64, np.float64]


@pytest.mark.parametrize("receptor", KINDS, ids=["lumped", "rising", "first-order"])
def test_weights_that_are_set_act_as_if_given(backend, receptor):
    new = np.array([0.5, 2.0, 1.0, 7.0, 0.0, 3.0, 0.25])
    order = np.lexsort(np.array(PAIRS).T[::-1])
    creation = np.empty(7)
    creation[order] = new
    with simulator(backend, given(receptor=receptor)) as sim:
        sim.set_weights("c", new)
        assert sim.weights("c").weight.tolist() == new.tolist()
        sim.step(60)
        changed = outcome(sim)
        sim.set_weights(sim.net.projections["c"], 0.125)
        assert set(sim.weights("c").weight) == {0.125}
    # the same bound of a sum, so the same quantum
    assert differences(changed, steps_of(given(7.0, creation, receptor), backend, 60)) == []


@pytest.mark.parametrize(("precision", "receptor"), pairs(["single", "double"], KINDS))
def test_given_arrays_stay_as_they_are(backend, precision, receptor):
    mine, delay = np.array([1.0, 2.0, 3.0]), np.array([0.1, 0.2, 0.3])
    net = gs.Network()
    cells = net.population("E", 3, gs.LIF(I_e=[0.0, 1.0, 2.0]), receptors=[receptor], V=np.array([-70.0, -65.0, -60.0]))
    options = {"receptor": receptor.name, "weight": mine, "delay": delay, "w_max": 4.0, "name": "c"}
    net.connect(cells, cells, gs.OneToOne(), **options)
    with gs.Simulator(net, dt=DT, backend=backend, precision=precision) as sim:
        sim.set_weights("c", 4.0)
        sim.step(3)
        assert sim.weights("c").weight.tolist() == [4.0] * 3
    assert mine.tolist() == net.projections["c"].weights[receptor.name].tolist() == [1.0, 2.0, 3.0]
    assert cells.V.tolist() == [-70.0, -65.0, -60.0]


def test_a_ratio_holds_in_each_contact_in_whichever_order_it_is_named():
    """The NMDA weight of a contact is 0.1 times its AMPA weight, also where it is named before the AMPA weight."""
    drawn = {"AMPA": gs.LogNormal(1.0, 0.5), "NMDA": gs.Ratio("AMPA", 0.1)}
    found = []
    for names in (("AMPA", "NMDA"), ("NMDA", "AMPA")):
        net = gs.Network()
        cells = net.population("E", 20, gs.LIF(), receptors=[gs.AMPA(), gs.NMDA()])
        net.connect(cells, cells, gs.FixedInDegree(10), weight={name: drawn[name] for name in names}, name="c")
        with gs.Simulator(net, dt=DT, seed=5, backend="numpy", precision="double") as sim:
            found.append(sim.weights("c").weight)
        assert np.ptp(found[-1]["AMPA"]) > 1.0
        np.testing.assert_allclose(found[-1]["NMDA"], 0.1 * found[-1]["AMPA"], atol=1e-6)
    for name in drawn:
        assert found[0][name].tolist() == found[1][name].tolist()


def test_weights_of_several_populations_and_slices(backend):
    net = gs.Network()
    a, b = (net.population(n, 6, gs.LIF(), receptors=[gs.AMPA(), gs.GABA_A()]) for n in "ab")
    pre, post = b[2:5] + a, a[3:] + b[::2] + a[:1]
    weight = {"AMPA": np.arange(63.0), "GABA_A": gs.Ratio("AMPA", 2.0)}
    delay = (1 + np.arange(63) % 7) * DT
    net.connect(pre, post, gs.AllToAll(), weight=weight, delay=delay, name="c", w_max={"AMPA": 99.0})
    with gs.Simulator(net, dt=DT, backend=backend, threads=3) as sim:
        w = sim.weights("c")
        assert same_bits(w.pre, np.repeat(np.arange(9), 7))
        assert same_bits(w.post, np.tile(np.arange(7), 9))
        assert w.weight.keys() == {"AMPA", "GABA_A"}
        np.testing.assert_allclose(w.weight["AMPA"], np.arange(63.0), atol=1e-4)
        np.testing.assert_allclose(w.weight["GABA_A"], 2 * np.arange(63.0), atol=1e-4)
        np.testing.assert_allclose(w.delay, delay)
        sim.set_weights("c", {"AMPA": w.weight["AMPA"][::-1], "GABA_A": 3.0})
        np.testing.assert_allclose(sim.weights("c", "AMPA").weight, np.arange(63.0)[::-1], atol=1e-4)
        assert set(sim.weights("c", "GABA_A").weight) == {3.0}


def test_a_weight_of_a_current_has_a_sign_and_a_limit():
    net = gs.Network()
    source = net.population("source", 1, gs.SpikeSource([1.0]))
    cells = net.population("cells", 2, gs.LIF(), receptors=[gs.CurrentReceptor("I", tau=2.0)])
    c = net.connect(source, cells, gs.AllToAll(), receptor="I", weight=[1.0, -2.0], delay=1.0, w_max=4.0)
    with gs.Simulator(net, backend="numpy") as sim:
        sim.set_weights(c, -4.0)
        assert sim.weights(c).weight.tolist() == [-4.0, -4.0]
        for wrong in (-5.0, 5.0):
            with pytest.raises(gs.ParameterError, match=r"pA >= -4 and <= 4 \(got .*\); declare a larger w_max="):
                sim.set_weights(c, wrong)


def test_weights_are_set_up_to_their_limit(backend):
    with simulator(backend, given(w_max=20.0)) as sim:
        sim.set_weights("c", 20.0)
        assert set(sim.weights("c").weight) == {20.0}
        for wrong, error, message in (
            (20.001, gs.ParameterError, r"<= 20 \(got 20\.001\); declare a larger w_max= when connecting$"),
            (np.full(7, 21.0), gs.ParameterError, r"\[0\]: .*\(got 21, 7 wrong of 7 values\); declare a larger w_max="),
            (-1.0, gs.ParameterError, r"nS >= 0 .*\(got -1\); inhibition is the receptor's E_rev and not a sign$"),
            (np.nan, gs.ParameterError, r"must be a finite number .*\(got nan\)$"),
            (np.ones(6), gs.ParameterError, r"one per synapse.*; here 7 synapses \(got 6 values\)$"),
            (np.ones((7, 1)), gs.ParameterError, r"here 7 synapses \(got an array of shape \(7, 1\)\)$"),
            ("much", gs.ArgumentError, r"or an array .* \(got 'much'\)$"),
            (
                gs.Uniform(0.0, 1.0),
                gs.ArgumentError,
                r"\(got Uniform.*\); draw 7 values with numpy and give them$",
            ),
        ):
            with pytest.raises(error, match=r"Simulator\.set_weights\('c'\).*" + message):
                sim.set_weights("c", wrong)
        assert set(sim.weights("c").weight) == {20.0}


def test_one_weight_for_all_needs_w_max_to_be_changed(backend):
    with simulator(backend, given(weight=3.0)) as sim:
        with pytest.raises(gs.ParameterError, match=r"share one weight, which is stored once; declare w_max="):
            sim.set_weights("c", 1.0)
        assert set(sim.weights("c").weight) == {3.0}
    with simulator(backend, given(w_max=3.0, weight=3.0)) as sim:
        sim.set_weights("c", np.arange(7) / 4)
        assert sim.weights("c").weight.tolist() == (np.arange(7) / 4).tolist()


def test_weights_of_several_receptors_are_named():
    with simulator("numpy") as sim:
        with pytest.raises(gs.ParameterError, match="drives AMPA, NMDA; name one with receptor="):
            sim.set_weights("E->E:AMPA+NMDA", 1.0)
        with pytest.raises(gs.UnknownNameError, match="did you mean 'NMDA'"):
            sim.weights("E->E:AMPA+NMDA", "NDMA")


def test_a_reset_restores_weights_that_lie_where_a_projection_without_synapses_begins():
    net = gs.Network()
    cells = net.population("E", 3, gs.LIF(**CELL), receptors=[gs.AMPA()])
    for name, contacts in (("none", []), ("some", PAIRS)):
        rule = gs.FromArrays(*np.array(contacts, np.int64).reshape(-1, 2).T)
        net.connect(cells, cells, rule, receptor="AMPA", weight=1.0, delay=0.2, w_max=2.0, name=name)
    with gs.Simulator(net, dt=DT, backend="numpy") as sim:
        for name in net.projections:
            sim.set_weights(name, 0.5)
        sim.reset()
        assert sim.weights("some").weight.tolist() == [1.0] * len(PAIRS)


def test_weights_of_several_receptors_are_all_set_or_none():
    with simulator("numpy") as sim:
        name = "E->E:AMPA+NMDA"
        before = sim.weights(name)
        for values, receptor, error in [
            ({"AMPA": 0.0, "NMDA": -1.0}, None, gs.ParameterError),
            ({"AMPA": 0.0, "NDMA": 0.0}, None, gs.UnknownNameError),
            ({"AMPA": 0.0}, "NMDA", gs.ArgumentError),
        ]:
            with pytest.raises(error, match=rf"set_weights\('{name}'\)".replace("+", r"\+")):
                sim.set_weights(name, values, receptor)
            for receptor_name, weight in before.weight.items():
                assert same_bits(sim.weights(name, receptor_name).weight, weight)
