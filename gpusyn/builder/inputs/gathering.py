"""Groups of neurons whose currents are gathered in each step, because something changes them in each step."""

from __future__ import annotations

from gpusyn.builder.inputs.noise import GATHER, NO_NOISE, noise_extents
from gpusyn.builder.junctions import NO_JUNCTIONS, junction_extents
from gpusyn.builder.layout import Layout
from gpusyn.kernels.arrays import Extents, Owner, array_name, bindings


def gathering_extents(layout: Layout) -> dict[Owner, Extents]:
    """Return the extents of the arrays of `gather_currents`, for each group that needs it."""
    noise, junctions = noise_extents(layout), junction_extents(layout)
    found: dict[Owner, Extents] = {}
    for g in sorted({*noise, *junctions}):
        group = layout.groups[g]
        own = {"compartments": group.size * group.signature.compartments}
        found[GATHER, g] = own | noise.get(g, NO_NOISE) | junctions.get(g, NO_JUNCTIONS)
    return found


def gathered_groups(layout: Layout) -> list[int]:
    """Return the numbers of the groups whose currents are gathered, in order."""
    return sorted(group for _, group in gathering_extents(layout) if group is not None)


def arrays_of(layout: Layout, kernel: str, group: int | None) -> dict[str, str]:
    """Return the array of each argument of a launch: `advance_neurons` takes currents that were gathered."""
    names = bindings(kernel, group)
    if kernel == "advance_neurons" and group in gathered_groups(layout):
        names["current"] = array_name("gathered", kernel=GATHER, group=group)
    return names
