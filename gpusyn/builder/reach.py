"""Which sources get a number on a rank: its own, and those of others that may have synapses onto its neurons.

Lists, `OneToOne` and the reach of `DistanceDependent` tell which these are. Of other rules, a plan expects how many
they are, and they are found by drawing the pairs of a projection once more (`gpusyn.builder.rows.drawn_senders`), if
enough can be left out. All sources are known of a projection whose rows are drawn at each event or replaced during a
run, and of what modulates learning. Where trains of targets are read, all neurons with places are known.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from gpusyn.builder.layout import Layout
from gpusyn.builder.ownership import Range, number_within
from gpusyn.builder.pathways import Pathway
from gpusyn.builder.places import PlacedPopulation
from gpusyn.builder.plasticity.modulators import modulating_parts
from gpusyn.builder.rows.drawn import is_own
from gpusyn.builder.senders import ExpectedSenders, Senders, joined_runs
from gpusyn.connectivity import AllToAll, FixedInDegree, FixedOutDegree, FixedProbability, OneToOne
from gpusyn.connectivity.distance_dependent import DistanceDependent, sources_near
from gpusyn.connectivity.explicit import GivenSynapses
from gpusyn.network.coupling import Coupling
from gpusyn.network.plasticity import learning_of, weight_rules_of
from gpusyn.network.populations import Part, Selection, first_position
from gpusyn.network.rewiring import rewiring_of
from gpusyn.plasticity import DopamineSTDP
from gpusyn.utils.ids import Span, as_ids, is_consecutive
from gpusyn.utils.typing import Floats, Integers

WORTH = 0.75  # of the sources of a population; if more are expected to reach the rank, all get a number


class Reach(NamedTuple):
    """The sources of a population that may reach the neurons of a rank.

    Attributes
    ----------
    begin, end : ndarray of int64
        Runs of local ids of those that are known before anything is drawn.
    drawn : list of Pathway
        Pathways of which the pairs must be drawn to know the others.
    """

    begin: Integers
    end: Integers
    drawn: Sequence[Pathway] = ()


def number_senders(layout: Layout) -> None:
    """Give numbers to the sources of a layout: to those that may reach the rank, as far as a plan can know."""
    if layout.share is None:
        return
    found = [reach_of(place, layout) for place in layout.populations.values()]
    layout.drawn_reach = any(one.drawn for one in found)
    first = [place.id for place in layout.populations.values()]
    if not layout.drawn_reach:
        runs = [at + np.stack([one.begin, one.end], axis=1) for at, one in zip(first, found, strict=True)]
        known = Senders(*joined_runs(np.concatenate(runs).tolist()))
        layout.number(None if known.size == layout.n_neurons else known)
        return
    pieces = [_expected_pieces(place, one) for place, one in zip(layout.populations.values(), found, strict=True)]
    layout.number(ExpectedSenders(*(np.concatenate(columns) for columns in zip(*pieces, strict=True))))


def reach_of(place: PlacedPopulation, layout: Layout) -> Reach:
    """Return which sources of a population may reach the rank."""
    ranges, lists, drawn = _own(place, layout), [], []
    spans: list[Span] = [*_modulating(place, layout), *_partners(place, layout)]
    for pathway in layout.pathways:
        if pathway.pre is place and _has_own_targets(pathway, layout):
            found = _known(pathway, layout)
            if found is None:
                drawn.append(pathway)
            else:
                spans.append(found)
    for span in spans:
        if len(span) and is_consecutive(span):
            ranges.append((int(span[0]), int(span[-1]) + 1))
        else:
            lists.append(as_ids(span))
    if (0, place.size) in ranges:
        return Reach(np.array([0]), np.array([place.size]))
    known = Reach(*joined_runs(ranges, *lists), drawn)
    if drawn:
        _, end, part = _expected_pieces(place, known)
        expected = float(np.sum(np.diff(end, prepend=place.id) * part))
        if expected > WORTH * place.size:
            whole = [(int(p.span[0]), int(p.span[-1]) + 1) for p in (_sources(pathway) for pathway in drawn) if p.size]
            return Reach(*joined_runs([*ranges, *whole], *lists))
    return known


def _own(place: PlacedPopulation, layout: Layout) -> list[Range]:
    """Return the own sources of a population; all those with places if their trains are read by these."""
    onto = (pathway.projection for pathway in layout.pathways if pathway.post is place)
    trained = any(weight_rules_of(projection.plasticity) for projection in onto)
    return [place.hull] if trained and place.kept else list(layout.owned(place))


def _modulating(place: PlacedPopulation, layout: Layout) -> Iterator[Span]:
    """Yield the sources of a population whose spikes modulate learning."""
    for projection in layout.net.projections.values():
        rule = learning_of(projection.plasticity)
        for part in modulating_parts(rule, layout) if isinstance(rule, DopamineSTDP) else ():
            if part.population is place.population:
                yield part.span


def _partners(place: PlacedPopulation, layout: Layout) -> Iterator[Span]:
    """Yield neurons of a population that may have gap junctions to own neurons."""
    for coupling in layout.net.couplings.values():
        for side, other, turn in ((coupling.A, coupling.B, 1), (coupling.B, coupling.A, -1)):
            own = np.concatenate([_own_positions(side, number, layout) for number in range(len(side.parts))])
            numbers = [n for n, part in enumerate(other.parts) if part.population is place.population]
            found = _coupled(coupling, own, turn) if numbers and own.size else np.zeros(0, np.int64)
            for number in numbers:
                yield other.parts[number].span if found is None else _local(found, other, number)


def _coupled(coupling: Coupling, own: Integers, turn: int) -> Integers | None:
    """Return the positions of those that may be coupled to own positions, near or in a list; None: all may be.

    If `turn` is -1, own positions are those on the second side.
    """
    rule = coupling.pairs.rule
    if coupling.pairs.listed_ends is not None:
        one, other = coupling.pairs.listed_ends[::turn]
        return other[np.isin(one, own)].astype(np.int64)
    pairs = zip(coupling.A.parts, coupling.B.parts, strict=False)
    alike = len(coupling.A.parts) == len(coupling.B.parts) and all(_are_same(*pair) for pair in pairs)
    return sources_near(rule, own) if isinstance(rule, DistanceDependent) and alike else None


def _are_same(one: Part, other: Part) -> bool:
    """Return whether two parts are seen to be the same neurons without a look at each."""
    spans = one.span, other.span
    return one.population is other.population and all(isinstance(s, range) for s in spans) and spans[0] == spans[1]


def _sources(pathway: Pathway) -> Part:
    return pathway.projection.pre.parts[pathway.pre_part]


def _has_own_targets(pathway: Pathway, layout: Layout) -> bool:
    post = pathway.projection.post.parts[pathway.post_part]
    return number_within(post.span, layout.owned(pathway.post)) > 0


def _known(pathway: Pathway, layout: Layout) -> Span | None:
    """Return local ids of all sources of a pathway that may reach own targets; None if they must be drawn.

    A rule of a user's own may draw other pairs when it draws again. Rows that are drawn at each event follow from the
    places of sources among all; rewiring may connect any source.
    """
    rule = pathway.projection.rule
    if pathway.projection.procedural or rewiring_of(pathway.projection.plasticity) is not None:
        ids = _sources(pathway).span
        return range(int(ids[0]), int(ids[-1]) + 1) if len(ids) else range(0)
    if isinstance(rule, GivenSynapses | OneToOne):
        return _listed(pathway, layout)
    if (
        isinstance(rule, DistanceDependent)
        and (near := sources_near(rule, _own_positions(pathway.projection.post, pathway.post_part, layout))) is not None
    ):
        return _local(near, pathway.projection.pre, pathway.pre_part)
    if isinstance(rule, AllToAll) or not is_own(rule):
        return _sources(pathway).span
    return None


def _own_positions(selection: Selection, number: int, layout: Layout) -> Integers:
    """Return the positions, in a selection, of the own neurons of one of its parts."""
    assert layout.share is not None
    runs = [np.arange(*run) for run in layout.share.within(selection.parts[number])]
    return first_position(selection, number) + np.concatenate([np.zeros(0, np.int64), *runs])


def _local(positions: Integers, selection: Selection, number: int) -> Integers:
    """Return the local ids of those positions, in a selection, that are of one of its parts."""
    places, part = positions - first_position(selection, number), selection.parts[number]
    return as_ids(part.span)[places[(places >= 0) & (places < part.size)]]


def _listed(pathway: Pathway, layout: Layout) -> Integers:
    """Return local ids of the sources of a list, or of `OneToOne`, that have own targets."""
    projection, share, rule = pathway.projection, layout.share, pathway.projection.rule
    assert share is not None
    pre, post = _sources(pathway), projection.post.parts[pathway.post_part]
    first_pre = first_position(projection.pre, pathway.pre_part)
    first_post = first_position(projection.post, pathway.post_part)
    if isinstance(rule, GivenSynapses):
        source, target = rule.pre.astype(np.int64), rule.post.astype(np.int64)
    else:
        end = min(first_pre + pre.size, first_post + post.size)
        source = target = np.arange(max(first_pre, first_post), max(first_pre, first_post, end))
    source, target = source - first_pre, target - first_post
    inside = (source >= 0) & (source < pre.size) & (target >= 0) & (target < post.size)
    source, target = source[inside], target[inside]
    own = share.owns(post.population.name, as_ids(post.span)[target])
    return as_ids(pre.span)[np.unique(source[own])]


def _expected_pieces(place: PlacedPopulation, reach: Reach) -> tuple[Integers, Integers, Floats]:
    """Return begin and end of pieces of all ids of a population, and the expected part with a number in each."""
    drawn = [(_sources(pathway).span, expected_part(pathway)) for pathway in reach.drawn]
    ends = [(int(span[0]), int(span[-1]) + 1) for span, _ in drawn if len(span)]
    cuts = np.unique(np.concatenate([[0, place.size], reach.begin, reach.end, np.array(ends, np.int64).reshape(-1)]))
    begin, end = cuts[:-1], cuts[1:]
    without = np.ones(len(begin))
    for span, part in drawn:
        if len(span):
            inside = (begin >= span[0]) & (end <= int(span[-1]) + 1)
            without[inside] *= 1.0 - part * len(span) / (int(span[-1]) + 1 - int(span[0]))
    run = np.searchsorted(reach.begin, begin, side="right") - 1
    known = (run >= 0) & (begin < reach.end[run]) if len(reach.end) else np.zeros(len(begin), bool)
    return place.id + begin, place.id + end, np.where(known, 1.0, 1.0 - without)


def expected_part(pathway: Pathway) -> float:
    """Return which part of the sources of a pathway are expected to have synapses onto own targets.

    Of `DistanceDependent` with a long reach, they are fewer.
    """
    rule, pre, post = pathway.projection.rule, pathway.projection.pre.size, pathway.projection.post.size
    own = number_within(pathway.projection.post.parts[pathway.post_part].span, pathway.own or [])
    mean = pathway.expected / max(_sources(pathway).size, 1)  # synapses of a source
    apart = isinstance(rule, FixedProbability) or getattr(rule, "multapses", True) is False
    if apart:
        tries, chance = own, mean / max(own, 1)
    elif isinstance(rule, FixedOutDegree):
        tries, chance = rule.k, own / max(post, 1)
    elif isinstance(rule, FixedInDegree):
        tries, chance = rule.k * own, 1.0 / max(pre, 1)
    else:
        return float(-np.expm1(-mean))
    return 1.0 if chance >= 1.0 else float(-np.expm1(tries * np.log1p(-chance)))
