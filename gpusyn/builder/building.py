"""The memory that is needed while a network is built: one model for each way of building.

`PEAK` is the model of the way that `gpusyn.builder.rows` takes now; ``pytest -m memory`` compares it with what
processes take. All numbers of bytes are upper estimates, and by less than a quarter.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gpusyn.builder.layout import Bundle, Layout, Pathway, one_weight
from gpusyn.builder.specs import bundle_bytes, gated_bytes
from gpusyn.connectivity import (
    AllToAll,
    DistanceDependent,
    FixedOutDegree,
    FixedProbability,
    FixedTotalNumber,
    OneToOne,
)
from gpusyn.connectivity.base import Rule
from gpusyn.connectivity.explicit import GivenSynapses
from gpusyn.network.projections import Projection, Ratio
from gpusyn.parameters.distributions import Distribution

BLOCKS = 16e6  # bytes of the blocks that are drawn at a time, whatever the size of the network
_DIGIT = 1 << 16  # keys below it are sorted at once
_DISTINCT = 38  # bytes of a pair while those that occur twice are found


def sorted_peak(layout: Layout) -> float:
    """Return the most bytes that synapses take where each projection is drawn whole and then sorted into its rows."""
    stored = waiting = most = 0.0
    missing = {bundle: len(bundle.pathways) for bundle in layout.bundles}
    bundles: dict[int, list[Bundle]] = {}
    for bundle in layout.bundles:
        for pathway in bundle.pathways:
            bundles.setdefault(id(pathway), []).append(bundle)
    for projection in layout.net.projections.values():
        pathways = layout.pathways_of(projection)
        drawn = _Drawn(projection, layout)
        for pathway in pathways:
            own = bundles.get(id(pathway), [])
            most = max(most, stored + waiting + drawn.peak(pathway, own, len(pathways) > 1))
            stored += gated_bytes(pathway, layout)
            for bundle in own:
                missing[bundle] -= 1
                share = pathway.expected / max(bundle.expected, 1.0) * bundle_bytes(bundle, layout)
                if missing[bundle]:
                    waiting += share + bundle.segments
                    continue
                size, alone = bundle_bytes(bundle, layout), len(bundle.pathways) == 1
                if not alone:
                    waiting += share
                    merging = size + 20 * bundle.segments + 20 * bundle.expected
                    most = max(most, stored + waiting + merging + drawn.kept)
                    waiting -= size + (len(bundle.pathways) - 1) * bundle.segments
                stored += size
    return 1.04 * most  # freed memory that the system has not got back


class _Drawn:
    """A projection that is drawn whole: bytes of its pairs, weights and delays, and of what is needed to store them."""

    def __init__(self, projection: Projection, layout: Layout) -> None:
        rule, weights, delay = projection.rule, projection.weights.values(), projection.delay
        n = sum(pathway.expected for pathway in layout.pathways_of(projection) if pathway.listed)
        own = [w for w in weights if isinstance(w, Distribution | np.ndarray)]
        random = isinstance(delay, Distribution) or any(isinstance(w, Distribution) for w in own)
        pairs = 0 if isinstance(rule, GivenSynapses) else 8
        self.n, self.delays = n, not isinstance(delay, int | float)
        made = sum(isinstance(w, Distribution | Ratio) for w in weights) if own else 0
        self.kept = n * (pairs + 8 * made + 4 * self.delays)
        self.drawing = n * (pairs + 8 * random + 8 * made + (24 if self.delays else 8 if made else 0))
        if _is_distinct(rule):
            self.drawing = max(self.drawing, _DISTINCT * n)
        ordered = isinstance(rule, FixedProbability | FixedOutDegree | AllToAll | OneToOne | DistanceDependent)
        inverted = _is_distinct(rule) and 2 * n > projection.pre.size * projection.post.size
        self.in_order = ordered or inverted

    def peak(self, pathway: Pathway, bundles: list[Bundle], in_part: bool) -> float:
        """Return the most bytes while one pathway is stored; if it is a part of the projection, it is copied first."""
        n = pathway.expected
        given = self.kept + (self.kept / max(self.n, 1.0) * n + 4 * n if in_part else 0)
        most = max(self.drawing, given)
        for bundle in bundles:
            if bundle.shared or bundle.taken_back:
                continue
            late = bundle.timing.width > 1
            sorts = not self.in_order or bundle.timing.blocks > 1 or late or bundle.targets.slices > 1
            order = (18 if bundle.segments <= _DIGIT else 28) if sorts else 8
            changing = [name for name in bundle.receptors if not one_weight(pathway.projection, name)]
            stored = 2 + late + (8 if sorts else 0)
            weighing = stored + (12 + (8 if sorts else 0) + 4 * len(changing) if changing else 0)
            segments = 10 * bundle.segments
            most = max(most, given + n * (6 + late + order) + segments, given + n * weighing + segments)
        if pathway.receptors(synaptic=True):
            most = max(most, given + n * 60)
        return most


def placed_peak(layout: Layout) -> float:
    """Return the most bytes that synapses take where blocks are counted, and then placed into the final arrays."""
    arrays = sum(bundle_bytes(bundle, layout) for bundle in layout.bundles)
    arrays += sum(gated_bytes(pathway, layout) for pathway in layout.pathways)
    counters = sum(4.0 * bundle.segments for bundle in layout.bundles if len(bundle.pathways) > 1)
    counters += max((4.0 * bundle.segments for bundle in layout.bundles), default=0.0)
    targets = max((4.0 * projection.post.size for projection in layout.net.projections.values()), default=0.0)
    most = arrays + counters + targets + (BLOCKS if any(pathway.listed for pathway in layout.pathways) else 0.0)
    for bundle in layout.bundles:
        filled = arrays - bundle_bytes(bundle, layout) / len(bundle.pathways)  # its own part, not yet
        distinct = [p.expected for p in bundle.pathways if _is_distinct(p.projection.rule)]
        most = max(most, filled + _DISTINCT * max(distinct, default=0.0))
    return max(
        most, arrays + max((60 * p.expected for p in layout.pathways if p.receptors(synaptic=True)), default=0.0)
    )


def _is_distinct(rule: Rule) -> bool:
    """Return True if all pairs of a rule are drawn at once, because none may occur twice."""
    return isinstance(rule, FixedTotalNumber) and not rule.multapses


PEAK: Callable[[Layout], float] = sorted_peak
