"""Build a gpusyn network from a SONATA circuit: populations, projections, spike sources and recorders."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import reduce
from operator import add
from typing import Any

import numpy as np

from gpusyn.connectivity import FromArrays
from gpusyn.errors import FileError, GpusynError
from gpusyn.network.network import Network
from gpusyn.neurons import SpikeSource
from gpusyn.parameters.scalars import instance, nearest, public, real, whole_steps, whole_steps_array
from gpusyn.sonata.circuit import Circuit, Nodes, read_circuit
from gpusyn.sonata.config import Config
from gpusyn.sonata.configured_outputs import Report
from gpusyn.sonata.edges import EdgeValues, edge_values
from gpusyn.sonata.inputs import Trains, read_input, rounding
from gpusyn.sonata.model import BuiltReport, NodePart, SonataModel
from gpusyn.sonata.parameters import VIRTUAL, NodeParameters, node_parameters, uniform
from gpusyn.sonata.templates import TEMPLATES, Cell, Variable
from gpusyn.utils.typing import Floats, Integers

__all__ = ["build"]


@public
def build(config: Config, duration: float | None = None) -> SonataModel:
    """Read the circuit of a configuration and describe it as a network.

    Parameters
    ----------
    config : Config
        Configuration from :func:`read_config`.
    duration : float, optional
        Length of the run to come (ms); the notes count the input spikes that come later. ``run.tstop`` by default.

    Returns
    -------
    SonataModel

    Raises
    ------
    ArgumentError
        If an argument has the wrong type.
    FileError
        If something in the files is missing or unknown; the message names file and key.
    ParameterError
        If a value in the files is out of range; the message names file and key.
    MissingDependencyError
        If h5py is not installed.
    """
    instance(config, Config, "build().config", "a Config, as read_config() returns it")
    if duration is not None:
        duration = real(duration, "build().duration", unit="ms", above=0.0)
    circuit = read_circuit(config)
    notes = list(config.notes)
    trains = read_trains(config, circuit, config.tstop if duration is None else duration, notes)
    net = Network()
    parts = {
        name: tuple(add_nodes(net, nodes, config, trains.get(name, []), notes, circuit.nodes))
        for name, nodes in circuit.nodes.items()
    }
    for edges in circuit.edges:
        values = edge_values(edges, config.dt, notes)
        add_edges(net, values, parts[edges.source_population], parts[edges.target_population])
    cells = [part for several in parts.values() for part in several if part.cell is not None]
    if not cells:
        raise FileError(f"{config.file}: every node is virtual; there is nothing to simulate")
    spikes = net.record(reduce(add, [part.population for part in cells]), "spikes", name=net._unused_name("spikes"))
    reports = tuple(add_report(net, spec, config, circuit, parts) for spec in config.reports)
    return SonataModel(net, config, circuit, parts, spikes, reports, notes)


def read_trains(config: Config, circuit: Circuit, duration: float, notes: list[str]) -> dict[str, list[Trains]]:
    """Return the spike trains of all inputs by node population."""
    trains: dict[str, list[Trains]] = {}
    for spec in config.inputs:
        found, said = read_input(spec, circuit)
        notes += said
        for one in found:
            notes += rounding(one.times, config.dt, duration, spec.where)
            trains.setdefault(one.population, []).append(one)
    return trains


def add_nodes(
    net: Network, nodes: Nodes, config: Config, trains: Sequence[Trains], notes: list[str], reserved: Collection[str]
) -> list[NodePart]:
    """Add the populations of one SONATA node population to the network; the names of others are `reserved`."""
    parameters = node_parameters(nodes, config.components)
    notes += parameters.notes
    check_inputs(nodes, parameters, trains)
    groups = split(parameters)
    parts = []
    for number, rows in enumerate(groups):
        name = nodes.name if len(groups) == 1 else net._unused_name(f"{nodes.name}_{number}", reserved)
        if parameters.template[rows[0]] == VIRTUAL:
            source = SpikeSource(spike_times(rows, nodes.size, trains))
            parts.append(NodePart(net.population(name, len(rows), source), nodes, rows, None))
            continue
        cell = make_cell(nodes, parameters, rows, config.dt)
        V = initial(nodes, parameters, rows, config, notes)
        where = positions(nodes, rows)
        population = net.population(name, len(rows), cell.model, receptors=list(cell.receptors), V=V, positions=where)
        parts.append(NodePart(population, nodes, rows, cell))
    if len(parts) > 1:
        names = ", ".join(f"{part.population.name!r} ({len(part.rows)})" for part in parts)
        notes.append(f"population {nodes.name!r}: its nodes differ in synapse model; simulated as {names}")
    return parts


def check_inputs(nodes: Nodes, parameters: NodeParameters, trains: Sequence[Trains]) -> None:
    """Raise a FileError if input spikes belong to a node that is not virtual."""
    for one in trains:
        wrong = np.unique(one.rows[parameters.template[one.rows] != VIRTUAL])
        if len(wrong):
            raise FileError(
                f"{nodes.table.file}: "
                f"node {nodes.ids[wrong[0]]} of {nodes.name!r} gets input spikes but is not virtual; "
                "set its model_type to virtual, or correct the node_set of the input"
            )


def split(parameters: NodeParameters) -> list[Integers]:
    """Return the rows of each part: nodes with the same template and the same values of its shared parameters."""
    keys = [
        (name, *(parameters.values[shared][row] for shared in TEMPLATES[name].shared if name != VIRTUAL))
        if name != VIRTUAL
        else (VIRTUAL,)
        for row, name in enumerate(parameters.template.tolist())
    ]
    numbers = {key: number for number, key in enumerate(dict.fromkeys(keys))}
    group = np.array([numbers[key] for key in keys], dtype=np.int64)
    return [np.flatnonzero(group == number) for number in range(len(numbers))]


def make_cell(nodes: Nodes, parameters: NodeParameters, rows: Integers, dt: float) -> Cell:
    """Return the cell of nodes that share a template."""
    template = TEMPLATES[parameters.template[rows[0]]]
    where = f"{nodes.table.file}: population {nodes.name!r}"
    if "t_ref" in template.parameters:
        refractory = parameters.values["t_ref"][rows]
        whole_steps_array(np.unique(refractory), dt, f"{where}: dynamics_params t_ref", low=0)
    try:
        return template.make({name: uniform(parameters.values[name], rows) for name in template.parameters})
    except GpusynError as error:
        raise type(error)(f"{where}: {error}") from None


def initial(
    nodes: Nodes, parameters: NodeParameters, rows: Integers, config: Config, notes: list[str]
) -> float | Floats | None:
    """Return the initial V: ``conditions.v_init``, else ``V_m`` of the model, else ``None`` for the rest potential."""
    given = parameters.initial[rows]
    if config.v_init is not None:
        if not np.isnan(given).all():
            notes.append(f"population {nodes.name!r}: conditions.v_init overrides V_m of dynamics_params")
        return config.v_init
    if np.isnan(given).all():
        notes.append(f"population {nodes.name!r}: no conditions.v_init: V starts at E_L, as in NEST")
        return None
    filled = parameters.initial.copy()
    filled[rows] = np.where(np.isnan(given), parameters.values["E_L"][rows], given)
    return uniform(filled, rows)


def positions(nodes: Nodes, rows: Integers) -> Floats | None:
    """Return the positions of the rows (um), shape (n, 3), or ``None`` if the files do not give all of them."""
    columns = [nodes.table.numbers(axis)[0][rows] for axis in "xyz"]
    stacked = np.stack(columns, axis=1)
    return None if np.isnan(stacked).any() else stacked


def spike_times(rows: Integers, size: int, trains: Sequence[Trains]) -> list[Floats]:
    """Return the sorted spike times of each of the rows."""
    all_rows = np.concatenate([np.empty(0, np.int64), *(one.rows for one in trains)])
    times = np.concatenate([np.empty(0), *(one.times for one in trains)])
    order = np.lexsort((times, all_rows))
    ends = np.cumsum(np.bincount(all_rows, minlength=size))[:-1]
    by_row = np.split(times[order], ends)
    return [by_row[row] for row in rows]


def add_edges(net: Network, values: EdgeValues, sources: Sequence[NodePart], targets: Sequence[NodePart]) -> None:
    """Add the projections of one SONATA edge population: one per pair of parts and receptor."""
    edges = values.edges
    for pre in sources:
        for post in targets:
            chosen = np.isin(edges.source, pre.rows) & np.isin(edges.target, post.rows) & values.kept
            if not chosen.any():
                continue
            if post.cell is None:
                raise FileError(
                    f"{edges.table.file}: {edges.table.path}/target_node_id: "
                    f"edges end at virtual nodes of {post.nodes.name!r}; remove these edges"
                )
            negative = values.weight < 0
            ways = ((post.cell.excitatory, chosen & ~negative), (post.cell.inhibitory, chosen & negative))
            for receptor, mask in ways:
                if mask.any():
                    connect(net, values, pre, post, receptor, np.flatnonzero(mask), len(sources) * len(targets))


def connect(
    net: Network, values: EdgeValues, pre: NodePart, post: NodePart, receptor: str, index: Integers, pairs: int
) -> None:
    """Add one projection that holds the edges `index`."""
    edges, cell = values.edges, post.cell
    weight = values.weight if cell is None or cell.signed else np.abs(values.weight)
    between = f"{pre.population.name}->{post.population.name}:" if pairs > 1 else ""
    net.connect(
        pre.population,
        post.population,
        FromArrays(np.searchsorted(pre.rows, edges.source[index]), np.searchsorted(post.rows, edges.target[index])),
        receptor=receptor,
        weight=uniform(weight, index),
        delay=uniform(values.delay, index),
        name=net._unused_name(f"{edges.name}:{between}{receptor}"),
    )


def add_report(
    net: Network, spec: Report, config: Config, circuit: Circuit, parts: Mapping[str, tuple[NodePart, ...]]
) -> BuiltReport:
    """Add the recorder of one report."""
    whole_steps(spec.dt, config.dt, f"{spec.where}.dt")
    selections: list[Any] = []
    found: set[Variable] = set()
    for name, rows in circuit.select(spec.node_set, f"{spec.where}.cells").items():
        for part in parts[name]:
            inside = np.flatnonzero(np.isin(part.rows, rows))
            if not len(inside):
                continue
            selections.append(part.population[inside])
            found.add(reported(spec, part))
    if len(found) > 1:
        raise FileError(
            f"{spec.where}.cells: {spec.variable!r} means different variables for these nodes; write several reports"
        )
    variable = found.pop()
    name = net._unused_name(f"report:{spec.name}")
    recorder = net.record(reduce(add, selections), [variable.name], every=spec.dt, name=name)
    return BuiltReport(spec, recorder, variable)


def reported(spec: Report, part: NodePart) -> Variable:
    """Return the variable that a report asks for."""
    if part.cell is None:
        raise FileError(f"{spec.where}.cells: nodes of {part.nodes.name!r} are virtual; remove them from the node set")
    known = part.cell.variables
    if spec.variable not in known:
        raise FileError(
            f"{spec.where}.variable_name: "
            f"{spec.variable!r} is not known for {part.nodes.name!r}{nearest(spec.variable, known)}; "
            f"known here: {', '.join(known)}"
        )
    return known[spec.variable]
