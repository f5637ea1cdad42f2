"""Voltage-dependent block and calcium: closed forms, an integration of the slow unblock, the same bits everywhere."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import gpusyn as gs
from tests.helpers.runs import backend_named, cpu, differences, emulated, outcome
from tests.helpers.tolerances import assert_close
from tests.helpers.validation.lab import FASTEST, ROWS, START, Bench, Lab, area
from tests.helpers.validation.nmda import ELEMENTARY_CHARGE

DT = 0.1
POTENTIALS = np.array([-90.0, -70.0, -40.0, -25.57, 0.0, 40.0])
FORMS = {
    "Jahr-Stevens": gs.MgBlock(),
    "Mel": gs.MgBlock.Mel(),
    "own": gs.MgBlock(eta=0.1, gamma=0.09),
    "two stages": gs.MgBlock.HillTononi(),
}


@pytest.fixture(params=["double", "single"])
def lab(request):
    return Lab(FASTEST, request.param)


def steady(block, Mg, V):
    return 1.0 / (1.0 + block.eta * Mg * np.exp(-block.gamma * V))


def held(lab, receptor, V, duration, *variables):
    """One event of 1 nS on cells held at each potential, or all on one waveform's course."""
    levels = [V] if isinstance(V, gs.Waveform) else list(V)
    bench = Bench(lab, [receptor], n=len(levels), dt=DT)
    bench.event(receptor.name, START, 1.0)
    for k, level in enumerate(levels):
        bench.net.clamp(bench.cells[k : k + 1], level)
    return bench.run(duration, *variables)


@pytest.mark.parametrize("Mg", [0.0, 0.5, 2.0])
@pytest.mark.parametrize("name", FORMS)
def test_block_at_held_potentials(lab, name, Mg):
    trace = held(lab, gs.NMDA(Mg=Mg, block=FORMS[name]), POTENTIALS, 5.0, "B_NMDA", "g_NMDA", "I_NMDA")
    B = np.broadcast_to(steady(FORMS[name], Mg, POTENTIALS), trace["B_NMDA"].shape)
    assert_close(trace["B_NMDA"], B, "formula", lab.precision)
    assert_close(trace["I_NMDA"], trace["g_NMDA"] * trace["B_NMDA"] * POTENTIALS, "formula", lab.precision)
    if Mg == 0.0:
        assert (trace["B_NMDA"] == 1.0).all()


def test_half_block_of_hill_and_tononi():
    assert steady(gs.MgBlock.HillTononi(), 1.0, -25.57) == pytest.approx(0.5, rel=1e-6)


STEPS = gs.Waveform([0.0, 5.0, 30.0, 40.0, 45.0], [-80.0, 40.0, -30.0, -10.0, -80.0])
RAMP = gs.Waveform([0.0, 5.0, 25.0, 60.0], [-80.0, -80.0, 40.0, -80.0], interpolation="linear")


def unblocked(V, block, Mg):
    """B at the end of each step by an adaptive integration of both stages; V of a step's end holds over the step."""
    slow, taus = block.unblock, np.array([block.unblock.tau_fast, block.unblock.tau_slow])
    m, out = np.full(2, steady(block, Mg, V[0])), []
    for after in V[1:]:
        target = steady(block, Mg, after)
        m = np.where(m < target, _relaxed(m, target, taus), target)
        share = slow.fraction + slow.slope * after
        out.append(share * m[0] + (1.0 - share) * m[1])
    return np.array(out)


def _relaxed(m, target, taus):
    found = solve_ivp(lambda _, y: (target - y) / taus, (0.0, DT), m, method="DOP853", rtol=1e-13, atol=1e-15)
    return found.y[:, -1]


@pytest.mark.parametrize("command", [STEPS, RAMP], ids=["steps", "ramps"])
def test_slow_unblock_follows_an_integration(lab, command):
    """The stages see the potential of each step's end; unblock is slow, block is at once."""
    block = gs.MgBlock.HillTononi()
    trace = held(lab, gs.NMDA(Mg=1.2, block=block), command, 60.0, "V", "B_NMDA")
    V = trace["V"][:, 0]
    assert_close(
        trace["B_NMDA"][:, 0], unblocked(np.concatenate([[-80.0], V]), block, 1.2), "integrated", lab.precision
    )


def test_unblock_has_two_time_constants_and_block_none():
    block = gs.MgBlock.HillTononi()
    trace = held(Lab(FASTEST, "double"), gs.NMDA(block=block), STEPS, 60.0, "V", "B_NMDA")
    V, B, slow = trace["V"][:, 0], trace["B_NMDA"][:, 0], block.unblock
    first = int(np.argmax(V == 40.0))
    t = DT * np.arange(1, 201)
    start, end = steady(block, 1.0, -80.0), steady(block, 1.0, 40.0)
    fast = slow.fraction + slow.slope * 40.0
    course = fast * np.exp(-t / slow.tau_fast) + (1.0 - fast) * np.exp(-t / slow.tau_slow)
    assert_close(B[first : first + 200], end + (start - end) * course, "integrated")
    back = int(np.flatnonzero(V == -80.0)[-1])
    again = int(np.flatnonzero((V[1:] == -80.0) & (V[:-1] != -80.0))[-1]) + 1
    assert_close(B[again : back + 1], np.full(back + 1 - again, start), "formula")


# --- calcium ------------------------------------------------------------------------------------------------------


def calcium(lab, receptor, V, duration, trace):
    bench = Bench(lab, (), dt=DT)
    n = len(np.atleast_1d(V))
    cells = bench.cells = bench.net.population("clamped", n, gs.LIF(), receptors=[receptor], calcium=trace)
    bench.event(receptor.name, START, 1.0)
    for k, level in enumerate(np.atleast_1d(V)):
        bench.net.clamp(cells[k : k + 1], level)
    return bench.run(duration, "Ca", f"I_{receptor.name}")


@pytest.mark.parametrize("tau", [2.0, 20.0])
@pytest.mark.parametrize("kind", [gs.AMPA, gs.NMDA])
def test_calcium_follows_its_closed_form(lab, kind, tau):
    """The current of an exponential gate is taken by its mean over each step, as the closed form says."""
    V, decay, gain = np.array([-70.0, -20.0]), 5.0, 0.01
    receptor = kind(kinetics=gs.kinetics.Exponential(decay))
    found = calcium(lab, receptor, V, 30.0, gs.Calcium(tau=tau, gain=gain))["Ca"]
    B = steady(gs.MgBlock(), 1.0, V) if kind is gs.NMDA else 1.0
    mean = decay / DT * -np.expm1(-DT / decay)
    Ca, g, rows = np.zeros(2), 0.0, []
    for k in range(300):
        inward = receptor.Pf * np.abs(mean * g * B * V)
        Ca = Ca * np.exp(-DT / tau) + gain * tau * -np.expm1(-DT / tau) * inward
        g = g * np.exp(-DT / decay) + (k + 1 == round(START / DT))
        rows.append(Ca)
    assert_close(found, rows, "current-based", lab.precision)
    late = np.arange(300) * DT + DT - START
    exact = gain * receptor.Pf * np.abs(B * V)[:, None] * (np.exp(-late / tau) - np.exp(-late / decay)) / (
        1.0 / decay - 1.0 / tau
    )  # fmt: skip
    np.testing.assert_allclose(found[late > 1.0], exact.T[late > 1.0], rtol=2e-3)


def test_area_of_the_trace_is_the_charge_of_calcium():
    """Rows C25 and C26 (0.1 of the charge of an NMDA EPSC at -20 mV), measured through the trace."""
    lab, trace = Lab(FASTEST, "double"), gs.Calcium(tau=20.0, gain=0.02)
    found = calcium(lab, gs.NMDA(), -20.0, START + 2000.0, trace)
    charge = found["Ca"].sum() * DT / (trace.gain * trace.tau)  # fC
    assert charge == pytest.approx(-0.1 * area(found["I_NMDA"], DT), rel=1e-4)
    assert charge == pytest.approx(ROWS["C25"]["value"], rel=1e-3)
    assert charge * 1e-15 / (2.0 * ELEMENTARY_CHARGE) == pytest.approx(ROWS["C26"]["value"], rel=1e-3)


def test_each_receptor_brings_its_own_fraction():
    lab = Lab(FASTEST, "double")
    net = gs.Network()
    receptors = [gs.AMPA(Pf=0.03), gs.NMDA(Mg=0.0, Pf=0.2), gs.GABA_A()]
    source = net.population("source", 1, gs.SpikeSource([1.0]))
    for name, kept in (("both", receptors), ("AMPA", receptors[:1]), ("NMDA", receptors[1:2])):
        cells = net.population(name, 1, gs.LIF(), receptors=kept)
        for receptor in kept:
            net.connect(source, cells, gs.AllToAll(), receptor=receptor.name, weight=1.0, delay=DT)
        net.clamp(cells, -60.0)
        net.record(cells, "Ca", name=f"Ca of {name}")
    with lab.open(net) as sim:
        sim.run(30.0)
        both, ampa, nmda = (sim.data[f"Ca of {name}"]["Ca"] for name in ("both", "AMPA", "NMDA"))
    assert_close(both, ampa + nmda, "current-based")
    assert ampa.max() > 0
    assert nmda.max() > 0


def test_calcium_is_there_only_where_it_is_recorded():
    net = gs.Network()
    cells = net.population("cells", 2, gs.LIF(), receptors=[gs.NMDA()])
    with (
        Lab(FASTEST, "double").open(net) as sim,
        pytest.raises(gs.ParameterError, match=r"'Ca' is computed only where it is recorded; add net\.record\(cel"),
    ):
        sim.get(cells, "Ca")
    net.record(cells, "Ca")
    with Lab(FASTEST, "double").open(net) as sim:
        assert sim.get(cells, "Ca").tolist() == [0.0, 0.0]
    still = net.population("still", 1, gs.LIF(), receptors=[gs.GABA_A()])
    with pytest.raises(gs.GpusynError, match="Ca"):
        net.record(still, "Ca")


# --- the same bits --------------------------------------------------------------------------------------------------


def network():
    net = gs.Network()
    source = net.population("source", 12, gs.PoissonSource(400.0))
    receptors = [
        gs.AMPA(kinetics=gs.kinetics.FirstOrder.AMPA()),
        gs.NMDA(block=gs.MgBlock.HillTononi(), Mg=gs.Waveform([0.0, 4.0], [1.0, 0.2])),
        gs.NMDA(block=gs.MgBlock.Mel(), name="fast", kinetics=gs.kinetics.Saturating(jump=True)),
        gs.NMDA(Mg=0.0, gating="per-synapse", name="each"),
    ]
    cells = net.population(
        "cells", 9, gs.LIF(I_e=400.0), receptors=receptors, calcium=gs.Calcium(30.0, 0.01), V=gs.Uniform(-70.0, -55.0)
    )
    weight = {r.name: gs.Uniform(0.1, 3.0) for r in receptors}
    net.connect(source, cells, gs.FixedProbability(0.5), weight=weight, delay=gs.Uniform(0.1, 2.0))
    net.clamp(cells[7:], gs.Waveform([0.0, 3.0, 6.0], [-80.0, 40.0, -60.0], interpolation="linear"))
    net.record(cells, list(cells.variables))
    net.record(cells, "spikes")
    return net


@pytest.mark.parametrize("precision", ["single", pytest.param("double", marks=pytest.mark.fuzz)])
def test_blocks_and_calcium_have_the_same_bits_everywhere(precision):
    net, found = network(), []
    for backend in (backend_named("numpy"), cpu(2), emulated(64)):
        with gs.Simulator(net, dt=DT, seed=3, backend=backend, precision=precision) as sim:
            sim.step(150)
            found.append(outcome(sim))
    assert found[0]["cells Ca now"].min() > 0
    assert differences(found[0], found[1]) == []
    assert differences(found[0], found[2]) == []
