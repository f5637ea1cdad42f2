"""The layout of a network: the places of populations in groups, of synapses in pathways, of integer sums in rings.

A layout holds sizes and no arrays; `gpusyn.builder.placement.lay_out` makes it.
"""

from __future__ import annotations

import functools
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from math import ceil, sqrt
from typing import Any, NamedTuple

import numpy as np

from gpusyn.builder.fixed_point import Quantum, WeightRange
from gpusyn.builder.gating.strategy import SYNAPSE, Strategy
from gpusyn.builder.notes import Note
from gpusyn.builder.ownership import Range, Share, number_within, pieces_of
from gpusyn.builder.senders import Senders
from gpusyn.connectivity import AllToAll
from gpusyn.errors import ParameterError
from gpusyn.kernels.records import CHUNK, PIECE
from gpusyn.kernels.signature import Numbers, Signature
from gpusyn.kernels.synapse_words import LATE_BITS, MOST_HISTORY
from gpusyn.kinetics import Kinetics
from gpusyn.network.coupling import Coupling
from gpusyn.network.plasticity import learned_of, releases_one_by_one
from gpusyn.network.populations import Population, Selection
from gpusyn.network.projections import Projection, base_weight
from gpusyn.network.recorder import TraceRecorder
from gpusyn.network.rewiring import rewiring_of
from gpusyn.neurons.sources import Source
from gpusyn.receptors import Receptor
from gpusyn.utils.ids import KeySpans, Span, as_ids, is_consecutive, limited
from gpusyn.utils.typing import Integers


@dataclass(eq=False)
class TargetGroup:
    """Target populations that rows of synapses can reach together: one after the other, cut into `slices`."""

    populations: list[PlacedPopulation]
    slices: int = 1

    @property
    def size(self) -> int:
        """Number of targets."""
        return sum(place.kept for place in self.populations)

    @property
    def slice_size(self) -> int:
        """Number of targets in one slice."""
        return -(-self.size // self.slices)


@dataclass
class Ring:
    """The integer sums of the receptors of one name of a target group: one ring of `slots` steps for each input."""

    targets: TargetGroup
    inputs: int
    slots: int = 1
    base: int = 0

    @property
    def input_step(self) -> int:
        """Distance from the sums of one input to those of the next."""
        return self.slots * self.targets.size

    @property
    def size(self) -> int:
        """Number of sums."""
        return self.inputs * self.input_step


@dataclass
class ReceptorSums:
    """The integer sums of one receptor of a population.

    Input that every neuron of the population receives is stored once: in rings of single numbers, one per input, which
    begin at `shared` (-1: there are none) and are `shared_slots` deep.
    """

    quantum: Quantum
    inputs: int
    ring: Ring = field(default_factory=lambda: Ring(TargetGroup([]), 0))
    shared: int = -1
    shared_slots: int = 0


@dataclass
class PlacedPopulation:
    """A population with the places of its neurons.

    Where a network is spread on several ranks, only the neurons of the `hull` have places: those from the first to the
    last that are simulated here. What is said of the first neuron is then where it would be if all had places.
    """

    population: Population
    id: int  # global id of its first neuron
    group: int = -1  # number of its group; -1: the population is a spike source
    first: int = 0  # place of its first neuron in the group
    row: int = 0  # first row in the coefficient table
    sums: list[ReceptorSums] = field(default_factory=list)  # one per receptor
    strategies: list[Strategy] = field(default_factory=list)  # one per receptor
    most_events: int = 1  # per step
    targets: TargetGroup = field(default_factory=lambda: TargetGroup([]))
    offset: int = 0  # place of its first neuron among the targets of its group
    senders: Senders | None = None  # ids that have a number, which sources have where their spikes are kept; None: all
    hull: Range = (0, -1)  # local ids: the first, and one past the last

    def __post_init__(self) -> None:
        self.hull = 0, self.size

    @property
    def size(self) -> int:
        """Number of neurons."""
        return self.population.size

    @property
    def kept(self) -> int:
        """Number of neurons that have places."""
        return self.hull[1] - self.hull[0]

    @property
    def neurons(self) -> slice:
        """Places of the neurons in the group."""
        return slice(self.first + self.hull[0], self.first + self.hull[1])

    @property
    def targets_here(self) -> slice:
        """Places of the neurons among the targets of the group."""
        return slice(self.offset + self.hull[0], self.offset + self.hull[1])

    def within(self, ids: Span) -> slice:
        """Return which part of increasing local ids has places."""
        return slice(*(bisect_left(ids, end) for end in self.hull))

    @property
    def source(self) -> int:
        """Number of its first source that has one."""
        return self.id if self.senders is None else self.senders.below(self.id)

    @property
    def sources(self) -> int:
        """How many of its neurons have a number as sources."""
        return self.size if self.senders is None else self.senders.below(self.id + self.size) - self.source

    def below(self, local: int) -> int:
        """Return how many sources with smaller local ids than one have a number."""
        return local if self.senders is None else self.senders.below(self.id + local) - self.source

    def sender(self, local: int) -> int:
        """Return the number of a source that has one."""
        return self.source + self.below(local)

    def numbers(self, local: Integers) -> Integers:
        """Return the numbers of sources, counted from that of the first one; without meaning if they have none."""
        return local if self.senders is None else self.senders.numbers(self.id + local)[0] - self.source

    def local(self, numbers: Integers) -> Integers:
        """Return the local ids of sources, given by their numbers, counted from that of the first one."""
        return numbers if self.senders is None else self.senders.ids(self.source + numbers) - self.id

    @property
    def rows(self) -> int:
        """Number of rows in the coefficient table."""
        return 1 if self.uniform else self.kept

    @property
    def uniform(self) -> bool:
        """True if all neurons share one row of coefficients."""
        return all(isinstance(v, int | float) for k, v in self.population.model.values.items() if k != "I_e")


@dataclass
class Group:
    """All neurons of one model signature, advanced by one launch."""

    signature: Signature
    members: list[PlacedPopulation]
    size: int = 0
    rows: int = 0

    def places(self, place: PlacedPopulation, compartment: int = 0) -> slice:
        """Return the places of a compartment of the neurons of a member in arrays of all compartments."""
        first = compartment * self.size
        return slice(first + place.neurons.start, first + place.neurons.stop)


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


@dataclass
class GateSet:
    """The gates that the neurons of one population own for one kinetics; each gate sends events as a source."""

    place: PlacedPopulation
    kinetics: Kinetics
    receptor: str  # name of a receptor with this kinetics, for messages
    sender: int  # number of the set among the senders of events, after those of the populations
    first: int  # id of the first gate, after the ids of the neurons


class Description(NamedTuple):
    """A network as it is when it is compiled; what is added to it later is not part of the compilation."""

    populations: dict[str, Population]
    projections: dict[str, Projection]
    couplings: dict[str, Coupling]
    drives: dict[str, Any]
    injections: dict[str, Any]
    clamps: dict[str, Any]
    infusions: dict[str, Any]
    recorders: dict[str, Any]


@dataclass
class Layout:
    """Places and sizes of everything in a network."""

    net: Description
    dt: float
    numbers: Numbers
    populations: dict[str, PlacedPopulation]
    groups: list[Group]
    pathways: list[Pathway]
    bundles: list[Bundle] = field(default_factory=list)
    procedural: list[Bundle] = field(default_factory=list)  # whose rows are not stored, but drawn at each event
    weight_ranges: dict[tuple[str, str], WeightRange] = field(default_factory=dict)  # by projection and receptor
    gates: dict[tuple[str, Kinetics], GateSet] = field(default_factory=dict)
    ring_size: int = 0
    notes: list[Note] = field(default_factory=list)
    share: Share | None = None  # what is owned of the network, if it is spread on several ranks
    senders: Senders | None = None  # ids of sources that have a number; None: all, which are the numbers
    drawn_reach: bool = False  # which sources have a number is known only when synapses are drawn

    def number(self, senders: Senders | None) -> None:
        """Give numbers to some sources alone."""
        self.senders = senders
        for place in self.populations.values():
            place.senders = senders
        first = self.n_sources
        for gate in self.gates.values():
            gate.first, first = first, first + gate.place.sources

    def pieces(self, place: PlacedPopulation) -> Iterator[tuple[int, int]]:
        """Yield the first local id and the number of neurons of each unit of work of a population."""
        return pieces_of(self.owned(place), CHUNK)

    def units(self, places: Iterable[PlacedPopulation]) -> int:
        """Return the number of units of work of some populations."""
        return sum(-(-(end - begin) // CHUNK) for place in places for begin, end in self.owned(place))

    def owned(self, place: PlacedPopulation) -> list[Range]:
        """Return the ranges of local ids of a population that are simulated here."""
        return self.share.ranges(place.population.name) if self.share else [(0, place.size)]

    def in_unit(self, place: PlacedPopulation, ids: Integers) -> Integers:
        """Return the place in their units of work of neurons that are simulated here, given by their local ids."""
        begins = np.array([begin for begin, _ in self.owned(place)] or [0])
        found: Integers = (ids - begins[np.searchsorted(begins, ids, side="right") - 1]) % CHUNK
        return found

    @property
    def probing(self) -> list[TraceRecorder]:
        """Recorders whose samples are taken by the kernels: those of traces of neurons."""
        return [recorder for recorder in self.net.recorders.values() if isinstance(recorder, TraceRecorder)]

    def pathways_of(self, projection: Projection) -> list[Pathway]:
        """Return the pathways of a projection; all are placed."""
        return self._of_projection.get(projection.name, [])

    @functools.cached_property
    def _of_projection(self) -> dict[str, list[Pathway]]:
        found: dict[str, list[Pathway]] = {}
        for pathway in self.pathways:
            found.setdefault(pathway.projection.name, []).append(pathway)
        return found

    @property
    def learned_bits(self) -> int:
        """Bits of a weight that learns."""
        return 32 if self.numbers.real == "float32" else 64

    def sources(self, kernel: str) -> list[PlacedPopulation]:
        """Return the populations of spike sources whose spikes a kernel makes."""
        models = [(place, place.population.model) for place in self.populations.values()]
        return [place for place, model in models if isinstance(model, Source) and kernel == model.kernel]

    @property
    def n_sources(self) -> int:
        """How many neurons and spike sources have a number as sources of spikes."""
        return sum(p.sources for p in self.populations.values())

    @property
    def n_own(self) -> int:
        """Number of neurons and spike sources that are simulated here."""
        return sum(end - begin for place in self.populations.values() for begin, end in self.owned(place))

    @property
    def n_neurons(self) -> int:
        """Number of neurons and spike sources of the network."""
        return sum(p.size for p in self.populations.values())

    @property
    def n_ids(self) -> int:
        """How many neurons, spike sources, and gates that send events of their own have a number."""
        return self.n_sources + sum(gate.place.sources for gate in self.gates.values())


def same_ids(layout: Layout, projection: Projection) -> tuple[KeySpans, KeySpans] | None:
    """Return the global ids of the two selections, by which a rule recognises autapses; None if there can be none."""
    if not {*projection.pre.populations} & {*projection.post.populations}:
        return None

    def ids(selection: Selection) -> KeySpans:
        return KeySpans([(layout.populations[part.population.name].id, part.span) for part in selection.parts])

    return ids(projection.pre), ids(projection.post)


def history_bits(most_events: int) -> int:
    """Return the number of bits in a source's history that hold the number of its events in one step."""
    return next(bits for bits in (1, 2, 4, 8, 16, 32) if most_events < 1 << bits)


def history_words(longest: int, bits: int, pathway: Pathway) -> int:
    """Return the number of words of a source's history, enough for the longest delay."""
    words = -(-(longest + 1) * bits // 32)
    if words * pathway.pre.size > MOST_HISTORY:
        raise ParameterError(
            f"Projection '{pathway.projection.name}'.delay: "
            f"{longest} steps are too long for per-synapse gating from {pathway.pre.size} sources; "
            "use a larger dt, a shorter delay, or gating='auto' with linear kinetics"
        )
    return words
