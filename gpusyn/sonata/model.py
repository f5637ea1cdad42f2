"""What a SONATA circuit has become in gpusyn, and which of its nodes are where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gpusyn.network.network import Network
from gpusyn.network.populations import Population
from gpusyn.network.recorder import Recorder
from gpusyn.sonata.circuit import Circuit, Nodes
from gpusyn.sonata.config import Config
from gpusyn.sonata.configured_outputs import Report
from gpusyn.sonata.templates import Cell, Variable
from gpusyn.utils.typing import Integers

__all__ = ["BuiltReport", "Part", "SonataModel"]


@dataclass(frozen=True)
class Part:
    """A gpusyn population and the rows of the SONATA node population that it holds; no cell: virtual."""

    population: Population
    nodes: Nodes
    rows: Integers
    cell: Cell | None


@dataclass(frozen=True)
class BuiltReport:
    """A configured report and the recorder that collects it."""

    spec: Report
    recorder: Recorder
    variable: Variable


@dataclass(frozen=True)
class SonataModel:
    """A network made from SONATA files.

    Attributes
    ----------
    net : Network
    config : Config
    circuit : Circuit
    parts : dict of str to tuple of Part
        By SONATA node population. One part, of the same name, unless its nodes differ in template or in what
        gpusyn keeps once a population (time constants and reversal potentials of synapses).
    spikes : Recorder or None
        Spikes of all nodes that are not virtual.
    reports : tuple of BuiltReport
    notes : list of str
        Everything that was assumed, rounded or left out.
    """

    net: Network
    config: Config
    circuit: Circuit
    parts: Mapping[str, tuple[Part, ...]]
    spikes: Recorder | None
    reports: tuple[BuiltReport, ...]
    notes: list[str]

    def part(self, population: str) -> Part:
        """Return the part that a gpusyn population is."""
        return next(part for parts in self.parts.values() for part in parts if part.population.name == population)
