"""The owner of the gates of a receptor: its target neuron, the sources of its synapses, or every synapse."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from gpusyn.builder.gating.forms import form_of
from gpusyn.drugs import Infusion
from gpusyn.drugs.combined import blocker_of
from gpusyn.network.populations import Population
from gpusyn.network.projections import Projection
from gpusyn.receptors import Receptor

TARGET, SOURCE, SYNAPSE = "target", "source", "synapse"


class Strategy(NamedTuple):
    """Owner of a receptor's gates, and the reason that `plan` prints."""

    owner: str
    reason: str


def choose_strategies(
    population: Population, projections: Iterable[Projection], infusions: Mapping[str, Infusion]
) -> list[Strategy]:
    """Return the cheapest exact strategy of each receptor, given the projections and infusions of its network."""
    changing = {
        name
        for projection in projections
        if any(part.population is population for part in projection.post.parts)
        for name in projection.w_max or ()
    }
    found = []
    for receptor in population.receptors:
        blocker = blocker_of(receptor, infusions)
        found.append(_choose(receptor, receptor.name in changing) if blocker is None else _BLOCKED)
    return found


def _choose(receptor: Receptor, weights_change: bool) -> Strategy:
    if receptor.gating == "per-synapse":
        return Strategy(SYNAPSE, "per-synapse gates, as gating='per-synapse' asks")
    form = form_of(receptor.kinetics)
    if not receptor.kinetics.lasts:
        return Strategy(TARGET, f"event-driven, no gate: {form.reason}")
    if receptor.kinetics.linear:
        return Strategy(TARGET, f"event-driven, gate on the target neuron: {form.reason}")
    if weights_change and not form.weights_may_change:
        return Strategy(SYNAPSE, "per-synapse gates: with w_max=, weights may change while gates are open")
    return Strategy(SOURCE, f"gate on the source neuron, {form.reason}")


_BLOCKED = Strategy(SYNAPSE, "per-synapse gates: a drug blocks channels by their use")
