"""Renewal processes whose rate has a column for each source: the bits of one for all, rates, and what is set later."""

import functools

import numpy as np
import pytest

import gpusyn as gs
from gpusyn.builder import specs
from tests.helpers.long_checks import every
from tests.helpers.runs import backend_named, cpu, differences, outcome

DT, N, STEPS = 0.1, 130, 60
TIMES, VALUES = [0.33, 2.0, 4.55], np.array([300.0, 900.0, 0.0])
SPREAD = np.linspace(0.0, 1.0, N)
MODELS = {
    "gamma": lambda rate: gs.GammaSource(rate, shape=np.geomspace(0.1, 50.0, N), rate_max=1000.0),
    "dead": lambda rate: gs.PoissonSource(rate, dead_time=0.93, rate_max=1000.0),
}


def course(spread=None, interpolation="linear"):
    """A course for all, or a multiple of it for each source."""
    return gs.Waveform(TIMES, VALUES if spread is None else np.outer(VALUES, spread), interpolation)


def simulator(rate, backend="numpy", **options):
    """Sources of both kinds, between sources of other rates, each of which excites a cell."""
    net = gs.Network()
    cells = net.population("cells", N, gs.LIF(), receptors=[gs.AMPA()])
    models = {"steady": gs.GammaSource(SPREAD * 400.0), "common": gs.PoissonSource(course(), dead_time=0.3)}
    for name, model in (models | {name: make(rate) for name, make in MODELS.items()}).items():
        sources = net.population(name, N, model)
        net.connect(sources, cells, gs.OneToOne(), receptor="AMPA", weight=0.5)
        net.record(sources, "spikes", name=f"spikes of {name}")
    net.record(cells, ["V", "g_AMPA"], name="traces")
    return gs.Simulator(net, dt=DT, seed=3, backend=backend, **options)


def run(rate, backend="numpy", cuts=(STEPS,), **options):
    with simulator(rate, backend, **options) as sim:
        for steps in cuts:
            sim.step(steps)
        return outcome(sim)


@functools.cache
def different():
    """What columns that differ lead to."""
    return run(course(SPREAD))


# ---- the same bits ----
@pytest.mark.parametrize("interpolation", ["step", "linear"])
def test_equal_columns_have_the_bits_of_one_course_for_all(interpolation):
    wanted = run(course(interpolation=interpolation))
    assert min(wanted[f"spikes of {name} times"].size for name in MODELS) > 100
    assert not differences(wanted, run(course(np.ones(N), interpolation)))


@pytest.mark.parametrize(
    "make", every(3, [lambda: cpu(3), lambda: cpu(1), lambda: cpu(2), lambda: backend_named("cuda-emulated")])
)
def test_columns_have_the_same_bits_everywhere(make):
    assert not differences(different(), run(course(SPREAD), make(), (7, STEPS - 7)))


def test_columns_have_the_same_bits_in_any_chunks():
    assert not differences(different(), run(course(SPREAD), chunk_steps=7, cuts=(1, STEPS - 1)))


def test_each_source_has_its_own_column():
    found, compared = different(), 0
    for k in (40, 90, N - 1):
        alone = run(course(np.full(N, SPREAD[k])))
        for name in MODELS:
            mine, wanted = (one[f"spikes of {name} times"][one[f"spikes of {name} ids"] == k] for one in (found, alone))
            assert np.array_equal(mine, wanted)
            compared += mine.size
    assert compared > 5
    assert differences(found, run(course()))


def test_sources_that_are_dead_at_the_beginning_are_those_of_each_column():
    def advances(spread):
        net = gs.Network()
        wave = gs.Waveform([0.0, 2.0], np.outer([300.0, 900.0], spread), "linear")
        net.population("dead", len(spread), gs.PoissonSource(wave, dead_time=0.93))
        with gs.Simulator(net, dt=DT, seed=3, backend="numpy") as sim:
            (write,) = sim._compiled.inputs.writes(0, 20)
            return write.values

    together = advances([0.2, 1.0])
    assert np.array_equal(together, np.hstack([advances([0.2]), advances([1.0])]))
    assert together[0, 1] > 300e-3 * DT / (1.0 - 300e-3 * 0.9)


@pytest.mark.parametrize("name", MODELS)
def test_the_counts_of_each_source_follow_its_column(name):
    net, n, each = gs.Network(), 2000, np.array([0.0, 0.3, 1.0])
    make = {"gamma": lambda w: gs.GammaSource(w, 3.0), "dead": lambda w: gs.PoissonSource(w, dead_time=0.93)}[name]
    wave = gs.Waveform([0.0, 10.0, 20.0], np.outer([100.0, 900.0, 200.0], np.repeat(each, n)), "linear")
    net.record(net.population("sources", 3 * n, make(wave)), "spikes", name="s")
    with gs.Simulator(net, dt=DT, seed=5, backend="cpu") as sim:
        for begin, mean in ((0.0, 500.0), (10.0, 550.0)):
            sim.run(10.0)
            ids = sim.data["s"].ids[sim.data["s"].times > begin + DT / 2]
            counts = np.bincount(ids, minlength=3 * n).reshape(3, n).sum(axis=1)
            wanted = n * each * mean * 10.0 * 1e-3
            assert np.all(np.abs(counts - wanted) <= 4.5 * np.sqrt(wanted))


# ---- what is set later ----
LATER = {"number": 250.0, "array": 700.0 * SPREAD, "waveform": course(), "columns": course(SPREAD[::-1])}


@pytest.mark.parametrize("later", LATER)
def test_columns_that_are_replaced_before_the_first_step_are_as_if_described(later):
    with simulator(course(SPREAD), "cpu") as sim:
        sim.step(20)
        sim.reset()
        for name in MODELS:
            sim.set(name, rate=LATER[later])
        sim.step(STEPS)
        assert not differences(run(LATER[later]), outcome(sim))
        for name in MODELS:
            sim.set(name, rate=course(SPREAD))
        assert sim.get("gamma", "rate").columns == N
        sim.reset()
        sim.step(STEPS)
        assert not differences(different(), outcome(sim))


def test_a_checkpoint_goes_on_with_columns_that_were_set(tmp_path):
    pytest.importorskip("h5py")
    with simulator(course(SPREAD), cpu(2)) as sim:
        sim.step(10)
        sim.set("gamma", rate=LATER["array"])
        sim.set("dead", rate=LATER["columns"])
        sim.step(10)
        sim.save_checkpoint(tmp_path / "state.h5")
        sim.step(STEPS - 20)
        end = outcome(sim)
        net = sim.net
    with gs.Simulator.load_checkpoint(net, tmp_path / "state.h5", backend="numpy") as sim:
        assert sim.get("dead", "rate").columns == N
        sim.step(STEPS - 20)
        assert not differences(end, outcome(sim))


def test_populations_take_their_columns_of_one_waveform():
    net = gs.Network()
    model = gs.GammaSource(gs.Waveform([0.0], [[0.0, 0.0, 0.0]]), rate_max=2000.0)
    one, two = net.population("one", 3, model), net.population("two", 3, model)
    net.record(one + two, "spikes", name="s")
    with gs.Simulator(net, dt=DT, seed=3, backend="numpy") as sim:
        sim.set(one + two, rate=gs.Waveform([0.0], [[0.0, 2000.0, 0.0, 2000.0, 0.0, 2000.0]]))
        sim.run(50.0)
        assert sim.data["s"].counts().astype(bool).tolist() == [False, True] * 3
        assert sim.get(two, "rate").values.tolist() == [[2000.0, 0.0, 2000.0]]


# ---- what is refused, and memory ----
@pytest.mark.parametrize("name", MODELS)
def test_columns_that_cannot_be_are_refused(name):
    with simulator(100.0) as sim, pytest.raises(gs.ParameterError, match="only where one was described"):
        sim.set(name, rate=course(SPREAD))
    with simulator(course(SPREAD)) as sim, pytest.raises(gs.ParameterError, match="has 129 columns, must have 130"):
        sim.set(name, rate=course(SPREAD[1:]))
    with pytest.raises(gs.ParameterError, match=r"rate: the gs\.Waveform has 130 columns, must have 131"):
        gs.Network().population("s", N + 1, gs.GammaSource(course(SPREAD)))


def test_many_columns_take_shorter_chunks(monkeypatch):
    n, net = 50_000, gs.Network()
    wave = gs.Waveform([0.0, 1.0], np.broadcast_to(np.float64(5.0), (2, n)))
    net.population("gamma", n, gs.GammaSource(wave))
    net.population("dead", n, gs.PoissonSource(wave, dead_time=2.0))
    monkeypatch.setattr(specs, "SAMPLES_HELD", 5 * 4 * n)
    assert gs.plan(net, dt=DT).specs["advance_renewals.advances"].size == 5 * 2 * n + 1
