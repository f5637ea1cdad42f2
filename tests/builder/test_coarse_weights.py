"""Weights that are much smaller than others of their array: the plan says how far rounding moves them."""

import re

import numpy as np
import pytest

import gpusyn as gs

FAR_APART = np.array([1.0, 1e-9, 0.0, 3.1e-9])


def network(weight, *, negative=False):
    net = gs.Network()
    receptor = gs.CurrentReceptor("I", tau=2.0) if negative else gs.AMPA(name="I")
    cells = net.population("E", 4, gs.LIF(), receptors=receptor)
    net.connect(cells, cells, gs.FromArrays([0, 1, 2, 3], [1, 2, 3, 0]), receptor="I", weight=weight)
    return net


def notes_of(net, **options):
    return [note for note in map(str, gs.plan(net, **options).layout.notes) if "weights onto" in note]


def off_by(net, weight, **options):
    """Return the relative errors of the weights that a simulation has and that are not 0."""
    with gs.Simulator(net, backend="numpy", **options) as sim:
        found = sim.weights(next(iter(net.projections))).weight
    given = weight != 0
    return np.abs(found[given] / weight[given] - 1.0)


@pytest.mark.parametrize("negative", [False, True])
def test_what_is_said_of_the_smallest_weights_is_what_happens(negative):
    weight = -FAR_APART if negative else FAR_APART
    net = network(weight, negative=negative)
    (note,) = notes_of(net)
    assert "Projection 'E->E:I': 2 of 4 weights onto 'I'" in note
    assert "precision='double'" in note
    bound = float(re.search(r"up to (\S+) %", note)[1]) / 100
    assert 0.01 < off_by(net, weight).max() <= bound


def test_double_precision_does_what_the_note_promises():
    net = network(FAR_APART)
    assert notes_of(net, precision="double") == []
    assert off_by(net, FAR_APART, precision="double").max() < 1e-6
    (note,) = notes_of(network(FAR_APART**2), precision="double")
    assert "a receptor of their own" in note


@pytest.mark.parametrize("weight", [1.0, 1e-4, gs.LogNormal(1.0, 3.0), [1.0, 0.0, 2.0, 1e-3], [0.0] * 4])
def test_nothing_is_said_of_other_weights(weight):
    assert notes_of(network(weight)) == []


def test_drives_and_ratios():
    net = gs.Network()
    cells = net.population("E", 4, gs.LIF(), receptors=[gs.AMPA(), gs.GABA_A()])
    net.drive(cells, "AMPA", rate=10.0, weight=FAR_APART, name="d")
    both = {"AMPA": 1.0 + FAR_APART, "GABA_A": gs.Ratio("AMPA", 2.0)}
    net.connect(cells, cells, gs.OneToOne(), weight=both, name="near")
    net.connect(cells, cells, gs.OneToOne(), weight=both | {"AMPA": FAR_APART}, name="far")
    said = [note.split(" are so")[0] for note in notes_of(net)]
    assert said == [
        "Projection 'far': 2 of 4 weights onto 'AMPA'",
        "Projection 'far': 2 of 4 weights onto 'GABA_A'",
        "Drive 'd': 2 of 4 weights onto 'AMPA'",
    ]
