"""Where everything is: populations in groups, synapses in blocks, integer sums in rings. Sizes only, no arrays.

`gpusyn.builder.placement.lay_out` makes a `Layout`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gpusyn.builder.fixed_point import Quantum
from gpusyn.builder.gating.strategy import SYNAPSE, Strategy
from gpusyn.connectivity import AllToAll
from gpusyn.errors import ParameterError
from gpusyn.kernels.signature import Numbers, Signature
from gpusyn.kinetics import Kinetics
from gpusyn.network.populations import Population
from gpusyn.network.projections import Projection, Ratio
from gpusyn.receptors import Receptor

_MOST_HISTORY = 2**27  # words: a per-synapse address points at a bit, with 32 bits


@dataclass
class Ring:
    """The integer sums of one (population, receptor): `inputs` rings, one after the other, `slots` steps deep.

    What all neurons of the population get alike is kept once, in as many rings of single numbers from `shared` on
    (-1: none), `shared_slots` deep.
    """

    slots: int
    base: int
    quantum: Quantum
    inputs: int
    shared: int = -1
    shared_slots: int = 0


@dataclass
class PopulationLayout:
    """Where one population's neurons are."""

    population: Population
    source: int  # global id of its first neuron
    group: int = -1  # of neurons with state; -1: a source of spikes
    first: int = 0  # within the group
    row: int = 0  # of the coefficient table
    rings: list[Ring] = field(default_factory=list)
    strategies: list[Strategy] = field(default_factory=list)  # of each receptor
    most_events: int = 1  # a step
    slices: int = 1

    @property
    def size(self) -> int:
        """Number of neurons."""
        return self.population.size

    @property
    def slice_size(self) -> int:
        """Targets in one slice."""
        return -(-self.size // self.slices)

    @property
    def uniform(self) -> bool:
        """Whether all neurons share one row of coefficients."""
        return all(isinstance(v, int | float) for k, v in self.population.model.values.items() if k != "I_e")


@dataclass
class Group:
    """All neurons of one model signature, advanced by one launch."""

    signature: Signature
    members: list[PopulationLayout]
    size: int = 0
    rows: int = 0


@dataclass
class Block:
    """The part of a projection between one source and one target population."""

    projection: Projection
    pre_part: int
    post_part: int
    pre: PopulationLayout
    post: PopulationLayout
    longest: int  # delay in steps
    expected: float  # synapses

    @property
    def pre_range(self) -> tuple[int, int]:
        """First and one past the last local id of the sources that may have synapses."""
        ids = self.projection.pre.parts[self.pre_part][1]
        return (int(ids[0]), int(ids[-1]) + 1) if len(ids) else (0, 0)

    @property
    def shared(self) -> bool:
        """Whether all neurons of the target population get the same, so that their sum is kept once."""
        projection = self.projection
        return (
            isinstance(projection.rule, AllToAll)
            and isinstance(projection.delay, int | float)
            and len(projection.post.parts[self.post_part][1]) == self.post.size
            and all(one_weight(projection, r.name) for _, r in self.receptors(synaptic=False))
        )

    @property
    def listed(self) -> bool:
        """Whether its synapses have to be listed one by one."""
        return not self.shared or bool(self.receptors(synaptic=True))

    @property
    def own_ids(self) -> NDArray[np.int64]:
        """Local ids of the sources of a shared block that leave themselves out."""
        if self.pre is not self.post or self.projection.rule.autapses:  # type: ignore[attr-defined]
            return np.zeros(0, np.int64)
        return np.asarray(self.projection.pre.parts[self.pre_part][1])

    def receptors(self, synaptic: bool) -> list[tuple[int, Receptor]]:
        """The receptors driven, with their index on the target; those with gates on the synapses, or the others."""
        names = self.projection.weights
        found = [(k, r) for k, r in enumerate(self.post.population.receptors) if r.name in names]
        return [(k, r) for k, r in found if (self.post.strategies[k].owner == SYNAPSE) == synaptic]


def one_weight(projection: Projection, receptor: str) -> bool:
    """Whether all synapses of a projection have the same weight on a receptor."""
    given = projection.weights[receptor]
    while isinstance(given, Ratio):
        given = projection.weights[given.receptor]
    return isinstance(given, int | float) and receptor not in (projection.w_max or {})


@dataclass
class GateSet:
    """The gates that the neurons of one population own for one kinetics; they send events as sources of their own."""

    place: PopulationLayout
    kinetics: Kinetics
    receptor: str  # one that has it, for messages
    owner: int  # index of these sources, behind those of the populations
    first: int  # id of the first of them, behind the ids of neurons


class Description(NamedTuple):
    """A network as it is now; what is added to it later is not part of this compilation."""

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
    populations: dict[str, PopulationLayout]
    groups: list[Group]
    blocks: list[Block]
    gates: dict[tuple[str, Kinetics], GateSet] = field(default_factory=dict)
    ring_size: int = 0
    notes: list[str] = field(default_factory=list)

    @property
    def n_sources(self) -> int:
        """Neurons and sources of spikes together."""
        return sum(p.size for p in self.populations.values())

    @property
    def n_ids(self) -> int:
        """Neurons, sources, and the gates that send events of their own."""
        return self.n_sources + sum(gate.place.size for gate in self.gates.values())


def same_ids(layout: Layout, projection: Projection) -> tuple[Any, Any] | None:
    """Global ids of the two selections where a rule must tell autapses; None where there can be none."""
    if not {p.name for p, _ in projection.pre.parts} & {p.name for p, _ in projection.post.parts}:
        return None

    def ids(parts: Any) -> Any:
        return np.concatenate([layout.populations[p.name].source + np.asarray(local) for p, local in parts])

    return ids(projection.pre.parts), ids(projection.post.parts)


def history_bits(most_events: int) -> int:
    """Bits of a source's history that hold the number of its events in one step."""
    return next(bits for bits in (1, 2, 4, 8, 16, 32) if most_events < 1 << bits)


def history_words(longest: int, bits: int, block: Block) -> int:
    """Words of a source's history, so many that the longest delay is within."""
    words = -(-(longest + 1) * bits // 32)
    if words * block.pre.size > _MOST_HISTORY:
        raise ParameterError(
            f"Projection '{block.projection.name}'.delay: {longest} steps are too long for per-synapse gating from "
            f"{block.pre.size} sources; use a larger dt, a shorter delay, or gating='auto' with linear kinetics"
        )
    return words
