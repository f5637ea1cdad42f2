"""Synapses that change: weights and currents over time."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.helpers.pynn_scripts.observed import Observed, begin, spikes, trace
from tests.helpers.pynn_scripts.registry import script

CELL = {"cm": 0.25, "tau_m": 10.0, "tau_refrac": 2.0, "tau_syn_E": 2.0, "tau_syn_I": 2.0}
DURATION = 300.0


def pairs(sim: Any, dependence: Any) -> dict[str, Observed]:
    """Weights of plastic synapses onto cells that strong trains make spike, and V.

    Weights are read after spikes of all sources, because NEST's synapses see what happened only when a spike comes.
    """
    from pyNN.parameters import Sequence

    begin(sim)
    rng = np.random.default_rng(8)
    own = [rng.choice(np.arange(20, 2990), 20, replace=False) for _ in range(5)]
    common = np.arange(500, 3001, 500)
    trains = [Sequence(0.1 * np.union1d(train, common)) for train in own[:3]]
    plastic = sim.Population(3, sim.SpikeSourceArray(spike_times=trains))
    strong = sim.Population(2, sim.SpikeSourceArray(spike_times=[Sequence(0.1 * np.sort(train)) for train in own[3:]]))
    cells = sim.Population(2, sim.IF_curr_exp(**CELL))
    rule = sim.STDPMechanism(
        timing_dependence=sim.SpikePairRule(tau_plus=20.0, tau_minus=15.0, A_plus=0.02, A_minus=0.022),
        weight_dependence=dependence,
    )
    first = np.array([[0.05, 0.1], [0.15, 0.02], [0.19, 0.1]])
    connector = sim.FromListConnector([(*pair, weight, 1.3) for pair, weight in np.ndenumerate(first)])
    learned = sim.Projection(plastic, cells, connector, rule, receptor_type="excitatory")
    sim.Projection(strong, cells, sim.OneToOneConnector(), sim.StaticSynapse(weight=6.0, delay=1.0))
    cells.record(["spikes", "v"])
    weights = []
    for step in common:
        sim.run_until(0.1 * step + 0.3)
        weights.append(learned.get("weight", "array"))
    return {"weights": Observed(np.array(weights), 1e-12, "nA"), "spikes": spikes(cells), "v": trace(cells, "v", 1e-9)}


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
