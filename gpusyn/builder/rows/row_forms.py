"""How procedural rows are drawn, and the extents of what is kept of them, from a layout alone."""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

from gpusyn.builder.layout import Layout, same_ids
from gpusyn.builder.pathways import Bundle
from gpusyn.builder.rows.event_driven import sender_of
from gpusyn.connectivity import AllToAll, FixedOutDegree, FixedProbability
from gpusyn.connectivity.base import count_autapses
from gpusyn.kernels.arrays import Extents, Owner
from gpusyn.kernels.records import CHOSEN, DIFFERENT, EACH, SOME, SPAN
from gpusyn.network.projections import Projection, base_weight
from gpusyn.parameters.distributions import Distribution
from gpusyn.utils.ids import Span, is_consecutive

KERNEL = "deliver_procedural"
DRAWERS = 64  # most blocks or workers that draw rows of different columns at the same time
BLOCKS = 1024  # most blocks of a launch


class RowForm(NamedTuple):
    """How the rows of a projection are drawn: `rule` is one of ROWS in `gpusyn.kernels.records`.

    A row has `degree` synapses, if their number is known, and is drawn in `spans` parts. Each column is set with
    probability `p` where it is not.
    """

    rule: int
    degree: int = 0
    spans: int = 1
    p: float = 0.0


def row_form(projection: Projection) -> RowForm | None:
    """Return how the rows of a procedural projection are drawn, None if it has no synapses."""
    rule, n_post = projection.rule, projection.post.size
    if min(projection.pre.size, n_post) == 0:
        return None
    if isinstance(rule, FixedOutDegree):
        spans = -(-rule.k // SPAN) if rule.multapses else 1
        return RowForm(CHOSEN if rule.multapses else DIFFERENT, rule.k, spans) if rule.k else None
    if isinstance(rule, FixedProbability) and rule.p < 1:
        return RowForm(SOME, p=rule.p) if rule.p >= 1e-300 else None
    assert isinstance(rule, AllToAll | FixedProbability)
    return RowForm(EACH, n_post, -(-n_post // SPAN))


def is_numbered(projection: Projection, layout: Layout) -> bool:
    """Return whether it is kept where rows begin: their synapses need numbers, and rows differ in length."""
    form = row_form(projection)
    if form is None or form.rule in (CHOSEN, DIFFERENT) or not any(map(_is_drawn, _values(projection))):
        return False
    return form.rule == SOME or _leaves_out(projection, layout)


def _values(projection: Projection) -> list[Any]:
    return [*projection.weights.values(), projection.delay]


def _is_drawn(given: Any) -> bool:
    return isinstance(given, Distribution)


def _leaves_out(projection: Projection, layout: Layout) -> bool:
    """Return whether some source must leave itself out."""
    same, sizes = same_ids(layout, projection), (projection.pre.size, projection.post.size)
    return not projection.rule.autapses and count_autapses(*sizes, same) > 0  # type: ignore[attr-defined]


def drawn_bundles(layout: Layout) -> list[tuple[Bundle, RowForm]]:
    """Return the procedural bundles that have synapses, and how their rows are drawn."""
    found = ((bundle, row_form(bundle.pathways[0].projection)) for bundle in layout.procedural)
    return [(bundle, form) for bundle, form in found if form is not None]


# ---- what is kept, in numbers ----
def bundle_extents(bundle: Bundle, layout: Layout) -> Extents:
    """Return the contribution of one bundle to the extents of the arrays of procedural rows."""
    projection, form = bundle.pathways[0].projection, row_form(bundle.pathways[0].projection)
    if form is None:
        return {}
    sources = len(_sources(bundle))
    ids = (bundle.rows if not is_consecutive(_sources(bundle)) else 0) + sources * _leaves_out(projection, layout)
    ids += sum(len(targets) for targets in _targets(bundle) if not is_consecutive(targets))
    return {
        "sets": len({sender_of(bundle, receptor) for receptor in bundle.receptors}),
        "drawn parts": len(bundle.pathways),
        "drawn outputs": len(bundle.receptors),
        "drawn ids": ids,
        "row starts": sources * is_numbered(projection, layout),
        "laws": (form.rule == SOME) + _is_drawn(projection.delay) + sum(_has_law(bundle, r) for r in bundle.receptors),
    }


def procedural_extents(layout: Layout) -> dict[Owner, Extents]:
    """Return the extents of the arrays of procedural rows; none if there are no such projections."""
    if not layout.procedural:
        return {}
    found = Counter(dict.fromkeys(("sets", "drawn parts", "drawn outputs", "drawn ids", "row starts", "laws"), 0))
    for bundle in layout.procedural:
        found.update(bundle_extents(bundle, layout))
    words, columns = scratch_steps(layout)
    return {(KERNEL, None): dict(found) | {"seen words": DRAWERS * words, "chosen columns": DRAWERS * columns}}


def scratch_steps(layout: Layout) -> tuple[int, int]:
    """Return the words of bits and the columns that one block needs to draw rows of different columns."""
    drawn = [(b.pathways[0].projection.post.size, form.degree) for b, form in drawn_bundles(layout)
             if form.rule == DIFFERENT]  # fmt: skip
    return max((-(-n // 32) for n, _ in drawn), default=0), max((degree for _, degree in drawn), default=0)


def _sources(bundle: Bundle) -> Span:
    """Return the local ids of the sources of a bundle."""
    pathway = bundle.pathways[0]
    return pathway.projection.pre.parts[pathway.pre_part].span


def _targets(bundle: Bundle) -> list[Span]:
    """Return the local ids of the targets of each pathway of a bundle."""
    return [pathway.projection.post.parts[pathway.post_part].span for pathway in bundle.pathways]


def _has_law(bundle: Bundle, receptor: str) -> bool:
    """Return whether the weights of a bundle on a receptor are drawn."""
    weights = bundle.pathways[0].projection.weights
    return _is_drawn(weights[base_weight(weights, receptor)[0]])
