"""What ``LIF.parameters()`` and the like return, and the base classes of objects that do not change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, TypeVar

from gpusyn.errors import ImmutableError

Value = TypeVar("Value")


class ReadOnlyDict(Mapping[str, Value]):
    """A mapping that nobody can change; unlike a ``MappingProxyType`` it can be copied and pickled.

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


class Parameter(NamedTuple):
    """A parameter of a model: name, default (``None``: none), unit (``""``: a pure number) and meaning."""

    name: str
    default: float | str | None
    unit: str
    meaning: str


class ParameterTable(tuple[Parameter, ...]):
    """A tuple of :class:`Parameter` that prints as a table.

    >>> ParameterTable([Parameter("tau", 2.0, "ms", "decay time constant")])
    name  default  unit  meaning
    ----  -------  ----  -------------------
    tau   2        ms    decay time constant
    """

    __slots__ = ()

    def __repr__(self) -> str:
        head = ("name", "default", "unit", "meaning")
        rows = [head] + [(p.name, _default_text(p.default), p.unit or "-", p.meaning) for p in self]
        widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
        rows.insert(1, tuple("-" * width for width in widths))  # type: ignore[arg-type]
        return "\n".join(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
        )

    def _repr_html_(self) -> str:
        cells = [(p.name, _default_text(p.default), p.unit or "-", p.meaning) for p in self]
        body = "".join("<tr>" + "".join(f"<td>{c}</td>" for c in row) + "</tr>" for row in cells)
        return f"<table><tr><th>name</th><th>default</th><th>unit</th><th>meaning</th></tr>{body}</table>"


def _default_text(default: float | str | None) -> str:
    if default is None:
        return "-"
    return default if isinstance(default, str) else f"{default:g}"


class Immutable:
    """Base of objects whose attributes are set by ``_set`` in their constructor and by nobody else."""

    def _set(self, **attributes: Any) -> None:
        for name, value in attributes.items():
            object.__setattr__(self, name, value)

    def __setattr__(self, name: str, value: Any) -> None:
        raise ImmutableError(f"{self!r}: {name} cannot be set; descriptions do not change, make a new one")

    def __delattr__(self, name: str) -> None:
        raise ImmutableError(f"{self!r}: {name} cannot be deleted; descriptions do not change, make a new one")
