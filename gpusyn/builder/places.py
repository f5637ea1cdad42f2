"""The places of populations in groups of neurons, and among targets, and of integer sums in rings."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field

from gpusyn.builder.fixed_point import Quantum
from gpusyn.builder.gating.strategy import Strategy
from gpusyn.builder.ownership import Range
from gpusyn.builder.senders import Senders
from gpusyn.kernels.signature import Signature
from gpusyn.network.populations import Population
from gpusyn.utils.ids import Span
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

    def here(self, ids: Integers) -> tuple[slice, Integers]:
        """Return which part of increasing local ids has places, and the places, counted from the first of them."""
        some = self.within(ids)
        return some, ids[some] - self.hull[0]

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

    @property
    def trained(self) -> int:
        """What is taken from the place of a neuron among targets to get its number as a source, counted as below.

        All neurons with places have a number where their trains are read.
        """
        return self.offset + self.hull[0] - self.below(self.hull[0])

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
