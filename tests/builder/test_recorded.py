"""Recordings that are kept in memory are part of a plan, and of the comparison with the free memory."""

from __future__ import annotations

import numpy as np
import pytest

import gpusyn as gs
from gpusyn.backends.numpy.backend import NumpyBackend
from gpusyn.builder import plan as builder

DT = 0.1


def network(**options):
    net = gs.Network()
    cells = net.population("E", 50, gs.LIF(I_e=300.0), receptors=gs.AMPA())
    noise = net.population("poisson", 200, gs.PoissonSource(100.0))
    listed = net.population("lists", 10, gs.SpikeSource([1.0, 30.0, 70.0]))
    net.record(cells[5:25], ["V", "g_AMPA"], name="traces", **options)
    net.record(noise, "spikes", name="noise", **{k: v for k, v in options.items() if k != "every"})
    net.record(listed, "spikes", name="listed", **{k: v for k, v in options.items() if k != "every"})
    return net


@pytest.mark.parametrize("precision", ["single", "double"])
@pytest.mark.parametrize("options", [{"stop": 60.0}, {"start": 10.3, "stop": 60.0, "every": 0.7}])
def test_traces_are_counted_exactly_and_spikes_by_their_rates(options, precision):
    net = network(**options)
    plan = gs.plan(net, dt=DT, precision=precision)
    with gs.Simulator(net, dt=DT, precision=precision, backend="numpy") as sim:
        sim.run(80.0)
        traces = sim._running.recordings.traces["traces"]
        held = sum(frame.nbytes for rows in traces.rows.values() for frame in rows)
        assert plan.recordings["traces"] == held
        for name, tolerance in (("noise", 0.1), ("listed", 0.0)):
            log = sim._running.recordings.spikes[name]
            spikes = sum(a.nbytes for a in (*log.steps, *log.ids))
            assert plan.recordings[name] - log.position.nbytes == pytest.approx(spikes, rel=tolerance)


def test_a_recording_without_an_end_counts_with_its_first_second_and_a_file_with_nothing(tmp_path):
    plan = gs.plan(network(), dt=DT)
    assert plan.recordings["traces"] == 10_000 * 20 * 2 * 4
    positions = 8 * 260
    assert plan.recordings["noise"] == 16 * 200 * 100 + positions
    assert "\n  recordings in memory: 1.92 MB in the first second: traces 1.60 MB, noise 322.1 kB, listed 2." in str(
        plan
    )
    assert gs.plan(network(file=tmp_path / "x.h5"), dt=DT).recordings == {"noise": positions, "listed": positions}


class Small(NumpyBackend):
    """A numpy backend on a computer with little memory."""

    def free_memory(self):
        return 20_000_000


def test_recordings_that_do_not_fit_are_refused(tmp_path, monkeypatch):
    told = (
        r"needs 19\d\.\d MB but 20\.0 MB are free: 192\.\d MB for recordings in memory, the largest of recorder "
        r"'traces', 160\.0 MB\.\nNothing was allocated\. To fit: give the recorder file=, every=,"
    )
    net = network(stop=100_000.0)
    plan = gs.plan(net, dt=DT, backend=Small())
    assert not plan.fits
    with pytest.raises(gs.PlanMemoryError, match=told):
        gs.Simulator(net, dt=DT, backend=Small())
    for others in (network(stop=1000.0), network(stop=100_000.0, file=tmp_path / "x.h5")):
        gs.Simulator(others, dt=DT, backend=Small()).close()


def test_recordings_of_a_gpu_are_in_the_memory_of_the_host(monkeypatch):
    class Gpu(NumpyBackend):
        name = "cuda"

        def free_memory(self):
            return 20_000_000

    net = network(stop=100_000.0)
    assert gs.plan(net, dt=DT, backend=Gpu()).fits
    monkeypatch.setitem(vars(builder), "free_memory", lambda: 100_000_000)
    assert not gs.plan(net, dt=DT, backend=Gpu()).fits


def test_rates_that_differ_are_averaged():
    net = gs.Network()
    noise = net.population("poisson", 4, gs.PoissonSource(np.array([10.0, 20.0, 30.0, 40.0])))
    net.record(noise, "spikes", name="s", stop=1000.0)
    assert gs.plan(net, dt=DT).recordings["s"] == 16 * 100 + 8 * 4
