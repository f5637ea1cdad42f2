"""Bundles: which pathways share the rows of their sources, and when the synapses of a bundle are delivered.

A spike can be delivered when its synapses are *due*: a row is then cut into segments, one for each delay, and all
events of a step go to one vector of sums, which stays in the cache. Or all synapses of a row are delivered at once,
into a *ring* of sums for the coming steps. The first is cheaper if segments are long, the second if they are short: the
thresholds are measured (`benchmarks/NOTES.md`).
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from gpusyn.builder.fixed_point import weight_shift
from gpusyn.builder.gating.strategy import SOURCE
from gpusyn.builder.layout import Bundle, Layout, Pathway, Ring, TargetGroup, Timing, one_weight
from gpusyn.kernels.synapse_words import LARGEST_SLICE, MOST_LATE
from gpusyn.network.projections import base_weight
from gpusyn.numerics.rng import Stream
from gpusyn.parameters.distributions import Distribution
from gpusyn.parameters.grid import rounded_steps

CACHE = 8 << 20  # bytes of a ring that stays in the caches of a processor
# Synapses of a segment from which it is cheaper to deliver when due than into a ring that stays in the caches, and into
# a larger one.
DUE_FROM = 40.0, 7.0
_DRAWN = 1000  # delays that are drawn to learn how widely they are spread
LARGE_RING = 0.1  # part of the memory of its synapses that a ring may take before delays are cut into blocks
LARGE_INDEX = 0.15  # the same for the bounds of segments that are delivered when due
_SYNAPSE, _BOUND = 6, 4  # bytes of a target with its weight, and of the bound of a segment


class _Key(NamedTuple):
    """What pathways of one bundle have in common, beside their source population."""

    source: str
    receptors: tuple[tuple[Any, ...], ...]
    delay: int | None  # steps, if all synapses have the same
    alone: tuple[str, int, int] | None  # the pathway, if its weights may change


def form_bundles(layout: Layout, workers: int) -> None:
    """Group the pathways into bundles, and the populations that bundles reach together; place the rings of sums."""
    bundles: dict[tuple[_Key, int], list[Pathway]] = {}
    for pathway in layout.pathways:
        if pathway.receptors(synaptic=False) and not pathway.shared:
            key, n = _key(pathway, layout), 0
            while any(pathway.post is other.post for other in bundles.get((key, n), ())):
                n += 1
            bundles.setdefault((key, n), []).append(pathway)
    groups = _target_groups(layout, list(bundles.values()), workers)
    for pathways in bundles.values():
        targets = groups[pathways[0].post.population.name]
        layout.bundles.append(Bundle(pathways, _names(pathways[0]), targets, _timing(pathways, targets, layout)))
    alike: dict[TargetGroup, list[Bundle]] = {}
    for bundle in layout.bundles:
        alike.setdefault(bundle.targets, []).append(bundle)
    for together in alike.values():
        _agree(together, layout)
    for pathway in layout.pathways:
        if pathway.receptors(synaptic=False) and pathway.shared:
            _add_shared(pathway, groups[pathway.post.population.name], layout)
    _place_rings(layout, groups)


def _add_shared(pathway: Pathway, targets: TargetGroup, layout: Layout) -> None:
    """Add the bundle of a pathway whose targets share their sums, and that of what its sources take back."""
    timing = _timing([pathway], targets, layout)
    layout.bundles.append(Bundle([pathway], _names(pathway), TargetGroup([]), timing, shared=True))
    if len(pathway.own_ids):
        layout.bundles.append(Bundle([pathway], _names(pathway), targets, timing, taken_back=True))


def _names(pathway: Pathway) -> tuple[str, ...]:
    return tuple(sorted(receptor.name for _, receptor in pathway.receptors(synaptic=False)))


def _key(pathway: Pathway, layout: Layout) -> _Key:
    projection, alike = pathway.projection, []
    for k, receptor in sorted(pathway.receptors(synaptic=False), key=lambda one: one[1].name):
        sums, of_source = pathway.post.sums[k], pathway.post.strategies[k].owner == SOURCE
        form = stored_form(pathway, k, layout)
        alike.append((receptor.name, sums.inputs, receptor.kinetics if of_source else None, form.shift, form.weight))
    one_delay = pathway.shortest if pathway.shortest == pathway.longest else None
    alone = (projection.name, pathway.pre_part, pathway.post_part) if projection.w_max else None
    return _Key(pathway.pre.population.name, tuple(alike), one_delay, alone)


class StoredForm(NamedTuple):
    """How the weights of a pathway onto one receptor are stored.

    A stored weight times 2^`exponent` is the weight (nS or pA); it is 2^`shift` quanta of the sums. If all synapses
    share one stored weight, it is `weight`, else None.
    """

    shift: int
    exponent: int
    weight: int | None


def stored_form(pathway: Pathway, k: int, layout: Layout) -> StoredForm:
    """Return how the weights of a pathway onto receptor `k` of its targets are stored."""
    projection, receptor = pathway.projection, pathway.post.population.receptors[k].name
    shared = one_weight(projection, receptor)
    chosen = pathway.post.sums[k].quantum
    bits, quantum = chosen.width.weights, chosen.exponent
    if shared:
        bits = max(bits, 32)  # it is stored once, so it need not be short
    shift = weight_shift(layout.weight_ranges[projection.name, receptor].largest, quantum, bits)
    if not shared:
        return StoredForm(shift, quantum + shift, None)
    base, factor = base_weight(projection.weights, receptor)
    weight = float(projection.weights[base]) * factor  # type: ignore[arg-type]
    return StoredForm(shift, quantum + shift, round(math.ldexp(weight, -quantum - shift)))


def _target_groups(layout: Layout, bundles: list[list[Pathway]], workers: int) -> dict[str, TargetGroup]:
    """Return the target group of each population, by its name."""
    together = {name: [place] for name, place in layout.populations.items()}
    for pathways in bundles:
        joined = {place.population.name: place for p in pathways for place in together[p.post.population.name]}
        places = [place for name, place in layout.populations.items() if name in joined]
        together |= dict.fromkeys(joined, places)
    groups: dict[str, TargetGroup] = {}
    for places in together.values():
        if places[0].population.name in groups:
            continue
        group = TargetGroup(places)
        owners = min(workers, max(group.size, 1))
        group.slices = owners * -(-group.size // (owners * LARGEST_SLICE)) or 1  # each worker owns as many
        offset = 0
        for place in places:
            groups[place.population.name], place.offset = group, offset
            offset += place.size
    return groups


def _timing(pathways: list[Pathway], targets: TargetGroup, layout: Layout) -> Timing:
    """Return when the synapses of a bundle are delivered."""
    first, last = min(p.shortest for p in pathways), max(p.longest for p in pathways)
    delays = last - first + 1
    of_source = any(pathways[0].post.strategies[k].owner == SOURCE for k, _ in pathways[0].receptors(synaptic=False))
    at_once = of_source or bool(pathways[0].projection.w_max)
    if delays == 1:
        return Timing(first, 1, 1, at_once)
    if at_once:
        width = min(delays, MOST_LATE)
        return Timing(first, width, -(-delays // width), at_once)
    sum_bytes = layout.numbers.acc_dtype.itemsize
    synapses, sources = sum(p.expected for p in pathways), max(pathways[0].pre.size, 1)
    in_cache, larger = DUE_FROM
    rows, memory = sources * targets.slices, max(_SYNAPSE * synapses, 1)
    segment = synapses / rows / _usual_delays(pathways[0], delays, layout.dt)
    if (
        segment >= (in_cache if sum_bytes * targets.size * power_of_2(delays) <= CACHE else larger)
        and _BOUND * rows * delays <= LARGE_INDEX * memory
    ):
        return Timing(first, 1, delays)
    width = _ring_width(delays, rows, sum_bytes * targets.size, memory)
    return Timing(first, width, -(-delays // width))


def _agree(bundles: list[Bundle], layout: Layout) -> None:
    """Deliver a minority of synapses when due as well, where their ring would drive all sums from the cache.

    The bounds of their segments must stay small beside the synapses of all bundles.
    """
    due = sum(bundle.expected for bundle in bundles if bundle.timing.width == 1)
    room = LARGE_INDEX * _SYNAPSE * sum(bundle.expected for bundle in bundles)
    for bundle in bundles:
        timing, slot = bundle.timing, layout.numbers.acc_dtype.itemsize * bundle.targets.size
        if timing.width > 1 and not timing.at_once and timing.slots * slot > CACHE and due > bundle.expected:
            delays = timing.width * timing.blocks
            index = _BOUND * bundle.pathways[0].pre.size * bundle.targets.slices * delays
            if index <= room:
                bundle.timing, room = Timing(timing.first, 1, delays), room - index


def _usual_delays(pathway: Pathway, delays: int, dt: float) -> float:
    """Return the number of delays that matter among all `delays`: drawn ones are seldom near their bounds."""
    given = pathway.projection.delay
    if not isinstance(given, Distribution):
        return delays
    drawn = rounded_steps(given.draw(Stream(0), np.arange(_DRAWN)), dt, low=1)
    _, counts = np.unique(drawn, return_counts=True)
    return float(_DRAWN**2 / np.sum(counts**2))


def _ring_width(delays: int, rows: int, bytes_per_slot: int, bytes_of_synapses: float) -> int:
    """Return the number of delays in one block of a ring: all of them, unless a ring that long is too large.

    Each row and block has the bound of a segment, and the ring takes `bytes_per_slot` for each delay of a block.
    """
    if delays <= MOST_LATE and power_of_2(delays) * bytes_per_slot <= max(2 * CACHE, LARGE_RING * bytes_of_synapses):
        return delays

    def memory(width: int) -> int:
        return _BOUND * rows * -(-delays // width) + width * bytes_per_slot

    return min((width for width in (16, 32, 64, 128, MOST_LATE) if width <= MOST_LATE), key=memory)


def _place_rings(layout: Layout, groups: dict[str, TargetGroup]) -> None:
    """Place the rings of each receptor, as deep as its bundles need, and the sums that whole populations share."""
    rings: dict[tuple[int, str, int], Ring] = {}
    for name, place in layout.populations.items():
        place.targets = groups[name]
        for receptor, sums in zip(place.population.receptors, place.sums, strict=True):
            key = id(groups[name]), receptor.name, sums.inputs
            sums.ring = rings.setdefault(key, Ring(groups[name], sums.inputs))
    for bundle in layout.bundles:
        for pathway in bundle.pathways:
            for k, _ in pathway.receptors(synaptic=False):
                sums = pathway.post.sums[k]
                if bundle.shared:  # this step's events must not go to the slot that is read in this step
                    sums.shared_slots = max(sums.shared_slots, power_of_2(bundle.timing.slots + 1))
                else:
                    sums.ring.slots = max(sums.ring.slots, power_of_2(bundle.timing.slots))
    for ring in rings.values():
        ring.base, layout.ring_size = layout.ring_size, layout.ring_size + ring.size
    for place in layout.populations.values():
        for sums in place.sums:
            if sums.shared_slots:
                sums.shared, layout.ring_size = layout.ring_size, layout.ring_size + sums.shared_slots * sums.inputs


def power_of_2(n: int) -> int:
    """Return the smallest power of 2 that is at least n."""
    return 1 << (n - 1).bit_length()
