"""Mappings from names to results; an object that has a name, such as a recorder, stands for it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple, Protocol, TypeVar, overload

from gpusyn.parameters.scalars import one_of, public
from gpusyn.results.recorded_neurons import name_of
from gpusyn.results.spike_data import SpikeData
from gpusyn.results.synapse_data import SynapseData
from gpusyn.results.trace_data import TraceData
from gpusyn.utils.calls import Hinting

Value = TypeVar("Value")


class DataPair(NamedTuple):
    """What was recorded by one call of ``net.record(cells, ["spikes", "V"])``."""

    spikes: SpikeData
    traces: TraceData


class RecorderKey(Protocol):
    """What type checkers know of a recorder, which is the key of its data; results know no networks."""

    @property
    def is_spikes(self) -> bool:
        """True if spikes are recorded."""


class SpikeKey(RecorderKey, Protocol):
    """A recorder of spikes."""

    @property
    def is_spikes(self) -> Literal[True]:
        """True."""


class TraceKey(RecorderKey, Protocol):
    """A recorder of traces."""

    @property
    def is_spikes(self) -> Literal[False]:
        """False."""


class SynapseKey(TraceKey, Protocol):
    """A recorder of synapses."""

    @property
    def synapses(self) -> Any:
        """Which synapses."""


class PairKey(Protocol):
    """The pair of recorders that one call made."""

    @property
    def spikes(self) -> SpikeKey:
        """The recorder of spikes."""

    @property
    def traces(self) -> TraceKey:
        """The recorder of traces."""


def _is_pair(key: object) -> bool:
    return isinstance(key, tuple) and getattr(key, "_fields", ()) == DataPair._fields


class ByName(Mapping[str, Value], Hinting):
    """Base class of mappings that refuse an unknown name with an UnknownNameError, where a dict has a KeyError."""

    @abstractmethod
    def __getitem__(self, key: Any) -> Value:
        """Return the value of a name, or of an object that has one."""

    def __contains__(self, key: object) -> bool:
        name = name_of(key)
        return isinstance(name, str) and name in list(self)

    @public
    def get(self, key: Any, default: Any = None) -> Any:
        """Return the value of a name, or `default` if there is no such name."""
        if key not in self:
            return default
        return self[key]


class ByRecorder(ByName[SpikeData | TraceData]):
    """Base class of mappings from recorders, or their names, to their data.

    A pair of recorders is a key for a pair of data; a subclass returns the data of any other key from `_data_of`, and
    says in `_has` whether there are any.
    """

    @overload
    def __getitem__(self, key: SpikeKey) -> SpikeData: ...
    @overload
    def __getitem__(self, key: SynapseKey) -> SynapseData: ...
    @overload
    def __getitem__(self, key: TraceKey) -> TraceData: ...
    @overload
    def __getitem__(self, key: PairKey) -> DataPair: ...
    @overload
    def __getitem__(self, key: RecorderKey | str) -> Any: ...
    def __getitem__(self, key: Any) -> Any:
        return DataPair(self[key.spikes], self[key.traces]) if _is_pair(key) else self._data_of(key)

    def __contains__(self, key: object) -> bool:
        return all(map(self._has, key)) if _is_pair(key) else self._has(key)  # type: ignore[call-overload]

    @abstractmethod
    def _data_of(self, key: Any) -> SpikeData | TraceData:
        """Return the data of one recorder, given itself or its name."""

    def _has(self, key: object) -> bool:
        return super().__contains__(key)


class DataCopy(ByRecorder):
    """The data of recorders at one time: what a copy of ``sim.data`` is, and what another process receives of it.

    >>> spikes = SpikeData([("E", 2, None)], [1.0], [0], duration=10.0)
    >>> DataCopy({"E:spikes": spikes})
    DataCopy('E:spikes': SpikeData(1 spikes of E (2), 0 to 10 ms))
    """

    def __init__(self, data: Mapping[str, SpikeData | TraceData]) -> None:
        self._data = dict(data)

    def _data_of(self, key: Any) -> SpikeData | TraceData:
        return self._data[one_of(name_of(key), self._data, "data[...]")]

    def __iter__(self) -> Iterator[str]:
        return iter(self._data)

    def __len__(self) -> int:
        return len(self._data)

    def __repr__(self) -> str:
        return f"DataCopy({', '.join(f'{name!r}: {data!r}' for name, data in self.items())})"
