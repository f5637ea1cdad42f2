"""The memory that is needed while a network is built; ``pytest -m memory`` compares it with what processes take.

All numbers of bytes are upper estimates, and by less than a quarter.
"""

from __future__ import annotations

from gpusyn.builder.layout import Layout
from gpusyn.builder.rows.event_driven import drawn_together, scratch_bytes
from gpusyn.builder.specs import bundle_bytes, gated_bytes
from gpusyn.connectivity import FixedTotalNumber
from gpusyn.connectivity.base import Rule

_DISTINCT = 38  # bytes of a pair while those that occur twice are found
_GATED = 60  # bytes of a synapse that owns gates, while all of its projection are drawn and sorted


def building_peak(layout: Layout) -> float:
    """Return the most bytes that synapses take where blocks are counted, and then placed into the final arrays."""
    arrays = sum(bundle_bytes(bundle, layout) for bundle in layout.bundles)
    arrays += sum(gated_bytes(pathway, layout) for pathway in layout.pathways)
    most = max((scratch_bytes(bundles, layout) for bundles in drawn_together(layout)), default=0.0)
    for pathway in layout.pathways:
        if pathway.receptors(synaptic=True):
            most = max(most, _GATED * pathway.expected)
        elif _is_distinct(pathway.projection.rule):
            most = max(most, _DISTINCT * pathway.expected)
    return arrays + most


def _is_distinct(rule: Rule) -> bool:
    """Return True if all pairs of a rule are drawn at once, because none may occur twice."""
    return isinstance(rule, FixedTotalNumber) and not rule.multapses
