"""The order of a step (see `Simulator`), with one spike and one synapse: when things happen, to the step."""

import math

import numpy as np
import pytest

import gpusyn as gs
from gpusyn.kinetics import FirstOrder
from tests.helpers.tolerances import assert_close
from tests.helpers.validation.lab import FASTEST, Lab

DT = 0.1
DECAY = math.exp(-DT / 2.0)  # of an AMPA conductance of 2 ms
REST = -70.0
AT_ZERO = {"E_L": 0.0, "V_th": 100.0, "V_reset": -10.0}  # the reported V, E_L + v, then has all digits of v
LABS = [Lab(b, p) for b in ("numpy", FASTEST) for p in ("double", "single")]


@pytest.fixture(params=LABS, ids=lambda lab: f"{lab.backend}-{lab.precision}")
def lab(request):
    return request.param


class Pair:
    """One source of listed spikes, one cell with one synapse; rows of traces count steps from 1."""

    def __init__(self, times=(1.0,), delay=DT, weight=1.0, receptor=None, **model):
        self.net = gs.Network()
        self.source = self.net.population("source", 1, gs.SpikeSource(list(times)))
        receptors = [gs.AMPA(tau_decay=2.0) if receptor is None else receptor]
        self.cell = self.net.population("cell", 1, gs.LIF(**model), receptors=receptors)
        name = receptors[0].name
        self.net.connect(self.source, self.cell, gs.OneToOne(), receptor=name, weight=weight, delay=delay)

    def run(self, lab, steps, *variables):
        traces = self.net.record(self.cell, list(variables))
        fired, given = self.net.record(self.cell, "spikes"), self.net.record(self.source, "spikes")
        with lab.open(self.net, DT) as sim:
            sim.step(steps)
            assert sim.time == steps * DT
            data = sim.data
            self.fired, self.given = (np.rint(data[r].times / DT).astype(int).tolist() for r in (fired, given))
            self.times = data[traces].t
            columns = [np.concatenate([[np.nan], data[traces][v][:, 0].astype(np.float64)]) for v in variables]
        return columns[0] if len(columns) == 1 else columns


# --- an event arrives after its delay, once, undecayed -------------------------------------------------------


@pytest.mark.parametrize("delay", [1, 2, 3, 31, 127, 200])
def test_a_spike_arrives_a_delay_later_undecayed_once(lab, delay):
    g = Pair(delay=delay * DT).run(lab, 300, "g_AMPA")
    arrival = 10 + delay
    assert not g[1:arrival].any()
    assert g[arrival] == 1.0
    assert_close(g[arrival:], DECAY ** np.arange(301 - arrival), "formula" if lab.precision == "double" else "gates",
                 lab.precision)  # fmt: skip


def test_a_spike_of_a_neuron_arrives_a_delay_after_its_stamp(lab):
    net = gs.Network()
    first = net.population("first", 1, gs.LIF(I_e=200.0))
    second = net.population("second", 1, gs.LIF(), receptors=[gs.AMPA()])
    net.connect(first, second, gs.OneToOne(), receptor="AMPA", weight=2.0, delay=0.7)
    spikes, g = net.record(first, "spikes"), net.record(second, "g_AMPA")
    with lab.open(net, DT) as sim:
        sim.run(40.0)
        stamps, trace = sim.data[spikes].times, sim.data[g]
    # V passes 15 mV of the 20 it aims at after 20 ln 4 = 27.73 ms: the step that ends at 27.8
    assert stamps.tolist() == [278 * DT]
    step = np.flatnonzero(trace["g_AMPA"][:, 0])[0]
    assert trace.t[step] == pytest.approx(27.8 + 0.7)
    assert trace["g_AMPA"][step, 0] == 2.0


def test_coincident_events_add_and_equal_times_are_events_of_their_own(lab):
    pair = Pair(times=[1.0, 1.0, 1.2])
    g = pair.run(lab, 30, "g_AMPA")
    assert pair.given == [10, 10, 12]
    assert g[11] == 2.0
    assert_close(g[13], 2.0 * DECAY**2 + 1.0, "formula", lab.precision)


def test_events_of_two_delays_arrive_apart(lab):
    pair = Pair(delay=0.3)
    pair.net.connect(pair.source, pair.cell, gs.OneToOne(), receptor="AMPA", weight=4.0, delay=0.5, name="later")
    g = pair.run(lab, 30, "g_AMPA")
    assert g[13] == 1.0
    assert_close(g[15], DECAY**2 + 4.0, "formula", lab.precision)
    assert not g[1:13].any()


@pytest.mark.parametrize(
    ("kinetics", "rise"),
    [(gs.kinetics.Alpha(2.0), lambda t: t / 2.0 * math.exp(1.0 - t / 2.0)),
     (gs.kinetics.DualExponential(1.0, 2.0), lambda t: 4.0 * (math.exp(-t / 2.0) - math.exp(-t)))],
    ids=["alpha", "dual"],
)  # fmt: skip
def test_a_gate_with_a_rise_starts_at_zero_on_arrival(lab, kinetics, rise):
    g, h = Pair(receptor=gs.AMPA(kinetics=kinetics)).run(lab, 60, "g_AMPA", "h_AMPA")
    assert not g[1:12].any()
    assert not h[1:11].any()
    assert h[11] > 0
    assert_close(g[12:], [rise(DT * k) for k in range(1, 50)], "formula" if lab.precision == "double" else "gates",
                 lab.precision)  # fmt: skip


def test_a_pulse_of_transmitter_lasts_from_its_arrival_for_its_duration(lab):
    receptor = gs.AMPA(kinetics=FirstOrder(alpha=1.1, beta=0.19, T_max=1.0, T_dur=0.5))
    g = Pair(delay=0.4, receptor=receptor).run(lab, 40, "g_AMPA")
    arrival = 14
    assert not g[1 : arrival + 1].any()
    on = 1.1 / 1.29 * -np.expm1(-1.29 * DT * np.arange(1, 6))
    assert_close(g[arrival + 1 : arrival + 6], on, "formula", lab.precision)
    assert_close(g[arrival + 6 : 41], on[-1] * np.exp(-0.19 * DT * np.arange(1, 22)), "gates", lab.precision)


# --- V advances first, with the gates of the step's start ----------------------------------------------------


def test_v_moves_one_step_after_an_arrival_by_the_conductance_mean_over_that_step(lab):
    excitation = gs.AMPA(tau_decay=2.0, E_rev=70.0)
    V, g, I = Pair(weight=5.0, receptor=excitation, **AT_ZERO).run(lab, 30, "V", "g_AMPA", "I_AMPA")
    assert g[11] == 5.0
    assert not V[1:12].any()
    mean = 5.0 * 2.0 / DT * -math.expm1(-DT / 2.0)
    v_inf = mean * 70.0 / (10.0 + mean)
    assert_close(V[12], v_inf * -math.expm1(-DT * (10.0 + mean) / 200.0), "formula", lab.precision)
    assert_close(I[11:], g[11:] * (V[11:] - 70.0), "formula", lab.precision)  # both as they stand at the end


def test_the_magnesium_block_in_a_step_is_that_of_its_start(lab):
    receptor = gs.NMDA(kinetics=gs.kinetics.Exponential(2.0), E_rev=70.0)
    V, B, I, g = Pair(weight=50.0, receptor=receptor, **AT_ZERO).run(lab, 40, "V", "B_NMDA", "I_NMDA", "g_NMDA")
    assert V[20] > 5.0
    assert_close(B[1:], 1.0 / (1.0 + np.exp(-0.062 * V[1:]) / 3.57), "formula", lab.precision)
    assert_close(I[11:], g[11:] * B[11:] * (V[11:] - 70.0), "formula", lab.precision)
    open_ = B * g * 2.0 / DT * -math.expm1(-DT / 2.0)
    total, v_inf = 10.0 + open_, open_ * 70.0 / (10.0 + open_)
    assert_close(V[12:], (v_inf + (V - v_inf) * np.exp(-DT * total / 200.0))[11:-1], "formula", lab.precision)


@pytest.mark.parametrize("kinetics", [gs.kinetics.Exponential(2.0), gs.kinetics.Alpha(2.0),
                                      gs.kinetics.DualExponential(0.5, 2.0)], ids=lambda k: k.kind)  # fmt: skip
def test_v_of_a_current_is_exact(lab, kinetics):
    receptor = gs.CurrentReceptor("exc", kinetics=kinetics)
    V, I = Pair(weight=70.0, receptor=receptor, **AT_ZERO).run(lab, 600, "V", "I_exc")
    t = DT * np.arange(601 - 11)
    m, k = 1 / 20.0, 1 / 2.0

    def low_pass(a):  # of exp(-a t)
        return (np.exp(-m * t) - np.exp(-a * t)) / (a - m) / 200.0

    if kinetics.kind == "exponential":
        wanted = 70.0 * low_pass(k)
    elif kinetics.kind == "alpha":
        wanted = 70.0 * math.e * k * (low_pass(k) / (k - m) - t * np.exp(-k * t) / (k - m) / 200.0)
    else:
        top = 0.5 * 2.0 / 1.5 * math.log(4.0)
        wanted = 70.0 * (low_pass(k) - low_pass(2.0)) / (math.exp(-top / 2.0) - math.exp(-top / 0.5))
    assert not V[1:12].any()
    assert I[11] == (-70.0 if kinetics.kind == "exponential" else 0.0)  # an inward current is negative
    assert_close(V[12:], wanted[1:], "current-based", lab.precision)


def test_v_of_a_constant_current_is_exact(lab):
    V = Pair(weight=0.0, receptor=gs.CurrentReceptor("exc", tau=5.0), I_e=200.0, **AT_ZERO).run(lab, 500, "V")
    assert_close(V[1:], -20.0 * np.expm1(-DT * np.arange(1, 501) / 20.0), "current-based", lab.precision)


def test_an_injected_current_acts_from_its_start_until_its_stop(lab):
    pair = Pair(weight=0.0, receptor=gs.CurrentReceptor("exc", tau=5.0), **AT_ZERO)
    pair.net.inject(pair.cell, 200.0, start=1.0, stop=2.0)
    V = pair.run(lab, 40, "V")
    assert not V[1:11].any()
    assert_close(V[11:21], -20.0 * np.expm1(-DT * np.arange(1, 11) / 20.0), "formula", lab.precision)
    assert_close(V[21:], V[20] * np.exp(-DT * np.arange(1, 21) / 20.0), "current-based", lab.precision)


# --- threshold, reset, refractoriness -------------------------------------------------------------------------


def test_a_spike_is_stamped_with_the_end_of_its_step_and_v_recorded_after_its_reset(lab):
    pair = Pair(weight=0.0, I_e=1e6, V_reset=-65.0, t_ref=0.5)
    V = pair.run(lab, 20, "V")
    assert pair.fired == [1, 7, 13, 19]  # 5 steps of rest, then one over the threshold
    assert_close(V[1:], np.full(20, -65.0), "formula", lab.precision)


@pytest.mark.parametrize("rest", [0, 1, 2, 20])
def test_v_is_held_for_the_refractory_time_and_then_goes_on(lab, rest):
    pair = Pair(weight=0.0, I_e=300.0, V_reset=-62.0, t_ref=rest * DT)
    V = pair.run(lab, 400, "V")
    first = pair.fired[0]
    assert first == 139  # 30 (1 - exp(-t/20)) = 15 at 20 ln 2 = 13.863 ms
    assert_close(V[first : first + rest + 1], np.full(rest + 1, -62.0), "formula", lab.precision)
    climb = -40.0 + (-62.0 + 40.0) * np.exp(-DT * np.arange(1, 51) / 20.0)
    assert_close(V[first + rest + 1 : first + rest + 51], climb, "formula", lab.precision)
    # from 8 to 15 mV on the way to 30: 20 ln(22/15) = 7.66 ms
    assert np.diff(pair.fired).tolist() == [rest + 77] * (len(pair.fired) - 1)


def test_threshold_is_reached_at_equality(lab):
    assert at_threshold(lab, -55.0) == [1]
    assert at_threshold(lab, -54.9999) == []


def at_threshold(lab, V_th):
    """Spikes in one step of a cell that rests at -55 mV."""
    pair = Pair(weight=0.0, E_L=-55.0, V_th=V_th)
    pair.run(lab, 1, "V")
    return pair.fired


def test_gates_go_on_in_refractoriness_and_v_does_not(lab):
    pair = Pair(times=[0.2], weight=3.0, I_e=1e6, t_ref=2.0)
    V, g = pair.run(lab, 20, "V", "g_AMPA")
    assert pair.fired == [1]
    assert (V[1:] == REST).all()
    assert_close(g[3:], 3.0 * DECAY ** np.arange(18), "formula" if lab.precision == "double" else "gates",
                 lab.precision)  # fmt: skip


# --- times of spike sources are rounded to the nearest step, at least 1 -----------------------------------------


def test_input_times_are_rounded_to_the_grid_and_that_is_said(lab, caplog):
    pair = Pair(times=[0.0, 0.04, 1.04, 1.06, 2.0000000001, 3.0])
    pair.run(lab, 40, "V")
    assert pair.given == [1, 1, 10, 11, 20, 30]
    assert "4 input spike times rounded to 0.1 ms, by at most 0.1 ms" in caplog.messages


def test_input_times_on_the_grid_are_not_moved(lab, caplog):
    times = np.arange(1, 400) * DT  # 0.1 k is not a multiple of 0.1 in binary
    pair = Pair(times=times)
    pair.run(lab, 400, "V")
    assert pair.given == list(range(1, 400))
    assert "rounded" not in caplog.text


# --- recorders ---------------------------------------------------------------------------------------------


def test_samples_are_taken_at_the_end_of_their_step(lab):
    pair = Pair()
    every = pair.net.record(pair.cell, "g_AMPA", every=0.5, name="every")
    g = pair.run(lab, 40, "g_AMPA")
    assert pair.times.tolist() == [k * DT for k in range(1, 41)]
    with lab.open(pair.net, DT) as sim:
        for steps in (1, 3, 7, 9, 13, 7):  # pieces that do not fit the sampling interval
            sim.step(steps)
        data = sim.data[every]
    assert data.t.tolist() == [k * 0.5 for k in range(1, 9)]
    assert data["g_AMPA"][:, 0].tolist() == g[5::5].tolist()
