"""The parameters of a model as a table, as ``LIF.parameters()`` returns it."""

from __future__ import annotations

from typing import NamedTuple

from gpusyn.utils.tables import html_table, text_table


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
        return text_table(Parameter._fields, self._cells())

    def _repr_html_(self) -> str:
        return html_table(Parameter._fields, self._cells())

    def _cells(self) -> list[tuple[str, str, str, str]]:
        return [(p.name, _default_text(p.default), p.unit or "-", p.meaning) for p in self]


def _default_text(default: float | str | None) -> str:
    if default is None:
        return "-"
    return default if isinstance(default, str) else f"{default:g}"
