"""Objects and mappings that cannot be changed once they are made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from gpusyn.errors import ImmutableError

Value = TypeVar("Value")


class ReadOnlyDict(Mapping[str, Value]):
    """A mapping that cannot be changed; unlike a ``MappingProxyType``, it can be copied and pickled.

    >>> ReadOnlyDict({"C_m": 200.0})
    {'C_m': 200.0}
    """

    def __init__(self, items: Mapping[str, Value]) -> None:
        self._items = dict(items)

    def __getitem__(self, key: str) -> Value:
        return self._items[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __repr__(self) -> str:
        return repr(self._items)


class Immutable:
    """Base class of objects whose attributes are set by ``_set`` in their constructor and never changed."""

    def _set(self, **attributes: Any) -> None:
        for name, value in attributes.items():
            object.__setattr__(self, name, value)

    def __setattr__(self, name: str, value: Any) -> None:
        raise ImmutableError(
            f"{self!r}: {name} cannot be set; descriptions do not change: make a new one, "
            "or change inputs and parameters of neurons between runs with sim.set(...), "
            "and weights with sim.set_weights(...)"
        )

    def __delattr__(self, name: str) -> None:
        raise ImmutableError(f"{self!r}: {name} cannot be deleted; descriptions do not change, make a new one")
