"""The layout of a network: the places of populations in groups, of synapses in pathways, of integer sums in rings.

A layout holds sizes and no arrays; `gpusyn.builder.placement.lay_out` makes it.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from gpusyn.builder.fixed_point import WeightRange
from gpusyn.builder.notes import Note
from gpusyn.builder.ownership import Range, Share, pieces_of
from gpusyn.builder.pathways import Bundle, Pathway
from gpusyn.builder.places import Group, PlacedPopulation
from gpusyn.builder.senders import Senders
from gpusyn.errors import ParameterError
from gpusyn.kernels.records import CHUNK
from gpusyn.kernels.signature import Numbers
from gpusyn.kernels.synapse_words import MOST_HISTORY
from gpusyn.kinetics import Kinetics
from gpusyn.network.coupling import Coupling
from gpusyn.network.populations import Population, Selection
from gpusyn.network.projections import Projection
from gpusyn.network.recorder import TraceRecorder
from gpusyn.neurons.sources import Source
from gpusyn.utils.ids import KeySpans
from gpusyn.utils.typing import Integers


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
