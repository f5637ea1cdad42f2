"""Weights and delays of SONATA edges: per edge, per type, or the documented default, which a note reports."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gpusyn.errors import FileError
from gpusyn.parameters.scalars import nearest, whole_steps_array
from gpusyn.sonata.circuit import Edges
from gpusyn.sonata.templates import SYNAPSES, Synapse
from gpusyn.utils.typing import Bools, Floats

__all__ = ["EdgeValues", "edge_values"]

DEFAULT = "static_synapse"
# BMTK's names for the weight as given in the files; other names refer to Python code, which a file cannot hold.
PLAIN_WEIGHTS = ("default_weight_fnc", "default_weight", "wmax")


@dataclass(frozen=True)
class EdgeValues:
    """Edges with their weights (pA or nS), their delays (ms) and a mask of those that exist (``nsyns`` above 0)."""

    edges: Edges
    weight: Floats
    delay: Floats
    kept: Bools


def edge_values(edges: Edges, dt: float, notes: list[str]) -> EdgeValues:
    """Return the weight and the delay of every edge.

    A weight is ``syn_weight`` times ``nsyns``. Where the files give no value, the documented default of the synapse
    model is used, and a sentence about it is appended to `notes`.

    Raises
    ------
    FileError
        If a ``model_template`` or ``weight_function`` is unknown, or a weight or ``nsyns`` is out of range.
    ParameterError
        If a delay is not a multiple of `dt`, or is below it.
    """
    check_weight_function(edges)
    synapses = templates(edges, notes)
    weight, given_weight = edges.table.numbers("syn_weight")
    delay, given_delay = edges.table.numbers("delay")
    fill(weight, ~given_weight, "weight", "", edges, synapses, notes)
    fill(delay, ~given_delay, "delay", " ms", edges, synapses, notes)
    count, counted = edges.table.numbers("nsyns")
    count = np.where(counted, count, 1.0)
    if (count < 0).any():
        raise FileError(f"{place(edges)}/nsyns: must be >= 0 (got {count.min():g}); correct the file")
    if not np.isfinite(weight).all():
        raise FileError(f"{place(edges)}/syn_weight: must be finite; correct the file")
    whole_steps_array(np.unique(delay[count > 0]), dt, f"{place(edges)}: delay")
    return EdgeValues(edges, weight * count, delay, count > 0)


def place(edges: Edges) -> str:
    """Return the file and the population of edges as messages name them."""
    return f"{edges.table.file}: {edges.table.path}"


def check_weight_function(edges: Edges) -> None:
    """Raise a FileError if a weight is defined by code of another simulator."""
    for name in dict.fromkeys(edges.table.texts("weight_function").tolist()):
        if name is not None and name not in PLAIN_WEIGHTS:
            raise FileError(
                f"{edges.table.types.file}: weight_function {name!r} is code of another simulator, not data; "
                "write the weights that it computes to syn_weight of the edges file, and NULL here"
            )


def templates(edges: Edges, notes: list[str]) -> list[tuple[str, Bools, Synapse]]:
    """Return (name, mask of edges, entry) for each synapse model; raise a FileError if one is unknown."""
    given = edges.table.texts("model_template")
    found = []
    for name in dict.fromkeys(given.tolist()):
        rows = np.array(given == name, dtype=bool)
        if name is None:
            notes.append(f"{place(edges)}: no model_template for {rows.sum():,} edges; {DEFAULT} assumed")
        elif name not in SYNAPSES:
            raise FileError(
                f"{edges.table.types.file}: model_template {name!r} is not known{nearest(name, SYNAPSES)}; "
                f"known here: {', '.join(SYNAPSES)}; add it to gpusyn.sonata.SYNAPSES or change the file"
            )
        found.append((name or DEFAULT, rows, SYNAPSES[name or DEFAULT]))
    return found


def fill(
    values: Floats,
    missing: Bools,
    what: str,
    unit: str,
    edges: Edges,
    synapses: list[tuple[str, Bools, Synapse]],
    notes: list[str],
) -> None:
    """Fill missing values with the documented default of each synapse model, and add a note about it."""
    for name, rows, synapse in synapses:
        absent = rows & missing
        if absent.any():
            default = getattr(synapse, what)
            values[absent] = default
            notes.append(
                f"{place(edges)}: no {what} for {absent.sum():,} of {len(values):,} edges; "
                f"{default:g}{unit} assumed, the documented default of NEST's {name.removeprefix('nest:')}"
            )
