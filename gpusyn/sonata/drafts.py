"""Nodes of one kind before the network is made: their cell, their start, and receptors that edges bring along."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from gpusyn.errors import FileError
from gpusyn.receptors import Receptor
from gpusyn.sonata.config import Config
from gpusyn.sonata.dynamics import store
from gpusyn.sonata.edges import EdgeGroup
from gpusyn.sonata.findings import Findings, located
from gpusyn.sonata.grid import lengths_on_steps
from gpusyn.sonata.inputs import Trains
from gpusyn.sonata.parameters import UNKNOWN, VIRTUAL, NodeParameters, node_parameters, uniform
from gpusyn.sonata.populations import Nodes
from gpusyn.sonata.template_classes import Cell, Variable
from gpusyn.sonata.templates import TEMPLATES
from gpusyn.utils.typing import Floats, Integers

__all__ = ["Draft", "draft_nodes", "membranes", "spike_times"]


@dataclass(eq=False)
class Draft:
    """Nodes that become one gpusyn population.

    Attributes
    ----------
    nodes : Nodes
        Node population.
    rows : ndarray of int64
        Rows of the nodes in it.
    template : str
        Name of their template; ``"virtual"`` for sources of spikes.
    cell : Cell or None
        What gpusyn makes of the template; ``None`` for sources of spikes.
    times : list of ndarray
        Times of the spikes of each source (ms).
    V : float, ndarray or None
        Initial potentials (mV); ``None`` for the resting potential.
    states : dict of str to (float or ndarray)
        Initial values of further states.
    brought : dict
        Receptors of edges, by template and parameters.
    """

    nodes: Nodes
    rows: Integers
    template: str = VIRTUAL
    cell: Cell | None = None
    times: list[Floats] = field(default_factory=list)
    V: float | Floats | None = None
    states: dict[str, float | Floats] = field(default_factory=dict)
    brought: dict[tuple[str, ...], Receptor] = field(default_factory=dict)

    @property
    def receptors(self) -> list[Receptor]:
        """All receptors of the population."""
        return [*(self.cell.receptors if self.cell else ()), *self.brought.values()]

    @property
    def variables(self) -> dict[str, Variable]:
        """Variables that a report may ask for; those of receptors that edges brought have gpusyn's names."""
        known = dict(self.cell.variables) if self.cell else {}
        for one in self.brought.values():
            for name, unit in one.variables.items():
                known.setdefault(name, Variable(name, unit))
        return known

    def positions(self, rows: Integers) -> Integers:
        """Return the positions in this draft of rows of its node population."""
        place = np.zeros(self.nodes.size, dtype=np.int64)
        place[self.rows] = np.arange(len(self.rows))
        found: Integers = place[rows]
        return found

    def bring(self, group: EdgeGroup) -> Receptor:
        """Return the receptor at which a group of edges ends; it is made once for the same parameters."""
        assert group.synapse.receptor is not None
        first = int(np.flatnonzero(group.rows)[0])
        given = {key: float(group.values[key][first]) for key in group.synapse.parameters}
        given = {key: value for key, value in given.items() if not np.isnan(value)}
        key = (group.name, *(f"{name}={value!r}" for name, value in sorted(given.items())))
        if key not in self.brought:
            kind = group.name.rpartition(":")[2]
            taken = {one.name for one in self.receptors}
            names = (kind if number == 1 else f"{kind}_{number}" for number in range(1, len(taken) + 2))
            self.brought[key] = group.synapse.receptor(given, next(name for name in names if name not in taken))
        return self.brought[key]


def draft_nodes(nodes: Nodes, config: Config, trains: Sequence[Trains], findings: Findings) -> list[Draft]:
    """Return the drafts of a node population: nodes with one template and the same shared parameters each.

    Raises
    ------
    FileError
        If a template or parameter is unknown, a model file is missing, or a node that is not virtual gets spikes.
    ParameterError
        If a value is out of range.
    """
    parameters = node_parameters(nodes, config.components, findings)
    with findings.step():
        check_inputs(nodes, parameters, trains)
    drafts = []
    for rows in split(parameters):
        name = str(parameters.template[rows[0]])
        if name == VIRTUAL:
            times = spike_times(rows, nodes.size, trains)
            silent = sum(not len(train) for train in times)
            if silent:
                findings.note(
                    f"population {nodes.name!r}: {silent:,} of {len(rows):,} virtual nodes get no input spikes"
                )
            drafts.append(Draft(nodes, rows, times=times))
            continue
        with findings.step():
            cell = make_cell(nodes, parameters, rows, config.dt, findings)
            V = potentials(nodes, parameters, rows, config, cell, findings)
            drafts.append(Draft(nodes, rows, name, cell, V=V, states=states(nodes, parameters, rows)))
    return drafts


def check_inputs(nodes: Nodes, parameters: NodeParameters, trains: Sequence[Trains]) -> None:
    """Raise a FileError if input spikes belong to a node that is not virtual."""
    for one in trains:
        wrong = np.unique(one.rows[parameters.template[one.rows] != VIRTUAL])
        if len(wrong):
            raise FileError(
                f"{nodes.table.file}: "
                f"node {nodes.ids[wrong[0]]} of {nodes.name!r} gets input spikes but is not virtual; "
                'set its model_type to virtual, write "module": "replay", or correct the node_set of the input'
            )


def split(parameters: NodeParameters) -> list[Integers]:
    """Return the rows of each draft."""
    keys = [
        (name, *(parameters.values[shared][row] for shared in TEMPLATES[name].shared))
        if name not in (VIRTUAL, UNKNOWN)
        else (name,)
        for row, name in enumerate(parameters.template.tolist())
    ]
    numbers = {key: number for number, key in enumerate(dict.fromkeys(keys))}
    group = np.array([numbers[key] for key in keys], dtype=np.int64)
    return [np.flatnonzero(group == number) for key, number in numbers.items() if key[0] != UNKNOWN]


def make_cell(nodes: Nodes, parameters: NodeParameters, rows: Integers, dt: float, findings: Findings) -> Cell:
    """Return the cell of nodes that share a template."""
    template = TEMPLATES[parameters.template[rows[0]]]
    where = f"{nodes.table.file}: population {nodes.name!r}"

    def made() -> Cell:
        with located(where):
            return template.make({name: uniform(parameters.values[name], rows) for name in template.parameters})

    cell = made()
    if "t_ref" in template.parameters and not cell.model.BETWEEN_STEPS:
        lengths = parameters.values["t_ref"][rows]
        store(parameters.values, "t_ref", rows, lengths_on_steps(lengths, dt, f"{where}: t_ref", findings))
        cell = made()
    return cell


def potentials(
    nodes: Nodes, parameters: NodeParameters, rows: Integers, config: Config, cell: Cell, findings: Findings
) -> float | Floats | None:
    """Return the initial V: ``conditions.v_init``, else that of the files, else the template's; ``None``: at rest."""
    if not cell.membrane:
        if config.v_init is not None:
            count, name = len(rows), parameters.template[rows[0]]
            findings.note(f"population {nodes.name!r}: conditions.v_init is not for {count:,} nodes of {name}")
        return None
    if "V" not in parameters.initial:
        return config.v_init
    given, values = parameters.given["V"][rows], parameters.initial["V"].copy()
    if config.v_init is not None:
        if given.any():
            findings.note(f"population {nodes.name!r}: conditions.v_init overrides V_m of dynamics_params")
        return config.v_init
    name = str(parameters.template[rows[0]])
    if not given.all():
        default = next(one.default for one in TEMPLATES[name].initial.values() if one.variable == "V")
        begin = "at rest" if default is None else f"at {default:g} mV, the default of {name}, wherever E_L is"
        count = int((~given).sum())
        findings.note(f"population {nodes.name!r}: no conditions.v_init: V of {count:,} nodes starts {begin}")
    rest = getattr(cell.model, "REST", None)
    if np.isnan(values[rows]).all() or rest is None:
        return None
    values[rows] = np.where(np.isnan(values[rows]), parameters.values[rest][rows], values[rows])
    return uniform(values, rows)


def states(nodes: Nodes, parameters: NodeParameters, rows: Integers) -> dict[str, float | Floats]:
    """Return the initial values of further states."""
    found: dict[str, float | Floats] = {}
    for entry in TEMPLATES[parameters.template[rows[0]]].initial.values():
        values = parameters.initial[entry.variable]
        if entry.variable == "V" or np.isnan(values[rows]).all():
            continue
        if np.isnan(values[rows]).any():
            raise FileError(
                f"{nodes.table.file}: population {nodes.name!r}: dynamics_params give {entry.variable} of some nodes "
                "only; give it for all of them, or for none"
            )
        found[entry.variable] = uniform(values, rows)
    return found


def spike_times(rows: Integers, size: int, trains: Sequence[Trains]) -> list[Floats]:
    """Return the sorted spike times of each of the rows."""
    all_rows = np.concatenate([np.empty(0, np.int64), *(one.rows for one in trains)])
    times = np.concatenate([np.empty(0), *(one.times for one in trains)])
    order = np.lexsort((times, all_rows))
    ends = np.cumsum(np.bincount(all_rows, minlength=size))[:-1]
    by_row = np.split(times[order], ends)
    return [by_row[row] for row in rows]


def membranes(
    drafts: Mapping[str, Sequence[Draft]], chosen: Mapping[str, Integers], where: str, findings: Findings
) -> list[tuple[Draft, Integers]]:
    """Return the neurons among some rows as (draft, positions in it); nodes without a membrane are left out.

    Raises
    ------
    FileError
        If all of them are virtual.
    """
    found, virtual = [], 0
    for name, rows in chosen.items():
        for draft in drafts.get(name, ()):
            inside = np.flatnonzero(np.isin(draft.rows, rows))
            if draft.cell is None:
                virtual += len(inside)
            elif len(inside):
                found.append((draft, inside))
    if virtual and not found:
        raise FileError(f"{where}: nodes of {', '.join(chosen)} are virtual; name a node set of neurons")
    if virtual:
        findings.note(f"{where}: {virtual:,} virtual nodes are left out")
    return found
