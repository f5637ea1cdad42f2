"""Event-driven synapses: rows of words, integer weights, and the routes of events to the rings of sums."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gpusyn.builder.fixed_point import weight_shift
from gpusyn.builder.gating.forms import shape_of
from gpusyn.builder.gating.strategy import SOURCE
from gpusyn.builder.layout import Layout, Pathway, ReceptorRings
from gpusyn.builder.rows.drawn import Synapses
from gpusyn.builder.rows.sorted import SortedRows, own_rows, shared_rows, source_rows
from gpusyn.builder.rows.stored import Pool, StoredWeights, ordered_weights, weight_step
from gpusyn.builder.source_gates import GateTables
from gpusyn.errors import ParameterError
from gpusyn.kernels.records import Route, Shared, write_rows
from gpusyn.receptors import Receptor
from gpusyn.utils.typing import Array


class Senders(NamedTuple):
    """The senders of a pathway's events: the bounds of their ids, and the place of the events' values."""

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
    slices: int
    slice_size: int
    ring_step: int  # distance from one channel to the next


class EventDrivenTables:
    """The event-driven synapses of a layout.

    Attributes
    ----------
    routes : list of (int, Route)
        Number of the senders, and the route.
    shared : list of Shared
        Sums that are the same for all neurons of a population.
    stored : list of StoredWeights
        Places of the synapses of each pathway and receptor.
    rounded_to_zero : dict of str to int
        Number of weights that are not 0 but are stored as 0, by projection and receptor.
    """

    def __init__(self, layout: Layout, gates: GateTables) -> None:
        self.layout, self.gates = layout, gates
        self.routes: list[tuple[int, Route]] = []
        self.shared = shared_sums(layout)
        self.stored: list[StoredWeights] = []
        self.rounded_to_zero: dict[str, int] = {}
        self._row_begin, self._words = Pool(np.int64), Pool(np.uint32)
        self._weights = Pool(layout.numbers.weight_dtype)
        self._numbers = {name: i for i, name in enumerate(layout.populations)}

    def add(self, pathway: Pathway, synapses: Synapses) -> None:
        """Add the synapses of a pathway onto the receptors that have no gate on each synapse."""
        if not pathway.receptors(synaptic=False):
            return
        _check_degree(pathway, synapses)
        if not pathway.shared:
            self._add_rows(pathway, synapses, source_rows(synapses, pathway))
            return
        assert isinstance(synapses.delay, int)
        self._add_rows(pathway, synapses, shared_rows(pathway, synapses.delay), shared=True)
        if len(pathway.own_ids):
            self._add_rows(pathway, synapses, own_rows(pathway, synapses.delay), taken_back=True)

    def _add_rows(
        self, pathway: Pathway, synapses: Synapses, rows: SortedRows, *, shared: bool = False, taken_back: bool = False
    ) -> None:
        """Route rows to the rings of the pathway's receptors; rows `taken_back` subtract and are hidden from users."""
        begin, words = self._row_begin.add(rows.begin), self._words.add(rows.word)
        for k, receptor in pathway.receptors(synaptic=False):
            largest = self.layout.weight_ranges[pathway.projection.name, receptor.name].largest
            _check_weight(pathway, synapses, receptor, largest)
            ring = pathway.post.rings[k]
            shift = weight_shift(largest, ring.quantum.exponent, 8 * self.layout.numbers.weight_dtype.itemsize)
            exponent = ring.quantum.exponent + shift
            exact = ordered_weights(pathway, receptor.name, synapses, rows.order)
            stored = np.rint(np.ldexp(exact, -exponent))
            weights, step = self._weights.add(-stored if taken_back else stored), weight_step(stored, rows.word)
            number, senders = self._senders(pathway, k)
            sums = _sums(pathway, ring, shared)
            route = Route(
                rows=begin, words=words, weights=weights, weight_step=step, shift=shift,
                **senders._asdict(), **sums._asdict(),
            )  # fmt: skip
            self.routes.append((number, route))
            if not taken_back:
                self._count_zeros(f"{pathway.projection.name}:{receptor.name}", exact, stored)
                self.stored.append(
                    StoredWeights(
                        pathway, receptor.name, begin, len(rows.begin) - 1, words, weights,
                        constant=shared or not step, exponent=exponent, shared=shared,
                    )
                )  # fmt: skip

    def _senders(self, pathway: Pathway, k: int) -> tuple[int, Senders]:
        """Return the senders of a pathway's events to receptor `k` (its neurons, or the gates that they own).

        Their number comes first: populations are numbered first, then the sets of gates of sources.
        """
        first, end = pathway.pre_range
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
            "row_begin": self._row_begin.join(),
            "words": self._words.join(),
            "weights": self._weights.join(),
            "shared": write_rows(self.shared, Shared),
        }


def shared_sums(layout: Layout) -> list[Shared]:
    """Return the sums that are the same for all neurons of a population, one per input of a ring that has them."""
    rings = [ring for place in layout.populations.values() for ring in place.rings if ring.shared >= 0]
    return [
        Shared(base=ring.shared + i * ring.shared_slots, mask=ring.shared_slots - 1)
        for ring in rings
        for i in range(ring.inputs)
    ]


def _sums(pathway: Pathway, ring: ReceptorRings, shared: bool) -> Sums:
    """Return the sums of each neuron, or those that the whole population shares."""
    if shared:
        return Sums(ring.shared, ring.shared_slots - 1, stride=1, slices=1, slice_size=1, ring_step=ring.shared_slots)
    post = pathway.post
    return Sums(ring.base, ring.slots - 1, post.size, post.slices, post.slice_size, ring_step=ring.slots * post.size)


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
