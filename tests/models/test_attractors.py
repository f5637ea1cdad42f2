"""The networks of Brunel & Wang (2001) and Wang (2002): their numbers, the cue, the evidence, and what they find."""

import numpy as np
import pytest

import gpusyn as gs
from gpusyn.models import decision as decide
from gpusyn.models import working_memory as remember
from gpusyn.models.decision import COHERENCES, correct
from gpusyn.models.decision import figure as decision_figure
from gpusyn.models.decision import measure as decision_measure
from gpusyn.models.demonstration import Run
from gpusyn.models.working_memory import OTHERS
from gpusyn.models.working_memory import figure as memory_figure
from gpusyn.models.working_memory import measure as memory_measure
from gpusyn.results import SpikeData, TraceData

# of the papers: weights (nS) of AMPA and NMDA within E and onto I, of GABA_A onto E and I, and of the background
PAPERS = {
    "working_memory": ((0.104, 0.327), (0.081, 0.258), (1.25, 0.973), (2.08, 1.62), 10.0),
    "decision": ((0.05, 0.165), (0.04, 0.13), (1.3, 1.0), (2.1, 1.62), 5.0),
}
SHARES = {"working_memory": (0.1, 5, 2.1, 800), "decision": (0.15, 2, 1.7, 1600)}


@pytest.mark.parametrize("name", PAPERS)
def test_weights_and_sizes_are_those_of_the_paper(name):
    onto_E, onto_I, inhibition, outside, tau = PAPERS[name]
    fraction, groups, w_plus, cells = SHARES[name]
    net, populations = getattr(gs.models, name)()
    assert [*populations] == [*(f"E{k + 1}" for k in range(groups)), "E0", "I"]
    assert sum(p.size for p in populations.values()) == 1.25 * cells
    assert populations["I"].size == cells / 4
    assert populations["E1"].size == fraction * cells
    assert populations["E1"].receptors[2].kinetics.tau == tau

    def weights(pre, post):
        (found,) = (p for p in net.projections.values() if p.pre is populations[pre] and p.post is populations[post])
        return [found.weights[receptor] for receptor in found.weights]

    assert weights("E1", "E1") == pytest.approx([w_plus * w for w in onto_E])
    assert weights("E1", "E0") == pytest.approx(onto_E)
    assert weights("E0", "I") == pytest.approx(onto_I)
    assert [*weights("I", "E2"), *weights("I", "I")] == pytest.approx(inhibition)
    # The mean weight onto a cell of a group is that onto the other cells.
    pre = [part for part in populations if part != "I"]
    sizes = [populations[part].size for part in pre]
    assert np.average([weights(part, "E2")[1] for part in pre], weights=sizes) == pytest.approx(onto_E[1])
    for post, weight in zip(("E1", "I"), outside, strict=True):
        background = net.drives[f"background {post}"]
        assert (background.rate, background.weight) == (2400.0, weight)


def test_smaller_networks_have_stronger_synapses():
    whole, small = gs.models.working_memory()[0], gs.models.working_memory(0.1)[0]
    for name, projection in whole.projections.items():
        for receptor, weight in projection.weights.items():
            assert small.projections[name].weights[receptor] == pytest.approx(10.0 * weight)


def test_the_cue_is_a_drive_of_the_first_group():
    net, populations = gs.models.working_memory(cue=(300.0, 450.0), cue_rate=900.0)
    cue = net.drives["cue"]
    assert cue.target.parts[0].population is populations["E1"]
    assert (cue.rate, cue.start, cue.stop, cue.weight) == (900.0, 300.0, 450.0, 2.08)
    assert "cue" not in gs.models.working_memory(cue=None)[0].drives


def test_evidence_is_drawn_anew_around_its_mean():
    stimulus = (100.0, 20_100.0)
    rates = {}
    for seed in (1, 2):
        net, _ = gs.models.decision(0.25, 0.1, seed=seed, stimulus=stimulus)
        for group in ("E1", "E2"):
            drive = net.drives[f"evidence {group}"]
            assert drive.stop == stimulus[1]
            assert (drive.rate.times == np.arange(*stimulus, 50.0)).all()
            rates[group, seed] = drive.rate.values
    for group, mean in (("E1", 50.0), ("E2", 30.0)):
        assert rates[group, 1].mean() == pytest.approx(mean, abs=1.0)
        assert rates[group, 1].std() == pytest.approx(4.0, abs=0.6)
        assert not np.any(rates[group, 1] == rates[group, 2])
    assert abs(np.corrcoef(rates["E1", 1], rates["E2", 1])[0, 1]) < 0.2
    again = gs.models.decision(0.25, 0.1, seed=1, stimulus=stimulus)[0].drives["evidence E1"].rate.values
    assert (again == rates["E1", 1]).all()


@pytest.mark.parametrize(
    ("model", "arguments", "error", "text"),
    [
        (remember, {"scale": 0.01}, gs.ParameterError, "scale: must be"),
        (remember, {"cue": 5.0}, gs.ArgumentError, r"cue: must be a pair of times, \(start, stop\)"),
        (remember, {"cue": (1.0, 2.0, 3.0)}, gs.ArgumentError, "cue: must be a pair"),
        (remember, {"cue": (1.0, None)}, gs.ArgumentError, "cue: must be a pair"),
        (remember, {"cue": (5.0, 4.0)}, gs.ParameterError, "cue.stop: must be later than start = 5 ms"),
        (remember, {"cue_rate": -1.0}, gs.ParameterError, "cue_rate: must be"),
        (decide, {"coherence": 1.1}, gs.ParameterError, "coherence: must be"),
        (decide, {"seed": -1}, gs.ParameterError, "seed: must be"),
        (decide, {"stimulus": (0.0, 1e9)}, gs.ParameterError, "stimulus: must not last longer than 1e.07 ms"),
        (decide, {"stimulus": None}, gs.ArgumentError, "stimulus: must be a pair"),
    ],
)
def test_wrong_arguments_are_refused(model, arguments, error, text):
    with pytest.raises(error, match=text):
        model(**arguments)


def spikes(rates, duration=2000.0, size=20):
    """Regular spikes of populations, from the first to the last of each entry (ms) at a rate (Hz)."""
    parts = [(name, size, None) for name in rates]
    times, ids = [], []
    for k, periods in enumerate(rates.values()):
        for start, stop, rate in periods:
            train = np.arange(start + 0.1, stop, 1e3 / rate)
            times += [*np.tile(train, size)]
            ids += [*(k * size + np.repeat(np.arange(size), len(train)))]
    order = np.argsort(times, kind="stable")
    return SpikeData(parts, np.array(times)[order].round(1), np.array(ids)[order], duration)


def test_choices_and_rates_are_those_at_the_end_of_each_trial():
    first = spikes(
        {"E1": [(0.0, 1700.0, 5.0), (1800.0, 2000.0, 50.0)], "E2": [(0.0, 1700.0, 40.0), (1800.0, 2000.0, 10.0)]}
    )
    second = spikes({"E1": [(0.0, 2000.0, 10.0)], "E2": [(0.0, 2000.0, 50.0)]})
    run = Run({}, {"spikes": first}, 0.0, ({"spikes": second},))
    assert decision_measure({"c=0": run}) == {
        "E1 wins at c=0": 0.5,
        "winner at the end (Hz)": pytest.approx(50.0),
        "loser at the end (Hz)": pytest.approx(10.0),
    }
    pytest.importorskip("matplotlib")
    panels = decision_figure({"c=0": run}).axes
    assert [panel.get_title() for panel in panels][2] == "E1 wins"


def test_the_fit_of_the_paper_has_its_threshold():
    """At 9.2 %, 1 - 1 / (2 e) of the choices are correct."""
    assert float(correct(0.092)) == pytest.approx(1.0 - 0.5 / np.e)
    assert float(correct(0.0)) == 0.5


def test_a_cue_is_remembered_if_its_group_goes_on():
    others = {name: [(0.0, 2000.0, 5.0)] for name in (*OTHERS, "E0", "I")}
    goes_on = spikes({"E1": [(0.0, 1000.0, 5.0), (1000.0, 2000.0, 25.0)], **others})
    stops = spikes({"E1": [(0.0, 1000.0, 5.0), (1000.0, 1100.0, 100.0), (1100.0, 2000.0, 5.0)], **others})
    numbers = memory_measure({"": Run({}, {"spikes": goes_on}, 400.0, ({"spikes": stops},))})
    assert numbers["delay: trials that remember"] == 0.5
    assert numbers["delay: rate of cued group (Hz)"] == pytest.approx(15.0, abs=0.5)
    assert numbers["before: rate of cued group (Hz)"] == pytest.approx(5.0)
    early = goes_on.between(0.0, 900.0)
    assert all(name.startswith("before") for name in memory_measure({"": Run({}, {"spikes": early}, 400.0)}))


def test_the_figure_of_the_memory_has_a_conductance():
    pytest.importorskip("matplotlib")
    _, populations = gs.models.working_memory(0.02)
    drawn = SpikeData([(name, p.size, None) for name, p in populations.items()], [5.0, 8.0], [0, 3], 100.0)
    cells = TraceData(
        [("E1", 1, None), ("E2", 1, None)], {"g_NMDA": np.ones((100, 2))}, np.arange(1.0, 101.0), {"g_NMDA": "nS"}
    )
    run = Run(populations, {"spikes": drawn, "cells": cells}, 40.0)
    labels = [panel.get_ylabel() for panel in memory_figure({"": run}).axes]
    assert labels == ["neuron", "rate (Hz)", "g of NMDA (nS)"]


@pytest.mark.fuzz
@pytest.mark.usefixtures("optimised")
def test_a_cue_is_remembered_and_nothing_else_is():
    for cue, low, high in (((300.0, 400.0), 18.0, 40.0), (None, 0.5, 8.0)):
        net, populations = gs.models.working_memory(cue=cue)
        recorder = net.record(populations["E1"] + populations["E2"], "spikes", start=600.0)
        with gs.Simulator(net, seed=1) as sim:
            sim.run(1600.0)
            assert low < sim.data[recorder].rate("E1") < high
            assert 0.5 < sim.data[recorder].rate("E2") < 6.0


@pytest.mark.fuzz
@pytest.mark.usefixtures("optimised")
def test_strong_evidence_decides_for_either_group():
    for coherence, winner, loser in ((0.512, "E1", "E2"), (-0.512, "E2", "E1")):
        net, populations = gs.models.decision(coherence, seed=1, stimulus=(100.0, 1100.0))
        recorder = net.record(populations["E1"] + populations["E2"], "spikes", start=900.0)
        with gs.Simulator(net, seed=1) as sim:
            sim.run(1100.0)
            assert sim.data[recorder].rate(winner) > 15.0
            assert sim.data[recorder].rate(loser) < 6.0
    assert list(COHERENCES.values()) == [0.0, 0.064, 0.128, 0.256]
