"""Gates on sources in the long run, sums that whole populations share, and what `plan` says of them.

That such gates equal an integration of each synapse is in test_gates_integrated.py.
"""

import math

import numpy as np
import pytest

import gpusyn as gs
from gpusyn.builder.gating.forms import GateStep, source_coefficients
from gpusyn.kinetics import Alpha, DualExponential, Exponential, FirstOrder, GProtein, Markov, Saturating
from tests.helpers.long_checks import every, pairs
from tests.helpers.runs import backend_named, same_bits
from tests.helpers.tolerances import assert_close
from tests.helpers.validation.lab import FASTEST, Lab
from tests.helpers.wiring import Wiring

DT = 0.5
NON_LINEAR = {
    "FirstOrder": FirstOrder.AMPA(),
    "dead time": FirstOrder(1.1, 0.19, deadtime=1.0),
    "Markov": Markov.NMDA(),
    "GProtein": GProtein(),
    "Saturating": Saturating(),
    "jump": Saturating(jump=True),
}
KINETICS = {"Exponential": Exponential(5.0), "Alpha": Alpha(3.0), "Dual": DualExponential(2.0, 9.0)} | NON_LINEAR


# --- a million bursts ---------------------------------------------------------------------------------------------


def gates_of_bursts(kinetics, events):
    """r of each source at the end of each step, and the number of its bursts; `events` is (steps, sources)."""
    rate = kinetics.alpha * kinetics.T_max + kinetics.beta
    full, on, off = kinetics.alpha * kinetics.T_max / rate, math.exp(-rate * DT), math.exp(-kinetics.beta * DT)
    pulse = round(kinetics.T_dur / DT)
    left, bursts, r = np.zeros(events.shape[1], int), 0, np.zeros(events.shape[1])
    out = np.zeros(events.shape)
    for k, now in enumerate(events):
        r = np.where(left > 0, full + (r - full) * on, r * off)
        bursts += np.count_nonzero(now & (left <= 1))
        left = np.where(now, pulse, left - 1)
        out[k] = r
    return out, bursts


@pytest.mark.parametrize("precision", every(2, ["double", "single"]))
def test_a_million_bursts_leave_nothing_behind(precision):
    """Weight that is in a pulse is an exact integer: it is 0 again, and the sums have only their last rounding."""
    sources, busy, silent, kinetics = 1500, 3500, 300, FirstOrder(1.1, 0.05, T_dur=0.5)
    rng = np.random.default_rng(1)
    weight, delay = rng.lognormal(0.0, 1.0, sources), rng.integers(1, 40, sources)
    net = gs.Network()
    rate = gs.Waveform([0.0, busy * DT], [800.0, 0.0])
    source = net.population("source", sources, gs.PoissonSource(rate))
    cell = net.population("cell", 1, gs.LIF(V_th=100.0), receptors=[gs.AMPA(kinetics=kinetics)])
    net.connect(
        source, cell, gs.FromArrays(np.arange(sources), np.zeros(sources, int)), receptor="AMPA", weight=weight,
        delay=delay * DT,
    )  # fmt: skip
    spikes, trace = net.record(source, "spikes"), net.record(cell, "g_AMPA")
    with Lab(FASTEST, precision).open(net, DT) as sim:
        sim.step(busy + silent)
        found = sim.data[spikes]
        g = np.asarray(sim.data[trace]["g_AMPA"], float)[:, 0]
        states = sim._session.read("g0.gates")[:3]
    events = np.zeros((busy + silent, sources), bool)
    events[np.rint(found.times / DT).astype(int) - 1, found.ids] = True
    gates, bursts = gates_of_bursts(kinetics, events)
    assert bursts > 1e6
    expected = np.zeros(busy + silent)
    for j in range(sources):
        expected[delay[j] :] += weight[j] * gates[: len(gates) - delay[j], j]
    on, off, weight_on = states
    assert weight_on == 0.0
    tolerance = {"double": 1e-12, "single": 2e-6}[precision]
    assert np.abs(g - expected).max() <= tolerance * weight.sum()
    assert abs(on) <= tolerance * 1e-3 * weight.sum()  # what was left in it decays as fast as transmitter binds
    assert abs(off - expected[-1]) <= tolerance * weight.sum()


# --- sums that whole populations share -----------------------------------------------------------------------------


def all_to_all(kinetics, each, autapses):
    """Several projections of one weight and delay from all to all; or (`each`) given as arrays, value by value."""
    net = gs.Network()
    cells = net.population(
        "cells", 7, gs.LIF(I_e=600.0, C_m=gs.Uniform(150.0, 250.0)), receptors=[gs.AMPA(kinetics=kinetics), gs.GABA_A()]
    )
    rng = np.random.default_rng(5)
    source = net.population("source", 9, gs.SpikeSource([np.sort(rng.integers(0, 80, 9)) * DT for _ in range(9)]))
    wires = [
        (source, {"AMPA": 0.7, "GABA_A": gs.Ratio("AMPA", 0.5)}, 2.0),
        (source[2:5], {"AMPA": 1.1}, 0.5),
        (cells, {"AMPA": 0.3}, 4.0),
        (cells[[0, 2, 3]], {"GABA_A": 0.2, "AMPA": 0.1}, 1.0),
    ]
    for k, (pre, weights, delay) in enumerate(wires):
        own = autapses or all(p is not cells for p, _ in pre.parts)
        given, late, rule = weights, delay, gs.AllToAll(autapses=own)
        if each:
            pairs = [(i, j) for i in range(pre.size) for j in range(7) if own or pre.parts[0][1][i] != j]
            rule = gs.FromArrays(*np.array(pairs).T)
            given = {r: w if isinstance(w, gs.Ratio) else np.full(len(pairs), w) for r, w in weights.items()}
            late = np.full(len(pairs), delay)
        net.connect(pre, cells, rule, weight=given, delay=late, name=f"c{k}")
    net.record(cells, ["V", "g_AMPA", "g_GABA_A"], name="traces")
    net.record(cells, "spikes", name="spikes")
    return net


@pytest.mark.parametrize(("name", "autapses"), pairs([*KINETICS], [True, False]))
def test_shared_sums_have_the_bits_of_synapses_given_one_by_one(name, autapses):
    found = []
    for each in (False, True):
        net = all_to_all(KINETICS[name], each, autapses)
        with Lab(FASTEST, "single").open(net, DT) as sim:
            sim.step(150)
            traces, weights = sim.data["traces"], [sim.weights(c, "AMPA") for c in net.projections]
            found.append(
                [traces[v] for v in traces.variables]
                + [sim.data["spikes"].times, sim.data["spikes"].ids]
                + [np.asarray(column) for w in weights for column in w]
            )
    shared, each = found
    assert len(shared[3]) > 5
    assert np.abs(shared[1]).max() > 0
    assert all(same_bits(a, b) for a, b in zip(shared, each, strict=True))


@pytest.mark.parametrize("kinetics", [Exponential(2.0), FirstOrder.AMPA(), Saturating()], ids=lambda k: k.kind)
def test_shared_sums_take_bytes_by_neuron(kinetics):
    def bytes_of(n):
        net = gs.Network()
        cells = net.population("cells", n, gs.LIF(), receptors=[gs.AMPA(kinetics=kinetics)])
        net.connect(cells, cells, gs.AllToAll(), receptor="AMPA", weight=1.0, delay=1.0)
        plan = gs.plan(net)
        assert "all to all with one weight and one delay: the targets share one sum" in plan.describe()
        return plan.total + plan.scratch

    assert bytes_of(100_000) < 12 * bytes_of(10_000)
    assert bytes_of(100_000) < 1000 * 100_000  # an array of all synapses would be 40 GB


@pytest.mark.parametrize("most", [1, 9])
@pytest.mark.parametrize("backend", ["cpu", "cuda-emulated"])
def test_growth_of_few_terms_and_of_many_has_the_same_bits(backend, most):
    """Kernels have a form of their own for the number of terms that one event in a step needs; nine need more."""
    kinetics = Saturating()
    dt = 5.0  # so long that all terms of the series count
    step = GateStep(dt, "float32", most, "receptor")
    assert (source_coefficients(kinetics, step)[5] == 24) == (most == 1)
    traces = []
    for name in ("numpy", backend):
        net = gs.Network()
        source = net.population("source", 300, gs.PoissonSource(30.0 * most, max_events=most))
        cell = net.population("cell", 2, gs.LIF(t_ref=dt), receptors=[gs.NMDA(kinetics=kinetics)])
        net.connect(source, cell, gs.FixedProbability(0.5), receptor="NMDA", weight=gs.Uniform(0.1, 0.2), delay=dt)
        trace = net.record(cell, "g_NMDA")
        with gs.Simulator(net, dt=dt, seed=1, backend=backend_named(name)) as sim:
            sim.step(60)
            traces.append(np.asarray(sim.data[trace]["g_NMDA"]))
    assert np.all(traces[0][-1] > 0)
    assert same_bits(*traces)


# --- what decides, and what `plan` says -----------------------------------------------------------------------------

SAYS = {
    "Exponential": "event-driven, gate on the target neuron: exact, the kinetics is linear",
    "FirstOrder": "gate on the source neuron, sums over synapses in and out of a pulse on the target (Lytton 1996): "
    "two deliveries per burst, exact",
    "GProtein": "gate on the source neuron, summed on the target after the nonlinearity: "
    "one delivery per step while the gate changes, exact",
    "Saturating": "gate on the source neuron, its growth summed on the target: one delivery per step while the rise "
    "variable lasts, exact",
    "jump": "gate on the source neuron, its jumps summed on the target: one delivery per spike, exact",
}  # fmt: skip
SAYS |= dict.fromkeys(["Alpha", "Dual"], SAYS["Exponential"])
SAYS |= dict.fromkeys(["dead time", "Markov"], SAYS["FirstOrder"])


def planned(name, gating="auto", **more):
    net, wiring = gs.Network(), Wiring(1)
    cells = net.population("cells", 6, gs.LIF(), receptors=[gs.AMPA(kinetics=KINETICS[name], gating=gating)])
    wiring.connect(net, cells, {"AMPA": wiring.weight}, "wires", **more)
    return gs.plan(net).describe()


@pytest.mark.parametrize("name", KINETICS)
def test_plan_says_where_gates_are(name):
    kind = type(KINETICS[name]).__name__
    assert f"wires onto cells.AMPA ({kind}): {SAYS[name]}; 60 synapses\n" in planned(name)
    asked = planned(name, gating="per-synapse")
    assert f"({kind}): per-synapse gates, as gating='per-synapse' asks; 60 synapses\n" in asked


@pytest.mark.parametrize("name", KINETICS)
def test_weights_that_may_change_send_pulsed_gates_to_the_synapses(name):
    """A gate that was opened with one weight must close with the same."""
    moves = name in ("FirstOrder", "dead time", "Markov", "GProtein")
    said = planned(name, w_max={"AMPA": 100.0})
    reason = "per-synapse gates: with w_max=, weights may change while gates are open"
    assert f": {reason if moves else SAYS[name]}; 60 synapses\n" in said


def test_a_weight_set_in_a_pulse_takes_effect_on_the_open_gate():
    net = gs.Network()
    source = net.population("source", 1, gs.SpikeSource([0.5]))
    cells = net.population("cells", 2, gs.LIF(V_th=100.0), receptors=[gs.AMPA(kinetics=FirstOrder.AMPA())])
    net.connect(source, cells, gs.AllToAll(), receptor="AMPA", weight=1.0, delay=DT, w_max=10.0, name="c")
    net.record(cells, "g_AMPA", name="g")
    with Lab(FASTEST, "double").open(net, DT) as sim:
        sim.step(3)
        sim.set_weights("c", np.array([1.0, 4.0]), "AMPA")
        sim.step(20)
        g = sim.data["g"]["g_AMPA"]
    assert_close(g[3:, 1], 4.0 * g[3:, 0], "formula")
