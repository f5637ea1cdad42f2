"""The gpusyn network made from a SONATA circuit, and the places of the nodes in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gpusyn.network.network import Network
from gpusyn.network.populations import Population
from gpusyn.network.recorder import Recorder
from gpusyn.parameters.scalars import instance, one_of, public
from gpusyn.simulation.simulator import Simulator
from gpusyn.sonata.circuit import Circuit
from gpusyn.sonata.config import Config
from gpusyn.sonata.configured_outputs import Report
from gpusyn.sonata.populations import Nodes
from gpusyn.sonata.template_classes import Cell, Variable
from gpusyn.utils.reprs import ShortRepr
from gpusyn.utils.typing import Floats, Integers

__all__ = ["BuiltReport", "NodePart", "SonataModel"]


@dataclass(frozen=True, repr=False)
class NodePart(ShortRepr):
    """A gpusyn population and the rows of its SONATA node population.

    `cell` is ``None`` for virtual nodes; `states` are initial values of its states beside V.
    """

    population: Population
    nodes: Nodes
    rows: Integers
    cell: Cell | None
    states: Mapping[str, float | Floats] = field(default_factory=dict)


@dataclass(frozen=True, repr=False)
class BuiltReport(ShortRepr):
    """A configured report and the recorder that collects it."""

    spec: Report
    recorder: Recorder
    variable: Variable


@dataclass(frozen=True, repr=False)
class SonataModel(ShortRepr):
    """A network made from SONATA files.

    Attributes
    ----------
    net : Network
        Network of the circuit.
    config : Config
        Configuration that was read.
    circuit : Circuit
        Contents of the circuit files.
    parts : dict of str to tuple of NodePart
        Parts by SONATA node population. A population has one part of the same name, unless its nodes differ in template
        or in parameters that gpusyn stores once per population (time constants and reversal potentials of synapses).
    spikes : Recorder or None
        Recorder of the spikes of all nodes that are not virtual.
    reports : tuple of BuiltReport
        Reports with their recorders.
    notes : list of str
        One sentence for each assumption, rounding and omission.
    """

    net: Network
    config: Config
    circuit: Circuit
    parts: Mapping[str, tuple[NodePart, ...]]
    spikes: Recorder | None
    reports: tuple[BuiltReport, ...]
    notes: list[str]

    @public
    def part(self, population: str) -> NodePart:
        """Return the part of a gpusyn population, given by name."""
        found = {part.population.name: part for parts in self.parts.values() for part in parts}
        return found[one_of(population, found, "SonataModel.part().population")]

    @public
    def start(self, simulator: Simulator) -> None:
        """Set the states that the files start elsewhere than gpusyn does, such as `w` of NEST's AdEx models.

        Parameters
        ----------
        simulator : Simulator
            Simulator of the network, before its first run.

        Raises
        ------
        ArgumentError
            If it is not a Simulator.
        ParameterError
            If it simulates another network.
        SimulationError
            If it was closed.
        """
        instance(simulator, Simulator, "SonataModel.start().simulator", "a gs.Simulator of this network")
        for parts in self.parts.values():
            for part in parts:
                for name, values in part.states.items():
                    simulator.set(part.population, name, values)
