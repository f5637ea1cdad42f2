"""Parameters of neurons that are set between runs: every one of every model, as if it had been described so."""

import functools

import numpy as np
import pytest

import gpusyn as gs
from gpusyn.neurons import NEURONS, Membrane
from tests.helpers.long_checks import pairs
from tests.helpers.runs import differences, outcome

MODELS = {name: model for name, model in NEURONS.items() if issubclass(model, Membrane)}
MODELS = {name: model for name, model in MODELS.items() if name != "GLIF"}  # tests/equations/test_glif.py
EACH = [(name, p) for name, model in MODELS.items() for p in model().values]
EACH += [("ExactLIF", p) for p in gs.LIF().values]
N, STEPS = 9, 50


def network(model, *, exact=False):
    net = gs.Network()
    receptors = [gs.CurrentReceptor("I", tau=2.0)] if exact else [gs.AMPA(), gs.NMDA()]
    cells = net.population("cells", N, model, receptors=receptors, V=-62.0)
    net.drive(cells, receptors[0].name, rate=4000.0, weight=100.0 if exact else 4.0)
    net.population("others", 3, type(model)(), receptors=cells.receptors)  # in the same group where it can be
    net.inject(cells[2:5], 40.0)
    net.record(cells, ["V", *cells.model.STATES], name="traces")
    net.record(cells, "spikes", name="spikes")
    return net


def simulator(net, backend="numpy"):
    return gs.Simulator(net, dt=0.1, seed=1, precision="double", backend=backend)


def other(model, name):
    """A value that is not the default, and allowed with the defaults of the others."""
    default = getattr(model(), name)
    if name in ("t_ref", "I_e"):
        return {"t_ref": 0.7, "I_e": 300.0}[name]
    return default - 0.5 if "potential" in model.LIMITS[name] else default * 1.25


def start_alike(sim, model):
    """The same V and states whatever the parameters are, which only start them."""
    sim.set("cells", "V", np.linspace(-70.0, -60.0, N))
    for state in model.STATES:
        sim.set("cells", state, 0.25)


@functools.cache
def unset(kind, each):
    """What a network shows at time 0 and after its steps if nothing is set."""
    with simulator(network(made(kind, each), exact=kind == "ExactLIF")) as sim:
        first = outcome(sim)
        sim.step(STEPS)
        return first, outcome(sim)


def made(kind, each, **values):
    """A model with one number for all neurons, or one for each."""
    model = MODELS[kind.removeprefix("Exact")]
    spread = {k: np.full(N, float(v)) for k, v in model().values.items()} if each else {}
    return model(**{**spread, **values})


@pytest.mark.parametrize(("parameter", "each"), pairs([f"{kind} {name}" for kind, name in EACH], [False, True]))
def test_every_parameter_of_every_model(parameter, each):
    kind, name = parameter.split()
    model, exact = MODELS[kind.removeprefix("Exact")], kind == "ExactLIF"
    new = other(model, name)
    if each:
        new = np.where(np.arange(N) < 4, new, getattr(model(), name))
    with simulator(network(made(kind, each, **{name: new}), exact=exact)) as described:
        start_alike(described, model)
        described.step(STEPS)
        expected = outcome(described)
    with simulator(network(made(kind, each), exact=exact)) as sim:
        before = sim.get("cells", "V")
        sim.set(sim.net.populations["cells"][:4] if each else "cells", name, other(model, name))
        np.testing.assert_allclose(sim.get("cells", "V"), before, rtol=0, atol=1e-12)
        assert np.array_equal(sim.get("cells", name), np.broadcast_to(new, N))
        start_alike(sim, model)
        sim.step(STEPS)
        assert differences(expected, outcome(sim)) == []
        first, later = unset(kind, each)
        assert not np.array_equal(later["traces V"], expected["traces V"])
        sim.reset()
        assert differences(first, outcome(sim)) == []
        if name in (model.REST, model.THRESHOLD):
            sim.step(STEPS)
            assert differences(later, outcome(sim)) == []


def test_a_current_that_is_set_is_a_waveform_that_jumps_then(backend):
    net = network(gs.LIF())
    jump = network(gs.LIF())
    jump.inject(jump.populations["cells"][6:], gs.Waveform([5.0], [400.0]), name="jump")
    with simulator(net, backend) as sim, simulator(jump, backend) as described:
        sim.run(5.0)
        sim.set(net.populations["cells"][6:], "I_e", 400.0)
        sim.run(10.0)
        described.run(15.0)
        assert differences(outcome(described), outcome(sim)) == []


def test_the_absolute_potential_stays_and_relaxes_to_the_new_rest():
    net = gs.Network()
    cells = net.population("cells", 4, gs.LIF(), V=[-75.0, -70.0, -60.0, -56.0])
    with gs.Simulator(net, precision="double", backend="numpy") as sim:
        sim.run(7.0)
        before = sim.get(cells, "V")
        sim.set(cells, "E_L", -64.0)
        np.testing.assert_allclose(sim.get(cells, "V"), before, rtol=1e-14)
        sim.run(20.0)  # one time constant
        np.testing.assert_allclose(sim.get(cells, "V"), -64.0 + (before + 64.0) * np.exp(-1), rtol=1e-12)


def test_neurons_of_several_populations_at_once():
    net = gs.Network()
    one, two = (net.population(name, 5, gs.LIF(C_m=np.full(5, 200.0))) for name in ("one", "two"))
    with gs.Simulator(net, backend="numpy") as sim:
        both = one[:2] + two + one[3:]
        sim.set(both, "C_m", np.arange(101.0, 110.0))
        assert sim.get(both, "C_m").tolist() == list(range(101, 110))
        assert sim.get(one, "C_m").tolist() == [101, 102, 200, 108, 109]
        sim.set(both, "I_e", gs.Uniform(1.0, 2.0))
        assert len(set(sim.get(both, "I_e"))) == 9
        assert sim.get(one, "I_e")[2] == 0.0


CASES = {
    "shared": ("C_m", np.full(N, 150.0), "share one C_m, which is stored once.*an array of 9 values"),
    "drawn": ("C_m", gs.Uniform(150.0, 160.0), "share one C_m, which is stored once"),
    "negative": ("C_m", -1.0, r"Simulator\.set\('cells', 'C_m'\): must be a finite number of pF > 0 \(got -1"),
    "farads": ("C_m", 2e-10, "looks like farads"),
    "volts": ("E_L", -0.07, "looks like volts"),
    "reset": ("V_reset", -50.0, "V_reset: must be below V_th = -55 mV"),
    "threshold": ("V_th", -71.0, r"V_reset: must be below V_th = -71 mV \(got -70\)"),
    "t_ref": ("t_ref", 0.25, "t_ref: must be a multiple of dt = 0.1 ms"),
    "waveform": ("I_e", gs.Waveform([0.0], [1.0]), r"Simulator\.set\('cells', 'I_e'\)"),
    "length": ("I_e", [1.0, 2.0], "array of 9 values"),
    "unknown": ("tau_m", 10.0, r"unknown name 'tau_m'.*known here: V, g_AMPA, .*C_m, g_L"),
}


@pytest.mark.parametrize(("name", "value", "said"), CASES.values(), ids=CASES)
def test_what_is_wrong_is_refused_and_changes_nothing(name, value, said):
    with simulator(network(gs.LIF())) as sim, simulator(network(gs.LIF())) as untouched:
        with pytest.raises(gs.GpusynError, match=said):
            sim.set("cells", name, value)
        for one in (sim, untouched):
            one.step(30)
        assert differences(outcome(untouched), outcome(sim)) == []
        assert sim.get("cells", "C_m").tolist() == [200.0] * N


def test_a_part_that_is_wrong_leaves_the_other_parts_alone():
    net = gs.Network()
    many, one = net.population("many", 3, gs.LIF(C_m=np.full(3, 200.0))), net.population("one", 3, gs.LIF())
    gated = net.population("gated", 3, gs.LIF(), receptors=[gs.AMPA(gating="per-synapse")])
    free = net.population("free", 3, gs.LIF(), receptors=[gs.AMPA()])
    with gs.Simulator(net, backend="numpy") as sim:
        with pytest.raises(gs.ParameterError, match="'one' share one C_m"):
            sim.set(many + one[:2], "C_m", 150.0)
        assert sim.get(many, "C_m").tolist() == [200.0] * 3
        with pytest.raises(gs.ParameterError, match="can be read but not set"):
            sim.set(free + gated, "g_AMPA", 1.0)
        assert sim.get(free, "g_AMPA").tolist() == [0.0] * 3


def test_drawn_conductances_are_within_the_limits_of_given_ones():
    net = gs.Network()
    cells = net.population("cells", 20, gs.LIF(), receptors=gs.AMPA())
    with gs.Simulator(net, backend="numpy") as sim:
        sim.set(cells, "g_AMPA", 0.5)
        with pytest.raises(gs.ParameterError, match=r"'g_AMPA'.*nS >= 0.*give that low= and high="):
            sim.set(cells, "g_AMPA", gs.Normal(0.5, 1.0))
        assert (sim.get(cells, "g_AMPA") == 0.5).all()
        sim.set(cells, "g_AMPA", gs.Normal(0.5, 1.0, low=0.0))
        assert (sim.get(cells, "g_AMPA") >= 0.0).all()
