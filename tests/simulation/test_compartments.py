"""Cells of several compartments: effects see V of their dendrite, inputs reach it, parameters and states change."""

import functools

import numpy as np
import pytest

import gpusyn as gs
from tests.helpers.long_checks import every
from tests.helpers.runs import differences, outcome

COMMAND = gs.Waveform([0.0, 5.0], [20.0, -35.0])  # mV, where the receptors are
ELSEWHERE = -45.0  # mV, of the soma if they are on a dendrite
MG = gs.Waveform([0.0, 8.0], [1.0, 0.3])
RECEPTORS = [
    gs.AMPA(),
    gs.NMDA(Mg=MG),
    gs.NMDA(name="slow", block=gs.MgBlock.HillTononi()),
    gs.GABA_B(),
    gs.AMPA(name="pulsed", kinetics=gs.kinetics.FirstOrder.AMPA()),
    gs.NMDA(name="own", gating="per-synapse"),
]


def star(soma=None, *, apical=None, basal=None):
    dendrites = {"basal": basal or gs.Dendrite(), "apical": apical or gs.Dendrite(C_m=80.0, g_c=15.0)}
    return gs.Compartments(soma=gs.LIF() if soma is None else soma, dendrites=dendrites)


def clamped(inside, V):
    """A cell whose receptors are all at `inside`, clamped to V there, or a plain cell of such receptors."""
    net = gs.Network()
    model, kinds = (gs.LIF(), RECEPTORS) if inside is None else (star(), {inside: RECEPTORS})
    cells = net.population("cells", 3, model, receptors=kinds, calcium=gs.Calcium(tau=15.0))
    net.clamp(cells, V if inside in (None, "soma") else ELSEWHERE, name="soma")
    if inside not in (None, "soma"):
        net.clamp(cells, V, compartment=inside)
    source = net.population("source", 2, gs.SpikeSource([[1.0, 3.0, 4.0], [2.0]]))
    for receptor in cells.receptors:
        net.connect(
            source, cells, gs.AllToAll(), receptor=receptor.name, weight=1.0, name=f"to {receptor.kind} {receptor.name}"
        )
    net.infuse("memantine", 50.0, start=3.0)
    net.infuse("CNQX", 0.5, start=4.0, wash_in=2.0)
    net.record(cells, [v for v in cells.variables if not v.startswith("V")], name="state")
    return net


@functools.cache
def without_dendrites(elsewhere):
    with gs.Simulator(clamped(None, ELSEWHERE if elsewhere else COMMAND), backend="numpy") as sim:
        sim.run(9.0)
        return sim.data["state"]


@pytest.mark.parametrize("inside", every(2, ["apical", "soma"]))
def test_receptors_calcium_and_blockers_see_v_of_their_compartment(inside, backend):
    plain, other = without_dendrites(False), without_dendrites(True)
    with gs.Simulator(clamped(inside, COMMAND), backend=backend) as sim:
        sim.run(9.0)
        own = sim.data["state"]
    part = "" if inside == "soma" else f"{inside}."
    for variable in plain.variables:
        kind, _, receptor = variable.partition("_")
        same = f"{kind}_{part}{receptor}" if receptor else "Ca" if inside == "soma" else f"Ca_{inside}"
        assert np.array_equal(plain[variable], own[same]), same
        assert np.ptp(plain[variable]) > 0 or receptor == "own" or variable[0] == "h", variable
    assert all(not np.array_equal(other[v], plain[v]) for v in ("I_AMPA", "B_NMDA", "B_slow", "Ca", "g_own"))


def driven(model, **options):
    """A population of cells with input to every compartment."""
    net = gs.Network()
    kinds = {"soma": [gs.GABA_A()], "apical": [gs.AMPA(), gs.NMDA()], "basal": [gs.AMPA()]}
    cells = net.population("cells", 5, model, receptors=kinds, **options)
    net.drive(cells, "apical.AMPA", rate=2000.0, weight=2.0)
    net.drive(cells, "basal.AMPA", rate=2000.0, weight=gs.Uniform(1.0, 2.0))
    source = net.population("source", 20, gs.PoissonSource(200.0))
    net.connect(source, cells, gs.AllToAll(), weight={"GABA_A": 0.1, "apical.NMDA": 0.05}, delay=gs.Uniform(0.5, 2.0))
    net.record(cells, [*cells.variables], name="state")
    net.record(cells, "spikes", name="spikes")
    return net


@pytest.mark.parametrize(
    ("soma", "precision"), [pytest.param(gs.LIF(t_ref=1.0), "single", marks=pytest.mark.fuzz), (gs.AdEx(), "double")]
)
def test_every_backend_has_the_same_bits(soma, precision, backend):
    found = []
    for one in ("numpy", backend):
        drawn = star(soma, apical=gs.Dendrite(g_c=gs.Uniform(10.0, 20.0), C_m=[80.0, 90.0, 100.0, 110.0, 120.0]))
        net = driven(drawn, V={"basal": gs.Uniform(-70.0, -60.0), "soma": gs.Uniform(-70.0, -65.0)})
        with gs.Simulator(net, seed=3, precision=precision, backend=one) as sim:
            sim.run(6.0)
            sim.set("cells", "V_apical", np.linspace(-60.0, -50.0, 5))
            sim.set("cells", "g_c_apical", gs.Uniform(5.0, 9.0))
            sim.run(2.0)
            found.append(outcome(sim))
    assert differences(*found) == []


PARAMETERS = ("C_m_apical", "g_L_basal", "E_L_apical", "g_c_basal", "E_L", "C_m", "V_th", "I_e")


@pytest.mark.parametrize(
    ("name", "each"), [*((name, False) for name in PARAMETERS), ("g_c_apical", True), ("E_L", True)]
)
def test_a_parameter_that_is_set_is_as_if_it_had_been_described(name, each):
    def model(value=None):
        spread = np.ones(5) if each else 1.0
        given = {key: spread * star().values[key] for key in star().values}
        given |= {} if value is None else {name: value}
        soma = gs.LIF(**{key: given[key] for key in gs.LIF().values})
        arms = {
            d: gs.Dendrite(**{p: given[f"{p}_{d}"] for p in ("C_m", "g_L", "E_L", "g_c")}) for d in ("basal", "apical")
        }
        return gs.Compartments(soma=soma, dendrites=arms)

    def start(sim):
        for k, variable in enumerate(("V", "V_apical", "V_basal")):
            sim.set("cells", variable, np.linspace(-70.0, -60.0, 5) + k)

    old = star().values[name]
    new = old - 0.5 if name in ("E_L", "E_L_apical", "V_th") else 1.25 * old + 5.0
    wanted = np.where(np.arange(5) < 3, new, old) if each else new
    with gs.Simulator(driven(model(wanted)), precision="double", backend="numpy") as sim:
        start(sim)
        sim.run(5.0)
        expected = outcome(sim)
    with gs.Simulator(driven(model()), precision="double", backend="numpy") as sim:
        first = outcome(sim)
        start(sim)
        before = [sim.get("cells", v) for v in ("V", "V_apical", "V_basal")]
        sim.set(sim.net.populations["cells"][:3] if each else "cells", name, new)
        for variable, V in zip(("V", "V_apical", "V_basal"), before, strict=True):
            np.testing.assert_allclose(sim.get("cells", variable), V, rtol=0, atol=1e-12)
        assert np.array_equal(sim.get("cells", name), np.broadcast_to(wanted, 5))
        start(sim)
        sim.run(5.0)
        assert differences(expected, outcome(sim)) == []
        sim.reset()
        assert differences(first, outcome(sim)) == []


def test_a_coupling_that_is_set_between_two_runs_counts_at_once(backend):
    """V of a dendrite rests between its E_L of -70 mV and that of the soma, which is clamped to -50 mV."""
    net = gs.Network()
    cells = net.population("cells", 3, star())
    net.clamp(cells, -50.0)
    with gs.Simulator(net, dt=1.0, precision="double", backend=backend) as sim:
        for g_c, E_L in ((15.0, -70.0), (45.0, -70.0), (45.0, -60.0), (5.0, -65.0)):
            sim.set(cells, "g_c_apical", g_c)
            sim.set(cells, "E_L_apical", E_L)
            sim.run(300.0)
            rest = (5.0 * E_L + g_c * -50.0) / (5.0 + g_c)
            assert sim.get(cells, "V_apical") == pytest.approx(rest, rel=1e-9), (g_c, E_L)


def test_currents_reach_their_compartment(backend):
    """A cell clamped at its soma, at 0 in both dendrites' steady state: V = E_L + I / (g_L + g_c) with V_soma = E_L."""
    net = gs.Network()
    cells = net.population("cells", 4, star())
    net.clamp(cells, -70.0)
    net.inject(cells[1:], [30.0, 60.0, 90.0], compartment="apical", name="apical")
    net.inject(cells[2:], gs.Waveform([0.0, 200.0], [45.0, 90.0]), compartment="basal", name="basal")
    net.inject(cells, 500.0)  # into the soma, which is clamped
    net.record(cells, ["V", "V_apical", "V_basal"], every=200.0, name="V")
    with gs.Simulator(net, dt=1.0, precision="double", backend=backend) as sim:
        sim.run(200.0)
        assert sim.get("apical").tolist() == [30.0, 60.0, 90.0]
        sim.set("apical", 40.0)
        sim.run(200.0)
        data = sim.data["V"]
    assert np.all(data["V"] == -70.0)
    apical = [[0.0, 30.0, 60.0, 90.0], [0.0, 40.0, 40.0, 40.0]]
    np.testing.assert_allclose(data["V_apical"], -70.0 + np.array(apical) / 20.0, rtol=1e-10)
    basal = [[0.0, 0.0, 45.0, 45.0], [0.0, 0.0, 90.0, 90.0]]
    np.testing.assert_allclose(data["V_basal"], -70.0 + np.array(basal) / 15.0, rtol=1e-8)


def test_a_clamp_of_a_dendrite_follows_its_command_and_drives_the_soma(backend):
    net = gs.Network()
    cells = net.population("cells", 2, star(gs.LIF(V_th=0.0)))
    clamp = net.clamp(cells[1:], gs.Waveform([0.0, 100.0], [-50.0, -60.0]), compartment="apical")
    net.record(cells, ["V", "V_apical"], every=100.0, name="V")
    net.record(cells, ["V_apical"], every=0.5, name="fine")
    with gs.Simulator(net, dt=0.5, precision="double", backend=backend) as sim:
        assert sim.get(cells, "V_apical").tolist() == [-70.0, -50.0]
        sim.run(200.0)
        sim.set(clamp, -40.0)
        sim.run(100.0)
        data, fine = sim.data["V"], sim.data["fine"]
    assert np.unique(fine["V_apical"][:, 1]).tolist() == [-60.0, -50.0, -40.0]
    # of the soma: leak 10 nS, the basal dendrite 5 in series with 10 nS, and 15 nS to the one that is clamped
    share = 15.0 / (15.0 + 10.0 + 50.0 / 15.0)
    np.testing.assert_allclose(data["V"][:, 1], -70.0 + share * (np.array([-50.0, -60.0, -40.0]) + 70.0), atol=0.05)
    assert np.all(data["V"][:, 0] == -70.0)


def test_a_dendrite_of_which_v_runs_away_is_named(backend):
    net = gs.Network()
    cells = net.population("cells", 3, star(basal=gs.Dendrite(C_m=1e-3, g_L=0.0, g_c=0.01)))
    net.inject(cells[1], 1e30, compartment="basal")
    with (
        gs.Simulator(net, precision="double", backend=backend) as sim,
        pytest.raises(gs.SimulationError, match="Population 'cells', neuron 1: V became"),
    ):
        sim.run(1.0)


def test_calcium_of_a_compartment_is_computed_where_any_is_recorded():
    net = driven(star())
    with gs.Simulator(net, backend="numpy") as sim:
        sim.run(5.0)
        assert np.array_equal(sim.get("cells", "Ca_basal"), sim.data["state"]["Ca_basal"][-1])
        sim.set("cells", "Ca_apical", 0.5)
        assert sim.get("cells", "Ca_apical").tolist() == [0.5] * 5
    bare = gs.Network()
    bare.population("cells", 2, star(), receptors={"apical": [gs.AMPA()]})
    with (
        gs.Simulator(bare, backend="numpy") as sim,
        pytest.raises(gs.ParameterError, match=r"record\(cells, 'Ca_apical'\)"),
    ):
        sim.get("cells", "Ca_apical")


def test_one_number_for_all_cannot_become_one_for_each():
    with (
        gs.Simulator(driven(star()), backend="numpy") as sim,
        pytest.raises(gs.ParameterError, match=r"share one g_c_apical.*give the model an array of [0-9]+ values"),
    ):
        sim.set("cells", "g_c_apical", np.arange(1.0, 6.0))


def test_short_time_constants_and_weak_currents_are_told():
    net = gs.Network()
    cells = net.population("cells", 10, star(apical=gs.Dendrite(C_m=1.0, g_c=50.0)))
    net.inject(cells, 1e-3, compartment="apical")
    text = gs.plan(net, dt=0.1).describe(details=True)
    assert "C_m / (g_L + g_c) of apical = 0.0182 ms is below dt" in text
    assert "Injection" not in text  # weak, but not into a soma
