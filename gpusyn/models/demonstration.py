"""What a model has beside its network: what to run and record, what to measure and draw, and published numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import add
from typing import Any, NamedTuple

import numpy as np

from gpusyn.network.network import Network
from gpusyn.network.populations import Population, Selection
from gpusyn.plot.panels import tidy
from gpusyn.utils.optional import require

Populations = dict[str, Population]
Built = tuple[Network, Populations]
BIN = 3.0  # ms, of the histogram of spikes that synchrony is taken from
SYNCHRONY_CELLS = 1000


class Run(NamedTuple):
    """A run of one variant of a model.

    Attributes
    ----------
    populations : dict of str to Population
        Populations of the network.
    data : mapping of str to data
        What was recorded, by name of the recorder.
    start : float
        Time (ms) before which the network settles; it counts in no number.
    others : tuple of mapping of str to data
        What was recorded in further trials.
    """

    populations: Populations
    data: Mapping[str, Any]
    start: float
    others: tuple[Mapping[str, Any], ...] = ()

    @property
    def spikes(self) -> Any:
        """Spikes of the recorder ``spikes``."""
        return self.data["spikes"]

    @property
    def trials(self) -> list[Any]:
        """Spikes of all trials."""
        return [data["spikes"] for data in (self.data, *self.others)]

    @property
    def stop(self) -> float:
        """Time at which the recording ends (ms)."""
        return float(self.spikes.start + self.spikes.duration)

    def rate(self, population: str) -> float:
        """Return the mean rate of a population (Hz) once the network has settled."""
        return float(self.spikes.rate(population, self.start))

    def cv(self, population: str | None = None) -> float:
        """Return the mean CV of the interspike intervals of a population's neurons, or of all; nan if there is none."""
        cvs = self.spikes.cv(population, self.start)
        known = cvs[np.isfinite(cvs)]
        return float(known.mean()) if len(known) else math.nan


Runs = Mapping[str, Run]


class Published(NamedTuple):
    """A number that a paper or another simulator gives.

    Attributes
    ----------
    value : float
        The number.
    tolerance : float or None
        Largest relative difference at the size and the duration of the publication; none if it is of another case, and
        stands there to be looked at.
    source : str
        Where it is from.
    """

    value: float
    tolerance: float | None
    source: str


class Full(NamedTuple):
    """The run whose numbers are compared with published ones in docs/models.md, at the published size.

    Attributes
    ----------
    duration : float, optional
        Model time (ms); that of the demonstration by default.
    arguments : mapping
        Arguments that replace those of each variant, such as ``{"scale": 1.0}``.
    trials : int, optional
        Number of trials; that of the demonstration by default.
    """

    duration: float | None = None
    arguments: Mapping[str, Any] = {}
    trials: int | None = None


def all_neurons(populations: Populations) -> Selection:
    """Return the neurons of all populations but sources."""
    return reduce(add, (p for p in populations.values() if not p.is_source))


def record_spikes(net: Network, populations: Populations) -> None:
    """Record the spikes of all neurons as ``spikes``."""
    net.record(all_neurons(populations), "spikes", name="spikes")


def population_rates(runs: Runs) -> dict[str, float]:
    """Return the mean rate of each population that was recorded; the names begin with the variant if it has a name."""
    return {
        f"{variant}{': ' * bool(variant)}rate of {name} (Hz)": run.rate(name)
        for variant, run in runs.items()
        for name in run.spikes.names
    }


def some(run: Run, number: int) -> Any:
    """Return the spikes of about `number` neurons of a run, the same share of each population, for a raster."""
    share = min(number / sum(p.size for p in run.populations.values()), 1.0)
    return run.spikes[reduce(add, (p[: max(round(share * p.size), 1)] for p in run.populations.values()))]


def synchrony(run: Run, population: str) -> float:
    """Return the variance over mean of the spikes in bins of 3 ms of 1,000 neurons of a population, or all it has."""
    cells = run.populations[population][:SYNCHRONY_CELLS]
    rate = run.spikes.binned_rate(BIN, cells, run.start)[1]
    counts = rate * (cells.size * BIN * 1e-3)
    return float(np.var(counts) / np.mean(counts)) if counts.any() else math.nan


def mosaic(rows: Sequence[str], size: tuple[float, float], **ratios: Sequence[float]) -> tuple[Any, dict[str, Any]]:
    """Return a figure of a size in inches, and its axes by name; each row lists the names of its panels.

    A name that rows have in common makes a panel that is as high as they are.
    """
    drawn = require("matplotlib.figure", "plotting", "matplotlib").Figure(figsize=size, layout="constrained")
    axes = drawn.subplot_mosaic([row.split() for row in rows], gridspec_kw=ratios)
    for panel in axes.values():
        tidy(panel)
    return drawn, axes


@dataclass(frozen=True)
class Demonstration:
    """How a model is shown.

    Attributes
    ----------
    build : callable
        Function that returns the network and its populations.
    title : str
        The model in one line, with the paper.
    duration, start : float
        Model time by default (ms), and time before which the network settles.
    figure : callable
        Function of the runs of all variants that returns a matplotlib Figure.
    variants : mapping of str to mapping
        Arguments of `build` for each variant that is run; one without a name by default.
    record : callable
        Function of the network and its populations that adds recorders. All recorders are in the data of a run.
    measure : callable
        Function of the runs that returns numbers by name; the rates of all populations by default.
    published : mapping of str to Published
        Published numbers, one or several, by names of `measure`.
    full : Full
        What is run for the table in docs/models.md.
    trials : int
        Number of runs of each variant; each has the seed after the one before.
    trial : callable
        Function of the number of a trial, from 0, that returns further arguments of `build`.
    dt : float
        Time step (ms).
    """

    build: Callable[..., Built]
    title: str
    duration: float
    start: float
    figure: Callable[[Runs], Any]
    variants: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: {"": {}})
    record: Callable[[Network, Populations], Any] = record_spikes
    measure: Callable[[Runs], dict[str, float]] = population_rates
    published: Mapping[str, Published | tuple[Published, ...]] = field(default_factory=dict)
    full: Full = field(default_factory=Full)
    trials: int = 1
    trial: Callable[[int], Mapping[str, Any]] = lambda k: {}
    dt: float = 0.1

    @property
    def name(self) -> str:
        """Name of the model."""
        return self.build.__name__

    def publications(self, name: str) -> tuple[Published, ...]:
        """Return what is published of a number."""
        known = self.published.get(name, ())
        return (known,) if isinstance(known, Published) else known
