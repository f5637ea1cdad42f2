"""Template and parameter values of each node: from the files, else the template's defaults, which a note reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np

from gpusyn.errors import FileError
from gpusyn.sonata.dynamics import read_dynamics
from gpusyn.sonata.findings import Findings
from gpusyn.sonata.populations import Nodes
from gpusyn.sonata.slips import slip
from gpusyn.sonata.template_classes import Parameter
from gpusyn.sonata.templates import NOT_HERE, TEMPLATES
from gpusyn.utils.typing import Bools, Floats, Integers

__all__ = ["NodeParameters", "node_parameters", "uniform", "unknown_template"]

VIRTUAL = "virtual"
UNKNOWN = "unknown"  # the template of nodes about which a problem was found
FOLDER = "point_neuron_models_dir"


@dataclass
class NodeParameters:
    """Templates and parameter values of a node population.

    Attributes
    ----------
    template : ndarray of str, shape (size,)
        Template name of each node; ``"virtual"`` for nodes that only replay spikes.
    values : dict of str to ndarray of float64, shape (size,)
        Values of each parameter; NaN where the template of the node does not have it.
    initial : dict of str to ndarray of float64, shape (size,)
        Initial values by their names in gpusyn; NaN where gpusyn's own is meant.
    given : dict of str to ndarray of bool, shape (size,)
        Where the files give these initial values.
    """

    template: np.ndarray[tuple[int], np.dtype[np.object_]]
    values: dict[str, Floats] = field(default_factory=dict)
    initial: dict[str, Floats] = field(default_factory=dict)
    given: dict[str, Bools] = field(default_factory=dict)


def node_parameters(nodes: Nodes, components: Mapping[str, Path], findings: Findings) -> NodeParameters:
    """Return the template and the parameters of every node.

    Raises
    ------
    FileError
        If a template or parameter is unknown or a model file is missing; the message names file and key.
    ParameterError
        If a value is out of range.
    """
    found = NodeParameters(node_templates(nodes, findings))
    for name in dict.fromkeys(found.template.tolist()):
        if name in (VIRTUAL, UNKNOWN):
            continue
        rows = found.template == name
        template = TEMPLATES[name]
        units = {key: entry.unit for key, entry in template.parameters.items()}
        units |= {key: entry.unit for key, entry in template.initial.items()}
        given = read_dynamics(nodes.table, rows, name, units, components, FOLDER, findings, (), template.plain)
        assumed: dict[str, Bools] = {}
        for parameter, entry in template.parameters.items():
            missing = rows & np.isnan(given[parameter])
            column = found.values.setdefault(parameter, np.full(nodes.size, np.nan))
            column[rows] = given[parameter][rows]
            if missing.any() and entry.default is not None:
                column[missing] = entry.default
                if not entry.quiet:
                    assumed[parameter] = missing
        for key, initial in template.initial.items():
            column = found.initial.setdefault(initial.variable, np.full(nodes.size, np.nan))
            present = rows & ~np.isnan(given[key])
            column[rows] = np.nan if initial.default is None else initial.default
            column[present] = given[key][present]
            found.given.setdefault(initial.variable, np.zeros(nodes.size, dtype=bool))[present] = True
        for sentence in said(nodes, name, template.parameters, assumed, rows):
            findings.note(sentence)
        if template.note:
            findings.note(f"population {nodes.name!r}, {name}: {template.note}")
    return found


def node_templates(nodes: Nodes, findings: Findings) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    """Return the template name of each node; each unknown one is a problem."""
    virtual = nodes.table.texts("model_type") == VIRTUAL
    names = np.where(virtual, VIRTUAL, nodes.table.texts("model_template"))
    for name in dict.fromkeys(names.tolist()):
        if name == VIRTUAL or name in TEMPLATES:
            continue
        rows = np.array(names == name, dtype=bool)
        place = nodes.table.types.place(int(nodes.table.type_ids[np.flatnonzero(rows)[0]]), "model_template")
        with findings.step():
            if name is None:
                raise FileError(f"{place}: missing for {rows.sum()} nodes; give one of {', '.join(TEMPLATES)}")
            raise unknown_template(name, place, TEMPLATES, "TEMPLATES")
        names[rows] = UNKNOWN
    return names


def unknown_template(name: str, where: str, known: Mapping[str, object], table: str) -> FileError:
    """Return the error about a template that is not in a table: why it is not, if that is known."""
    reasons = [reason for pattern, reason in NOT_HERE.items() if fnmatchcase(name, pattern)]
    why = f"is not in gpusyn: {reasons[0]}" if reasons else f"is not known{slip(name, known)}"
    return FileError(
        f"{where}: {name!r} {why}; known here: {', '.join(known)}; add it to gpusyn.sonata.{table} or change the file"
    )


def said(
    nodes: Nodes, name: str, parameters: Mapping[str, Parameter], assumed: Mapping[str, Bools], rows: Bools
) -> list[str]:
    """Return one sentence for each set of parameters whose defaults were assumed for the same number of nodes."""
    by_count: dict[int, list[str]] = {}
    for parameter, missing in assumed.items():
        entry = parameters[parameter]
        by_count.setdefault(int(missing.sum()), []).append(f"{parameter} = {entry.default:g} {entry.unit}")
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
