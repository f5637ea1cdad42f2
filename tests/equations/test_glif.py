"""GLIF neurons against closed forms and adaptive integration, level by level, and their parameters and states."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import gpusyn as gs
from gpusyn.errors import ArgumentError, ParameterError, UnknownNameError
from tests.helpers.long_checks import every, pairs
from tests.helpers.tolerances import assert_order
from tests.helpers.validation.lab import FASTEST, Lab

LAB = Lab(FASTEST, "double")
DT = 0.1
OF_LEVEL = {
    1: [],
    2: ["theta_spike"],
    3: ["asc_1", "asc_2"],
    4: ["asc_1", "asc_2", "theta_spike"],
    5: ["asc_1", "asc_2", "theta_spike", "theta_voltage"],
}
LEVELS = list(OF_LEVEL)
#: A cell that spikes at every level, whose parts all matter.
BUSY = {
    "V_reset": -72.0, "t_ref": 2.0, "I_e": 450.0, "th_spike_add": 2.0, "th_spike_decay": 0.02,
    "asc_amps": (-30.0, 20.0), "asc_decay": (0.01, 0.1), "asc_r": (0.9, 0.5), "th_voltage_index": 0.02,
}  # fmt: skip


def run(model, duration, variables=("V",), dt=DT, set_first=None, inputs=lambda net, cells: None):
    net = gs.Network()
    cells = net.population("cells", 1, model)
    inputs(net, cells)
    net.record(cells, "spikes", name="spikes")
    net.record(cells, list(variables), name="traces")
    with LAB.open(net, dt) as sim:
        for name, value in (set_first or {}).items():
            sim.set(cells, name, value)
        sim.run(duration)
        traces = [np.asarray(sim.data["traces"][v], np.float64)[:, 0] for v in variables]
        return sim.data["spikes"].times, *traces


# --- each part against what it is defined by --------------------------------------------------------------------


@pytest.mark.parametrize("current", [300.0, 500.0, 1500.0])
def test_level_1_fires_at_the_rate_of_the_closed_form(current):
    model = gs.GLIF(level=1, I_e=current, t_ref=2.0)
    spikes, _ = run(model, 400.0)
    tau, end, reach = model.C_m / model.g_L, current / model.g_L, model.V_th - model.E_L
    steps = np.floor(tau * np.log(end / (end - reach)) / DT) + 1  # V must be above the threshold
    assert len(spikes) > 10
    np.testing.assert_allclose(np.diff(spikes), steps * DT + 2.0, atol=1e-9)


def test_v_at_the_threshold_is_not_above_it():
    """The LIF neuron spikes there, the GLIF neuron does not."""
    given = {"E_L": -50.0, "V_th": -50.0, "V_reset": -70.0, "t_ref": 2.0}
    net = gs.Network()
    kinds = [net.population(name, 1, model) for name, model in
             (("LIF", gs.LIF(**given)), ("GLIF", gs.GLIF(level=1, **given)))]  # fmt: skip
    for cells in kinds:
        net.record(cells, "spikes", name=f"spikes of {cells.name}")
    with LAB.open(net, DT) as sim:
        sim.step(3)  # V starts and stays at rest, which is the threshold
        assert [len(sim.data[f"spikes of {cells.name}"].times) for cells in kinds] == [1, 0]


@pytest.mark.parametrize("level", [2, 4, 5])
def test_a_spike_resets_by_the_rule_and_raises_the_threshold(level):
    model = gs.GLIF(level=level, **BUSY)
    spikes, V, theta = run(model, 100.0, ["V", "theta_spike"])
    assert len(spikes) > 3
    for t in spikes:
        k = round(t / DT) - 1
        before = theta[k - 1] * np.exp(-DT * model.th_spike_decay)
        assert V[k] == pytest.approx(model.E_L + 0.2 * (V[k - 1] - model.E_L) + 18.51, rel=1e-12)
        assert theta[k] == pytest.approx(before * np.exp(-2.0 * model.th_spike_decay) + 2.0, rel=1e-12)
        assert (V[k : k + 21] == V[k]).all()  # held, and nothing else moves
        assert (theta[k : k + 21] == theta[k]).all()
    k = round(spikes[0] / DT) - 1
    assert V[k + 21] != V[k]


@pytest.mark.parametrize("level", [3, 4, 5])
def test_after_spike_currents_jump_stand_still_and_decay(level):
    model = gs.GLIF(level=level, **BUSY)
    spikes, *currents = run(model, 100.0, ["asc_1", "asc_2"])
    pairs = [[model.values[f"asc_{what}_{k}"] for what in ("decay", "amps", "r")] for k in (1, 2)]
    for asc, (decay, amp, r) in zip(currents, pairs, strict=True):
        for t in spikes[:-1]:
            k = round(t / DT) - 1
            assert asc[k] == pytest.approx(amp + r * np.exp(-decay * 2.0) * asc[k - 1] * np.exp(-decay * DT), rel=1e-12)
            assert (asc[k : k + 21] == asc[k]).all()
            np.testing.assert_allclose(asc[k + 20 : k + 25], asc[k] * np.exp(-decay * DT * np.arange(5)), rtol=1e-12)


def test_v_under_after_spike_currents_is_of_second_order():
    """Their mean over each step is exact, their course within it is not taken into account, as in NEST."""
    model, steps, errors = gs.GLIF(level=3), (0.4, 0.2, 0.1), []
    rates, amps, leak = (0.003, 0.1), (60.0, -80.0), model.g_L / model.C_m
    for dt in steps:
        spikes, V = run(model, 40.0, dt=dt, set_first={"asc_1": amps[0], "asc_2": amps[1]})
        t = dt * np.arange(1, len(V) + 1)
        wanted = sum(
            amp / model.C_m * (np.exp(-rate * t) - np.exp(-leak * t)) / (leak - rate)
            for rate, amp in zip(rates, amps, strict=True)
        )
        assert not len(spikes)
        errors.append(np.abs(V - model.E_L - wanted).max())
    assert errors[-1] < 1e-3
    assert_order(steps, errors, 2.0)


def slopes(t, y, model, current):
    """What is defined of level 5 between spikes: V, after-spike currents and both parts of the threshold."""
    V, *asc, spike, voltage = y
    p = model.values
    return [
        (-p["g_L"] * (V - p["E_L"]) + sum(asc) + current) / p["C_m"],
        *(-p[f"asc_decay_{k}"] * x for k, x in enumerate(asc, 1)),
        -p["th_spike_decay"] * spike,
        p["th_voltage_index"] * (V - p["E_L"]) - p["th_voltage_decay"] * voltage,
    ]


@pytest.mark.parametrize(("amps", "rate"), pairs([(0.0, 0.0), (-30.0, 20.0)], [9.43 / 58.72, 0.3, 0.09]))  # the leak's
def test_level_5_between_spikes_is_the_differential_equation(amps, rate):
    """Exact without after-spike currents, else to second order; spikes are where V is above the threshold first."""
    model = gs.GLIF(level=5, **BUSY | {"asc_amps": amps, "th_voltage_decay": rate})
    names, dt, errors = ["V", *OF_LEVEL[5]], (0.1, 0.05), []
    for step in dt:
        spikes, *y = run(model, 120.0, names, dt=step)
        y, ends = np.array(y), np.rint(spikes / step).astype(int) - 1
        assert len(ends) > 4
        hold, worst = round(2.0 / step), 0.0
        for begin, end in zip(ends[:-1] + hold, ends[1:], strict=True):
            t = np.arange(end - begin) * step
            solved = solve_ivp(
                slopes, (0.0, t[-1] + step), y[:, begin], "DOP853", np.append(t, t[-1] + step),
                args=(model, 450.0), rtol=1e-12, atol=1e-12,
            )  # fmt: skip
            worst = max(worst, np.abs(solved.y[:, :-1] - y[:, begin:end]).max())
            above = solved.y[0] - model.V_th - solved.y[3] - solved.y[4]
            assert (above[:-1] <= worst).all()
            assert above[-1] > -worst
        errors.append(worst)
    if any(amps):
        assert_order(dt, errors, 2.0)
        assert errors[0] < 1e-2
    else:
        assert max(errors) < 1e-9


def test_a_level_lacks_the_parts_of_the_others():
    """Level 5 with the parts of another taken away is that level; 1 and 3 reset to a constant."""
    none = {"th_spike_add": 0.0, "voltage_reset_fraction": 0.0, "voltage_reset_add": -72.0 + 78.85}
    without = {1: none | {"asc_amps": (0.0, 0.0)}, 2: {"asc_amps": (0.0, 0.0)}, 3: none, 4: {}}
    for level, changed in without.items():
        wanted = run(gs.GLIF(level=5, **BUSY | {"th_voltage_index": 0.0} | changed), 200.0)
        found = run(gs.GLIF(level=level, **BUSY), 200.0)
        assert len(found[0]) > 5
        assert np.array_equal(found[0], wanted[0])
        np.testing.assert_allclose(found[1], wanted[1], rtol=1e-12)


@pytest.mark.parametrize("level", every(4, LEVELS))
def test_conductances_and_currents_have_the_same_neuron(level):
    """Receptors without events: V is then solved exactly by both equations."""
    found = []
    for receptor in (gs.CurrentReceptor("I", tau=2.0), gs.AMPA()):
        net = gs.Network()
        cells = net.population("cells", 1, gs.GLIF(level=level, **BUSY), receptors=[receptor])
        net.record(cells, ["V", *OF_LEVEL[level]], name="traces")
        with LAB.open(net, DT) as sim:
            sim.run(100.0)
            found.append(np.concatenate([sim.data["traces"][v] for v in ("V", *OF_LEVEL[level])], axis=1))
    np.testing.assert_allclose(*found, rtol=1e-9, atol=1e-9)


def test_a_refractory_time_between_two_steps_lasts_until_the_later_one():
    model = gs.GLIF(level=4, **BUSY | {"t_ref": 2.03})
    spikes, V, asc = run(model, 60.0, ["V", "asc_2"])
    k = round(spikes[1] / DT) - 1
    assert (V[k : k + 22] == V[k]).all()
    assert V[k + 22] != V[k]
    kept = 0.5 * np.exp(-0.1 * 2.03)  # not 2.1
    assert asc[k] == pytest.approx(20.0 + kept * asc[k - 1] * np.exp(-0.1 * DT), rel=1e-12)


# --- parameters and states -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", LEVELS)
def test_states_of_a_level_are_read_set_and_come_back(level):
    net = gs.Network()
    cells = net.population("cells", 3, gs.GLIF(level=level, **BUSY))
    own = OF_LEVEL[level]
    assert dict(cells.variables) == {"V": "mV"} | {name: "pA" if "asc" in name else "mV" for name in own}
    with LAB.open(net, DT) as sim:
        for number, name in enumerate(own, 1):
            sim.set(cells[1], name, float(number))
        for number, name in enumerate(own, 1):
            assert sim.get(cells, name).tolist() == [0.0, number, 0.0]
        sim.run(30.0)
        assert all(sim.get(cells, name).any() for name in own)
        sim.reset()
        assert not any(sim.get(cells, name).any() for name in own)
        for name in set(OF_LEVEL[5]) - set(own):
            with pytest.raises(UnknownNameError, match=name):
                sim.set(cells, name, 1.0)
    for name in set(OF_LEVEL[5]) - set(own):
        with pytest.raises(UnknownNameError, match=name):
            net.record(cells, name)


def test_the_level_is_chosen_when_the_population_is_made():
    net = gs.Network()
    cells = net.population("cells", 2, gs.GLIF(level=2))
    assert (cells.model.level, gs.GLIF().level) == (2, 5)
    assert "level = 2" in net.describe().__str__()
    with LAB.open(net, DT) as sim:
        assert sim.get(cells, "level").tolist() == [2, 2]
        with pytest.raises(ParameterError, match="level cannot change, because it chooses the equations of 'cells'"):
            sim.set(cells, "level", 3.0)
    for wrong in (0, 6, 2.5, "5", True, [1, 2]):
        with pytest.raises((ArgumentError, ParameterError), match=r"GLIF\.level"):
            gs.GLIF(level=wrong)


@pytest.mark.parametrize("level", LEVELS)
def test_parameters_that_are_set_are_as_if_described(level):
    """All at once, those that the level does not use as well."""
    new = {
        "C_m": 70.0, "g_L": 8.0, "E_L": -75.0, "V_th": -50.0, "V_reset": -71.0, "t_ref": 1.0, "I_e": 400.0,
        "th_spike_add": 1.0, "th_spike_decay": 0.05, "voltage_reset_fraction": 0.1, "voltage_reset_add": 9.0,
        "asc_decay_1": 0.02, "asc_decay_2": 0.3, "asc_amps_1": 10.0, "asc_amps_2": -90.0, "asc_r_1": 0.3,
        "asc_r_2": 0.8, "th_voltage_index": 0.01, "th_voltage_decay": 0.2,
    }  # fmt: skip
    assert set(new) == {p.name for p in gs.GLIF.parameters()} - {"level"}
    described = {k: v for k, v in new.items() if not k.startswith("asc_")}
    described |= {k: (new[f"{k}_1"], new[f"{k}_2"]) for k in ("asc_decay", "asc_amps", "asc_r")}
    found = []
    for model, changed in ((gs.GLIF(level=level, **described), {}), (gs.GLIF(level=level), new)):
        net = gs.Network()
        cells = net.population("cells", 2, model, V=-70.0)
        net.record(cells, ["V", *OF_LEVEL[level]], name="traces")
        with LAB.open(net, DT) as sim:
            for name, value in changed.items():
                sim.set(cells, name, value)
            sim.run(50.0)
            assert all(sim.get(cells, name).tolist() == [value] * 2 for name, value in new.items())
            found.append([sim.data["traces"][v] for v in ("V", *OF_LEVEL[level])])
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)
    assert np.ptp(found[0][0]) > 10.0


@pytest.mark.parametrize("name", every(6, (p.name for p in gs.GLIF.parameters() if p.name not in ("level", "V_reset"))))
def test_every_parameter_may_have_one_value_a_neuron(name):
    """A population of two different neurons does what each does on its own; each parameter acts."""
    first = gs.GLIF(level=5, **BUSY).values[name]
    both = [first, first + 0.5 if name.startswith(("E_L", "V_")) else first * 0.9]
    places = {f"{k}_{j}": (k, j - 1) for k in ("asc_decay", "asc_amps", "asc_r") for j in (1, 2)}

    def model(value):
        if name not in places:
            return gs.GLIF(level=5, **BUSY | {name: value})
        kind, at = places[name]
        values = list(BUSY[kind])
        values[at] = value
        return gs.GLIF(level=5, **BUSY | {kind: values})

    net = gs.Network()
    cells = [net.population(f"own {k}", 1, model(x), V=-60.0) for k, x in enumerate(both)]
    cells.append(net.population("both", 2, model(both), V=-60.0))
    recorder = net.record(cells[0] + cells[1] + cells[2], ["V", *OF_LEVEL[5]])
    with LAB.open(net, DT) as sim:
        sim.run(60.0)
        for variable in sim.data[recorder].variables:
            x = sim.data[recorder][variable]
            assert np.array_equal(x[:, :2], x[:, 2:]), variable
        assert not np.array_equal(x[:, 0], x[:, 1])


def test_drawn_parameters():
    net = gs.Network()
    drawn = gs.GLIF(level=5, asc_amps=(gs.Normal(-9.0, 1.0), gs.Uniform(-200.0, -100.0)), I_e=gs.Uniform(400.0, 500.0),
                    th_spike_decay=gs.LogNormal(0.02, 0.01), asc_r=(gs.Uniform(0.5, 1.0), 1.0))  # fmt: skip
    cells = net.population("cells", 20, drawn)
    net.record(cells, "spikes", name="spikes")
    with LAB.open(net, DT) as sim:
        sim.run(100.0)
        assert len(np.unique(sim.get(cells, "asc_amps_1"))) == 20
        assert len(np.unique(sim.data["spikes"].counts())) > 1
    for given, what in (
        ({"asc_r": (gs.Normal(0.9, 0.5), 1.0)}, "asc_r_1"),
        ({"th_spike_decay": gs.Normal(0.01, 0.01)}, "th_spike_decay"),
        ({"voltage_reset_add": gs.Normal(10.0, 20.0)}, "leave V above the threshold at neuron"),
        ({"level": 3, "V_reset": gs.Normal(-60.0, 20.0)}, "V_reset is not below V_th at neuron"),
    ):
        net = gs.Network()
        net.population("cells", 200, gs.GLIF(**given))
        with pytest.raises(ParameterError, match=what):
            LAB.open(net, DT)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"level": 1, "V_reset": -50.0}, r"GLIF\.V_reset: must be below V_th = -51\.68 mV \(got -50\)"),
        ({"level": 3, "V_reset": -50.0}, r"GLIF\.V_reset: must be below V_th"),
        (
            {"level": 2, "voltage_reset_add": 40.0, "th_spike_decay": 5.0},
            "leave V above the threshold, even after many",
        ),
        ({"level": 4, "voltage_reset_fraction": 1.0}, "leave V above the threshold"),
        ({"level": 5, "voltage_reset_add": [0.0, 90.0]}, "leave V above the threshold at neuron 1"),
        ({"voltage_reset_fraction": 1.5}, r"GLIF\.voltage_reset_fraction: .*<= 1 \(got 1\.5"),
        ({"asc_decay": (0.1, 0.0)}, r"GLIF\.asc_decay_2: .*> 0 \(got 0"),
        ({"asc_r": (1.0, -0.1)}, r"GLIF\.asc_r_2"),
        ({"asc_amps": (1.0,)}, r"GLIF\.asc_amps: must be two values.*\(got 1\); give a current that is not there"),
        ({"asc_amps": [1.0, 2.0, 3.0]}, r"GLIF\.asc_amps: must be two values.*\(got 3\)"),
        ({"C_m": [50.0, 60.0], "asc_amps": ([1.0, 2.0, 3.0], 1.0)}, "arrays must all have the same length"),
        ({"th_voltage_decay": 0.0}, r"GLIF\.th_voltage_decay: .*> 0"),
    ],
)
def test_values_that_are_refused(given, said):
    with pytest.raises(ParameterError, match=said):
        gs.GLIF(**given)


def test_a_number_is_no_pair():
    for wrong in (1.0, "ab", None, gs.Uniform(0.0, 1.0), np.array(3.0)):
        with pytest.raises(ArgumentError, match=r"GLIF\.asc_amps: must be two values"):
            gs.GLIF(asc_amps=wrong)


def test_a_reset_above_the_threshold_may_end_when_spikes_raise_it():
    """The first reset leaves V above the threshold; theta_spike passes it after some spikes."""
    model = gs.GLIF(level=2, voltage_reset_add=29.0, voltage_reset_fraction=0.0, th_spike_add=0.4, t_ref=1.0)
    spikes, _ = run(model, 50.0, inputs=lambda net, cells: net.inject(cells, 600.0, start=0.0, stop=5.0))
    assert 2 < len(spikes) < 20
    with pytest.raises(ParameterError, match="leave V above the threshold"):
        gs.GLIF(level=2, voltage_reset_add=29.0, voltage_reset_fraction=0.0, th_spike_add=0.01, th_spike_decay=0.5)


@pytest.mark.parametrize("level", [2, 4, 5])
def test_without_a_refractory_time_spikes_raise_the_threshold_without_bounds(level):
    assert gs.GLIF(level=level, t_ref=0.0, voltage_reset_add=29.0).t_ref == 0.0
    with pytest.raises(ParameterError, match="leave V above the threshold"):
        gs.GLIF(level=level, t_ref=0.0, voltage_reset_add=29.0, th_spike_add=0.0)


def test_setting_a_reset_above_the_threshold_is_refused():
    net = gs.Network()
    stars = gs.Compartments(soma=gs.GLIF(level=4), dendrites={"apical": gs.Dendrite()})
    for name, model in (("cells", gs.GLIF(level=4)), ("stars", stars)):
        net.population(name, 2, model)
    with LAB.open(net, DT) as sim:
        for name in ("cells", "stars"):
            with pytest.raises(
                ParameterError, match=f"Population '{name}': voltage_reset_fraction and voltage_reset_add"
            ):
                sim.set(name, "voltage_reset_add", 5000.0)
            sim.set(name, "V_reset", 0.0)  # level 4 does not use it


def test_a_clamped_neuron_follows_the_clamp():
    net = gs.Network()
    cells = net.population("cells", 1, gs.GLIF(level=5))
    net.clamp(cells, -60.0)
    net.record(cells, "spikes", name="spikes")
    with LAB.open(net, DT) as sim:
        sim.run(400.0)
        assert sim.get(cells, "V") == pytest.approx(-60.0)
        assert not len(sim.data["spikes"].times)
        assert 0.0 < sim.get(cells, "theta_voltage")[0] < 2.0
