"""Event-driven synapses: segments of targets, integer weights, and the routes of events to the rings of sums."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from gpusyn.builder.bundles import stored_form
from gpusyn.builder.gating.forms import shape_of
from gpusyn.builder.gating.strategy import SOURCE
from gpusyn.builder.layout import Bundle, Layout, Pathway
from gpusyn.builder.rows.drawn import Synapses
from gpusyn.builder.rows.sorted import Segments, bounds_of, in_runs, merge_places, shared_segments, source_segments
from gpusyn.builder.rows.stored import Pool, StoredSegments, ordered_weights
from gpusyn.builder.source_gates import GateTables
from gpusyn.errors import ParameterError
from gpusyn.kernels.records import Route, Shared, write_rows
from gpusyn.kernels.synapse_words import UNARY_STEP, pack_late, unary_sizes
from gpusyn.receptors import Receptor
from gpusyn.utils.ids import as_ids
from gpusyn.utils.typing import Array


class Senders(NamedTuple):
    """The senders of a bundle's events: the bounds of their ids, and the place of the events' values."""

    source: int
    source_end: int
    payload: int = -1
    payload_step: int = 0
    channels: int = 1


class Sums(NamedTuple):
    """The sums to which a route adds: `mask` + 1 slots, `stride` apart, cut into slices of the targets."""

    ring: int
    mask: int
    stride: int
    slice: int
    slices: int
    slice_size: int
    ring_step: int  # distance from one channel to the next


class Part(NamedTuple):
    """The synapses of one pathway of a bundle, with the stored weights of each receptor whose synapses differ."""

    pathway: Pathway
    segments: Segments
    weights: dict[str, Array]

    def columns(self) -> list[Array]:
        """Return what is stored of each synapse: its target, how late it is if delays differ, weights by their name."""
        late = [] if self.segments.late is None else [self.segments.late]
        return [self.segments.target, *late, *(self.weights[name] for name in sorted(self.weights))]


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
    """

    def __init__(self, layout: Layout, gates: GateTables) -> None:
        self.layout, self.gates = layout, gates
        self.routes: list[tuple[int, Route]] = []
        self.shared = shared_sums(layout)
        self.stored: list[StoredSegments] = []
        self.rounded_to_zero: dict[str, int] = {}
        self._segments, self._sizes = Pool(np.uint32), Pool(np.uint64)
        self._targets, self._late = Pool(np.uint16), Pool(np.uint8)
        self._weights = Pool(layout.numbers.weight_dtype)
        self._numbers = {name: i for i, name in enumerate(layout.populations)}
        self._bundles: dict[int, list[Bundle]] = {}  # by the identity of each of their pathways
        for bundle in layout.bundles:
            for pathway in bundle.pathways:
                self._bundles.setdefault(id(pathway), []).append(bundle)
        self._parts: dict[Bundle, list[Part]] = {}  # of the bundles that are not complete

    def add(self, pathway: Pathway, synapses: Synapses) -> None:
        """Add the synapses of a pathway onto the receptors that have no gate on each synapse."""
        if pathway.receptors(synaptic=False):
            _check_degree(pathway, synapses)
        for bundle in self._bundles.get(id(pathway), ()):
            parts = self._parts.setdefault(bundle, [])
            parts.append(self._part(pathway, synapses, bundle))
            if len(parts) == len(bundle.pathways):
                self._complete(bundle, self._parts.pop(bundle))

    def _part(self, pathway: Pathway, synapses: Synapses, bundle: Bundle) -> Part:
        if bundle.shared:
            segments = shared_segments(bundle)
        elif bundle.taken_back:
            ids = as_ids(pathway.own_ids)
            segments = source_segments(Synapses(ids, ids, bundle.timing.first, {}), pathway, bundle)
        else:
            segments = source_segments(synapses, pathway, bundle)
        weights = {}
        for k, receptor in pathway.receptors(synaptic=False):
            name, form = receptor.name, stored_form(pathway, k, self.layout)
            _check_weight(pathway, synapses, receptor, self.layout.weight_ranges[pathway.projection.name, name].largest)
            exact = ordered_weights(pathway, name, synapses, segments.order)
            stored = np.ldexp(exact, -form.exponent)
            np.rint(stored, out=stored)
            if not bundle.taken_back:
                self._count_zeros(f"{pathway.projection.name}:{name}", exact, stored)
            if form.weight is None:
                weights[name] = stored.astype(self.layout.numbers.weight_dtype)
        return Part(pathway, segments._replace(order=None), weights)  # the order takes more memory than all the rest

    def _complete(self, bundle: Bundle, parts: list[Part]) -> None:
        """Add the rows that the parts of a bundle share, and route them to the rings of its receptors."""
        synapses = sum(len(part.segments.target) for part in parts)
        if synapses >= 2**32:
            raise ParameterError(
                f"Projection '{parts[0].pathway.projection.name}': {synapses} synapses of population "
                f"'{parts[0].pathway.pre.population.name}' are in common rows, but at most {2**32 - 1} are possible; "
                "split the population into several"
            )
        bounds = bounds_of([part.segments for part in parts])
        target, *rest = _joined(parts, bounds)
        begin, sizes = self._add_index(bounds, bundle.compressed)
        targets, bits = self._targets.add(target), bundle.timing.late_bits
        late = self._late.add(pack_late(rest.pop(0), bits)) if bits else -1
        own = dict(zip(sorted(parts[0].weights), map(self._weights.add, rest), strict=True))
        runs = late < 0 and bool(own) and in_runs(target, bounds)
        for name in bundle.receptors:
            weights = own.get(name, -1)
            rows = {
                "segments": begin, "sizes": sizes, "row_step": bundle.timing.blocks, "targets": targets, "late": late,
                "late_bits": bits, "weights": weights, "runs": int(runs and weights >= 0),
            }  # fmt: skip
            self._add_routes(bundle, name, rows)
            for part in () if bundle.taken_back else parts:
                form = stored_form(part.pathway, index_of(part.pathway, name), self.layout)
                self.stored.append(
                    StoredSegments(
                        pathway=part.pathway, receptor=name, begin=begin, words=targets, weights=weights,
                        weight=form.weight, bundle=bundle, sizes=sizes, late=late, exponent=form.exponent,
                    )
                )  # fmt: skip

    def _add_index(self, bounds: Array, compressed: bool) -> tuple[int, int]:
        """Add the index of the segments of a bundle; return the places of bounds and of sizes in unary (-1: none)."""
        if not compressed:
            return self._segments.add(bounds), -1
        few = np.append(bounds[:-1:UNARY_STEP], bounds[-1])
        return self._segments.add(few), self._sizes.add(unary_sizes(bounds))

    def _add_routes(self, bundle: Bundle, receptor: str, rows: dict[str, int]) -> None:
        """Add the routes of events to the ring of one receptor, along rows with these fields of a route."""
        pathway, timing = bundle.pathways[0], bundle.timing
        k = index_of(pathway, receptor)
        form = stored_form(pathway, k, self.layout)
        number, senders = self._senders(bundle, pathway, k)
        route = Route(
            age=timing.first - 1, width=timing.width, blocks=timing.blocks, ahead=1, shift=form.shift,
            weight=(form.weight or 0) * (-1 if bundle.taken_back else 1),
            gathers=int(bundle.shared and senders.payload >= 0),
            **rows, **senders._asdict(), **sums_of(bundle, pathway, k)._asdict(),
        )  # fmt: skip
        if not timing.at_once:
            self.routes.append((number, route))
            return
        for block in range(timing.blocks):
            ahead = timing.first + block * timing.width
            at_once = route._replace(segments=route.segments + block, age=0, width=1, blocks=1, ahead=ahead)
            self.routes.append((number, at_once))

    def _senders(self, bundle: Bundle, pathway: Pathway, k: int) -> tuple[int, Senders]:
        """Return the senders of a bundle's events to receptor `k` (its neurons, or the gates that they own).

        Their number comes first: populations are numbered first, then the sets of gates of sources.
        """
        first, end = bundle.pre_range
        pre = pathway.pre
        if pathway.post.strategies[k].owner != SOURCE:
            return self._numbers[pre.population.name], Senders(pre.source + first, pre.source + end)
        gate = self.layout.gates[pre.population.name, pathway.post.population.receptors[k].kinetics]
        return gate.sender, Senders(
            source=gate.first + first,
            source_end=gate.first + end,
            payload=self.gates.payload[gate.sender] + first,
            payload_step=gate.place.size,
            channels=shape_of(gate.kinetics).channels,
        )

    def _count_zeros(self, name: str, exact: Array, stored: Array) -> None:
        lost = int(np.count_nonzero(stored == 0)) - int(np.count_nonzero(exact == 0))
        if lost:
            self.rounded_to_zero[name] = self.rounded_to_zero.get(name, 0) + lost

    def arrays(self) -> dict[str, Array]:
        """Return the tables by name."""
        routes = sorted(self.routes, key=lambda route: route[0])
        senders = len(self.layout.populations) + len(self.layout.gates)
        counts = np.bincount([number for number, _ in routes], minlength=senders)
        return {
            "routes": write_rows([route for _, route in routes], Route),
            "route_begin": np.concatenate([[0], np.cumsum(counts)]).astype(np.int32),
            "ages": np.array(ages(self.layout) or [0], np.int32),
            "segment_begin": self._segments.join(),
            "segment_sizes": self._sizes.join(),
            "targets": self._targets.join(),
            "late": self._late.join(),
            "weights": self._weights.join(),
            "shared": write_rows(self.shared, Shared),
        }


def _joined(parts: list[Part], bounds: Array) -> list[Array]:
    """Return the columns of several parts in the rows that they share, whose segments have these bounds."""
    if len(parts) == 1:
        return parts[0].columns()
    joined = [np.empty(int(bounds[-1]), column.dtype) for column in parts[0].columns()]
    for part, place in zip(parts, merge_places([part.segments for part in parts], bounds), strict=True):
        for column, values in zip(joined, part.columns(), strict=True):
            column[place] = values
    return joined


def index_of(pathway: Pathway, receptor: str) -> int:
    """Return the index of a receptor on the target of a pathway."""
    return next(k for k, r in enumerate(pathway.post.population.receptors) if r.name == receptor)


def ages(layout: Layout) -> list[int]:
    """Return the ages (steps) at which some synapses receive spikes, the smallest first."""
    return sorted({age for bundle in layout.bundles for age in _ages_of(bundle)})


def _ages_of(bundle: Bundle) -> Iterator[int]:
    timing = bundle.timing
    yield from (
        [0]
        if timing.at_once
        else range(timing.first - 1, timing.first - 1 + timing.blocks * timing.width, timing.width)
    )


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


def _check_weight(pathway: Pathway, synapses: Synapses, receptor: Receptor, largest: float) -> None:
    """Refuse a larger weight than the receptor's sums were planned for."""
    projection, weight = pathway.projection, synapses.weights[receptor.name]
    if isinstance(weight, np.ndarray) and len(weight) and float(np.abs(weight).max()) > largest * (1 + 1e-12):
        raise ParameterError(
            f"Projection '{projection.name}'.weight['{receptor.name}']: "
            f"{np.abs(weight).max():g} exceeds the declared w_max = {largest:g}; raise w_max"
        )


def _check_degree(pathway: Pathway, synapses: Synapses) -> None:
    """Refuse more synapses of one target than its sums were planned for."""
    projection = pathway.projection
    degree = int(np.bincount(synapses.post, minlength=1).max()) if len(synapses.post) else 0
    allowed = projection.rule.max_in_degree(projection.pre.size, projection.post.size)
    if degree > allowed:
        raise ParameterError(
            f"Projection '{projection.name}': a target has {degree} synapses, "
            f"more than the {allowed} that its sums were planned for; "
            f"choose another seed, or raise {type(projection.rule).__name__}.max_in_degree if the rule is your own"
        )
