"""Extents of the arrays of synapses, from a layout alone: drawn synapses count with their expected number."""

from __future__ import annotations

import functools

from gpusyn.builder.gating.forms import GateStep, synapse_coefficients, synapse_kernel, synapse_states
from gpusyn.builder.layout import Layout
from gpusyn.builder.ownership import number_within
from gpusyn.builder.pathways import Bundle, Pathway, one_weight
from gpusyn.builder.places import PlacedPopulation
from gpusyn.builder.rows.per_synapse import by_kernel
from gpusyn.drugs.combined import blocker_of
from gpusyn.equations.blocker import BlockerCoefficients, Free
from gpusyn.kernels.arrays import Extents, Owner
from gpusyn.kernels.synapse_words import late_bytes, unary_bounds, unary_words
from gpusyn.kinetics import Kinetics
from gpusyn.receptors import Receptor


def gated_extents(pathway: Pathway, layout: Layout) -> dict[Owner, Extents]:
    """Return the contribution of one pathway to the extents of the arrays of kernels of per-synapse gates."""
    found: dict[Owner, Extents] = {}
    gated = pathway.receptors(synaptic=True)
    n = round(pathway.expected)
    for kernel, own in by_kernel(gated).items():
        states = sum(synapse_states(r.kinetics) + blocker_states(r, layout) for _, r in own)
        weights = sum(_stored(pathway, r, n) for _, r in own)
        found[kernel, None] = {
            "row bounds": pathway.post.kept + 1,
            "synapses": n,
            "weights": weights,
            "synapse states": n * states,
        }
        coefficients = sum(_synapse_coefficients(pathway, r, layout) for _, r in own)
        found[kernel, pathway.post.group] = {"blocks": len(own), "coefficients": coefficients}
    return found


def synapse_sets(layout: Layout) -> set[tuple[str, int, str, int]]:
    """Return kernel, group, population and receptor of each set of per-synapse gated synapses."""
    return {
        (synapse_kernel(r.kinetics), p.post.group, p.post.population.name, k)
        for p in layout.pathways for k, r in p.receptors(synaptic=True)
    }  # fmt: skip


def targets_of(layout: Layout, kernel: str, group: int | None) -> list[PlacedPopulation]:
    """Return the target population of each set of a per-synapse kernel in a group."""
    return [layout.populations[name] for k, g, name, _ in synapse_sets(layout) if (k, g) == (kernel, group)]


def bundle_extents(bundle: Bundle) -> Extents:
    """Return the contribution of one bundle to the extents of the program's arrays."""
    pathway, timing = bundle.pathways[0], bundle.timing
    targets = max(sum(round(p.expected) for p in bundle.pathways), bundle.room)
    if bundle.shared:  # one synapse stands for all of a source
        targets = pathway.n_present
    if bundle.taken_back:
        ids = pathway.own_ids
        targets = len(ids) if pathway.own is None else number_within(ids, pathway.own)
    changing = sum(not one_weight(pathway.projection, name) for name in bundle.receptors)
    return {
        "routes": 0 if bundle.one_by_one else len(bundle.receptors) * (timing.blocks if timing.at_once else 1),
        "segments": unary_bounds(bundle.segments) if bundle.compressed else bundle.segments + 1,
        "size words": unary_words(bundle.segments, targets) if bundle.compressed else 0,
        "targets": targets,
        "late bytes": late_bytes(targets, timing.late_bits),
        "weights": targets * changing,
    }


def _stored(pathway: Pathway, receptor: Receptor, n: int) -> int:
    return 1 if one_weight(pathway.projection, receptor.name) else n


def blocker_states(receptor: Receptor, layout: Layout) -> int:
    """Return the states that a synapse has beside its gate if some drug blocks its channels, else 0."""
    return len(Free._fields) * _is_blocked(receptor, layout)


def _is_blocked(receptor: Receptor, layout: Layout) -> bool:
    return blocker_of(receptor, layout.net.infusions) is not None


def _synapse_coefficients(pathway: Pathway, receptor: Receptor, layout: Layout) -> int:
    where = f"receptor '{receptor.name}'.kinetics"
    gate = _gate_coefficients(receptor.kinetics, layout.dt, layout.numbers.real, pathway.pre.most_events, where)
    return gate + len(BlockerCoefficients._fields) * _is_blocked(receptor, layout)


@functools.lru_cache
def _gate_coefficients(kinetics: Kinetics, dt: float, real: str, most_events: int, where: str) -> int:
    return len(synapse_coefficients(kinetics, GateStep(dt, real, most_events, where)))
