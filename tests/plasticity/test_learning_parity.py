"""Learning has the same bits on every backend, with any number of threads, whatever else the network has."""

import numpy as np
import pytest

import gpusyn as gs
from tests.helpers.long_checks import pairs
from tests.helpers.runs import cpu, differences, outcome
from tests.plasticity.taught import DT, RULES, network

DELAYS = [0.1, 0.2, 3.0, 1.5, 0.8, 2.5, 2.2, 0.4, 4.5]
STEPS = 300


def run(net, backend, precision, threads=None, steps=STEPS):
    with gs.Simulator(net, dt=DT, seed=3, precision=precision, backend=backend, threads=threads) as sim:
        sim.step(steps // 2)
        sim.set_weights("taught", sim.weights("taught").weight[::-1])
        sim.step(steps - steps // 2)
        return outcome(sim)


MIXED = {
    "shared": [gs.TsodyksMarkram(U=0.5, tau_rec=20.0, tau_facil=10.0), RULES["powers"]],
    "each": [gs.TsodyksMarkram(U=gs.Uniform(0.2, 0.8), tau_rec=20.0), RULES["powers"]],
    "quanta": [gs.QuantalRelease(5, 0.5, 0.3), RULES["powers"]],
}
CASES = [
    pytest.param("powers", 0.5, "single", marks=pytest.mark.fuzz),
    ("triplet", 1.0, "single"),
    pytest.param("nearest", 0.0, "single", marks=pytest.mark.fuzz),
    ("shared", 0.5, "single"),
    ("each", 0.0, "double"),
    ("quanta", 0.0, "single"),
]


@pytest.mark.parametrize(("name", "axonal", "precision"), [*pairs([*RULES], [0.0, 0.5, 1.0], ["double"]), *CASES])
def test_compiled_kernels_have_the_bits_of_numpy(name, axonal, precision):
    cpu()  # or skip
    net = [network((RULES | MIXED)[name], DELAYS, axonal, recurrent=axonal > 0) for _ in range(4)]
    expected = run(net[0], "numpy", precision)
    assert np.unique(expected["taught AMPA weight"]).size >= 4
    for threads in (1, 3):
        assert differences(expected, run(net[threads], "cpu", precision, threads)) == []


def large(axonal):
    """More synapses than numpy builds by itself, and rings that are soon full."""
    net = gs.Network()
    cells = net.population("cells", 500, gs.LIF(I_e=gs.Uniform(300.0, 4000.0)), receptors=[gs.AMPA(), gs.GABA_A()])
    noise = net.population("noise", 100, gs.PoissonSource(rate=gs.Waveform([0.0, 10.0], [100.0, 4000.0])))
    rule = gs.STDP(A_plus=0.02, A_minus=0.025, mu_plus=0.3, mu_minus=0.3)
    net.connect(
        noise + cells, cells, gs.FixedProbability(0.9), receptor="AMPA", weight=gs.Uniform(0.0, 0.02), w_max=0.02,
        delay=gs.Uniform(0.1, 2.0), plasticity=rule, axonal=axonal, name="taught",
    )  # fmt: skip
    net.connect(cells, cells, gs.FixedInDegree(20), receptor="GABA_A", weight=0.05)
    net.record(cells + noise, "spikes", name="spikes")
    return net


@pytest.mark.fuzz
@pytest.mark.parametrize("axonal", [0.0, 0.3])
def test_a_large_network_has_the_bits_of_numpy(axonal, monkeypatch):
    cpu()
    monkeypatch.setattr("gpusyn.builder.plasticity.trains.LEAST_DEPTH", 1)
    one, *others = (run(large(axonal), "cpu", "single", threads, 120) for threads in (1, 3))
    assert all(differences(one, other) == [] for other in others)
    assert differences(one, run(large(axonal), "numpy", "single", steps=120)) == []
