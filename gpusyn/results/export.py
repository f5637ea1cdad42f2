"""Conversion of results to objects of pandas, xarray and Neo, each of which is imported only when it is needed."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Protocol

import numpy as np

from gpusyn.parameters.scalars import instance
from gpusyn.results.spike_statistics import SpikeStatistics
from gpusyn.utils.optional import require
from gpusyn.utils.typing import Array, Floats


class Recorded(Protocol):
    """What the conversions use of spikes and traces, which import this module, and which it therefore cannot import."""

    _KIND: str
    _origin: str

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the recorded populations."""

    @property
    def size(self) -> int:
        """Number of recorded neurons or synapses."""

    def _columns(self) -> dict[str, Array]: ...


class Traces(Recorded, Protocol):
    """What they use of traces."""

    t: Floats
    every: float
    values: Mapping[str, Array]
    units: Mapping[str, str]


def spikes_to_pandas(spikes: SpikeStatistics) -> Any:
    """Return a ``pandas.DataFrame`` with the columns time (ms), population, local_id and id."""
    pandas = require("pandas", "to_pandas()", "pandas")
    columns = {name: of_each[spikes.ids] for name, of_each in spikes._columns().items()}
    columns["population"] = pandas.Categorical(columns["population"], categories=list(spikes.names))
    return pandas.DataFrame({"time": spikes.times, **columns})


def spikes_to_neo(spikes: SpikeStatistics, name: str | None) -> Any:
    """Return a ``neo.Block`` with one segment that has one train per recorded neuron."""
    neo = require("neo", "to_neo()", "neo")
    stop = spikes.start + spikes.duration
    columns = spikes._columns()
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
    start = float(traces.t[0]) if traces.t.size else 0.0
    for variable, values in traces.values.items():
        unit = traces.units[variable]
        signal = neo.AnalogSignal(
            values,
            units="dimensionless" if unit in ("", "1") else unit,
            t_start=start * quantities.ms,
            sampling_period=(traces.every or 1.0) * quantities.ms,
            name=_for_nwb(variable),
            array_annotations=traces._columns(),
        )
        segment.analogsignals.append(signal)
    return block


def _block(neo: Any, name: str | None, what: str, data: Recorded) -> tuple[Any, Any]:
    """Return a block that Neo can write as NWB, which asks for a time, and its one segment.

    Neo reads blocks of one name as one, and trials differ in nothing but their origin.
    """
    recorded = f"{what} of {data.size} {data._KIND} of {', '.join(data.names)}, simulated by gpusyn"
    default = ", ".join(part for part in (f"{what} of {'+'.join(data.names)}", data._origin) if part)
    name = default if name is None else instance(name, str, "to_neo().name", "a str")
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


def traces_to_xarray(traces: Traces) -> Any:
    """Return an ``xarray.Dataset`` over (time, id), with what identifies a neuron or synapse as further coordinates."""
    xarray = require("xarray", "to_xarray()", "xarray")
    variables = {
        name: (("time", "id"), values, {"units": traces.units[name]}) for name, values in traces.values.items()
    }
    coordinates = {name: ("id", of_each) for name, of_each in traces._columns().items()}
    return xarray.Dataset(variables, {"time": ("time", traces.t, {"units": "ms"}), **coordinates})
