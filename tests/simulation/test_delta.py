"""Synapses that make V jump: an event-driven calculation, refractory time, clamps, dendrites, and what is refused."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st

import gpusyn as gs
from gpusyn.errors import ArgumentError, ParameterError, UnknownNameError
from tests.helpers.wrong_input import refused

DT, TAU, THRESHOLD, RESET = 0.1, 20.0, 15.0, -3.0
STEPS = 120
CELL = {"C_m": 200.0, "g_L": 10.0, "E_L": 0.0, "V_th": THRESHOLD, "V_reset": RESET}  # what V shows has all its digits


def event_driven(arrivals: dict[int, float], pause: int, keep: bool) -> tuple[list[int], np.ndarray, float]:
    """Spikes (steps), V at the end of each step, and how close V came to the threshold without reaching it or beyond.

    V decays exactly from one event to the next; nothing is advanced in between.
    """
    spikes, waiting, free_from, margin = [], 0.0, 0, math.inf
    at, v = 0, 0.0  # V was v at the end of step `at`
    found = [v]
    for step in range(1, STEPS + 1):
        arrived = arrivals.get(step, 0.0)
        if step <= free_from:  # held at the reset
            waiting += arrived if keep else 0.0
            found.append(RESET)
            at, v = step, RESET
            continue
        jump, waiting = arrived + waiting, 0.0
        now = v * math.exp(-(step - at) * DT / TAU) + jump
        if jump:
            at, v = step, now
            margin = min(margin, abs(now - THRESHOLD))
        if now >= THRESHOLD:
            spikes.append(step)
            at, v, free_from = step, RESET, step + pause
            now = RESET
        found.append(now)
    return spikes, np.array(found[1:]), margin


def simulated(events: list[tuple[int, float]], pause: int, keep: bool, backend: str = "numpy", **how):
    """Spikes (steps) and V at the end of each step; each event comes from a source of its own."""
    net = gs.Network()
    receptor = gs.DeltaReceptor("delta", refractory="keep" if keep else "ignore")
    cell = net.population("cell", 1, gs.LIF(**CELL, t_ref=pause * DT), receptors=receptor)
    sources = net.population("sources", len(events), gs.SpikeSource([[(step - 1) * DT] for step, _ in events]))
    weights = np.array([weight for _, weight in events])
    net.connect(sources, cell, gs.AllToAll(), receptor="delta", weight=weights, delay=DT)
    spikes, traces = net.record(cell, ["spikes", "V"])
    with gs.Simulator(net, dt=DT, backend=backend, **{"precision": "double"} | how) as sim:
        sim.step(STEPS)
        return np.rint(sim.data[spikes].times / DT).astype(int).tolist(), sim.data[traces]["V"][:, 0].copy()


def summed(events: list[tuple[int, float]]) -> dict[int, float]:
    found: dict[int, float] = {}
    for step, weight in events:
        found[step] = found.get(step, 0.0) + weight
    return found


weights = st.one_of(
    st.floats(-20.0, 20.0).filter(lambda w: w == 0 or abs(w) > 1e-3),
    st.sampled_from([15.0, -15.0, 18.0, 1e-3, 1e4, -1e4, 14.999]),
)
events = st.lists(st.tuples(st.integers(2, STEPS), weights), min_size=1, max_size=40)


drawn = given(events, st.integers(0, 30), st.booleans())


@settings(max_examples=15, phases=[Phase.generate])
@drawn
def test_v_decays_exactly_between_jumps(events, pause, keep):
    check_decay(events, pause, keep)


@pytest.mark.fuzz
@settings(max_examples=60, phases=[Phase.generate])
@drawn
def test_v_decays_exactly_between_further_jumps(events, pause, keep):
    check_decay(events, pause, keep)


def check_decay(events, pause, keep):
    assume(any(weight for _, weight in events))
    spikes, V, margin = event_driven(summed(events), pause, keep)
    assume(margin == 0 or margin > 1e-9)
    found, trace = simulated(events, pause, keep)
    assert found == spikes
    np.testing.assert_allclose(trace, V, rtol=0, atol=1e-12 * max(1.0, *(abs(w) for _, w in events)))


def test_a_hundred_jumps_to_twelve_digits():
    """V of a few mV after 100 events, without a spike, and with many."""
    rng = np.random.default_rng(1)
    steps = rng.choice(np.arange(2, STEPS + 1), 100)
    for mean, scale, number in ((0.1, 0.4, 0), (2.0, 4.0, 4)):
        events = [(int(step), float(weight)) for step, weight in zip(steps, rng.normal(mean, scale, 100), strict=True)]
        for keep in (False, True):
            spikes, V, margin = event_driven(summed(events), 5, keep)
            assert margin > 1e-9
            assert len(spikes) >= number
            found, trace = simulated(events, 5, keep)
            assert found == spikes
            np.testing.assert_allclose(trace, V, rtol=0, atol=1e-12)
            assert np.abs(trace * 1.01 - V).max() > 1e-3  # the check sees an error of 1 %


@pytest.mark.parametrize("backend", ["numpy", "cpu"])
@pytest.mark.parametrize(
    ("keep", "arrival", "wanted"),
    [
        (False, 10, [10]),  # of itself
        (False, 11, [10]),  # the first and the last step in which V is held: lost
        (False, 14, [10]),
        (False, 15, [10, 15]),  # the first in which it is free
        (True, 11, [10, 15]),
        (True, 14, [10, 15]),
        (True, 15, [10, 15]),
    ],
)
def test_the_edges_of_the_refractory_time(backend, keep, arrival, wanted):
    """V is held in the four steps after the spike at the end of step 10, and free in the fifth."""
    assert simulated([(10, 20.0), (arrival, 20.0)], 4, keep, backend)[0] == wanted


def test_what_waits_is_one_undecayed_jump():
    waiting = [(10, 20.0), (11, 5.0), (12, -2.0), (14, 3.0)]
    _, V = simulated(waiting, 4, keep=True)
    decayed = RESET * math.exp(-DT / TAU)
    assert (V[9:14] == RESET).all()
    assert V[14] == pytest.approx(decayed + 6.0, abs=1e-13)
    assert V[15] == pytest.approx((decayed + 6.0) * math.exp(-DT / TAU), abs=1e-13)
    assert V[14] != simulated(waiting, 4, keep=False)[1][14]


def run(net: gs.Network, steps: int, *, backend: str = "numpy", dt: float = DT) -> gs.Results:
    with gs.Simulator(net, dt=dt, backend=backend, precision="double") as sim:
        sim.step(steps)
        return sim.data


def once(net: gs.Network, cells: gs.Population, weight: float, receptor: str = "delta", time: float = 1.0) -> None:
    spike = net.population(f"spike {len(net.populations)}", 1, gs.SpikeSource([time - DT]))
    net.connect(spike, cells, gs.AllToAll(), receptor=receptor, weight=weight, delay=DT)


def test_exact_beside_currents():
    """With and without the jump, V of an exact LIF differs by what decays of it; the current is exact alone."""
    traces = []
    for weight in (0.0, 4.0):
        net = gs.Network()
        receptors = [gs.CurrentReceptor("I", tau=3.0), gs.DeltaReceptor("delta")]
        cells = net.population("cells", 1, gs.LIF(), receptors=receptors)
        once(net, cells, 200.0, "I", time=0.5)
        once(net, cells, weight)
        recorder = net.record(cells, "V")
        traces.append(run(net, 100)[recorder]["V"][:, 0])
    t = np.arange(1, 101) * DT
    current = np.where(t > 0.5, 200.0 / 200.0 / (1 / 3 - 1 / 20) * (np.exp((0.5 - t) / 20) - np.exp((0.5 - t) / 3)), 0)
    np.testing.assert_allclose(traces[0], -70.0 + current, atol=1e-12)
    decay = np.where(t > 0.999, 4.0 * np.exp((1.0 - t) / 20.0), 0.0)
    np.testing.assert_allclose(traces[1] - traces[0], decay, atol=3e-13)


def test_a_clamped_v_does_not_jump_and_forgets_what_waits():
    net = gs.Network()
    cells = net.population("cells", 1, gs.LIF(t_ref=5.0), receptors=gs.DeltaReceptor("delta", refractory="keep"))
    for time, weight in ((1.0, 20.0), (1.5, 5.0), (2.5, 7.0)):
        once(net, cells, weight, time=time)
    net.clamp(cells, -68.0)
    recorder, spikes = net.record(cells, "V"), net.record(cells, "spikes")
    data = run(net, 80)
    assert (data[recorder]["V"] == -68.0).all()
    assert len(data[spikes]) == 0


def test_a_hodgkin_huxley_neuron_spikes_where_a_jump_passes_the_threshold():
    """Its V is never held: a second jump while spikes are suppressed still acts."""
    net = gs.Network()
    cells = net.population("cells", 2, gs.HodgkinHuxley(t_ref=3.0), receptors=gs.DeltaReceptor("delta"))
    once(net, cells, 60.0)
    once(net, cells[1:], -20.0, time=1.5)
    recorder, spikes = net.record(cells, "V"), net.record(cells, "spikes")
    data = run(net, 60)
    assert np.rint(data[spikes].times / DT).tolist() == [10, 10]
    V = data[recorder]["V"]
    assert V[9, 0] - V[8, 0] > 55.0
    assert V[14, 0] - V[14, 1] == pytest.approx(20.0, abs=1e-9)


def test_a_state_that_follows_v_sees_it_before_the_jump():
    net = gs.Network()
    model = gs.AdEx(E_L=-70.0, V_reset=-70.0)
    cells = net.population("cells", 2, model, receptors=gs.DeltaReceptor("delta"))
    once(net, cells[1:], 10.0)
    recorder = net.record(cells, ["V", "w"])
    data = run(net, 12)[recorder]
    assert data["V"][9, 1] - data["V"][9, 0] == pytest.approx(10.0)
    assert data["w"][9, 1] == data["w"][9, 0]
    assert data["w"][10, 1] > data["w"][10, 0]


def test_dendrites_and_somata_that_jump_are_of_second_order():
    """Against the exact solution of the linear equations: halving dt divides the error by four."""
    C, g_L, g_c = np.array([200.0, 100.0]), np.array([10.0, 5.0]), 20.0
    matrix = np.array([[-(g_L[0] + g_c), g_c], [g_c, -(g_L[1] + g_c)]]) / C[:, None]
    rates, modes = np.linalg.eig(matrix)
    state, at = np.zeros(2), 0.0
    jumps = [(1.0, [0.0, 6.0]), (2.0, [5.0, 0.0]), (3.0, [-2.0, 4.0])]
    for time, jump in [*jumps, (4.0, [0.0, 0.0])]:
        state = (modes * np.exp(rates * (time - at))) @ np.linalg.solve(modes, state) + np.array(jump)
        at = time
    errors = []
    for dt in (0.2, 0.1, 0.05):
        net = gs.Network()
        cell = gs.Compartments(soma=gs.LIF(), dendrites={"apical": gs.Dendrite(g_c=g_c)})
        own = [gs.DeltaReceptor("delta")]
        cells = net.population("cells", 1, cell, receptors={"soma": own, "apical": own})
        for time, jump in jumps:
            spike = net.population(f"at {time}", 1, gs.SpikeSource([time - dt]))
            weight = dict(zip(("delta", "apical.delta"), jump, strict=True))
            net.connect(spike, cells, gs.AllToAll(), weight=weight, delay=dt)
        recorder = net.record(cells, ["V", "V_apical"])
        data = run(net, round(4.0 / dt), dt=dt)[recorder]
        errors.append(abs(data["V"][-1, 0] + 70.0 - state[0]) + abs(data["V_apical"][-1, 0] + 70.0 - state[1]))
    assert errors[0] < 0.05
    for coarse, fine in itertools.pairwise(errors):
        assert 3.5 < coarse / fine < 4.5


def test_a_dendrite_jumps_while_the_soma_is_held():
    net = gs.Network()
    cell = gs.Compartments(soma=gs.LIF(t_ref=5.0), dendrites={"apical": gs.Dendrite()})
    cells = net.population("cells", 1, cell, receptors={k: [gs.DeltaReceptor("delta")] for k in ("soma", "apical")})
    once(net, cells, 20.0)
    once(net, cells, 8.0, "apical.delta", time=2.0)
    recorder = net.record(cells, ["V", "V_apical"])
    data = run(net, 40)[recorder]
    assert (data["V"][9:40] == -70.0).all()
    assert data["V_apical"][19, 0] - data["V_apical"][18, 0] == pytest.approx(8.0, abs=0.01)


def test_extreme_weights_round_as_the_plan_says():
    events = [(3, 1e6), (10, 1e-4), (20, -1e6), (30, 1e30)]
    spikes, V = simulated(events[:3], 2, keep=False)
    assert spikes == [3]
    assert V[19] == pytest.approx(-1e6, rel=1e-5)
    with pytest.raises(gs.errors.SimulationError, match="V"):
        simulated([(3, -1e30), (4, -1e30)], 2, keep=False)


# --- units and words -------------------------------------------------------------------------------------------


def learner() -> gs.Network:
    net = gs.Network()
    cells = net.population(
        "cells", 5, gs.LIF(), receptors=[gs.DeltaReceptor("delta"), gs.CurrentReceptor("I", tau=5.0)]
    )
    noise = net.population("noise", 5, gs.PoissonSource(20.0))
    net.connect(noise, cells, gs.AllToAll(), receptor="delta", weight=0.5, w_max=1.0, plasticity=gs.STDP())
    net.drive(cells, "delta", rate=100.0, weight=-0.25)
    return net


def test_millivolts_are_said_everywhere():
    net = learner()
    text = str(net.describe())
    assert "delta: 0.5 mV" in text
    assert "of -0.25 mV" in text
    assert "delta: 0 to 1 mV" in text
    assert "DeltaReceptor(name='delta', refractory='ignore')" in text
    plan = gs.plan(net).describe(details=True)
    assert "no gate: exact, V jumps when a spike arrives" in plan
    assert " mV, rounding" in plan
    assert dict(net.projections["noise->cells:delta"].variables) == {"weight": "mV"}
    assert dict(net.populations["cells"].variables) == {"V": "mV", "I_I": "pA"}
    assert str(gs.DeltaReceptor.parameters()).count("refractory") == 1
    with gs.Simulator(net, backend="numpy") as sim:
        refused(ParameterError, ["weight", "mV", "<= 1", "w_max"], sim.set_weights, "noise->cells:delta", 2.0)
        refused(ParameterError, ["0.25 mV in magnitude"], lambda: sim.set("drive->cells:delta", weight=2.0))


REFUSED = [
    (
        UnknownNameError,
        ["DeltaReceptor.refractory", "'x'", "ignore, keep"],
        lambda: gs.DeltaReceptor("d", refractory="x"),
    ),
    (ArgumentError, ["DeltaReceptor()", "'gating'"], lambda: gs.DeltaReceptor("d", gating="per-synapse")),
    (ArgumentError, ["DeltaReceptor()", "'tau'"], lambda: gs.DeltaReceptor("d", tau=1.0)),
    (
        ParameterError,
        ["AMPA.kinetics", "no gate", "gs.DeltaReceptor"],
        lambda: gs.AMPA(kinetics=gs.DeltaReceptor("d").kinetics),
    ),
    (
        ParameterError,
        ["iv_curve().receptors", "DeltaReceptor", "no current", "gs.AMPA()"],
        lambda: gs.measure.iv_curve([gs.AMPA(), gs.DeltaReceptor("d")], [-80.0, -40.0, 0.0], backend="numpy"),
    ),
    (
        UnknownNameError,
        ["CompetitiveAntagonist.receptor", "'DeltaReceptor'", "AMPA, GABA_A"],
        lambda: gs.drugs.CompetitiveAntagonist("DeltaReceptor", 1.0),
    ),
]


@pytest.mark.parametrize(("error", "parts", "call"), REFUSED)
def test_what_makes_no_sense_is_refused(error, parts, call):
    refused(error, parts, call)


def test_what_makes_no_sense_in_a_network_is_refused():
    net = learner()
    cells, noise = net.populations["cells"], net.populations["noise"]
    other = net.population("other", 5, gs.LIF(), receptors=[gs.AMPA(name="delta"), gs.NMDA()])
    for name in ("I_delta", "g_delta"):
        refused(UnknownNameError, [name, "V", "I_I"], net.record, cells, name)

    def connect(post, **more):
        return net.connect(noise, post, gs.AllToAll(), **more)

    with pytest.raises(ParameterError, match=r"'delta' are in mV and nS in different populations.*one by one"):
        connect(cells + other, receptor="delta", weight=1.0)
    with pytest.raises(ParameterError, match="cannot convert between mV and pA"):
        connect(cells, weight={"delta": 1.0, "I": gs.Ratio("delta", 2.0)})
    with pytest.raises(ParameterError, match=r"NMDAPlasticity.calcium must be a receptor with channels.*DeltaReceptor"):
        connect(
            cells, weight={"delta": 1.0, "I": 1.0}, w_max={"I": 2.0}, plasticity=gs.NMDAPlasticity("delta", learns="I")
        )
