"""Conversion of results to objects of pandas, xarray and Neo, each of which is imported only when it is needed.

SpikeData and TraceData import this module, so it does not import them but describes in protocols what it uses of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from gpusyn.utils.optional import require
from gpusyn.utils.typing import Array, Floats, Integers


class Recorded(Protocol):
    """Recorded neurons of spikes or traces."""

    @property
    def populations(self) -> tuple[tuple[str, int, Integers], ...]:
        """(name, neurons, local ids) of each part of the recorded selection."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the recorded populations."""

    @property
    def size(self) -> int:
        """Number of recorded neurons."""

    @property
    def population(self) -> Array:
        """Population name of each spike, or of each column of a trace."""

    @property
    def local_ids(self) -> Integers:
        """Id of each neuron in its own population, per spike or per column of a trace."""


class Spikes(Recorded, Protocol):
    """Part of a SpikeData that the conversions use."""

    times: Floats
    ids: Integers
    start: float
    duration: float


class Traces(Recorded, Protocol):
    """Part of a TraceData that the conversions use."""

    t: Floats
    every: float
    values: Mapping[str, Array]
    units: Mapping[str, str]

    @property
    def ids(self) -> Integers:
        """Position in the recorded selection of each column."""

    def __len__(self) -> int: ...


def spikes_to_pandas(spikes: Spikes) -> Any:
    """Return a ``pandas.DataFrame`` with the columns time (ms), population, local_id and id."""
    pandas = require("pandas", "to_pandas()", "pandas")
    population = pandas.Categorical(spikes.population, categories=list(spikes.names))
    columns = {"time": spikes.times, "population": population, "local_id": spikes.local_ids, "id": spikes.ids}
    return pandas.DataFrame(columns)


def spikes_to_neo(spikes: Spikes) -> Any:
    """Return a ``neo.Segment`` with a ``SpikeTrainList`` over the multiplexed arrays.

    Neo builds the train of each neuron on access, since building thousands of them at once takes minutes.
    """
    neo = require("neo", "to_neo()", "neo")
    quantities = require("quantities", "to_neo()", "neo")
    trains = require("neo.core.spiketrainlist", "to_neo()", "neo").SpikeTrainList.from_spike_time_array(
        spikes.times,
        spikes.ids,
        all_channel_ids=np.arange(spikes.size),
        t_start=spikes.start * quantities.ms,
        t_stop=spikes.start + spikes.duration,
        units="ms",
    )
    segment = neo.Segment(name="spikes", **_annotations(spikes))
    segment.spiketrains = trains
    return segment


def traces_to_neo(traces: Traces) -> Any:
    """Return a ``neo.Segment`` with one ``AnalogSignal`` per variable, named after the variable."""
    neo = require("neo", "to_neo()", "neo")
    quantities = require("quantities", "to_neo()", "neo")
    segment = neo.Segment(name="traces", **_annotations(traces))
    start = float(traces.t[0]) if len(traces) else 0.0
    for name, values in traces.values.items():
        signal = neo.AnalogSignal(
            values,
            units=traces.units[name] or "dimensionless",
            t_start=start * quantities.ms,
            sampling_period=(traces.every or 1.0) * quantities.ms,
            name=name,
        )
        segment.analogsignals.append(signal)
    return segment


def traces_to_xarray(traces: Traces) -> Any:
    """Return an ``xarray.Dataset`` over (time, id) with population and local_id as further coordinates."""
    xarray = require("xarray", "to_xarray()", "xarray")
    variables = {
        name: (("time", "id"), values, {"units": traces.units[name]}) for name, values in traces.values.items()
    }
    coordinates = {
        "time": ("time", traces.t, {"units": "ms"}),
        "id": ("id", traces.ids),
        "population": ("id", traces.population),
        "local_id": ("id", traces.local_ids),
    }
    return xarray.Dataset(variables, coordinates)


def _annotations(data: Recorded) -> dict[str, Any]:
    """Return the population and the local id of every recorded neuron as Neo annotations of a segment."""
    populations = np.repeat([part[0] for part in data.populations], [part[1] for part in data.populations])
    ids = [part[2] for part in data.populations]
    return {"populations": populations, "local_ids": np.concatenate(ids) if ids else np.empty(0, np.int64)}
