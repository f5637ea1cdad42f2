"""Event-driven synapses: segments of targets, integer weights, and the routes of events to the rings of sums."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import numpy as np

from gpusyn.builder.bundles import StoredForm, stored_form
from gpusyn.builder.gating.forms import shape_of
from gpusyn.builder.gating.strategy import SOURCE
from gpusyn.builder.layout import Layout
from gpusyn.builder.most_synapses import check_room, is_known_by_number
from gpusyn.builder.pathways import Bundle, Pathway, most_drawn, one_weight
from gpusyn.builder.plasticity.calcium import is_noisy
from gpusyn.builder.plasticity.learning import LearningTables
from gpusyn.builder.plasticity.releases import release_slots
from gpusyn.builder.rows.drawn import Drawing
from gpusyn.builder.rows.reference import Column, NumpyRows, Room, RowMaker, Side, Slot, Synapses
from gpusyn.builder.rows.routes import in_units, of_contacts
from gpusyn.builder.rows.sorted import in_runs
from gpusyn.builder.rows.stored import Pool, StoredSegments
from gpusyn.builder.source_gates import GateTables
from gpusyn.errors import ParameterError
from gpusyn.kernels.memory import HOST, Memory
from gpusyn.kernels.records import Route, Shared, write_rows
from gpusyn.kernels.synapse_words import UNARY_STEP, late_bytes, pack_late, unary_bounds, unary_sizes
from gpusyn.kinetics import Kinetics
from gpusyn.network.projections import Projection, base_weight
from gpusyn.utils.ids import Span, as_ids
from gpusyn.utils.typing import Array

_NONE = np.empty(0, np.uint32)
_PACKED = 1 << 20  # late steps that are packed at a time, whole bytes


class Senders(NamedTuple):
    """The senders of a bundle's events: their number, the bounds of their ids, and the place of the events' values.

    Populations are numbered first, then the sets of gates of sources.
    """

    number: int
    source: int
    source_end: int
    payload: int = -1
    payload_step: int = 0
    channels: int = 1

    def fields(self) -> dict[str, int]:
        """Return the fields of a route that tell the senders."""
        return {name: value for name, value in self._asdict().items() if name != "number"}


class Sums(NamedTuple):
    """The sums to which a route adds: `mask` + 1 slots, `stride` apart, cut into slices of the targets."""

    ring: int
    mask: int
    stride: int
    slice: int
    slices: int
    slice_size: int
    ring_step: int  # distance from one channel to the next


class StoredReleases(NamedTuple):
    """The stored synapses of a bundle that release one by one.

    Attributes
    ----------
    bundle : Bundle
        The bundle.
    routes : list of (int, Route)
        Routes of events to all receptors, with the number of their senders.
    weights : dict of str to int
        Place of the weights of each receptor; -1 if all synapses have the same.
    number : ndarray
        Number of each synapse in the order of creation, in the order of the rows.
    """

    bundle: Bundle
    routes: list[tuple[int, Route]]
    weights: dict[str, int]
    number: Array


class EventDrivenTables:
    """The event-driven synapses of a layout.

    Attributes
    ----------
    routes : list of (int, Route)
        Number of the senders, and the route.
    shared : list of Shared
        Sums that are the same for all neurons of a population.
    stored : list of StoredSegments
        Places of the synapses of each pathway and receptor.
    rounded_to_zero : dict of str to int
        Number of weights that are not 0 but are stored as 0, by projection and receptor.
    releases : list of StoredReleases
        Synapses that release one by one, whose routes belong to a kernel of their own.
    """

    def __init__(self, layout: Layout, gates: GateTables, learning: LearningTables, memory: Memory = HOST) -> None:
        self.layout, self.gates, self._memory = layout, gates, memory
        self.releases: list[StoredReleases] = []
        self.routes: list[tuple[int, Route]] = []
        self.shared = shared_sums(layout)
        self._slots = release_slots(layout)
        self.stored: list[StoredSegments] = []
        self.rounded_to_zero: dict[str, int] = {}
        room = [_most(bundle, layout) for bundle in layout.bundles]
        late = [late_bytes(n, b.timing.late_bits) for n, b in zip(room, layout.bundles, strict=True)]
        own = [n * len(_columns(bundle)) for n, bundle in zip(room, layout.bundles, strict=True)]
        self._segments, self._sizes = Pool(np.uint32), Pool(np.uint64)
        self._targets, self._late = Pool(np.uint16, sum(room), memory), Pool(np.uint8, sum(late), memory)
        self._weights = Pool(layout.numbers.weight_dtype, sum(own), memory)
        self.learning = learning

    def add(self, together: Together, rows: RowMaker, advanced: Callable[[float], object]) -> None:
        """Draw and store the synapses of bundles that share projections: count those of each segment, then place them.

        Parameters
        ----------
        together : Together
            The bundles, and the projections to which their pathways belong.
        rows : RowMaker
            Functions that draw, count and place.
        advanced : callable
            Function to call with the number of synapses that are done.
        """
        counters = {bundle: Counts(bundle, rows.memory) for bundle in together.bundles}
        for one in together.projections:
            _count(one, counters, rows, advanced)
        places = {
            bundle: self._reserve(bundle, max(counts.add_up(), bundle.room)) for bundle, counts in counters.items()
        }
        rooms = {bundle: self._room(bundle, place, rows) for bundle, place in places.items()}
        first = 0
        for one in together.projections:
            first = self._place(one, counters, rooms, rows, first, advanced)
        for bundle, counts in counters.items():
            rows.finish(counts.bounds, rooms[bundle])
            room = rooms[bundle]
            if room.numbered and self.layout.share:
                room = room._replace(numbers=together.projections[0].drawing.number(rows.memory.host(room.numbers)))
            self._complete(bundle, rows.memory.host(counts.bounds), places[bundle], room)

    def _place(
        self, one: Drawn, counters: dict[Bundle, Counts], rooms: dict[Bundle, Room], rows: RowMaker, first: int,
        advanced: Callable[[float], object],
    ) -> int:  # fmt: skip
        """Draw a projection again, and write its synapses, numbered from `first` on, to the rows of its bundles.

        Returns
        -------
        int
            Number of the synapse after its last one.
        """
        if any(is_known_by_number(bundle) for bundle in one.slots):
            one.drawing.numbers = [] if self.layout.share else None
        for block in one.drawing.blocks():
            for bundle, slots in one.slots.items():
                losses = rows.place(block, slots, counters[bundle].next, rooms[bundle], first)
                for slot, of_slot in zip(slots, losses, strict=True):
                    for column, loss in zip(slot.columns, of_slot, strict=True):
                        self._count_zeros(one.drawing.projection.name, column.receptor, loss.zeros)
                        if loss.refused:
                            _refuse_weights(one.drawing, column)
            first += len(block.pre)
            advanced(len(block.pre) / 2)
        return first

    def add_shared(self, bundle: Bundle) -> None:
        """Store one synapse per source: all targets share their sums, or it takes back what sources send themselves."""
        pathway, (first, _) = bundle.pathways[0], bundle.pre_range
        if bundle.shared:
            ids = pathway.present
            slot = Slot(Side.of(_numbers(ids, pathway), 0, -first), Side(0, 1, 0), bundle)
        else:
            ids, slot = pathway.own_ids, Slot.of(pathway, bundle)
        rows, counts = NumpyRows(), Counts(bundle)
        source = np.arange(len(ids), dtype=np.int32)
        if bundle.taken_back and self.layout.share:
            source = source[self.layout.share.owns(pathway.post.population.name, as_ids(ids))]
        target = np.zeros_like(source) if bundle.shared else source
        block = Synapses(source, target, bundle.timing.first, {})
        rows.count(block, [slot], counts.sizes)
        place = self._reserve(bundle, counts.add_up())
        none = np.empty((0, place.n), self.layout.numbers.weight_dtype)
        room = self._room(bundle, place, rows)._replace(targets=np.empty(place.n, np.uint16), weights=none)
        rows.place(block, [slot], counts.next, room, 0)
        self._memory.write(self._targets.part(place.targets, place.n), room.targets)
        self._complete(bundle, counts.bounds, place, room)

    def _reserve(self, bundle: Bundle, n: int) -> Places:
        """Return the places of the rows of a bundle with `n` synapses."""
        check_room(bundle, n)
        return Places(n, self._targets.reserve(n), self._weights.reserve(len(_columns(bundle)) * n))

    def _room(self, bundle: Bundle, place: Places, rows: RowMaker) -> Room:
        """Return the parts of the arrays that the rows of a bundle fill; late steps are packed when all are known."""
        n, columns, numbered = place.n, len(_columns(bundle)), rows.numbered or is_known_by_number(bundle)
        return Room(
            targets=self._targets.part(place.targets, n),
            late=rows.memory.empty(n, np.uint8) if bundle.timing.late_bits else None,
            weights=self._weights.part(place.weights, columns * n).reshape(columns, n),
            numbers=rows.memory.empty(n if numbered else 1, np.uint32),
            numbered=numbered,
        )

    def _complete(self, bundle: Bundle, bounds: Array, place: Places, room: Room) -> None:
        """Route events along the rows of a bundle to the rings of its receptors."""
        begin, sizes = self._add_index(bounds, bundle.compressed)
        columns, late, bits = _columns(bundle), self._add_late(room.late, bundle), bundle.timing.late_bits
        runs = late < 0 and bool(columns) and in_runs(room.targets, bounds, self._memory)
        ways: list[list[tuple[int, Route]]] = []
        for name in bundle.receptors:
            weights = place.weights + columns.index(name) * place.n if name in columns else -1
            rows = {
                "segments": begin, "sizes": sizes, "row_step": bundle.timing.blocks, "targets": place.targets,
                "late": late, "late_bits": bits, "weights": weights,
                "runs": int(runs and weights >= 0 and name != bundle.learns and not bundle.rewires),
            }  # fmt: skip
            routes = list(self._routes(bundle, name, rows))
            ways.append(routes)
            if name == bundle.learns:
                number = self._memory.host(room.numbers) if is_noisy(bundle) else _NONE
                self.learning.add(bundle, [route for _, route in routes], number, place.n)
            for pathway in () if bundle.taken_back else bundle.pathways:
                form = stored_form(pathway, index_of(pathway, name), self.layout)
                if form.weight is not None:
                    self._count_zeros(pathway.projection.name, name, is_lost(pathway, name, form))
                self.stored.append(
                    StoredSegments(
                        pathway=pathway, receptor=name, begin=begin, words=place.targets, weights=weights,
                        weight=form.weight, bundle=bundle, sizes=sizes, late=late, exponent=form.exponent,
                    )
                )  # fmt: skip

        if not bundle.one_by_one:
            self.routes += of_contacts(ways)
        else:
            places = {one.receptor: one.weights for one in self.stored[-len(bundle.pathways) * len(bundle.receptors) :]}
            found = self._routes(bundle, bundle.receptors[0], rows)  # the same for all receptors
            routes = [(sender, route._replace(shift=0, runs=0)) for sender, route in found]
            self.releases.append(StoredReleases(bundle, routes, places, self._memory.host(room.numbers)))

    def _add_index(self, bounds: Array, compressed: bool) -> tuple[int, int]:
        """Add the index of the segments of a bundle; return the places of bounds and of sizes in unary (-1: none)."""
        if not compressed:
            return self._segments.add(bounds), -1
        n = unary_bounds(len(bounds) - 1)
        begin = self._segments.reserve(n)
        self._segments.part(begin, n)[:-1], self._segments.part(begin, n)[-1] = bounds[:-1:UNARY_STEP], bounds[-1]
        return begin, self._sizes.add(unary_sizes(bounds))

    def _add_late(self, late: Array | None, bundle: Bundle) -> int:
        """Add the late steps of a bundle; return their place (-1: there are none)."""
        if late is None:
            return -1
        bits = bundle.timing.late_bits
        start = begin = self._late.reserve(late_bytes(len(late), bits))
        for first in range(0, len(late), _PACKED):
            packed = pack_late(self._memory.host(late[first : first + _PACKED]), bits)
            self._memory.write(self._late.part(begin, len(packed)), packed)
            begin += len(packed)
        return start

    def _routes(self, bundle: Bundle, receptor: str, rows: dict[str, int]) -> Iterator[tuple[int, Route]]:
        """Yield the routes of events to the ring of one receptor, along rows with these fields of a route."""
        pathway, timing = bundle.pathways[0], bundle.timing
        k = index_of(pathway, receptor)
        form = stored_form(pathway, k, self.layout)
        senders = senders_of(bundle, receptor, self.layout, self.gates)
        route = Route(
            age=timing.first - 1, width=timing.width, blocks=timing.blocks, ahead=1,
            shift=max(form.shift, 1 - self.layout.learned_bits),  # beyond it, no weight makes a quantum
            weight=(form.weight or 0) * (-1 if bundle.taken_back else 1),
            gathers=int(bundle.shared and senders.payload >= 0), unit=0, parts=bundle.parts, receptors=1,
            release=self._slots.get((pathway.projection.name, pathway.pre.population.name), -1),
            **rows, **senders.fields(), **sums_of(bundle, pathway, k)._asdict(),
        )  # fmt: skip
        if not timing.at_once:
            yield senders.number, route
            return
        for block, way in enumerate(timing.ways):
            of_gates = senders.payload >= 0  # whose events are changes in this step
            age, ahead = (0, timing.first + block * timing.width) if of_gates else (way.age, way.ahead)
            at_once = route._replace(segments=route.segments + block, age=age, width=1, blocks=1, ahead=ahead)
            yield senders.number, at_once

    def _count_zeros(self, projection: str, receptor: str, lost: int) -> None:
        if lost:
            name = f"{projection}:{receptor}"
            self.rounded_to_zero[name] = self.rounded_to_zero.get(name, 0) + lost

    def arrays(self) -> dict[str, Array]:
        """Return the tables by name."""
        routes = in_units(sorted(self.routes, key=lambda route: route[0]))
        senders = len(self.layout.populations) + len(self.layout.gates)
        counts = np.bincount([number for number, _ in routes], minlength=senders)
        return {
            "routes": write_rows([route for _, route in routes], Route),
            "route_begin": np.concatenate([[0], np.cumsum(counts)]).astype(np.int32),
            "ages": np.array(ages(self.layout.bundles) or [0], np.int32),
            "segment_begin": self._segments.join(),
            "segment_sizes": self._sizes.join(),
            "targets": self._targets.join(),
            "late": self._late.join(),
            "weights": self._weights.join(),
            "shared": write_rows(self.shared, Shared),
            **self.learning.arrays(),
        }


def senders_of(bundle: Bundle, receptor: str, layout: Layout, gates: GateTables) -> Senders:
    """Return the senders of a bundle's events to a receptor: its neurons, or the gates that they own."""
    pathway, (first, end) = bundle.pathways[0], bundle.pre_range
    pre, k = pathway.pre, index_of(pathway, receptor)
    if pathway.post.strategies[k].owner != SOURCE:
        return Senders(list(layout.populations).index(pre.population.name), pre.source + first, pre.source + end)
    gate = layout.gates[pre.population.name, pathway.post.population.receptors[k].kinetics]
    return Senders(
        number=gate.sender,
        source=gate.first + first,
        source_end=gate.first + end,
        payload=gates.payload[gate.sender] + first,
        payload_step=gate.place.sources,
        channels=shape_of(gate.kinetics).channels,
    )


def sender_of(bundle: Bundle, receptor: str) -> tuple[str, Kinetics | None]:
    """Return what sends the events of a bundle to a receptor: a population, or its gates of one kinetics."""
    pathway = bundle.pathways[0]
    k = index_of(pathway, receptor)
    gated = pathway.post.strategies[k].owner == SOURCE
    return pathway.pre.population.name, pathway.post.population.receptors[k].kinetics if gated else None


def is_lost(pathway: Pathway, receptor: str, form: StoredForm) -> bool:
    """Return True if the weight that all synapses share is not 0 but stored as 0."""
    base, factor = base_weight(pathway.projection.weights, receptor)
    return form.weight == 0 and pathway.projection.weights[base] * factor != 0  # type: ignore[operator]


def _count(one: Drawn, counters: dict[Bundle, Counts], rows: RowMaker, advanced: Callable[[float], object]) -> None:
    """Draw a projection, and count the synapses of each segment and of each target."""
    own = one.drawing.own if rows.memory is HOST else None
    targets = one.drawing.projection.post.size if own is None else own.size
    degree = rows.memory.zeros((rows.workers, targets), np.int32)
    for block in one.drawing.blocks(weighted=False):
        rows.count_targets(block if own is None else block._replace(post=own.places(block.post)), degree)
        for bundle, slots in one.slots.items():
            rows.count(block, slots, counters[bundle].sizes)
        advanced(len(block.pre) / 2)
    _check_degree(one.drawing.projection, int(rows.memory.host(degree).sum(axis=0).max(initial=0)))


class Places(NamedTuple):
    """The places at which the synapses of a bundle begin, and for how many there is room.

    The weights of one receptor follow those of another.
    """

    n: int
    targets: int
    weights: int


class Counts:
    """The numbers of synapses of the segments of a bundle, which become the place of the next synapse of each segment.

    After all synapses are placed, `bounds` holds the place of the first one of each segment, and the number of all.
    They are in `memory`.
    """

    def __init__(self, bundle: Bundle, memory: Memory = HOST) -> None:
        self._memory, self._all = memory, memory.zeros(bundle.segments + 2, np.uint32)
        self.sizes, self.next, self.bounds = self._all[2:], self._all[1:-1], self._all[:-1]

    def add_up(self) -> int:
        """Turn the numbers into places, and return the number of all synapses."""
        numbers = self._memory.host(self._all)
        n = int(numbers.sum(dtype=np.int64))
        np.cumsum(numbers, dtype=np.uint32, out=numbers)
        self._memory.write(self._all, numbers)
        return n


class Drawn(NamedTuple):
    """A projection that is drawn, and the slots of its pathways in each bundle."""

    drawing: Drawing
    slots: dict[Bundle, list[Slot]]


class Together(NamedTuple):
    """Bundles that share projections, whose synapses are therefore drawn for all of them at the same time."""

    bundles: list[Bundle]
    projections: list[Drawn]

    @classmethod
    def of(cls, layout: Layout, seed: int, rows: RowMaker) -> list[Together]:
        """Return the bundles of a layout whose synapses are drawn, grouped by the projections that they share."""
        return [cls._of(bundles, layout, seed, rows) for bundles in drawn_together(layout)]

    @classmethod
    def _of(cls, bundles: list[Bundle], layout: Layout, seed: int, rows: RowMaker) -> Together:
        projections = []
        for projection in projections_of(bundles):
            drawing = Drawing(projection, layout, seed, rows)
            slots = {bundle: slots_of(bundle, drawing) for bundle in bundles}
            projections.append(Drawn(drawing, {bundle: found for bundle, found in slots.items() if found}))
        return cls(bundles, projections)


def drawn_together(layout: Layout) -> list[list[Bundle]]:
    """Return the bundles of a layout whose synapses are drawn, grouped by the projections that they share."""
    groups: dict[str, list[Bundle]] = {}  # by the name of each projection
    for bundle in layout.bundles:
        if bundle.shared or bundle.taken_back:
            continue
        names = [projection.name for projection in projections_of([bundle])]
        joined = {id(groups[name]): groups[name] for name in names if name in groups}
        group = [*(one for found in joined.values() for one in found), bundle]
        groups |= dict.fromkeys((projection.name for projection in projections_of(group)), group)
    return list({id(group): group for group in groups.values()}.values())


def projections_of(bundles: list[Bundle]) -> list[Projection]:
    """Return the projections of the pathways of some bundles."""
    return list({p.projection.name: p.projection for bundle in bundles for p in bundle.pathways}.values())


def slots_of(bundle: Bundle, drawing: Drawing) -> list[Slot]:
    """Return the slots of those pathways of a bundle that belong to one projection."""
    projection, layout, slots = drawing.projection, drawing.layout, []
    for pathway in bundle.pathways:
        if pathway.projection.name != projection.name:
            continue
        columns = []
        for name in _columns(bundle):
            form = stored_form(pathway, index_of(pathway, name), layout)
            rounding = 0.0 if name == bundle.learns else 1e-12  # of the product that a Ratio is
            largest = layout.weight_ranges[projection.name, name].largest * (1 + rounding)
            columns.append(Column(name, form.exponent, drawing.least(name), largest))
        slots.append(Slot.of(pathway, bundle, columns))
    return slots


def _most(bundle: Bundle, layout: Layout) -> int:
    """Return a number of synapses that those of a bundle hardly exceed."""
    if bundle.shared or bundle.taken_back:
        return bundle.pathways[0].n_present
    return max(sum(most_drawn(p.expected, p.projection, not layout.share) for p in bundle.pathways), bundle.room)


def _numbers(ids: Span, pathway: Pathway) -> Span:
    """Return the numbers of sources that have one, counted from that of the first one of their population."""
    return ids if pathway.pre.senders is None else pathway.pre.numbers(as_ids(ids))


def _columns(bundle: Bundle) -> list[str]:
    """Return the receptors of a bundle whose weights are stored one by one."""
    pathway = bundle.pathways[0]
    return [name for name in bundle.receptors if not one_weight(pathway.projection, name)]


def index_of(pathway: Pathway, receptor: str) -> int:
    """Return the index of a receptor on the target of a pathway."""
    return next(k for k, r in enumerate(pathway.post.population.receptors) if r.name == receptor)


def ages(bundles: Iterable[Bundle]) -> list[int]:
    """Return the ages (steps) at which some synapses of bundles receive spikes, the smallest first."""
    return sorted({age for bundle in bundles if _takes_spikes(bundle) for age in _ages_of(bundle)})


def _takes_spikes(bundle: Bundle) -> bool:
    """Return True if some receptor gets spikes of neurons along the rows of a bundle, not changes of their gates.

    Synapses that release one by one get them from kernels of their own.
    """
    return not bundle.one_by_one and any(sender_of(bundle, name)[1] is None for name in bundle.receptors)


def _ages_of(bundle: Bundle) -> Iterator[int]:
    timing = bundle.timing
    if timing.at_once:
        yield from {way.age for way in timing.ways}
    else:
        yield from range(timing.first - 1, timing.first - 1 + timing.blocks * timing.width, timing.width)


def shared_sums(layout: Layout) -> list[Shared]:
    """Return the sums that are the same for all neurons of a population, one per input of a ring that has them."""
    every = [sums for place in layout.populations.values() for sums in place.sums if sums.shared >= 0]
    return [
        Shared(base=sums.shared + i * sums.shared_slots, mask=sums.shared_slots - 1)
        for sums in every
        for i in range(sums.inputs)
    ]


def sums_of(bundle: Bundle, pathway: Pathway, k: int) -> Sums:
    """Return the sums of each neuron, or those that the whole population shares."""
    sums, targets = pathway.post.sums[k], bundle.targets
    if bundle.shared:
        slots = sums.shared_slots
        return Sums(sums.shared, slots - 1, stride=1, slice=0, slices=1, slice_size=1, ring_step=slots)
    ring = sums.ring
    return Sums(
        ring.base, ring.slots - 1, targets.size, bundle.slice, bundle.slices, targets.slice_size, ring.input_step
    )


def _refuse_weights(drawing: Drawing, column: Column) -> None:
    """Refuse weights that are negative, or larger than the receptor's sums were planned for."""
    weights = drawing.all().weights[column.receptor]  # refuses those that are negative
    raise ParameterError(
        f"Projection '{drawing.projection.name}'.weight['{column.receptor}']: "
        f"{np.abs(weights).max():g} exceeds the declared w_max = {column.largest:g}; raise w_max, "
        f"or keep what is drawn below it (most distributions take high={column.largest:g})"
    )


def _check_degree(projection: Projection, degree: int) -> None:
    """Refuse more synapses of one target than its sums were planned for."""
    allowed = projection.rule.max_in_degree(projection.pre.size, projection.post.size)
    if degree > allowed:
        raise ParameterError(
            f"Projection '{projection.name}': a target has {degree} synapses, "
            f"more than the {allowed} that its sums were planned for; "
            f"choose another seed, or raise {type(projection.rule).__name__}.max_in_degree if the rule is your own"
        )
