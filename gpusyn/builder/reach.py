"""Which sources may have synapses onto the neurons of a rank, as far as it is known before anything is drawn."""

from __future__ import annotations

import numpy as np

from gpusyn.builder.layout import Layout, Pathway, PlacedPopulation
from gpusyn.builder.ownership import Range, number_within
from gpusyn.builder.senders import Senders, joined_runs
from gpusyn.connectivity import OneToOne
from gpusyn.connectivity.explicit import GivenSynapses
from gpusyn.utils.ids import as_ids, is_consecutive
from gpusyn.utils.typing import Integers


def present_senders(layout: Layout) -> Senders | None:
    """Return the sources that get a number on the rank for which a network is laid out, None if all do.

    Own ones do, and those of others onto whose synapses a rule or a list may lead.
    """
    if layout.share is None or not _can_leave_out(layout):
        return None
    runs = [_runs_of(place, layout) for place in layout.populations.values()]
    first = [place.id for place in layout.populations.values()]
    begin, end = (np.concatenate([at + run[side] for at, run in zip(first, runs, strict=True)]) for side in (0, 1))
    begin, end = joined_runs(np.stack([begin, end], axis=1).tolist())
    return None if int((end - begin).sum()) == layout.n_neurons else Senders(begin, end)


def _can_leave_out(layout: Layout) -> bool:
    """Return whether nothing but delivery reads spikes: states that follow from them are replicas of all sources."""
    projections = layout.net.projections.values()
    return not (
        layout.net.couplings
        or layout.gates
        or any(one.plasticity or one.procedural for one in projections)
        or any(pathway.receptors(synaptic=True) for pathway in layout.pathways)
    )


def _runs_of(place: PlacedPopulation, layout: Layout) -> tuple[Integers, Integers]:
    """Return the runs of local ids of a population that have a number."""
    ranges, lists = list(layout.owned(place)), []
    for pathway in layout.pathways:
        if pathway.pre is place:
            found = _reaching(pathway, layout)
            if isinstance(found, list):
                ranges += found
            else:
                lists.append(found)
    if (0, place.size) in ranges:
        return np.array([0]), np.array([place.size])
    return joined_runs(ranges, *lists)


def _reaching(pathway: Pathway, layout: Layout) -> list[Range] | Integers:
    """Return ranges, or a list, of local ids of the sources of a pathway that may reach own targets."""
    projection, share = pathway.projection, layout.share
    pre, post = projection.pre.parts[pathway.pre_part], projection.post.parts[pathway.post_part]
    assert share is not None
    if not number_within(post.span, share.ranges(post.population.name)):
        return []
    rule = projection.rule
    if not isinstance(rule, GivenSynapses | OneToOne):
        span = pre.span
        return [(int(span[0]), int(span[-1]) + 1)] if len(span) and is_consecutive(span) else as_ids(span)
    first = [sum(p.size for p in side.parts[:k]) for side, k in (
        (projection.pre, pathway.pre_part), (projection.post, pathway.post_part))]  # fmt: skip
    if isinstance(rule, OneToOne):
        low = max(first)
        source = target = np.arange(low, max(low, min(first[0] + pre.size, first[1] + post.size)))
    else:
        source, target = rule.pre.astype(np.int64), rule.post.astype(np.int64)
    source, target = source - first[0], target - first[1]
    inside = (source >= 0) & (source < pre.size) & (target >= 0) & (target < post.size)
    source, target = source[inside], target[inside]
    own = share.owns(post.population.name, as_ids(post.span)[target])
    return as_ids(pre.span)[np.unique(source[own])]
