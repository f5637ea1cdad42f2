"""What a script sees, and how far two back ends may differ in it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

ROUNDING = "rounding"
FROM_THE_SAME_STEP = 1e-9  # ms: spikes of one step differ by the rounding of step * dt


class Observed(NamedTuple):
    """Values, the largest difference that is allowed, their unit, and the reason of that difference."""

    values: np.ndarray
    within: float
    unit: str
    why: str = ROUNDING

    def difference(self, other: Observed) -> float:
        """Largest difference of two back ends; infinite where the numbers of values differ."""
        if self.values.shape != other.values.shape:
            return float("inf")
        missing = np.isnan(self.values)
        if (missing != np.isnan(other.values)).any():
            return float("inf")
        return float(np.abs(self.values - other.values)[~missing].max(initial=0.0))


def begin(sim: Any, timestep: float = 0.1, **options: Any) -> None:
    """Set up, with spikes on the grid and a least delay of one step.

    PyNN subtracts min_delay from given times, and lets NEST take what rounding leaves of the grid as part of a step:
    some spikes would come a step late. NEST's own rounding finds the step.
    """
    options = {"min_delay": timestep, "max_delay": 20.0} | options
    if sim.__name__ != "pyNN.nest":
        sim.setup(timestep=timestep, **options)
        return
    sim.setup(timestep=timestep, spike_precision="on_grid", **options)
    sim.nest.SetDefaults("spike_generator", {"precise_times": False})


def stop_for_a_change(sim: Any, time: float, late: int = 1) -> None:
    """Run to where a change acts from `time` + `late` min_delays on.

    PyNN lets NEST run one min_delay further than the time it tells, so there a change comes late by that. An electrode
    of NEST needs another one to reach the cell, and a step until V moves. Other back ends go on to that time first.
    """
    sim.run_until(time if sim.__name__ == "pyNN.nest" else time + late * sim.get_min_delay())


def spikes(population: Any, within: float = FROM_THE_SAME_STEP, why: str = ROUNDING, segment: int = -1) -> Observed:
    """Cells and times (ms) of all spikes: as many of each cell, and each at its time."""
    trains = population.get_data().segments[segment].spiketrains
    times = [np.sort(np.asarray(train.rescale("ms").magnitude, float)) for train in trains]
    cells = [np.full(len(train), 1e6 * k) for k, train in enumerate(times)]  # a spike of another cell is far away
    return Observed(np.concatenate([*times, []]) + np.concatenate([*cells, []]), within, "ms", why)


def trace(population: Any, name: str, within: float, why: str = ROUNDING, segment: int = -1) -> Observed:
    """Samples of one variable of all recorded cells, that of the start included."""
    (signal,) = population.get_data().segments[segment].filter(name=name)
    return Observed(np.asarray(signal.magnitude, float), within, signal.units.dimensionality.string, why)


def statistic(value: Any, within: float, unit: str, why: str) -> Observed:
    """A number, or some of them, that chance moves by `within`."""
    return Observed(np.atleast_1d(np.asarray(value, float)), within, unit, why)
