"""Recorders that begin and end during a simulation, and recorders of spikes and traces at once."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import gpusyn as gs
from tests.helpers.long_checks import every

DT = 0.1
WINDOWS = [(0.0, None), (0.0, 9.9), (3.0, 7.2), (5.0, 5.1), (7.2, None), (14.9, 90.0), (15.0, None), (40.0, 50.0)]


def network(windows=(), file=None):
    """Return neurons of which every one spikes, recorded whole and in windows, and the pairs of recorders."""
    net = gs.Network()
    cells = net.population("E", 4, gs.LIF(I_e=gs.Uniform(900.0, 2000.0), t_ref=0.3), receptors=gs.AMPA())
    net.connect(cells, cells, gs.FixedProbability(0.5), receptor="AMPA", weight=20.0)
    pairs = []
    for start, stop in [(0.0, None), *windows]:
        pairs.append(
            net.record(cells, ["spikes", "V", "g_AMPA"], every=0.4, start=start, stop=stop, file=file, overwrite=True)
        )
    return net, pairs


@pytest.mark.parametrize("backend", ["numpy", "cpu"])
def test_a_window_holds_what_the_whole_recording_has_in_it(backend):
    net, (whole, *pairs) = network(WINDOWS)
    with gs.Simulator(net, dt=DT, backend=backend, chunk_steps=7) as sim:
        for duration in (2.9, 0.1, 4.2, 7.8):
            sim.run(duration)
            spikes, traces = sim.data[whole]
            for (start, stop), pair in zip(WINDOWS, pairs, strict=True):
                found = sim.data[pair]
                expected = spikes.between(start, stop)
                assert found.spikes.times.tolist() == expected.times.tolist()
                assert found.spikes.ids.tolist() == expected.ids.tolist()
                assert found.spikes.duration == expected.duration
                assert found.spikes.start == start
                assert found.traces == traces.between(start, stop)
        assert len(spikes) > 20
        assert [len(sim.data[pair].spikes) > 0 for pair in pairs] == [
            True,
            True,
            True,
            False,
            True,
            False,
            False,
            False,
        ]


def test_the_interval_is_open_at_its_start():
    """Spikes at 3 and 5 ms: (3, 5] has the second alone, as in NEST; so has it the samples at 4 and 5 ms."""
    net = gs.Network()
    source = net.population("s", 1, gs.SpikeSource([3.0, 5.0]))
    cell = net.population("E", 1, gs.LIF())
    spikes = net.record(source, "spikes", start=3.0, stop=5.0)
    V = net.record(cell, "V", every=1.0, start=3.0, stop=5.0)
    with gs.Simulator(net, dt=DT, backend="numpy") as sim:
        sim.run(10.0)
        assert (sim.data[spikes].times.tolist(), sim.data[spikes].rate()) == ([5.0], 500.0)
        assert sim.data[V].t.tolist() == [4.0, 5.0]
        sim.reset()
        sim.run(4.0)
        assert (sim.data[spikes].times.tolist(), sim.data[spikes].duration) == ([], 1.0)
        assert sim.data[V].t.tolist() == [4.0]


def test_data_of_a_window_that_has_not_begun_are_warned_of(caplog):
    net = gs.Network()
    cell = net.population("E", 1, gs.LIF())
    late, V = net.record(cell, "spikes", start=5.0), net.record(cell, "V", start=5.0, name="late V")
    with gs.Simulator(net, dt=DT, backend="numpy") as sim:
        assert len(sim.data[late].times) == 0  # nothing has run: no news
        sim.run(5.0)
        caplog.clear()
        assert sim.data["late V"].t.tolist() == sim.data[V].t.tolist() == []
        assert len(sim.data[late]) == 0
        told = "has recorded nothing yet: it starts at 5 ms, and the simulation is at 5 ms"
        assert caplog.messages == [f"recorder 'late V' {told}"] * 2 + [f"recorder '{late.name}' {told}"]
        caplog.clear()
        sim.run(1.0)
        assert len(sim.data[V].t) == 10
        assert caplog.messages == []


@pytest.mark.parametrize("windows", every(2, [WINDOWS[1::2], WINDOWS[::2]]), ids=["some", "others"])
def test_files_hold_the_windows(windows, tmp_path):
    """What is streamed and what is saved equals what is kept in memory, also while the windows are still open."""
    pytest.importorskip("h5py")
    net, pairs = network(windows)
    streamed_net, streamed_pairs = network(windows, file=tmp_path / "stream.h5")
    with (
        gs.Simulator(net, dt=DT, backend="numpy", chunk_steps=37) as sim,
        gs.Simulator(streamed_net, dt=DT, backend="numpy", chunk_steps=37) as streaming,
    ):
        for duration in (2.9, 4.2, 7.9):
            sim.run(duration)
            streaming.run(duration)
            live = gs.open_results(tmp_path / "stream.h5")
            for kept, streamed in zip(pairs, streamed_pairs, strict=True):
                assert sim.data[kept] == streaming.data[streamed]
                assert sim.data[kept] == live[streamed]
        for name in ("run.h5", "run"):
            sim.save(tmp_path / name)
            saved = gs.open_results(tmp_path / name)
            assert dict(saved) == dict(sim.data)
        assert live.time == pytest.approx(15.0)
    assert dict(gs.open_results(tmp_path / "stream.h5")) == dict(saved)


@pytest.mark.parametrize(("place", "window"), [("start", {"start": 0.25}), ("stop", {"stop": 1.05})])
@pytest.mark.parametrize("variables", ["spikes", "V"])
def test_windows_off_the_grid_are_refused_before_anything_is_built(place, window, variables):
    net = gs.Network()
    net.record(net.population("E", 1, gs.LIF()), variables, **window)
    with pytest.raises(gs.ParameterError, match=rf"Recorder 'E:{variables}'.{place}: must be a multiple of dt = 0.1"):
        gs.plan(net, dt=DT)


def test_spikes_and_traces_at_once():
    net = gs.Network()
    cells = net.population("E", 3, gs.LIF(I_e=400.0))
    both = net.record(cells, ["V", "spikes"], every=1.0)
    spikes, traces = both
    assert (spikes.name, traces.name, traces.variables) == ("E:spikes", "E:V", ("V",))
    assert list(net.recorders) == ["E:spikes", "E:V"]
    named = net.record(cells, ("spikes", "V"), every=1.0, name="n")
    assert [recorder.name for recorder in named] == ["n:spikes", "n:V"]
    with gs.Simulator(net, backend="numpy") as sim:
        sim.run(50.0)
        data = sim.data
        assert data[both].spikes == data[spikes] == data["n:spikes"]
        assert data[both].traces == data[traces] == data["n:V"]
        assert data[both].spikes.counts().min() > 0
        assert data[both].traces["V"].shape == (50, 3)
        assert both in data
        assert data.get(both) == data[both]
        for copied in (copy.copy(data), pickle.loads(pickle.dumps(data))):
            assert copied[both] == data[both]
            assert both in copied
        stranger = gs.Network()
        other = stranger.record(stranger.population("E", 3, gs.LIF()), ["spikes", "V"])
        assert other not in data


@pytest.fixture
def window():
    """Spikes and traces from 3 to 7.2 ms."""
    net, (_, pair) = network([(3.0, 7.2)])
    with gs.Simulator(net, dt=DT, backend="numpy") as sim:
        sim.run(10.0)
        return sim.data[pair]


def test_a_plot_of_a_window_has_its_times(window):
    pytest.importorskip("matplotlib").use("agg")
    assert gs.plot.raster(window.spikes).get_xlim() == pytest.approx((3.0, 7.2))


def test_neo_has_the_times_of_a_window(window):
    neo = pytest.importorskip("neo")
    train = window.spikes.to_neo().segments[0].spiketrains[0]
    assert (float(train.t_start), float(train.t_stop)) == pytest.approx((3.0, 7.2))
    signal = window.traces.to_neo().segments[0].analogsignals[0]
    assert isinstance(signal, neo.AnalogSignal)
    np.testing.assert_allclose(signal.times.rescale("ms").magnitude, window.traces.t)
