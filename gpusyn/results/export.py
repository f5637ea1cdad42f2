"""Conversion of results to objects of pandas, xarray and Neo, each of which is imported only when it is needed.

`spikes` is a SpikeData and `traces` a TraceData; their modules import this one, so it does not import them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gpusyn.utils.optional import require


def spikes_to_pandas(spikes: Any) -> Any:
    """Return a ``pandas.DataFrame`` with the columns time (ms), population, local_id and id."""
    pandas = require("pandas", "to_pandas()", "pandas")
    population = pandas.Categorical(spikes.population, categories=list(spikes.names))
    columns = {"time": spikes.times, "population": population, "local_id": spikes.local_ids, "id": spikes.ids}
    return pandas.DataFrame(columns)


def spikes_to_neo(spikes: Any) -> Any:
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


def traces_to_neo(traces: Any) -> Any:
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


def traces_to_xarray(traces: Any) -> Any:
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


def _annotations(data: Any) -> dict[str, Any]:
    """Return the population and the local id of every recorded neuron as Neo annotations of a segment."""
    populations = np.repeat([part[0] for part in data.populations], [part[1] for part in data.populations])
    ids = [part[2] for part in data.populations]
    return {"populations": populations, "local_ids": np.concatenate(ids) if ids else np.empty(0, np.int64)}
