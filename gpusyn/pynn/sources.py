"""PyNN's spike sources."""

from __future__ import annotations

from typing import Any

import numpy as np
from pyNN.standardmodels import cells

from gpusyn.neurons import GammaSource, NeuronModel, PoissonSource, SpikeSource
from gpusyn.neurons.sources import most_coincident
from gpusyn.pynn.translation import Source, Values

__all__ = ["SpikeSourceArray", "SpikeSourceGamma", "SpikeSourcePoisson", "SpikeSourcePoissonRefractory"]

COINCIDENT = 8  # spikes of one step that lists may get later
SHARE = 0.99e3  # of a second that dead times may fill, where rates may grow


class RateSource(Source):
    """A source that draws its spikes at a rate between `start` and `start + duration`."""

    def rates(self, p: Values) -> Any:
        """Return the rates of some cells while they are active (Hz)."""
        return p["rate"]

    def bounded(self, p: Values, bound: float | None) -> NeuronModel:
        """Return gpusyn's model of some cells, whose rates may grow up to a bound (Hz)."""
        raise NotImplementedError

    def model(self, p: Values, dt: float) -> NeuronModel:
        """Return gpusyn's model of some cells."""
        return self.bounded(p, None)


class SpikeSourcePoisson(RateSource, cells.SpikeSourcePoisson):
    """A gs.PoissonSource."""

    def bounded(self, p: Values, bound: float | None) -> NeuronModel:
        """Return gpusyn's model of some cells, whose rates may grow up to a bound (Hz)."""
        return PoissonSource(p["rate"], rate_max=bound)


class SpikeSourcePoissonRefractory(RateSource, cells.SpikeSourcePoissonRefractory):
    """A gs.PoissonSource with a dead time."""

    @property
    def shared(self) -> tuple[str, ...]:
        """The dead time."""
        return ("tau_refrac",)

    def bounded(self, p: Values, bound: float | None) -> NeuronModel:
        """Return gpusyn's model of some cells, whose rates may grow up to a bound (Hz)."""
        dead = float(np.ravel(p["tau_refrac"])[0])
        if bound is not None and dead > 0.0:
            bound = max(min(bound, SHARE / dead), float(np.max(p["rate"])))
        return PoissonSource(p["rate"], dead_time=dead, rate_max=bound)


class SpikeSourceGamma(RateSource, cells.SpikeSourceGamma):
    """A gs.GammaSource."""

    def rates(self, p: Values) -> Any:
        """Return the rates of some cells while they are active (Hz)."""
        return p["beta"] / p["alpha"]

    def bounded(self, p: Values, bound: float | None) -> NeuronModel:
        """Return gpusyn's model of some cells, whose rates may grow up to a bound (Hz)."""
        return GammaSource(self.rates(p), shape=np.asarray(p["alpha"], np.float64), rate_max=bound)


class SpikeSourceArray(Source, cells.SpikeSourceArray):
    """A gs.SpikeSource."""

    def model(self, p: Values, dt: float) -> NeuronModel:
        """Return gpusyn's model of some cells, each with a list of times."""
        times = tuple(p["spike_times"])
        return SpikeSource(times, max_events=max(COINCIDENT, most_coincident(times, dt)))
