"""Renewal processes: the same bits however they are computed, and their rates set between runs."""

import functools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gpusyn as gs
from gpusyn.errors import ArgumentError, ParameterError, UnknownNameError
from tests.helpers.long_checks import every, pairs
from tests.helpers.runs import backend_named, cpu, differences, outcome

DT, SIZE, STEPS = 0.1, 130, 40
RAMP = gs.Waveform([0.0, 4.0, 9.0], [100.0, 3000.0, 0.0])
SLOPE = gs.Waveform([0.0, 20.0], [400.0, 900.0], interpolation="linear")
MODELS = {
    "gamma": gs.GammaSource(300.0, shape=4.0),
    "bursts": gs.GammaSource(RAMP, shape=0.1),
    "each": gs.GammaSource(np.linspace(0.0, 900.0, SIZE), shape=np.geomspace(0.1, 1000.0, SIZE)),
    "dense": gs.GammaSource(3e4, shape=0.7, max_events=4),
    "dead": gs.PoissonSource(np.linspace(0.0, 480.0, SIZE), dead_time=2.0),
    "changing": gs.PoissonSource(SLOPE, dead_time=0.93),
    "short": gs.PoissonSource(40_000.0, dead_time=0.02),
}


def network(models=MODELS, size=SIZE):
    """Sources of all kinds, each of which excites a cell."""
    net = gs.Network()
    cells = net.population("cells", size, gs.LIF(), receptors=[gs.AMPA()])
    for name, model in models.items():
        sources = net.population(name, size, model)
        net.connect(sources, cells, gs.OneToOne(), receptor="AMPA", weight=0.5)
        net.record(sources, "spikes", name=f"spikes of {name}")
    net.record(cells, ["V", "g_AMPA"], name="traces")
    return net


@functools.cache
def reference(precision):
    with gs.Simulator(network(), dt=DT, seed=3, backend="numpy", precision=precision) as sim:
        sim.step(STEPS)
        return outcome(sim)


# ---- the same bits ----
@pytest.mark.parametrize("precision", every(2, ["single", "double"]))
@pytest.mark.parametrize("threads", every(3, [3, 1, 2]))
def test_bits_are_those_of_numpy_on_any_number_of_threads(threads, precision):
    with gs.Simulator(network(), dt=DT, seed=3, backend=cpu(threads), precision=precision) as sim:
        sim.step(7)
        sim.step(STEPS - 7)
        assert not differences(outcome(sim), reference(precision))


@pytest.mark.parametrize("precision", every(2, ["double", "single"]))
def test_bits_are_those_of_numpy_on_emulated_blocks(precision):
    with gs.Simulator(network(), dt=DT, seed=3, backend=backend_named("cuda-emulated"), precision=precision) as sim:
        sim.step(STEPS)
        assert not differences(outcome(sim), reference(precision))


def test_spikes_do_not_depend_on_the_precision():
    single, double = reference("single"), reference("double")
    for name in MODELS:
        for what in ("times", "ids"):
            assert np.array_equal(single[f"spikes of {name} {what}"], double[f"spikes of {name} {what}"])
        assert single[f"spikes of {name} times"].size > 30


@pytest.mark.parametrize("chunk_steps", every(2, [7, 1]))
def test_bits_do_not_depend_on_how_a_run_is_split(chunk_steps):
    with gs.Simulator(network(), dt=DT, seed=3, backend="numpy", chunk_steps=chunk_steps) as sim:
        for steps in (1, 30, STEPS - 31):
            sim.step(steps)
        assert not differences(outcome(sim), reference("single"))


def test_spikes_of_a_source_do_not_depend_on_other_populations():
    with gs.Simulator(network({"dead": MODELS["dead"]}), dt=DT, seed=3, backend="numpy") as sim:
        sim.step(STEPS)
        alone = outcome(sim)
    for what in ("times", "ids"):
        assert np.array_equal(alone[f"spikes of dead {what}"], reference("single")[f"spikes of dead {what}"])


@pytest.mark.parametrize("backend", every(2, ["cpu", "numpy"]))
def test_a_reset_starts_anew_and_a_trial_draws_other_spikes(backend):
    with gs.Simulator(network(), dt=DT, seed=3, backend=backend_named(backend)) as sim:
        sim.step(30)
        sim.reset(trial=1)
        sim.step(STEPS)
        other = outcome(sim)
        sim.reset(trial=0)
        sim.step(STEPS)
        assert not differences(outcome(sim), reference("single"))
    assert differences(other, reference("single"))
    with gs.Simulator(network(), dt=DT, seed=3, trial=1, backend=backend_named(backend)) as sim:
        sim.step(STEPS)
        assert not differences(outcome(sim), other)


@pytest.mark.parametrize("backend", every(2, ["numpy", "cpu"]))
def test_a_checkpoint_goes_on_with_the_same_bits(backend, tmp_path):
    pytest.importorskip("h5py")
    with gs.Simulator(network(), dt=DT, seed=3, backend="cpu") as sim:
        sim.step(25)
        sim.save_checkpoint(tmp_path / "state.h5")
    with gs.Simulator.load_checkpoint(network(), tmp_path / "state.h5", backend=backend) as sim:
        sim.step(STEPS - 25)
        assert not differences(outcome(sim), reference("single"))


# ---- extremes ----
@given(
    rate=st.one_of(st.just(0.0), st.floats(1e-3, 1e6)),
    shape=st.floats(0.1, 1000.0),
    seed=st.integers(0, 2**70),
    most=st.sampled_from([None, 1, 3]),
)
@settings(max_examples=10, deadline=None)
def test_any_rate_and_shape_has_its_mean_count(rate, shape, seed, most):
    net = gs.Network()
    net.record(net.population("s", 40, gs.GammaSource(rate, shape, max_events=most)), "spikes", name="spikes")
    with gs.Simulator(net, dt=DT, seed=seed, backend="numpy") as sim:
        sim.step(6)
        counts = sim.data["spikes"].counts()
    mean = rate * 6 * DT * 1e-3
    assert counts.max(initial=0) <= 6 * (most or 10**9)
    if most is None:
        error = np.sqrt((mean / shape + 1 / 6 + mean) / 40)  # of a mean, and more: a source cannot have less than none
        assert abs(counts.mean() - mean) < 7 * error + 1e-9


drawn_dead_times = given(rate=st.floats(0.0, 0.999), dead=st.floats(0.01, 50.0), seed=st.integers(0, 2**40))


@drawn_dead_times
@settings(max_examples=3, deadline=None)
def test_no_interval_is_shorter_than_any_dead_time(rate, dead, seed):
    check_dead_time(rate, dead, seed)


@pytest.mark.fuzz
@drawn_dead_times
@settings(max_examples=20, deadline=None)
def test_no_interval_is_shorter_than_further_dead_times(rate, dead, seed):
    check_dead_time(rate, dead, seed)


def check_dead_time(rate, dead, seed):
    net = gs.Network()
    sources = net.population("s", 20, gs.PoissonSource(rate * 1e3 / dead, dead_time=dead))
    net.record(sources, "spikes", name="spikes")
    with gs.Simulator(net, dt=DT, seed=seed, backend="numpy") as sim:
        sim.step(300)
        data = sim.data["spikes"]
        per_step = np.unique(np.stack([data.times, data.ids]), axis=1, return_counts=True)[1]
        apart = np.concatenate([np.diff(train) for train in data.trains()])
    assert per_step.max(initial=0) <= 1 + dead**-1 * DT
    if dead >= DT:
        assert apart.min(initial=np.inf) > dead - DT - 1e-6


# ---- rates that are set ----
VALUES = {"number": 250.0, "array": np.linspace(0.0, 400.0, SIZE), "waveform": SLOPE}
SET = {
    "gamma": gs.GammaSource(0.0, 3.0, rate_max=3000.0),
    "dead": gs.PoissonSource(0.0, dead_time=0.3, rate_max=3000.0),
}


def changed(first, later, backend="numpy"):
    models = {name: model.replaced(rate=first) for name, model in SET.items()}
    with gs.Simulator(network(models), dt=DT, seed=8, backend=backend) as sim:
        sim.step(40)
        for name in models:
            sim.set(name, rate=later)
        sim.step(60)
        return outcome(sim)


@pytest.mark.parametrize(("first", "later"), pairs(list(VALUES), list(VALUES)))
def test_a_rate_that_is_set_has_the_same_bits_on_every_backend(first, later):
    assert not differences(changed(VALUES[first], VALUES[later], cpu(2)), changed(VALUES[first], VALUES[later]))


@pytest.mark.parametrize("value", VALUES)
def test_a_rate_that_is_set_before_the_first_step_is_as_if_described(value):
    described = {name: model.replaced(rate=VALUES[value]) for name, model in SET.items()}
    with gs.Simulator(network(described), dt=DT, seed=8, backend="numpy") as sim:
        sim.step(80)
        wanted = outcome(sim)
    with gs.Simulator(network(SET), dt=DT, seed=8, backend="numpy") as sim:
        for name in SET:
            sim.set(name, rate=VALUES[value])
        sim.step(80)
        assert not differences(outcome(sim), wanted)
        assert sim.get("gamma", "rate") is VALUES["waveform"] or np.all(sim.get("gamma", "rate") == VALUES[value])
        sim.reset()
        sim.step(80)
        assert sim.data["spikes of gamma"].times.size == sim.data["spikes of dead"].times.size == 0


def test_a_set_rate_is_in_a_checkpoint(tmp_path):
    pytest.importorskip("h5py")

    def run(stop):
        with gs.Simulator(network(SET), dt=DT, seed=8, backend="numpy") as sim:
            sim.set("gamma", rate=VALUES["waveform"])
            sim.set("dead", rate=VALUES["array"])
            sim.step(stop)
            sim.save_checkpoint(tmp_path / "state.h5")
            return outcome(sim)

    whole = run(70)
    run(30)
    with gs.Simulator.load_checkpoint(network(SET), tmp_path / "state.h5", backend="cpu") as sim:
        sim.step(40)
        assert not differences(outcome(sim), whole)


def test_a_rate_of_some_sources_is_set():
    with gs.Simulator(network(SET), dt=DT, seed=8, backend="numpy") as sim:
        sim.set(sim.net.populations["dead"][10:20], rate=2000.0)
        sim.step(100)
        assert set(sim.data["spikes of dead"].ids) == set(range(10, 20))
        assert sim.get("dead", "rate")[9:21].tolist() == [0.0, *[2000.0] * 10, 0.0]


def test_what_cannot_be_set_is_refused_by_name():
    with gs.Simulator(network(SET), dt=DT, seed=8, backend="numpy") as sim:
        with pytest.raises(
            ParameterError, match=r"at most rate_max = 3000 Hz.*GammaSource\(\.\.\.\) a larger rate_max="
        ):
            sim.set("gamma", rate=3001.0)
        with pytest.raises(ParameterError, match="shape cannot change, because sums were planned for it"):
            sim.set("gamma", "shape", 4.0)
        with pytest.raises(ParameterError, match="dead_time cannot change"):
            sim.set("dead", "dead_time", 4.0)
        with pytest.raises(UnknownNameError, match="rate"):
            sim.set("gamma", "V", -60.0)


# ---- what is refused when it is described ----
@pytest.mark.parametrize(
    ("error", "parts", "make"),
    [
        (ParameterError, ["PoissonSource.rate", "below 1 / dead_time = 500 Hz", "got 500", "lower the rate"],
         lambda: gs.PoissonSource(500.0, dead_time=2.0)),
        (ParameterError, ["PoissonSource.rate_max", "below 1 / dead_time = 500 Hz", "got 600"],
         lambda: gs.PoissonSource(5.0, dead_time=2.0, rate_max=600.0)),
        (ParameterError, ["PoissonSource.rate:", "got 800"],
         lambda: gs.PoissonSource(gs.Waveform([0.0, 1.0], [5.0, 800.0]), dead_time=2.0)),
        (ParameterError, ["PoissonSource.dead_time", "got -1"], lambda: gs.PoissonSource(5.0, dead_time=-1.0)),
        (ArgumentError, ["PoissonSource.dead_time", "number"], lambda: gs.PoissonSource(5.0, dead_time=[1.0, 2.0])),
        (ParameterError, ["GammaSource.shape", "got 0"], lambda: gs.GammaSource(5.0, 0.0)),
        (ParameterError, ["GammaSource.shape", "0.01", "got 0.001"], lambda: gs.GammaSource(5.0, [1.0, 0.001])),
        (ArgumentError, ["GammaSource.shape", "or an array (one per neuron)"], lambda: gs.GammaSource(5.0, "many")),
        (ArgumentError, ["GammaSource.shape", "got Uniform", "numpy"], lambda: gs.GammaSource(5.0, gs.Uniform(1, 2))),
        (ParameterError, ["GammaSource.rate", "got -1"], lambda: gs.GammaSource(-1.0)),
        (ParameterError, ["'s'", "GammaSource.shape has 2 values", "must be 3"],
         lambda: gs.Network().population("s", 3, gs.GammaSource(5.0, [1.0, 2.0]))),
    ],
)  # fmt: skip
def test_a_message_says_place_value_and_what_is_allowed(error, parts, make):
    with pytest.raises(error) as caught:
        make()
    assert all(part in str(caught.value) for part in parts), caught.value


def test_too_many_events_a_step_are_refused():
    net = gs.Network()
    net.population("s", 3, gs.GammaSource(1e6, 5.0))
    with pytest.raises(ParameterError, match="mean count per step must lie in"):
        gs.Simulator(net, dt=1001.0, backend="numpy")


def test_sources_show_what_they_have():
    assert repr(gs.PoissonSource(5.0)) == "PoissonSource(rate=5)"
    assert repr(gs.PoissonSource(5.0, dead_time=2)) == "PoissonSource(rate=5, dead_time=2)"
    assert repr(gs.GammaSource(5.0, [1.0, 2.0])) == "GammaSource(rate=5, shape=<2 values>)"
    net = gs.Network()
    net.population("dead", 3, gs.PoissonSource(5.0, dead_time=2.0))
    net.population("gamma", 3, gs.GammaSource(5.0, 4.0))
    assert "rate = 5 Hz, dead_time = 2 ms" in str(net.describe())
    assert "rate = 5 Hz, shape = 4" in str(net.describe())
