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
    unit = "pA" if negative else "nS"
    assert "Projection 'E->E:I': 2 of 4 weights onto 'I'" in note
    assert f"the smallest, 1e-09 {unit}, by " in note
    said = float(re.search(r"by (\S+) %;", note)[1]) / 100
    assert said > 0.01
    assert off_by(net, weight)[1] == pytest.approx(said, rel=0.05)


def test_what_the_note_promises_helps():
    net = network(FAR_APART)
    (note,) = notes_of(net)
    assert note.endswith("; use precision='double', or connect them by a projection of their own")
    assert notes_of(net, precision="double") == []
    assert off_by(net, FAR_APART, precision="double").max() < 1e-6
    (note,) = notes_of(network(FAR_APART**2), precision="double")
    assert note.endswith("; give them to a receptor of their own")
    apart = gs.Network()
    cells = apart.population("E", 4, gs.LIF(), receptors=gs.AMPA(name="I"))
    large, small = np.split(1e4 * FAR_APART, [1])  # the least is not taken for siemens
    assert len(notes_of(network(1e4 * FAR_APART))) == 1
    for name, part in {"small": small, "large": large}.items():
        rows = np.arange(len(part))
        apart.connect(cells, cells, gs.FromArrays(rows, rows), receptor="I", weight=part, name=name)
    assert notes_of(apart) == []
    assert off_by(apart, small).max() < 1e-6


@pytest.mark.parametrize("far", [1e4, 1e6])
def test_weights_in_two_bytes(far):
    weight = np.array([1.0, 0.5, 0.0, 1.0 / far])
    net = network(weight)
    (note,) = notes_of(net, weights="compact")
    assert "1 of 4 weights onto 'I' are so much smaller than others that rounding changes them by more than 5 %" in note
    assert f"the smallest, {1 / far:g} nS, " + ("to 0" if far > 1e5 else "by ") in note
    assert off_by(net, weight, weights="compact").max() > 0.05
    assert note.endswith("; use weights='exact', or connect them by a projection of their own")
    assert notes_of(net) == []
    assert off_by(net, weight).max() < 1e-3
    assert notes_of(network([1.0, 0.5, 0.0, 1e-3]), weights="compact") == []
    # before it is built, a plan does not say that no weight becomes 0
    assert "round to 0: counted when" in gs.plan(net, weights="compact").describe()


def test_distributions_are_drawn():
    wide = network(gs.LogNormal(1.0, 3.0))
    (note,) = notes_of(wide, weights="compact")
    assert "Projection 'E->E:I': 100 % of the weights onto 'I'" in note
    assert "the smallest of 1000 drawn, 0.00674 nS, to 0; use weights='exact', or give the distr" in note
    assert notes_of(network(gs.LogNormal(1.0, 3.0, high=10.0)), weights="compact") == []
    assert notes_of(network(gs.Uniform(0.0, 1.0)), weights="compact") == []


def test_one_weight_beside_a_much_larger_one():
    net = network(1e-3)
    cells = net.populations["E"]
    net.connect(cells, cells, gs.OneToOne(), receptor="I", weight=1e15, name="large")
    (note,) = notes_of(net)
    assert "Projection 'E->E:I': 1 of 1 weights onto 'I'" in note
    assert note.endswith("the smallest, 0.001 nS, by 2.3 %; give them to a receptor of their own")
    assert off_by(net, np.full(4, 1e-3)).max() == pytest.approx(0.023, rel=0.05)


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
