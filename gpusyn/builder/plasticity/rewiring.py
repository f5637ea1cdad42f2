"""What can be rewired, and what a plan says about it."""

from __future__ import annotations

from gpusyn.builder.gating.forms import form_of
from gpusyn.builder.gating.strategy import SOURCE, SYNAPSE
from gpusyn.builder.layout import Layout
from gpusyn.builder.pathways import Bundle, Pathway
from gpusyn.errors import ParameterError
from gpusyn.network.projections import Projection
from gpusyn.network.rewiring import rewiring_of
from gpusyn.parameters.scalars import whole_steps
from gpusyn.receptors import Receptor

LISTED = 240  # bytes of a synapse while its projection is rewired, at most
_TARGET, _LATE, _BOUND = 2, 1, 4  # bytes of the first rows, which the host keeps once they are replaced


def check_rewired(layout: Layout) -> None:
    """Refuse to rewire at times off the grid, or synapses that take part in a step other than at spikes.

    Raises
    ------
    ParameterError
        If an interval is no multiple of dt, or a gate is not where weights are read at spikes alone.
    """
    for projection in layout.net.projections.values():
        if rewiring_of(projection.plasticity) is not None:
            rewiring_steps(projection, layout.dt)
    for pathway in layout.pathways:
        if rewiring_of(pathway.projection.plasticity) is not None:
            for k, receptor in enumerate(pathway.post.population.receptors):
                if receptor.name in pathway.projection.weights:
                    _check_gate(pathway, k, receptor)


def rewiring_steps(projection: Projection, dt: float) -> int:
    """Return the steps between two rewirings of a projection."""
    rewiring = rewiring_of(projection.plasticity)
    assert rewiring is not None
    return whole_steps(rewiring.every, dt, f"Projection '{projection.name}'.plasticity: Rewiring.every")


def _check_gate(pathway: Pathway, k: int, receptor: Receptor) -> None:
    """Refuse a receptor that a spike goes on to act upon through the synapse, which may be deleted meanwhile."""
    strategy, kinetics = pathway.post.strategies[k], type(receptor.kinetics).__name__
    if strategy.owner == SYNAPSE:
        why = f"its synapses own their gates ({kinetics}, {strategy.reason})"
    elif strategy.owner == SOURCE and not form_of(receptor.kinetics).sends_at_events:
        why = f"its gate ({kinetics}) acts in the steps after a spike, too, and takes away then what it has brought"
    else:
        return
    raise ParameterError(
        f"Projection '{pathway.projection.name}'.plasticity: Rewiring cannot delete synapses onto receptor "
        f"'{receptor.name}', because {why}; use linear kinetics, such as gs.kinetics.Exponential(tau)"
    )


def rewired_bundles(layout: Layout) -> list[Bundle]:
    """Return the bundles whose synapses are deleted and made during a simulation."""
    return [bundle for bundle in layout.bundles if bundle.rewires]


def rewiring_bytes(layout: Layout) -> int:
    """Return the bytes of main memory for rewiring: the first rows, which `reset` restores, and what one takes."""
    bundles, weight, kept = rewired_bundles(layout), layout.numbers.weight_dtype.itemsize, 0
    for bundle in bundles:
        each = _TARGET + _LATE + weight * len(bundle.receptors)
        kept += round(each * bundle.expected) + _BOUND * bundle.segments
    return kept + max((round(LISTED * b.expected) + 8 * _BOUND * b.segments for b in bundles), default=0)


def rewiring_rows(layout: Layout) -> list[tuple[str, str]]:
    """Return which synapses are rewired, when and how."""
    bundles = rewired_bundles(layout)
    if not bundles:
        return []
    names = list(dict.fromkeys(bundle.pathways[0].projection.name for bundle in bundles))
    times = sorted({rewiring.every for b in bundles if (rewiring := rewiring_of(b.pathways[0].projection.plasticity))})
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    every = " or ".join(f"{time:g}" for time in times)
    return [
        (
            "rewiring",
            f"{sum(bundle.expected for bundle in bundles):.6g} synapses of {names[0]}{more}, every {every} ms, by the "
            "host between two steps: rows are written again in place",
        )
    ]
