"""Sources of spikes."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.helpers.pynn_scripts.observed import Observed, begin, spikes, statistic
from tests.helpers.pynn_scripts.registry import script

NUMBER = 200
DURATION = 2000.0


def intervals(sim: Any, source: Any) -> tuple[float, list[np.ndarray]]:
    """Rate (Hz) and intervals (ms) of many equal sources."""
    begin(sim)
    sources = sim.Population(NUMBER, source)
    sources.record("spikes")
    sim.run(DURATION)
    trains = [np.asarray(train.magnitude, float) for train in sources.get_data().segments[0].spiketrains]
    rate = sum(map(len, trains)) / NUMBER / DURATION * 1000.0
    return rate, [np.diff(np.sort(train)) for train in trains]


def renewals(sim: Any, source: Any, noise: tuple[float, float, float]) -> dict[str, Observed]:
    """Rate, irregularity and shortest intervals; the first two move by chance, by four errors of their difference."""
    rate, gaps = intervals(sim, source)
    gaps = np.concatenate(gaps)
    why = f"chance: {NUMBER} sources for {DURATION / 1000:g} s"
    return {
        "rate": statistic(rate, noise[0], "Hz", why),
        "CV of intervals": statistic(gaps.std() / gaps.mean(), noise[1], "", why),
        "5 % of intervals are shorter": statistic(np.quantile(gaps, 0.05), noise[2], "ms", why),
    }


@script
def poisson(sim: Any) -> dict[str, Observed]:
    """Poisson trains at 20 Hz."""
    return renewals(sim, sim.SpikeSourcePoisson(rate=20.0), (1.3, 0.06, 0.6))


@script
def poisson_refractory(sim: Any) -> dict[str, Observed]:
    """Poisson trains at 40 Hz with 5 ms of refractoriness."""
    return renewals(sim, sim.SpikeSourcePoissonRefractory(rate=40.0, tau_refrac=5.0), (1.6, 0.04, 0.4))


@script
def gamma(sim: Any) -> dict[str, Observed]:
    """Gamma trains of third order at 30 Hz."""
    return renewals(sim, sim.SpikeSourceGamma(alpha=3.0, beta=90.0), (1.0, 0.03, 1.0))


@script
def poisson_within(sim: Any) -> dict[str, Observed]:
    """Poisson trains whose rate, start and duration are their own: counts in eight windows of 100 ms."""
    begin(sim)
    rates = np.repeat([50.0, 100.0], NUMBER // 2)
    starts, lengths = np.tile([100.0, 300.0], NUMBER // 2), np.tile([400.0, 300.0], NUMBER // 2)
    sources = sim.Population(NUMBER, sim.SpikeSourcePoisson(rate=rates, start=starts, duration=lengths))
    sources.record("spikes")
    sim.run(800.0)
    trains = [train.magnitude for train in sources.get_data().segments[0].spiketrains]
    late = 2.0  # ms: PyNN on NEST begins and ends 1.1 ms late, so the first 2 ms of a window do not count
    windows = np.arange(0.0, 701.0, 100.0)
    within = [[np.sum((train > begin + late) & (train <= begin + 100.0)) for begin in windows] for train in trains]
    groups = np.array(within, float).reshape(2, -1, 2, len(windows)).mean(axis=1)  # rate, kind of window, time
    why = f"chance: {NUMBER // 4} sources, at most 10 spikes each"
    return {
        "spikes of a window": statistic(groups, 2.5, "", why),
        "none outside": Observed(1.0 * (groups == 0.0), 0.0, ""),
    }


@script
def given_times(sim: Any) -> dict[str, Observed]:
    """Times that differ from cell to cell; one cell has none."""
    begin(sim)
    times = [[1.0, 2.0, 30.5], [], [0.5, 99.9]]
    sources = sim.Population(3, sim.SpikeSourceArray(spike_times=[sim_sequence(train) for train in times]))
    sources.record("spikes")
    sim.run(100.0)
    return {"spikes": spikes(sources)}


def sim_sequence(times: list[float]) -> Any:
    """PyNN's container of the times of one cell."""
    from pyNN.parameters import Sequence

    return Sequence(times)
