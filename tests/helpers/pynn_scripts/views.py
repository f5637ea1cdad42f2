"""Views and assemblies as sources, as targets and as what is recorded."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.helpers.pynn_scripts.observed import Observed, begin, spikes, trace
from tests.helpers.pynn_scripts.registry import script

CELL = {"cm": 0.25, "tau_m": 10.0, "tau_refrac": 2.0, "tau_syn_E": 5.0, "tau_syn_I": 5.0}


@script
def views(sim: Any) -> dict[str, Observed]:
    """A view to a view of cells that are not neighbours."""
    begin(sim)
    source = sim.Population(6, sim.SpikeSourceArray(spike_times=np.arange(5.0, 90.0, 9.0)))
    cells = sim.Population(8, sim.IF_curr_exp(**CELL))
    some = cells[np.array([0, 3, 4, 7])]
    weights = np.linspace(0.1, 0.5, 12).reshape(3, 4)
    synapse = sim.StaticSynapse(weight=weights, delay=1.0)
    projection = sim.Projection(source[1::2], some, sim.AllToAllConnector(), synapse)
    cells.initialize(v=np.linspace(-65.0, -58.0, 8))
    some[2:4].set(v_thresh=-55.0)
    some.record("v")
    cells[0:4].record("spikes")
    sim.run(100.0)
    return {
        "v": trace(some, "v", 1e-10),
        "spikes": spikes(cells),
        "weights": Observed(projection.get("weight", "array"), 1e-12, "nA"),
        "thresholds": Observed(np.array(cells.get("v_thresh"), float), 1e-12, "mV"),
    }


@script
def assemblies(sim: Any) -> dict[str, Observed]:
    """An assembly of two kinds of cells: target of one projection and source of another."""
    begin(sim)
    source = sim.Population(2, sim.SpikeSourceArray(spike_times=np.arange(5.0, 90.0, 9.0)))
    first = sim.Population(3, sim.IF_curr_exp(**CELL, i_offset=0.3))
    second = sim.Population(2, sim.IF_curr_alpha(**CELL, i_offset=0.35))
    last = sim.Population(2, sim.IF_curr_exp(**CELL))
    both = first + second
    weights = np.linspace(0.1, 1.0, 10).reshape(2, 5)
    connector = sim.AllToAllConnector()
    inward, outward = (
        sim.Projection(*ends, connector, sim.StaticSynapse(weight=w, delay=1.0), receptor_type="excitatory")
        for *ends, w in ((source, both, weights), (both, last, weights.T))
    )
    both.record(["spikes", "v"])
    last.record(["spikes", "v"])
    sim.run(100.0)
    return {
        "v of the assembly": Observed(
            np.concatenate([trace(part, "v", 0.0).values for part in (first, second)], axis=1), 1e-10, "mV"
        ),
        "spikes of the assembly": spikes(both),
        "v behind it": trace(last, "v", 1e-10),
        "spikes behind it": spikes(last),
        "weights to it": Observed(inward.get("weight", "array"), 1e-12, "nA"),
        "weights from it": Observed(outward.get("weight", "array"), 1e-12, "nA"),
    }


@script
def recurrent(sim: Any) -> dict[str, Observed]:
    """Cells that reach one another, without themselves, and a view of them as source of another projection."""
    begin(sim)
    cells = sim.Population(5, sim.IF_curr_exp(**CELL, i_offset=[0.4, 0.42, 0.45, 0.5, 0.2]))
    connector = sim.AllToAllConnector(allow_self_connections=False)
    projection = sim.Projection(cells, cells, connector, sim.StaticSynapse(weight=0.15, delay=1.5))
    sim.Projection(
        cells[:2], cells[4:], connector, sim.StaticSynapse(weight=-0.3, delay=0.7), receptor_type="inhibitory"
    )
    cells.record(["spikes", "v"])
    sim.run(200.0)
    return {
        "spikes": spikes(cells),
        "v": trace(cells, "v", 1e-10),
        "weights": Observed(projection.get("weight", "array"), 1e-12, "nA"),
    }


@script
def positions(sim: Any) -> dict[str, Observed]:
    """Where cells lie, and which are nearest to a point."""
    from pyNN.space import Grid3D, Line

    begin(sim)
    line = sim.Population(5, sim.IF_curr_exp(), structure=Line(dx=20.0, x0=5.0))
    grid = sim.Population(27, sim.IF_curr_exp(), structure=Grid3D(dx=10.0, dy=5.0, dz=2.0))
    nearest = [grid.id_to_index(grid.nearest(point)) for point in ((21.0, 4.0, 3.9), (0.0, 0.0, 0.0))]
    return {
        "line": Observed(line.positions, 1e-12, "um"),
        "grid": Observed(grid.positions, 1e-12, "um"),
        "nearest": Observed(np.array(nearest, float), 0.0, ""),
    }


@script
def counts_of_assemblies(sim: Any) -> dict[str, Observed]:
    """Counts and data of an assembly of a population and a view."""
    begin(sim)
    first = sim.Population(3, sim.IF_curr_exp(**CELL, i_offset=[0.4, 0.5, 0.6]))
    second = sim.Population(4, sim.IF_curr_exp(**CELL, i_offset=[0.3, 0.7, 0.8, 0.9]))
    some = first + second[1:3]
    some.record("spikes")
    sim.run(100.0)
    counts = some.get_spike_counts()
    return {
        "counts": Observed(np.array([counts[cell] for cell in some], float), 0.0, ""),
        "mean": Observed(np.array([some.mean_spike_count()]), 1e-12, ""),
        "spikes": spikes(some),
        "size": Observed(np.array([float(some.size)]), 0.0, ""),
    }
