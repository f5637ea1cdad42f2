"""Template and parameter values of each node: from the files, else the template's defaults, which a note reports."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from gpusyn.errors import FileError
from gpusyn.parameters.scalars import nearest, real
from gpusyn.sonata.circuit import Nodes
from gpusyn.sonata.sections import load
from gpusyn.sonata.templates import TEMPLATES, Parameter, Template
from gpusyn.utils.typing import Bools, Floats, Integers

__all__ = ["NodeParameters", "node_parameters", "uniform"]

VIRTUAL = "virtual"
INITIAL = "V_m"


@dataclass
class NodeParameters:
    """Templates and parameter values of a node population.

    Attributes
    ----------
    template : ndarray of str, shape (size,)
        Template name of each node; ``"virtual"`` for nodes that only replay spikes.
    values : dict of str to ndarray of float64, shape (size,)
        Values of each parameter; NaN where the template of the node does not have it.
    initial : ndarray of float64, shape (size,)
        ``V_m`` (mV) where the files give it, else NaN.
    notes : list of str
        One sentence for each assumption.
    """

    template: np.ndarray[tuple[int], np.dtype[np.object_]]
    values: dict[str, Floats]
    initial: Floats
    notes: list[str] = field(default_factory=list)


def node_parameters(nodes: Nodes, components: Mapping[str, Path]) -> NodeParameters:
    """Return the template and the parameters of every node.

    Raises
    ------
    FileError
        If a template or parameter is unknown or a model file is missing; the message names file and key.
    ParameterError
        If a value is out of range.
    """
    found = NodeParameters(node_templates(nodes), {}, np.full(nodes.size, np.nan))
    for name in dict.fromkeys(found.template.tolist()):
        if name == VIRTUAL:
            continue
        rows = found.template == name
        template = TEMPLATES[name]
        given = given_values(nodes, rows, name, template, components)
        found.initial[rows] = given.pop(INITIAL)[rows]
        assumed: dict[str, Bools] = {}
        for parameter, entry in template.parameters.items():
            column = found.values.setdefault(parameter, np.full(nodes.size, np.nan))
            missing = rows & np.isnan(given[parameter])
            column[rows] = np.where(missing, entry.default, given[parameter])[rows]
            if missing.any():
                assumed[parameter] = missing
        found.notes += said(nodes, name, template, assumed, rows)
    return found


def node_templates(nodes: Nodes) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    """Return the template name of each node; raise a FileError if one is unknown."""
    virtual = nodes.table.texts("model_type") == VIRTUAL
    names = np.where(virtual, VIRTUAL, nodes.table.texts("model_template"))
    for name in dict.fromkeys(names.tolist()):
        if name == VIRTUAL or name in TEMPLATES:
            continue
        first = int(np.flatnonzero(names == name)[0])
        place = nodes.table.types.place(int(nodes.table.type_ids[first]), "model_template")
        known = ", ".join(TEMPLATES)
        if name is None:
            raise FileError(f"{place}: missing for {(names == name).sum()} nodes; give one of {known}")
        raise FileError(
            f"{place}: {name!r} is not known{nearest(name, TEMPLATES)}; "
            f"known here: {known}; add it to gpusyn.sonata.TEMPLATES or change the file"
        )
    return names


def given_values(
    nodes: Nodes, rows: Bools, name: str, template: Template, components: Mapping[str, Path]
) -> dict[str, Floats]:
    """Return the values of each parameter (and of V_m) in the files; NaN where they give none."""
    allowed = (*template.parameters, INITIAL)
    values = {parameter: np.full(nodes.size, np.nan) for parameter in allowed}
    models = nodes.table.texts("dynamics_params")
    for model in dict.fromkeys(models[rows].tolist()):
        if model is None:
            continue
        chosen = rows & (models == model)
        type_id = int(nodes.table.type_ids[np.flatnonzero(chosen)[0]])
        section = load(model_file(model, components, nodes.table.types.place(type_id, "dynamics_params")))
        for key in section.data:
            check_parameter(key, allowed, section.where(key), name)
            unit = unit_of(template, key)
            value = real(section.number(key, unit), section.where(key), unit=unit, potential=unit == "mV")
            values[key][chosen] = value
            check_positive(key, values[key][chosen], section.where(key))
    for key in nodes.table.group_names("dynamics_params/"):
        column, present = nodes.table.numbers(f"dynamics_params/{key}")
        if (present & rows).any():
            where = f"{nodes.table.file}: {nodes.table.path}/<group>/dynamics_params/{key}"
            check_parameter(key, allowed, where, name)
            values[key][present & rows] = column[present & rows]
            check_positive(key, column[present & rows], where)
    return values


def unit_of(template: Template, key: str) -> str:
    """Return the unit of a parameter."""
    return template.parameters.get(key, Parameter(0.0, "mV")).unit


def check_parameter(key: str, allowed: tuple[str, ...], where: str, template: str) -> None:
    """Raise a FileError if the template does not have a parameter."""
    if key not in allowed:
        raise FileError(
            f"{where}: {template} has no parameter {key!r} in gpusyn{nearest(key, allowed)}; "
            f"known here: {', '.join(allowed)}; remove it"
        )


def check_positive(key: str, values: Floats, where: str) -> None:
    """Raise a FileError if a time constant, a capacitance or a leak conductance is not above 0."""
    if (key.startswith("tau") or key in ("C_m", "g_L")) and not (values > 0).all():
        raise FileError(f"{where}: must be above 0 (got {values[~(values > 0)][0]:g})")


def model_file(name: str, components: Mapping[str, Path], where: str) -> Path:
    """Return the path of a model's JSON file."""
    folder = components.get("point_neuron_models_dir")
    if folder is None:
        raise FileError(f"{where}: {name!r} needs components.point_neuron_models_dir in the circuit configuration")
    path = folder / name
    if not os.path.isfile(path):
        raise FileError(f"{where}: no file {name!r} in components.point_neuron_models_dir ({folder}); add it there")
    return path


def said(nodes: Nodes, name: str, template: Template, assumed: Mapping[str, Bools], rows: Bools) -> list[str]:
    """Return one sentence for each set of parameters whose defaults were assumed for the same number of nodes."""
    by_count: dict[int, list[str]] = {}
    for parameter, missing in assumed.items():
        entry = template.parameters[parameter]
        text = f"{parameter} = {entry.default:g} {entry.unit}"
        by_count.setdefault(int(missing.sum()), []).append(text)
    return [
        f"{nodes.table.file}: "
        f"population {nodes.name!r}: {', '.join(texts)} assumed for {count} of {rows.sum()} nodes of {name}; "
        "the files give no values, and these are its documented defaults"
        for count, texts in by_count.items()
    ]


def uniform(values: Floats, rows: Integers) -> float | Floats:
    """Return one number if all rows have the same value, else one value per row."""
    chosen: Floats = values[rows]
    return float(chosen[0]) if len(chosen) and bool((chosen == chosen[0]).all()) else chosen
