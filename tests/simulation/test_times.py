"""Times that users give: held as float32, between two steps, drawn."""

import numpy as np
import pytest

import gpusyn as gs
from gpusyn.builder.neuron_tables import drawn
from gpusyn.errors import ParameterError
from gpusyn.numerics.rng import StreamPurpose
from tests.helpers.runs import differences, outcome

DT = 0.1


def timed(held):
    """A network with every kind of time; `held` converts a time or a list of times."""
    net = gs.Network()
    pulse = gs.kinetics.FirstOrder(1.1, 0.19, T_dur=held(0.3), deadtime=held(0.7))
    steps = gs.Waveform(held([0.0, 4.3, 15.3]), [0.8, 0.1, 1.4])
    receptors = [gs.AMPA(), gs.NMDA(Mg=steps, glycine=steps), gs.GABA_A(kinetics=pulse)]
    cells = net.population("E", 3, gs.LIF(t_ref=held([0.7, 1.1, 2.3]), I_e=250.0), receptors=receptors)
    other = net.population("I", 2, gs.LIF(t_ref=held(1.3), I_e=400.0))
    listed = net.population("listed", 2, gs.SpikeSource(held([0.7, 4.1, 15.3])))
    noise = net.population("noise", 4, gs.PoissonSource(gs.Waveform(held([0.0, 7.7]), [90.0, 900.0])))
    rule = gs.FromArrays([0, 1, 0], [0, 1, 2])
    net.connect(listed, cells, rule, receptor="AMPA", weight=2.0, delay=held([0.7, 1.7, 15.3]))
    net.connect(listed, cells, gs.AllToAll(), receptor="GABA_A", weight=2.0, delay=held(15.3))
    net.connect(noise, cells, gs.AllToAll(), receptor="NMDA", weight=2.0, delay=held(1.9))
    net.drive(cells, "AMPA", rate=gs.Waveform(held([0.0, 15.3]), [900.0, 90.0]), weight=0.5, start=held(2.3))
    net.inject(cells, 30.0, start=held(4.7), stop=held(15.3))
    net.inject(cells, gs.Waveform(held([0.0, 7.9]), [9.0, 90.0]), stop=held(16.1), name="waves")
    net.clamp(other[1], gs.Waveform(held([0.3, 15.3]), [-60.0, -40.0]))
    net.infuse("CNQX", 0.1, start=held(6.7), stop=held(15.3))
    net.record(cells + other, "spikes", name="spikes")
    net.record(cells, ["V", "g_GABA_A", "I_NMDA"], every=held(0.7), name="often")
    net.record(other, "V", name="clamped")
    return net


def outcome_of(net, dt=DT, duration=25.3, **options):
    with gs.Simulator(net, dt=dt, seed=3, **{"backend": "numpy"} | options) as sim:
        sim.run(duration)
        return outcome(sim)


def test_a_network_in_float32_is_the_network_in_double(caplog):
    one = outcome_of(timed(np.float32), np.float32(DT), np.float32(25.3))
    assert "rounded" not in caplog.text
    assert differences(one, outcome_of(timed(np.float64))) == []
    assert len(one["spikes times"]) > 5


PULSES = {
    "within one step": (gs.Waveform([1.06, 1.10], [1000.0, 0.0]), [0.0, 40.0, 0.0]),
    "across a step": (gs.Waveform([1.06, 1.14], [1000.0, 0.0]), [0.0, 40.0, 40.0]),
    "across three steps": (gs.Waveform([0.98, 1.11], [-1000.0, 0.0]), [-20.0, -100.0, -10.0]),
    "two in one step": (gs.Waveform([1.01, 1.02, 1.05, 1.07], [500.0, 0.0, 1000.0, 0.0]), [0.0, 25.0, 0.0]),
    "a triangle": (gs.Waveform([1.02, 1.05, 1.08], [0.0, 1000.0, 0.0], "linear"), [0.0, 30.0, 0.0]),
    "a bend": (gs.Waveform([0.9, 1.05, 1.2], [0.0, 0.0, 300.0], "linear"), [0.0, 2.5, 20.0]),
    "on the grid": (gs.Waveform([1.0, 1.1], [1000.0, 0.0]), [0.0, 100.0, 0.0]),
}


@pytest.mark.parametrize("pulse", PULSES)
def test_a_current_keeps_its_charge(pulse):
    """What a neuron without a leak holds: 1,000 pA from 1.06 to 1.10 ms are 40 fC, and 0.4 mV on 100 pF."""
    current, charges = PULSES[pulse]
    net = gs.Network()
    cell = net.population("cell", 1, gs.LIF(C_m=100.0, g_L=1e-5, E_L=-70.0))
    net.inject(cell, current, stop=1.2)
    net.record(cell, "V", name="V")
    with gs.Simulator(net, dt=DT, backend="numpy", precision="double", chunk_steps=1) as sim:
        sim.run(1.5)
        steps = 100.0 * np.diff(sim.data["V"]["V"][:, 0])[8:11]
    np.testing.assert_allclose(steps, charges, atol=1e-6)


@pytest.mark.parametrize("kind", ["source", "drive"])
def test_a_rate_keeps_its_expected_number_of_events(kind):
    """2,000 elements at 100,000 Hz from 1.06 to 1.14 ms: 4 events of each in either step; 5 standard deviations."""
    rate = gs.Waveform([1.06, 1.14], [100_000.0, 0.0])
    net = gs.Network()
    size = 2_000
    if kind == "source":
        net.record(net.population("cells", size, gs.PoissonSource(rate)), "spikes", name="found")
    else:
        receptor = gs.CurrentReceptor("I", kinetics=gs.kinetics.Exponential(1e9))
        cells = net.population("cells", size, gs.LIF(V_th=1e6), receptors=receptor)
        net.drive(cells, "I", rate=rate, weight=1.0)
        net.record(cells, "I_I", name="found")
    with gs.Simulator(net, dt=DT, backend="numpy", precision="double") as sim:
        sim.run(1.5)
        found = sim.data["found"]
    if kind == "source":
        counts = np.bincount(np.rint(found.times / DT).astype(int), minlength=16)
    else:
        counts = np.diff(-found["I_I"].sum(axis=1), prepend=[0.0, 0.0])
    assert set(np.flatnonzero(np.rint(counts))) == {11, 12}
    assert np.abs(counts[11:13] - 4 * size).max() < 5 * np.sqrt(4 * size)


@pytest.mark.parametrize("way", ["step", "linear"])
def test_a_command_potential_off_the_grid_is_refused(way):
    net = gs.Network()
    cell = net.population("cell", 1, gs.LIF())
    net.clamp(cell, gs.Waveform([-5.0, 0.5, 1.06], [-70.0, -60.0, -50.0], way), name="c")
    text = (
        r"^Clamp 'c'\.V: Waveform\.times\[2\]: must be a multiple of dt = 0\.1 ms \(got 1\.06\); .* 1 and 1\.1 ms; "
        r"np\.rint\(times / 0\.1\) \* 0\.1 rounds them all$"
    )
    with pytest.raises(ParameterError, match=text):
        gs.plan(net, dt=0.1)
    assert gs.plan(net, dt=0.02).launches


@pytest.mark.parametrize("model", [gs.LIF, gs.AdEx, gs.Izhikevich, gs.HodgkinHuxley])
def test_drawn_refractory_times_are_rounded_and_that_is_said(model, caplog):
    """The same bits as with the rounded times given; the least is no refractory time at all."""
    current = {"I_e": 20.0 if model is gs.Izhikevich else 900.0}

    def of(t_ref):
        net = gs.Network()
        net.record(net.population("E", 30, model(t_ref=t_ref, **current)), "spikes", name="spikes")
        return net

    given = gs.Uniform(0.0, 30.0)
    note = "Population 'E': drawn refractory times rounded to 0.1 ms"
    assert str(gs.plan(of(given), dt=DT)).count(note) == 1
    found = outcome_of(of(given))
    assert caplog.messages.count(note) == 1
    times = drawn(given, (0, 30), "E.t_ref", 3, StreamPurpose.PARAMETER)
    assert differences(found, outcome_of(of(np.rint(times / DT) * DT))) == []
    assert differences(outcome_of(of(gs.Uniform(0.0, 0.04))), outcome_of(of(0.0))) == []
    assert differences(found, outcome_of(of(0.0)))


def test_given_refractory_times_must_be_on_the_grid():
    net = gs.Network()
    net.population("E", 3, gs.LIF(t_ref=[0.1, 0.25, 0.3]))
    with pytest.raises(ParameterError, match=r"^Population 'E'\.t_ref\[1\]: must be a multiple of dt"):
        gs.Simulator(net, dt=DT, backend="numpy")
