"""Mappings from names to results; an object that has a name, such as a recorder, stands for it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, TypeVar

from gpusyn.parameters.scalars import one_of, public
from gpusyn.results.recorded_neurons import name_of
from gpusyn.results.spike_data import SpikeData
from gpusyn.results.trace_data import TraceData

Value = TypeVar("Value")


class DataPair(NamedTuple):
    """What was recorded by one call of ``net.record(cells, ["spikes", "V"])``."""

    spikes: SpikeData
    traces: TraceData


def is_pair(key: object) -> bool:
    """Return True for the pair of recorders that one call made; results know no networks."""
    return isinstance(key, tuple) and getattr(key, "_fields", ()) == DataPair._fields


class ByName(Mapping[str, Value]):
    """Base class of mappings that refuse an unknown name with an UnknownNameError, where a dict has a KeyError.

    A pair of recorders is a key for a pair of data; a subclass returns the value of any other key from `_value`.
    """

    def __getitem__(self, key: Any) -> Any:
        if is_pair(key):
            return DataPair(self[key.spikes], self[key.traces])
        return self._value(key)

    @abstractmethod
    def _value(self, key: Any) -> Value:
        """Return the value of a name, or of an object that has one."""

    def __contains__(self, key: object) -> bool:
        if is_pair(key):
            return all(part in self for part in key)  # type: ignore[attr-defined]
        name = name_of(key)
        return isinstance(name, str) and name in list(self)

    @public
    def get(self, key: Any, default: Any = None) -> Any:
        """Return the value of a name, or `default` if there is no such name."""
        if key not in self:
            return default
        return self[key]


class DataCopy(ByName[SpikeData | TraceData]):
    """The data of recorders at one time: what a copy of ``sim.data`` is, and what another process receives of it.

    >>> spikes = SpikeData([("E", 2, None)], [1.0], [0], duration=10.0)
    >>> DataCopy({"E:spikes": spikes})
    DataCopy('E:spikes': SpikeData(1 spikes of E (2), 0 to 10 ms))
    """

    def __init__(self, data: Mapping[str, SpikeData | TraceData]) -> None:
        self._data = dict(data)

    def _value(self, key: Any) -> SpikeData | TraceData:
        return self._data[one_of(name_of(key), self._data, "data[...]")]

    def __iter__(self) -> Iterator[str]:
        return iter(self._data)

    def __len__(self) -> int:
        return len(self._data)

    def __repr__(self) -> str:
        return f"DataCopy({', '.join(f'{name!r}: {data!r}' for name, data in self.items())})"
