"""Cells of several compartments in double precision: against adaptive integrations and closed forms, step by step."""

from __future__ import annotations

import functools
import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.linalg import expm

import gpusyn as gs
from tests.helpers.neuron_models import RECORDS
from tests.helpers.tolerances import assert_order
from tests.helpers.validation.lab import FASTEST, Lab

LAB = Lab(FASTEST, "double")
STEPS = (0.2, 0.1, 0.05, 0.025)
ARRIVAL, DURATION = 2.0, 16.0  # ms
SOMA = {"C_m": 200.0, "g_L": 10.0, "E_L": -70.0}
DENDRITES = {
    "apical": {"C_m": 100.0, "g_L": 5.0, "E_L": -72.0, "g_c": 15.0},
    "basal": {"C_m": 60.0, "g_L": 3.0, "E_L": -65.0, "g_c": 8.0},
}
NAMES = ["V", *(f"V_{name}" for name in DENDRITES)]
CURRENT = {"soma": 60.0, "apical": 0.0, "basal": -30.0}  # pA
#: Receptors by compartment, and their weights (nS): those whose current is linear in V, and a magnesium block as well.
LINEAR = {
    "soma": {gs.GABA_A(E_rev=-80.0, tau_decay=5.0): 12.0},
    "apical": {gs.AMPA(tau_decay=2.0): 20.0},
    "basal": {gs.AMPA(tau_decay=3.0): 9.0},
}
BLOCKED = {**LINEAR, "apical": {gs.AMPA(tau_decay=2.0): 20.0, gs.NMDA(tau_rise=2.0, tau_decay=20.0, Mg=1.0): 25.0}}


def cell(soma=None, dendrites=DENDRITES):
    soma = soma or gs.LIF(**SOMA, V_th=1000.0, V_reset=-70.0, t_ref=0.0)
    return gs.Compartments(soma=soma, dendrites={name: gs.Dendrite(**p) for name, p in dendrites.items()})


def simulated(dt, model, contents, current, duration=DURATION, every=1.0):
    """V of all compartments, a row every ms; each receptor gets one event that arrives at `ARRIVAL`."""
    net = gs.Network()
    receptors = {name: list(own) for name, own in contents.items()}
    target = net.population("cell", 1, model, receptors=receptors)
    source = net.population("source", 1, gs.SpikeSource([ARRIVAL - dt]))
    for name, own in contents.items():
        for receptor, weight in own.items():
            net.connect(source, target, gs.OneToOne(), receptor=f"{name}.{receptor.name}", weight=weight, delay=dt)
    for name, amplitude in current.items():
        if amplitude:
            net.inject(target, amplitude, compartment=name, name=f"into {name}")
    names = ["V", *(f"V_{name}" for name in model.dendrites)]
    recorder = net.record(target, names, every=every)
    with LAB.open(net, dt) as sim:
        sim.run(duration)
        data = sim.data[recorder]
        V = np.stack([data[name][:, 0] for name in names], axis=1)
        return V[np.asarray(data.t) > 1e-9]


def opened(receptor, t):
    """Gate of unit peak after one event."""
    k = receptor.kinetics
    if k.kind == "exponential":
        return math.exp(-t / k.tau)
    top = k.tau_rise * k.tau_decay / (k.tau_decay - k.tau_rise) * math.log(k.tau_decay / k.tau_rise)
    unit = math.exp(-top / k.tau_decay) - math.exp(-top / k.tau_rise)
    return (math.exp(-t / k.tau_decay) - math.exp(-t / k.tau_rise)) / unit


def synaptic(contents, name, t, v):
    """Current of the receptors of one compartment (pA, outward)."""
    total = 0.0
    for receptor, weight in contents.get(name, {}).items() if t >= 0 else ():
        block = 1.0 / (1.0 + receptor.Mg / 3.57 * math.exp(-0.062 * v)) if isinstance(receptor, gs.NMDA) else 1.0
        total += weight * opened(receptor, t) * block * (v - receptor.E_rev)
    return total


def coupled(t, v_soma, v, contents, dendrites=DENDRITES):
    """Slopes of V of the dendrites, and the current that flows into the soma; t since the arrival."""
    slopes, inward = [], 0.0
    for (name, p), v_d in zip(dendrites.items(), v, strict=True):
        through = p["g_c"] * (v_d - v_soma)
        own = p["g_L"] * (p["E_L"] - v_d) - synaptic(contents, name, t, v_d) + CURRENT[name]
        slopes.append((own - through) / p["C_m"])
        inward += through
    return slopes, inward - synaptic(contents, "soma", t, v_soma)


def integrated(slope, y, duration=DURATION):
    """States at every whole ms, to about 1e-11."""
    rows = []
    for begin, end in ((0.0, ARRIVAL), (ARRIVAL, duration)):
        at = np.arange(begin + 1.0, end + 0.5)
        # from the arrival on, gates are open at its very time
        run = solve_ivp(slope, (begin, end), y, "DOP853", at, args=(begin > 0,), rtol=1e-13, atol=1e-13, max_step=1.0)
        y = run.y[:, -1]
        rows.append(run.y.T)
    return np.concatenate(rows)


@functools.cache
def reference(kind):
    contents = {"passive": {}, "linear": LINEAR, "blocked": BLOCKED}[kind]

    def slope(t, y, after):
        slopes, inward = coupled(t - ARRIVAL if after else -1.0, y[0], y[1:], contents)
        soma = (SOMA["g_L"] * (SOMA["E_L"] - y[0]) + inward + CURRENT["soma"]) / SOMA["C_m"]
        return [soma, *slopes]

    return integrated(slope, [SOMA["E_L"], *(p["E_L"] for p in DENDRITES.values())])


@pytest.mark.parametrize(
    ("kind", "contents", "limit"), [("passive", {}, 2e-4), ("linear", LINEAR, 2e-3), ("blocked", BLOCKED, 2e-3)]
)
def test_v_of_every_compartment_is_second_order(kind, contents, limit):
    wanted = reference(kind)
    errors = np.array([np.abs(simulated(dt, cell(), contents, CURRENT) - wanted).max(axis=0) for dt in STEPS])
    assert np.all(np.ptp(wanted, axis=0) > 0.5)  # mV: every compartment moves
    for column in errors.T:
        assert_order(STEPS, column, 2.0)
    assert errors[1].max() < limit  # mV at dt = 0.1


def test_a_soma_that_makes_its_own_spikes_is_second_order():
    p = gs.HodgkinHuxley(I_e=300.0)
    own, start, _, _ = RECORDS["HodgkinHuxley"].equation(p)
    states = len(start)

    def slope(t, y, after):
        slopes, inward = coupled(t - ARRIVAL if after else -1.0, y[0], y[states:], LINEAR)
        return [*own(t, y[:states], 300.0 + inward), *slopes]

    given = {**CURRENT, "soma": 0.0}
    wanted = integrated(slope, [*start, *(d["E_L"] for d in DENDRITES.values())])[:, [0, states, states + 1]]
    steps = (0.02, 0.01, 0.005)
    errors = [np.abs(simulated(dt, cell(p), LINEAR, given) - wanted).max() for dt in steps]
    assert wanted[:, 0].max() > 0.0  # mV: it spikes
    assert_order(steps, errors, 2.0)


PAIR = {"apical": DENDRITES["apical"]}


def pair(current):
    """Matrix and steady state of dv/dt = A (v - v_inf) for a soma and one dendrite under constant currents."""
    d = PAIR["apical"]
    g = np.array([[SOMA["g_L"] + d["g_c"], -d["g_c"]], [-d["g_c"], d["g_L"] + d["g_c"]]])
    drive = np.array([SOMA["g_L"] * SOMA["E_L"] + current["soma"], d["g_L"] * d["E_L"] + current["apical"]])
    return -g / np.array([[SOMA["C_m"]], [d["C_m"]]]), np.linalg.solve(g, drive)


def test_two_passive_compartments_follow_their_closed_form():
    current = {"soma": -40.0, "apical": 150.0}
    A, v_inf = pair(current)
    start = np.array([SOMA["E_L"], PAIR["apical"]["E_L"]])
    wanted = np.array([v_inf + expm(A * t) @ (start - v_inf) for t in np.arange(1.0, DURATION + 0.5)])
    errors = [np.abs(simulated(dt, cell(dendrites=PAIR), {}, current) - wanted).max() for dt in STEPS]
    assert np.abs(wanted[-1] - start).min() > 1.0
    assert_order(STEPS, errors, 2.0)


@pytest.mark.parametrize("dt", [0.1, 2.0])
def test_the_steady_state_is_exact_at_any_step(dt):
    current = {"soma": -40.0, "apical": 150.0}
    _, v_inf = pair(current)
    V = simulated(dt, cell(dendrites=PAIR), {}, current, duration=800.0, every=10.0)
    assert np.abs(V[-1] - v_inf).max() < 1e-10


def test_compartments_at_any_step_never_gain_energy():
    """The energy of membranes that leave the same potential falls, though a step is fifty times their constants."""
    leaks = {name: {**p, "E_L": -70.0, "g_c": 1000.0} for name, p in DENDRITES.items()}
    net = gs.Network()
    target = net.population("cell", 1, cell(dendrites=leaks), V=-20.0)
    names = ["V", *(f"V_{name}" for name in leaks)]
    recorder = net.record(target, names)
    with LAB.open(net, 5.0) as sim:
        sim.run(200.0)
        V = np.stack([sim.data[recorder][name][:, 0] for name in names], axis=1) + 70.0
    C = np.array([SOMA["C_m"], *(p["C_m"] for p in leaks.values())])
    energy = (C * V**2).sum(axis=1)
    assert np.all(np.diff(energy) < 0)
    assert energy[0] > 1e3
    assert energy[-1] < 0.6 * energy[0]


def test_a_dendrite_goes_on_while_the_soma_is_held():
    """After a spike the soma stays at its reset potential, and the dendrite relaxes towards its own steady state."""
    soma = gs.LIF(**SOMA, V_th=-55.0, V_reset=-68.0, t_ref=10.0, I_e=1e4)
    V = simulated(0.1, cell(soma, PAIR), {}, {}, duration=10.0, every=0.1)
    fired = int(np.flatnonzero(V[:, 0] == -68.0)[0])
    d = PAIR["apical"]
    G = d["g_L"] + d["g_c"]
    v_inf = (d["g_L"] * d["E_L"] + d["g_c"] * -68.0) / G
    t = 0.1 * np.arange(len(V) - fired)
    wanted = v_inf + (V[fired, 1] - v_inf) * np.exp(-t * G / d["C_m"])
    assert len(t) > 50
    assert np.all(V[fired:, 0] == -68.0)
    assert np.abs(V[fired:, 1] - wanted).max() < 1e-11
