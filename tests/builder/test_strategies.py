"""Every shortcut equals the integration of each synapse on its own: heterogeneous weights and delays, random trains."""

import functools
import itertools
import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import gpusyn as gs
from gpusyn.kinetics import Alpha, DualExponential, Exponential, FirstOrder
from tests.helpers.tolerances import assert_close
from tests.helpers.validation.lab import FASTEST, Lab
from tests.helpers.wiring import DT, DURATION, EVENTS, SYNAPSES, TARGETS, Wiring, both, one_population, run, summed

LINEAR = [Exponential(5.0), Alpha(3.0), DualExponential(1.0, 20.0), DualExponential(4.0, 4.0)]
LABS = [Lab(FASTEST, "double"), Lab(FASTEST, "single"), pytest.param(Lab("numpy", "double"), marks=pytest.mark.fuzz)]


@pytest.fixture(params=LABS, ids=lambda lab: f"{lab.backend}-{lab.precision}")
def lab(request):
    return request.param


@pytest.mark.parametrize("kinetics", LINEAR, ids=repr)
def test_linear_gates_on_synapses_equal_those_on_the_target(lab, kinetics):
    lumped, each = both(
        lab, lambda gating: gs.AMPA(kinetics=kinetics, gating=gating, E_rev=70.0), ["g_AMPA", "I_AMPA", "V"],
        E_L=0.0, V_th=100.0, V_reset=-10.0,
    )  # fmt: skip
    assert np.count_nonzero(lumped["V"].max(axis=0) > 1.0) == TARGETS
    for variable in lumped:
        assert_close(each[variable], lumped[variable], "gates", lab.precision)


def test_spikes_do_not_depend_on_where_the_gates_are():
    lab = Lab(FASTEST, "double")
    net, wiring = gs.Network(), Wiring(2)
    spikes = []
    for gating in ("auto", "per-synapse"):
        cells = net.population(gating, TARGETS, gs.LIF(), receptors=[gs.AMPA(gating=gating), gs.NMDA(gating=gating)])
        weight = {"AMPA": 20.0 * wiring.weight, "NMDA": gs.Ratio("AMPA", 0.1)}
        wiring.connect(net, cells, weight, f"to {gating}")
        spikes.append(net.record(cells, "spikes"))
    with lab.open(net, DT) as sim:
        sim.run(DURATION)
        lumped, each = (sim.data[s] for s in spikes)
    assert len(lumped.times) > 20
    assert len(set(lumped.ids)) == TARGETS
    assert lumped.times.tolist() == each.times.tolist()
    assert lumped.ids.tolist() == each.ids.tolist()


@pytest.mark.parametrize("kinetics", LINEAR[:3], ids=repr)
def test_synaptic_currents_equal_wherever_the_gates_are(lab, kinetics):
    """V differs here: the gates of a target enter it exactly, those of synapses by their mean over the step."""

    def make(gating):
        return gs.CurrentReceptor("syn", kinetics=kinetics, gating=gating)

    lumped, each = both(lab, make, ["I_syn", "V"], E_L=0.0, V_th=1e3, V_reset=-10.0)
    assert_close(each["I_syn"], lumped["I_syn"], "gates", lab.precision)
    peak = lumped["V"].max(axis=0)
    assert 0 < np.abs((each["V"] - lumped["V"]) / peak).max() < 1e-3


def test_two_gatings_of_one_contact():
    """One index, one set of events: each receptor of a contact has its own gates."""
    lab = Lab(FASTEST, "double")
    net, wiring = gs.Network(), Wiring(3)
    receptors = [
        gs.AMPA(),
        gs.AMPA(gating="per-synapse", name="each"),
        gs.NMDA(gating="per-synapse"),
        gs.NMDA(name="lumped"),
    ]
    cells = net.population("cells", TARGETS, gs.LIF(V_th=100.0), receptors=receptors)
    weight = {"AMPA": wiring.weight, "each": gs.Ratio("AMPA", 2.0), "NMDA": 0.5 * wiring.weight, "lumped": 0.25}
    wiring.connect(net, cells, weight, "contact")
    [traces] = run(lab, net, [net.record(cells, ["g_AMPA", "g_each", "g_NMDA", "g_lumped"])])
    assert_close(traces["g_each"], 2.0 * traces["g_AMPA"], "gates", lab.precision)
    assert np.abs(traces["g_NMDA"] / 0.5 - traces["g_lumped"] / 0.25).max() > 0.1  # other weights, other sums


# --- against the integration of each synapse by other means ---------------------------------------------------


@pytest.mark.parametrize("gating", ["auto", "per-synapse"])
@pytest.mark.parametrize("kinetics", LINEAR[:3], ids=repr)
def test_linear_gates_equal_the_sum_of_their_closed_forms(lab, kinetics, gating):
    def shape(t):
        if kinetics.kind == "exponential":
            return np.exp(-t / kinetics.tau)
        if kinetics.kind == "alpha":
            return t / kinetics.tau * np.exp(1.0 - t / kinetics.tau)
        rise, decay = kinetics.tau_rise, kinetics.tau_decay
        top = rise * decay / (decay - rise) * math.log(decay / rise)
        return (np.exp(-t / decay) - np.exp(-t / rise)) / (math.exp(-top / decay) - math.exp(-top / rise))

    wiring, g = one_population(lab, gs.AMPA(kinetics=kinetics, gating=gating))
    arrivals = np.array([wiring.arrivals(s) for s in range(SYNAPSES)])
    since = (np.arange(1, round(DURATION / DT) + 1)[:, None, None] - arrivals) * DT
    gates = np.where(since >= 0, shape(np.maximum(since, 0.0)), 0.0).sum(axis=2)
    assert_close(g, summed(wiring, gates), "gates", lab.precision)


@functools.cache
def integrated(kinetics, seed, events=EVENTS):
    """r of every synapse at the end of every step: an adaptive integration between the edges of their transmitters.

    Of each train only the first `events` are used.
    """
    pulse, steps, wiring = round(kinetics.T_dur / DT), round(DURATION / DT), Wiring(seed)
    on = np.zeros((steps + pulse, SYNAPSES))  # in the step from k to k + 1
    for s in range(SYNAPSES):
        for a in wiring.arrivals(s)[:events]:
            on[a : a + pulse, s] = 1.0
    edges = [0, *(np.flatnonzero(np.abs(np.diff(on[:steps], axis=0)).any(axis=1)) + 1), steps]
    r, out = np.zeros(SYNAPSES), []
    for begin, end in itertools.pairwise(edges):
        T = kinetics.T_max * on[begin]
        found = solve_ivp(
            lambda _, y, T=T: kinetics.alpha * T * (1.0 - y) - kinetics.beta * y, (begin * DT, end * DT), r,
            method="DOP853", t_eval=np.arange(begin + 1, end + 1) * DT, rtol=1e-12, atol=1e-14,
        )  # fmt: skip
        out.append(found.y.T)
        r = out[-1][-1]
    return np.concatenate(out)


@pytest.mark.parametrize(
    "kinetics",
    [FirstOrder.AMPA(), FirstOrder.NMDA(), FirstOrder.GABA_A(), FirstOrder(2.0, 0.05, T_max=0.5, T_dur=0.3),
     FirstOrder(0.5, 0.1, T_dur=4.0)],
    ids=["AMPA", "NMDA", "GABA_A", "short", "long"],
)  # fmt: skip
def test_first_order_gates_equal_an_integration_of_each_synapse(lab, kinetics):
    wiring, g = one_population(lab, gs.AMPA(kinetics=kinetics))
    assert_close(g, summed(wiring, integrated(kinetics, 4)), "integrated", lab.precision)


def test_first_order_gates_saturate_where_a_lumped_gate_would_not():
    """Pulses overlap and channels are open already: many events open less than the sum of what each opens alone."""
    lab, kinetics = Lab(FASTEST, "double"), FirstOrder.GABA_A()
    wiring, g = one_population(lab, gs.AMPA(kinetics=kinetics))
    first = wiring.arrivals(0)[0]
    one = integrated(kinetics, 4, events=1)[first:, 0]
    gates = np.zeros((len(g), SYNAPSES))
    for s in range(SYNAPSES):
        for a in wiring.arrivals(s):
            gates[a:, s] += np.pad(one, (0, len(g)))[: len(g) - a]
    alone = summed(wiring, gates)
    assert (g <= alone * (1 + 1e-9)).all()
    assert (g.max(axis=0) < 0.8 * alone.max(axis=0)).any()


def test_v_with_first_order_gates_follows_an_integration_of_the_membrane():
    lab, kinetics = Lab(FASTEST, "double"), FirstOrder.AMPA()
    net, wiring = gs.Network(), Wiring(4)
    cells = net.population("cells", TARGETS, gs.LIF(V_th=100.0), receptors=[gs.AMPA(kinetics=kinetics)])
    wiring.connect(net, cells, {"AMPA": wiring.weight}, "wires")
    [traces] = run(lab, net, [net.record(cells, "V")])
    g = np.concatenate([np.zeros((1, TARGETS)), summed(wiring, integrated(kinetics, 4))])
    V, fine = np.full(TARGETS, -70.0), 10
    h = DT / fine
    for k in range(len(g) - 1):
        for j in range(fine):  # implicit midpoint; g is a straight line to 1e-3 of itself within a step
            now = g[k] + (g[k + 1] - g[k]) * (j + 0.5) / fine
            V = (V * (1.0 - h / 400.0 * (10.0 + now)) - h * 700.0 / 200.0) / (1.0 + h / 400.0 * (10.0 + now))
    assert np.ptp(traces["V"]) > 5.0
    np.testing.assert_allclose(traces["V"][-1], V, atol=2e-3, rtol=0.0)
