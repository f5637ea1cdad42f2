"""Build a gpusyn network from a SONATA circuit: populations, projections, inputs and recorders.

All is drafted before the network is made, so that a check finds every problem, and receptors that edges bring along are
known when their targets are made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from operator import add

import numpy as np

from gpusyn.errors import FileError
from gpusyn.network.network import Network
from gpusyn.network.populations import Population
from gpusyn.neurons import SpikeSource
from gpusyn.parameters.scalars import instance, public, real
from gpusyn.sonata.circuit import Circuit, read_circuit
from gpusyn.sonata.config import Config
from gpusyn.sonata.configured_inputs import SpikeInput
from gpusyn.sonata.drafts import Draft, draft_nodes, spike_times
from gpusyn.sonata.edges import EdgeValues, edge_values, place
from gpusyn.sonata.findings import Findings, located
from gpusyn.sonata.inputs import Trains, on_steps, read_input
from gpusyn.sonata.model import NodePart, SonataModel
from gpusyn.sonata.overrides import override_edges
from gpusyn.sonata.populations import Nodes
from gpusyn.sonata.projections import Connection, connect, connections
from gpusyn.sonata.reports import ReportDraft, add_report, report_draft
from gpusyn.sonata.stimuli import Stimulus, add_stimulus, stimulus
from gpusyn.utils.typing import Floats

__all__ = ["assemble", "build", "draft"]


@dataclass
class NetworkDraft:
    """All parts of a network before it is made."""

    circuit: Circuit
    drafts: dict[str, list[Draft]] = field(default_factory=dict)
    replays: list[Draft] = field(default_factory=list)
    connections: list[Connection] = field(default_factory=list)
    stimuli: list[Stimulus] = field(default_factory=list)
    reports: list[ReportDraft] = field(default_factory=list)


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
        Call its `start` with the simulator before the first run.

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
    findings = Findings()
    findings.notes += config.notes
    return assemble(draft(config, config.tstop if duration is None else duration, findings), config, findings)


def draft(config: Config, duration: float, findings: Findings) -> NetworkDraft:
    """Read all files and draft the network.

    Raises
    ------
    FileError
        If something in the files is missing or unknown.
    ParameterError
        If a value in the files is out of range.
    """
    made = NetworkDraft(read_circuit(config, findings))
    circuit = made.circuit
    trains, replayed = read_trains(config, circuit, duration, findings)
    for name, nodes in circuit.nodes.items():
        with findings.step():
            made.drafts[name] = draft_nodes(nodes, config, trains.get(name, []), findings)
    several: list[EdgeValues] = []
    for edges in circuit.edges:
        with findings.step():
            several.append(edge_values(edges, config.components, config.dt, findings))
    several = override_edges(several, config.overrides, circuit, config.dt, findings)
    for values in several:
        edges = values.edges
        sources, targets = (made.drafts.get(name, []) for name in (edges.source_population, edges.target_population))
        made.connections += connections(values, sources, targets, findings)
    for source, one in replayed:
        with findings.step():
            replay(made, several, source, one, findings)
    for spec in config.inputs:
        if not isinstance(spec, SpikeInput):
            with findings.step():
                found = stimulus(spec, circuit, made.drafts, config.dt, duration, findings)
                made.stimuli += [found] if found else []
    for report in config.reports:
        with findings.step():
            drafted = report_draft(report, circuit, made.drafts, config.dt, findings)
            made.reports += [drafted] if drafted else []
    if not findings.problems and not any(one.cell for drafts in made.drafts.values() for one in drafts):
        raise FileError(f"{config.file}: every node is virtual; there is nothing to simulate")
    return made


def read_trains(
    config: Config, circuit: Circuit, duration: float, findings: Findings
) -> tuple[dict[str, list[Trains]], list[tuple[SpikeInput, Trains]]]:
    """Return the spike trains of all inputs by node population, and those that are replayed."""
    trains: dict[str, list[Trains]] = {}
    replayed: list[tuple[SpikeInput, Trains]] = []
    for spec in config.inputs:
        if not isinstance(spec, SpikeInput):
            continue
        with findings.step():
            for one in read_input(spec, circuit, findings):
                times = one.times
                if not np.isnan(config.dt):
                    times = on_steps(times, config.dt, duration, spec.where, findings)
                moved = replace(one, times=times)
                if spec.source is None:
                    trains.setdefault(one.population, []).append(moved)
                else:
                    replayed.append((spec, moved))
    return trains, replayed


def replay(
    made: NetworkDraft, several: Sequence[EdgeValues], spec: SpikeInput, trains: Trains, findings: Findings
) -> None:
    """Draft sources that repeat spikes of nodes, and the edges from these nodes to the node set of the input."""
    nodes = made.circuit.nodes[trains.population]
    rows = np.unique(trains.rows)
    targets = made.circuit.select(spec.node_set, f"{spec.where}.node_set", findings)
    if not len(rows) or not targets:
        return
    source = Draft(nodes, rows, times=spike_times(rows, nodes.size, [trains]))
    made.replays.append(source)
    count = 0
    for values in several:
        edges = values.edges
        if edges.source_population == trains.population and edges.target_population in targets:
            kept = values.kept & np.isin(edges.target, targets[edges.target_population])
            ends = made.drafts.get(edges.target_population, [])
            found = connections(replace(values, kept=kept), [source], ends, findings, named=True)
            made.connections += found
            count += sum(len(one.index) for one in found)
    findings.note(f"{spec.where}: {len(trains.times):,} spikes of {len(rows):,} nodes are replayed at {count:,} edges")


def assemble(made: NetworkDraft, config: Config, findings: Findings) -> SonataModel:
    """Make the network of a draft."""
    net = Network()
    populations: dict[Draft, Population] = {}
    parts: dict[str, tuple[NodePart, ...]] = {}
    reserved = set(made.circuit.nodes)
    for name, drafts in made.drafts.items():
        found = []
        for number, one in enumerate(drafts):
            wanted = name if len(drafts) == 1 else net._unused_name(f"{name}_{number}", reserved)
            populations[one] = add_population(net, wanted, one)
            found.append(NodePart(populations[one], one.nodes, one.rows, one.cell, one.states))
        parts[name] = tuple(found)
        if len(found) > 1:
            names = ", ".join(f"{part.population.name!r} ({len(part.rows)})" for part in found)
            findings.note(f"population {name!r}: its nodes differ in model or receptors; simulated as {names}")
    for one in made.replays:
        populations[one] = add_population(net, net._unused_name(f"{one.nodes.name} replayed", reserved), one)
    for connection in made.connections:
        with located(place(connection.values.edges)):
            connect(net, connection, populations)
    for given in made.stimuli:
        with located(given.spec.where):
            add_stimulus(net, given, populations)
    cells = [part.population for several in parts.values() for part in several if part.cell is not None]
    spikes = net.record(reduce(add, cells), "spikes", name=net._unused_name("spikes"))
    reports = tuple(add_report(net, report, populations) for report in made.reports)
    return SonataModel(net, config, made.circuit, parts, spikes, reports, findings.notes)


def add_population(net: Network, name: str, one: Draft) -> Population:
    """Add the population of a draft."""
    if one.cell is None:
        return net.population(name, len(one.rows), SpikeSource(one.times))
    where = positions(one.nodes, one)
    return net.population(name, len(one.rows), one.cell.model, receptors=one.receptors, V=one.V, positions=where)


def positions(nodes: Nodes, one: Draft) -> Floats | None:
    """Return the positions of the rows (um), shape (n, 3), or ``None`` if the files do not give all of them."""
    columns = [nodes.table.numbers(axis)[0][one.rows] for axis in "xyz"]
    stacked = np.stack(columns, axis=1)
    return None if np.isnan(stacked).any() else stacked
