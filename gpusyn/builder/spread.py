"""What a plan says of one rank of several: what it owns, what it keeps of the whole network, what it exchanges."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from gpusyn.builder.exchanged import Traffic, traffic_of
from gpusyn.builder.layout import Layout
from gpusyn.builder.plan_text import Row
from gpusyn.kernels.arrays import ArrayKind
from gpusyn.kernels.program import ArraySpec
from gpusyn.utils.memory import size_text

# Arrays of a rank that are over the whole network, by the extents of which they have one.
_WHOLE = {
    "index of rows": ("segments", "size words", "row starts"),
    "lists by id": ("ids", "gates", "coupled ids", "train bounds", "renewing sources"),
    "list of spikes": ("spikes", "spike steps"),
}
# Those that span the neurons of a population from the first to the last that a rank owns: all, if blocks are dealt.
_SPANNING = {
    "states and parameters of neurons": ("compartments", "neurons", "own states", "coefficient rows", "noisy neurons"),
    "rows of targets": ("row bounds",),
    "sums of events": ("ring slots",),
    "spiny targets": ("influxes",),
    "junctions": ("junctions", "junction bounds"),
}
# States that follow from spikes alone, which every rank keeps of all sources that it knows.
_REPLICAS = {
    "gates of sources": ("source states", "payloads", "releases", "gate means"),
    "histories and last spikes": ("history words", "train spikes", "train values", "train sources", "remembered ids"),
    "rates of scaled targets": ("scaled targets",),
    "short-term states": ("releasing sources", "active sources", "rested sources"),
}


class RankPlan(NamedTuple):
    """What one rank keeps and exchanges, of a network that is spread on several.

    Attributes
    ----------
    rank, ranks : int
        Number of this rank, from 0, and number of ranks.
    neurons : int
        Neurons and sources that it simulates.
    sources : int
        Neurons and sources that it knows: these, and others that may have synapses onto its neurons.
    whole : dict of str to int
        Bytes of its arrays that are over the whole network, whatever the number of ranks.
    replicas : dict of str to int
        Bytes of states that follow from spikes alone, which every rank keeps of all sources that it knows: those that
        the network has.
    traffic : Traffic
        What it exchanges in one second of model time.
    """

    rank: int
    ranks: int
    neurons: int
    sources: int
    whole: dict[str, int]
    replicas: dict[str, int]
    traffic: Traffic


def rank_plan(
    layout: Layout, described: Iterable[tuple[ArrayKind, ArraySpec]], rate: float | None = None
) -> RankPlan | None:
    """Return what the rank keeps and exchanges for which a network is laid out; None if it is for one process.

    Parameters
    ----------
    layout : Layout
        Layout of the network, or of the part of one rank.
    described : iterable of (ArrayKind, ArraySpec)
        The arrays of its program.
    rate : float, optional
        Mean rate of all neurons (Hz); by default what a plan expects of them.
    """
    if layout.share is None:
        return None
    arrays = list(described)
    spanned = sum(place.kept for place in layout.populations.values())
    whole = _WHOLE if spanned == layout.n_own else _WHOLE | _SPANNING
    return RankPlan(
        layout.share.rank, layout.share.ownership.ranks, layout.n_own, layout.n_sources, _of(whole, arrays),
        _of(_REPLICAS, arrays), traffic_of(layout, rate),
    )  # fmt: skip


def _of(parts: dict[str, tuple[str, ...]], arrays: list[tuple[ArrayKind, ArraySpec]]) -> dict[str, int]:
    """Return the bytes of the arrays that have some extents, by part, and leave out parts that the network has not."""
    found = {
        part: sum(spec.nbytes for kind, spec in arrays if _is_used(kind, spec, names)) for part, names in parts.items()
    }
    return {part: n for part, n in found.items() if n}


def _is_used(kind: ArrayKind, spec: ArraySpec, names: tuple[str, ...]) -> bool:
    """Return whether an array has one of some extents, and that is more than the 1 of an array that nothing uses."""
    return any(extent in names and n > 1 for extent, n in zip(kind.extents, spec.shape, strict=False))


def rank_rows(found: RankPlan | None, layout: Layout, rate: float | None) -> list[Row]:
    """Return the rows of a plan that are about ranks."""
    if found is None:
        return []
    own = f"{found.neurons} of {layout.n_neurons} neurons and sources, and the synapses onto them"
    own += f"; it knows {found.sources} sources" if found.sources < layout.n_neurons else ""
    whole = "; ".join(f"{size_text(n)} {part}" for part, n in sorted(found.whole.items(), key=lambda one: -one[1]))
    rows = [
        (f"rank {found.rank} of {found.ranks}", own),
        ("over the whole network on every rank", whole),
        ("replicas on every rank", ", ".join(f"{size_text(n)} {part}" for part, n in found.replicas.items())),
        ("exchange", _exchange_text(found.traffic, rate)),
    ]
    return [(heading, text) for heading, text in rows if text]


def _exchange_text(traffic: Traffic, rate: float | None) -> str:
    if not traffic.window and not traffic.potentials:
        return "nothing: no synapse reads spikes"
    steps = "in every step" if traffic.window <= 1 else f"every {traffic.window} steps"
    neurons = "as many as plans expect, mostly 20 Hz" if rate is None else f"{rate:g} Hz"
    V = f", at most {size_text(traffic.potentials)}/s V of neurons with gap junctions" if traffic.potentials else ""
    return (
        f"{steps}, {traffic.exchanges:.6g} times in 1 s of model time; this rank receives {size_text(traffic.received)}"
        f"/s: {traffic.spikes:.4g} spikes/s of other ranks, {size_text(traffic.counts)}/s numbers of spikes{V} "
        f"(neurons: {neurons}; headers not counted)"
    )
