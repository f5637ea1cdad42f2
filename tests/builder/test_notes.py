"""Notes and warnings of a plan: of one kind in one line; other simulators' units, doubtful weights."""

import logging

import numpy as np
import pytest

import gpusyn as gs
from gpusyn.builder.notes import Note, together


def test_notes_of_one_kind_are_one_line():
    text, rounded = "is odd", "rounded to 0.1 ms"
    notes = [
        Note("Projection", "a", "drawn delays", rounded),
        Note("Population", "E", "", text, logging.WARNING),
        Note("Projection", "b", "delays by distance", rounded),
        Note("Projection", "b", "delays by distance", rounded),  # a projection onto two populations
        Note("", "", "3 input spike times", rounded),
    ]
    assert together(notes) == [
        (logging.INFO, "2 projections: drawn delays and delays by distance rounded to 0.1 ms"),
        (logging.WARNING, "Population 'E': is odd"),
        (logging.INFO, "3 input spike times rounded to 0.1 ms"),
    ]


def network(model=None, receptor=None, rule=None, weight=1.0, delay=1.0):
    net = gs.Network()
    receptors = [receptor or gs.AMPA()]
    E = net.population("E", 30, model or gs.LIF(), receptors=receptors)
    net.connect(E, E, rule or gs.FixedInDegree(5), receptor=receptors[0].name, weight=weight, delay=delay, name="c")
    return net


def told(net, caplog, dt=0.1):
    """The warnings that a plan logs, a simulator logs and the plan's text shows: the same."""
    caplog.clear()
    plan = gs.plan(net, dt=dt)
    lines = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    caplog.clear()
    try:
        gs.Simulator(net, dt=dt, backend="numpy").close()
        assert [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING] == lines
    except gs.ParameterError:  # as it was warned
        assert lines
    shown = [line.strip() for line in str(plan).splitlines()]
    assert [line.removeprefix("warning: ") for line in shown if line.startswith("warning: ")] == lines
    return lines


# PyNN counts in nF, nA and uS, and the SI in s.
@pytest.mark.parametrize(
    ("given", "dt", "line"),
    [
        ({"model": gs.LIF(g_L=2500.0)}, 0.1, "Population 'E': C_m / g_L = 0.08 ms is below dt = 0.1 ms; gpusyn uses"),
        ({"model": gs.LIF(C_m=[1.0] + [200.0] * 29, g_L=20.0)}, 0.1, "Population 'E': C_m / g_L = 0.05 ms is below"),
        ({"model": gs.LIF(C_m=gs.Normal(2.0, 0.01), g_L=25.0)}, 0.1, "Population 'E': C_m / g_L = 0.08 ms is below"),
        ({"model": gs.AdEx(tau_w=0.144)}, 0.2, "Population 'E': tau_w = 0.144 ms is below dt = 0.2 ms"),
        ({"receptor": gs.AMPA(tau_decay=0.002)}, 0.1, "Population 'E': AMPA's tau = 0.002 ms is below dt"),
        ({"receptor": gs.NMDA(tau_rise=0.002, tau_decay=0.1)}, 0.2, "Population 'E': NMDA's tau_decay = 0.1 ms is"),
    ],
)  # fmt: skip
def test_time_constants_below_the_step_are_warned_of(given, dt, line, caplog):
    (found,) = told(network(**given), caplog, dt)
    assert found.startswith(line)


@pytest.mark.parametrize(
    ("model", "line"),
    [
        (gs.HodgkinHuxley(C_m=1.0), "C_m / g_L = 0.1 ms is less than that of any neuron; C_m is that of a whole"),
        (gs.LIF(I_e=0.4), "I_e of 0.4 pA moves V by 0.04 mV alone; gpusyn uses"),
        (gs.LIF(I_e=[0.0] * 29 + [-0.4]), "I_e of 0.4 pA moves V by"),
        (gs.LIF(I_e=gs.Normal(0.4, 0.01)), "I_e of 0.4 pA moves V by"),
    ],
)  # fmt: skip
def test_units_of_membranes_and_currents_are_warned_of(model, line, caplog):
    (found,) = told(network(model), caplog)
    assert found.startswith(f"Population 'E': {line}")


@pytest.mark.parametrize("current", [0.4, -0.4, np.full(30, 0.4), gs.Waveform([0.0, 5.0], [0.4, 0.0])])
def test_injected_nanoamperes_are_warned_of(current, caplog):
    net = network()
    net.inject("E", current, name="step")
    (line,) = told(net, caplog)
    assert line.startswith("Injection 'step': current of 0.4 pA moves V by 0.04 mV alone; gpusyn uses")
    for usual in (0.0, 2.0, gs.Waveform([0.0, 5.0], [0.001, 100.0])):
        net = network()
        net.inject("E", usual)
        assert told(net, caplog) == []


def test_potentials_and_concentrations_beyond_all_bounds_are_warned_of(caplog):
    gs.LIF(E_L=-65000.0), gs.GABA_A(E_rev=-75000.0), gs.NMDA(Mg=1000.0)
    assert [line.partition(":")[0] for line in caplog.messages] == ["LIF.E_L", "GABA_A.E_rev", "NMDA.Mg"]
    assert caplog.messages[0] == "LIF.E_L: -65000 mV is far below the potential of any membrane"
    caplog.clear()
    gs.LIF(V_th=1e9), gs.NMDA(Mg=10.0)  # neurons that never fire
    assert caplog.messages == []


def test_short_rises_and_the_defaults_are_not_warned_of(caplog):
    assert told(network(receptor=gs.AMPA(tau_rise=0.01, tau_decay=2.0)), caplog) == []
    for model in (gs.LIF(), gs.GLIF(), gs.AdEx(), gs.Izhikevich(), gs.HodgkinHuxley()):
        assert told(network(model), caplog) == []
    assert caplog.messages == []


@pytest.mark.parametrize("C_m", [0.25, [0.25, 0.3], gs.Normal(0.25, 0.01)])
def test_a_capacitance_in_nF_is_warned_of_where_it_is_given(C_m, caplog):
    gs.LIF(C_m=C_m)
    (line,) = caplog.messages
    assert line.startswith("LIF.C_m: looks like nF, as in PyNN; gpusyn uses pF (")
    assert line.endswith("; multiply by 1000")
    caplog.clear()
    gs.LIF(C_m=1.0)
    gs.Izhikevich(C_m=1.0)
    assert caplog.messages == []


def test_weights_that_may_be_drawn_negative_are_warned_of(caplog):
    (line,) = told(network(weight=gs.Normal(1.0, 1.0)), caplog)
    assert line == (
        "Projection 'c': weights onto 'AMPA': about 16 % of Normal(mean=1.0, std=1.0) is negative, "
        "which is refused when it is drawn; give low=0.0"
    )
    for weight in (gs.Normal(1.0, 1.0, low=0.0), gs.Normal(50.0, 5.0), gs.LogNormal(1.0, 1.0)):
        assert told(network(weight=weight), caplog) == []
    assert told(network(receptor=gs.CurrentReceptor("I", tau=2.0), weight=gs.Normal(0.0, 10.0)), caplog) == []


def test_arrays_for_a_drawn_number_of_synapses_are_warned_of(caplog):
    given = np.ones(7)
    (line,) = told(network(rule=gs.FixedProbability(0.5), weight=given), caplog)
    assert line.startswith(
        "Projection 'c': weights onto 'AMPA': 7 values for a number of synapses that is drawn, about 450;"
    )
    (line,) = told(network(rule=gs.FixedProbability(0.5), delay=given), caplog)
    assert line.startswith("Projection 'c': delays: 7 values for")
    assert told(network(weight=np.ones(150)), caplog) == []
