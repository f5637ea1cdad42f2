"""Short-term plasticity whose parameters all synapses share: what spikes deliver, on every backend and in every form.

Kinetics are so fast that nothing is left of a conductance after one step, so `g` of each step is the sum of what
arrives in it.
"""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gpusyn as gs
from gpusyn.errors import ParameterError
from gpusyn.simulation.release_access import read_release
from tests.helpers.long_checks import pairs
from tests.helpers.runs import BACKENDS, backend_named, cpu, differences, emulated, outcome
from tests.simulation.test_delivery_forms import FORMS, forced

DT = 0.1
FAST = gs.AMPA(tau_decay=1e-3)
BOTH = [FAST, gs.GABA_A(tau_decay=1e-3)]


def parts(rule, trains):
    """What each spike releases, by source and step: the recursion, in plain Python; and the state at the end."""
    found, states = [], []
    for train in trains:
        u, x, last, own = 0.0, 1.0, 0, {}
        for step in train:
            if step != last and rule.tau_facil:
                u *= math.exp(-(step - last) * DT / rule.tau_facil)
            if not rule.tau_facil:
                u = 0.0
            x = 1.0 - (1.0 - x) * math.exp(-(step - last) * DT / rule.tau_rec)
            u, last = u + rule.U * (1.0 - u), step
            own[step] = own.get(step, 0.0) + u * x
            x -= u * x
        found.append(own)
        states.append((u, x, last))
    return found, states


def times(trains):
    return [[step * DT for step in train] for train in trains]


TRAINS = [[2, 9, 9, 9, 30, 31, 32, 90], [], [1, 1, 50, 51, 52, 53], [5, 25, 45, 65, 85], [88, 89, 90, 91, 92]]
RULES = {
    "depressing": gs.TsodyksMarkram(U=0.5, tau_rec=8.0),
    "facilitating": gs.TsodyksMarkram(U=0.04, tau_rec=1.3, tau_facil=5.3),
    "all at once": gs.TsodyksMarkram(U=1.0, tau_rec=3.0, tau_facil=2.0),
    "none": gs.TsodyksMarkram(U=0.0, tau_rec=3.0, tau_facil=2.0),
}


def one_source(rule, train, weight=2.5, delay=3, receptors=(FAST,)):
    net = gs.Network()
    source = net.population("s", 1, gs.SpikeSource(times([train])))
    cell = net.population("c", 1, gs.LIF(), receptors=list(receptors))
    net.connect(source, cell, gs.OneToOne(), receptor="AMPA", weight=weight, delay=delay * DT, plasticity=rule)
    net.record(cell, "g_AMPA", every=DT, name="g")
    return net


def conductance(net, steps, precision="double", backend="numpy"):
    with gs.Simulator(net, dt=DT, precision=precision, backend=backend) as sim:
        sim.step(steps)
        return np.asarray(sim.data["g"]["g_AMPA"], float)


@st.composite
def plastic_trains(draw):
    rule = gs.TsodyksMarkram(
        U=draw(st.floats(0.0, 1.0)),
        tau_rec=draw(st.floats(0.01, 1e4)),
        tau_facil=draw(st.one_of(st.just(0.0), st.floats(0.01, 1e4))),
    )
    return rule, sorted(draw(st.lists(st.integers(1, 150), min_size=1, max_size=30)))


@settings(max_examples=25, deadline=None)
@given(plastic_trains())
def test_spikes_deliver_what_the_recursion_says(given_):
    rule, train = given_
    g = conductance(one_source(rule, train), 160)[:, 0]
    expected = np.zeros(160)
    for step, part in parts(rule, [train])[0][0].items():
        expected[step + 3 - 1] = 2.5 * part
    np.testing.assert_allclose(g, expected, rtol=1e-9, atol=1e-13)


def every_form(rule, weight, delay):
    """Sources of all trains onto ten cells, by several rules and to shared sums."""
    net = gs.Network()
    sources = net.population("s", len(TRAINS), gs.SpikeSource(times(TRAINS)))
    more = net.population("p", 6, gs.PoissonSource(rate=3000.0))
    cells = net.population("c", 10, gs.LIF(I_e=400.0, t_ref=1.0), receptors=BOTH, V=gs.Uniform(-60.0, -50.0))
    both = {"AMPA": weight, "GABA_A": gs.Ratio("AMPA", 0.5)}
    net.connect(sources + more, cells, gs.FixedInDegree(6), weight=both, delay=delay, plasticity=rule, name="a")
    net.connect(sources[2:], cells[1:], gs.FixedInDegree(4), receptor="AMPA", weight=weight, delay=delay, name="b",
                plasticity=gs.TsodyksMarkram(U=0.7, tau_rec=20.0, tau_facil=4.0))  # fmt: skip
    net.connect(cells, cells, gs.AllToAll(autapses=False), receptor="AMPA", weight=0.1, delay=0.5, plasticity=rule)
    net.connect(sources, cells, gs.FixedInDegree(3), receptor="AMPA", weight=weight, delay=delay, name="static")
    net.record(cells + more + sources, "spikes", name="spikes")
    net.record(cells, ["V", "g_AMPA", "g_GABA_A"], every=DT, name="state")
    return net


def played(net, backend, precision="single", cuts=(), **options):
    with gs.Simulator(net, dt=DT, seed=5, backend=backend, precision=precision, **options) as sim:
        at = 0
        for stop in (*cuts, 130):
            sim.step(stop - at)
            at = stop
        return outcome(sim)


WEIGHTS = {"one weight": 0.7, "drawn weights": gs.LogNormal(0.7, 0.3)}
DELAYS = {"one delay": 1.1, "drawn delays": gs.Uniform(0.1, 4.0)}


@pytest.mark.parametrize(("weight", "delay", "precision"), pairs([*WEIGHTS], [*DELAYS], ["single", "double"]))
def test_every_form_of_delivery_gives_the_same_bits(weight, delay, precision):
    net = every_form(RULES["facilitating"], WEIGHTS[weight], DELAYS[delay])
    expected = played(net, "numpy", precision)
    assert expected["spikes times"].size > 50
    for form in FORMS:
        with forced(form):
            assert differences(expected, played(net, cpu(2), precision, cuts=(1, 97), chunk_steps=7)) == [], form
    with forced("blocks and slices"):
        assert differences(expected, played(net, "numpy", precision, cuts=(40, 41))) == []


def test_any_number_of_threads_gives_the_same_bits():
    for rule in RULES.values():
        net = every_form(rule, WEIGHTS["drawn weights"], DELAYS["drawn delays"])
        expected = played(net, "numpy")
        for threads in (1, 2, 3):
            assert differences(expected, played(net, cpu(threads))) == []


@pytest.mark.parametrize(("block", "weight"), pairs([32, 96], [*WEIGHTS]))
def test_emulated_kernels_give_the_same_bits(block, weight):
    net = every_form(RULES["facilitating"], WEIGHTS[weight], DELAYS["drawn delays"])
    precision = "double" if block == 96 else "single"
    expected = played(net, "numpy", precision)
    for form in ("as planned", "when due"):
        with forced(form):
            assert differences(expected, played(net, emulated(block), precision, cuts=(33,))) == [], form


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_list_of_spikes_grows_with_what_they_release(backend):
    """With short chunks it has little room, and spikes on long ways fill it."""
    net = every_form(RULES["depressing"], WEIGHTS["drawn weights"], gs.Uniform(3.0, 6.0))
    with forced("when due"):
        expected = played(net, "numpy")
        with gs.Simulator(net, dt=DT, seed=5, backend=backend_named(backend), chunk_steps=1) as sim:
            small = sim._compiled.program.specs["spike_release"].shape
            sim.step(130)
            assert sim._compiled.program.specs["spike_release"].shape[0] > small[0]
            assert differences(expected, outcome(sim)) == []
            sim.reset()
            sim.step(130)
            assert differences(expected, outcome(sim)) == []


@pytest.mark.parametrize("backend", BACKENDS)
def test_spikes_under_way_keep_the_weights_that_were_replaced(backend):
    """Weights that may change are delivered in the step of the spike; others when due, and are corrected."""
    rng = np.random.default_rng(1)
    pre, post = rng.integers(0, len(TRAINS), 40), rng.integers(0, 10, 40)
    weight, delay, new = rng.uniform(0.0, 1.0, 40), rng.integers(1, 50, 40) * DT, rng.uniform(0.0, 1.0, 40)
    weight[0] = 1.0

    def found(form, **options):
        net = gs.Network()
        sources = net.population("s", len(TRAINS), gs.SpikeSource(times(TRAINS)))
        cells = net.population("c", 10, gs.LIF(), receptors=BOTH)
        net.connect(sources, cells, gs.FromArrays(pre, post), receptor="AMPA", weight=weight, delay=delay, name="a",
                    plasticity=RULES["facilitating"], **options)  # fmt: skip
        net.record(cells, ["g_AMPA"], every=DT, name="g")
        with forced(form), gs.Simulator(net, dt=DT, backend=backend_named(backend)) as sim:
            at_once = [bundle.timing.at_once for bundle in sim.plan.layout.bundles]
            sim.step(52)
            sim.set_weights("a", new)
            sim.step(2)
            sim.set_weights("a", new[::-1].copy())
            sim.step(90)
            return at_once, np.asarray(sim.data["g"]["g_AMPA"])

    (changing, expected), (fixed, g) = found("as planned", w_max=1.0), found("when due")
    assert (changing, fixed) == ([True], [False])
    assert expected[53:].any()
    assert np.array_equal(g, expected)


def test_the_times_of_sources_may_be_set_between_runs():
    rule = RULES["depressing"]
    with gs.Simulator(one_source(rule, [5, 20]), dt=DT, backend="numpy", precision="double") as sim:
        sim.step(30)
        sim.set("s", times=[[40 * DT, 41 * DT]])
        sim.step(30)
        g = np.asarray(sim.data["g"]["g_AMPA"])[:, 0]
    expected = parts(rule, [[5, 20, 40, 41]])[0][0]
    np.testing.assert_allclose([g[step + 2] for step in expected], [2.5 * p for p in expected.values()], rtol=1e-12)


@pytest.mark.parametrize("steps", [0, 1, 60, 93, 130])
def test_u_and_x_are_read_as_they_are_now(steps):
    rule = RULES["facilitating"]
    net = every_form(rule, 0.5, 1.0)
    with gs.Simulator(net, dt=DT, seed=2, backend="numpy", precision="double") as sim:
        sim.step(steps)
        projection = net.projections["a"]
        pre = sim.weights("a", "AMPA").pre
        listed = pre < len(TRAINS)
        expected = []
        for train in TRAINS:
            _, ((u, x, last),) = parts(rule, [[step for step in train if step <= steps]])
            passed = (steps - last) * DT
            expected.append((u * math.exp(-passed / rule.tau_facil), 1 - (1 - x) * math.exp(-passed / rule.tau_rec)))
        for variable, values in zip("ux", np.transpose(expected), strict=True):
            found = read_release(sim._compiled, sim._session, projection, variable, slice(None))
            np.testing.assert_allclose(found[listed], values[pre[listed]], rtol=1e-12, atol=1e-15)
            assert found.shape == pre.shape
            some = read_release(sim._compiled, sim._session, projection, variable, np.array([7, 2]), steps)
            assert np.array_equal(some, found[[7, 2]])


def test_the_paired_pulse_ratio_of_a_clamped_neuron_is_that_of_the_closed_form():
    net = gs.Network()
    source = net.population("s", 1, gs.SpikeSource([[10.0, 60.0]]))
    cell = net.population("c", 1, gs.LIF(), receptors=[gs.AMPA(tau_decay=2.0)])
    net.connect(source, cell, gs.OneToOne(), receptor="AMPA", weight=1.0, delay=1.0,
                plasticity=gs.TsodyksMarkram(U=0.5, tau_rec=800.0))  # fmt: skip
    net.clamp(cell, -70.0)
    recorder = net.record(cell, "I_AMPA", every=DT)
    with gs.Simulator(net, dt=DT, backend="numpy", precision="double") as sim:
        sim.run(100.0)
        ratio = gs.measure.paired_pulse_ratio(sim.data[recorder], "I_AMPA", [11.0, 61.0])
    assert ratio == pytest.approx(1.0 - 0.5 * math.exp(-50.0 / 800.0), rel=1e-6)


def test_a_plan_says_where_the_state_is_and_what_it_takes():
    net = every_form(RULES["depressing"], 0.5, gs.Uniform(0.1, 2.0))
    plan = gs.plan(net, dt=DT)
    text = plan.describe(details=True)
    assert "all have the same parameters" in text
    assert "u and x of 24 sources" in text  # 11 of a, 3 of b, and 10 cells
    assert plan.specs["advance_releases.u"].size == plan.specs["advance_releases.x"].size


def test_static_projections_pay_nothing():
    net = gs.Network()
    cells = net.population("c", 10, gs.LIF(), receptors=BOTH)
    net.connect(cells, cells, gs.FixedInDegree(3), receptor="AMPA", weight=1.0)
    plan = gs.plan(net, dt=DT)
    assert plan.specs["spike_release"].size == 1
    assert "advance_releases.u" not in plan.specs
    assert "short-term" not in plan.describe(details=True)


def test_plastic_and_static_projections_have_rows_of_their_own():
    net = every_form(RULES["depressing"], 0.5, 1.0)
    alone = [{p.projection.name for p in bundle.pathways} for bundle in gs.plan(net, dt=DT).layout.bundles]
    assert {"a"} in alone
    assert {"static"} in alone


def test_channels_that_a_drug_blocks_at_each_synapse_are_refused():
    net = gs.Network()
    source = net.population("s", 1, gs.PoissonSource(rate=10.0))
    kinetics = gs.kinetics.DualExponential(tau_rise=2.0, tau_decay=100.0)
    cell = net.population("c", 1, gs.LIF(), receptors=[gs.NMDA(kinetics=kinetics)])
    net.connect(source, cell, gs.OneToOne(), receptor="NMDA", weight=1.0, plasticity=RULES["depressing"], name="syn")
    gs.plan(net, dt=DT)
    net.infuse("MK-801", 1.0)
    with pytest.raises(ParameterError, match=r"'syn'.plasticity: TsodyksMarkram .* 'NMDA' of 'c' .*leave the drug out"):
        gs.plan(net, dt=DT)
