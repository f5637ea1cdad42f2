"""What a plan offers where memory does not suffice: projections that need not be stored."""

from __future__ import annotations

from collections.abc import Mapping

from gpusyn.builder.layout import Layout
from gpusyn.network.procedural import refusal
from gpusyn.network.projections import Projection
from gpusyn.utils.memory import size_text

_NAMED = 3  # projections that are told by name


def procedural_offer(layout: Layout, parts: Mapping[str, int]) -> str:
    """Return which projections could be procedural, and what that saves; empty if none could.

    Parameters
    ----------
    layout : Layout
        Layout of the network.
    parts : mapping of str to int
        Memory by part (bytes), that of a projection's synapses as "synapses NAME".
    """
    found = {p.name: parts.get(f"synapses {p.name}", 0) for p in layout.net.projections.values() if _can(p, layout)}
    names = sorted((name for name, size in found.items() if size), key=lambda name: -found[name])
    if not names:
        return ""
    named, more = ", ".join(repr(name) for name in names[:_NAMED]), len(names) - _NAMED
    whose = f"{named} and {more} more" if more > 0 else named
    return (
        f"storage='procedural' for {whose} saves up to {size_text(sum(found.values()))}: nothing is stored of these "
        "synapses, and rows are drawn again at each spike, with the same results"
    )


def _can(projection: Projection, layout: Layout) -> bool:
    """Return whether a projection is stored and need not be."""
    gated = any(pathway.receptors(synaptic=True) for pathway in layout.pathways_of(projection))
    shared = all(pathway.shared for pathway in layout.pathways_of(projection))
    return not projection.procedural and not gated and not shared and refusal(projection) is None
