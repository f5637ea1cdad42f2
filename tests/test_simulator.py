"""`Simulator` on every backend: runs, resets, state, weights, recordings, files, faults, refusals."""

import numpy as np
import pytest
from runs import differences, outcome, same_bits

import gpusyn as gs
from gpusyn.errors import GpusynError
from gpusyn.results import SpikeData

DT = 0.1
CELL = {"E_L": -60.0, "V_th": -50.0, "V_reset": -60.0, "t_ref": 1.0}


def describe(size=24, *, before=False, after=False, file=None):
    """Neurons that drive each other, with every kind of input; some more objects before and after it, if asked."""
    net = gs.Network()
    extra = [gs.AMPA()]
    if before:
        other = net.population("before", 5, gs.LIF(**CELL, I_e=300.0), receptors=extra, V=gs.Uniform(-60.0, -50.0))
        net.connect(other, other, gs.FixedProbability(0.5), receptor="AMPA", weight=gs.LogNormal(3.0, 1.0))
        net.drive(other, "AMPA", rate=500.0, weight=1.0)
    receptors = [gs.AMPA(), gs.NMDA(), gs.GABA_A(kinetics=gs.kinetics.FirstOrder.GABA_A(), E_rev=-80.0)]
    cells = net.population(
        "E", size, gs.LIF(**CELL, C_m=gs.Uniform(150.0, 250.0)), receptors=receptors, V=gs.Uniform(-60.0, -49.0)
    )
    noise = net.population("noise", 10, gs.PoissonSource(rate=400.0))
    net.connect(noise, cells, gs.FixedProbability(0.5), receptor="AMPA", weight=gs.LogNormal(3.0, 1.0))
    contact = {"AMPA": gs.Uniform(1.0, 4.0), "NMDA": gs.Ratio("AMPA", 0.1)}
    net.connect(cells, cells, gs.FixedInDegree(5), weight=contact, delay=gs.Uniform(0.1, 3.0), w_max={"AMPA": 8.0})
    net.connect(cells, cells, gs.FixedProbability(0.2), receptor="GABA_A", weight=5.0, delay=0.8)
    net.drive(cells, "AMPA", rate=gs.Waveform([0.0, 5.0], [500.0, 3000.0]), weight=0.5)
    net.inject(cells[:5], gs.Waveform([0.0, 10.0], [0.0, 300.0], interpolation="linear"))
    net.clamp(cells[-1], gs.Waveform([0.0, 4.0], [-70.0, -30.0]))
    if after:
        other = net.population("after", 5, gs.LIF(**CELL, I_e=300.0), receptors=extra, V=gs.Uniform(-60.0, -50.0))
        net.connect(cells, other, gs.FixedProbability(0.5), receptor="AMPA", weight=gs.LogNormal(3.0, 1.0))
    net.record(cells, "spikes", name="spikes", file=file)
    net.record(cells[::2], ["V", "g_AMPA", "I_NMDA"], name="traces", file=file)
    net.record(cells[:3], ["g_GABA_A", "h_NMDA"], name="thirds", every=0.3, file=file)
    return net


def simulator(backend, net=None, **options):
    return gs.Simulator(net or describe(), **{"dt": DT, "seed": 5, "backend": backend} | options)


def steps_of(net, backend, *parts, **options):
    with simulator(backend, net, **options) as sim:
        for part in parts:
            sim.step(part)
        return outcome(sim)


# ---- running ----


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


# ---- draws belong to names ----


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


# ---- state ----


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
        with pytest.raises(gs.ParameterError, match=f"live on the {where}; it can be read, not set"):
            sim.set(cells, "g_GABA_A", 1.0)


def test_a_union_in_any_order_is_got_and_set(backend):
    with simulator(backend) as sim:
        cells = sim.net.populations["E"]
        turned = cells[12:] + cells[:12]
        sim.set(turned, "V", np.linspace(-60.0, -52.0, 24))
        assert same_bits(sim.get(turned, "V"), np.roll(sim.get(cells, "V"), 12))
        assert sim.get(cells[12], "V") == -60.0


# ---- weights ----

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


@pytest.mark.parametrize("receptor", KINDS, ids=["lumped", "rising", "first-order"])
@pytest.mark.parametrize("precision", ["single", "double"])
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


def test_one_weight_for_all_needs_w_max_to_be_changed(backend):
    with simulator(backend, given(weight=3.0)) as sim:
        with pytest.raises(gs.ParameterError, match=r"share one weight, stored once; declare w_max="):
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


# ---- recordings and files ----


def test_samples_every_third_step_are_a_third_of_all(backend):
    net = describe()
    cells = net.populations["E"]
    net.record(cells[:3], ["g_GABA_A", "h_NMDA"], name="all")
    for chunk_steps in (1, 2, 7, 100):
        with simulator(backend, net, chunk_steps=chunk_steps) as sim:
            sim.step(50)
            sim.step(21)
            every, third = sim.data["all"], sim.data["thirds"]
            assert len(third) == 71 // 3
            np.testing.assert_allclose(third.t, every.t[2::3], rtol=1e-15)
            for variable in third:
                assert same_bits(third[variable], every[variable][2::3])


def test_recordings_in_a_file_are_those_in_memory(backend, tmp_path):
    pytest.importorskip("h5py")
    path = tmp_path / "run.h5"
    with simulator(backend) as held, simulator(backend, describe(file=path), chunk_steps=9) as streamed:
        for sim in (held, streamed):
            sim.step(50)
        for name in ("spikes", "traces", "thirds"):
            assert held.data[name] == streamed.data[name]
            assert gs.open_results(path)[name] == held.data[name]  # while it is being written
        for sim in (held, streamed):
            sim.step(30)
        kept = {name: held.data[name] for name in ("spikes", "traces", "thirds")}
    found = gs.open_results(path)
    assert found.finished
    assert all(found[name] == data for name, data in kept.items())
    assert len(kept["spikes"]) > 20


def test_a_reset_begins_its_file_anew(tmp_path):
    pytest.importorskip("h5py")
    path = tmp_path / "run.h5"
    with simulator("numpy") as held, simulator("numpy", describe(file=path)) as streamed:
        held.step(40)
        streamed.step(70)
        streamed.reset()
        streamed.step(40)
        kept = {name: held.data[name] for name in ("spikes", "traces", "thirds")}
    assert all(gs.open_results(path)[name] == data for name, data in kept.items())


@pytest.mark.parametrize("name", ["run.h5", "folder"])
def test_what_is_saved_is_opened_again(backend, tmp_path, name):
    pytest.importorskip("h5py")
    with simulator(backend) as sim:
        sim.step(60)
        sim.save(tmp_path / name)
        found = gs.open_results(tmp_path / name)
        for recorder in ("spikes", "traces", "thirds"):
            assert found[recorder] == sim.data[recorder]


def test_spikes_are_sorted_with_events_of_one_time_apart(backend):
    net = gs.Network()
    source = net.population("s", 3, gs.SpikeSource([[0.5, 0.2, 0.2], [0.5], []]))
    net.record(source[1:] + source[:1], "spikes", name="spikes")
    with gs.Simulator(net, dt=DT, backend=backend) as sim:
        sim.run(1.0)
        data = sim.data["spikes"]
    assert isinstance(data, SpikeData)
    assert np.round(data.times, 9).tolist() == [0.2, 0.2, 0.5, 0.5]
    assert data.ids.tolist() == [2, 2, 0, 2]
    assert data.local_ids.tolist() == [0, 0, 1, 0]
    assert data.counts().tolist() == [1, 0, 3]


# ---- faults and refusals ----


def runaway(start):
    net = gs.Network()
    cell = gs.LIF(C_m=0.01, g_L=0.001)
    net.population("calm", 200, gs.LIF())
    cells = net.population("wild", 150, cell)
    net.inject(cells[140], 1e30, start=start)
    net.inject(cells[9], -1e30, start=start + 0.5)
    return net


def test_a_potential_that_runs_away_is_named(backend):
    with gs.Simulator(runaway(1.2), dt=DT, backend=backend, chunk_steps=7) as sim:
        sim.run(1.2)
        with pytest.raises(gs.SimulationError, match=r"Population 'wild', neuron 140: V became NaN .* at t = 1\.3 ms"):
            sim.run(2.0)
        sim.reset()
        sim.run(1.2)


def test_nothing_that_large_is_taken():
    net = gs.Network()
    with pytest.raises(gs.ParameterError, match="at most 1e\\+30"):
        net.inject(net.population("E", 1, gs.LIF()), 1e38)


def tiny(**changes):
    """A network with one time that may be off the grid."""
    at = {"delay": 1.0, "t_ref": 2.0, "T_dur": 1.0, "every": 1.0, "start": 0.0, "stop": 1.0} | changes
    net = gs.Network()
    pulse = gs.AMPA(kinetics=gs.kinetics.FirstOrder(1.0, 1.0, T_dur=at["T_dur"]))
    cell = net.population("E", 2, gs.LIF(t_ref=at["t_ref"]), receptors=[pulse])
    net.connect(cell, cell, gs.AllToAll(), receptor="AMPA", weight=1.0, delay=at["delay"])
    net.inject(cell, 1.0, start=at["start"], stop=at["stop"])
    net.record(cell, "V", every=at["every"])
    return net


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"delay": 0.25}, r"Projection 'E->E:AMPA'\.delay"),
        ({"delay": [0.1, 0.2, 0.3, 0.35]}, r"Projection 'E->E:AMPA'\.delay\[3\]"),
        ({"t_ref": 0.05}, r"Population 'E'\.t_ref"),
        ({"T_dur": 1.01}, r"receptor 'AMPA'\.kinetics\.T_dur"),
        ({"every": 0.15}, r"Recorder 'E:V'\.every"),
        ({"start": 0.33}, r"Injection 'inject->E'\.start"),
        ({"stop": 0.33}, r"Injection 'inject->E'\.stop"),
    ],
)
def test_times_off_the_grid_are_refused(change, where):
    with pytest.raises(gs.ParameterError, match=rf"{where}: must be a multiple of dt = 0\.1 ms"):
        gs.Simulator(tiny(**change), dt=DT, backend="numpy")


def test_a_delay_below_a_step_is_refused():
    with pytest.raises(gs.ParameterError, match=r"Projection 'E->E:AMPA'\.delay.*0\.1"):
        gs.Simulator(tiny(delay=0.05), dt=DT, backend="numpy")


def test_a_run_off_the_grid_is_refused_and_nothing_ran():
    with simulator("numpy") as sim:
        for wrong in (0.25, -0.1, np.nan, "1", None):
            with pytest.raises(GpusynError, match=r"Simulator\.run\(\)\.duration"):
                sim.run(wrong)
        for wrong in (-1, 1.5, "1"):
            with pytest.raises(GpusynError, match=r"Simulator\.step\(\)\.n"):
                sim.step(wrong)
        assert sim.time == 0


def test_a_closed_simulator_says_so_and_keeps_its_results(backend):
    sim = simulator(backend)
    sim.step(40)
    found = sim.data["spikes"]
    sim.close()
    sim.close()
    cells = sim.net.populations["E"]
    for use in (
        lambda: sim.run(1.0),
        lambda: sim.step(),
        lambda: sim.reset(),
        lambda: sim.get(cells, "V"),
        lambda: sim.set(cells, "V", -60.0),
        lambda: sim.weights("noise->E:AMPA"),
        lambda: sim.set_weights("noise->E:AMPA", 0.0),
    ):
        with pytest.raises(gs.SimulationError, match="closed; make a new one"):
            use()
    assert sim.data["spikes"] == found
    assert sim.time == 40 * DT


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"dt": 0}, r"dt"),
        ({"dt": -0.1}, r"dt"),
        ({"dt": "fast"}, r"dt"),
        ({"seed": -1}, r"Simulator\.seed"),
        ({"seed": 1.5}, r"Simulator\.seed"),
        ({"backend": "gpu"}, r"backend.*did you mean 'cpu'"),
        ({"precision": "half"}, r"precision"),
        ({"backend": "cpu", "threads": 0}, r"Simulator\.threads"),
        ({"thread": 2}, r"did you mean 'threads'"),
        ({"backend": 3}, r"Simulator\.backend: must be one of auto, cuda, cpu, numpy \(got 3\)"),
        ({"backend": None}, r"Simulator\.backend"),
        ({"chunk_steps": 0}, r"Simulator\.chunk_steps"),
        ({"chunk_steps": -3}, r"Simulator\.chunk_steps"),
    ],
)
def test_wrong_arguments_are_named(options, said):
    with pytest.raises(GpusynError, match=said):
        gs.Simulator(describe(), **{"backend": "numpy"} | options)


def test_what_belongs_to_another_network_is_refused():
    other = describe()
    with simulator("numpy") as sim:
        with pytest.raises(gs.ArgumentError, match="recorder 'spikes' belongs to another network"):
            _ = sim.data[other.recorders["spikes"]]
        with pytest.raises(gs.ArgumentError, match="Projection 'noise->E:AMPA' belongs to another network"):
            sim.weights(other.projections["noise->E:AMPA"])
        for use in (
            lambda: sim.get(other.populations["E"][:3], "V"),
            lambda: sim.set(other.populations["E"], "V", -60),
        ):
            with pytest.raises(gs.ArgumentError, match="'E' belongs to another network"):
                use()
        for unknown in (lambda: sim.data["spike"], lambda: sim.weights("noise"), lambda: sim.set_weights("x", 0.0)):
            with pytest.raises(gs.UnknownNameError, match="unknown name"):
                unknown()
        cells = sim.net.populations["E"]
        for variable in ("I_AMPA", "B_NMDA", "v", "spikes", 3):
            with pytest.raises(GpusynError, match=r"Simulator\.get\(\)\.variable"):
                sim.get(cells, variable)
        with pytest.raises(gs.ArgumentError, match=r"must be a population or selection"):
            sim.get("E", "V")
        with pytest.raises(gs.ParameterError, match="looks like volts"):
            sim.set(cells, "V", -0.06)
        for wrong in ([-60.0, -61.0], np.nan, np.full(24, np.inf)):
            with pytest.raises(gs.ParameterError, match=r"Simulator\.set\('E', 'V'\)"):
                sim.set(cells, "V", wrong)
