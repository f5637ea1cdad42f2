"""Synapses that change: weights and currents over time."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.helpers.pynn_scripts.observed import Observed, begin, spikes, trace
from tests.helpers.pynn_scripts.registry import script

CELL = {"cm": 0.25, "tau_m": 10.0, "tau_refrac": 2.0, "tau_syn_E": 2.0, "tau_syn_I": 2.0}
DURATION = 300.0


READ = np.arange(500, 3001, 500)  # steps: all sources spike then, because NEST's synapses see the past at a spike only


def learned(sim: Any, plastic: int, cells: Any, rule: Any, first: np.ndarray, strength: float) -> dict[str, Observed]:
    """Weights over time from some sources onto two cells that strong trains make spike, though not while one reads."""
    from pyNN.parameters import Sequence

    rng = np.random.default_rng(8)
    steps = np.arange(20, 2990)
    weak = [np.union1d(rng.choice(steps, 20, replace=False), READ) for _ in range(plastic)]
    strong = [np.sort(rng.choice(steps[(steps % 500 > 20) & (steps % 500 < 350)], 20, replace=False)) for _ in range(2)]
    sources, drivers = (
        sim.Population(len(trains), sim.SpikeSourceArray(spike_times=[Sequence(0.1 * train) for train in trains]))
        for trains in (weak, strong)
    )
    connector = sim.FromListConnector([(*pair, weight, 1.3) for pair, weight in np.ndenumerate(first)])
    projection = sim.Projection(sources, cells, connector, rule, receptor_type="excitatory")
    sim.Projection(drivers, cells, sim.OneToOneConnector(), sim.StaticSynapse(weight=strength, delay=1.0))
    cells.record(["spikes", "v"])
    weights = []
    for step in READ:
        sim.run_until(0.1 * step + 0.3)
        weights.append(projection.get("weight", "array"))
    return {"weights": Observed(np.array(weights), 1e-12, "nA"), "spikes": spikes(cells)}


def pairs(sim: Any, dependence: Any) -> dict[str, Observed]:
    """Pairs of spikes with some dependence on the weight; V too."""
    begin(sim)
    cells = sim.Population(2, sim.IF_curr_exp(**CELL))
    rule = sim.STDPMechanism(
        timing_dependence=sim.SpikePairRule(tau_plus=20.0, tau_minus=15.0, A_plus=0.02, A_minus=0.022),
        weight_dependence=dependence,
    )
    first = np.array([[0.05, 0.1], [0.15, 0.02], [0.19, 0.1]])
    return learned(sim, 3, cells, rule, first, strength=6.0) | {"v": trace(cells, "v", 1e-9)}


@script
def pair_additive(sim: Any) -> dict[str, Observed]:
    """Pairs, additive."""
    return pairs(sim, sim.AdditiveWeightDependence(w_min=0.0, w_max=0.2))


@script
def pair_multiplicative(sim: Any) -> dict[str, Observed]:
    """Pairs, multiplicative."""
    return pairs(sim, sim.MultiplicativeWeightDependence(w_min=0.0, w_max=0.2))


@script
def pair_mixed(sim: Any) -> dict[str, Observed]:
    """Pairs, additive potentiation and multiplicative depression."""
    return pairs(sim, sim.AdditivePotentiationMultiplicativeDepression(w_min=0.0, w_max=0.2))


@script
def pair_gutig(sim: Any) -> dict[str, Observed]:
    """Pairs, roots of the weight, because PyNN forgets other powers in NEST."""
    return pairs(sim, sim.GutigWeightDependence(w_min=0.0, w_max=0.2, mu_plus=0.5, mu_minus=0.5))


@script
def tsodyks_markram(sim: Any) -> dict[str, Observed]:
    """Depression and facilitation: the currents of a train, seen in V."""
    begin(sim)
    times = np.round(np.cumsum(np.random.default_rng(4).exponential(12.0, 20) + 2.0), 1)
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=times))
    cells = sim.Population(2, sim.IF_curr_exp(**CELL, v_thresh=0.0))
    for k, (use, recovery, facilitation) in enumerate([(0.5, 200.0, 0.0), (0.1, 50.0, 400.0)]):
        synapse = sim.TsodyksMarkramSynapse(U=use, tau_rec=recovery, tau_facil=facilitation, weight=1.0, delay=1.0)
        sim.Projection(source, cells[k : k + 1], sim.AllToAllConnector(), synapse, receptor_type="excitatory")
    cells.record("v")
    sim.run(DURATION)
    return {"v": trace(cells, "v", 1e-9)}


@script
def release(sim: Any) -> dict[str, Observed]:
    """Release by chance: how many of the spikes arrive."""
    begin(sim)
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=np.arange(5.0, 995.0, 10.0)))
    cells = sim.Population(100, sim.IF_curr_exp(**CELL, v_thresh=0.0))
    synapse = sim.SimpleStochasticSynapse(weight=1.0, delay=1.0, p=0.3)
    sim.Projection(source, cells, sim.AllToAllConnector(), synapse, receptor_type="excitatory")
    cells.record("v")
    sim.run(1000.0)
    (v,) = cells.get_data().segments[0].filter(name="v")
    above = np.asarray(v.magnitude) + 65.0
    why = "chance: 9,900 trials"
    return {
        "mean of V": Observed(np.array([above.mean()]), 0.2, "mV", why),
        "deviation of V": Observed(np.array([above.std()]), 0.1, "mV", why),
    }


@script
def quantal(sim: Any) -> dict[str, Observed]:
    """Release from several sites that recover by themselves: V of many cells with one train."""
    begin(sim)
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=np.arange(5.0, 245.0, 20.0)))
    cells = sim.Population(200, sim.IF_curr_exp(**CELL, v_thresh=0.0))
    synapse = sim.MultiQuantalSynapse(weight=0.5, delay=1.0, n=4, U=0.5, tau_rec=100.0, tau_facil=0.0)
    sim.Projection(source, cells, sim.AllToAllConnector(), synapse, receptor_type="excitatory")
    cells.record("v")
    sim.run(250.0)
    (v,) = cells.get_data().segments[0].filter(name="v")
    above = np.asarray(v.magnitude)[1260::200] + 65.0  # a ms after each spike
    why = "chance: 200 trials; in NEST one site is full at first, so the first six spikes are left out"
    return {
        "mean of V": Observed(above.mean(axis=1), 0.2, "mV", why),
        "deviation": Observed(above.std(axis=1), 0.15, "mV", why),
    }


@script
def vogels(sim: Any) -> dict[str, Observed]:
    """Vogels' rule, onto excitation; PyNN has none for NEST, whose own synapse is used there."""
    begin(sim)
    cells = sim.Population(2, sim.IF_curr_exp(**CELL))
    if sim.__name__ == "pyNN.nest":
        rule = sim.native_synapse_type("vogels_sprekeler_synapse")(tau=20.0, eta=1.0, alpha=0.2, Wmax=300.0)
        cells.node_collection.set(tau_minus=20.0)
    else:
        rule = sim.STDPMechanism(
            timing_dependence=sim.Vogels2011Rule(tau=20.0, eta=0.001, rho=5.0),
            weight_dependence=sim.AdditiveWeightDependence(w_min=0.0, w_max=0.3),
        )
    first = np.array([[0.01, 0.02], [0.005, 0.01]])
    factor = 1000.0 if sim.__name__ == "pyNN.nest" else 1.0  # weights of native synapses are in pA
    return learned(sim, 2, cells, rule, factor * first, strength=6.0)
