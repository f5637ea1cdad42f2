"""Connectors, what they connect, and what can be read and set of connections."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.helpers.pynn_scripts.observed import ROUNDING, Observed, begin, spikes, statistic, trace
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
        "connections": Observed(rows, 1e-9, "nA and ms"),
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
        why = ROUNDING if exact else "chance: binomial"
        seen[f"number, {name}"] = statistic(len(pairs), 0.0 if exact else 300.0, "", why)
        fixed = {"each target's": incoming, "each source's": outgoing}.get(name)
        if fixed is not None:
            seen[f"degrees, {name}"] = Observed(1.0 * fixed, 0.0, "")
        spread = {"each target's": outgoing, "each source's": incoming, "probability": incoming}.get(name)
        if spread is not None:
            seen[f"spread of degrees, {name}"] = statistic(spread.std(), 1.5, "", "chance: binomial")
    return seen


@script
def drawn_by_pynn(sim: Any) -> dict[str, Observed]:
    """What connectors connect that draw with a generator of PyNN's."""
    from pyNN.random import NumpyRNG

    begin(sim)
    pre, post = sim.Population(12, sim.IF_curr_exp()), sim.Population(9, sim.IF_curr_exp())
    rng = NumpyRNG(seed=11)
    rules = {
        "probability": sim.FixedProbabilityConnector(0.3, rng=rng),
        "each target's": sim.FixedNumberPreConnector(4, rng=rng),
        "each target's, again and again": sim.FixedNumberPreConnector(15, with_replacement=True, rng=rng),
        "each source's": sim.FixedNumberPostConnector(4, rng=rng),
        "of indices": sim.IndexBasedProbabilityConnector(of_indices(), rng=rng),
        "of an array": sim.ArrayConnector(np.arange(108).reshape(12, 9) % 5 == 0),
    }
    seen = {}
    for name, rule in rules.items():
        synapse = sim.StaticSynapse(weight=0.1, delay=1.0)
        projection = sim.Projection(pre, post, rule, synapse, receptor_type="excitatory")
        pairs = np.array(sorted(projection.get("weight", "list")), float)
        seen[name] = Observed(pairs, 1e-12, "nA")
    copied = sim.Projection(pre, post, sim.CloneConnector(projection), synapse, receptor_type="excitatory")
    seen["copied"] = Observed(np.array(sorted(copied.get("weight", "list")), float), 1e-12, "")
    return seen


def of_indices() -> Any:
    """A probability that follows from the numbers of two cells."""
    from pyNN.core import IndexBasedExpression

    class Near(IndexBasedExpression):
        def __call__(self, i: Any, j: Any) -> Any:
            return 0.5 * (abs(i - j) < 4)

    return Near()


@script
def values_drawn_by_pynn(sim: Any) -> dict[str, Observed]:
    """Parameters, initial values and weights of distributions, each with its own generator of PyNN's.

    With NEST, PyNN copies a generator before it draws parameters, and draws the potentials of t = 0 again.
    """
    from pyNN.random import NumpyRNG, RandomDistribution

    def drawn(seed: int, law: str, *numbers: float) -> Any:
        return RandomDistribution(law, numbers, rng=NumpyRNG(seed=seed))

    begin(sim)
    cells = sim.Population(5, sim.IF_curr_exp(**CELL | {"tau_m": drawn(1, "uniform", 8.0, 20.0)}))
    cells.set(i_offset=drawn(2, "normal", 0.4, 0.1))
    cells.initialize(v=drawn(3, "uniform", -65.0, -52.0))
    synapse = sim.StaticSynapse(weight=0.2, delay=1.0)
    projection = sim.Projection(sources(sim, 3), cells, sim.AllToAllConnector(), synapse)
    projection.set(weight=drawn(4, "uniform", 0.1, 0.5))
    seen = simulated(sim, projection, cells)
    seen["v"] = seen["v"]._replace(values=seen["v"].values[1:])
    return seen | {"tau_m": Observed(np.asarray(cells.get("tau_m"), float), 1e-9, "ms")}


@script
def several_of_a_pair(sim: Any) -> dict[str, Observed]:
    """A pair with three synapses, read in every way."""
    begin(sim)
    cells = sim.Population(2, sim.IF_curr_exp(**CELL))
    rows = [(0, 0, 0.9, 1.0), (0, 0, 0.3, 2.0), (0, 0, 0.6, 3.0), (1, 1, 1.4, 1.0)]
    projection = sim.Projection(sources(sim, 2), cells, sim.FromListConnector(rows), sim.StaticSynapse())
    seen = {
        way: Observed(projection.get("weight", "array", multiple_synapses=way), 1e-12, "nA")
        for way in ("sum", "min", "max")
    }
    return seen | simulated(sim, projection, cells)


@script
def min_delay(sim: Any) -> dict[str, Observed]:
    """A least delay of ten steps."""
    begin(sim, min_delay=1.0)
    cells = sim.Population(3, sim.IF_curr_exp(**CELL, i_offset=0.2))
    synapse = sim.StaticSynapse(weight=0.6, delay=1.0)
    return simulated(sim, sim.Projection(sources(sim, 3), cells, sim.OneToOneConnector(), synapse), cells)


@script
def two_spikes_of_a_step(sim: Any) -> dict[str, Observed]:
    """A source with equal times, and cells that reach one cell in the same step."""
    begin(sim)
    source = sim.Population(2, sim.SpikeSourceArray(spike_times=[10.0, 10.0, 20.0, 30.0, 30.0, 30.0]))
    cells = sim.Population(2, sim.IF_curr_exp(**CELL))
    synapse = sim.StaticSynapse(weight=0.6, delay=1.0)
    cells.record("v")
    sim.Projection(source, cells, sim.OneToOneConnector(), synapse)
    sim.Projection(sources(sim, 2), cells, sim.OneToOneConnector(), synapse)
    sim.run(60.0)
    return {"v": trace(cells, "v", 1e-10)}
