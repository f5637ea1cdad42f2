"""Short-term plasticity whose parameters all synapses share: one state for each source (kernels/advance_releases.cu).

A spike delivers a part of every weight of its source in the projection. The rows and their delivery are those of static
synapses, but for the part, so a set of rows holds synapses of one projection only.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from gpusyn.builder.gating.strategy import SYNAPSE
from gpusyn.builder.layout import Layout
from gpusyn.builder.pathways import Pathway
from gpusyn.builder.places import PlacedPopulation
from gpusyn.equations.coefficients import flat
from gpusyn.equations.short_term import (
    ActiveReleaseCoefficients,
    ReleaseCoefficients,
    active_coefficients,
    release_coefficients,
)
from gpusyn.errors import ParameterError
from gpusyn.kernels.arrays import Extents, array_name
from gpusyn.kernels.records import ReleaseSet, write_rows
from gpusyn.kernels.signature import ReleaseSignature
from gpusyn.network.plasticity import release_of, short_term_of
from gpusyn.network.projections import Projection
from gpusyn.plasticity import TsodyksMarkram
from gpusyn.utils.typing import Array

KERNEL = "advance_releases"
#: What a plan says about synapses whose spikes carry a part of the weight.
SHARED_REASON = "short-term plasticity on the source, a spike delivers u x of the weight: all have the same parameters"


class Releases(NamedTuple):
    """The state of the sources of one population for one projection, by their numbers from that of the first one on."""

    projection: Projection
    place: PlacedPopulation
    first: int
    end: int
    slot: int
    number: int  # of the population
    state: int  # place of the first source's state
    form: type[ReleaseCoefficients] | type[ActiveReleaseCoefficients]  # of all releases of a program

    @property
    def size(self) -> int:
        """Number of sources."""
        return self.end - self.first


def shared_short_term(projection: Projection) -> TsodyksMarkram | None:
    """Return the short-term plasticity of a projection if its state can be that of the source, else None."""
    found = short_term_of(projection.plasticity)
    return found if found is not None and found.shared and release_of(projection.plasticity) is None else None


def typical_part(projection: Projection) -> float:
    """Return the part of the weight that a spike delivers after a long rest, 1 if that is nothing or everything."""
    short_term = shared_short_term(projection)
    return 1.0 if short_term is None else float(short_term.U) or 1.0  # type: ignore[arg-type]


def releases_of(layout: Layout) -> list[Releases]:
    """Return the releases of all projections with shared short-term plasticity, sorted by the population of sources."""
    found: list[Releases] = []
    state, form = 0, ReleaseCoefficients if release_signature(layout) is None else ActiveReleaseCoefficients
    for number, place in enumerate(layout.populations.values()):
        slot = 0
        for projection in layout.net.projections.values():
            spans = [p.span for p in projection.pre.parts if p.population is place.population and len(p.span)]
            if shared_short_term(projection) is None or not spans:
                continue
            first, end = place.below(min(ids[0] for ids in spans)), place.below(max(ids[-1] for ids in spans) + 1)
            found.append(Releases(projection, place, first, end, slot, number, state, form))
            slot, state = slot + 1, state + end - first
    return found


def release_signature(layout: Layout) -> ReleaseSignature | None:
    """Return what the kernel knows beside u and x, None if that is nothing."""
    found = (shared_short_term(projection) for projection in layout.net.projections.values())
    return ReleaseSignature(active=True) if any(one is not None and one.active for one in found) else None


def release_slots(layout: Layout) -> dict[tuple[str, str], int]:
    """Return the slot of each projection and population of sources in the releases of a spike."""
    return {(one.projection.name, one.place.population.name): one.slot for one in releases_of(layout)}


def release_extents(layout: Layout) -> tuple[Extents, Extents]:
    """Return the extents of the program, and those of the arrays of the kernel."""
    found = releases_of(layout)
    slots = {"release slots": max((one.slot + 1 for one in found), default=0)}
    coefficients = sum(len(coefficients_of(one, layout.dt)) for one in found)
    own = {
        "release sets": len(found),
        "release bounds": len(layout.populations) + 1,
        "releasing sources": (sources := sum(one.size for one in found)),
        "active sources": sources if release_signature(layout) is not None else 0,
        "coefficients": coefficients,
    }
    return slots, own if found else {}


def release_tables(layout: Layout) -> dict[str, Array]:
    """Return the tables as arrays by name."""
    found = releases_of(layout)
    if not found:
        return {}
    coef: list[float] = []
    sets = []
    for one in found:
        source = one.place.source + one.first
        sets.append(ReleaseSet(source, one.size, first=one.state, coef=len(coef), slot=one.slot))
        coef += coefficients_of(one, layout.dt)
    counts = np.bincount([one.number for one in found], minlength=len(layout.populations))
    tables = {
        "sets": write_rows(sets, ReleaseSet),
        "set_begin": np.concatenate([[0], np.cumsum(counts)]).astype(np.int32),
        "coef": np.array(coef).astype(layout.numbers.real_dtype),
    }
    return {array_name(name, kernel=KERNEL): array for name, array in tables.items()}


def coefficients_of(one: Releases, dt: float) -> list[float]:
    """Return the coefficients of the sources of a set, in the order of their struct."""
    short_term = shared_short_term(one.projection)
    assert short_term is not None
    given: tuple[Any, Any, Any] = short_term.U, short_term.tau_rec, short_term.tau_facil
    if one.form is ReleaseCoefficients:
        return flat(release_coefficients(*given, dt))
    tau_psc: Any = short_term.tau_psc
    return flat(active_coefficients(*given, tau_psc, dt))


def refuse_gated(pathway: Pathway) -> None:
    """Refuse to scale the events of synapses that own their gates.

    Raises
    ------
    ParameterError
        If some gate of a pathway with short-term plasticity or random release is on the synapses.
    """
    changed = short_term_of(pathway.projection.plasticity) or release_of(pathway.projection.plasticity)
    if changed is None:
        return
    for k, receptor in enumerate(pathway.post.population.receptors):
        strategy = pathway.post.strategies[k]
        if receptor.name in pathway.projection.weights and strategy.owner == SYNAPSE:
            raise ParameterError(
                f"Projection '{pathway.projection.name}'.plasticity: {type(changed).__name__} scales the events of a "
                f"spike, but each synapse onto receptor '{receptor.name}' of '{pathway.post.population.name}' has a "
                f"gate of its own that takes whole events ({strategy.reason}); leave the drug out, replace it by one "
                "that acts on the receptor as a whole, such as 'D-AP5', or project onto another receptor"
            )
