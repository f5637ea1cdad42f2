"""Bundles: which pathways share the rows of their sources, and when the synapses of a bundle are delivered.

A spike can be delivered when its synapses are *due*: a row is then cut into segments, one for each delay, and all
events of a step go to one vector of sums, which stays in the cache. Or all synapses of a row are delivered at once,
into a *ring* of sums for the coming steps. The first is cheaper if segments are long, the second if they are short.
Between them are *blocks* of delays, each delivered into a short ring when its first delay is due. Wide blocks need a
longer ring and more bits to tell how late a synapse is, narrow ones a larger index. The thresholds are measured
(`benchmarks/NOTES.md`).
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from gpusyn.builder.fixed_point import learned_exponent, weight_shift
from gpusyn.builder.gating.strategy import SOURCE
from gpusyn.builder.layout import Layout
from gpusyn.builder.pathways import Bundle, Pathway, Timing, one_weight
from gpusyn.builder.places import Ring, TargetGroup
from gpusyn.builder.plasticity.releases import shared_short_term
from gpusyn.kernels.synapse_words import LARGEST_SLICE, MOST_LATE, unary_bounds, unary_words
from gpusyn.network.plasticity import learned_of, releases_one_by_one
from gpusyn.network.projections import base_weight
from gpusyn.numerics.rng import Stream
from gpusyn.parameters.distributions import Distribution
from gpusyn.parameters.grid import rounded_steps

CACHE = 8 << 20  # bytes of a ring that stays in the caches of a processor
# Synapses of a segment from which it is cheaper to deliver when due than into a ring that stays in the caches, and into
# a larger one.
DUE_FROM = 16.0, 7.0
LONG = 60.0  # synapses of a segment from which cutting it costs nothing
ROOM = 0.19  # part of the memory of targets and weights that late steps, the index and rings may take
COMPRESSED = False, True  # forms of the index of segments, the faster first
_DRAWN = 1000  # delays of a projection that are drawn to learn how widely they are spread
_TARGET, _BOUND, _WORD = 2, 4, 8  # bytes of a target, of the bound of a segment, of a word of sizes in unary


class _Key(NamedTuple):
    """What pathways of one bundle have in common, beside their source population."""

    source: str
    receptors: tuple[tuple[Any, ...], ...]
    delay: int | None  # steps, if all synapses have the same
    # the pathway, if its weights may change; the projection, if it is procedural or has short-term plasticity
    alone: tuple[str, int, int] | None


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
        bundle = Bundle(pathways, _names(pathways[0]), targets)
        (layout.procedural if pathways[0].projection.procedural else layout.bundles).append(bundle)
    _time(layout)
    for bundle in layout.procedural:
        bundle.timing = _drawn_timing(bundle)
    for pathway in layout.pathways:
        if pathway.receptors(synaptic=False) and pathway.shared:
            _add_shared(pathway, groups[pathway.post.population.name], layout)
    _place_rings(layout, groups)


def _time(layout: Layout) -> None:
    """Choose when the synapses of all bundles are delivered."""
    alike: dict[TargetGroup, list[Bundle]] = {}
    for bundle in layout.bundles:
        alike.setdefault(bundle.targets, []).append(bundle)
    for bundles in alike.values():
        receptors = {name for bundle in bundles for name in bundle.receptors}
        rings = len(receptors) / (sum(bundle.expected for bundle in bundles) or 1.0)
        for bundle in bundles:
            _place_in_time(bundle, layout, rings * bundle.expected)
        _agree(bundles, layout)


def _add_shared(pathway: Pathway, targets: TargetGroup, layout: Layout) -> None:
    """Add the bundle of a pathway whose targets share their sums, and that of what its sources take back."""
    own = Bundle([pathway], _names(pathway), targets, taken_back=True)
    _place_in_time(own, layout, rings=0.0)
    layout.bundles.append(Bundle([pathway], _names(pathway), TargetGroup([]), own.timing, shared=True))
    if len(pathway.own_ids):
        layout.bundles.append(own)


def _names(pathway: Pathway) -> tuple[str, ...]:
    return tuple(sorted(receptor.name for _, receptor in pathway.receptors(synaptic=False)))


def _key(pathway: Pathway, layout: Layout) -> _Key:
    projection, alike = pathway.projection, []
    for k, receptor in sorted(pathway.receptors(synaptic=False), key=lambda one: one[1].name):
        sums, of_source = pathway.post.sums[k], pathway.post.strategies[k].owner == SOURCE
        form, kinetics = stored_form(pathway, k, layout), receptor.kinetics if of_source else None
        unit = form.exponent if projection.procedural else None  # of what one draw gives all targets of a row
        alike.append((receptor.name, sums.inputs, kinetics, form.shift, form.weight, unit))
    one_delay = pathway.shortest if pathway.shortest == pathway.longest else None
    alone = (projection.name, pathway.pre_part, pathway.post_part) if projection.w_max else None
    if releases_one_by_one(projection) and alone is None:
        alone = projection.name, pathway.pre_part, -1
    if shared_short_term(projection) is not None and alone is None:
        alone = projection.name, -1, -1
    if projection.procedural:
        alone = projection.name, pathway.pre_part, -1
    return _Key(pathway.pre.population.name, tuple(alike), one_delay, alone)


class StoredForm(NamedTuple):
    """How the weights of a pathway onto one receptor are stored.

    A stored weight times 2^`exponent` is the weight (nS, pA or mV); it is 2^`shift` quanta of the sums, which is less
    than one where weights learn. If all synapses share one stored weight, it is `weight`, else None.
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
    if learned_of(projection) == receptor:
        exponent = learned_exponent(layout.weight_ranges[projection.name, receptor].largest, layout.learned_bits)
        return StoredForm(exponent - quantum, exponent, None)
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
            groups[place.population.name], place.offset = group, offset - place.hull[0]
            offset += place.kept
    return groups


class _Cost:
    """The memory of the synapses of a bundle, and what several delays cost beside it (bytes)."""

    def __init__(self, bundle: Bundle, layout: Layout) -> None:
        self.bundle, numbers = bundle, layout.numbers
        weights = sum(not one_weight(bundle.pathways[0].projection, name) for name in bundle.receptors)
        self.synapses = (_TARGET + weights * numbers.weight_dtype.itemsize) * bundle.expected
        self.slot = numbers.acc_dtype.itemsize * bundle.targets.size  # sums of one receptor and step

    def index(self, blocks: int, compressed: bool) -> float:
        """Return the bytes of the index of segments."""
        segments = self.bundle.rows * self.bundle.slices * blocks
        if not compressed:
            return _BOUND * (segments + 1)
        return _BOUND * unary_bounds(segments) + _WORD * unary_words(segments, round(self.bundle.expected))

    def part(self, timing: Timing, compressed: bool, rings: float) -> float:
        """Return the late steps, the index and a number of rings as a part of the synapses."""
        late = self.bundle.expected * timing.late_bits / 8
        sums = rings * self.slot * power_of_2(timing.width)
        return (late + self.index(timing.blocks, compressed) + sums) / max(self.synapses, 1)


def _place_in_time(bundle: Bundle, layout: Layout, rings: float) -> None:
    """Choose when the synapses of a bundle are delivered; `rings` is its share of the rings of its targets.

    A bundle takes the fastest form that fits into ROOM: all delays in one block, or the widest blocks, and an index
    that is not compressed. If none fits, it takes the smallest.
    """
    pathways = bundle.pathways
    first, last = min(p.shortest for p in pathways), max(p.longest for p in pathways)
    delays = last - first + 1

    def blocks_of(width: int) -> Timing:
        return Timing(first, width, -(-delays // width))

    if _has_source_gates(bundle) or pathways[0].projection.w_max or bundle.one_by_one:
        axonal = pathways[0].projection.axonal
        width = 1 if axonal else min(delays, MOST_LATE)  # a spike visits synapses of different axonal parts by turns
        bundle.timing = blocks_of(width)._replace(at_once=True, axonal=axonal)
        return
    cost = _Cost(bundle, layout)
    segment = bundle.expected / max(bundle.rows * bundle.slices, 1) / _usual_delays(pathways, first, delays, layout.dt)
    ring = cost.slot * power_of_2(delays)
    when_due, *wider = map(blocks_of, _widths(delays))
    forms = [t for t in reversed(wider) if ring > 2 * CACHE or segment * t.width >= LONG] or [*wider[-1:], when_due][:1]
    if segment >= DUE_FROM[ring > CACHE]:
        forms = [when_due, *forms]
    parts = {(t, c): cost.part(t, c, rings) for c in COMPRESSED for t in forms}
    small = (form for form, part in parts.items() if part <= ROOM)
    bundle.timing, bundle.compressed = next(small, min(parts, key=lambda form: parts[form]))


def _has_source_gates(bundle: Bundle) -> bool:
    """Return whether sources own the gates of some receptor of a bundle."""
    pathway = bundle.pathways[0]
    return any(pathway.post.strategies[k].owner == SOURCE for k, _ in pathway.receptors(synaptic=False))


def _drawn_timing(bundle: Bundle) -> Timing:
    """Return when procedural synapses are delivered: a row is drawn once, when all are due, or at once into a ring."""
    first = min(p.shortest for p in bundle.pathways)
    last = max(p.longest for p in bundle.pathways)
    return Timing(first, last - first + 1, 1, at_once=first < last or _has_source_gates(bundle))


def _widths(delays: int) -> list[int]:
    """Return the widths of blocks among which to choose: as many delays as some bits tell apart, or all."""
    widths = [1 << k for k in range(MOST_LATE.bit_length()) if 1 << k <= MOST_LATE and 1 << k < delays]
    return [*widths, delays] if delays <= MOST_LATE else widths


def _agree(bundles: list[Bundle], layout: Layout) -> None:
    """Deliver a minority of synapses when due as well, where their ring would drive all sums from the cache.

    The bounds of their segments must stay small beside the synapses of all bundles.
    """
    due = sum(bundle.expected for bundle in bundles if bundle.timing.width == 1)
    costs = [_Cost(bundle, layout) for bundle in bundles]
    room = ROOM * sum(cost.synapses for cost in costs)
    for bundle, cost in zip(bundles, costs, strict=True):
        timing = bundle.timing
        if timing.width > 1 and not timing.at_once and timing.slots * cost.slot > CACHE and due > bundle.expected:
            delays = timing.width * timing.blocks
            index, compressed = min((cost.index(delays, c), c) for c in COMPRESSED)
            if index <= room:
                bundle.timing, bundle.compressed, room = Timing(timing.first, 1, delays), compressed, room - index


def _usual_delays(pathways: list[Pathway], first: int, delays: int, dt: float) -> float:
    """Return the number of delays that matter among all `delays`: drawn ones are seldom near their bounds.

    It is one over the probability that two synapses have the same delay.
    """
    part, same = np.zeros(delays), 0.0
    synapses = sum(p.expected for p in pathways) or 1.0
    for pathway in pathways:
        steps, n = _drawn_delays(pathway, dt), pathway.expected / synapses
        if steps is None:
            part[pathway.shortest - first : pathway.longest - first + 1] += n / (pathway.longest - pathway.shortest + 1)
            continue
        inside = np.clip(steps - first, 0, delays - 1)
        part += n / len(steps) * np.bincount(inside, minlength=delays)
        same += n * n / len(steps)  # pairs of a drawn delay and itself
    together = float(np.sum(part**2)) - same
    return min(max(1.0 / together, 1.0), delays) if together > 0 else float(delays)


def _drawn_delays(pathway: Pathway, dt: float) -> Any:
    """Return some drawn delays of a pathway (steps); None if they may be anything between its bounds."""
    given = pathway.projection.delay
    if not isinstance(given, Distribution):
        return None
    return rounded_steps(given.checked_draw(Stream(0), np.arange(_DRAWN)), dt, low=1).astype(np.int64)


def _place_rings(layout: Layout, groups: dict[str, TargetGroup]) -> None:
    """Place the rings of each receptor, as deep as its bundles need, and the sums that whole populations share."""
    rings: dict[tuple[int, str, int], Ring] = {}
    for name, place in layout.populations.items():
        place.targets = groups[name]
        for receptor, sums in zip(place.population.receptors, place.sums, strict=True):
            key = id(groups[name]), receptor.name, sums.inputs
            sums.ring = rings.setdefault(key, Ring(groups[name], sums.inputs))
    for bundle in [*layout.bundles, *layout.procedural]:
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
