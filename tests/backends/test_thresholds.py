"""Neurons whose threshold and reset change in time: the same bits on every backend, and after a checkpoint."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import gpusyn as gs
from tests.helpers.long_checks import every
from tests.helpers.runs import cpu, differences, emulated, outcome

N = 140  # more than a chunk
CURRENTS = [gs.CurrentReceptor("fast", kinetics=gs.kinetics.Alpha(2.0)), gs.CurrentReceptor("slow", tau=8.0)]
CONDUCTANCES = [gs.AMPA(), gs.GABA_A()]


def models():
    """Levels in turn, with one value for all, one for each and drawn ones; adaptive LIF neurons."""
    given = {"t_ref": 1.0, "th_spike_add": 2.0, "asc_decay": (0.02, 0.3), "asc_amps": (-30.0, 40.0)}
    for level in range(1, 6):
        own = dict(given)
        if level % 2:
            own |= {
                "C_m": np.linspace(50.0, 80.0, N),
                "asc_r": (gs.Uniform(0.2, 1.0), 0.5),
                "E_L": gs.Normal(-78.0, 1.0),
            }
        yield f"level {level}", gs.GLIF(level=level, I_e=gs.Uniform(300.0, 700.0), **own)
    yield "adaptive", gs.LIF(theta_jump=gs.Uniform(0.5, 3.0), tau_theta=np.linspace(5.0, 80.0, N), I_e=500.0)


def network(receptors, *, dendrites=False):
    net = gs.Network()
    inputs = net.population("inputs", 40, gs.PoissonSource(rate=200.0))
    several = []
    for name, model in models():
        if dendrites and name in ("level 1", "level 2", "level 3"):
            continue
        cell = gs.Compartments(soma=model, dendrites={"apical": gs.Dendrite()}) if dendrites else model
        cells = net.population(name, N, cell, receptors=receptors, V=gs.Uniform(-75.0, -60.0))
        weights = {r.name: gs.Uniform(1.0, 60.0) if r.is_current else gs.Uniform(0.1, 1.0) for r in cells.receptors}
        net.connect(inputs, cells, gs.FixedInDegree(6), weight=weights, delay=gs.Uniform(0.1, 2.0))
        net.inject(cells[20:], gs.Waveform([1.0, 5.0], [0.0, 90.0], "linear"))
        net.clamp(cells[7:12], gs.Waveform([0.0, 4.0], [-60.0, -30.0]))
        net.record(cells, ["V", *cells.model.STATES], name=f"state of {name}")
        several.append(cells)
    net.record(several[0] + several[1] + several[-1], "spikes", name="spikes")
    return net


def played(net, backend, precision, chunks):
    with gs.Simulator(net, dt=0.1, seed=4, backend=backend, precision=precision) as sim:
        for steps in chunks:
            sim.step(steps)
        return outcome(sim)


CASES = {
    "currents": (CURRENTS, False),
    "conductances": (CONDUCTANCES, False),
    "dendrites": ({"soma": CONDUCTANCES[:1], "apical": CONDUCTANCES}, True),
}


BY_DEFAULT = [("currents", "double"), ("dendrites", "single")]
FURTHER = [way for way in itertools.product(CASES, ["single", "double"]) if way not in BY_DEFAULT]


@pytest.mark.parametrize(
    ("case", "precision"), [*BY_DEFAULT, *(pytest.param(*way, marks=pytest.mark.fuzz) for way in FURTHER)]
)
def test_the_same_bits_on_every_backend(case, precision):
    receptors, dendrites = CASES[case]
    net = network(receptors, dendrites=dendrites)
    expected = played(net, "numpy", precision, [150])
    assert len(expected["spikes times"]) > 100
    for threads, chunks in ((1, [150]), (2, [1, 100, 49]), (3, [75, 75])):
        assert differences(expected, played(net, cpu(threads), precision, chunks)) == []
    assert differences(expected, played(net, emulated(64), precision, [90, 60])) == []


@pytest.mark.parametrize("case", every(3, reversed(CASES)))
def test_a_checkpoint_goes_on_with_every_state(case, tmp_path):
    receptors, dendrites = CASES[case]
    net = network(receptors, dendrites=dendrites)
    whole, path = played(net, "numpy", "double", [120]), tmp_path / "state.h5"
    with gs.Simulator(net, dt=0.1, seed=4, backend="numpy", precision="double") as sim:
        sim.step(70)
        sim.save_checkpoint(path)
    with gs.Simulator.load_checkpoint(net, path, backend=cpu(2)) as sim:
        sim.step(50)
        assert differences(whole, outcome(sim)) == []


def test_a_checkpoint_keeps_parameters_that_were_set(tmp_path):
    net, path = network(CURRENTS), tmp_path / "state.h5"
    with gs.Simulator(net, dt=0.1, seed=4, backend="numpy", precision="double") as sim:
        sim.step(30)
        sim.set("level 5", "asc_amps_2", np.linspace(-90.0, 10.0, N))
        sim.set("level 5", "theta_voltage", 1.5)
        sim.set("adaptive", "theta_jump", 4.0)
        sim.save_checkpoint(path)
        sim.step(60)
        expected = outcome(sim)
    with gs.Simulator.load_checkpoint(net, path, backend=cpu(2)) as sim:
        assert sim.get("level 5", "asc_amps_2")[0] == -90.0
        sim.step(60)
        assert differences(expected, outcome(sim)) == []


def test_a_checkpoint_of_another_level_is_refused(tmp_path):
    nets, path = [], tmp_path / "state.h5"
    for level in (4, 5):
        net = gs.Network()
        net.population("cells", 3, gs.GLIF(level=level))
        nets.append(net)
    with gs.Simulator(nets[0], backend="numpy") as sim:
        sim.save_checkpoint(path)
    with pytest.raises(gs.GpusynError, match="level"):
        gs.Simulator.load_checkpoint(nets[1], path, backend="numpy")
