"""Neuron models against adaptive integrations, and their state variables."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import gpusyn as gs
from gpusyn.errors import ParameterError, UnknownNameError
from gpusyn.neurons import NEURONS
from tests.helpers.neuron_models import RECORDS
from tests.helpers.tolerances import assert_order
from tests.helpers.validation.lab import FASTEST, Lab

LAB = Lab(FASTEST, "double")


def integrated(model, at):
    """V at the given times, without a spike."""
    slope, start, *_ = RECORDS[model.kind].equation(model)
    solution = solve_ivp(
        slope, (0.0, at[-1]), start, method="DOP853", t_eval=at, args=(model.I_e,), rtol=1e-12, atol=1e-12
    )
    return solution.y[0]


def spike_times(model, duration):
    """Upward crossings of the threshold, each followed by the model's reset."""
    slope, y, threshold, reset = RECORDS[model.kind].equation(model)

    def crossing(t, y, I):
        return y[0] - threshold

    crossing.terminal, crossing.direction = reset is not None, 1.0
    t, found = 0.0, []
    while t < duration:
        part = solve_ivp(
            slope, (t, duration), y, method="DOP853", events=crossing, args=(model.I_e,), rtol=1e-9, atol=1e-9
        )
        found += part.t_events[0].tolist()
        t = part.t[-1]
        y = reset(part.y[:, -1]) if reset else part.y[:, -1]
    return np.array(found)


def run(model, duration, *variables, dt=0.1, V=None, lab=LAB, inputs=lambda net, cell: None):
    """Recorded variables of one cell; spikes come last."""
    net = gs.Network()
    cell = net.population("cell", 1, model, V=V)
    inputs(net, cell)
    traces, spikes = net.record(cell, list(variables or ("V",))), net.record(cell, "spikes")
    with lab.open(net, dt) as sim:
        sim.run(duration)
        return *(np.asarray(sim.data[traces][v], np.float64)[:, 0] for v in variables), sim.data[spikes].times


# --- accuracy ------------------------------------------------------------------------------------------------


def test_every_neuron_model_has_a_record():
    """It is what brings a model into the tests here and into the drawn networks of test_parity.py."""
    others = {"LIF", "GLIF", "PoissonSource", "GammaSource", "SpikeSource"}  # with tests of their own
    assert set(RECORDS) == set(NEURONS) - others, "add one to tests/helpers/neuron_models.py"


@pytest.mark.parametrize("kind", RECORDS)
def test_v_is_second_order_between_spikes(kind):
    steps, at = (0.2, 0.1, 0.05), np.arange(2.0, 41.0, 2.0)
    wanted = integrated(RECORDS[kind].quiet, at)
    assert np.ptp(wanted) > 1.0  # mV: V does move
    errors = []
    for dt in steps:
        V, spikes = run(RECORDS[kind].quiet, 40.0, "V", dt=dt)
        assert not len(spikes)
        errors.append(np.abs(V[np.rint(at / dt).astype(int) - 1] - wanted).max())
    assert_order(steps, errors, 2.0)


@pytest.mark.parametrize(
    "model",
    [model for record in RECORDS.values() for model in record.spiking],
    ids=lambda m: f"{m.kind} {getattr(m, 'b', '')}",
)
def test_spikes_are_those_of_the_differential_equation(model):
    wanted = spike_times(model, 195.0)
    *_, found = run(model, 195.0, dt=0.01)
    assert len(wanted) >= 5
    assert len(found) == len(wanted)
    # spikes stand on the grid, each up to a step late, which adds up and grows within a burst
    np.testing.assert_allclose(found, wanted, atol=0.02 * len(wanted), rtol=0.0)


def test_more_current_more_spikes():
    net = gs.Network()
    cells = {name: net.population(name, 4, record.stronger) for name, record in RECORDS.items()}
    recorders = {name: net.record(p, "spikes") for name, p in cells.items()}
    with LAB.open(net) as sim:
        sim.run(300.0)
        for name, recorder in recorders.items():
            counts = np.bincount(sim.data[recorder].ids, minlength=4)
            assert np.all(np.diff(counts) > 0), (name, counts)


# --- what a spike does ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [name for name, record in RECORDS.items() if record.jump])
def test_a_spike_resets_v_holds_it_and_adds_to_the_other_variable(kind):
    model, variable, jump, reset = RECORDS[kind].jump
    V, x, spikes = run(model, 30.0, "V", variable)
    k = round(spikes[0] / 0.1) - 1
    assert np.all(V[k : k + 21] == V[k])  # at the spike and for 2 ms after it
    assert V[k] == pytest.approx(reset)
    assert V[k + 21] != V[k]
    assert x[k] - x[k - 1] == pytest.approx(jump, abs=2.0)
    assert np.all(np.diff(x[k : k + 21]) < 0)  # it relaxes while V is held


def test_hodgkin_huxley_is_neither_reset_nor_held_and_mutes_spikes():
    V, m, h, n, spikes = run(gs.HodgkinHuxley(I_e=300.0), 50.0, "V", "m", "h", "n")
    crossings = np.flatnonzero((V[1:] >= -20.0) & (V[:-1] < -20.0)) + 1
    assert [round(t / 0.1) - 1 for t in spikes] == crossings.tolist()
    assert V.max() > 20.0
    assert np.all(np.diff(V[crossings[0] : crossings[0] + 3]) != 0)
    for gate in (m, h, n):
        assert gate.min() >= 0.0
        assert gate.max() <= 1.0
    *_, muted = run(gs.HodgkinHuxley(I_e=300.0, t_ref=30.0), 50.0)
    assert 0 < len(muted) < len(spikes)
    assert np.all(np.diff(muted) > 30.0)


def test_a_spike_is_a_crossing_not_a_stay_above():
    *_, spikes = run(gs.HodgkinHuxley(I_e=300.0, V_th=-60.5, t_ref=0.0), 20.0, V=-55.0)
    assert len(spikes) == 1  # V starts above, falls below after its first action potential, and rises again once


def test_hyperpolarised_hodgkin_huxley_is_silent():
    """-40 pA leaves not one spike (row H7b); without current it fires."""
    assert len(run(gs.HodgkinHuxley(I_e=-40.0), 200.0)[-1]) == 0
    assert len(run(gs.HodgkinHuxley(), 200.0)[-1]) == 3


def test_v_stops_at_the_cut_however_steep_the_upstroke():
    """Cut at 0 mV the exponential reaches 7e10 times its size at V_T; w grows by b and little else."""
    for lab in (LAB, LAB._replace(precision="single")):
        w, spikes = run(gs.AdEx(I_e=1000.0, V_peak=0.0), 100.0, "w", lab=lab)
        later = run(gs.AdEx(I_e=1000.0), 100.0, lab=lab)[-1]
        assert len(spikes) == len(later)
        assert np.abs(spikes - later).max() <= 0.2 * len(spikes)
        assert 0.0 < w.max() < 80.5 * len(spikes) + 100.0


# --- states: start, read, set, reset, clamp -------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "units"), [("LIF", {"V": "mV"}), *((k, r.units) for k, r in RECORDS.items())])
def test_variables_have_units(kind, units):
    cells = gs.Network().population("cells", 2, getattr(gs, kind)())
    assert dict(cells.variables) == units


@pytest.mark.parametrize("kind", [name for name in RECORDS if NEURONS[name].STATES])
def test_states_start_steady_are_read_and_set_and_come_back(kind):
    net = gs.Network()
    cells = net.population("cells", 3, getattr(gs, kind)(), V=[-75.0, -65.0, -55.0])
    own = list(cells.model.STATES)
    with LAB.open(net) as sim:
        first = {v: sim.get(cells, v) for v in own}
        assert all(len(np.unique(values)) == 3 for values in first.values())
        sim.set(cells[1], own[-1], 0.5)
        assert sim.get(cells, own[-1]).tolist() == [first[own[-1]][0], 0.5, first[own[-1]][2]]
        sim.run(5.0)
        assert all((sim.get(cells, v) != first[v]).any() for v in own)
        sim.reset()
        assert all((sim.get(cells, v) == first[v]).all() for v in own)


def test_clamped_neurons_keep_their_states_at_the_steady_ones():
    net = gs.Network()
    gates = net.population("gates", 1, gs.HodgkinHuxley(), V=-40.0)
    adapting = net.population("adapting", 1, gs.AdEx(tau_w=5.0))
    for cells in (gates, adapting):
        net.clamp(cells, -40.5)
    with LAB.open(net) as sim:
        start = [sim.get(gates, v)[0] for v in "mhn"]
        sim.run(100.0)
        np.testing.assert_allclose([sim.get(gates, v)[0] for v in "mhn"], start, rtol=1e-9)
        assert sim.get(adapting, "w")[0] == pytest.approx(4.0 * (-40.5 + 70.6))


def test_own_states_are_checked():
    net = gs.Network()
    cells = net.population("cells", 2, gs.HodgkinHuxley())
    with LAB.open(net) as sim:
        with pytest.raises(ParameterError, match=r"Simulator.set\('cells', 'm'\): .*got 1.5"):
            sim.set(cells, "m", 1.5)
        with pytest.raises(UnknownNameError, match="'w'"):
            sim.get(cells, "w")
    with pytest.raises(UnknownNameError, match="'w'"):
        net.record(cells, "w")


# --- one value per neuron --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", RECORDS)
def test_every_parameter_may_have_one_value_a_neuron(kind):
    """A population of two different neurons does what each does on its own."""
    model = getattr(gs, kind)
    for p in model.parameters():
        step = 0.5 if p.unit == "mV" else 0.2 if p.name == "t_ref" else 0.1 * abs(p.default) or 5.0
        both = [p.default, p.default + step]
        rest = {} if p.name == "I_e" else {"I_e": RECORDS[kind].strong}
        net = gs.Network()
        cells = [net.population(f"own {k}", 1, model(**rest, **{p.name: x}), V=-60.0) for k, x in enumerate(both)]
        cells.append(net.population("both", 2, model(**rest, **{p.name: both}), V=-60.0))
        recorder = net.record(cells[0] + cells[1] + cells[2], [*cells[0].model.STATES, "V"])
        with LAB.open(net) as sim:
            sim.run(40.0)
            for variable in sim.data[recorder].variables:
                x = sim.data[recorder][variable]
                assert np.array_equal(x[:, :2], x[:, 2:]), (p.name, variable)
            same = p.name in RECORDS[kind].of_spikes_alone
            assert np.array_equal(x[:, 0], x[:, 1]) == same, p.name


def test_parameters_are_drawn_and_checked():
    net = gs.Network()
    net.population("cells", 200, gs.AdEx(tau_w=gs.Normal(10.0, 10.0)))
    with pytest.raises(ParameterError, match=r"'cells'.tau_w.*low="):
        LAB.open(net)
    net = gs.Network()
    net.population("cells", 200, gs.Izhikevich(c=gs.Normal(-65.0, 5.0), V_peak=gs.Normal(-60.0, 5.0)))
    with pytest.raises(ParameterError, match="c is not below V_peak at neuron"):
        LAB.open(net)
