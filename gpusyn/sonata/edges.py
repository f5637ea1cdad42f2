"""Weights, delays and synapse models of SONATA edges: from the files, or documented defaults, which a note reports."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gpusyn.errors import FileError
from gpusyn.sonata.dynamics import read_dynamics, store
from gpusyn.sonata.findings import Findings
from gpusyn.sonata.grid import delays_on_steps
from gpusyn.sonata.parameters import unknown_template
from gpusyn.sonata.populations import Edges
from gpusyn.sonata.template_classes import Synapse
from gpusyn.sonata.templates import SYNAPSES
from gpusyn.utils.typing import Bools, Floats

__all__ = ["EdgeGroup", "EdgeValues", "edge_values", "place"]

DEFAULT = "static_synapse"
FOLDER = "synaptic_models_dir"
# BMTK's names for the weight as given in the files; other names refer to Python code, which a file cannot hold.
PLAIN_WEIGHTS = ("default_weight_fnc", "default_weight", "set_syn_weight", "wmax")
# What dynamics_params may say of any edge, with units, and what says nothing about a synapse of a point neuron.
COMMON = {"weight": "", "delay": "ms", "sign": ""}
DESCRIPTIONS = ("level_of_detail",)


@dataclass(frozen=True)
class EdgeGroup:
    """Edges with one synapse model and, but for parameters that may differ among edges, the same parameters."""

    name: str
    synapse: Synapse
    rows: Bools
    values: Mapping[str, Floats]


@dataclass(frozen=True)
class EdgeValues:
    """Edges with their weights (pA or nS), their delays (ms), a mask of those that exist, and groups of them."""

    edges: Edges
    weight: Floats
    delay: Floats
    kept: Bools
    groups: tuple[EdgeGroup, ...]


def edge_values(edges: Edges, components: Mapping[str, Path], dt: float, findings: Findings) -> EdgeValues:
    """Return the weight, the delay and the synapse model of every edge.

    A weight is ``syn_weight``, or ``weight`` of ``dynamics_params``, times ``sign`` and ``nsyns``. Where the files give
    no value, the documented default of the synapse model is used, which a note reports.

    Raises
    ------
    FileError
        If a ``model_template``, ``weight_function`` or parameter is unknown, a model file is missing, or a weight, a
        sign or ``nsyns`` is out of range.
    ParameterError
        If a delay rounds to less than `dt`.
    """
    check_weight_functions(edges, findings)
    weight, given_weight = edges.table.numbers("syn_weight")
    delay, given_delay = edges.table.numbers("delay")
    groups: list[EdgeGroup] = []
    for name, rows in templates(edges, findings):
        synapse = SYNAPSES[name]
        units = {key: entry.unit for key, entry in synapse.parameters.items()} | COMMON
        units |= {"receptor_type": ""} if synapse.receptor is None else {}
        values = read_dynamics(
            edges.table, rows, name, units, components, FOLDER, findings, DESCRIPTIONS, synapse.plain
        )
        for what, column, given in (("weight", weight, given_weight), ("delay", delay, given_delay)):
            complete(column, given, values.pop(what), what, edges, findings)
            with findings.step():
                fill(column, rows & ~given, what, getattr(synapse, what), name, edges, findings)
        with findings.step():
            apply_sign(weight, values.pop("sign"), edges)
        weight[rows] *= synapse.unit
        assume(synapse, name, rows, values, edges, findings)
        groups += split(name, synapse, rows, values)
        if synapse.note:
            findings.note(f"{place(edges)}, {name}: {synapse.note}")
    count, counted = edges.table.numbers("nsyns")
    count = np.where(counted, count, 1.0)
    if (count < 0).any():
        raise FileError(f"{place(edges)}/nsyns: must be >= 0 (got {count.min():g}); correct the file")
    if findings.problems:
        weight, delay = np.nan_to_num(weight), np.where(np.isnan(delay), 1.0, delay)
    with findings.step():
        delay[count > 0] = delays_on_steps(delay[count > 0], dt, f"{place(edges)}: delay", findings)
    return EdgeValues(edges, weight * count, delay, count > 0, tuple(groups))


def place(edges: Edges) -> str:
    """Return the file and the population of edges as messages name them."""
    return f"{edges.table.file}: {edges.table.path}"


def check_weight_functions(edges: Edges, findings: Findings) -> None:
    """Refuse weights that are defined by code of another simulator."""
    for name, _ in edges.table.kinds("weight_function"):
        with findings.step():
            if name is not None and name not in PLAIN_WEIGHTS:
                raise FileError(
                    f"{edges.table.types.file}: weight_function {name!r} is code of another simulator, not data; "
                    "write the weights that it computes to syn_weight of the edges file, and NULL here"
                )


def templates(edges: Edges, findings: Findings) -> Iterator[tuple[str, Bools]]:
    """Yield the name and the edges of each synapse model; an unknown one is a problem."""
    for name, rows in edges.table.kinds("model_template"):
        if name is None:
            findings.note(f"{place(edges)}: no model_template for {rows.sum():,} edges; {DEFAULT} assumed")
        elif name not in SYNAPSES:
            with findings.step():
                raise unknown_template(name, f"{edges.table.types.file}: model_template", SYNAPSES, "SYNAPSES")
            continue
        yield name or DEFAULT, rows


def complete(column: Floats, given: Bools, values: Floats, what: str, edges: Edges, findings: Findings) -> None:
    """Put values of dynamics_params where the tables of edges and of their types give none, as BMTK does."""
    present = ~np.isnan(values)
    other = int((given & present & (column != values)).sum())
    if other:
        findings.note(
            f"{place(edges)}: {what} of dynamics_params is not used for {other:,} edges, whose tables give another"
        )
    new = present & ~given
    column[new], given[new] = values[new], True


def fill(
    column: Floats, missing: Bools, what: str, default: float | None, name: str, edges: Edges, findings: Findings
) -> None:
    """Fill missing values with the documented default of the synapse model, and add a note about it."""
    if not missing.any():
        return
    none = f"{place(edges)}: no {what} for {missing.sum():,} of {len(column):,} edges"
    if default is None:
        column_name = "syn_weight" if what == "weight" else what
        raise FileError(f"{none} of {name}, which has no default; give {column_name}")
    column[missing] = default
    owner = name if name.startswith("gpusyn:") else f"NEST's {name.removeprefix('nest:')}"
    unit = " ms" if what == "delay" else ""
    findings.note(f"{none}; {default:g}{unit} assumed, the documented default of {owner}")


def apply_sign(weight: Floats, sign: Floats, edges: Edges) -> None:
    """Multiply weights by their sign; refuse a sign of weights that have one already."""
    present = ~np.isnan(sign)
    if not np.isin(sign[present], (-1.0, 1.0)).all():
        raise FileError(f"{place(edges)}: sign of dynamics_params must be 1 or -1; correct the file")
    if (weight[present] < 0).any():
        raise FileError(
            f"{place(edges)}: weights must be >= 0 where dynamics_params give a sign "
            f"(got {weight[present].min():g}); leave the sign out, or write magnitudes"
        )
    weight[present] *= sign[present]


def assume(
    synapse: Synapse, name: str, rows: Bools, values: dict[str, Floats], edges: Edges, findings: Findings
) -> None:
    """Fill missing parameters with their defaults, and add a note about it."""
    texts: dict[int, list[str]] = {}
    for key, entry in synapse.parameters.items():
        missing = rows & np.isnan(values[key])
        if entry.default is not None and missing.any():
            store(values, key, missing, entry.default)
            if not entry.quiet:
                texts.setdefault(int(missing.sum()), []).append(f"{key} = {entry.default:g} {entry.unit}")
    for count, listed in texts.items():
        findings.note(f"{place(edges)}: {', '.join(listed)} assumed for {count:,} edges of {name}, its defaults")


def split(name: str, synapse: Synapse, rows: Bools, values: Mapping[str, Floats]) -> list[EdgeGroup]:
    """Return the edges of a synapse model, apart where they differ in a parameter that a projection has once."""
    number = np.zeros(int(rows.sum()), dtype=np.int64)
    for key, column in values.items():
        if key not in synapse.per_edge and column.flags.writeable and len(number):
            of_edge = np.unique(column[rows], return_inverse=True)[1]  # all NaN are one value
            number = np.unique(number * (int(of_edge.max()) + 1) + of_edge, return_inverse=True)[1]
    groups = []
    for one in dict.fromkeys(number.tolist()):
        chosen = rows.copy()
        chosen[rows] = number == one
        groups.append(EdgeGroup(name, synapse, chosen, values))
    return groups
