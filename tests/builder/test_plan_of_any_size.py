"""A plan counts neurons and synapses: it takes no memory for each of them."""

from __future__ import annotations

import tracemalloc

import pytest

import gpusyn as gs

MOST = 2**31 - 1  # neurons of a network
FEW = 1_000_000  # bytes; an array of a thousandth of the neurons takes more

RULES = {
    "FixedProbability": lambda n: gs.FixedProbability(1e-8, autapses=False),
    "FixedInDegree": lambda n: gs.FixedInDegree(100, autapses=False, multapses=False),
    "FixedOutDegree": lambda n: gs.FixedOutDegree(100, autapses=False, multapses=False),
    "FixedTotalNumber": lambda n: gs.FixedTotalNumber(100 * n, autapses=False, multapses=False),
    "AllToAll": lambda n: gs.AllToAll(autapses=False),
    "OneToOne": lambda n: gs.OneToOne(),
    "FromArrays": lambda n: gs.FromArrays([0, n - 1], [n - 1, 0]),
}


def network(rule, n):
    """Return a network with whole populations, slices of all kinds, joined selections, inputs and recorders."""
    net = gs.Network()
    most = n // 2
    cells = net.population("cells", most, gs.LIF(), receptors=[gs.AMPA(), gs.GABA_A()], V=gs.Uniform(-70.0, -60.0))
    others = net.population("others", n - most - 10, gs.PoissonSource(10.0))
    few = net.population("few", 10, gs.SpikeSource([1.0]))
    net.connect(cells, cells, rule(most), receptor="AMPA", weight=gs.LogNormal(1.0, 0.5), delay=gs.Uniform(1.0, 2.0))
    net.connect(cells, cells, gs.AllToAll(autapses=False), receptor="GABA_A", weight=1.0)
    net.connect(
        cells[: most // 2] + few, cells[most // 4 :], gs.FixedInDegree(5, autapses=False), receptor="AMPA", weight=1.0
    )
    net.connect(cells[::2], cells[1::3], gs.FixedOutDegree(5), receptor="AMPA", weight=1.0)
    net.connect(others[most // 3 :], cells[5], gs.FixedTotalNumber(5), receptor="AMPA", weight=1.0)
    net.drive(cells[10:], "AMPA", rate=10.0, weight=1.0)
    net.inject(cells, 10.0)
    net.clamp(cells[:3], -60.0)
    net.clamp(cells[5:], -60.0)
    net.record(cells + few, "spikes")
    net.record(cells[1:], "V", every=10.0)
    return net


@pytest.mark.parametrize("rule", RULES)
def test_a_plan_of_as_many_neurons_as_there_can_be_takes_no_memory_for_each(rule):
    str(gs.plan(network(RULES[rule], 1000)))  # what is imported on first use
    tracemalloc.start()
    try:
        net = network(RULES[rule], MOST)
        plan = gs.plan(net)
        texts = str(plan), plan.describe(details=True), repr(net), repr(net.populations["cells"])
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < FEW
    assert f"size: {MOST} neurons and sources, " in texts[0]
    assert not plan.fits
    with pytest.raises(gs.PlanMemoryError, match="Nothing was allocated"):
        gs.Simulator(net, backend="numpy")
