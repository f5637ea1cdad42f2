"""Drugs, glycine and magnesium in a running simulation: courses in time, block by use, parity, what is refused."""

import functools

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import gpusyn as gs
from gpusyn import kinetics
from gpusyn.errors import ParameterError
from tests.helpers.runs import BACKENDS, backend_named, differences, outcome
from tests.helpers.tolerances import assert_close
from tests.helpers.validation.lab import fastest

DT = 0.1


def a_bath(**changed):
    """A network whose receptors all change in the course of 60 ms."""
    net = gs.Network()
    steps = gs.Waveform([20.0, 40.0], [1.0, 0.0])
    receptors = [
        gs.AMPA(gating="per-synapse"), gs.NMDA(Mg=steps, glycine=gs.Waveform([0.0, 30.0], [0.5, 5.0])),
        gs.GABA_A(tau_rise=0.5), gs.GABA_A(name="fast", tau_decay=3.0), gs.CurrentReceptor("dc", tau=2.0),
    ]  # fmt: skip
    E = net.population("E", 7, gs.LIF(), receptors=receptors, V=gs.Uniform(-70.0, -55.0))
    still = net.population("still", 3, gs.LIF(), receptors=[gs.GABA_B()])
    noise = net.population("noise", 20, gs.PoissonSource(200.0))
    net.connect(noise, E, gs.FixedProbability(0.4), weight={"AMPA": 8.0, "NMDA": 4.0}, delay=0.5)
    net.connect(noise, E, gs.FixedProbability(0.3), weight={"GABA_A": 1.0, "fast": 1.0}, delay=0.5)
    net.connect(noise, still, gs.AllToAll(), receptor="GABA_B", weight=1.0, delay=0.5)
    net.drive(E, "dc", rate=100.0, weight=20.0)
    blocked = [gs.NMDA(), gs.NMDA(name="pulsed", kinetics=kinetics.FirstOrder.NMDA()), gs.AMPA()]
    B = net.population("blocked", 5, gs.LIF(), receptors=blocked, V=-60.0)
    weights = {"NMDA": gs.Uniform(0.5, 1.5), "pulsed": 2.0, "AMPA": 0.5}
    net.connect(noise, B, gs.FixedProbability(0.4), weight=weights, delay=0.5)
    net.infuse("memantine", 800.0, start=5.0, stop=40.0, wash_in=3.0, wash_out=6.0)
    net.infuse("CNQX", 1.0, start=10.0, stop=45.0, wash_in=4.0, wash_out=7.0)
    net.infuse("NBQX", 0.2, start=5.0)
    net.infuse("picrotoxin", 2.0, start=30.0)
    net.infuse("barbiturate", 60.0, start=10.0, stop=40.0, wash_in=5.0, wash_out=5.0)
    net.infuse("benzodiazepine", 0.1, start=25.0)
    net.record(E, ["V", "g_AMPA", "g_NMDA", "I_NMDA", "B_NMDA", "g_GABA_A", "g_fast", "Ca"])
    net.record(B, ["V", "g_NMDA", "g_pulsed"])
    net.record(still, ["g_GABA_B"])
    net.record(E, "spikes")
    return net


def play(backend, precision, cuts=(), chunk_steps=None):
    how = {"precision": precision, "backend": backend, "chunk_steps": chunk_steps}
    with gs.Simulator(a_bath(), dt=DT, seed=3, **how) as sim:
        for steps in np.diff([0, *cuts, 600]):
            sim.step(int(steps))
        return outcome(sim)


@functools.cache
def reference(precision):
    return play(backend_named("numpy"), precision)


@pytest.mark.parametrize("precision", ["single", pytest.param("double", marks=pytest.mark.fuzz)])
@pytest.mark.parametrize("backend", BACKENDS[1:])
def test_all_backends_agree_bit_for_bit(backend, precision):
    assert differences(play(backend_named(backend), precision), reference(precision)) == []
    assert reference(precision)["E:spikes times"].size > 5


@pytest.mark.parametrize("backend", ["cpu", pytest.param("numpy", marks=pytest.mark.fuzz)])
def test_chunks_and_cuts_do_not_matter(backend):
    cut = play(backend_named(backend), "single", cuts=(1, 123, 455), chunk_steps=37)
    assert differences(cut, reference("single")) == []


# ---- one receptor, open all the time ----
def course(receptor, *infusions, duration=60.0, weight=1.0, **recorded):
    """Conductance after one event at the end of the first step, sampled each step."""
    net = gs.Network()
    cell = net.population("cell", 1, gs.LIF(), receptors=[receptor])
    source = net.population("source", 1, gs.SpikeSource([0.1]))
    net.connect(source, cell, gs.AllToAll(), receptor=receptor.name, weight=weight, delay=DT)
    net.clamp(cell, -60.0)
    for infusion in infusions:
        net.infuse(**infusion)
    recorder = net.record(cell, f"g_{receptor.name}")
    with gs.Simulator(net, dt=DT, backend="numpy", precision="double") as sim:
        sim.run(duration)
        return sim.data[recorder][f"g_{receptor.name}"][:, 0]


MIDDLE = (np.arange(600) + 0.5) * DT
SLOW = {"kinetics": kinetics.DualExponential(2.0, 1000.0)}


def test_an_antagonist_follows_its_concentration():
    infusion = gs.Network().infuse("D-AP5", 5.0, 10.0, 40.0, wash_in=6.0, wash_out=3.0)
    given = {"drug": "D-AP5", "concentration": 5.0, "start": 10.0, "stop": 40.0, "wash_in": 6.0, "wash_out": 3.0}
    plain, bathed = course(gs.NMDA(**SLOW)), course(gs.NMDA(**SLOW), given)
    left = 1 / (1 + infusion.sample(MIDDLE) / 1.4)
    assert plain[10:].min() > 0.1
    np.testing.assert_allclose(bathed[10:], (plain * left)[10:], rtol=1e-12)
    assert (bathed[:100] == plain[:100]).all()
    assert bathed[300] < 0.3 * plain[300]


@pytest.mark.parametrize("gating", ["auto", "per-synapse"])
@pytest.mark.parametrize("kind", [kinetics.FirstOrder.GABA_A(), kinetics.DualExponential(0.5, 50.0)])
def test_antagonists_reach_gates_wherever_they_are(gating, kind):
    receptor = gs.GABA_A(kinetics=kind, gating=gating)
    bathed = course(receptor, {"drug": "picrotoxin", "concentration": 5.0, "start": 20.0})
    plain = course(receptor)
    assert (bathed[:200] == plain[:200]).all()
    np.testing.assert_allclose(bathed[200:], 0.5 * plain[200:], rtol=1e-12)
    assert plain[250] > 1e-5


def test_a_decay_changes_from_the_moment_the_drug_is_there():
    receptor = gs.GABA_A(tau_decay=10.0)
    drug = gs.Drug("modulator", gs.drugs.DecayModulator("GABA_A", extra=2.0, EC50=1.0))
    bathed = course(receptor, {"drug": drug, "concentration": 1.0, "start": 20.0, "stop": 40.0})
    rates = -np.diff(np.log(bathed[2:])) / DT
    want = np.where((np.arange(3, 600) >= 200) & (np.arange(3, 600) < 400), 1 / 20.0, 1 / 10.0)
    np.testing.assert_allclose(rates, want, rtol=1e-9)


def test_without_glycine_there_is_no_current_and_AMPA_does_not_care():
    assert course(gs.NMDA(glycine=0.0)).max() == 0.0
    removed = course(gs.NMDA(glycine=gs.Waveform([0.0, 30.0], [10.0, 0.0]), **SLOW))
    assert removed[:300].max() > 0.9
    assert removed[300:].max() == 0.0
    assert (course(gs.AMPA()) == course(gs.AMPA(), {"drug": "D-AP5", "concentration": 50.0})).all()


def test_CNQX_at_the_glycine_site_needs_glycine_to_be_low():
    cnqx = {"drug": "CNQX", "concentration": 50.0}
    plenty, low = ([course(gs.NMDA(glycine=g), *i)[300] for i in ((), (cnqx,))] for g in (100.0, 0.3))
    assert plenty[1] > 0.95 * plenty[0]
    assert low[1] < 0.2 * low[0]
    assert course(gs.NMDA(), cnqx)[300] == course(gs.NMDA())[300]


# ---- block by use ----
def trains(drug, times, V=-70.0, dose=5.0, stop=None, receptor=None):
    """Peaks of NMDA conductance after each of the events, as a fraction of those without drug."""
    found = []
    for infused in (True, False):
        net = gs.Network()
        kind = gs.NMDA(tau_decay=20.0, gating="per-synapse") if receptor is None else receptor
        cell = net.population("cell", 1, gs.LIF(), receptors=[kind])
        source = net.population("source", 1, gs.SpikeSource(times))
        net.connect(source, cell, gs.AllToAll(), receptor="NMDA", weight=1.0, delay=DT)
        net.clamp(cell, V)
        if infused:
            net.infuse(drug, dose, stop=stop)
        recorder = net.record(cell, "g_NMDA")
        with gs.Simulator(net, dt=DT, backend=fastest(), precision="double") as sim:
            sim.run(times[-1] + 20.0)
            g = sim.data[recorder]["g_NMDA"][:, 0]
        found.append(np.array([g[round(t / DT) : round(t / DT) + 150].max() for t in times]))
    return found[0] / found[1]


def test_MK801_blocks_by_use():
    often = trains("MK-801", [100.0, 300.0, 500.0])
    assert (np.diff(often) < -0.1).all()
    rested = trains("MK-801", [500.0])
    assert rested[0] == pytest.approx(often[0], rel=1e-12)  # without release U stays 1
    assert often[2] < 0.5 * rested[0]


def test_only_what_leaves_through_closed_channels_recovers_at_rest():
    kept = gs.Drug("kept", gs.drugs.OpenChannelBlocker("NMDA", k_on=0.02, k_off=0.01))
    freed = gs.Drug("freed", gs.drugs.OpenChannelBlocker("NMDA", k_on=0.02, k_off=0.01, escape=1.0))
    before, after = zip(*(trains(drug, [10.0, 800.0], stop=150.0) for drug in (kept, freed)), strict=True)
    assert max(before) < 0.8
    assert after[0] < 0.8 < 0.99 < after[1]


def test_block_is_relieved_by_voltage():
    def level(V):
        return trains("memantine", [20.0 * k for k in range(1, 20)], V=V, dose=200.0)[-1]

    assert level(-80.0) < 0.7 * level(20.0)


def test_block_in_the_steady_state_is_that_of_Woodhull():
    """A gate that is open all the time: U = 1/(1 + c/IC50(V)), with IC50 = k_off/k_on at V0."""
    drug = gs.Drug("x", gs.drugs.OpenChannelBlocker("NMDA", k_on=0.05, k_off=0.1, z_delta=0.8, escape=1.0))
    scheme = kinetics.FirstOrder(alpha=5.0, beta=0.2, T_max=1.0, T_dur=1.0)
    always = [round(0.5 * k, 1) for k in range(1, 300)]  # pulses without a gap
    receptor = gs.NMDA(kinetics=scheme, gating="per-synapse")
    for V in (-70.0, -20.0):
        U = trains(drug, [*always, 150.0], V=V, dose=3.0, receptor=receptor)[-1]
        open_part = 5.0 / 5.2
        half = gs.drugs.woodhull(0.1 / 0.05, V, V0=-70.0, z_delta=0.8)
        assert pytest.approx(gs.drugs.remaining(3.0 * open_part, K=half), rel=1e-6) == U


def blocked_and_released(dose, minutes, dt, precision):
    """Conductance while a gate stays open: for so long in the drug at -70 mV, as long again without it at 30 mV."""
    end = minutes * 6e4
    net = gs.Network()
    scheme = kinetics.FirstOrder(alpha=1.0, beta=0.2, T_max=1.0, T_dur=dt)
    cell = net.population("cell", 1, gs.LIF(t_ref=dt), receptors=[gs.NMDA(Mg=0.0, kinetics=scheme)])
    source = net.population("source", 1, gs.SpikeSource(np.arange(1, round(2 * end / dt)) * dt))  # without a gap
    net.connect(source, cell, gs.AllToAll(), receptor="NMDA", weight=1.0, delay=dt)
    net.clamp(cell, gs.Waveform([0.0, end], [-70.0, 30.0]))
    net.infuse("MK-801", dose, stop=end)
    recorder = net.record(cell, "g_NMDA", every=end / 4)
    with gs.Simulator(net, dt=dt, backend=fastest(), precision=precision) as sim:
        sim.run(2 * end)
        return sim.data[recorder]["g_NMDA"][:, 0]


@functools.cache
def blocked_and_released_by_scipy(dose, minutes, dt):
    """The same by an adaptive integration, which starts with the first pulse."""
    end = minutes * 6e4

    def slope(t, y, given, V):
        s, U = y
        unbind = gs.drugs.woodhull(MK801.k_off, V, V0=MK801.V0, z_delta=MK801.z_delta)
        return [(1.0 - s) - 0.2 * s, -MK801.k_on * given * MK801.P_open * s * U + unbind * s * (1.0 - U)]

    found, y = [], [0.0, 1.0]
    for begin, given, V in ((2 * dt, dose, -70.0), (end, 0.0, 30.0)):
        stop = end if given else 2 * end
        times = np.arange(1, 5) * end / 4 + (stop - end)
        options = {"method": "Radau", "rtol": 1e-10, "atol": 1e-13, "args": (given, V), "t_eval": times}
        y_at = solve_ivp(slope, (begin, stop), y, **options).y
        y = y_at[:, -1]
        found.append(y_at[0] * y_at[1])
    return np.concatenate(found)


(MK801,) = gs.drugs.LIBRARY["MK-801"].actions


@pytest.mark.parametrize(
    ("dose", "minutes", "dt", "precision"),
    [
        (1e-5, 1, 1.0, "double"),
        (1e-5, 10, 10.0, "single"),
        (1e-3, 1, 1.0, "single"),
        pytest.param(10.0, 10, 10.0, "double", marks=pytest.mark.fuzz),
        pytest.param(1e-5, 1, 1.0, "single", marks=pytest.mark.fuzz),
        pytest.param(1e-5, 10, 10.0, "double", marks=pytest.mark.fuzz),
        pytest.param(1e-3, 1, 1.0, "double", marks=pytest.mark.fuzz),
        pytest.param(10.0, 10, 10.0, "single", marks=pytest.mark.fuzz),
    ],
)
def test_small_doses_block_and_release_as_they_should(dose, minutes, dt, precision):
    """A step binds 7e-8 of the channels or less, which is below the last bit of the free fraction."""
    measured = blocked_and_released(dose, minutes, dt, precision)
    assert_close(measured, blocked_and_released_by_scipy(dose, minutes, dt), "integrated", precision)


# ---- what is refused or said ----
def compiled(receptor, *given, **infusion):
    net = gs.Network()
    net.population("cell", 1, gs.LIF(), receptors=[receptor])
    net.infuse(*given, **infusion)
    return gs.plan(net, dt=DT)


@pytest.mark.parametrize("window", [{"start": 0.25}, {"stop": 0.25}])
def test_times_are_on_the_grid(window):
    with pytest.raises(ParameterError, match=r"Infusion 'infuse->NBQX'\.(start|stop): must be a multiple of dt"):
        compiled(gs.AMPA(), "NBQX", 1.0, **window)


@pytest.mark.parametrize(
    "receptor", [gs.GABA_A(kinetics=kinetics.FirstOrder.GABA_A()), gs.GABA_A(gating="per-synapse")]
)
def test_a_decay_that_cannot_change_is_refused(receptor):
    with pytest.raises(ParameterError, match=r"barbiturate changes the decay, which receptor 'GABA_A' of"):
        compiled(receptor, "barbiturate", 50.0)


def test_a_drug_without_receptor_is_noted():
    assert "Infusion 'infuse->NBQX': has no effect" in compiled(gs.GABA_A(), "NBQX", 1.0).describe()
    assert "has no effect" not in compiled(gs.AMPA(), "NBQX", 1.0).describe()


def test_two_open_channel_blockers_are_refused():
    net = gs.Network()
    net.population("cell", 1, gs.LIF(), receptors=[gs.NMDA()])
    net.infuse("ketamine", 1.0)
    net.infuse("memantine", 1.0)
    with pytest.raises(ParameterError, match=r"'infuse->memantine': receptor 'NMDA' .* 'infuse->ketamine'"):
        gs.plan(net, dt=DT)


def test_a_drive_of_a_receptor_blocked_by_use_is_refused():
    net = gs.Network()
    cell = net.population("cell", 1, gs.LIF(), receptors=[gs.NMDA()])
    net.drive(cell, "NMDA", rate=100.0, weight=1.0)
    net.infuse("MK-801", 1.0)
    with pytest.raises(ParameterError, match=r"receptor 'NMDA' of 'cell' is blocked .*; connect a gs.PoissonSource"):
        gs.plan(net, dt=DT)


def test_block_by_use_makes_gates_per_synapse_and_plan_says_so():
    net = gs.Network()
    cell = net.population("cell", 1, gs.LIF(), receptors=[gs.NMDA()])
    net.connect(cell, cell, gs.AllToAll(), receptor="NMDA", weight=1.0, delay=DT)
    assert "drug blocks channels" not in gs.plan(net, dt=DT).describe()
    net.infuse("MK-801", 1.0)
    assert "per-synapse gates: a drug blocks channels by their use" in gs.plan(net, dt=DT).describe()
