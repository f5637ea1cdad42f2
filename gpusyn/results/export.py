"""Conversion of results to objects of pandas, xarray and Neo, each of which is imported only when it is needed.

SpikeData and TraceData import this module, so it does not import them but describes in protocols what it uses of them.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Protocol

import numpy as np

from gpusyn.parameters.scalars import instance
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

    def trains(self) -> list[Floats]:
        """Return the spike times of each neuron."""


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


def spikes_to_neo(spikes: Spikes, name: str | None) -> Any:
    """Return a ``neo.Block`` with one segment that has one train per recorded neuron."""
    neo = require("neo", "to_neo()", "neo")
    stop = spikes.start + spikes.duration
    columns = _neurons(spikes)
    block, segment = _block(neo, name, "spikes", spikes)
    for times, *neuron in zip(spikes.trains(), *(column.tolist() for column in columns.values()), strict=True):
        own = dict(zip(columns, neuron, strict=True))
        # A time that exceeds its end by the rounding of its last bit would be refused.
        train = neo.SpikeTrain(np.minimum(times, stop), units="ms", t_start=spikes.start, t_stop=stop)
        train.name = f"{own['population']}[{own['local_id']}]"
        train.annotate(**own)
        segment.spiketrains.append(train)
    return block


def traces_to_neo(traces: Traces, name: str | None) -> Any:
    """Return a ``neo.Block`` with one segment that has one ``AnalogSignal`` per variable, named after it."""
    neo = require("neo", "to_neo()", "neo")
    quantities = require("quantities", "to_neo()", "neo")
    block, segment = _block(neo, name, "+".join(traces.values), traces)
    start = float(traces.t[0]) if len(traces) else 0.0
    for variable, values in traces.values.items():
        unit = traces.units[variable]
        signal = neo.AnalogSignal(
            values,
            units="dimensionless" if unit in ("", "1") else unit,
            t_start=start * quantities.ms,
            sampling_period=(traces.every or 1.0) * quantities.ms,
            name=_for_nwb(variable),
            array_annotations=_neurons(traces),
        )
        segment.analogsignals.append(signal)
    return block


def _block(neo: Any, name: str | None, what: str, data: Recorded) -> tuple[Any, Any]:
    """Return a block that Neo can write as NWB, which asks for a time, and its one segment."""
    recorded = f"{what} of {data.size} neurons of {', '.join(data.names)}, simulated by gpusyn"
    name = f"{what} of {'+'.join(data.names)}" if name is None else instance(name, str, "to_neo().name", "a str")
    block = neo.Block(name=name, description=recorded, session_start_time=_session_start())
    segment = neo.Segment(name=_for_nwb(name))
    block.segments.append(segment)
    return block, segment


def _for_nwb(name: str) -> str:
    """Return a name without the characters that names in NWB must not have."""
    return name.replace(":", " ").replace("/", " ")


@functools.cache
def _session_start() -> datetime:
    """Return the time of the first conversion: all blocks of an NWB file must agree in it."""
    return datetime.now(UTC)


def _neurons(data: Recorded) -> dict[str, Array]:
    """Return population, local id and position of every recorded neuron."""
    populations = np.repeat([part[0] for part in data.populations], [part[1] for part in data.populations])
    ids = [part[2] for part in data.populations]
    local = np.concatenate([np.empty(0, np.int64), *ids])
    return {"population": populations, "local_id": local, "id": np.arange(data.size)}


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
