"""What the calcium of spines cannot follow exactly is refused before anything is built."""

from __future__ import annotations

from gpusyn.builder.layout import Layout
from gpusyn.builder.pathways import Pathway
from gpusyn.drugs.actions import DecayModulator, OpenChannelBlocker
from gpusyn.equations.effects import EFFECTS
from gpusyn.errors import ParameterError
from gpusyn.network.plasticity import weight_rules_of
from gpusyn.parameters.scalars import whole_steps
from gpusyn.plasticity import NMDAPlasticity
from gpusyn.receptors import Receptor

MOST_CALCIUM = 10.0  # uM, up to which the rate is bounded
MOST_WAY = 0.5  # of the way to Omega in one step
MOST_DELAY = 1 << 12  # steps; so many spikes of each target are kept


def check_spines(pathway: Pathway, layout: Layout) -> None:
    """Refuse synapses that cannot learn from their calcium.

    Raises
    ------
    ParameterError
        If a step is too long for the rule, a time is off the grid, or something changes the gate that the calcium does
        not follow.
    """
    for rule in weight_rules_of(pathway.projection.plasticity):
        if isinstance(rule, NMDAPlasticity):
            _check_rule(rule, pathway, layout)


def _check_rule(rule: NMDAPlasticity, pathway: Pathway, layout: Layout) -> None:
    where = f"Projection '{pathway.projection.name}'.plasticity: NMDAPlasticity"
    way = rule.speed * layout.dt * float(rule.eta(MOST_CALCIUM))
    if way > MOST_WAY:
        raise ParameterError(
            f"{where}.speed: a weight would cover {way:.3g} of its way in a step of {layout.dt:g} ms, but at most "
            f"{MOST_WAY:g} is possible (got {rule.speed:g}); use a smaller one, or a smaller dt"
        )
    delay = whole_steps(rule.bap_delay, layout.dt, f"{where}.bap_delay", low=0)
    if delay > MOST_DELAY:
        raise ParameterError(
            f"{where}.bap_delay: is {delay} steps, but at most {MOST_DELAY} are possible; use a smaller one, or a "
            "larger dt"
        )
    names = [receptor.name for receptor in pathway.post.population.receptors]
    _check_receptor(pathway.post.population.receptors[names.index(rule.calcium)], layout, where)


def _check_receptor(receptor: Receptor, layout: Layout, where: str) -> None:
    """Refuse a receptor whose gate or block has more states than the calcium knows."""
    what = f"calcium through receptor {receptor.name!r}"
    if EFFECTS[receptor.effect].STATES:
        raise ParameterError(
            f"{where}: {what} follows a block that depends on V alone, but {receptor.effect} has states of its own; "
            "use a block without time constants, such as gs.MgBlock()"
        )
    for name, infusion in layout.net.infusions.items():
        for action in infusion.drug.actions:
            if action.receptor != receptor.kind:
                continue
            if isinstance(action, OpenChannelBlocker):
                raise ParameterError(
                    f"Infusion '{name}': {infusion.drug.name} blocks open channels of each synapse by their use, which "
                    f"{what} ({where}) does not follow; use a drug that acts on the receptor as a whole, such as "
                    "'D-AP5'"
                )
            if isinstance(action, DecayModulator):
                raise ParameterError(
                    f"Infusion '{name}': {infusion.drug.name} changes the decay of the gate, which {what} ({where}) "
                    "does not follow; give the receptor the kinetics that it has with the drug"
                )
