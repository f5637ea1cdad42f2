"""The seed is what a network is, the trial is what happens to it."""

import itertools

import numpy as np
import pytest

import gpusyn as gs
from tests.helpers.runs import differences, outcome
from tests.helpers.small_network import describe, simulator, steps_of


def test_a_trial_after_a_reset_is_that_of_a_new_simulator(backend):
    fresh = [steps_of(describe(), backend, 60, trial=trial) for trial in (0, 3)]
    with simulator(backend) as sim:
        sim.step(25)
        sim.reset(trial=3)
        sim.step(60)
        assert differences(fresh[1], outcome(sim)) == []
        sim.reset()
        sim.step(60)
        assert differences(fresh[1], outcome(sim)) == []
        sim.reset(trial=0)
        sim.step(60)
        assert differences(fresh[0], outcome(sim)) == []


def test_a_trial_changes_what_happens_and_not_what_there_is():
    one, other = (steps_of(describe(before=True), "numpy", 60, trial=trial) for trial in (0, 1))
    changed = set(differences(one, other))
    described = {name for name in one if name.endswith((" weight", " pre", " post", " delay"))}
    assert described
    assert not changed & described
    assert {"spikes times", "traces V"} <= changed
    with simulator("numpy", trial=0) as sim, simulator("numpy", trial=1) as another:
        assert differences(outcome(sim), outcome(another)) == []  # before anything happens


@pytest.mark.parametrize("kind", ["drive", "source"])
def test_each_kind_of_noise_has_its_trials(kind):
    def spikes(trial):
        net = gs.Network()
        cells = net.population("cells", 20, gs.LIF(), receptors=gs.AMPA())
        if kind == "drive":
            net.drive(cells, "AMPA", rate=3000.0, weight=2.0)
        else:
            cells = net.population("sources", 20, gs.PoissonSource(300.0))
        recorded = net.record(cells, "spikes")
        with gs.Simulator(net, backend="numpy", trial=trial) as sim:
            sim.run(50.0)
            return sim.data[recorded]

    found = [spikes(trial) for trial in (0, 1, 2, 1)]
    assert all(len(f) > 20 for f in found)
    assert found[1] == found[3]
    assert not any(np.array_equal(a.times, b.times) for a, b in itertools.pairwise(found))


def test_a_trial_is_a_whole_number():
    with pytest.raises(gs.ParameterError, match=r"Simulator\.trial: must be a whole number >= 0 \(got -1\)"):
        simulator("numpy", trial=-1)
    with simulator("numpy") as sim:
        sim.step(3)
        before = outcome(sim)
        for wrong in (-1, 0.5, "a"):
            with pytest.raises(gs.GpusynError, match=r"Simulator\.reset\(\)\.trial"):
                sim.reset(trial=wrong)
        with pytest.raises(gs.ArgumentError, match="'seed' \\(trial= gives the same network other noise"):
            sim.reset(seed=3)
        assert sim.time > 0
        assert differences(before, outcome(sim)) == []


def test_drawn_values_are_drawn_anew_and_the_same_in_a_repeated_script():
    def draws(sim):
        found = []
        for _ in range(2):
            for variable in ("V", "g_AMPA"):
                sim.set("E", variable, gs.Uniform(1.0, 2.0) if variable != "V" else gs.Uniform(-60.0, -55.0))
                found.append(sim.get("E", variable).tolist())
            sim.set(sim.net.populations["E"][:3], "V", gs.Uniform(-60.0, -55.0))
            found.append(sim.get("E", "V").tolist())
            sim.step(1)
        return found

    with simulator("numpy") as sim, simulator("numpy") as again, simulator("numpy", trial=1) as other:
        one = draws(sim)
        assert len({tuple(x) for x in one}) == len(one)
        assert draws(again) == one
        assert not any(a == b for a, b in zip(one, draws(other), strict=True))
        sim.reset()
        assert draws(sim) == one
        sim.reset(trial=1)
        assert draws(sim) != one


def test_a_refused_draw_does_not_count():
    with simulator("numpy") as sim, simulator("numpy") as again:
        with pytest.raises(gs.ParameterError):
            again.set("E", "V", gs.Uniform(-0.06, -0.05))
        with pytest.raises(gs.ParameterError):
            again.set("E", "C_m", gs.Normal(1.0, 100.0))  # some of them are negative
        for one in (sim, again):
            one.set("E", "V", gs.Uniform(-60.0, -55.0))
            one.set("E", "C_m", gs.Uniform(150.0, 160.0))
        assert differences(outcome(sim), outcome(again)) == []
        assert (sim.get("E", "C_m") == again.get("E", "C_m")).all()


def test_each_trial_has_its_file(tmp_path):
    pytest.importorskip("h5py")
    net = describe(file=tmp_path / "run-{trial}.h5")
    with simulator("numpy", net, trial=2) as sim:
        for trial in (2, 5):
            sim.reset(trial=trial)
            sim.step(40)
        with pytest.raises(gs.FileError):
            sim.reset(trial=2)
        assert sim.time > 0
        assert sim._running.recordings.provenance.trial == 5
    for trial in (2, 5):
        found = gs.open_results(tmp_path / f"run-{trial}.h5")
        alone = steps_of(describe(), "numpy", 40, trial=trial)
        assert found.provenance["trial"] == trial
        assert np.array_equal(found["traces"]["V"], alone["traces V"])


def test_a_trial_that_never_ran_leaves_no_file(tmp_path):
    net = describe(file=tmp_path / "run-{trial}.h5")
    with simulator("numpy", net) as sim:
        for trial in (1, 2):
            sim.reset(trial=trial)
            sim.step(3)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run-1.h5", "run-2.h5"]
