"""Faults of a run, and what a simulator refuses."""

import copy
import pickle

import numpy as np
import pytest

import gpusyn as gs
from gpusyn.errors import GpusynError, SimulationError
from tests.helpers.small_network import DT, describe, simulator


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
        ({"backend": "gpu"}, r"backend.*did you mean 'cuda'"),
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
        with pytest.raises(gs.ArgumentError, match="'noise->E:AMPA' belongs to another network"):
            sim.get(other.projections["noise->E:AMPA"], "weight")
        for variable in ("u", "V", None):
            with pytest.raises(GpusynError, match=r"Simulator\.get\(\)\.variable: .*weight"):
                sim.get("noise->E:AMPA", variable)
        with pytest.raises(gs.ArgumentError, match=r"Simulator\.set_weights\(\)"):
            sim.set("noise->E:AMPA", "weight", 1.0)
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
        with pytest.raises(gs.ParameterError, match="looks like volts"):
            sim.set(cells, "V", -0.06)
        for wrong in ([-60.0, -61.0], np.nan, np.full(24, np.inf)):
            with pytest.raises(gs.ParameterError, match=r"Simulator\.set\('E', 'V'\)"):
                sim.set(cells, "V", wrong)


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, pickle.dumps])
def test_a_simulator_has_no_copies_which_would_change_the_same_state(copied):
    with (
        simulator("numpy") as sim,
        pytest.raises(gs.SimulationError, match=r"cannot be copied or pickled.*make another"),
    ):
        copied(sim)


@pytest.mark.parametrize("name", ["run.h5", "run.nwb", "folder"])
def test_a_network_without_recorders_has_nothing_to_save(tmp_path, name):
    net = gs.Network()
    net.population("E", 2, gs.LIF())
    with gs.Simulator(net, backend="numpy") as sim:
        sim.run(1.0)
        with pytest.raises(SimulationError, match=r"no recorders, so there is nothing to save; write net.record\("):
            sim.save(tmp_path / name)
    assert not list(tmp_path.iterdir())
