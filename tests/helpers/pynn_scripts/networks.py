"""A network of 1,000 cells in balance."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.helpers.pynn_scripts.observed import Observed, begin, statistic
from tests.helpers.pynn_scripts.registry import script


def activity(cells: Any, duration: float) -> tuple[float, float]:
    """Mean rate (Hz) and mean CV of the intervals of cells with at least 5 spikes, without the first 100 ms."""
    trains = [np.sort(train.magnitude) for train in cells.get_data("spikes").segments[0].spiketrains]
    trains = [train[train > 100.0] for train in trains]
    gaps = [np.diff(train) for train in trains if len(train) >= 5]
    return (
        float(np.mean([len(train) for train in trains]) / (duration - 100.0) * 1000.0),
        float(np.mean([gap.std() / gap.mean() for gap in gaps])),
    )


@script
def balanced(sim: Any) -> dict[str, Observed]:
    """Brunel's network: 800 excitatory and 200 inhibitory cells, each with its own Poisson train and 100 synapses."""
    begin(sim)
    duration = 600.0
    cell = sim.IF_curr_exp(
        cm=0.25, tau_m=20.0, v_rest=0.0, v_reset=10.0, v_thresh=20.0, tau_refrac=2.0, tau_syn_E=0.5, tau_syn_I=0.5
    )
    cells = sim.Population(1000, cell)
    cells.initialize(v=10.0)
    drive = sim.Population(1000, sim.SpikeSourcePoisson(rate=2400.0))
    sim.Projection(drive, cells, sim.OneToOneConnector(), sim.StaticSynapse(weight=0.25, delay=1.0))
    synapses = {"excitatory": 0.25, "inhibitory": -1.5}
    for source, (receptor, weight) in zip((cells[:800], cells[800:]), synapses.items(), strict=True):
        connector = sim.FixedNumberPreConnector(source.size // 10)
        synapse = sim.StaticSynapse(weight=weight, delay=1.5)
        sim.Projection(source, cells, connector, synapse, receptor_type=receptor)
    cells.record("spikes")
    sim.run(duration)
    rate, cv = activity(cells, duration)
    why = "chance: another network and other trains"
    return {"rate": statistic(rate, 2.5, "Hz", why), "CV": statistic(cv, 0.06, "", why)}
