"""Connectors, what they connect, and what can be read and set of connections."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.helpers.pynn_scripts.observed import Observed, begin, spikes, statistic, trace
from tests.helpers.pynn_scripts.registry import script

CELL = {"cm": 0.25, "tau_m": 10.0, "tau_refrac": 2.0, "tau_syn_E": 5.0, "tau_syn_I": 5.0}
N = 6


def sources(sim: Any, number: int = N) -> Any:
    """Trains that differ from cell to cell."""
    from pyNN.parameters import Sequence

    times = [Sequence(np.round(np.arange(3.0 + k, 90.0, 11.0 + k), 1)) for k in range(number)]
    return sim.Population(number, sim.SpikeSourceArray(spike_times=times))


def simulated(sim: Any, projection: Any, cells: Any) -> dict[str, Observed]:
    """What the connections are, and what they do."""
    cells.record(["spikes", "v"])
    sim.run(100.0)
    rows = np.array(sorted(projection.get(["weight", "delay"], "list")), float)
    return {
        "connections": Observed(rows, 1e-9, "", "rounding of weights (nA) and delays (ms)"),
        "spikes": spikes(cells),
        "v": trace(cells, "v", 1e-10),
    }


@script
def one_to_one(sim: Any) -> dict[str, Observed]:
    """Weights as an array, of which the diagonal counts."""
    begin(sim)
    cells = sim.Population(N, sim.IF_curr_exp(**CELL))
    synapse = sim.StaticSynapse(weight=np.linspace(0.2, 2.0, N * N).reshape(N, N), delay=2.0)
    projection = sim.Projection(sources(sim), cells, sim.OneToOneConnector(), synapse, receptor_type="excitatory")
    return simulated(sim, projection, cells)


@script
def all_to_all(sim: Any) -> dict[str, Observed]:
    """Arrays of weights and delays."""
    begin(sim)
    cells = sim.Population(4, sim.IF_curr_exp(**CELL))
    weights = np.linspace(0.05, 0.5, 4 * N).reshape(N, 4)
    synapse = sim.StaticSynapse(weight=weights, delay=np.round(0.5 + 4.0 * weights, 1))
    return simulated(sim, sim.Projection(sources(sim), cells, sim.AllToAllConnector(), synapse), cells)


@script
def from_list(sim: Any) -> dict[str, Observed]:
    """A list with a pair that is connected twice."""
    begin(sim)
    cells = sim.Population(4, sim.IF_curr_exp(**CELL))
    rows = [(0, 1, 0.9, 1.0), (2, 1, 0.5, 2.5), (3, 0, 1.1, 0.3), (5, 3, 0.7, 1.0), (5, 3, 0.2, 4.0)]
    connector = sim.FromListConnector(rows)
    return simulated(sim, sim.Projection(sources(sim), cells, connector, sim.StaticSynapse()), cells)


@script
def of_distance(sim: Any) -> dict[str, Observed]:
    """Probability, weights and delays of distance, with a border that closes."""
    from pyNN.random import NumpyRNG
    from pyNN.space import Grid2D, Space

    begin(sim)
    from pyNN.parameters import Sequence

    times = [Sequence(np.arange(2.0 + 0.5 * k, 90.0, 13.0)) for k in range(36)]
    source = sim.Population(36, sim.SpikeSourceArray(spike_times=times), structure=Grid2D(dx=10.0, dy=10.0))
    cells = sim.Population(16, sim.IF_curr_exp(**CELL), structure=Grid2D(dx=15.0, dy=15.0))
    connector = sim.DistanceDependentProbabilityConnector("exp(-d/20.0)", rng=NumpyRNG(seed=3))
    synapse = sim.StaticSynapse(weight=lambda d: 0.3 * np.exp(-d / 30.0), delay=lambda d: 0.5 + 0.04 * d)
    space = Space(axes="xy", periodic_boundaries=((0.0, 60.0), (0.0, 60.0)))
    projection = sim.Projection(source, cells, connector, synapse, space=space)
    return simulated(sim, projection, cells)


@script
def random_weights(sim: Any) -> dict[str, Observed]:
    """A fixed probability and weights of a distribution, both by one generator of PyNN's."""
    from pyNN.random import NumpyRNG, RandomDistribution

    begin(sim)
    rng = NumpyRNG(seed=5)
    cells = sim.Population(10, sim.IF_curr_exp(**CELL))
    synapse = sim.StaticSynapse(weight=RandomDistribution("uniform", (0.1, 0.6), rng=rng), delay=1.2)
    connector = sim.FixedProbabilityConnector(0.4, rng=rng)
    return simulated(sim, sim.Projection(sources(sim, 10), cells, connector, synapse), cells)


@script
def inhibition(sim: Any) -> dict[str, Observed]:
    """Inhibitory weights of currents and of conductances: their signs when read, and what they do."""
    begin(sim)
    seen = {}
    for name, cell, weight in (("current", sim.IF_curr_exp, -0.4), ("conductance", sim.IF_cond_exp, 0.02)):
        cells = sim.Population(2, cell(**CELL))
        synapse = sim.StaticSynapse(weight=weight, delay=1.0)
        projection = sim.Projection(
            sources(sim, 2), cells, sim.AllToAllConnector(), synapse, receptor_type="inhibitory"
        )
        cells.record("v")
        seen[name] = (projection, cells)
    sim.run(50.0)
    return {
        f"{what} of {name}": found
        for name, (projection, cells) in seen.items()
        for what, found in (
            ("weights", Observed(projection.get("weight", "array"), 1e-12, "")),
            ("v", trace(cells, "v", 1e-10 if name == "current" else 1e-3)),
        )
    }


@script
def read(sim: Any) -> dict[str, Observed]:
    """Every form of reading, before and after setting."""
    begin(sim)
    cells = sim.Population(3, sim.IF_curr_exp(**CELL))
    rows = [(0, 0, 0.1, 1.0), (1, 0, 0.2, 2.0), (1, 2, 0.3, 3.0), (2, 1, 0.4, 4.0)]
    projection = sim.Projection(sources(sim, 3), cells, sim.FromListConnector(rows), sim.StaticSynapse())
    sim.run(10.0)
    weights, delays = projection.get(["weight", "delay"], "array")
    bare = np.sort(np.array(projection.get("weight", "list", with_address=False)))
    projection.set(weight=0.7)
    seen = {
        "weights": weights,
        "delays": delays,
        "without addresses": bare,
        "after setting": projection.get("weight", "array"),
        "size": np.array([projection.size()]),
    }
    return {name: Observed(np.asarray(values, float), 1e-12, "") for name, values in seen.items()}


@script
def native_rules(sim: Any) -> dict[str, Observed]:
    """How many synapses each rule makes, where no generator of PyNN's is asked for."""
    begin(sim)
    pre, post = sim.Population(200, sim.IF_curr_exp()), sim.Population(150, sim.IF_curr_exp())
    rules = {
        "probability": sim.FixedProbabilityConnector(0.1),
        "each target's": sim.FixedNumberPreConnector(20),
        "each source's": sim.FixedNumberPostConnector(20),
        "all": sim.AllToAllConnector(),
    }
    seen = {}
    for name, rule in rules.items():
        projection = sim.Projection(pre, post, rule, sim.StaticSynapse(weight=0.1, delay=1.0))
        pairs = np.array(projection.get("weight", "list"))[:, :2].astype(int)
        incoming, outgoing = (np.bincount(pairs[:, k], minlength=n) for k, n in ((1, 150), (0, 200)))
        exact = name != "probability"
        why = "rounding" if exact else "chance: binomial"
        seen[f"number, {name}"] = statistic(len(pairs), 0.0 if exact else 300.0, "", why)
        fixed = {"each target's": incoming, "each source's": outgoing}.get(name)
        if fixed is not None:
            seen[f"degrees, {name}"] = statistic(fixed, 0.0, "", "rounding")
        spread = {"each target's": outgoing, "each source's": incoming, "probability": incoming}.get(name)
        if spread is not None:
            seen[f"spread of degrees, {name}"] = statistic(spread.std(), 1.5, "", "chance: binomial")
    return seen
