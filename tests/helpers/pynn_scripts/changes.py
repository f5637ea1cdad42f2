"""What a script changes between two runs."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.helpers.pynn_scripts.observed import Observed, begin, spikes, statistic, stop_for_a_change, trace
from tests.helpers.pynn_scripts.registry import script

CELL = {"cm": 0.25, "tau_m": 10.0, "tau_refrac": 2.0, "tau_syn_E": 5.0, "tau_syn_I": 5.0}


def trace_and_spikes(cells: Any) -> dict[str, Observed]:
    """V and spikes of cells that both simulators solve exactly."""
    return {"spikes": spikes(cells), "v": trace(cells, "v", 1e-10)}


@script
def parameters(sim: Any) -> dict[str, Observed]:
    """A constant current for all, then other ones for some, then a threshold and a time constant."""
    begin(sim)
    cells = sim.Population(4, sim.IF_curr_exp(**CELL | {"tau_m": [10.0] * 4}, i_offset=0.4))
    cells.record(["spikes", "v"])
    stop_for_a_change(sim, 50.0)
    cells[1:3].set(i_offset=[0.6, 0.0])
    stop_for_a_change(sim, 100.0)
    cells.set(v_thresh=-55.0)
    cells[0:1].set(tau_m=20.0)
    sim.run_until(150.0)
    return trace_and_spikes(cells) | {"i_offset": Observed(np.array(cells.get("i_offset")), 1e-12, "nA")}


@script
def weights(sim: Any) -> dict[str, Observed]:
    """Weights of a projection between runs, as a number and as an array."""
    begin(sim)
    source = sim.Population(2, sim.SpikeSourceArray(spike_times=np.arange(5.0, 150.0, 8.0)))
    cells = sim.Population(3, sim.IF_curr_exp(**CELL))
    projection = sim.Projection(source, cells, sim.AllToAllConnector(), sim.StaticSynapse(weight=0.3, delay=1.0))
    cells.record(["spikes", "v"])
    stop_for_a_change(sim, 50.0)
    projection.set(weight=0.6)
    stop_for_a_change(sim, 90.0)
    projection.set(weight=np.array([[0.1, 0.9, 0.5], [0.0, 0.4, 1.2]]))
    sim.run_until(150.0)
    return trace_and_spikes(cells) | {"weights": Observed(projection.get("weight", "array"), 1e-12, "nA")}


@script
def currents(sim: Any) -> dict[str, Observed]:
    """The amplitude of one electrode between runs, and another electrode that is new then."""
    begin(sim)
    cells = sim.Population(2, sim.IF_curr_exp(**CELL))
    first = sim.DCSource(amplitude=0.5, start=10.0)
    first.inject_into(cells)
    cells.record(["spikes", "v"])
    stop_for_a_change(sim, 50.0, late=3)
    first.set_parameters(amplitude=0.2)
    sim.StepCurrentSource(times=[60.0, 90.0], amplitudes=[0.4, 0.1]).inject_into(cells[1:2])
    sim.run_until(120.0)
    return trace_and_spikes(cells)


@script
def spike_times(sim: Any) -> dict[str, Observed]:
    """Times of a source between runs."""
    begin(sim)
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[5.0, 15.0, 25.0]))
    cells = sim.Population(2, sim.IF_curr_exp(**CELL))
    sim.Projection(source, cells, sim.AllToAllConnector(), sim.StaticSynapse(weight=1.0, delay=1.0))
    source.record("spikes")
    cells.record(["spikes", "v"])
    sim.run(50.0)
    source.set(spike_times=[60.0, 61.0, 62.0, 80.0])
    sim.run(50.0)
    return trace_and_spikes(cells) | {"source": spikes(source)}


@script
def rates(sim: Any) -> dict[str, Observed]:
    """Rates of Poisson sources between runs, for all and for a view."""
    begin(sim)
    sources = sim.Population(200, sim.SpikeSourcePoisson(rate=10.0))
    sources.record("spikes")
    sim.run(1000.0)
    sources.set(rate=50.0)
    sim.run(1000.0)
    sources[:100].set(rate=0.0)
    sim.run(1000.0)
    trains = sources.get_data().segments[0].spiketrains
    counts = np.array([np.histogram(train.magnitude, np.arange(0.0, 3001.0, 1000.0))[0] for train in trains])
    halves = counts.reshape(2, 100, 3).mean(axis=1)
    return {
        "rates": statistic(halves, 4.0, "Hz", "chance: 100 sources for 1 s"),
        "silent": Observed(1.0 * (halves < 0.1), 0.0, ""),
    }


@script
def potentials(sim: Any) -> dict[str, Observed]:
    """V that is set after a reset."""
    begin(sim, t_flush=500.0)
    cells = sim.Population(2, sim.IF_curr_exp(**CELL))
    cells.initialize(v=[-60.0, -52.0])
    cells.record(["spikes", "v"])
    sim.run(30.0)
    sim.reset()
    cells.initialize(v=[-55.0, -70.0])
    sim.run(30.0)
    return {f"v of segment {k}": trace(cells, "v", 1e-10, segment=k) for k in range(2)}


@script
def parts_of_a_run(sim: Any) -> dict[str, Observed]:
    """One run in parts, by run, run_for and run_until."""
    begin(sim)
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[9.9, 10.0, 10.1, 24.9, 25.0, 25.1]))
    cells = sim.Population(2, sim.IF_curr_exp(**CELL, i_offset=0.3))
    sim.Projection(source, cells, sim.AllToAllConnector(), sim.StaticSynapse(weight=0.6, delay=5.0))
    cells.record(["spikes", "v"])
    times = [sim.run(10.0), sim.run_for(15.0), sim.run_until(30.0), sim.run(0.1), sim.run_until(60.0)]
    return trace_and_spikes(cells) | {"times": Observed(np.array(times), 1e-9, "ms")}


@script
def potentials_in_a_run(sim: Any) -> dict[str, Observed]:
    """V that is set between two runs."""
    begin(sim)
    cells = sim.Population(3, sim.IF_curr_exp(**CELL, i_offset=0.4))
    cells.record(["spikes", "v"])
    stop_for_a_change(sim, 30.0)
    cells.initialize(v=[-51.0, -80.0, -60.0])
    sim.run_until(60.0)
    v = trace(cells, "v", 1e-10)
    return {"spikes": spikes(cells), "v": v._replace(values=v.values[1:])}  # NEST: the new V at t = 0 too


@script
def calls(sim: Any) -> dict[str, Observed]:
    """Functions that a run calls: they see V and the time, and change a current."""
    begin(sim)
    cells = sim.Population(2, sim.IF_curr_exp(**CELL, i_offset=[0.2, 0.4]))
    cells.record(["spikes", "v"])
    times = []

    def look(time: float) -> float:
        times.append(sim.get_current_time())
        return time + 20.0

    sim.run(100.0, callbacks=[look])
    return trace_and_spikes(cells) | {"times": Observed(np.array(times), 1e-9, "ms")}


@script
def what_a_reset_keeps(sim: Any) -> dict[str, Observed]:
    """Parameters, weights and amplitudes that were set before a reset are in force after it."""
    begin(sim, t_flush=500.0)
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=np.arange(5.0, 60.0, 8.0)))
    cells = sim.Population(2, sim.IF_curr_exp(**CELL))
    projection = sim.Projection(source, cells, sim.AllToAllConnector(), sim.StaticSynapse(weight=0.2, delay=1.0))
    cells.record(["spikes", "v"])
    sim.run(30.0)
    projection.set(weight=0.9)
    cells.set(i_offset=[0.1, 0.2])
    sim.run(30.0)
    sim.reset()
    sim.run(60.0)
    weights = Observed(projection.get("weight", "array"), 1e-12, "nA")
    return {"spikes": spikes(cells), "v": trace(cells, "v", 1e-9), "weights": weights}
