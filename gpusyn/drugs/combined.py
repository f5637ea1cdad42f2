"""What the drugs in the bath, together, make of one receptor.

`doses` maps each drug to its concentration (uM), a number or one a step. What different drugs do at different sites
multiplies, in the order of the drugs.
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
from gpusyn.parameters.waveform import Waveform
from gpusyn.receptors import GlycineSite, Receptor
from gpusyn.utils.typing import Floats

Doses = Mapping[Drug, Any]
Kind = TypeVar("Kind", bound=Action)

#: Actions that change how many receptors can open.
ANTAGONISTS = (CompetitiveAntagonist, NonCompetitiveAntagonist, GlycineSiteAntagonist)


def actions_on(receptor: str, drugs: Mapping[Drug, Any], kind: type[Kind]) -> Iterator[tuple[Kind, Any]]:
    """The actions of one kind on a class of receptors, each with its drug's concentration."""
    for drug, dose in drugs.items():
        for action in drug.actions:
            if isinstance(action, kind) and action.receptor == receptor:
                yield action, dose


def free_fraction(receptor: str, doses: Doses) -> Any:
    """Fraction of a class of receptors that antagonists leave free: those of the transmitter's site share it."""
    bound: Any = 0.0
    for rival, dose in actions_on(receptor, doses, CompetitiveAntagonist):
        bound = bound + dose / rival.K
    left = 1.0 / (1.0 + bound)
    for blocker, dose in actions_on(receptor, doses, NonCompetitiveAntagonist):
        left = left * free(dose, blocker.IC50, blocker.n)
    return left


def glycine_gate(site: GlycineSite, glycine: Any, doses: Doses) -> Any:
    """Share of NMDA receptors with glycine (uM) bound, beside antagonists of its site; 1 if glycine is ``None``."""
    if glycine is None:
        return 1.0
    bound: Any = 0.0
    for rival, dose in actions_on("NMDA", doses, GlycineSiteAntagonist):
        bound = bound + dose / rival.K
    return response(glycine, site.EC50 * (1.0 + bound), site.h)


def decay_factor(receptor: str, doses: Doses) -> Any:
    """Factor on the decay time constant of a class of receptors."""
    factor: Any = 1.0
    for modulator, dose in actions_on(receptor, doses, DecayModulator):
        factor = factor * (1.0 + modulator.extra * response(dose, modulator.EC50, 1.0))
    return factor


def blocker_of(receptor: Receptor, infusions: Mapping[str, Infusion]) -> OpenChannelBlocker | None:
    """The drug that blocks this receptor's channels while they are open.

    Raises
    ------
    ParameterError
        There are two.
    """
    by_drug = {infusion.drug: name for name, infusion in infusions.items()}
    found = [action for action, _ in actions_on(receptor.kind, by_drug, OpenChannelBlocker)]
    if len(found) > 1:
        names = [name for drug, name in by_drug.items() if any(action in found for action in drug.actions)]
        raise ParameterError(
            f"Infusion {names[1]!r}: receptor {receptor.name!r} has the open-channel blocker of {names[0]!r} already, "
            "and two would compete for its channels, which is not modelled; infuse one of them"
        )
    return found[0] if found else None


def sampled(value: float | Waveform | None, t: Floats) -> Any:
    """A receptor's magnesium or glycine at times `t` (ms); ahead of a waveform's first time it has the first value."""
    return value.sample(t, before=float(value.values[0])) if isinstance(value, Waveform) else value


def gate_scale(receptor: Receptor, doses: Doses, t: Floats) -> Any:
    """Factor on a receptor's gate at times `t` (ms): free receptors, those with glycine bound."""
    return free_fraction(receptor.kind, doses) * glycine_gate(
        receptor.glycine_site, sampled(receptor.glycine, t), doses
    )
