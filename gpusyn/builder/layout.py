"""A layout says where everything is: populations in groups, synapses in pathways, integer sums in rings.

It holds sizes and no arrays; `gpusyn.builder.placement.lay_out` makes it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gpusyn.builder.fixed_point import Quantum, WeightRange
from gpusyn.builder.gating.strategy import SYNAPSE, Strategy
from gpusyn.connectivity import AllToAll
from gpusyn.errors import ParameterError
from gpusyn.kernels.signature import Numbers, Signature
from gpusyn.kernels.synapse_words import MOST_HISTORY
from gpusyn.kinetics import Kinetics
from gpusyn.network.populations import Population
from gpusyn.network.projections import Projection, base_weight
from gpusyn.receptors import Receptor


@dataclass
class ReceptorRings:
    """The integer sums of one receptor of a population: `inputs` rings, one after the other, `slots` steps deep.

    Input that every neuron of the population receives is stored once, in as many rings of single numbers from `shared`
    on (-1: there are none), `shared_slots` deep.
    """

    slots: int
    base: int
    quantum: Quantum
    inputs: int
    shared: int = -1
    shared_slots: int = 0


@dataclass
class PlacedPopulation:
    """A population with the places of its neurons."""

    population: Population
    source: int  # global id of its first neuron
    group: int = -1  # of neurons with state; -1: a source of spikes
    first: int = 0  # within the group
    row: int = 0  # of the coefficient table
    rings: list[ReceptorRings] = field(default_factory=list)
    strategies: list[Strategy] = field(default_factory=list)  # of each receptor
    most_events: int = 1  # a step
    slices: int = 1

    @property
    def size(self) -> int:
        """Return the number of neurons."""
        return self.population.size

    @property
    def slice_size(self) -> int:
        """Return the number of targets in one slice."""
        return -(-self.size // self.slices)

    @property
    def uniform(self) -> bool:
        """Return whether all neurons share one row of coefficients."""
        return all(isinstance(v, int | float) for k, v in self.population.model.values.items() if k != "I_e")


@dataclass
class Group:
    """All neurons of one model signature, advanced by one launch."""

    signature: Signature
    members: list[PlacedPopulation]
    size: int = 0
    rows: int = 0


@dataclass
class Pathway:
    """The part of a projection between one source and one target population."""

    projection: Projection
    pre_part: int
    post_part: int
    pre: PlacedPopulation
    post: PlacedPopulation
    longest: int  # delay in steps
    expected: float  # synapses

    @property
    def pre_range(self) -> tuple[int, int]:
        """Return the first and one past the last local id of the sources that may have synapses."""
        ids = self.projection.pre.parts[self.pre_part][1]
        return (int(ids[0]), int(ids[-1]) + 1) if len(ids) else (0, 0)

    @property
    def shared(self) -> bool:
        """Return whether all neurons of the target population receive the same, so that their sum is stored once."""
        projection = self.projection
        return (
            isinstance(projection.rule, AllToAll)
            and isinstance(projection.delay, int | float)
            and len(projection.post.parts[self.post_part][1]) == self.post.size
            and all(one_weight(projection, r.name) for _, r in self.receptors(synaptic=False))
        )

    @property
    def listed(self) -> bool:
        """Return whether its synapses have to be listed one by one."""
        return not self.shared or bool(self.receptors(synaptic=True))

    @property
    def own_ids(self) -> NDArray[np.int64]:
        """Return the local ids of the sources of a shared pathway that leave themselves out."""
        if self.pre is not self.post or self.projection.rule.autapses:  # type: ignore[attr-defined]
            return np.zeros(0, np.int64)
        return np.asarray(self.projection.pre.parts[self.pre_part][1])

    def receptors(self, synaptic: bool) -> list[tuple[int, Receptor]]:
        """Return the receptors driven, with index on the target: those with gates on the synapses, or the others."""
        names = self.projection.weights
        found = [(k, r) for k, r in enumerate(self.post.population.receptors) if r.name in names]
        return [(k, r) for k, r in found if (self.post.strategies[k].owner == SYNAPSE) == synaptic]


def one_weight(projection: Projection, receptor: str) -> bool:
    """Return whether all synapses of a projection have the same weight on a receptor, which never changes."""
    given = projection.weights[base_weight(projection.weights, receptor)[0]]
    return isinstance(given, int | float) and receptor not in (projection.w_max or {})


@dataclass
class GateSet:
    """The gates that the neurons of one population own for one kinetics; they send events as sources of their own."""

    place: PlacedPopulation
    kinetics: Kinetics
    receptor: str  # one that has it, for messages
    sender: int  # their number among the senders of events, which follows those of the populations
    first: int  # id of the first of them, behind the ids of neurons


class Description(NamedTuple):
    """A network as it is when it is compiled; what is added to it later is no part of the compilation."""

    populations: dict[str, Population]
    projections: dict[str, Projection]
    drives: dict[str, Any]
    injections: dict[str, Any]
    clamps: dict[str, Any]
    infusions: dict[str, Any]
    recorders: dict[str, Any]


@dataclass
class Layout:
    """A whole network's places and numbers."""

    net: Description
    dt: float
    numbers: Numbers
    populations: dict[str, PlacedPopulation]
    groups: list[Group]
    pathways: list[Pathway]
    weight_ranges: dict[tuple[str, str], WeightRange] = field(default_factory=dict)  # by projection and receptor
    gates: dict[tuple[str, Kinetics], GateSet] = field(default_factory=dict)
    ring_size: int = 0
    notes: list[str] = field(default_factory=list)

    def pathways_of(self, projection: Projection) -> list[Pathway]:
        """Return the pathways of a projection."""
        return [pathway for pathway in self.pathways if pathway.projection is projection]

    @property
    def n_sources(self) -> int:
        """Return the number of neurons and sources of spikes together."""
        return sum(p.size for p in self.populations.values())

    @property
    def n_ids(self) -> int:
        """Return the number of neurons, sources, and gates that send events of their own."""
        return self.n_sources + sum(gate.place.size for gate in self.gates.values())


def same_ids(layout: Layout, projection: Projection) -> tuple[Any, Any] | None:
    """Return the global ids of the two selections, so that a rule can tell autapses; None where there can be none."""
    if not {p.name for p, _ in projection.pre.parts} & {p.name for p, _ in projection.post.parts}:
        return None

    def ids(parts: Any) -> Any:
        return np.concatenate([layout.populations[p.name].source + np.asarray(local) for p, local in parts])

    return ids(projection.pre.parts), ids(projection.post.parts)


def history_bits(most_events: int) -> int:
    """Return how many bits of a source's history hold the number of its events in one step."""
    return next(bits for bits in (1, 2, 4, 8, 16, 32) if most_events < 1 << bits)


def history_words(longest: int, bits: int, pathway: Pathway) -> int:
    """Return the words of a source's history: so many that it holds the longest delay."""
    words = -(-(longest + 1) * bits // 32)
    if words * pathway.pre.size > MOST_HISTORY:
        raise ParameterError(
            f"Projection '{pathway.projection.name}'.delay: {longest} steps are too long for per-synapse gating from "
            f"{pathway.pre.size} sources; use a larger dt, a shorter delay, or gating='auto' with linear kinetics"
        )
    return words
