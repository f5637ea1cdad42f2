"""Combined action of all drugs in the bath on one receptor.

`doses` maps each drug to its concentration (uM): a number, or an array of one value per step. The effects of drugs at
different sites multiply, in the order of the drugs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from gpusyn.drugs.actions import (
    Action,
    CompetitiveAntagonist,
    DecayModulator,
    GlycineSiteAntagonist,
    NonCompetitiveAntagonist,
    OpenChannelBlocker,
)
from gpusyn.drugs.drug import Drug
from gpusyn.drugs.formulas import free, response
from gpusyn.drugs.infusion import Infusion
from gpusyn.errors import ParameterError
from gpusyn.receptors import GlycineSite, Receptor

Doses = Mapping[Drug, Any]
Kind = TypeVar("Kind", bound=Action)

#: Actions that change how many receptors can open.
ANTAGONISTS = (CompetitiveAntagonist, NonCompetitiveAntagonist, GlycineSiteAntagonist)


def actions_on(receptor: str, drugs: Mapping[Drug, Any], kind: type[Kind]) -> Iterator[tuple[Kind, Any]]:
    """Yield the actions of one kind on a class of receptors, each with the concentration of its drug."""
    for drug, dose in drugs.items():
        for action in drug.actions:
            if isinstance(action, kind) and action.receptor == receptor:
                yield action, dose


def free_fraction(receptor: str, doses: Doses) -> Any:
    """Return the fraction of a class of receptors that antagonists leave free.

    Competitive antagonists share the transmitter's site, so their concentrations add up.
    """
    bound: Any = 0.0
    for rival, dose in actions_on(receptor, doses, CompetitiveAntagonist):
        bound = bound + dose / rival.K
    left = 1.0 / (1.0 + bound)
    for blocker, dose in actions_on(receptor, doses, NonCompetitiveAntagonist):
        left = left * free(dose, blocker.IC50, blocker.n)
    return left


def glycine_gate(site: GlycineSite, glycine: Any, doses: Doses) -> Any:
    """Return the fraction of NMDA receptors that have glycine (uM) bound; 1 if glycine is ``None``.

    Antagonists of the glycine site multiply its EC50 by 1 + c/K.
    """
    if glycine is None:
        return 1.0
    bound: Any = 0.0
    for rival, dose in actions_on("NMDA", doses, GlycineSiteAntagonist):
        bound = bound + dose / rival.K
    return response(glycine, site.EC50 * (1.0 + bound), site.h)


def decay_factor(receptor: str, doses: Doses) -> Any:
    """Return the factor that multiplies the decay time constant of a class of receptors."""
    factor: Any = 1.0
    for modulator, dose in actions_on(receptor, doses, DecayModulator):
        factor = factor * (1.0 + modulator.extra * response(dose, modulator.EC50, 1.0))
    return factor


def blocker_of(receptor: Receptor, infusions: Mapping[str, Infusion]) -> OpenChannelBlocker | None:
    """Return the action of the drug that blocks this receptor's open channels, or ``None``.

    Raises
    ------
    ParameterError
        If two drugs would block them.
    """
    by_drug = {infusion.drug: name for name, infusion in infusions.items()}
    found = [action for action, _ in actions_on(receptor.kind, by_drug, OpenChannelBlocker)]
    if len(found) > 1:
        names = [name for drug, name in by_drug.items() if any(action in found for action in drug.actions)]
        raise ParameterError(
            f"Infusion {names[1]!r}: receptor {receptor.name!r} already has the open-channel blocker of {names[0]!r}, "
            "and competition between two blockers is not modelled; infuse one of them"
        )
    return found[0] if found else None


def gate_scale(receptor: Receptor, doses: Doses, glycine: Any) -> Any:
    """Return the factor that multiplies a receptor's gate at a concentration of glycine (uM; ``None``: saturating).

    It is the fraction of free receptors times the fraction that has glycine bound.
    """
    return free_fraction(receptor.kind, doses) * glycine_gate(receptor.glycine_site, glycine, doses)
