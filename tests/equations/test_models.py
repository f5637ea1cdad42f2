"""AdEx, Izhikevich and Hodgkin-Huxley neurons against adaptive integrations, and their own state variables."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import gpusyn as gs
from gpusyn.errors import ParameterError, UnknownNameError
from tests.helpers.tolerances import assert_order
from tests.helpers.validation.lab import FASTEST, Lab

LAB = Lab(FASTEST, "double")


# --- the equations, written out once more --------------------------------------------------------------------


def adex(p):
    def slope(t, y, I):
        V, w = y
        upstroke = p.Delta_T * np.exp((V - p.V_T) / p.Delta_T)
        return [(p.g_L * (upstroke - (V - p.E_L)) - w + I) / p.C_m, (p.a * (V - p.E_L) - w) / p.tau_w]

    return slope, [p.E_L, 0.0], p.V_peak, lambda y: [p.V_reset, y[1] + p.b]


def izhikevich(p):
    def slope(t, y, I):
        V, u = y
        return [0.04 * V * V + 5.0 * V + 140.0 - u + I / p.C_m, p.a * (p.b * V - u)]

    return slope, [p.c, p.b * p.c], p.V_peak, lambda y: [p.c, y[1] + p.d]


def hodgkin_huxley(p):
    def rates(V):
        u = V - p.V_T
        return (
            (0.32 * (13 - u) / np.expm1((13 - u) / 4), 0.28 * (u - 40) / np.expm1((u - 40) / 5)),
            (0.128 * np.exp((17 - u) / 18), 4.0 / (1.0 + np.exp((40 - u) / 5))),
            (0.032 * (15 - u) / np.expm1((15 - u) / 5), 0.5 * np.exp((10 - u) / 40)),
        )

    def slope(t, y, I):
        V, m, h, n = y
        sodium, potassium = p.g_Na * m**3 * h * (V - p.E_Na), p.g_K * n**4 * (V - p.E_K)
        gates = [a * (1.0 - x) - b * x for x, (a, b) in zip((m, h, n), rates(V), strict=True)]
        return [(-p.g_L * (V - p.E_L) - sodium - potassium + I) / p.C_m, *gates]

    return slope, [p.E_L, *(a / (a + b) for a, b in rates(p.E_L))], p.V_th, None


EQUATIONS = {"AdEx": adex, "Izhikevich": izhikevich, "HodgkinHuxley": hodgkin_huxley}


def integrated(model, at):
    """V at the given times, without a spike."""
    slope, start, *_ = EQUATIONS[model.kind](model)
    solution = solve_ivp(
        slope, (0.0, at[-1]), start, method="DOP853", t_eval=at, args=(model.I_e,), rtol=1e-12, atol=1e-12
    )
    return solution.y[0]


def spike_times(model, duration):
    """Upward crossings of the threshold, each followed by the model's reset."""
    slope, y, threshold, reset = EQUATIONS[model.kind](model)

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

QUIET = {
    "AdEx": gs.AdEx(I_e=450.0, a=20.0, tau_w=20.0),
    "Izhikevich": gs.Izhikevich(I_e=2.0),
    "HodgkinHuxley": gs.HodgkinHuxley(I_e=-80.0),
}


@pytest.mark.parametrize("kind", QUIET)
def test_v_is_second_order_between_spikes(kind):
    steps, at = (0.2, 0.1, 0.05), np.arange(2.0, 41.0, 2.0)
    wanted = integrated(QUIET[kind], at)
    assert np.ptp(wanted) > 1.0  # mV: V does move
    errors = []
    for dt in steps:
        V, spikes = run(QUIET[kind], 40.0, "V", dt=dt)
        assert not len(spikes)
        errors.append(np.abs(V[np.rint(at / dt).astype(int) - 1] - wanted).max())
    assert_order(steps, errors, 2.0)


@pytest.mark.parametrize(
    "model",
    [gs.AdEx(I_e=800.0), gs.AdEx.regular_bursting(), gs.Izhikevich(I_e=12.0), gs.Izhikevich.fast_spiking(I_e=12.0),
     gs.Izhikevich.chattering(I_e=10.0), gs.HodgkinHuxley(I_e=300.0)],
    ids=lambda m: f"{m.kind} {m.b if m.kind != 'HodgkinHuxley' else ''}",
)  # fmt: skip
def test_spikes_are_those_of_the_differential_equation(model):
    wanted = spike_times(model, 195.0)
    *_, found = run(model, 195.0, dt=0.01)
    assert len(wanted) >= 5
    assert len(found) == len(wanted)
    # spikes stand on the grid, each up to a step late, which adds up and grows within a burst
    np.testing.assert_allclose(found, wanted, atol=0.02 * len(wanted), rtol=0.0)


def test_more_current_more_spikes():
    currents = np.array([0.0, 300.0, 600.0, 1200.0])
    net = gs.Network()
    cells = {
        "AdEx": net.population("AdEx", 4, gs.AdEx(I_e=2.5 * currents)),
        "HodgkinHuxley": net.population("HodgkinHuxley", 4, gs.HodgkinHuxley(I_e=currents)),
        "Izhikevich": net.population("Izhikevich", 4, gs.Izhikevich(I_e=currents, C_m=50.0)),
    }
    recorders = {name: net.record(p, "spikes") for name, p in cells.items()}
    with LAB.open(net) as sim:
        sim.run(300.0)
        for name, recorder in recorders.items():
            counts = np.bincount(sim.data[recorder].ids, minlength=4)
            assert np.all(np.diff(counts) > 0), (name, counts)


# --- what a spike does ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "variable", "jump", "reset"),
    [(gs.AdEx(I_e=1500.0, t_ref=2.0), "w", 80.5, -70.6), (gs.Izhikevich(I_e=20.0, t_ref=2.0), "u", 8.0, -65.0)],
    ids=["AdEx", "Izhikevich"],
)
def test_a_spike_resets_v_holds_it_and_adds_to_the_other_variable(model, variable, jump, reset):
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

VARIABLES = {
    "LIF": {"V": "mV"},
    "AdEx": {"V": "mV", "w": "pA"},
    "Izhikevich": {"V": "mV", "u": "mV/ms"},
    "HodgkinHuxley": {"V": "mV", "m": "1", "h": "1", "n": "1"},
}


@pytest.mark.parametrize("kind", VARIABLES)
def test_variables_have_units(kind):
    cells = gs.Network().population("cells", 2, getattr(gs, kind)())
    assert dict(cells.variables) == VARIABLES[kind]


@pytest.mark.parametrize("kind", ["AdEx", "Izhikevich", "HodgkinHuxley"])
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


# --- one value a neuron --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["AdEx", "Izhikevich", "HodgkinHuxley"])
def test_every_parameter_may_have_one_value_a_neuron(kind):
    """A population of two different neurons does what each does on its own."""
    model = getattr(gs, kind)
    strong = {"AdEx": 900.0, "Izhikevich": 15.0, "HodgkinHuxley": 200.0}[kind]
    for p in model.parameters():
        step = 0.5 if p.unit == "mV" else 0.2 if p.name == "t_ref" else 0.1 * abs(p.default) or 5.0
        both = [p.default, p.default + step]
        rest = {} if p.name == "I_e" else {"I_e": strong}
        net = gs.Network()
        cells = [net.population(f"own {k}", 1, model(**rest, **{p.name: x}), V=-60.0) for k, x in enumerate(both)]
        cells.append(net.population("both", 2, model(**rest, **{p.name: both}), V=-60.0))
        recorder = net.record(cells[0] + cells[1] + cells[2], [*cells[0].model.STATES, "V"])
        with LAB.open(net) as sim:
            sim.run(40.0)
            for variable in sim.data[recorder].variables:
                x = sim.data[recorder][variable]
                assert np.array_equal(x[:, :2], x[:, 2:]), (p.name, variable)
            # what only tells which crossings are spikes does not act on V
            same = kind == "HodgkinHuxley" and p.name in ("V_th", "t_ref")
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
