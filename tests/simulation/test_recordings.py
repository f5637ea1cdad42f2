"""What a simulation records, in memory and in files."""

import numpy as np
import pytest

import gpusyn as gs
from gpusyn.results import SpikeData
from gpusyn.simulation.logs import SpikeLog
from tests.helpers.runs import same_bits
from tests.helpers.small_network import DT, describe, simulator


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
    net = describe(file=path, overwrite=True)
    with simulator("numpy") as held, simulator("numpy", net) as streamed:
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


def test_silent_chunks_leave_nothing_behind(backend):
    net = gs.Network()
    net.record(net.population("s", 2, gs.SpikeSource([[0.5], [1.2]])), "spikes", name="spikes")
    with gs.Simulator(net, dt=DT, backend=backend) as sim:
        for _ in range(20):
            sim.step(1)
        assert len(sim._running.recordings.spikes["spikes"].steps) == 2
        assert np.round(sim.data["spikes"].times, 9).tolist() == [0.5, 1.2]


def test_spikes_of_a_chunk_are_sorted_by_step_and_place():
    net = gs.Network()
    source = net.population("s", 3, gs.SpikeSource([[0.5], [0.5], []]))
    recorder = net.record(source[1:] + source[:1], "spikes", name="spikes")
    with gs.Simulator(net, dt=DT, backend="numpy") as sim:
        log = SpikeLog(recorder, sim._compiled.layout)
    step, at = log.select(np.array([7, 7, 7, 9, 9, 9]), np.array([0, 2, 0, 1, 0, 2]))
    assert step.tolist() == [7, 7, 7, 9, 9, 9]
    assert at.tolist() == [1, 2, 2, 0, 1, 2]


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
