"""Rules of which each rank draws the pairs of all ranks, to know those onto its own targets: up to which size.

FixedInDegree, OneToOne and AllToAll draw those of each target apart, and lists are only looked through. The synapses of
the other rules are drawn source by source, or one after the other, so that a rank cannot know its own ones without the
others. It draws the pairs of the others without weights and delays, and keeps nothing of them.
"""

from __future__ import annotations

from gpusyn.builder.layout import Layout, same_ids
from gpusyn.builder.rows.row_forms import is_numbered
from gpusyn.connectivity import AllToAll, FixedInDegree, FixedTotalNumber, OneToOne
from gpusyn.connectivity.explicit import GivenSynapses
from gpusyn.errors import ParameterError
from gpusyn.network.projections import Projection

MOST_SCANNED = 10**10  # pairs of one projection, for which a core takes one to four minutes
MOST_HELD = 10**8  # different pairs of FixedTotalNumber, which are all in memory while they are drawn


def check_scanned(layout: Layout) -> None:
    """Refuse projections whose synapses are too many to be drawn by each of several ranks.

    Raises
    ------
    ParameterError
        If there is such a projection.
    """
    assert layout.share is not None
    ranks = layout.share.ownership.ranks
    for projection in layout.net.projections.values() if ranks > 1 else ():
        if not is_scanned(projection, layout):
            continue
        rule, sizes = projection.rule, (projection.pre.size, projection.post.size)
        n = rule.expected(*sizes, same_ids(layout, projection))
        held = isinstance(rule, FixedTotalNumber) and not rule.multapses
        if n > (MOST_HELD if held else MOST_SCANNED):
            raise ParameterError(
                f"Projection '{projection.name}'.rule: each of the {ranks} ranks would draw all {n:.3g} synapses of "
                f"{type(rule).__name__}{' at once, as multapses=False asks for' if held else ''} to know those onto "
                f"its own neurons, but at most {MOST_HELD if held else MOST_SCANNED:.0e} are possible; use "
                f"{'multapses=True, or ' if held else ''}FixedInDegree, of which a rank draws its own synapses alone"
            )


def is_scanned(projection: Projection, layout: Layout) -> bool:
    """Return whether each rank draws all pairs of a projection when it is built."""
    if type(projection.rule) in (AllToAll, FixedInDegree, OneToOne) or isinstance(projection.rule, GivenSynapses):
        return False
    if projection.procedural:
        return is_numbered(projection, layout)
    return any(pathway.listed for pathway in layout.pathways_of(projection))
