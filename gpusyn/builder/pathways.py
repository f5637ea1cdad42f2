"""Pathways of synapses, the bundles of them that share rows, and when their synapses are delivered."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from math import ceil, sqrt
from typing import NamedTuple

from gpusyn.builder.gating.strategy import SYNAPSE
from gpusyn.builder.ownership import Range, number_within
from gpusyn.builder.places import PlacedPopulation, TargetGroup
from gpusyn.connectivity import AllToAll
from gpusyn.kernels.records import PIECE
from gpusyn.kernels.synapse_words import LATE_BITS
from gpusyn.network.plasticity import learned_of, releases_one_by_one
from gpusyn.network.projections import Projection, base_weight
from gpusyn.network.rewiring import rewiring_of
from gpusyn.receptors import Receptor
from gpusyn.utils.ids import Span, as_ids, is_consecutive, limited


@dataclass
class Pathway:
    """The part of a projection between one source and one target population."""

    projection: Projection
    pre_part: int
    post_part: int
    pre: PlacedPopulation
    post: PlacedPopulation
    shortest: int  # bounds of the delays (steps)
    longest: int
    expected: float  # expected number of synapses
    own: list[Range] | None = None  # ranges of local ids of targets that are simulated here; None: all are
    everywhere: float = 0.0  # expected number of synapses on all ranks, if some targets are simulated elsewhere

    @property
    def pre_range(self) -> tuple[int, int]:
        """First and one past the last number of the sources that may have synapses, counted from that of the first."""
        ids = self.projection.pre.parts[self.pre_part].span
        return (self.pre.below(int(ids[0])), self.pre.below(int(ids[-1]) + 1)) if len(ids) else (0, 0)

    @property
    def present(self) -> Span:
        """Local ids of the sources that have a number."""
        ids = self.projection.pre.parts[self.pre_part].span
        if self.pre.senders is None:
            return ids
        first, end = self.pre_range
        if is_consecutive(ids) and end - first == len(ids):
            return ids
        return as_ids(ids)[self.pre.senders.numbers(self.pre.id + as_ids(ids))[1]]

    @property
    def n_present(self) -> int:
        """Number of the sources that have a number, or are expected to have one."""
        ids, senders = self.projection.pre.parts[self.pre_part].span, self.pre.senders
        return len(ids) if senders is None else senders.among(self.pre.id + as_ids(ids))

    @property
    def target_range(self) -> tuple[int, int]:
        """First and one past the last place, in the group of targets, of the neurons that may have synapses."""
        ids, offset = self.projection.post.parts[self.post_part].span, self.post.offset
        if self.own is not None:
            ids = limited(ids, self.own[0][0], self.own[-1][1]) if self.own else range(0)
        return (offset + int(ids[0]), offset + int(ids[-1]) + 1) if len(ids) else (offset, offset)

    @property
    def shared(self) -> bool:
        """True if all neurons of the target population receive the same input, so that its sum is stored once."""
        projection = self.projection
        return (
            isinstance(projection.rule, AllToAll)
            and not releases_one_by_one(projection)
            and isinstance(projection.delay, int | float)
            and projection.post.parts[self.post_part].size == self.post.size
            and all(one_weight(projection, r.name) for _, r in self.receptors(synaptic=False))
        )

    @property
    def listed(self) -> bool:
        """True if its synapses have to be listed one by one."""
        return not self.shared or bool(self.receptors(synaptic=True))

    @property
    def own_ids(self) -> Span:
        """Local ids of the sources of a shared pathway that do not contact themselves."""
        if self.pre is not self.post or self.projection.rule.autapses:  # type: ignore[attr-defined]
            return range(0)
        return self.projection.pre.parts[self.pre_part].span

    def receptors(self, synaptic: bool) -> list[tuple[int, Receptor]]:
        """Return the receptors that have gates on the synapses, or the others, each with its index on the target."""
        names = self.projection.weights
        found = [(k, r) for k, r in enumerate(self.post.population.receptors) if r.name in names]
        return [(k, r) for k, r in found if (self.post.strategies[k].owner == SYNAPSE) == synaptic]


class Way(NamedTuple):
    """The way of spikes along a block of delays that is delivered at once (steps).

    Synapses are read at the `age` of a spike, and it is due `ahead` steps later, or more by what they are late. Of the
    delay, `dendritic` steps are between synapse and soma. If there are none, the spike reaches the synapse in the step
    in which it is due, `early` = 1 step after it is read, because sums of a step must be complete when it begins.
    """

    age: int
    ahead: int
    dendritic: int
    early: int


class Timing(NamedTuple):
    """When synapses are delivered: their delays are cut into `blocks` of `width` steps, from `first` steps on.

    A block is delivered when the first of its delays is due. If its `width` is 1, all its synapses are due then, and
    their delays need no memory. Where events carry changes of gates, which are known in one step only, or weights may
    change while a spike is on its way, blocks are delivered `at_once`, when the event reaches the synapse: after the
    `axonal` part of its delay, which is rounded to steps.
    """

    first: int
    width: int
    blocks: int
    at_once: bool = False
    axonal: float = 0.0

    @property
    def ways(self) -> list[Way]:
        """The way of spikes along each block that is delivered at once."""
        delays = range(self.first, self.first + self.width * self.blocks, self.width)
        return [self._way(delay) for delay in delays]

    def _way(self, delay: int) -> Way:
        axonal = round(self.axonal * delay)
        dendritic = delay - axonal
        early = int(dendritic == 0)
        return Way(axonal - early, dendritic + early, dendritic, early)

    @property
    def slots(self) -> int:
        """Number of steps for which sums are needed."""
        return self.first + self.width * self.blocks - 1 if self.at_once else self.width

    @property
    def late_bits(self) -> int:
        """Number of bits that hold the delay of a synapse within its block."""
        return next(bits for bits in LATE_BITS if self.width <= 1 << bits)


@dataclass(eq=False)
class Bundle:
    """Pathways whose synapses are in common rows, one for each source: at most one pathway to each target population.

    The synapses onto all receptors of a contact share their rows; `receptors` are the names. A row has a segment for
    each slice with targets of the pathways and each block of delays.
    """

    pathways: list[Pathway]
    receptors: tuple[str, ...]
    targets: TargetGroup
    timing: Timing = field(default=Timing(1, 1, 1))
    compressed: bool = False  # the index of its segments holds their sizes in unary, and few bounds
    shared: bool = False  # its events go to sums that all targets share: one synapse stands for those of a source
    taken_back: bool = False  # it subtracts what sources sent to themselves through shared sums

    @property
    def pre_range(self) -> tuple[int, int]:
        """First and one past the last number of the sources that may have synapses, counted from that of the first."""
        ranges = [r for r in (pathway.pre_range for pathway in self.pathways) if r[1] > r[0]]
        return (min(r[0] for r in ranges), max(r[1] for r in ranges)) if ranges else (0, 0)

    @property
    def learns(self) -> str | None:
        """Receptor whose weight learns, None if there is none; such a bundle has one pathway."""
        return learned_of(self.pathways[0].projection)

    @property
    def rewires(self) -> bool:
        """True if synapses are deleted and made during a simulation; such a bundle has one pathway."""
        return rewiring_of(self.pathways[0].projection.plasticity) is not None

    @property
    def expected(self) -> float:
        """Expected number of synapses."""
        return sum(pathway.expected for pathway in self.pathways)

    @property
    def rows(self) -> int:
        """Number of rows, one for each source."""
        first, end = self.pre_range
        return end - first

    @property
    def room(self) -> int:
        """Number of synapses for which a rank has room at least: rewiring may give it some that others had before."""
        pathway = self.pathways[0]
        projection, own = pathway.projection, pathway.own
        if own is None or not self.rewires:
            return 0
        targets = number_within(projection.post.parts[pathway.post_part].span, own)
        degree = projection.rule.rewired_in_degree(projection.pre.size, projection.post.size)
        return min(most_drawn(pathway.everywhere, projection), targets * degree)

    @property
    def one_by_one(self) -> bool:
        """True if each synapse releases by itself, so that spikes are delivered by kernels of their own."""
        return releases_one_by_one(self.pathways[0].projection)

    @property
    def segments(self) -> int:
        """Number of segments."""
        return self.rows * self.slices * self.timing.blocks

    @functools.cached_property
    def _slice_range(self) -> tuple[int, int]:
        ranges = [r for r in (pathway.target_range for pathway in self.pathways) if r[1] > r[0]]
        if self.shared or not ranges:
            return 0, 1
        size = self.targets.slice_size
        return min(r[0] for r in ranges) // size, (max(r[1] for r in ranges) - 1) // size + 1

    @property
    def slice(self) -> int:
        """Number of the first slice that has targets of the pathways."""
        return self._slice_range[0]

    @property
    def slices(self) -> int:
        """Number of slices from the first to the last that has targets of the pathways."""
        return self._slice_range[1] - self._slice_range[0]

    @property
    def parts(self) -> int:
        """Parts into which a GPU divides each segment, so that few have more than PIECE synapses."""
        mean = 1.0 if self.shared or self.taken_back else self.expected / max(self.segments, 1)
        return max(ceil((mean + 3.0 * sqrt(mean)) / PIECE), 1)


def most_drawn(expected: float, projection: Projection, exact: bool = True) -> int:
    """Return a number of synapses that those of a projection hardly exceed, of which so many are expected."""
    if projection.rule.exact and exact:
        return round(expected)
    return int(expected + 6 * expected**0.5) + 16


def one_weight(projection: Projection, receptor: str) -> bool:
    """Return True if all synapses of a projection have the same weight on a receptor, and it can never change."""
    base = base_weight(projection.weights, receptor)[0]
    if base == projection.learned and rewiring_of(projection.plasticity) is not None:
        return False  # new synapses begin with weights of their own
    return isinstance(projection.weights[base], int | float) and receptor not in (projection.w_max or {})
