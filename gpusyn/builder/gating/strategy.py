"""Who owns the gates of a receptor: its target neuron, the sources of its synapses, or every synapse; and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from gpusyn.drugs import Infusion
from gpusyn.drugs.combined import blocker_of
from gpusyn.kinetics import Kinetics
from gpusyn.network.populations import Population
from gpusyn.network.projections import Projection
from gpusyn.receptors import Receptor

TARGET, SOURCE, SYNAPSE = "target", "source", "synapse"


class Strategy(NamedTuple):
    """Owner of a receptor's gates, and what `plan` says of it."""

    owner: str
    reason: str


def choose_strategies(
    population: Population, projections: Iterable[Projection], infusions: Mapping[str, Infusion]
) -> list[Strategy]:
    """The cheapest exact strategy of each receptor of a population; projections and infusions are its network's."""
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
    kinetics = receptor.kinetics
    if receptor.gating == "per-synapse":
        return Strategy(SYNAPSE, "per-synapse gates, as gating='per-synapse' asks")
    if kinetics.linear:
        return Strategy(TARGET, "event-driven, gate on the target neuron: exact, the kinetics is linear")
    if weights_change and kinetics.kind not in ("saturating", "jump"):
        return Strategy(SYNAPSE, "per-synapse gates: with w_max=, weights may change while gates are open")
    return Strategy(SOURCE, f"gate on the source neuron, {_SENDS[kinetics.kind]}")


_BLOCKED = Strategy(SYNAPSE, "per-synapse gates: a drug blocks channels by their use")
_TWO_SUMS = "sums over synapses in and out of a pulse on the target (Lytton 1996): two deliveries a burst, exact"
_SENDS = {
    "first_order": _TWO_SUMS,
    "markov": _TWO_SUMS,
    "jump": "its jumps summed on the target: a delivery a spike, exact",
    "saturating": "its growth summed on the target: a delivery a step while the rise variable lasts, exact",
    "g_protein": "summed on the target after the nonlinearity: a delivery a step while the gate changes, exact",
}


def components(kinetics: Kinetics) -> int:
    """Components of a scheme of channels under pulses: one fewer than its states."""
    return len(kinetics.rates) - 1 if kinetics.kind == "markov" else 1  # type: ignore[attr-defined]


def lumped_form(kinetics: Kinetics, owner: str) -> str:
    """Name of the struct in kernels/receptors/kinetics.cuh that a target neuron keeps for this kinetics."""
    if kinetics.linear:
        return "Exponential" if kinetics.kind == "exponential" else "Rising"
    if owner == SYNAPSE:
        return "Unlumped"
    if kinetics.kind in ("first_order", "markov"):
        return f"Pulsed<{components(kinetics)}>"
    return {"jump": "Exponential", "saturating": "Rising", "g_protein": "Followed"}[kinetics.kind]
