"""The memory that is needed while a network is built; ``pytest -m memory`` compares it with what processes take.

All numbers of bytes are upper estimates, and by less than a quarter.
"""

from __future__ import annotations

from gpusyn.builder.layout import Layout, same_ids
from gpusyn.builder.rows.event_driven import counting_bytes, drawn_together, placing_bytes, projections_of
from gpusyn.builder.rows.tables import is_large
from gpusyn.builder.specs import bundle_bytes, gated_bytes, procedural_bytes

_GATED = 60  # bytes of a synapse that owns gates, while all of its projection are drawn and sorted


def building_peak(layout: Layout, kernels: bool) -> float:
    """Return the most bytes that synapses take where blocks are counted, and then placed into the final arrays.

    Parameters
    ----------
    layout : Layout
        Layout of the network.
    kernels : bool
        True if the backend has kernels that build large networks.
    """
    by_kernels = kernels and is_large(layout)
    arrays = sum(gated_bytes(pathway, layout) for pathway in layout.pathways)
    arrays += sum(bundle_bytes(bundle, layout) for bundle in layout.bundles)
    arrays += sum(procedural_bytes(bundle, layout) for bundle in layout.procedural)
    most = max((_GATED * p.expected for p in layout.pathways if p.receptors(synaptic=True)), default=0.0)
    for bundles in drawn_together(layout):
        own, synapses = sum(bundle_bytes(b, layout) for b in bundles), sum(b.expected for b in bundles)
        counting, placing = counting_bytes(bundles, layout), placing_bytes(bundles, layout, by_kernels)
        for projection in projections_of(bundles):
            sizes = projection.pre.size, projection.post.size
            drawing = projection.rule.drawing_bytes(*sizes, same_ids(layout, projection))
            share = sum(p.expected for p in layout.pathways_of(projection)) / (synapses or 1.0)
            unfilled = own * min(share, 1.0)  # the system gives memory to an array when it is first written
            most = max(most, counting + max(drawing.first - unfilled, drawing.then + placing))
    return arrays + most
