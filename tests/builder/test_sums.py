"""The sums of a population depend on what is upstream of it, and on nothing else."""

import pytest

import gpusyn as gs
from gpusyn.builder.sums import largest_upstream
from tests.helpers.long_checks import pairs
from tests.helpers.runs import BACKENDS, backend_named, differences, outcome


def cells(net, size=40, largest=None):
    """Add lively cells with two receptors; sums of 32 bits suffice unless the largest weight is far above the mean."""
    E = net.population("E", size, gs.LIF(), receptors=[gs.AMPA(), gs.NMDA()], V=gs.Uniform(-60.0, -55.0))
    net.drive(E, "AMPA", rate=3000.0, weight=gs.LogNormal(2.0, 0.5), name="noise")
    weight = {"AMPA": gs.LogNormal(1.0, 0.3), "NMDA": 0.1}
    bound = None if largest is None else {"AMPA": largest}
    net.connect(E, E, gs.FixedProbability(0.2), weight=weight, w_max=bound, delay=1.5, name="EE")
    net.record(E, ["V", "g_AMPA", "g_NMDA"], name="traces")
    net.record(E, "spikes", name="spikes")
    return E


def far_apart(net):
    """Add a population whose weights and sums need 64 bits."""
    others = net.population("far apart", 3, gs.LIF(), receptors=[gs.AMPA()])
    net.connect(others, others, gs.FixedProbability(0.5), receptor="AMPA", weight=1e-3, w_max=1e6)
    return others


def large(net):
    """Add a population whose weights are large, and whose sums need 64 bits."""
    others = net.population("large", 300, gs.LIF(), receptors=[gs.AMPA()])
    net.connect(others, others, gs.AllToAll(), receptor="AMPA", weight=gs.LogNormal(1e3, 500.0))
    return others


def gated(net):
    """Add a population whose sources own gates."""
    others = net.population("gated", 3, gs.LIF(), receptors=[gs.AMPA(kinetics=gs.kinetics.Saturating(0.3, 2.0, 60.0))])
    net.connect(others, others, gs.FixedProbability(0.5), receptor="AMPA", weight=1.0)
    return others


def run(backend, other=None, *, before=False, downstream=False, largest=None, weights="exact"):
    """Return what the cells do, and the types of the sums and of stored weights."""
    net = gs.Network()
    others = other(net) if other and before else None
    E = cells(net, largest=largest)
    if other and not before:
        others = other(net)
    if downstream:
        net.connect(E, others, gs.FixedProbability(0.2), receptor="AMPA", weight=0.5)
    with gs.Simulator(net, dt=0.1, seed=2, backend=backend_named(backend), weights=weights) as sim:
        sim.step(80)
        numbers = sim._compiled.layout.numbers
        found = {key: values for key, values in outcome(sim).items() if key.startswith(("spikes", "traces"))}
    return found, (numbers.acc, numbers.weight)


@pytest.mark.parametrize(("weights", "largest"), pairs(["exact", "compact"], [None, 300.0]))
def test_what_is_not_upstream_changes_no_bit(largest, weights):
    alone, numbers = run("numpy", largest=largest, weights=weights)
    assert alone["spikes times"].size > 5
    types = {numbers}
    for other in (far_apart, large, gated):
        for how in ({"before": True}, {"downstream": True}):
            found, numbers = run("numpy", other, **how, largest=largest, weights=weights)
            types.add(numbers)
            assert differences(found, alone) == [], (other, how)
    assert {acc for acc, _ in types} >= ({"int32", "int64"} if largest is None else {"int64"})
    assert {weight for _, weight in types} == ({"int16"} if weights == "compact" else {"int32", "int64"})


@pytest.mark.parametrize("name", BACKENDS[1:])
def test_the_type_of_the_sums_changes_no_bit(name):
    (alone, few), (beside, many) = run(name), run(name, far_apart)
    assert (few, many) == (("int32", "int32"), ("int64", "int64"))
    assert differences(beside, alone) == []


def chain(*sizes):
    """Return the layout of populations of which each projects to the next, the last to the first but one."""
    net = gs.Network()
    found = [net.population(f"p{n}", size, gs.LIF(), receptors=[gs.AMPA()]) for n, size in enumerate(sizes)]
    for one, other in zip(found, found[1:] + found[1:2], strict=True):
        net.connect(one, other, gs.FixedInDegree(1), receptor="AMPA", weight=1.0)
    return gs.plan(net).layout


def test_numbers_go_downstream_and_around_loops():
    layout = chain(2, 2, 2, 2)
    assert largest_upstream({"p0": 1, "p1": 0, "p2": 3, "p3": 2}, layout) == {"p0": 1, "p1": 3, "p2": 3, "p3": 3}
    assert largest_upstream({"p0": 7, "p2": 3}, layout) == {"p0": 7, "p1": 7, "p2": 7, "p3": 7}
    assert largest_upstream({"p0": -7, "p3": -5}, layout) == {"p0": -7, "p1": -5, "p2": -5, "p3": -5}


@pytest.mark.parametrize("joined", [False, True])
def test_rows_reach_several_populations_that_excite_each_other(joined):
    """Quanta of their own would store equal weights as different numbers, and each target population needs rows."""
    net = gs.Network()
    sizes = {"a": 100, "b": 900}
    found = {name: net.population(name, n, gs.LIF(), receptors=[gs.AMPA()]) for name, n in sizes.items()}
    for pre in found:
        for post in found if joined else (pre,):
            weight = gs.LogNormal(1.0, 1.0, high=3e3)
            net.connect(found[pre], found[post], gs.FixedProbability(0.1), receptor="AMPA", weight=weight)
    layout = gs.plan(net).layout
    quanta = {place.sums[0].quantum.exponent for place in layout.populations.values()}
    assert layout.numbers.acc == "int64"
    assert len(quanta) == (1 if joined else 2)
    assert {len(bundle.pathways) for bundle in layout.bundles} == ({2} if joined else {1})
