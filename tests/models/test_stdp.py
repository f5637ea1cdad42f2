"""The network of Vogels et al. (2011): its numbers, and what inhibition learns."""

import numpy as np
import pytest

import gpusyn as gs
from gpusyn.models.catalogue import DEMONSTRATIONS
from gpusyn.models.demonstration import Run
from gpusyn.models.stdp import LEARNING, figure, measure, record
from gpusyn.results import SpikeData, SynapseData


def test_numbers_are_those_of_the_authors_script():
    net, populations = gs.models.stdp()
    assert {name: p.size for name, p in populations.items()} == {"E": 8000, "I": 2000}
    cell = populations["E"].model
    assert (cell.C_m, cell.g_L, cell.E_L, cell.V_th, cell.V_reset) == (200.0, 10.0, -60.0, -50.0, -60.0)
    assert (cell.t_ref, cell.I_e) == (5.0, 200.0)
    assert [(r.kinetics.tau, r.E_rev) for r in populations["I"].receptors] == [(5.0, 0.0), (10.0, -80.0)]
    weights = {name: [*projection.weights.values()] for name, projection in net.projections.items()}
    assert weights == {"E->E+I:AMPA": [0.3], "I->I:GABA_A": [3.0], LEARNING: [0.0]}
    assert {projection.rule.p for projection in net.projections.values()} == {0.02}
    (rule,) = net.projections[LEARNING].plasticity
    assert rule.coefficients(100.0) == (pytest.approx(1e-4), pytest.approx(0.12))


def test_a_smaller_network_has_as_many_synapses_of_each_neuron():
    net, populations = gs.models.stdp(0.05, eta=0.2, rate=7.0)
    assert (populations["E"].size, populations["I"].size) == (400, 100)
    assert net.projections[LEARNING].rule.p == 0.4
    (rule,) = net.projections[LEARNING].plasticity
    assert (rule.eta, rule.rate) == (0.2, 7.0)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [({"scale": 0.01}, "scale: must be"), ({"eta": -0.1}, "eta: must be"), ({"rate": -1.0}, "rate: must be")],
)
def test_wrong_arguments_are_refused(arguments, text):
    with pytest.raises(gs.ParameterError, match=text):
        gs.models.stdp(**arguments)


def fabricated():
    """A run of 2 s: E fires regularly at 100 Hz in the first 0.1 s, and then at 10 Hz, with weights of 1 and 3 nS."""
    _, populations = gs.models.stdp(0.02)
    parts = [(name, p.size, None) for name, p in populations.items()]
    train = np.concatenate([np.arange(10.0, 101.0, 10.0), np.arange(200.0, 2001.0, 100.0)])
    spikes = SpikeData(parts, np.repeat(train, 160), np.tile(np.arange(160), len(train)), 2000.0)
    weight = {"weight": [[0.0, 0.0], [1.0, 3.0]]}
    weights = SynapseData(LEARNING, [0, 16], [0, 0], [0, 16], weight, [1000.0, 2000.0], {"weight": "nS"})
    return Run(populations, {"spikes": spikes, "weights": weights}, 0.0)


def test_numbers_are_of_the_first_moments_and_of_the_end():
    numbers = measure({"": fabricated()})
    assert numbers["rate of E at first (Hz)"] == pytest.approx(100.0)
    assert numbers["rate of E at the end (Hz)"] == pytest.approx(10.0)
    assert numbers["rate of I at the end (Hz)"] == 0.0
    assert numbers["CV of intervals of E at the end"] == pytest.approx(0.0, abs=1e-9)
    assert numbers["mean weight at the end (nS)"] == 2.0
    assert set(DEMONSTRATIONS["stdp"].published) <= set(numbers)


def test_the_figure_has_the_spikes_before_and_after():
    pytest.importorskip("matplotlib")
    titles = [panel.get_title(loc="left") for panel in figure({"": fabricated()}).axes]
    assert titles[:2] == ["at first: E fires at 100 Hz", "at the end: E fires at 10 Hz"]


def test_some_synapses_are_recorded():
    net, populations = gs.models.stdp(0.02)
    record(net, populations)
    weights = net.recorders["weights"]
    assert weights.every == 1000.0
    with gs.Simulator(net, backend="numpy") as sim:
        assert len(sim.weights(net.projections[LEARNING]).weight) == 160 * 40
    assert len(weights.synapses) == 0.9 * 160 * 40 / 16


@pytest.mark.fuzz
@pytest.mark.usefixtures("optimised")
def test_inhibition_learns_to_slow_and_desynchronise_excitation():
    runs = {}
    for eta, duration in ((0.0, 1000.0), (0.01, 3000.0)):
        net, populations = gs.models.stdp(0.2, eta=eta)
        record(net, populations)
        with gs.Simulator(net, seed=1) as sim:
            sim.run(duration)
            data = {recorder.name: sim.data[recorder] for recorder in net.recorders.values()}
            runs[eta] = measure({"": Run(populations, data, 0.0)})
            weights = sim.weights(net.projections[LEARNING]).weight
        assert (weights.mean() > 1.0) == (eta > 0.0)
    still, learned = runs[0.0], runs[0.01]
    for when in ("at first", "at the end"):
        assert still[f"rate of E {when} (Hz)"] == pytest.approx(164.0, rel=0.1)
        assert still[f"synchrony of E {when}"] > 100.0
        assert still[f"CV of intervals of E {when}"] < 0.1
    assert learned["rate of E at the end (Hz)"] < 25.0
    assert learned["synchrony of E at the end"] < 0.4 * still["synchrony of E at the end"]
    assert learned["CV of intervals of E at the end"] > 0.5
    assert learned["mean weight at the end (nS)"] == pytest.approx(weights.mean(), rel=0.1)
