"""Brunel's network has the numbers of the paper; its frequency is found where there is one."""

import numpy as np
import pytest

import gpusyn as gs
from gpusyn.models.brunel import STATES, figure, global_frequency, measure
from gpusyn.models.demonstration import Run
from gpusyn.results import SpikeData

SMALL = {"scale": 0.02, "C_E": 40, "J": 2.5}


def test_each_state_is_the_point_of_figure_8():
    found = {}
    for state in STATES:
        net, populations = gs.models.brunel(state)
        assert {name: p.size for name, p in populations.items()} == {"E": 10_000, "I": 2_500}
        excitation, inhibition = net.projections.values()
        assert (excitation.rule.k, inhibition.rule.k) == (1000, 250)
        assert {excitation.delay, inhibition.delay} == {1.5}
        (outside,) = net.drives.values()
        found[state] = -inhibition.weights["delta"] / excitation.weights["delta"], outside.rate / 1000 / 10.0
    points = [*found["SR"], *found["SI-fast"], *found["AI"], *found["SI-slow"]]
    assert points == pytest.approx([3.0, 2.0, 6.0, 4.0, 5.0, 2.0, 4.5, 0.9])


def test_every_neuron_has_different_other_sources():
    net, populations = gs.models.brunel(**SMALL)
    with gs.Simulator(net, backend="numpy") as sim:
        for projection, number in zip(net.projections.values(), (40, 10), strict=True):
            synapses = sim.weights(projection)
            assert np.all(np.bincount(synapses.post, minlength=250) == number)
            assert len({*zip(synapses.pre, synapses.post, strict=True)}) == len(synapses.pre)
            offset = 0 if projection.pre is populations["E"] else populations["E"].size
            assert not np.any(synapses.pre + offset == synapses.post)


def test_cells_are_those_of_the_paper_and_lose_spikes_while_refractory():
    _, populations = gs.models.brunel()
    cell = populations["E"].model
    assert cell.C_m / cell.g_L == 20.0
    assert (cell.E_L, cell.V_th, cell.V_reset, cell.t_ref) == (0.0, 20.0, 10.0, 2.0)
    (receptor,) = populations["I"].receptors
    assert receptor.refractory == "ignore"


def test_arguments_change_the_network():
    net, _ = gs.models.brunel(g=2.0, nu_ext=3.0, delay=0.5, V_reset=0.0, **SMALL)
    excitation, inhibition = net.projections.values()
    assert inhibition.weights["delta"] == -2.0 * excitation.weights["delta"] == -5.0
    (outside,) = net.drives.values()
    # At 3 nu_thr, the mean of V without the network is 3 theta.
    assert outside.rate * 1e-3 * outside.weight * 20.0 == pytest.approx(3 * 20.0)


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"state": "AR"}, gs.UnknownNameError, "known here: SR, SI-fast, AI, SI-slow"),
        ({"scale": 0.1}, gs.ParameterError, "give a larger scale, above 0.1, or a smaller C_E"),
        ({"g": -1.0}, gs.ParameterError, "g: must be"),
        ({"nu_ext": -1.0}, gs.ParameterError, "nu_ext: must be"),
        ({"J": 0.0}, gs.ParameterError, "J: must be"),
        ({"C_E": 3}, gs.ParameterError, "C_E: must be"),
        ({"V_reset": 20.0}, gs.ParameterError, "V_reset"),
    ],
)
def test_wrong_arguments_are_refused(arguments, error, text):
    with pytest.raises(error, match=text):
        gs.models.brunel(**arguments)


def rhythmic(frequency, rate=20.0, duration=2000.0, neurons=200):
    """A run whose neurons fire irregularly, at a rate that oscillates."""
    random = np.random.default_rng(1)
    times = np.sort(random.uniform(0.0, duration, int(neurons * rate * duration / 1e3)))
    kept = random.uniform(size=len(times)) < 0.5 * (1.0 + np.sin(2e-3 * np.pi * frequency * times))
    _, populations = gs.models.brunel(**SMALL)
    times = times[kept].round(1)
    ids = random.integers(0, neurons, len(times))
    spikes = SpikeData([("E", 200, None), ("I", 50, None)], times, ids, duration)
    return Run(populations, {"spikes": spikes}, 100.0)


@pytest.mark.parametrize("frequency", [22.0, 180.0])
def test_the_frequency_of_an_oscillation_is_found(frequency):
    assert global_frequency(rhythmic(frequency)) == pytest.approx(frequency, abs=1.0)


def test_numbers_are_those_of_the_spikes():
    run = rhythmic(50.0)
    numbers = measure({"AI": run})
    assert numbers["AI: rate (Hz)"] == pytest.approx(len(run.spikes.between(100.0).times) / 250 / 1.9)
    assert numbers["AI: CV of intervals"] == pytest.approx(1.0, abs=0.1)


def test_the_figure_has_a_column_for_each_state():
    pytest.importorskip("matplotlib")
    drawn = figure({"SI-slow": rhythmic(22.0), "AI": rhythmic(50.0)})
    titles = [panel.get_title() for panel in drawn.axes if panel.get_title()]
    assert [title.split(",")[0] for title in titles] == ["D: SI-slow", "C: AI"]
