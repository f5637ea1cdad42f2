"""Electrodes of every kind, alone and together."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.helpers.pynn_scripts.observed import Observed, begin, spikes, statistic, trace
from tests.helpers.pynn_scripts.registry import script

CELL = {"cm": 0.25, "tau_m": 10.0, "tau_refrac": 2.0, "tau_syn_E": 5.0, "tau_syn_I": 5.0}


def injected(sim: Any, sources: list[Any], duration: float = 100.0) -> dict[str, Observed]:
    """Run four cells of which the first two get the first current, the middle two the second, and so on."""
    cells = sim.Population(4, sim.IF_curr_exp(**CELL))
    for k, source in enumerate(sources):
        source.inject_into(cells[k : k + 2])
        source.record()
    cells.record(["spikes", "v"])
    sim.run(duration)
    seen = {"spikes": spikes(cells), "v": trace(cells, "v", 1e-10)}
    for k, source in enumerate(sources):
        seen[f"current {k}"] = Observed(np.asarray(source.get_data().magnitude, float)[:, 0], 1e-12, "nA")
    return seen


@script
def direct(sim: Any) -> dict[str, Observed]:
    """Pulses that overlap."""
    begin(sim)
    return injected(sim, [sim.DCSource(amplitude=0.5, start=10.0, stop=60.0), sim.DCSource(amplitude=0.4, start=40.0)])


@script
def alternating(sim: Any) -> dict[str, Observed]:
    """A sine with an offset and a phase."""
    begin(sim)
    sources = [
        sim.ACSource(amplitude=0.3, offset=0.35, frequency=20.0, phase=30.0, start=15.0, stop=85.0),
        sim.ACSource(amplitude=0.5, frequency=50.0, start=5.0),
    ]
    return injected(sim, sources)


@script
def steps(sim: Any) -> dict[str, Observed]:
    """Steps, of which one begins at once and one has times between those of the grid."""
    begin(sim)
    sources = [
        sim.StepCurrentSource(times=[5.0, 30.0, 70.0], amplitudes=[0.4, -0.2, 0.7]),
        sim.StepCurrentSource(times=[10.0, 20.33, 61.08], amplitudes=[0.1, 0.3, 0.0]),
    ]
    return injected(sim, sources)


@script
def noise(sim: Any) -> dict[str, Observed]:
    """Mean and variance of V under a noisy current for each of many cells."""
    begin(sim)
    cells = sim.Population(100, sim.IF_curr_exp(**CELL, v_thresh=1e3))
    for cell in cells:
        sim.NoisyCurrentSource(mean=0.1, stdev=0.2, start=50.0, stop=450.0, dt=1.0).inject_into([cell])
    cells.record("v")
    sim.run(400.0)
    (v,) = cells.get_data().segments[0].filter(name="v")
    settled = np.asarray(v.magnitude)[1000:]
    ends = "100 cells for 300 ms"
    return {
        "mean of V": statistic(settled.mean(), 0.1, "mV", ends),
        "deviation of V": statistic(settled.std(), 0.1, "mV", ends),
    }


@script
def together(sim: Any) -> dict[str, Observed]:
    """Currents of three kinds into one cell, and one into cells of two populations."""
    begin(sim)
    first = sim.Population(2, sim.IF_curr_exp(**CELL))
    second = sim.Population(2, sim.IF_curr_alpha(**CELL))
    sim.DCSource(amplitude=0.2, start=5.0, stop=90.0).inject_into(first + second)
    sim.ACSource(amplitude=0.1, offset=0.1, frequency=40.0, start=20.0, stop=80.0).inject_into([first[0], first[1]])
    sim.StepCurrentSource(times=[30.0, 50.0], amplitudes=[0.3, 0.1]).inject_into(first[0:1])
    seen = {}
    for cells in (first, second):
        cells.record(["spikes", "v"])
    sim.run(100.0)
    for name, cells in (("first", first), ("second", second)):
        seen |= {f"spikes, {name}": spikes(cells), f"v, {name}": trace(cells, "v", 1e-10)}
    return {name: found for name, found in seen.items() if found.values.size}


@script
def changed(sim: Any) -> dict[str, Observed]:
    """Frequency, end and steps of currents between runs."""
    begin(sim)
    cells = sim.Population(3, sim.IF_curr_exp(**CELL, v_thresh=0.0))
    sine = sim.ACSource(amplitude=0.3, frequency=20.0, start=5.0)
    steps = sim.StepCurrentSource(times=[5.0, 60.0], amplitudes=[0.3, 0.6])
    pulse = sim.DCSource(amplitude=0.4, start=10.0, stop=200.0)
    for k, electrode in enumerate((sine, steps, pulse)):
        electrode.inject_into(cells[k : k + 1])
    cells.record("v")
    sim.run(40.0)
    steps.set_parameters(times=[5.0, 70.0, 90.0], amplitudes=[0.3, 0.1, 0.5])
    pulse.set_parameters(stop=75.0)
    sim.run(60.0)
    return {"v": trace(cells, "v", 1e-10)}
