"""How the error of V shrinks with the step, in double precision against an adaptive integration."""

import functools
import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import gpusyn as gs
from gpusyn.kinetics import Alpha, DualExponential, Exponential, GProtein, Saturating
from tests.helpers.tolerances import TABLE, assert_close, assert_order
from tests.helpers.validation.lab import FASTEST, Lab

LAB = Lab(FASTEST, "double")
STEPS = (0.2, 0.1, 0.05, 0.025)
ARRIVAL, LASTING = 1.0, 15.0  # ms
WEIGHT, E_L, E_REV = 5.0, -70.0, 0.0
STATES = {"saturating": 1, "g_protein": 2}  # of gates without a closed form


def opened(kinetics, t, y):
    """Gate after one event: of unit peak in closed form, or from states of its own."""
    if kinetics.kind == "saturating":
        return y[0]
    if kinetics.kind == "g_protein":
        return y[1] ** kinetics.n / (y[1] ** kinetics.n + kinetics.K_d)
    if kinetics.kind == "exponential":
        return math.exp(-t / kinetics.tau)
    if kinetics.kind == "alpha":
        return t / kinetics.tau * math.exp(1.0 - t / kinetics.tau)
    rise, decay = kinetics.tau_rise, kinetics.tau_decay
    top = rise * decay / (decay - rise) * math.log(decay / rise)
    unit = math.exp(-top / decay) - math.exp(-top / rise)
    return (math.exp(-t / decay) - math.exp(-t / rise)) / unit


def opening(kinetics, t, y, T):
    """Slopes of the gate's own states, under transmitter T."""
    if kinetics.kind == "saturating":
        x = math.exp(-t / kinetics.tau_rise)
        return [-y[0] / kinetics.tau_decay + kinetics.alpha * x * (1.0 - y[0])]
    if kinetics.kind == "g_protein":
        R, G = y
        return [kinetics.K1 * T * (1.0 - R) - kinetics.K2 * R, kinetics.K3 * R - kinetics.K4 * G]
    return []


@functools.cache
def reference(kinetics, Mg):
    """V at every whole ms after the arrival, to about 1e-11 mV."""

    def slope(t, y, T):
        v, own = y[0], y[1:]
        block = 1.0 / (1.0 + Mg / 3.57 * math.exp(-0.062 * v))
        current = WEIGHT * opened(kinetics, t, own) * block * (v - E_REV)
        return [(10.0 * (E_L - v) - current) / 200.0, *opening(kinetics, t, own, T)]

    y, found = [E_L] + [0.0] * STATES.get(kinetics.kind, 0), []
    # transmitter, of those that have it, is there for the first ms
    for begin, end, T in ((0.0, 1.0, getattr(kinetics, "T_max", 0.0)), (1.0, LASTING, 0.0)):
        at = np.arange(begin + 1.0, end + 1.0)
        run = solve_ivp(slope, (begin, end), y, method="DOP853", t_eval=at, args=(T,), rtol=1e-13, atol=1e-13)
        y = run.y[:, -1]
        found.append(run.y[0])
    return np.concatenate(found)


def error(receptor, Mg, dt):
    """Largest one of V."""
    net = gs.Network()
    source = net.population("source", 1, gs.SpikeSource([ARRIVAL - dt]))
    cell = net.population("cell", 1, gs.LIF(), receptors=[receptor])
    net.connect(source, cell, gs.OneToOne(), receptor=receptor.name, weight=WEIGHT, delay=dt)
    recorder = net.record(cell, "V", every=1.0)
    with LAB.open(net, dt) as sim:
        sim.run(ARRIVAL + LASTING)
        V = sim.data[recorder]["V"][:, 0]
    assert V[0] == E_L
    return np.abs(V[1:] - reference(receptor.kinetics, Mg)).max()


@pytest.mark.parametrize("gating", ["auto", "per-synapse"])
@pytest.mark.parametrize("kinetics", [Exponential(2.0), Alpha(2.0), DualExponential(0.5, 4.0)], ids=lambda k: k.kind)
def test_v_is_second_order_with_a_conductance(kinetics, gating):
    errors = [error(gs.AMPA(kinetics=kinetics, gating=gating), 0.0, dt) for dt in STEPS]
    assert_order(STEPS, errors, 2.0)
    assert errors[1] < 2e-4  # mV at dt = 0.1; with the conductance of the step's start it would be 0.06


def test_the_step_average_is_four_times_better_than_the_middle_of_the_step():
    """Row D24: 2.0e-4 mV with the conductance in the middle of each step, 0.061 mV with that at its start (D23)."""
    assert error(gs.AMPA(tau_decay=2.0), 0.0, 0.1) < 0.3 * 2.0e-4


def test_v_is_second_order_with_nmda_in_magnesium_free_solution():
    receptor = gs.NMDA(Mg=0.0, tau_rise=2.0, tau_decay=20.0)
    assert_order(STEPS, [error(receptor, 0.0, dt) for dt in STEPS], 2.0)


@pytest.mark.parametrize("gating", ["auto", "per-synapse"])
def test_v_is_second_order_under_a_gate_that_rises_and_saturates(gating):
    receptor = gs.NMDA(Mg=0.0, kinetics=Saturating.NMDA(), gating=gating)
    errors = [error(receptor, 0.0, dt) for dt in STEPS]
    assert_order(STEPS, errors, 2.0)
    assert errors[1] < 1e-3  # mV: the mean of its growth over a step is that of both ends


@pytest.mark.parametrize("gating", ["auto", "per-synapse"])
def test_v_is_second_order_under_gaba_b(gating):
    receptor = gs.GABA_B(E_rev=E_REV, kinetics=GProtein(K1=0.9, K3=1.8), gating=gating)  # one pulse opens it
    errors = [error(receptor, 0.0, dt) for dt in STEPS]
    assert_order(STEPS, errors, 2.0)
    assert errors[1] < 1e-3  # mV


@pytest.mark.parametrize("gating", ["auto", "per-synapse"])
@pytest.mark.parametrize(
    ("kinetics", "steps"),
    # under the saturating gate the error of second order has the other sign, and hides the first above 0.02 ms
    [(DualExponential(2.0, 20.0), STEPS), (Saturating.NMDA(), (0.0125, 0.00625, 0.003125))],
    ids=["dual", "saturating"],
)
def test_v_is_first_order_with_the_magnesium_block_of_the_step_start(kinetics, steps, gating):
    errors = [error(gs.NMDA(Mg=1.0, kinetics=kinetics, gating=gating), 1.0, dt) for dt in steps]
    assert_order(steps, errors, 1.0)
    assert errors[1] < 1e-3 * steps[1] / 0.1  # mV


# --- current-based: no error but rounding, at any step --------------------------------------------------------


def current_based(kinetics, dt, precision="double"):
    """V (E_L = 0) every 2 ms of five cells that differ, under 30 events of either sign and a constant current."""
    net = gs.Network()
    rng = np.random.default_rng(1)
    times = 2.0 * rng.integers(1, 40, (3, 10))
    source = net.population("source", 3, gs.SpikeSource([list(row) for row in times]))
    model = gs.LIF(
        C_m=np.array([100.0, 150.0, 200.0, 250.0, 300.0]), g_L=np.array([10.0, 12.0, 10.0, 50.0, 30.0]),
        E_L=0.0, V_th=1000.0, V_reset=-10.0, I_e=np.array([0.0, 50.0, -20.0, 10.0, 30.0]),
    )  # fmt: skip
    cells = net.population("cells", 5, model, receptors=[gs.CurrentReceptor("syn", kinetics=kinetics)])
    weights = rng.uniform(-100.0, 100.0, 15)
    net.connect(source, cells, gs.AllToAll(), receptor="syn", weight=weights, delay=2.0)
    recorder = net.record(cells, "V", every=2.0)
    with Lab(LAB.backend, precision).open(net, dt) as sim:
        sim.run(100.0)
        return np.asarray(sim.data[recorder]["V"])


# 5 and 20 ms are membrane time constants of the cells too: the closed form of the propagator is 0/0 there
CURRENTS = [
    Exponential(3.0),
    Exponential(5.0),
    Alpha(2.0),
    Alpha(20.0),
    DualExponential(0.5, 5.0),
    DualExponential(5.0, 5.0),
]


@pytest.mark.parametrize("kinetics", CURRENTS, ids=repr)
def test_current_based_v_does_not_depend_on_the_step(kinetics):
    reference = current_based(kinetics, 0.1)
    scale = np.abs(reference).max(axis=0)
    for dt in (2.0, 1.0, 0.5, 0.05):
        difference = np.abs(current_based(kinetics, dt) - reference) / scale
        assert difference.max() <= TABLE["current-based"].double, (dt, difference.max())


def test_current_based_v_in_single_precision():
    scale = np.abs(current_based(Alpha(2.0), 0.1)).max(axis=0)
    difference = current_based(Alpha(2.0), 0.1, "single") - current_based(Alpha(2.0), 0.5, "double")
    assert 0 < (np.abs(difference) / scale).max() <= TABLE["current-based"].single


def test_two_half_steps_are_one_step_for_every_linear_gate():
    """P3 of science.md section 6."""
    for kinetics in (Exponential(2.0), Alpha(2.0), DualExponential(0.5, 4.0), DualExponential(2.0, 2.0 + 2e-8)):
        traces = []
        for dt in (0.2, 0.1):
            net = gs.Network()
            source = net.population("source", 1, gs.SpikeSource([0.8, 3.2]))
            cell = net.population("cell", 1, gs.LIF(V_th=100.0), receptors=[gs.AMPA(kinetics=kinetics)])
            net.connect(source, cell, gs.OneToOne(), receptor="AMPA", weight=1.0, delay=0.2)
            recorder = net.record(cell, "g_AMPA", every=0.2)
            with LAB.open(net, dt) as sim:
                sim.run(20.0)
                traces.append(sim.data[recorder]["g_AMPA"])
        assert_close(*traces, "current-based")
