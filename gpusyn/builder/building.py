"""The memory that is needed while a network is built; ``pytest -m memory`` compares it with what processes take.

All numbers of bytes are upper estimates, and by less than a quarter.
"""

from __future__ import annotations

from gpusyn.builder.layout import Layout, same_ids
from gpusyn.builder.rows.event_driven import counting_bytes, drawn_together, placing_bytes, projections_of
from gpusyn.builder.specs import bundle_bytes, gated_bytes
from gpusyn.connectivity import FixedTotalNumber
from gpusyn.network.projections import Projection

_DRAWN = 30  # bytes of a pair while those that occur again are found
_AGAIN = 20  # and of each that does
_PAIR = 8  # bytes of a pair that was found
_GATED = 60  # bytes of a synapse that owns gates, while all of its projection are drawn and sorted


def building_peak(layout: Layout) -> float:
    """Return the most bytes that synapses take where blocks are counted, and then placed into the final arrays."""
    arrays = sum(gated_bytes(pathway, layout) for pathway in layout.pathways)
    arrays += sum(bundle_bytes(bundle, layout) for bundle in layout.bundles)
    most = max((_GATED * p.expected for p in layout.pathways if p.receptors(synaptic=True)), default=0.0)
    for bundles in drawn_together(layout):
        own, synapses = sum(bundle_bytes(b, layout) for b in bundles), sum(b.expected for b in bundles)
        counting, placing = counting_bytes(bundles, layout), placing_bytes(bundles, layout)
        for projection in projections_of(bundles):
            finding, held = _pairs(projection, layout)
            share = sum(p.expected for p in layout.pathways_of(projection)) / (synapses or 1.0)
            unfilled = own * min(share, 1.0)  # the system gives memory to an array when it is first written
            most = max(most, counting + max(finding - unfilled, held + placing))
    return arrays + most


def _pairs(projection: Projection, layout: Layout) -> tuple[int, int]:
    """Return the bytes of the pairs of a projection while they are found, and then, if all are drawn at once."""
    rule, n_pre, n_post = projection.rule, projection.pre.size, projection.post.size
    if not isinstance(rule, FixedTotalNumber) or rule.multapses:
        return 0, 0
    drawn, wanted, left = rule.drawn_at_once(n_pre, n_post, same_ids(layout, projection)), rule.n, 0
    if 2 * rule.n > n_pre * n_post:  # the pairs to leave out are drawn
        wanted, left = n_pre * n_post - rule.n, n_pre * n_post
    finding = _DRAWN * drawn + _AGAIN * max(drawn - wanted, 0)
    return max(finding, (_PAIR + 1) * drawn + left + _PAIR * rule.n), _PAIR * rule.n
