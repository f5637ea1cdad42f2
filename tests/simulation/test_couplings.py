"""Gap junctions against closed forms and an independent solution, with every neuron model and on every backend."""

import functools
import itertools

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import gpusyn as gs
from gpusyn.errors import ParameterError
from gpusyn.simulation.checkpoint_description import described
from gpusyn.simulation.checkpoint_description import differences as what_differs
from tests.helpers.long_checks import pairs
from tests.helpers.runs import BACKENDS, backend_named, differences, emulated, outcome
from tests.helpers.validation.lab import fastest

C_M, G_L, E_L = 200.0, 10.0, -70.0
PASSIVE = gs.LIF(C_m=C_M, g_L=G_L, E_L=E_L, V_th=1000.0, V_reset=0.0)


def two_cells(g, V=(-40.0, -60.0), model=PASSIVE):
    """Two cells of two populations, coupled by one junction."""
    net = gs.Network()
    a, b = (net.population(name, 1, model, V=v) for name, v in zip("ab", V, strict=True))
    net.couple(a, b, gs.OneToOne(), g)
    return net


def potentials(net, duration, dt=0.1, **options):
    with gs.Simulator(net, dt=dt, precision="double", backend="numpy", **options) as sim:
        sim.run(duration)
        return np.concatenate([sim.get(name, "V") for name in net.populations])


# ---- two passive cells ----


@pytest.mark.parametrize("g", [0.0, 0.5, 20.0])
def test_difference_and_sum_decay_as_the_scheme_says(g):
    a, b = potentials(two_cells(g), 20.0)
    P = np.exp(-0.1 * G_L / C_M)
    mode = P - 2 * g * (1 - P) / G_L  # the current of the difference at the start flows for a step
    np.testing.assert_allclose(a - b, 20.0 * mode**200, rtol=1e-12)
    np.testing.assert_allclose(a + b - 2 * E_L, 40.0 * P**200, rtol=1e-12)  # what one loses the other gains


def test_difference_converges_to_the_exponential():
    g, t = 5.0, 10.0
    exact = 20.0 * np.exp(-t * (G_L + 2 * g) / C_M)
    errors = [abs(np.subtract(*potentials(two_cells(g), t, dt)) - exact) for dt in (0.2, 0.1, 0.05, 0.025)]
    orders = np.log2(np.divide(errors[:-1], errors[1:]))
    assert errors[-1] < 1e-3 * exact
    np.testing.assert_allclose(orders, 1.0, atol=0.05)


@pytest.mark.parametrize(("g", "precision"), pairs([0.1, 1.0, 10.0], ["single", "double"]))
def test_coupling_coefficient(g, precision):
    """A steady current into one cell: the other follows by g / (g + g_L), Bennett (1966)."""
    net = two_cells(g, (E_L, E_L))
    net.inject("a", 100.0)
    with gs.Simulator(net, dt=1.0, precision=precision, backend="numpy") as sim:
        sim.run(1000.0)
        a, b = (sim.get(name, "V")[0] - E_L for name in "ab")
    assert b / a == pytest.approx(g / (g + G_L), rel=1e-10 if precision == "double" else 1e-4)
    assert a * G_L + b * G_L == pytest.approx(100.0, rel=1e-10 if precision == "double" else 1e-4)


def test_potentials_are_absolute():
    """Cells that rest at different potentials pull each other, whatever V is counted from."""
    net = gs.Network()
    for name, rest in (("a", -80.0), ("b", -60.0)):
        net.population(name, 1, gs.LIF(C_m=C_M, g_L=G_L, E_L=rest, V_th=1000.0, V_reset=0.0))
    net.couple("a", "b", gs.OneToOne(), 5.0)
    a, b = potentials(net, 500.0, dt=1.0)
    assert (a, b) == pytest.approx((-75.0, -65.0), abs=1e-9)  # g_L (V - E_L) = g (V_other - V)
    with gs.Simulator(net, dt=1.0, precision="double", backend="numpy") as sim:
        sim.set("a", "E_L", -60.0)
        sim.run(1000.0)
        assert sim.get("a", "V")[0] == pytest.approx(-60.0, abs=1e-9)


@pytest.mark.parametrize("receptors", [(), (gs.AMPA(),)])
def test_charge_is_conserved_in_a_network(receptors):
    net = gs.Network()
    cells = net.population("cells", 30, PASSIVE, receptors=receptors, V=gs.Uniform(-70.0, -40.0))
    net.couple(cells, cells, gs.FixedProbability(0.3), gs.LogNormal(0.5, 0.5))
    net.couple(cells[:10], cells[5:], gs.FixedTotalNumber(40), 0.2)
    V = potentials(net, 50.0, seed=3)
    net.couple(cells, cells, gs.AllToAll(), 0.0)
    apart = gs.Network()
    apart.population("cells", 30, PASSIVE, receptors=receptors, V=gs.Uniform(-70.0, -40.0))
    alone = potentials(apart, 50.0, seed=3)
    assert (V - E_L).sum() == pytest.approx((alone - E_L).sum(), rel=1e-12)
    assert abs(V - alone).max() > 0.1


# ---- spikes against an independent integration ----

ADEX = {"C_m": 281.0, "g_L": 30.0, "E_L": -70.6, "V_T": -50.4, "Delta_T": 2.0, "tau_w": 144.0, "a": 4.0, "b": 80.5}


def lif_slope(V, w):
    return -G_L * (V - E_L) / C_M, np.zeros(3)


def adex_slope(V, w):
    p = ADEX
    upstroke = p["g_L"] * p["Delta_T"] * np.exp(np.minimum((V - p["V_T"]) / p["Delta_T"], 30.0))
    return ((-p["g_L"] * (V - p["E_L"]) + upstroke - w) / p["C_m"], (p["a"] * (V - p["E_L"]) - w) / p["tau_w"])


CELLS = {
    "LIF": (gs.LIF(C_m=C_M, g_L=G_L, E_L=E_L, V_th=-55.0, V_reset=-70.0, t_ref=0.0), lif_slope, C_M, -55.0, -70.0, 0.0),
    "AdEx": (
        gs.AdEx(**ADEX, V_peak=0.0, V_reset=-60.0, t_ref=0.0), adex_slope, ADEX["C_m"], 0.0, -60.0, ADEX["b"],
    ),
}  # fmt: skip


def reference(kind, g, drive, duration):
    """Spike times of each of three cells in a row, integrated from spike to spike to 1e-10."""
    _, slope, C, threshold, reset, b = CELLS[kind]
    laplacian = np.array([[-1.0, 1.0, 0.0], [1.0, -2.0, 1.0], [0.0, 1.0, -1.0]])

    def derivative(t, y):
        V, w = y[:3], y[3:]
        dV, dw = slope(V, w)
        return np.concatenate([dV + (drive + g * (laplacian @ V)) / C, dw])

    events = [lambda t, y, k=k: y[k] - threshold for k in range(3)]
    for event in events:
        event.terminal, event.direction = True, 1.0
    steady = ADEX["a"] * (-70.0 - ADEX["E_L"]) if kind == "AdEx" else 0.0
    t, y, spikes = 0.0, np.repeat([-70.0, steady], 3), [[], [], []]
    while t < duration:
        found = solve_ivp(derivative, (t, duration), y, events=events, rtol=1e-10, atol=1e-10, method="DOP853")
        t, y = found.t[-1], found.y[:, -1].copy()
        for k, times in enumerate(found.t_events):
            if len(times):
                spikes[k].append(times[0])
                y[k], y[3 + k] = reset, y[3 + k] + b
    return spikes


@pytest.mark.parametrize(
    ("kind", "g", "drive"),
    [("LIF", 3.0, [320.0, 270.0, 240.0]), pytest.param("AdEx", 15.0, [1500.0, 1000.0, 800.0], marks=pytest.mark.fuzz)],
)
def test_spikes_of_coupled_neurons_converge_to_an_adaptive_integration(kind, g, drive):
    duration = 80.0
    net = gs.Network()
    cells = net.population("cells", 3, CELLS[kind][0], V=-70.0)
    net.couple(cells[:-1], cells[1:], gs.OneToOne(), g)
    net.inject(cells, drive)
    recorder = net.record(cells, "spikes")
    want = reference(kind, g, drive, duration)
    assert sum(map(len, want)) >= 9
    for dt in (0.02, 0.005):
        with gs.Simulator(net, dt=dt, precision="double", backend=fastest()) as sim:
            sim.run(duration)
            data = sim.data[recorder]
        trains = [data.times[data.ids == k] for k in range(3)]
        assert [len(x) for x in trains] == [len(x) for x in want]
        assert apart(trains, want) < 12 * dt
    assert apart(reference(kind, 1.05 * g, drive, duration), want) > 12 * dt


def apart(trains, others):
    """The largest difference between spikes of the same number."""
    return max(abs(np.subtract(one, other)).max() for one, other in zip(trains, others, strict=True))


def test_junctions_synchronise_cells():
    """Equal Hodgkin-Huxley cells that start apart fire together if they are coupled."""
    spread = {}
    for g in (0.0, 20.0):
        net = gs.Network()
        cells = net.population("cells", 6, gs.HodgkinHuxley(I_e=300.0), V=np.linspace(-80.0, -55.0, 6))
        net.couple(cells, cells, gs.AllToAll(), g / 5)
        recorder = net.record(cells, "spikes", start=150.0)
        with gs.Simulator(net, dt=0.05, backend=fastest()) as sim:
            sim.run(200.0)
            data = sim.data[recorder]
        last = [data.times[data.ids == k][-1] for k in range(6)]
        spread[g] = np.ptp(last)
    assert spread[0.0] > 2.0
    assert spread[20.0] <= 0.1


# ---- every model, every backend ----


def everything():
    """Groups of every kind: models with and without receptors, noise, waves, clamps, dendrites, and uncoupled cells."""
    net = gs.Network()
    star = gs.Compartments(soma=gs.AdEx(), dendrites={"apical": gs.Dendrite()})
    models = {
        "exact": (gs.LIF(I_e=300.0), []),
        "lif": (gs.LIF(I_e=gs.Uniform(200.0, 400.0), E_L=gs.Uniform(-75.0, -65.0)), [gs.AMPA()]),
        "adex": (gs.AdEx(I_e=700.0), [gs.GABA_A()]),
        "izhikevich": (gs.Izhikevich(C_m=100.0, I_e=1000.0), []),
        "hh": (gs.HodgkinHuxley(I_e=300.0), [gs.AMPA()]),
        "star": (star, {"soma": [gs.GABA_A()], "apical": [gs.AMPA()]}),
        "glif": (gs.GLIF(level=3, I_e=200.0), []),
        "jumping": (gs.LIF(theta_jump=2.0, tau_theta=50.0, I_e=300.0), [gs.DeltaReceptor("jump")]),
        "apart": (gs.HodgkinHuxley(), []),
    }
    made = [net.population(name, 150 if name == "exact" else 7, model, receptors=receptors, V=gs.Uniform(-70.0, -60.0))
            for name, (model, receptors) in models.items()]  # fmt: skip
    cells = sum(made[1:-1], made[0])
    net.couple(cells, cells, gs.FixedTotalNumber(400), gs.Uniform(0.0, 0.5), name="all")
    net.couple(made[0], made[1], gs.FixedInDegree(30), 0.1)
    net.couple(made[4], made[4], gs.AllToAll(), 1.0)
    net.inject(made[1], gs.Waveform([0.0, 5.0], [0.0, 100.0]))
    net.clamp(made[2][:2], -50.0)
    net.connect(made[0], made[1], gs.FixedProbability(0.1), receptor="AMPA", weight=0.5)
    net.record(cells + made[-1], ["spikes", "V"])
    return net


def played(backend, precision="single", cuts=(), **options):
    with gs.Simulator(everything(), seed=5, precision=precision, backend=backend, **options) as sim:
        for start, stop in itertools.pairwise((0, *cuts, 80)):
            sim.step(stop - start)
            if stop == 40:
                sim.set("all", 0.3)
        return outcome(sim)


@functools.cache
def by_numpy(precision):
    return played("numpy", precision, cuts=(40,))


@pytest.mark.parametrize(("name", "precision"), pairs(BACKENDS[1:], ["single", "double"]))
def test_every_backend_has_the_same_bits(name, precision):
    want = by_numpy(precision)
    assert len(want["spikes times" if "spikes times" in want else next(iter(want))])
    assert differences(want, played(backend_named(name), precision, cuts=(40,))) == []


def test_no_bit_depends_on_threads_or_cuts():
    want = by_numpy("single")
    assert differences(want, played("numpy", cuts=(1, 17, 40, 63), chunk_steps=7)) == []
    for threads in (1, 2, 3):
        assert differences(want, played(backend_named("cpu", threads=threads), cuts=(13, 40))) == []


@pytest.mark.fuzz
@pytest.mark.parametrize("block", [32, 96])
def test_no_bit_depends_on_the_size_of_blocks(block):
    assert differences(by_numpy("single"), played(emulated(block), cuts=(40,))) == []


def test_reset_and_checkpoints_restore_conductances(tmp_path):
    net = everything()
    with gs.Simulator(net, seed=5, backend="numpy") as sim:
        sim.step(20)
        first = outcome(sim)
        sim.set("all", gs.Uniform(0.1, 0.2))
        drawn = sim.get("all")
        assert len(np.unique(drawn)) == 400
        sim.step(20)
        sim.save_checkpoint(tmp_path / "state.h5")
        sim.step(20)
        later = outcome(sim)
        sim.reset()
        sim.step(20)
        assert differences(first, outcome(sim)) == []
    with gs.Simulator.load_checkpoint(net, tmp_path / "state.h5", backend="numpy") as sim:
        np.testing.assert_array_equal(sim.get("all"), drawn)
        sim.step(20)
        assert differences(later, outcome(sim)) == []


def test_a_checkpoint_of_before_gap_junctions_fits_a_network_without():
    net = gs.Network()
    net.population("cells", 1, PASSIVE)
    now = described(net)
    before = {name: text for name, text in now.items() if name != "couplings"}  # older checkpoints do not mention them
    assert not what_differs(before, now)
    net.population("others", 1, PASSIVE)
    net.couple("cells", "others", gs.OneToOne(), 0.5)
    found = described(net)
    assert what_differs(before, found)
    assert found["couplings"] == "cells<->others"
    assert found["coupling 'cells<->others', conductance"] == "0.5"


@pytest.mark.parametrize("factor", [0.1, 10.0])
def test_a_checkpoint_with_conductances_and_capacitances_of_their_own(factor, tmp_path):
    """Neither may be put in force before the other if both were checked: each goes with the new other one alone."""
    net = two_cells(0.9 * C_M / 0.1)
    with gs.Simulator(net, precision="double", backend="numpy") as sim:
        both = [("a<->b", "conductance", factor * 1800.0), ("a", "C_m", factor * C_M), ("b", "C_m", factor * C_M)]
        for change in both if factor < 1 else both[::-1]:
            sim.set(*change)
        sim.step(3)
        sim.save_checkpoint(tmp_path / "state.h5")
        sim.step(3)
        want = sim.get("a", "V")
    with gs.Simulator.load_checkpoint(net, tmp_path / "state.h5", backend="numpy") as sim:
        sim.step(3)
        np.testing.assert_array_equal(sim.get("a", "V"), want)


# ---- conductances between runs ----


def test_conductances_that_are_set():
    net = two_cells(0.0)
    (coupling,) = net.couplings.values()
    with gs.Simulator(net, precision="double", backend="numpy") as sim:
        assert sim.get(coupling) == 0.0
        sim.set(coupling, 20.0)
        assert sim.get("a<->b", "conductance") == 20.0
        sim.run(20.0)
        a, b = sim.get("a", "V")[0], sim.get("b", "V")[0]
    np.testing.assert_array_equal([a, b], potentials(two_cells(20.0), 20.0))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda s: s.set("a<->b", -1.0), r"Simulator\.set\('a<->b', 'conductance'\): must be .*>= 0 \(got -1\)"),
        (lambda s: s.set("a<->b", [1.0, 2.0]), r"an array of 1 value, one per junction \(got 2 values\)"),
        (lambda s: s.set("a<->b", 3000.0), r"a\[0\]: its gap junctions have 3000 nS in total"),
        (lambda s: s.set("b", "C_m", 1.0), r"b\[0\]: its gap junctions have 20 nS in total.*C_m / dt = 10 nS"),
    ],
)
def test_wrong_conductances_change_nothing(call, message):
    with gs.Simulator(two_cells(20.0), precision="double", backend="numpy") as sim:
        with pytest.raises(ParameterError, match=message):
            call(sim)
        assert sim.get("a<->b") == 20.0
        sim.run(20.0)
        np.testing.assert_array_equal([sim.get("a", "V")[0], sim.get("b", "V")[0]], potentials(two_cells(20.0), 20.0))


# ---- steps that are too long ----


def test_conductances_that_a_step_cannot_follow_are_refused():
    potentials(two_cells(C_M / 0.1), 1.0)
    with pytest.raises(ParameterError, match=r"a\[0\]: its gap junctions have 2200 nS in total.* dt = 0.1"):
        potentials(two_cells(1.1 * C_M / 0.1), 1.0)
    potentials(two_cells(1.1 * C_M / 0.1), 1.0, dt=0.05)


def test_the_most_that_is_allowed_stays_bounded():
    """Cells all to all, the case that grows fastest: differences decay at the limit."""
    net = gs.Network()
    cells = net.population("cells", 2, PASSIVE, V=[-40.0, -90.0])
    net.couple(cells, cells, gs.AllToAll(), C_M / 0.1)
    assert np.ptp(potentials(net, 100.0)) < 50.0
