"""The parameters of a model as a table, as ``LIF.parameters()`` returns it."""

from __future__ import annotations

from typing import NamedTuple


class Parameter(NamedTuple):
    """A parameter of a model: its name, default (``None``: none), unit (``""``: a pure number) and meaning."""

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
